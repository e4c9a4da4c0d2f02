//! One seed: clients, a lossy network, a room and a failing disk.

mod disk;
mod network;
mod rights;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashSet, VecDeque},
};

use bytes::Bytes;
use fastrand::Rng;
use plenary_gate::Known;
use plenary_ids::{DocumentId, ParticipantId, UserId};
use plenary_permissions::Stage;
use plenary_protocol::Message;
use plenary_room::{Backlog, Effect, Input, LiveDocument, PlantedBug, Room};
use plenary_storage::{
    NewRecord, Snapshot,
    memory::{MemoryStore, Token},
};

use self::disk::to_store;
use crate::client::{Client, Standing};

const DOCUMENT: DocumentId = DocumentId::from_bytes([9; 16]);
const ADDRESS: &str = "09090909-0909-0909-0909-090909090909";

/// Clients act and things break for this long, in virtual milliseconds.
const TROUBLE_MS: u64 = 20_000;
/// After that everybody must agree within this long.
const PEACE_MS: u64 = 60_000;

/// What happened under one seed.
#[derive(Debug, Default)]
pub struct Report {
    /// How often each kind of trouble and of event occurred.
    pub counts: BTreeMap<&'static str, u64>,
    /// The final state, as one update.
    pub state: Vec<u8>,
    /// The final text.
    pub text: String,
}

struct Connection {
    client: usize,
    participant: ParticipantId,
    backlog: Backlog,
    /// When the last frame in each direction arrives: a socket keeps its order.
    up_ms: u64,
    down_ms: u64,
    delay_ms: u64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Act {
        client: usize,
    },
    Up {
        connection: u64,
        frame: Bytes,
    },
    Down {
        connection: u64,
        frame: Bytes,
        version: u64,
    },
    Reconnect {
        client: usize,
    },
    /// Somebody sends an update that no editor would write.
    Forge,
    Turn,
    Flush,
    Trouble,
    Restart,
    Tick,
}

pub struct World {
    rng: Rng,
    now_ms: u64,
    order: u64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    clients: Vec<Client>,
    connections: BTreeMap<u64, Connection>,
    next_connection: u64,
    store: MemoryStore,
    appends: HashSet<Token>,
    /// Clocks and deletions that are on disk.
    durable: Known,
    /// Counts the flushes; what a frame may speak of is what was durable at the version it was sent at.
    version: u64,
    head: u64,
    room: Option<Room>,
    is_down: bool,
    is_full: bool,
    mailbox: VecDeque<(ParticipantId, Message)>,
    turn_is_due: bool,
    flush_is_due: bool,
    bug: Option<PlantedBug>,
    stage: Stage,
    /// Whose each Yjs client id is.
    owners: BTreeMap<u64, UserId>,
    /// Who may not write, and the last record that was in the document when the call that said so had returned.
    barred: BTreeMap<UserId, u64>,
    forger: Forger,
    counts: BTreeMap<&'static str, u64>,
    failure: Option<String>,
}

/// A member who builds updates by hand, under one seed in two.
struct Forger {
    is_at_work: bool,
    rng: Rng,
    /// Client ids, one of which nobody has seen yet.
    own: Vec<u64>,
    fresh: u64,
}

const FORGER: UserId = UserId::from_bytes([66; 16]);
/// Forgers' participants have numbers from here on.
const FORGERS_FROM: u64 = 1 << 40;

/// Runs one seed. Err says which promise was broken, and when.
pub fn run(seed: u64, bug: Option<PlantedBug>) -> Result<Report, String> {
    let mut world = World::new(seed, bug);
    world.trouble();
    world.peace();
    world.verdict()
}

impl World {
    fn new(seed: u64, bug: Option<PlantedBug>) -> Self {
        let mut rng = Rng::with_seed(seed);
        let store = MemoryStore::new();
        store.hold();
        let clients: Vec<_> = (0..rng.usize(2..=8)).map(|index| Client::new(index, &mut rng)).collect();
        let owners = clients.iter().map(|client| (client.client_id(), client.user())).collect();
        // Numbers of its own: under the other seeds everything is as if there were no forgers.
        let mut forgers = Rng::with_seed(!seed);
        let (own, fresh) = (vec![forgers.u64(2..1 << 32)], forgers.u64(2..1 << 32));
        let forger = Forger { is_at_work: seed % 2 == 1, rng: forgers, own, fresh };
        let mut world = Self {
            rng,
            now_ms: 1_000_000,
            order: 0,
            events: BinaryHeap::new(),
            clients,
            connections: BTreeMap::new(),
            next_connection: 1,
            store,
            appends: HashSet::new(),
            durable: Known::default(),
            version: 0,
            head: 0,
            room: None,
            is_down: false,
            is_full: false,
            mailbox: VecDeque::new(),
            turn_is_due: false,
            flush_is_due: false,
            bug,
            stage: Stage::Draft,
            owners,
            barred: BTreeMap::new(),
            forger,
            counts: BTreeMap::new(),
            failure: None,
        };
        world.create();
        for client in 0..world.clients.len() {
            world.note_right(client);
        }
        for client in 0..world.clients.len() {
            world.after(0..500, Event::Reconnect { client });
            world.after(0..1_000, Event::Act { client });
        }
        if world.forger.is_at_work {
            world.after(500..2_000, Event::Forge);
        }
        world.after(1_000..1_001, Event::Tick);
        world.after(500..3_000, Event::Trouble);
        world
    }

