//! One room in which everybody writes at once.
//!
//! Each writer appends one character to a line of its own at a steady pace, whatever comes back (open loop), the
//! writers evenly spread over the pace. A delivery is one update of one writer arriving at one other writer: a
//! message that brings merged updates counts for each update in it, and an echo for none.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use plenary_protocol::{Message, SyncMessage};
use plenary_tests::{
    coverage::Reading,
    keystrokes::ROOT,
    link::{Listener, Place, Speaker, in_time},
    process::Server,
};
use tokio::{
    sync::Notify,
    task::{JoinSet, LocalSet},
    time::{Instant, sleep_until},
};
use yrs::{ClientID, Doc, GetString, Options, ReadTxn, StateVector, Text, Transact};

/// The first writer's client id.
const FIRST_CLIENT: u64 = 10_001;

/// What is sent in this time warms the servers up and is not counted.
const WARM_UP: Duration = Duration::from_secs(2);

/// After the last update: what has not arrived by then is missing.
const DRAIN_WITHIN: Duration = Duration::from_secs(60);

/// How many, how fast, how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    pub(crate) writers: usize,
    pub(crate) updates_per_second: u32,
    /// Seconds that count, after the warm-up.
    pub(crate) seconds: u32,
}

/// How it went, without the warm-up.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) deliveries_per_second: f64,
    /// Updates times other writers, and how many of those deliveries never came.
    pub(crate) deliveries: usize,
    pub(crate) missing: usize,
    /// From the update's being given to the socket until a reader's socket gave it out.
    pub(crate) latency_ms: Latency,
    /// How far behind its pace the load itself was: large means that the clients, not the server, were measured.
    pub(crate) late_p95_ms: f64,
    /// Messages with updates, over all writers and the whole run.
    pub(crate) messages: usize,
    pub(crate) cpu_seconds: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

/// What all clients write down.
struct Notes {
    reading: RefCell<Reading>,
    /// When each update of each writer was sent.
    sent: RefCell<Vec<Vec<Instant>>>,
    counted_from: Cell<Option<Instant>>,
    latencies_us: RefCell<Vec<u32>>,
    last_arrival: Cell<Option<Instant>>,
    late_us: RefCell<Vec<u32>>,
    messages: Cell<usize>,
    /// Deliveries that are still to come, warm-up included.
    to_come: Cell<usize>,
    all_came: Notify,
}

impl Crowd {
    /// Runs it.
    pub(crate) async fn run(self, place: &Place, server: &Server) -> Outcome {
        LocalSet::new().run_until(self.gather(place, server)).await
    }

    async fn gather(self, place: &Place, server: &Server) -> Outcome {
        let interval = Duration::from_secs(1) / self.updates_per_second;
        let warm_up_updates = (WARM_UP.as_secs() as u32 * self.updates_per_second) as usize;
        let counted_updates = (self.seconds * self.updates_per_second) as usize;
        let each = warm_up_updates + counted_updates;
        let mut clients = Vec::new();
        for writer in 0..self.writers {
            let frames: Vec<Bytes> = line(writer, each).iter().map(|update| place.frame(update)).collect();
            let (speaker, listener, _) = place.join().await;
            clients.push((writer, frames, speaker, listener));
        }
        let notes = Rc::new(Notes {
            reading: RefCell::default(),
            sent: RefCell::new(vec![Vec::with_capacity(each); self.writers]),
            counted_from: Cell::new(None),
            latencies_us: RefCell::default(),
            last_arrival: Cell::new(None),
            late_us: RefCell::default(),
            messages: Cell::new(0),
            to_come: Cell::new(self.writers * (self.writers - 1) * each),
            all_came: Notify::new(),
        });
        let begins = Instant::now() + interval;
        let counted_from = begins + WARM_UP;
        notes.counted_from.set(Some(counted_from));
        let (mut speaking, mut listening) = (JoinSet::new(), JoinSet::new());
        for (writer, frames, speaker, listener) in clients {
            let first = begins + interval * writer as u32 / self.writers as u32;
            speaking.spawn_local(speak(Rc::clone(&notes), writer, frames, speaker, first, interval));
            listening.spawn_local(listen(Rc::clone(&notes), writer, self.writers, listener));
        }
        sleep_until(counted_from).await;
        let cpu_before = server.cpu_seconds();
        // The halves that wrote stay until nobody listens any more.
        let longest = WARM_UP + Duration::from_secs(self.seconds.into()) + DRAIN_WITHIN;
        let speakers = in_time("writing", longest, speaking.join_all()).await;
        if notes.to_come.get() > 0 {
            // Whether it comes or not is told by what is missing.
            let _ = tokio::time::timeout(DRAIN_WITHIN, notes.all_came.notified()).await;
        }
        let cpu_seconds = server.cpu_seconds().zip(cpu_before).map(|(after, before)| after - before);
        listening.abort_all();
        drop(speakers);

        let mut latencies_us = notes.latencies_us.take();
        latencies_us.sort_unstable();
        let mut late_us = notes.late_us.take();
        late_us.sort_unstable();
        let span = notes.last_arrival.get().map_or(0.0, |last| (last - counted_from).as_secs_f64());
        let at = |of: &[u32], part: f64| {
            let index = (of.len() as f64 * part) as usize;
            of.get(index.min(of.len().saturating_sub(1))).map_or(f64::NAN, |&us| f64::from(us) / 1000.0)
        };
        Outcome {
            deliveries_per_second: latencies_us.len() as f64 / span,
            deliveries: self.writers * (self.writers - 1) * counted_updates,
            missing: notes.to_come.get(),
            latency_ms: Latency {
                p50: at(&latencies_us, 0.5),
                p95: at(&latencies_us, 0.95),
                p99: at(&latencies_us, 0.99),
                max: at(&latencies_us, 1.0),
            },
            late_p95_ms: at(&late_us, 0.95),
            messages: notes.messages.get(),
            cpu_seconds,
        }
    }
}

