//! The promises every store keeps, as one suite of checks.
//!
//! An engine's tests say `plenary_storage::contract!(MyFactory::new())`, which makes one test of each check.
//! A [`Factory`] opens an empty store, and opens it again as after the end of the process. The checks panic
//! where a promise is broken. What only one engine can do (kill points, damage) it tests itself.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
};

use bytes::Bytes;
use plenary_ids::{DocumentId, UserId};

use crate::{
    Cell, CellChange, Cells, DocumentLog, Expected, NewRecord, Record, Seq, Snapshot, StoreError,
    cells::{KEY_BYTES_MAX, VALUE_BYTES_MAX},
    log::APPEND_BYTES_MAX,
};

/// Opens the store under test.
pub trait Factory {
    /// The engine.
    type Store: DocumentLog + Cells;

    /// A new, empty store.
    fn open(&mut self) -> Self::Store;

    /// Ends this store with nothing in flight, and opens what it left behind.
    fn reopen(&mut self, store: Self::Store) -> Self::Store;
}

/// Makes one `#[test]` of each check; the argument is an expression that makes a [`Factory`].
#[macro_export]
macro_rules! contract {
    ($factory:expr) => {
        $crate::contract!(@ $factory;
            an_append_answers_with_consecutive_seqs
            an_empty_append_answers_with_the_head
            an_unknown_document_is_not_found
            what_was_appended_is_there_after_reopening
            records_keep_their_author_time_and_order
            appends_begun_together_all_land_in_order
            an_append_that_is_too_large_leaves_nothing
            an_update_of_seventeen_mebibytes_fits_one_record
            compaction_keeps_the_tail_and_the_history
            compaction_may_be_repeated
            compaction_beyond_the_head_is_refused
            compaction_at_or_below_the_snapshot_changes_nothing
            compaction_may_end_within_an_append
            a_snapshot_of_sixteen_mebibytes_reads_back
            documents_are_summarised
            many_documents_stay_apart
            a_destroyed_document_is_gone_and_its_id_free
            a_cell_is_put_read_and_deleted
            cells_are_scanned_by_prefix_in_key_order
            a_commit_of_cells_is_all_or_nothing
            a_version_never_comes_back
            a_cell_may_be_as_large_as_the_limit_and_no_larger
            cells_are_there_after_reopening
        );
    };
    (@ $factory:expr; $($check:ident)*) => {
        $(
            #[test]
            fn $check() {
                $crate::contract::block_on($crate::contract::$check($factory));
            }
        )*
    };
}

/// Runs a future on this thread until it is done.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// A document id made of a number.
pub fn document(number: u64) -> DocumentId {
    let mut bytes = [0xd0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    DocumentId::from_bytes(bytes)
}

/// A record with this text as its update.
pub fn record(text: impl Into<String>) -> NewRecord {
    let update = Bytes::from(text.into());
    NewRecord { user: UserId::SERVER, at_ms: 1_700_000_000_000, update, relayed: Vec::new() }
}

/// A snapshot with this state, and with an attribution that is told by its seq.
pub fn snapshot(seq: Seq, state: impl Into<Bytes>) -> Snapshot {
    Snapshot { seq, state: state.into(), attribution: attribution(seq) }
}

/// The attribution of [`snapshot`], of up to three chunks; none at every fifth seq, as snapshots of before have none.
fn attribution(seq: Seq) -> Bytes {
    if seq.is_multiple_of(5) { Bytes::new() } else { noise(seq | 1 << 62, (seq % 13) as usize * 1_000) }
}

/// `size_bytes` bytes that do not compress and differ by `seed`.
pub fn noise(seed: u64, size_bytes: usize) -> Bytes {
    let mut state = seed.wrapping_mul(2) | 1;
    let mut bytes = Vec::with_capacity(size_bytes + 8);
    while bytes.len() < size_bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&(state ^ (state >> 29)).to_le_bytes());
    }
    bytes.truncate(size_bytes);
    bytes.into()
}

fn seqs(records: &[Record]) -> Vec<Seq> {
    records.iter().map(|record| record.seq).collect()
}

fn texts(records: &[Record]) -> Vec<&[u8]> {
    records.iter().map(|record| record.update.as_ref()).collect()
}

fn put(key: &str, value: impl Into<Bytes>) -> CellChange {
    CellChange::Put { key: key.into(), value: value.into() }
}

