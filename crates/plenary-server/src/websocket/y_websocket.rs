//! The y-websocket dialect: one document a socket, the credential comes with the upgrade.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use plenary_protocol::{
    CloseReason, FILLER_Y_WEBSOCKET, Message, PlenaryMessage, decode_y_websocket, limits,
};
use plenary_room::{Dialect, Pace};
use serde::Deserialize;
use tokio::time::Instant;
use tracing::Instrument;
use utoipa::IntoParams;

use super::{
    Admission, Dialog, Open, Progress, Refusal, admit, cookie, expiry, look_again,
    outbox::{Outbox, Waiting},
    presence::marked,
    recognise, serve, sized, unavailable,
};
use crate::{
    App,
    auth::{self, Credential},
    error::Error,
    limits::{Limit, Shedding},
    rooms::{Joining, NotJoined, RoomEnded, Seat},
    routes::{ClientAddress, Params, Text, Upgrade},
};

/// Stock providers cannot set headers, so credentials come in the query; what is logged of a path never has it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Shown {
    /// From `POST /api/v1/tickets`.
    ticket: Option<String>,
    /// A bearer token, for stock clients.
    token: Option<String>,
}

/// One document over a WebSocket, in the y-websocket dialect (docs/protocol.md)
///
/// Whoever is not let in is upgraded all the same and told so by a close code,
/// for a browser shows a page nothing of a refused upgrade.
#[utoipa::path(
    get, path = "/sync/{document}", params(Shown), security((), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 101, description = "The connection is a WebSocket now"),
        (status = 400, description = "`malformed`: the query has no such names, or one twice"),
        (status = 404, description = "`not-found`: that is no text"),
        (status = 426, description = "`not-a-websocket`"),
        (status = 429, description = "`too-many-tries`: too many from this address have shown no credential"),
        (status = 503, description = "`busy`"),
    ),
)]
pub(super) async fn upgrade(
    State(app): State<App>,
    Text(document): Text,
    Params(query): Params<Shown>,
    headers: HeaderMap,
    address: ClientAddress,
    progress: Option<Extension<Progress>>,
    Upgrade(upgrade): Upgrade,
) -> Response {
    if let Some(response) = unavailable(&app) {
        return response;
    }
    let credential = match query {
        Shown { ticket: Some(ticket), .. } => Some(Credential::Ticket(ticket)),
        Shown { token: Some(token), .. } => Some(auth::token_credential(token, auth::origin(&headers))),
        _ => auth::bearer(&headers).or_else(|| cookie(&app, &headers)),
    };
    let mut open = match Open::begin(&app, address, progress) {
        Ok(open) => open,
        Err(error) => return error.into_response(),
    };
    let admission = match recognise(&app, credential).await {
        Ok(identity) => admit(&app, &mut open, identity, &document).await,
        Err(Refusal::Because(_)) if app.limits.shedding() >= Shedding::Anonymous => {
            Limit::Memory.refuses();
            return Error::Busy.into_response();
        }
        Err(refusal) => Err(refusal),
    };
    let admission = match admission {
        Ok(admission) => Ok(admission),
        Err(Refusal::Because(reason)) => Err(reason),
        Err(Refusal::NotNow) => return Error::Busy.into_response(),
    };
    let origin = auth::origin(&headers).map(ToOwned::to_owned);
    let span =
        tracing::info_span!("connection", connection = %open.id, user = tracing::field::Empty, document);
    sized(upgrade).on_upgrade(move |socket| {
        async move {
            let outbox = Arc::new(Outbox::default());
            let dialog = YWebsocket::begin(&app, open, &outbox, origin, admission).await;
            serve(&app, socket, &outbox, dialog).await;
        }
        .instrument(span)
    })
}

/// One socket of this dialect.
struct YWebsocket {
    app: App,
    open: Open,
    outbox: Arc<Outbox>,
    /// Where the browser says the page is.
    origin: Option<String>,
    seat: Option<Arc<Seat>>,
    expires: Option<Instant>,
    pace: Pace,
}

