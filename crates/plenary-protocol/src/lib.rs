//! Bytes and messages, as Yjs peers speak them.
//!
//! Two dialects carry the same sync and awareness messages: *y-websocket* (one document a socket) and
//! *Hocuspocus* (many documents a socket, each frame under an address). Message type 110 carries our own words
//! in either. This crate turns frames into [`Message`]s and back, and holds the numbers both sides agree on:
//! [`limits`] and [`CloseReason`]. What an update or a state vector says is the gate's and the room's business.
//!
//! The format byte by byte: `docs/protocol.md`.

mod awareness;
mod close;
mod error;
mod json;
pub mod limits;
mod message;
pub mod wire;

pub use awareness::{AwarenessEntry, decode_awareness, encode_awareness};
pub use close::CloseReason;
pub use error::WireError;
pub use message::{
    Addressed, AuthMessage, FILLER_HOCUSPOCUS, FILLER_Y_WEBSOCKET, Message, PLENARY_VERSION, PlenaryMessage,
    RefusalCode, Scope, SyncMessage, Welcome, address_prefix, decode_hocuspocus, decode_y_websocket,
    document_name,
};
