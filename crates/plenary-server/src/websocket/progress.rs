//! What a socket has moved, and whether more may be read from it.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::limits::Limit;

/// After this many bytes a message that is not whole yet counts as large: its user has so many places for such.
const LARGE_MESSAGE_BYTES: u64 = 64 * 1024;

/// The bytes that a socket has moved, counted where it is read and written; a clone counts the same.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Moved>);

#[derive(Debug, Default)]
struct Moved {
    read: AtomicU64,
    written: AtomicU64,
    /// Nothing is read past this many bytes; 0: no bound.
    read_max: AtomicU64,
    /// The writer waits for others, not for its peer.
    is_queued: AtomicBool,
    /// Bytes that had been read when the last message was done with.
    done: AtomicU64,
    /// The user's places for large messages.
    places: OnceLock<Arc<Semaphore>>,
    /// Whether the message that is being read has one.
    has_place: AtomicBool,
    /// Whether it waits for one: then it is not the peer that is silent.
    is_held_up: AtomicBool,
    place: Mutex<PlaceForMessage>,
}

#[derive(Default)]
enum PlaceForMessage {
    #[default]
    Unneeded,
    Asked(BoxFuture<'static, Result<OwnedSemaphorePermit, AcquireError>>),
    /// Given back by being dropped.
    Taken(#[allow(dead_code, reason = "it is held")] OwnedSemaphorePermit),
}

impl fmt::Debug for PlaceForMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unneeded => "Unneeded",
            Self::Asked(_) => "Asked",
            Self::Taken(_) => "Taken",
        })
    }
}

impl Progress {
    /// Bytes have come in.
    pub fn read(&self, bytes: usize) {
        self.0.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Whether the peer has sent more than it may: nothing more is to be read.
    pub fn is_beyond(&self) -> bool {
        let max = self.0.read_max.load(Ordering::Relaxed);
        max != 0 && self.bytes_read() > max
    }

    /// Whether more may be read: a message that has become large needs one of its user's places, and waits for it.
    pub fn poll_may_read(&self, cx: &mut Context<'_>) -> Poll<()> {
        let unfinished = self.bytes_read().saturating_sub(self.0.done.load(Ordering::Relaxed));
        if unfinished <= LARGE_MESSAGE_BYTES || self.0.has_place.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        // Before anybody is recognised far less may be read.
        let Some(places) = self.0.places.get() else {
            return Poll::Ready(());
        };
        let mut place = self.0.place.lock().expect("nothing panics while it is held");
        if matches!(*place, PlaceForMessage::Unneeded) {
            *place = PlaceForMessage::Asked(Box::pin(Arc::clone(places).acquire_owned()));
        }
        let PlaceForMessage::Asked(asked) = &mut *place else {
            return Poll::Ready(());
        };
        match asked.poll_unpin(cx) {
            Poll::Ready(permit) => {
                *place = PlaceForMessage::Taken(permit.expect("the semaphore is never closed"));
                self.0.has_place.store(true, Ordering::Relaxed);
                self.0.is_held_up.store(false, Ordering::Relaxed);
                Poll::Ready(())
            }
            Poll::Pending => {
                if !self.0.is_held_up.swap(true, Ordering::Relaxed) {
                    Limit::UserInboundBytes.slows();
                }
                Poll::Pending
            }
        }
    }

    /// From here on large messages need one of these places.
    pub(super) fn count_large_messages(&self, places: Arc<Semaphore>) {
        let _ = self.0.places.set(places);
    }

    /// A message has been read and handed on.
    pub(super) fn message_done(&self) {
        self.0.done.store(self.bytes_read(), Ordering::Relaxed);
        if self.0.has_place.load(Ordering::Relaxed) {
            *self.0.place.lock().expect("nothing panics while it is held") = PlaceForMessage::Unneeded;
            self.0.has_place.store(false, Ordering::Relaxed);
        }
    }

    pub(super) fn is_held_up(&self) -> bool {
        self.0.is_held_up.load(Ordering::Relaxed)
    }

    /// How much more may be read; `None` for any amount.
    pub(super) fn bound(&self, more_bytes: Option<usize>) {
        let max = more_bytes.map_or(0, |bytes| self.bytes_read() + bytes as u64);
        self.0.read_max.store(max, Ordering::Relaxed);
    }

    /// Bytes have gone out, if that is what the poll says.
    pub fn wrote(&self, polled: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = polled {
            self.0.written.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
    }

    /// The writer waits for others from here on, or no longer does.
    pub(super) fn queue(&self, is_queued: bool) {
        self.0.is_queued.store(is_queued, Ordering::Relaxed);
    }

    /// Whether the writer waits for others, so that nothing goes out without any fault of the peer.
    pub(super) fn waits_its_turn(&self) -> bool {
        self.0.is_queued.load(Ordering::Relaxed)
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.0.read.load(Ordering::Relaxed)
    }

    pub(super) fn bytes_written(&self) -> u64 {
        self.0.written.load(Ordering::Relaxed)
    }
}
