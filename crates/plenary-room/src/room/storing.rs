//! What the store is asked and answers: loading, appending, snapshots, and starting over.

use std::{mem, sync::Arc};

use plenary_ids::ParticipantId;
use plenary_protocol::CloseReason;
use tracing::warn;

use super::{IDLE_SNAPSHOT_DIVISOR, Phase, Room, Size};
use crate::{
    barrier::Held,
    document::LiveDocument,
    effect::{Effect, Seq},
    input::LoadedDocument,
    participant::Participant,
    presence::Presence,
    settings::PlantedBug,
};

impl Room {
    pub(super) fn loaded(&mut self, now_ms: u64, stored: &LoadedDocument) {
        if !matches!(self.phase, Phase::Loading) {
            return;
        }
        let head = stored.head();
        let document = LiveDocument::load(stored).and_then(|mut document| {
            // What was merged and not yet handed to the store: it passed the gate, so it does again.
            for record in &self.pending {
                document.admit_again(record)?;
            }
            Ok(document)
        });
        match document {
            Ok(document) => {
                self.durable = head;
                self.merged = head + self.pending.len() as Seq;
                self.snapshot_bytes = stored.snapshot.as_ref().map_or(0, |snapshot| snapshot.state.len());
                let tail_bytes: usize = stored.tail.iter().map(|record| record.update.len()).sum();
                self.tail_bytes = tail_bytes + self.pending_bytes;
                self.size = Size::about(self.snapshot_bytes + self.tail_bytes);
                self.tail_since_ms = (self.tail_bytes > 0).then_some(now_ms);
                self.state_vector = Arc::new(document.known().state_vector());
                self.whole = None;
                self.phase = Phase::Live(Box::new(document));
                for id in self.participants.keys().copied().collect::<Vec<_>>() {
                    self.ask_what_was_lost(id);
                    self.greet(id);
                }
                for (id, theirs) in mem::take(&mut self.unanswered) {
                    self.answer_step1(id, theirs);
                }
                self.take_turns(now_ms);
                self.answer_states();
            }
            Err(error) => {
                warn!(document = %self.id, %error, "document does not load");
                self.give_up(CloseReason::Internal);
            }
        }
    }

    /// Drops the document and has it loaded again, once the store has answered for what is under way.
    pub(super) fn load_again(&mut self) {
        self.phase = Phase::Loading;
        self.whole = None;
        for participant in self.participants.values_mut() {
            participant.asked.iter_mut().for_each(|ask| ask.is_stale = true);
        }
        if self.in_flight == 0 {
            self.effects.push(Effect::Load);
        }
    }

    /// Closes everybody and ends.
    pub(super) fn give_up(&mut self, reason: CloseReason) {
        for participant in mem::take(&mut self.participants).into_keys() {
            self.effects.push(Effect::Close { participant, reason });
        }
        self.fail_states();
        self.presence = Presence::default();
        self.waiting.clear();
        self.pending.clear();
        self.pending_bytes = 0;
        self.phase = Phase::Failed;
        self.effects.push(Effect::Stop);
    }

    pub(super) fn append(&mut self) {
        if self.in_flight > 0 || self.pending.is_empty() || !matches!(self.phase, Phase::Live(_)) {
            return;
        }
        self.in_flight = self.pending.len();
        self.in_flight_bytes = mem::take(&mut self.pending_bytes);
        self.effects.push(Effect::Append(mem::take(&mut self.pending)));
    }

    pub(super) fn appended(&mut self, now_ms: u64, seq: Seq) {
        let expected = self.durable + mem::take(&mut self.in_flight) as Seq;
        self.in_flight_bytes = 0;
        if matches!(self.phase, Phase::Failed) {
            return;
        }
        assert_eq!(seq, expected, "one room at a time appends to a document");
        self.durable = seq;
        match self.phase {
            Phase::Loading => self.effects.push(Effect::Load),
            _ => self.take_turns(now_ms),
        }
    }

