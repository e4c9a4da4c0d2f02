//! Judging updates.

use crate::{Known, Verdict};

/// Whose update it is, as far as client ids are concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Author {
    /// May use every client id. The only one until client ids are bound to users.
    #[default]
    Anyone,
}

/// How much one update may bring. `Default` is for what peers send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes an update may have.
    pub update_bytes_max: usize,
    /// The most new structs and delete ranges in one [`Admitted`](crate::Admitted).
    pub slice_items_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            update_bytes_max: 16 << 20,
            slice_items_max: 50_000,
        }
    }
}

impl Limits {
    /// For what we wrote ourselves: snapshots and records.
    pub fn stored() -> Limits {
        Limits {
            update_bytes_max: usize::MAX,
            slice_items_max: usize::MAX,
        }
    }
}

/// Says whether a Yjs v1 update may be merged into a document that has `known`, and what of it is new.
pub fn judge(_update: &[u8], _known: &Known, _author: &Author, _limits: &Limits) -> Verdict {
    Verdict::NothingNew
}
