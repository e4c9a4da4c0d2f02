//! Why bytes are not a message.

/// What is wrong with a frame. The frame had no effect; whether the peer is closed is the caller's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The frame ends before what it announces.
    #[error("frame ends early: {needed} more bytes announced, {left} left")]
    Truncated {
        /// Bytes (or, for a count, the fewest bytes it would take) that should follow.
        needed: u64,
        /// Bytes that do follow.
        left: usize,
    },
    /// A number above 2^53 - 1, or written in more than eight bytes.
    #[error("number larger than 2^53 - 1")]
    NumberTooLarge,
    /// Text that is not UTF-8.
    #[error("text is not utf-8")]
    NotUtf8,
    /// A sub-type that the format does not have.
    #[error("unknown {what} {tag}")]
    UnknownTag {
        /// Which tag.
        what: &'static str,
        /// Its value.
        tag: u64,
    },
    /// A scope other than `read-write` and `readonly`.
    #[error("unknown scope")]
    UnknownScope,
    /// A part is larger than [`limits`](crate::limits) allow.
    #[error("{what} of {size} is over the limit of {limit}")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// Its size, in bytes or entries.
        size: usize,
        /// The most that is accepted.
        limit: usize,
    },
    /// An awareness state that `JSON.parse` would refuse, or that nests too deep.
    #[error("awareness state is not json")]
    NotJson,
}
