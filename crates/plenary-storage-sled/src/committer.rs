//! The committer: the one thread that writes.
//!
//! It takes what waits, writes it as one commit, flushes, syncs, and only then answers: when idle at once, under
//! load as much as fits [`COMMIT_BYTES`]. Between commits it writes chunks for the compactor, removes what the log
//! no longer needs, and renews the head witness. Its first error from sled or from the sync is its last act.

use std::{
    collections::{BTreeSet, HashMap},
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use plenary_ids::DocumentId;
use plenary_storage::{CellChange, Expected, NewRecord, Seq, StoreError};

use crate::{
    Shared, Stopped, commit,
    commit::Header,
    faults,
    index::{Digest, Pointer, Row, TailEntry, encode_cell},
    reader,
    sealed::seal,
    witness::Witness,
};

/// Once what waits is this large, it is a commit.
const COMMIT_BYTES: usize = 1 << 20;

/// Positions removed from the log between two commits.
const TRUNCATE_SLICE: u64 = 512;

const WITNESS_EVERY: Duration = Duration::from_secs(1);

/// How a job ends. Dropped without a word, it means `Failed`.
pub(crate) type Answer<T> = Box<dyn FnOnce(Result<T, StoreError>) + Send>;

/// What the committer is asked to do.
pub(crate) enum Job {
    Append {
        document: DocumentId,
        records: Vec<NewRecord>,
        answer: Answer<Seq>,
    },
    Commit {
        changes: Vec<CellChange>,
        expected: Vec<Expected>,
        answer: Answer<()>,
    },
    /// Sets `born` and `set_at` itself; the answer is the pin, to be given back once the sweep is done.
    Pointer {
        document: DocumentId,
        seq: Seq,
        state: Row,
        attribution: Option<Row>,
        answer: Answer<u64>,
    },
    /// The answer is a pin, as for `Pointer`.
    Destroy {
        document: DocumentId,
        answer: Answer<u64>,
    },
    /// Makes what was written durable, and lets the floor of the log rise.
    Checkpoint {
        answer: Answer<()>,
    },
    /// Writes and removes chunks; durable with the next commit.
    Chunks {
        changes: Vec<ChunkChange>,
        answer: Answer<()>,
    },
    /// The sweep after the commit at this position is done.
    Unpin {
        position: u64,
    },
    Stop,
}

/// A key and its value in a tree of chunks, or `None` to remove it.
pub(crate) struct ChunkChange {
    pub(crate) tree: sled::Tree,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
}

/// The store's files, beside sled.
pub(crate) struct Disk {
    pub(crate) directory: PathBuf,
    /// A descriptor of our own, as sled's flush waits for the pages but not for metadata and the device's cache.
    pub(crate) db: File,
    pub(crate) reserve_bytes: u64,
}

impl Disk {
    pub(crate) fn free_bytes(&self) -> std::io::Result<u64> {
        let space = rustix::fs::statvfs(&self.directory)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }
}

pub(crate) struct Committer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) db: sled::Db,
    pub(crate) disk: Arc<Disk>,
    pub(crate) jobs: Receiver<Job>,
    pub(crate) store: u128,
    /// Positions whose sweeps are not done; the floor stays below them, so that a crash repeats the sweep.
    pub(crate) pinned: BTreeSet<u64>,
    /// Positions up to here are no longer in the log.
    pub(crate) truncated: u64,
    pub(crate) witness: Option<Witness>,
    pub(crate) witness_at: Instant,
}

/// What became of a commit that was put together, to be applied once it is durable.
enum Effect {
    Append { document: DocumentId, entry: TailEntry, answer: Answer<Seq> },
    Commit { changes: Vec<CellChange>, answer: Answer<()> },
    Pointer { document: DocumentId, pointer: Pointer, answer: Answer<u64> },
    Destroy { document: DocumentId, answer: Answer<u64> },
    Checkpoint { answer: Answer<()> },
}