fn delete(key: &str) -> CellChange {
    CellChange::Delete { key: key.into() }
}

fn absent(key: &str) -> Expected {
    Expected::Absent { key: key.into() }
}

fn at(cell: &Cell) -> Expected {
    Expected::At { key: cell.key.clone(), version: cell.version }
}

async fn cell(store: &impl Cells, key: &str) -> Cell {
    store.get(key).await.expect("get answers").expect("the cell is there")
}

async fn keys(store: &impl Cells, prefix: &str) -> Vec<String> {
    store.scan(prefix).await.expect("scan answers").into_iter().map(|cell| cell.key).collect()
}

/// A store in which document 1 holds a, b, c.
async fn with_abc<F: Factory>(factory: &mut F) -> F::Store {
    let store = factory.open();
    let records = ["a", "b", "c"].map(record).to_vec();
    assert_eq!(store.append(document(1), records).await, Ok(3));
    store
}

/// Seqs begin at 1 and go up by one a record, whatever the appends.
pub async fn an_append_answers_with_consecutive_seqs<F: Factory>(mut factory: F) {
    let store = factory.open();
    assert_eq!(store.append(document(1), vec![record("a")]).await, Ok(1));
    assert_eq!(store.append(document(1), vec![record("b"), record("c")]).await, Ok(3));
    assert_eq!(store.append(document(2), vec![record("d")]).await, Ok(1));
    let loaded = store.load(document(1)).await.expect("load answers");
    assert_eq!(seqs(&loaded.tail), [1, 2, 3]);
    assert_eq!(loaded.head(), 3);
}

/// No records, no new seq.
pub async fn an_empty_append_answers_with_the_head<F: Factory>(mut factory: F) {
    let store = with_abc(&mut factory).await;
    assert_eq!(store.append(document(1), Vec::new()).await, Ok(3));
    assert_eq!(store.append(document(2), Vec::new()).await, Ok(0));
    assert_eq!(store.load(document(2)).await, Err(StoreError::NotFound));
}

/// Reading or compacting what is not there says so; destroying it is fine.
pub async fn an_unknown_document_is_not_found<F: Factory>(mut factory: F) {
    let store = factory.open();
    assert_eq!(store.load(document(9)).await, Err(StoreError::NotFound));
    assert_eq!(store.history(document(9), 1, 5).await, Err(StoreError::NotFound));
    assert_eq!(store.compact(document(9), snapshot(0, "")).await, Err(StoreError::NotFound));
    assert_eq!(store.destroy(document(9)).await, Ok(()));
    assert_eq!(store.documents().await, Ok(Vec::new()));
}

/// Ok means durable.
pub async fn what_was_appended_is_there_after_reopening<F: Factory>(mut factory: F) {
    let mut store = with_abc(&mut factory).await;
    let before = store.load(document(1)).await.expect("load answers");
    for _ in 0..3 {
        store = factory.reopen(store);
        assert_eq!(store.load(document(1)).await.as_ref(), Ok(&before));
    }
    assert_eq!(store.append(document(1), vec![record("d")]).await, Ok(4));
    store = factory.reopen(store);
    let loaded = store.load(document(1)).await.expect("load answers");
    assert_eq!(texts(&loaded.tail), [b"a", b"b", b"c", b"d"]);
}

/// A record comes back as it went in, with clocks that jump, empty updates, authors that alternate and what some of
/// them passed on.
pub async fn records_keep_their_author_time_and_order<F: Factory>(mut factory: F) {
    let mut store = factory.open();
    let records: Vec<NewRecord> = (0..40_u64)
        .map(|number| NewRecord {
            user: UserId::from_bytes([(number / 3 % 4) as u8; 16]),
            at_ms: [1_700_000_000_000, 0, u64::MAX, 1_700_000_000_007][number as usize % 4],
            update: noise(number, number as usize * 7),
            relayed: [vec![], vec![7, (1 << 53) - 1], vec![number]][number as usize % 3].clone(),
        })
        .collect();
    let expected: Vec<Record> = records
        .iter()
        .zip(1..)
        .map(|(new, seq)| {
            let NewRecord { user, at_ms, update, relayed } = new.clone();
            Record { seq, user, at_ms, update, relayed }
        })
        .collect();
    store.append(document(1), records[..25].to_vec()).await.expect("append succeeds");
    store.append(document(1), records[25..].to_vec()).await.expect("append succeeds");
    store = factory.reopen(store);
    assert_eq!(store.load(document(1)).await.expect("load answers").tail, expected);
    store.compact(document(1), snapshot(40, "state")).await.expect("compaction succeeds");
    store = factory.reopen(store);
    assert_eq!(store.history(document(1), 1, 40).await, Ok(expected));
}

