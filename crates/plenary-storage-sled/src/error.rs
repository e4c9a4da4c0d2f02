//! Why a store could not be opened.

use std::{io, path::PathBuf};

/// Why a store could not be opened. What to do is in docs/storage.md, "Damage".
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the directory open.
    #[error("another process is using the store in {directory}; waited {waited_s} s for it to end")]
    Locked {
        /// The store's directory.
        directory: PathBuf,
        /// How long we waited.
        waited_s: u64,
    },
    /// A file could not be read or written.
    #[error("cannot open the store: {doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// What the system said.
        source: io::Error,
    },
    /// Something does not read back as it was written.
    #[error(
        "the store in {directory} is damaged at {place}: {reason}; copy the whole directory before anything else, \
         then restore a backup"
    )]
    Corrupt {
        /// The store's directory.
        directory: PathBuf,
        /// Where in it.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// The store's end is missing: its witness has seen more than there is.
    #[error(
        "the store in {directory} has lost its end: the witness saw position {witness_position} with \
         {witness_records} records, the log ends at position {position} with {records}; copy the whole directory, \
         then restore a backup or accept the loss"
    )]
    BehindWitness {
        /// The store's directory.
        directory: PathBuf,
        /// The last position that was durable.
        witness_position: u64,
        /// Records ever appended, then.
        witness_records: u64,
        /// The last position there is.
        position: u64,
        /// Records ever appended, up to there.
        records: u64,
    },
    /// The store was written by another version of Plenary.
    #[error("the store in {directory} has format {found}, this program knows format {known}")]
    Format {
        /// The store's directory.
        directory: PathBuf,
        /// Its format.
        found: u32,
        /// The format of this program.
        known: u32,
    },
}
