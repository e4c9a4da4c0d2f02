//! The life of one document on which a few people write and one forges. After each forged update what others wrote is as
//! it was, and the next edit of whom it was aimed at is taken and is there. All copies are alike: of those who hear of
//! each update, of the server that starts again now and then, and what is loaded at the end.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use fastrand::Rng;
use plenary_gate::{Limits, Refusal};
use plenary_ids::UserId;
use plenary_permissions::Authorship;
use plenary_room::{Admission, LiveDocument, LoadedDocument, LoadedSnapshot, NewRecord, Writer};
use yrs::{
    Any, Assoc, ClientID, Doc, GetString, IndexedSequence, Map, OffsetKind, Options, Out, ReadTxn, Text,
    Transact, Update, WriteTxn, types::text::YChange, updates::decoder::Decode,
};

use crate::{
    adversary::Tally,
    forgery::{Attack, Scene, forge},
};

/// People who write in the text, and people's second devices, which write in the notes.
const TEXTS: usize = 3;
const PEOPLE: usize = 5;
/// The forger's client ids.
const OWN_MAX: usize = 4;
const FORGER: UserId = UserId::from_bytes([66; 16]);

/// What was merged, for another reader of the format.
pub struct Step {
    pub is_forged: bool,
    pub update: Vec<u8>,
    /// Of the text once it was merged.
    pub hash: u32,
}

/// Somebody honest with a copy of their own.
struct Person {
    user: UserId,
    doc: Doc,
    client: u64,
    /// What has come since they last looked.
    inbox: VecDeque<Bytes>,
    typed: u32,
}

/// What an edit must have led to.
enum Traces {
    /// These clocks are in the text.
    Words { from: u32, to: u32 },
    /// This is under this key.
    Note { key: String, value: i64 },
}

/// One document's life.
pub struct Life {
    rng: Rng,
    live: LiveDocument,
    people: Vec<Person>,
    own: Vec<u64>,
    fresh: u64,
    now_ms: u64,
    /// Clients that were announced and that nobody has written with.
    announced: BTreeMap<u64, UserId>,
    /// What a store has: a snapshot, and what came since.
    stored: LoadedDocument,
}

impl Person {
    fn new(user: UserId, client: u64) -> Self {
        Self { user, doc: doc(client), client, inbox: VecDeque::new(), typed: 0 }
    }

    /// Takes in the next so many updates that have come.
    fn hear(&mut self, count: usize) -> Result<(), String> {
        for update in self.inbox.drain(..count) {
            let update = Update::decode_v1(&update).map_err(|error| error.to_string())?;
            self.doc.transact_mut().apply_update(update).map_err(|error| error.to_string())?;
        }
        if self.doc.transact().has_missing_updates() {
            return Err(format!("something waits in the copy of client {}", self.client));
        }
        Ok(())
    }

    /// Some edit, as one transaction; and what must be there afterwards.
    fn edit(&mut self, rng: &mut Rng, writes_text: bool) -> (Vec<u8>, Traces) {
        self.typed += 1;
        let mut txn = self.doc.transact_mut();
        if !writes_text {
            let notes = txn.get_or_insert_map("notes");
            let (key, value) = (format!("{}-{}", self.client, rng.u32(0..6)), i64::from(self.typed));
            notes.insert(&mut txn, key.as_str(), value);
            return (txn.encode_update_v1(), Traces::Note { key, value });
        }
        let text = txn.get_or_insert_text("body");
        let length = text.len(&txn);
        let letter = char::from(b'a' + (self.client % 20) as u8);
        let words = format!("{letter}{}{}", self.typed % 10, if rng.u8(0..3) == 0 { " " } else { "" });
        if length > 200 && rng.bool() {
            // Anybody may delete what is there; an honest person keeps the text short.
            let at = rng.u32(0..length - 20);
            text.remove_range(&mut txn, at, rng.u32(1..20));
        }
        let at = rng.u32(0..=text.len(&txn));
        let from = txn.state_vector().get(&ClientID::new(self.client));
        text.insert(&mut txn, at, &words);
        if rng.u8(0..20) == 0 {
            let bold = yrs::types::Attrs::from([("bold".into(), Any::Bool(rng.bool()))]);
            text.format(&mut txn, at, 2, bold);
        }
        (txn.encode_update_v1(), Traces::Words { from, to: from + words.len() as u32 })
    }
}

