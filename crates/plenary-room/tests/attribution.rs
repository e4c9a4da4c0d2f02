//! Who wrote what and when, compared with a table of every single clock.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;

use bytes::Bytes;
use plenary_gate::Limits;
use plenary_ids::UserId;
use plenary_permissions::Authorship;
use plenary_room::{
    Admission, Attribution, LiveDocument, LoadedDocument, LoadedSnapshot, NewRecord, RUN_MS, Replay, Run,
    Writer,
};
use yrs::{
    ClientID, Doc, Map, OffsetKind, Options, ReadTxn, StateVector, Text, Transact, Update, WriteTxn,
    updates::decoder::Decode,
};

/// Numbers from a seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }
}

/// Every single clock.
#[derive(Default)]
struct Table {
    inserted: BTreeMap<(u64, u32), (UserId, u64)>,
    deleted: BTreeMap<(u64, u32), (UserId, u64)>,
}

/// What somebody did at home, clock by clock.
#[derive(Default)]
struct Deeds {
    inserted: Vec<(u64, u32)>,
    deleted: Vec<(u64, u32)>,
}

impl Deeds {
    /// Of one transaction of somebody's own, as yrs reads it.
    fn note(&mut self, update: &[u8]) {
        let update = Update::decode_v1(update).unwrap();
        let clocks = |set: &yrs::IdSet| -> Vec<(u64, u32)> {
            let ranges = set.iter().flat_map(|(client, ranges)| {
                ranges.iter().map(|range| (client.get(), range.clone())).collect::<Vec<_>>()
            });
            ranges.flat_map(|(client, range)| range.map(move |clock| (client, clock))).collect()
        };
        self.inserted.extend(clocks(&update.insertions(true)));
        self.deleted.extend(clocks(update.delete_set()));
    }
}

impl Table {
    /// Who comes first with something did it.
    fn note(&mut self, user: UserId, at_ms: u64, deeds: Deeds) {
        for (table, clocks) in [(&mut self.inserted, deeds.inserted), (&mut self.deleted, deeds.deleted)] {
            for clock in clocks {
                table.entry(clock).or_insert((user, at_ms));
            }
        }
    }

    fn compare(&self, attribution: &Attribution) {
        let told = |runs: Vec<Run>| -> BTreeMap<(u64, u32), Run> {
            let each = |run: Run| run.clocks.clone().map(move |clock| ((run.client, clock), run.clone()));
            let count: usize = runs.iter().map(|run| run.clocks.len()).sum();
            let told: BTreeMap<_, _> = runs.into_iter().flat_map(each).collect();
            assert_eq!(told.len(), count, "no clock is told of twice");
            told
        };
        for (noted, told) in [
            (&self.inserted, told(attribution.inserted((0, 0)).collect())),
            (&self.deleted, told(attribution.deleted((0, 0)).collect())),
        ] {
            assert_eq!(told.keys().collect::<Vec<_>>(), noted.keys().collect::<Vec<_>>());
            for (clock, (user, at_ms)) in noted {
                let run = &told[clock];
                assert_eq!(run.user, *user, "{clock:?}");
                assert!(
                    (run.at_ms..run.at_ms + RUN_MS).contains(at_ms),
                    "{clock:?}: {at_ms} is not of {run:?}"
                );
            }
        }
    }
}

struct Person {
    user: UserId,
    doc: Doc,
    sent: StateVector,
    unsent: Deeds,
}

fn doc(client: u64) -> Doc {
    Doc::with_options(Options {
        offset_kind: OffsetKind::Utf16,
        ..Options::with_client_id(ClientID::new(client))
    })
}

fn person(number: u64, client: u64) -> Person {
    Person {
        user: UserId::from_bytes([number as u8 + 1; 16]),
        doc: doc(client),
        sent: StateVector::default(),
        unsent: Deeds::default(),
    }
}

/// One edit; its update.
fn edit(doc: &Doc, chance: &mut Chance) -> Vec<u8> {
    let mut txn = doc.transact_mut();
    let text = txn.get_or_insert_text("body");
    let length = u64::from(text.len(&txn));
    match chance.below(8) {
        0..5 => text.insert(&mut txn, chance.below(length + 1) as u32, "words and more"),
        5 | 6 if length > 3 => {
            let at = chance.below(length - 3) as u32;
            text.remove_range(&mut txn, at, 1 + chance.below(3) as u32);
        }
        _ => {
            let map = txn.get_or_insert_map("notes");
            map.insert(&mut txn, format!("{}", chance.below(1 << 40)), 1);
        }
    }
    txn.encode_update_v1()
}

