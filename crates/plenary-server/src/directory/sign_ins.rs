//! What an identity rests on: sessions, bearer tokens, and the links that open a session.
//!
//! Secrets are 256 random bits. Only their hashes are stored.

use std::time::Duration;

use plenary_ids::UserId;
use plenary_storage::{Expected, StoreError};
use serde::{Deserialize, Serialize};

use super::{Directory, Stored, User, decoded, delete, key, put};
use crate::{
    auth::{AuthError, Identity, SecretHash, Via, new_secret},
    config::Span,
    error::Error,
};

/// The longest life of a bearer token.
pub const TOKEN_MAX: Span = Span(Duration::from_secs(366 * 24 * 3600));
/// The longest life of a sign-in link.
pub const LINK_MAX: Span = Span(Duration::from_secs(14 * 24 * 3600));

// A session's last use is written down at most this often.
const SEEN_EVERY_MS: u64 = 10 * 60 * 1000;

/// A sign-in in a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) user: UserId,
    created: u64,
    /// Last use, within `SEEN_EVERY_MS`.
    seen: u64,
    /// How it was opened.
    by: SignInBy,
}

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignInBy {
    /// With the password.
    Password,
    /// With a link.
    Link,
}

/// A bearer token, without its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Whose.
    pub user: UserId,
    /// When it was made.
    pub created: u64,
    /// When it ends.
    pub expires: u64,
}

/// How often a sign-in link works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LinkUses {
    /// Once.
    Once,
    /// Until it expires: for the demo, where several windows are several people.
    UntilItExpires,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Link {
    user: UserId,
    expires: u64,
    uses: LinkUses,
}

impl Directory {
    /// Signs `user` in and returns the secret for the cookie.
    pub async fn open_session(&self, user: UserId, by: SignInBy) -> Result<String, Error> {
        let (secret, hash) = new_secret();
        let now = self.now_ms();
        let session = Session { user, created: now, seen: now, by };
        self.0.cells.commit(vec![put(key::session(hash), &session)], Vec::new()).await?;
        Ok(secret)
    }

    /// Ends a session. Ok, too, if there is none.
    pub async fn close_session(&self, hash: SecretHash) -> Result<(), Error> {
        self.0.cells.commit(vec![delete(key::session(hash))], Vec::new()).await?;
        Ok(())
    }

    /// Makes a bearer token; returns its secret and what is stored.
    pub async fn create_token(&self, user: UserId, expires_in: Span) -> Result<(String, Token), Error> {
        let expires_in = in_bounds("expires", expires_in, TOKEN_MAX)?;
        let (secret, hash) = new_secret();
        let now = self.now_ms();
        let token = Token { user, created: now, expires: now.saturating_add(expires_in) };
        self.0.cells.commit(vec![put(key::token(hash), &token)], Vec::new()).await?;
        Ok((secret, token))
    }

    /// A user's bearer tokens that have not ended, each with the id it is revoked by.
    pub async fn tokens_of(&self, user: UserId) -> Result<Vec<(String, Token)>, Error> {
        let now = self.now_ms();
        let mut tokens = Vec::new();
        for cell in self.0.cells.scan(key::TOKENS).await? {
            let token = decoded::<Token>(&cell)?.value;
            if token.user == user && token.expires > now {
                tokens.push((cell.key[key::TOKENS.len()..].to_owned(), token));
            }
        }
        Ok(tokens)
    }

    /// Ends a user's bearer token. Fails with `NotFound` for one that is not theirs.
    pub async fn revoke_token(&self, user: UserId, id: &str) -> Result<(), Error> {
        if !self.tokens_of(user).await?.iter().any(|(known, _)| known == id) {
            return Err(Error::NotFound);
        }
        self.0.cells.commit(vec![delete(format!("{}{id}", key::TOKENS))], Vec::new()).await?;
        Ok(())
    }

    /// Makes a sign-in link's secret.
    pub async fn create_link(&self, user: UserId, uses: LinkUses, expires_in: Span) -> Result<String, Error> {
        let expires_in = in_bounds("expires", expires_in, LINK_MAX)?;
        let (secret, hash) = new_secret();
        let link = Link { user, expires: self.now_ms().saturating_add(expires_in), uses };
        self.0.cells.commit(vec![put(key::link(hash), &link)], Vec::new()).await?;
        Ok(secret)
    }

