//! Turns: a batch before the gate, into the document, and into records.

use std::{collections::BTreeSet, mem, sync::Arc};

use bytes::Bytes;
use plenary_gate::{Limits, Refusal, StateVector};
use plenary_ids::ParticipantId;
use plenary_permissions::Authorship;
use plenary_protocol::{CloseReason, Message, PlenaryMessage, RefusalCode, SyncMessage};
use tracing::debug;

use super::{Admitted, Care, Outcome, Phase, Room, Waiting};
use crate::{
    barrier::{Held, SharedFrame},
    document::{Admission, DocumentError, Slice, Writer},
    effect::NewRecord,
    settings::PlantedBug,
};

impl Room {
    pub(super) fn take_turns(&mut self, now_ms: u64) {
        while matches!(self.phase, Phase::Live(_)) && !self.waiting.is_empty() {
            let careful = self.waiting.iter().position(|waiting| waiting.care != Care::None);
            let count = match careful {
                Some(0) => 1,
                Some(index) => index,
                None => self.waiting.len(),
            };
            let turn: Vec<_> = self.waiting.drain(..count).collect();
            self.turn(now_ms, turn);
        }
    }

    /// Merges a batch and answers its messages in order. If merging fails nothing has been answered yet: the
    /// document is loaded afresh and the messages are taken one by one, so that only the culprit is refused.
    pub(super) fn turn(&mut self, now_ms: u64, messages: Vec<Waiting>) {
        let mut admitted = Vec::new();
        let mut outcomes = Vec::with_capacity(messages.len());
        for waiting in &messages {
            outcomes.push(self.judge(now_ms, waiting, &mut admitted));
        }
        let before = self.state_vector.clone();
        let frames = match self.merge(&admitted) {
            Ok(frames) => frames,
            Err(error) => {
                debug!(document = %self.id, %error, messages = messages.len(), "a turn went wrong");
                let care = if messages.len() == 1 { Care::Refuse } else { Care::Alone };
                for waiting in messages.into_iter().rev() {
                    let care = if waiting.care == Care::Refuse { Care::Refuse } else { care };
                    self.waiting.push_front(Waiting { care, ..waiting });
                }
                self.load_again();
                return;
            }
        };
        let merged =
            messages.iter().zip(&outcomes).filter(|(_, outcome)| matches!(outcome, Some(Outcome::Merged)));
        let authors = merged.map(|(waiting, _)| waiting.participant).collect();
        self.keep(now_ms, authors, admitted, frames, before);

        let mut present = BTreeSet::new();
        let mut announcers = BTreeSet::new();
        for (waiting, outcome) in messages.into_iter().zip(outcomes) {
            let id = waiting.participant;
            if !self.participants.contains_key(&id) {
                continue;
            }
            match waiting.message {
                Message::Sync(SyncMessage::Step1(state_vector)) => self.step1(now_ms, id, state_vector),
                Message::Sync(sync) => {
                    let is_step2 = matches!(sync, SyncMessage::Step2(_));
                    let outcome = outcome.unwrap_or(Outcome::NothingNew);
                    let is_refused = matches!(
                        outcome,
                        Outcome::NotAllowed | Outcome::NoRoom { .. } | Outcome::Refused(..)
                    );
                    if is_refused && self.refuses_too_often(now_ms, id) {
                        self.close(now_ms, id, CloseReason::TooFast);
                        continue;
                    }
                    self.answer(now_ms, id, is_step2, outcome);
                }
                Message::Awareness(update) => {
                    if let Some(client) = self.announce(now_ms, id, &update) {
                        present.insert(client);
                        announcers.insert(id);
                    }
                }
                Message::QueryAwareness => self.tell_everybody(id),
                Message::Plenary(PlenaryMessage::Hello { version }) => self.hello(id, version),
                Message::Plenary(PlenaryMessage::Mark(mark)) => {
                    let frame = self.encode_for(id, &Message::Plenary(PlenaryMessage::Durable(mark)));
                    self.owe(now_ms, id, Held::Answer { participant: id, frame }, PlantedBug::AckBeforeFlush);
                }
                Message::YSweetStatus(status) => {
                    let frame = self.encode_for(id, &Message::YSweetStatus(status));
                    self.owe(now_ms, id, Held::Answer { participant: id, frame }, PlantedBug::AckBeforeFlush);
                }
                // The connection's business, or nobody's.
                _ => {}
            }
        }
        if !present.is_empty() {
            let author = announcers.pop_first().filter(|_| announcers.is_empty());
            self.tell_presence(&present, author);
        }
    }

    /// Counts one refused frame; true when there were too many for too long.
    fn refuses_too_often(&mut self, now_ms: u64, id: ParticipantId) -> bool {
        self.participants.get_mut(&id).is_some_and(|participant| participant.refusals.is_too_fast(now_ms))
    }

