//! The room: one input in, all effects out.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    mem,
    sync::Arc,
};

use bytes::Bytes;
use plenary_gate::{Author, Limits, StateVector, Verdict, judge};
use plenary_ids::{DocumentId, ParticipantId, UserId};
use plenary_permissions::Access;
use plenary_protocol::{
    AuthMessage, CloseReason, Message, PLENARY_VERSION, PlenaryMessage, RefusalCode, Scope, SyncMessage,
    Welcome, decode_awareness, encode_awareness, limits,
};
use tracing::{debug, warn};

use crate::{
    barrier::{Barrier, Held, SharedFrame},
    document::{DocumentError, LiveDocument},
    effect::{Effect, NewRecord, Seq},
    input::{AppendFailure, Dialect, Input, Join, LoadedDocument},
    participant::{Ask, Behind, Participant},
    presence::Presence,
    settings::{PlantedBug, RoomSettings},
};

/// Statuses and marks that may wait for one participant's step 2. A client that never answers ours is of no use.
const DEFERRED_MAX: usize = 10_000;

/// Our step 1s that a participant may leave unanswered; Hocuspocus clients get one for each of theirs.
const ASKED_MAX: usize = 64;

/// Answers that may wait for the store before no more messages are taken.
const HELD_MAX: usize = 10_000;

/// At an empty room's end a snapshot is worth its bytes when the tail is at least this part of the last one.
const IDLE_SNAPSHOT_DIVISOR: usize = 8;

/// One live document and the participants around it.
///
/// After a `handle` has panicked the room must be dropped; what was acknowledged is in the store.
pub struct Room {
    id: DocumentId,
    settings: RoomSettings,
    phase: Phase,
    participants: BTreeMap<ParticipantId, Participant>,
    presence: Presence,
    barrier: Barrier,
    /// Merged, not yet handed to the store.
    pending: Vec<NewRecord>,
    pending_bytes: usize,
    /// Records handed to the store and not answered, and their bytes.
    in_flight: usize,
    in_flight_bytes: usize,
    /// The last record in the document, durable or not.
    merged: Seq,
    durable: Seq,
    /// Messages that wait for the document.
    waiting: VecDeque<Waiting>,
    waiting_states: Vec<(u64, Option<Bytes>)>,
    /// Step 1s, by their state vectors, whose answers were lost with the document.
    unanswered: Vec<(ParticipantId, Bytes)>,
    /// The state vector after the last turn.
    state_vector: Arc<StateVector>,
    /// The whole state as a step 2, and the head it was encoded at.
    whole: Option<(Seq, SharedFrame)>,
    tail_bytes: usize,
    tail_since_ms: Option<u64>,
    snapshot_bytes: usize,
    /// The store had no space; nothing is merged until then.
    full_until_ms: Option<u64>,
    empty_since_ms: Option<u64>,
    effects: Vec<Effect>,
}

enum Phase {
    /// Waiting for the store.
    Loading,
    Live(LiveDocument),
    /// The store failed for good, or the document does not read. Nothing is merged or answered any more.
    Failed,
}

struct Waiting {
    participant: ParticipantId,
    message: Message,
    care: Care,
}

/// What the gate let in of one message: its author, and the new part of it in slices.
type Admitted = (UserId, Vec<Vec<u8>>);

/// How a message is to be merged after a turn went wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    None,
    /// Its turn failed: in a turn of its own.
    Alone,
    /// It failed alone: not at all.
    Refuse,
}

/// What became of one step 2 or update.
enum Outcome {
    NothingNew,
    Merged,
    /// Its sender may only read.
    NotAllowed,
    /// The store has no space.
    NoSpace,
    Gap,
    Refused(String),
}

