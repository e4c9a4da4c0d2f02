//! Seeds that replay a whole evening of drafting in a moment. `just simulate` runs more of them.

mod client;
mod world;

use plenary_room::PlantedBug;

/// How many seeds the test command runs; `just simulate --seeds 2000` runs the rest.
const SEEDS: u64 = 150;

#[test]
fn nothing_acknowledged_or_shown_is_lost_and_all_end_with_one_text() {
    for seed in 0..SEEDS {
        if let Err(broken) = world::run(seed, None) {
            panic!("seed {seed}: {broken}");
        }
    }
}

#[test]
fn each_planted_bug_is_caught() {
    for bug in [
        PlantedBug::AckBeforeFlush,
        PlantedBug::BroadcastBeforeFlush,
        PlantedBug::GateSkippedOnStep2,
        PlantedBug::NoOpAcknowledgedEarly,
        PlantedBug::SnapshotOfUndurableHead,
        PlantedBug::Step2PastTheBarrier,
    ] {
        let caught =
            (0..SEEDS).find_map(|seed| world::run(seed, Some(bug)).err().map(|broken| (seed, broken)));
        let (seed, broken) = caught.unwrap_or_else(|| panic!("{bug:?} was not caught by {SEEDS} seeds"));
        println!("{bug:?}: seed {seed}: {broken}");
    }
}
