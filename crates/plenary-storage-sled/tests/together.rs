//! Reads, appends and compactions of the same documents at the same time.

#[path = "support/folder.rs"]
mod support;

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use bytes::Bytes;
use plenary_storage::{
    DocumentLog, NewRecord, StoreError,
    contract::{block_on, document, noise, record, snapshot},
};
use plenary_storage_sled::verify;
use support::Directory;

#[test]
fn what_is_read_during_compactions_is_whole() {
    let home = Directory::new();
    let store = home.open();
    let (acknowledged, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let update = |seq: u64| Bytes::from(format!("update {seq}"));
    thread::scope(|scope| {
        scope.spawn(|| {
            for seq in 1..=1_500_u64 {
                let record = NewRecord { update: update(seq), ..record("") };
                assert_eq!(block_on(store.append(document(1), vec![record])), Ok(seq));
                acknowledged.store(seq, Ordering::SeqCst);
            }
            is_over.store(true, Ordering::SeqCst);
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let upto = acknowledged.load(Ordering::SeqCst);
                match block_on(store.compact(document(1), snapshot(upto, noise(upto, 20_000)))) {
                    Ok(()) | Err(StoreError::NotFound) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let before = acknowledged.load(Ordering::SeqCst);
                if before == 0 {
                    continue;
                }
                let loaded = block_on(store.load(document(1))).expect("load answers");
                assert!(loaded.head() >= before);
                let covered = loaded.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
                let whole = snapshot(covered, noise(covered, 20_000));
                assert!(loaded.snapshot.is_none_or(|snapshot| snapshot == whole));
                for (record, seq) in loaded.tail.iter().zip(covered + 1..) {
                    assert!(record.seq == seq && record.update == update(seq));
                }
                let history = block_on(store.history(document(1), 1, before)).expect("history answers");
                assert_eq!(history.len() as u64, before);
                assert!(history.iter().zip(1..).all(|(record, seq)| record.update == update(seq)));
            }
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let report = verify(&store);
                assert!(report.is_sound(), "{report:?}");
            }
        });
    });
    // All that is covered has left the log, but for what the last commits need to say so.
    block_on(store.compact(document(1), snapshot(1_500, noise(1, 10))))
        .expect("the last compaction succeeds");
    assert!(store.stats().log_positions <= 3, "{:?}", store.stats());
}
