//! Why a store could not do as asked.

use crate::Seq;

/// Why a store could not do as asked. After any of these the store holds what it held before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Free space is under the reserve. Nothing was written; the same call may succeed once space is freed.
    #[error("the disk is nearly full: {free_bytes} bytes free, {reserve_bytes} kept in reserve")]
    Full {
        /// Bytes free on the store's file system.
        free_bytes: u64,
        /// Bytes that the store leaves free.
        reserve_bytes: u64,
    },
    /// The engine or the disk failed. Final for this process: nothing more is written, and whether the
    /// failed write is on disk is known only after the next start.
    #[error("the store failed and accepts nothing more until the next start: {reason}")]
    Failed {
        /// What the engine said.
        reason: String,
    },
    /// Something stored does not read back as it was written.
    #[error("the store is damaged at {place}: {reason}")]
    Corrupt {
        /// Which tree and key, or which document and seq.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// A value is larger than the store takes in one piece.
    #[error("a value of {size_bytes} bytes is larger than the limit of {limit_bytes}")]
    TooLarge {
        /// Size of the value.
        size_bytes: usize,
        /// The largest value taken.
        limit_bytes: usize,
    },
    /// No such document.
    #[error("no such document in the store")]
    NotFound,
    /// A cell was not at the version that was expected; nothing of the commit was written.
    #[error("the cell {key} changed meanwhile")]
    Conflict {
        /// The key, as text where it is text.
        key: String,
    },
    /// A compaction asked to cover a seq that the log does not hold.
    #[error("cannot compact up to {upto}: the document's head is {head}")]
    BeyondHead {
        /// What was asked.
        upto: Seq,
        /// The last record there is.
        head: Seq,
    },
}
