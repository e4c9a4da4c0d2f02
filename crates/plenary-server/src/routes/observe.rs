//! A log line and two metrics for each request. Never its query, its headers or its body.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};

pub(super) async fn observe(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    // The pattern, not the path: otherwise anybody could make us count without bound.
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let elapsed = began.elapsed();
    let status = response.status().as_u16();
    if response.status().is_server_error() {
        tracing::warn!(%method, path, status, elapsed_ms = elapsed.as_millis(), "request not served");
    } else {
        tracing::debug!(%method, path, status, elapsed_ms = elapsed.as_millis(), "request served");
    }
    let method = match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let labels = [("method", method), ("route", route.clone()), ("status", status.to_string())];
    metrics::counter!("plenary_http_requests_total", &labels).increment(1);
    metrics::histogram!("plenary_http_request_seconds", "route" => route).record(elapsed.as_secs_f64());
    response
}
