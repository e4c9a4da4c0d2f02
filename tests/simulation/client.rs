//! A client as the stock providers are: it edits, counts what is unsynced, and answers sync messages.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
};

use bytes::Bytes;
use fastrand::Rng;
use plenary_ids::UserId;
use plenary_permissions::{Access, Channel, Role, Stage, Subject, access_to};
use plenary_protocol::{AwarenessEntry, Message, PlenaryMessage, SyncMessage, encode_awareness};
use yrs::{
    Any, ClientID, Doc, GetString, Map, OffsetKind, Options, Out, ReadTxn, StateVector, Text, TextRef,
    Transact, Update, WriteTxn,
    types::text::YChange,
    updates::{decoder::Decode, encoder::Encode},
};

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// As y-websocket 3: no acknowledgements.
    YWebsocket,
    /// As the Hocuspocus provider: counts unsynced updates.
    Hocuspocus,
    /// The Hocuspocus dialect with type 110: marks.
    Plenary,
}

/// What its author is to the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub is_drafter: bool,
    pub is_member: bool,
}

/// One update a client made.
pub struct OwnUpdate {
    pub bytes: Bytes,
    /// The flush since which it is on disk.
    pub durable_since: Option<u64>,
}

pub struct Client {
    pub index: usize,
    pub speech: Speech,
    pub connection: Option<u64>,
    pub standing: Standing,
    pub is_slow: bool,
    pub updates: Vec<OwnUpdate>,
    doc: Doc,
    /// As `unsyncedChanges` of the provider.
    unsynced: u64,
    /// Marks that were not answered, with the number of updates made before each.
    marks: VecDeque<(u64, usize)>,
    next_mark: u64,
    /// Of the updates made, how many had been made when the server last refused some.
    excused: usize,
    awareness_clock: u64,
    typed: u64,
}

impl Client {
    pub fn new(index: usize, rng: &mut Rng) -> Self {
        Self {
            index,
            speech: rng.choice([Speech::YWebsocket, Speech::Hocuspocus, Speech::Plenary]).expect("three"),
            connection: None,
            standing: Standing { is_drafter: rng.u32(0..10) > 0, is_member: true },
            is_slow: rng.u32(0..6) == 0,
            updates: Vec::new(),
            doc: doc(rng.u64(2..u64::from(u32::MAX))),
            unsynced: 0,
            marks: VecDeque::new(),
            next_mark: 1,
            excused: 0,
            awareness_clock: 1,
            typed: 0,
        }
    }

    /// Only reads `state`.
    pub fn reader(state: &[u8]) -> Self {
        let reader = Self { speech: Speech::YWebsocket, ..Self::new(usize::MAX, &mut Rng::with_seed(0)) };
        reader.apply(state);
        reader
    }

    /// What the server writes when it makes a document: the first line break.
    pub fn first_update() -> Bytes {
        let doc = doc(1);
        let mut txn = doc.transact_mut();
        let text = txn.get_or_insert_text("body");
        text.push(&mut txn, "\n");
        txn.encode_update_v1().into()
    }

    pub fn user(&self) -> UserId {
        UserId::from_bytes([self.index as u8 + 1; 16])
    }

    /// The Yjs id it writes with just now.
    pub fn client_id(&self) -> u64 {
        self.doc.client_id().get()
    }

    /// What the table of permissions grants at this stage; `None`: nothing.
    pub fn access(&self, stage: Stage) -> Option<Access> {
        let role = if self.standing.is_drafter { Role::Drafter } else { Role::Observer };
        let subject = if self.standing.is_member { Subject::member(role, false) } else { Subject::Outsider };
        access_to(subject, Channel::Body, stage)
    }

    pub fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Whether the client would tell its author that everything is saved. y-websocket cannot tell.
    pub fn is_saved(&self) -> bool {
        match self.speech {
            Speech::YWebsocket => true,
            Speech::Hocuspocus => self.unsynced == 0,
            Speech::Plenary => self.unsynced == 0 && self.marks.is_empty(),
        }
    }