impl Life {
    /// A document on which everybody has written, the forger not yet.
    pub fn begin(seed: u64) -> Result<Self, String> {
        let mut rng = Rng::with_seed(seed);
        let mut client = || rng.u64(2..1 << 32);
        // The second devices are of the first people.
        let user = |number: usize| UserId::from_bytes([(number % TEXTS) as u8 + 1; 16]);
        let people = (0..PEOPLE).map(|number| Person::new(user(number), client())).collect();
        let (own, fresh) = (client(), client());
        let announced = (0..TEXTS).map(|number| (client(), user(number))).collect();
        let mut life = Self {
            live: LiveDocument::load(&LoadedDocument::default()).map_err(|error| error.to_string())?,
            people,
            own: vec![own],
            fresh,
            now_ms: 1_000_000,
            announced,
            stored: LoadedDocument::default(),
            rng,
        };
        let first = doc(1);
        let mut txn = first.transact_mut();
        txn.get_or_insert_text("body").push(&mut txn, "\n");
        let update = Bytes::from(txn.encode_update_v1());
        life.people.iter_mut().for_each(|person| person.inbox.push_back(update.clone()));
        life.stored.tail.push(NewRecord { user: UserId::SERVER, at_ms: 0, update, relayed: Vec::new() });
        life.live = LiveDocument::load(&life.stored).map_err(|error| error.to_string())?;
        for round in 0..4 {
            for who in 0..PEOPLE {
                // Some have not written yet when it begins.
                if round > 0 || who % 2 == 0 {
                    life.honest_edit(who)?;
                }
            }
        }
        Ok(life)
    }

    pub fn state(&self) -> Result<Vec<u8>, String> {
        Ok(self.live.state().map_err(|error| error.to_string())?.to_vec())
    }

    pub fn text(&self) -> String {
        text_of(self.live.doc())
    }

    /// The notes as JSON.
    pub fn notes(&self) -> String {
        notes_of(self.live.doc())
    }

    /// Takes an update to the gate and into the document, as a room does.
    fn offer(&mut self, user: UserId, update: &[u8]) -> Result<Admission, String> {
        self.now_ms += 250;
        let announced = &self.announced;
        let reserved = |client| announced.get(&client).copied();
        let writer = Writer { user, at_ms: self.now_ms, authorship: Authorship::Strict, reserved: &reserved };
        let admission = self.live.admit(update, &writer, &Limits::default());
        if let Admission::Admitted(slices) = &admission {
            for slice in slices {
                self.live.merge(&[&slice.update]).map_err(|error| format!("it was let in, but {error}"))?;
                let update = Bytes::from(slice.update.clone());
                self.people.iter_mut().for_each(|person| person.inbox.push_back(update.clone()));
                self.stored.tail.push(NewRecord { user, at_ms: self.now_ms, update, relayed: Vec::new() });
            }
        }
        Ok(admission)
    }

    /// Somebody's next edit is taken, and is there. Often they have not seen yet what others wrote last.
    fn honest_edit(&mut self, who: usize) -> Result<Vec<u8>, String> {
        let person = &mut self.people[who];
        let heard = match self.rng.u8(0..3) {
            0 => self.rng.usize(0..=person.inbox.len()),
            _ => person.inbox.len(),
        };
        person.hear(heard)?;
        let (update, traces) = person.edit(&mut self.rng, who < TEXTS);
        let (user, client) = (person.user, person.client);
        let is_up_to_date = person.inbox.is_empty();
        match self.offer(user, &update)? {
            Admission::Admitted(_) => {}
            other => return Err(format!("the next edit of client {client} was not taken: {other:?}")),
        }
        match traces {
            Traces::Words { from, to } => {
                let has = self.live.known().next_clock(client);
                let deleted = self.live.known().deleted();
                if has < to || (from..to).any(|clock| deleted.contains(client, clock)) {
                    return Err(format!("of {from}..{to} of client {client} something is not there: {has}"));
                }
            }
            Traces::Note { key, value } => {
                let txn = self.live.doc().transact();
                let there = txn.get_map("notes").and_then(|notes| notes.get(&txn, &key));
                if there.as_ref().and_then(number) != Some(value) {
                    return Err(format!("note {key} of client {client} is {there:?}, not {value}"));
                }
            }
        }
        if is_up_to_date {
            let (ours, theirs) = (self.text(), text_of(&self.people[who].doc));
            if ours != theirs {
                return Err(format!("client {client} has {theirs:?}, the server has {ours:?}"));
            }
        }
        Ok(update)
    }

    fn clocks(&self) -> Vec<u32> {
        self.people.iter().map(|person| self.live.known().next_clock(person.client)).collect()
    }