    /// The gate's word on a step 2 or update; `None` for other messages. What is admitted is counted as known and
    /// put in `admitted`, beside its author.
    pub(super) fn judge(
        &mut self,
        now_ms: u64,
        waiting: &Waiting,
        admitted: &mut Vec<Admitted>,
    ) -> Option<Outcome> {
        let Message::Sync(SyncMessage::Step2(update) | SyncMessage::Update(update)) = &waiting.message else {
            return None;
        };
        let participant = self.participants.get(&waiting.participant)?;
        let user = participant.user;
        let Phase::Live(document) = &mut self.phase else {
            return None;
        };
        if waiting.care == Care::Refuse {
            return Some(Outcome::Refused(RefusalCode::Malformed, "it cannot be merged".to_owned()));
        }
        let has_space = self.full_until_ms.is_none_or(|until_ms| until_ms <= now_ms);
        let may_write = participant.may_write() || self.settings.has_bug(PlantedBug::AccessNotAsked);
        if !may_write || !has_space {
            let otherwise = if has_space { Outcome::NotAllowed } else { Outcome::NoSpace };
            // What is known is nobody's offence, whoever wrote it.
            let is_known = document.known().has_all_of(update, &Limits::default());
            return Some(if is_known { Outcome::NothingNew } else { otherwise });
        }
        if let Some(size_bytes) = self.has_no_room_for(now_ms, update, admitted) {
            return Some(Outcome::NoRoom { size_bytes });
        }
        let Phase::Live(document) = &mut self.phase else {
            return None;
        };
        let is_step2 = matches!(waiting.message, Message::Sync(SyncMessage::Step2(_)));
        if is_step2 && self.settings.has_bug(PlantedBug::GateSkippedOnStep2) {
            let whole = Slice { update: update.to_vec(), relayed: Vec::new() };
            admitted.push((user, vec![whole]));
            return Some(Outcome::Merged);
        }
        let is_asked = !self.settings.has_bug(PlantedBug::OwnershipSkipped);
        let presence = &self.presence;
        let reserved = |client| if is_asked { presence.reserved(client) } else { None };
        let authorship = if is_asked { self.authorship } else { Authorship::Open };
        let writer = Writer { user, at_ms: now_ms, authorship, reserved: &reserved };
        Some(match document.admit(update, &writer, &Limits::default()) {
            Admission::NothingNew => Outcome::NothingNew,
            Admission::Admitted(slices) => {
                admitted.push((user, slices));
                Outcome::Merged
            }
            Admission::Gap => Outcome::Gap,
            Admission::Refused(refusal) => {
                let code = match refusal {
                    Refusal::ForeignClient { .. } => RefusalCode::Authorship,
                    _ => RefusalCode::Malformed,
                };
                Outcome::Refused(code, refusal.to_string())
            }
        })
    }

    /// Merges what was admitted, in one transaction as far as possible, and returns the merged updates. The slices
    /// of a large update have a transaction each.
    pub(super) fn merge(&mut self, admitted: &[Admitted]) -> Result<Vec<Bytes>, DocumentError> {
        let Phase::Live(document) = &mut self.phase else {
            return Ok(Vec::new());
        };
        let mut frames = Vec::new();
        let mut together: Vec<&[u8]> = Vec::new();
        for (_, slices) in admitted {
            if let [only] = slices.as_slice() {
                together.push(&only.update);
                continue;
            }
            frames.extend(document.merge(&mem::take(&mut together))?);
            for slice in slices {
                frames.extend(document.merge(&[&slice.update])?);
            }
        }
        frames.extend(document.merge(&together)?);
        Ok(frames)
    }

    /// Makes records of what was merged and queues the merged updates for everybody.
    pub(super) fn keep(
        &mut self,
        now_ms: u64,
        mut authors: BTreeSet<ParticipantId>,
        admitted: Vec<Admitted>,
        frames: Vec<Bytes>,
        before: Arc<StateVector>,
    ) {
        let Phase::Live(document) = &self.phase else {
            return;
        };
        if frames.is_empty() {
            return;
        }
        self.state_vector = Arc::new(document.known().state_vector());
        self.whole = None;
        for (user, slices) in admitted {
            for Slice { update, relayed } in slices {
                self.merged += 1;
                self.pending_bytes += update.len();
                self.tail_bytes += update.len();
                self.size.bytes += update.len();
                self.pending.push(NewRecord { user, at_ms: now_ms, update: update.into(), relayed });
            }
        }
        self.tail_since_ms.get_or_insert(now_ms);
        let author = authors.pop_first().filter(|_| authors.is_empty());
        for update in frames {
            let body = Message::Sync(SyncMessage::Update(update)).encode(&[]);
            let held = Held::Update { frames: SharedFrame::new(body), author, before: before.clone() };
            self.hold(held, PlantedBug::BroadcastBeforeFlush);
        }
        self.snapshot_if_due(now_ms);
    }
}