    pub fn describe(&self) -> String {
        format!(
            "{} {:?} connected {} {:?} unsynced {} marks {} updates {} clocks {:?} text {}",
            self.index,
            self.speech,
            self.is_connected(),
            self.standing,
            self.unsynced,
            self.marks.len(),
            self.updates.len(),
            self.doc.transact().state_vector(),
            self.text().len(),
        )
    }

    /// The socket is open; what the provider sends at once.
    pub fn open(&mut self, connection: u64) -> Vec<Message> {
        self.connection = Some(connection);
        self.unsynced = 1;
        self.marks.clear();
        let mut messages = Vec::new();
        if self.speech == Speech::Plenary {
            messages.push(Message::Plenary(PlenaryMessage::Hello { version: 1 }));
        }
        let state_vector = self.doc.transact().state_vector().encode_v1();
        messages.push(Message::Sync(SyncMessage::Step1(state_vector.into())));
        messages.push(self.awareness());
        if self.speech == Speech::Plenary {
            messages.extend(self.mark());
        }
        messages
    }

    pub fn closed(&mut self) {
        self.connection = None;
    }

    /// The page is loaded again from what it kept: the same state under a new client id.
    pub fn reload(&mut self, rng: &mut Rng) {
        let state = self.doc.transact().encode_state_as_update_v1(&StateVector::default());
        self.doc = doc(rng.u64(2..u64::from(u32::MAX)));
        self.apply(&state);
        self.awareness_clock = 1;
    }

    /// The author does something; the messages it leads to.
    pub fn act(&mut self, rng: &mut Rng) -> Vec<Message> {
        let mut messages = Vec::new();
        for _ in 0..rng.usize(1..=3) {
            let update = self.edit(rng);
            self.updates.push(OwnUpdate { bytes: update.clone(), durable_since: None });
            self.unsynced += 1;
            messages.push(Message::Sync(SyncMessage::Update(update)));
        }
        if rng.bool() {
            messages.push(self.awareness());
        }
        if self.speech == Speech::Plenary && rng.bool() {
            messages.extend(self.mark());
        }
        messages
    }

    fn edit(&mut self, rng: &mut Rng) -> Bytes {
        self.typed += 1;
        let mut txn = self.doc.transact_mut();
        let text = txn.get_or_insert_text("body");
        let length = text.len(&txn);
        match rng.u32(0..10) {
            0..=5 => {
                let word = format!("{}.{} ", self.index, self.typed);
                text.insert(&mut txn, rng.u32(0..=length), &word);
            }
            6..=7 if length > 2 => {
                let at = rng.u32(0..length - 1);
                let count = rng.u32(1..=(length - at).min(6));
                text.remove_range(&mut txn, at, count);
            }
            8 if length > 2 => {
                let at = rng.u32(0..length - 1);
                let bold = yrs::types::Attrs::from([("bold".into(), Any::Bool(rng.bool()))]);
                text.format(&mut txn, at, rng.u32(1..=(length - at).min(9)), bold);
            }
            _ => {
                let map = txn.get_or_insert_map("notes");
                map.insert(&mut txn, format!("key {}", rng.u32(0..4)), self.typed as i64);
            }
        }
        txn.encode_update_v1().into()
    }

    fn awareness(&mut self) -> Message {
        self.awareness_clock += 1;
        let state = Some(Bytes::from(format!("{{\"name\":\"{}\"}}", self.index)));
        let entry = AwarenessEntry { client: self.doc.client_id().get(), clock: self.awareness_clock, state };
        Message::Awareness(encode_awareness(&[entry]))
    }

    fn mark(&mut self) -> Option<Message> {
        let mark = self.next_mark;
        self.next_mark += 1;
        self.marks.push_back((mark, self.updates.len()));
        Some(Message::Plenary(PlenaryMessage::Mark(mark)))
    }

