//! The Hocuspocus dialect: many documents a socket, each frame under its document's address, the credential in
//! the first message.
//!
//! Providers send Auth, step 1 and awareness in one go without waiting for an answer. So nothing is read while an
//! Auth is being decided, and what comes under an address that has shown no credential is dropped unread.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Extension,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use plenary_permissions::Access;
use plenary_protocol::{
    Addressed, AuthMessage, CloseReason, FILLER_HOCUSPOCUS, Message, PlenaryMessage, Scope, SyncMessage,
    address_prefix, decode_hocuspocus, document_name, limits,
};
use plenary_room::{Dialect, Pace};
use tokio::time::Instant;
use tracing::Instrument;

use super::{
    Admission, Dialog, Open, Progress, Refusal, admit, cookie, count_end, expiry, look_again,
    outbox::{Outbox, Waiting},
    presence::marked,
    recognise, serve, sized, unavailable,
};
use crate::{
    App,
    auth::{self, Credential, Identity},
    error::Error,
    limits::{Limit, Shedding},
    rooms::{Joining, NotJoined, RoomEnded, Seat},
    routes::{ClientAddress, Upgrade},
};

/// What the socket that would carry one document more is told.
const TOO_MANY_DOCUMENTS: &str = "too-many-documents";

const BAD_TOKEN: Refusal = Refusal::Because(CloseReason::BadToken);

/// Many documents over a WebSocket, in the Hocuspocus dialect (docs/protocol.md)
///
/// Who it is turns out later.
#[utoipa::path(
    get, path = "/sync", security((), ("cookie" = [])),
    responses(
        (status = 101, description = "The connection is a WebSocket now"),
        (status = 426, description = "`not-a-websocket`"),
        (status = 429, description = "`too-many-tries`: too many from this address have shown no credential"),
        (status = 503, description = "`busy`"),
    ),
)]
pub(super) async fn upgrade(
    State(app): State<App>,
    headers: HeaderMap,
    address: ClientAddress,
    progress: Option<Extension<Progress>>,
    Upgrade(upgrade): Upgrade,
) -> Response {
    if let Some(response) = unavailable(&app) {
        return response;
    }
    let cookie = cookie(&app, &headers);
    let origin = auth::origin(&headers).map(ToOwned::to_owned);
    let open = match Open::begin(&app, address, progress) {
        Ok(open) => open,
        Err(error) => return error.into_response(),
    };
    let sheds_anonymous = app.limits.shedding() >= Shedding::Anonymous;
    if sheds_anonymous && recognise(&app, cookie.clone()).await.is_err() {
        Limit::Memory.refuses();
        return Error::Busy.into_response();
    }
    let span = tracing::info_span!("connection", connection = %open.id, user = tracing::field::Empty);
    sized(upgrade).on_upgrade(move |socket| {
        async move {
            let outbox = Arc::new(Outbox::default());
            let dialog = Hocuspocus {
                app: app.clone(),
                open,
                outbox: Arc::clone(&outbox),
                cookie,
                origin,
                addresses: HashMap::new(),
                auth_within: Some(Instant::now() + limits::AUTH_WITHIN),
                before_auth_bytes: 0,
                pace: Pace::default(),
            };
            serve(&app, socket, &outbox, dialog).await;
        }
        .instrument(span)
    })
}

/// One socket of this dialect.
struct Hocuspocus {
    app: App,
    open: Open,
    outbox: Arc<Outbox>,
    /// Stands in for an empty token.
    cookie: Option<Credential>,
    /// Where the browser says the page is.
    origin: Option<String>,
    addresses: HashMap<String, Stand>,
    /// Until the first Auth has come.
    auth_within: Option<Instant>,
    before_auth_bytes: usize,
    pace: Pace,
}

/// How things stand with one address.
enum Stand {
    /// It began with a step 1; unless an Auth comes in time it is denied.
    Expecting(Instant),
    /// In its room.
    Joined(Joined),
    /// Denied or closed: what comes is dropped, without offence, until the next Auth.
    Out,
}

