//! Sessions of people for whom a site vouches: in memory, because they last for minutes and a page gets another one
//! whenever it needs it. That a token was used is kept on disk until the token would have ended anyway.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use plenary_ids::{DocumentId, EmbedKeyId, StatementId, UserId};
use plenary_permissions::{Role, Subject};
use plenary_statements::{Group, Name};
use plenary_storage::{CellChange, Expected, StoreError};
use serde::{Deserialize, Serialize};

use super::{Denied, Directory, Grant, Stored, decoded, delete, embed_keys::derived, key, put};
use crate::{
    auth::{
        AuthError, EMBED_SECRET_PREFIX, EmbedTokenError, Expectation, Identity, SecretHash, Via, named_key,
        new_secret, verify_embed_token,
    },
    error::Error,
};

// About 20 MiB.
const SESSIONS_MAX: usize = 50_000;
/// A site that asks for more than this at a time would push the others out.
const SESSIONS_OF_KEY_MAX: usize = 20_000;

/// What a session is made of.
#[derive(Clone, Debug)]
struct EmbedSession {
    key: EmbedKeyId,
    user: UserId,
    name: Name,
    role: Role,
    document: DocumentId,
    origin: String,
    expires_ms: u64,
}

/// The sessions of this process.
#[derive(Default)]
pub(super) struct EmbedSessions(Mutex<HashMap<SecretHash, EmbedSession>>);

impl EmbedSessions {
    /// False when there are too many.
    fn insert(&self, hash: SecretHash, session: EmbedSession, now_ms: u64) -> bool {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_key = |sessions: &HashMap<SecretHash, EmbedSession>| {
            sessions.values().filter(|other| other.key == session.key).count()
        };
        sessions.retain(|_, session| session.expires_ms > now_ms);
        if sessions.len() >= SESSIONS_MAX || of_key(&sessions) >= SESSIONS_OF_KEY_MAX {
            return false;
        }
        sessions.insert(hash, session);
        true
    }

    fn get(&self, hash: SecretHash, now_ms: u64) -> Option<EmbedSession> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(&hash).filter(|session| session.expires_ms > now_ms).cloned()
    }

    fn end(&self, hash: SecretHash) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash);
    }

    pub(super) fn end_those_of(&self, key: EmbedKeyId) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.key != key);
    }
}

/// That a token was used.
#[derive(Serialize, Deserialize)]
struct Used {
    expires: u64,
}

/// What others see of somebody for whom a site vouches. Stays, so that what they wrote has a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddedUser {
    /// The site's issuer.
    pub issuer: String,
    /// What they are called, when last heard.
    pub name: Name,
}

/// A session that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedEmbedSession {
    /// What recognises it.
    pub secret: String,
    /// Who it is.
    pub identity: Identity,
    /// When it ends, ms since 1970.
    pub expires_ms: u64,
    /// The one document it opens.
    pub document: DocumentId,
    /// What is granted there.
    pub grant: Grant,
}

impl Directory {
    /// Takes a token that a site signed, once, and opens a session for the one document it names.
    ///
    /// `audience`: this instance, as tokens have to name it. `origin`: where the browser says the page is.
    pub async fn open_embed_session(
        &self,
        token: &str,
        audience: &str,
        origin: Option<&str>,
    ) -> Result<OpenedEmbedSession, Error> {
        let key = self.live_embed_key(named_key(token)?).await?.ok_or(EmbedTokenError::UnknownKey)?;
        let now = self.now_ms();
        let expected = Expectation {
            key: &key.public_key,
            issuer: &key.issuer,
            origins: &key.origins,
            audience,
            origin: origin.ok_or(EmbedTokenError::Origin)?,
            now_ms: now,
        };
        let vouched = verify_embed_token(token, expected)?;
        let user: UserId = derived("plenary embedded user", &[&key.issuer, &vouched.subject]).into();
        // As long as the token said, by our clock; so a site whose clock is off gets no more and no less.
        let expires_ms = now.saturating_add(vouched.life_ms).min(vouched.over_ms);
        let expires_ms = key.ends.map_or(expires_ms, |ends| expires_ms.min(ends));

        let used = key::embed_token(derived("plenary embed token", &[&key.issuer, &vouched.token_id]));
        let mut changes = vec![put(used.clone(), &Used { expires: vouched.over_ms })];
        let known = EmbeddedUser { issuer: key.issuer.clone(), name: vouched.name.clone() };
        if self.embedded_user(user).await?.as_ref() != Some(&known) {
            changes.push(put(key::embed_user(user), &known));
        }
        match self.0.cells.commit(changes, vec![Expected::Absent { key: used }]).await {
            Ok(()) => {}
            Err(StoreError::Conflict { .. }) => return Err(EmbedTokenError::Replayed.into()),
            Err(error) => return Err(error.into()),
        }
        let (secret, hash) = new_embed_secret();
        let session = EmbedSession {
            key: key.id,
            user,
            name: vouched.name,
            role: vouched.role,
            document: vouched.document,
            origin: vouched.origin,
            expires_ms,
        };
        let (identity, document) = (session.identity(hash), session.document);
        if !self.0.embed_sessions.insert(hash, session, now) {
            return Err(Error::Busy);
        }
        // Asked with the session in place: what is granted is what any later question is answered.
        match self.access(&identity, document).await {
            Ok(grant) => Ok(OpenedEmbedSession { secret, identity, expires_ms, document, grant }),
            Err(denied) => {
                self.0.embed_sessions.end(hash);
                Err(match denied {
                    // The key was revoked meanwhile.
                    Denied::SignInEnded => EmbedTokenError::UnknownKey.into(),
                    denied => denied.into(),
                })
            }
        }
    }