    /// Which clocks a reader of the text has at some place, up to a dozen.
    fn stretch(&mut self) -> Vec<(u64, u32)> {
        let txn = self.live.doc().transact();
        let Some(text) = txn.get_text("body") else { return Vec::new() };
        let length = text.len(&txn);
        let from = self.rng.u32(0..length.max(1));
        let clocks = (from..length.min(from + self.rng.u32(2..12))).filter_map(|at| {
            let id = text.sticky_index(&txn, at, Assoc::After)?;
            id.id().map(|id| (id.client.get(), id.clock))
        });
        clocks.collect()
    }

    fn forged(&mut self, attack: Attack, victim: usize) -> Vec<u8> {
        let stretch = self.stretch();
        let known = |client: u64| self.live.known().next_clock(client);
        let victims: Vec<_> =
            self.people.iter().map(|person| (person.client, known(person.client))).collect();
        let own: Vec<_> = self.own.iter().map(|client| (*client, known(*client))).collect();
        let announced: Vec<u64> = self.announced.keys().copied().collect();
        let scene = Scene {
            victims: &victims,
            texts: TEXTS,
            announced: &announced,
            own: &own,
            fresh: self.fresh,
            stretch: &stretch,
        };
        forge(&mut self.rng, &scene, attack, victim)
    }

    /// One forged update, what must hold after it, and the next edit of whom it was aimed at.
    pub fn step(&mut self, tally: &mut Tally, steps: &mut Vec<Step>) -> Result<(), String> {
        let attack = self.rng.choice(Attack::ALL).expect("there are some");
        let victim = self.rng.usize(0..PEOPLE);
        let update = self.forged(attack, victim);
        let (text, notes, clocks) = (self.text(), self.notes(), self.clocks());
        let admission = self.offer(FORGER, &update)?;
        let outcome = match &admission {
            Admission::NothingNew => "nothing new".to_owned(),
            Admission::Gap => "gap".to_owned(),
            Admission::Admitted(_) => "accepted".to_owned(),
            Admission::Refused(refusal) => reason(refusal),
        };
        tally.updates += 1;
        *tally.outcomes.entry((attack, outcome)).or_default() += 1;
        let text_after = self.text();
        let forged = || format!("{attack:?} {update:02x?}: {admission:?}");
        if honest(&text_after) != honest(&text) {
            return Err(format!("the text was {text:?} and is {text_after:?} after {}", forged()));
        }
        if self.notes() != notes {
            return Err(format!("the notes were {notes} and are {} after {}", self.notes(), forged()));
        }
        if self.clocks() != clocks {
            return Err(format!("clocks were {clocks:?} and are {:?} after {}", self.clocks(), forged()));
        }
        if let Admission::Admitted(slices) = &admission {
            if attack.is_never_let_in() {
                return Err(format!("it was let in: {}", forged()));
            }
            let hash = hash(&text_after);
            steps.extend(slices.iter().enumerate().map(|(at, slice)| {
                // Of several slices only the last brings the text there.
                assert_eq!((at, slices.len()), (0, 1), "they are small");
                Step { is_forged: true, update: slice.update.clone(), hash }
            }));
            if self.live.known().next_clock(self.fresh) > 0 {
                if self.own.len() < OWN_MAX && matches!(attack, Attack::FreshId | Attack::Tangle) {
                    self.own.push(self.fresh);
                }
                self.fresh = self.rng.u64(2..1 << 32);
            }
        }
        if self.rng.u8(0..100) == 0 {
            self.write_as_announced(steps)?;
        }
        if self.rng.u8(0..60) == 0 {
            self.start_again(tally)?;
        }
        let update = self.honest_edit(victim)?;
        tally.edits += 1;
        steps.push(Step { is_forged: false, update, hash: hash(&self.text()) });
        Ok(())
    }

    /// Somebody begins to write with the id they had announced.
    fn write_as_announced(&mut self, steps: &mut Vec<Step>) -> Result<(), String> {
        let Some((client, user)) = self.announced.pop_first() else { return Ok(()) };
        let who = self.people.iter().position(|person| person.user == user).expect("everybody is here");
        let mut person = Person::new(user, client);
        person.inbox.push_back(self.state()?.into());
        self.people[who] = person;
        // Theirs by having announced it, until it is by having written.
        self.announced.insert(client, user);
        // All of the state, or they have nothing at all.
        self.people[who].hear(1)?;
        let taken = self.honest_edit(who);
        self.announced.remove(&client);
        steps.push(Step { is_forged: false, update: taken?, hash: hash(&self.text()) });
        Ok(())
    }

