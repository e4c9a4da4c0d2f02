//! Which sites a group lets vouch for people, for its coordinators.

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use plenary_ids::{GroupId, HostId, StatementId};
use plenary_permissions::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    input::{Body, Id, Ids, created},
    schemas,
};
use crate::{
    App,
    directory::{EmbedGrant, NewEmbedGrant, may_grant},
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(withdraw))
}

/// A group lets a site vouch for people.
#[derive(Serialize, ToSchema)]
#[schema(as = EmbedGrant)]
struct GrantView {
    #[schema(value_type = Uuid)]
    host: HostId,
    /// The `iss` of the site's tokens.
    issuer: String,
    /// At most this role's rights.
    #[schema(value_type = schemas::Role)]
    role: &'static str,
    /// In these statements; `null`: in all there are and will be.
    #[schema(value_type = Option<Vec<Uuid>>)]
    statements: Option<Vec<StatementId>>,
    /// Milliseconds since 1970 UTC.
    created: u64,
}

impl From<EmbedGrant> for GrantView {
    fn from(grant: EmbedGrant) -> Self {
        let EmbedGrant { host, issuer, role, statements, created, .. } = grant;
        Self { host, issuer, role: role.name(), statements, created }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = EmbedGrants)]
struct Grants {
    grants: Vec<GrantView>,
}

/// Which sites the group lets vouch for people
///
/// Coordinators only.
#[utoipa::path(
    get, path = "/groups/{group}/embed-grants",
    responses((status = 200, description = "These", body = Grants)),
)]
async fn list(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
) -> Result<Json<Grants>, Error> {
    let (group, standing) = app.directory.group(&identity, group).await?;
    may_grant(&identity, &standing)?;
    let grants = app.directory.embed_grants(group.id).await?.into_iter().map(GrantView::from).collect();
    Ok(Json(Grants { grants }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEmbedGrant)]
struct Create {
    /// The `iss` of the site's tokens; an administrator has registered a key for it.
    issuer: String,
    /// At most this role's rights: `drafter`, `commenter` or `observer`.
    #[schema(value_type = schemas::Role)]
    role: String,
    /// In these statements; if not said, in all there are and will be.
    #[schema(value_type = Option<Vec<Uuid>>)]
    statements: Option<Vec<StatementId>>,
}

/// Let a site vouch for people
///
/// Coordinators only. Takes the place of what the site was let do before; open sockets follow before this answers.
#[utoipa::path(
    post, path = "/groups/{group}/embed-grants", request_body = Create,
    responses((status = 201, description = "Granted", body = GrantView)),
)]
async fn create(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    let (group, standing) = app.directory.group(&identity, group).await?;
    let Create { issuer, role, statements } = request;
    may_grant(&identity, &standing)?;
    let role: Role = role.parse()?;
    let new = NewEmbedGrant { issuer, role, statements };
    let grant = app.directory.grant_embedding(&identity, &standing, group.id, new).await?;
    app.rights_changed(Affected::Embedded).await;
    tracing::info!(group = %group.id, host = %grant.host, by = %identity.user, %role, "embedding granted");
    Ok(created(GrantView::from(grant)))
}

/// Let a site vouch for people no longer
///
/// Once this answers, nothing of the group is accepted from those for whom it vouched or written to their sockets.
#[utoipa::path(
    delete, path = "/groups/{group}/embed-grants/{host}",
    responses((status = 204, description = "Withdrawn")),
)]
async fn withdraw(
    State(app): State<App>,
    Caller(identity): Caller,
    Ids(group, host): Ids<GroupId, HostId>,
) -> Result<StatusCode, Error> {
    let (group, standing) = app.directory.group(&identity, group).await?;
    app.directory.withdraw_embedding(&identity, &standing, group.id, host).await?;
    app.rights_changed(Affected::Embedded).await;
    tracing::info!(group = %group.id, %host, by = %identity.user, "embedding withdrawn");
    Ok(StatusCode::NO_CONTENT)
}
