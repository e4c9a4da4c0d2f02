//! Verifying a store: every checksum, every row of chunks, every seq.
//!
//! It runs between two compactions, while appends go on. What is in memory is not read from the disk again: to be
//! sure of the disk, verify a store that was just opened. It does not look into updates and states.

use plenary_ids::DocumentId;
use plenary_storage::{Seq, StoreError, contract::block_on};

use crate::{
    Shared, SledStore, chunks,
    commit::{self, Entry},
    index::{Document, Pointer, Row, decode_cell},
    keys, reader,
    sealed::{Cursor, open as unseal},
    worker::contain,
};

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Documents read.
    pub documents: u64,
    /// Their records, in history and tail.
    pub records: u64,
    /// Cells read.
    pub cells: u64,
    /// Bytes of states, attributions, updates and cells.
    pub bytes: u64,
    /// What is damaged; empty in a sound store.
    pub findings: Vec<Finding>,
    /// Chunks that no pointer leads to, left by a compaction that was killed. The document's next compaction
    /// removes them; they do no harm.
    pub leftover_chunks: u64,
}

/// One thing that does not read as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Tree and key, document and seq, or file.
    pub place: String,
    /// What is wrong there.
    pub reason: String,
}

impl VerifyReport {
    /// Whether nothing is damaged.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, place: impl Into<String>, reason: impl Into<String>) {
        self.findings.push(Finding { place: place.into(), reason: reason.into() });
    }

    /// Does `check`; its error or panic is a finding at `place`, unless the error names another.
    fn check(&mut self, place: &str, check: impl FnOnce(&mut Self) -> Result<(), StoreError>) {
        match contain(|| check(self)) {
            Ok(()) => {}
            Err(StoreError::Corrupt { place: inner, reason }) if inner != "sled" => self.find(inner, reason),
            Err(StoreError::Corrupt { reason, .. }) => self.find(place, reason),
            Err(error) => self.find(place, error.to_string()),
        }
    }
}

/// Reads everything in the store and says what does not read as it was written. Blocks; see [`SledStore::verify`].
pub fn verify(store: &SledStore) -> VerifyReport {
    block_on(store.verify())
}

impl SledStore {
    /// Reads everything in the store and says what does not read as it was written. Compactions wait meanwhile;
    /// appends and reads do not.
    pub async fn verify(&self) -> VerifyReport {
        let shared = std::sync::Arc::clone(&self.shared);
        let mut report = match self.compact_with(move || Ok(verify_trees(&shared))).await {
            Ok(report) => report,
            Err(error) => {
                let mut report = VerifyReport::default();
                report.find("the store", error.to_string());
                report
            }
        };
        match crate::Witness::read(self.directory()) {
            Ok(Some(witness)) => {
                let position = self.shared.index().position;
                if witness.store != self.store {
                    report.find("the file witness", "it is the witness of another store");
                } else if witness.position > position {
                    let reason = format!("it saw position {}, the log ends at {position}", witness.position);
                    report.find("the file witness", reason);
                }
            }
            Ok(None) => {}
            Err(error) => report.find("the file witness", error.to_string()),
        }
        if let spilled @ 1.. = self.stats().spilled_files {
            report.find("the directory blobs", format!("{spilled} values were moved out of the log"));
        }
        report
    }
}

fn verify_trees(shared: &Shared) -> VerifyReport {
    let mut report = VerifyReport::default();
    report.check("log", |_| verify_log(shared));
    report.check("documents and cells", |report| verify_index(shared, report));
    let ids: Vec<DocumentId> = shared.index().documents().map(|(id, _)| *id).collect();
    for id in ids {
        // Appends go on, and what they add is whole by itself; a compaction is not among the things that go on.
        let Some(document) = shared.index().document(id).cloned() else {
            continue;
        };
        report.documents += 1;
        report.check(&format!("document {id}"), |report| {
            let loaded = reader::load(shared, id)?;
            report.bytes += loaded
                .snapshot
                .map_or(0, |snapshot| (snapshot.state.len() + snapshot.attribution.len()) as u64);
            Ok(())
        });
        report.check(&format!("document {id}"), |report| verify_records(shared, report, id, &document));
    }
    report
        .check("snapshots", |report| verify_chunks(shared, report, &shared.trees.snapshots, Tree::Snapshots));
    report.check("attributions", |report| {
        verify_chunks(shared, report, &shared.trees.attributions, Tree::Attributions)
    });
    report.check("history", |report| verify_chunks(shared, report, &shared.trees.history, Tree::History));
    report
}

fn corrupt(place: String, reason: impl Into<String>) -> StoreError {
    StoreError::Corrupt { place, reason: reason.into() }
}

/// Every part from the floor to the head is there, reads, and its commits decode.
fn verify_log(shared: &Shared) -> Result<(), StoreError> {
    let (floor, head) = {
        let index = shared.index();
        (index.floor, index.position)
    };
    let mut commit = Vec::new();
    let mut first = floor + 1;
    for position in floor + 1..=head {
        let key = position.to_be_bytes();
        let place = || format!("log, position {position}");
        let value = shared.trees.log.get(key).map_err(|error| corrupt(place(), error.to_string()))?;
        let Some(value) = value else {
            // The log may be cut while it is read.
            if position <= shared.index().floor {
                (first, commit) = (position + 1, Vec::new());
                continue;
            }
            return Err(corrupt(place(), "the part is missing"));
        };
        let part = commit::read_part(&key, &value).map_err(|reason| corrupt(place(), reason))?;
        if part.index != position - first {
            // The commits before were cut away within this one.
            if position <= shared.index().floor {
                first = position + 1;
                continue;
            }
            return Err(corrupt(place(), "the part belongs to another commit"));
        }
        commit.extend_from_slice(&part.bytes);
        if part.index + 1 == part.count {
            decode(&commit).map_err(|reason| corrupt(place(), reason))?;
            commit.clear();
            first = position + 1;
        }
    }
    Ok(())
}

