//! What waits to be written to one socket: filled by rooms, emptied by the connection's writer.
//!
//! Pushing never waits. How much may wait is the room's business: it counts its bytes in the participant's
//! `Backlog` and stops sending updates to a slow reader.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use plenary_protocol::CloseReason;
use tokio::sync::{Notify, watch};

use crate::rooms::Seat;

/// A peer for which more frames wait than this is not read: it must take its answers before it asks for more. Far
/// above what a client leaves unread that types as fast as it can.
const FRAMES_MAX: usize = 64 * 1024;

/// The frames that wait for one socket, and how it is to end.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// Wakes the writer, the only one that waits for it.
    wake: Notify,
    /// Wakes the writer out of a write, when the connection is to be dropped at once.
    dropped: Notify,
    /// The last turn whose frames have all been written or discarded.
    written: watch::Sender<u64>,
    /// Whether frames in the writer's hands are to be discarded, too.
    discards: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Outgoing>,
    /// Counts the turns that the writer has taken.
    turn: u64,
    /// Frames that it took in the last one.
    in_hand: usize,
    closing: Option<CloseReason>,
    is_dropped: bool,
}

/// One frame on its way.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// A whole WebSocket binary message.
    pub(crate) frame: Bytes,
    /// Which participation it belongs to; `None` when the connection itself speaks.
    pub(crate) seat: Option<Arc<Seat>>,
}

/// What becomes of the frames that wait when a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// They are written before the close frame.
    Written,
    /// Nothing but the close frame is written any more.
    Discarded,
}

/// What the writer does next.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Write the frames that were taken, then say [`Outbox::turn_written`].
    Write,
    /// Write this close frame and end.
    Close(CloseReason),
    /// End without a word.
    Drop,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            wake: Notify::new(),
            dropped: Notify::new(),
            written: watch::Sender::new(0),
            discards: AtomicBool::new(false),
        }
    }
}

