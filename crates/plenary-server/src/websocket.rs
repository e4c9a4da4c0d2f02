//! One connection: socket <-> room.
//!
//! A connection is one task in which a reader and a writer run side by side, so that one that waits for room in
//! a mailbox still writes, and one that waits for its socket still reads. `y_websocket` and `hocuspocus` say what
//! the two dialects do with a frame; `outbox` is what waits to be written.

mod hocuspocus;
pub(crate) mod outbox;
mod presence;
mod y_websocket;

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use axum::{
    Router,
    extract::{
        WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use plenary_ids::{ConnectionId, DocumentId, UserId};
use plenary_permissions::Access;
use plenary_protocol::{CloseReason, limits};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, sleep_until, timeout},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::outbox::{Outbox, Outgoing, Turn, Waiting};
use crate::{
    App,
    auth::{self, AuthError, Credential, Identity},
    directory::Denied,
    error::Error,
    health::Fitness,
    routes::until_not_found_is_said,
};

/// Small, for most connections are quiet: the library's own size of 128 KiB would be most of a connection's memory.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Frames of one turn are gathered up to this size before they go to the socket.
const WRITE_BUFFER_BYTES: usize = 8 * 1024;

/// What the socket layer reads of one message. A little over our own limit, so that frames just above it are
/// answered in their dialect instead of ending the connection.
const MESSAGE_BYTES_MAX: usize = limits::FRAME_BYTES_MAX + 1024 * 1024;

/// No byte came in for this long, not even the answer to a ping, or none went out of those that wait: the peer is
/// gone. Bytes are counted and not messages, for on a poor line a large document takes minutes either way.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// How long a peer may take to answer our close frame.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Frames above this size are written one at a time, under a budget that all connections share: a herd that asks
/// for a large document must not multiply it in memory.
const LARGE_FRAME_BYTES: usize = 64 * 1024;

/// The budget, in KiB, for a semaphore counts in `u32`.
const LARGE_FRAMES_KIB_MAX: u32 = 256 * 1024;

/// One user's part of it, so that nobody whose sockets take little keeps the others waiting.
const LARGE_FRAMES_OF_USER_KIB_MAX: u32 = LARGE_FRAMES_KIB_MAX / 8;

/// When a sign-in has run out and holds all the same, for it was prolonged elsewhere: how soon it is asked again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Connections of one user. Six devices with ten tabs are far below, a runaway script is above.
const CONNECTIONS_PER_USER_MAX: usize = 256;

/// The two endpoints.
pub fn routes() -> Router<App> {
    described_routes().into()
}

pub(crate) fn described_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(y_websocket::upgrade)).routes(routes!(hocuspocus::upgrade))
}

/// The open connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connections(Arc<ConnectionsInner>);

#[derive(Debug)]
struct ConnectionsInner {
    next: AtomicU64,
    open: watch::Sender<usize>,
    by_user: Mutex<HashMap<UserId, usize>>,
    large_frames: Semaphore,
    /// The parts of the budget, of those who use them just now.
    large_frames_of: Mutex<HashMap<UserId, Arc<Semaphore>>>,
}

