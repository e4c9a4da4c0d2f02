//! What can be wrong with a text.

/// Why a text could not be imported or read.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// More Markdown than anybody wrote by hand.
    #[error("a text of {size_bytes} bytes is too long to import, the limit is {limit_bytes}")]
    TooLarge {
        /// How much it is.
        size_bytes: usize,
        /// How much it may be.
        limit_bytes: usize,
    },
    /// More runs, lines and table cells than one import may make. A few bytes can stand for many cells.
    #[error("a text of more than {limit} lines, runs and table cells is too long to import")]
    TooManyParts {
        /// How many there may be.
        limit: usize,
    },
    /// The bytes are no Yjs v1 update.
    #[error("not a Yjs update")]
    Malformed(#[source] yrs::encoding::read::Error),
    /// The update could not be merged into an empty document.
    #[error("the update does not fit an empty document")]
    Unfit(#[source] yrs::error::UpdateError),
    /// The update needs others that came before it.
    #[error("the update is only a part of a document")]
    Incomplete,
}
