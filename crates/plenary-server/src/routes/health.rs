//! What watches over the server asks: is it alive, is it fit, how is it doing.

use axum::{
    Router,
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::caller::{Administrator, Local};
use crate::{App, error::Error, health::Fitness};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.health.fitness() {
        Fitness::Ready => (StatusCode::OK, "ready\n"),
        Fitness::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        Fitness::StoreFailed => (StatusCode::SERVICE_UNAVAILABLE, "the store failed\n"),
    }
}

/// For this machine and for administrators: how busy a group is, is nobody else's business.
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