/// Appends that are not waited for in between land in the order in which they were begun.
pub async fn appends_begun_together_all_land_in_order<F: Factory>(mut factory: F) {
    let store = factory.open();
    let begun: Vec<_> = (0..300_u64)
        .map(|number| store.append(document(number % 7), vec![record(number.to_string())]))
        .collect();
    for (number, append) in (0_u64..).zip(begun) {
        assert_eq!(append.await, Ok(number / 7 + 1));
    }
    for number in 0..7 {
        let loaded = store.load(document(number)).await.expect("load answers");
        let expected: Vec<String> =
            (0..300).filter(|n| n % 7 == number).map(|n: u64| n.to_string()).collect();
        assert_eq!(texts(&loaded.tail), expected.iter().map(String::as_bytes).collect::<Vec<_>>());
    }
}

/// All or nothing, also when it is refused.
pub async fn an_append_that_is_too_large_leaves_nothing<F: Factory>(mut factory: F) {
    let store = with_abc(&mut factory).await;
    let piece = NewRecord { update: Bytes::from(vec![0; APPEND_BYTES_MAX / 4]), ..record("") };
    let refused = store.append(document(1), vec![piece; 5]).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })), "{refused:?}");
    assert_eq!(store.load(document(1)).await.expect("load answers").head(), 3);
    assert_eq!(store.append(document(1), vec![record("d")]).await, Ok(4));
}

/// The largest frame of the wire, and more, is one record.
pub async fn an_update_of_seventeen_mebibytes_fits_one_record<F: Factory>(mut factory: F) {
    let mut store = with_abc(&mut factory).await;
    let update = noise(1, 17 << 20);
    let large = NewRecord { update: update.clone(), ..record("") };
    assert_eq!(store.append(document(1), vec![record("d"), large, record("f")]).await, Ok(6));
    store = factory.reopen(store);
    let tail = store.load(document(1)).await.expect("load answers").tail;
    assert_eq!(seqs(&tail), [1, 2, 3, 4, 5, 6]);
    assert!(tail[4].update == update && tail[5].update == "f");
    store.compact(document(1), snapshot(6, "state")).await.expect("compaction succeeds");
    store = factory.reopen(store);
    let history = store.history(document(1), 4, 5).await.expect("history answers");
    assert!(history[0].update == "d" && history[1].update == update);
}

/// A snapshot replaces the records it covers in `load`, never in `history`.
pub async fn compaction_keeps_the_tail_and_the_history<F: Factory>(mut factory: F) {
    let mut store = factory.open();
    for round in 0..5_u64 {
        for number in 1..=10 {
            let text = (round * 10 + number).to_string();
            store.append(document(1), vec![record(text)]).await.expect("append succeeds");
        }
        let upto = round * 10 + 7;
        let state = Bytes::from(format!("state {upto}"));
        assert_eq!(store.compact(document(1), snapshot(upto, state.clone())).await, Ok(()));
        if round % 2 == 1 {
            store = factory.reopen(store);
        }
        let loaded = store.load(document(1)).await.expect("load answers");
        assert_eq!(loaded.snapshot, Some(snapshot(upto, state)));
        assert_eq!(seqs(&loaded.tail), [upto + 1, upto + 2, upto + 3]);
        assert_eq!(loaded.head(), upto + 3);
        let history = store.history(document(1), 1, u64::MAX).await.expect("history answers");
        assert_eq!(seqs(&history), (1..=upto + 3).collect::<Vec<_>>());
        assert!(history.iter().all(|record| record.update == record.seq.to_string()));
    }
    let part = store.history(document(1), 6, 29).await.expect("history answers");
    assert_eq!(seqs(&part), (6..=29).collect::<Vec<_>>());
    assert_eq!(store.history(document(1), 51, 60).await, Ok(Vec::new()));
}

