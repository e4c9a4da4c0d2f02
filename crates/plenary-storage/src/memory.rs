//! A store in memory that fails on demand, for simulations and tests.
//!
//! Writes wait until a *flush* makes them durable, as on a disk. By default each write is flushed at once; after
//! [`MemoryStore::hold`] the caller decides when. The methods that begin with `begin_` and `flush_` need no
//! executor, so that a simulation can drive the store from one thread and replay it from one seed. The two
//! traits stand on top of them.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_channel::oneshot;
use plenary_ids::DocumentId;

use crate::{
    BoxFuture, Cell, CellChange, Cells, DocumentLog, DocumentSummary, Expected, Loaded, NewRecord, Record,
    Seq, Snapshot, StoreError, cells, log,
};

/// A store in memory. Clones are handles to the same store.
#[derive(Clone, Default)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
}

/// A write that has begun; [`Flushed`] says how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(u64);

/// How a write ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flushed {
    /// Which write.
    pub token: Token,
    /// For an append the document's head, for a compaction the seq it covers, otherwise 0.
    pub result: Result<Seq, StoreError>,
}

#[derive(Default)]
struct Inner {
    durable: Durable,
    waiting: VecDeque<(Token, Write)>,
    answers: HashMap<Token, oneshot::Sender<Result<Seq, StoreError>>>,
    tokens: u64,
    is_held: bool,
    is_full: bool,
    next_flush_fails: bool,
    has_failed: bool,
}

/// What survives a crash.
#[derive(Default)]
struct Durable {
    documents: BTreeMap<DocumentId, Document>,
    cells: BTreeMap<String, (Bytes, u64)>,
    cell_versions: u64,
}

#[derive(Default)]
struct Document {
    /// All records from seq 1, those under the snapshot included: they are the history.
    records: Vec<Record>,
    snapshot: Option<Snapshot>,
}

enum Write {
    Append { document: DocumentId, records: Vec<NewRecord> },
    Compact { document: DocumentId, snapshot: Snapshot },
    Destroy { document: DocumentId },
    Commit { changes: Vec<CellChange>, expected: Vec<Expected> },
}

impl MemoryStore {
    /// An empty store that flushes each write at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on writes wait for `flush_next`, `flush_all` or `release`: a slow disk.
    pub fn hold(&self) {
        self.lock().is_held = true;
    }

    /// Flushes what waits, and from now on each write at once.
    pub fn release(&self) -> Vec<Flushed> {
        self.lock().is_held = false;
        self.flush_all()
    }

    /// While full, appends, compactions and commits of cells end with `Full` and change nothing.
    pub fn set_full(&self, is_full: bool) {
        self.lock().is_full = is_full;
    }

    /// The next flush fails: everything that waits then, and all later writes, end with `Failed`, until `crash`.
    pub fn fail_next_flush(&self) {
        self.lock().next_flush_fails = true;
    }

    /// Whether a flush failed since the last crash.
    pub fn has_failed(&self) -> bool {
        self.lock().has_failed
    }

    /// The process ends and starts again: what waited is gone, faults but for a full disk are over.
    pub fn crash(&self) {
        self.crash_keeping(0);
    }

    /// As `crash`, but the oldest `kept` of the waiting writes had reached the disk although nobody was told.
    /// The write after them was torn: recovery drops all of it, never a part.
    pub fn crash_keeping(&self, kept: usize) {
        let mut inner = self.lock();
        inner.answers.clear();
        if !inner.has_failed {
            for _ in 0..kept {
                let Some((_, write)) = inner.waiting.pop_front() else {
                    break;
                };
                // Nobody is there to hear of an error.
                let _ = inner.apply(write);
            }
        }
        inner.waiting.clear();
        inner.is_held = false;
        inner.next_flush_fails = false;
        inner.has_failed = false;
    }

    /// Begins to append; see [`DocumentLog::append`]. Nothing is durable or readable before a flush.
    pub fn begin_append(&self, document: DocumentId, records: Vec<NewRecord>) -> Token {
        self.lock().begin(Write::Append { document, records })
    }

    /// Begins a compaction; see [`DocumentLog::compact`].
    pub fn begin_compact(&self, document: DocumentId, snapshot: Snapshot) -> Token {
        self.lock().begin(Write::Compact { document, snapshot })
    }

    /// How many writes wait.
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Makes the oldest waiting write durable, or makes it fail; `None` if none waits.
    pub fn flush_next(&self) -> Option<Flushed> {
        self.lock().flush_next()
    }

    /// Flushes all that waits, oldest first.
    pub fn flush_all(&self) -> Vec<Flushed> {
        let mut inner = self.lock();
        std::iter::from_fn(|| inner.flush_next()).collect()
    }

    /// What [`DocumentLog::load`] answers, at once.
    pub fn load_now(&self, document: DocumentId) -> Result<Loaded, StoreError> {
        let inner = self.lock();
        let document = inner.durable.documents.get(&document).ok_or(StoreError::NotFound)?;
        let covered = document.covered();
        let tail = document.records.iter().filter(|record| record.seq > covered).cloned().collect();
        Ok(Loaded { snapshot: document.snapshot.clone(), tail })
    }

