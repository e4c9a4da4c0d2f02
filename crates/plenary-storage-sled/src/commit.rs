//! The bytes of a commit in the `log`, and how it is split into parts.
//!
//! A commit is one run of bytes: a header, then entries to its end.
//! ```text
//! header   records ever appended | floor | digest (8, LE)          integers are varints where no size is given
//! 1 append     document (16) | first seq | number of records | each: author | time | relayed | length | update
//! 2 cells      number of changes | each: 0 key | 1 key value                 (lengths before key and value)
//! 3 pointer    document (16) | pointer                                       (index.rs)
//! 4 destroy    document (16)
//! author   0 as the record before | 1 user (16) | 2 and 3 the same, and relayed is there
//! time     zigzag of the difference to the record before       relayed   number of clients | each client
//! ```
//! *floor*: nothing at or below this position is needed once the commit is durable. *digest*: what `documents`
//! and `cells` hold once the commit is applied ([`crate::index::Digest`]).
//!
//! The bytes are split into parts of [`PART_BYTES`], the last one shorter, at consecutive positions. A part's body:
//! `index | number of parts | checksum of part 0 (4, LE; not in part 0 itself) | bytes`.

use bytes::Bytes;
use plenary_ids::{DocumentId, UserId};
use plenary_storage::{CellChange, NewRecord, Record, Seq};

use crate::{
    index::Pointer,
    keys::VALUE_BYTES_MAX,
    sealed::{Cursor, Decoded, SEAL_BYTES, open, put_varint, seal},
};

/// Bytes of a commit in each part but the last. Two varints of at most five bytes and a checksum stand before.
pub(crate) const PART_BYTES: usize = VALUE_BYTES_MAX - SEAL_BYTES - 14;

const APPEND: u8 = 1;
const CELLS: u8 = 2;
const POINTER: u8 = 3;
const DESTROY: u8 = 4;

/// What each commit says about the store as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) records: u64,
    pub(crate) floor: u64,
    pub(crate) digest: u64,
}

/// One thing that a commit does.
#[derive(Debug, PartialEq)]
pub(crate) enum Entry {
    Append(Append),
    Cells(Vec<CellChange>),
    Pointer(DocumentId, Pointer),
    Destroy(DocumentId),
}

/// Records of one document.
#[derive(Debug, PartialEq)]
pub(crate) struct Append {
    pub(crate) document: DocumentId,
    pub(crate) records: Vec<Record>,
}

pub(crate) fn encode_header(header: Header) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_varint(&mut bytes, header.records);
    put_varint(&mut bytes, header.floor);
    bytes.extend_from_slice(&header.digest.to_le_bytes());
    bytes
}

/// The header, and how many bytes it takes.
pub(crate) fn decode_header(bytes: &[u8]) -> Decoded<(Header, usize)> {
    let mut cursor = Cursor(bytes);
    let header = Header {
        records: cursor.varint()?,
        floor: cursor.varint()?,
        digest: u64::from_le_bytes(cursor.array()?),
    };
    Ok((header, bytes.len() - cursor.0.len()))
}

pub(crate) fn encode_append(bytes: &mut Vec<u8>, document: DocumentId, first: Seq, records: &[NewRecord]) {
    bytes.push(APPEND);
    bytes.extend_from_slice(document.as_bytes());
    put_varint(bytes, first);
    put_varint(bytes, records.len() as u64);
    let mut before = None;
    for record in records {
        encode_record(bytes, &mut before, record.into());
    }
}

pub(crate) fn encode_cells(bytes: &mut Vec<u8>, changes: &[CellChange]) {
    bytes.push(CELLS);
    put_varint(bytes, changes.len() as u64);
    for change in changes {
        let (kind, key) = match change {
            CellChange::Delete { key } => (0, key),
            CellChange::Put { key, .. } => (1, key),
        };
        bytes.push(kind);
        put_bytes(bytes, key.as_bytes());
        if let CellChange::Put { value, .. } = change {
            put_bytes(bytes, value);
        }
    }
}

