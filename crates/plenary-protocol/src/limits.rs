//! The numbers both sides agree on, each with its reason. `docs/protocol.md` has them as a table.
//!
//! Sizes are in bytes of one WebSocket message or the part named. The server hands those that concern updates
//! to the gate.

use std::time::Duration;

/// One WebSocket message, and a step 2 in it. Every step 2 repeats the whole delete set of its author's
/// replica, so a long-lived document needs far more than what anybody typed.
pub const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An update up to this size is somebody typing or pasting; a larger one is judged as a step 2.
pub const UPDATE_BYTES_MAX: usize = 1024 * 1024;

/// Structs and delete ranges **new** to the document that are merged in one go; more is taken in slices, so
/// that a large import does not hold up its room.
pub const NEW_PARTS_MAX: usize = 50_000;

/// How deep a JSON-like value inside an update may nest. yrs reads such values recursively.
pub const VALUE_DEPTH_MAX: usize = 32;

/// An encoded state vector. At some 8 bytes an entry this is 32,000 page loads of one document.
pub const STATE_VECTOR_BYTES_MAX: usize = 256 * 1024;

/// One awareness state, as JSON text: a name, a colour, a cursor and room for an application's own.
pub const AWARENESS_ENTRY_BYTES_MAX: usize = 4 * 1024;

/// Entries of one awareness frame. Stock clients send everybody's again after a reconnect; nobody has this
/// many in one room.
pub const AWARENESS_ENTRIES_MAX: usize = 4096;

/// One awareness frame. Entries of others in it are dropped, but must first be read.
pub const AWARENESS_FRAME_BYTES_MAX: usize = 1024 * 1024;

/// How deep the JSON of an awareness state may nest, so that a peer's recursive parser survives it.
pub const AWARENESS_DEPTH_MAX: usize = 64;

/// The address of a Hocuspocus frame: a document name, and for v4 with session awareness NUL and a session id.
pub const ADDRESS_BYTES_MAX: usize = 256;

/// A token, in a Hocuspocus Auth or in type 110. JSON web tokens with many claims stay below this.
pub const AUTH_BYTES_MAX: usize = 8 * 1024;

/// Reasons, notices and other short text.
pub const TEXT_BYTES_MAX: usize = 1024;

/// What one Hocuspocus socket may send for documents that it has not authenticated for. Frames up to this are
/// dropped unread, past it the socket is closed.
pub const BEFORE_AUTH_BYTES_MAX: usize = 64 * 1024;

/// How long a Hocuspocus socket may take until its first Auth. Applications fetch tokens over poor lines.
pub const AUTH_WITHIN: Duration = Duration::from_secs(15);

/// How long after a document's step 1 its Auth may come. v2 without a token sends none, and would wait for ever.
pub const AUTH_AFTER_STEP_1_WITHIN: Duration = Duration::from_secs(2);

/// Stock clients close a socket that brings no data for 30 s and cannot see WebSocket pings.
pub const FILLER_AFTER: Duration = Duration::from_secs(25);

/// Updates held for one document because they need what we lack; past this they are only counted.
pub const HELD_BYTES_MAX: usize = 1024 * 1024;

/// Refused or awareness frames a second that one connection may send for [`TOO_FAST_FOR`].
pub const TOO_FAST_PER_SECOND: u32 = 200;

/// How long a connection may exceed [`TOO_FAST_PER_SECOND`] before it is closed with 4529.
pub const TOO_FAST_FOR: Duration = Duration::from_secs(10);
