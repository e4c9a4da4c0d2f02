//! The time, as the one thing below the server that nobody may ask for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Tells the time; a test can hold it still and turn it on.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// In tests: the time, instead of the system's.
    set_ms: Option<Arc<AtomicU64>>,
}

impl Clock {
    /// A clock that stands at `now_ms` until it is turned.
    pub fn standing_at(now_ms: u64) -> Self {
        Self { set_ms: Some(Arc::new(AtomicU64::new(now_ms))) }
    }

    /// Milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> u64 {
        match &self.set_ms {
            Some(set) => set.load(Ordering::SeqCst),
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    /// Turns a standing clock on; the system's own is left alone.
    pub fn turn(&self, by: Duration) {
        if let Some(set) = &self.set_ms {
            set.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
        }
    }
}
