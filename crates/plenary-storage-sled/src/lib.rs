//! The store on disk: `DocumentLog` and `Cells` on sled.
//!
//! One thread writes (`committer.rs`), one reads, one compacts. An append is answered once its commit is flushed and
//! synced. Layout, recovery and limits are in docs/storage.md; the table of keys is in `keys.rs`.

mod chunks;
mod commit;
mod committer;
mod compaction;
mod error;
mod faults;
mod index;
mod keys;
mod reader;
mod recovery;
mod sealed;
mod verify;
mod witness;
mod worker;

use std::{
    fs,
    path::Path,
    sync::{
        Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
        mpsc::{Sender, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use futures_channel::oneshot;
use plenary_ids::DocumentId;
use plenary_storage::{
    BoxFuture, Cell, CellChange, Cells, DocumentLog, DocumentSummary, Expected, Loaded, NewRecord, Record,
    Seq, Snapshot, StoreError, cells, log,
};

pub use error::OpenError;
pub use verify::{Finding, VerifyReport, verify};
pub use witness::Witness;

use committer::{Answer, Committer, Disk, Job};
use compaction::Desk;
use index::Index;
use keys::Trees;
use worker::Worker;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of the file system that are left free: below them appends end with `Full`. Compaction may use half of
    /// them, as it makes room. Default 64 MiB.
    pub reserve_bytes: u64,
    /// How long to wait for another process to let go of the directory. Default 5 s.
    pub lock_wait: Duration,
    /// Opens a store whose last commits are lost, as far as it goes. Default false.
    pub accept_loss: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { reserve_bytes: 64 << 20, lock_wait: Duration::from_secs(5), accept_loss: false }
    }
}

/// The store on disk. Dropping it waits for the commit at hand and closes it; what was answered is durable anyway.
pub struct SledStore {
    shared: Arc<Shared>,
    disk: Arc<Disk>,
    store: u128,
    jobs: Sender<Job>,
    desk: Desk,
    committer: Option<JoinHandle<()>>,
    // Dropped by hand, before the committer ends.
    reader: Option<Worker>,
    compactor: Option<Worker>,
    _lock: fs::File,
}

/// What the threads share.
struct Shared {
    trees: Trees,
    index: RwLock<Index>,
    failed: OnceLock<String>,
    commits: AtomicU64,
}

/// The committer has failed; why is in [`Shared::failed`].
struct Stopped;

/// Figures for operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Documents there are.
    pub documents: u64,
    /// Cells there are.
    pub cells: u64,
    /// Records ever appended.
    pub records: u64,
    /// Commits since the start.
    pub commits: u64,
    /// The last durable position.
    pub position: u64,
    /// Positions that the log still holds: large when some document was not compacted for long.
    pub log_positions: u64,
    /// Bytes of the store's files.
    pub disk_bytes: u64,
    /// Bytes free on the file system.
    pub free_bytes: u64,
    /// Files that values were moved to; anything but 0 is a defect.
    pub spilled_files: u64,
}

impl Shared {
    fn index(&self) -> RwLockReadGuard<'_, Index> {
        // Only the committer writes, and if it panics its last commit is simply not shown.
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the first reason; nothing is written any more.
    fn fail(&self, reason: impl Into<String>) -> Stopped {
        let _ = self.failed.set(reason.into());
        Stopped
    }

    fn failure(&self) -> StoreError {
        let reason = self.failed.get().cloned().unwrap_or_else(|| "the committer has ended".into());
        StoreError::Failed { reason }
    }
}

impl SledStore {
    /// Opens the store in `directory`, creating both if needed. Blocks: up to `lock_wait` for another process, and
    /// for reading the log and all cells.
    ///
    /// Fails with the reason and the place. Nothing of ours is changed then; sled itself may have cut off what it
    /// takes for a torn end, so copy the directory before trying anything on a damaged store.
    pub fn open(directory: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let directory = directory.as_ref();
        let recovered = recovery::open(directory, &options)?;
        let started = |source| OpenError::Io { doing: "starting a thread".into(), source };
        let disk = Arc::new(Disk {
            directory: directory.to_owned(),
            db: recovered.file,
            reserve_bytes: options.reserve_bytes,
        });
        let shared = Arc::new(Shared {
            trees: recovered.trees,
            index: RwLock::new(recovered.index),
            failed: OnceLock::new(),
            commits: AtomicU64::new(0),
        });
        let (jobs, waiting) = channel();
        let committer = Committer {
            shared: Arc::clone(&shared),
            db: recovered.db,
            disk: Arc::clone(&disk),
            jobs: waiting,
            store: recovered.store,
            pinned: recovered.sweeps.iter().map(|(position, _)| *position).collect(),
            truncated: recovered.truncated,
            witness: recovered.witness,
            witness_at: Instant::now(),
        };
        let committer = thread::Builder::new().name("plenary-commit".into()).spawn(|| committer.run());
        let desk = Desk { shared: Arc::clone(&shared), jobs: jobs.clone() };
        let store = Self {
            shared,
            disk,
            store: recovered.store,
            jobs,
            desk,
            committer: Some(committer.map_err(started)?),
            reader: Some(Worker::start("plenary-read").map_err(started)?),
            compactor: Some(Worker::start("plenary-compact").map_err(started)?),
            _lock: recovered.lock,
        };
        let (desk, sweeps) = (store.desk.clone(), recovered.sweeps);
        // Nobody waits for this, and what is not done now is done at the next start.
        drop(store.compact_with(move || desk.finish_sweeps(&sweeps)));
        Ok(store)
    }

