// A secret as a picture that phones read: drawn here, so that nobody else learns it.

import { generate } from 'lean-qr'
import { html, svg, type TemplateResult } from 'lit'

// As the standard asks for around it (ISO/IEC 18004), in modules.
const MARGIN = 4

/** `label`: what the picture is, for those who do not see it. */
export function qrCode(text: string, label: string): TemplateResult {
  const code = generate(text)
  const rows = Array.from({ length: code.size }, (_, y) => y)
  const path = rows
    .flatMap(y => rows.filter(x => code.get(x, y)).map(x => `M${x + MARGIN} ${y + MARGIN}h1v1h-1z`))
    .join('')
  const size = code.size + 2 * MARGIN
  return html`<svg class="qr-code" viewBox="0 0 ${size} ${size}" role="img" aria-label=${label} shape-rendering="crispEdges">
    ${svg`<path d=${path} />`}
  </svg>`
}
