//! What was changed about people, rights and stages: each group's log, and the instance's.

use axum::{
    Json,
    extract::{Query, State},
    http::Uri,
};
use plenary_ids::GroupId;
use plenary_permissions::{Action, Subject};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    caller::{Administrator, Caller},
    input::Id,
};
use crate::{
    App,
    auth::Via,
    directory::{AUDIT_PAGE_MAX, AuditLog, AuditPage, AuditReport},
    error::Error,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(of_group)).routes(routes!(of_instance)).routes(routes!(verify))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Params {
    /// Entries after this one.
    #[serde(default)]
    after: u64,
    /// At most so many.
    #[serde(default = "one_page")]
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: usize,
}

fn one_page() -> usize {
    100
}

impl Params {
    fn of(uri: &Uri) -> Result<Self, Error> {
        let Query(params) = Query::<Self>::try_from_uri(uri).map_err(|_| Error::Malformed {
            reason: "the query has two names, `after` and `limit`".into(),
        })?;
        if (1..=AUDIT_PAGE_MAX).contains(&params.limit) {
            return Ok(params);
        }
        Err(Error::Malformed { reason: format!("`limit` is from 1 to {AUDIT_PAGE_MAX}") })
    }
}

/// What was changed in a group
///
/// For its coordinators: members, roles, links, stages, and who changed them; no text, no title, no address.
#[utoipa::path(
    get, path = "/groups/{group}/audit", params(Params),
    responses((status = 200, description = "These entries", body = AuditPage)),
)]
async fn of_group(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
    uri: Uri,
) -> Result<Json<AuditPage>, Error> {
    let (group, standing) = app.directory.group(&identity, group).await?;
    // Who has the data directory has the log as well.
    if identity.via != Via::Operator {
        standing.require(Action::ReadGroupLog)?;
    }
    let Params { after, limit } = Params::of(&uri)?;
    Ok(Json(app.directory.audit_page(group.id.into(), after, limit).await?))
}

/// What was changed on the instance
///
/// For its administrators: accounts, tokens, groups made, keys of embedding hosts.
#[utoipa::path(
    get, path = "/audit", params(Params),
    responses((status = 200, description = "These entries", body = AuditPage)),
)]
async fn of_instance(
    State(app): State<App>,
    Caller(identity): Caller,
    uri: Uri,
) -> Result<Json<AuditPage>, Error> {
    let subject = if identity.is_administrator { Subject::InstanceAdministrator } else { Subject::Outsider };
    if !plenary_permissions::decide_in_group(subject, Action::ReadInstanceLog).is_allowed() {
        return Err(Error::AdministratorNeeded);
    }
    let Params { after, limit } = Params::of(&uri)?;
    Ok(Json(app.directory.audit_page(AuditLog::Instance, after, limit).await?))
}

/// Follow the chain of every log
///
/// Says which entries are missing or changed, and where each log ends. Changes nothing.
#[utoipa::path(
    post, path = "/audit/verify",
    responses((status = 200, description = "What was found", body = AuditReport)),
)]
async fn verify(State(app): State<App>, _: Administrator) -> Result<Json<AuditReport>, Error> {
    // Reading everything once at a time is enough.
    let Ok(_turn) = app.verifying.try_lock() else {
        return Err(Error::Busy);
    };
    Ok(Json(app.directory.check_audit().await?))
}
