//! The open connections: how many there are, whose they are, and when each is closed at the server's end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::Extension;
use plenary_ids::{ConnectionId, UserId};
use tokio::{
    sync::{AcquireError, Semaphore, SemaphorePermit, watch},
    time::timeout,
};

use super::Progress;
use crate::{
    App,
    error::Error,
    limits::{Account, Limit, Limits, Place, Shedding, Waiting},
    routes::ClientAddress,
};

/// The budget, in KiB, for a semaphore counts in `u32`.
const LARGE_FRAMES_KIB_MAX: u32 = 256 * 1024;

/// Stock clients return at once after a restart. So when the server ends, their sockets are closed one after the other:
/// a thousand take this long, few go together.
const RESTART_SPREAD: Duration = Duration::from_secs(2);

/// So many sockets share the spread.
const RESTART_STEPS: u64 = 1_000;

/// The open connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connections(Arc<ConnectionsInner>);

#[derive(Debug)]
struct ConnectionsInner {
    next: AtomicU64,
    open: watch::Sender<usize>,
    large_frames: Semaphore,
}

impl Default for Connections {
    fn default() -> Self {
        Self(Arc::new(ConnectionsInner {
            next: AtomicU64::new(1),
            open: watch::Sender::new(0),
            large_frames: Semaphore::new(LARGE_FRAMES_KIB_MAX as usize),
        }))
    }
}

impl Connections {
    /// How many are open.
    pub fn count(&self) -> usize {
        *self.0.open.borrow()
    }

    /// Waits until none is open any more, at most `within`. True when there is none.
    pub async fn closed(&self, within: Duration) -> bool {
        let mut open = self.0.open.subscribe();
        timeout(within, open.wait_for(|open| *open == 0)).await.is_ok()
    }

    /// How long after the others a connection is closed when the server ends: those there are, one after the other.
    pub(super) fn restart_after(&self, id: ConnectionId, drain: Duration) -> Duration {
        let among = (self.count() as u64).clamp(1, RESTART_STEPS);
        let step = (id.0 % among) as f64 / RESTART_STEPS as f64;
        RESTART_SPREAD.min(drain / 4).mul_f64(step)
    }

    /// Waits for a part of what all connections together may have of large frames, in KiB.
    pub(super) async fn large_frames(&self, kib: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.0.large_frames.acquire_many(kib).await
    }
}

/// One connection, counted for as long as it lives.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) id: ConnectionId,
    connections: Connections,
    limits: Limits,
    pub(super) progress: Progress,
    /// Until somebody is recognised.
    waiting: Option<Waiting>,
    /// Among those of its user, the first that it names.
    pub(super) place: Option<Place>,
}

impl Open {
    /// Begins one. Fails when too many of its address wait, or come to nothing; or when memory is short.
    pub(super) fn begin(
        app: &App,
        address: ClientAddress,
        progress: Option<Extension<Progress>>,
    ) -> Result<Self, Error> {
        if app.limits.shedding() >= Shedding::Joins {
            Limit::Memory.refuses();
            return Err(Error::Busy);
        }
        // A proxy that does not say for whom it asks, or a program on this machine, is nobody's address.
        let address = address.0.filter(|address| !app.config.is_trusted_proxy(*address));
        let waiting =
            app.limits.knock(address).map_err(|retry_after_s| Error::TooManyTries { retry_after_s })?;
        let connections = app.connections.clone();
        connections.0.open.send_modify(|open| *open += 1);
        Ok(Self {
            id: ConnectionId(connections.0.next.fetch_add(1, Ordering::Relaxed)),
            connections,
            limits: app.limits.clone(),
            progress: progress.unwrap_or_default().0,
            waiting: Some(waiting),
            place: None,
        })
    }

    /// Counts it for its user, the first that it names. False when that user has too many already.
    pub(super) fn belongs_to(&mut self, user: UserId) -> bool {
        if let Some(waiting) = self.waiting.take() {
            waiting.recognised();
        }
        if self.place.is_none() {
            self.place = self.limits.users().connect(user);
            if let Some(place) = &self.place {
                self.progress.count_large_messages(Arc::clone(&place.large_messages));
            }
        }
        self.place.is_some()
    }

    /// What its user uses, once that is known.
    pub(super) fn account(&self) -> Option<Arc<Account>> {
        self.place.as_ref().map(Place::account)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connections.0.open.send_modify(|open| *open -= 1);
    }
}
