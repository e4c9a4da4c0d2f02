//! The writer of a connection: what waits in its outbox goes to the socket.

use std::{collections::VecDeque, future::Future};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use futures_util::{SinkExt, stream::SplitSink};
use plenary_ids::ConnectionId;
use plenary_protocol::{CloseReason, limits};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    Progress, SILENCE_MAX,
    outbox::{Outbox, Outgoing, Turn},
};
use crate::{App, limits::LARGE_FRAMES_OF_USER_KIB_MAX};

/// Frames above this size are written one at a time, under a budget that all connections share: a herd that asks
/// for a large document must not multiply it in memory.
const LARGE_FRAME_BYTES: usize = 64 * 1024;

/// How writing ended.
pub(super) enum Written {
    /// With this close frame.
    Closed(CloseReason),
    /// The peer is gone or was given up.
    Lost,
}

pub(super) async fn write(
    app: &App,
    id: ConnectionId,
    mut sink: SplitSink<WebSocket, Message>,
    progress: &Progress,
    outbox: &Outbox,
    filler: &'static [u8],
) -> Written {
    let mut frames = VecDeque::new();
    let mut filler_due = Instant::now() + limits::FILLER_AFTER;
    let mut ping_due = filler_due;
    loop {
        let now = Instant::now();
        let mut due = Vec::new();
        // Browsers answer pings but do not show them to a page, which waits for data; one that only listens must
        // be asked for a sign of life all the same.
        if now >= ping_due {
            due.push(Message::Ping(Bytes::new()));
            ping_due = now + limits::FILLER_AFTER;
        }
        if now >= filler_due {
            due.push(Message::Binary(Bytes::from_static(filler)));
            filler_due = now + limits::FILLER_AFTER;
        }
        if !due.is_empty() && in_time(progress, outbox, send_all(&mut sink, due)).await.is_err() {
            return Written::Lost;
        }
        let turn = tokio::select! {
            biased;
            turn = outbox.next_turn(&mut frames) => turn,
            () = sleep_until(ping_due.min(filler_due)) => continue,
        };
        match turn {
            Turn::Write => {
                if in_time(progress, outbox, write_turn(app, &mut sink, progress, outbox, &mut frames))
                    .await
                    .is_err()
                {
                    return Written::Lost;
                }
                outbox.turn_written();
                filler_due = Instant::now() + limits::FILLER_AFTER;
            }
            Turn::Close(reason) => {
                if reason == CloseReason::Restart {
                    let after = app.connections.restart_after(id, app.config.drain.0);
                    tokio::select! {
                        () = sleep(after) => {}
                        () = outbox.until_dropped() => return Written::Lost,
                    }
                }
                count_end(reason);
                let close =
                    Message::Close(Some(CloseFrame { code: reason.code(), reason: reason.text().into() }));
                return match in_time(progress, outbox, send_all(&mut sink, vec![close])).await {
                    Ok(()) => Written::Closed(reason),
                    Err(Lost) => Written::Lost,
                };
            }
            Turn::Drop => return Written::Lost,
        }
    }
}

/// Counts a connection, or a document on one, that we end.
pub(super) fn count_end(reason: CloseReason) {
    metrics::counter!("plenary_closed_total", "why" => reason.text()).increment(1);
}

/// The peer is gone.
struct Lost;

impl From<axum::Error> for Lost {
    fn from(_: axum::Error) -> Self {
        Self
    }
}

/// Waits for a write for as long as it gets on.
async fn in_time(
    progress: &Progress,
    outbox: &Outbox,
    writing: impl Future<Output = Result<(), Lost>>,
) -> Result<(), Lost> {
    tokio::pin!(writing);
    loop {
        let before = progress.bytes_written();
        tokio::select! {
            written = timeout(SILENCE_MAX, &mut writing) => match written {
                Ok(written) => return written,
                Err(_) if progress.waits_its_turn() => {}
                Err(_) if progress.bytes_written() == before => return Err(Lost),
                Err(_) => {}
            },
            () = outbox.until_dropped() => return Err(Lost),
        }
    }
}

async fn send_all(sink: &mut SplitSink<WebSocket, Message>, messages: Vec<Message>) -> Result<(), Lost> {
    for message in messages {
        sink.feed(message).await?;
    }
    Ok(sink.flush().await?)
}

/// Writes everything that waited, and flushes once: at 50 readers that is worth nine times the throughput of a
/// flush for each frame. Large frames go one by one.
async fn write_turn(
    app: &App,
    sink: &mut SplitSink<WebSocket, Message>,
    progress: &Progress,
    outbox: &Outbox,
    frames: &mut VecDeque<Outgoing>,
) -> Result<(), Lost> {
    let mut fed = Vec::with_capacity(frames.len());
    while let Some(outgoing) = frames.pop_front() {
        if outbox.discards(&outgoing) {
            continue;
        }
        let size_bytes = outgoing.frame.len();
        if size_bytes <= LARGE_FRAME_BYTES {
            sink.feed(Message::Binary(outgoing.frame.clone())).await?;
            fed.push(outgoing);
            continue;
        }
        sink.flush().await?;
        written(fed.drain(..));
        let kib = u32::try_from(size_bytes / 1024).unwrap_or(u32::MAX).min(LARGE_FRAMES_OF_USER_KIB_MAX);
        progress.queue(true);
        let seat = outgoing.seat.clone();
        let of_user = match &seat {
            Some(seat) => Some(seat.account.large_frames.acquire_many(kib).await),
            None => None,
        };
        let budget = app.connections.large_frames(kib).await;
        progress.queue(false);
        if outbox.discards(&outgoing) {
            continue;
        }
        sink.feed(Message::Binary(outgoing.frame.clone())).await?;
        sink.flush().await?;
        drop((budget, of_user));
        written(std::iter::once(outgoing));
    }
    sink.flush().await?;
    written(fed.into_iter());
    Ok(())
}

/// Takes frames that have left out of their participants' backlogs.
fn written(frames: impl Iterator<Item = Outgoing>) {
    let mut size_bytes = 0;
    for outgoing in frames {
        size_bytes += outgoing.frame.len();
        if let Some(seat) = outgoing.seat
            && seat.backlog.written(outgoing.frame.len())
        {
            seat.room.drained(seat.participant);
        }
    }
    metrics::counter!("plenary_sent_bytes_total").increment(size_bytes as u64);
}
