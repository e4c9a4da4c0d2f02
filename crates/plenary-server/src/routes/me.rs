//! What the caller is and sees.

use axum::{Json, extract::State};
use plenary_ids::{GroupId, OrganisationId, StatementId, UserId};
use plenary_permissions::{Access, Channel};
use plenary_statements::{Name, Names, Statement, StatementKind};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{caller::Caller, schemas, statements::DocumentsView};
use crate::{App, directory::Standing, error::Error};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(me))
}

#[derive(Serialize, ToSchema)]
struct Me {
    user: Myself,
    /// Those without statements, too.
    groups: Vec<MyGroup>,
    statements: Vec<MyStatement>,
}

#[derive(Serialize, ToSchema)]
struct Myself {
    #[schema(value_type = Uuid)]
    id: UserId,
    #[schema(value_type = schemas::Name)]
    name: String,
    email: Option<String>,
    administrator: bool,
    /// Whether they came by a link for guests: then their one statement is all they may open.
    guest: bool,
    /// For whom they work.
    organisation: Option<MyOrganisation>,
}

#[derive(Serialize, ToSchema)]
struct MyOrganisation {
    #[schema(value_type = Uuid)]
    id: OrganisationId,
    #[schema(value_type = schemas::Names)]
    names: Names,
}

#[derive(Serialize, ToSchema)]
struct MyStatement {
    #[schema(value_type = Uuid)]
    id: StatementId,
    #[schema(value_type = schemas::Name)]
    title: Name,
    #[schema(value_type = schemas::StatementKind)]
    kind: StatementKind,
    #[schema(value_type = schemas::Stage)]
    stage: &'static str,
    group: MyGroup,
    documents: DocumentsView,
    /// What is granted on the body.
    #[schema(value_type = schemas::Access)]
    access: &'static str,
}

#[derive(Clone, Serialize, ToSchema)]
struct MyGroup {
    #[schema(value_type = Uuid)]
    id: GroupId,
    /// Not told to guests.
    #[schema(value_type = Option<schemas::Name>)]
    name: Option<Name>,
    /// For guests what their link gives at most.
    #[schema(value_type = schemas::Role)]
    role: &'static str,
}

impl MyStatement {
    /// `None` when they may not read it.
    fn of(statement: Statement, standing: &Standing, group: MyGroup) -> Option<Self> {
        let stage = statement.stage();
        let access = standing.access(Channel::Body, stage)?;
        Some(Self {
            id: statement.id,
            title: statement.title,
            kind: statement.kind,
            stage: stage.name(),
            group,
            documents: statement.documents.into(),
            access: match access {
                Access::Read => "read",
                Access::Write => "write",
            },
        })
    }
}

/// Who the caller is and what they may open
#[utoipa::path(get, path = "/me", responses((status = 200, description = "This", body = Me)))]
async fn me(State(app): State<App>, Caller(identity): Caller) -> Result<Json<Me>, Error> {
    let user = app.directory.user(identity.user).await?;
    let (mut groups, mut statements) = (Vec::new(), Vec::new());
    for (group, membership) in app.directory.groups_of(identity.user).await? {
        let mine = MyGroup { id: group.id, name: Some(group.name), role: membership.role.name() };
        groups.push(mine.clone());
        let (group, standing) = match app.directory.group(&identity, group.id).await {
            Ok(found) => found,
            // They may have been removed meanwhile.
            Err(Error::NotFound | Error::Denied(_)) => continue,
            Err(error) => return Err(error),
        };
        for statement in app.directory.statements_of(group.id).await? {
            statements.extend(MyStatement::of(statement, &standing, mine.clone()));
        }
    }
    if let Some(link) = app.directory.link_of_guest(&identity).await? {
        let (statement, standing) = app.directory.statement(&identity, link.statement).await?;
        let mine = MyGroup { id: link.group, name: None, role: link.role.name() };
        statements.extend(MyStatement::of(statement, &standing, mine));
    }
    let organisation = match app.directory.organisation_of(identity.user).await? {
        Some(organisation) => app.directory.organisation(organisation).await?,
        None => None,
    };
    let user = Myself {
        id: identity.user,
        name: identity.name,
        email: user.map(|user| user.email),
        administrator: identity.is_administrator,
        guest: identity.guest.is_some(),
        organisation: organisation.map(|it| MyOrganisation { id: it.id, names: it.names }),
    };
    Ok(Json(Me { user, groups, statements }))
}
