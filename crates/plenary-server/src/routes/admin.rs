//! What administrators ask of the instance as a whole.

use axum::{Json, Router, extract::State, routing::post};

use super::caller::Administrator;
use crate::{
    App,
    error::Error,
    verify::{Report, verify},
};

pub(super) fn router() -> Router<App> {
    Router::new().route("/admin/verify", post(check))
}

async fn check(State(app): State<App>, _: Administrator) -> Result<Json<Report>, Error> {
    // Reading everything once at a time is enough.
    let Ok(_turn) = app.verifying.try_lock() else {
        return Err(Error::Busy);
    };
    Ok(Json(verify(&app, app.store_check.clone()).await?))
}