impl Room {
    /// A room for a document, with no one in it; and the first effect, to load it.
    pub fn new(id: DocumentId, settings: RoomSettings) -> (Self, Vec<Effect>) {
        let room = Self {
            id,
            settings,
            phase: Phase::Loading,
            participants: BTreeMap::new(),
            presence: Presence::default(),
            barrier: Barrier::default(),
            pending: Vec::new(),
            pending_bytes: 0,
            in_flight: 0,
            in_flight_bytes: 0,
            merged: 0,
            durable: 0,
            waiting: VecDeque::new(),
            waiting_states: Vec::new(),
            unanswered: Vec::new(),
            state_vector: Arc::default(),
            whole: None,
            tail_bytes: 0,
            tail_since_ms: None,
            snapshot_bytes: 0,
            full_until_ms: None,
            empty_since_ms: None,
            effects: Vec::new(),
        };
        (room, vec![Effect::Load])
    }

    /// Takes one input at a time and returns everything it leads to, to be carried out in order.
    pub fn handle(&mut self, now_ms: u64, input: Input) -> Vec<Effect> {
        match input {
            Input::Loaded(stored) => self.loaded(now_ms, &stored),
            Input::LoadFailed => self.give_up(CloseReason::Internal),
            Input::Join(join) => self.join(join),
            Input::Messages(_) if matches!(self.phase, Phase::Failed) => {}
            Input::Messages(messages) => {
                let messages = messages.into_iter();
                self.waiting.extend(messages.map(|(participant, message)| Waiting {
                    participant,
                    message,
                    care: Care::None,
                }));
                self.take_turns(now_ms);
            }
            Input::Leave(participant) => self.leave(now_ms, participant),
            Input::SetAccess { participant, access } => self.set_access(participant, access),
            Input::Appended { seq } => self.appended(now_ms, seq),
            Input::AppendFailed(AppendFailure::Full) => self.no_space(now_ms),
            Input::AppendFailed(AppendFailure::Failed) => self.store_failed(),
            Input::Drained(participant) => self.catch_up(participant),
            Input::State { request, state_vector } => {
                self.waiting_states.push((request, state_vector));
                self.answer_states();
            }
            Input::Tick => self.tick(now_ms),
        }
        self.append();
        self.release();
        mem::take(&mut self.effects)
    }

    /// Whether more messages may be handed in. While false they are to stay in the mailbox: the document is being
    /// loaded, or too much waits for the store.
    pub fn is_reading(&self) -> bool {
        match self.phase {
            Phase::Loading => false,
            Phase::Live(_) => {
                self.pending_bytes + self.in_flight_bytes <= self.settings.pending_bytes_max
                    && self.barrier.len() <= HELD_MAX
            }
            Phase::Failed => true,
        }
    }

    /// Whether nobody is in the room.
    pub fn is_empty(&self) -> bool {
        self.participants.is_empty()
    }

    // Coming, going and what one may do.

    fn join(&mut self, join: Join) {
        if matches!(self.phase, Phase::Failed) {
            let reason = CloseReason::StoreDown;
            self.effects.push(Effect::Close { participant: join.participant, reason });
            return;
        }
        self.empty_since_ms = None;
        let id = join.participant;
        self.participants.insert(id, Participant::new(join));
        if let Some(everybody) = self.presence.encode_all() {
            self.send_message(id, &Message::Awareness(everybody));
        }
        self.greet(id);
    }

    /// Asks a newcomer for what it has. A Hocuspocus client asks first and is asked back then; one that may only
    /// read has nothing to say.
    fn greet(&mut self, id: ParticipantId) {
        if !matches!(self.phase, Phase::Live(_)) {
            return;
        }
        let Some(participant) = self.participants.get(&id) else {
            return;
        };
        if participant.dialect == Dialect::YWebsocket
            && participant.may_write()
            && participant.asked.is_empty()
        {
            self.ask(id, false);
        }
    }

    fn leave(&mut self, now_ms: u64, id: ParticipantId) {
        self.participants.remove(&id);
        if let Some(client) = self.presence.leave(now_ms, id) {
            self.tell_presence(&BTreeSet::from([client]), None);
        }
        if self.participants.is_empty() {
            self.empty_since_ms = Some(now_ms);
        }
    }

