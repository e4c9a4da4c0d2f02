//! Answers: to step 1s, to updates, to hello, and to `GET state`; and what is owed to whom.

use std::mem;

use bytes::Bytes;
use plenary_gate::StateVector;
use plenary_ids::ParticipantId;
use plenary_protocol::{
    AuthMessage, CloseReason, Message, PLENARY_VERSION, PlenaryMessage, RefusalCode, Scope, SyncMessage,
    Welcome, limits,
};
use tracing::debug;

use super::{ASKED_MAX, DEFERRED_MAX, Outcome, Phase, Room, scope_of};
use crate::{
    barrier::{Held, SharedFrame},
    document::DocumentError,
    effect::Effect,
    input::Dialect,
    participant::Ask,
    settings::PlantedBug,
};

impl Room {
    pub(super) fn step1(&mut self, now_ms: u64, id: ParticipantId, state_vector: Bytes) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        if StateVector::read(&state_vector).is_err() {
            return self.close(now_ms, id, CloseReason::Refused);
        }
        if participant.dialect == Dialect::Hocuspocus {
            if participant.asked.len() >= ASKED_MAX {
                return self.close(now_ms, id, CloseReason::TooFast);
            }
            participant.count_anew();
            self.ask(id, true);
        }
        // A copy, for it may have to wait, and the frame it is part of may be far larger.
        self.answer_step1(id, Bytes::copy_from_slice(&state_vector));
    }

    /// The step 2 for a step 1 with the state vector `theirs`: now, or when the last one has left.
    pub(super) fn answer_step1(&mut self, id: ParticipantId, theirs: Bytes) {
        let Phase::Live(document) = &self.phase else {
            return self.unanswered.push((id, theirs));
        };
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        let backlog = &participant.backlog;
        let is_busy = backlog.is_full(self.settings.outbound_bytes_max) && backlog.mark_behind();
        // Too much waits for its user elsewhere: it is looked at again with each tick.
        let has_to_wait = participant.has_step2_held || is_busy || backlog.is_users_full();
        if has_to_wait {
            participant.asks_for = Some(theirs);
            return;
        }
        let prefix = participant.prefix.clone();
        let state_vector = StateVector::read(&theirs).expect("it was read when it came");
        let frame = if state_vector.iter().next().is_none() {
            self.whole_frame(&prefix)
        } else {
            let step2 = document.diff(&state_vector).map(|diff| Message::Sync(SyncMessage::Step2(diff)));
            step2.map(|step2| step2.encode(&prefix))
        };
        match frame {
            Ok(frame) => {
                let Some(participant) = self.participants.get_mut(&id) else { return };
                participant.has_step2_held = true;
                let reserved = participant.backlog.reserve(frame.len());
                let held = Held::Step2 { participant: id, frame, theirs, reserved };
                self.hold(held, PlantedBug::Step2PastTheBarrier);
            }
            Err(_) => {
                self.unanswered.push((id, theirs));
                self.load_again();
            }
        }
    }

    /// The whole state as a step 2, encoded once for each head however many ask.
    pub(super) fn whole_frame(&mut self, prefix: &Bytes) -> Result<Bytes, DocumentError> {
        let Phase::Live(document) = &self.phase else { unreachable!("only asked of a live document") };
        if self.whole.as_ref().is_none_or(|(head, _)| *head != self.merged) {
            let body = Message::Sync(SyncMessage::Step2(document.state()?)).encode(&[]);
            self.whole = Some((self.merged, SharedFrame::new(body)));
        }
        let (_, frames) = self.whole.as_mut().expect("it was made just now");
        Ok(frames.with(prefix))
    }

    /// Our own step 1. `is_counted`: it goes with the client's.
    pub(super) fn ask(&mut self, id: ParticipantId, is_counted: bool) {
        if let Some(participant) = self.participants.get_mut(&id) {
            participant.asked.push_back(Ask { is_counted, is_stale: false });
            self.hold_ask(id);
        }
    }

    pub(super) fn hold_ask(&mut self, id: ParticipantId) {
        let state_vector = self.state_vector.encode();
        let frame = self.encode_for(id, &Message::Sync(SyncMessage::Step1(state_vector.into())));
        self.barrier.push(self.merged, Held::Ask { participant: id, frame });
    }

    /// Sends the step 1s again that a full disk took with it.
    pub(super) fn ask_what_was_lost(&mut self, id: ParticipantId) {
        let lost =
            self.participants.get_mut(&id).map_or(0, |participant| mem::take(&mut participant.asks_lost));
        (0..lost).for_each(|_| self.hold_ask(id));
    }

    /// Answers one step 2 or update.
    pub(super) fn answer(&mut self, now_ms: u64, id: ParticipantId, is_step2: bool, outcome: Outcome) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        participant.ordinal += u64::from(participant.speaks_plenary);
        let ask = if is_step2 { participant.asked.pop_front() } else { None };
        // An answer to a step 1 that the client did not count must not lower its counter.
        let counts = ask.is_none_or(|ask| ask.is_counted);
        match outcome {
            Outcome::NothingNew | Outcome::Merged => {
                let bug = match outcome {
                    Outcome::NothingNew => PlantedBug::NoOpAcknowledgedEarly,
                    _ => PlantedBug::AckBeforeFlush,
                };
                // A step 2 holds everything the client had, so it pays for what was never acknowledged.
                let unpaid = if is_step2 { mem::take(&mut participant.unpaid) } else { 0 };
                for _ in 0..unpaid {
                    self.owe_status(now_ms, id, true, bug);
                }
                self.owe_status(now_ms, id, counts, bug);
            }
            Outcome::NotAllowed => {
                self.refused.for_access += 1;
                if counts {
                    participant.leave_unpaid();
                }
                let code = match participant.is_refused {
                    true => RefusalCode::Malformed,
                    false => RefusalCode::Role,
                };
                self.tell_refused(id, code, "this connection may only read");
                self.owe_status(now_ms, id, false, PlantedBug::AckBeforeFlush);
            }
            Outcome::NoRoom { size_bytes } => {
                self.refused.for_size += 1;
                if participant.dialect == Dialect::YWebsocket && !participant.speaks_plenary {
                    // It cannot be told otherwise, and must not believe that others see what it wrote.
                    return self.close(now_ms, id, CloseReason::TooLarge);
                }
                if counts {
                    participant.leave_unpaid();
                }
                let limit_bytes = self.settings.document_bytes_max;
                let reason = format!(
                    "the document has {size_bytes} of {limit_bytes} bytes; delete something, or go on in another one"
                );
                self.tell_refused(id, RefusalCode::TooLarge, &reason);
                self.owe_status(now_ms, id, false, PlantedBug::AckBeforeFlush);
            }
            Outcome::NoSpace => {
                if counts {
                    participant.leave_unpaid();
                }
                self.tell_refused(id, RefusalCode::Storage, "the server has no space; keep the text");
            }
            Outcome::Gap if !is_step2 || ask.is_some_and(|ask| ask.is_stale) => {
                // Usual while typing during a return. The step 2 that answers a step 1 of ours holds this update
                // and what it lacks, so there is no need to keep it.
                if counts {
                    participant.leave_unpaid();
                }
                if participant.asked.is_empty() {
                    self.ask(id, false);
                }
            }
            Outcome::Gap => {
                self.refuse(now_ms, id, RefusalCode::Gap, "it needs updates that neither side has");
            }
            Outcome::Refused(code, reason) => self.refuse(now_ms, id, code, &reason),
        }
        if is_step2 {
            self.pay_deferred(id);
        }
    }

    /// Refuses an update for good: the rest of this socket may only read.
    pub(super) fn refuse(&mut self, now_ms: u64, id: ParticipantId, code: RefusalCode, reason: &str) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        debug!(document = %self.id, participant = %id, reason, "update refused");
        self.refused.for_good += 1;
        if participant.dialect == Dialect::YWebsocket && !participant.speaks_plenary {
            return self.close(now_ms, id, CloseReason::Refused);
        }
        let was_refused = mem::replace(&mut participant.is_refused, true);
        if participant.dialect == Dialect::Hocuspocus && !was_refused {
            self.send_message(id, &Message::Auth(AuthMessage::Granted(Scope::ReadOnly)));
        }
        self.tell_refused(id, code, reason);
        self.owe_status(now_ms, id, false, PlantedBug::AckBeforeFlush);
    }

    pub(super) fn owe_status(&mut self, now_ms: u64, id: ParticipantId, applied: bool, bug: PlantedBug) {
        let Some(participant) = self.participants.get(&id) else {
            return;
        };
        if participant.dialect == Dialect::Hocuspocus {
            let held = Held::Status { participant: id, counting: participant.counting, applied };
            self.owe(now_ms, id, held, bug);
        }
    }

    /// Holds an acknowledgement until what it speaks of is durable, and before that until the client has answered
    /// our step 1s: only then is it sure that nothing it sent is missing.
    pub(super) fn owe(&mut self, now_ms: u64, id: ParticipantId, held: Held, bug: PlantedBug) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        if participant.asked.is_empty() && self.full_until_ms.is_none() {
            self.hold(held, bug);
        } else if participant.deferred.len() < DEFERRED_MAX {
            participant.deferred.push(held);
        } else {
            self.close(now_ms, id, CloseReason::TooFast);
        }
    }

    pub(super) fn pay_deferred(&mut self, id: ParticipantId) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        if participant.asked.is_empty() && self.full_until_ms.is_none() {
            for held in mem::take(&mut participant.deferred) {
                self.barrier.push(self.merged, held);
            }
        }
    }

    pub(super) fn hold(&mut self, held: Held, bug: PlantedBug) {
        if self.settings.has_bug(bug) {
            self.barrier.push_past(held);
        } else {
            self.barrier.push(self.merged, held);
        }
    }

    /// Answers everybody who waits for the state that there is none to be had.
    pub(super) fn fail_states(&mut self) {
        let waiting = mem::take(&mut self.waiting_states).into_iter().map(|(request, _)| request);
        let held = self.barrier.take().into_iter().filter_map(|(_, held)| match held {
            Held::State { request, .. } => Some(request),
            _ => None,
        });
        let failed = waiting.chain(held).map(|request| Effect::State { request, update: Err(()) });
        self.effects.extend(failed);
    }

    pub(super) fn hello(&mut self, id: ParticipantId, version: u64) {
        let document = self.id.to_string();
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        participant.speaks_plenary = true;
        participant.ordinal = 0;
        let welcome = Welcome {
            version: version.min(PLENARY_VERSION),
            document,
            access: scope_of(participant),
            frame_bytes_max: limits::FRAME_BYTES_MAX as u64,
            update_bytes_max: limits::UPDATE_BYTES_MAX as u64,
            awareness_entry_bytes_max: limits::AWARENESS_ENTRY_BYTES_MAX as u64,
        };
        self.tell(id, PlenaryMessage::Welcome(welcome));
    }

    pub(super) fn answer_states(&mut self) {
        let document = match &self.phase {
            Phase::Live(document) => document,
            Phase::Loading => return,
            Phase::Failed => return self.fail_states(),
        };
        for (request, state_vector) in mem::take(&mut self.waiting_states) {
            let theirs = state_vector.map_or(Ok(StateVector::default()), |bytes| StateVector::read(&bytes));
            match theirs.map(|theirs| document.diff(&theirs)) {
                Ok(Ok(update)) => self.barrier.push(self.merged, Held::State { request, update }),
                Ok(Err(_)) | Err(_) => self.effects.push(Effect::State { request, update: Err(()) }),
            }
        }
    }
}