    /// What [`DocumentLog::documents`] answers, at once.
    pub fn documents_now(&self) -> Vec<DocumentSummary> {
        let inner = self.lock();
        inner.durable.documents.iter().map(|(id, document)| document.summary(*id)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in another test thread leaves nothing half changed that matters here.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, write: Write) -> BoxFuture<'_, Result<Seq, StoreError>> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut inner = self.lock();
            let token = inner.begin(write);
            inner.answers.insert(token, sender);
            while !inner.is_held && inner.flush_next().is_some() {}
        }
        Box::pin(async move { receiver.await.unwrap_or_else(|_| Err(failed("the process ended"))) })
    }
}

impl Inner {
    fn begin(&mut self, write: Write) -> Token {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.waiting.push_back((token, write));
        token
    }

    fn flush_next(&mut self) -> Option<Flushed> {
        let (token, write) = self.waiting.pop_front()?;
        if std::mem::take(&mut self.next_flush_fails) {
            self.has_failed = true;
        }
        let result = if self.has_failed { Err(failed("the flush failed")) } else { self.apply(write) };
        if let Some(answer) = self.answers.remove(&token) {
            // The caller may have gone away.
            let _ = answer.send(result.clone());
        }
        Some(Flushed { token, result })
    }

    fn apply(&mut self, write: Write) -> Result<Seq, StoreError> {
        if self.is_full && !matches!(write, Write::Destroy { .. }) {
            return Err(StoreError::Full { free_bytes: 0, reserve_bytes: 1 });
        }
        match write {
            Write::Append { document, records } => self.durable.append(document, records),
            Write::Compact { document, snapshot } => self.durable.compact(document, snapshot),
            Write::Destroy { document } => {
                self.durable.documents.remove(&document);
                Ok(0)
            }
            Write::Commit { changes, expected } => self.durable.commit(changes, &expected),
        }
    }
}

impl Durable {
    fn append(&mut self, document: DocumentId, records: Vec<NewRecord>) -> Result<Seq, StoreError> {
        log::check_append(&records)?;
        if records.is_empty() {
            return Ok(self.documents.get(&document).map_or(0, Document::head));
        }
        let document = self.documents.entry(document).or_default();
        for NewRecord { user, at_ms, update, relayed } in records {
            let seq = document.head() + 1;
            document.records.push(Record { seq, user, at_ms, update, relayed });
        }
        Ok(document.head())
    }

    fn compact(&mut self, document: DocumentId, snapshot: Snapshot) -> Result<Seq, StoreError> {
        log::check_snapshot(&snapshot)?;
        let document = self.documents.get_mut(&document).ok_or(StoreError::NotFound)?;
        if snapshot.seq > document.head() {
            return Err(StoreError::BeyondHead { upto: snapshot.seq, head: document.head() });
        }
        if snapshot.seq > document.covered() {
            document.snapshot = Some(snapshot);
        }
        Ok(document.covered())
    }

    fn commit(&mut self, changes: Vec<CellChange>, expected: &[Expected]) -> Result<Seq, StoreError> {
        cells::check_changes(&changes)?;
        for expectation in expected {
            let version = self.cells.get(expectation.key()).map(|(_, version)| *version);
            if !expectation.holds(version) {
                return Err(StoreError::Conflict { key: expectation.key().to_owned() });
            }
        }
        self.cell_versions += 1;
        for change in changes {
            match change {
                CellChange::Put { key, value } => self.cells.insert(key, (value, self.cell_versions)),
                CellChange::Delete { key } => self.cells.remove(&key),
            };
        }
        Ok(0)
    }
}

impl Document {
    fn head(&self) -> Seq {
        self.records.last().map_or(0, |record| record.seq)
    }

    fn covered(&self) -> Seq {
        self.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq)
    }

    fn summary(&self, document: DocumentId) -> DocumentSummary {
        let covered = self.covered();
        let tail = || self.records.iter().filter(|record| record.seq > covered);
        DocumentSummary {
            document,
            head: self.head(),
            snapshot_seq: covered,
            snapshot_bytes: self.snapshot.as_ref().map_or(0, |snapshot| snapshot.state.len() as u64),
            tail_bytes: tail().map(|record| record.update.len() as u64).sum(),
            tail_since_ms: tail().next().map(|record| record.at_ms),
        }
    }
}

