//! Who sends a request, and from where.

use std::net::SocketAddr;

use axum::{
    extract::FromRequestParts,
    http::{Method, request::Parts},
};

pub(super) use super::client_address::ClientAddress;
use crate::{
    App,
    auth::{self, AuthError, Credential, Identity, SecretHash, Via},
    error::Error,
};

/// Where a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Over TCP, from this address, which may be a proxy's.
    Address(SocketAddr),
    /// Through the Unix socket in the data directory, or from inside the process.
    Operator,
}

/// Somebody who has been recognised. A route that takes this answers nobody else.
pub(super) struct Caller(pub(super) Identity);

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    /// An `Authorization` header counts before a cookie. A cookie counts for a request that changes something only
    /// when one of our own pages sent it.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let credential = credential(app, parts)?.ok_or(AuthError::Missing)?;
        Ok(Self(app.directory.authenticate(credential).await?))
    }
}

/// Whoever sends a request, if they are known; nobody, if what they show has ended.
pub(super) struct MaybeCaller(pub(super) Option<Identity>);

impl FromRequestParts<App> for MaybeCaller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        match Caller::from_request_parts(parts, app).await {
            Ok(Caller(identity)) => Ok(Self(Some(identity))),
            Err(Error::SignInNeeded) => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }
}

/// Somebody with an account; guests and whoever has the data directory have none.
pub(super) struct AccountHolder(pub(super) Identity);

impl FromRequestParts<App> for AccountHolder {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let Caller(identity) = Caller::from_request_parts(parts, app).await?;
        if identity.has_account() { Ok(Self(identity)) } else { Err(Error::AccountNeeded) }
    }
}

fn credential(app: &App, parts: &Parts) -> Result<Option<Credential>, Error> {
    if parts.extensions.get::<Peer>() == Some(&Peer::Operator) {
        return Ok(Some(Credential::Operator));
    }
    if let Some(bearer) = auth::bearer(&parts.headers) {
        return Ok(Some(bearer));
    }
    let cookie = auth::cookie(&app.config, &parts.headers);
    let changes_something = !matches!(parts.method, Method::GET | Method::HEAD);
    if cookie.is_some() && changes_something && !auth::is_from_own_page(&app.config, &parts.headers) {
        return Err(Error::ForeignOrigin);
    }
    Ok(cookie)
}

/// An administrator of this instance, or its operator.
pub(super) struct Administrator(pub(super) Identity);

impl FromRequestParts<App> for Administrator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let Caller(identity) = Caller::from_request_parts(parts, app).await?;
        if identity.is_administrator { Ok(Self(identity)) } else { Err(Error::AdministratorNeeded) }
    }
}

/// Whoever has the data directory.
pub(super) struct Operator(pub(super) Identity);

impl FromRequestParts<App> for Operator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let Caller(identity) = Caller::from_request_parts(parts, app).await?;
        if identity.via == Via::Operator { Ok(Self(identity)) } else { Err(Error::OperatorNeeded) }
    }
}

/// Somebody who has been recognised, though they may owe a second factor.
pub(super) struct Owing(pub(super) Identity);

impl FromRequestParts<App> for Owing {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let credential = credential(app, parts)?.ok_or(AuthError::Missing)?;
        Ok(Self(app.directory.authenticate_owing(credential).await?))
    }
}

/// Somebody who has signed in in a browser, and by which session: what concerns the account itself is for them alone.
/// A token is for programs; stolen, it must not become an account.
pub(super) struct InSession(pub(super) Identity, pub(super) SecretHash);

impl InSession {
    fn of(identity: Identity) -> Result<Self, Error> {
        match identity.via {
            Via::Session(hash) => Ok(Self(identity, hash)),
            Via::Token(_) | Via::Guest(_) | Via::Embedded(..) | Via::Operator => Err(Error::SignInNeeded),
        }
    }
}

impl FromRequestParts<App> for InSession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let Caller(identity) = Caller::from_request_parts(parts, app).await?;
        Self::of(identity)
    }
}

/// The same, though they may owe a second factor.
pub(super) struct InOwingSession(pub(super) InSession);

impl FromRequestParts<App> for InOwingSession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let Owing(identity) = Owing::from_request_parts(parts, app).await?;
        InSession::of(identity).map(Self)
    }
}

/// Somebody on this machine who did not come through a proxy.
pub(super) struct Local(pub(super) bool);

impl<S: Send + Sync> FromRequestParts<S> for Local {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let is_forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"]
            .iter()
            .any(|name| parts.headers.contains_key(*name));
        Ok(Self(match parts.extensions.get::<Peer>() {
            Some(Peer::Operator) => true,
            Some(Peer::Address(address)) => address.ip().is_loopback() && !is_forwarded,
            None => false,
        }))
    }
}
