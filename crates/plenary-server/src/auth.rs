//! Who is calling: credentials in, an [`Identity`] out. What somebody may do is not decided here.

use std::fmt;

use axum::http::{HeaderMap, header};
use plenary_ids::{DocumentId, UserId};
use sha2::{Digest, Sha256};

use crate::config::Config;

/// What a caller shows. Secrets are compared by their hash only, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// The value of the sign-in cookie.
    Cookie(String),
    /// A token from `plenary token create`: in `Authorization: Bearer`, as Hocuspocus token, or as `?token=`.
    Bearer(String),
    /// A one-use ticket from `POST /api/v1/tickets`; authenticating uses it up.
    Ticket(String),
    /// The caller came through the Unix socket or from inside the process: whoever owns the data directory.
    Operator,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cookie(_) => "Cookie(..)",
            Self::Bearer(_) => "Bearer(..)",
            Self::Ticket(_) => "Ticket(..)",
            Self::Operator => "Operator",
        })
    }
}

/// SHA-256 of a secret: what is stored in its place, and what it is called in the server.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of a secret's text.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }
}

impl fmt::Display for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A prefix is enough to tell two apart in a log.
        write!(f, "SecretHash({:02x}{:02x}..)", self.0[0], self.0[1])
    }
}

/// What an identity rests on; when that ends, the identity ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// A sign-in in a browser. Tickets drawn in it rest on it, too.
    Session(SecretHash),
    /// A bearer token. Tickets drawn with it rest on it, too.
    Token(SecretHash),
    /// The data directory itself.
    Operator,
}

/// Somebody who has been recognised. Kept for as long as a connection lasts and shown to
/// [`Directory::access`](crate::directory::Directory::access) whenever their rights may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who.
    pub user: UserId,
    /// Their name, as others see it.
    pub name: String,
    /// What shows it.
    pub via: Via,
    /// When that ends of itself, ms since 1970; a connection must end then, too.
    pub expires_at_ms: Option<u64>,
    /// Whether they run this instance.
    pub is_administrator: bool,
    /// With a ticket: the one document it opens.
    pub only_document: Option<DocumentId>,
}

/// Why somebody was not recognised. Which of these it was is not told apart for guessers: a wrong secret and an
/// ended one of somebody else look the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Nothing shown.
    #[error("no credential")]
    Missing,
    /// Unknown, ended, or taken back.
    #[error("the credential is not or no longer valid")]
    Invalid,
    /// Whether it is valid cannot be found out just now.
    #[error("credentials cannot be checked just now")]
    Store(#[from] plenary_storage::StoreError),
}

/// The sign-in cookie's name: tied to https where there is https, and plainly named where there is none.
pub fn cookie_name(config: &Config) -> &'static str {
    if config.is_https() {
        "__Host-plenary"
    } else {
        "plenary-development-http"
    }
}

/// The sign-in cookie among the headers.
///
/// A request that brings one may come from any page the browser has open: before a WebSocket upgrade ask
/// [`is_own_origin`].
pub fn cookie(config: &Config, headers: &HeaderMap) -> Option<Credential> {
    let name = cookie_name(config);
    let mut values = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(given, _)| *given == name);
    values
        .next()
        .map(|(_, value)| Credential::Cookie(value.to_owned()))
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<Credential> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Credential::Bearer(token.trim().to_owned()))
}

/// Whether the browser says the request comes from our own pages: `Origin` must be there and match exactly.
/// Needed for every WebSocket upgrade that rests on a cookie; a request that brings its own token needs none.
///
/// Our own origin is `public_url`; without one (loopback only) it is the `Host` asked for, if that is a
/// loopback name, so that a foreign name that resolves to this machine does not pass.
pub fn is_own_origin(config: &Config, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    match &config.public_url {
        Some(url) => origin.eq_ignore_ascii_case(url),
        None => {
            let host = headers
                .get(header::HOST)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            is_loopback_host(host) && origin.strip_prefix("http://").is_some_and(|named| named == host)
        }
    }
}

fn is_loopback_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}
