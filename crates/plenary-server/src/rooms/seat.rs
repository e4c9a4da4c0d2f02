//! One participation, as the room's task, the registry and the connection share it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use bytes::Bytes;
use plenary_ids::{DocumentId, ParticipantId, UserId};
use plenary_permissions::Access;
use plenary_protocol::{AuthMessage, CloseReason, Message, SyncMessage};
use plenary_room::{Backlog, Dialect};

use super::registry::RoomHandle;
use crate::{
    auth::{GuestOf, Identity, Via},
    limits::Account,
    websocket::outbox::{Outbox, Waiting},
};

/// Who comes in, and where what the room sends goes to.
pub(crate) struct Joining {
    /// To which document.
    pub(crate) document: DocumentId,
    /// Who.
    pub(crate) identity: Identity,
    /// What it may do there.
    pub(crate) access: Access,
    /// How it speaks.
    pub(crate) dialect: Dialect,
    /// What each frame to it begins with.
    pub(crate) prefix: Bytes,
    /// Whether it told a provider version: those without do not know CLOSE.
    pub(crate) knows_close: bool,
    /// The connection's.
    pub(crate) outbox: Arc<Outbox>,
    /// What the user uses.
    pub(crate) account: Arc<Account>,
}

/// One joining of one room.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) participant: ParticipantId,
    pub(crate) document: DocumentId,
    pub(crate) user: UserId,
    pub(crate) room: RoomHandle,
    pub(crate) backlog: Backlog,
    pub(crate) account: Arc<Account>,
    dialect: Dialect,
    prefix: Bytes,
    knows_close: bool,
    outbox: Arc<Outbox>,
    /// On what the access rests; a renewed credential replaces it.
    identity: Mutex<Identity>,
    /// What the room was last told it may do.
    access: Mutex<Access>,
    /// When it last wrote, ms since 1970; 0 before.
    wrote_at_ms: AtomicU64,
    /// Set under the outbox's lock, so that nothing is queued behind it.
    ended: AtomicBool,
}

impl Seat {
    pub(super) fn new(joining: Joining, participant: ParticipantId, room: RoomHandle) -> Self {
        Self {
            participant,
            document: joining.document,
            user: joining.identity.user,
            room,
            backlog: Backlog::of(joining.account.backlog.clone()),
            account: joining.account,
            dialect: joining.dialect,
            prefix: joining.prefix,
            knows_close: joining.knows_close,
            outbox: joining.outbox,
            identity: Mutex::new(joining.identity),
            access: Mutex::new(joining.access),
            wrote_at_ms: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        }
    }

    /// Somebody sits there and writes: that is use of what the access rests on. A page that is merely open is not, and
    /// what it sends of itself neither.
    pub(crate) fn heard(&self, message: &Message, now_ms: u64) {
        if matches!(message, Message::Sync(SyncMessage::Update(_) | SyncMessage::Step2(_))) {
            self.wrote_at_ms.store(now_ms, Ordering::Relaxed);
        }
    }

    /// When it last wrote, ms since 1970; 0 if it has not.
    pub(super) fn wrote_at_ms(&self) -> u64 {
        self.wrote_at_ms.load(Ordering::Relaxed)
    }

    /// Whether the room, or whoever took the access away, has ended it.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Under the outbox's lock only. True if it had ended before.
    pub(crate) fn mark_ended(&self) -> bool {
        self.ended.swap(true, Ordering::SeqCst)
    }

    /// Whether the client told a provider version.
    pub(crate) fn knows_close(&self) -> bool {
        self.knows_close
    }

    /// Queues a frame of the room.
    pub(super) fn send(self: &Arc<Self>, frame: Bytes) {
        self.outbox.push_for(self, frame);
    }

    /// Ends the participation and says why: closes the socket, or in the Hocuspocus dialect only the document
    /// where the reason concerns only that.
    pub(crate) fn end(&self, reason: CloseReason) {
        let waiting = match reason {
            CloseReason::Removed | CloseReason::BadToken | CloseReason::NotFound => Waiting::Discarded,
            _ => Waiting::Written,
        };
        if self.dialect == Dialect::YWebsocket {
            if waiting == Waiting::Discarded {
                self.outbox.end_seat(self, None);
            }
            self.outbox.close(reason, waiting);
        } else if ends_the_socket(reason) {
            self.outbox.close(reason, waiting);
        } else {
            let text = reason.text().to_owned();
            // Providers of version 2 throw on CLOSE, and cannot be told from those of version 3.
            let last_word = match self.knows_close {
                true => Message::Close(Some(text)),
                false => Message::Auth(AuthMessage::Denied(text)),
            };
            self.outbox.end_seat(self, Some(last_word.encode(&self.prefix)));
        }
    }

    /// Returns once nothing that was on its way for this participation can leave any more.
    pub(super) async fn settled(&self) {
        self.outbox.settled(super::SETTLE_WITHIN).await;
    }

    /// On what the access rests.
    pub(crate) fn identity(&self) -> Identity {
        self.identity.lock().expect("nothing panics while it is held").clone()
    }

    /// Of a guest: by which link they came.
    pub(super) fn guest(&self) -> Option<GuestOf> {
        self.identity.lock().expect("nothing panics while it is held").guest
    }

    /// Whether the access rests on the word of an embedding site.
    pub(super) fn is_embedded(&self) -> bool {
        matches!(self.identity.lock().expect("nothing panics while it is held").via, Via::Embedded(..))
    }

    /// Of a guest: the name they came in with.
    pub(crate) fn guest_name(&self) -> Option<String> {
        let identity = self.identity.lock().expect("nothing panics while it is held");
        identity.guest.is_some().then(|| identity.name.clone())
    }

    /// From here on the access rests on a renewed credential of the same user.
    pub(crate) fn renew(&self, identity: Identity) {
        *self.identity.lock().expect("nothing panics while it is held") = identity;
    }

    /// What the room was last told it may do.
    pub(crate) fn access(&self) -> Access {
        *self.access.lock().expect("nothing panics while it is held")
    }

    /// Notes what it may do from here on; true if that is something else than before.
    pub(super) fn note_access(&self, access: Access) -> bool {
        let mut noted = self.access.lock().expect("nothing panics while it is held");
        std::mem::replace(&mut *noted, access) != access
    }
}

/// Whether a reason concerns the whole socket, though it may carry other documents.
fn ends_the_socket(reason: CloseReason) -> bool {
    match reason {
        CloseReason::Restart
        | CloseReason::StoreDown
        | CloseReason::Internal
        | CloseReason::Malformed
        | CloseReason::TimedOut
        | CloseReason::TooFast => true,
        CloseReason::BadToken
        | CloseReason::Removed
        | CloseReason::NotFound
        | CloseReason::Replaced
        | CloseReason::TooLarge
        | CloseReason::Refused
        | CloseReason::Busy
        | CloseReason::Expired => false,
    }
}
