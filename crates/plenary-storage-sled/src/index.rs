//! What the store holds, in memory: documents at a glance, where their tails lie in the log, and all cells.
//!
//! The log is the truth about everything since its floor; the trees `documents` and `cells` hold what came before
//! and follow the log after each commit. At open this index is built from those trees and the log replayed over
//! them ([`crate::recovery`]); afterwards each durable commit is applied to it. Readers see nothing else, so they
//! see only what is durable.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use bytes::Bytes;
use plenary_ids::DocumentId;
use plenary_storage::{Cell, CellChange, DocumentSummary, Record, Seq};

use crate::sealed::{Cursor, Decoded, put_varint};

/// Which snapshot is a document's newest, and what it is to be read back as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    /// Position of the commit with the document's first record. An id that is destroyed and used again gets
    /// another one, which tells entries of the log about the earlier document from those about the later.
    pub(crate) born: u64,
    /// Position of the commit that set this pointer.
    pub(crate) set_at: u64,
    /// The last record the snapshot covers. The history holds 1 to here.
    pub(crate) seq: Seq,
    pub(crate) state: Row,
    /// `None`: written before there were attributions.
    pub(crate) attribution: Option<Row>,
}

/// What a row of chunks is to be read back as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) bytes: u64,
    pub(crate) crc: u32,
}

impl Row {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, crc: crc32fast::hash(bytes) }
    }

    fn encode(self, bytes: &mut Vec<u8>) {
        put_varint(bytes, self.bytes);
        put_varint(bytes, u64::from(self.crc));
    }

    fn decode(cursor: &mut Cursor<'_>) -> Decoded<Self> {
        let bytes = cursor.varint()?;
        let crc = u32::try_from(cursor.varint()?).map_err(|_| "a checksum does not fit")?;
        Ok(Self { bytes, crc })
    }
}

impl Pointer {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for value in [self.born, self.set_at, self.seq] {
            put_varint(&mut bytes, value);
        }
        self.state.encode(&mut bytes);
        if let Some(attribution) = self.attribution {
            attribution.encode(&mut bytes);
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut cursor = Cursor(bytes);
        let pointer = Self {
            born: cursor.varint()?,
            set_at: cursor.varint()?,
            seq: cursor.varint()?,
            state: Row::decode(&mut cursor)?,
            attribution: if cursor.is_at_end() { None } else { Some(Row::decode(&mut cursor)?) },
        };
        if cursor.is_at_end() { Ok(pointer) } else { Err("the pointer is too long") }
    }
}

/// A sum over everything that `documents` and `cells` hold, whatever the order it came in. A page that the engine
/// brings back in an earlier state does not go unnoticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) u64);

impl Digest {
    pub(crate) fn replace_pointer(
        &mut self,
        document: DocumentId,
        old: Option<&Pointer>,
        new: Option<&Pointer>,
    ) {
        let hash = |pointer: &Pointer| hash(&[b"d", document.as_bytes(), &pointer.encode()]);
        self.0 = self.0.wrapping_sub(old.map_or(0, hash)).wrapping_add(new.map_or(0, hash));
    }

    pub(crate) fn replace_cell(&mut self, key: &str, old: Option<(u64, &[u8])>, new: Option<(u64, &[u8])>) {
        let length = (key.len() as u64).to_le_bytes();
        let hash = |(version, value): (u64, &[u8])| {
            hash(&[b"c", &length, key.as_bytes(), &version.to_le_bytes(), value])
        };
        self.0 = self.0.wrapping_sub(old.map_or(0, hash)).wrapping_add(new.map_or(0, hash));
    }
}

/// FNV-1a with a final mix (that of SplitMix64), as sums of plain FNV values would be too regular.
fn hash(pieces: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in pieces.iter().copied().flatten() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Where an append's entry lies in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TailEntry {
    /// Position of the commit's first part.
    pub(crate) position: u64,
    /// Where the entry begins in the commit, and its length, in bytes.
    pub(crate) offset: u32,
    pub(crate) len: u32,
    pub(crate) first: Seq,
    pub(crate) last: Seq,
    /// Bytes of the updates in it that no snapshot covers.
    pub(crate) update_bytes: u64,
    /// When the first of those was accepted.
    pub(crate) at_ms: u64,
}