impl YWebsocket {
    async fn begin(
        app: &App,
        open: Open,
        outbox: &Arc<Outbox>,
        origin: Option<String>,
        admission: Result<Admission, CloseReason>,
    ) -> Self {
        let mut dialog = Self {
            app: app.clone(),
            open,
            outbox: Arc::clone(outbox),
            origin,
            seat: None,
            expires: None,
            pace: Pace::default(),
        };
        match admission {
            Ok(admission) => dialog.join(admission).await,
            Err(reason) => outbox.close(reason, Waiting::Written),
        }
        dialog
    }

    async fn join(&mut self, admission: Admission) {
        let account = self.open.account().expect("whoever is admitted has a place");
        tracing::Span::current().record("user", tracing::field::display(admission.identity.user));
        self.expires = expiry(&self.app, &admission.identity);
        let asked_at = admission.asked_at;
        let joining = Joining {
            document: admission.document,
            identity: admission.identity,
            access: admission.access,
            dialect: Dialect::YWebsocket,
            prefix: Bytes::new(),
            knows_close: true,
            outbox: Arc::clone(&self.outbox),
            account,
        };
        match self.app.rooms.join(joining, asked_at, &self.app.directory).await {
            Ok(seat) => self.seat = Some(seat),
            Err(NotJoined(reason)) => self.outbox.close(reason, Waiting::Written),
        }
    }

    /// A renewed credential of the same user prolongs the connection; any other ends it.
    async fn renew(&mut self, token: String) {
        let Some(seat) = self.seat.clone() else { return };
        let credential = auth::token_credential(token, self.origin.as_deref());
        match recognise(&self.app, Some(credential)).await {
            Ok(identity) if identity.user == seat.user => {
                self.expires = expiry(&self.app, &identity);
                seat.renew(identity);
                self.app.rooms.ask_again_for(&seat, &self.app.directory).await;
            }
            Ok(_) => seat.end(CloseReason::BadToken),
            Err(refusal) => seat.end(refusal.reason()),
        }
    }
}

impl Dialog for YWebsocket {
    const FILLER: &'static [u8] = FILLER_Y_WEBSOCKET;

    async fn frame(&mut self, frame: Bytes) {
        let size_bytes = frame.len();
        if size_bytes > limits::FRAME_BYTES_MAX {
            return self.outbox.close(CloseReason::TooLarge, Waiting::Written);
        }
        let Some(seat) = &self.seat else { return };
        let message = match decode_y_websocket(frame) {
            Ok(message) => message,
            Err(error) => {
                tracing::debug!(%error, size_bytes, "malformed frame");
                return self.outbox.close(CloseReason::Malformed, Waiting::Written);
            }
        };
        match message {
            Message::Awareness(_) | Message::QueryAwareness
                if self.app.limits.shedding() >= Shedding::Awareness =>
            {
                Limit::Memory.refuses();
            }
            Message::Awareness(_) | Message::QueryAwareness
                if self.pace.is_too_fast(self.app.clock.now_ms()) =>
            {
                self.outbox.close(CloseReason::TooFast, Waiting::Written);
            }
            Message::Plenary(PlenaryMessage::Token(token)) => self.renew(token).await,
            // What a client logs, or a type of the future.
            Message::Auth(_) | Message::Unknown(_) => {}
            message => {
                let message = marked(message, seat.guest_name().as_deref());
                seat.heard(&message, self.app.clock.now_ms());
                // A room that has ended has closed the connection, or is about to.
                let (Ok(()) | Err(RoomEnded)) =
                    seat.room.mailbox.post(seat.participant, message, size_bytes).await;
            }
        }
    }

    fn open(&self) -> &Open {
        &self.open
    }

    fn due(&self) -> Option<Instant> {
        self.expires
    }

    async fn on_time(&mut self) {
        let Some(seat) = self.seat.clone() else { return };
        self.expires = Some(look_again(&self.app, &seat.identity()));
        self.app.rooms.ask_again_for(&seat, &self.app.directory).await;
    }

    fn is_seated(&self) -> bool {
        self.seat.is_some()
    }

    async fn leave(self) {
        if let Some(seat) = self.seat {
            seat.room.mailbox.leave(seat.participant).await;
        }
    }
}
