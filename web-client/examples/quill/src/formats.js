// What a line and a run can be in this editor: Quill's own formats, by the names that the shared text uses.
//
// Quill is put together from its core so that only these are known; its built-in `table`, for one, would claim
// a name that means something else here.

import Quill from 'quill/core'
import Block from 'quill/blots/block'
import { AlignClass } from 'quill/formats/align'
import Blockquote from 'quill/formats/blockquote'
import Bold from 'quill/formats/bold'
import CodeBlock, { Code } from 'quill/formats/code'
import { DirectionClass } from 'quill/formats/direction'
import Header from 'quill/formats/header'
import Indent from 'quill/formats/indent'
import Italic from 'quill/formats/italic'
import Link from 'quill/formats/link'
import List from 'quill/formats/list'
import Script from 'quill/formats/script'
import Strike from 'quill/formats/strike'
import Underline from 'quill/formats/underline'
import QuillCursors from 'quill-cursors'

// A line is right to left when its first letter is, so that Arabic and English stand in one text.
const following = Blot =>
  class extends Blot {
    static create(value) {
      const node = super.create(value)
      node.setAttribute('dir', 'auto')
      return node
    }
  }

Quill.register(
  {
    'blots/block': following(Block),
    'formats/header': following(Header),
    'formats/blockquote': following(Blockquote),
    'formats/list': following(List),
    'formats/code-block': CodeBlock,
    'formats/code': Code,
    'formats/align': AlignClass,
    'formats/direction': DirectionClass,
    'formats/indent': Indent,
    'formats/bold': Bold,
    'formats/italic': Italic,
    'formats/underline': Underline,
    'formats/strike': Strike,
    'formats/script': Script,
    'formats/link': Link,
    'modules/cursors': QuillCursors,
  },
  true,
)

export { Quill }
