//! Signing in and out.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::{Caller, ClientAddress, Operator},
    input::{Body, created},
    schemas,
    users::UserView,
};
use crate::{
    App,
    auth::{self, Device, Via},
    config::Span,
    directory::{LinkUses, SignInBy, User},
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, sign_out))
        .routes(routes!(sign_in_by_link))
        .routes(routes!(create_link))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    email: String,
    password: String,
    #[serde(default)]
    device: Device,
}

/// Sign in; the session comes as a cookie
#[utoipa::path(
    post, path = "/session", request_body = SignIn, security(()),
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 401, description = "`wrong-credentials`"),
        (status = 403, description = "`foreign-origin`"),
        (status = 429, description = "`too-many-tries`"),
    ),
)]
async fn sign_in(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Body(request): Body<SignIn>,
) -> Result<Response, Error> {
    refuse_foreign_page(&app, &headers)?;
    let account = request.email.trim().to_lowercase();
    app.throttle
        .take(address, &account, app.clock.now_ms())
        .map_err(|retry_after_s| Error::TooManyTries { retry_after_s })?;
    let user = app.directory.user_by_password(&request.email, request.password).await?;
    let user = user.ok_or(Error::WrongCredentials)?;
    app.throttle.forget(address, &account);
    signed_in(&app, user, SignInBy::Password, request.device).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LinkSignIn)]
struct Link {
    secret: String,
    #[serde(default)]
    device: Device,
}

/// Sign in with the secret of a link
///
/// The secret of a link is in the fragment, which browsers do not send: the page posts it when the person is there,
/// so a mail scanner that looks at the link does not use it up.
#[utoipa::path(
    post, path = "/session/link", request_body = Link, security(()),
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 401, description = "`wrong-credentials`"),
        (status = 403, description = "`foreign-origin`"),
    ),
)]
async fn sign_in_by_link(
    State(app): State<App>,
    headers: HeaderMap,
    Body(request): Body<Link>,
) -> Result<Response, Error> {
    refuse_foreign_page(&app, &headers)?;
    let user = app.directory.redeem_link(&request.secret).await?.ok_or(Error::WrongCredentials)?;
    signed_in(&app, user, SignInBy::Link, request.device).await
}

/// Another site must not sign a person in as somebody else.
fn refuse_foreign_page(app: &App, headers: &HeaderMap) -> Result<(), Error> {
    if auth::is_from_foreign_page(&app.config, headers) { Err(Error::ForeignOrigin) } else { Ok(()) }
}

#[derive(Serialize, ToSchema)]
struct SignedIn {
    user: UserView,
}

async fn signed_in(app: &App, user: User, by: SignInBy, device: Device) -> Result<Response, Error> {
    let secret = app.directory.open_session(user.id, by).await?;
    tracing::info!(user = %user.id, "signed in");
    let body = Json(SignedIn { user: UserView::of(&user) });
    let kept = cookie(auth::set_cookie(&app.config, &secret, device));
    Ok(([(header::SET_COOKIE, kept)], body).into_response())
}

/// Sign out
///
/// Ends the session and every socket that rests on it; a bearer token is left alone.
#[utoipa::path(delete, path = "/session", responses((status = 204, description = "Signed out")))]
async fn sign_out(State(app): State<App>, Caller(identity): Caller) -> Result<Response, Error> {
    if let Via::Session(hash) = identity.via {
        app.directory.close_session(hash).await?;
        app.rights_changed(Affected::User(identity.user)).await;
        tracing::info!(user = %identity.user, "signed out");
    }
    if let Via::Guest(hash) = identity.via {
        app.directory.close_guest_session(hash).await?;
        app.rights_changed(Affected::User(identity.user)).await;
        tracing::info!(user = %identity.user, "guest signed out");
    }
    let headers = [
        (header::SET_COOKIE, cookie(auth::clear_cookie(&app.config))),
        (header::HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cookies\"")),
    ];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

fn cookie(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("a name, a base64url secret and words of ours are a header")
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLink {
    email: String,
    #[serde(default = "once")]
    uses: LinkUses,
    #[serde(default = "three_days")]
    #[schema(value_type = schemas::Span)]
    expires: Span,
}

fn once() -> LinkUses {
    LinkUses::Once
}

fn three_days() -> Span {
    Span(std::time::Duration::from_secs(3 * 24 * 3600))
}

#[derive(Serialize, ToSchema)]
#[schema(as = Link)]
struct LinkView {
    secret: String,
    /// Where the page finds it; goes behind the address of this server.
    path: String,
}

/// Make a sign-in link for somebody
///
/// Only the operator: a link signs in as somebody else.
#[utoipa::path(
    post, path = "/session/links", request_body = NewLink,
    responses((status = 201, description = "Made", body = LinkView)),
)]
async fn create_link(
    State(app): State<App>,
    _: Operator,
    Body(request): Body<NewLink>,
) -> Result<impl IntoResponse, Error> {
    let user = app.directory.user_by_email(&request.email).await?.ok_or(Error::UnknownUser)?;
    let secret = app.directory.create_link(user.id, request.uses, request.expires).await?;
    let path = format!("/#sign-in={secret}");
    Ok(created(LinkView { secret, path }))
}
