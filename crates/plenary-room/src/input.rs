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
    /// Of all of the user's participants.
    of_user: Option<UserBacklog>,
}

impl Drop for BacklogInner {
    fn drop(&mut self) {
        if let Some(of_user) = &self.of_user {
            of_user.take(*self.bytes.get_mut());
        }
    }
}

impl Backlog {
    /// One that also counts for its user.
    pub fn of(user: UserBacklog) -> Self {
        let (bytes, behind) = (AtomicUsize::default(), AtomicBool::default());
        Self(Arc::new(BacklogInner { bytes, behind, of_user: Some(user) }))
    }

    /// The bytes that wait.
    pub fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::SeqCst)
    }

    /// Whether it is enough for now: more than `bytes_max` wait, or any bytes while the user as a whole has too many.
    pub(crate) fn is_full(&self, bytes_max: usize) -> bool {
        let bytes = self.bytes();
        bytes > bytes_max || (bytes > 0 && self.is_users_full())
    }

    /// Whether more waits for all of the user's participants than may.
    pub(crate) fn is_users_full(&self) -> bool {
        self.0.of_user.as_ref().is_some_and(UserBacklog::is_full)
    }

    /// Counts `bytes` for the user alone, until the reservation is dropped: a frame that is made and not sent yet.
    pub(crate) fn reserve(&self, bytes: usize) -> Reserved {
        let of_user = self.0.of_user.clone();
        if let Some(of_user) = &of_user {
            of_user.add(bytes);
        }
        Reserved { of_user, bytes }
    }

    /// Called by the room for each frame it sends.
    pub(crate) fn add(&self, bytes: usize) {
        self.0.bytes.fetch_add(bytes, Ordering::SeqCst);
        if let Some(of_user) = &self.0.of_user {
            of_user.add(bytes);
        }
    }

    /// Called by the connection once `bytes` of frames have left. True when nothing waits any more and the
    /// room holds something back: then the connection owes it an [`Input::Drained`].
    #[must_use]
    pub fn written(&self, bytes: usize) -> bool {
        if let Some(of_user) = &self.0.of_user {
            of_user.take(bytes);
        }
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

/// The bytes that wait for all participants of one user together. Past its bound each of them is sent nothing more
/// while anything waits for it, and no answer to a step 1 is made for it. A clone counts the same.
#[derive(Clone, Debug)]
pub struct UserBacklog(Arc<UserBacklogInner>);

#[derive(Debug)]
struct UserBacklogInner {
    bytes: AtomicUsize,
    bytes_max: usize,
}

impl UserBacklog {
    /// Nothing waits yet.
    pub fn bounded(bytes_max: usize) -> Self {
        Self(Arc::new(UserBacklogInner { bytes: AtomicUsize::new(0), bytes_max }))
    }

    /// The bytes that wait.
    pub fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Whether more waits than may.
    pub fn is_full(&self) -> bool {
        self.bytes() > self.0.bytes_max
    }

    fn add(&self, bytes: usize) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn take(&self, bytes: usize) {
        self.0.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Bytes counted for a user ahead of being sent.
#[derive(Debug)]
pub(crate) struct Reserved {
    of_user: Option<UserBacklog>,
    bytes: usize,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(of_user) = &self.of_user {
            of_user.take(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_a_user_is_what_waits_for_all_of_their_participants() {
        let user = UserBacklog::bounded(100);
        let (one, two) = (Backlog::of(user.clone()), Backlog::of(user.clone()));
        one.add(60);
        assert!(!one.is_full(1000) && !two.is_full(1000) && !two.is_users_full());
        let reserved = two.reserve(41);
        assert_eq!((user.bytes(), two.bytes()), (101, 0));
        assert!(one.is_full(1000) && two.is_users_full());
        // Nobody would call this one back.
        assert!(!two.is_full(1000));
        two.add(41);
        drop(reserved);
        assert_eq!(user.bytes(), 101);
        assert!(!one.written(60));
        assert!(!two.is_full(1000) && two.is_full(40));
        // A socket that is gone has taken what waited for it along.
        drop(two);
        assert_eq!(user.bytes(), 0);
    }
}
