//! Links by which guests come into one statement.
//!
//! As with invitations the secret is in the fragment, and nothing happens before a person has pressed a button.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use plenary_ids::{GuestLinkId, StatementId, UserId};
use plenary_permissions::{Action, Role};
use plenary_statements::{GuestLink, GuestLinkState, Name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::{Caller, MaybeCaller},
    input::{Body, Id, Ids, created},
    retry::again,
    schemas,
    session::{cookie, refuse_foreign_page},
};
use crate::{
    App,
    auth::{self, Device, Identity},
    config::Span,
    directory::{GuestLinkView, NewGuestLink, Standing},
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
        .routes(routes!(look))
        .routes(routes!(redeem))
}

/// A link for guests
#[derive(Serialize, ToSchema)]
#[schema(as = GuestLink)]
struct LinkView {
    #[schema(value_type = Uuid)]
    id: GuestLinkId,
    /// At most this role's rights.
    #[schema(value_type = schemas::Role)]
    role: &'static str,
    creator: Creator,
    /// Milliseconds since 1970 UTC.
    created: u64,
    /// Milliseconds since 1970 UTC; for those who are in, too.
    expires: u64,
    /// How many it lets in.
    uses_max: u32,
    /// How many it has let in.
    uses: u32,
    /// `void` when whoever made it could no longer make it; then its guests are out, too.
    #[schema(value_type = schemas::InvitationState)]
    state: GuestLinkState,
    /// Who came.
    guests: Vec<GuestView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = GuestLinkCreator)]
struct Creator {
    #[schema(value_type = Uuid)]
    id: UserId,
    #[schema(value_type = Option<schemas::Name>)]
    name: Option<Name>,
}

/// Somebody who came by a link, under the name they gave themselves
#[derive(Serialize, ToSchema)]
#[schema(as = Guest)]
struct GuestView {
    #[schema(value_type = Uuid)]
    id: UserId,
    #[schema(value_type = schemas::Name)]
    name: Name,
    /// Milliseconds since 1970 UTC.
    since: u64,
}

impl LinkView {
    async fn of(app: &App, view: GuestLinkView) -> Result<Self, Error> {
        let GuestLink { id, role, creator, created, expires, uses_max, uses, .. } = view.link;
        let name = app.directory.user(creator).await?.map(|user| user.name);
        let guests = view.guests.into_iter();
        Ok(Self {
            id,
            role: role.name(),
            creator: Creator { id: creator, name },
            created,
            expires,
            uses_max,
            uses,
            state: view.state,
            guests: guests.map(|it| GuestView { id: it.user, name: it.name, since: it.since }).collect(),
        })
    }
}

/// Whether the caller sees and ends every link of a statement; others who may make one see and end their own.
fn manages(standing: &Standing) -> bool {
    standing.require(Action::ManageMembers).is_ok()
}

fn is_own(identity: &Identity, link: &GuestLink) -> bool {
    link.creator == identity.user
}

#[derive(Serialize, ToSchema)]
#[schema(as = GuestLinks)]
struct LinksView {
    links: Vec<LinkView>,
}

/// A statement's links for guests
///
/// All of them for whoever manages members; their own for others who may make them.
#[utoipa::path(
    get, path = "/statements/{statement}/guest-links",
    responses(
        (status = 200, description = "These", body = LinksView),
        (status = 409, description = "`archived`"),
    ),
)]
async fn list(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(statement): Id<StatementId>,
) -> Result<Json<LinksView>, Error> {
    let (statement, standing) = app.directory.statement(&identity, statement).await?;
    if !manages(&standing) {
        standing.require_at(Action::CreateGuestLink, statement.stage())?;
    }
    let mut links = Vec::new();
    for view in app.directory.guest_links(statement.id).await? {
        if manages(&standing) || is_own(&identity, &view.link) {
            links.push(LinkView::of(&app, view).await?);
        }
    }
    Ok(Json(LinksView { links }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGuestLink)]
struct Create {
    /// `commenter` if not said; `drafter` only where a coordinator switched on `guests-draft`; never `coordinator`.
    #[schema(value_type = Option<schemas::Role>)]
    role: Option<String>,
    /// How many it lets in; 1 if not said.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100)]
    uses: u32,
    /// At most 90 days; 72 hours if not said.
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
#[schema(as = MadeGuestLink)]
struct Made {
    #[serde(flatten)]
    view: LinkView,
    /// Not shown again.
    secret: String,
    /// Where the page finds it; goes behind the address of this server.
    path: String,
}

/// Make a link for guests
///
/// It works for as long as the caller could make it.
#[utoipa::path(
    post, path = "/statements/{statement}/guest-links", request_body = Create,
    responses((status = 201, description = "Made", body = Made)),
)]
async fn create(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(statement): Id<StatementId>,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    let made = again(async || {
        let (statement, standing) = app.directory.statement(&identity, statement).await?;
        standing.require_at(Action::CreateGuestLink, statement.stage())?;
        let role = request.role.as_ref().map_or(Ok(Role::Commenter), |role| role.parse())?;
        let new = NewGuestLink { role, uses_max: request.uses, expires_in_ms: request.expires.as_ms() };
        app.directory.create_guest_link(&identity, &standing, statement.id, new).await
    });
    let (secret, link) = made.await?;
    let role = link.role;
    tracing::info!(%statement, link = %link.id, by = %identity.user, %role, "guest link made");
    let view = GuestLinkView { link, state: GuestLinkState::Open, guests: Vec::new() };
    let path = format!("/#guest={secret}");
    Ok(created(Made { view: LinkView::of(&app, view).await?, secret, path }))
}

