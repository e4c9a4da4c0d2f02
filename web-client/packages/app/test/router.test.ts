import { expect, test } from 'vitest'
import { pages } from '../src/pages.ts'
import { linkKinds, linkOf, pathOf, paths, type PageName, routeOf } from '../src/router.ts'

const id = '0197c7a0-5b1e-7cc3-8b6f-1d2a3b4c5d6e'

test('an address leads to a page, and a page back to its address', () => {
  for (const [page, path] of Object.entries(paths) as [PageName, string][]) {
    const params = Object.fromEntries([...path.matchAll(/:(\w+)/g)].map(([, name]) => [name, id]))
    expect(routeOf(pathOf(page, params))).toEqual({ page, params })
  }
  expect(pathOf('statement', { id })).toBe(`/statements/${id}`)
  expect(routeOf(`/statements/${id}/`)).toEqual({ page: 'statement', params: { id } })
  expect(routeOf('/index.html')).toEqual({ page: 'statements', params: {} })
})

test('an address without what it needs is nobody’s', () => {
  expect(() => pathOf('statement')).toThrow('needs id')
})

test('what is no page of ours is missing', () => {
  for (const path of ['/statements', '/statements/', '/statements/a/b', '/api/v1/me', '/statements/%3Cscript%3E', '//']) {
    expect(routeOf(path), path).toEqual({ page: 'missing' })
  }
})

test('every address has its page', () => {
  expect(Object.keys(pages).sort()).toEqual(Object.keys(paths).sort())
})

test('a fragment is a link of ours by what it is called, and nothing else is', () => {
  for (const kind of linkKinds) expect(linkOf(`#${kind}=abc_-1`)).toEqual({ kind, secret: 'abc_-1' })
  for (const fragment of ['', '#', '#content', '#other=abc']) expect(linkOf(fragment), fragment).toBe(null)
})