/// A commit being put together.
struct Draft {
    /// Bytes free on the file system when it was begun.
    free_bytes: u64,
    /// Bytes of chunks written since.
    chunk_bytes: usize,
    position: u64,
    bytes: Vec<u8>,
    records: u64,
    digest: Digest,
    heads: HashMap<DocumentId, Seq>,
    /// Cells as they will be; `None` once deleted.
    cells: HashMap<String, Option<Bytes>>,
    effects: Vec<Effect>,
    /// Commits of cells that lost to another one of this commit are told so only once that one is durable.
    conflicts: Vec<(Answer<()>, StoreError)>,
}

impl Draft {
    /// `Full` unless the reserve is left once `size` more bytes are written.
    fn check_space(&self, size: usize, reserve_bytes: u64) -> Result<(), StoreError> {
        let planned_bytes = (self.bytes.len() + self.chunk_bytes + size) as u64;
        if self.free_bytes.saturating_sub(planned_bytes) < reserve_bytes {
            return Err(StoreError::Full { free_bytes: self.free_bytes, reserve_bytes });
        }
        Ok(())
    }
}

impl Committer {
    /// Works until `Stop` or until all who could ask are gone.
    pub(crate) fn run(mut self) {
        let ended = catch_unwind(AssertUnwindSafe(|| self.work()));
        match ended {
            Ok(Ok(())) => {
                // It only makes the next start more watchful.
                let _ = self.write_witness();
            }
            Ok(Err(Stopped)) => {}
            Err(_) => drop(self.shared.fail("the committer panicked")),
        }
        // Whoever asks from here on is answered `Failed`, as the channel is closed.
    }

    fn work(&mut self) -> Result<(), Stopped> {
        loop {
            let Some(job) = self.next_job()? else { continue };
            if !self.commit_with(job)? {
                return Ok(());
            }
            self.truncate()?;
            if self.witness_at.elapsed() >= WITNESS_EVERY {
                self.write_witness()?;
            }
        }
    }

    /// The next job, or `None` when there was something else to do.
    fn next_job(&mut self) -> Result<Option<Job>, Stopped> {
        let floor = self.shared.index().floor;
        if self.truncated < floor {
            return match self.jobs.try_recv() {
                Ok(job) => Ok(Some(job)),
                Err(TryRecvError::Empty) => self.truncate().map(|()| None),
                Err(TryRecvError::Disconnected) => Ok(Some(Job::Stop)),
            };
        }
        let position = self.shared.index().position;
        if self.witness.is_some_and(|witness| witness.position == position) {
            return Ok(Some(self.jobs.recv().unwrap_or(Job::Stop)));
        }
        match self.jobs.recv_timeout(WITNESS_EVERY.saturating_sub(self.witness_at.elapsed())) {
            Ok(job) => Ok(Some(job)),
            Err(RecvTimeoutError::Timeout) => self.write_witness().map(|()| None),
            Err(RecvTimeoutError::Disconnected) => Ok(Some(Job::Stop)),
        }
    }

    /// Commits `job` with whatever else waits; false when asked to stop.
    fn commit_with(&mut self, job: Job) -> Result<bool, Stopped> {
        let mut draft = self.draft()?;
        let mut next = Some(job);
        while let Some(job) = next.take() {
            let ends_commit = matches!(job, Job::Destroy { .. });
            if matches!(job, Job::Stop) {
                self.finish(draft)?;
                return Ok(false);
            }
            self.add(&mut draft, job)?;
            // What comes after a destroyed document, under its id, belongs to another commit: positions tell
            // the two documents apart.
            if !ends_commit && draft.bytes.len() < COMMIT_BYTES {
                next = self.jobs.try_recv().ok();
            }
        }
        self.finish(draft)?;
        Ok(true)
    }

