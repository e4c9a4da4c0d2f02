//! Who is in a group.

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use plenary_ids::{GroupId, UserId};
use plenary_permissions::{Action, Role};
use plenary_statements::{Membership, MembershipError, Name};
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
    directory::{Actor, User},
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(change, remove))
}

#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
struct MemberView {
    user: MemberUser,
    #[schema(value_type = schemas::Role)]
    role: &'static str,
    contact_person: bool,
    /// Milliseconds since 1970 UTC.
    since: u64,
}

#[derive(Serialize, ToSchema)]
struct MemberUser {
    #[schema(value_type = Uuid)]
    id: UserId,
    #[schema(value_type = Option<schemas::Name>)]
    name: Option<Name>,
    /// Shown to those who manage members; to the others it is nobody's business.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

impl MemberView {
    fn of(membership: &Membership, user: Option<User>, shows_email: bool) -> Self {
        let (name, email) = user.map_or((None, None), |user| (Some(user.name), Some(user.email)));
        Self {
            user: MemberUser { id: membership.user, name, email: email.filter(|_| shows_email) },
            role: membership.role.name(),
            contact_person: membership.contact_person,
            since: membership.since,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Members)]
struct MembersView {
    members: Vec<MemberView>,
}

/// Who is in a group
#[utoipa::path(
    get, path = "/groups/{group}/members",
    responses((status = 200, description = "These", body = MembersView)),
)]
async fn list(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
) -> Result<Json<MembersView>, Error> {
    let (group, standing) = app.directory.group(&identity, group).await?;
    standing.require(Action::SeeMembers)?;
    let shows_email = standing.require(Action::ManageMembers).is_ok();
    let mut members = Vec::new();
    for membership in app.directory.members(group.id).await?.iter() {
        let user = app.directory.user(membership.user).await?;
        members.push(MemberView::of(membership, user, shows_email));
    }
    Ok(Json(MembersView { members }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMember)]
struct Add {
    email: String,
    #[schema(value_type = schemas::Role)]
    role: String,
}

/// Bring somebody with an account in
#[utoipa::path(
    post, path = "/groups/{group}/members", request_body = Add,
    responses((status = 201, description = "In", body = MemberView)),
)]
async fn add(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
    Body(request): Body<Add>,
) -> Result<impl IntoResponse, Error> {
    let (group, standing) = app.directory.group(&identity, group).await?;
    standing.require(Action::ManageMembers)?;
    let role: Role = request.role.parse()?;
    let user = app.directory.user_by_email(&request.email).await?;
    let user = user.filter(|user| !user.closed).ok_or(Error::UnknownUser)?;
    let actor = Actor::of(&identity);
    let added = app.directory.change_members(actor, group.id, |members, now| members.add(user.id, role, now));
    let membership = added.await?;
    app.rights_changed(Affected::User(user.id)).await;
    tracing::info!(group = %group.id, user = %user.id, by = %identity.user, %role, "member added");
    Ok(created(MemberView::of(&membership, Some(user), true)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MemberChange)]
struct Change {
    #[schema(value_type = Option<schemas::Role>)]
    role: Option<String>,
    /// True to hand the contact person's mark over to this member.
    #[serde(default)]
    contact_person: bool,
}

/// Change a member's role, or make them the contact person
///
/// Open sockets follow before this answers.
#[utoipa::path(
    patch, path = "/groups/{group}/members/{user}", request_body = Change,
    responses((status = 200, description = "As it is now", body = MemberView)),
)]
async fn change(
    State(app): State<App>,
    Caller(identity): Caller,
    Ids(group, user): Ids<GroupId, UserId>,
    Body(request): Body<Change>,
) -> Result<Json<MemberView>, Error> {
    let (group, standing) = app.directory.group(&identity, group).await?;
    standing.require(Action::ManageMembers)?;
    let role = request.role.map(|role| role.parse::<Role>()).transpose()?;
    let membership = app
        .directory
        .change_members(Actor::of(&identity), group.id, |members, _| {
            if let Some(role) = role {
                members.set_role(user, role)?;
            }
            if request.contact_person {
                members.hand_over(user)?;
            }
            members.get(user).copied().ok_or(MembershipError::NotAMember)
        })
        .await?;
    app.rights_changed(Affected::User(user)).await;
    tracing::info!(group = %group.id, %user, by = %identity.user, role = %membership.role, "member changed");
    let account = app.directory.user(user).await?;
    Ok(Json(MemberView::of(&membership, account, true)))
}

/// Take somebody out
///
/// Once this answers, nothing is accepted from them any more and nothing of the group is written to their sockets.
#[utoipa::path(
    delete, path = "/groups/{group}/members/{user}",
    responses((status = 204, description = "Out")),
)]
async fn remove(
    State(app): State<App>,
    Caller(identity): Caller,
    Ids(group, user): Ids<GroupId, UserId>,
) -> Result<StatusCode, Error> {
    let (group, standing) = app.directory.group(&identity, group).await?;
    standing.require(Action::ManageMembers)?;
    let actor = Actor::of(&identity);
    app.directory.change_members(actor, group.id, |members, _| members.remove(user)).await?;
    app.rights_changed(Affected::User(user)).await;
    tracing::info!(group = %group.id, %user, by = %identity.user, "member removed");
    Ok(StatusCode::NO_CONTENT)
}
