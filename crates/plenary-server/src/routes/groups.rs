//! Groups.

use axum::{Json, extract::State, response::IntoResponse};
use plenary_ids::GroupId;
use plenary_permissions::{Action, Subject};
use plenary_statements::{Group, GroupKind, Name};
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
    directory::{Actor, NewGroup},
    error::Error,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(show))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGroup)]
struct Create {
    #[schema(value_type = schemas::Name)]
    name: String,
    #[schema(value_type = Option<schemas::GroupKind>)]
    kind: Option<String>,
}

/// A group
#[derive(Serialize, ToSchema)]
#[schema(as = Group)]
pub(super) struct GroupView {
    #[schema(value_type = Uuid)]
    id: GroupId,
    #[schema(value_type = schemas::Name)]
    name: Name,
    #[schema(value_type = schemas::GroupKind)]
    kind: GroupKind,
    /// Milliseconds since 1970 UTC.
    created: u64,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        let Group { id, name, kind, created, .. } = group;
        Self { id, name, kind, created }
    }
}

/// Make a group
///
/// Administrators only.
#[utoipa::path(
    post, path = "/groups", request_body = Create,
    responses((status = 201, description = "Made", body = GroupView)),
)]
async fn create(
    State(app): State<App>,
    Caller(identity): Caller,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    let subject = if identity.is_administrator { Subject::InstanceAdministrator } else { Subject::Outsider };
    if !plenary_permissions::decide_in_group(subject, Action::CreateGroup).is_allowed() {
        return Err(Error::AdministratorNeeded);
    }
    let kind = request.kind.map_or(Ok(GroupKind::default()), |kind| kind.parse())?;
    let new = NewGroup { kind, ..NewGroup::named(request.name.parse()?) };
    let group = app.directory.create_group(Actor::of(&identity), new).await?;
    tracing::info!(group = %group.id, user = %identity.user, "group made");
    Ok(created(GroupView::from(group)))
}

#[derive(Serialize, ToSchema)]
struct Groups {
    groups: Vec<GroupView>,
}

/// The caller's groups
///
/// All, for an administrator, to whom they exist.
#[utoipa::path(get, path = "/groups", responses((status = 200, description = "These", body = Groups)))]
async fn list(State(app): State<App>, Caller(identity): Caller) -> Result<Json<Groups>, Error> {
    let groups = if identity.is_administrator {
        app.directory.groups().await?
    } else {
        app.directory.groups_of(identity.user).await?.into_iter().map(|(group, _)| group).collect()
    };
    Ok(Json(Groups { groups: groups.into_iter().map(GroupView::from).collect() }))
}

/// A group
#[utoipa::path(get, path = "/groups/{group}", responses((status = 200, description = "This", body = GroupView)))]
async fn show(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
) -> Result<Json<GroupView>, Error> {
    Ok(Json(app.directory.group(&identity, group).await?.0.into()))
}
