//! What the gate says of an update.

use crate::IdSet;
use crate::known::Growth;

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
        /// The first clock that neither the document nor the update has of that client.
        clock: u64,
    },
    /// It must not be merged, now or later.
    Refused(Refusal),
}

/// What is new in an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The new part, re-encoded as Yjs v1. A struct that begins before the first new clock is kept whole.
    pub update: Vec<u8>,
    /// The clocks it brings.
    pub inserted: IdSet,
    /// The clocks it deletes that were not deleted before, those that it brings deleted included. What yrs
    /// deletes as a consequence (children, overwritten map entries) is not in it: see `Known::mark_deleted`.
    pub deleted: IdSet,
    /// What the gate itself must remember.
    pub(crate) growth: Growth,
}

/// Why an update or a state vector is refused. `client` and `clock` name the struct at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// More bytes than `Limits::update_bytes_max`.
    #[error("update of {size_bytes} bytes, at most {limit_bytes} are taken")]
    TooManyBytes {
        /// Its size.
        size_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// It is not a Yjs v1 update.
    #[error("malformed at byte {at}: {what}")]
    Malformed {
        /// Where reading stopped.
        at: usize,
        /// What was wrong there.
        what: &'static str,
    },
    /// Yjs, but a kind of content or type that is not taken.
    #[error("{what} (number {number}) at byte {at} is not taken")]
    Unsupported {
        /// Where it is.
        at: usize,
        /// What it is.
        what: &'static str,
        /// Its number in the format.
        number: u8,
    },
    /// Arrays and objects in each other deeper than `Limits::value_depth_max`.
    #[error("value at byte {at} is more than {limit} levels deep")]
    ValueTooDeep {
        /// Where it is.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// Shared types in each other deeper than `Limits::type_depth_max`.
    #[error("type {client}:{clock} is more than {limit} levels deep")]
    TypeTooDeep {
        /// Whose.
        client: u64,
        /// Its clock.
        clock: u32,
        /// The limit.
        limit: usize,
    },
    /// A client has two sections in an update, or two entries in a state vector.
    #[error("client {client} is named twice")]
    ClientTwice {
        /// Which.
        client: u64,
    },
    /// The author may not write with this client id.
    #[error("client {client} is not the author's")]
    ForeignClient {
        /// Which.
        client: u64,
    },
    /// More new structs and ranges than `Limits::new_items_max`.
    #[error("more than {limit} new structs and ranges")]
    TooManyNew {
        /// The limit.
        limit: usize,
    },
    /// More than `Limits::cuts_max` new structs in the middle of others.
    #[error("more than {limit} structs in the middle of others")]
    TooManyCuts {
        /// The limit.
        limit: usize,
    },
    /// More than `Limits::rivals_max` new structs for one place, none of which knows of another.
    #[error("more than {limit} structs without neighbours in one place")]
    TooManyRivals {
        /// The limit.
        limit: usize,
    },
    /// More than `Limits::steps_max` structs stand between the neighbours of this one and those before it in the
    /// update.
    #[error("too many structs stand between the neighbours of {client}:{clock}")]
    TooFarApart {
        /// Whose.
        client: u64,
        /// Its clock.
        clock: u32,
    },
    /// New client ids with the same low 16 bits as many others: chosen, not random.
    #[error("{count} client ids alike in their low bits, limit {limit}")]
    ClientsAlike {
        /// How many there would be.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A struct that depends on itself.
    #[error("struct {client}:{clock} depends on itself")]
    Cycle {
        /// Whose.
        client: u64,
        /// Its clock.
        clock: u32,
    },
    /// The parent of a struct is an item that is no shared type.
    #[error("the parent of {client}:{clock} is not a shared type")]
    ParentNotAType {
        /// Whose.
        client: u64,
        /// Its clock.
        clock: u32,
    },
    /// The neighbours of a struct are in different types, or it is a map entry with a right neighbour or with
    /// several values; or it goes on after clocks that are known, with a right neighbour that they cannot have.
    #[error("struct {client}:{clock} is placed between structs that are not neighbours")]
    Misplaced {
        /// Whose.
        client: u64,
        /// Its clock.
        clock: u32,
    },
}
