//! A room at a desk, and people who write: effects are carried out at once, the store answers when told to.

#![allow(clippy::unwrap_used, dead_code, reason = "a test may, and not every test file uses all of it")]

use std::collections::BTreeMap;

use bytes::Bytes;
use plenary_ids::{DocumentId, ParticipantId, UserId};
use plenary_permissions::{Access, Authorship};
use plenary_protocol::{
    AwarenessEntry, CloseReason, Message, SyncMessage, address_prefix, decode_awareness, decode_hocuspocus,
    decode_y_websocket, encode_awareness,
};
use plenary_room::{
    AppendFailure, Backlog, Dialect, Effect, Input, Join, LoadedDocument, LoadedSnapshot, NewRecord, Room,
    RoomSettings, UserBacklog,
};
use yrs::{
    Doc, GetString, ReadTxn, StateVector, Text, Transact, Update, WriteTxn,
    updates::{decoder::Decode, encoder::Encode},
};

/// A room at a desk: what it sends is put before each participant, what it stores is kept.
pub(crate) struct Desk {
    pub(crate) room: Room,
    pub(crate) now_ms: u64,
    pub(crate) stored: Vec<NewRecord>,
    pub(crate) snapshot: Option<LoadedSnapshot>,
    /// Records handed over and not answered.
    pub(crate) under_way: usize,
    pub(crate) is_held: bool,
    pub(crate) people: BTreeMap<ParticipantId, (Dialect, Backlog)>,
    pub(crate) heard: BTreeMap<ParticipantId, Vec<Message>>,
    pub(crate) closed: Vec<(ParticipantId, CloseReason)>,
    pub(crate) frames: Vec<Bytes>,
    pub(crate) states: Vec<Bytes>,
    pub(crate) states_refused: usize,
    pub(crate) has_stopped: bool,
    /// Participants whose socket takes nothing.
    pub(crate) stuck: Vec<ParticipantId>,
    pub(crate) authorship: Authorship,
    /// Counts for whoever joins from now on.
    pub(crate) of_user: Option<UserBacklog>,
}

/// Participants of one user have numbers that end alike.
pub(crate) const ANA: ParticipantId = ParticipantId(1);
pub(crate) const ANA_AGAIN: ParticipantId = ParticipantId(11);
pub(crate) const BEN: ParticipantId = ParticipantId(2);
pub(crate) const OBSERVER: ParticipantId = ParticipantId(3);

pub(crate) fn room() -> Desk {
    room_with(RoomSettings::default())
}

pub(crate) fn room_with(settings: RoomSettings) -> Desk {
    let (room, effects) = Room::new(DocumentId::from_bytes([1; 16]), settings);
    let mut desk = Desk {
        room,
        now_ms: 1_000,
        stored: Vec::new(),
        snapshot: None,
        under_way: 0,
        is_held: false,
        people: BTreeMap::new(),
        heard: BTreeMap::new(),
        closed: Vec::new(),
        frames: Vec::new(),
        states: Vec::new(),
        states_refused: 0,
        has_stopped: false,
        stuck: Vec::new(),
        authorship: Authorship::Strict,
        of_user: None,
    };
    desk.carry_out(effects);
    desk
}

impl Desk {
    pub(crate) fn with(mut self, who: ParticipantId, dialect: Dialect, access: Access) -> Self {
        self.join(who, dialect, access);
        self
    }

    pub(crate) fn join(&mut self, who: ParticipantId, dialect: Dialect, access: Access) {
        let backlog = self.of_user.clone().map_or_else(Backlog::default, Backlog::of);
        self.people.insert(who, (dialect, backlog.clone()));
        let prefix = match dialect {
            Dialect::YWebsocket => Bytes::new(),
            Dialect::Hocuspocus => address_prefix("doc"),
        };
        let user = user(who);
        let authorship = self.authorship;
        self.input(Input::Join(Join {
            participant: who,
            user,
            dialect,
            prefix,
            access,
            authorship,
            backlog,
        }));
    }

    pub(crate) fn input(&mut self, input: Input) {
        let effects = self.room.handle(self.now_ms, input);
        self.carry_out(effects);
    }

