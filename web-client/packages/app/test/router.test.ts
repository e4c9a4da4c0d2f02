import { expect, test } from 'vitest'
import { routeOf, statementPath } from '../src/router.ts'

test('an address leads to a page, and a path leads back to its address', () => {
  expect(routeOf('/')).toEqual({ page: 'statements' })
  const id = '0197c7a0-5b1e-7cc3-8b6f-1d2a3b4c5d6e'
  expect(routeOf(statementPath(id))).toEqual({ page: 'statement', id })
  expect(routeOf(`/statements/${id}/`)).toEqual({ page: 'statement', id })
})

test('what is no page of ours is missing', () => {
  for (const path of ['/statements', '/statements/', '/statements/a/b', '/api/v1/me', '/statements/%3Cscript%3E']) {
    expect(routeOf(path), path).toEqual({ page: 'missing' })
  }
})
