//! Sending: what leaves the barrier, to whom, and to whom not now.

use std::{collections::BTreeSet, mem, sync::Arc};

use bytes::Bytes;
use plenary_gate::StateVector;
use plenary_ids::ParticipantId;
use plenary_protocol::{
    Message, PlenaryMessage, RefusalCode, SyncMessage, decode_awareness, encode_awareness,
};
use tracing::debug;

use super::{Phase, Room, send};
use crate::{
    barrier::{Held, SharedFrame},
    effect::Effect,
    participant::Behind,
};

impl Room {
    /// Takes an awareness update; the id that others must be told of.
    pub(super) fn announce(&mut self, now_ms: u64, id: ParticipantId, update: &Bytes) -> Option<u64> {
        let user = self.participants.get(&id)?.user;
        let Phase::Live(document) = &self.phase else {
            return None;
        };
        let Ok(entries) = decode_awareness(update) else {
            debug!(document = %self.id, participant = %id, "awareness update dropped");
            return None;
        };
        let owner = |client| document.attribution().owner(client);
        let announced = self.presence.announce(now_ms, id, user, &entries, owner);
        if let Some(reply) = announced.reply {
            self.send_message(id, &Message::Awareness(encode_awareness(&[reply])));
        }
        announced.changed
    }

    pub(super) fn tell_presence(&mut self, clients: &BTreeSet<u64>, author: Option<ParticipantId>) {
        let body = Message::Awareness(self.presence.encode(clients.iter().copied())).encode(&[]);
        let mut frames = SharedFrame::new(body);
        for (id, participant) in &mut self.participants {
            if Some(*id) == author || participant.behind.is_some() {
                continue;
            }
            let is_busy = participant.backlog.is_full(self.settings.outbound_bytes_max);
            if is_busy && participant.backlog.mark_behind() {
                participant.misses_presence = true;
            } else {
                send(&mut self.effects, *id, participant, frames.with(&participant.prefix));
            }
        }
    }

    pub(super) fn release(&mut self) {
        while let Some(held) = self.barrier.pop_due(self.durable) {
            match held {
                Held::Answer { participant: id, frame } | Held::Ask { participant: id, frame } => {
                    self.send(id, frame)
                }
                Held::Step2 { participant: id, frame, theirs: _, reserved } => {
                    if let Some(participant) = self.participants.get_mut(&id) {
                        participant.is_following = true;
                        // It holds whatever was missed.
                        participant.behind = None;
                        participant.has_step2_held = false;
                        send(&mut self.effects, id, participant, frame);
                        drop(reserved);
                        if let Some(theirs) = participant.asks_for.take() {
                            self.answer_step1(id, theirs);
                        }
                    }
                }
                Held::CatchUp { participant: id, frame, reserved } => {
                    if let Some(participant) = self.participants.get_mut(&id) {
                        participant.behind = None;
                        send(&mut self.effects, id, participant, frame);
                        drop(reserved);
                        self.send_everybody(id);
                    }
                }
                Held::Status { participant: id, counting, applied } => {
                    if self.participants.get(&id).is_some_and(|participant| participant.counting == counting)
                    {
                        self.send_message(id, &Message::SyncStatus(applied));
                    }
                }
                Held::Update { frames, author, before } => self.broadcast(frames, author, &before),
                Held::Snapshot { seq, state, attribution } => {
                    self.effects.push(Effect::Snapshot { seq, state, attribution });
                }
                Held::State { request, update } => {
                    self.effects.push(Effect::State { request, update: Ok(update) })
                }
            }
        }
    }

    pub(super) fn broadcast(
        &mut self,
        mut frames: SharedFrame,
        author: Option<ParticipantId>,
        before: &Arc<StateVector>,
    ) {
        for (id, participant) in &mut self.participants {
            if !participant.is_following || Some(*id) == author {
                continue;
            }
            let frame = frames.with(&participant.prefix);
            if let Some(behind) = &mut participant.behind {
                behind.miss(frame);
            } else if participant.backlog.is_full(self.settings.outbound_bytes_max)
                && participant.backlog.mark_behind()
            {
                participant.behind = Some(Behind::new(before.clone(), frame));
            } else {
                send(&mut self.effects, *id, participant, frame);
            }
        }
    }

    /// Sends a participant whose socket has drained whatever it missed.
    pub(super) fn catch_up(&mut self, id: ParticipantId) {
        if self.participants.get_mut(&id).is_some_and(|it| mem::take(&mut it.misses_presence)) {
            self.send_everybody(id);
        }
        let Phase::Live(document) = &self.phase else {
            return;
        };
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        if let Some(theirs) = participant.asks_for.take() {
            return self.answer_step1(id, theirs);
        }
        if participant.backlog.is_users_full() {
            // Its own socket has drained, others of its user have not: looked at again with each tick.
            return;
        }
        let Some(behind) = participant.behind.as_mut().filter(|behind| !behind.is_catching_up) else {
            return;
        };
        match behind.what_it_lacks() {
            Ok(missed) => {
                participant.behind = None;
                for frame in missed {
                    send(&mut self.effects, id, participant, frame);
                }
                self.send_everybody(id);
            }
            Err(since) => {
                behind.is_catching_up = true;
                let Ok(diff) = document.diff(&since) else {
                    return self.load_again();
                };
                let frame = Message::Sync(SyncMessage::Update(diff)).encode(&participant.prefix);
                let reserved = participant.backlog.reserve(frame.len());
                self.barrier.push(self.merged, Held::CatchUp { participant: id, frame, reserved });
            }
        }
    }

    /// Answers who asks for everybody's presence, unless what was sent before is still on its way.
    pub(super) fn tell_everybody(&mut self, id: ParticipantId) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        let is_busy = participant.backlog.is_full(self.settings.outbound_bytes_max);
        if is_busy && participant.backlog.mark_behind() {
            participant.misses_presence = true;
            return;
        }
        let everybody = self.presence.encode_all().unwrap_or_else(|| encode_awareness(&[]));
        self.send_message(id, &Message::Awareness(everybody));
    }

    /// Tells one participant who is here.
    pub(super) fn send_everybody(&mut self, id: ParticipantId) {
        if let Some(everybody) = self.presence.encode_all() {
            self.send_message(id, &Message::Awareness(everybody));
        }
    }

    pub(super) fn send(&mut self, id: ParticipantId, frame: Bytes) {
        if let Some(participant) = self.participants.get(&id) {
            send(&mut self.effects, id, participant, frame);
        }
    }

    pub(super) fn send_message(&mut self, id: ParticipantId, message: &Message) {
        let frame = self.encode_for(id, message);
        self.send(id, frame);
    }

    pub(super) fn encode_for(&self, id: ParticipantId, message: &Message) -> Bytes {
        message.encode(self.participants.get(&id).map_or(&[], |participant| &participant.prefix))
    }

    /// Type 110 goes only to those who said hello.
    pub(super) fn tell(&mut self, id: ParticipantId, message: PlenaryMessage) {
        if self.participants.get(&id).is_some_and(|participant| participant.speaks_plenary) {
            self.send_message(id, &Message::Plenary(message));
        }
    }

    pub(super) fn tell_refused(&mut self, id: ParticipantId, code: RefusalCode, reason: &str) {
        let Some(participant) = self.participants.get(&id) else {
            return;
        };
        let ordinal = participant.ordinal;
        self.tell(id, PlenaryMessage::Refused { ordinal, code, reason: reason.to_owned() });
    }
}
