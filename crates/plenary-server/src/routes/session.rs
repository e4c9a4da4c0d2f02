//! Signing in and out.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, IntoResponseParts, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::{ClientAddress, Operator, Owing},
    input::{Body, created},
    schemas,
    users::UserView,
};
use crate::{
    App,
    auth::{self, Credential, Device, SecretHash, Trying, Via},
    config::Span,
    directory::{HALF_SESSION_MS, LinkUses, SignIn, SignInBy, User, normal_email},
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, sign_out))
        .routes(routes!(show_code))
        .routes(routes!(sign_in_by_link))
        .routes(routes!(create_link))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignIn)]
struct WithPassword {
    email: String,
    password: String,
    #[serde(default)]
    device: Device,
    /// What the list of one's sessions calls this device, such as `Firefox on Linux`
    #[schema(max_length = 40)]
    device_name: Option<String>,
}

/// Sign in; the session comes as a cookie
///
/// Somebody with a second factor is answered with 202 and shows a code next.
#[utoipa::path(
    post, path = "/session", request_body = WithPassword, security(()),
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 202, description = "The password fits; a code is asked for", body = HalfSignedIn),
        (status = 401, description = "`wrong-credentials`"),
        (status = 403, description = "`foreign-origin`"),
        (status = 429, description = "`too-many-tries`"),
    ),
)]
async fn sign_in(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Body(request): Body<WithPassword>,
) -> Result<Response, Error> {
    refuse_foreign_page(&app, &headers)?;
    let how = sign_in_by(SignInBy::Password, request.device, request.device_name)?;
    // What is no address is counted under what was typed.
    let account = normal_email(&request.email).unwrap_or_else(|_| request.email.clone());
    let known = match auth::device_mark(&app.config, &headers) {
        Some(mark) => app.directory.known_device(&account, &mark).await?,
        None => None,
    };
    let trying = known.map_or(Trying::From(address), Trying::Known);
    app.throttle.take(trying, &account, app.clock.now_ms()).map_err(wait)?;
    let user = app.directory.user_by_password(&request.email, request.password).await?;
    let user = user.ok_or(Error::WrongCredentials)?;
    app.throttle.succeeded(trying, &account);
    first_factor_shown(&app, &headers, user, how).await
}

fn sign_in_by(by: SignInBy, device: Device, device_name: Option<String>) -> Result<SignIn, Error> {
    let device_name = device_name.map(|name| name.parse()).transpose()?;
    Ok(SignIn { device, device_name, ..SignIn::by(by) })
}

pub(super) fn wait(retry_after_s: u64) -> Error {
    Error::TooManyTries { retry_after_s }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LinkSignIn)]
struct WithLink {
    secret: String,
    #[serde(default)]
    device: Device,
    /// What the list of one's sessions calls this device
    #[schema(max_length = 40)]
    device_name: Option<String>,
}

/// Sign in with the secret of a link
///
/// The secret of a link is in the fragment, which browsers do not send: the page posts it when the person is there,
/// so a mail scanner that looks at the link does not use it up.
#[utoipa::path(
    post, path = "/session/link", request_body = WithLink, security(()),
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 202, description = "The link holds; a code is asked for", body = HalfSignedIn),
        (status = 401, description = "`wrong-credentials`"),
        (status = 403, description = "`foreign-origin`"),
    ),
)]
async fn sign_in_by_link(
    State(app): State<App>,
    headers: HeaderMap,
    Body(request): Body<WithLink>,
) -> Result<Response, Error> {
    refuse_foreign_page(&app, &headers)?;
    let how = sign_in_by(SignInBy::Link, request.device, request.device_name)?;
    let user = app.directory.redeem_link(&request.secret).await?.ok_or(Error::WrongCredentials)?;
    first_factor_shown(&app, &headers, user, how).await
}

/// Another site must not sign a person in as somebody else.
pub(super) fn refuse_foreign_page(app: &App, headers: &HeaderMap) -> Result<(), Error> {
    if auth::is_from_foreign_page(&app.config, headers) { Err(Error::ForeignOrigin) } else { Ok(()) }
}

/// Half of the way in.
#[derive(Serialize, ToSchema)]
struct HalfSignedIn {
    /// Opens nothing; to be sent with the code, and kept nowhere
    half_session: String,
    /// How long it is good for
    expires_in_ms: u64,
}

