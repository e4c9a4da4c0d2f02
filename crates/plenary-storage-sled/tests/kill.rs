//! Killed at any moment, the store opens again with all it had acknowledged.
//!
//! The tests start this very binary again as a child that writes and says what was acknowledged, and end it with
//! SIGKILL: after a number of lines, or (feature `faults`) at named points in the store. `PLENARY_KILL_ROUNDS` sets
//! how often; the default is small enough for every day.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/folder.rs"]
mod support;

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    thread,
};

use bytes::Bytes;
use plenary_ids::UserId;
use plenary_storage::{
    CellChange, Cells, DocumentLog, NewRecord, Seq, Snapshot, StoreError,
    contract::{block_on, document, noise, snapshot},
};
use plenary_storage_sled::{SledStore, verify};
use support::{Directory, options};

const WRITERS: u64 = 4;
const DOCUMENTS: u64 = 3 * WRITERS;
const FLEETING: u64 = 1_000;

/// What record `seq` of document `number` says: mostly a keystroke, sometimes more than a commit holds.
fn update(number: u64, seq: Seq) -> Bytes {
    let size = match (number * 31 + seq) % 397 {
        0 => 1_200_000,
        1..8 => 9_000,
        _ => 15,
    };
    noise(number << 32 | seq, size)
}

fn state(number: u64, seq: Seq) -> Bytes {
    noise(number << 32 | seq | 1 << 63, 20_000 + seq as usize * 20)
}

fn snapshot_of(number: u64, seq: Seq) -> Snapshot {
    snapshot(seq, state(number, seq))
}

fn records(number: u64, first: Seq, count: u64) -> Vec<NewRecord> {
    let record = |seq: Seq| NewRecord {
        user: UserId::SERVER,
        at_ms: seq,
        update: update(number, seq),
        relayed: if seq.is_multiple_of(3) { vec![seq] } else { Vec::new() },
    };
    (first..first + count).map(record).collect()
}

/// Tells the parent; a line is in the pipe before this returns.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{line}\n").as_bytes()).and_then(|()| out.flush()).expect("the parent listens");
}

/// Not a test: the child's work, without end.
#[test]
#[ignore = "started by the tests of this file"]
fn child_that_writes() {
    let Some(directory) = env::var_os("PLENARY_CHILD") else {
        return;
    };
    say("opening");
    let store = Arc::new(SledStore::open(directory, options()).expect("the store opens"));
    say("open");
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = &*store;
            scope.spawn(move || write(store, writer));
        }
        scope.spawn(|| compact(&store));
        scope.spawn(|| come_and_go(&store));
    });
}

fn write(store: &SledStore, writer: u64) {
    let documents: Vec<u64> = (0..3).map(|number| writer * 3 + number).collect();
    let mut heads: Vec<Seq> = documents
        .iter()
        .map(|number| block_on(store.append(document(*number), Vec::new())).expect("a head"))
        .collect();
    for round in 0_u64.. {
        let begun: Vec<_> = documents
            .iter()
            .zip(&mut heads)
            .map(|(number, head)| {
                let records = records(*number, *head + 1, 1 + (round + number) % 3);
                *head += records.len() as u64;
                store.append(document(*number), records)
            })
            .collect();
        for ((append, number), head) in begun.into_iter().zip(&documents).zip(&heads) {
            assert_eq!(block_on(append), Ok(*head));
            say(&format!("appended {number} {head}"));
        }
        let value = heads[0].to_string();
        let put = |suffix: &str| CellChange::Put {
            key: format!("count/{writer}/{suffix}"),
            value: Bytes::from(value.clone()),
        };
        block_on(store.commit(vec![put("a"), put("b")], Vec::new())).expect("cells are written");
        say(&format!("counted {writer} {value}"));
    }
}

