//! The rooms of this process: which are open, how to come in, and what the rest of the server asks of them.
//!
//! `registry` knows which are open, `task` drives one, `mailbox` is what connections send it, `seat` is one
//! participation, `compaction` looks after the documents that nobody has open.

mod compaction;
mod growth;
mod mailbox;
mod registry;
mod seat;
mod stored;
mod task;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::join_all;
use plenary_gate::StateVector;
use plenary_ids::{DocumentId, GuestLinkId, ParticipantId, UserId};
use plenary_protocol::CloseReason;
use plenary_room::{Attribution, Join, LiveDocument, RoomSettings};
use plenary_storage::{DocumentLog, Seq, StoreError};
use tokio::sync::{Mutex, oneshot};

use self::registry::{Control, NoSeat, Registry};
pub(crate) use self::{
    mailbox::RoomEnded,
    seat::{Joining, Seat},
    stored::{load, retell},
};
use crate::{
    auth::Identity,
    clock::Clock,
    directory::{Denied, Directory},
    limits::Limit,
};

/// How long a socket that was written to while somebody's access was taken away may take to finish that write.
const SETTLE_WITHIN: Duration = Duration::from_secs(1);

/// How often a question is put to a document whose room ends while it is asked.
const STATE_TRIES_MAX: usize = 3;

/// Times and bounds of the rooms.
#[derive(Clone, Debug)]
pub struct RoomsSettings {
    /// How long a room without participants stays in memory.
    pub idle_after: Duration,
    /// A snapshot is due when the tail passes this and half of the last snapshot.
    pub snapshot_tail_bytes_min: u64,
    /// A snapshot is due when the oldest record of the tail is older than this.
    pub snapshot_age_max: Duration,
    /// A document whose state has this many bytes does not grow any more.
    pub document_bytes_max: usize,
    /// At most so many take part in a room.
    pub participants_max: usize,
}

impl Default for RoomsSettings {
    fn default() -> Self {
        Self {
            idle_after: Duration::from_secs(60),
            snapshot_tail_bytes_min: 64 * 1024,
            snapshot_age_max: Duration::from_secs(600),
            document_bytes_max: RoomSettings::default().document_bytes_max,
            participants_max: 1_000,
        }
    }
}

impl RoomsSettings {
    fn room(&self) -> RoomSettings {
        let milliseconds = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        RoomSettings {
            idle_after_ms: milliseconds(self.idle_after),
            snapshot_tail_bytes_min: usize::try_from(self.snapshot_tail_bytes_min).unwrap_or(usize::MAX),
            snapshot_age_ms: milliseconds(self.snapshot_age_max),
            document_bytes_max: self.document_bytes_max,
            ..RoomSettings::default()
        }
    }
}

/// Whose access may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Affected {
    /// Everything one user has open, and what guests have whose link rests on that user's rights: a role, a
    /// membership, an account, a token.
    User(UserId),
    /// Everybody who came by this link.
    GuestLink(GuestLinkId),
    /// Everybody for whom an embedding site vouches: a key, a grant.
    Embedded,
    /// Everybody in these documents: a stage, a deletion.
    Documents(Vec<DocumentId>),
}

impl Affected {
    fn covers(&self, seat: &Seat) -> bool {
        match self {
            Self::User(user) => {
                seat.user == *user || seat.guest().is_some_and(|guest| guest.creator == *user)
            }
            Self::GuestLink(link) => seat.guest().is_some_and(|guest| guest.link == *link),
            Self::Embedded => seat.is_embedded(),
            Self::Documents(documents) => documents.contains(&seat.document),
        }
    }
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
    /// What is stored does not make a document.
    #[error("the document is damaged")]
    Damaged,
    /// The room ended while it was asked, or its store failed.
    #[error("the room did not answer")]
    Unanswered,
}

/// Nobody came in, because of this.
#[derive(Debug)]
pub(crate) struct NotJoined(pub(crate) CloseReason);

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
    clock: Clock,
    settings: RoomsSettings,
    registry: Registry,
    participants: AtomicU64,
    /// Counts the calls of `access_changed`.
    access_changes: AtomicU64,
    /// Held while rights are asked for and the answers carried out, so that an older answer never follows a newer.
    changing_access: Mutex<()>,
}

