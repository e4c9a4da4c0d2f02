//! Reading requests: bodies, ids in paths. What cannot be read becomes a problem document.

use std::{str::FromStr, time::Duration};

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{StatusCode, header, request::Parts},
    response::IntoResponse,
};
use bytes::Bytes;
use plenary_statements::{Sought, THEME_CHARS_MAX};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use tokio::time::timeout;
use utoipa::IntoParams;

use super::schemas;
use crate::error::Error;

/// The longest text to look for, in characters.
const SEARCH_CHARS_MAX: usize = 200;

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

/// What was read into `field`, or what is wrong with it.
pub(super) fn fact<T>(field: &'static str, read: Result<T, impl ToString>) -> Result<T, Error> {
    read.map_err(|error| Error::Invalid { field, reason: error.to_string() })
}

/// For a field that may be left as it is, taken away or set: `None` when it is not there, `Some(None)` for `null`.
pub(super) fn said<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// The query, read like a body: names that mean nothing to us are refused.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let Query(asked) = Query::<T>::try_from_uri(&parts.uri)
            .map_err(|error| Error::Malformed { reason: format!("the query: {}", error.body_text()) })?;
        Ok(Self(asked))
    }
}

/// What somebody looks for among groups and among who works on what. All that is said must fit.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    /// A State by its two letters.
    #[param(value_type = Option<schemas::StateCode>)]
    state: Option<String>,
    /// A theme in which this occurs.
    #[param(max_length = 40)]
    theme: Option<String>,
    /// Words that occur anywhere.
    #[param(max_length = 200)]
    text: Option<String>,
}

impl Search {
    pub(super) fn sought(self) -> Result<Sought, Error> {
        let bounded = |field, text: Option<String>, limit_chars| match text.map(|text| text.trim().to_owned())
        {
            Some(text) if text.chars().count() > limit_chars => {
                Err(Error::Invalid { field, reason: format!("has at most {limit_chars} characters") })
            }
            text => Ok(text.filter(|text| !text.is_empty())),
        };
        let state = self.state.filter(|state| !state.trim().is_empty());
        Ok(Sought {
            state: fact("state", state.map(|state| state.parse()).transpose())?,
            theme: bounded("theme", self.theme, THEME_CHARS_MAX)?,
            text: bounded("text", self.text, SEARCH_CHARS_MAX)?,
        })
    }
}

/// 201 with a body.
pub(super) fn created(body: impl serde::Serialize) -> impl IntoResponse {
    (StatusCode::CREATED, axum::Json(body))
}
