//! Invitations into groups.
//!
//! The secret is in the fragment of the link, which browsers do not send, and a page posts it once a person has pressed a
//! button: looking at the link, as mail scanners do, changes nothing.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use plenary_ids::{GroupId, InvitationId, UserId};
use plenary_permissions::Action;
use plenary_statements::{Invitation, InvitationState, Name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::{Caller, ClientAddress, MaybeCaller},
    input::{Body, Id, Ids, created},
    retry::again,
    schemas,
    session::{cookies_of_a_sign_in, refuse_foreign_page, set, wait},
};
use crate::{
    App,
    auth::{Device, Trying},
    config::Span,
    directory::{Accepted, Joiner, NewInvitation, NewUser, SignIn, SignInBy, normal_email},
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
        .routes(routes!(look))
        .routes(routes!(accept))
}

/// An invitation into a group
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
struct InvitationView {
    #[schema(value_type = Uuid)]
    id: InvitationId,
    #[schema(value_type = schemas::Role)]
    role: &'static str,
    inviter: Inviter,
    /// Only for whoever has this address.
    email: Option<String>,
    /// Milliseconds since 1970 UTC.
    created: u64,
    /// Milliseconds since 1970 UTC.
    expires: u64,
    /// How many it brings in.
    uses_max: u32,
    /// How many it has brought in.
    uses: u32,
    /// `void` when whoever made it may no longer give its role.
    #[schema(value_type = schemas::InvitationState)]
    state: InvitationState,
}

#[derive(Serialize, ToSchema)]
struct Inviter {
    #[schema(value_type = Uuid)]
    id: UserId,
    /// `null` for the server's operator.
    #[schema(value_type = Option<schemas::Name>)]
    name: Option<Name>,
}

impl InvitationView {
    async fn of(app: &App, invitation: Invitation, state: InvitationState) -> Result<Self, Error> {
        let Invitation { id, group: _, role, inviter, email, created, expires, uses_max, uses } = invitation;
        let name = app.directory.user(inviter).await?.map(|user| user.name);
        let inviter = Inviter { id: inviter, name };
        Ok(Self { id, role: role.name(), inviter, email, created, expires, uses_max, uses, state })
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Invitations)]
struct InvitationsView {
    invitations: Vec<InvitationView>,
}

/// A group's invitations
#[utoipa::path(
    get, path = "/groups/{group}/invitations",
    responses((status = 200, description = "These", body = InvitationsView)),
)]
async fn list(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
) -> Result<Json<InvitationsView>, Error> {
    let (group, standing) = app.directory.group(&identity, group).await?;
    standing.require(Action::ManageMembers)?;
    let mut invitations = Vec::new();
    for (invitation, state) in app.directory.invitations(group.id).await? {
        invitations.push(InvitationView::of(&app, invitation, state).await?);
    }
    Ok(Json(InvitationsView { invitations }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvitation)]
struct Create {
    /// Never more than the caller may give; a coordinator's by coordinators only.
    #[schema(value_type = schemas::Role)]
    role: String,
    /// Only for whoever has this address.
    email: Option<String>,
    /// How many it brings in; 1 if not said.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100)]
    uses: u32,
    /// At most 14 days; 72 hours if not said.
    #[serde(default = "three_days")]
    #[schema(value_type = schemas::Span)]
    expires: Span,
}

fn one() -> u32 {
    1
}

fn three_days() -> Span {
    Span(std::time::Duration::from_secs(72 * 3600))
}

#[derive(Serialize, ToSchema)]
#[schema(as = MadeInvitation)]
struct Made {
    #[serde(flatten)]
    view: InvitationView,
    /// Not shown again.
    secret: String,
    /// Where the page finds it; goes behind the address of this server.
    path: String,
}

/// Make an invitation
///
/// It works for as long as the caller may give its role.
#[utoipa::path(
    post, path = "/groups/{group}/invitations", request_body = Create,
    responses((status = 201, description = "Made", body = Made)),
)]
async fn create(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    let made = again(async || {
        let (group, standing) = app.directory.group(&identity, group).await?;
        standing.require(Action::ManageMembers)?;
        let new = NewInvitation {
            role: request.role.parse()?,
            email: request.email.clone(),
            uses_max: request.uses,
            expires_in_ms: request.expires.as_ms(),
        };
        app.directory.create_invitation(&identity, &group, &standing, new).await
    });
    let (secret, invitation) = made.await?;
    let role = invitation.role;
    tracing::info!(%group, invitation = %invitation.id, by = %identity.user, %role, "invitation made");
    let view = InvitationView::of(&app, invitation, InvitationState::Open).await?;
    let path = format!("/#invitation={secret}");
    Ok(created(Made { view, secret, path }))
}

