import { css } from 'lit'

/** Where things are: tools above, the page on its desk, the state of things below. */
export const editorStyle = css`
  :host {
    display: block;
    min-block-size: 20rem;
    block-size: 100%;
    background: var(--_desk);
  }

  :host([hidden]) {
    display: none;
  }

  .frame {
    container: plenary / inline-size;
    display: flex;
    flex-direction: column;
    block-size: 100%;
    min-block-size: inherit;
    background: var(--_desk);
  }

  /* What one part does moves nothing in another, so that a key in the text does not make all be looked through. */
  .head,
  .stage,
  plenary-status {
    contain: layout style;
  }

  /* Tools and notices stay in sight; fit.ts measures what they cover. */
  .head {
    position: sticky;
    inset-block-start: 0;
    z-index: 4;
    background: var(--_paper);
  }

  .bar {
    display: flex;
    align-items: center;
    gap: 0.4rem;
    padding-inline: 0.5rem 0.6rem;
    border-block-end: 1px solid var(--_line);
    background: var(--_paper);
  }

  plenary-toolbar {
    flex: 1;
  }

  .middle {
    position: relative;
    display: flex;
    flex: 1;
    min-block-size: 0;
  }

  /* Between what stays above and below, whether the page around moves or only the middle. */
  plenary-sidebar {
    --_room: min(100dvh, var(--_frame, 100dvh));
    position: sticky;
    inset-block-start: var(--_head, 0px);
    flex: none;
    align-self: flex-start;
    inline-size: 17.5rem;
    block-size: calc(var(--_room) - var(--_head, 0px) - var(--_foot, 0px));
    overflow: auto;
    overscroll-behavior: contain;
    contain: strict;
  }

  .outlined .stage {
    --_side: 17.5rem;
    border-inline-start: 1px solid var(--_line);
  }

  .shade {
    display: none;
  }

  .stage {
    flex: 1;
    min-inline-size: 0;
    overflow: auto;
    overscroll-behavior: contain;
    scroll-padding-block: 1.5rem;
  }

  .page {
    /* Room for the names of others: the page's own edge, and the desk beside it. */
    --gutter: -5.5rem;
    --_beside: min(10.5rem, 5rem + max(0rem, (100cqi - var(--_side, 0rem) - 51rem) / 2 - 0.5rem));
    --_full-name: none;
    position: relative;
    min-block-size: calc(100% - 3.5rem);
    max-inline-size: 51rem;
    margin: 1.75rem auto;
    padding: 4.5rem 5.5rem 5rem;
    border-radius: 3px;
    background: var(--_paper);
    box-shadow: var(--_shadow);
    cursor: text;
  }

  .finder {
    position: absolute;
    inset-block-start: calc(100% + 0.75rem);
    inset-inline: 0;
    block-size: 0;
  }

  plenary-find {
    inline-size: min(26rem, 100% - 1rem);
    margin-inline: auto 1rem;
  }

  plenary-status {
    position: sticky;
    inset-block-end: 0;
    z-index: 4;
    border-block-start: 1px solid var(--_line);
    background: var(--_paper);
  }

  plenary-status:focus-visible {
    outline-offset: -2px;
  }

  .notes {
    margin-block-start: 3.5rem;
    padding-block-start: 1rem;
    border-block-start: 1px solid var(--_line);
    color: var(--_quiet);
    font: 0.9rem / 1.5 var(--_font);
    cursor: auto;
  }

  .notes h2 {
    margin: 0 0 0.5rem;
    font: 650 0.8rem / 1.5 var(--_interface);
  }

  .notes ol {
    margin: 0;
    padding: 0;
    list-style: none;
  }

  .notes li {
    display: flex;
    align-items: baseline;
    gap: 0.35rem;
    padding-block: 0.15rem;
    overflow-wrap: anywhere;
  }

  .notes button {
    flex: none;
    justify-content: flex-end;
    min-inline-size: 1.75rem;
    min-block-size: 1.5rem;
    margin-inline-start: -0.35rem;
    padding: 0 0.35rem;
    border-radius: 5px;
    color: var(--_accent);
    font: 650 0.78rem / 1 var(--_interface);
    font-variant-numeric: tabular-nums;
  }

  #sheet {
    inline-size: min(24rem, 100vw - 1rem);
    padding: 0.8rem;
  }

  .sheet {
    display: grid;
    gap: 0.5rem;
  }

  .line {
    display: flex;
    flex-wrap: wrap;
    gap: 0.4rem;
  }

  .line input {
    flex: 1;
    min-inline-size: 8rem;
  }

  .problem {
    color: var(--_bad);
  }

  .note header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    margin-block-end: 0.4rem;
  }

  .note slot {
    display: block;
    max-block-size: 40vh;
    overflow: auto;
    padding: 0.5rem 0.7rem;
    border: 1px solid var(--_edge);
    border-radius: var(--_radius);
    cursor: text;
  }

  .note slot:focus-within {
    outline: 2px solid var(--_accent);
  }

  @container plenary (min-width: 58rem) {
    .middle:not(.outlined) .page {
      --_short-name: none;
      --_full-name: block;
    }
  }

  @container plenary (min-width: 75.5rem) {
    .page {
      --_short-name: none;
      --_full-name: block;
    }
  }

  /* Over the text, which it does not push aside. */
  @container plenary (max-width: 67.4rem) {
    plenary-sidebar {
      --_width: min(17.5rem, 88cqi);
      --_pane: var(--_paper);
      z-index: 3;
      inline-size: var(--_width);
      margin-inline-end: calc(-1 * var(--_width));
      box-shadow: var(--_float);
    }

    .outlined .stage {
      --_side: 0rem;
      border: 0;
    }

    .shade {
      display: block;
      position: absolute;
      inset: 0;
      z-index: 3;
      background: rgb(12 16 14 / 35%);
    }
  }

  @container plenary (max-width: 52rem) {
    .page {
      --gutter: -1.4rem;
      min-block-size: 100%;
      margin: 0;
      padding: 1.75rem 1.4rem 3rem;
      border-radius: 0;
      box-shadow: none;
    }

    .bar {
      padding-inline: 0.1rem 0.25rem;
    }

    plenary-find {
      margin-inline: auto;
    }
  }

  @media (prefers-contrast: more) {
    .page {
      border: 1px solid var(--_line);
    }
  }

  @media print {
    :host,
    .frame,
    .head,
    .middle,
    .stage,
    .page {
      display: block;
      block-size: auto;
      min-block-size: 0;
      max-inline-size: none;
      margin: 0;
      padding: 0;
      border: 0;
      overflow: visible;
      background: none;
      box-shadow: none;
      container-type: normal;
    }

    .outlined .stage {
      border: 0;
    }

    .bar,
    [part='banner'],
    .shade,
    plenary-sidebar,
    .finder,
    plenary-status {
      display: none !important;
    }

    .notes {
      color: #000;
      font-size: 9.5pt;
    }

    .notes li {
      break-inside: avoid;
    }
  }
`
