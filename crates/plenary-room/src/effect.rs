//! What a room wants done.

use bytes::Bytes;
use plenary_ids::{ParticipantId, UserId};
use plenary_protocol::CloseReason;

/// Counts a document's records, from 1.
pub type Seq = u64;

/// One thing to do. Effects are carried out in order; none of them may wait for a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Read the document from the store and answer with `Input::Loaded` or `Input::LoadFailed`. The first
    /// effect of a room; again when a merge went wrong and the document must be built afresh.
    Load,
    /// Append these records and answer with `Input::Appended` or `Input::AppendFailed`. At most one is under
    /// way at a time.
    Append(Vec<NewRecord>),
    /// Store a snapshot; everything it covers is durable. No answer is owed: if it fails, nothing is lost.
    Snapshot {
        /// The last record it covers.
        seq: Seq,
        /// The state as one Yjs v1 update.
        state: Bytes,
        /// Who wrote what of it, encoded.
        attribution: Bytes,
    },
    /// Queue a frame for a participant's socket. Its bytes are already in the participant's backlog.
    Send {
        /// To whom.
        participant: ParticipantId,
        /// A whole WebSocket binary message.
        frame: Bytes,
    },
    /// End a participation: in the y-websocket dialect close the socket with the reason's code, in the
    /// Hocuspocus dialect send CLOSE with its text for the one document (or close the socket where the reason
    /// says so). The room has already forgotten the participant.
    Close {
        /// Whose.
        participant: ParticipantId,
        /// Why.
        reason: CloseReason,
    },
    /// The answer to `Input::State`.
    State {
        /// As asked.
        request: u64,
        /// The state, or the part that was missing, as one Yjs v1 update; `Err` when the state vector asked
        /// with was malformed.
        update: Result<Bytes, ()>,
    },
    /// The room has been empty for long enough and everything is durable: drop it. The driver may refuse by
    /// going on.
    Stop,
}

/// One accepted update of one author: to be appended, or as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// Who wrote it.
    pub user: UserId,
    /// Time of acceptance, milliseconds since 1970 UTC.
    pub at_ms: u64,
    /// The update, Yjs v1, as the gate admitted it.
    pub update: Bytes,
    /// The Yjs clients for whom its author only passed something on; mostly none.
    pub relayed: Vec<u64>,
}