/// Take an invitation back
#[utoipa::path(
    delete, path = "/groups/{group}/invitations/{invitation}",
    responses((status = 204, description = "It works no longer")),
)]
async fn revoke(
    State(app): State<App>,
    Caller(identity): Caller,
    Ids(group, invitation): Ids<GroupId, InvitationId>,
) -> Result<StatusCode, Error> {
    let revoked = again(async || {
        let (group, standing) = app.directory.group(&identity, group).await?;
        standing.require(Action::ManageMembers)?;
        app.directory.revoke_invitation(standing.authority(&identity), group.id, invitation).await
    });
    revoked.await?;
    tracing::info!(%group, %invitation, by = %identity.user, "invitation revoked");
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InvitationSecret)]
struct Look {
    secret: String,
}

/// What an invitation offers
#[derive(Serialize, ToSchema)]
#[schema(as = InvitationOffer)]
struct Offer {
    group: OfferedGroup,
    #[schema(value_type = schemas::Role)]
    role: &'static str,
    /// `null` for the server's operator.
    #[schema(value_type = Option<schemas::Name>)]
    inviter: Option<Name>,
    /// Whether it is for one address only.
    is_for_one_address: bool,
    /// Milliseconds since 1970 UTC.
    expires: u64,
}

#[derive(Serialize, ToSchema)]
struct OfferedGroup {
    #[schema(value_type = Uuid)]
    id: GroupId,
    #[schema(value_type = schemas::Name)]
    name: Name,
}

/// Look at an invitation
///
/// Changes nothing.
#[utoipa::path(
    post, path = "/invitations/look", request_body = Look, security(()),
    responses(
        (status = 200, description = "What it offers", body = Offer),
        (status = 410, description = "`link-over`"),
    ),
)]
async fn look(State(app): State<App>, Body(request): Body<Look>) -> Result<Json<Offer>, Error> {
    let (invitation, group) = app.directory.open_invitation(&request.secret).await?;
    let inviter = app.directory.user(invitation.inviter).await?.map(|user| user.name);
    Ok(Json(Offer {
        group: OfferedGroup { id: group.id, name: group.name },
        role: invitation.role.name(),
        inviter,
        is_for_one_address: invitation.email.is_some(),
        expires: invitation.expires,
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InvitationAcceptance)]
struct Accept {
    secret: String,
    /// For somebody without an account: theirs is made by this.
    newcomer: Option<Newcomer>,
    #[serde(default)]
    device: Device,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Newcomer {
    #[schema(value_type = schemas::Name)]
    name: String,
    email: String,
    password: String,
}

/// Whoever accepted an invitation
#[derive(Serialize, ToSchema)]
#[schema(as = AcceptedInvitation)]
struct AcceptedView {
    #[schema(value_type = Uuid)]
    user: UserId,
    group: OfferedGroup,
    #[schema(value_type = schemas::Role)]
    role: &'static str,
}

/// Accept an invitation
///
/// Whoever is signed in joins with their account. Anybody else says who they are, gets an account and is signed in; all of
/// it happens or nothing.
#[utoipa::path(
    post, path = "/invitations/accept", request_body = Accept, security(()),
    responses(
        (status = 200, description = "In", body = AcceptedView),
        (status = 401, description = "`sign-in-needed`: neither signed in nor a newcomer"),
        (status = 403, description = "`other-address`, `account-needed`, `foreign-origin`"),
        (status = 410, description = "`link-over`"),
        (status = 429, description = "`too-many-tries`"),
    ),
)]
async fn accept(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    MaybeCaller(caller): MaybeCaller,
    headers: HeaderMap,
    Body(request): Body<Accept>,
) -> Result<Response, Error> {
    refuse_foreign_page(&app, &headers)?;
    // A guest has no account yet.
    let caller = caller.filter(|identity| identity.guest.is_none());
    let (accepted, cookies) = match (caller, request.newcomer) {
        (Some(_), Some(_)) => return Err(Error::SignedIn),
        (Some(identity), None) if identity.has_account() => {
            let joiner = Joiner::Account(&identity);
            (app.directory.accept_invitation(&request.secret, joiner).await?, Vec::new())
        }
        (Some(_), None) => return Err(Error::AccountNeeded),
        (None, None) => return Err(Error::SignInNeeded),
        (None, Some(newcomer)) => {
            let Newcomer { name, email, password } = newcomer;
            // Which addresses have an account must not be tried out: each try counts as one to sign in there.
            let account = normal_email(&email)?;
            let trying = Trying::From(address);
            app.throttle.take(trying, &account, app.clock.now_ms()).map_err(wait)?;
            let new = NewUser { email, name: name.parse()?, password: Some(password), administrator: false };
            let accepted = app.directory.accept_invitation(&request.secret, Joiner::Newcomer(new)).await?;
            app.throttle.succeeded(trying, &account);
            let how = SignIn { device: request.device, ..SignIn::by(SignInBy::Password) };
            let cookies = cookies_of_a_sign_in(&app, &headers, &accepted.user, how).await?;
            (accepted, cookies)
        }
    };
    let Accepted { group, place, user } = accepted;
    app.rights_changed(Affected::User(user.id)).await;
    tracing::info!(group = %group.id, user = %user.id, role = %place.role, "invitation accepted");
    let body = Json(AcceptedView {
        user: user.id,
        group: OfferedGroup { id: group.id, name: group.name },
        role: place.role.name(),
    });
    Ok((set(cookies), body).into_response())
}
