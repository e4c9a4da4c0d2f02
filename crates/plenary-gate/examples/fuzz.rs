//! Fuzzes the gate together with yrs: `cargo run --profile fuzz -p plenary-gate --example fuzz -- --minutes 10 --seed 1`.
//!
//! Each case has its own seed; `--case SEED` runs one again. Prints cases, verdicts, panics, the slowest case by
//! thread CPU, and the memory at minute 2 and at the end. Exit status 1 if anything panicked.

#[path = "../tests/support/building.rs"]
#[allow(dead_code)]
mod building;
#[path = "../tests/support/case.rs"]
mod case;
#[path = "../tests/support/editing.rs"]
#[allow(dead_code)]
mod editing;
#[path = "../tests/support/mutation.rs"]
mod mutation;
#[path = "../tests/support/room.rs"]
mod room;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use building::thread_cpu;
use case::{Counts, run};
use editing::Chance;

fn main() -> ExitCode {
    let (mut minutes, mut seed, mut only) = (10.0, 1, None);
    let mut arguments = std::env::args().skip(1);
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        match &*name {
            "--minutes" => minutes = value.parse().expect("minutes"),
            "--seed" => seed = value.parse().expect("seed"),
            "--case" => only = Some(value.parse().expect("case")),
            _ => panic!("--minutes M, --seed N or --case SEED"),
        }
    }
    let mut counts = Counts::default();
    if let Some(case) = only {
        run(case, &mut counts);
        println!("{counts:#?}");
        return ExitCode::SUCCESS;
    }

    let started = Instant::now();
    let mut seeds = Chance(seed);
    let (mut cases, mut panics) = (0u64, 0u64);
    let mut slowest = (Duration::ZERO, 0);
    let mut rss_at_2 = None;
    while started.elapsed().as_secs_f64() < minutes * 60.0 {
        let case = seeds.next();
        let before = thread_cpu();
        if catch_unwind(AssertUnwindSafe(|| run(case, &mut counts))).is_err() {
            panics += 1;
            println!("panic: --case {case}");
            if panics >= 20 {
                break;
            }
        }
        let took = thread_cpu().saturating_sub(before);
        if took > slowest.0 {
            slowest = (took, case);
        }
        cases += 1;
        if rss_at_2.is_none() && started.elapsed() > Duration::from_secs(120) {
            rss_at_2 = Some(rss_kib());
        }
    }
    println!("seed {seed}: {cases} cases in {:.0} s, {panics} panics", started.elapsed().as_secs_f64());
    println!("{counts:#?}");
    println!("slowest case {:.1} ms of thread CPU: --case {}", slowest.0.as_secs_f64() * 1e3, slowest.1);
    println!("memory: {rss_at_2:?} KiB at minute 2, {} KiB at the end", rss_kib());
    if panics == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Resident memory.
fn rss_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4
}
