//! Accounts, for administrators.

use axum::{Json, extract::State, response::IntoResponse};
use plenary_ids::UserId;
use plenary_statements::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::{Administrator, Operator},
    input::{Body, Id, created},
    schemas,
};
use crate::{
    App,
    directory::{NewUser, User},
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(change)).routes(routes!(initialise))
}

/// An account as its owner and administrators see it.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserView {
    #[schema(value_type = Uuid)]
    id: UserId,
    #[schema(value_type = schemas::Name)]
    name: Name,
    email: String,
    administrator: bool,
    closed: bool,
    /// Whether a code is asked for beside the password or a link
    second_factor: bool,
}

impl UserView {
    pub(super) fn of(user: &User) -> Self {
        let User { id, name, email, administrator, closed, second_factor, .. } = user.clone();
        Self { id, name, email, administrator, closed, second_factor }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUser)]
struct Create {
    email: String,
    #[schema(value_type = schemas::Name)]
    name: String,
    #[schema(min_length = 12, max_length = 128)]
    password: Option<String>,
}

impl Create {
    fn into_user(self) -> Result<NewUser, Error> {
        let Self { email, name, password } = self;
        Ok(NewUser { email, name: name.parse()?, password, administrator: false })
    }
}

/// Make an account
///
/// Administrators only.
#[utoipa::path(
    post, path = "/users", request_body = Create,
    responses((status = 201, description = "Made", body = UserView)),
)]
async fn create(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    let user = app.directory.create_user_as(&caller, request.into_user()?).await?;
    tracing::info!(user = %user.id, "account made");
    Ok(created(UserView::of(&user)))
}

/// Make the first administrator
///
/// Only the operator, and only once.
#[utoipa::path(
    post, path = "/instance", request_body = Create,
    responses((status = 201, description = "Made", body = UserView)),
)]
async fn initialise(
    State(app): State<App>,
    _: Operator,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    let user = app.directory.initialise(request.into_user()?).await?;
    tracing::info!(user = %user.id, "first administrator made");
    Ok(created(UserView::of(&user)))
}

#[derive(Serialize, ToSchema)]
struct Users {
    users: Vec<UserView>,
}

/// All accounts
///
/// Administrators only.
#[utoipa::path(get, path = "/users", responses((status = 200, description = "These", body = Users)))]
async fn list(State(app): State<App>, _: Administrator) -> Result<Json<Users>, Error> {
    let users = app.directory.users().await?.iter().map(UserView::of).collect();
    Ok(Json(Users { users }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserChange)]
struct Change {
    closed: Option<bool>,
    administrator: Option<bool>,
}

/// Close an account or open it again, make an administrator or no longer one
///
/// Either ends all that rests on the account at once: sign-ins, bearer tokens and sockets. Administrators only.
#[utoipa::path(
    patch, path = "/users/{user}", request_body = Change,
    responses((status = 200, description = "As it is now", body = UserView)),
)]
async fn change(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Id(user): Id<UserId>,
    Body(request): Body<Change>,
) -> Result<Json<UserView>, Error> {
    let Change { closed, administrator } = request;
    let account = app.directory.change_account(&caller, user, closed, administrator).await?;
    app.rights_changed(Affected::User(user)).await;
    tracing::info!(%user, ?closed, ?administrator, "account changed");
    Ok(Json(UserView::of(&account)))
}
