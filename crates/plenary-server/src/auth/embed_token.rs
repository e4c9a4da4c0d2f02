//! The short tokens by which a site vouches for one of its users: JSON Web Tokens, signed with a registered key.
//!
//! What they must say is in `docs/embedding.md`. Everything is compared by its value, and whatever is not expected in
//! the header (another key to verify with, an address to fetch one from) is refused rather than passed over.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Validation;
use plenary_ids::{DocumentId, EmbedKeyId};
use plenary_permissions::Role;
use plenary_statements::Name;
use serde::Deserialize;

use super::public_key::{PROVIDER, PublicKey};

/// What `typ` says, so that a token made for something else does not count here (RFC 8725, 3.11).
pub const EMBED_TOKEN_TYPE: &str = "plenary-embed+jwt";
/// The longest token.
pub const EMBED_TOKEN_BYTES_MAX: usize = 4096;
/// The longest life of a token, in seconds, from `iat` to `exp`.
pub const EMBED_TOKEN_LIFE_MAX_S: u64 = 300;
/// How far the site's clock may be from ours, in seconds.
pub const EMBED_TOKEN_SKEW_S: u64 = 30;

const SUBJECT_BYTES_MAX: usize = 255;
const TOKEN_ID_BYTES_MAX: usize = 128;

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbedTokenError {
    /// It cannot be read.
    #[error("the token cannot be read: {0}")]
    Malformed(&'static str),
    /// `alg` is not that of the key.
    #[error(
        "the token's algorithm is not that of its key; EdDSA and ES256 are taken, each with keys of its own"
    )]
    Algorithm,
    /// `kid` names no key, or one that was revoked or has ended.
    #[error("the key that the token names is not, or no longer, registered")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("the token's signature does not fit its key")]
    Signature,
    /// `iss` is not whose key it is.
    #[error("the token's issuer is not the one whose key signed it")]
    Issuer,
    /// `aud` is not this instance.
    #[error("the token is for another server: `aud` must be this server's address, `https://` and the name")]
    Audience,
    /// The page is not where the token says, or that is not registered.
    #[error("the token is for a page of another origin, or that origin is not registered with the key")]
    Origin,
    /// `nbf` or `iat` lies ahead.
    #[error("the token does not count yet; compare the clocks of both servers")]
    NotYet,
    /// `exp` lies behind.
    #[error("the token has run out; it is good for one exchange right after it was made")]
    Expired,
    /// `exp` lies too far from `iat`.
    #[error("the token lasts too long: from `iat` to `exp` at most {EMBED_TOKEN_LIFE_MAX_S} seconds")]
    TooLong,
    /// It has been exchanged.
    #[error("the token has been used; make another one, with a `jti` of its own")]
    Replayed,
}

/// A token's header: these three members and no other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    kid: String,
}

/// What a token says; times in seconds since 1970. Other claims are not looked at.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    name: String,
    doc: String,
    role: String,
    origin: String,
    jti: String,
    iat: u64,
    nbf: u64,
    exp: u64,
}

/// A token that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// Of whom it speaks, by the issuer's own name for them.
    pub subject: String,
    /// What others see.
    pub name: Name,
    /// The document it opens.
    pub document: DocumentId,
    /// As what, at most.
    pub role: Role,
    /// Where the page is that may use it.
    pub origin: String,
    /// Its own name, used once.
    pub token_id: String,
    /// How long it said it lasts, in milliseconds.
    pub life_ms: u64,
    /// From when on it is refused, ms since 1970.
    pub over_ms: u64,
}

/// What a token is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The key that it names.
    pub key: &'a PublicKey,
    /// Whose key that is.
    pub issuer: &'a str,
    /// Where pages may be that use tokens of this key.
    pub origins: &'a [String],
    /// This instance.
    pub audience: &'a str,
    /// Where the browser says the page is.
    pub origin: &'a str,
    /// The time, ms since 1970.
    pub now_ms: u64,
}

