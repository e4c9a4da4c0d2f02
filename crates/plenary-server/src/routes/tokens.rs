//! Bearer tokens, for programs.

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    input::{Body, created},
    parts::Text,
    schemas,
};
use crate::{
    App,
    auth::{SecretHash, Via},
    config::Span,
    directory::Token,
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewToken)]
struct Create {
    /// Whose; the caller's own if not said. Only the operator says anybody else's.
    email: Option<String>,
    #[serde(default = "one_day")]
    #[schema(value_type = schemas::Span)]
    expires: Span,
}

fn one_day() -> Span {
    Span(std::time::Duration::from_secs(24 * 3600))
}

#[derive(Serialize, ToSchema)]
#[schema(as = TokenWithSecret)]
struct Created {
    /// Not shown again.
    token: String,
    #[serde(flatten)]
    view: TokenView,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
struct TokenView {
    /// What it is revoked by.
    id: String,
    /// Milliseconds since 1970 UTC.
    created: u64,
    /// Milliseconds since 1970 UTC.
    expires: u64,
}

impl TokenView {
    fn of(id: String, token: Token) -> Self {
        Self { id, created: token.created, expires: token.expires }
    }
}

/// Make a bearer token
///
/// One's own, in a session; anybody's, as the operator.
#[utoipa::path(
    post, path = "/tokens", request_body = Create,
    responses((status = 201, description = "Made; the token is not shown again", body = Created)),
)]
async fn create(
    State(app): State<App>,
    Caller(identity): Caller,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    let (secret, token) = match (request.email, identity.via) {
        (Some(email), Via::Operator) => {
            let user = app.directory.user_by_email(&email).await?.ok_or(Error::UnknownUser)?;
            app.directory.create_token(user.id, request.expires).await?
        }
        (None, Via::Operator) => {
            return Err(Error::Invalid { field: "email", reason: "say whose token it is".into() });
        }
        (Some(_), _) => return Err(Error::OperatorNeeded),
        // A token that could make another one would never end.
        (None, Via::Token(_) | Via::Guest(_) | Via::Embedded(..)) => return Err(Error::SignInNeeded),
        (None, Via::Session(session)) => {
            app.directory.create_own_token(&identity, session, request.expires).await?
        }
    };
    tracing::info!(user = %token.user, "token made");
    let view = TokenView::of(SecretHash::of(&secret).to_string(), token);
    Ok(created(Created { token: secret, view }))
}

#[derive(Serialize, ToSchema)]
struct Tokens {
    tokens: Vec<TokenView>,
}

/// The caller's bearer tokens, without their secrets
#[utoipa::path(get, path = "/tokens", responses((status = 200, description = "These", body = Tokens)))]
async fn list(State(app): State<App>, Caller(identity): Caller) -> Result<Json<Tokens>, Error> {
    let tokens = app.directory.tokens_of(identity.user).await?;
    Ok(Json(Tokens { tokens: tokens.into_iter().map(|(id, token)| TokenView::of(id, token)).collect() }))
}

/// Revoke a token of one's own
///
/// Ends every socket that rests on it, too.
#[utoipa::path(
    delete, path = "/tokens/{token}", params(("token" = String, Path, description = "The token's `id`")),
    responses((status = 204, description = "Revoked")),
)]
async fn revoke(
    State(app): State<App>,
    Caller(identity): Caller,
    Text(token): Text,
) -> Result<StatusCode, Error> {
    app.directory.revoke_token(&identity, &token).await?;
    app.rights_changed(Affected::User(identity.user)).await;
    tracing::info!(user = %identity.user, "token revoked");
    Ok(StatusCode::NO_CONTENT)
}
