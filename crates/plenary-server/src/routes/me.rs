//! What the caller is and sees.

use axum::{Json, extract::State};
use plenary_ids::{GroupId, StatementId, UserId};
use plenary_permissions::{Access, Channel};
use plenary_statements::{Name, StatementKind};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{caller::Caller, schemas, statements::DocumentsView};
use crate::{App, error::Error};

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
    #[schema(value_type = schemas::Name)]
    name: Name,
    #[schema(value_type = schemas::Role)]
    role: &'static str,
}

/// Who the caller is and what they may open
#[utoipa::path(get, path = "/me", responses((status = 200, description = "This", body = Me)))]
async fn me(State(app): State<App>, Caller(identity): Caller) -> Result<Json<Me>, Error> {
    let user = app.directory.user(identity.user).await?;
    let (mut groups, mut statements) = (Vec::new(), Vec::new());
    for (group, membership) in app.directory.groups_of(identity.user).await? {
        let mine = MyGroup { id: group.id, name: group.name, role: membership.role.name() };
        groups.push(mine.clone());
        for statement in app.directory.statements_of(group.id).await? {
            let stage = statement.stage();
            let access = plenary_permissions::access_to(membership.subject(), Channel::Body, stage);
            let Some(access) = access else { continue };
            statements.push(MyStatement {
                id: statement.id,
                title: statement.title,
                kind: statement.kind,
                stage: stage.name(),
                group: mine.clone(),
                documents: statement.documents.into(),
                access: match access {
                    Access::Read => "read",
                    Access::Write => "write",
                },
            });
        }
    }
    let user = Myself {
        id: identity.user,
        name: identity.name,
        email: user.map(|user| user.email),
        administrator: identity.is_administrator,
    };
    Ok(Json(Me { user, groups, statements }))
}
