//! The store's files cut or flipped at arbitrary bytes: equal content, or the damage is named.
//!
//! sled panics on some damage, at times on threads of its own, so each damaged copy is opened by a child: this very
//! binary, started again. `PLENARY_DAMAGE_ROUNDS` and `PLENARY_DAMAGE_SEED` try others than the 200 of every day.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/folder.rs"]
mod support;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use bytes::Bytes;
use plenary_ids::UserId;
use plenary_storage::{
    CellChange, Cells, DocumentLog, NewRecord,
    contract::{block_on, document, noise, record, snapshot},
};
use plenary_storage_sled::{OpenError, Options, SledStore, verify};
use support::{Directory, copy, options};

const DOCUMENTS: u64 = 12;

/// A store with everything in it: tails, snapshots, history, cells, all of them replaced several times.
fn fill(store: &SledStore) {
    for round in 0..6_u64 {
        for number in 0..DOCUMENTS {
            for piece in 0..20 {
                let update = noise(number << 20 | round << 10 | piece, if piece == 7 { 9_000 } else { 40 });
                let relayed = if piece == 9 { vec![number] } else { Vec::new() };
                let record =
                    NewRecord { user: UserId::SERVER, at_ms: round * 1_000 + piece, update, relayed };
                block_on(store.append(document(number), vec![record])).unwrap();
            }
            if (round + number) % 2 == 0 && number > 1 {
                let state = noise(number << 8 | round, 30_000);
                block_on(store.compact(document(number), snapshot(round * 20 + 16, state))).unwrap();
            }
            let put = |number: u64| CellChange::Put {
                key: format!("cell/{number}"),
                value: noise(number << 8 | round, 300),
            };
            block_on(store.commit(vec![put(number), put(number + 100 * round)], Vec::new())).unwrap();
        }
    }
}

/// All that can be read, as one number; `None` if something cannot.
fn content(store: &SledStore) -> Option<u32> {
    let mut hash = crc32fast::Hasher::new();
    let mut summaries = block_on(store.documents()).ok()?;
    summaries.sort_by_key(|summary| summary.document);
    for summary in summaries {
        hash.update(format!("{summary:?}").as_bytes());
        hash.update(format!("{:?}", block_on(store.load(summary.document)).ok()?).as_bytes());
        let history = block_on(store.history(summary.document, 1, u64::MAX)).ok()?;
        hash.update(format!("{history:?}").as_bytes());
    }
    hash.update(format!("{:?}", block_on(store.scan("")).ok()?).as_bytes());
    Some(hash.finalize())
}

/// Not a test: what the child says about a damaged copy.
#[test]
#[ignore = "started by the tests of this file"]
fn child_that_opens() {
    let Some(directory) = env::var_os("PLENARY_CHILD") else {
        return;
    };
    match SledStore::open(directory, options()) {
        Err(error) => println!("\nrefused {error}"),
        Ok(store) => {
            let report = verify(&store);
            match (report.findings.first(), content(&store)) {
                (Some(finding), _) => println!("\nfound {} ({})", finding.place, finding.reason),
                (None, content) => println!("\ncontent {content:?}"),
            }
            // What is left of sled may panic on its way out; that is not what is asked here.
            std::process::exit(0);
        }
    }
}

fn outcome(directory: &Path) -> String {
    let output = Command::new(env::current_exe().unwrap())
        .args(["child_that_opens", "--exact", "--ignored", "--nocapture"])
        .env("PLENARY_CHILD", directory)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said
        .lines()
        .find(|line| ["refused ", "found ", "content "].iter().any(|word| line.starts_with(word)));
    line.map_or_else(|| format!("died {}", output.status), str::to_owned)
}

#[test]
fn the_files_cut_or_flipped_anywhere_are_equal_or_named() {
    let home = Directory::new();
    let store = home.open();
    fill(&store);
    let expected = format!("content {:?}", content(&store));
    drop(store);
    assert_eq!(outcome(&home.store()), expected);

    let number = |name: &str, default| env::var(name).map_or(default, |text| text.parse().unwrap());
    let (rounds, mut chance) =
        (number("PLENARY_DAMAGE_ROUNDS", 200_u64), number("PLENARY_DAMAGE_SEED", 4217_u64));
    let mut random = |below: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % below
    };
    let mut files: Vec<PathBuf> =
        fs::read_dir(home.store()).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.is_file() && file.metadata().unwrap().len() > 0);
    files.sort();
    let db = home.store().join("db");
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for round in 0..rounds {
        // Most of the damage goes to the file with nearly all of the bytes.
        let file = if round % 5 > 0 { &db } else { &files[random(files.len() as u64) as usize] };
        let at = random(fs::metadata(file).unwrap().len());
        let copied = home.0.join("copy");
        copy(&home.store(), &copied);
        let target = copied.join(file.file_name().unwrap());
        let is_cut = round % 4 == 0;
        if is_cut {
            fs::File::options().write(true).open(&target).unwrap().set_len(at).unwrap();
        } else {
            let mut bytes = fs::read(&target).unwrap();
            bytes[at as usize] ^= 1 << random(8);
            fs::write(&target, bytes).unwrap();
        }
        let outcome = outcome(&copied);
        let what =
            format!("{} {} at {at}: {outcome}", file.display(), if is_cut { "cut" } else { "flipped" });
        println!("{what}");
        let is_named = outcome.starts_with("refused ") || outcome.starts_with("found ");
        assert!(is_named || outcome == expected, "{what}");
        *counts.entry(outcome.split(' ').next().unwrap().to_owned()).or_default() += 1;
        fs::remove_dir_all(copied).unwrap();
    }
    println!("{counts:?}");
    assert!(counts.len() > 1, "the damage hit nothing, or everything");
}

