//! What the caller is and sees.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, put},
};
use plenary_ids::{GroupId, StatementId, UserId};
use plenary_permissions::{Access, Channel};
use plenary_statements::{Documents, Name, StatementKind};
use serde::{Deserialize, Serialize};

use super::{caller::Caller, input::Body};
use crate::{App, auth::Via, error::Error, rooms::Affected};

pub(super) fn router() -> Router<App> {
    Router::new().route("/me", get(me)).route("/me/password", put(change_password))
}

#[derive(Serialize)]
struct Me {
    user: Myself,
    /// Those without statements, too.
    groups: Vec<MyGroup>,
    statements: Vec<MyStatement>,
}

#[derive(Serialize)]
struct Myself {
    id: UserId,
    name: String,
    email: Option<String>,
    administrator: bool,
}

#[derive(Serialize)]
struct MyStatement {
    id: StatementId,
    title: Name,
    kind: StatementKind,
    stage: &'static str,
    group: MyGroup,
    documents: Documents,
    /// What is granted on the body.
    access: &'static str,
}

#[derive(Clone, Serialize)]
struct MyGroup {
    id: GroupId,
    name: Name,
    role: &'static str,
}

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
                documents: statement.documents,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    present: Option<String>,
    new: String,
}

/// Ends every session, token and link of the caller, the present one too: sign in again with the new password.
async fn change_password(
    State(app): State<App>,
    Caller(identity): Caller,
    Body(request): Body<ChangePassword>,
) -> Result<StatusCode, Error> {
    let by = match identity.via {
        // A token is for programs; stolen, it must not become an account.
        Via::Token(_) | Via::Operator => None,
        Via::Session(hash) => app.directory.signed_in_by(hash).await?,
    };
    let by = by.ok_or(Error::SignInNeeded)?;
    app.directory.set_password(identity.user, by, request.present, request.new).await?;
    app.rights_changed(Affected::User(identity.user)).await;
    tracing::info!(user = %identity.user, "password changed");
    Ok(StatusCode::NO_CONTENT)
}
