//! What the caller is and sees.

use axum::{Json, extract::State, http::StatusCode};
use plenary_ids::{GroupId, StatementId, UserId};
use plenary_permissions::{Access, Channel};
use plenary_statements::{Name, StatementKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{caller::Caller, input::Body, schemas, statements::DocumentsView};
use crate::{App, auth::Via, error::Error, rooms::Affected};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(me)).routes(routes!(change_password))
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

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    present: Option<String>,
    #[schema(min_length = 12, max_length = 128)]
    new: String,
}

/// Set the caller's password
///
/// Ends every session, token and link of the caller, the present one too: sign in again with the new password.
#[utoipa::path(
    put, path = "/me/password", request_body = ChangePassword,
    responses((status = 204, description = "Set")),
)]
async fn change_password(
    State(app): State<App>,
    Caller(identity): Caller,
    Body(request): Body<ChangePassword>,
) -> Result<StatusCode, Error> {
    let by = match identity.via {
        // A token is for programs; stolen, it must not become an account.
        // A guest has none.
        Via::Token(_) | Via::Guest(_) | Via::Operator => None,
        Via::Session(hash) => app.directory.signed_in_by(hash).await?,
    };
    let by = by.ok_or(Error::SignInNeeded)?;
    app.directory.set_password(identity.user, by, request.present, request.new).await?;
    app.rights_changed(Affected::User(identity.user)).await;
    tracing::info!(user = %identity.user, "password changed");
    Ok(StatusCode::NO_CONTENT)
}
