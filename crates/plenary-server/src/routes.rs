//! The HTTP interface: one file per resource, and what they have in common.
//!
//! The same router serves browsers and programs over TCP, and the `plenary` command over the Unix socket in the data
//! directory (or inside its own process). Where a request came in is its [`Peer`].
//!
//! **A new route** is a handler with its description above it, registered with `routes!` (all methods of one path in
//! one `routes!`, except those with a layer of their own):
//!
//! ```ignore
//! pub(super) fn router() -> OpenApiRouter<App> {
//!     OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show))
//! }
//!
//! /// Make a group
//! ///
//! /// Administrators only.
//! #[utoipa::path(
//!     post, path = "/groups", request_body = Create,
//!     responses((status = 201, description = "Made", body = GroupView)),
//! )]
//! async fn create(State(app): State<App>, Caller(identity): Caller, Body(request): Body<Create>) -> ...
//! ```
//!
//! The first paragraph is the summary. Types of bodies derive `ToSchema`; their names (`#[schema(as = NewGroup)]`) are
//! shared by the whole description, so no two may be the same. Ids say `#[schema(value_type = Uuid)]`, values from
//! below the server `#[schema(value_type = schemas::Role)]`. `routes/openapi.rs` fills in the rest: ids in paths, the
//! names and tags of operations, and which problems a route of its kind may answer with (401 and 403 unless it says
//! `security(())`, 404 with an id in its path, 400, 413, 415 and 422 with a body, 409 and 507 when it changes
//! something, 500 and 503). Any other status it says itself: `(status = 429, description = "`too-many-tries`")`. The
//! tests of the interface fail on an answer that is not described.

mod admin;
mod assets;
mod attribution;
mod audit;
mod caller;
mod client_address;
mod documents;
mod embed;
mod embed_grants;
mod embed_keys;
mod embedding;
mod evenly;
mod finish;
mod groups;
mod guest_links;
mod health;
mod input;
mod interests;
mod invitations;
mod me;
mod members;
mod my_sessions;
mod observe;
mod openapi;
mod organisations;
mod parts;
mod passwords;
mod retry;
mod schemas;
mod second_factor;
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
};

use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

pub use self::{
    assets::{Asset, Assets, NoAssets},
    caller::Peer,
};
pub(crate) use self::{
    client_address::ClientAddress,
    documents::STATES_MAX,
    evenly::until_not_found_is_said,
    parts::{Params, Text, Upgrade},
};
use crate::{App, error::Error, websocket};

/// What a request's body may weigh where a route says nothing else, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Everything the server answers.
///
/// The caller puts a [`Peer`] among each request's extensions; without one a request counts as coming from an
/// unknown address.
pub fn router(app: App, assets: Arc<dyn Assets>) -> Router {
    let https = app.config.is_https();
    let api = OpenApiRouter::new()
        .merge(session::router())
        .merge(me::router())
        .merge(my_sessions::router())
        .merge(second_factor::router())
        .merge(passwords::router())
        .merge(users::router())
        .merge(tokens::router())
        .merge(groups::router())
        .merge(members::router())
        .merge(organisations::router())
        .merge(interests::router())
        .merge(invitations::router())
        .merge(guest_links::router())
        .merge(statements::router())
        .merge(documents::router())
        .merge(attribution::router())
        .merge(tickets::router())
        .merge(admin::router())
        .merge(audit::router())
        .merge(embed::router())
        .merge(embed_grants::router())
        .merge(embed_keys::router())
        .fallback(async || Error::NotFound);
    let (router, described) = openapi::base()
        .nest("/api/v1", api)
        .merge(openapi::router())
        .merge(health::router())
        .merge(websocket::described_routes())
        .split_for_parts();
    router
        .fallback(assets::serve.layer(CompressionLayer::new()))
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        // Around the answer to a wrong method, too: browsers ask with OPTIONS what they may.
        .layer(middleware::from_fn_with_state(app.clone(), embedding::answer_embedding_pages))
        .layer(Extension(assets))
        .layer(Extension(openapi::Description::of(&described)))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::map_response(move |response| with_security_headers(response, https)))
        .layer(middleware::from_fn(evenly::answer_evenly))
        .layer(middleware::from_fn(observe::observe))
        // Around everything: what was done for somebody who has hung up is noted, too.
        .layer(middleware::from_fn(finish::finish))
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
// What becomes markup or a script's address goes through one of four policies: of the templates, of what is pasted
// (ours and the editor library's), and of the service worker.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; \
     trusted-types lit-html plenary-paste plenary-worker ProseMirrorClipboard";

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