/// The same compaction twice is the same as once.
pub async fn compaction_may_be_repeated<F: Factory>(mut factory: F) {
    let mut store = with_abc(&mut factory).await;
    for _ in 0..3 {
        let state = Bytes::from_static(b"ab");
        assert_eq!(store.compact(document(1), snapshot(2, state)).await, Ok(()));
        store = factory.reopen(store);
        let loaded = store.load(document(1)).await.expect("load answers");
        assert_eq!(loaded.snapshot, Some(snapshot(2, "ab")));
        assert_eq!(texts(&loaded.tail), [b"c"]);
    }
    let history = store.history(document(1), 1, 3).await.expect("history answers");
    assert_eq!(texts(&history), [b"a", b"b", b"c"]);
}

/// A snapshot cannot cover what is not in the log.
pub async fn compaction_beyond_the_head_is_refused<F: Factory>(mut factory: F) {
    let store = with_abc(&mut factory).await;
    let refused = store.compact(document(1), snapshot(4, "abcd")).await;
    assert_eq!(refused, Err(StoreError::BeyondHead { upto: 4, head: 3 }));
    assert_eq!(store.load(document(1)).await.expect("load answers").snapshot, None);
}

/// An older snapshot never replaces a newer one.
pub async fn compaction_at_or_below_the_snapshot_changes_nothing<F: Factory>(mut factory: F) {
    let store = with_abc(&mut factory).await;
    store.compact(document(1), snapshot(2, "ab")).await.expect("compaction succeeds");
    let before = store.load(document(1)).await.expect("load answers");
    for upto in [0, 1, 2] {
        assert_eq!(store.compact(document(1), snapshot(upto, "other")).await, Ok(()));
    }
    assert_eq!(store.load(document(1)).await.expect("load answers"), before);
}

/// A snapshot may cover some records of one append and not the others.
pub async fn compaction_may_end_within_an_append<F: Factory>(mut factory: F) {
    let mut store = with_abc(&mut factory).await;
    for upto in 1..=3 {
        store.compact(document(1), snapshot(upto, "state")).await.expect("compaction succeeds");
        for _ in 0..2 {
            let loaded = store.load(document(1)).await.expect("load answers");
            assert_eq!(seqs(&loaded.tail), (upto + 1..=3).collect::<Vec<_>>());
            let summary = store.documents().await.expect("documents answers").remove(0);
            assert_eq!((summary.head, summary.snapshot_seq, summary.tail_bytes), (3, upto, 3 - upto));
            store = factory.reopen(store);
        }
    }
    let history = store.history(document(1), 1, 3).await.expect("history answers");
    assert_eq!(texts(&history), [b"a", b"b", b"c"]);
}

/// Large states are stored and replaced whole.
pub async fn a_snapshot_of_sixteen_mebibytes_reads_back<F: Factory>(mut factory: F) {
    let mut store = with_abc(&mut factory).await;
    for (upto, size_bytes) in [(1, 16 << 20), (2, 5), (3, (16 << 20) + 1)] {
        let state = noise(upto, size_bytes);
        store.compact(document(1), snapshot(upto, state.clone())).await.expect("compaction succeeds");
        store = factory.reopen(store);
        let loaded = store.load(document(1)).await.expect("load answers").snapshot;
        assert!(loaded == Some(snapshot(upto, state)));
    }
}

/// A summary says what a load would bring.
pub async fn documents_are_summarised<F: Factory>(mut factory: F) {
    let mut store = factory.open();
    for (number, at_ms) in (1..=6_u64).zip([100, 200, 300, 400, 500, 600]) {
        let record = NewRecord { at_ms, ..record("xx".repeat(number as usize)) };
        store.append(document(1), vec![record]).await.expect("append succeeds");
    }
    store.append(document(2), vec![record("abc")]).await.expect("append succeeds");
    store.compact(document(1), snapshot(4, noise(1, 5_000))).await.expect("compaction succeeds");
    store.compact(document(2), snapshot(1, "state")).await.expect("compaction succeeds");
    for _ in 0..2 {
        let mut summaries = store.documents().await.expect("documents answers");
        summaries.sort_by_key(|summary| summary.document);
        let [one, two] = &summaries[..] else { panic!("two documents, not {summaries:?}") };
        assert_eq!((one.document, one.head, one.snapshot_seq), (document(1), 6, 4));
        assert_eq!((one.snapshot_bytes, one.tail_bytes, one.tail_since_ms), (5_000, 22, Some(500)));
        assert_eq!((two.document, two.head, two.snapshot_seq), (document(2), 1, 1));
        assert_eq!((two.snapshot_bytes, two.tail_bytes, two.tail_since_ms), (5, 0, None));
        store = factory.reopen(store);
    }
}