    /// The account that a link signs in. A link for one use is used up, durably, before this returns.
    pub async fn redeem_link(&self, secret: &str) -> Result<Option<User>, Error> {
        let key = key::link(SecretHash::of(secret));
        let Some(stored) = self.read::<Link>(&key).await? else {
            return Ok(None);
        };
        if stored.value.expires <= self.now_ms() {
            return Ok(None);
        }
        if stored.value.uses == LinkUses::Once {
            let expected = Expected::At { key: key.clone(), version: stored.version };
            match self.0.cells.commit(vec![delete(key)], vec![expected]).await {
                Ok(()) => {}
                // Somebody else was faster.
                Err(StoreError::Conflict { .. }) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.user(stored.value.user).await?.filter(|user| !user.closed))
    }

    /// Removes what has ended of itself. Returns how many.
    pub async fn sweep_sign_ins(&self) -> Result<usize, StoreError> {
        let now = self.now_ms();
        let mut ended = Vec::new();
        for cell in self.0.cells.scan(key::SESSIONS).await? {
            if !self.is_open(&decoded::<Session>(&cell)?.value) {
                ended.push(delete(cell.key));
            }
        }
        for cell in self.0.cells.scan(key::TOKENS).await? {
            if decoded::<Token>(&cell)?.value.expires <= now {
                ended.push(delete(cell.key));
            }
        }
        for cell in self.0.cells.scan(key::LINKS).await? {
            if decoded::<Link>(&cell)?.value.expires <= now {
                ended.push(delete(cell.key));
            }
        }
        let count = ended.len();
        // Commits stay small: one flush each, and no writer waits behind a large one.
        for some in ended.chunks(100) {
            self.0.cells.commit(some.to_vec(), Vec::new()).await?;
        }
        Ok(count)
    }

    pub(super) async fn session_identity(&self, secret: &str) -> Result<Identity, AuthError> {
        let hash = SecretHash::of(secret);
        let session = self.session(hash).await?.ok_or(AuthError::Invalid)?;
        // Being here is no reason to be turned away while the disk is full.
        if let Err(error) = self.note_use(hash).await {
            tracing::debug!(%error, "the use of a session was not written down");
        }
        let ends = session.created.saturating_add(self.0.config.session_max.as_ms());
        self.identity(session.user, Via::Session(hash), ends).await
    }

    pub(super) async fn token_identity(&self, secret: &str) -> Result<Identity, AuthError> {
        let hash = SecretHash::of(secret);
        let token = self.token(hash).await?.ok_or(AuthError::Invalid)?;
        self.identity(token.user, Via::Token(hash), token.expires).await
    }

    async fn identity(&self, user: UserId, via: Via, expires_at_ms: u64) -> Result<Identity, AuthError> {
        let user = self.user(user).await?.filter(|user| !user.closed).ok_or(AuthError::Invalid)?;
        Ok(Identity {
            user: user.id,
            name: user.name.into(),
            via,
            expires_at_ms: Some(expires_at_ms),
            is_administrator: user.administrator,
            only_document: None,
            guest: None,
        })
    }

    /// Writes down that a session is in use, unless it was said lately. One that has ended stays ended.
    pub async fn note_use(&self, hash: SecretHash) -> Result<(), StoreError> {
        let key = key::session(hash);
        let Some(Stored { value: session, version }) = self.read::<Session>(&key).await? else {
            return Ok(());
        };
        let now = self.now_ms();
        let lately = SEEN_EVERY_MS.min(self.0.config.session_idle.as_ms() / 2);
        if !self.is_open(&session) || now.saturating_sub(session.seen) < lately {
            return Ok(());
        }
        let seen = put(key.clone(), &Session { seen: now, ..session });
        match self.0.cells.commit(vec![seen], vec![Expected::At { key, version }]).await {
            // Written by somebody beside us, or signed out meanwhile.
            Err(StoreError::Conflict { .. }) => Ok(()),
            outcome => outcome,
        }
    }

    /// How the session was opened; `None` if it has ended.
    pub async fn signed_in_by(&self, hash: SecretHash) -> Result<Option<SignInBy>, StoreError> {
        Ok(self.session(hash).await?.map(|session| session.by))
    }

    pub(super) async fn session(&self, hash: SecretHash) -> Result<Option<Session>, StoreError> {
        let stored = self.read::<Session>(&key::session(hash)).await?;
        Ok(stored.map(|stored| stored.value).filter(|session| self.is_open(session)))
    }

    fn is_open(&self, session: &Session) -> bool {
        let (now, config) = (self.now_ms(), &self.0.config);
        now < session.created.saturating_add(config.session_max.as_ms())
            && now < session.seen.saturating_add(config.session_idle.as_ms())
    }

    pub(super) async fn token(&self, hash: SecretHash) -> Result<Option<Token>, StoreError> {
        let stored = self.read::<Token>(&key::token(hash)).await?;
        Ok(stored.map(|stored| stored.value).filter(|token| token.expires > self.now_ms()))
    }

    /// The keys of everything a user is signed in by.
    pub(super) async fn sign_ins_of(&self, user: UserId) -> Result<Vec<String>, StoreError> {
        let mut keys = Vec::new();
        for prefix in [key::SESSIONS, key::TOKENS, key::LINKS] {
            for cell in self.0.cells.scan(prefix).await? {
                if decoded::<Owned>(&cell)?.value.user == user {
                    keys.push(cell.key);
                }
            }
        }
        Ok(keys)
    }
}

/// What sessions, tokens and links have in common.
#[derive(Deserialize)]
struct Owned {
    user: UserId,
}

fn in_bounds(field: &'static str, span: Span, max: Span) -> Result<u64, Error> {
    if span.0.is_zero() || span.0 > max.0 {
        return Err(Error::Invalid { field, reason: format!("must be more than nothing and at most {max}") });
    }
    Ok(span.as_ms())
}