    /// The server writes a document's first record when it makes it.
    fn create(&mut self) {
        let update = Client::first_update();
        let record = NewRecord { user: UserId::SERVER, at_ms: 0, update, relayed: Vec::new() };
        self.store.begin_append(DOCUMENT, vec![record]);
        self.store.flush_all();
        self.read_durable();
    }

    fn after(&mut self, ms: std::ops::Range<u64>, event: Event) {
        let at = self.now_ms + self.rng.u64(ms);
        self.at(at, event);
    }

    fn at(&mut self, at_ms: u64, event: Event) {
        self.order += 1;
        self.events.push(Reverse((at_ms, self.order, event)));
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn fail(&mut self, what: impl Into<String>) {
        let now_ms = self.now_ms;
        self.failure.get_or_insert_with(|| format!("at {now_ms} ms: {}", what.into()));
    }

    fn trouble(&mut self) {
        self.run_until(self.now_ms + TROUBLE_MS, true);
    }

    /// Everything is mended; then all must agree.
    fn peace(&mut self) {
        self.store.set_full(false);
        self.is_full = false;
        self.restart();
        let connections: Vec<_> = self.connections.keys().copied().collect();
        for connection in connections {
            self.cut(connection);
        }
        self.stage = Stage::Draft;
        for client in 0..self.clients.len() {
            self.clients[client].standing = Standing { is_drafter: true, is_member: true };
            self.clients[client].is_slow = false;
            self.note_right(client);
            self.connect(client);
        }
        let end_ms = self.now_ms + PEACE_MS;
        while self.now_ms < end_ms && self.failure.is_none() && !self.all_agree() {
            self.run_until(self.now_ms + 1_000, false);
        }
    }

    fn all_agree(&self) -> bool {
        let is_saved = |client: &Client| client.is_connected() && client.is_saved();
        let quiet = self.store.waiting() == 0 && self.mailbox.is_empty();
        let no_frames = !self.events.iter().any(|Reverse((_, _, event))| {
            matches!(event, Event::Up { .. } | Event::Down { .. } | Event::Reconnect { .. })
        });
        quiet && no_frames && self.clients.iter().all(is_saved) && {
            let first = self.clients[0].content();
            self.clients.iter().all(|client| client.content() == first)
        }
    }

    fn verdict(mut self) -> Result<Report, String> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if !self.all_agree() {
            let unlike = self.clients.iter().find_map(|client| self.clients[0].unlike(client));
            let states: Vec<_> = self.clients.iter().map(Client::describe).collect();
            let states = states.join("; ");
            return Err(format!("no agreement after {PEACE_MS} ms of peace, {unlike:?}: {states}"));
        }
        for client in &self.clients {
            for (index, update) in client.updates.iter().enumerate() {
                if !self.is_durable(&update.bytes) {
                    return Err(format!("update {index} of client {} is lost", client.index));
                }
            }
        }
        self.store.crash();
        let stored = self.load().map_err(|error| format!("after the last crash: {error}"))?;
        let document = LiveDocument::load(&stored).map_err(|error| format!("does not load: {error}"))?;
        let state = document.state().map_err(|error| error.to_string())?.to_vec();
        let server = Client::reader(&state);
        if let Some(unlike) = server.unlike(&self.clients[0]) {
            return Err(format!("the store and the clients do not agree: {unlike}"));
        }
        Ok(Report { counts: self.counts, state, text: server.text() })
    }

    fn run_until(&mut self, end_ms: u64, with_trouble: bool) {
        while self.failure.is_none() {
            match self.events.peek() {
                Some(Reverse((at_ms, _, _))) if *at_ms <= end_ms => {}
                _ => break,
            }
            let Some(Reverse((at_ms, _, event))) = self.events.pop() else {
                break;
            };
            self.now_ms = self.now_ms.max(at_ms);
            self.happen(event, with_trouble);
        }
        self.now_ms = self.now_ms.max(end_ms);
    }