pub(crate) fn encode_pointer(bytes: &mut Vec<u8>, document: DocumentId, pointer: &Pointer) {
    bytes.push(POINTER);
    bytes.extend_from_slice(document.as_bytes());
    put_bytes(bytes, &pointer.encode());
}

pub(crate) fn encode_destroy(bytes: &mut Vec<u8>, document: DocumentId) {
    bytes.push(DESTROY);
    bytes.extend_from_slice(document.as_bytes());
}

/// The next entry of a commit.
pub(crate) fn decode_entry(cursor: &mut Cursor<'_>) -> Decoded<Entry> {
    match cursor.byte()? {
        APPEND => {
            let document = DocumentId::from_bytes(cursor.array()?);
            let first = cursor.varint()?;
            let count = cursor.varint()?;
            Ok(Entry::Append(Append { document, records: decode_records(cursor, first, count)? }))
        }
        CELLS => {
            let count = cursor.varint()?;
            let mut changes = Vec::new();
            for _ in 0..count {
                let kind = cursor.byte()?;
                let key = str::from_utf8(cursor.bytes()?).map_err(|_| "a cell's key is not text")?.to_owned();
                changes.push(match kind {
                    0 => CellChange::Delete { key },
                    1 => CellChange::Put { key, value: Bytes::copy_from_slice(cursor.bytes()?) },
                    _ => return Err("a change of a cell is of an unknown kind"),
                });
            }
            Ok(Entry::Cells(changes))
        }
        POINTER => {
            let document = DocumentId::from_bytes(cursor.array()?);
            Ok(Entry::Pointer(document, Pointer::decode(cursor.bytes()?)?))
        }
        DESTROY => Ok(Entry::Destroy(DocumentId::from_bytes(cursor.array()?))),
        _ => Err("an entry is of an unknown kind"),
    }
}

/// What is written of a record: its seq follows from the one before.
pub(crate) struct Parts<'a> {
    user: UserId,
    at_ms: u64,
    update: &'a [u8],
    relayed: &'a [u64],
}

impl<'a> From<&'a NewRecord> for Parts<'a> {
    fn from(record: &'a NewRecord) -> Self {
        let NewRecord { user, at_ms, update, relayed } = record;
        Self { user: *user, at_ms: *at_ms, update, relayed }
    }
}

impl<'a> From<&'a Record> for Parts<'a> {
    fn from(record: &'a Record) -> Self {
        let Record { seq: _, user, at_ms, update, relayed } = record;
        Self { user: *user, at_ms: *at_ms, update, relayed }
    }
}

/// Added to the kind of an author whose record says what was relayed.
const HAS_RELAYED: u8 = 2;

/// Appends one record; `before` is the author and time of the record before it.
pub(crate) fn encode_record(bytes: &mut Vec<u8>, before: &mut Option<(UserId, u64)>, record: Parts<'_>) {
    let Parts { user, at_ms, update, relayed } = record;
    let has_relayed = if relayed.is_empty() { 0 } else { HAS_RELAYED };
    let time_before = match *before {
        Some((user_before, at_before)) if user_before == user => {
            bytes.push(has_relayed);
            at_before
        }
        _ => {
            bytes.push(1 + has_relayed);
            bytes.extend_from_slice(user.as_bytes());
            before.map_or(0, |(_, at_before)| at_before)
        }
    };
    let difference = at_ms.wrapping_sub(time_before) as i64;
    put_varint(bytes, ((difference << 1) ^ (difference >> 63)) as u64);
    if !relayed.is_empty() {
        put_varint(bytes, relayed.len() as u64);
        relayed.iter().for_each(|client| put_varint(bytes, *client));
    }
    put_bytes(bytes, update);
    *before = Some((user, at_ms));
}