    fn close(&mut self, now_ms: u64, id: ParticipantId, reason: CloseReason) {
        if self.participants.contains_key(&id) {
            self.effects.push(Effect::Close { participant: id, reason });
            self.leave(now_ms, id);
        }
    }

    fn set_access(&mut self, id: ParticipantId, access: Access) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        let could_write = participant.may_write();
        participant.access = access;
        let may_write = participant.may_write();
        if could_write == may_write {
            return;
        }
        let scope = scope_of(participant);
        if participant.dialect == Dialect::Hocuspocus {
            self.send_message(id, &Message::Auth(AuthMessage::Granted(scope)));
        }
        self.tell(id, PlenaryMessage::AccessChanged(scope));
        // What was typed in vain meanwhile is in the step 2 that answers.
        if may_write && matches!(self.phase, Phase::Live(_)) {
            self.ask(id, false);
        }
    }

    // Loading, and starting over.

    fn loaded(&mut self, now_ms: u64, stored: &LoadedDocument) {
        if !matches!(self.phase, Phase::Loading) {
            return;
        }
        let covered = stored.snapshot.as_ref().map_or(0, |(seq, _)| *seq);
        let head = covered + stored.tail.len() as Seq;
        let document = LiveDocument::load(stored).and_then(|mut document| {
            // What was merged and not yet handed to the store: it passed the gate, so it does again.
            for record in &self.pending {
                if let Verdict::Admitted(slices) =
                    document.admit(&record.update, &Author::Anyone, &Limits::stored())
                {
                    for slice in slices {
                        document.merge(&[&slice.update])?;
                    }
                }
            }
            Ok(document)
        });
        match document {
            Ok(document) => {
                self.durable = head;
                self.merged = head + self.pending.len() as Seq;
                self.snapshot_bytes = stored.snapshot.as_ref().map_or(0, |(_, state)| state.len());
                self.tail_bytes = stored.tail.iter().map(Bytes::len).sum::<usize>() + self.pending_bytes;
                self.tail_since_ms = (self.tail_bytes > 0).then_some(now_ms);
                self.state_vector = Arc::new(document.known().state_vector());
                self.whole = None;
                self.phase = Phase::Live(document);
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
    fn load_again(&mut self) {
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
    fn give_up(&mut self, reason: CloseReason) {
        for participant in mem::take(&mut self.participants).into_keys() {
            self.effects.push(Effect::Close { participant, reason });
        }
        for (request, _) in mem::take(&mut self.waiting_states) {
            self.effects.push(Effect::State { request, update: Err(()) });
        }
        self.presence = Presence::default();
        self.barrier.take();
        self.waiting.clear();
        self.pending.clear();
        self.pending_bytes = 0;
        self.phase = Phase::Failed;
        self.effects.push(Effect::Stop);
    }

    // The store's answers.

    fn append(&mut self) {
        if self.in_flight > 0 || self.pending.is_empty() || !matches!(self.phase, Phase::Live(_)) {
            return;
        }
        self.in_flight = self.pending.len();
        self.in_flight_bytes = mem::take(&mut self.pending_bytes);
        self.effects.push(Effect::Append(mem::take(&mut self.pending)));
    }

    fn appended(&mut self, now_ms: u64, seq: Seq) {
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
    fn no_space(&mut self, now_ms: u64) {
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

    fn store_failed(&mut self) {
        warn!(document = %self.id, "the store failed; closing writers");
        let writers: Vec<_> =
            self.participants.iter().filter(|(_, p)| p.may_write()).map(|(id, _)| *id).collect();
        for participant in writers {
            self.participants.remove(&participant);
            self.effects.push(Effect::Close { participant, reason: CloseReason::StoreDown });
        }
        for (request, _) in mem::take(&mut self.waiting_states) {
            self.effects.push(Effect::State { request, update: Err(()) });
        }
        for (_, held) in self.barrier.take() {
            if let Held::State { request, .. } = held {
                self.effects.push(Effect::State { request, update: Err(()) });
            }
        }
        self.waiting.clear();
        self.pending.clear();
        self.pending_bytes = 0;
        self.phase = Phase::Failed;
    }

    // Turns.

    fn take_turns(&mut self, now_ms: u64) {
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
    fn turn(&mut self, now_ms: u64, messages: Vec<Waiting>) {
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
                    self.answer(now_ms, id, is_step2, outcome.unwrap_or(Outcome::NothingNew));
                }
                Message::Awareness(update) => {
                    if let Some(client) = self.announce(now_ms, id, &update) {
                        present.insert(client);
                        announcers.insert(id);
                    }
                }
                Message::QueryAwareness => {
                    let everybody = self.presence.encode_all().unwrap_or_else(|| encode_awareness(&[]));
                    self.send_message(id, &Message::Awareness(everybody));
                }
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

    /// The gate's word on a step 2 or update; `None` for other messages. What is admitted is counted as known and
    /// put in `admitted`, beside its author.
    fn judge(&mut self, now_ms: u64, waiting: &Waiting, admitted: &mut Vec<Admitted>) -> Option<Outcome> {
        let Message::Sync(SyncMessage::Step2(update) | SyncMessage::Update(update)) = &waiting.message else {
            return None;
        };
        let participant = self.participants.get(&waiting.participant)?;
        let Phase::Live(document) = &mut self.phase else {
            return None;
        };
        let (author, limits) = (Author::Anyone, Limits::default());
        if waiting.care == Care::Refuse {
            return Some(Outcome::Refused("it cannot be merged".to_owned()));
        }
        let has_space = self.full_until_ms.is_none_or(|until_ms| until_ms <= now_ms);
        if !participant.may_write() || !has_space {
            let otherwise = if has_space { Outcome::NotAllowed } else { Outcome::NoSpace };
            let verdict = judge(update, document.known(), &author, &limits);
            return Some(if verdict == Verdict::NothingNew { Outcome::NothingNew } else { otherwise });
        }
        let is_step2 = matches!(waiting.message, Message::Sync(SyncMessage::Step2(_)));
        if is_step2 && self.settings.has_bug(PlantedBug::GateSkippedOnStep2) {
            admitted.push((participant.user, vec![update.to_vec()]));
            return Some(Outcome::Merged);
        }
        Some(match document.admit(update, &author, &limits) {
            Verdict::NothingNew => Outcome::NothingNew,
            Verdict::Admitted(slices) => {
                let slices = slices.into_iter().map(|slice| slice.update).collect();
                admitted.push((participant.user, slices));
                Outcome::Merged
            }
            Verdict::Gap { .. } => Outcome::Gap,
            Verdict::Refused(refusal) => Outcome::Refused(refusal.to_string()),
        })
    }

    /// Merges what was admitted, in one transaction as far as possible, and returns the merged updates. The slices
    /// of a large update have a transaction each.
    fn merge(&mut self, admitted: &[Admitted]) -> Result<Vec<Bytes>, DocumentError> {
        let Phase::Live(document) = &mut self.phase else {
            return Ok(Vec::new());
        };
        let mut frames = Vec::new();
        let mut together: Vec<&[u8]> = Vec::new();
        for (_, slices) in admitted {
            if let [only] = slices.as_slice() {
                together.push(only);
                continue;
            }
            frames.extend(document.merge(&mem::take(&mut together))?);
            for slice in slices {
                frames.extend(document.merge(&[slice])?);
            }
        }
        frames.extend(document.merge(&together)?);
        Ok(frames)
    }

    /// Makes records of what was merged and queues the merged updates for everybody.
    fn keep(
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
            for slice in slices {
                self.merged += 1;
                self.pending_bytes += slice.len();
                self.tail_bytes += slice.len();
                self.pending.push(NewRecord { user, at_ms: now_ms, update: slice.into() });
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

    // Answers.

    fn step1(&mut self, now_ms: u64, id: ParticipantId, state_vector: Bytes) {
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
        self.answer_step1(id, state_vector);
    }

    /// The step 2 for a step 1 with the state vector `theirs`: now, or when the last one has left.
    fn answer_step1(&mut self, id: ParticipantId, theirs: Bytes) {
        let Phase::Live(document) = &self.phase else {
            return self.unanswered.push((id, theirs));
        };
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        let is_busy = participant.backlog.bytes() > self.settings.outbound_bytes_max;
        if participant.has_step2_held || (is_busy && participant.backlog.mark_behind()) {
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
                self.participants.entry(id).and_modify(|participant| participant.has_step2_held = true);
                self.hold(Held::Step2 { participant: id, frame, theirs }, PlantedBug::Step2PastTheBarrier);
            }
            Err(_) => {
                self.unanswered.push((id, theirs));
                self.load_again();
            }
        }
    }

    /// The whole state as a step 2, encoded once for each head however many ask.
    fn whole_frame(&mut self, prefix: &Bytes) -> Result<Bytes, DocumentError> {
        let Phase::Live(document) = &self.phase else { unreachable!("only asked of a live document") };
        if self.whole.as_ref().is_none_or(|(head, _)| *head != self.merged) {
            let body = Message::Sync(SyncMessage::Step2(document.state()?)).encode(&[]);
            self.whole = Some((self.merged, SharedFrame::new(body)));
        }
        let (_, frames) = self.whole.as_mut().expect("it was made just now");
        Ok(frames.with(prefix))
    }

    /// Our own step 1. `is_counted`: it goes with the client's.
    fn ask(&mut self, id: ParticipantId, is_counted: bool) {
        if let Some(participant) = self.participants.get_mut(&id) {
            participant.asked.push_back(Ask { is_counted, is_stale: false });
            self.hold_ask(id);
        }
    }

    fn hold_ask(&mut self, id: ParticipantId) {
        let state_vector = self.state_vector.encode();
        let frame = self.encode_for(id, &Message::Sync(SyncMessage::Step1(state_vector.into())));
        self.barrier.push(self.merged, Held::Ask { participant: id, frame });
    }

    /// Sends the step 1s again that a full disk took with it.
    fn ask_what_was_lost(&mut self, id: ParticipantId) {
        let lost =
            self.participants.get_mut(&id).map_or(0, |participant| mem::take(&mut participant.asks_lost));
        (0..lost).for_each(|_| self.hold_ask(id));
    }

    /// Answers one step 2 or update.
    fn answer(&mut self, now_ms: u64, id: ParticipantId, is_step2: bool, outcome: Outcome) {
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
            Outcome::Refused(reason) => self.refuse(now_ms, id, RefusalCode::Malformed, &reason),
        }
        if is_step2 {
            self.pay_deferred(id);
        }
    }

    /// Refuses an update for good: the rest of this socket may only read.
    fn refuse(&mut self, now_ms: u64, id: ParticipantId, code: RefusalCode, reason: &str) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        debug!(document = %self.id, participant = %id, reason, "update refused");
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

    fn owe_status(&mut self, now_ms: u64, id: ParticipantId, applied: bool, bug: PlantedBug) {
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
    fn owe(&mut self, now_ms: u64, id: ParticipantId, held: Held, bug: PlantedBug) {
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

    fn pay_deferred(&mut self, id: ParticipantId) {
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        if participant.asked.is_empty() && self.full_until_ms.is_none() {
            for held in mem::take(&mut participant.deferred) {
                self.barrier.push(self.merged, held);
            }
        }
    }

    fn hold(&mut self, held: Held, bug: PlantedBug) {
        if self.settings.has_bug(bug) {
            self.barrier.push_past(held);
        } else {
            self.barrier.push(self.merged, held);
        }
    }

    fn hello(&mut self, id: ParticipantId, version: u64) {
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

    fn answer_states(&mut self) {
        let Phase::Live(document) = &self.phase else {
            return;
        };
        for (request, state_vector) in mem::take(&mut self.waiting_states) {
            let theirs = state_vector.map_or(Ok(StateVector::default()), |bytes| StateVector::read(&bytes));
            match theirs.map(|theirs| document.diff(&theirs)) {
                Ok(Ok(update)) => self.barrier.push(self.merged, Held::State { request, update }),
                Ok(Err(_)) | Err(_) => self.effects.push(Effect::State { request, update: Err(()) }),
            }
        }
    }

    // Presence.

    /// Takes an awareness update; the id that others must be told of.
    fn announce(&mut self, now_ms: u64, id: ParticipantId, update: &Bytes) -> Option<u64> {
        let user = self.participants.get(&id)?.user;
        let Ok(entries) = decode_awareness(update) else {
            debug!(document = %self.id, participant = %id, "awareness update dropped");
            return None;
        };
        let announced = self.presence.announce(now_ms, id, user, &entries);
        if let Some(reply) = announced.reply {
            self.send_message(id, &Message::Awareness(encode_awareness(&[reply])));
        }
        announced.changed
    }

    fn tell_presence(&mut self, clients: &BTreeSet<u64>, author: Option<ParticipantId>) {
        let body = Message::Awareness(self.presence.encode(clients.iter().copied())).encode(&[]);
        let mut frames = SharedFrame::new(body);
        for (id, participant) in &mut self.participants {
            if Some(*id) != author && participant.behind.is_none() {
                send(&mut self.effects, *id, participant, frames.with(&participant.prefix));
            }
        }
    }

    // Sending.

    fn release(&mut self) {
        while let Some(held) = self.barrier.pop_due(self.durable) {
            match held {
                Held::Answer { participant: id, frame } | Held::Ask { participant: id, frame } => {
                    self.send(id, frame)
                }
                Held::Step2 { participant: id, frame, .. } => {
                    if let Some(participant) = self.participants.get_mut(&id) {
                        participant.is_following = true;
                        // It holds whatever was missed.
                        participant.behind = None;
                        participant.has_step2_held = false;
                        send(&mut self.effects, id, participant, frame);
                        if let Some(theirs) = participant.asks_for.take() {
                            self.answer_step1(id, theirs);
                        }
                    }
                }
                Held::CatchUp { participant: id, frame } => {
                    if let Some(participant) = self.participants.get_mut(&id) {
                        participant.behind = None;
                        send(&mut self.effects, id, participant, frame);
                        if let Some(everybody) = self.presence.encode_all() {
                            self.send_message(id, &Message::Awareness(everybody));
                        }
                    }
                }
                Held::Status { participant: id, counting, applied } => {
                    if self.participants.get(&id).is_some_and(|participant| participant.counting == counting)
                    {
                        self.send_message(id, &Message::SyncStatus(applied));
                    }
                }
                Held::Update { frames, author, before } => self.broadcast(frames, author, &before),
                Held::Snapshot { seq, state } => self.effects.push(Effect::Snapshot { seq, state }),
                Held::State { request, update } => {
                    self.effects.push(Effect::State { request, update: Ok(update) })
                }
            }
        }
    }

    fn broadcast(
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
            } else if participant.backlog.bytes() > self.settings.outbound_bytes_max
                && participant.backlog.mark_behind()
            {
                participant.behind = Some(Behind::new(before.clone(), frame));
            } else {
                send(&mut self.effects, *id, participant, frame);
            }
        }
    }

    /// Sends a participant whose socket has drained whatever it missed.
    fn catch_up(&mut self, id: ParticipantId) {
        let Phase::Live(document) = &self.phase else {
            return;
        };
        let Some(participant) = self.participants.get_mut(&id) else {
            return;
        };
        if let Some(theirs) = participant.asks_for.take() {
            return self.answer_step1(id, theirs);
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
                if let Some(everybody) = self.presence.encode_all() {
                    self.send_message(id, &Message::Awareness(everybody));
                }
            }
            Err(since) => {
                behind.is_catching_up = true;
                let Ok(diff) = document.diff(&since) else {
                    return self.load_again();
                };
                let frame = Message::Sync(SyncMessage::Update(diff)).encode(&participant.prefix);
                self.barrier.push(self.merged, Held::CatchUp { participant: id, frame });
            }
        }
    }

    fn send(&mut self, id: ParticipantId, frame: Bytes) {
        if let Some(participant) = self.participants.get(&id) {
            send(&mut self.effects, id, participant, frame);
        }
    }

    fn send_message(&mut self, id: ParticipantId, message: &Message) {
        let frame = self.encode_for(id, message);
        self.send(id, frame);
    }

    fn encode_for(&self, id: ParticipantId, message: &Message) -> Bytes {
        message.encode(self.participants.get(&id).map_or(&[], |participant| &participant.prefix))
    }

    /// Type 110 goes only to those who said hello.
    fn tell(&mut self, id: ParticipantId, message: PlenaryMessage) {
        if self.participants.get(&id).is_some_and(|participant| participant.speaks_plenary) {
            self.send_message(id, &Message::Plenary(message));
        }
    }

    fn tell_refused(&mut self, id: ParticipantId, code: RefusalCode, reason: &str) {
        let Some(participant) = self.participants.get(&id) else {
            return;
        };
        let ordinal = participant.ordinal;
        self.tell(id, PlenaryMessage::Refused { ordinal, code, reason: reason.to_owned() });
    }

    // Time.

    fn tick(&mut self, now_ms: u64) {
        if self.full_until_ms.is_some_and(|until_ms| until_ms <= now_ms)
            && matches!(self.phase, Phase::Live(_))
        {
            self.full_until_ms = None;
            for id in self.participants.keys().copied().collect::<Vec<_>>() {
                let participant = &self.participants[&id];
                if participant.may_write() && participant.asked.is_empty() {
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
    fn drained(&self) -> Vec<ParticipantId> {
        let is_drained = |participant: &Participant| {
            let waits = participant.behind.is_some() || participant.asks_for.is_some();
            waits && !participant.has_step2_held && participant.backlog.bytes() == 0
        };
        self.participants
            .iter()
            .filter(|(_, participant)| is_drained(participant))
            .map(|(id, _)| *id)
            .collect()
    }

    fn snapshot_if_due(&mut self, now_ms: u64) {
        let is_large = self.tail_bytes > self.settings.snapshot_tail_bytes_min.max(self.snapshot_bytes / 2);
        let is_old = self
            .tail_since_ms
            .is_some_and(|since_ms| now_ms.saturating_sub(since_ms) >= self.settings.snapshot_age_ms);
        if is_large || is_old {
            self.snapshot();
        }
    }

    /// Takes a snapshot of what is merged; like every answer it leaves when that is durable.
    fn snapshot(&mut self) {
        let Phase::Live(document) = &self.phase else {
            return;
        };
        let Ok(state) = document.state() else {
            return self.load_again();
        };
        self.snapshot_bytes = state.len();
        self.tail_bytes = 0;
        self.tail_since_ms = None;
        self.hold(Held::Snapshot { seq: self.merged, state }, PlantedBug::SnapshotOfUndurableHead);
    }

    fn stop_if_idle(&mut self, now_ms: u64) {
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

/// The bytes count as waiting from here until the connection has written them.
fn send(effects: &mut Vec<Effect>, id: ParticipantId, participant: &Participant, frame: Bytes) {
    participant.backlog.add(frame.len());
    effects.push(Effect::Send { participant: id, frame });
}

fn scope_of(participant: &Participant) -> Scope {
    match participant.may_write() {
        true => Scope::ReadWrite,
        false => Scope::ReadOnly,
    }
}
