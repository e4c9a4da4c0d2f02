//! The presence payload: who is here, with their name, colour and cursor.
//!
//! It is what y-protocols calls an awareness update: varUint count, then per entry varUint client id, varUint
//! clock, varString state as JSON. Which entries a connection may announce is the room's business.

use bytes::Bytes;

use crate::{
    error::WireError,
    json::is_json,
    limits::{
        AWARENESS_DEPTH_MAX, AWARENESS_ENTRIES_MAX, AWARENESS_ENTRY_BYTES_MAX, AWARENESS_FRAME_BYTES_MAX,
    },
    wire::{Reader, Writer},
};

/// One client's presence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwarenessEntry {
    /// The Yjs client id.
    pub client: u64,
    /// Counts this client's states; peers take a state with a higher clock, or the end of one with an equal.
    pub clock: u64,
    /// The state as JSON text, at most [`AWARENESS_ENTRY_BYTES_MAX`] bytes; `None` (JSON `null`) when the
    /// client has left.
    pub state: Option<Bytes>,
}

/// Reads an awareness update, the payload of [`Message::Awareness`](crate::Message::Awareness).
///
/// Fails when it is malformed, when a state is not JSON or when a limit is exceeded; entries are read all or
/// none. A client may occur twice. Bytes after the last entry are ignored, as y-protocols does.
pub fn decode_awareness(update: &Bytes) -> Result<Vec<AwarenessEntry>, WireError> {
    let limited = |what, size, limit| {
        if size > limit { Err(WireError::TooLarge { what, size, limit }) } else { Ok(()) }
    };
    limited("awareness update", update.len(), AWARENESS_FRAME_BYTES_MAX)?;
    let mut reader = Reader::new(update.clone());
    // The shortest entry: a byte each for the client, the clock and the length of the text.
    let count = reader.count(3)?;
    limited("awareness entries", count, AWARENESS_ENTRIES_MAX)?;
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let client = reader.var_uint()?;
        let clock = reader.var_uint()?;
        let text = reader.var_text()?;
        limited("awareness state", text.len(), AWARENESS_ENTRY_BYTES_MAX)?;
        if !is_json(&text, AWARENESS_DEPTH_MAX) {
            return Err(WireError::NotJson);
        }
        let state = if text.trim_ascii() == b"null" { None } else { Some(text) };
        entries.push(AwarenessEntry { client, clock, state });
    }
    Ok(entries)
}

/// Writes an awareness update.
pub fn encode_awareness(entries: &[AwarenessEntry]) -> Bytes {
    let states: usize = entries.iter().map(|entry| entry.state.as_ref().map_or(4, Bytes::len)).sum();
    let writer = Writer::after(&[], 4 + states + 18 * entries.len()).var_uint(entries.len() as u64);
    entries
        .iter()
        .fold(writer, |writer, entry| {
            let state = entry.state.as_deref().unwrap_or(b"null");
            writer.var_uint(entry.client).var_uint(entry.clock).var_bytes(state)
        })
        .finish()
}
