//! Is this update allowed in?
//!
//! Everything a peer sends passes [`judge`] before yrs sees it. The gate reads Yjs v1 strictly and without
//! recursion, knows which clocks and deletes the document has, and answers with a [`Verdict`]. What it admits
//! is a re-encoding of only what is new: sorted, minimal, without gap, cycle or forward reference, so that
//! merging leaves nothing pending. It knows nothing of documents, users or stores: whose client ids are whose it
//! is told by an [`Author`].
//!
//! ```text
//! reader.rs   numbers and strings, never past the end          value.rs   JSON and lib0 values, without recursion
//! judge.rs    whose ids, limits, the verdict                   known.rs   what the document has
//! update.rs   structs and deletes: what is new in an update    ids.rs     sets of clocks, state vectors
//! order.rs    what comes after what, and where it is; slices   sequences.rs  what stands beside what, as in every copy
//! ```
//!
//! Besides what the format asks for, it keeps from yrs 0.28.1 what that cannot stand:
//!
//! | What | What the gate does |
//! | --- | --- |
//! | neighbours in two types or under two keys: links into freed memory once one type is collected | `Misplaced` |
//! | a parent that is no type: an error in the middle of a merge | `ParentNotAType` |
//! | a neighbour or parent that is collected: yjs collects the struct too, yrs not always | collects it |
//! | thousands of values or types in each other: recursion | `ValueTooDeep`, `TypeTooDeep` |
//! | JSON texts (content 2) and xml hooks: read otherwise than yjs writes them | `Unsupported` |
//! | an embed that is a text: counts as one letter, but reads as several | `Unsupported` |
//! | rows of joinable structs: joined in quadratic time | joins them itself |
//! | thousands of cuts into one text, of structs for one place: quadratic | two passes, `TooManyCuts`, `TooManyRivals` |
//! | neighbours that never met: places differ from copy to copy | gives it those that it came to stand between |
//! | comparisons with all that is between two neighbours | `TooFarApart` |
//! | client ids as their own hash: collisions by choice | `ClientsAlike` |

pub mod ids;
mod judge;
pub mod known;
mod order;
mod reader;
mod sequences;
mod update;
mod value;
pub mod verdict;

pub use ids::{IdSet, StateVector};
pub use judge::{Author, Limits, judge};
pub use known::Known;
pub use verdict::{Admitted, Refusal, Verdict};
