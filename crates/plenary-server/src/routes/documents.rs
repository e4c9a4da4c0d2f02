//! A document's state over HTTP.

use std::time::Duration;

use axum::{extract::State, http::header, response::IntoResponse};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use plenary_ids::DocumentId;
use serde::Deserialize;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};
use tower_http::compression::CompressionLayer;
use utoipa::IntoParams;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};

use super::{caller::Caller, input::Id, parts::Params};
use crate::{App, error::Error};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(state).layer(CompressionLayer::new()))
}

/// States that may be under way at once: each is a copy of a whole document until its last byte is written.
pub(crate) const STATES_MAX: usize = 32;

/// How long a request waits for its place.
pub(super) const PLACE_WITHIN: Duration = Duration::from_secs(5);

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Since {
    /// What the caller has: an encoded state vector in base64url, padded or not.
    sv: Option<String>,
}

const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A document's state as one Yjs v1 update, or what is missing against `sv`
///
/// Only what is durable.
#[utoipa::path(
    get, path = "/documents/{document}/state", params(Since),
    responses((
        status = 200, description = "A Yjs v1 update",
        body = Vec<u8>, content_type = "application/octet-stream",
    )),
)]
async fn state(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(document): Id<DocumentId>,
    Params(Since { sv }): Params<Since>,
) -> Result<impl IntoResponse, Error> {
    app.directory.access(&identity, document).await?;
    let state_vector = sv.map(|text| state_vector(&text)).transpose()?;
    let place = timeout(PLACE_WITHIN, app.states.clone().acquire_owned()).await.map_err(|_| Error::Busy)?;
    let place = place.map_err(|_| Error::Busy)?;
    let update = app.rooms.state(document, state_vector).await?;
    // Who was removed while it was being put together gets nothing.
    app.directory.access(&identity, document).await?;
    let update = Bytes::from_owner(InPlace { update, _place: place });
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], update))
}

/// A state that keeps its place until it has been written.
struct InPlace {
    update: Bytes,
    _place: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for InPlace {
    fn as_ref(&self) -> &[u8] {
        &self.update
    }
}

fn state_vector(text: &str) -> Result<Bytes, Error> {
    let bytes = BASE64URL.decode(text);
    bytes.map(Bytes::from).map_err(|_| Error::Malformed { reason: "sv is not base64url".into() })
}