fn compact(store: &SledStore) {
    for number in (0..DOCUMENTS).cycle() {
        let head = block_on(store.append(document(number), Vec::new())).expect("a head");
        match block_on(store.compact(document(number), snapshot_of(number, head))) {
            Ok(()) => say(&format!("compacted {number} {head}")),
            Err(StoreError::NotFound) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn come_and_go(store: &SledStore) {
    let id = document(FLEETING);
    loop {
        let head = block_on(store.append(id, Vec::new())).expect("a head");
        block_on(store.append(id, records(FLEETING, head + 1, 5))).expect("it is appended");
        block_on(store.compact(id, snapshot_of(FLEETING, head + 4))).expect("it is compacted");
        block_on(store.destroy(id)).expect("it is destroyed");
        say("destroyed");
    }
}

fn spawn(test: &str, directory: &Path, faults: &Path) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(env::current_exe().expect("this binary has a path"))
        .args([test, "--exact", "--ignored", "--nocapture"])
        .env("PLENARY_CHILD", directory)
        .env("PLENARY_FAULTS", faults)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this binary starts");
    let lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    (child, lines)
}

/// What the child was told is durable.
#[derive(Default)]
struct Acknowledged {
    appended: BTreeMap<u64, Seq>,
    compacted: BTreeMap<u64, Seq>,
    counted: BTreeMap<u64, Seq>,
}

impl Acknowledged {
    fn note(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let [what, number, seq] = words[..] else { return };
        let of = match what {
            "appended" => &mut self.appended,
            "compacted" => &mut self.compacted,
            "counted" => &mut self.counted,
            _ => return,
        };
        if let (Ok(number), Ok(seq)) = (number.parse(), seq.parse()) {
            of.insert(number, seq);
        }
    }

    /// Opens the store as the child left it and compares.
    fn check(&self, directory: &Path) {
        let store = SledStore::open(directory, options()).expect("the store opens after a kill");
        for (number, acknowledged) in &self.appended {
            let loaded = block_on(store.load(document(*number))).expect("the document is there");
            let head = loaded.head();
            assert!(head >= *acknowledged, "document {number} ends at {head}, not {acknowledged}");
            if let Some(snapshot) = &loaded.snapshot {
                let expected = snapshot_of(*number, snapshot.seq);
                assert!(*snapshot == expected, "another snapshot in document {number}");
            }
            let covered = loaded.snapshot.map_or(0, |snapshot| snapshot.seq);
            assert!(covered >= self.compacted.get(number).copied().unwrap_or(0));
            let history = block_on(store.history(document(*number), 1, head)).expect("history answers");
            assert_eq!(history.len() as u64, head);
            for record in history {
                assert!(record.update == update(*number, record.seq), "another text in document {number}");
                assert_eq!(record.relayed.is_empty(), !record.seq.is_multiple_of(3));
            }
        }
        for (writer, count) in &self.counted {
            let [a, b] = ["a", "b"].map(|suffix| {
                let cell = block_on(store.get(&format!("count/{writer}/{suffix}")));
                cell.expect("get answers").expect("the cell is there").value
            });
            assert_eq!(a, b);
            let value: u64 = str::from_utf8(&a).unwrap().parse().unwrap();
            assert!(value >= *count);
        }
        let report = verify(&store);
        assert!(report.is_sound(), "{report:?}");
        assert_eq!(store.stats().spilled_files, 0);
    }
}

fn rounds(default: u64) -> u64 {
    env::var("PLENARY_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(default)
}

#[test]
fn killed_after_any_line_nothing_acknowledged_is_lost() {
    let (mut home, mut acknowledged) = (Directory::new(), Acknowledged::default());
    let (mut chance, mut acknowledgements) = (7_u64, 0);
    for round in 0..rounds(12) {
        // The check reads everything, so that a store that went on growing would take most of the time.
        if round % 20 == 19 {
            (home, acknowledged) = (Directory::new(), Acknowledged::default());
        }
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // A third of the rounds end while the store opens or soon after.
        let lines_until_kill = (chance >> 33) % if round % 3 == 0 { 3 } else { 600 };
        let (mut child, lines) = spawn("child_that_writes", &home.store(), &home.0);
        let mut count = 0;
        for line in lines {
            // The pipe may hold more lines than were read by the time of the kill; all of them count.
            let line = line.expect("the child writes text");
            acknowledged.note(&line);
            count += u64::from(!line.is_empty());
            if count > lines_until_kill {
                let _ = child.kill();
            }
        }
        child.wait().expect("the child ends");
        acknowledged.check(&home.store());
        acknowledgements += count;
    }
    println!("{acknowledgements} lines before the kills");
    assert!(acknowledgements > 100, "the children hardly wrote");
}

#[test]
fn killed_while_it_is_created_a_store_begins_anew() {
    for _ in 0..rounds(6) {
        let home = Directory::new();
        let (mut child, mut lines) = spawn("child_that_writes", &home.store(), &home.0);
        let opening = lines.by_ref().map(Result::unwrap).find(|line| line == "opening");
        assert!(opening.is_some());
        // The directory comes first, then a handful of files: somewhere among them.
        while !home.store().exists() {
            thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        let mut acknowledged = Acknowledged::default();
        lines.for_each(|line| acknowledged.note(&line.unwrap()));
        acknowledged.check(&home.store());
    }
}

#[cfg(feature = "faults")]
mod faults {
    use std::{fs, os::unix::process::ExitStatusExt};

    use super::*;

    const POINTS: [&str; 11] = [
        "before-insert",
        "half-insert",
        "after-insert",
        "after-flush",
        "after-fdatasync",
        "half-snapshot",
        "before-snapshot-pointer",
        "after-snapshot-pointer",
        "before-truncate",
        "half-truncate",
        "after-truncate",
    ];

    #[test]
    fn killed_at_each_point_nothing_acknowledged_is_lost() {
        for passage in 0..rounds(2) {
            let (home, mut acknowledged) = (Directory::new(), Acknowledged::default());
            for (number, point) in POINTS.into_iter().enumerate() {
                let passage = 1 + (passage * 7 + number as u64) % 23;
                let switch = home.0.join(format!("kill-{point}"));
                fs::write(&switch, passage.to_string()).unwrap();
                let (mut child, lines) = spawn("child_that_writes", &home.store(), &home.0);
                lines.for_each(|line| acknowledged.note(&line.expect("the child writes text")));
                assert_eq!(child.wait().unwrap().signal(), Some(9), "not killed at {point}");
                fs::remove_file(switch).unwrap();
                acknowledged.check(&home.store());
            }
        }
    }

    #[test]
    #[ignore = "started by the tests of this file"]
    fn child_that_appends_once() {
        let Some(directory) = env::var_os("PLENARY_CHILD") else {
            return;
        };
        let store = SledStore::open(directory, options()).expect("the store opens");
        let append = store.append(document(1), records(1, 1, 1));
        // The answer to a read is behind the append in time; the store still knows nothing of it.
        let load = block_on(store.load(document(1)));
        say(&format!("begun {load:?}"));
        say(&format!("first {:?}", block_on(append)));
        say(&format!("second {:?}", block_on(store.append(document(1), records(1, 2, 1)))));
        say(&format!("failed {:?}", store.failed()));
        say(&format!("documents {:?}", block_on(store.documents()).map(|documents| documents.len())));
    }

    #[test]
    fn while_the_flush_is_held_nothing_is_answered_or_readable() {
        let home = Directory::new();
        drop(home.open());
        let switch = home.0.join("hold-flush");
        fs::write(&switch, "").unwrap();
        let (mut child, mut lines) = spawn("faults::child_that_appends_once", &home.store(), &home.0);
        let mut next = |word: &str| {
            let line = lines.by_ref().map(Result::unwrap).find(|line| line.starts_with(word));
            line.expect("the child says so")
        };
        assert_eq!(next("begun"), "begun Err(NotFound)");
        fs::remove_file(switch).unwrap();
        assert_eq!(next("first"), "first Ok(1)");
        assert_eq!(next("second"), "second Ok(2)");
        child.wait().unwrap();
    }

    #[test]
    fn a_failed_flush_is_final_for_the_process_and_not_for_the_store() {
        let home = Directory::new();
        drop(home.open());
        fs::write(home.0.join("fail-flush"), "").unwrap();
        let (mut child, lines) = spawn("faults::child_that_appends_once", &home.store(), &home.0);
        let said: Vec<String> = lines.map(Result::unwrap).collect();
        child.wait().unwrap();
        let failed = |word: &str| said.iter().any(|line| line.starts_with(&format!("{word} Err(Failed")));
        assert!(failed("first") && failed("second"), "{said:?}");
        assert!(said.iter().any(|line| line.starts_with("failed Some")), "{said:?}");
        assert!(said.contains(&"documents Ok(0)".to_owned()), "{said:?}");
        let store = home.open();
        let head = block_on(store.append(document(1), Vec::new())).unwrap();
        assert!(head <= 1, "the failed append is there whole or not at all");
    }
}
