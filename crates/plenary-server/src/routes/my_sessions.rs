//! Where one is signed in.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::caller::InSession;
use crate::{
    App,
    auth::Device,
    directory::{OpenSession, SignInBy},
    error::Error,
    rooms::Affected,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, end_others)).routes(routes!(end))
}

/// A sign-in in a browser. Times in milliseconds since 1970
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionView {
    id: String,
    /// Whether it is this one
    present: bool,
    created: u64,
    /// To the minute; noted every ten minutes at most
    last_used: u64,
    /// When it ends unless it is used before
    expires: u64,
    by: SignInBy,
    /// Whether a code was shown, too
    second_factor: bool,
    device: Device,
    /// As the device was called when signing in
    device_name: Option<String>,
}

impl SessionView {
    fn of(session: OpenSession, present: &str) -> Self {
        let OpenSession { id, how, created, last_used, expires } = session;
        Self {
            present: id == present,
            id,
            created,
            last_used,
            expires,
            by: how.by,
            second_factor: how.second_factor,
            device: how.device,
            device_name: how.device_name.map(|name| name.to_string()),
        }
    }
}

#[derive(Serialize, ToSchema)]
struct Sessions {
    sessions: Vec<SessionView>,
}

/// Where the caller is signed in
///
/// For pages, not for programs: a bearer token is answered with 401.
#[utoipa::path(get, path = "/me/sessions", responses((status = 200, description = "These", body = Sessions)))]
async fn list(
    State(app): State<App>,
    InSession(identity, present): InSession,
) -> Result<Json<Sessions>, Error> {
    let present = present.to_string();
    let sessions = app.directory.sessions_of(identity.user).await?;
    Ok(Json(Sessions { sessions: sessions.into_iter().map(|one| SessionView::of(one, &present)).collect() }))
}

/// End a sign-in of one's own
///
/// When this answers, the sockets that rested on it are closed and nothing more is accepted from them.
#[utoipa::path(
    delete, path = "/me/sessions/{session}",
    params(("session" = String, Path, description = "As listed")),
    responses((status = 204, description = "Ended")),
)]
async fn end(
    State(app): State<App>,
    InSession(identity, _): InSession,
    Path(session): Path<String>,
) -> Result<StatusCode, Error> {
    app.directory.end_session(&identity, &session).await?;
    app.rights_changed(Affected::User(identity.user)).await;
    tracing::info!(user = %identity.user, "session ended");
    Ok(StatusCode::NO_CONTENT)
}

/// End all one's other sign-ins
///
/// When this answers, the sockets that rested on them are closed and nothing more is accepted from them. Bearer tokens
/// are ended one by one, or all by a new password.
#[utoipa::path(delete, path = "/me/sessions", responses((status = 204, description = "Ended")))]
async fn end_others(
    State(app): State<App>,
    InSession(identity, present): InSession,
) -> Result<StatusCode, Error> {
    let count = app.directory.end_other_sessions(&identity, present).await?;
    app.rights_changed(Affected::User(identity.user)).await;
    tracing::info!(user = %identity.user, count, "other sessions ended");
    Ok(StatusCode::NO_CONTENT)
}