struct Joined {
    seat: Arc<Seat>,
    /// When the sign-in runs out.
    expires: Option<Instant>,
    /// When the client is asked for a fresh token, if it understands that.
    renewal: Option<Instant>,
}

impl Joined {
    fn until(expires: Option<Instant>, seat: Arc<Seat>) -> Self {
        let now = Instant::now();
        let in_good_time = expires.map(|expires| now + expires.saturating_duration_since(now) * 3 / 4);
        let renewal = in_good_time.filter(|_| seat.knows_close());
        Self { seat, expires, renewal }
    }
}

impl Hocuspocus {
    fn send(&self, address: &str, message: &Message) {
        self.outbox.push(message.encode(&address_prefix(address)));
    }

    /// Lets nobody into a document. One that is merely busy is not denied where that would be taken for final, and
    /// nothing else is on the socket: who comes back to a closed socket tries again.
    fn refuse(&mut self, address: String, reason: CloseReason) {
        tracing::debug!(%reason, "denied");
        if reason == CloseReason::Busy && !self.is_seated() {
            return self.outbox.close(reason, Waiting::Written);
        }
        count_end(reason);
        self.deny(address, reason.text());
    }

    fn deny(&mut self, address: String, text: &str) {
        self.send(&address, &Message::Auth(AuthMessage::Denied(text.to_owned())));
        self.set(address, Stand::Out);
    }

    fn set(&mut self, address: String, stand: Stand) {
        self.addresses.insert(address, stand);
    }

    /// The seat of an address, while it has one.
    fn seat(&self, address: &str) -> Option<&Arc<Seat>> {
        match self.addresses.get(address)? {
            Stand::Joined(joined) if !joined.seat.has_ended() => Some(&joined.seat),
            _ => None,
        }
    }

    /// A token, or nothing where the upgrade brought a cookie.
    async fn recognise(&self, token: String) -> Result<Identity, Refusal> {
        if token.is_empty() {
            return recognise(&self.app, self.cookie.clone()).await;
        }
        if token.len() > limits::AUTH_BYTES_MAX {
            return Err(BAD_TOKEN);
        }
        let credential = auth::token_credential(token.clone(), self.origin.as_deref());
        let recognised = recognise(&self.app, Some(credential)).await;
        if recognised != Err(BAD_TOKEN) {
            return recognised;
        }
        let ticket = recognise(&self.app, Some(Credential::Ticket(token))).await;
        ticket.map_err(|refusal| match refusal {
            // Which of the two it was meant to be cannot be told.
            Refusal::Because(_) => BAD_TOKEN,
            Refusal::NotNow => Refusal::NotNow,
        })
    }

    async fn auth(&mut self, address: String, token: String, version: Option<String>) {
        self.auth_within = None;
        if let Some(seat) = self.seat(&address).cloned() {
            return self.renew(address, seat, token).await;
        }
        let is_known = self.addresses.contains_key(&address);
        if !is_known && self.addresses.len() >= self.app.config.documents_per_connection_max {
            Limit::DocumentsPerConnection.refuses();
            // Not noted, for the addresses that are noted are bounded.
            return self.send(&address, &Message::Auth(AuthMessage::Denied(TOO_MANY_DOCUMENTS.to_owned())));
        }
        let admission = match self.recognise(token).await {
            Ok(identity) => admit(&self.app, &mut self.open, identity, document_name(&address)).await,
            Err(refusal) => Err(refusal),
        };
        match admission {
            Ok(admission) => self.join(address, admission, version.is_some()).await,
            Err(Refusal::Because(reason)) => self.refuse(address, reason),
            Err(Refusal::NotNow) => self.outbox.close(CloseReason::StoreDown, Waiting::Written),
        }
    }