/// Take a link back
///
/// Once this answers, those who came by it are out.
#[utoipa::path(
    delete, path = "/statements/{statement}/guest-links/{link}",
    responses((status = 204, description = "It works no longer")),
)]
async fn revoke(
    State(app): State<App>,
    Caller(identity): Caller,
    Ids(statement, link): Ids<StatementId, GuestLinkId>,
) -> Result<StatusCode, Error> {
    let revoked = again(async || {
        let (statement, standing) = app.directory.statement(&identity, statement).await?;
        let links = app.directory.guest_links(statement.id).await?.into_iter().map(|view| view.link);
        let own = links.filter(|it| it.id == link).any(|it| is_own(&identity, &it));
        if !own {
            standing.require(Action::ManageMembers)?;
        }
        app.directory.revoke_guest_link(standing.authority(&identity), statement.id, link).await
    });
    revoked.await?;
    app.rights_changed(Affected::GuestLink(link)).await;
    tracing::info!(%statement, %link, by = %identity.user, "guest link revoked");
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GuestLinkSecret)]
struct Look {
    secret: String,
}

/// What a link opens
#[derive(Serialize, ToSchema)]
#[schema(as = GuestLinkOffer)]
struct Offer {
    statement: OfferedStatement,
    #[schema(value_type = schemas::Role)]
    role: &'static str,
    /// Milliseconds since 1970 UTC.
    expires: u64,
}

#[derive(Serialize, ToSchema)]
struct OfferedStatement {
    #[schema(value_type = Uuid)]
    id: StatementId,
    #[schema(value_type = schemas::Name)]
    title: Name,
}

async fn offered(app: &App, link: &GuestLink) -> Result<OfferedStatement, Error> {
    let title = app.directory.title_of(link.statement).await?.ok_or(Error::LinkOver)?;
    Ok(OfferedStatement { id: link.statement, title })
}

/// Look at a link for guests
///
/// Changes nothing.
#[utoipa::path(
    post, path = "/guest-links/look", request_body = Look, security(()),
    responses(
        (status = 200, description = "What it opens", body = Offer),
        (status = 410, description = "`link-over`"),
    ),
)]
async fn look(State(app): State<App>, Body(request): Body<Look>) -> Result<Json<Offer>, Error> {
    let link = app.directory.open_guest_link(&request.secret).await?;
    let statement = offered(&app, &link).await?;
    Ok(Json(Offer { statement, role: link.role.name(), expires: link.expires }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GuestArrival)]
struct Redeem {
    secret: String,
    /// What the others are to call them; marked as a guest's.
    #[schema(value_type = schemas::Name)]
    name: String,
    #[serde(default)]
    device: Device,
}

/// A guest who came in
#[derive(Serialize, ToSchema)]
#[schema(as = ArrivedGuest)]
struct Arrived {
    user: ArrivedUser,
    statement: OfferedStatement,
    #[schema(value_type = schemas::Role)]
    role: &'static str,
    /// Milliseconds since 1970 UTC.
    expires: u64,
}

#[derive(Serialize, ToSchema)]
struct ArrivedUser {
    #[schema(value_type = Uuid)]
    id: UserId,
    name: String,
}

/// Come in by a link for guests
///
/// Without an account, under a name of one's own. The cookie opens this one statement.
#[utoipa::path(
    post, path = "/guest-links/redeem", request_body = Redeem, security(()),
    responses(
        (status = 200, description = "In", body = Arrived),
        (status = 403, description = "`foreign-origin`"),
        (status = 410, description = "`link-over`"),
    ),
)]
async fn redeem(
    State(app): State<App>,
    MaybeCaller(caller): MaybeCaller,
    headers: HeaderMap,
    Body(request): Body<Redeem>,
) -> Result<Response, Error> {
    refuse_foreign_page(&app, &headers)?;
    if caller.is_some_and(|identity| identity.guest.is_none()) {
        // The guest's cookie would take the place of theirs.
        return Err(Error::SignedIn);
    }
    let link = app.directory.open_guest_link(&request.secret).await?;
    let statement = offered(&app, &link).await?;
    let (secret, identity) = app.directory.redeem_guest_link(&request.secret, request.name.parse()?).await?;
    tracing::info!(statement = %link.statement, link = %link.id, user = %identity.user, "guest came in");
    let expires = identity.expires_at_ms.unwrap_or(link.expires);
    let user = ArrivedUser { id: identity.user, name: identity.name };
    let body = Json(Arrived { user, statement, role: link.role.name(), expires });
    let kept = cookie(auth::set_cookie(&app.config, &secret, request.device));
    Ok(([(header::SET_COOKIE, kept)], body).into_response())
}