/// `count` records, the first one at seq `first`.
pub(crate) fn decode_records(cursor: &mut Cursor<'_>, first: Seq, count: u64) -> Decoded<Vec<Record>> {
    let mut records = Vec::new();
    let mut before: Option<(UserId, u64)> = None;
    for number in 0..count {
        let kind = cursor.byte()?;
        let user = match (kind, before) {
            (0 | HAS_RELAYED, Some((user, _))) => user,
            (1 | 3, _) => UserId::from_bytes(cursor.array()?),
            _ => return Err("a record has no author"),
        };
        let zigzag = cursor.varint()?;
        let difference = (zigzag >> 1) ^ (zigzag & 1).wrapping_neg();
        let at_ms = before.map_or(0, |(_, at_ms)| at_ms).wrapping_add(difference);
        let seq = first.checked_add(number).ok_or("a seq does not fit")?;
        let mut relayed = Vec::new();
        if kind >= HAS_RELAYED {
            for _ in 0..cursor.varint()? {
                relayed.push(cursor.varint()?);
            }
        }
        let update = Bytes::copy_from_slice(cursor.bytes()?);
        records.push(Record { seq, user, at_ms, update, relayed });
        before = Some((user, at_ms));
    }
    Ok(records)
}

pub(crate) fn put_bytes(bytes: &mut Vec<u8>, piece: &[u8]) {
    put_varint(bytes, piece.len() as u64);
    bytes.extend_from_slice(piece);
}

/// One part of a commit, as read.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) index: u64,
    pub(crate) count: u64,
    /// The checksum of part 0, which tells commits apart.
    pub(crate) tag: [u8; 4],
    pub(crate) bytes: Bytes,
}

/// Splits a commit whose first part comes to `position` into keys and values.
pub(crate) fn split(position: u64, commit: &[u8]) -> impl Iterator<Item = ([u8; 8], Vec<u8>)> {
    let count = commit.len().div_ceil(PART_BYTES) as u64;
    let mut tag = None;
    (0..).zip(commit.chunks(PART_BYTES)).map(move |(index, piece)| {
        let key = (position + index).to_be_bytes();
        let mut body = Vec::with_capacity(piece.len() + 14);
        put_varint(&mut body, index);
        put_varint(&mut body, count);
        body.extend_from_slice(tag.as_ref().map_or(&[][..], |tag: &[u8; 4]| tag));
        body.extend_from_slice(piece);
        let value = seal(&key, &body);
        tag.get_or_insert_with(|| tag_of(&value));
        (key, value)
    })
}

fn tag_of(value: &[u8]) -> [u8; 4] {
    [value[1], value[2], value[3], value[4]]
}

