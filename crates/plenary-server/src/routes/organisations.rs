//! Organisations, and who works for which.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use plenary_ids::{OrganisationId, UserId};
use plenary_permissions::{Action, Subject, decide_in_group};
use plenary_statements::{ConsultativeStatus, Name, Names, Organisation, OrganisationKind, StateCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::Caller,
    input::{Body, Id, Ids, created, fact, said},
    schemas,
};
use crate::{
    App,
    auth::Identity,
    directory::{Actor, NewOrganisation, Sight},
    error::Error,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change))
        .routes(routes!(people))
        .routes(routes!(bring_in, take_out))
}

/// An organisation
#[derive(Serialize, ToSchema)]
#[schema(as = Organisation)]
struct OrganisationView {
    #[schema(value_type = Uuid)]
    id: OrganisationId,
    #[schema(value_type = schemas::Names)]
    names: Names,
    /// The name under which the United Nations know it.
    #[schema(value_type = Option<schemas::Name>)]
    un_name: Option<Name>,
    #[schema(value_type = schemas::OrganisationType)]
    r#type: OrganisationKind,
    #[schema(value_type = Option<schemas::StateCode>)]
    country: Option<StateCode>,
    #[schema(value_type = schemas::ConsultativeStatus)]
    consultative_status: ConsultativeStatus,
    /// Whether naming it puts people at risk; said to administrators and to coordinators of its people's groups only.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_risk: Option<bool>,
    /// Milliseconds since 1970 UTC.
    created: u64,
}

impl OrganisationView {
    fn of(organisation: Organisation, sight: Sight) -> Self {
        let Organisation { id, names, un_name, kind, country, consultative_status, at_risk, created } =
            organisation;
        let at_risk = (sight == Sight::WithRisk).then_some(at_risk);
        Self { id, names, un_name, r#type: kind, country, consultative_status, at_risk, created }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOrganisation)]
struct Create {
    #[schema(value_type = schemas::Names)]
    names: BTreeMap<String, String>,
    /// The name under which the United Nations know it.
    #[schema(value_type = Option<schemas::Name>)]
    un_name: Option<String>,
    /// `ngo` if not said.
    #[schema(value_type = Option<schemas::OrganisationType>)]
    r#type: Option<String>,
    #[schema(value_type = Option<schemas::StateCode>)]
    country: Option<String>,
    /// With the Economic and Social Council; `none` if not said.
    #[schema(value_type = Option<schemas::ConsultativeStatus>)]
    consultative_status: Option<String>,
    /// Whether naming it puts people at risk.
    #[serde(default)]
    at_risk: bool,
}

/// What is not said stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrganisationChange)]
struct Change {
    /// All its names; those not said are gone.
    #[schema(value_type = Option<schemas::Names>)]
    names: Option<BTreeMap<String, String>>,
    /// `null` for none.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<schemas::Name>)]
    un_name: Option<Option<String>>,
    #[schema(value_type = Option<schemas::OrganisationType>)]
    r#type: Option<String>,
    /// `null` for none.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<schemas::StateCode>)]
    country: Option<Option<String>>,
    #[schema(value_type = Option<schemas::ConsultativeStatus>)]
    consultative_status: Option<String>,
    at_risk: Option<bool>,
}

fn names(names: &BTreeMap<String, String>) -> Result<Names, Error> {
    fact("names", Names::read(names.iter().map(|(language, name)| (language.as_str(), name.as_str()))))
}

fn un_name(name: Option<String>) -> Result<Option<Name>, Error> {
    fact("un_name", name.map(|name| name.parse()).transpose())
}

fn country(country: Option<String>) -> Result<Option<StateCode>, Error> {
    fact("country", country.map(|country| country.parse()).transpose())
}

/// Fails unless the caller enters and changes organisations.
fn require_management(identity: &Identity) -> Result<(), Error> {
    let subject = if identity.is_administrator { Subject::InstanceAdministrator } else { Subject::Outsider };
    if decide_in_group(subject, Action::ManageOrganisations).is_allowed() {
        Ok(())
    } else {
        Err(Error::AdministratorNeeded)
    }
}

#[derive(Serialize, ToSchema)]
struct Organisations {
    organisations: Vec<OrganisationView>,
}

/// Every organisation
///
/// Administrators only.
#[utoipa::path(get, path = "/organisations", responses((status = 200, description = "These", body = Organisations)))]
async fn list(State(app): State<App>, Caller(identity): Caller) -> Result<Json<Organisations>, Error> {
    require_management(&identity)?;
    let organisations = app.directory.organisations().await?.into_iter();
    let organisations = organisations.map(|one| OrganisationView::of(one, Sight::WithRisk)).collect();
    Ok(Json(Organisations { organisations }))
}

/// Enter an organisation
///
/// Administrators only.
#[utoipa::path(
    post, path = "/organisations", request_body = Create,
    responses((status = 201, description = "Entered", body = OrganisationView)),
)]
async fn create(
    State(app): State<App>,
    Caller(identity): Caller,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    require_management(&identity)?;
    let new = NewOrganisation {
        names: names(&request.names)?,
        un_name: un_name(request.un_name)?,
        kind: request.r#type.map_or(Ok(OrganisationKind::default()), |kind| kind.parse())?,
        country: country(request.country)?,
        consultative_status: request
            .consultative_status
            .map_or(Ok(ConsultativeStatus::default()), |status| status.parse())?,
        at_risk: request.at_risk,
    };
    let organisation = app.directory.create_organisation(Actor::of(&identity), new).await?;
    tracing::info!(organisation = %organisation.id, by = %identity.user, "organisation entered");
    Ok(created(OrganisationView::of(organisation, Sight::WithRisk)))
}

/// An organisation
///
/// For its people, for those who share a group with one of them, and for administrators.
#[utoipa::path(
    get, path = "/organisations/{organisation}",
    responses((status = 200, description = "This", body = OrganisationView)),
)]
async fn show(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(organisation): Id<OrganisationId>,
) -> Result<Json<OrganisationView>, Error> {
    let sight = app.directory.sight_of(&identity, organisation).await?;
    let found = app.directory.organisation(organisation).await?;
    let (Some(sight), Some(found)) = (sight, found) else { return Err(Error::NotFound) };
    Ok(Json(OrganisationView::of(found, sight)))
}

