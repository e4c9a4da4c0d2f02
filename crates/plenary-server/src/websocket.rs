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
    collections::VecDeque,
    fmt,
    future::Future,
    io,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Extension, Router,
    extract::{
        WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{
    FutureExt, SinkExt, StreamExt,
    future::BoxFuture,
    stream::{SplitSink, SplitStream},
};
use plenary_ids::{ConnectionId, DocumentId, UserId};
use plenary_permissions::Access;
use plenary_protocol::{CloseReason, limits};
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::outbox::{Outbox, Outgoing, Turn, Waiting};
use crate::{
    App,
    auth::{self, AuthError, Credential, Identity},
    directory::Denied,
    error::Error,
    health::Fitness,
    limits::{
        Account, LARGE_FRAMES_OF_USER_KIB_MAX, Limit, Limits, Place, Shedding,
        Waiting as WaitingForCredential,
    },
    routes::{ClientAddress, until_not_found_is_said},
};

/// Small, for most connections are quiet: the library's own size of 128 KiB would be most of a connection's memory.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Frames of one turn are gathered up to this size before they go to the socket.
const WRITE_BUFFER_BYTES: usize = 8 * 1024;

/// What the socket layer reads of one message. A little over our own limit, so that frames just above it are
/// answered in their dialect instead of ending the connection.
pub(crate) const MESSAGE_BYTES_MAX: usize = limits::FRAME_BYTES_MAX + 1024 * 1024;

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

/// When a sign-in has run out and holds all the same, for it was prolonged elsewhere: how soon it is asked again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// After this many bytes a message that is not whole yet counts as large: its user has so many places for such.
const LARGE_MESSAGE_BYTES: u64 = 64 * 1024;

/// Stock clients return at once after a restart. So when the server ends, their sockets are closed one after the other:
/// a thousand take this long, few go together.
const RESTART_SPREAD: Duration = Duration::from_secs(2);

/// So many sockets share the spread.
const RESTART_STEPS: u64 = 1_000;

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
    fn restart_after(&self, id: ConnectionId, drain: Duration) -> Duration {
        let among = (self.count() as u64).clamp(1, RESTART_STEPS);
        let step = (id.0 % among) as f64 / RESTART_STEPS as f64;
        RESTART_SPREAD.min(drain / 4).mul_f64(step)
    }
}

/// One connection, counted for as long as it lives.
#[derive(Debug)]
struct Open {
    id: ConnectionId,
    connections: Connections,
    limits: Limits,
    progress: Progress,
    /// Until somebody is recognised.
    waiting: Option<WaitingForCredential>,
    /// Among those of its user, the first that it names.
    place: Option<Place>,
}

impl Open {
    /// Begins one. Fails when too many of its address wait, or come to nothing; or when memory is short.
    fn begin(
        app: &App,
        address: ClientAddress,
        progress: Option<Extension<Progress>>,
    ) -> Result<Self, Error> {
        if app.limits.shedding() >= Shedding::Joins {
            Limit::Memory.refuses();
            return Err(Error::Busy);
        }
        // A proxy that does not say for whom it asks, or a program on this machine, is nobody's address.
        let is_trusted = |address| app.config.trusted_proxies.iter().any(|network| network.contains(address));
        let address = address.0.filter(|address| !is_trusted(*address));
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
    fn belongs_to(&mut self, user: UserId) -> bool {
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
    fn account(&self) -> Option<Arc<Account>> {
        self.place.as_ref().map(Place::account)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
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
    fn count_large_messages(&self, places: Arc<Semaphore>) {
        let _ = self.0.places.set(places);
    }

    /// A message has been read and handed on.
    fn message_done(&self) {
        self.0.done.store(self.bytes_read(), Ordering::Relaxed);
        if self.0.has_place.load(Ordering::Relaxed) {
            *self.0.place.lock().expect("nothing panics while it is held") = PlaceForMessage::Unneeded;
            self.0.has_place.store(false, Ordering::Relaxed);
        }
    }

    fn is_held_up(&self) -> bool {
        self.0.is_held_up.load(Ordering::Relaxed)
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

    /// The connection.
    fn open(&self) -> &Open;

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
    if app.limits.shedding() >= Shedding::Joins {
        Limit::Memory.refuses();
        return Err(Refusal::Because(CloseReason::Busy));
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

/// When to ask again whether an identity holds that is about to be asked for because its time is up. Our timer runs
/// apart from the clock, which is set right now and then: what is left by the clock is waited for, and no more.
/// Nothing is left of one that was prolonged elsewhere.
fn look_again(app: &App, identity: &Identity) -> Instant {
    let left_ms = identity.expires_at_ms.unwrap_or_default().saturating_sub(app.clock.now_ms());
    let wait = if left_ms > 0 { Duration::from_millis(left_ms) } else { LOOK_AGAIN };
    Instant::now() + wait.min(LOOK_AGAIN)
}

/// Serves one connection until it is over.
async fn serve<D: Dialog>(app: &App, socket: WebSocket, outbox: &Outbox, mut dialog: D) {
    let (sink, stream) = socket.split();
    let (id, progress) = (dialog.open().id, dialog.open().progress.clone());
    {
        let reader = read(app, stream, &progress, outbox, &mut dialog);
        let writer = write(app, id, sink, &progress, outbox, D::FILLER);
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
    let mut account = None;
    loop {
        if account.is_none() {
            account = dialog.open().account();
        }
        let silent = heard.0 + SILENCE_MAX;
        let due = dialog.due().map_or(silent, |due| due.min(silent));
        let next = async {
            outbox.may_be_read().await;
            if let Some(account) = &account {
                account.may_be_read().await;
            }
            stream.next().await
        };
        let received = tokio::select! {
            biased;
            received = next => received,
            () = sleep_until(due) => {
                if due < silent {
                    dialog.on_time().await;
                } else if progress.bytes_read() != heard.1
                    || outbox.is_writing()
                    || progress.is_held_up()
                    || account.as_ref().is_some_and(|account| account.has_to_wait())
                {
                    // A large message is on its way, or our ping waits behind one; or it is we who do not read.
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
        progress.message_done();
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
fn count_end(reason: CloseReason) {
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
        let seat = outgoing.seat.clone();
        let of_user = match &seat {
            Some(seat) => Some(seat.account.large_frames.acquire_many(kib).await),
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