    /// Takes one message of the server, sent at `version`. Err names the promise that it breaks.
    pub fn hear(&mut self, message: Message, version: u64) -> Result<Vec<Message>, String> {
        match message {
            Message::Sync(SyncMessage::Step1(theirs)) => {
                let theirs = StateVector::decode_v1(&theirs).map_err(|error| error.to_string())?;
                let update = self.doc.transact().encode_state_as_update_v1(&theirs);
                return Ok(vec![Message::Sync(SyncMessage::Step2(update.into()))]);
            }
            Message::Sync(SyncMessage::Step2(update) | SyncMessage::Update(update)) => self.apply(&update),
            Message::SyncStatus(true) => {
                self.unsynced = self.unsynced.saturating_sub(1);
                if self.unsynced == 0 {
                    self.must_be_durable(0..self.updates.len(), version, "unsyncedChanges is 0")?;
                }
            }
            Message::Plenary(PlenaryMessage::Durable(mark)) => {
                while let Some((number, updates)) = self.marks.front().copied()
                    && number <= mark
                {
                    self.marks.pop_front();
                    self.must_be_durable(self.excused.min(updates)..updates, version, "a mark was answered")?;
                }
            }
            Message::Plenary(PlenaryMessage::Refused { .. }) => self.excused = self.updates.len(),
            _ => {}
        }
        Ok(Vec::new())
    }

    /// "Saved" is what was on disk when the frame left.
    fn must_be_durable(&self, mut updates: Range<usize>, version: u64, said: &str) -> Result<(), String> {
        let lost =
            updates.find(|index| self.updates[*index].durable_since.is_none_or(|since| since > version));
        match lost {
            Some(index) => Err(format!("{said}, but update {index} was not on disk when that was sent")),
            None => Ok(()),
        }
    }

    fn apply(&self, update: &[u8]) {
        let update = Update::decode_v1(update).expect("the server sends updates that decode");
        self.doc.transact_mut().apply_update(update).expect("the server sends updates that apply");
    }

    pub fn text(&self) -> String {
        let txn = self.doc.transact();
        txn.get_text("body").map(|text| text.get_string(&txn)).unwrap_or_default()
    }

    /// The first thing that this one has otherwise than another.
    pub fn unlike(&self, other: &Self) -> Option<String> {
        let (ours, theirs) = (self.content(), other.content());
        if ours.0 != theirs.0 {
            return Some(format!("clocks {:?} and {:?}", ours.0, theirs.0));
        }
        if ours.2 != theirs.2 {
            return Some(format!("notes {:?} and {:?}", ours.2, theirs.2));
        }
        let alike = ours.1.chars().zip(theirs.1.chars()).take_while(|(ours, theirs)| ours == theirs).count();
        let from = |text: &str| text.chars().skip(alike.saturating_sub(60)).take(240).collect::<String>();
        (ours.1 != theirs.1).then(|| format!("texts {} and {}", from(&ours.1), from(&theirs.1)))
    }

    /// Everything that must be equal everywhere: clocks, deletions, text with formats, notes.
    pub fn content(&self) -> (BTreeMap<u64, u32>, String, BTreeMap<String, String>) {
        let txn = self.doc.transact();
        let clocks = txn.state_vector().iter().map(|(client, clock)| (client.get(), *clock)).collect();
        let text = txn.get_text("body").map(|text| formatted(&text, &txn)).unwrap_or_default();
        let shown = |value: Out| value.to_string(&txn);
        let notes = txn.get_map("notes");
        let notes =
            notes.map(|notes| notes.iter(&txn).map(|(key, value)| (key.to_string(), shown(value))).collect());
        (clocks, text, notes.unwrap_or_default())
    }
}

/// A text with its formats; the attributes of a run are in order, which they are not in yrs.
fn formatted<T: ReadTxn>(text: &TextRef, txn: &T) -> String {
    let runs = text.diff(txn, YChange::identity).into_iter().map(|run| {
        let attributes = run.attributes.map(|attributes| BTreeMap::from_iter(*attributes));
        format!("{:?} {attributes:?}\n", run.insert)
    });
    runs.collect()
}

fn doc(client: u64) -> Doc {
    Doc::with_options(Options {
        offset_kind: OffsetKind::Utf16,
        cleanup_formatting: false,
        ..Options::with_client_id(ClientID::new(client))
    })
}
