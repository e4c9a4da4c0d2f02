//! What the gate says of an update.

use crate::IdSet;

/// What the gate says of an update. Only `Admitted` changes anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every struct and every deletion in it is known: merging it would change nothing.
    NothingNew,
    /// To be merged, slice by slice, in order. Most updates have one slice; one with more new structs and
    /// ranges than `Limits::slice_items_max` has several, each complete in itself.
    Admitted(Vec<Admitted>),
    /// It needs clocks that the document lacks: usual while typing during a return from offline.
    Gap {
        /// A client whose clocks are missing.
        client: u64,
        /// The first clock the document lacks of that client.
        clock: u64,
    },
    /// It must not be merged, now or later.
    Refused(Refusal),
}

/// What is new in an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The new part, re-encoded as Yjs v1.
    pub update: Vec<u8>,
    /// The clocks it brings.
    pub inserted: IdSet,
    /// The clocks it deletes that were not deleted before.
    pub deleted: IdSet,
}

/// Why an update is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is not a Yjs v1 update.
    #[error("malformed at byte {at}: {what}")]
    Malformed {
        /// Where reading stopped.
        at: usize,
        /// What was wrong there.
        what: &'static str,
    },
    // The gate's author adds a variant per reason.
}