impl Outbox {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing below can panic while the lock is held.
        self.state.lock().expect("the outbox is not poisoned")
    }

    /// Queues a frame of the connection's own, unless it is closing.
    pub(crate) fn push(&self, frame: Bytes) {
        self.push_from(None, frame);
    }

    /// Queues a frame for a participation, unless that has ended or the connection is closing.
    pub(crate) fn push_for(&self, seat: &Arc<Seat>, frame: Bytes) {
        self.push_from(Some(seat), frame);
    }

    fn push_from(&self, seat: Option<&Arc<Seat>>, frame: Bytes) {
        let mut state = self.state();
        if state.closing.is_some() || state.is_dropped || seat.is_some_and(|seat| seat.has_ended()) {
            return;
        }
        state.queue.push_back(Outgoing { frame, seat: seat.cloned() });
        drop(state);
        self.wake.notify_one();
    }

    /// Ends one participation: what waits for it is discarded, what comes later is not taken, `last_word` is
    /// queued. Nothing happens if it had ended before.
    pub(crate) fn end_seat(&self, seat: &Seat, last_word: Option<Bytes>) {
        let mut state = self.state();
        if seat.mark_ended() {
            return;
        }
        state.queue.retain(|waiting| waiting.seat.as_ref().is_none_or(|other| !other.has_ended()));
        if let Some(frame) = last_word
            && state.closing.is_none()
        {
            state.queue.push_back(Outgoing { frame, seat: None });
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Closes the connection. The first reason stays, and nothing is queued any more.
    pub(crate) fn close(&self, reason: CloseReason, waiting: Waiting) {
        let mut state = self.state();
        state.closing.get_or_insert(reason);
        if waiting == Waiting::Discarded {
            self.discards.store(true, Ordering::SeqCst);
            state.queue.clear();
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Whether nothing that comes in is accepted any more.
    pub(crate) fn is_closing(&self) -> bool {
        let state = self.state();
        state.closing.is_some() || state.is_dropped
    }

    /// Whether a frame that the writer holds must not be written any more.
    pub(crate) fn discards(&self, outgoing: &Outgoing) -> bool {
        self.discards.load(Ordering::SeqCst) || outgoing.seat.as_ref().is_some_and(|seat| seat.has_ended())
    }

    /// Waits for something to do and moves all frames that wait into `frames`.
    pub(crate) async fn next_turn(&self, frames: &mut VecDeque<Outgoing>) -> Turn {
        loop {
            {
                let mut state = self.state();
                if state.is_dropped {
                    return Turn::Drop;
                }
                if !state.queue.is_empty() {
                    state.turn += 1;
                    state.in_hand = state.queue.len();
                    frames.append(&mut state.queue);
                    return Turn::Write;
                }
                if let Some(reason) = state.closing {
                    return Turn::Close(reason);
                }
            }
            self.wake.notified().await;
        }
    }

    /// The frames of the last turn have left (or were discarded).
    pub(crate) fn turn_written(&self) {
        let turn = {
            let mut state = self.state();
            state.in_hand = 0;
            state.turn
        };
        self.written.send_replace(turn);
    }

    /// Returns once so few frames wait that the peer may be read.
    pub(crate) async fn may_be_read(&self) {
        let mut written = self.written.subscribe();
        while {
            let state = self.state();
            state.queue.len() + state.in_hand > FRAMES_MAX && !state.is_dropped
        } {
            if written.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether frames are in the writer's hands.
    pub(crate) fn is_writing(&self) -> bool {
        self.state().turn != *self.written.borrow()
    }

    /// Returns when no frame that was taken before this call is in the writer's hands any more. A socket that
    /// does not take them `within` is dropped: what was revoked must not leave later.
    pub(crate) async fn settled(&self, within: Duration) {
        let turn = self.state().turn;
        let mut written = self.written.subscribe();
        let settled = written.wait_for(|written| *written >= turn);
        if tokio::time::timeout(within, settled).await.is_err() {
            self.drop_connection();
        }
    }

    /// Ends the connection without another word.
    pub(crate) fn drop_connection(&self) {
        let mut state = self.state();
        state.is_dropped = true;
        state.queue.clear();
        drop(state);
        self.wake.notify_one();
        self.dropped.notify_one();
    }

    /// Returns once [`drop_connection`](Self::drop_connection) was called. For the writer alone.
    pub(crate) async fn until_dropped(&self) {
        while !self.state().is_dropped {
            self.dropped.notified().await;
        }
    }

    /// The connection is over: nobody waits for its writer any more.
    pub(crate) fn finish(&self) {
        self.drop_connection();
        self.written.send_replace(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn frame(byte: u8) -> Bytes {
        Bytes::from(vec![byte])
    }

    /// What the writer would do now, if anything.
    fn turn(outbox: &Outbox, frames: &mut VecDeque<Outgoing>) -> Option<Turn> {
        outbox.next_turn(frames).now_or_never()
    }

    #[test]
    fn frames_that_wait_leave_in_one_turn_and_the_close_frame_after_them() {
        let (outbox, mut frames) = (Outbox::default(), VecDeque::new());
        outbox.push(frame(1));
        outbox.push(frame(2));
        outbox.close(CloseReason::Restart, Waiting::Written);
        outbox.push(frame(3));
        assert!(matches!(turn(&outbox, &mut frames), Some(Turn::Write)));
        assert_eq!(frames.iter().map(|outgoing| outgoing.frame[0]).collect::<Vec<_>>(), [1, 2]);
        outbox.turn_written();
        assert!(matches!(turn(&outbox, &mut frames), Some(Turn::Close(CloseReason::Restart))));
    }

    #[test]
    fn what_is_discarded_is_neither_in_the_queue_nor_written_from_the_writers_hands() {
        let (outbox, mut frames) = (Outbox::default(), VecDeque::new());
        outbox.push(frame(1));
        assert!(matches!(turn(&outbox, &mut frames), Some(Turn::Write)));
        outbox.push(frame(2));
        outbox.close(CloseReason::Removed, Waiting::Discarded);
        outbox.close(CloseReason::Restart, Waiting::Written);
        assert!(outbox.discards(&frames[0]));
        assert!(matches!(turn(&outbox, &mut frames), Some(Turn::Close(CloseReason::Removed))));
    }

    #[test]
    fn a_peer_that_does_not_take_its_answers_is_not_read() {
        let (outbox, mut frames) = (Outbox::default(), VecDeque::new());
        for _ in 0..=FRAMES_MAX {
            outbox.push(frame(1));
        }
        assert!(outbox.may_be_read().now_or_never().is_none());
        assert!(matches!(turn(&outbox, &mut frames), Some(Turn::Write)));
        assert!(outbox.may_be_read().now_or_never().is_none());
        outbox.turn_written();
        assert!(outbox.may_be_read().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_writer_that_does_not_get_on_is_dropped_when_somebody_waits_for_it() {
        let (outbox, mut frames) = (Outbox::default(), VecDeque::new());
        outbox.push(frame(1));
        assert!(matches!(turn(&outbox, &mut frames), Some(Turn::Write)));
        outbox.settled(Duration::from_secs(1)).await;
        assert!(outbox.until_dropped().now_or_never().is_some());
        assert!(matches!(turn(&outbox, &mut frames), Some(Turn::Drop)));
    }
}
