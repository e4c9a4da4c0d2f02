//! Accounts, for administrators.

use axum::{
    Json, Router,
    extract::State,
    response::IntoResponse,
    routing::{get, patch, post},
};
use plenary_ids::UserId;
use plenary_statements::Name;
use serde::{Deserialize, Serialize};

use super::{
    caller::{Administrator, Operator},
    input::{Body, Id, created},
};
use crate::{
    App,
    directory::{NewUser, User},
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/users", get(list).post(create))
        .route("/users/{user}", patch(change))
        .route("/instance", post(initialise))
}

/// An account as its owner and administrators see it.
#[derive(Serialize)]
pub(super) struct UserView {
    id: UserId,
    name: Name,
    email: String,
    administrator: bool,
    closed: bool,
}

impl UserView {
    pub(super) fn of(user: &User) -> Self {
        let User { id, name, email, administrator, closed, .. } = user.clone();
        Self { id, name, email, administrator, closed }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    email: String,
    name: String,
    password: Option<String>,
}

impl Create {
    fn into_user(self) -> Result<NewUser, Error> {
        let Self { email, name, password } = self;
        Ok(NewUser { email, name: name.parse()?, password, administrator: false })
    }
}

async fn create(
    State(app): State<App>,
    _: Administrator,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    let user = app.directory.create_user(request.into_user()?).await?;
    tracing::info!(user = %user.id, "account made");
    Ok(created(UserView::of(&user)))
}

/// The first administrator. Only the operator, and only once.
async fn initialise(
    State(app): State<App>,
    _: Operator,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    let user = app.directory.initialise(request.into_user()?).await?;
    tracing::info!(user = %user.id, "first administrator made");
    Ok(created(UserView::of(&user)))
}

#[derive(Serialize)]
struct Users {
    users: Vec<UserView>,
}

async fn list(State(app): State<App>, _: Administrator) -> Result<Json<Users>, Error> {
    let users = app.directory.users().await?.iter().map(UserView::of).collect();
    Ok(Json(Users { users }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    closed: bool,
}

/// Closes an account, which ends all that rests on it at once, or opens it again.
async fn change(
    State(app): State<App>,
    _: Administrator,
    Id(user): Id<UserId>,
    Body(request): Body<Change>,
) -> Result<Json<UserView>, Error> {
    let account = app.directory.set_closed(user, request.closed).await?;
    app.rights_changed(Affected::User(user)).await;
    tracing::info!(%user, closed = request.closed, "account changed");
    Ok(Json(UserView::of(&account)))
}
