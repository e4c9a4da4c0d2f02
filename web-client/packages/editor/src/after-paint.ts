// The text comes first: what stands around it is drawn once the text is on the screen.

import { LitElement } from 'lit'

// A page that nobody sees has no frames.
const WITHOUT_FRAME_MS = 250

/** Resolves once the frame that is being made is on its way to the screen. */
export function afterPaint(): Promise<void> {
  if (document.hidden) return Promise.resolve()
  return new Promise(resolve => {
    setTimeout(resolve, WITHOUT_FRAME_MS)
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => resolve()
      port2.postMessage(null)
    })
  })
}

/** An element that is drawn for the first time after the text. What its style says of its size holds from the start. */
export class LaterElement extends LitElement {
  protected override async scheduleUpdate(): Promise<unknown> {
    if (!this.hasUpdated) await afterPaint()
    return super.scheduleUpdate()
  }
}