fn decode(commit: &[u8]) -> Result<(), &'static str> {
    let (_, header_bytes) = commit::decode_header(commit)?;
    let mut cursor = Cursor(&commit[header_bytes..]);
    while !cursor.is_at_end() {
        if let Entry::Append(append) = commit::decode_entry(&mut cursor)?
            && append.records.is_empty()
        {
            return Err("an append without records");
        }
    }
    Ok(())
}

/// The trees `documents` and `cells` hold what the index holds, no more and no less.
fn verify_index(shared: &Shared, report: &mut VerifyReport) -> Result<(), StoreError> {
    // The committer changes trees and index together, under this lock.
    let index = shared.index();
    let mut pointers = 0;
    for item in &shared.trees.documents {
        let (key, value) = item.map_err(|error| reader::engine("documents", &error))?;
        let place = || format!("documents, key {key:02x?}");
        let id: [u8; 16] =
            key.as_ref().try_into().map_err(|_| corrupt(place(), "the key is no document id"))?;
        let body = unseal(&key, &value).map_err(|reason| corrupt(place(), reason))?;
        let pointer = Pointer::decode(body).map_err(|reason| corrupt(place(), reason))?;
        let held = index.document(DocumentId::from_bytes(id)).and_then(|document| document.pointer);
        if held != Some(pointer) {
            return Err(corrupt(place(), "it is not the pointer that was set last"));
        }
        pointers += 1;
    }
    if pointers != index.documents().filter(|(_, document)| document.pointer.is_some()).count() {
        return Err(corrupt("documents".into(), "a pointer is missing"));
    }
    for item in &shared.trees.cells {
        let (key, value) = item.map_err(|error| reader::engine("cells", &error))?;
        let place = || format!("cells, {}", String::from_utf8_lossy(&key));
        let body = unseal(&key, &value).map_err(|reason| corrupt(place(), reason))?;
        let (version, value) = decode_cell(body).map_err(|reason| corrupt(place(), reason))?;
        let held = str::from_utf8(&key).ok().and_then(|key| index.cell(key));
        if held != Some((version, &value)) {
            return Err(corrupt(place(), "it is not what was written last"));
        }
        report.cells += 1;
        report.bytes += (key.len() + value.len()) as u64;
    }
    if report.cells != index.cell_count() as u64 {
        return Err(corrupt("cells".into(), "a cell is missing"));
    }
    Ok(())
}

/// A document's records are there from 1 to its head.
fn verify_records(
    shared: &Shared,
    report: &mut VerifyReport,
    id: DocumentId,
    document: &Document,
) -> Result<(), StoreError> {
    // In pieces, as a long history need not fit into memory.
    const PIECE: Seq = 10_000;
    let head = document.head();
    let mut next = 1;
    while next <= head {
        let to = head.min(next + PIECE - 1);
        let records = reader::history(shared, id, next, to)?;
        for record in records {
            if record.seq != next {
                return Err(corrupt(format!("document {id}, seq {next}"), "the record is missing"));
            }
            next += 1;
            report.records += 1;
            report.bytes += record.update.len() as u64;
        }
        if next != to + 1 {
            return Err(corrupt(format!("document {id}, seq {next}"), "the record is missing"));
        }
    }
    Ok(())
}

enum Tree {
    Snapshots,
    Attributions,
    History,
}

/// Every chunk reads, also those that no pointer leads to, which are counted.
fn verify_chunks(
    shared: &Shared,
    report: &mut VerifyReport,
    tree: &sled::Tree,
    which: Tree,
) -> Result<(), StoreError> {
    let name = match which {
        Tree::Snapshots => "snapshots",
        Tree::Attributions => "attributions",
        Tree::History => "history",
    };
    for item in tree {
        let (key, value) = item.map_err(|error| reader::engine(name, &error))?;
        let Some((id, seq, chunk)) = keys::read_chunk(&key) else {
            report.find(format!("{name}, key {key:02x?}"), "it is no key of a chunk");
            continue;
        };
        if let Err(reason) = unseal(&key, &value) {
            report.find(format!("{name}, document {id}, seq {seq}, chunk {chunk}"), reason);
        }
        let pointer = shared.index().document(id).and_then(|document| document.pointer);
        let is_of = |row: Row| chunk < chunks::count(row.bytes);
        let is_used = pointer.is_some_and(|pointer| match which {
            Tree::Snapshots => seq == pointer.seq && is_of(pointer.state),
            Tree::Attributions => seq == pointer.seq && pointer.attribution.is_some_and(is_of),
            Tree::History => seq <= pointer.seq,
        });
        if !is_used {
            report.leftover_chunks += 1;
        }
    }
    Ok(())
}
