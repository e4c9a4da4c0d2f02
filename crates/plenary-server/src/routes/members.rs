//! Who is in a group, and who was.

use std::collections::HashMap;

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use plenary_ids::{GroupId, OrganisationId, UserId};
use plenary_permissions::{Action, Role};
use plenary_statements::{Membership, MembershipError, Name, Names};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    input::{Body, Id, Ids, created},
    schemas,
};
use crate::{App, directory::Standing, error::Error, rooms::Affected};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(past)).routes(routes!(change, remove))
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

#[derive(Clone, Serialize, ToSchema)]
struct MemberUser {
    #[schema(value_type = Uuid)]
    id: UserId,
    #[schema(value_type = Option<schemas::Name>)]
    name: Option<Name>,
    /// Shown to those who manage members; to the others it is nobody's business.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// For whom they work.
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation: Option<MemberOrganisation>,
}

#[derive(Clone, Serialize, ToSchema)]
struct MemberOrganisation {
    #[schema(value_type = Uuid)]
    id: OrganisationId,
    #[schema(value_type = schemas::Names)]
    names: Names,
    /// Whether naming it puts people at risk; said to coordinators and administrators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_risk: Option<bool>,
}

/// Says who people are, each organisation looked up once.
struct People<'a> {
    app: &'a App,
    shows_email: bool,
    shows_risk: bool,
    organisations: HashMap<OrganisationId, Option<MemberOrganisation>>,
}

impl<'a> People<'a> {
    fn seen_by(app: &'a App, standing: &Standing) -> Self {
        let shows_email = standing.require(Action::ManageMembers).is_ok();
        let shows_risk = standing.require(Action::SeeRisk).is_ok();
        Self { app, shows_email, shows_risk, organisations: HashMap::new() }
    }

    async fn user(&mut self, id: UserId) -> Result<MemberUser, Error> {
        let account = self.app.directory.user(id).await?;
        let (name, email) = account.map_or((None, None), |user| (Some(user.name), Some(user.email)));
        let organisation = match self.app.directory.organisation_of(id).await? {
            Some(organisation) => self.organisation(organisation).await?,
            None => None,
        };
        Ok(MemberUser { id, name, email: email.filter(|_| self.shows_email), organisation })
    }

    async fn organisation(&mut self, id: OrganisationId) -> Result<Option<MemberOrganisation>, Error> {
        if let Some(known) = self.organisations.get(&id) {
            return Ok(known.clone());
        }
        let found = self.app.directory.organisation(id).await?;
        let view = found.map(|found| MemberOrganisation {
            id,
            names: found.names,
            at_risk: self.shows_risk.then_some(found.at_risk),
        });
        self.organisations.insert(id, view.clone());
        Ok(view)
    }

    async fn member(&mut self, place: &Membership) -> Result<MemberView, Error> {
        Ok(MemberView {
            user: self.user(place.user).await?,
            role: place.role.name(),
            contact_person: place.contact_person,
            since: place.since,
        })
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
    let mut people = People::seen_by(&app, &standing);
    let mut members = Vec::new();
    for place in app.directory.members(group.id).await?.iter() {
        members.push(people.member(place).await?);
    }
    Ok(Json(MembersView { members }))
}

/// A place somebody had in a group until they were taken out or left
#[derive(Serialize, ToSchema)]
#[schema(as = PastMember)]
struct PastView {
    user: MemberUser,
    /// As what, at the end.
    #[schema(value_type = schemas::Role)]
    role: &'static str,
    /// Whether they were the contact person, at the end.
    contact_person: bool,
    /// Milliseconds since 1970 UTC.
    since: u64,
    /// Milliseconds since 1970 UTC.
    until: u64,
    /// Who took them out; they themselves, if they left.
    #[schema(value_type = Uuid)]
    ended_by: UserId,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PastMembers)]
struct PastMembersView {
    members: Vec<PastView>,
}

/// Who was in a group
///
/// In the order of their going. Who came back is among the members with a place that is new.
#[utoipa::path(
    get, path = "/groups/{group}/members/past",
    responses((status = 200, description = "These", body = PastMembersView)),
)]
async fn past(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
) -> Result<Json<PastMembersView>, Error> {
    let (group, standing) = app.directory.group(&identity, group).await?;
    standing.require(Action::ManageMembers)?;
    let mut people = People::seen_by(&app, &standing);
    let mut members = Vec::new();
    for past in app.directory.past_members(group.id).await? {
        members.push(PastView {
            user: people.user(past.place.user).await?,
            role: past.place.role.name(),
            contact_person: past.place.contact_person,
            since: past.place.since,
            until: past.until,
            ended_by: past.ended_by,
        });
    }
    Ok(Json(PastMembersView { members }))
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
    let added = app.directory.change_members_as(&identity, group.id, |members, standing, now| {
        standing.require(Action::ManageMembers)?;
        Ok(members.add(user.id, role, now)?)
    });
    let place = added.await?;
    app.rights_changed(Affected::User(user.id)).await;
    tracing::info!(group = %group.id, user = %user.id, by = %identity.user, %role, "member added");
    Ok(created(People::seen_by(&app, &standing).member(&place).await?))
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
    let changed = app.directory.change_members_as(&identity, group.id, |members, standing, _| {
        standing.require(Action::ManageMembers)?;
        if let Some(role) = role {
            members.set_role(user, role)?;
        }
        if request.contact_person {
            members.hand_over(user)?;
        }
        Ok(members.get(user).copied().ok_or(MembershipError::NotAMember)?)
    });
    let place = changed.await?;
    app.rights_changed(Affected::User(user)).await;
    tracing::info!(group = %group.id, %user, by = %identity.user, role = %place.role, "member changed");
    Ok(Json(People::seen_by(&app, &standing).member(&place).await?))
}

/// Take somebody out, or leave
///
/// Once this answers, nothing is accepted from them any more and nothing of the group is written to their sockets; guests
/// who came by a link of theirs are out, too. Whoever is in may leave.
#[utoipa::path(
    delete, path = "/groups/{group}/members/{user}",
    responses((status = 204, description = "Out")),
)]
async fn remove(
    State(app): State<App>,
    Caller(identity): Caller,
    Ids(group, user): Ids<GroupId, UserId>,
) -> Result<StatusCode, Error> {
    let removed = app.directory.change_members_as(&identity, group, |members, standing, _| {
        // Nobody is kept in a group.
        if user != identity.user {
            standing.require(Action::ManageMembers)?;
        }
        Ok(members.remove(user)?)
    });
    removed.await?;
    app.rights_changed(Affected::User(user)).await;
    tracing::info!(%group, %user, by = %identity.user, "member removed");
    Ok(StatusCode::NO_CONTENT)
}