/// Five people write for a while: some send what they wrote at once, some later, some after a page load.
fn evening(seed: u64, updates: u64) -> (Table, Vec<NewRecord>, Attribution) {
    let mut chance = Chance(seed);
    let mut live = LiveDocument::load(&LoadedDocument::default()).unwrap();
    let mut people: Vec<Person> = (0..5).map(|number| person(number, 100 + number)).collect();
    let (mut table, mut records, mut now_ms) = (Table::default(), Vec::new(), 1_000_000);
    for count in 0..updates {
        now_ms += chance.below(20_000);
        let who = chance.below(5);
        let one = &mut people[who as usize];
        for _ in 0..1 + chance.below(3) {
            let update = edit(&one.doc, &mut chance);
            one.unsent.note(&update);
        }
        if chance.below(4) == 0 {
            continue;
        }
        let update = one.doc.transact().encode_state_as_update_v1(&one.sent);
        one.sent = one.doc.transact().state_vector();
        let (user, deeds) = (one.user, std::mem::take(&mut one.unsent));
        table.note(user, now_ms, deeds);
        let writer = Writer { user, at_ms: now_ms, authorship: Authorship::Strict, reserved: &|_| None };
        match live.admit(&update, &writer, &Limits::default()) {
            Admission::NothingNew => {}
            Admission::Admitted(slices) => {
                for slice in slices {
                    live.merge(&[&slice.update]).unwrap();
                    let update = Bytes::from(slice.update);
                    records.push(NewRecord { user, at_ms: now_ms, update, relayed: slice.relayed });
                }
            }
            other => panic!("seed {seed}: {other:?}"),
        }
        let one = &mut people[who as usize];
        if chance.below(3) == 0 {
            let state = live.state().unwrap();
            one.doc.transact_mut().apply_update(Update::decode_v1(&state).unwrap()).unwrap();
            one.sent = one.doc.transact().state_vector();
        }
        if chance.below(30) == 0 {
            let state = one.doc.transact().encode_state_as_update_v1(&StateVector::default());
            one.doc = doc(1_000 + count);
            one.doc.transact_mut().apply_update(Update::decode_v1(&state).unwrap()).unwrap();
        }
    }
    assert_eq!(live.check_attribution(), Ok(()));
    (table, records, live.attribution().clone())
}

#[test]
fn every_clock_has_its_author_and_its_time() {
    for seed in 0..8 {
        let (table, _, attribution) = evening(seed, 300);
        assert!(table.inserted.len() > 1_000 && table.deleted.len() > 50, "seed {seed} wrote little");
        table.compare(&attribution);
        // Runs, not clocks.
        assert!(attribution.inserted((0, 0)).count() * 10 < table.inserted.len());
    }
}

#[test]
fn snapshots_in_between_change_nothing_nor_does_telling_the_history_again() {
    for seed in 0..5 {
        let (table, records, attribution) = evening(seed, 200);
        let mut chance = Chance(seed + 1_000);
        let mut stored = LoadedDocument::default();
        for record in &records {
            stored.tail.push(record.clone());
            if chance.below(20) == 0 {
                let live = LiveDocument::load(&stored).unwrap();
                let (seq, state) = (stored.head(), live.state().unwrap());
                let attribution = live.attribution().encode();
                stored = LoadedDocument {
                    snapshot: Some(LoadedSnapshot { seq, state, attribution }),
                    tail: Vec::new(),
                };
            }
        }
        let live = LiveDocument::load(&stored).unwrap();
        assert_eq!(live.check_attribution(), Ok(()));
        assert_eq!(live.attribution(), &attribution, "seed {seed}");
        assert_eq!(&Attribution::load(&stored).unwrap(), &attribution, "seed {seed}");
        table.compare(live.attribution());

        let mut replay = Replay::default();
        records.iter().for_each(|record| replay.hear(record));
        assert_eq!(replay.left_out(), 0);
        let retold = replay.into_attribution();
        assert_eq!(retold, attribution, "seed {seed}");
        assert_eq!(attribution.first_unlike(&retold), None);
        let mut earlier = Replay::default();
        records[..records.len() / 2].iter().for_each(|record| earlier.hear(record));
        let earlier = earlier.into_attribution();
        assert_eq!(attribution.first_unlike(&earlier), None);
        // With the author of one record changed, it is another history.
        let mut changed = records.clone();
        changed[records.len() / 3].user = UserId::from_bytes([99; 16]);
        let mut replay = Replay::default();
        changed.iter().for_each(|record| replay.hear(record));
        let changed = replay.into_attribution();
        let is_only_deletes = changed.inserted((0, 0)).eq(attribution.inserted((0, 0)));
        assert!(is_only_deletes || attribution.first_unlike(&changed).is_some(), "seed {seed}");
    }
}