/// One document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    pub(crate) born: u64,
    pub(crate) pointer: Option<Pointer>,
    /// The entries with records after the snapshot. The first may begin with records it covers.
    pub(crate) tail: VecDeque<TailEntry>,
    pub(crate) tail_bytes: u64,
}

impl Document {
    pub(crate) fn covered(&self) -> Seq {
        self.pointer.map_or(0, |pointer| pointer.seq)
    }

    pub(crate) fn head(&self) -> Seq {
        self.tail.back().map_or(self.covered(), |entry| entry.last)
    }

    fn summary(&self, document: DocumentId) -> DocumentSummary {
        DocumentSummary {
            document,
            head: self.head(),
            snapshot_seq: self.covered(),
            snapshot_bytes: self.pointer.map_or(0, |pointer| pointer.state.bytes),
            tail_bytes: self.tail_bytes,
            tail_since_ms: self.tail.front().map(|entry| entry.at_ms),
        }
    }
}

/// Everything the store holds, but for the bytes of snapshots and records.
#[derive(Default)]
pub(crate) struct Index {
    documents: HashMap<DocumentId, Document>,
    cells: BTreeMap<String, (u64, Bytes)>,
    digest: Digest,
    /// Each document's first position in the log: the least of them is what the log cannot be cut beyond.
    needed: BTreeSet<(u64, DocumentId)>,
    /// Records ever appended.
    pub(crate) records: u64,
    /// The last durable position.
    pub(crate) position: u64,
    /// No position up to here is needed; those that are still there are leftovers.
    pub(crate) floor: u64,
}

impl Index {
    pub(crate) fn document(&self, document: DocumentId) -> Option<&Document> {
        self.documents.get(&document)
    }

    pub(crate) fn documents(&self) -> impl Iterator<Item = (&DocumentId, &Document)> {
        self.documents.iter()
    }

    pub(crate) fn summaries(&self) -> Vec<DocumentSummary> {
        self.documents.iter().map(|(id, document)| document.summary(*id)).collect()
    }

    pub(crate) fn head(&self, document: DocumentId) -> Seq {
        self.documents.get(&document).map_or(0, Document::head)
    }

    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    /// The first position that some document's tail needs.
    pub(crate) fn first_needed(&self) -> Option<u64> {
        self.needed.first().map(|(position, _)| *position)
    }

    /// Version and value of a cell.
    pub(crate) fn cell(&self, key: &str) -> Option<(u64, &Bytes)> {
        self.cells.get(key).map(|(version, value)| (*version, value))
    }

    pub(crate) fn cells(&self, prefix: &str) -> impl Iterator<Item = Cell> {
        self.cells
            .range(prefix.to_owned()..)
            .take_while(move |(key, _)| key.starts_with(prefix))
            .map(|(key, (version, value))| Cell { key: key.clone(), value: value.clone(), version: *version })
    }

    pub(crate) fn document_count(&self) -> usize {
        self.documents.len()
    }

    pub(crate) fn cell_count(&self) -> usize {
        self.cells.len()
    }

    /// Adds an append at `entry.position`, unless it is older than the document or covered by its snapshot.
    pub(crate) fn append(&mut self, id: DocumentId, entry: TailEntry) {
        let document = self
            .documents
            .entry(id)
            .or_insert_with(|| Document { born: entry.position, ..Document::default() });
        if entry.position < document.born || entry.last <= document.covered() {
            return;
        }
        if document.tail.is_empty() {
            self.needed.insert((entry.position, id));
        }
        document.tail_bytes += entry.update_bytes;
        document.tail.push_back(entry);
    }

