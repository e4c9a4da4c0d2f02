//! Passwords: changing one's own, and setting a new one by an administrator's link.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use plenary_ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::{Administrator, InSession},
    input::{Body, Id, created},
    schemas,
    session::{refuse_foreign_page, set, wait},
};
use crate::{App, auth, config::Span, error::Error, rooms::Affected};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(change)).routes(routes!(create_reset_link)).routes(routes!(reset))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    present: Option<String>,
    #[schema(min_length = 12, max_length = 128)]
    new: String,
}

/// Set the caller's password
///
/// All other sign-ins and bearer tokens of the caller end. This session goes on under another cookie.
#[utoipa::path(
    put, path = "/me/password", request_body = ChangePassword,
    responses((status = 204, description = "Set"), (status = 429, description = "`too-many-tries`")),
)]
async fn change(
    State(app): State<App>,
    InSession(identity, session): InSession,
    Body(request): Body<ChangePassword>,
) -> Result<impl IntoResponse, Error> {
    app.throttle.take_in_session(session, app.clock.now_ms()).map_err(wait)?;
    let device = app.directory.signed_in_by(session).await?.ok_or(Error::SignInNeeded)?.device;
    let secret = app.directory.change_password(&identity, session, request.present, request.new).await?;
    app.rights_changed(Affected::User(identity.user)).await;
    tracing::info!(user = %identity.user, "password changed");
    Ok((StatusCode::NO_CONTENT, set(vec![auth::set_cookie(&app.config, &secret, device)]), ()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewResetLink {
    /// At most `7d`
    #[serde(default = "one_day")]
    #[schema(value_type = schemas::Span)]
    expires: Span,
}

fn one_day() -> Span {
    Span(std::time::Duration::from_secs(24 * 3600))
}

#[derive(Serialize, ToSchema)]
struct ResetLink {
    secret: String,
    /// Where the page finds it; goes behind the address of this server
    path: String,
    /// When it ends, milliseconds since 1970
    expires: u64,
}

/// Make a link by which somebody sets a new password
///
/// It works once; an earlier one of the same account ends. It signs nobody in, and a second factor is asked for as
/// ever. Give it to that person by a way that nobody else reads. Administrators only.
#[utoipa::path(
    post, path = "/users/{user}/reset-links", request_body = NewResetLink,
    responses((status = 201, description = "Made", body = ResetLink)),
)]
async fn create_reset_link(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Id(user): Id<UserId>,
    Body(request): Body<NewResetLink>,
) -> Result<impl IntoResponse, Error> {
    let (secret, expires) = app.directory.create_reset(&caller, user, request.expires).await?;
    tracing::info!(%user, "reset link made");
    let path = format!("/#reset={secret}");
    Ok(created(ResetLink { secret, path, expires }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordReset {
    secret: String,
    #[schema(min_length = 12, max_length = 128)]
    new: String,
}

/// Set a new password with the secret of a reset link
///
/// The secret is in the fragment, which browsers do not send; the page posts it with the password. All sign-ins and
/// bearer tokens of the account end. Sign in with the new password afterwards.
#[utoipa::path(
    post, path = "/password-reset", request_body = PasswordReset, security(()),
    responses(
        (status = 204, description = "Set"),
        (status = 401, description = "`wrong-credentials`"),
        (status = 403, description = "`foreign-origin`"),
        (status = 429, description = "`too-many-tries`"),
    ),
)]
async fn reset(
    State(app): State<App>,
    headers: HeaderMap,
    Body(request): Body<PasswordReset>,
) -> Result<StatusCode, Error> {
    refuse_foreign_page(&app, &headers)?;
    let user = app.directory.reset_password(&request.secret, request.new).await?;
    app.rights_changed(Affected::User(user.id)).await;
    tracing::info!(user = %user.id, "password reset");
    Ok(StatusCode::NO_CONTENT)
}
