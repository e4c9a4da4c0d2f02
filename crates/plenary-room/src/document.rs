//! The Yjs document of a room, as yrs holds it, with what the gate needs to know of it.

use std::{
    any::Any,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
};

use bytes::Bytes;
use plenary_gate::{Author, Known, Limits, Refusal, StateVector, Verdict, judge};
use plenary_ids::UserId;
use plenary_permissions::Authorship;
use yrs::{ClientID, Doc, OffsetKind, Options, ReadTxn, Transact, Update, updates::decoder::Decode};

use crate::{
    attribution::{Attribution, AttributionError, Bringer},
    effect::NewRecord,
    input::LoadedDocument,
    replay::readmit,
};

/// yrs' commit squashes superlinearly: 16,000 updates in one transaction take 19 ms, 64,000 take 213 ms. So a long
/// tail is replayed in pieces.
const REPLAY_UPDATES_MAX: usize = 4_000;

/// The server's own client id. It writes a document's first line break and what is imported, never anything later,
/// so a room's document needs no other. It is nobody else's.
const SERVER_CLIENT: u64 = 1;

/// Why a document could not be built or changed. It must then be dropped and built afresh.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Stored bytes that the gate would not let in.
    #[error("stored update {index} does not pass the gate: {reason}")]
    Stored {
        /// 0 for the snapshot, then 1 for the first record after it, and so on.
        index: usize,
        /// What the gate said.
        reason: String,
    },
    /// What is stored of who wrote the snapshot's state is not of that state.
    #[error("the snapshot's attribution is not that of its state")]
    Attribution(#[from] AttributionError),
    /// yrs returned an error, panicked, or kept something pending.
    #[error("merging failed: {reason}")]
    Merge {
        /// What happened.
        reason: String,
    },
}

/// A document in memory. Not to be used any more after one of its methods has failed.
pub struct LiveDocument {
    doc: Doc,
    known: Known,
    attribution: Attribution,
}

/// Who wants to write, and with which client ids they may.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    /// The authenticated user.
    pub user: UserId,
    /// Now, milliseconds since 1970 UTC.
    pub at_ms: u64,
    /// Whether they may bring what others wrote.
    pub authorship: Authorship,
    /// Whose a client id is with which nobody has written yet: who announced it in their presence.
    pub reserved: &'a dyn Fn(u64) -> Option<UserId>,
}

/// What the gate said of an update, and what of it is to be merged and stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It would change nothing.
    NothingNew,
    /// What of it is new, to be merged slice by slice, in order.
    Admitted(Vec<Slice>),
    /// It needs clocks that the document lacks.
    Gap,
    /// It must not be merged, now or later.
    Refused(Refusal),
}

/// A part of an update that stands alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Yjs v1, as the gate wrote it.
    pub update: Vec<u8>,
    /// The clients in it for whom its writer passed something on; ascending.
    pub relayed: Vec<u64>,
}

impl LiveDocument {
    /// Builds the document from what the store has. Fails with `Stored`, `Attribution` or `Merge`.
    pub fn load(stored: &LoadedDocument) -> Result<Self, DocumentError> {
        let options = Options {
            offset_kind: OffsetKind::Utf16,
            // True would make the server the author of deletes.
            cleanup_formatting: false,
            skip_gc: false,
            ..Options::with_client_id(ClientID::new(SERVER_CLIENT))
        };
        let (known, attribution) = (Known::default(), Attribution::default());
        let mut document = Self { doc: Doc::with_options(options), known, attribution };
        if let Some(snapshot) = &stored.snapshot {
            let slices = readmit(&mut document.known, &snapshot.state)
                .map_err(|reason| DocumentError::Stored { index: 0, reason })?;
            document.attribution = Attribution::beside(snapshot, &document.known)?;
            for slice in &slices {
                document.merge(&[&slice.update])?;
            }
        }
        let mut waiting = Vec::new();
        for (record, index) in stored.tail.iter().zip(1..) {
            let slices = readmit(&mut document.known, &record.update)
                .map_err(|reason| DocumentError::Stored { index, reason })?;
            document.attribution.note_all(record, &slices);
            waiting.extend(slices.into_iter().map(|slice| slice.update));
            if waiting.len() >= REPLAY_UPDATES_MAX {
                document.merge(&all(&waiting))?;
                waiting.clear();
            }
        }
        document.merge(&all(&waiting))?;
        Ok(document)
    }

    /// The clocks and deletions that the document has.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// Who wrote what of it.
    pub fn attribution(&self) -> &Attribution {
        &self.attribution
    }

    /// Fails unless the attribution speaks of just what the document has.
    pub fn check_attribution(&self) -> Result<(), AttributionError> {
        self.attribution.check(&self.known)
    }

