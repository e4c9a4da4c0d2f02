//! Snapshots and history as chunks of at most 4 KiB, each under its own key.
//!
//! State and attribution of a snapshot are cut as they are; their lengths and checksums are in the pointer. The history of a document is a row of
//! *segments*, each the records that one compaction moved there (or about 1 MiB of them), under the seq of its
//! last record:
//! ```text
//! first seq | number of records | bytes of the records | their checksum (4, LE) | bytes of the rest | deflated records
//! ```

use std::io::Read;

use bytes::Bytes;
use flate2::{Compression, read::DeflateDecoder, read::DeflateEncoder};
use plenary_ids::DocumentId;
use plenary_storage::{Record, Seq};

use crate::{
    commit::{decode_records, encode_record, put_bytes},
    index::Row,
    keys::{self, VALUE_BYTES_MAX},
    sealed::{Cursor, Decoded, SEAL_BYTES, open, put_varint, seal},
};

/// Bytes in each chunk but the last of a row.
pub(crate) const CHUNK_BYTES: usize = VALUE_BYTES_MAX - SEAL_BYTES;

/// A segment is closed once its records are this large.
const SEGMENT_BYTES: usize = 1 << 20;

/// Keys and values of the chunks of one row.
pub(crate) fn split(
    document: DocumentId,
    seq: Seq,
    bytes: &[u8],
) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    (0..).zip(bytes.chunks(CHUNK_BYTES)).map(move |(chunk, piece)| {
        let key = keys::chunk(document, seq, chunk);
        (key.to_vec(), seal(&key, piece))
    })
}

/// How many chunks a row of `bytes` has.
pub(crate) fn count(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(CHUNK_BYTES as u64)).unwrap_or(u32::MAX)
}

