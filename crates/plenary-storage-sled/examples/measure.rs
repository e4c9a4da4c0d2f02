//! Measures the store: `cargo run --release -p plenary-storage-sled --example measure -- [DOCUMENTS UPDATES RECORDS]`.
//!
//! Appends UPDATES updates of 15 random bytes, spread over DOCUMENTS documents (each with one append in flight, as a room
//! has), RECORDS to an append, and compacts as the server does: once a tail passes max(64 KiB, half the snapshot).
//! Without arguments it goes through the cases of docs/storage.md.

use std::{
    collections::VecDeque,
    env, fs,
    path::Path,
    time::{Duration, Instant},
};

use plenary_ids::UserId;
use plenary_storage::{
    BoxFuture, DocumentLog, NewRecord, Seq, Snapshot, StoreError,
    contract::{block_on, document, noise},
};
use plenary_storage_sled::{Options, SledStore, verify};

/// A snapshot of real text takes about this much of a byte for each keystroke.
const STATE_BYTES_PER_UPDATE: f64 = 0.7;

type Append<'a> = (u64, Instant, BoxFuture<'a, Result<Seq, StoreError>>);

fn main() {
    let numbers: Vec<u64> = env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    println!(
        "documents  updates  records  updates/s  append p50/p99 ms  snapshots  live MB  disk MB  after reopening  RSS MB  open ms"
    );
    match numbers[..] {
        [documents, updates, records] => measure(documents, updates, records),
        _ => {
            for (documents, updates, records) in [
                (1, 259_778, 1),
                (1, 259_778, 8),
                (1, 259_778, 32),
                (100, 100_000, 1),
                (1_000, 100_000, 1),
                (1_000, 1_000_000, 4),
            ] {
                measure(documents, updates, records);
            }
        }
    }
}

fn measure(documents: u64, updates: u64, records: u64) {
    let directory = env::temp_dir().join(format!("plenary-measure-{}", std::process::id()));
    let _ = fs::remove_dir_all(&directory);
    let store = SledStore::open(&directory, Options::default()).expect("the store opens");
    let begun = Instant::now();
    let append = |number: u64, at_ms: u64| -> Append<'_> {
        let record = |number: u64| NewRecord {
            user: UserId::from_bytes([1; 16]),
            at_ms,
            update: noise(begun.elapsed().as_nanos() as u64 + number, 15),
            relayed: Vec::new(),
        };
        let batch: Vec<NewRecord> = (0..records).map(record).collect();
        (number, Instant::now(), store.append(document(number), batch))
    };

    let mut tails = vec![0_u64; documents as usize];
    let mut snapshot_bytes = vec![0_u64; documents as usize];
    let mut compacting: VecDeque<BoxFuture<'_, Result<(), StoreError>>> = VecDeque::new();
    let mut snapshots = 0;
    let mut latencies = Vec::new();
    let mut sent = 0;
    let mut in_flight: VecDeque<Append<'_>> = VecDeque::new();
    for number in 0..documents.min(updates / records) {
        in_flight.push_back(append(number, 1_700_000_000_000));
        sent += records;
    }
    while let Some((number, since, answer)) = in_flight.pop_front() {
        let head = block_on(answer).expect("the append succeeds");
        latencies.push(since.elapsed());
        let of = number as usize;
        tails[of] += 15 * records;
        if tails[of] > (snapshot_bytes[of] / 2).max(64 << 10) {
            let state = noise(number, (head as f64 * STATE_BYTES_PER_UPDATE) as usize);
            (tails[of], snapshot_bytes[of]) = (0, state.len() as u64);
            // A run for each burst of typing.
            let attribution = noise(number, state.len() / 8);
            compacting.push_back(store.compact(document(number), Snapshot { seq: head, state, attribution }));
            snapshots += 1;
        }
        if sent < updates {
            in_flight.push_back(append(number, 1_700_000_000_000 + begun.elapsed().as_millis() as u64));
            sent += records;
        }
    }
    let elapsed = begun.elapsed();
    for compaction in compacting {
        block_on(compaction).expect("the compaction succeeds");
    }
    drop(in_flight);
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    // Idle for as long as the engine needs to clean up.
    std::thread::sleep(Duration::from_secs(3));
    let (disk, rss) = (store.stats().disk_bytes, rss_bytes());
    let report = verify(&store);
    assert!(report.is_sound() && store.stats().spilled_files == 0, "{report:?}");
    drop(store);
    let opening = Instant::now();
    let store = SledStore::open(&directory, Options::default()).expect("the store opens");
    let opened = opening.elapsed();
    println!(
        "{documents:9}  {updates:7}  {records:7}  {:9.0}  {:8.2} / {:6.2}  {snapshots:9}  {:7.1}  {:7.1}  {:15.1}  {:6.0}  {:7.0}",
        updates as f64 / elapsed.as_secs_f64(),
        at(0.5),
        at(0.99),
        report.bytes as f64 / 1e6,
        disk as f64 / 1e6,
        store.stats().disk_bytes as f64 / 1e6,
        rss as f64 / 1e6,
        opened.as_secs_f64() * 1e3,
    );
    drop(store);
    let _ = fs::remove_dir_all(Path::new(&directory));
}

fn rss_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}
