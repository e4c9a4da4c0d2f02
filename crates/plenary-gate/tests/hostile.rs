//! The gate in front of yrs: what it lets in, yrs merges, encodes and loads again, whoever wrote it.
//!
//! A few seconds of what `examples/fuzz.rs` does for as long as one likes.

#[path = "support/case.rs"]
mod case;
#[path = "support/editing.rs"]
#[allow(dead_code)]
mod editing;
#[path = "support/mutation.rs"]
mod mutation;
#[path = "support/room.rs"]
mod room;

use case::{Counts, run};
use editing::Chance;
use plenary_gate::{Author, Known, Limits, judge};
use proptest::prelude::*;

#[test]
fn hostile_updates_leave_nothing_behind() {
    let mut seeds = Chance(20_260_122);
    let mut counts = Counts::default();
    for _ in 0..3000 {
        let seed = seeds.next();
        println!("cargo run --profile fuzz -p plenary-gate --example fuzz -- --case {seed}");
        run(seed, &mut counts);
    }
    // It is no use if everything is turned away at the door.
    assert!(counts.admitted > 500 && counts.nothing_new > 100 && counts.gap > 500, "{counts:?}");
    for reason in ["Cycle", "Misplaced", "ParentNotAType", "Unsupported", "TypeTooDeep"] {
        assert!(counts.refused.contains_key(reason), "{counts:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_gate_panic(bytes in proptest::collection::vec(prop_oneof![0u8..=10, any::<u8>()], 0..80)) {
        judge(&bytes, &mut Known::default(), &Author::Anyone, &Limits::default());
    }
}
