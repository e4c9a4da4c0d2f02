//! Who works on what.

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use plenary_ids::{InterestId, OrganisationId, UserId};
use plenary_statements::{
    ConsultativeStatus, InterestOwner, Name, Names, OrganisationKind, Shown, StateCode, StatementKind, Themes,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::AccountHolder,
    input::{Asked, Body, Id, Search, created, fact},
    schemas,
};
use crate::{
    App,
    directory::{NewInterest, OwnedInterest, Owner},
    error::Error,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(search, create)).routes(routes!(mine)).routes(routes!(change, remove))
}

/// What somebody works on, or plans to
#[derive(Serialize, ToSchema)]
#[schema(as = Interest)]
struct InterestView {
    #[schema(value_type = Uuid)]
    id: InterestId,
    owner: OwnerView,
    #[schema(value_type = Vec<schemas::StateCode>)]
    states: Vec<StateCode>,
    #[schema(value_type = Vec<schemas::Theme>)]
    themes: Themes,
    /// What is to come of it.
    #[schema(value_type = Option<schemas::StatementKind>)]
    product: Option<StatementKind>,
    #[schema(value_type = Option<schemas::Name>)]
    note: Option<Name>,
    #[schema(value_type = schemas::Shown)]
    visibility: Shown,
    /// Milliseconds since 1970 UTC.
    changed: u64,
}

/// Whose it is
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = InterestOwner)]
enum OwnerView {
    Organisation(OwnerOrganisation),
    User(OwnerUser),
}

#[derive(Serialize, ToSchema)]
#[schema(as = InterestOrganisation)]
struct OwnerOrganisation {
    #[schema(value_type = Uuid)]
    id: OrganisationId,
    #[schema(value_type = schemas::Names)]
    names: Names,
    #[schema(value_type = Option<schemas::Name>)]
    un_name: Option<Name>,
    #[schema(value_type = schemas::OrganisationType)]
    r#type: OrganisationKind,
    #[schema(value_type = Option<schemas::StateCode>)]
    country: Option<StateCode>,
    #[schema(value_type = schemas::ConsultativeStatus)]
    consultative_status: ConsultativeStatus,
}

#[derive(Serialize, ToSchema)]
#[schema(as = InterestUser)]
struct OwnerUser {
    #[schema(value_type = Uuid)]
    id: UserId,
    #[schema(value_type = schemas::Name)]
    name: Name,
}