    /// The store has no space. What is not durable leaves the document again: clients keep it and are asked for it
    /// when there may be space, so that whoever comes meanwhile is served from what is durable.
    pub(super) fn no_space(&mut self, now_ms: u64) {
        warn!(document = %self.id, "no space to store updates");
        self.in_flight = 0;
        self.in_flight_bytes = 0;
        self.pending.clear();
        self.pending_bytes = 0;
        self.merged = self.durable;
        self.full_until_ms = Some(now_ms + self.settings.full_retry_ms);
        for (_, held) in self.barrier.take() {
            match held {
                Held::Status { participant: id, counting, applied: true } => {
                    if let Some(participant) = self.participants.get_mut(&id)
                        && participant.counting == counting
                    {
                        participant.leave_unpaid();
                    }
                }
                Held::Answer { participant: id, .. } => {
                    if let Some(participant) = self.participants.get_mut(&id) {
                        participant.deferred.push(held);
                    }
                }
                Held::Ask { participant: id, .. } => {
                    if let Some(participant) = self.participants.get_mut(&id) {
                        participant.asks_lost += 1;
                    }
                }
                Held::Step2 { participant: id, theirs, .. } => {
                    if let Some(participant) = self.participants.get_mut(&id) {
                        participant.has_step2_held = false;
                        self.unanswered.push((id, theirs));
                    }
                }
                Held::CatchUp { participant: id, .. } => {
                    if let Some(behind) = self.participants.get_mut(&id).and_then(|p| p.behind.as_mut()) {
                        behind.is_catching_up = false;
                    }
                }
                Held::State { request, .. } => self.waiting_states.push((request, None)),
                Held::Status { .. } | Held::Update { .. } | Held::Snapshot { .. } => {}
            }
        }
        self.load_again();
    }

    pub(super) fn store_failed(&mut self) {
        warn!(document = %self.id, "the store failed; closing writers");
        let writers: Vec<_> =
            self.participants.iter().filter(|(_, p)| p.may_write()).map(|(id, _)| *id).collect();
        for participant in writers {
            self.participants.remove(&participant);
            self.effects.push(Effect::Close { participant, reason: CloseReason::StoreDown });
        }
        self.fail_states();
        self.waiting.clear();
        self.pending.clear();
        self.pending_bytes = 0;
        self.phase = Phase::Failed;
    }

    pub(super) fn tick(&mut self, now_ms: u64) {
        if self.full_until_ms.is_some_and(|until_ms| until_ms <= now_ms)
            && matches!(self.phase, Phase::Live(_))
        {
            self.full_until_ms = None;
            for id in self.participants.keys().copied().collect::<Vec<_>>() {
                let participant = &self.participants[&id];
                // Who is owed an acknowledgement is asked, too, though it may only read by now: the text that was
                // lost comes back and is refused by name, before anything that follows it is called durable.
                let is_owed = participant.unpaid > 0 || !participant.deferred.is_empty();
                if (participant.may_write() || is_owed) && participant.asked.is_empty() {
                    self.ask(id, false);
                }
                self.pay_deferred(id);
            }
        }
        for id in self.drained() {
            self.catch_up(id);
        }
        self.snapshot_if_due(now_ms);
        self.stop_if_idle(now_ms);
    }

    /// Participants that wait although nothing waits for their socket any more.
    pub(super) fn drained(&self) -> Vec<ParticipantId> {
        let is_drained = |participant: &Participant| {
            let waits = participant.behind.is_some() || participant.asks_for.is_some();
            let waits = waits && !participant.has_step2_held;
            (waits || participant.misses_presence) && participant.backlog.bytes() == 0
        };
        self.participants
            .iter()
            .filter(|(_, participant)| is_drained(participant))
            .map(|(id, _)| *id)
            .collect()
    }

    pub(super) fn snapshot_if_due(&mut self, now_ms: u64) {
        let is_large = self.tail_bytes > self.settings.snapshot_tail_bytes_min.max(self.snapshot_bytes / 2);
        let is_old = self
            .tail_since_ms
            .is_some_and(|since_ms| now_ms.saturating_sub(since_ms) >= self.settings.snapshot_age_ms);
        if is_large || is_old {
            self.snapshot();
        }
    }

    /// Takes a snapshot of what is merged; like every answer it leaves when that is durable.
    pub(super) fn snapshot(&mut self) {
        let Phase::Live(document) = &self.phase else {
            return;
        };
        let Ok(state) = document.state() else {
            return self.load_again();
        };
        self.snapshot_bytes = state.len();
        self.size.bytes = state.len();
        self.tail_bytes = 0;
        self.tail_since_ms = None;
        let attribution = document.attribution().encode();
        let held = Held::Snapshot { seq: self.merged, state, attribution };
        self.hold(held, PlantedBug::SnapshotOfUndurableHead);
    }

    pub(super) fn stop_if_idle(&mut self, now_ms: u64) {
        let Some(since_ms) = self.empty_since_ms else {
            if self.participants.is_empty() {
                self.empty_since_ms = Some(now_ms);
            }
            return;
        };
        let is_idle = now_ms.saturating_sub(since_ms) >= self.settings.idle_after_ms;
        let is_settled = self.in_flight == 0 && self.pending.is_empty() && self.barrier.is_empty();
        if !self.participants.is_empty() || !is_idle || !is_settled || !self.waiting_states.is_empty() {
            return;
        }
        if self.tail_bytes > self.snapshot_bytes / IDLE_SNAPSHOT_DIVISOR {
            self.snapshot();
            self.release();
        }
        self.effects.push(Effect::Stop);
    }
}
