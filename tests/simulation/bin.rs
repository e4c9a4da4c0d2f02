//! `just simulate [--seeds N | SEED] [--states DIR]`: runs seeds, counts what happened, and writes the final states
//! for other readers of the format.

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode};

#[path = "../../crates/plenary-gate/tests/support/building.rs"]
#[allow(dead_code)]
mod building;
mod client;
#[allow(dead_code)]
mod forgery;
mod world;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut seeds, mut states) = (0..2_000, None);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|n| n.parse().ok()).unwrap_or_else(|| usage());
        match argument.as_str() {
            "--seeds" => seeds = 0..number(),
            "--states" => states = Some(PathBuf::from(arguments.next().unwrap_or_else(|| usage()))),
            seed => seeds = seed.parse().map(|seed: u64| seed..seed + 1).unwrap_or_else(|_| usage()),
        }
    }
    let mut counts = BTreeMap::<_, u64>::new();
    let mut broken = 0;
    for seed in seeds.clone() {
        match world::run(seed, None) {
            Ok(report) => {
                report.counts.iter().for_each(|(what, count)| *counts.entry(*what).or_default() += count);
                if let Some(dir) = &states {
                    let written = fs::create_dir_all(dir)
                        .and_then(|()| fs::write(dir.join(format!("{seed}.update")), &report.state))
                        .and_then(|()| fs::write(dir.join(format!("{seed}.txt")), &report.text));
                    written.expect("the directory for states can be written");
                }
            }
            Err(reason) => {
                broken += 1;
                println!("seed {seed}: {reason}");
            }
        }
    }
    println!("{} seeds, {broken} broke a promise", seeds.count());
    counts.iter().for_each(|(what, count)| println!("{count:>10} {what}"));
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage() -> ! {
    eprintln!("usage: simulate [--seeds N | SEED] [--states DIR]");
    std::process::exit(2)
}