    pub(crate) fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Load => {
                    let covered = self.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq as usize);
                    let tail = self.stored[covered..].to_vec();
                    self.input(Input::Loaded(LoadedDocument { snapshot: self.snapshot.clone(), tail }));
                }
                Effect::Append(records) => {
                    assert_eq!(self.under_way, 0, "one batch at a time");
                    self.under_way = records.len();
                    self.stored.extend(records);
                    if !self.is_held {
                        self.flush();
                    }
                }
                Effect::Snapshot { seq, state, attribution } => {
                    self.snapshot = Some(LoadedSnapshot { seq, state, attribution });
                }
                Effect::Send { participant, frame } => {
                    let (dialect, backlog) = self.people[&participant].clone();
                    let message = match dialect {
                        Dialect::YWebsocket => decode_y_websocket(frame.clone()).unwrap(),
                        Dialect::Hocuspocus => decode_hocuspocus(frame.clone()).unwrap().message,
                    };
                    self.heard.entry(participant).or_default().push(message);
                    if !self.stuck.contains(&participant) {
                        let owes = backlog.written(frame.len());
                        assert!(!owes, "only a stuck socket is behind");
                    }
                    self.frames.push(frame);
                }
                Effect::Close { participant, reason } => self.closed.push((participant, reason)),
                Effect::State { update: Ok(update), .. } => self.states.push(update),
                Effect::State { update: Err(()), .. } => self.states_refused += 1,
                Effect::Stop => self.has_stopped = true,
            }
        }
    }

    /// The store says that the batch is durable.
    pub(crate) fn flush(&mut self) {
        self.under_way = 0;
        let seq = self.stored.len() as u64;
        self.input(Input::Appended { seq });
    }

    pub(crate) fn fail(&mut self, failure: AppendFailure) {
        self.stored.truncate(self.stored.len() - self.under_way);
        self.under_way = 0;
        self.input(Input::AppendFailed(failure));
    }

    pub(crate) fn say(&mut self, who: ParticipantId, message: Message) {
        self.input(Input::Messages(vec![(who, message)]));
    }

    /// What one has been sent since the last look.
    pub(crate) fn heard(&mut self, who: ParticipantId) -> Vec<Message> {
        self.heard.remove(&who).unwrap_or_default()
    }

    /// Opens as a provider does and answers the server's step 1, so that nothing is outstanding.
    pub(crate) fn settle(&mut self, who: ParticipantId, writer: &Writer) {
        self.say(who, step1(writer));
        let asks =
            self.heard(who).into_iter().filter(|m| matches!(m, Message::Sync(SyncMessage::Step1(_)))).count();
        for _ in 0..asks {
            self.say(who, step2(writer));
        }
        self.heard(who);
    }
}

/// Somebody's own copy.
pub(crate) struct Writer(pub(crate) Doc);

impl Writer {
    pub(crate) fn new(client: u64) -> Self {
        Self(Doc::with_client_id(client))
    }

    pub(crate) fn types(&self, words: &str) -> Bytes {
        let mut txn = self.0.transact_mut();
        let text = txn.get_or_insert_text("body");
        text.push(&mut txn, words);
        txn.encode_update_v1().into()
    }

    pub(crate) fn reads(&self, update: &[u8]) {
        self.0.transact_mut().apply_update(Update::decode_v1(update).unwrap()).unwrap();
    }

    pub(crate) fn text(&self) -> String {
        let txn = self.0.transact();
        txn.get_text("body").map(|text| text.get_string(&txn)).unwrap_or_default()
    }
}

/// Whose a participation is.
pub(crate) fn user(who: ParticipantId) -> UserId {
    UserId::from_bytes([(who.0 % 10) as u8; 16])
}

pub(crate) fn update(bytes: Bytes) -> Message {
    Message::Sync(SyncMessage::Update(bytes))
}

pub(crate) fn step1(writer: &Writer) -> Message {
    Message::Sync(SyncMessage::Step1(writer.0.transact().state_vector().encode_v1().into()))
}

pub(crate) fn step2(writer: &Writer) -> Message {
    let state = writer.0.transact().encode_state_as_update_v1(&StateVector::default());
    Message::Sync(SyncMessage::Step2(state.into()))
}

pub(crate) fn updates(messages: &[Message]) -> Vec<Bytes> {
    messages
        .iter()
        .filter_map(|message| match message {
            Message::Sync(SyncMessage::Update(bytes) | SyncMessage::Step2(bytes)) => Some(bytes.clone()),
            _ => None,
        })
        .collect()
}

pub(crate) fn statuses(messages: &[Message]) -> Vec<bool> {
    let status = |message: &Message| match message {
        Message::SyncStatus(applied) => Some(*applied),
        _ => None,
    };
    messages.iter().filter_map(status).collect()
}

pub(crate) fn presence(client: u64, clock: u64, state: Option<&'static str>) -> Message {
    let state = state.map(|text| Bytes::from_static(text.as_bytes()));
    Message::Awareness(encode_awareness(&[AwarenessEntry { client, clock, state }]))
}

pub(crate) fn entries(messages: &[Message]) -> Vec<(u64, u64, bool)> {
    let entries = messages.iter().filter_map(|message| match message {
        Message::Awareness(update) => Some(decode_awareness(update).unwrap()),
        _ => None,
    });
    entries.flatten().map(|entry| (entry.client, entry.clock, entry.state.is_some())).collect()
}
