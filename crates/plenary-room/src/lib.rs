//! One live document: merge updates, share awareness, refuse what access forbids.
//!
//! [`Room::handle`] takes one [`Input`] and returns all [`Effect`]s: no clock, no chance, no I/O, so that a whole
//! evening of drafting replays from one seed. The driver (a task of the server, or the simulation) carries the
//! effects out. Groups, statements and stores are not known here.
//!
//! The rule that everything else follows from: **an answer carries the head it was made at, and leaves when that
//! head is durable.** Acknowledgements, updates to others, answers to sync step 1 and to `GET state` all wait in
//! one queue, the barrier, for the store's word. Awareness does not.

mod attribution;
mod barrier;
mod document;
mod effect;
mod input;
mod pace;
mod participant;
mod presence;
mod replay;
mod room;
mod settings;

pub use attribution::{Attribution, AttributionError, RUN_MS, Run};
pub use document::{Admission, DocumentError, LiveDocument, Slice, Writer};
pub use effect::{Effect, NewRecord, Seq};
pub use input::{AppendFailure, Backlog, Dialect, Input, Join, LoadedDocument, LoadedSnapshot, UserBacklog};
pub use pace::Pace;
pub use replay::Replay;
pub use room::{RefusedFrames, Room};
#[cfg(feature = "planted-bugs")]
pub use settings::PlantedBug;
pub use settings::RoomSettings;