    /// What the gate says of an update to this document. What it admits is counted as known and as its writer's from
    /// here on, so it must be merged next, in order.
    pub fn admit(&mut self, update: &[u8], writer: &Writer<'_>, limits: &Limits) -> Admission {
        let attribution = &self.attribution;
        let owner = |client| attribution.owner(client).or_else(|| (writer.reserved)(client));
        let may_use = |client| match writer.authorship {
            _ if client == SERVER_CLIENT => false,
            Authorship::Strict => owner(client).is_none_or(|owner| owner == writer.user),
            Authorship::Open => true,
        };
        let slices = match judge(update, &mut self.known, &Author::Owner(&may_use), limits) {
            Verdict::NothingNew => return Admission::NothingNew,
            Verdict::Gap { .. } => return Admission::Gap,
            Verdict::Refused(refusal) => return Admission::Refused(refusal),
            Verdict::Admitted(slices) => slices,
        };
        let mut admitted = Vec::with_capacity(slices.len());
        for slice in slices {
            let mut relayed = Vec::new();
            if writer.authorship == Authorship::Open {
                let attribution = &self.attribution;
                let owner = |client| attribution.owner(client).or_else(|| (writer.reserved)(client));
                relayed.extend(slice.inserted.clients().filter(|client| owner(*client) != Some(writer.user)));
            }
            self.attribution
                .note(Bringer { user: writer.user, at_ms: writer.at_ms, relayed: &relayed }, &slice);
            admitted.push(Slice { update: slice.update, relayed });
        }
        Admission::Admitted(admitted)
    }

    /// Merges a record that was admitted to this document before it was loaded again. Nothing happens if it does not
    /// pass the gate any more. Fails with `Merge`.
    pub(crate) fn admit_again(&mut self, record: &NewRecord) -> Result<(), DocumentError> {
        let Ok(slices) = readmit(&mut self.known, &record.update) else {
            return Ok(());
        };
        self.attribution.note_all(record, &slices);
        for slice in slices {
            self.merge(&[&slice.update])?;
        }
        Ok(())
    }

    /// Merges what was admitted in one transaction and returns all of it as one update, `None` when there was
    /// nothing to merge. Fails with `Merge`.
    pub fn merge(&mut self, updates: &[&[u8]]) -> Result<Option<Bytes>, DocumentError> {
        if updates.is_empty() {
            return Ok(None);
        }
        // A transaction commits when it is dropped, so one that panicked would panic again while unwinding, and
        // that aborts the process. It is therefore kept out of the unwinding and dropped on its own.
        let mut transaction = ManuallyDrop::new(self.doc.transact_mut());
        let merged = contained(|| {
            for update in updates {
                let update = Update::decode_v1(update).map_err(merge_error)?;
                transaction.apply_update(update).map_err(merge_error)?;
            }
            transaction.commit();
            // Two writes to one key of a map: merging deletes the loser, which no update says.
            for (client, ranges) in transaction.delete_set().iter() {
                for clocks in ranges.iter() {
                    self.known.mark_deleted(client.get(), clocks.clone());
                }
            }
            if transaction.has_missing_updates() {
                return Err(merge_error("an update that passed the gate was left pending"));
            }
            // One update alone is already as the gate encoded it.
            Ok(match updates {
                [one] => Bytes::copy_from_slice(one),
                _ => transaction.encode_update_v1().into(),
            })
        });
        let transaction = ManuallyDrop::into_inner(transaction);
        contained(move || {
            drop(transaction);
            Ok(())
        })?;
        merged.map(Some)
    }

    /// The whole state as one update. Fails with `Merge`.
    pub fn state(&self) -> Result<Bytes, DocumentError> {
        self.missing_from(&yrs::StateVector::default())
    }

    /// What somebody with this state vector lacks, as one update; it always holds the whole delete set. Fails with
    /// `Merge`.
    pub fn diff(&self, state_vector: &StateVector) -> Result<Bytes, DocumentError> {
        let mut theirs = yrs::StateVector::default();
        for (client, clock) in state_vector.iter() {
            let clock = clock.min(self.known.next_clock(client));
            theirs.set_max(ClientID::new(client), clock);
        }
        self.missing_from(&theirs)
    }

    fn missing_from(&self, theirs: &yrs::StateVector) -> Result<Bytes, DocumentError> {
        contained(|| Ok(self.doc.transact().encode_state_as_update_v1(theirs).into()))
    }

    /// For reading the text, in tests and by the server's import checks. Open no second transaction meanwhile.
    pub fn doc(&self) -> &Doc {
        &self.doc
    }
}

/// Borrows them all.
pub(crate) fn all(updates: &[Vec<u8>]) -> Vec<&[u8]> {
    updates.iter().map(Vec::as_slice).collect()
}

fn merge_error(reason: impl ToString) -> DocumentError {
    DocumentError::Merge { reason: reason.to_string() }
}

/// Runs a call into yrs; a panic in it becomes an error.
fn contained<T>(call: impl FnOnce() -> Result<T, DocumentError>) -> Result<T, DocumentError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(merge_error(panic_text(&*panic))))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without text")
        .to_owned()
}
