//! The room: one input in, all effects out.

mod answers;
mod sending;
mod size;
mod storing;
mod turns;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    mem,
    sync::Arc,
};

use bytes::Bytes;
use plenary_gate::StateVector;
use plenary_ids::{DocumentId, ParticipantId, UserId};
use plenary_permissions::{Access, Authorship};
use plenary_protocol::{AuthMessage, CloseReason, Message, PlenaryMessage, RefusalCode, Scope};

use self::size::Size;
use crate::{
    barrier::{Barrier, SharedFrame},
    document::{LiveDocument, Slice},
    effect::{Effect, NewRecord, Seq},
    input::{AppendFailure, Dialect, Input, Join},
    participant::Participant,
    presence::Presence,
    settings::RoomSettings,
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
    authorship: Authorship,
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
    size: Size,
    refused: RefusedFrames,
    /// The store had no space; nothing is merged until then.
    full_until_ms: Option<u64>,
    empty_since_ms: Option<u64>,
    effects: Vec<Effect>,
}

enum Phase {
    /// Waiting for the store.
    Loading,
    Live(Box<LiveDocument>),
    /// The store failed for good, or the document does not read. Nothing is merged or answered any more.
    Failed,
}

struct Waiting {
    participant: ParticipantId,
    message: Message,
    care: Care,
}

/// Step 2s and updates that were not merged, by what was wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusedFrames {
    /// Its sender may only read.
    pub for_access: u64,
    /// The document may not grow any more.
    pub for_size: u64,
    /// Malformed, in somebody else's name, or still a gap.
    pub for_good: u64,
}

/// What the gate let in of one message: its author, and the new part of it in slices.
type Admitted = (UserId, Vec<Slice>);

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
    /// The document is as large as it may be, and this would make it larger.
    NoRoom {
        size_bytes: usize,
    },
    Gap,
    Refused(RefusalCode, String),
}

impl Room {
    /// A room for a document, with no one in it; and the first effect, to load it.
    pub fn new(id: DocumentId, settings: RoomSettings) -> (Self, Vec<Effect>) {
        let room = Self {
            id,
            settings,
            authorship: Authorship::default(),
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
            size: Size::default(),
            refused: RefusedFrames::default(),
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

    /// The last record in the document, durable or not.
    pub fn head(&self) -> Seq {
        self.merged
    }

    /// The step 2s and updates refused since the room opened.
    pub fn refused(&self) -> RefusedFrames {
        self.refused
    }

    /// Whether nobody is in the room.
    pub fn is_empty(&self) -> bool {
        self.participants.is_empty()
    }

    fn join(&mut self, join: Join) {
        if matches!(self.phase, Phase::Failed) {
            let reason = CloseReason::StoreDown;
            self.effects.push(Effect::Close { participant: join.participant, reason });
            return;
        }
        self.empty_since_ms = None;
        self.authorship = join.authorship;
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
