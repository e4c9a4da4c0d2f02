//! Where everything lies: the trees of the store and their keys, in one table.
//!
//! | Tree | Key | Value (all [sealed](crate::sealed)) |
//! | --- | --- | --- |
//! | `log` | position, u64 big endian | a part of a commit, at most 4 KiB; see `commit.rs` |
//! | `documents` | document, 16 bytes | pointer to the newest snapshot; see `index.rs` |
//! | `snapshots` | document, seq (u64 BE), chunk (u32 BE) | a piece of the state, at most 4 KiB |
//! | `attributions` | the same | a piece of who wrote what of that state |
//! | `history` | document, last seq (u64 BE), chunk (u32 BE) | a piece of a compressed run of records |
//! | `cells` | the cell's key, UTF-8 | version and value |
//! | `meta` | `format`, `store` | format version, store id (16 bytes) |
//!
//! Big endian, so that the order of the keys is the order of the things.

use plenary_ids::DocumentId;
use plenary_storage::Seq;

/// What the trees hold is written in this format.
///
/// 2: records say what their author passed on, pointers lead to an attribution. A store of format 1 has neither; it
/// is read as it is, and becomes one of format 2 when it is opened, so that an older program says that it cannot
/// read it.
pub(crate) const FORMAT: u32 = 2;

/// The oldest format that is read.
pub(crate) const FORMAT_MIN: u32 = 1;

pub(crate) const META_FORMAT: &[u8] = b"format";
pub(crate) const META_STORE: &[u8] = b"store";

/// No value is larger. sled writes a leaf of up to 17 of them as one message and moves a message of more than a
/// quarter of a segment (512 KiB) into a file under `blobs/`, which it never syncs.
pub(crate) const VALUE_BYTES_MAX: usize = 4096;

/// The trees, open.
#[derive(Clone)]
pub(crate) struct Trees {
    pub(crate) log: sled::Tree,
    pub(crate) documents: sled::Tree,
    pub(crate) snapshots: sled::Tree,
    pub(crate) attributions: sled::Tree,
    pub(crate) history: sled::Tree,
    pub(crate) cells: sled::Tree,
    pub(crate) meta: sled::Tree,
}

impl Trees {
    pub(crate) fn open(db: &sled::Db) -> sled::Result<Self> {
        Ok(Self {
            log: db.open_tree("log")?,
            documents: db.open_tree("documents")?,
            snapshots: db.open_tree("snapshots")?,
            attributions: db.open_tree("attributions")?,
            history: db.open_tree("history")?,
            cells: db.open_tree("cells")?,
            meta: db.open_tree("meta")?,
        })
    }
}

/// The position in a key of `log`.
pub(crate) fn position(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

/// A key of `snapshots`, `attributions` or `history`.
pub(crate) fn chunk(document: DocumentId, seq: Seq, chunk: u32) -> [u8; 28] {
    let mut key = [0; 28];
    key[..16].copy_from_slice(document.as_bytes());
    key[16..24].copy_from_slice(&seq.to_be_bytes());
    key[24..].copy_from_slice(&chunk.to_be_bytes());
    key
}

/// The parts of a key of `snapshots`, `attributions` or `history`.
pub(crate) fn read_chunk(key: &[u8]) -> Option<(DocumentId, Seq, u32)> {
    let key: &[u8; 28] = key.try_into().ok()?;
    let (document, rest) = key.split_first_chunk::<16>()?;
    let (seq, chunk) = rest.split_first_chunk::<8>()?;
    let chunk = u32::from_be_bytes(chunk.try_into().ok()?);
    Some((DocumentId::from_bytes(*document), u64::from_be_bytes(*seq), chunk))
}