fn client(writer: usize) -> u64 {
    FIRST_CLIENT + writer as u64
}

/// The updates of one writer, one character each: clock `n` is update `n`.
fn line(writer: usize, count: usize) -> Vec<Bytes> {
    let doc = Doc::with_options(Options::with_client_id(ClientID::new(client(writer))));
    let text = doc.get_or_insert_text(ROOT);
    let updates: Vec<Bytes> = (0..count)
        .map(|at| {
            let before = doc.transact().state_vector();
            let character = char::from(b'a' + (at % 26) as u8).to_string();
            text.insert(&mut doc.transact_mut(), at as u32, &character);
            doc.transact().encode_diff_v1(&before).into()
        })
        .collect();
    assert_eq!(text.get_string(&doc.transact()).len(), count);
    assert_ne!(doc.transact().state_vector(), StateVector::default());
    updates
}

async fn speak(
    notes: Rc<Notes>,
    writer: usize,
    frames: Vec<Bytes>,
    mut speaker: Speaker,
    first: Instant,
    interval: Duration,
) -> Speaker {
    for (count, frame) in frames.into_iter().enumerate() {
        let due = first + interval * count as u32;
        sleep_until(due).await;
        let now = Instant::now();
        notes.late_us.borrow_mut().push(micros(now - due));
        notes.sent.borrow_mut()[writer].push(now);
        speaker.send(frame).await;
    }
    speaker
}

async fn listen(notes: Rc<Notes>, reader: usize, writers: usize, mut listener: Listener) {
    let mut next_clocks = vec![0; writers];
    loop {
        let Message::Sync(SyncMessage::Update(update) | SyncMessage::Step2(update)) =
            listener.message().await
        else {
            continue;
        };
        let now = Instant::now();
        notes.messages.set(notes.messages.get() + 1);
        let brought = notes.reading.borrow_mut().of(&update);
        let sent = notes.sent.borrow();
        let mut latencies_us = notes.latencies_us.borrow_mut();
        for (client, clocks) in &brought.inserted {
            let writer = client.checked_sub(FIRST_CLIENT).map_or(writers, |writer| writer as usize);
            if writer >= writers || writer == reader {
                continue;
            }
            assert!(clocks.start <= next_clocks[writer], "an update came before one it needs");
            for clock in next_clocks[writer]..clocks.end {
                let sent = sent[writer][clock as usize];
                notes.to_come.set(notes.to_come.get() - 1);
                if notes.counted_from.get().is_some_and(|from| sent >= from) {
                    latencies_us.push(micros(now - sent));
                    notes.last_arrival.set(Some(now));
                }
            }
            next_clocks[writer] = next_clocks[writer].max(clocks.end);
        }
        if notes.to_come.get() == 0 {
            notes.all_came.notify_one();
        }
    }
}

fn micros(span: Duration) -> u32 {
    u32::try_from(span.as_micros()).unwrap_or(u32::MAX)
}
