//! What watches over the server asks: is it alive, is it fit, how is it doing.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::caller::{Administrator, Local};
use crate::{App, error::Error, health::Fitness};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready)).routes(routes!(metrics))
}

/// Whether the process is alive
#[utoipa::path(
    get, path = "/healthz", security(()),
    responses((status = 200, description = "Alive", body = String, content_type = "text/plain")),
)]
async fn alive() -> &'static str {
    "alive\n"
}

/// Whether it is fit
#[utoipa::path(
    get, path = "/readyz", security(()),
    responses(
        (status = 200, description = "Fit", body = String, content_type = "text/plain"),
        (status = 503, description = "It is ending, or the store failed", body = String, content_type = "text/plain"),
    ),
)]
async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.health.fitness() {
        Fitness::Ready => (StatusCode::OK, "ready\n"),
        Fitness::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        Fitness::StoreFailed => (StatusCode::SERVICE_UNAVAILABLE, "the store failed\n"),
    }
}

/// Figures in Prometheus' text form
///
/// For this machine and for administrators: how busy a group is, is nobody else's business.
#[utoipa::path(
    get, path = "/metrics", security((), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "Figures", body = String, content_type = "text/plain"),
        (status = 401, description = "`sign-in-needed`"),
        (status = 403, description = "`administrator-needed`"),
    ),
)]
async fn metrics(
    State(app): State<App>,
    Local(is_local): Local,
    request: Request,
) -> Result<Response, Error> {
    if !is_local {
        let (mut parts, _) = request.into_parts();
        Administrator::from_request_parts(&mut parts, &app).await?;
    }
    let text = crate::metrics::render(&app);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}
