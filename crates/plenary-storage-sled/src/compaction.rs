//! Compaction: a snapshot takes the place of the records it covers, and they become history.
//!
//! It runs on one thread, one document at a time, and writes through the committer in slices, so that keystrokes
//! pass between them. The order makes each crash harmless:
//! 1. *sweep*: remove what an earlier attempt left (chunks that no pointer leads to);
//! 2. write history and snapshot under keys of their own, where nobody looks yet;
//! 3. checkpoint: all that is durable;
//! 4. commit the pointer through the log: from here on the new snapshot counts;
//! 5. sweep again: the old snapshot goes. A crash before this is done repeats it, as the log is kept until then;
//! 6. checkpoint: the floor rises, and the committer cuts the log up to it.

use std::sync::{
    Arc,
    mpsc::{Sender, channel},
};

use plenary_ids::DocumentId;
use plenary_storage::{Seq, Snapshot, StoreError};

use crate::{
    Shared, chunks,
    committer::{Answer, ChunkChange, Job},
    faults,
    index::{Pointer, Row},
    keys, reader,
};

/// Chunks written or removed between two commits: a quarter of a megabyte.
const SLICE: usize = 64;

/// The compactor's way to the committer.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) shared: Arc<Shared>,
    pub(crate) jobs: Sender<Job>,
}

impl Desk {
    fn ask<T: Send + 'static>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, StoreError> {
        let (sender, answered) = channel();
        let answer: Answer<T> = Box::new(move |result| drop(sender.send(result)));
        if self.jobs.send(job(answer)).is_err() {
            return Err(self.shared.failure());
        }
        answered.recv().unwrap_or_else(|_| Err(self.shared.failure()))
    }

    /// See [`plenary_storage::DocumentLog::compact`].
    pub(crate) fn compact(&self, id: DocumentId, snapshot: Snapshot) -> Result<(), StoreError> {
        let upto = snapshot.seq;
        let mut document = self.shared.index().document(id).cloned().ok_or(StoreError::NotFound)?;
        if upto > document.head() {
            return Err(StoreError::BeyondHead { upto, head: document.head() });
        }
        if upto <= document.covered() {
            return Ok(());
        }
        self.sweep(id)?;
        document.tail.retain(|entry| entry.first <= upto);
        let mut covered = reader::read_tail(&self.shared, id, &document)?;
        covered.retain(|record| record.seq <= upto);
        for (last, segment) in chunks::pack(&covered) {
            self.write(&self.shared.trees.history, chunks::split(id, last, &segment))?;
        }
        self.write(&self.shared.trees.snapshots, chunks::split(id, upto, &snapshot.state))?;
        self.write(&self.shared.trees.attributions, chunks::split(id, upto, &snapshot.attribution))?;
        self.ask(|answer| Job::Checkpoint { answer })?;

        faults::point("before-snapshot-pointer");
        let state = Row::of(&snapshot.state);
        let attribution = (!snapshot.attribution.is_empty()).then(|| Row::of(&snapshot.attribution));
        let position =
            self.ask(|answer| Job::Pointer { document: id, seq: upto, state, attribution, answer })?;
        faults::point("after-snapshot-pointer");
        self.finish(id, position)
    }

    /// See [`plenary_storage::DocumentLog::destroy`].
    pub(crate) fn destroy(&self, id: DocumentId) -> Result<(), StoreError> {
        if self.shared.index().document(id).is_none() {
            return Ok(());
        }
        let position = self.ask(|answer| Job::Destroy { document: id, answer })?;
        self.finish(id, position)
    }

    fn finish(&self, id: DocumentId, position: u64) -> Result<(), StoreError> {
        self.sweep(id)?;
        // If the committer is gone the next request hears of it.
        let _ = self.jobs.send(Job::Unpin { position });
        self.ask(|answer| Job::Checkpoint { answer })
    }

    /// Repeats the sweeps that the last process may not have finished.
    pub(crate) fn finish_sweeps(&self, sweeps: &[(u64, DocumentId)]) -> Result<(), StoreError> {
        for (position, id) in sweeps {
            self.sweep(*id)?;
            let _ = self.jobs.send(Job::Unpin { position: *position });
        }
        Ok(())
    }

    fn write(
        &self,
        tree: &sled::Tree,
        mut chunks: impl Iterator<Item = (Vec<u8>, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        loop {
            let changes: Vec<ChunkChange> = chunks
                .by_ref()
                .take(SLICE)
                .map(|(key, value)| ChunkChange { tree: tree.clone(), key, value: Some(value) })
                .collect();
            if changes.is_empty() {
                return Ok(());
            }
            self.ask(|answer| Job::Chunks { changes, answer })?;
            faults::point("half-snapshot");
        }
    }

    /// Removes the chunks of a document that its pointer does not lead to.
    fn sweep(&self, id: DocumentId) -> Result<(), StoreError> {
        let pointer = self.shared.index().document(id).and_then(|document| document.pointer);
        let first = keys::chunk(id, 0, 0);
        let last = keys::chunk(id, Seq::MAX, u32::MAX);
        let trees = &self.shared.trees;
        let Some(Pointer { seq, state, attribution, .. }) = pointer else {
            self.remove(&trees.snapshots, first, last)?;
            self.remove(&trees.attributions, first, last)?;
            return self.remove(&trees.history, first, last);
        };
        // The present snapshot is stepped over rather than read.
        let rows = [(&trees.snapshots, Some(state)), (&trees.attributions, attribution)];
        for (tree, row) in rows {
            self.remove(tree, first, keys::chunk(id, seq - 1, u32::MAX))?;
            let end = keys::chunk(id, seq, row.map_or(0, |row| chunks::count(row.bytes)));
            self.remove(tree, end, last)?;
        }
        self.remove(&trees.history, keys::chunk(id, seq + 1, 0), last)
    }

    fn remove(&self, tree: &sled::Tree, first: [u8; 28], last: [u8; 28]) -> Result<(), StoreError> {
        loop {
            let mut changes = Vec::new();
            for key in tree.range(first..=last).keys().take(SLICE) {
                let key = key.map_err(|error| reader::engine("chunks", &error))?.to_vec();
                changes.push(ChunkChange { tree: tree.clone(), key, value: None });
            }
            if changes.is_empty() {
                return Ok(());
            }
            self.ask(|answer| Job::Chunks { changes, answer })?;
        }
    }
}