#[test]
fn it_is_read_from_any_place_on() {
    let (_, _, attribution) = evening(3, 200);
    let inserted: Vec<Run> = attribution.inserted((0, 0)).collect();
    let deleted: Vec<Run> = attribution.deleted((0, 0)).collect();
    let rest = |runs: &[Run], from: (u64, u32)| -> Vec<Run> {
        let is_after = |run: &Run| (run.client, run.clocks.end - 1) >= from;
        let cut = |mut run: Run| {
            if run.client == from.0 {
                run.clocks.start = run.clocks.start.max(from.1);
            }
            run
        };
        runs.iter().filter(|run| is_after(run)).cloned().map(cut).collect()
    };
    for run in inserted.iter().chain(&deleted) {
        let middle = run.clocks.start + run.clocks.len() as u32 / 2;
        for from in [run.clocks.start, middle, run.clocks.end].map(|clock| (run.client, clock)) {
            assert_eq!(attribution.inserted(from).collect::<Vec<_>>(), rest(&inserted, from), "{from:?}");
            assert_eq!(attribution.deleted(from).collect::<Vec<_>>(), rest(&deleted, from), "{from:?}");
        }
    }
}

#[test]
fn it_reads_back_as_it_was_written_and_nothing_else_does() {
    let (_, _, attribution) = evening(7, 120);
    let bytes = attribution.encode();
    assert_eq!(Attribution::decode(&bytes).unwrap(), attribution);
    assert_eq!(Attribution::decode(&Bytes::new()).unwrap(), Attribution::default());
    for end in 1..bytes.len() {
        assert!(Attribution::decode(&bytes.slice(..end)).is_err(), "cut at {end}");
    }
    let mut chance = Chance(1);
    for _ in 0..5_000 {
        let mut damaged = bytes.to_vec();
        for _ in 0..1 + chance.below(3) {
            let at = chance.below(damaged.len() as u64) as usize;
            damaged[at] = chance.below(256) as u8;
        }
        // Whatever it reads as can be written, and read again.
        if let Ok(other) = Attribution::decode(&damaged.into()) {
            assert_eq!(Attribution::decode(&other.encode()).unwrap(), other);
        }
    }
}

#[test]
fn an_evening_of_typing_is_a_few_runs() {
    let mut live = LiveDocument::load(&LoadedDocument::default()).unwrap();
    let (doc, mut table, mut chance) = (doc(100), Table::default(), Chance(1));
    let user = UserId::from_bytes([1; 16]);
    for key in 0..6_000_u64 {
        let mut txn = doc.transact_mut();
        let text = txn.get_or_insert_text("body");
        match (text.len(&txn), chance.below(10)) {
            (length @ 1.., 0) => text.remove_range(&mut txn, length - 1, 1),
            (length, _) => text.insert(&mut txn, length, "x"),
        }
        let update = txn.encode_update_v1();
        drop(txn);
        let at_ms = 1_000_000 + key * 300;
        let writer = Writer { user, at_ms, authorship: Authorship::Strict, reserved: &|_| None };
        let Admission::Admitted(slices) = live.admit(&update, &writer, &Limits::default()) else { panic!() };
        slices.iter().for_each(|slice| drop(live.merge(&[&slice.update]).unwrap()));
        let mut deeds = Deeds::default();
        deeds.note(&update);
        table.note(user, at_ms, deeds);
    }
    let attribution = live.attribution();
    table.compare(attribution);
    // Thirty minutes, one run each; letters taken back are where they were typed.
    assert_eq!(attribution.inserted((0, 0)).count(), 30);
    let bytes = attribution.encode().len();
    assert!(bytes < table.deleted.len() * 6 + 400, "{bytes} bytes, {} deleted", table.deleted.len());
}
