// The editor's colours and type, for the page around it: one place says how Plenary looks.

import { tokens, unseen } from '@plenary/editor/tokens'

const sheet = new CSSStyleSheet()
// There they are properties of an element, here of the whole page.
sheet.replaceSync(tokens.cssText.replaceAll(':host', ':root') + unseen.cssText)
document.adoptedStyleSheets.push(sheet)
