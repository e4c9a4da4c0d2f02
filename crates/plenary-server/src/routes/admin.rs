//! What administrators ask of the instance as a whole.

use axum::{Json, extract::State};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::caller::Administrator;
use crate::{
    App,
    error::Error,
    verify::{Report, verify},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(check))
}

/// Read everything stored and say what is damaged
///
/// Administrators only, one at a time.
#[utoipa::path(post, path = "/admin/verify", responses((status = 200, description = "What was found", body = Report)))]
async fn check(State(app): State<App>, _: Administrator) -> Result<Json<Report>, Error> {
    // Reading everything once at a time is enough.
    let Ok(_turn) = app.verifying.try_lock() else {
        return Err(Error::Busy);
    };
    Ok(Json(verify(&app, app.store_check.clone()).await?))
}
