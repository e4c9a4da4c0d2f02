//! What can happen to a room.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use bytes::Bytes;
use plenary_ids::{ParticipantId, UserId};
use plenary_permissions::{Access, Authorship};
use plenary_protocol::Message;

use crate::effect::{NewRecord, Seq};

/// One thing that happened. Times are milliseconds since 1970 and come beside the input.
#[derive(Debug)]
pub enum Input {
    /// The answer to [`Effect::Load`](crate::Effect::Load).
    Loaded(LoadedDocument),
    /// The document cannot be read. The room closes everybody and ends.
    LoadFailed,
    /// Somebody comes in.
    Join(Join),
    /// Everything that waited in the mailbox, in order of arrival: one batch. Messages of participants that
    /// the room does not know (any more) are dropped.
    Messages(Vec<(ParticipantId, Message)>),
    /// A participant is gone. Nothing is sent to it any more.
    Leave(ParticipantId),
    /// What a participant may do has changed. Takes effect before anything that comes after.
    SetAccess {
        /// Whose.
        participant: ParticipantId,
        /// What it may do now.
        access: Access,
    },
    /// The answer to [`Effect::Append`](crate::Effect::Append): durable up to `seq`.
    Appended {
        /// The last record of the batch.
        seq: Seq,
    },
    /// The other answer to [`Effect::Append`](crate::Effect::Append).
    AppendFailed(AppendFailure),
    /// A participant that had been marked in its [`Backlog`] has written everything out.
    Drained(ParticipantId),
    /// Somebody asks for the document over HTTP; answered by [`Effect::State`](crate::Effect::State).
    State {
        /// Comes back with the answer.
        request: u64,
        /// What the asker has, as an encoded state vector; `None` for everything.
        state_vector: Option<Bytes>,
    },
    /// Time has passed. Due at least every second while anybody is in the room, and after
    /// [`Effect::Stop`](crate::Effect::Stop) was refused.
    Tick,
}

/// Somebody comes in.
#[derive(Debug)]
pub struct Join {
    /// Fresh, never used before in this process.
    pub participant: ParticipantId,
    /// The authenticated user.
    pub user: UserId,
    /// How the peer counts and what it bears.
    pub dialect: Dialect,
    /// What every frame to this participant begins with: nothing in the y-websocket dialect, the encoded
    /// address in the Hocuspocus dialect (`plenary_protocol::address_prefix`).
    pub prefix: Bytes,
    /// What it may do.
    pub access: Access,
    /// Whether members of the document's group bring only what they wrote themselves. That of the newest join holds
    /// for everybody.
    pub authorship: Authorship,
    /// Bytes on their way to it.
    pub backlog: Backlog,
}

/// How a peer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// One document a socket; no acknowledgements.
    YWebsocket,
    /// Many documents a socket; one SyncStatus per update.
    Hocuspocus,
}

/// What the store has of a document.
#[derive(Clone, Debug, Default)]
pub struct LoadedDocument {
    /// The newest snapshot.
    pub snapshot: Option<LoadedSnapshot>,
    /// The records after it, in order, the first with the seq after the snapshot's.
    pub tail: Vec<NewRecord>,
}

impl LoadedDocument {
    /// The last record's seq; 0 for an empty document.
    pub fn head(&self) -> Seq {
        self.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq) + self.tail.len() as Seq
    }
}

/// The newest snapshot of a document.
#[derive(Clone, Debug)]
pub struct LoadedSnapshot {
    /// The last record it covers.
    pub seq: Seq,
    /// The state as one Yjs v1 update.
    pub state: Bytes,
    /// Who wrote what of it, as [`Attribution::encode`](crate::Attribution::encode) has it. Whatever it leaves out
    /// is ascribed to the server; give a document that has none what [`Replay`](crate::Replay) says of its history.
    pub attribution: Bytes,
}

/// Why a batch was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendFailure {
    /// No space; nothing was written and it may work later.
    Full,
    /// Final for this process.
    Failed,
}

/// The bytes that wait for one participant's socket, shared by the room, which adds what it sends, and the
/// connection, which takes away what it has written.
#[derive(Clone, Debug, Default)]
pub struct Backlog(Arc<BacklogInner>);

#[derive(Debug, Default)]
struct BacklogInner {
    bytes: AtomicUsize,
    behind: AtomicBool,
}

impl Backlog {
    /// The bytes that wait.
    pub fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::SeqCst)
    }

    /// Called by the room for each frame it sends.
    pub(crate) fn add(&self, bytes: usize) {
        self.0.bytes.fetch_add(bytes, Ordering::SeqCst);
    }

    /// Called by the connection once `bytes` of frames have left. True when nothing waits any more and the
    /// room holds something back: then the connection owes it an [`Input::Drained`].
    #[must_use]
    pub fn written(&self, bytes: usize) -> bool {
        let before = self.0.bytes.fetch_sub(bytes, Ordering::SeqCst);
        before == bytes && self.0.behind.swap(false, Ordering::SeqCst)
    }

    /// Called by the room when it begins to hold back. False when everything has left meanwhile, so that
    /// nobody would call it back: then it must not hold back.
    pub(crate) fn mark_behind(&self) -> bool {
        self.0.behind.store(true, Ordering::SeqCst);
        // The connection may have written the last byte between the room's look and the mark.
        !(self.bytes() == 0 && self.0.behind.swap(false, Ordering::SeqCst))
    }
}
