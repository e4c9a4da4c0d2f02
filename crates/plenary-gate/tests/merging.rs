//! The gate in front of yrs: what people write comes through whole, in whatever order it arrives.

#[path = "support/editing.rs"]
mod editing;
#[path = "support/room.rs"]
mod room;

use editing::{Chance, apply, content, diff, doc, edit};
use plenary_gate::{Limits, Verdict};
use proptest::prelude::*;
use room::Room;
use yrs::updates::decoder::Decode;
use yrs::{Doc, ReadTxn, StateVector, Transact};

/// Everything a peer lacks and all deletes, as its answer to our step 1 would be.
fn step_2(from: &Doc, to: &Room) -> Vec<u8> {
    let ours = to.known.state_vector().encode();
    diff(from, &StateVector::decode_v1(&ours).expect("we encoded it"))
}

/// Three people edit on and off line; small updates, diffs from stale state vectors and whole states arrive in
/// any order. Beside the gated room a plain document takes the same bytes.
fn exchange(seed: u64) {
    let mut chance = Chance(seed);
    let limits = Limits { slice_items_max: if chance.one_in(2) { 3 } else { 50_000 }, ..Limits::default() };
    let mut room = Room::new(doc(1));
    room.batch_max = 1 + chance.below(3);
    let plain = doc(2);
    // The third person changes places: page loads are new client ids.
    let mut people: Vec<Doc> = [100, 50, 300].map(doc).into();
    let mut stale = vec![StateVector::default(); people.len()];
    let mut on_the_way: Vec<Vec<u8>> = Vec::new();
    for step in 0..60 {
        let who = chance.below(people.len());
        let update = edit(&people[who], &mut chance);
        match chance.below(8) {
            0..3 => on_the_way.push(update),
            3 => on_the_way.push(diff(&people[who], &stale[who])),
            4 => on_the_way.push(step_2(&people[who], &room)),
            5 => {
                let theirs = people[who].transact().state_vector();
                room.merge();
                apply(&people[who], &diff(&room.doc, &theirs));
                stale[who] = theirs;
            }
            6 if step % 7 == 0 => {
                let fresh = doc(400 + step);
                apply(&fresh, &diff(&people[who], &StateVector::default()));
                people[who] = fresh;
            }
            _ => {}
        }
        if !on_the_way.is_empty() && chance.one_in(2) {
            let update = on_the_way.swap_remove(chance.below(on_the_way.len()));
            match room.offer(&update, &limits) {
                Verdict::Refused(refusal) => panic!("seed {seed}: {refusal}"),
                Verdict::Gap { .. } => {}
                Verdict::NothingNew | Verdict::Admitted(_) => apply(&plain, &update),
            }
            match chance.below(9) {
                0..3 => room.check_known(),
                3 => room.snapshot(),
                _ => {}
            }
        }
    }
    for person in &people {
        let update = step_2(person, &room);
        let verdict = room.offer(&update, &limits);
        assert!(matches!(verdict, Verdict::NothingNew | Verdict::Admitted(_)), "seed {seed}: {verdict:?}");
        apply(&plain, &update);
        room.merge();
        // It is all there now, deletes that yrs made by itself included.
        assert_eq!(room.offer(&diff(person, &StateVector::default()), &limits), Verdict::NothingNew);
    }
    for person in &people {
        apply(person, &diff(&room.doc, &StateVector::default()));
    }
    room.check_known();
    let mut reloaded = room.reloaded(doc(1));
    reloaded.check_known();
    let replayed = room.replayed(doc(1));
    let ours = room.doc.transact().snapshot();
    for other in people.iter().chain([&plain, &reloaded.doc, &replayed.doc, &room.peer]) {
        let theirs = other.transact().snapshot();
        assert_eq!(theirs.state_map, ours.state_map, "seed {seed}");
        assert_eq!(theirs.delete_set, ours.delete_set, "seed {seed}");
        assert_eq!(content(other), content(&room.doc), "seed {seed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_people_write_comes_through_whole_in_any_order(seed in any::<u64>()) {
        exchange(seed);
    }
}