    /// The server ends and starts again, from a snapshot or from the records since the last one.
    fn start_again(&mut self, tally: &mut Tally) -> Result<(), String> {
        if self.rng.bool() {
            let snapshot = LoadedSnapshot {
                seq: 1,
                state: self.state()?.into(),
                attribution: self.live.attribution().encode(),
            };
            self.stored = LoadedDocument { snapshot: Some(snapshot), tail: Vec::new() };
        }
        let again = LiveDocument::load(&self.stored).map_err(|error| format!("it does not load: {error}"))?;
        tally.loads += 1;
        again.check_attribution().map_err(|error| error.to_string())?;
        let (was, is) = (self.text(), text_of(again.doc()));
        if was != is {
            return Err(format!("it was {was:?} and is loaded as {is:?}"));
        }
        if notes_of(again.doc()) != self.notes() {
            return Err("its notes are loaded as others".into());
        }
        self.live = again;
        Ok(())
    }

    /// At the end everybody has the same, it loads again, and every clock is ascribed to whom it belongs.
    pub fn end(&mut self, tally: &mut Tally) -> Result<(), String> {
        let (text, notes) = (self.text(), self.notes());
        for person in &mut self.people {
            person.hear(person.inbox.len())?;
            let theirs = text_of(&person.doc);
            if theirs != text || notes_of(&person.doc) != notes {
                return Err(format!("client {} ends with {theirs:?}, not {text:?}", person.client));
            }
        }
        let mut whole = Person::new(UserId::SERVER, 2);
        whole.inbox.push_back(self.state()?.into());
        whole.hear(1)?;
        if text_of(&whole.doc) != text || notes_of(&whole.doc) != notes {
            return Err(format!("its state is {:?}, not {text:?}", text_of(&whole.doc)));
        }
        self.start_again(tally)?;
        let formats = formats_of(self.live.doc());
        let copies = self.people.iter().chain([&whole]);
        for (client, doc) in copies.map(|person| (person.client, &person.doc)) {
            if formats_of(doc) != formats {
                return Err(format!("the copy of client {client} is formatted otherwise"));
            }
        }
        let owner = |client: u64| match self.people.iter().find(|person| person.client == client) {
            Some(person) => Some(person.user),
            None if client == 1 => Some(UserId::SERVER),
            None if self.own.contains(&client) => Some(FORGER),
            // Of somebody who has another by now, or of the forger's types.
            None => None,
        };
        let mut runs = self.live.attribution().inserted((0, 0));
        match runs.find(|run| owner(run.client).is_some_and(|owner| owner != run.user)) {
            Some(run) => Err(format!("{run:?} is ascribed to somebody else")),
            None => Ok(()),
        }
    }
}

/// FNV-1a over UTF-16, which JavaScript can do as well.
fn hash(text: &str) -> u32 {
    text.encode_utf16().fold(0x811c_9dc5, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193))
}

fn doc(client: u64) -> Doc {
    Doc::with_options(Options {
        offset_kind: OffsetKind::Utf16,
        cleanup_formatting: false,
        ..Options::with_client_id(ClientID::new(client))
    })
}

fn text_of(doc: &Doc) -> String {
    let txn = doc.transact();
    txn.get_text("body").map(|text| text.get_string(&txn)).unwrap_or_default()
}

/// The formats of each run of the text, in order.
fn formats_of(doc: &Doc) -> Vec<(u32, BTreeMap<Arc<str>, Any>)> {
    let txn = doc.transact();
    let Some(text) = txn.get_text("body") else { return Vec::new() };
    let runs = text.diff(&txn, YChange::identity).into_iter().map(|run| {
        let length =
            if let Out::Any(Any::String(text)) = &run.insert { text.encode_utf16().count() } else { 1 };
        (length as u32, run.attributes.map(|attributes| BTreeMap::from_iter(*attributes)).unwrap_or_default())
    });
    runs.collect()
}

fn notes_of(doc: &Doc) -> String {
    let txn = doc.transact();
    let Some(notes) = txn.get_map("notes") else { return "{}".into() };
    let notes: BTreeMap<String, Option<i64>> =
        notes.iter(&txn).map(|(key, value)| (key.to_string(), number(&value))).collect();
    serde_json::to_string(&notes).expect("numbers under keys")
}

/// The text without what forgers wrote.
fn honest(text: &str) -> String {
    text.chars().filter(|letter| !matches!(letter, 'Z' | 'É' | 'ع')).collect()
}

fn number(value: &Out) -> Option<i64> {
    if let Out::Any(Any::Number(number)) = value { number.as_i64() } else { None }
}

/// The name of the reason.
fn reason(refusal: &Refusal) -> String {
    let name = format!("{refusal:?}");
    let end = name.find([' ', '{']).unwrap_or(name.len());
    format!("refused: {}", &name[..end])
}
