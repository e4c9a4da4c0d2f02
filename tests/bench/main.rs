//! Plenary beside its peers, in one run on one machine: `just bench`.
//!
//! Both servers get the same frames from the same clients, in turns, each time as a new process with an empty
//! folder. `docs/benchmarks.md` says what is measured and what it does not show.

mod contestant;
mod crowd;
mod figures;
mod machine;

use std::{env, process::ExitCode, str::FromStr};

use bytes::Bytes;
use plenary_tests::{
    keystrokes::{KEYSTROKES, Keystrokes},
    process::Server,
    typing::type_through,
};
use serde_json::json;

use self::{
    contestant::Contestant,
    crowd::Crowd,
    figures::{Better, Figures},
    machine::Machine,
};

const HELP: &str = "\
bench [--rounds N] [--keys N] [--writers N] [--pace N] [--seconds N] [--only trace|room] [--server NAME] [--json]
  --rounds N     how often each load is put on each server, in turns [5]
  --keys N       keystrokes of the trace [259778, all]
  --writers N    writers in the room [50]
  --pace N       updates a second of each writer [20]
  --seconds N    how long they write, after 2 s that do not count [10]
  --only LOAD    only this load: trace or room
  --server NAME  only this server: plenary or hocuspocus
  --json         the figures of each round, for programs";

/// What to do.
struct Plan {
    rounds: usize,
    keys: usize,
    crowd: Crowd,
    has_trace: bool,
    has_room: bool,
    contestants: Vec<Contestant>,
    is_json: bool,
}

impl Plan {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut plan = Self {
            rounds: 5,
            keys: KEYSTROKES,
            crowd: Crowd { writers: 50, updates_per_second: 20, seconds: 10 },
            has_trace: true,
            has_room: true,
            contestants: Contestant::ALL.to_vec(),
            is_json: false,
        };
        while let Some(name) = arguments.next() {
            if name == "--json" {
                plan.is_json = true;
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{name} and what?"))?;
            match name.as_str() {
                "--rounds" => plan.rounds = number(&value)?,
                "--keys" => plan.keys = number(&value)?,
                "--writers" => plan.crowd.writers = number(&value)?,
                "--pace" => plan.crowd.updates_per_second = number(&value)?,
                "--seconds" => plan.crowd.seconds = number(&value)?,
                "--only" => {
                    plan.has_trace = value == "trace";
                    plan.has_room = value == "room";
                }
                "--server" => plan.contestants.retain(|contestant| contestant.name() == value),
                _ => return Err(format!("{name} is not known")),
            }
        }
        let is_possible = plan.rounds > 0 && plan.keys > 0 && plan.crowd.writers > 1;
        let has_work = (plan.has_trace || plan.has_room) && !plan.contestants.is_empty();
        (is_possible && has_work).then_some(plan).ok_or_else(|| "there is nothing to measure".to_owned())
    }
}

fn number<N: FromStr>(value: &str) -> Result<N, String> {
    value.parse().map_err(|_| format!("{value} is not a number that can be used here"))
}

// One thread for all clients, so that a server has the other processors to itself.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let plan = match Plan::read(env::args().skip(1)) {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    plan.contestants.iter().for_each(|contestant| contestant.make_ready());
    let machine = Machine::look();
    let (keystrokes, updates) = if plan.has_trace {
        let keystrokes = Keystrokes::first(plan.keys);
        eprintln!("{} keystrokes: {}", keystrokes.keys.len(), keystrokes.source);
        let updates = keystrokes.updates();
        (Some(keystrokes), updates)
    } else {
        (None, Vec::new())
    };
    let mut figures = Figures::default();
    for round in 1..=plan.rounds {
        for &contestant in &plan.contestants {
            if let Some(keystrokes) = &keystrokes {
                trace(contestant, keystrokes, &updates, &mut figures).await;
                eprintln!("round {round} of {}: trace, {}", plan.rounds, contestant.name());
            }
        }
        for &contestant in &plan.contestants {
            if plan.has_room {
                room(contestant, plan.crowd, &mut figures).await;
                eprintln!("round {round} of {}: room, {}", plan.rounds, contestant.name());
            }
        }
    }
    if plan.is_json {
        let crowd = plan.crowd;
        let told = json!({
            "machine": machine,
            "rounds": plan.rounds,
            "keystrokes": keystrokes.as_ref().map(|keystrokes| keystrokes.keys.len()),
            "source": keystrokes.as_ref().map(|keystrokes| keystrokes.source.to_string()),
            "writers": crowd.writers,
            "updates_per_second": crowd.updates_per_second,
            "seconds": crowd.seconds,
            "figures": figures.json(),
        });
        println!("{told:#}");
    } else {
        println!("{machine}");
        println!(
            "medians of {} rounds (least to most); ahead: how many times better Plenary is",
            plan.rounds
        );
        if let Some(keystrokes) = &keystrokes {
            println!("trace: {} keystrokes, {}", keystrokes.keys.len(), keystrokes.source);
        }
        let Crowd { writers, updates_per_second, seconds } = plan.crowd;
        if plan.has_room {
            println!("room: {writers} writers, {updates_per_second} updates/s each, {seconds} s");
        }
        println!("{}", figures.table());
    }
    ExitCode::SUCCESS
}

async fn trace(contestant: Contestant, keystrokes: &Keystrokes, updates: &[Bytes], figures: &mut Figures) {
    let running = contestant.start();
    let (server, place) = (&running.server, &running.place);
    let typed = type_through(place, keystrokes, updates).await;
    let mut add = |name, better, value| figures.add(contestant, "trace", name, better, value);
    add("until read elsewhere, s", Better::Lower, Some(typed.seconds));
    add("keystrokes/s", Better::Higher, Some(updates.len() as f64 / typed.seconds));
    add("until all answered, s", Better::Lower, typed.answered_seconds);
    add("messages to the reader", Better::Neither, Some(typed.messages() as f64));
    add("server processor time, s", Better::Lower, server.cpu_seconds());
    add("server memory, MiB", Better::Lower, memory_mib(server));
    // After the clock has stopped.
    assert!(typed.text() == keystrokes.text(), "{}: the reader has another text", contestant.name());
}

async fn room(contestant: Contestant, crowd: Crowd, figures: &mut Figures) {
    let running = contestant.start();
    let (server, place) = (&running.server, &running.place);
    let outcome = crowd.run(place, server).await;
    let mut add = |name, better, value| figures.add(contestant, "room", name, better, value);
    add("deliveries/s", Better::Higher, Some(outcome.deliveries_per_second));
    add("latency p50, ms", Better::Lower, Some(outcome.latency_ms.p50));
    add("latency p95, ms", Better::Lower, Some(outcome.latency_ms.p95));
    add("latency p99, ms", Better::Lower, Some(outcome.latency_ms.p99));
    add("latency at most, ms", Better::Lower, Some(outcome.latency_ms.max));
    add("server processor time, s", Better::Lower, outcome.cpu_seconds);
    add("server memory, MiB", Better::Lower, memory_mib(server));
    add("messages to the writers", Better::Neither, Some(outcome.messages as f64));
    add("load behind its pace p95, ms", Better::Neither, Some(outcome.late_p95_ms));
    assert_eq!(outcome.missing, 0, "{}: of {} deliveries", contestant.name(), outcome.deliveries);
}

fn memory_mib(server: &Server) -> Option<f64> {
    server.memory_bytes_max().map(|bytes| bytes as f64 / 1024.0 / 1024.0)
}
