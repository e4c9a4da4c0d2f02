// Leaves out of what is shipped what people would load for nothing. `scripts/sizes.mjs` says how much there may be.

import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'
import { Visitor } from 'rolldown/utils'
// Finds a hundredth more than the minifier of the build, which goes over its work and shortens private names.
import { minify } from 'terser'
import type { Plugin } from 'vite'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** See the top of this file. */
export function smaller(): Plugin {
  return {
    name: 'plenary-smaller',
    enforce: 'pre',
    apply: 'build',

    resolveId(source, importer) {
      const [, name] = /^(?:lib0|\.)\/(logging|environment)(?:\.js)?$/.exec(source) ?? []
      if (!name || !/node_modules\/(yjs|lib0|y-protocols)\//.test(importer ?? '')) return null
      return here(`quiet-${name}.js`)
    },

    transform(code, id) {
      if (id.endsWith('/prosemirror-view/dist/index.js')) return { code: withoutInternetExplorer(code), map: null }
      if (!/\/packages\/\w+\/src\/.*\.ts$/.test(id) || !/\b(css|html|svg)`/.test(code)) return null
      return { code: withShortTemplates(code), map: null }
    },

    async renderChunk(code) {
      const { code: shorter } = await minify(code, { module: true, ecma: 2022, format: { comments: false } })
      return shorter === undefined ? null : { code: shorter, map: null }
    },
  }
}

/**
 * No browser that reads our modules is one of these, so all that is done for them is dead code. Fails when prosemirror-view
 * no longer asks for them in this way.
 */
function withoutInternetExplorer(code: string): string {
  return ['ie_edge', 'ie_upto10', 'ie_11up', 'ie', 'ie_version'].reduce((rest, name) => {
    const question = new RegExp(`^const ${name} = .*;$`, 'm')
    if (!question.test(rest)) throw new Error(`prosemirror-view has no ${name}: see smaller.ts`)
    return rest.replace(question, `const ${name} = ${name === 'ie_version' ? 0 : false};`)
  }, code)
}

/** White space in our templates and style sheets means no more than one blank, inside of strings either. */
function withShortTemplates(code: string): string {
  const shorter: { start: number; end: number; text: string }[] = []
  const visitor = new Visitor({
    TaggedTemplateExpression({ tag, quasi }) {
      const name = tag.type === 'Identifier' ? tag.name : ''
      if (name !== 'css' && name !== 'html' && name !== 'svg') return
      for (const [index, { start, value: { raw } }] of quasi.quasis.entries()) {
        const from = code.indexOf(raw, start)
        let text = name === 'css' ? shortStyle(raw) : raw.replaceAll(/\s+/g, ' ').replaceAll(' >', '>')
        if (index === 0) text = text.trimStart()
        if (index === quasi.quasis.length - 1) text = text.trimEnd()
        shorter.push({ start: from, end: from + raw.length, text })
      }
    },
  })
  visitor.visit(parseAst(code, { lang: 'ts' }))
  shorter.sort((a, b) => b.start - a.start)
  return shorter.reduce((rest, { start, end, text }) => rest.slice(0, start) + text + rest.slice(end), code)
}

function shortStyle(style: string): string {
  return style
    .replaceAll(/\/\*.*?\*\//gs, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([{};,]) ?/g, '$1')
    .replaceAll(': ', ':')
    .replaceAll(';}', '}')
}