/// Why a row could not be read.
pub(crate) enum ReadError {
    Engine(sled::Error),
    Damaged(DocumentId, Seq, u32, &'static str),
}

impl From<sled::Error> for ReadError {
    fn from(error: sled::Error) -> Self {
        Self::Engine(error)
    }
}

fn read_chunk(tree: &sled::Tree, document: DocumentId, seq: Seq, chunk: u32) -> Result<Vec<u8>, ReadError> {
    let key = keys::chunk(document, seq, chunk);
    let damaged = |reason| ReadError::Damaged(document, seq, chunk, reason);
    let value = tree.get(key)?.ok_or_else(|| damaged("the chunk is missing"))?;
    Ok(open(&key, &value).map_err(damaged)?.to_vec())
}

/// A row of a snapshot, checked against length and checksum.
pub(crate) fn read_row(
    tree: &sled::Tree,
    document: DocumentId,
    seq: Seq,
    row: Row,
) -> Result<Bytes, ReadError> {
    let mut bytes = Vec::new();
    for chunk in 0..count(row.bytes) {
        bytes.extend_from_slice(&read_chunk(tree, document, seq, chunk)?);
    }
    if Row::of(&bytes) != row {
        return Err(ReadError::Damaged(document, seq, 0, "the snapshot is not the one that was stored"));
    }
    Ok(bytes.into())
}

/// Packs records into segments; each comes with the seq of its last record.
pub(crate) fn pack(records: &[Record]) -> Vec<(Seq, Vec<u8>)> {
    let mut segments = Vec::new();
    let mut rest = records;
    while !rest.is_empty() {
        let mut bytes = Vec::new();
        let mut before = None;
        let mut taken = 0;
        while taken < rest.len() && bytes.len() < SEGMENT_BYTES {
            let record = &rest[taken];
            encode_record(&mut bytes, &mut before, record.into());
            taken += 1;
        }
        let (segment, later) = rest.split_at(taken);
        segments.push((segment[taken - 1].seq, pack_one(segment, &bytes)));
        rest = later;
    }
    segments
}

fn pack_one(records: &[Record], bytes: &[u8]) -> Vec<u8> {
    let mut deflated = Vec::new();
    DeflateEncoder::new(bytes, Compression::fast())
        .read_to_end(&mut deflated)
        .expect("reading from and writing to memory does not fail");
    let mut segment = Vec::with_capacity(deflated.len() + 32);
    put_varint(&mut segment, records[0].seq);
    put_varint(&mut segment, records.len() as u64);
    put_varint(&mut segment, bytes.len() as u64);
    segment.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
    put_bytes(&mut segment, &deflated);
    segment
}

/// The records of `from..=to`, of which the history holds 1 to `covered`. A segment that is missing is damage.
pub(crate) fn read_history(
    history: &sled::Tree,
    document: DocumentId,
    from: Seq,
    to: Seq,
    covered: Seq,
) -> Result<Vec<Record>, ReadError> {
    let mut records = Vec::new();
    let to = to.min(covered);
    let mut next = from.max(1);
    while next <= to {
        // The segment with record `next` is the first whose last record is not before it.
        let missing = || ReadError::Damaged(document, next, 0, "the records are missing");
        let range = keys::chunk(document, next, 0)..=keys::chunk(document, covered, u32::MAX);
        let (key, _) = history.range(range).next().ok_or_else(missing)??;
        let (_, last, _) = keys::read_chunk(&key).ok_or_else(missing)?;
        let (first, segment) = read_segment(history, document, last)?;
        if first > next {
            return Err(missing());
        }
        records.extend(segment.into_iter().filter(|record| (next..=to).contains(&record.seq)));
        next = last + 1;
    }
    Ok(records)
}

fn read_segment(
    history: &sled::Tree,
    document: DocumentId,
    last: Seq,
) -> Result<(Seq, Vec<Record>), ReadError> {
    let damaged = |reason| ReadError::Damaged(document, last, 0, reason);
    let mut bytes = read_chunk(history, document, last, 0)?;
    let total = segment_bytes(&bytes).map_err(damaged)?;
    for chunk in 1..count(total) {
        bytes.extend_from_slice(&read_chunk(history, document, last, chunk)?);
    }
    unpack(&bytes, last).map_err(damaged)
}

/// How long a segment is, by its beginning.
fn segment_bytes(beginning: &[u8]) -> Decoded<u64> {
    let mut cursor = Cursor(beginning);
    for _first_count_size in 0..3 {
        cursor.varint()?;
    }
    cursor.array::<4>()?;
    let rest = cursor.varint()?;
    ((beginning.len() - cursor.0.len()) as u64).checked_add(rest).ok_or("a length does not fit")
}

/// The first seq and the records of a segment.
fn unpack(segment: &[u8], last: Seq) -> Decoded<(Seq, Vec<Record>)> {
    let mut cursor = Cursor(segment);
    let (first, count, size) = (cursor.varint()?, cursor.varint()?, cursor.varint()?);
    let crc = u32::from_le_bytes(cursor.array()?);
    let deflated = cursor.bytes()?;
    let mut bytes = Vec::new();
    let inflated = DeflateDecoder::new(deflated).take(size).read_to_end(&mut bytes);
    if inflated.is_err() || bytes.len() as u64 != size || crc32fast::hash(&bytes) != crc {
        return Err("the records do not inflate to what was stored");
    }
    let mut cursor = Cursor(&bytes);
    let records = decode_records(&mut cursor, first, count)?;
    match records.last() {
        Some(record) if record.seq == last && cursor.is_at_end() => Ok((first, records)),
        _ => Err("the segment does not hold the records it should"),
    }
}

#[cfg(test)]
mod tests {
    use plenary_ids::UserId;

    use super::*;

    #[test]
    fn segments_read_back_and_are_cut_near_their_limit() {
        let records: Vec<Record> = (5..405_u64)
            .map(|seq| Record {
                seq,
                user: UserId::from_bytes([(seq / 50) as u8; 16]),
                at_ms: 1_700_000_000_000 + seq,
                update: Bytes::from(vec![seq as u8; 9_000]),
                relayed: if seq % 9 == 0 { vec![seq, 1] } else { Vec::new() },
            })
            .collect();
        let segments = pack(&records);
        assert!(segments.len() > 2);
        let mut unpacked = Vec::new();
        for (last, segment) in &segments {
            let (first, records) = unpack(segment, *last).unwrap();
            assert_eq!(first, unpacked.last().map_or(5, |record: &Record| record.seq + 1));
            unpacked.extend(records);
        }
        assert_eq!(unpacked, records);
    }
}