    fn draft(&self) -> Result<Draft, Stopped> {
        let free_bytes =
            self.disk.free_bytes().map_err(|error| self.shared.fail(format!("statvfs: {error}")))?;
        let index = self.shared.index();
        Ok(Draft {
            free_bytes,
            chunk_bytes: 0,
            position: index.position + 1,
            bytes: Vec::new(),
            records: index.records,
            digest: index.digest(),
            heads: HashMap::new(),
            cells: HashMap::new(),
            effects: Vec::new(),
            conflicts: Vec::new(),
        })
    }

    fn add(&mut self, draft: &mut Draft, job: Job) -> Result<(), Stopped> {
        let reserve = self.disk.reserve_bytes;
        match job {
            Job::Append { document, records, answer } => {
                let size = records.iter().map(|record| record.update.len() + 40).sum::<usize>();
                match draft.check_space(size, reserve) {
                    Ok(()) => self.add_append(draft, document, &records, answer),
                    Err(full) => answer(Err(full)),
                }
            }
            Job::Commit { changes, expected, answer } => {
                let size = changes.len() * 4096;
                match draft.check_space(size, reserve) {
                    Ok(()) => self.add_cells(draft, changes, &expected, answer),
                    Err(full) => answer(Err(full)),
                }
            }
            // Compaction is what makes room, so it may use half of the reserve, and a removal all of it.
            Job::Pointer { document, seq, state, attribution, answer } => {
                let set_at = draft.position;
                let pointer = |born| Pointer { born, set_at, seq, state, attribution };
                match draft.check_space(0, reserve / 2) {
                    Ok(()) => self.add_pointer(draft, document, pointer, answer),
                    Err(full) => answer(Err(full)),
                }
            }
            Job::Chunks { changes, answer } => {
                let size = changes.iter().filter_map(|change| change.value.as_ref()).map(Vec::len).sum();
                match draft.check_space(size, reserve / 2) {
                    Err(full) if size > 0 => answer(Err(full)),
                    _ => {
                        draft.chunk_bytes += size;
                        for ChunkChange { tree, key, value } in changes {
                            match value {
                                Some(value) => tree.insert(key, value),
                                None => tree.remove(key),
                            }
                            .map_err(|error| self.shared.fail(format!("writing a chunk: {error}")))?;
                        }
                        answer(Ok(()));
                    }
                }
            }
            Job::Destroy { document, answer } => {
                commit::encode_destroy(&mut draft.bytes, document);
                let index = self.shared.index();
                let pointer = index.document(document).and_then(|document| document.pointer);
                draft.digest.replace_pointer(document, pointer.as_ref(), None);
                draft.effects.push(Effect::Destroy { document, answer });
            }
            Job::Checkpoint { answer } => draft.effects.push(Effect::Checkpoint { answer }),
            Job::Unpin { position } => drop(self.pinned.remove(&position)),
            Job::Stop => {}
        }
        Ok(())
    }

    fn add_append(
        &self,
        draft: &mut Draft,
        document: DocumentId,
        records: &[NewRecord],
        answer: Answer<Seq>,
    ) {
        let head = *draft.heads.entry(document).or_insert_with(|| self.shared.index().head(document));
        let last = head + records.len() as u64;
        let offset = draft.bytes.len();
        commit::encode_append(&mut draft.bytes, document, head + 1, records);
        let entry = TailEntry {
            position: draft.position,
            offset: offset as u32,
            len: (draft.bytes.len() - offset) as u32,
            first: head + 1,
            last,
            update_bytes: records.iter().map(|record| record.update.len() as u64).sum(),
            at_ms: records.first().map_or(0, |record| record.at_ms),
        };
        draft.heads.insert(document, last);
        draft.records += records.len() as u64;
        draft.effects.push(Effect::Append { document, entry, answer });
    }

