//! Reading what is before a request's body. What cannot be read becomes a problem document.

use axum::{
    extract::{FromRequestParts, Path, Query, WebSocketUpgrade},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::error::Error;

/// Any text in a path.
pub(crate) struct Text(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Text {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(text)| Self(text)).map_err(|_| Error::NotFound)
    }
}

/// What comes in the query.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let params = Query::<T>::try_from_uri(&parts.uri);
        params
            .map(|Query(params)| Self(params))
            .map_err(|rejection| Error::Malformed { reason: rejection.body_text() })
    }
}

/// The beginning of a WebSocket.
pub(crate) struct Upgrade(pub(crate) WebSocketUpgrade);

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await;
        upgrade.map(Self).map_err(|_| Error::NotAWebSocket)
    }
}
