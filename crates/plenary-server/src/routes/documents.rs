//! A document's state over HTTP.

use axum::{
    Router,
    extract::{Query, State},
    http::{Uri, header},
    response::IntoResponse,
    routing::get,
};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use plenary_ids::DocumentId;
use serde::Deserialize;
use tower_http::compression::CompressionLayer;

use super::{caller::Caller, input::Id};
use crate::{App, error::Error};

pub(super) fn router() -> Router<App> {
    Router::new().route("/documents/{document}/state", get(state).layer(CompressionLayer::new()))
}

#[derive(Deserialize)]
struct Params {
    /// What the caller has: an encoded state vector in base64url, padded or not.
    sv: Option<String>,
}

const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The document as one Yjs v1 update, or what is missing against `?sv=`. Only what is durable.
async fn state(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(document): Id<DocumentId>,
    uri: Uri,
) -> Result<impl IntoResponse, Error> {
    app.directory.access(&identity, document).await?;
    let state_vector = state_vector(&uri)?;
    let update = app.rooms.state(document, state_vector).await?;
    // Who was removed while it was being put together gets nothing.
    app.directory.access(&identity, document).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], update))
}

fn state_vector(uri: &Uri) -> Result<Option<Bytes>, Error> {
    let malformed = |reason: &str| Error::Malformed { reason: reason.into() };
    let Query(params) =
        Query::<Params>::try_from_uri(uri).map_err(|_| malformed("the query has one name, `sv`"))?;
    let Some(text) = params.sv else { return Ok(None) };
    let bytes = BASE64URL.decode(text).map_err(|_| malformed("sv is not base64url"))?;
    Ok(Some(bytes.into()))
}