    async fn join(&mut self, address: String, admission: Admission, knows_close: bool) {
        tracing::Span::current().record("user", tracing::field::display(admission.identity.user));
        let expires = expiry(&self.app, &admission.identity);
        let asked_at = admission.asked_at;
        // Before anything the room says.
        let access = admission.access;
        self.grant(&address, access);
        let joining = Joining {
            document: admission.document,
            identity: admission.identity,
            access,
            dialect: Dialect::Hocuspocus,
            prefix: address_prefix(&address),
            knows_close,
            outbox: Arc::clone(&self.outbox),
            account: self.open.account().expect("whoever is admitted has a place"),
        };
        match self.app.rooms.join(joining, asked_at, &self.app.directory).await {
            Ok(seat) => {
                if seat.access() != access {
                    // It changed while we were at it.
                    self.grant(&address, seat.access());
                }
                self.set(address, Stand::Joined(Joined::until(expires, seat)));
            }
            Err(NotJoined(reason @ (CloseReason::Restart | CloseReason::StoreDown))) => {
                self.outbox.close(reason, Waiting::Written);
            }
            Err(NotJoined(reason)) => self.refuse(address, reason),
        }
    }

    fn grant(&self, address: &str, access: Access) {
        let scope = match access {
            Access::Write => Scope::ReadWrite,
            Access::Read => Scope::ReadOnly,
        };
        self.send(address, &Message::Auth(AuthMessage::Granted(scope)));
    }

    /// A second Auth on a document renews the credential it rests on. One that does not hold closes the document.
    async fn renew(&mut self, address: String, seat: Arc<Seat>, token: String) {
        match self.recognise(token).await {
            Ok(identity) if identity.user == seat.user => {
                let expires = expiry(&self.app, &identity);
                seat.renew(identity);
                self.app.rooms.ask_again_for(&seat, &self.app.directory).await;
                if !seat.has_ended() {
                    self.grant(&address, seat.access());
                    self.set(address, Stand::Joined(Joined::until(expires, seat)));
                }
            }
            Err(Refusal::NotNow) => self.outbox.close(CloseReason::StoreDown, Waiting::Written),
            Ok(_) | Err(Refusal::Because(_)) => {
                seat.end(CloseReason::BadToken);
                seat.room.mailbox.leave(seat.participant).await;
                self.set(address, Stand::Out);
            }
        }
    }

    /// Something under an address that is not in its room.
    fn unheard(&mut self, address: String, message: &Message, size_bytes: usize) {
        match self.addresses.get(&address) {
            Some(Stand::Out | Stand::Joined(_)) => return,
            Some(Stand::Expecting(_)) => {}
            None => {
                let begins = matches!(message, Message::Sync(SyncMessage::Step1(_)));
                if begins && self.addresses.len() < self.app.config.documents_per_connection_max {
                    self.set(address, Stand::Expecting(Instant::now() + limits::AUTH_AFTER_STEP_1_WITHIN));
                }
            }
        }
        if self.is_recognised() {
            self.takes_unheard(size_bytes);
        }
    }

    /// Whether anybody has been recognised on this socket.
    fn is_recognised(&self) -> bool {
        self.open.place.is_some()
    }

    /// Counts what nobody hears. False when it is too much: the socket is closed.
    fn takes_unheard(&mut self, size_bytes: usize) -> bool {
        self.before_auth_bytes += size_bytes;
        let takes = self.before_auth_bytes <= limits::BEFORE_AUTH_BYTES_MAX;
        if !takes {
            self.outbox.close(CloseReason::TooLarge, Waiting::Written);
        }
        takes
    }

    async fn part(&mut self, address: &str) {
        if let Some(Stand::Joined(Joined { seat, .. })) = self.addresses.get(address) {
            let seat = Arc::clone(seat);
            self.outbox.end_seat(&seat, None);
            // Not forgotten before the room knows: should the socket end while this waits, it is told then.
            seat.room.mailbox.leave(seat.participant).await;
        }
        self.addresses.remove(address);
    }
}

impl Dialog for Hocuspocus {
    const FILLER: &'static [u8] = FILLER_HOCUSPOCUS;

