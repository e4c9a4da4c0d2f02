//! Tickets: what opens a socket where neither a cookie nor a header can go.

use axum::{extract::State, response::IntoResponse};
use plenary_ids::DocumentId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    input::{Body, created},
};
use crate::{
    App,
    directory::{TICKET_MS, TicketError},
    error::Error,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(draw))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTicket)]
struct Draw {
    #[schema(value_type = Uuid)]
    document: String,
}

#[derive(Serialize, ToSchema)]
struct Ticket {
    ticket: String,
    expires_in_ms: u64,
}

/// Draw a ticket that opens one socket on one document
///
/// Works once, within 30 s: `/sync/{document}?ticket=...`.
#[utoipa::path(
    post, path = "/tickets", request_body = Draw,
    responses(
        (status = 201, description = "Drawn", body = Ticket),
        (status = 404, description = "`not-found`"),
    ),
)]
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