    fn add_cells(
        &self,
        draft: &mut Draft,
        changes: Vec<CellChange>,
        expected: &[Expected],
        answer: Answer<()>,
    ) {
        let index = self.shared.index();
        for expectation in expected {
            let key = expectation.key();
            let holds = match draft.cells.get(key) {
                // Nobody can have read the version that this very commit writes.
                Some(Some(_)) => false,
                Some(None) => expectation.holds(None),
                None => expectation.holds(index.cell(key).map(|(version, _)| version)),
            };
            if !holds {
                draft.conflicts.push((answer, StoreError::Conflict { key: key.to_owned() }));
                return;
            }
        }
        commit::encode_cells(&mut draft.bytes, &changes);
        for change in &changes {
            let (key, new) = match change {
                CellChange::Put { key, value } => (key, Some(value.clone())),
                CellChange::Delete { key } => (key, None),
            };
            let old = match draft.cells.get(key) {
                Some(drafted) => drafted.clone().map(|value| (draft.position, value)),
                None => index.cell(key).map(|(version, value)| (version, value.clone())),
            };
            draft.digest.replace_cell(
                key,
                old.as_ref().map(|(version, value)| (*version, value.as_ref())),
                new.as_ref().map(|value| (draft.position, value.as_ref())),
            );
            draft.cells.insert(key.clone(), new);
        }
        draft.effects.push(Effect::Commit { changes, answer });
    }

    fn add_pointer(
        &self,
        draft: &mut Draft,
        document: DocumentId,
        pointer: impl FnOnce(u64) -> Pointer,
        answer: Answer<u64>,
    ) {
        let index = self.shared.index();
        let Some(present) = index.document(document) else {
            return answer(Err(StoreError::NotFound));
        };
        let pointer = pointer(present.born);
        draft.digest.replace_pointer(document, present.pointer.as_ref(), Some(&pointer));
        commit::encode_pointer(&mut draft.bytes, document, &pointer);
        draft.effects.push(Effect::Pointer { document, pointer, answer });
    }

    /// Writes the commit, makes it durable, applies it and answers.
    fn finish(&mut self, draft: Draft) -> Result<(), Stopped> {
        if !draft.effects.is_empty() {
            self.write(draft)?;
        } else {
            draft.conflicts.into_iter().for_each(|(answer, conflict)| answer(Err(conflict)));
        }
        Ok(())
    }

    fn write(&mut self, draft: Draft) -> Result<(), Stopped> {
        let header = Header { records: draft.records, floor: self.next_floor(), digest: draft.digest.0 };
        let mut bytes = commit::encode_header(header);
        let header_bytes = bytes.len() as u32;
        bytes.extend_from_slice(&draft.bytes);

        faults::point("before-insert");
        let mut position = draft.position - 1;
        for (key, value) in commit::split(draft.position, &bytes) {
            self.shared
                .trees
                .log
                .insert(key, value)
                .map_err(|error| self.shared.fail(format!("writing the log: {error}")))?;
            position += 1;
            faults::point("half-insert");
        }
        faults::point("after-insert");
        self.sync()?;
        self.apply(draft, header, header_bytes, position)
    }

    /// Makes all that was written durable.
    fn sync(&self) -> Result<(), Stopped> {
        if faults::flush_fails() {
            return Err(self.shared.fail("the flush failed, as the tests asked"));
        }
        self.db.flush().map_err(|error| self.shared.fail(format!("flush: {error}")))?;
        faults::point("after-flush");
        self.disk.db.sync_data().map_err(|error| self.shared.fail(format!("fdatasync: {error}")))?;
        faults::point("after-fdatasync");
        Ok(())
    }

    /// What the log will not be needed up to, once the next commit is durable: every tail begins later, no sweep is
    /// left to repeat, and the trees hold it, as each commit's effects are written before the next one is synced.
    fn next_floor(&self) -> u64 {
        let index = self.shared.index();
        let first_needed = index.first_needed().into_iter().chain(self.pinned.first().copied()).min();
        first_needed.map_or(index.position, |position| position - 1).max(index.floor)
    }

