//! Is this update allowed in?
//!
//! Everything a peer sends passes [`judge`] before yrs sees it. The gate reads Yjs v1 strictly and without
//! recursion, knows which clocks and deletes the document has, and answers with a [`Verdict`]. What it admits
//! is a re-encoding of only what is new: sorted, minimal, without gap, cycle or forward reference, so that
//! merging leaves nothing pending. It knows nothing of documents, users or stores.

pub mod ids;
pub mod known;
mod order;
mod reader;
pub mod update;
mod value;
pub mod verdict;

pub use ids::{IdSet, StateVector};
pub use known::Known;
pub use update::{Author, Limits, judge};
pub use verdict::{Admitted, Refusal, Verdict};
