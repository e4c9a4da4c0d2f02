//! What a room may use, and when it writes snapshots.

/// Bounds and intervals of one room.
#[derive(Clone, Debug)]
pub struct RoomSettings {
    /// An empty room ends after this long, in milliseconds.
    pub idle_after_ms: u64,
    /// No snapshot is taken for a tail of fewer bytes, however small the last snapshot was; above, one is taken
    /// when the tail passes half of it.
    pub snapshot_tail_bytes_min: usize,
    /// A tail older than this is snapshotted whatever its size, in milliseconds.
    pub snapshot_age_ms: u64,
    /// A participant with more bytes on their way is no longer sent updates until its socket has drained.
    pub outbound_bytes_max: usize,
    /// A document whose state has this many bytes does not grow any more: what would add to it is refused, what only
    /// deletes is taken.
    pub document_bytes_max: usize,
    /// While more bytes than this are merged but not durable, [`Room::is_reading`](crate::Room::is_reading) is
    /// false and the driver leaves further messages where they are.
    pub pending_bytes_max: usize,
    /// After the store had no space, writing is tried again this much later, in milliseconds.
    pub full_retry_ms: u64,
    /// A bug to plant, so that the simulation can show that it would be caught.
    #[cfg(feature = "planted-bugs")]
    pub bug: Option<PlantedBug>,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            idle_after_ms: 60_000,
            snapshot_tail_bytes_min: 64 * 1024,
            snapshot_age_ms: 10 * 60_000,
            outbound_bytes_max: 1024 * 1024,
            document_bytes_max: plenary_protocol::limits::FRAME_BYTES_MAX,
            pending_bytes_max: 8 * 1024 * 1024,
            full_retry_ms: 1_000,
            #[cfg(feature = "planted-bugs")]
            bug: None,
        }
    }
}

/// A bug that the simulation must catch. Each breaks one promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "planted-bugs"), allow(unreachable_pub, dead_code))]
pub enum PlantedBug {
    /// Acknowledgements leave before the flush.
    AckBeforeFlush,
    /// Updates reach others before the flush.
    BroadcastBeforeFlush,
    /// A step 2 is merged without passing the gate's filter of what is new.
    GateSkippedOnStep2,
    /// An update that brings nothing new is acknowledged at once, though what made it old is not durable.
    NoOpAcknowledgedEarly,
    /// A snapshot is stored before what it covers is durable.
    SnapshotOfUndurableHead,
    /// The answer to a step 1 leaves at once.
    Step2PastTheBarrier,
    /// Nobody asks whose a client id is.
    OwnershipSkipped,
    /// Whoever is in the room writes, whatever their access is by now.
    AccessNotAsked,
}

impl RoomSettings {
    #[cfg(feature = "planted-bugs")]
    pub(crate) fn has_bug(&self, bug: PlantedBug) -> bool {
        self.bug == Some(bug)
    }

    #[cfg(not(feature = "planted-bugs"))]
    pub(crate) fn has_bug(&self, _bug: PlantedBug) -> bool {
        false
    }
}