/// What happens to one document does not touch the others.
pub async fn many_documents_stay_apart<F: Factory>(mut factory: F) {
    let mut store = factory.open();
    for round in 0..3 {
        let begun: Vec<_> = (0..500_u64)
            .map(|number| store.append(document(number), vec![record(format!("{number} {round}"))]))
            .collect();
        for append in begun {
            append.await.expect("append succeeds");
        }
        for number in (0..500).filter(|number| number % 3 == round) {
            let state = Bytes::from(format!("{number}"));
            store.compact(document(number), snapshot(round + 1, state)).await.expect("compaction succeeds");
        }
    }
    store = factory.reopen(store);
    assert_eq!(store.documents().await.expect("documents answers").len(), 500);
    for number in 0..500 {
        let loaded = store.load(document(number)).await.expect("load answers");
        assert_eq!(loaded.snapshot, Some(snapshot(number % 3 + 1, number.to_string())));
        assert_eq!(loaded.head(), 3);
        let history = store.history(document(number), 1, 3).await.expect("history answers");
        let expected: Vec<String> = (0..3).map(|round| format!("{number} {round}")).collect();
        assert_eq!(texts(&history), expected.iter().map(String::as_bytes).collect::<Vec<_>>());
    }
}

/// After `destroy` nothing of a document is left, and its id begins anew.
pub async fn a_destroyed_document_is_gone_and_its_id_free<F: Factory>(mut factory: F) {
    let mut store = with_abc(&mut factory).await;
    store.append(document(2), vec![record("x")]).await.expect("append succeeds");
    for round in 0..3 {
        store.compact(document(1), snapshot(2, noise(1, 9_000))).await.expect("compaction succeeds");
        assert_eq!(store.destroy(document(1)).await, Ok(()));
        if round != 1 {
            store = factory.reopen(store);
        }
        assert_eq!(store.load(document(1)).await, Err(StoreError::NotFound));
        assert_eq!(store.history(document(1), 1, 3).await, Err(StoreError::NotFound));
        assert_eq!(store.documents().await.expect("documents answers").len(), 1);
        let records = ["d", "e", "f"].map(record).to_vec();
        assert_eq!(store.append(document(1), records).await, Ok(3));
        if round == 1 {
            store = factory.reopen(store);
        }
        assert_eq!(texts(&store.load(document(1)).await.expect("load answers").tail), [b"d", b"e", b"f"]);
    }
    store = factory.reopen(store);
    let history = store.history(document(1), 1, 9).await.expect("history answers");
    assert_eq!(texts(&history), [b"d", b"e", b"f"]);
}

/// The life of one cell.
pub async fn a_cell_is_put_read_and_deleted<F: Factory>(mut factory: F) {
    let store = factory.open();
    assert_eq!(store.get("user/1").await, Ok(None));
    assert_eq!(store.commit(vec![put("user/1", "ana")], vec![absent("user/1")]).await, Ok(()));
    let first = cell(&store, "user/1").await;
    assert_eq!((first.key.as_str(), &first.value), ("user/1", &Bytes::from("ana")));
    assert_eq!(store.commit(vec![put("user/1", "ben")], vec![at(&first)]).await, Ok(()));
    assert_eq!(cell(&store, "user/1").await.value, "ben");
    let both = vec![put("user/1", "cat"), delete("user/1"), put("user/2", "x"), put("user/2", "y")];
    assert_eq!(store.commit(both, Vec::new()).await, Ok(()));
    assert_eq!(store.get("user/1").await, Ok(None));
    assert_eq!(cell(&store, "user/2").await.value, "y");
    assert_eq!(store.commit(vec![delete("user/1")], vec![absent("user/1")]).await, Ok(()));
    assert_eq!(store.commit(Vec::new(), Vec::new()).await, Ok(()));
}