#[test]
fn a_store_that_lost_its_last_commits_opens_only_if_the_loss_is_accepted() {
    let home = Directory::new();
    let store = home.open();
    let append = |store: &SledStore, text: &'static str| {
        let update = Bytes::from_static(text.as_bytes());
        let record = NewRecord { user: UserId::SERVER, at_ms: 1, update, relayed: Vec::new() };
        block_on(store.append(document(1), vec![record])).unwrap()
    };
    append(&store, "kept");
    drop(store);
    let earlier = home.0.join("earlier");
    copy(&home.store(), &earlier);
    let store = home.open();
    append(&store, "lost");
    drop(store);
    // All files but the witness as they were: what sled makes of a log whose end is torn off.
    fs::copy(home.store().join("witness"), earlier.join("witness")).unwrap();
    let refused = SledStore::open(&earlier, options()).err();
    assert!(
        matches!(refused, Some(OpenError::BehindWitness { witness_records: 2, records: 1, .. })),
        "{refused:?}"
    );
    let accepting = || Options { accept_loss: true, ..options() };
    let store = SledStore::open(&earlier, accepting()).unwrap();
    assert_eq!(append(&store, "anew"), 2);
    assert!(verify(&store).is_sound());
    drop(store);
    assert_eq!(append(&SledStore::open(&earlier, options()).unwrap(), "later"), 3);
}

#[test]
fn a_witness_of_another_store_or_without_a_store_is_named() {
    let (home, other) = (Directory::new(), Directory::new());
    drop((home.open(), other.open()));
    fs::copy(other.store().join("witness"), home.store().join("witness")).unwrap();
    assert!(matches!(SledStore::open(home.store(), options()), Err(OpenError::Corrupt { .. })));
    fs::remove_file(other.store().join("db")).unwrap();
    assert!(matches!(SledStore::open(other.store(), options()), Err(OpenError::Corrupt { .. })));
}

#[test]
fn without_its_page_table_file_the_store_opens_all_the_same() {
    let home = Directory::new();
    let store = home.open();
    fill(&store);
    let expected = content(&store);
    drop(store);
    for file in fs::read_dir(home.store()).unwrap().map(Result::unwrap) {
        if file.file_name().to_string_lossy().starts_with("snap.") {
            fs::remove_file(file.path()).unwrap();
        }
    }
    let store = home.open();
    assert_eq!(content(&store), expected);
    assert!(verify(&store).is_sound());
}

#[test]
fn a_second_process_is_told_that_the_store_is_in_use() {
    let home = Directory::new();
    let store = home.open();
    let hurried = || Options { lock_wait: std::time::Duration::ZERO, ..options() };
    assert!(matches!(SledStore::open(home.store(), hurried()), Err(OpenError::Locked { .. })));
    drop(store);
    drop(home.open());
}

#[test]
fn a_full_disk_refuses_appends_and_nothing_else() {
    let home = Directory::new();
    let store = home.open();
    let record = || record("text");
    block_on(store.append(document(1), vec![record()])).unwrap();
    drop(store);
    let full = Options { reserve_bytes: u64::MAX / 4, ..options() };
    let store = SledStore::open(home.store(), full).unwrap();
    let refused = block_on(store.append(document(1), vec![record()]));
    assert!(matches!(refused, Err(plenary_storage::StoreError::Full { .. })), "{refused:?}");
    assert_eq!(block_on(store.load(document(1))).unwrap().head(), 1);
    assert_eq!(store.failed(), None);
    assert_eq!(block_on(store.destroy(document(1))), Ok(()));
    drop(store);
    assert_eq!(block_on(home.open().append(document(1), vec![record()])), Ok(1));
}

#[test]
fn a_creation_that_was_cut_short_begins_anew() {
    let home = Directory::new();
    drop(home.open());
    // As after a kill before the first witness: the marker is there, and sled's files may be anything.
    fs::remove_file(home.store().join("witness")).unwrap();
    fs::write(home.store().join("creating"), "").unwrap();
    fs::write(home.store().join("conf"), "").unwrap();
    assert!(verify(&home.open()).is_sound());
}