impl Default for Connections {
    fn default() -> Self {
        Self(Arc::new(ConnectionsInner {
            next: AtomicU64::new(1),
            open: watch::Sender::new(0),
            by_user: Mutex::default(),
            large_frames: Semaphore::new(LARGE_FRAMES_KIB_MAX as usize),
            large_frames_of: Mutex::default(),
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

    fn large_frames_of(&self, user: UserId) -> Arc<Semaphore> {
        let mut shares = self.0.large_frames_of.lock().expect("nothing panics while it is held");
        shares.retain(|_, share| Arc::strong_count(share) > 1);
        let share = shares
            .entry(user)
            .or_insert_with(|| Arc::new(Semaphore::new(LARGE_FRAMES_OF_USER_KIB_MAX as usize)));
        Arc::clone(share)
    }

    fn open(&self) -> Open {
        self.0.open.send_modify(|open| *open += 1);
        Open {
            id: ConnectionId(self.0.next.fetch_add(1, Ordering::Relaxed)),
            connections: self.clone(),
            user: None,
        }
    }
}

/// Counts one connection for as long as it lives.
#[derive(Debug)]
struct Open {
    id: ConnectionId,
    connections: Connections,
    user: Option<UserId>,
}

impl Open {
    /// Counts it for its user, the first that it names. False when that user has too many already.
    fn belongs_to(&mut self, user: UserId) -> bool {
        if self.user.is_some() {
            return true;
        }
        let mut by_user = self.connections.0.by_user.lock().expect("nothing panics while it is held");
        let count = by_user.entry(user).or_default();
        if *count >= CONNECTIONS_PER_USER_MAX {
            return false;
        }
        *count += 1;
        self.user = Some(user);
        true
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(user) = self.user {
            let mut by_user = self.connections.0.by_user.lock().expect("nothing panics while it is held");
            if let Some(count) = by_user.get_mut(&user) {
                *count -= 1;
                if *count == 0 {
                    by_user.remove(&user);
                }
            }
        }
        self.connections.0.open.send_modify(|open| *open -= 1);
    }
}

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

    /// How much more may be read; `None` for any amount.
    fn bound(&self, more_bytes: Option<usize>) {
        let max = more_bytes.map_or(0, |bytes| self.bytes_read() + bytes as u64);
        self.0.read_max.store(max, Ordering::Relaxed);
    }

    /// Bytes have gone out, if that is what the poll says.
    pub fn wrote(&self, polled: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = polled {
            self.0.written.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
    }

    fn is_queued(&self, is_queued: bool) {
        self.0.is_queued.store(is_queued, Ordering::Relaxed);
    }

    fn bytes_read(&self) -> u64 {
        self.0.read.load(Ordering::Relaxed)
    }

    fn bytes_written(&self) -> u64 {
        self.0.written.load(Ordering::Relaxed)
    }
}

/// What a dialect does with what comes in.
trait Dialog: Send {
    /// What keeps a quiet client from closing its socket.
    const FILLER: &'static [u8];

    /// Takes one frame. May wait for the room or the store; nothing more is read meanwhile.
    fn frame(&mut self, frame: Bytes) -> impl Future<Output = ()> + Send;

    /// When [`on_time`](Self::on_time) is due, if it is.
    fn due(&self) -> Option<Instant>;

    /// Something runs out.
    fn on_time(&mut self) -> impl Future<Output = ()> + Send;

    /// Whether any room has been joined: then the rooms say when the connection ends.
    fn is_seated(&self) -> bool;

    /// The socket is gone: leaves all rooms.
    fn leave(self) -> impl Future<Output = ()> + Send;
}

/// HTTP's answer while the process takes nobody in: stock clients then back off.
fn unavailable(app: &App) -> Option<Response> {
    (app.health.fitness() != Fitness::Ready).then(|| Error::Busy.into_response())
}

fn sized(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// They are told this.
    Because(CloseReason),
    /// It cannot be found out just now.
    NotNow,
}

impl Refusal {
    /// What to tell somebody who is connected already.
    fn reason(self) -> CloseReason {
        match self {
            Self::Because(reason) => reason,
            Self::NotNow => CloseReason::StoreDown,
        }
    }
}

/// Somebody may join a document's room.
struct Admission {
    identity: Identity,
    document: DocumentId,
    access: Access,
    /// For [`Rooms::join`](crate::rooms::Rooms).
    asked_at: u64,
}

/// The sign-in cookie, if the upgrade comes from our own pages.
fn cookie(app: &App, headers: &HeaderMap) -> Option<Credential> {
    auth::cookie(&app.config, headers).filter(|_| auth::is_own_origin(&app.config, headers))
}

/// Recognises whoever shows a credential.
async fn recognise(app: &App, credential: Option<Credential>) -> Result<Identity, Refusal> {
    let Some(credential) = credential else {
        return Err(Refusal::Because(CloseReason::BadToken));
    };
    let is_ticket = matches!(credential, Credential::Ticket(_));
    app.directory.authenticate(credential).await.map_err(|error| match error {
        AuthError::Missing | AuthError::Invalid if is_ticket => Refusal::Because(CloseReason::Expired),
        AuthError::Missing | AuthError::Invalid | AuthError::SecondFactorRequired => {
            Refusal::Because(CloseReason::BadToken)
        }
        AuthError::Store(_) => Refusal::NotNow,
    })
}

/// Says whether somebody recognised may join the document of that name.
async fn admit(app: &App, open: &mut Open, identity: Identity, name: &str) -> Result<Admission, Refusal> {
    if !open.belongs_to(identity.user) {
        return Err(Refusal::Because(CloseReason::TooFast));
    }
    let asked = Instant::now();
    let document = name.parse().map_err(|_| Refusal::Because(CloseReason::NotFound))?;
    let asked_at = app.rooms.access_changes();
    let grant = match app.directory.access(&identity, document).await {
        Ok(grant) => grant,
        Err(Denied::Store(_)) => return Err(Refusal::NotNow),
        Err(denied) => {
            if matches!(denied, Denied::NotFound) {
                until_not_found_is_said(asked).await;
            }
            return Err(Refusal::Because(denied.reason()));
        }
    };
    Ok(Admission { identity, document, access: grant.access, asked_at })
}

/// When an identity runs out.
fn expiry(app: &App, identity: &Identity) -> Option<Instant> {
    let left_ms = identity.expires_at_ms?.saturating_sub(app.clock.now_ms());
    Instant::now().checked_add(Duration::from_millis(left_ms))
}

/// Serves one connection until it is over.
async fn serve<D: Dialog>(app: &App, socket: WebSocket, progress: Progress, outbox: &Outbox, mut dialog: D) {
    let (sink, stream) = socket.split();
    {
        let reader = read(app, stream, &progress, outbox, &mut dialog);
        let writer = write(app, sink, &progress, outbox, D::FILLER);
        tokio::pin!(reader, writer);
        let outcome = tokio::select! {
            () = &mut reader => Written::Lost,
            outcome = &mut writer => outcome,
        };
        if let Written::Closed(reason) = outcome {
            tracing::debug!(%reason, "connection closed by us");
            // Ending with unread bytes would reset the connection and the close frame might be lost with it.
            let _ = timeout(CLOSE_WITHIN, reader).await;
        }
    }
    outbox.finish();
    dialog.leave().await;
}

async fn read<D: Dialog>(
    app: &App,
    mut stream: SplitStream<WebSocket>,
    progress: &Progress,
    outbox: &Outbox,
    dialog: &mut D,
) {
    let mut fitness = app.health.subscribe();
    let mut heard = (Instant::now(), progress.bytes_read());
    let unseated = |dialog: &D| (!dialog.is_seated()).then_some(limits::BEFORE_AUTH_BYTES_MAX);
    progress.bound(unseated(dialog));
    loop {
        let silent = heard.0 + SILENCE_MAX;
        let due = dialog.due().map_or(silent, |due| due.min(silent));
        let next = async {
            outbox.may_be_read().await;
            stream.next().await
        };
        let received = tokio::select! {
            biased;
            received = next => received,
            () = sleep_until(due) => {
                if due < silent {
                    dialog.on_time().await;
                } else if progress.bytes_read() != heard.1 || outbox.is_writing() {
                    // A large message is on its way, or our ping waits behind one.
                    heard = (Instant::now(), progress.bytes_read());
                } else {
                    tracing::debug!("nothing heard for too long");
                    return;
                }
                continue;
            }
            Ok(()) = fitness.changed() => {
                if !dialog.is_seated() {
                    outbox.close(CloseReason::Restart, Waiting::Written);
                }
                continue;
            }
        };
        heard = (Instant::now(), progress.bytes_read());
        match received {
            // Nothing is accepted any more; reading on lets the peer's close frame arrive.
            Some(Ok(_)) if outbox.is_closing() => {}
            Some(Ok(Message::Binary(frame))) => {
                metrics::counter!("plenary_received_bytes_total").increment(frame.len() as u64);
                dialog.frame(frame).await;
            }
            Some(Ok(Message::Text(_))) => outbox.close(CloseReason::Malformed, Waiting::Written),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => {}
            Some(Err(error)) => {
                if !is_too_large(&error) && !progress.is_beyond() {
                    return;
                }
                // What follows cannot be read; the writer says why and ends.
                outbox.close(CloseReason::TooLarge, Waiting::Written);
                std::future::pending::<()>().await;
            }
            None => return,
        }
        // Only whoever has shown a credential may have a large message kept for it.
        progress.bound(unseated(dialog));
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    use std::error::Error;
    let text = error.source().map_or_else(|| error.to_string(), |source| source.to_string());
    text.contains("too long")
}

/// How writing ended.
enum Written {
    /// With this close frame.
    Closed(CloseReason),
    /// The peer is gone or was given up.
    Lost,
}

async fn write(
    app: &App,
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
                Err(_) if progress.0.is_queued.load(Ordering::Relaxed) => {}
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
        progress.is_queued(true);
        let share = outgoing.seat.as_ref().map(|seat| app.connections.large_frames_of(seat.user));
        let of_user = match &share {
            Some(share) => Some(share.acquire_many(kib).await),
            None => None,
        };
        let budget = app.connections.0.large_frames.acquire_many(kib).await;
        progress.is_queued(false);
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
