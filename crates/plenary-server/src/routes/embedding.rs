//! Pages of other sites that hold our editor.
//!
//! A browser lets such a page read our answers only if we name its origin (CORS). We name those of `embed_origins`, and
//! those of the keys of sites that vouch for their users; for the latter only what the editor asks for. What they ask
//! rests on a token or ticket alone: a cookie that comes along is not looked at. For all other origins nothing is added
//! and nothing is different. WebSockets need none of this: there a token counts wherever it comes from, that of a
//! site's session from its own origin, and a cookie only from our own pages.

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{App, auth};

/// What pages of `embed_origins` may read.
const OPEN: &str = "/api/v1/";

/// What pages of a site that vouches for its users may read: what the editor asks for.
const OPEN_TO_HOSTS: [&str; 3] = ["/api/v1/embed/session", "/api/v1/tickets", "/api/v1/documents/"];

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
    let Some((origin, is_in_settings)) = foreign_origin(&app, &request) else {
        return next.run(request).await;
    };
    if !is_embedding(&app, &origin, is_in_settings).await {
        return next.run(request).await;
    }
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

/// The origin of a page of another site that asks, and whether the settings name it; `None` if it may read nothing.
fn foreign_origin(app: &App, request: &Request) -> Option<(HeaderValue, bool)> {
    let origin = request.headers().get(header::ORIGIN)?;
    let path = request.uri().path();
    if !path.starts_with(OPEN) || auth::is_own_origin(&app.config, request.headers()) {
        return None;
    }
    let is_in_settings = app.config.embed_origins.iter().any(|one| origin == one);
    let is_open_to_hosts = OPEN_TO_HOSTS.iter().any(|open| path.starts_with(open));
    (is_in_settings || is_open_to_hosts).then(|| (origin.clone(), is_in_settings))
}

/// Whether pages of this origin may read answers.
async fn is_embedding(app: &App, origin: &HeaderValue, is_in_settings: bool) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    // Without the store there is nothing to read either.
    is_in_settings || app.directory.is_embedding_origin(origin).await.unwrap_or(false)
}