impl DocumentLog for MemoryStore {
    fn append(
        &self,
        document: DocumentId,
        records: Vec<NewRecord>,
    ) -> BoxFuture<'_, Result<Seq, StoreError>> {
        self.write(Write::Append { document, records })
    }

    fn load(&self, document: DocumentId) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        Box::pin(async move { self.load_now(document) })
    }

    fn history(
        &self,
        document: DocumentId,
        from: Seq,
        to: Seq,
    ) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        Box::pin(async move {
            let inner = self.lock();
            let document = inner.durable.documents.get(&document).ok_or(StoreError::NotFound)?;
            Ok(document.records.iter().filter(|record| (from..=to).contains(&record.seq)).cloned().collect())
        })
    }

    fn documents(&self) -> BoxFuture<'_, Result<Vec<DocumentSummary>, StoreError>> {
        Box::pin(async move { Ok(self.documents_now()) })
    }

    fn compact(&self, document: DocumentId, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        let write = self.write(Write::Compact { document, snapshot });
        Box::pin(async move { write.await.map(drop) })
    }

    fn destroy(&self, document: DocumentId) -> BoxFuture<'_, Result<(), StoreError>> {
        let write = self.write(Write::Destroy { document });
        Box::pin(async move { write.await.map(drop) })
    }
}

impl Cells for MemoryStore {
    fn get(&self, key: &str) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        let cell = self.lock().durable.cells.get(key).map(|(value, version)| Cell {
            key: key.to_owned(),
            value: value.clone(),
            version: *version,
        });
        Box::pin(async move { Ok(cell) })
    }

    fn scan(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<Cell>, StoreError>> {
        let inner = self.lock();
        let cells = inner
            .durable
            .cells
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, (value, version))| Cell { key: key.clone(), value: value.clone(), version: *version })
            .collect();
        Box::pin(async move { Ok(cells) })
    }

    fn commit(
        &self,
        changes: Vec<CellChange>,
        expected: Vec<Expected>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        let write = self.write(Write::Commit { changes, expected });
        Box::pin(async move { write.await.map(drop) })
    }
}

fn failed(reason: &str) -> StoreError {
    StoreError::Failed { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Factory, block_on};

    struct InMemory;

    impl Factory for InMemory {
        type Store = MemoryStore;

        fn open(&mut self) -> MemoryStore {
            MemoryStore::new()
        }

        fn reopen(&mut self, store: MemoryStore) -> MemoryStore {
            store.crash();
            store
        }
    }

    crate::contract!(InMemory);

    const DOCUMENT: DocumentId = DocumentId::from_bytes([1; 16]);

    fn record(text: &'static str) -> Vec<NewRecord> {
        vec![crate::contract::record(text)]
    }

    fn texts(store: &MemoryStore) -> Vec<Bytes> {
        store.load_now(DOCUMENT).unwrap_or_default().tail.into_iter().map(|record| record.update).collect()
    }

    #[test]
    fn a_held_append_is_neither_answered_nor_readable_before_the_flush() {
        let store = MemoryStore::new();
        store.hold();
        let token = store.begin_append(DOCUMENT, record("a"));
        assert_eq!(store.load_now(DOCUMENT), Err(StoreError::NotFound));
        assert_eq!(store.flush_next(), Some(Flushed { token, result: Ok(1) }));
        assert_eq!(texts(&store), ["a"]);
        assert_eq!(store.flush_next(), None);
    }

    #[test]
    fn a_crash_drops_the_unflushed_tail_but_not_what_had_reached_the_disk_untold() {
        let store = MemoryStore::new();
        store.hold();
        for text in ["a", "b", "c"] {
            store.begin_append(DOCUMENT, record(text));
        }
        store.flush_next();
        store.crash_keeping(1);
        assert_eq!(texts(&store), ["a", "b"]);
        assert_eq!(store.waiting(), 0);
    }

    #[test]
    fn a_full_disk_refuses_and_recovers() {
        let store = MemoryStore::new();
        store.set_full(true);
        let refused = block_on(store.append(DOCUMENT, record("a")));
        assert!(matches!(refused, Err(StoreError::Full { .. })));
        store.set_full(false);
        assert_eq!(block_on(store.append(DOCUMENT, record("b"))), Ok(1));
        assert_eq!(texts(&store), ["b"]);
    }

    #[test]
    fn a_failed_flush_is_final_until_the_next_start() {
        let store = MemoryStore::new();
        store.hold();
        store.begin_append(DOCUMENT, record("a"));
        store.begin_append(DOCUMENT, record("b"));
        store.fail_next_flush();
        let ended = store.flush_all();
        assert!(ended.iter().all(|flushed| matches!(flushed.result, Err(StoreError::Failed { .. }))));
        assert_eq!(ended.len(), 2);
        store.release();
        assert!(matches!(block_on(store.append(DOCUMENT, record("c"))), Err(StoreError::Failed { .. })));
        store.crash();
        assert_eq!(block_on(store.append(DOCUMENT, record("d"))), Ok(1));
    }

    #[test]
    fn a_future_that_waits_is_answered_by_the_flush_or_by_the_crash() {
        let store = MemoryStore::new();
        store.hold();
        let first = store.append(DOCUMENT, record("a"));
        store.flush_all();
        assert_eq!(block_on(first), Ok(1));
        let second = store.append(DOCUMENT, record("b"));
        store.crash();
        assert!(matches!(block_on(second), Err(StoreError::Failed { .. })));
    }
}
