import { Plugin } from 'prosemirror-state'
import { Decoration, DecorationSet } from 'prosemirror-view'

/**
 * Marks the lines in which the selection begins and ends. Browsers do not know the places in a line that they have not
 * laid out, so these lines are laid out wherever they are: see `plenary-here` in the style sheet.
 */
export function caretLines(): Plugin {
  return new Plugin({
    props: {
      decorations({ doc, selection: { $anchor, $head } }) {
        const lines = $anchor.sameParent($head) ? [$head] : [$anchor, $head]
        return DecorationSet.create(
          doc,
          lines
            .filter(({ depth }) => depth > 0)
            .map(place => Decoration.node(place.before(1), place.after(1), { class: 'plenary-here' })),
        )
      },
    },
  })
}