pub(crate) fn read_part(key: &[u8], value: &[u8]) -> Decoded<Part> {
    let body = open(key, value)?;
    let mut cursor = Cursor(body);
    let (index, count) = (cursor.varint()?, cursor.varint()?);
    if index >= count {
        return Err("a part is beyond its commit");
    }
    let tag = if index == 0 { tag_of(value) } else { cursor.array()? };
    if index + 1 < count && cursor.0.len() != PART_BYTES {
        return Err("a part is not as long as it should be");
    }
    Ok(Part { index, count, tag, bytes: Bytes::copy_from_slice(cursor.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Row;

    fn new_record(user: u8, at_ms: u64, update: &'static [u8]) -> NewRecord {
        let (user, update) = (UserId::from_bytes([user; 16]), Bytes::from_static(update));
        NewRecord { user, at_ms, update, relayed: Vec::new() }
    }

    #[test]
    fn entries_read_back() {
        let document = DocumentId::from_bytes([7; 16]);
        let records = [
            new_record(1, 500, b"a"),
            new_record(1, 400, b""),
            new_record(2, u64::MAX, b"ccc"),
            new_record(2, 0, b"d"),
            NewRecord { relayed: vec![0, u64::MAX], ..new_record(2, 5, b"e") },
            NewRecord { relayed: vec![300], ..new_record(1, 5, b"") },
        ];
        let changes = vec![
            CellChange::Put { key: "k".into(), value: Bytes::from_static(b"v") },
            CellChange::Delete { key: "ü".into() },
        ];
        let state = Row { bytes: 70_000, crc: 5 };
        let pointer = Pointer { born: 1, set_at: 900, seq: 12, state, attribution: None };
        let with_attribution = Pointer { attribution: Some(Row { bytes: 300, crc: u32::MAX }), ..pointer };
        let mut bytes = Vec::new();
        encode_append(&mut bytes, document, 9, &records);
        encode_cells(&mut bytes, &changes);
        encode_pointer(&mut bytes, document, &pointer);
        encode_pointer(&mut bytes, document, &with_attribution);
        encode_destroy(&mut bytes, document);

        let mut cursor = Cursor(&bytes);
        let Ok(Entry::Append(append)) = decode_entry(&mut cursor) else { panic!("an append") };
        assert_eq!(append.document, document);
        for ((new, read), seq) in records.iter().zip(&append.records).zip(9..) {
            let NewRecord { user, at_ms, update, relayed } = new.clone();
            assert_eq!(*read, Record { seq, user, at_ms, update, relayed });
        }
        assert_eq!(decode_entry(&mut cursor), Ok(Entry::Cells(changes)));
        assert_eq!(decode_entry(&mut cursor), Ok(Entry::Pointer(document, pointer)));
        assert_eq!(decode_entry(&mut cursor), Ok(Entry::Pointer(document, with_attribution)));
        assert_eq!(decode_entry(&mut cursor), Ok(Entry::Destroy(document)));
        assert!(cursor.is_at_end());
    }

    /// Stores of format 1 are full of these.
    #[test]
    fn what_nobody_passed_on_and_nobody_is_named_for_is_written_as_it_always_was() {
        let mut bytes = Vec::new();
        encode_append(&mut bytes, DocumentId::from_bytes([7; 16]), 9, &[new_record(1, 3, b"a")]);
        let user = [1; 16];
        assert_eq!(bytes, [&[APPEND][..], &[7; 16], &[9, 1, 1], &user, &[6, 1, b'a']].concat());
        let state = Row { bytes: 300, crc: 5 };
        let pointer = Pointer { born: 1, set_at: 2, seq: 3, state, attribution: None };
        assert_eq!(pointer.encode(), [1, 2, 3, 0xac, 2, 5]);
    }

    #[test]
    fn no_beginning_of_a_commit_panics_or_reads_as_whole() {
        let mut bytes = Vec::new();
        encode_append(&mut bytes, DocumentId::from_bytes([7; 16]), 1, &[new_record(1, 5, b"text")]);
        for end in 0..bytes.len() {
            assert!(decode_entry(&mut Cursor(&bytes[..end])).is_err());
        }
    }

    #[test]
    fn parts_put_together_are_the_commit_and_none_is_larger_than_a_value_may_be() {
        for size in [1, PART_BYTES, PART_BYTES + 1, 5_000_000] {
            let commit: Vec<u8> = (0..size).map(|n| (n * 31 % 251) as u8).collect();
            let mut joined = Vec::new();
            let mut tag = None;
            for ((key, value), position) in split(40, &commit).zip(40_u64..) {
                assert!(value.len() <= VALUE_BYTES_MAX && key == position.to_be_bytes());
                let part = read_part(&key, &value).unwrap();
                assert_eq!(part.index, position - 40);
                assert_eq!(*tag.get_or_insert(part.tag), part.tag);
                joined.extend_from_slice(&part.bytes);
            }
            assert_eq!(joined, commit);
        }
    }

    #[test]
    fn a_lone_keystroke_takes_little() {
        let mut bytes = encode_header(Header { records: 259_778, floor: 250_000, digest: 1 });
        encode_append(
            &mut bytes,
            DocumentId::from_bytes([7; 16]),
            259_778,
            &[new_record(1, 1_700_000_000_000, b"0123456789abcde")],
        );
        assert!(bytes.len() <= 80, "{}", bytes.len());
    }
}
