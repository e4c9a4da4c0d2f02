//! Cells: the small keyed values for accounts, groups, grants and statements.

use bytes::Bytes;

use crate::{BoxFuture, StoreError};

/// The longest key of a cell.
pub const KEY_BYTES_MAX: usize = 255;

/// The most bytes of keys and values in one commit.
pub const COMMIT_BYTES_MAX: usize = 4 << 20;

/// A cell as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its key: text such as `user/0198...`, at most [`KEY_BYTES_MAX`].
    pub key: String,
    /// Its value, at most [`VALUE_BYTES_MAX`].
    pub value: Bytes,
    /// Changes with every write, never used twice for one key.
    pub version: u64,
}

/// The largest value of a cell; larger ones would leave the engine's log for files of their own.
pub const VALUE_BYTES_MAX: usize = 3_584;

/// One change of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellChange {
    /// Writes a value, whether or not the cell exists.
    Put {
        /// Which cell.
        key: String,
        /// The new value.
        value: Bytes,
    },
    /// Removes a cell; nothing happens if there is none.
    Delete {
        /// Which cell.
        key: String,
    },
}

/// What a cell must be for a commit to go ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// There is no such cell.
    Absent {
        /// Which cell.
        key: String,
    },
    /// The cell is at this version.
    At {
        /// Which cell.
        key: String,
        /// The version it was read at.
        version: u64,
    },
}

impl CellChange {
    /// Which cell.
    pub fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }
}

impl Expected {
    /// Which cell.
    pub fn key(&self) -> &str {
        match self {
            Self::Absent { key } | Self::At { key, .. } => key,
        }
    }

    /// Whether a cell at `version` (`None`: there is none) is as expected.
    pub fn holds(&self, version: Option<u64>) -> bool {
        match self {
            Self::Absent { .. } => version.is_none(),
            Self::At { version: expected, .. } => version == Some(*expected),
        }
    }
}

/// `TooLarge` if a key, a value or the whole commit passes its limit; every engine asks this first.
pub fn check_changes(changes: &[CellChange]) -> Result<(), StoreError> {
    let mut sum = 0;
    for change in changes {
        let (key, value_bytes) = match change {
            CellChange::Put { key, value } => (key, value.len()),
            CellChange::Delete { key } => (key, 0),
        };
        check_size(key.len(), KEY_BYTES_MAX)?;
        check_size(value_bytes, VALUE_BYTES_MAX)?;
        sum += key.len() + value_bytes;
    }
    check_size(sum, COMMIT_BYTES_MAX)
}

pub(crate) fn check_size(size_bytes: usize, limit_bytes: usize) -> Result<(), StoreError> {
    if size_bytes > limit_bytes { Err(StoreError::TooLarge { size_bytes, limit_bytes }) } else { Ok(()) }
}

/// The small keyed values.
pub trait Cells: Send + Sync + 'static {
    /// The cell with this key, if there is one.
    fn get(&self, key: &str) -> BoxFuture<'_, Result<Option<Cell>, StoreError>>;

    /// All cells whose key begins with `prefix`, in the order of their keys.
    fn scan(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<Cell>, StoreError>>;

    /// Makes all `changes`, durably and at once, if every expectation holds; otherwise `Conflict` and nothing
    /// is changed. Two changes of one key in one commit: the later wins.
    ///
    /// Fails with `Conflict`, `TooLarge`, `Full`, or `Failed` (final).
    fn commit(
        &self,
        changes: Vec<CellChange>,
        expected: Vec<Expected>,
    ) -> BoxFuture<'_, Result<(), StoreError>>;
}
