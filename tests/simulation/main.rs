//! Seeds that replay a whole evening of drafting in a moment. `just simulate` runs more of them.

mod adversary;
#[path = "../../crates/plenary-gate/tests/support/building.rs"]
#[allow(dead_code)]
mod building;
mod client;
mod forgery;
mod life;
mod sequences;
mod world;

use std::collections::BTreeMap;

use plenary_room::PlantedBug;

/// How many seeds the test command runs; `just simulate --seeds 2000` runs the rest.
const SEEDS: u64 = 150;

#[test]
fn nothing_acknowledged_or_shown_is_lost_and_all_end_with_one_text() {
    let mut counts = BTreeMap::<_, u64>::new();
    for seed in 0..SEEDS {
        let report = world::run(seed, None).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
        assert!(!report.state.is_empty() && !report.text.is_empty(), "seed {seed} wrote nothing");
        report.counts.into_iter().for_each(|(what, count)| *counts.entry(what).or_default() += count);
    }
    println!("{counts:?}");
    for trouble in [
        "changes of stage",
        "crashes",
        "cuts",
        "expiries",
        "failing flushes",
        "forged updates",
        "refused for want of space",
        "removals and returns",
        "slow readers drained",
    ] {
        assert!(
            counts.get(trouble).is_some_and(|count| *count > 0),
            "no {trouble}: the seeds prove too little"
        );
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
        PlantedBug::OwnershipSkipped,
        PlantedBug::AccessNotAsked,
    ] {
        let caught =
            (0..SEEDS).find_map(|seed| world::run(seed, Some(bug)).err().map(|broken| (seed, broken)));
        let (seed, broken) = caught.unwrap_or_else(|| panic!("{bug:?} was not caught by {SEEDS} seeds"));
        println!("{bug:?}: seed {seed}: {broken}");
    }
}

#[test]
fn in_whatever_order_rights_change_only_who_may_write_writes() {
    let tries = sequences::run(4, None).unwrap_or_else(|broken| panic!("{broken}"));
    println!("{tries} tries to write");
    let caught = sequences::run(4, Some(PlantedBug::AccessNotAsked)).expect_err("a room that asks nobody");
    println!("AccessNotAsked: {caught}");
}

#[test]
fn forged_updates_change_nothing_of_others_and_stop_nobody() {
    let task = adversary::Task { seed: 1, updates: 3_000, threads: 1 };
    let tally = adversary::run(task, None, &|_| {}).expect("nothing is written");
    assert_eq!(tally.violations, 0, "{:#?}", tally.examples);
    assert_eq!((tally.updates, tally.edits), (3_000, 3_000));
    let outcomes = tally.by_outcome();
    println!("{outcomes:?}");
    for outcome in ["accepted", "gap", "refused: Cycle", "refused: ForeignClient"] {
        assert!(outcomes.get(outcome).is_some_and(|count| *count > 50), "few are {outcome}: {outcomes:?}");
    }
}
