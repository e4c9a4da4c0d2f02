//! Forged updates, one after the other, on many living documents at once, and what came of them. `life.rs` has what must
//! hold after each.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use fastrand::Rng;

use crate::{
    forgery::Attack,
    life::{Life, Step},
};

/// So many forged updates, then a new document: it must stay small for so many checks.
pub const LIFE: u64 = 250;

/// What is asked of a run.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    pub seed: u64,
    /// Forged updates.
    pub updates: u64,
    pub threads: usize,
}

/// What happened.
#[derive(Debug, Default)]
pub struct Tally {
    /// Forged updates.
    pub updates: u64,
    pub documents: u64,
    /// By attack and by what the gate said.
    pub outcomes: BTreeMap<(Attack, String), u64>,
    /// Edits of those they were aimed at, all of which must be taken.
    pub edits: u64,
    /// Documents loaded from what the store had, while they were written in and at the end.
    pub loads: u64,
    /// Broken promises, the first few in words.
    pub violations: u64,
    pub examples: Vec<String>,
}

impl Tally {
    /// Forged updates by what was said, whatever the attack.
    pub fn by_outcome(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for ((_, outcome), count) in &self.outcomes {
            *counts.entry(outcome.as_str()).or_default() += count;
        }
        counts
    }

    pub fn violated(&mut self, what: String) {
        self.violations += 1;
        if self.examples.len() < 10 {
            self.examples.push(what);
        }
    }

    fn add(&mut self, other: Self) {
        self.updates += other.updates;
        self.documents += other.documents;
        self.edits += other.edits;
        self.loads += other.loads;
        other.outcomes.into_iter().for_each(|(what, count)| *self.outcomes.entry(what).or_default() += count);
        self.violations += other.violations;
        let room = 10 - self.examples.len().min(10);
        self.examples.extend(other.examples.into_iter().take(room));
    }
}

/// What yjs is to read: how many accepted forged updates, and where they are written, a document a line.
pub struct ForYjs<'a> {
    pub wanted: u64,
    pub out: &'a mut (dyn Write + Send),
}

/// Runs a task. `progress` is called after each document with the number of forged updates so far.
pub fn run(task: Task, yjs: Option<ForYjs<'_>>, progress: &(dyn Fn(u64) + Sync)) -> io::Result<Tally> {
    let documents = task.updates.div_ceil(LIFE);
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let (total, yjs) = (Mutex::new(Tally::default()), Mutex::new(yjs));
    let work = || -> io::Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= documents {
                return Ok(());
            }
            let updates = LIFE.min(task.updates - number * LIFE);
            let (tally, told) = document(seed_of(task.seed, number), updates);
            progress(done.fetch_add(tally.updates, Ordering::Relaxed) + tally.updates);
            total.lock().expect("nothing panics while it is held").add(tally);
            if let Some(told) = told
                && let Some(ForYjs { wanted, out }) =
                    &mut *yjs.lock().expect("nothing panics while it is held")
                && *wanted > 0
            {
                *wanted = wanted.saturating_sub(told.accepted());
                told.write(*out)?;
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..task.threads.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("workers catch what panics"))
    })?;
    Ok(total.into_inner().expect("nobody holds it any more"))
}

/// The seed of one document of a run.
fn seed_of(seed: u64, number: u64) -> u64 {
    Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).u64(..)
}

/// The life of one document; and what yjs is to read of it, if nothing was broken.
pub fn document(seed: u64, updates: u64) -> (Tally, Option<Told>) {
    let mut tally = Tally { documents: 1, ..Tally::default() };
    let lived = catch_unwind(AssertUnwindSafe(|| live(seed, updates, &mut tally)));
    let told = match lived {
        Ok(Ok(told)) => Some(told),
        Ok(Err(broken)) => {
            tally.violated(format!("document {seed}: {broken}"));
            None
        }
        Err(_) => {
            tally.violated(format!("document {seed}: something panicked"));
            None
        }
    };
    (tally, told)
}

fn live(seed: u64, updates: u64, tally: &mut Tally) -> Result<Told, String> {
    let mut life = Life::begin(seed)?;
    let start = life.state()?;
    let mut steps = Vec::new();
    for _ in 0..updates {
        life.step(tally, &mut steps)?;
    }
    life.end(tally)?;
    Ok(Told { seed, start, steps, state: life.state()?, text: life.text(), notes: life.notes() })
}

/// One document for another reader of the format.
pub struct Told {
    seed: u64,
    start: Vec<u8>,
    steps: Vec<Step>,
    state: Vec<u8>,
    text: String,
    notes: String,
}

impl Told {
    fn accepted(&self) -> u64 {
        self.steps.iter().filter(|step| step.is_forged).count() as u64
    }

    /// One line: the state it began with, each update with the hash of the text after it, and state, text and notes at
    /// the end.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { seed, start, steps, state, text, notes } = self;
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        write!(out, r#"{{"seed":"{seed}","start":"{}","steps":["#, hex(start))?;
        for (index, step) in steps.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(out, r#"{comma}["{}",{},{}]"#, hex(&step.update), step.hash, u8::from(step.is_forged))?;
        }
        let text = serde_json::to_string(text)?;
        writeln!(out, r#"],"state":"{}","text":{text},"notes":{notes}}}"#, hex(state))
    }
}
