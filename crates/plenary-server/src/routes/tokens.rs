//! Bearer tokens, for programs.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse,
    routing::{delete, get},
};
use serde::{Deserialize, Serialize};

use super::{
    caller::Caller,
    input::{Body, created},
};
use crate::{
    App,
    auth::{SecretHash, Via},
    config::Span,
    directory::Token,
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> Router<App> {
    Router::new().route("/tokens", get(list).post(create)).route("/tokens/{token}", delete(revoke))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    /// Whose; the caller's own if not said. Only the operator says anybody else's.
    email: Option<String>,
    #[serde(default = "one_day")]
    expires: Span,
}

fn one_day() -> Span {
    Span(std::time::Duration::from_secs(24 * 3600))
}

#[derive(Serialize)]
struct Created {
    token: String,
    #[serde(flatten)]
    view: TokenView,
}

#[derive(Serialize)]
struct TokenView {
    id: String,
    created: u64,
    expires: u64,
}

impl TokenView {
    fn of(id: String, token: Token) -> Self {
        Self { id, created: token.created, expires: token.expires }
    }
}

async fn create(
    State(app): State<App>,
    Caller(identity): Caller,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    let user = match (request.email, identity.via) {
        (Some(email), Via::Operator) => {
            app.directory.user_by_email(&email).await?.ok_or(Error::UnknownUser)?.id
        }
        (None, Via::Operator) => {
            return Err(Error::Invalid { field: "email", reason: "say whose token it is".into() });
        }
        (Some(_), _) => return Err(Error::OperatorNeeded),
        // A token that could make another one would never end.
        (None, Via::Token(_)) => return Err(Error::SignInNeeded),
        (None, Via::Session(_)) => identity.user,
    };
    let (secret, token) = app.directory.create_token(user, request.expires).await?;
    tracing::info!(%user, "token made");
    let view = TokenView::of(SecretHash::of(&secret).to_string(), token);
    Ok(created(Created { token: secret, view }))
}

#[derive(Serialize)]
struct Tokens {
    tokens: Vec<TokenView>,
}

async fn list(State(app): State<App>, Caller(identity): Caller) -> Result<Json<Tokens>, Error> {
    let tokens = app.directory.tokens_of(identity.user).await?;
    Ok(Json(Tokens { tokens: tokens.into_iter().map(|(id, token)| TokenView::of(id, token)).collect() }))
}

/// Ends a token and every socket that rests on it.
async fn revoke(
    State(app): State<App>,
    Caller(identity): Caller,
    Path(token): Path<String>,
) -> Result<StatusCode, Error> {
    app.directory.revoke_token(identity.user, &token).await?;
    app.rights_changed(Affected::User(identity.user)).await;
    tracing::info!(user = %identity.user, "token revoked");
    Ok(StatusCode::NO_CONTENT)
}
