//! The public keys of sites that embed the editor, for administrators.

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use plenary_ids::{EmbedKeyId, HostId};
use plenary_permissions::{Action, Role, Subject};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    input::{Body, Id, created},
    schemas,
};
use crate::{
    App,
    auth::{GivenKey, Identity, PublicKey},
    config::Span,
    directory::{Actor, EmbedKey, NewEmbedKey},
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

fn require(identity: &Identity) -> Result<(), Error> {
    let subject = if identity.is_administrator { Subject::InstanceAdministrator } else { Subject::Outsider };
    match plenary_permissions::decide_in_group(subject, Action::RegisterEmbedHost).is_allowed() {
        true => Ok(()),
        false => Err(Error::AdministratorNeeded),
    }
}

/// A site's public key.
#[derive(Serialize, ToSchema)]
#[schema(as = EmbedKey)]
struct KeyView {
    /// The `kid` of the tokens it signs.
    #[schema(value_type = Uuid)]
    id: EmbedKeyId,
    /// The site, whichever of its keys.
    #[schema(value_type = Uuid)]
    host: HostId,
    /// The `iss` of the tokens it signs.
    issuer: String,
    /// Where pages may be that use these tokens.
    origins: Vec<String>,
    /// At most this role's rights.
    #[schema(value_type = schemas::Role)]
    role: &'static str,
    public_key: PublicKey,
    /// Milliseconds since 1970 UTC.
    created: u64,
    /// When it ends, if another key follows it; milliseconds since 1970 UTC.
    ends: Option<u64>,
}

impl From<EmbedKey> for KeyView {
    fn from(key: EmbedKey) -> Self {
        let host = key.host();
        let EmbedKey { id, issuer, origins, role, public_key, created, ends } = key;
        Self { id, host, issuer, origins, role: role.name(), public_key, created, ends }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = EmbedKeys)]
struct Keys {
    keys: Vec<KeyView>,
}

/// The keys of sites that embed the editor
///
/// Administrators only. Keys that have ended are listed until they are revoked.
#[utoipa::path(
    get, path = "/embed/keys",
    responses((status = 200, description = "These", body = Keys)),
)]
async fn list(State(app): State<App>, Caller(identity): Caller) -> Result<Json<Keys>, Error> {
    require(&identity)?;
    let keys = app.directory.embed_keys().await?.into_iter().map(KeyView::from).collect();
    Ok(Json(Keys { keys }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEmbedKey)]
struct Create {
    /// The `iss` of the site's tokens: letters, digits and `.:/_-`.
    issuer: String,
    /// Where its pages are, as browsers name origins.
    origins: Vec<String>,
    /// At most this role's rights: `drafter`, `commenter` or `observer`.
    #[schema(value_type = schemas::Role)]
    role: String,
    public_key: GivenKey,
    /// How long the site's earlier key still counts; if not said, until it is revoked.
    #[schema(value_type = Option<schemas::Span>)]
    overlap: Option<Span>,
}

/// Register a site's public key
///
/// Administrators only. It opens nothing until a group's coordinator lets the site vouch for people. A site may have two
/// live keys, so that one can follow the other.
#[utoipa::path(
    post, path = "/embed/keys", request_body = Create,
    responses((status = 201, description = "Registered", body = KeyView)),
)]
async fn create(
    State(app): State<App>,
    Caller(identity): Caller,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    require(&identity)?;
    let Create { issuer, origins, role, public_key, overlap } = request;
    let role: Role = role.parse()?;
    let public_key = PublicKey::read(&public_key)
        .map_err(|error| Error::Invalid { field: "public_key", reason: error.to_string() })?;
    let new = NewEmbedKey { issuer, origins, role, public_key, overlap };
    let key = app.directory.create_embed_key(Actor::of(&identity), new).await?;
    tracing::info!(key = %key.id, host = %key.host(), by = %identity.user, "embedding key registered");
    Ok(created(KeyView::from(key)))
}

/// Revoke a site's key
///
/// Once this answers, nothing is accepted from those for whom the site vouched with it, and nothing is written to their
/// sockets.
#[utoipa::path(
    delete, path = "/embed/keys/{key}",
    responses((status = 204, description = "Revoked")),
)]
async fn revoke(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(key): Id<EmbedKeyId>,
) -> Result<StatusCode, Error> {
    require(&identity)?;
    app.directory.revoke_embed_key(Actor::of(&identity), key).await?;
    app.rights_changed(Affected::Embedded).await;
    tracing::info!(%key, by = %identity.user, "embedding key revoked");
    Ok(StatusCode::NO_CONTENT)
}
