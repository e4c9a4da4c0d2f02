// The look in one place: colours, type and measures, for the controls and for the text.
//
// A host sets the `--plenary-*` properties; everything else leans on the `--_*` ones, which the text's own style
// sheet sees too, because slotted content inherits from the slot.

import { css } from 'lit'

export const tokens = css`
  :host {
    color-scheme: light dark;
    --_desk: light-dark(#efece5, #131615);
    --_paper: var(--plenary-paper, light-dark(#fffefb, #1c201f));
    --_ink: var(--plenary-ink, light-dark(#1d2321, #e6e9e5));
    --_quiet: light-dark(#57605b, #a5afa9);
    --_line: var(--plenary-line, light-dark(#dad5c9, #363d3a));
    --_edge: light-dark(#857f70, #76817b);
    --_accent: var(--plenary-accent, light-dark(#0b6e5b, #74d3b9));
    --_accent-ink: light-dark(#ffffff, #0d1a16);
    --_tint: color-mix(in oklab, var(--_accent) 11%, var(--_paper));
    --_hover: color-mix(in oklab, var(--_ink) 7%, transparent);
    --_selected: color-mix(in oklab, var(--_accent) 26%, transparent);
    --_warn: light-dark(#85390a, #f3b27a);
    --_bad: light-dark(#a1222d, #ffa3a3);
    --_found: light-dark(#ffe9a8, #5b4a12);
    --_found-now: light-dark(#ffb94a, #a46a00);
    --_radius: var(--plenary-radius, 8px);
    --_size: var(--plenary-size, 1.0625rem);
    --_font: var(
      --plenary-font,
      Charter,
      'Bitstream Charter',
      'Iowan Old Style',
      'Source Serif 4',
      'Sitka Text',
      Cambria,
      'Noto Serif',
      'Noto Naskh Arabic',
      'Geeza Pro',
      'Songti SC',
      'Noto Serif CJK SC',
      'Liberation Serif',
      serif
    );
    --_interface: system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans Arabic', 'Liberation Sans', sans-serif;
    --_shadow: 0 1px 2px rgb(20 24 22 / 8%), 0 10px 30px rgb(20 24 22 / 7%);
    --_float: 0 2px 6px rgb(20 24 22 / 12%), 0 12px 36px rgb(20 24 22 / 18%);
  }

  :host([theme='light']) {
    color-scheme: light;
  }

  :host([theme='dark']) {
    color-scheme: dark;
  }

  @media (prefers-contrast: more) {
    :host {
      --_quiet: var(--_ink);
      --_line: light-dark(#6d6d6d, #a8a8a8);
      --_edge: light-dark(#3d3d3d, #d0d0d0);
      --_selected: color-mix(in oklab, var(--_accent) 40%, transparent);
    }
  }
`

/** What is there for those who listen to the page, and not to be seen: class `unseen`. */
export const unseen = css`
  .unseen {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`

/** What all controls share: buttons, fields, floating sheets, focus. */
export const controls = css`
  ${unseen}

  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }

  [hidden] {
    display: none !important;
  }

  :host {
    font: 0.875rem / 1.45 var(--_interface);
    color: var(--_ink);
  }

  button,
  input,
  select {
    margin: 0;
    font: inherit;
    color: inherit;
  }

  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.4rem;
    min-block-size: 2.125rem;
    padding: 0 0.6rem;
    border: 1px solid transparent;
    border-radius: var(--_radius);
    background: none;
    cursor: pointer;
    white-space: nowrap;
    -webkit-tap-highlight-color: transparent;
  }

  button:hover {
    background: var(--_hover);
  }

  button[aria-disabled='true'],
  button:disabled {
    color: color-mix(in oklab, var(--_quiet) 60%, transparent);
    background: none;
    cursor: default;
  }

  button.primary {
    border-color: var(--_accent);
    background: var(--_accent);
    color: var(--_accent-ink);
    font-weight: 600;
  }

  button.primary:hover {
    background: color-mix(in oklab, var(--_accent) 88%, var(--_ink));
  }

  button.bordered {
    border-color: var(--_edge);
  }

  button.icon {
    inline-size: 2.125rem;
    padding: 0;
  }

  :focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 1px;
  }

  input,
  select {
    min-block-size: 2.125rem;
    padding: 0 0.6rem;
    border: 1px solid var(--_edge);
    border-radius: var(--_radius);
    background: var(--_paper);
  }

  input[type='checkbox'] {
    min-block-size: 0;
    accent-color: var(--_accent);
  }

  input[aria-invalid='true'] {
    border-color: var(--_bad);
  }

  label {
    font-weight: 600;
  }

  svg {
    inline-size: 1.15rem;
    block-size: 1.15rem;
    flex: none;
    fill: none;
    stroke: currentcolor;
    stroke-width: 1.9;
    stroke-linecap: round;
    stroke-linejoin: round;
  }

  /* Arrows and indents point the way of reading. */
  :host(:dir(rtl)) svg.flips {
    scale: -1 1;
  }

  .quiet {
    color: var(--_quiet);
  }

  .float {
    position: fixed;
    inset: auto;
    margin: 0;
    padding: 0.35rem;
    border: 1px solid var(--_line);
    border-radius: calc(var(--_radius) + 3px);
    background: var(--_paper);
    color: var(--_ink);
    box-shadow: var(--_float);
  }

  .float:not(.placed) {
    visibility: hidden;
  }

  @media (pointer: coarse) {
    button,
    input,
    select {
      min-block-size: 2.5rem;
    }

    button.icon {
      inline-size: 2.5rem;
    }

    /* Smaller letters make iOS zoom in on a field. */
    input {
      font-size: 1rem;
    }
  }
`
