//! What connections send a room, bounded in count and bytes: who sends past the bound waits.

use std::sync::Arc;

use bytes::Bytes;
use plenary_ids::ParticipantId;
use plenary_protocol::Message;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// Messages that may wait.
const COUNT_MAX: usize = 1024;

/// Bytes of messages that may wait or be in the room's hands; a single larger message has the mailbox to itself.
/// Also the most that one turn of a room merges, for it takes everything that waits.
const BYTES_MAX: u32 = 4 * 1024 * 1024;

/// One thing for a room, in the order it came.
#[derive(Debug)]
pub(super) enum Mail {
    /// A participant sent something.
    Message(ParticipantId, Message, OwnedSemaphorePermit),
    /// A participant has left; its last messages are before this.
    Leave(ParticipantId),
    /// Somebody asks for the document.
    State(Option<Bytes>, oneshot::Sender<Result<Bytes, ()>>),
}

/// The room has ended.
#[derive(Debug)]
pub(crate) struct RoomEnded;

/// The sending side. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    mail: mpsc::Sender<Mail>,
    bytes: Arc<Semaphore>,
}

impl Mailbox {
    /// A mailbox, and where the room reads it.
    pub(super) fn new() -> (Self, mpsc::Receiver<Mail>) {
        let (mail, read) = mpsc::channel(COUNT_MAX);
        let bytes = Arc::new(Semaphore::new(BYTES_MAX as usize));
        (Self { mail, bytes }, read)
    }

    /// Sends a message of `size_bytes`, after waiting for its turn and a slot. Dropped while it waits, nothing
    /// was sent.
    pub(crate) async fn post(
        &self,
        participant: ParticipantId,
        message: Message,
        size_bytes: usize,
    ) -> Result<(), RoomEnded> {
        let permits = u32::try_from(size_bytes).unwrap_or(u32::MAX).clamp(1, BYTES_MAX);
        let permit = Arc::clone(&self.bytes).acquire_many_owned(permits).await;
        let permit = permit.map_err(|_| RoomEnded)?;
        self.send(Mail::Message(participant, message, permit)).await
    }

    /// Says that a participant has left, after everything it has sent.
    pub(crate) async fn leave(&self, participant: ParticipantId) {
        // A room that has ended has forgotten everybody.
        let _ = self.send(Mail::Leave(participant)).await;
    }

    /// Asks for the state; `None` when the room has ended instead.
    pub(super) async fn state(&self, state_vector: Option<Bytes>) -> Option<Result<Bytes, ()>> {
        let (answer, answered) = oneshot::channel();
        self.send(Mail::State(state_vector, answer)).await.ok()?;
        answered.await.ok()
    }

    async fn send(&self, mail: Mail) -> Result<(), RoomEnded> {
        self.mail.send(mail).await.map_err(|_| RoomEnded)
    }

    /// Bytes that wait or are in the room's hands.
    pub(super) fn waiting_bytes(&self) -> usize {
        BYTES_MAX as usize - self.bytes.available_permits()
    }
}
