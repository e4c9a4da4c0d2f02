//! Groups.

use axum::{Json, extract::State, response::IntoResponse};
use plenary_ids::{GroupId, UserId};
use plenary_permissions::{Action, Authorship, Subject};
use plenary_statements::{Group, GroupKind, GroupStatus, Name, StateCode, Switch, Themes, Visibility};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::{AccountHolder, Caller},
    input::{Asked, Body, Id, Search, created, fact, said},
    schemas,
};
use crate::{
    App,
    directory::{Actor, NewGroup},
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(listed)).routes(routes!(show, change))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGroup)]
struct Create {
    #[schema(value_type = schemas::Name)]
    name: String,
    #[schema(value_type = Option<schemas::GroupKind>)]
    kind: Option<String>,
    /// The State under review; a country group needs it.
    #[schema(value_type = Option<schemas::StateCode>)]
    state: Option<String>,
    /// The session at which it is reviewed, such as `UPR 58`; a country group needs it.
    #[schema(max_length = 40)]
    session: Option<String>,
    /// What it works on.
    #[serde(default)]
    #[schema(value_type = Vec<schemas::Theme>, max_items = 10)]
    themes: Vec<String>,
}

impl Create {
    fn into_group(self) -> Result<NewGroup, Error> {
        Ok(NewGroup {
            name: self.name.parse()?,
            kind: self.kind.map_or(Ok(GroupKind::default()), |kind| kind.parse())?,
            state: fact("state", self.state.map(|state| state.parse()).transpose())?,
            session: fact("session", self.session.map(|session| session.parse::<Name>()).transpose())?,
            themes: fact("themes", Themes::read(&self.themes))?,
        })
    }
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
    /// The State under review.
    #[schema(value_type = Option<schemas::StateCode>)]
    state: Option<StateCode>,
    /// The session at which it is reviewed.
    #[schema(value_type = Option<schemas::Name>)]
    session: Option<Name>,
    #[schema(value_type = Vec<schemas::Theme>)]
    themes: Themes,
    /// Who may find it without being in it.
    #[schema(value_type = schemas::Visibility)]
    visibility: Visibility,
    #[schema(value_type = schemas::GroupStatus)]
    status: GroupStatus,
    /// What its coordinators have switched on.
    #[schema(value_type = Vec<schemas::Switch>)]
    switches: Vec<Switch>,
    /// Whether members bring into its texts only what they wrote themselves.
    #[schema(value_type = schemas::Authorship)]
    authorship: &'static str,
    /// Milliseconds since 1970 UTC.
    created: u64,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        let Group { id, name, kind, state, session, themes, visibility, status, switches, created, .. } =
            group;
        let authorship = group.authorship.name();
        Self { id, name, kind, state, session, themes, visibility, status, switches, authorship, created }
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
    let group = app.directory.create_group(Actor::of(&identity), request.into_group()?).await?;
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

/// A group that wants to be found
#[derive(Serialize, ToSchema)]
#[schema(as = ListedGroup)]
struct ListedView {
    #[schema(value_type = Uuid)]
    id: GroupId,
    #[schema(value_type = schemas::Name)]
    name: Name,
    #[schema(value_type = schemas::GroupKind)]
    kind: GroupKind,
    #[schema(value_type = Option<schemas::StateCode>)]
    state: Option<StateCode>,
    #[schema(value_type = Option<schemas::Name>)]
    session: Option<Name>,
    #[schema(value_type = Vec<schemas::Theme>)]
    themes: Themes,
    contact_person: Option<ContactView>,
}

/// Whom to turn to
#[derive(Serialize, ToSchema)]
#[schema(as = ContactPerson)]
struct ContactView {
    #[schema(value_type = Uuid)]
    id: UserId,
    #[schema(value_type = schemas::Name)]
    name: Name,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ListedGroups)]
struct Listed {
    groups: Vec<ListedView>,
}

