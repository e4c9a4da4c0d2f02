//! Structs between neighbours that people's programs would never write: what is let in stands in one place in all
//! copies, whatever order it came in.

#[path = "support/building.rs"]
#[allow(dead_code)]
mod building;
#[path = "support/editing.rs"]
#[allow(dead_code)]
mod editing;

use std::collections::HashMap;

use building::{Builder, Id, Parent};
use editing::{Chance, apply, content, diff, doc};
use plenary_gate::{Author, Known, Limits, Refusal, Verdict, judge};
use proptest::prelude::*;
use yrs::{Doc, StateVector};

const BODY: Parent<'static> = Parent::Root("body");
const CLIENTS: [u64; 4] = [2, 3, 5, 7];

/// One struct of some letters, and the clocks it needs.
struct Written {
    update: Vec<u8>,
    client: u64,
    clocks: std::ops::Range<u32>,
    neighbours: [Id; 2],
}

/// Writes structs with neighbours by chance and offers them to a gate; what it admits.
fn write(chance: &mut Chance, known: &mut Known, limits: &Limits) -> (Vec<Written>, usize) {
    let mut next: HashMap<u64, u32> = HashMap::new();
    let mut all: Vec<(u64, u32)> = Vec::new();
    let mut admitted = Vec::new();
    let mut refused = 0;
    let mut letters = ('a'..='z').cycle();
    for _ in 0..60 {
        let client = chance.pick(&CLIENTS);
        let clock = next.get(&client).copied().unwrap_or(0);
        let mut neighbour =
            || if chance.one_in(6) { None } else { all.get(chance.below(all.len())).copied() };
        let neighbours = [neighbour(), neighbour()];
        let len = 1 + chance.below(3);
        let letters: String = letters.by_ref().take(len).collect();
        let mut update = Builder::default();
        update.section(client, clock).item(
            neighbours[0],
            neighbours[1],
            BODY,
            (4, &building::text(&letters)),
        );
        let update = update.build();
        match judge(&update, known, &Author::Anyone, limits) {
            Verdict::Admitted(_) => {
                let clocks = clock..clock + len as u32;
                all.extend(clocks.clone().map(|clock| (client, clock)));
                next.insert(client, clocks.end);
                admitted.push(Written { update, client, clocks, neighbours });
            }
            Verdict::Refused(Refusal::Misplaced { .. }) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    (admitted, refused)
}

/// Another order in which each comes after what it needs.
fn shuffled<'a>(chance: &mut Chance, written: &'a [Written]) -> Vec<&'a Written> {
    let mut have: HashMap<u64, u32> = HashMap::new();
    let mut waiting: Vec<&Written> = written.iter().collect();
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let has = |client: u64, clock: u32| have.get(&client).is_some_and(|end| clock < *end);
        let is_ready = |new: &&Written| {
            (new.clocks.start == 0 || has(new.client, new.clocks.start - 1))
                && new.neighbours.iter().flatten().all(|&(client, clock)| has(client, clock))
        };
        let ready: Vec<usize> = (0..waiting.len()).filter(|&i| is_ready(&waiting[i])).collect();
        let new = waiting.swap_remove(chance.pick(&ready));
        have.insert(new.client, new.clocks.end);
        order.push(new);
    }
    order
}