/// A prefix finds its cells and no neighbours.
pub async fn cells_are_scanned_by_prefix_in_key_order<F: Factory>(mut factory: F) {
    let store = factory.open();
    let names = ["b/2", "a/1", "b", "b/10", "b0", "b/1", "é/1", "é"];
    let changes = names.iter().map(|name| put(name, name.to_string())).collect();
    assert_eq!(store.commit(changes, Vec::new()).await, Ok(()));
    assert_eq!(keys(&store, "b/").await, ["b/1", "b/10", "b/2"]);
    assert_eq!(keys(&store, "b").await, ["b", "b/1", "b/10", "b/2", "b0"]);
    assert_eq!(keys(&store, "é").await, ["é", "é/1"]);
    assert_eq!(keys(&store, "c").await, Vec::<String>::new());
    assert_eq!(keys(&store, "").await.len(), names.len());
}

/// One expectation that does not hold stops all of a commit.
pub async fn a_commit_of_cells_is_all_or_nothing<F: Factory>(mut factory: F) {
    let mut store = factory.open();
    store.commit(vec![put("a", "1"), put("b", "1")], Vec::new()).await.expect("commit succeeds");
    let (a, b) = (cell(&store, "a").await, cell(&store, "b").await);
    store.commit(vec![put("b", "2")], vec![at(&b)]).await.expect("commit succeeds");
    for expected in [vec![at(&a), at(&b)], vec![absent("a")], vec![at(&a), absent("b"), absent("c")]] {
        let refused = store.commit(vec![put("a", "3"), put("c", "3"), delete("b")], expected).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    }
    // Two that race for one cell: the first wins, though neither waited for the other.
    let first = store.commit(vec![put("race", "1")], vec![absent("race")]);
    let second = store.commit(vec![put("race", "2")], vec![absent("race")]);
    assert_eq!((first.await, second.await), (Ok(()), Err(StoreError::Conflict { key: "race".into() })));
    for _ in 0..2 {
        assert_eq!(keys(&store, "").await, ["a", "b", "race"]);
        assert_eq!((cell(&store, "a").await, cell(&store, "b").await.value), (a.clone(), Bytes::from("2")));
        assert_eq!(cell(&store, "race").await.value, "1");
        store = factory.reopen(store);
    }
}

/// Writing the same value again, or deleting and putting anew, makes another version.
pub async fn a_version_never_comes_back<F: Factory>(mut factory: F) {
    let mut store = factory.open();
    let mut versions = Vec::new();
    for round in 0..6 {
        store.commit(vec![put("a", "same")], Vec::new()).await.expect("commit succeeds");
        versions.push(cell(&store, "a").await.version);
        if round % 2 == 0 {
            store.commit(vec![delete("a")], Vec::new()).await.expect("commit succeeds");
            store = factory.reopen(store);
        }
    }
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions.len(), 6);
}

/// The limits of keys and values, to the byte.
pub async fn a_cell_may_be_as_large_as_the_limit_and_no_larger<F: Factory>(mut factory: F) {
    let mut store = factory.open();
    let key = "k".repeat(KEY_BYTES_MAX);
    for number in 0..40_u64 {
        let key = format!("{number:02}{}", &key[2..]);
        let value = noise(number, VALUE_BYTES_MAX);
        store.commit(vec![put(&key, value)], Vec::new()).await.expect("commit succeeds");
    }
    let too_large = [put("a", noise(1, VALUE_BYTES_MAX + 1)), put(&"k".repeat(KEY_BYTES_MAX + 1), "v")];
    for change in too_large {
        let refused = store.commit(vec![put("b", "v"), change], Vec::new()).await;
        assert!(matches!(refused, Err(StoreError::TooLarge { .. })), "{refused:?}");
    }
    store = factory.reopen(store);
    let cells = store.scan("").await.expect("scan answers");
    assert_eq!(cells.len(), 40);
    assert!((0..).zip(&cells).all(|(number, cell)| cell.value == noise(number, VALUE_BYTES_MAX)));
}

/// Ok means durable, for cells too, with the versions they were read at.
pub async fn cells_are_there_after_reopening<F: Factory>(mut factory: F) {
    let mut store = factory.open();
    for number in 0..100 {
        let key = format!("{:02}", number % 50);
        store.commit(vec![put(&key, number.to_string())], Vec::new()).await.expect("commit succeeds");
    }
    store.commit(vec![delete("07"), delete("08")], Vec::new()).await.expect("commit succeeds");
    let before = store.scan("").await.expect("scan answers");
    assert_eq!(before.len(), 48);
    store = factory.reopen(store);
    assert_eq!(store.scan("").await, Ok(before));
}