/// The groups that want to be found
///
/// A coordinator decides whether theirs does. For everybody with an account here.
#[utoipa::path(
    get, path = "/groups/listed", params(Search),
    responses(
        (status = 200, description = "These", body = Listed),
        (status = 422, description = "`invalid`: what is looked for"),
    ),
)]
async fn listed(
    State(app): State<App>,
    AccountHolder(_): AccountHolder,
    Asked(search): Asked<Search>,
) -> Result<Json<Listed>, Error> {
    let mut groups = Vec::new();
    for (group, contact_person) in app.directory.listed_groups(&search.sought()?).await? {
        let account = match contact_person {
            Some(user) => app.directory.user(user).await?,
            None => None,
        };
        let Group { id, name, kind, state, session, themes, .. } = group;
        let contact_person = account.map(|user| ContactView { id: user.id, name: user.name });
        groups.push(ListedView { id, name, kind, state, session, themes, contact_person });
    }
    Ok(Json(Listed { groups }))
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

/// What is not said stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GroupChange)]
struct Change {
    #[schema(value_type = Option<schemas::Name>)]
    name: Option<String>,
    #[schema(value_type = Option<schemas::GroupKind>)]
    kind: Option<String>,
    /// `null` for none.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<schemas::StateCode>)]
    state: Option<Option<String>>,
    /// `null` for none.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>, max_length = 40)]
    session: Option<Option<String>>,
    #[schema(value_type = Option<Vec<schemas::Theme>>, max_items = 10)]
    themes: Option<Vec<String>>,
    /// Who may find it; coordinators only.
    #[schema(value_type = Option<schemas::Visibility>)]
    visibility: Option<String>,
    /// An archived group is looked at; nothing is written any more.
    #[schema(value_type = Option<schemas::GroupStatus>)]
    status: Option<String>,
    /// All that is switched on; the rest is off. Coordinators only.
    #[schema(value_type = Option<Vec<schemas::Switch>>)]
    switches: Option<Vec<String>>,
    /// Whether members bring into its texts only what they wrote themselves; `open` is for hosts whose editors pass on
    /// what they heard from each other. It holds in a text from the next person on who opens it. Coordinators only.
    #[schema(value_type = Option<schemas::Authorship>)]
    authorship: Option<String>,
}

/// A change that has been read.
struct Changes {
    name: Option<Name>,
    kind: Option<GroupKind>,
    state: Option<Option<StateCode>>,
    session: Option<Option<Name>>,
    themes: Option<Themes>,
    visibility: Option<Visibility>,
    status: Option<GroupStatus>,
    switches: Option<Vec<Switch>>,
    authorship: Option<Authorship>,
}

impl Change {
    fn read(self) -> Result<Changes, Error> {
        let state = self.state.map(|state| state.map(|state| state.parse()).transpose());
        let session = self.session.map(|session| session.map(|session| session.parse::<Name>()).transpose());
        let switches = self.switches.map(|on| on.iter().map(|one| one.parse()).collect());
        Ok(Changes {
            name: self.name.map(|name| name.parse()).transpose()?,
            kind: self.kind.map(|kind| kind.parse()).transpose()?,
            state: fact("state", state.transpose())?,
            session: fact("session", session.transpose())?,
            themes: fact("themes", self.themes.map(|themes| Themes::read(&themes)).transpose())?,
            visibility: self.visibility.map(|visibility| visibility.parse()).transpose()?,
            status: self.status.map(|status| status.parse()).transpose()?,
            switches: switches.transpose()?,
            authorship: self.authorship.map(|authorship| authorship.parse()).transpose()?,
        })
    }
}

impl Changes {
    /// What somebody must be allowed to make them.
    fn needs(&self) -> impl Iterator<Item = Action> {
        let switches = self.visibility.is_some() || self.switches.is_some() || self.authorship.is_some();
        let says_more = self.name.is_some()
            || self.kind.is_some()
            || self.state.is_some()
            || self.session.is_some()
            || self.themes.is_some()
            || self.status.is_some();
        let actions = [(switches, Action::SwitchRights), (says_more || !switches, Action::ChangeGroup)];
        actions.into_iter().filter(|(is_needed, _)| *is_needed).map(|(_, action)| action)
    }
}

/// Change what is known about a group
///
/// Archives it or brings it back, too. Once this answers, open sockets are as the group now has it.
#[utoipa::path(
    patch, path = "/groups/{group}", request_body = Change,
    responses((status = 200, description = "As it is now", body = GroupView)),
)]
async fn change(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
    Body(request): Body<Change>,
) -> Result<Json<GroupView>, Error> {
    // To somebody outside, a request that makes no sense is about nothing, too.
    app.directory.group(&identity, group).await?;
    let changes = request.read()?;
    let changed = app.directory.change_group(&identity, group, |group, members, standing| {
        changes.needs().try_for_each(|action| standing.require(action))?;
        group.name = changes.name.clone().unwrap_or(group.name.clone());
        group.kind = changes.kind.unwrap_or(group.kind);
        group.state = changes.state.unwrap_or(group.state);
        group.session = changes.session.clone().unwrap_or(group.session.clone());
        group.themes = changes.themes.clone().unwrap_or(group.themes.clone());
        group.visibility = changes.visibility.unwrap_or(group.visibility);
        group.authorship = changes.authorship.unwrap_or(group.authorship);
        if let Some(switches) = &changes.switches {
            group.set_switches(switches);
        }
        group.set_status(changes.status.unwrap_or(group.status), members)?;
        Ok(())
    });
    let (before, after) = changed.await?;
    if (before.status, &before.switches) != (after.status, &after.switches) {
        app.rights_changed(Affected::Documents(app.directory.documents_of(group).await?)).await;
    }
    tracing::info!(%group, by = %identity.user, status = %after.status, "group changed");
    Ok(Json(after.into()))
}
