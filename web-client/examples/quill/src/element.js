// Builds elements without ever reading text as HTML.

/**
 * `element('p', { class: 'note', onclick }, 'text', child)`. Properties that start with "on" are listeners,
 * `undefined` and `false` ones are left out, all others are attributes.
 */
export function element(name, properties = {}, ...children) {
  const node = document.createElement(name)
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value)
    else node.setAttribute(key, value === true ? '' : String(value))
  }
  node.append(...children.filter(child => child !== undefined && child !== null && child !== false))
  return node
}

const SVG = 'http://www.w3.org/2000/svg'

/** A line drawing of 24 by 24 from path data. Decoration only: the control says in words what it does. */
export function icon(...paths) {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  for (const d of paths) {
    const path = document.createElementNS(SVG, 'path')
    path.setAttribute('d', d)
    svg.append(path)
  }
  return svg
}
