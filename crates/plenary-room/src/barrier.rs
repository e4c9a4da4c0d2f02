//! The barrier: what was made at a head and leaves when that head is durable.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use plenary_gate::StateVector;
use plenary_ids::ParticipantId;

use crate::{effect::Seq, input::Reserved};

/// One thing that waits.
#[derive(Debug)]
pub(crate) enum Held {
    /// A frame for one participant.
    Answer { participant: ParticipantId, frame: Bytes },
    /// A step 1 of ours.
    Ask { participant: ParticipantId, frame: Bytes },
    /// The answer to a step 1 with the state vector `theirs`: from here on the participant is sent updates.
    Step2 { participant: ParticipantId, frame: Bytes, theirs: Bytes, reserved: Reserved },
    /// The diff for a participant that had been left behind.
    CatchUp { participant: ParticipantId, frame: Bytes, reserved: Reserved },
    /// A SyncStatus. Void when the participant has begun to count anew meanwhile.
    Status { participant: ParticipantId, counting: u64, applied: bool },
    /// A merged update for everybody but its only author. `before` is the state it leads on from.
    Update { frames: SharedFrame, author: Option<ParticipantId>, before: Arc<StateVector> },
    /// A snapshot for the store.
    Snapshot { seq: Seq, state: Bytes, attribution: Bytes },
    /// An answer to `GET state`.
    State { request: u64, update: Bytes },
}

/// First in, first out; heads never fall.
#[derive(Debug, Default)]
pub(crate) struct Barrier {
    held: VecDeque<(Seq, Held)>,
}

impl Barrier {
    pub(crate) fn push(&mut self, head: Seq, held: Held) {
        self.held.push_back((head, held));
    }

    /// Only for planted bugs.
    pub(crate) fn push_past(&mut self, held: Held) {
        self.held.push_front((0, held));
    }

    pub(crate) fn pop_due(&mut self, durable: Seq) -> Option<Held> {
        let (head, _) = self.held.front()?;
        if *head > durable {
            return None;
        }
        self.held.pop_front().map(|(_, held)| held)
    }

    /// Empties it, for when what it was made from is no longer in the document.
    pub(crate) fn take(&mut self) -> VecDeque<(Seq, Held)> {
        std::mem::take(&mut self.held)
    }

    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

/// One message body as whole frames, one for each address in use, encoded once and shared.
#[derive(Clone, Debug)]
pub(crate) struct SharedFrame {
    body: Bytes,
    by_prefix: Vec<(Bytes, Bytes)>,
}

impl SharedFrame {
    /// `body`: a message encoded with an empty prefix.
    pub(crate) fn new(body: Bytes) -> Self {
        Self { body, by_prefix: Vec::new() }
    }

    pub(crate) fn with(&mut self, prefix: &Bytes) -> Bytes {
        if prefix.is_empty() {
            return self.body.clone();
        }
        if let Some((_, frame)) = self.by_prefix.iter().find(|(known, _)| known == prefix) {
            return frame.clone();
        }
        let frame: Bytes = [prefix.as_ref(), self.body.as_ref()].concat().into();
        self.by_prefix.push((prefix.clone(), frame.clone()));
        frame
    }
}