impl From<OwnedInterest> for InterestView {
    fn from(owned: OwnedInterest) -> Self {
        let owner = match owned.owner {
            Owner::Organisation(it) => OwnerView::Organisation(OwnerOrganisation {
                id: it.id,
                names: it.names,
                un_name: it.un_name,
                r#type: it.kind,
                country: it.country,
                consultative_status: it.consultative_status,
            }),
            Owner::User(user) => OwnerView::User(OwnerUser { id: user.id, name: user.name }),
        };
        let it = owned.interest;
        Self {
            id: it.id,
            owner,
            states: it.states,
            themes: it.themes,
            product: it.product,
            note: it.note,
            visibility: it.shown,
            changed: it.changed,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = FoundInterests)]
struct Found {
    interests: Vec<InterestView>,
    /// There are more; look for something closer.
    more: bool,
}

/// Who works on what
///
/// Across groups, for everybody with an account here. Only those appear who said that they want to.
#[utoipa::path(
    get, path = "/interests", params(Search),
    responses(
        (status = 200, description = "These", body = Found),
        (status = 422, description = "`invalid`: what is looked for"),
    ),
)]
async fn search(
    State(app): State<App>,
    AccountHolder(_): AccountHolder,
    Asked(search): Asked<Search>,
) -> Result<Json<Found>, Error> {
    let (found, more) = app.directory.search_interests(&search.sought()?).await?;
    Ok(Json(Found { interests: found.into_iter().map(InterestView::from).collect(), more }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = OwnInterests)]
struct Mine {
    interests: Vec<InterestView>,
}

/// The caller's entries and those of their organisation
///
/// The hidden ones, too.
#[utoipa::path(get, path = "/interests/mine", responses((status = 200, description = "These", body = Mine)))]
async fn mine(State(app): State<App>, AccountHolder(identity): AccountHolder) -> Result<Json<Mine>, Error> {
    let own = app.directory.own_interests(&identity).await?;
    Ok(Json(Mine { interests: own.into_iter().map(InterestView::from).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InterestEntry)]
struct Entry {
    #[serde(default)]
    #[schema(value_type = Vec<schemas::StateCode>, max_items = 20)]
    states: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Vec<schemas::Theme>, max_items = 10)]
    themes: Vec<String>,
    /// What is to come of it.
    #[schema(value_type = Option<schemas::StatementKind>)]
    product: Option<String>,
    /// One line more.
    #[schema(value_type = Option<schemas::Name>)]
    note: Option<String>,
    /// `hidden` if not said.
    #[schema(value_type = Option<schemas::Shown>)]
    visibility: Option<String>,
}

impl Entry {
    fn read(self) -> Result<NewInterest, Error> {
        let states = self.states.iter().map(|state| state.parse()).collect();
        Ok(NewInterest {
            states: fact("states", states)?,
            themes: fact("themes", Themes::read(&self.themes))?,
            product: self.product.map(|product| product.parse()).transpose()?,
            note: fact("note", self.note.map(|note| note.parse::<Name>()).transpose())?,
            shown: self.visibility.map_or(Ok(Shown::default()), |shown| shown.parse())?,
        })
    }
}

/// An entry, and whose it is to be
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInterest)]
struct Create {
    /// The caller's own, if not said; otherwise the organisation they work for.
    #[schema(value_type = Option<Uuid>)]
    organisation: Option<String>,
    entry: Entry,
}

/// Write down what one works on
#[utoipa::path(
    post, path = "/interests", request_body = Create,
    responses(
        (status = 201, description = "Written down", body = Written),
        (status = 404, description = "`not-found`: the caller does not work for this organisation"),
    ),
)]
async fn create(
    State(app): State<App>,
    AccountHolder(identity): AccountHolder,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    let owner = match request.organisation {
        Some(id) => InterestOwner::Organisation(id.parse().map_err(|_| Error::NotFound)?),
        None => InterestOwner::User(identity.user),
    };
    let interest = app.directory.create_interest(&identity, owner, request.entry.read()?).await?;
    tracing::info!(interest = %interest.id, user = %identity.user, "interest written down");
    Ok(created(Written { id: interest.id }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = WrittenInterest)]
struct Written {
    #[schema(value_type = Uuid)]
    id: InterestId,
}

/// Write an entry anew
///
/// All of it; what is not said is gone.
#[utoipa::path(
    put, path = "/interests/{interest}", request_body = Entry,
    responses((status = 200, description = "As it is now", body = Written)),
)]
async fn change(
    State(app): State<App>,
    AccountHolder(identity): AccountHolder,
    Id(interest): Id<InterestId>,
    Body(request): Body<Entry>,
) -> Result<Json<Written>, Error> {
    let changed = app.directory.change_interest(&identity, interest, request.read()?).await?;
    tracing::info!(%interest, user = %identity.user, "interest changed");
    Ok(Json(Written { id: changed.id }))
}

/// Take an entry away
#[utoipa::path(delete, path = "/interests/{interest}", responses((status = 204, description = "Gone")))]
async fn remove(
    State(app): State<App>,
    AccountHolder(identity): AccountHolder,
    Id(interest): Id<InterestId>,
) -> Result<StatusCode, Error> {
    app.directory.delete_interest(&identity, interest).await?;
    tracing::info!(%interest, user = %identity.user, "interest taken away");
    Ok(StatusCode::NO_CONTENT)
}
