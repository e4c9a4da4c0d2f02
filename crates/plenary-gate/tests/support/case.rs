//! One fuzz case: a document people have worked on, then a few hostile updates, then everything a room and its
//! store do with the outcome.

use std::collections::BTreeMap;

use plenary_gate::{Limits, Refusal, Verdict};
use yrs::types::text::YChange;
use yrs::{ReadTxn, Text, Transact, WriteTxn};

use crate::editing::{Chance, apply, diff, doc, edit};
use crate::mutation::{damage, make_up};
use crate::room::Room;

/// How often each verdict was given.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) nothing_new: u64,
    pub(crate) admitted: u64,
    pub(crate) gap: u64,
    /// By reason.
    pub(crate) refused: BTreeMap<String, u64>,
}

/// Runs a case. Panics if anything that the gate admitted does not merge, encode or load again.
pub(crate) fn run(seed: u64, counts: &mut Counts) {
    let mut chance = Chance(seed);
    let limits = Limits {
        slice_items_max: if chance.one_in(3) { 1 + chance.below(4) } else { 50_000 },
        type_depth_max: if chance.one_in(8) { 2 } else { 128 },
        ..Limits::default()
    };
    let people = [doc(50), doc(100)];
    let mut room = Room::new(doc(1));
    room.batch_max = 1 + chance.below(4);
    let mut written = vec![vec![0, 0]];
    for _ in 0..chance.below(8) {
        let person = chance.below(2);
        written.push(edit(&people[person], &mut chance));
        if chance.one_in(3) {
            // A transaction of one's own per statement: two at once would wait for each other.
            let theirs = people[person].transact().state_vector();
            let missing = diff(&people[1 - person], &theirs);
            apply(&people[person], &missing);
        }
    }
    for person in &people {
        room.offer(&diff(person, &Default::default()), &limits);
    }
    for _ in 0..1 + chance.below(8) {
        if chance.one_in(6) {
            room.snapshot();
        }
        let update = match chance.below(3) {
            0 => {
                let fresh = edit(&people[0], &mut chance);
                written.push(fresh);
                let (one, other) = (chance.below(written.len()), chance.below(written.len()));
                damage(&written[one], &written[other], &mut chance)
            }
            1 => {
                let made_up = make_up(&room.known, &mut chance);
                damage(&made_up, &written[written.len() - 1], &mut chance)
            }
            _ => make_up(&room.known, &mut chance),
        };
        match room.offer(&update, &limits) {
            Verdict::NothingNew => counts.nothing_new += 1,
            Verdict::Admitted(_) => counts.admitted += 1,
            Verdict::Gap { .. } => counts.gap += 1,
            Verdict::Refused(refusal) => {
                let name = format!("{refusal:?}");
                let name = match refusal {
                    Refusal::Malformed { what, .. } => what.to_owned(),
                    _ => name[..name.find(' ').unwrap_or(name.len())].to_owned(),
                };
                *counts.refused.entry(name).or_default() += 1;
            }
        }
    }
    room.check_known();
    let mut reloaded = room.reloaded(doc(1));
    reloaded.check_known();
    let mut replayed = room.replayed(doc(1));
    replayed.check_known();
    let ours = room.doc.transact().snapshot();
    for (name, other) in [("reloaded", &reloaded.doc), ("replayed", &replayed.doc), ("the peer", &room.peer)]
    {
        let theirs = other.transact().snapshot();
        assert_eq!(ours.state_map, theirs.state_map, "{name}");
        assert_eq!(ours.delete_set, theirs.delete_set, "{name}");
    }
    // Every root is walked, but only as a text: as an array, also one inside XML, yrs 0.28 never ends on a run of
    // text with a character outside the BMP. No editor puts one there, but a peer can.
    for doc in [&room.doc, &reloaded.doc] {
        let mut txn = doc.transact_mut();
        for name in ["body", "meta", "list", "prose", ""] {
            txn.get_or_insert_text(name).diff(&txn, YChange::identity);
        }
    }
}
