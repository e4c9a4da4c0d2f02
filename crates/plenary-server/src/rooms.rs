//! The rooms of this process: which are open, how to come in, and what the rest of the server asks of them.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use plenary_ids::{DocumentId, UserId};
use plenary_permissions::Access;
use plenary_storage::{DocumentLog, StoreError};

/// Times and bounds of the rooms.
#[derive(Clone, Debug)]
pub struct RoomsSettings {
    /// How long a room without participants stays in memory.
    pub idle_after: Duration,
    /// A snapshot is due when the tail passes this and half of the last snapshot.
    pub snapshot_tail_bytes_min: u64,
    /// A snapshot is due when the oldest record of the tail is older than this.
    pub snapshot_age_max: Duration,
    /// How often the documents that nobody has open are looked at for compaction.
    pub compact_every: Duration,
}

impl Default for RoomsSettings {
    fn default() -> Self {
        Self {
            idle_after: Duration::from_secs(60),
            snapshot_tail_bytes_min: 64 * 1024,
            snapshot_age_max: Duration::from_secs(600),
            compact_every: Duration::from_secs(30),
        }
    }
}

/// Whose access may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Affected {
    /// Everything one user has open: a role, a membership, an account, a token.
    User(UserId),
    /// Everybody in these documents: a stage, a deletion.
    Documents(Vec<DocumentId>),
}

/// Why a document's state cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The state vector asked with does not decode.
    #[error("the state vector is malformed")]
    MalformedStateVector,
    /// The store cannot be read.
    #[error("the document cannot be read")]
    Store(#[from] StoreError),
    /// The room ended while it was asked, several times in a row.
    #[error("the room did not answer")]
    Unanswered,
}

/// What the metrics show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomCounts {
    /// Rooms in memory.
    pub rooms: usize,
    /// Participants in all of them.
    pub participants: usize,
    /// Bytes of messages that wait in mailboxes.
    pub mailbox_bytes: usize,
}

/// The rooms of this process. Cheap to clone.
#[derive(Clone)]
pub struct Rooms(Arc<Inner>);

struct Inner {
    log: Arc<dyn DocumentLog>,
}

impl Rooms {
    /// No room open yet. `store_failed` is called (from any task, possibly often) when the store has said
    /// [`StoreError::Failed`]: nothing more can be written until the process starts afresh.
    pub fn new(
        log: Arc<dyn DocumentLog>,
        settings: RoomsSettings,
        store_failed: impl Fn(&StoreError) + Send + Sync + 'static,
    ) -> Self {
        let _ = (settings, store_failed);
        Self(Arc::new(Inner { log }))
    }

    /// Asks `access` again for everybody concerned and carries out the difference in open sockets. Call it
    /// once the change is committed. `access` answers `None` where nothing is granted (any more).
    ///
    /// Once this returns nothing is accepted from those whose access ended, and nothing but one close frame
    /// is written to their sockets for that document. It does not wait for durability.
    pub async fn access_changed<F>(&self, affected: Affected, access: impl Fn(UserId, DocumentId) -> F)
    where
        F: Future<Output = Option<Access>> + Send,
    {
        let _ = (affected, &access);
    }

    /// A document's state as one Yjs v1 update, or what is missing against `state_vector`; only what is
    /// durable when this returns.
    pub async fn state(
        &self,
        document: DocumentId,
        state_vector: Option<Bytes>,
    ) -> Result<Bytes, StateError> {
        let _ = state_vector;
        self.0.log.load(document).await?;
        Err(StateError::Unanswered)
    }

    /// Closes every connection with the code for a restart, waits until what was accepted is durable and all
    /// rooms have ended, at most `within`. True when they all did. No room opens afterwards.
    pub async fn shutdown(&self, within: Duration) -> bool {
        let _ = within;
        true
    }

    /// For the metrics.
    pub fn counts(&self) -> RoomCounts {
        RoomCounts::default()
    }
}