    /// Why the store writes no more, once it does not. Final: only a new start helps.
    pub fn failed(&self) -> Option<&str> {
        self.shared.failed.get().map(String::as_str)
    }

    /// The store's directory.
    pub fn directory(&self) -> &Path {
        &self.disk.directory
    }

    /// Figures for operators; reads the directory, so not for each request.
    pub fn stats(&self) -> Stats {
        let count = |directory: &Path| -> (u64, u64) {
            let entries = fs::read_dir(directory).into_iter().flatten().flatten();
            let lengths =
                entries.filter_map(|entry| entry.metadata().ok()).filter(|metadata| metadata.is_file());
            lengths.fold((0, 0), |(files, bytes), metadata| (files + 1, bytes + metadata.len()))
        };
        let (_, bytes) = count(&self.disk.directory);
        let (spilled_files, spilled_bytes) = count(&self.disk.directory.join("blobs"));
        let index = self.shared.index();
        Stats {
            documents: index.document_count() as u64,
            cells: index.cell_count() as u64,
            records: index.records,
            commits: self.shared.commits.load(Ordering::Relaxed),
            position: index.position,
            log_positions: index.position - index.floor,
            disk_bytes: bytes + spilled_bytes,
            free_bytes: self.disk.free_bytes().unwrap_or(0),
            spilled_files,
        }
    }

    fn commit_with<T: Send + 'static>(
        &self,
        job: impl FnOnce(Answer<T>) -> Job,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let (sender, answered) = oneshot::channel();
        let answer: Answer<T> = Box::new(move |result| drop(sender.send(result)));
        let shared = Arc::clone(&self.shared);
        // If the committer is gone the answer is dropped with the job.
        let _ = self.jobs.send(job(answer));
        Box::pin(async move { answered.await.unwrap_or_else(|_| Err(shared.failure())) })
    }

    fn read_with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let shared = Arc::clone(&self.shared);
        self.reader.as_ref().expect("the reader lives as long as the store").run(move || work(&shared))
    }

    fn compact_with<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        self.compactor.as_ref().expect("the compactor lives as long as the store").run(work)
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        // The compactor asks the committer, so it ends first.
        self.compactor = None;
        self.reader = None;
        let _ = self.jobs.send(Job::Stop);
        if let Some(committer) = self.committer.take() {
            let _ = committer.join();
        }
    }
}

impl DocumentLog for SledStore {
    fn append(
        &self,
        document: DocumentId,
        records: Vec<NewRecord>,
    ) -> BoxFuture<'_, Result<Seq, StoreError>> {
        if records.is_empty() {
            let head = self.shared.index().head(document);
            return Box::pin(async move { Ok(head) });
        }
        if let Err(too_large) = log::check_append(&records) {
            return Box::pin(async move { Err(too_large) });
        }
        self.commit_with(|answer| Job::Append { document, records, answer })
    }

    fn load(&self, document: DocumentId) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        self.read_with(move |shared| reader::load(shared, document))
    }

    fn history(
        &self,
        document: DocumentId,
        from: Seq,
        to: Seq,
    ) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        self.read_with(move |shared| reader::history(shared, document, from, to))
    }

    fn documents(&self) -> BoxFuture<'_, Result<Vec<DocumentSummary>, StoreError>> {
        let summaries = self.shared.index().summaries();
        Box::pin(async move { Ok(summaries) })
    }

    fn compact(&self, document: DocumentId, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        if let Err(too_large) = log::check_snapshot(&snapshot) {
            return Box::pin(async move { Err(too_large) });
        }
        let desk = self.desk.clone();
        self.compact_with(move || desk.compact(document, snapshot))
    }

    fn destroy(&self, document: DocumentId) -> BoxFuture<'_, Result<(), StoreError>> {
        let desk = self.desk.clone();
        self.compact_with(move || desk.destroy(document))
    }
}

impl Cells for SledStore {
    fn get(&self, key: &str) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        let index = self.shared.index();
        let cell = index.cell(key).map(|(version, value)| Cell {
            key: key.to_owned(),
            value: value.clone(),
            version,
        });
        Box::pin(async move { Ok(cell) })
    }

    fn scan(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<Cell>, StoreError>> {
        let cells = self.shared.index().cells(prefix).collect();
        Box::pin(async move { Ok(cells) })
    }

    fn commit(
        &self,
        changes: Vec<CellChange>,
        expected: Vec<Expected>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        if let Err(too_large) = cells::check_changes(&changes) {
            return Box::pin(async move { Err(too_large) });
        }
        self.commit_with(|answer| Job::Commit { changes, expected, answer })
    }
}
