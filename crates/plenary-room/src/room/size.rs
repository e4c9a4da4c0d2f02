//! How large a document is, and whether there is room for more.

use plenary_gate::Limits;

use super::{Admitted, Phase, Room};
use crate::effect::Seq;

/// A document near its limit is measured at most this often, for that encodes all of it.
/// People who have just made room do not notice.
const MEASURE_EVERY_MS: u64 = 100;

/// How large the document's state is, as one update.
///
/// An estimate from above: the last state that was encoded and what has come since. Only near the limit is it measured.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    pub(super) bytes: usize,
    /// The head it was last measured at, and when.
    measured: Option<(Seq, u64)>,
}

impl Size {
    pub(super) fn about(bytes: usize) -> Self {
        Self { bytes, measured: None }
    }

    /// Whether measuring anew may say something else, and it is time to.
    fn may_be_measured(&self, head: Seq, now_ms: u64) -> bool {
        self.measured.is_none_or(|(at, at_ms)| at != head && now_ms.saturating_sub(at_ms) >= MEASURE_EVERY_MS)
    }
}

impl Room {
    /// Whether what is new in `update` would make the document larger than it may be: then how large it is, in bytes.
    /// What only deletes, or brings nothing new, always has room; and what the gate does not let in is not judged here.
    /// A struct of which only the end is new counts whole, so the limit may come a few kilobytes early.
    ///
    /// `admitted`: what was let in before it in the same turn.
    pub(super) fn has_no_room_for(
        &mut self,
        now_ms: u64,
        update: &[u8],
        admitted: &[Admitted],
    ) -> Option<usize> {
        let max = self.settings.document_bytes_max;
        let before_it: usize =
            admitted.iter().flat_map(|(_, slices)| slices).map(|slice| slice.update.len()).sum();
        // Usually there is room for all of it, known or new.
        if self.size.bytes + before_it + update.len() <= max {
            return None;
        }
        let Phase::Live(document) = &self.phase else {
            return None;
        };
        let new_bytes = document.known().new_struct_bytes(update, &Limits::default());
        if new_bytes == 0 {
            return None;
        }
        if self.size.bytes + before_it + new_bytes > max
            && self.size.may_be_measured(self.merged, now_ms)
            && let Ok(state) = document.state()
        {
            self.size = Size { bytes: state.len(), measured: Some((self.merged, now_ms)) };
        }
        let size_bytes = self.size.bytes + before_it;
        (size_bytes + new_bytes > max).then_some(size_bytes)
    }
}