fn merged(updates: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Doc {
    let merged = doc(1);
    updates.into_iter().for_each(|update| apply(&merged, update.as_ref()));
    merged
}

fn has_one_place_in_all_copies(seed: u64) -> (usize, usize) {
    let mut chance = Chance(seed);
    let limits = Limits::default();
    let (written, refused) = write(&mut chance, &mut Known::default(), &limits);
    let live = merged(written.iter().map(|new| &new.update));
    let state = diff(&live, &StateVector::default());
    assert_eq!(content(&merged([&state])), content(&live), "seed {seed}: loaded from the state");
    assert!(
        matches!(
            judge(&state, &mut Known::default(), &Author::Anyone, &Limits::stored()),
            Verdict::Admitted(_)
        ),
        "seed {seed}: the state"
    );
    for _ in 0..4 {
        let order = shuffled(&mut chance, &written);
        let mut known = Known::default();
        for new in &order {
            let verdict = judge(&new.update, &mut known, &Author::Anyone, &limits);
            assert!(matches!(verdict, Verdict::Admitted(_)), "seed {seed}: in another order {verdict:?}");
        }
        let other = merged(order.iter().map(|new| &new.update));
        assert_eq!(content(&other), content(&live), "seed {seed}: in another order");
    }
    (written.len(), refused)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_let_in_has_one_place_in_all_copies(seed in any::<u64>()) {
        has_one_place_in_all_copies(seed);
    }
}

#[test]
fn chance_writes_both_kinds() {
    let (admitted, refused) =
        (0..20).map(has_one_place_in_all_copies).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    assert!(admitted > 200 && refused > 200, "{admitted} admitted, {refused} refused");
}

/// A document with "abc" of one person, and "xyz" that another put right before the "b".
fn known() -> Known {
    let mut known = Known::default();
    let mut start = Builder::default();
    start.section(2, 0).item(None, None, BODY, (4, &building::text("abc")));
    start.section(3, 0).item(Some((2, 0)), Some((2, 1)), BODY, (4, &building::text("xyz")));
    assert!(matches!(
        judge(&start.build(), &mut known, &Author::Anyone, &Limits::default()),
        Verdict::Admitted(_)
    ));
    known
}

fn verdict(neighbours: [Id; 2]) -> Verdict {
    let mut update = Builder::default();
    update.section(5, 0).item(neighbours[0], neighbours[1], BODY, building::X);
    judge(&update.build(), &mut known(), &Author::Anyone, &Limits::default())
}

#[test]
fn neighbours_that_never_met_are_refused() {
    let never_met = [
        ("one letter between them that the right one was written behind", [Some((2, 0)), Some((2, 2))]),
        ("the wrong way round", [Some((2, 2)), Some((2, 0))]),
        ("the same one twice", [Some((2, 1)), Some((2, 1))]),
        ("the beginning and a letter amid", [None, Some((2, 1))]),
        ("a letter that knew of one behind it, and the end", [Some((3, 2)), None]),
        ("a letter with one behind it in its own word", [Some((3, 0)), Some((3, 2))]),
    ];
    for (what, neighbours) in never_met {
        let expected = Verdict::Refused(Refusal::Misplaced { client: 5, clock: 0 });
        assert_eq!(verdict(neighbours), expected, "{what}");
    }
}

#[test]
fn neighbours_that_somebody_saw_side_by_side_are_taken() {
    let met = [
        ("at the beginning", [None, Some((2, 0))]),
        ("at the end", [Some((2, 2)), None]),
        ("in an empty document", [None, None]),
        ("amid what another has cut meanwhile", [Some((2, 0)), Some((2, 1))]),
        ("amid a word", [Some((3, 0)), Some((3, 1))]),
        ("between two people's letters", [Some((3, 2)), Some((2, 1))]),
    ];
    for (what, neighbours) in met {
        assert!(matches!(verdict(neighbours), Verdict::Admitted(_)), "{what}");
    }
}

#[test]
fn letters_of_people_who_did_not_know_of_each_other_are_neighbours() {
    let mut known = known();
    let mut offer = |client, neighbours: [Id; 2]| {
        let mut update = Builder::default();
        update.section(client, 0).item(neighbours[0], neighbours[1], BODY, building::X);
        judge(&update.build(), &mut known, &Author::Anyone, &Limits::default())
    };
    // Three write at the end: 4, 5 and 6 will stand in this order.
    for client in [6, 4, 5] {
        assert!(matches!(offer(client, [Some((2, 2)), None]), Verdict::Admitted(_)));
    }
    // Somebody had seen only two of them.
    assert!(matches!(offer(8, [Some((4, 0)), Some((6, 0))]), Verdict::Admitted(_)));
    let refused = |client| Verdict::Refused(Refusal::Misplaced { client, clock: 0 });
    assert_eq!(offer(9, [Some((6, 0)), Some((4, 0))]), refused(9));
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let mut known = known();
    let mut update = Builder::default();
    update.section(5, 0).item(Some((3, 1)), Some((3, 2)), BODY, (4, &building::text("well placed")));
    update.item(Some((5, 3)), Some((5, 4)), BODY, building::X);
    update.item(Some((2, 0)), Some((2, 2)), BODY, building::X);
    let refusal = Verdict::Refused(Refusal::Misplaced { client: 5, clock: 12 });
    for _ in 0..2 {
        assert_eq!(judge(&update.build(), &mut known, &Author::Anyone, &Limits::default()), refusal);
    }
    let mut update = Builder::default();
    update.section(5, 0).item(Some((3, 2)), Some((2, 1)), BODY, building::X);
    update.item(Some((2, 2)), None, BODY, building::X);
    let verdict = judge(&update.build(), &mut known, &Author::Anyone, &Limits::default());
    assert!(matches!(verdict, Verdict::Admitted(_)), "{verdict:?}");
}

#[test]
fn passing_too_much_on_the_way_is_refused() {
    let mut known = known();
    let limits = Limits { steps_max: 100, ..Limits::default() };
    // A thousand people write at the end.
    for client in 1000..2000 {
        let mut update = Builder::default();
        update.section(client, 0).item(Some((2, 2)), None, BODY, building::X);
        judge(&update.build(), &mut known, &Author::Anyone, &Limits::default());
    }
    let mut update = Builder::default();
    update.section(5000, 0).item(Some((2, 2)), None, BODY, building::X);
    let refused = Verdict::Refused(Refusal::TooFarApart { client: 5000, clock: 0 });
    assert_eq!(judge(&update.build(), &mut known, &Author::Anyone, &limits), refused);
    let taken = judge(&update.build(), &mut known, &Author::Anyone, &Limits::default());
    assert!(matches!(taken, Verdict::Admitted(_)));
}
