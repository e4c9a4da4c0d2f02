//! Who is calling: credentials in, an [`Identity`] out. What somebody may do is not decided here.

mod embed_token;
mod password_rules;
mod passwords;
mod public_key;
mod second_factor;
mod throttle;

use std::fmt;

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use plenary_ids::{DocumentId, EmbedKeyId, GuestLinkId, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use self::throttle::network;
pub use self::{
    embed_token::{
        EMBED_TOKEN_BYTES_MAX, EMBED_TOKEN_LIFE_MAX_S, EMBED_TOKEN_SKEW_S, EMBED_TOKEN_TYPE, EmbedTokenError,
        Expectation, Vouched, named_key, verify as verify_embed_token,
    },
    password_rules::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PasswordOwner},
    passwords::{PasswordError, Passwords},
    public_key::{GivenJwk, GivenKey, KeyError, PublicKey},
    second_factor::{Code, RECOVERY_CODES, TotpSecret, new_recovery_codes},
    throttle::{Throttle, Trying},
};
use crate::config::Config;

/// What a caller shows. Secrets are compared by their hash only, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// The value of the sign-in cookie.
    Cookie(String),
    /// A token from `plenary token create`: in `Authorization: Bearer`, as Hocuspocus token, or as `?token=`.
    Bearer(String),
    /// The secret of a session that rests on a site's word, and where the browser says the page is that shows it.
    Embedded {
        /// The secret.
        secret: String,
        /// The page's origin.
        origin: Option<String>,
    },
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
            Self::Embedded { .. } => "Embedded(..)",
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

/// A fresh secret of 256 random bits, as text, and the hash that stands for it.
pub(crate) fn new_secret() -> (String, SecretHash) {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("without the system's randomness nothing here is safe");
    let secret = URL_SAFE_NO_PAD.encode(bytes);
    let hash = SecretHash::of(&secret);
    (secret, hash)
}

/// What an identity rests on; when that ends, the identity ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// A sign-in in a browser. Tickets drawn in it rest on it, too.
    Session(SecretHash),
    /// A bearer token. Tickets drawn with it rest on it, too.
    Token(SecretHash),
    /// A guest's stay in a browser. Tickets drawn in it rest on it, too.
    Guest(SecretHash),
    /// A session that rests on the word of an embedding site, and on the key it was given with. Tickets drawn in it rest
    /// on them, too.
    Embedded(SecretHash, EmbedKeyId),
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
    /// With a ticket, or on a site's word: the one document it opens.
    pub only_document: Option<DocumentId>,
    /// Of a guest: by which link they came.
    pub guest: Option<GuestOf>,
}

impl Identity {
    /// Whether it is a person's with an account: not a guest's, nor that of whoever owns the data directory.
    pub fn has_account(&self) -> bool {
        matches!(self.via, Via::Session(_) | Via::Token(_))
    }
}

/// By which link a guest came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestOf {
    /// The link.
    pub link: GuestLinkId,
    /// Whoever made it: when their rights change, so may the guest's.
    pub creator: UserId,
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
    /// It is valid, but its owner has to set up a second factor before anything else.
    #[error("a second factor has to be set up first")]
    SecondFactorRequired,
    /// Whether it is valid cannot be found out just now.
    #[error("credentials cannot be checked just now")]
    Store(#[from] plenary_storage::StoreError),
}

/// The sign-in cookie's name: tied to https where there is https, and plainly named where there is none.
pub fn cookie_name(config: &Config) -> &'static str {
    if config.is_https() { "__Host-plenary" } else { "plenary-development-http" }
}

/// The sign-in cookie among the headers.
///
/// A request that brings one may come from any page the browser has open: before a WebSocket upgrade ask
/// [`is_own_origin`].
pub fn cookie(config: &Config, headers: &HeaderMap) -> Option<Credential> {
    cookie_value(cookie_name(config), headers).map(Credential::Cookie)
}

fn cookie_value(name: &str, headers: &HeaderMap) -> Option<String> {
    let mut values = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(given, _)| *given == name);
    values.next().map(|(_, value)| value.to_owned())
}

/// What the secret of a session begins with that rests on a site's word.
pub(crate) const EMBED_SECRET_PREFIX: &str = "plenary-embed.";

/// The credential that a token is, shown by a page of `origin`: where a bearer token can stand, the secret of a session
/// that rests on a site's word can.
pub fn token_credential(token: String, origin: Option<&str>) -> Credential {
    if token.starts_with(EMBED_SECRET_PREFIX) {
        return Credential::Embedded { secret: token, origin: origin.map(ToOwned::to_owned) };
    }
    Credential::Bearer(token)
}

/// Where the browser says the page is that sends this.
pub fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN)?.to_str().ok()
}

/// What this instance is called by whoever sends this: `public_url`, or without one (loopback only) the name asked for.
pub fn own_name(config: &Config, headers: &HeaderMap) -> Option<String> {
    if let Some(url) = &config.public_url {
        return Some(url.clone());
    }
    let host = headers.get(header::HOST)?.to_str().ok()?;
    is_loopback_host(host).then(|| format!("http://{host}"))
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<Credential> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token_credential(token.trim().to_owned(), origin(headers)))
}

/// Who else uses the computer somebody signs in on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// Nobody.
    #[default]
    Own,
    /// Others: nothing is to stay on it.
    Shared,
}

/// What the sign-in cookie is set to: for this server's own pages alone, out of reach of their scripts. On a shared
/// device the browser forgets it when it is closed.
pub fn set_cookie(config: &Config, secret: &str, device: Device) -> String {
    let name = cookie_name(config);
    let secure = if config.is_https() { "; Secure" } else { "" };
    let kept = match device {
        Device::Own => format!("; Max-Age={}", config.session_max.as_ms() / 1_000),
        Device::Shared => String::new(),
    };
    format!("{name}={secret}; Path=/{kept}; HttpOnly; SameSite=Strict{secure}")
}