/// Change what is known about an organisation
///
/// Administrators only.
#[utoipa::path(
    patch, path = "/organisations/{organisation}", request_body = Change,
    responses((status = 200, description = "As it is now", body = OrganisationView)),
)]
async fn change(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(organisation): Id<OrganisationId>,
    Body(request): Body<Change>,
) -> Result<Json<OrganisationView>, Error> {
    require_management(&identity)?;
    let names = request.names.as_ref().map(names).transpose()?;
    let un_name = request.un_name.map(un_name).transpose()?;
    let country = request.country.map(country).transpose()?;
    let kind = request.r#type.map(|kind| kind.parse()).transpose()?;
    let consultative_status = request.consultative_status.map(|status| status.parse()).transpose()?;
    let changed = app.directory.change_organisation(Actor::of(&identity), organisation, |it| {
        it.names = names.clone().unwrap_or(it.names.clone());
        it.un_name = un_name.clone().unwrap_or(it.un_name.clone());
        it.kind = kind.unwrap_or(it.kind);
        it.country = country.unwrap_or(it.country);
        it.consultative_status = consultative_status.unwrap_or(it.consultative_status);
        it.at_risk = request.at_risk.unwrap_or(it.at_risk);
    });
    let changed = changed.await?;
    tracing::info!(%organisation, by = %identity.user, "organisation changed");
    Ok(Json(OrganisationView::of(changed, Sight::WithRisk)))
}

#[derive(Serialize, ToSchema)]
#[schema(as = OrganisationPerson)]
struct Person {
    #[schema(value_type = Uuid)]
    id: UserId,
    #[schema(value_type = Option<schemas::Name>)]
    name: Option<Name>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OrganisationPeople)]
struct People {
    people: Vec<Person>,
}

/// Who works for an organisation
///
/// Administrators only.
#[utoipa::path(
    get, path = "/organisations/{organisation}/people",
    responses((status = 200, description = "These", body = People)),
)]
async fn people(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(organisation): Id<OrganisationId>,
) -> Result<Json<People>, Error> {
    require_management(&identity)?;
    app.directory.organisation(organisation).await?.ok_or(Error::NotFound)?;
    let mut people = Vec::new();
    for id in app.directory.people_of(organisation).await? {
        people.push(Person { id, name: app.directory.user(id).await?.map(|user| user.name) });
    }
    Ok(Json(People { people }))
}

/// Say that somebody works for an organisation
///
/// And for no other any more. Administrators only.
#[utoipa::path(
    put, path = "/organisations/{organisation}/people/{user}",
    responses((status = 204, description = "So it is")),
)]
async fn bring_in(
    State(app): State<App>,
    Caller(identity): Caller,
    Ids(organisation, user): Ids<OrganisationId, UserId>,
) -> Result<StatusCode, Error> {
    require_management(&identity)?;
    app.directory.set_organisation_of(Actor::of(&identity), user, Some(organisation)).await?;
    tracing::info!(%organisation, %user, by = %identity.user, "works for an organisation");
    Ok(StatusCode::NO_CONTENT)
}

/// Say that somebody no longer works for an organisation
///
/// Administrators only.
#[utoipa::path(
    delete, path = "/organisations/{organisation}/people/{user}",
    responses((status = 204, description = "So it is")),
)]
async fn take_out(
    State(app): State<App>,
    Caller(identity): Caller,
    Ids(organisation, user): Ids<OrganisationId, UserId>,
) -> Result<StatusCode, Error> {
    require_management(&identity)?;
    if app.directory.organisation_of(user).await? != Some(organisation) {
        return Err(Error::NotFound);
    }
    app.directory.set_organisation_of(Actor::of(&identity), user, None).await?;
    tracing::info!(%organisation, %user, by = %identity.user, "works for an organisation no longer");
    Ok(StatusCode::NO_CONTENT)
}
