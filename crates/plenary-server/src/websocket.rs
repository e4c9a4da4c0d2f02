//! One connection: socket <-> room.
//!
//! A connection is one task in which a reader and a writer run side by side, so that one that waits for room in
//! a mailbox still writes, and one that waits for its socket still reads. `y_websocket` and `hocuspocus` say what
//! the two dialects do with a frame; `outbox` is what waits to be written, and `writing` writes it; `progress` counts the
//! bytes, `open` the connections.

mod hocuspocus;
mod open;
pub(crate) mod outbox;
mod presence;
mod progress;
mod writing;
mod y_websocket;

use std::{future::Future, time::Duration};

use axum::{
    Router,
    extract::{
        WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream::SplitStream};
use plenary_ids::DocumentId;
use plenary_permissions::Access;
use plenary_protocol::{CloseReason, limits};
use tokio::time::{Instant, sleep_until, timeout};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::{open::Connections, progress::Progress};
use self::{
    open::Open,
    outbox::{Outbox, Waiting},
    writing::{Written, count_end, write},
};
use crate::{
    App,
    auth::{self, AuthError, Credential, Identity},
    directory::Denied,
    error::Error,
    health::Fitness,
    limits::{Limit, Shedding},
    routes::until_not_found_is_said,
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

/// When a sign-in has run out and holds all the same, for it was prolonged elsewhere: how soon it is asked again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// The two endpoints.
pub fn routes() -> Router<App> {
    described_routes().into()
}

pub(crate) fn described_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(y_websocket::upgrade)).routes(routes!(hocuspocus::upgrade))
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
                until_not_found_is_said(asked.into_std()).await;
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
