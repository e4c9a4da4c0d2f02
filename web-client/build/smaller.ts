// Leaves out of what is shipped what people would load for nothing. `scripts/sizes.mjs` says how much there may be.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'
import { Visitor } from 'rolldown/utils'
// Finds a hundredth more than the minifier of the build, which goes over its work and shortens private names.
import { minify } from 'terser'
import type { Plugin } from 'vite'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** See the top of this file. What the licences of others ask to be told goes into a file beside, which no page loads. */
export function smaller(): Plugin {
  return {
    name: 'plenary-smaller',
    enforce: 'pre',
    apply: 'build',

    config: () => ({
      build: { license: { fileName: 'licences.txt' }, rolldownOptions: { output: { comments: false } } },
    }),

    resolveId(source, importer) {
      const [, name] = /^(?:lib0|\.)\/(logging|environment)(?:\.js)?$/.exec(source) ?? []
      if (!name || !/node_modules\/(yjs|lib0|y-protocols)\//.test(importer ?? '')) return null
      return here(`quiet-${name}.js`)
    },

    transform(code, id) {
      if (id.includes('/node_modules/')) return { code: withoutUnused(withAnswers(code, id), id), map: null }
      if (!/\/packages\/\w+\/src\/.*\.ts$/.test(id) || !/\b(css|html|svg)`/.test(code)) return null
      return { code: withShortTemplates(code), map: null }
    },

    async renderChunk(code) {
      const { code: shorter } = await minify(code, { module: true, ecma: 2022, format: { comments: false } })
      return shorter === undefined ? null : { code: shorter, map: null }
    },

    // What is done after the names of files were found from their content is part of what they are named by.
    augmentChunkHash: () => readFileSync(fileURLToPath(import.meta.url), 'utf8'),

    // After the minifier, which would put them back.
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type !== 'chunk') continue
          const [called] = CALLED.exec(chunk.code) ?? []
          if (called) this.error(`${chunk.fileName} calls ${called}, which is left out: see UNUSED in smaller.ts`)
          chunk.code = withStylesTogether(chunk.code)
        }
        // They were drawn by others and come from no package.
        if (!Object.values(bundle).some(chunk => chunk.type === 'chunk' && chunk.moduleIds.some(id => id.endsWith('/icons.ts')))) return
        const licences = bundle['licences.txt']
        if (licences?.type !== 'asset') return this.error('licences.txt is missing')
        licences.source = `${String(licences.source).trimEnd()}\n\n${readFileSync(here('icons-licence.txt'), 'utf8')}`
      },
    },
  }
}

/**
 * What libraries ask about the browser they are in, and what the answer is in every browser that reads our modules (es2022):
 * all that they do for others is dead code.
 */
const ANSWERS: [file: string, question: RegExp, answer: string][] = [
  ...['ie_edge', 'ie_upto10', 'ie_11up', 'ie', 'brokenClipboardAPI'].map((name): [string, RegExp, string] =>
    ['prosemirror-view/dist/index.js', new RegExp(`^const ${name} = [^;]*;`, 'm'), `const ${name} = false;`]),
  ['prosemirror-view/dist/index.js', /^const ie_version = .*;$/m, 'const ie_version = 0;'],
  ['w3c-keyname/index.js', /^var ie = .*$/m, 'var ie = false'],
  ['lib0/string.js', /^export const utf8TextEncoder = .*$/m, 'export const utf8TextEncoder = new TextEncoder()'],
  ['lib0/string.js', /^export let utf8TextDecoder = typeof TextDecoder === 'undefined' \? null : /m, 'export const utf8TextDecoder = '],
  ['lib0/string.js', /^if \(utf8TextDecoder && .*?^}$/ms, ''],
  ['lib0/string.js', /^export const encodeUtf8 = .*$/m, 'export const encodeUtf8 = _encodeUtf8Native'],
  ['lib0/string.js', /^export const decodeUtf8 = .*$/m, 'export const decodeUtf8 = _decodeUtf8Native'],
  ['lib0/encoding.js', /^export const writeVarString = .*$/m, 'export const writeVarString = _writeVarStringNative'],
  ['lib0/decoding.js', /^export const readVarString = .*$/m, 'export const readVarString = _readVarStringNative'],
]

/**
 * What libraries can do and nobody here asks them to: an editor's document as JSON, undo other than that of the shared text,
 * changes of kinds of blocks that a flat document does not have. Minifiers have to leave the methods of a class alone.
 */
const UNUSED: [file: string, methods: RegExp][] = [
  ['prosemirror-model/dist/index.js', /\.(toJSON|fromJSON|toString|toStringInner|blockRange|rangeHasMark|posAtIndex|canAppend|addToStart|addToEnd)$/],
  ['prosemirror-state/dist/index.js', /\.(toJSON|fromJSON|jsonID|reconfigure|setTime|isGeneric)$/],
  ['prosemirror-transform/dist/index.js', /\.(toJSON|fromJSON|toString|jsonID|invert|merge|appendMapping\w*|changedRange|touches)$/],
  ['prosemirror-transform/dist/index.js',
    /\.(lift|wrap|join|split|setBlockType|setNodeMarkup|setDocAttribute|addNodeMark|removeNodeMark|clearIncompatible)$/],
  ['prosemirror-view/dist/index.js',
    /^(DecorationSet\.(find|findInner|add|addInner|remove|removeInner)|EditorView\.(updateRoot|dispatchEvent|serializeForClipboard))$/],
  // Of other people's elements only what they hold is of use.
  ['yjs/dist/yjs.mjs', /^YXml\w+\.(toDOM|querySelector|querySelectorAll|createTreeWalker|insertAfter|prevSibling)$/],
]

/** As far as their names are nobody else's, it can be seen that nothing calls them. */
const CALLED = /\.(jsonID|appendMapping(Inverted)?|changedRange|setBlockType|setNodeMarkup|setDocAttribute|(add|remove)NodeMark|clearIncompatible|blockRange|rangeHasMark|posAtIndex|canAppend|addToStart|addToEnd|reconfigure|lift|wrap|merge|invert)\(/

function withoutUnused(code: string, id: string): string {
  const unused = UNUSED.filter(([file]) => id.endsWith(`/node_modules/${file}`))
  if (unused.length === 0) return code
  const changes: Change[] = []
  const leaveOut = ({ start, end }: { start: number; end: number }): void => void changes.push({ start, end, text: '' })
  let owner = ''
  const visitor = new Visitor({
    ClassDeclaration: ({ id: name }) => void (owner = name?.name ?? ''),
    MethodDefinition(method) {
      const name = method.key.type === 'Identifier' ? `${owner}.${method.key.name}` : ''
      if (unused.some(([, methods]) => methods.test(name))) leaveOut(method)
    },
    ExpressionStatement(statement) {
      // Step.jsonID("replace", ReplaceStep)
      if (/^\w+\.jsonID\(/.test(code.slice(statement.start, statement.end))) leaveOut(statement)
    },
  })
  visitor.visit(parseAst(code))
  return changed(code, changes)
}

function withAnswers(code: string, id: string): string {
  return ANSWERS.filter(([file]) => id.endsWith(`/node_modules/${file}`)).reduce((rest, [file, question, answer]) => {
    if (!question.test(rest)) throw new Error(`${file} no longer asks ${question}: see smaller.ts`)
    return rest.replace(question, answer)
  }, code)
}

/** A stretch of code, and what takes its place. */
interface Change {
  start: number
  end: number
  text: string
}

function changed(code: string, changes: Change[]): string {
  const fromBehind = changes.toSorted((a, b) => b.start - a.start)
  return fromBehind.reduce((rest, { start, end, text }) => rest.slice(0, start) + text + rest.slice(end), code)
}

/** White space in our templates and style sheets means no more than one blank, inside of strings either. */
function withShortTemplates(code: string): string {
  const changes: Change[] = []
  const visitor = new Visitor({
    TaggedTemplateExpression({ tag, quasi }) {
      const name = tag.type === 'Identifier' ? tag.name : ''
      if (name !== 'css' && name !== 'html' && name !== 'svg') return
      for (const [index, { start: before, value: { raw } }] of quasi.quasis.entries()) {
        const start = code.indexOf(raw, before)
        let text = name === 'css' ? shortStyle(raw) : raw.replaceAll(/\s+/g, ' ').replaceAll(' >', '>')
        if (index === 0) text = (name === 'css' ? STYLE : '') + text.trimStart()
        if (index === quasi.quasis.length - 1) text = text.trimEnd()
        changes.push({ start, end: start + raw.length, text })
      }
    },
  })
  visitor.visit(parseAst(code, { lang: 'ts' }))
  return changed(code, changes)
}

function shortStyle(style: string): string {
  return style
    .replaceAll(/\/\*.*?\*\//gs, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([{};,]) ?/g, '$1')
    .replaceAll(': ', ':')
    .replaceAll(';}', '}')
}

/** Put before each style sheet, so that it is known again when `css` has another name. */
const STYLE = '/*style*/'
const STYLES = '$styles'

/**
 * Style sheets in one place, at the end, where gzip, which looks back no further than 32 kB, sees how alike they are: that is a
 * hundredth of the editor. Called with the pieces of a template, `css` makes the same of them as when it stands before it.
 */
function withStylesTogether(code: string): string {
  if (code.includes(STYLES)) throw new Error(`${STYLES} is taken: see smaller.ts`)
  const styles: string[] = []
  let rest = code
  // Those within others first: each round takes the ones that hold no more.
  for (let before = ''; rest !== before;) {
    before = rest
    const changes: Change[] = []
    const visitor = new Visitor({
      TaggedTemplateExpression({ start, end, tag, quasi: { quasis, expressions } }) {
        const values = expressions.map(value => before.slice(value.start, value.end))
        if (!quasis[0]?.value.raw.startsWith(STYLE) || values.some(value => value.includes(STYLE))) return
        const pieces = quasis.map(({ value: { raw } }) => `${STYLES}(${styles.push(raw.replace(STYLE, '')) - 1})`)
        changes.push({ start, end, text: `${before.slice(tag.start, tag.end)}(${[`[${pieces.join()}]`, ...values].join()})` })
      },
    })
    visitor.visit(parseAst(before))
    rest = changed(before, changes)
  }
  if (styles.length === 0) return code
  // A function is there before what stands above it is done.
  return `${rest}\nfunction ${STYLES}(n){return[${styles.map(style => `\`${style}\``).join()}][n]}\n`
}