impl Rooms {
    /// No room open yet.
    pub fn new(log: Arc<dyn DocumentLog>, clock: Clock, settings: RoomsSettings) -> Self {
        Self(Arc::new(Inner {
            log,
            clock,
            settings,
            registry: Registry::default(),
            participants: AtomicU64::new(1),
            access_changes: AtomicU64::new(0),
            changing_access: Mutex::new(()),
        }))
    }

    /// A number to remember before asking what somebody may do; [`join`](Self::join) wants it.
    pub(crate) fn access_changes(&self) -> u64 {
        self.0.access_changes.load(Ordering::SeqCst)
    }

    /// Takes a seat in a document's room, which is opened if it is not.
    ///
    /// `asked_at` is what [`access_changes`](Self::access_changes) said before `joining.access` was asked for: if
    /// rights have changed since, they are asked for again before anything of the room is sent, so that nobody slips
    /// in on an answer of before. The seat says what access it came to.
    pub(crate) async fn join(
        &self,
        mut joining: Joining,
        mut asked_at: u64,
        directory: &Directory,
    ) -> Result<Arc<Seat>, NotJoined> {
        let participant = ParticipantId(self.0.participants.fetch_add(1, Ordering::Relaxed));
        let document = joining.document;
        let authorship =
            directory.authorship(document).await.map_err(|_| NotJoined(CloseReason::StoreDown))?;
        loop {
            let ended = self.0.registry.room_ended.notified();
            tokio::pin!(ended);
            // Counted from here on, so that no end is missed between the look and the wait.
            ended.as_mut().enable();
            let mut comes = Some(joining);
            let joined = self.0.registry.join(
                document,
                self.0.settings.participants_max,
                // A change that comes later finds the seat.
                || self.access_changes() == asked_at,
                |room| {
                    let joining = comes.take().expect("it comes once");
                    let (dialect, prefix, access) = (joining.dialect, joining.prefix.clone(), joining.access);
                    let seat = Arc::new(Seat::new(joining, participant, room));
                    let (user, backlog) = (seat.user, seat.backlog.clone());
                    (Join { participant, user, dialect, prefix, access, authorship, backlog }, seat)
                },
                |inlets| task::start(Arc::clone(&self.0), document, inlets),
            );
            match joined {
                Ok(seat) => return Ok(seat),
                Err(NoSeat::Outdated) => {}
                Err(NoSeat::Ending) => {
                    ended.await;
                    joining = comes.expect("nobody has come");
                    continue;
                }
                Err(NoSeat::Shut) => return Err(NotJoined(CloseReason::Restart)),
                Err(NoSeat::Full) => {
                    Limit::ConnectionsPerDocument.refuses();
                    return Err(NotJoined(CloseReason::Busy));
                }
            }
            joining = comes.expect("nobody has come");
            asked_at = self.access_changes();
            let grant = directory.access(&joining.identity, document).await;
            joining.access = grant.map_err(|denied| NotJoined(denied.reason()))?.access;
        }
    }

    /// Asks `directory` again for everybody concerned and carries out the difference in open sockets. Call it
    /// once the change is committed.
    ///
    /// Once this returns nothing is accepted from those whose access ended, and nothing but one close frame
    /// is written to their sockets for that document. It does not wait for durability; a socket that does not
    /// take what was being written to it within a second is dropped.
    pub async fn access_changed(&self, affected: Affected, directory: &Directory) {
        self.0.access_changes.fetch_add(1, Ordering::SeqCst);
        let seats = self.0.registry.seats(|seat| affected.covers(seat));
        self.ask_again(seats, directory).await;
    }

    /// Asks once more what one participation may do, as when its credential was renewed or has run out.
    pub(crate) async fn ask_again_for(&self, seat: &Arc<Seat>, directory: &Directory) {
        self.ask_again(vec![Arc::clone(seat)], directory).await;
    }

