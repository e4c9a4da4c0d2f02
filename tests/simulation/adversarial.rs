//! `just adversarial [--updates N] [--seed N] [--yjs M] [--threads N]`: forged updates through gate and yrs on living
//! documents, counted by what was said of them; M of the accepted ones for yjs to read. `--document SEED` lives one
//! document again. Exit status 1 if any changed what others wrote, kept them from writing, or made copies differ.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

mod adversary;
#[path = "../../crates/plenary-gate/tests/support/building.rs"]
#[allow(dead_code)]
mod building;
mod forgery;
mod life;

use adversary::{ForYjs, LIFE, Tally, Task};

/// Seconds between two lines of progress.
const PROGRESS_EVERY_S: u64 = 15;

struct Arguments {
    task: Task,
    document: Option<u64>,
    yjs: u64,
    accepted: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { task, document, yjs, accepted } = arguments();
    let mut out = accepted.map(|path| BufWriter::new(File::create(path).expect("the file can be made")));
    let began = Instant::now();
    let tally = match document {
        Some(seed) => {
            let (tally, told) = adversary::document(seed, LIFE);
            if let (Some(told), Some(out)) = (told, &mut out) {
                told.write(out).expect("the file can be written");
            }
            tally
        }
        None => {
            let next_s = AtomicU64::new(PROGRESS_EVERY_S);
            let progress = |done: u64| {
                let elapsed_s = began.elapsed().as_secs();
                let due_s = next_s.load(Ordering::Relaxed);
                if elapsed_s >= due_s
                    && next_s.fetch_max(elapsed_s + PROGRESS_EVERY_S, Ordering::Relaxed) == due_s
                {
                    eprintln!("{done} of {}, {} a second", task.updates, done / elapsed_s.max(1));
                }
            };
            let for_yjs = out.as_mut().map(|out| ForYjs { wanted: yjs, out });
            adversary::run(task, for_yjs, &progress).expect("the file can be written")
        }
    };
    out.iter_mut().for_each(|out| out.flush().expect("the file can be written"));
    tell(&tally);
    println!(
        "seed {}: {} forged updates on {} documents, {} of them accepted, {} edits of others taken and there, {} loads \
         alike, {} violations, {:.0} s",
        document.unwrap_or(task.seed),
        tally.updates,
        tally.documents,
        tally.by_outcome().get("accepted").copied().unwrap_or(0),
        tally.edits,
        tally.loads,
        tally.violations,
        began.elapsed().as_secs_f64()
    );
    if tally.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(tally: &Tally) {
    for ((attack, outcome), count) in &tally.outcomes {
        println!("{count:>10} {:<22} {outcome}", format!("{attack:?}"));
    }
    println!();
    for (outcome, count) in tally.by_outcome() {
        println!("{count:>10} {outcome}");
    }
    tally.examples.iter().for_each(|example| println!("{example}"));
}

fn arguments() -> Arguments {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let task = Task { seed: 1, updates: 1_000_000, threads };
    let mut asked = Arguments { task, document: None, yjs: 100_000, accepted: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|n| n.parse().ok()).unwrap_or_else(|| usage());
        match argument.as_str() {
            "--updates" => asked.task.updates = number(),
            "--seed" => asked.task.seed = number(),
            "--threads" => asked.task.threads = number() as usize,
            "--document" => asked.document = Some(number()),
            "--yjs" => asked.yjs = number(),
            "--accepted" => {
                asked.accepted = Some(PathBuf::from(arguments.next().unwrap_or_else(|| usage())));
            }
            _ => usage(),
        }
    }
    asked
}

fn usage() -> ! {
    eprintln!(
        "usage: adversarial [--updates N] [--seed N] [--yjs M] [--threads N] [--document SEED] [--accepted FILE]"
    );
    std::process::exit(2)
}
