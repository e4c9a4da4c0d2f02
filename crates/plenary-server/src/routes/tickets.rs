//! Tickets: what opens a socket where neither a cookie nor a header can go.

use axum::{Router, extract::State, response::IntoResponse, routing::post};
use plenary_ids::DocumentId;
use serde::{Deserialize, Serialize};

use super::{
    caller::Caller,
    input::{Body, created},
};
use crate::{
    App,
    directory::{TICKET_MS, TicketError},
    error::Error,
};

pub(super) fn router() -> Router<App> {
    Router::new().route("/tickets", post(draw))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draw {
    document: String,
}

#[derive(Serialize)]
struct Ticket {
    ticket: String,
    expires_in_ms: u64,
}

async fn draw(
    State(app): State<App>,
    Caller(identity): Caller,
    Body(request): Body<Draw>,
) -> Result<impl IntoResponse, Error> {
    let document: DocumentId = request.document.parse().map_err(|_| Error::NotFound)?;
    app.directory.access(&identity, document).await?;
    let ticket = app.directory.draw_ticket(&identity, document).map_err(|TicketError| Error::Busy)?;
    Ok(created(Ticket { ticket, expires_in_ms: TICKET_MS }))
}