    async fn ask_again(&self, seats: Vec<Arc<Seat>>, directory: &Directory) {
        let mut ended = Vec::new();
        let mut answers = Vec::new();
        {
            let _one_at_a_time = self.0.changing_access.lock().await;
            for seat in seats {
                let (done, answer) = oneshot::channel();
                let (participant, control) = (seat.participant, &seat.room.control);
                let told = match directory.access(&seat.identity(), seat.document).await {
                    Ok(grant) if !seat.note_access(grant.access) => continue,
                    Ok(grant) => control.send(Control::SetAccess(participant, grant.access, done)),
                    Err(denied) => {
                        seat.end(match denied {
                            Denied::NotFound => CloseReason::Removed,
                            denied => denied.reason(),
                        });
                        ended.push(Arc::clone(&seat));
                        control.send(Control::Remove(participant, done))
                    }
                };
                // A room that has ended has forgotten everybody.
                if told.is_ok() {
                    answers.push(answer);
                }
            }
        }
        for answer in answers {
            let _ = answer.await;
        }
        // Side by side: several may be slow.
        join_all(ended.iter().map(|seat| seat.settled())).await;
    }

    /// A document's state as one Yjs v1 update, or what is missing against `state_vector`; only what is
    /// durable when this returns.
    pub async fn state(
        &self,
        document: DocumentId,
        state_vector: Option<Bytes>,
    ) -> Result<Bytes, StateError> {
        if let Some(encoded) = &state_vector {
            StateVector::read(encoded).map_err(|_| StateError::MalformedStateVector)?;
        }
        for _ in 0..STATE_TRIES_MAX {
            let Some(room) = self.0.registry.find(document) else {
                return self.stored_state(document, state_vector).await;
            };
            if let Some(answer) = room.mailbox.state(state_vector.clone()).await {
                return answer.map_err(|()| StateError::Unanswered);
            }
        }
        Err(StateError::Unanswered)
    }

    /// The state of a document that nobody has open, without opening a room for it.
    async fn stored_state(
        &self,
        document: DocumentId,
        state_vector: Option<Bytes>,
    ) -> Result<Bytes, StateError> {
        let theirs = state_vector.map(|encoded| StateVector::read(&encoded)).transpose();
        let theirs = theirs.map_err(|_| StateError::MalformedStateVector)?;
        let loaded = load(&*self.0.log, document).await?;
        let built = tokio::task::spawn_blocking(move || {
            let document = LiveDocument::load(&loaded)?;
            match theirs {
                Some(theirs) => document.diff(&theirs),
                None => document.state(),
            }
        });
        built.await.map_err(|_| StateError::Damaged)?.map_err(|error| {
            tracing::error!(%document, %error, "document not built from the store");
            StateError::Damaged
        })
    }

    /// Who wrote what of a document, up to which record; only what is durable.
    pub async fn attribution(&self, document: DocumentId) -> Result<(Seq, Attribution), StateError> {
        // The store has all that is durable, whether a room is open or not.
        let loaded = load(&*self.0.log, document).await?;
        let built = tokio::task::spawn_blocking(move || (loaded.head(), Attribution::load(&loaded)));
        let (seq, attribution) = built.await.map_err(|_| StateError::Damaged)?;
        let attribution = attribution.map_err(|error| {
            tracing::error!(%document, %error, "attribution not read from the store");
            StateError::Damaged
        })?;
        Ok((seq, attribution))
    }

    /// Closes every connection with the code for a restart, waits until what was accepted is durable and all
    /// rooms have ended, at most `within`. True when they all did. No room opens afterwards.
    pub async fn shutdown(&self, within: Duration) -> bool {
        self.0.registry.shut();
        let all_ended = async {
            loop {
                let ended = self.0.registry.room_ended.notified();
                tokio::pin!(ended);
                // Counted from here on, so that no end is missed between the look and the wait.
                ended.as_mut().enable();
                if self.counts().rooms == 0 {
                    return;
                }
                ended.await;
            }
        };
        tokio::time::timeout(within, all_ended).await.is_ok()
    }

    /// Writes snapshots for documents that nobody has open, for as long as the process lives.
    pub async fn look_after_idle_documents(&self) {
        compaction::run(&self.0).await;
    }

    /// Who takes part in any room just now, once for each participation, and when they last wrote there, ms since
    /// 1970, or 0.
    pub fn present(&self) -> Vec<(Identity, u64)> {
        self.0.registry.seats(|_| true).iter().map(|seat| (seat.identity(), seat.wrote_at_ms())).collect()
    }

    /// For the metrics.
    pub fn counts(&self) -> RoomCounts {
        let (rooms, participants, mailbox_bytes) = self.0.registry.counts();
        RoomCounts { rooms, participants, mailbox_bytes }
    }
}