    /// Brings the index and the trees to what is now durable, then answers.
    fn apply(
        &mut self,
        draft: Draft,
        header: Header,
        header_bytes: u32,
        position: u64,
    ) -> Result<(), Stopped> {
        let trees = &self.shared.trees;
        let engine = |error: sled::Error| self.shared.fail(format!("writing documents and cells: {error}"));
        let mut answers: Vec<Box<dyn FnOnce()>> = Vec::new();
        {
            let mut index = self.shared.index_mut();
            for effect in draft.effects {
                match effect {
                    Effect::Append { document, mut entry, answer } => {
                        entry.offset += header_bytes;
                        let head = entry.last;
                        index.append(document, entry);
                        answers.push(Box::new(move || answer(Ok(head))));
                    }
                    Effect::Commit { changes, answer } => {
                        for change in changes {
                            let key = match &change {
                                CellChange::Put { key, value } => {
                                    let body = encode_cell(draft.position, value);
                                    trees.cells.insert(key, seal(key.as_bytes(), &body)).map_err(engine)?;
                                    key
                                }
                                CellChange::Delete { key } => {
                                    trees.cells.remove(key).map_err(engine)?;
                                    key
                                }
                            };
                            debug_assert!(key.len() <= 255);
                            index.change_cell(change, draft.position);
                        }
                        answers.push(Box::new(move || answer(Ok(()))));
                    }
                    Effect::Pointer { document, pointer, answer } => {
                        let key = document.as_bytes();
                        trees.documents.insert(key, seal(key, &pointer.encode())).map_err(engine)?;
                        index
                            .set_pointer(document, pointer, |entry| {
                                reader::read_entry(&trees.log, document, entry)
                            })
                            .map_err(|error| self.shared.fail(error.to_string()))?;
                        self.pinned.insert(draft.position);
                        answers.push(Box::new(move || answer(Ok(draft.position))));
                    }
                    Effect::Destroy { document, answer } => {
                        trees.documents.remove(document.as_bytes()).map_err(engine)?;
                        index.destroy(document, draft.position);
                        self.pinned.insert(draft.position);
                        answers.push(Box::new(move || answer(Ok(draft.position))));
                    }
                    Effect::Checkpoint { answer } => answers.push(Box::new(move || answer(Ok(())))),
                }
            }
            index.records = header.records;
            index.position = position;
            index.floor = header.floor;
            debug_assert_eq!(index.digest().0, header.digest);
        }
        self.shared.commits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        answers.into_iter().for_each(|answer| answer());
        draft.conflicts.into_iter().for_each(|(answer, conflict)| answer(Err(conflict)));
        Ok(())
    }

    /// Removes a slice of what the log no longer needs. That the floor is durable was waited for with its commit.
    fn truncate(&mut self) -> Result<(), Stopped> {
        let floor = self.shared.index().floor;
        if self.truncated >= floor {
            return Ok(());
        }
        faults::point("before-truncate");
        let end = floor.min(self.truncated + TRUNCATE_SLICE);
        while self.truncated < end {
            self.truncated += 1;
            let key = self.truncated.to_be_bytes();
            self.shared
                .trees
                .log
                .remove(key)
                .map_err(|error| self.shared.fail(format!("truncating the log: {error}")))?;
            faults::point("half-truncate");
        }
        faults::point("after-truncate");
        Ok(())
    }

    fn write_witness(&mut self) -> Result<(), Stopped> {
        self.witness_at = Instant::now();
        let (position, records, digest) = {
            let index = self.shared.index();
            (index.position, index.records, index.digest().0)
        };
        let witness = Witness { store: self.store, position, records, digest };
        if self.witness != Some(witness) {
            // Without room even for this the commits end with `Full`; the witness stays that of an earlier second.
            match witness.write(&self.disk.directory) {
                Ok(()) => self.witness = Some(witness),
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {}
                Err(error) => return Err(self.shared.fail(format!("writing the witness: {error}"))),
            }
        }
        Ok(())
    }
}