    async fn frame(&mut self, frame: Bytes) {
        let size_bytes = frame.len();
        let Addressed { address, message } = match decode_hocuspocus(frame) {
            Ok(addressed) => addressed,
            Err(error) => {
                tracing::debug!(%error, size_bytes, "malformed frame");
                return self.outbox.close(CloseReason::Malformed, Waiting::Written);
            }
        };
        // A stranger's tokens and what comes after a denial count as well: nobody's account pays for them.
        if !self.is_recognised() && !self.takes_unheard(size_bytes) {
            return;
        }
        match message {
            Message::Ping => return self.outbox.push(Message::Pong.encode(&[])),
            Message::Pong => return,
            Message::Auth(AuthMessage::Token { token, version }) => {
                return self.auth(address, token, version).await;
            }
            _ => {}
        }
        let Some(seat) = self.seat(&address).cloned() else {
            return self.unheard(address, &message, size_bytes);
        };
        if size_bytes > limits::FRAME_BYTES_MAX {
            // Closing, with whatever code, would take the other documents down and bring the same frame back.
            tracing::warn!(document = %seat.document, size_bytes, "frame too large");
            if matches!(message, Message::Sync(_)) {
                self.send(&address, &Message::SyncStatus(false));
            }
            return;
        }
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
            Message::Close(_) => self.part(&address).await,
            Message::Plenary(PlenaryMessage::Token(token)) => self.renew(address, seat, token).await,
            // What only servers send, or a type of the future.
            Message::Auth(_) | Message::SyncStatus(_) | Message::Unknown(_) => {}
            message => {
                let message = marked(message, seat.guest_name().as_deref());
                seat.heard(&message, self.app.clock.now_ms());
                // A room that has ended has closed the document, or is about to.
                let (Ok(()) | Err(RoomEnded)) =
                    seat.room.mailbox.post(seat.participant, message, size_bytes).await;
            }
        }
    }

    fn open(&self) -> &Open {
        &self.open
    }

    fn due(&self) -> Option<Instant> {
        let stands = self.addresses.values().filter_map(|stand| match stand {
            Stand::Expecting(until) => Some(*until),
            Stand::Joined(joined) => joined.renewal.into_iter().chain(joined.expires).min(),
            Stand::Out => None,
        });
        stands.chain(self.auth_within).min()
    }

    async fn on_time(&mut self) {
        let now = Instant::now();
        if self.auth_within.is_some_and(|within| within <= now) {
            self.auth_within = None;
            return self.outbox.close(CloseReason::TimedOut, Waiting::Written);
        }
        let mut silent = Vec::new();
        let mut stale = Vec::new();
        let mut expired = Vec::new();
        for (address, stand) in &mut self.addresses {
            match stand {
                Stand::Expecting(until) if *until <= now => silent.push(address.clone()),
                Stand::Joined(joined) => {
                    let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
                    if is_due(joined.renewal) {
                        joined.renewal = None;
                        stale.push(address.clone());
                    }
                    if is_due(joined.expires) {
                        joined.expires = Some(look_again(&self.app, &joined.seat.identity()));
                        expired.push(Arc::clone(&joined.seat));
                    }
                }
                _ => {}
            }
        }
        for address in silent {
            self.deny(address, CloseReason::BadToken.text());
        }
        for address in stale {
            self.send(&address, &Message::Auth(AuthMessage::TokenRequest));
        }
        for seat in expired.into_iter().filter(|seat| !seat.has_ended()) {
            self.app.rooms.ask_again_for(&seat, &self.app.directory).await;
        }
    }

    fn is_seated(&self) -> bool {
        self.addresses.keys().any(|address| self.seat(address).is_some())
    }

    async fn leave(self) {
        for stand in self.addresses.into_values() {
            if let Stand::Joined(Joined { seat, .. }) = stand {
                seat.room.mailbox.leave(seat.participant).await;
            }
        }
    }
}
