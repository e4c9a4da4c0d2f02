//! Reading requests: bodies, ids in paths. What cannot be read becomes a problem document.

use std::{str::FromStr, time::Duration};

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{StatusCode, header, request::Parts},
    response::IntoResponse,
};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::error::Error;

// A body comes within this, or it is none of our time.
const BODY_WITHIN: Duration = Duration::from_secs(60);

/// A JSON body. Names that mean nothing to us are refused, so that a misspelt one is not a silent default.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let is_json = content_type.and_then(|value| value.to_str().ok()).is_some_and(|value| {
            value.split(';').next().is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"))
        });
        if !is_json {
            return Err(Error::NotJson);
        }
        let bytes = match timeout(BODY_WITHIN, Bytes::from_request(request, state)).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(Error::TooLarge);
            }
            Ok(Err(_)) => {
                return Err(Error::Malformed { reason: "the body ended early".into() });
            }
            Err(_) => {
                return Err(Error::Malformed { reason: "the body took too long to come".into() });
            }
        };
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| Error::Malformed { reason: error.to_string() })
    }
}

/// The id in a path. Anything that is no id names nothing.
pub(super) struct Id<T>(pub(super) T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        text.parse().map(Self).map_err(|_| Error::NotFound)
    }
}

/// The two ids in a path.
pub(super) struct Ids<A, B>(pub(super) A, pub(super) B);

impl<A: FromStr, B: FromStr, S: Send + Sync> FromRequestParts<S> for Ids<A, B> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((first, second)) = path.map_err(|_| Error::NotFound)?;
        match (first.parse(), second.parse()) {
            (Ok(first), Ok(second)) => Ok(Self(first, second)),
            _ => Err(Error::NotFound),
        }
    }
}

/// 201 with a body.
pub(super) fn created(body: impl serde::Serialize) -> impl IntoResponse {
    (StatusCode::CREATED, axum::Json(body))
}
