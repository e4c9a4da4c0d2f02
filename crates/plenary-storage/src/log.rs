//! The log of a document: its records in order, the newest snapshot, and the history before it.

use bytes::Bytes;
use plenary_ids::{DocumentId, UserId};

use crate::{BoxFuture, StoreError, cells::check_size};

/// The most bytes of updates in one append: a few times the largest frame.
pub const APPEND_BYTES_MAX: usize = 64 << 20;

/// The largest state of a snapshot; its attribution may be as large again.
pub const SNAPSHOT_BYTES_MAX: usize = 512 << 20;

/// Counts a document's records, from 1; 0 is "before the first record".
pub type Seq = u64;

/// One accepted update of one author, about to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// Who wrote it.
    pub user: UserId,
    /// Server time of acceptance, milliseconds since 1970 UTC.
    pub at_ms: u64,
    /// The update, Yjs v1, as the gate admitted it.
    pub update: Bytes,
    /// The Yjs clients for whom its author only passed something on; mostly none.
    pub relayed: Vec<u64>,
}

/// One record as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the document.
    pub seq: Seq,
    /// Who wrote it.
    pub user: UserId,
    /// Server time of acceptance, milliseconds since 1970 UTC.
    pub at_ms: u64,
    /// The update, Yjs v1, as the gate admitted it.
    pub update: Bytes,
    /// The Yjs clients for whom its author only passed something on; mostly none.
    pub relayed: Vec<u64>,
}

/// A document's whole state at a seq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last record it covers.
    pub seq: Seq,
    /// The state as one Yjs v1 update.
    pub state: Bytes,
    /// Who wrote what of it and when; empty in snapshots of before that was kept.
    pub attribution: Bytes,
}

/// What is needed to bring a document to life: `snapshot`, then `tail` applied in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The newest snapshot, if one was taken.
    pub snapshot: Option<Snapshot>,
    /// The records after the snapshot (all, if there is none), in order and without a hole.
    pub tail: Vec<Record>,
}

impl Loaded {
    /// The last record's seq; 0 for an empty document.
    pub fn head(&self) -> Seq {
        let covered = self.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
        self.tail.last().map_or(covered, |record| record.seq)
    }
}

/// One document at a glance, without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentSummary {
    /// Which document.
    pub document: DocumentId,
    /// Its last record.
    pub head: Seq,
    /// What the newest snapshot covers; 0 if there is none.
    pub snapshot_seq: Seq,
    /// Bytes of the newest snapshot's state; 0 if there is none.
    pub snapshot_bytes: u64,
    /// Bytes of the updates after the snapshot.
    pub tail_bytes: u64,
    /// When the first record after the snapshot was accepted (ms since 1970); `None` without a tail.
    pub tail_since_ms: Option<u64>,
}

/// `TooLarge` if an append passes its limit; every engine asks this first.
pub fn check_append(records: &[NewRecord]) -> Result<(), StoreError> {
    check_size(records.iter().map(|record| record.update.len()).sum(), APPEND_BYTES_MAX)
}

/// `TooLarge` if a snapshot passes its limit; every engine asks this first.
pub fn check_snapshot(snapshot: &Snapshot) -> Result<(), StoreError> {
    check_size(snapshot.state.len().max(snapshot.attribution.len()), SNAPSHOT_BYTES_MAX)
}

/// The append-only log of every document.
pub trait DocumentLog: Send + Sync + 'static {
    /// Appends `records` to a document, which begins to exist with its first record, and returns the seq of
    /// the last one. Ok means durable: they survive the end of the process, all of them, in this order, with
    /// consecutive seqs. An empty `records` returns the head at once. The append begins with the call, not with
    /// the first poll, and goes on when the future is dropped; appends take effect in the order of the calls.
    ///
    /// Fails with `Full` (nothing written, try later), `TooLarge`, or `Failed` (final).
    fn append(&self, document: DocumentId, records: Vec<NewRecord>)
    -> BoxFuture<'_, Result<Seq, StoreError>>;

    /// The newest snapshot and the records after it; only what is durable. `NotFound` for an unknown document.
    fn load(&self, document: DocumentId) -> BoxFuture<'_, Result<Loaded, StoreError>>;

    /// The records of `from..=to`, whether or not a snapshot covers them, in order. Seqs that do not exist
    /// are left out. `NotFound` for an unknown document.
    fn history(
        &self,
        document: DocumentId,
        from: Seq,
        to: Seq,
    ) -> BoxFuture<'_, Result<Vec<Record>, StoreError>>;

    /// Every document, in no order.
    fn documents(&self) -> BoxFuture<'_, Result<Vec<DocumentSummary>, StoreError>>;

    /// Stores a snapshot and moves the records it covers to the history. Records after it stay as they are. Safe to
    /// repeat, and harmless at or below the present snapshot. A crash at any moment leaves either the old snapshot
    /// with its tail or the new one with its; state and attribution are never of two snapshots.
    ///
    /// Fails with `BeyondHead` when `snapshot.seq` is not durable, `NotFound`, `Full`, or `Failed` (final).
    fn compact(&self, document: DocumentId, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Removes a document with its history. Ok, too, if there is none.
    fn destroy(&self, document: DocumentId) -> BoxFuture<'_, Result<(), StoreError>>;
}
