//! Sessions for people for whom an embedding site vouches.

use axum::{
    extract::{DefaultBodyLimit, State},
    http::HeaderMap,
    response::IntoResponse,
};
use plenary_ids::{DocumentId, UserId};
use plenary_permissions::Access;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    input::{Body, created},
    schemas,
};
use crate::{
    App,
    auth::{self, EMBED_TOKEN_BYTES_MAX, EmbedTokenError},
    error::Error,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(open)).layer(DefaultBodyLimit::max(EMBED_TOKEN_BYTES_MAX + 1024))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmbedToken)]
struct Open {
    /// What the site's own server signed for this person and document.
    token: String,
}

/// What a page of the site goes on with.
#[derive(Serialize, ToSchema)]
#[schema(as = EmbedSession)]
struct Opened {
    /// For sockets and for `Authorization: Bearer`, from pages of the token's origin.
    token: String,
    /// How long it counts.
    expires_in_ms: u64,
    user: EmbeddedUser,
    #[schema(value_type = Uuid)]
    document: DocumentId,
    #[schema(value_type = schemas::Access)]
    access: &'static str,
    #[schema(value_type = schemas::Stage)]
    stage: &'static str,
}

#[derive(Serialize, ToSchema)]
struct EmbeddedUser {
    /// Always the same for the same person of the same site.
    #[schema(value_type = Uuid)]
    id: UserId,
    name: String,
}

/// Exchange a token that an embedding site signed
///
/// Once for each token, from a page of the origin that it names. What comes back opens the one document that it names,
/// for as long as the token said, with the least of the rights of key, group and token. docs/embedding.md.
#[utoipa::path(
    post, path = "/embed/session", request_body = Open, security(()),
    responses(
        (status = 201, description = "Opened", body = Opened),
        (status = 401, description = "`embed-token-malformed`, `embed-algorithm`, `embed-key-unknown`, `embed-signature`, \
            `embed-issuer`, `embed-audience`, `embed-not-yet`, `embed-expired`, `embed-too-long`, `embed-replayed`"),
        (status = 403, description = "`embed-origin`"),
        (status = 404, description = "`not-found`: the document is not there, or the site may not vouch for people in it"),
    ),
)]
async fn open(
    State(app): State<App>,
    headers: HeaderMap,
    Body(request): Body<Open>,
) -> Result<impl IntoResponse, Error> {
    let audience = auth::own_name(&app.config, &headers).ok_or(EmbedTokenError::Audience)?;
    let origin = auth::origin(&headers);
    let opened = app.directory.open_embed_session(&request.token, &audience, origin).await?;
    let user = opened.identity.user;
    tracing::info!(%user, document = %opened.document, "embedded session opened");
    Ok(created(Opened {
        token: opened.secret,
        expires_in_ms: opened.expires_ms.saturating_sub(app.clock.now_ms()),
        user: EmbeddedUser { id: user, name: opened.identity.name },
        document: opened.document,
        access: match opened.grant.access {
            Access::Read => "read",
            Access::Write => "write",
        },
        stage: opened.grant.stage.name(),
    }))
}
