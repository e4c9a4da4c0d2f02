//! Groups.

use axum::{
    Json, Router,
    extract::State,
    response::IntoResponse,
    routing::{get, post},
};
use plenary_ids::GroupId;
use plenary_permissions::{Action, Subject};
use plenary_statements::{Group, GroupKind};
use serde::{Deserialize, Serialize};

use super::{
    caller::Caller,
    input::{Body, Id, created},
};
use crate::{App, directory::Actor, error::Error};

pub(super) fn router() -> Router<App> {
    Router::new().route("/groups", post(create).get(list)).route("/groups/{group}", get(show))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: String,
    kind: Option<String>,
}

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
    let group = app.directory.create_group(Actor::of(&identity), request.name.parse()?, kind).await?;
    tracing::info!(group = %group.id, user = %identity.user, "group made");
    Ok(created(group))
}

#[derive(Serialize)]
struct Groups {
    groups: Vec<Group>,
}

/// The caller's own groups; all, for an administrator, to whom they exist.
async fn list(State(app): State<App>, Caller(identity): Caller) -> Result<Json<Groups>, Error> {
    let groups = if identity.is_administrator {
        app.directory.groups().await?
    } else {
        app.directory.groups_of(identity.user).await?.into_iter().map(|(group, _)| group).collect()
    };
    Ok(Json(Groups { groups }))
}

async fn show(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
) -> Result<Json<Group>, Error> {
    Ok(Json(app.directory.group(&identity, group).await?.0))
}
