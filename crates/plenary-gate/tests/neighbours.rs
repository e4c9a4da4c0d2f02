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

/// Writes structs with neighbours by chance, and offers them to a gate. What it makes of each, and how many of them it
/// gave other neighbours.
fn write(chance: &mut Chance) -> (Vec<Vec<u8>>, usize) {
    let mut known = Known::default();
    let mut next: HashMap<u64, u32> = HashMap::new();
    let mut all: Vec<(u64, u32)> = Vec::new();
    let mut admitted = Vec::new();
    let mut moved = 0;
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
        match judge(&update, &mut known, &Author::Anyone, &Limits::default()) {
            Verdict::Admitted(mut slices) => {
                let clocks = clock..clock + len as u32;
                all.extend(clocks.clone().map(|clock| (client, clock)));
                next.insert(client, clocks.end);
                moved += usize::from(slices[0].update != update);
                admitted.push(slices.swap_remove(0).update);
            }
            other => panic!("{other:?}"),
        }
    }
    (admitted, moved)
}

/// The same in another order in which each comes after what it needs. None is changed by the gate any more.
fn shuffled<'a>(chance: &mut Chance, written: &'a [Vec<u8>]) -> Vec<&'a Vec<u8>> {
    let mut known = Known::default();
    let mut waiting: Vec<&Vec<u8>> = written.iter().collect();
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let at = chance.below(waiting.len());
        match judge(waiting[at], &mut known, &Author::Anyone, &Limits::default()) {
            Verdict::Gap { .. } => {}
            Verdict::Admitted(slices) => {
                assert_eq!(&slices[0].update, waiting[at]);
                order.push(waiting.swap_remove(at));
            }
            other => panic!("{other:?}"),
        }
    }
    order
}

fn merged<'a>(updates: impl IntoIterator<Item = &'a Vec<u8>>) -> Doc {
    let merged = doc(1);
    updates.into_iter().for_each(|update| apply(&merged, update));
    merged
}

