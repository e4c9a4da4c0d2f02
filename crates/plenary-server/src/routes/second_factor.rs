//! One's second factor: codes from a device (TOTP), and recovery codes for the day it is lost.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use plenary_ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::{Administrator, InOwingSession, InSession},
    input::{Body, Id, created},
    session::{set, wait},
    users::UserView,
};
use crate::{
    App,
    auth::{self, Identity, SecretHash},
    directory::{ENROLMENT_MS, Proof, Rotated, User},
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show, begin))
        .routes(routes!(confirm))
        .routes(routes!(turn_off))
        .routes(routes!(renew_recovery_codes))
        .routes(routes!(clear))
}

#[derive(Serialize, ToSchema)]
struct SecondFactor {
    on: bool,
    /// Since when, milliseconds since 1970
    since: Option<u64>,
    recovery_codes_left: usize,
    /// Whether this server asks the caller for one
    required: bool,
}

/// How things stand with the caller's second factor
#[utoipa::path(
    get, path = "/me/second-factor",
    responses((status = 200, description = "So", body = SecondFactor)),
)]
async fn show(
    State(app): State<App>,
    InOwingSession(InSession(identity, _)): InOwingSession,
) -> Result<Json<SecondFactor>, Error> {
    let state = app.directory.second_factor(identity.user).await?;
    Ok(Json(SecondFactor {
        on: state.since.is_some(),
        since: state.since,
        recovery_codes_left: state.recovery_codes_left,
        required: state.is_required,
    }))
}

/// That it is the account's owner who asks: their password or a code
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Proof)]
struct Shown {
    password: Option<String>,
    code: Option<String>,
}

impl Shown {
    fn into_proof(self) -> Option<Proof> {
        self.code.map(Proof::Code).or(self.password.map(Proof::Password))
    }
}

/// Fails unless it is the account's owner who asks.
async fn prove(app: &App, session: SecretHash, user: &User, proof: Proof) -> Result<(), Error> {
    app.throttle.take_in_session(session, app.clock.now_ms()).map_err(wait)?;
    app.directory.proves(user, session, proof).await
}

async fn account(app: &App, identity: &Identity) -> Result<User, Error> {
    app.directory.user(identity.user).await?.ok_or(Error::SignInNeeded)
}

#[derive(Serialize, ToSchema)]
struct Enrolment {
    /// For typing it into the device: base32
    secret: String,
    /// The same for a picture or a link: `otpauth://totp/...`
    uri: String,
    /// How long there is to show the first code
    expires_in_ms: u64,
}

/// Begin to set up a second factor
///
/// The secret is shown this once; nothing changes until its first code was shown at `confirm`. Asks for the password,
/// unless the caller has just signed in.
#[utoipa::path(
    post, path = "/me/second-factor", request_body = Shown,
    responses(
        (status = 201, description = "The secret", body = Enrolment),
        (status = 429, description = "`too-many-tries`"),
    ),
)]
async fn begin(
    State(app): State<App>,
    InOwingSession(InSession(identity, session)): InOwingSession,
    Body(request): Body<Shown>,
) -> Result<impl IntoResponse, Error> {
    let user = account(&app, &identity).await?;
    prove(&app, session, &user, request.into_proof().unwrap_or(Proof::FreshSession)).await?;
    let secret = app.directory.begin_second_factor(&user).await?;
    let uri = secret.uri(&user.email);
    Ok(created(Enrolment { secret: secret.text(), uri, expires_in_ms: ENROLMENT_MS }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FirstCode {
    /// Six digits from the device
    code: String,
}

#[derive(Serialize, ToSchema)]
struct RecoveryCodes {
    /// Shown this once; each works once in place of a code
    recovery_codes: Vec<String>,
}

/// Turn the second factor on, by its first code
///
/// All other sign-ins and bearer tokens of the caller end. This session goes on under another cookie.
#[utoipa::path(
    post, path = "/me/second-factor/confirm", request_body = FirstCode,
    responses(
        (status = 200, description = "It is on", body = RecoveryCodes),
        (status = 429, description = "`too-many-tries`"),
    ),
)]
async fn confirm(
    State(app): State<App>,
    InOwingSession(InSession(identity, session)): InOwingSession,
    Body(request): Body<FirstCode>,
) -> Result<Response, Error> {
    app.throttle.take_in_session(session, app.clock.now_ms()).map_err(wait)?;
    let rotated = app.directory.confirm_second_factor(&identity, session, &request.code).await?;
    tracing::info!(user = %identity.user, "second factor on");
    goes_on(&app, &identity, rotated).await
}

/// Turn the second factor off
///
/// Asks for the password or a code. All other sign-ins and bearer tokens of the caller end. This session goes on under
/// another cookie.
#[utoipa::path(
    post, path = "/me/second-factor/off", request_body = Shown,
    responses(
        (status = 200, description = "It is off; there are no recovery codes", body = RecoveryCodes),
        (status = 429, description = "`too-many-tries`"),
    ),
)]
async fn turn_off(
    State(app): State<App>,
    InSession(identity, session): InSession,
    Body(request): Body<Shown>,
) -> Result<Response, Error> {
    let user = account(&app, &identity).await?;
    prove(&app, session, &user, request.into_proof().ok_or(Error::ProofNeeded)?).await?;
    let rotated = app.directory.turn_off_second_factor(&identity, session).await?;
    tracing::info!(user = %identity.user, "second factor off");
    goes_on(&app, &identity, rotated).await
}

async fn goes_on(app: &App, identity: &Identity, rotated: Rotated) -> Result<Response, Error> {
    app.rights_changed(Affected::User(identity.user)).await;
    let how = app.directory.signed_in_by(SecretHash::of(&rotated.session)).await?;
    let device = how.map(|how| how.device).unwrap_or_default();
    let cookie = auth::set_cookie(&app.config, &rotated.session, device);
    Ok((set(vec![cookie]), Json(RecoveryCodes { recovery_codes: rotated.recovery_codes })).into_response())
}

/// Make new recovery codes
///
/// Those of before end. Asks for the password or a code.
#[utoipa::path(
    post, path = "/me/second-factor/recovery-codes", request_body = Shown,
    responses(
        (status = 200, description = "These", body = RecoveryCodes),
        (status = 429, description = "`too-many-tries`"),
    ),
)]
async fn renew_recovery_codes(
    State(app): State<App>,
    InSession(identity, session): InSession,
    Body(request): Body<Shown>,
) -> Result<Json<RecoveryCodes>, Error> {
    let user = account(&app, &identity).await?;
    prove(&app, session, &user, request.into_proof().ok_or(Error::ProofNeeded)?).await?;
    let recovery_codes = app.directory.renew_recovery_codes(&identity).await?;
    tracing::info!(user = %identity.user, "recovery codes made");
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Take somebody's second factor away
///
/// For the day their device and their recovery codes are lost; a reset link alone does not do it. All their sign-ins
/// and bearer tokens end. Administrators only.
#[utoipa::path(
    delete, path = "/users/{user}/second-factor",
    responses((status = 200, description = "As the account is now", body = UserView)),
)]
async fn clear(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Id(user): Id<UserId>,
) -> Result<Json<UserView>, Error> {
    let account = app.directory.clear_second_factor(&caller, user).await?;
    app.rights_changed(Affected::User(user)).await;
    tracing::info!(%user, "second factor cleared");
    Ok(Json(UserView::of(&account)))
}