async fn first_factor_shown(
    app: &App,
    headers: &HeaderMap,
    user: User,
    how: SignIn,
) -> Result<Response, Error> {
    if !user.second_factor {
        return signed_in(app, headers, user, how).await;
    }
    let half_session = app.directory.begin_half_session(&user, how).ok_or(wait(60))?;
    let body = HalfSignedIn { half_session, expires_in_ms: HALF_SESSION_MS };
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ShownCode {
    half_session: String,
    /// Six digits from the device, or a recovery code
    code: String,
}

/// Show a code of one's second factor; the session comes as a cookie
///
/// Each code counts once. After five wrong ones the password, or a link, is asked for again.
#[utoipa::path(
    post, path = "/session/second-factor", request_body = ShownCode, security(()),
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 401, description = "`wrong-code`; `wrong-credentials`: sign in from the beginning"),
        (status = 403, description = "`foreign-origin`"),
        (status = 429, description = "`too-many-tries`"),
    ),
)]
async fn show_code(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Body(request): Body<ShownCode>,
) -> Result<Response, Error> {
    refuse_foreign_page(&app, &headers)?;
    let (user, how) =
        app.directory.half_session(&request.half_session).await?.ok_or(Error::WrongCredentials)?;
    let known = known_device(&app, &headers, &user).await?;
    let trying = known.map_or(Trying::From(address), Trying::Known);
    app.throttle.take_code(trying, user.id, app.clock.now_ms()).map_err(wait)?;
    if !app.directory.take_code(&user, &request.code).await? {
        tracing::info!(user = %user.id, "wrong code");
        return Err(Error::WrongCode);
    }
    app.throttle.code_succeeded(trying, user.id);
    app.directory.end_half_session(&request.half_session);
    signed_in(&app, &headers, user, how).await
}

async fn known_device(app: &App, headers: &HeaderMap, user: &User) -> Result<Option<SecretHash>, Error> {
    match auth::device_mark(&app.config, headers) {
        Some(mark) => Ok(app.directory.known_device_of(user.id, &mark).await?),
        None => Ok(None),
    }
}

#[derive(Serialize, ToSchema)]
struct SignedIn {
    user: UserView,
    /// Whether this server asks them for a second factor that they do not have: until they have set it up they can do
    /// nothing else
    must_enrol: bool,
}

async fn signed_in(app: &App, headers: &HeaderMap, user: User, how: SignIn) -> Result<Response, Error> {
    let cookies = cookies_of_a_sign_in(app, headers, &user, how).await?;
    let must_enrol = app.directory.owes_second_factor(&user).await?;
    let body = Json(SignedIn { user: UserView::of(&user), must_enrol });
    Ok((set(cookies), body).into_response())
}

/// Signs somebody in who has shown all there is to show, and returns the cookies that keep it.
pub(super) async fn cookies_of_a_sign_in(
    app: &App,
    headers: &HeaderMap,
    user: &User,
    how: SignIn,
) -> Result<Vec<String>, Error> {
    end_replaced_session(app, headers).await?;
    let device = how.device;
    let secret = app.directory.open_session(user, how).await?;
    let mut cookies = vec![auth::set_cookie(&app.config, &secret, device)];
    if device == Device::Own && known_device(app, headers, user).await?.is_none() {
        let mark = app.directory.mark_device(user).await?;
        cookies.push(auth::set_device_mark(&app.config, &mark));
    }
    tracing::info!(user = %user.id, "signed in");
    Ok(cookies)
}

/// The browser is about to forget the cookie it has: the session behind it would stay open for nobody.
async fn end_replaced_session(app: &App, headers: &HeaderMap) -> Result<(), Error> {
    let Some(Credential::Cookie(secret)) = auth::cookie(&app.config, headers) else {
        return Ok(());
    };
    let session = SecretHash::of(&secret);
    if let Some(user) = app.directory.session_user(session).await? {
        app.directory.close_session(session).await?;
        app.rights_changed(Affected::User(user)).await;
    }
    Ok(())
}

/// Sign out
///
/// Ends the session and every socket that rests on it; a bearer token is left alone.
#[utoipa::path(delete, path = "/session", responses((status = 204, description = "Signed out")))]
async fn sign_out(State(app): State<App>, Owing(identity): Owing) -> Result<Response, Error> {
    let mut is_shared = false;
    if let Via::Session(hash) = identity.via {
        let how = app.directory.signed_in_by(hash).await?;
        is_shared = how.is_some_and(|how| how.device == Device::Shared);
        app.directory.close_session(hash).await?;
        app.rights_changed(Affected::User(identity.user)).await;
        tracing::info!(user = %identity.user, "signed out");
    }
    if let Via::Guest(hash) = identity.via {
        app.directory.close_guest_session(hash).await?;
        app.rights_changed(Affected::User(identity.user)).await;
        tracing::info!(user = %identity.user, "guest signed out");
    }
    let mut response =
        (StatusCode::NO_CONTENT, set(vec![auth::clear_cookie(&app.config)]), ()).into_response();
    if is_shared {
        // On one's own device it would take the device's mark away, too.
        let name = HeaderName::from_static("clear-site-data");
        response.headers_mut().insert(name, HeaderValue::from_static("\"cookies\""));
    }
    Ok(response)
}

pub(super) fn cookie(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("a name, a base64url secret and words of ours are a header")
}

/// The headers that set cookies.
pub(super) fn set(cookies: Vec<String>) -> impl IntoResponseParts {
    AppendHeaders(cookies.into_iter().map(|text| (header::SET_COOKIE, cookie(text))))
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
    Operator(operator): Operator,
    Body(request): Body<NewLink>,
) -> Result<impl IntoResponse, Error> {
    let user = app.directory.user_by_email(&request.email).await?.ok_or(Error::UnknownUser)?;
    let secret = app.directory.create_link(&operator, &user, request.uses, request.expires).await?;
    let path = format!("/#sign-in={secret}");
    Ok(created(LinkView { secret, path }))
}