fn has_one_place_in_all_copies(seed: u64) -> usize {
    let mut chance = Chance(seed);
    let (written, moved) = write(&mut chance);
    let live = merged(&written);
    let state = diff(&live, &StateVector::default());
    assert_eq!(content(&merged([&state])), content(&live), "seed {seed}: loaded from the state");
    let loaded = judge(&state, &mut Known::default(), &Author::Anyone, &Limits::stored());
    let Verdict::Admitted(slices) = loaded else { panic!("seed {seed}: {loaded:?}") };
    assert_eq!(content(&merged([&slices[0].update])), content(&live), "seed {seed}: through the gate");
    for _ in 0..4 {
        let other = merged(shuffled(&mut chance, &written));
        assert_eq!(content(&other), content(&live), "seed {seed}: in another order");
    }
    moved
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
    let moved: usize = (0..20).map(has_one_place_in_all_copies).sum();
    assert!((600..1150).contains(&moved), "{moved} of 1,200 moved");
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

/// The neighbours that the gate gives to a letter with these.
fn neighbours_of(client: u64, neighbours: [Id; 2], known: &mut Known) -> [Id; 2] {
    let update = |neighbours: [Id; 2]| {
        let mut update = Builder::default();
        update.section(client, 0).item(neighbours[0], neighbours[1], BODY, building::X);
        update.build()
    };
    let Verdict::Admitted(slices) = judge(&update(neighbours), known, &Author::Anyone, &Limits::default())
    else {
        panic!("{neighbours:?}")
    };
    let all = [2, 3, 4, 5, 6].into_iter().flat_map(|client| (0..3).map(move |clock| Some((client, clock))));
    let all: Vec<Id> = all.chain([None]).collect();
    let pairs = all.iter().flat_map(|left| all.iter().map(|right| [*left, *right]));
    pairs.into_iter().find(|pair| update(*pair) == slices[0].update).expect("one of those there are")
}

#[test]
fn neighbours_that_never_met_are_replaced_by_those_where_yjs_puts_the_struct() {
    // The text is "axyzbc".
    let [x, y, z, a, b, c] = [(3, 0), (3, 1), (3, 2), (2, 0), (2, 1), (2, 2)].map(Some);
    let never_met = [
        ("one letter between them that the right one was written behind", [a, c], [b, c]),
        ("the wrong way round", [c, a], [c, None]),
        ("the same one twice", [b, b], [c, None]),
        ("the beginning and a letter amid", [None, b], [z, b]),
        ("a letter that knew of one behind it, and the end", [z, None], [z, b]),
        ("a letter with one behind it in its own word", [x, z], [y, z]),
    ];
    for (what, neighbours, others) in never_met {
        assert_eq!(neighbours_of(5, neighbours, &mut known()), others, "{what}");
    }
}

#[test]
fn neighbours_that_somebody_saw_side_by_side_stay() {
    let met = [
        ("at the beginning", [None, Some((2, 0))]),
        ("at the end", [Some((2, 2)), None]),
        ("in an empty document", [None, None]),
        ("amid what another has cut meanwhile", [Some((2, 0)), Some((2, 1))]),
        ("amid a word", [Some((3, 0)), Some((3, 1))]),
        ("between two people's letters", [Some((3, 2)), Some((2, 1))]),
    ];
    for (what, neighbours) in met {
        assert_eq!(neighbours_of(5, neighbours, &mut known()), neighbours, "{what}");
    }
}

#[test]
fn letters_of_people_who_did_not_know_of_each_other_are_neighbours() {
    let mut known = known();
    // Three write at the end: 4, 5 and 6 will stand in this order.
    let end = [Some((2, 2)), None];
    for client in [6, 4, 5] {
        assert_eq!(neighbours_of(client, end, &mut known), end);
    }
    // Somebody had seen only two of them.
    let two = [Some((4, 0)), Some((6, 0))];
    assert_eq!(neighbours_of(8, two, &mut known), two);
    assert_eq!(neighbours_of(9, [Some((6, 0)), Some((4, 0))], &mut known), [Some((6, 0)), None]);
}

#[test]
fn the_rest_of_a_struct_goes_right_behind_its_beginning() {
    let mut known = known();
    let mut begun = Builder::default();
    begun.section(5, 0).item(Some((2, 0)), Some((2, 1)), BODY, (4, &building::text("be")));
    judge(&begun.build(), &mut known, &Author::Anyone, &Limits::default());
    // Its beginning is known, and with another right neighbour.
    let mut whole = Builder::default();
    whole.section(5, 0).item(Some((2, 0)), Some((2, 0)), BODY, (4, &building::text("begun")));
    let Verdict::Admitted(slices) = judge(&whole.build(), &mut known, &Author::Anyone, &Limits::default())
    else {
        panic!("is admitted")
    };
    let mut expected = Builder::default();
    expected.section(5, 0).item(Some((2, 0)), Some((2, 1)), BODY, (4, &building::text("begun")));
    assert_eq!(slices[0].update, expected.build());
}

#[test]
fn a_known_beginning_without_neighbours_has_no_other_right_neighbour() {
    let mut known = Known::default();
    let mut begun = Builder::default();
    begun.section(5, 0).item(None, None, BODY, (4, &building::text("be")));
    judge(&begun.build(), &mut known, &Author::Anyone, &Limits::default());
    let mut whole = Builder::default();
    whole.section(5, 0).item(None, Some((5, 0)), BODY, (4, &building::text("begun")));
    let refused = Verdict::Refused(Refusal::Misplaced { client: 5, clock: 2 });
    assert_eq!(judge(&whole.build(), &mut known, &Author::Anyone, &Limits::default()), refused);
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let mut known = known();
    let mut update = Builder::default();
    update.section(5, 0).item(Some((3, 1)), Some((3, 2)), BODY, (4, &building::text("well placed")));
    update.item(Some((5, 3)), Some((5, 4)), BODY, building::X);
    update.item(None, None, Parent::Type(3, 0), building::X);
    let refusal = Verdict::Refused(Refusal::ParentNotAType { client: 5, clock: 12 });
    for _ in 0..2 {
        assert_eq!(judge(&update.build(), &mut known, &Author::Anyone, &Limits::default()), refusal);
    }
    let end = [Some((2, 2)), None];
    assert_eq!(neighbours_of(5, end, &mut known), end);
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