/// The key that a token names. Nothing is verified by this.
pub fn named_key(token: &str) -> Result<EmbedKeyId, EmbedTokenError> {
    header(token)?.kid.parse().map_err(|_| EmbedTokenError::UnknownKey)
}

fn header(token: &str) -> Result<Header, EmbedTokenError> {
    use EmbedTokenError::Malformed;
    if token.len() > EMBED_TOKEN_BYTES_MAX {
        return Err(Malformed("it is too long"));
    }
    let (header, _) = token.split_once('.').ok_or(Malformed("it is no JSON Web Token"))?;
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| Malformed("it is no JSON Web Token"))?;
    let header: Header = serde_json::from_slice(&header)
        .map_err(|_| Malformed("its header has the members `typ`, `alg` and `kid`, and no other"))?;
    if header.typ != EMBED_TOKEN_TYPE {
        return Err(Malformed("its `typ` is not `plenary-embed+jwt`"));
    }
    Ok(header)
}

/// Reads a token and holds it against what is expected. Whether it was used before is not known here.
pub fn verify(token: &str, expected: Expectation<'_>) -> Result<Vouched, EmbedTokenError> {
    use EmbedTokenError::Malformed;
    let header = header(token)?;
    let algorithm = expected.key.algorithm();
    if header.alg != expected.key.algorithm_name() {
        return Err(EmbedTokenError::Algorithm);
    }
    // Set by the first token; the same one ever since.
    let _ = PROVIDER.install_default();
    let key = expected.key.decoding().ok_or(EmbedTokenError::UnknownKey)?;
    let mut validation = Validation::new(algorithm);
    // The claims are looked at below, by our clock and by value.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|error| {
        use jsonwebtoken::errors::ErrorKind;
        match error.kind() {
            ErrorKind::InvalidSignature => EmbedTokenError::Signature,
            ErrorKind::InvalidAlgorithm => EmbedTokenError::Algorithm,
            _ => Malformed("a claim is missing or is not of its type"),
        }
    })?;
    check(claims.claims, expected)
}

fn check(claims: Claims, expected: Expectation<'_>) -> Result<Vouched, EmbedTokenError> {
    use EmbedTokenError::Malformed;
    let Claims { iss, aud, sub, name, doc, role, origin, jti, iat, nbf, exp } = claims;
    if iss != expected.issuer {
        return Err(EmbedTokenError::Issuer);
    }
    if aud != expected.audience {
        return Err(EmbedTokenError::Audience);
    }
    if origin != expected.origin || !expected.origins.contains(&origin) {
        return Err(EmbedTokenError::Origin);
    }
    let now_s = expected.now_ms / 1_000;
    if exp.checked_sub(iat).is_none_or(|life| life == 0 || life > EMBED_TOKEN_LIFE_MAX_S) {
        return Err(EmbedTokenError::TooLong);
    }
    if iat.max(nbf) > now_s.saturating_add(EMBED_TOKEN_SKEW_S) {
        return Err(EmbedTokenError::NotYet);
    }
    if exp.saturating_add(EMBED_TOKEN_SKEW_S) <= now_s {
        return Err(EmbedTokenError::Expired);
    }
    if sub.is_empty() || sub.len() > SUBJECT_BYTES_MAX {
        return Err(Malformed("`sub` is empty or too long"));
    }
    if jti.is_empty() || jti.len() > TOKEN_ID_BYTES_MAX {
        return Err(Malformed("`jti` is empty or too long"));
    }
    Ok(Vouched {
        subject: sub,
        name: name.parse().map_err(|_| Malformed("`name` is not one readable line"))?,
        document: doc.parse().map_err(|_| Malformed("`doc` is not the id of a document"))?,
        role: role.parse().map_err(|_| Malformed("`role` is none of ours"))?,
        origin,
        token_id: jti,
        life_ms: (exp - iat) * 1_000,
        over_ms: exp.saturating_add(EMBED_TOKEN_SKEW_S).saturating_mul(1_000),
    })
}