    /// Sets a document's pointer, unless it has a newer one, and lets go of what it covers. If the snapshot ends
    /// within an append, `read` tells its records, for their sizes.
    pub(crate) fn set_pointer<E>(
        &mut self,
        id: DocumentId,
        pointer: Pointer,
        read: impl FnOnce(&TailEntry) -> Result<Vec<Record>, E>,
    ) -> Result<(), E> {
        let document = self.documents.entry(id).or_default();
        if document.pointer.is_some_and(|present| present.set_at >= pointer.set_at) {
            return Ok(());
        }
        self.digest.replace_pointer(id, document.pointer.as_ref(), Some(&pointer));
        document.born = pointer.born;
        document.pointer = Some(pointer);
        if let Some(first) = document.tail.front() {
            self.needed.remove(&(first.position, id));
        }
        while let Some(first) = document.tail.front()
            && first.last <= pointer.seq
        {
            document.tail_bytes -= first.update_bytes;
            document.tail.pop_front();
        }
        if let Some(first) = document.tail.front_mut() {
            self.needed.insert((first.position, id));
            if first.first <= pointer.seq {
                document.tail_bytes -= first.update_bytes;
                (first.update_bytes, first.at_ms) = uncovered(&read(first)?, pointer.seq);
                document.tail_bytes += first.update_bytes;
            }
        }
        Ok(())
    }

    /// Removes a document as it was at `position`, unless its id belongs to a later document by now.
    pub(crate) fn destroy(&mut self, id: DocumentId, position: u64) {
        if self.documents.get(&id).is_some_and(|document| document.born <= position)
            && let Some(document) = self.documents.remove(&id)
        {
            self.digest.replace_pointer(id, document.pointer.as_ref(), None);
            if let Some(first) = document.tail.front() {
                self.needed.remove(&(first.position, id));
            }
        }
    }

    pub(crate) fn change_cell(&mut self, change: CellChange, version: u64) {
        let (key, value) = match change {
            CellChange::Put { key, value } => (key, Some(value)),
            CellChange::Delete { key } => (key, None),
        };
        self.set_cell(key, value.map(|value| (version, value)));
    }

    pub(crate) fn set_cell(&mut self, key: String, cell: Option<(u64, Bytes)>) {
        let old = self.cells.get(&key).map(|(version, value)| (*version, value.as_ref()));
        let new = cell.as_ref().map(|(version, value)| (*version, value.as_ref()));
        self.digest.replace_cell(&key, old, new);
        match cell {
            Some(cell) => self.cells.insert(key, cell),
            None => self.cells.remove(&key),
        };
    }
}

/// Bytes of the updates after `covered`, and when the first of them was accepted.
pub(crate) fn uncovered(records: &[Record], covered: Seq) -> (u64, u64) {
    let after = || records.iter().filter(|record| record.seq > covered);
    (after().map(|record| record.update.len() as u64).sum(), after().next().map_or(0, |record| record.at_ms))
}

/// The body of a value in `cells`.
pub(crate) fn encode_cell(version: u64, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len() + 10);
    put_varint(&mut bytes, version);
    bytes.extend_from_slice(value);
    bytes
}

pub(crate) fn decode_cell(body: &[u8]) -> Decoded<(u64, Bytes)> {
    let mut cursor = Cursor(body);
    let version = cursor.varint()?;
    Ok((version, Bytes::copy_from_slice(cursor.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_depends_on_what_is_held_and_not_on_the_way_there() {
        let put =
            |key: &str, value: &'static str| CellChange::Put { key: key.into(), value: Bytes::from(value) };
        let (mut one, mut other) = (Index::default(), Index::default());
        one.change_cell(put("a", "x"), 1);
        one.change_cell(put("b", "y"), 2);
        one.change_cell(put("c", "z"), 2);
        one.change_cell(CellChange::Delete { key: "c".into() }, 3);
        other.change_cell(put("b", "y"), 2);
        other.change_cell(put("a", "x"), 1);
        assert_eq!(one.digest(), other.digest());
        other.change_cell(put("a", "x"), 4);
        assert_ne!(one.digest(), other.digest());
    }
}
