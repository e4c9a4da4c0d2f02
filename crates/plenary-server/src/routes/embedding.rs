//! Pages of other sites that hold our editor.
//!
//! A browser lets such a page read our answers only if we name its origin (CORS). We name those of `embed_origins`, and
//! what they ask rests on a token or ticket alone: a cookie that comes along is not looked at. For all other origins
//! nothing is added and nothing is different. WebSockets need none of this: there a token counts wherever it comes
//! from, and a cookie only from our own pages.

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{App, auth};

/// What such pages may read.
const OPEN: &str = "/api/v1/";

/// What the editor and the page around it may ask, until the browser asks again.
const ALLOWED: [(HeaderName, HeaderValue); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type")),
    (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
];

pub(super) async fn answer_embedding_pages(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let is_embedding = |origin: &HeaderValue| app.config.embed_origins.iter().any(|one| origin == one);
    let origin = origin.filter(|origin| {
        request.uri().path().starts_with(OPEN)
            && is_embedding(origin)
            && !auth::is_own_origin(&app.config, request.headers())
    });
    let Some(origin) = origin else {
        return next.run(request).await;
    };
    let asks_first = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks_first {
        (StatusCode::NO_CONTENT, ALLOWED).into_response()
    } else {
        request.headers_mut().remove(header::COOKIE);
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    response
}