    /// Recognises somebody by the secret of their session, shown by a page of `origin`.
    pub(super) async fn embed_identity(
        &self,
        secret: &str,
        origin: Option<&str>,
    ) -> Result<Identity, AuthError> {
        let hash = SecretHash::of(secret);
        let session = self.0.embed_sessions.get(hash, self.now_ms()).ok_or(AuthError::Invalid)?;
        if origin != Some(session.origin.as_str()) || self.live_embed_key(session.key).await?.is_none() {
            return Err(AuthError::Invalid);
        }
        Ok(session.identity(hash))
    }

    pub(super) async fn embed_session_holds(
        &self,
        hash: SecretHash,
        key: EmbedKeyId,
    ) -> Result<bool, StoreError> {
        let session = self.0.embed_sessions.get(hash, self.now_ms());
        Ok(session.is_some() && self.live_embed_key(key).await?.is_some())
    }

    /// Who somebody in such a session is to a statement of a group.
    pub(super) async fn embedded_subject(
        &self,
        (hash, key): (SecretHash, EmbedKeyId),
        group: Option<&Stored<Group>>,
        statement: Option<StatementId>,
    ) -> Result<Subject, StoreError> {
        let session = self.0.embed_sessions.get(hash, self.now_ms());
        let Some((session, key)) = session.zip(self.live_embed_key(key).await?) else {
            return Ok(Subject::Outsider);
        };
        let cap = self.embed_cap(&key, group, statement).await?;
        Ok(cap.map_or(Subject::Outsider, |cap| Subject::HostEmbedded { cap: cap.min(session.role) }))
    }

    /// Somebody for whom a site has vouched at some time.
    pub async fn embedded_user(&self, user: UserId) -> Result<Option<EmbeddedUser>, StoreError> {
        Ok(self.read(&key::embed_user(user)).await?.map(|stored| stored.value))
    }

    /// Forgets which tokens were used, of those that have ended. Returns how many.
    pub async fn sweep_embed_tokens(&self) -> Result<usize, StoreError> {
        let now = self.now_ms();
        let mut ended: Vec<CellChange> = Vec::new();
        for cell in self.0.cells.scan(key::EMBED_TOKENS).await? {
            if decoded::<Used>(&cell)?.value.expires <= now {
                ended.push(delete(cell.key));
            }
        }
        for some in ended.chunks(100) {
            self.0.cells.commit(some.to_vec(), Vec::new()).await?;
        }
        Ok(ended.len())
    }
}

impl EmbedSession {
    fn identity(&self, hash: SecretHash) -> Identity {
        Identity {
            user: self.user,
            name: self.name.as_str().to_owned(),
            via: Via::Embedded(hash, self.key),
            expires_at_ms: Some(self.expires_ms),
            is_administrator: false,
            only_document: Some(self.document),
            guest: None,
        }
    }
}

/// Told from other tokens by its beginning, so that each is looked for in one place.
fn new_embed_secret() -> (String, SecretHash) {
    let secret = format!("{EMBED_SECRET_PREFIX}{}", new_secret().0);
    let hash = SecretHash::of(&secret);
    (secret, hash)
}