    fn happen(&mut self, event: Event, with_trouble: bool) {
        match event {
            Event::Act { client } if with_trouble => {
                let frames = self.clients[client].act(&mut self.rng);
                self.date_updates();
                self.count("edits");
                self.send_up(client, frames);
                self.after(20..800, Event::Act { client });
            }
            Event::Trouble if with_trouble => {
                self.make_trouble();
                self.after(100..2_500, Event::Trouble);
            }
            Event::Forge if with_trouble => {
                self.forge();
                self.after(200..1_500, Event::Forge);
            }
            Event::Act { .. } | Event::Trouble | Event::Forge => {}
            Event::Up { connection, frame } => self.arrive_up(connection, frame),
            Event::Down { connection, frame, version } => self.arrive_down(connection, frame, version),
            Event::Reconnect { client } => self.connect(client),
            Event::Turn => self.turn(),
            Event::Flush => self.flush(),
            Event::Restart => self.restart(),
            Event::Tick => {
                self.handle(Input::Tick);
                self.turn();
                self.after(1_000..1_001, Event::Tick);
            }
        }
    }

    fn make_trouble(&mut self) {
        match self.rng.u32(0..100) {
            0..40 => {
                let connections: Vec<_> = self.connections.keys().copied().collect();
                if let Some(connection) = self.rng.choice(connections) {
                    self.count("cuts");
                    self.cut(connection);
                }
            }
            40..52 => {
                self.count("crashes");
                self.crash();
            }
            52..58 => {
                self.is_full = !self.is_full;
                self.count("disk full or free again");
                self.store.set_full(self.is_full);
            }
            58..62 => {
                self.count("failing flushes");
                self.store.fail_next_flush();
            }
            62..68 => {
                let client = self.rng.usize(0..self.clients.len());
                self.clients[client].standing.is_drafter ^= true;
                self.count("changes of role");
                self.apply_access(client);
            }
            68..73 => {
                let client = self.rng.usize(0..self.clients.len());
                self.clients[client].standing.is_member ^= true;
                self.count("removals and returns");
                self.apply_access(client);
            }
            73..76 => {
                // What the socket rested on has run out; the client comes back with a renewed credential.
                let client = self.rng.usize(0..self.clients.len());
                self.count("expiries");
                self.put_out(client);
                self.bar(self.clients[client].user());
            }
            76..81 => {
                self.stage = if self.stage == Stage::Draft { Stage::Frozen } else { Stage::Draft };
                self.count("changes of stage");
                (0..self.clients.len()).for_each(|client| self.apply_access(client));
            }
            81..92 => {
                let client = self.rng.usize(0..self.clients.len());
                self.clients[client].is_slow ^= true;
                self.count("slow readers");
            }
            _ => {
                let client = self.rng.usize(0..self.clients.len());
                let connection = self.connections.iter().find(|(_, c)| c.client == client).map(|(id, _)| *id);
                connection.into_iter().for_each(|connection| self.cut(connection));
                self.clients[client].reload(&mut self.rng);
                self.owners.insert(self.clients[client].client_id(), self.clients[client].user());
                self.count("page loads");
            }
        }
    }

    fn handle(&mut self, input: Input) {
        let now_ms = self.now_ms;
        let Some(room) = self.room.as_mut() else { return };
        let effects = room.handle(now_ms, input);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Load => match self.load() {
                    Ok(stored) => self.handle(Input::Loaded(stored)),
                    Err(error) => self.fail(format!("load: {error}")),
                },
                Effect::Append(records) => {
                    self.check_rights(&records);
                    let records = records.into_iter().map(to_store).collect();
                    let token = self.store.begin_append(DOCUMENT, records);
                    self.appends.insert(token);
                    self.count("appends");
                    self.due_flush();
                }
                Effect::Snapshot { seq, state, attribution } => {
                    self.count("snapshots");
                    if seq > self.head {
                        self.fail("a snapshot of what is not on disk");
                    }
                    self.store.begin_compact(DOCUMENT, Snapshot { seq, state, attribution });
                    self.due_flush();
                }
                Effect::Send { participant, frame } => self.send_down(participant, frame),
                Effect::Close { participant, .. } if participant.0 >= FORGERS_FROM => {}
                Effect::Close { participant, reason } => {
                    self.count("closes");
                    if !matches!(reason, plenary_protocol::CloseReason::StoreDown) {
                        self.fail(format!("an honest client was closed: {reason}"));
                    }
                    self.cut(participant.0);
                }
                Effect::State { .. } => {}
                Effect::Stop => {
                    if self.room.as_ref().is_some_and(Room::is_empty) && self.mailbox.is_empty() {
                        self.count("rooms ended");
                        self.room = None;
                    }
                }
            }
        }
        if !self.mailbox.is_empty() {
            self.due_turn();
        }
    }

    fn due_turn(&mut self) {
        if !self.turn_is_due {
            self.turn_is_due = true;
            self.after(0..8, Event::Turn);
        }
    }

    fn turn(&mut self) {
        self.turn_is_due = false;
        if self.room.as_ref().is_some_and(Room::is_reading) && !self.mailbox.is_empty() {
            let messages = self.mailbox.drain(..).collect();
            self.count("turns");
            self.handle(Input::Messages(messages));
        }
    }
}
