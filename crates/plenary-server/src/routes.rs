//! The HTTP interface: one file per resource, and what they have in common.
//!
//! The same router serves browsers and programs over TCP, and the `plenary` command over the Unix socket in the data
//! directory (or inside its own process). Where a request came in is its [`Peer`].

mod admin;
mod assets;
mod caller;
mod documents;
mod embedding;
mod groups;
mod health;
mod input;
mod me;
mod members;
mod observe;
mod session;
mod statements;
mod tickets;
mod tokens;
mod users;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    http::{HeaderValue, header},
    middleware,
    response::Response,
    routing::get,
};

use tower_http::compression::CompressionLayer;

pub(crate) use self::documents::STATES_MAX;
pub use self::{
    assets::{Asset, Assets, NoAssets},
    caller::Peer,
};
use crate::{App, error::Error, websocket};

/// The description of all this for programs; a test asks for each of its paths.
const OPENAPI: &str = include_str!("routes/openapi.json");

/// What a request's body may weigh where a route says nothing else, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Everything the server answers.
///
/// The caller puts a [`Peer`] among each request's extensions; without one a request counts as coming from an
/// unknown address.
pub fn router(app: App, assets: Arc<dyn Assets>) -> Router {
    let https = app.config.is_https();
    let api = Router::new()
        .merge(session::router())
        .merge(me::router())
        .merge(users::router())
        .merge(tokens::router())
        .merge(groups::router())
        .merge(members::router())
        .merge(statements::router())
        .merge(documents::router())
        .merge(tickets::router())
        .merge(admin::router())
        .fallback(async || Error::NotFound);
    Router::new()
        .nest("/api/v1", api)
        .route("/api/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], OPENAPI)))
        .merge(health::router())
        .merge(websocket::routes())
        .fallback(assets::serve.layer(CompressionLayer::new()))
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        // Around the answer to a wrong method, too: browsers ask with OPTIONS what they may.
        .layer(middleware::from_fn_with_state(app.clone(), embedding::answer_embedding_pages))
        .layer(Extension(assets))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::map_response(move |response| with_security_headers(response, https)))
        .layer(middleware::from_fn(observe::observe))
        .with_state(app)
}

/// The router for whoever owns the data directory.
pub fn operator_router(app: App) -> Router {
    router(app, Arc::new(NoAssets)).layer(Extension(Peer::Operator))
}

const SECURITY_HEADERS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
         microphone=(), midi=(), payment=(), usb=()",
    ),
];

// Scripts and styles come from our own files only: the editor places cursors and selections without style attributes.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

async fn with_security_headers(mut response: Response, https: bool) -> Response {
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    if https {
        let two_years = HeaderValue::from_static("max-age=63072000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, two_years);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