/// How long a device on which somebody signed in is known, in milliseconds: half a year.
pub const DEVICE_MARK_MS: u64 = 180 * 24 * 3_600_000;

/// The name of the cookie by which a device is known again.
fn device_cookie_name(config: &Config) -> String {
    format!("{}-device", cookie_name(config))
}

/// The mark of a device on which somebody signed in before, among the headers.
pub fn device_mark(config: &Config, headers: &HeaderMap) -> Option<String> {
    cookie_value(&device_cookie_name(config), headers)
}

/// What the mark of a device is set to.
pub fn set_device_mark(config: &Config, secret: &str) -> String {
    let (name, secure) = (device_cookie_name(config), if config.is_https() { "; Secure" } else { "" });
    let kept_s = DEVICE_MARK_MS / 1_000;
    format!("{name}={secret}; Path=/; Max-Age={kept_s}; HttpOnly; SameSite=Strict{secure}")
}

/// What takes the sign-in cookie away.
pub fn clear_cookie(config: &Config) -> String {
    let secure = if config.is_https() { "; Secure" } else { "" };
    format!("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict{secure}", cookie_name(config))
}

/// Whether a request that changes something may rest on a cookie: the browser must say, by `Sec-Fetch-Site` or by
/// `Origin`, that one of our own pages sent it, and must not say otherwise.
pub fn is_from_own_page(config: &Config, headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    let site_fits = site.is_none_or(|site| site == "same-origin");
    let origin = headers.contains_key(header::ORIGIN);
    let origin_fits = !origin || is_own_origin(config, headers);
    site_fits && origin_fits && (site.is_some() || origin)
}

/// Whether the browser says that a page of another site sent this. Programs say nothing.
pub fn is_from_foreign_page(config: &Config, headers: &HeaderMap) -> bool {
    let says_something = headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN);
    says_something && !is_from_own_page(config, headers)
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
            let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let scheme = if config.is_https() { "https://" } else { "http://" };
            is_loopback_host(host) && origin.strip_prefix(scheme).is_some_and(|named| named == host)
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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    fn public() -> Config {
        Config { public_url: Some("https://plenary.example.org".into()), ..Config::default() }
    }

    #[test]
    fn only_our_own_pages_change_things_by_cookie() {
        let own = "https://plenary.example.org";
        let foreign = "https://plenary.example.org.evil.example";
        let table: [(&[(&str, &str)], bool); 9] = [
            (&[("origin", own)], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("origin", own), ("sec-fetch-site", "same-origin")], true),
            (&[], false),
            (&[("origin", foreign)], false),
            (&[("origin", "null")], false),
            (&[("origin", own), ("sec-fetch-site", "same-site")], false),
            (&[("origin", foreign), ("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "cross-site")], false),
        ];
        for (pairs, expected) in table {
            let headers = headers(pairs);
            assert_eq!(is_from_own_page(&public(), &headers), expected, "{headers:?}");
            assert_eq!(
                is_from_foreign_page(&public(), &headers),
                !expected && !pairs.is_empty(),
                "{headers:?}"
            );
        }
    }

    #[test]
    fn without_a_public_url_only_loopback_names_are_ours() {
        let config = Config::default();
        let table = [
            ("127.0.0.1:4600", "http://127.0.0.1:4600", true),
            ("localhost:4600", "http://localhost:4600", true),
            ("[::1]:4600", "http://[::1]:4600", true),
            ("localhost:4600", "http://127.0.0.1:4600", false),
            ("localhost:4600", "http://localhost:4601", false),
            ("localhost:4600", "https://localhost:4600", false),
            // A foreign name that resolves to this machine.
            ("rebound.example:4600", "http://rebound.example:4600", false),
        ];
        for (host, origin, expected) in table {
            let headers = headers(&[("host", host), ("origin", origin)]);
            assert_eq!(is_own_origin(&config, &headers), expected, "{host} {origin}");
        }
    }

    #[test]
    fn the_cookie_is_tied_to_https_where_there_is_https() {
        let cookie = set_cookie(&public(), "s", Device::Own);
        assert!(cookie.starts_with("__Host-plenary=s; Path=/; Max-Age=604800;"), "{cookie}");
        for word in ["Secure", "HttpOnly", "SameSite=Strict"] {
            assert!(cookie.contains(word), "{cookie}");
        }
        let shared = set_cookie(&Config::default(), "s", Device::Shared);
        assert_eq!(shared, "plenary-development-http=s; Path=/; HttpOnly; SameSite=Strict");
        let mark = set_device_mark(&public(), "m");
        let expected = "__Host-plenary-device=m; Path=/; Max-Age=15552000; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(mark, expected);
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found =
            cookie(&Config::default(), &headers(&[("cookie", "a=b; plenary-development-http=s; c=d")]));
        assert_eq!(found, Some(Credential::Cookie("s".into())));
        assert_eq!(cookie(&public(), &headers(&[("cookie", "plenary-development-http=s")])), None);
        let both = headers(&[("cookie", "__Host-plenary-device=m; __Host-plenary=s")]);
        assert_eq!(cookie(&public(), &both), Some(Credential::Cookie("s".into())));
        assert_eq!(device_mark(&public(), &both), Some("m".into()));
    }

    #[test]
    fn secrets_are_not_printed() {
        let credential = Credential::Bearer("hunter2".into());
        assert!(!format!("{credential:?}").contains("hunter2"));
        let (secret, hash) = new_secret();
        assert_eq!(secret.len(), 43);
        assert_eq!(SecretHash::of(&secret), hash);
        assert_eq!(hash.to_string().len(), 64);
    }
}
