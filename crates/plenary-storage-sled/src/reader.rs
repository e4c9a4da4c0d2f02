//! Reading documents: by the index, from chunks and log.
//!
//! Reads run on a thread of their own ([`crate::worker`]) while the committer writes. A read that meets a compaction
//! finds its snapshot or its part of the log gone; it then begins anew, as the pointer has moved.

use plenary_ids::DocumentId;
use plenary_storage::{Loaded, Record, Seq, Snapshot, StoreError};

use crate::{
    Shared,
    chunks::{self, ReadError},
    commit::{self, Entry, PART_BYTES},
    index::{Document, Pointer, TailEntry},
    sealed::Cursor,
};

pub(crate) fn load(shared: &Shared, id: DocumentId) -> Result<Loaded, StoreError> {
    while_it_stays(shared, id, |document| {
        let snapshot = match document.pointer {
            None => None,
            Some(Pointer { seq, state, attribution, .. }) => {
                let state = chunks::read_row(&shared.trees.snapshots, id, seq, state)
                    .map_err(|error| read_error("snapshots", error))?;
                let attribution = attribution
                    .map(|row| chunks::read_row(&shared.trees.attributions, id, seq, row))
                    .transpose()
                    .map_err(|error| read_error("attributions", error))?;
                Some(Snapshot { seq, state, attribution: attribution.unwrap_or_default() })
            }
        };
        Ok(Loaded { snapshot, tail: read_tail(shared, id, document)? })
    })
}

pub(crate) fn history(
    shared: &Shared,
    id: DocumentId,
    from: Seq,
    to: Seq,
) -> Result<Vec<Record>, StoreError> {
    while_it_stays(shared, id, |document| {
        let mut records = chunks::read_history(&shared.trees.history, id, from, to, document.covered())
            .map_err(|error| read_error("history", error))?;
        // The first entry may begin with records that the snapshot covers and the history holds.
        let after = from.max(document.covered() + 1);
        for entry in &document.tail {
            if entry.first <= to && entry.last >= after {
                let read = read_entry(&shared.trees.log, id, entry)?;
                records.extend(read.into_iter().filter(|record| (after..=to).contains(&record.seq)));
            }
        }
        Ok(records)
    })
}

/// Reads a document as the index has it, anew whenever a compaction moved it meanwhile.
fn while_it_stays<T>(
    shared: &Shared,
    id: DocumentId,
    read: impl Fn(&Document) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    loop {
        let document = shared.index().document(id).cloned().ok_or(StoreError::NotFound)?;
        let result = read(&document);
        let has_moved = || {
            let index = shared.index();
            index.document(id).is_none_or(|now| (now.born, now.pointer) != (document.born, document.pointer))
        };
        if result.is_ok() || !has_moved() {
            return result;
        }
    }
}

/// The records after the snapshot, each seq once and none missing.
pub(crate) fn read_tail(
    shared: &Shared,
    id: DocumentId,
    document: &Document,
) -> Result<Vec<Record>, StoreError> {
    let mut records = Vec::new();
    let mut next = document.covered() + 1;
    for entry in &document.tail {
        let read = read_entry(&shared.trees.log, id, entry)?;
        records.extend(read.into_iter().filter(|record| record.seq >= next));
        next = entry.last + 1;
    }
    Ok(records)
}

/// The records of one append.
pub(crate) fn read_entry(
    log: &sled::Tree,
    id: DocumentId,
    entry: &TailEntry,
) -> Result<Vec<Record>, StoreError> {
    let damaged = |position: u64, reason: &str| StoreError::Corrupt {
        place: format!("log, position {position}"),
        reason: reason.to_owned(),
    };
    let (offset, len) = (entry.offset as usize, entry.len as usize);
    let first_part = offset / PART_BYTES;
    let last_part = (offset + len - 1) / PART_BYTES;
    let mut bytes = Vec::new();
    for index in first_part as u64..=last_part as u64 {
        let position = entry.position + index;
        let key = position.to_be_bytes();
        let value = log.get(key).map_err(|error| engine("log", &error))?;
        let value = value.ok_or_else(|| damaged(position, "the part is missing"))?;
        let part = commit::read_part(&key, &value).map_err(|reason| damaged(position, reason))?;
        if part.index != index {
            return Err(damaged(position, "the part belongs to another commit"));
        }
        bytes.extend_from_slice(&part.bytes);
    }
    let begin = offset - first_part * PART_BYTES;
    let entry_bytes = bytes
        .get(begin..begin + len)
        .ok_or_else(|| damaged(entry.position, "the commit is shorter than it was"))?;
    match commit::decode_entry(&mut Cursor(entry_bytes)) {
        Ok(Entry::Append(append)) if append.document == id => Ok(append.records),
        Ok(_) => Err(damaged(entry.position, "the entry is not the one it was")),
        Err(reason) => Err(damaged(entry.position, reason)),
    }
}

pub(crate) fn read_error(tree: &str, error: ReadError) -> StoreError {
    match error {
        ReadError::Engine(error) => engine(tree, &error),
        ReadError::Damaged(document, seq, chunk, reason) => StoreError::Corrupt {
            place: format!("{tree}, document {document}, seq {seq}, chunk {chunk}"),
            reason: reason.to_owned(),
        },
    }
}

pub(crate) fn engine(tree: &str, error: &sled::Error) -> StoreError {
    StoreError::Corrupt { place: tree.to_owned(), reason: describe(error) }
}

/// What sled says, without the pieces that are only for its authors.
pub(crate) fn describe(error: &sled::Error) -> String {
    match error {
        sled::Error::Corruption { at: Some(at), .. } => format!("a page of sled does not read, at {at}"),
        sled::Error::Corruption { at: None, .. } => "sled's file or page table does not read".into(),
        error => error.to_string(),
    }
}
