//! What an identity rests on beside a session: bearer tokens, and the links that open a session.
//!
//! Secrets are 256 random bits. Only their hashes are stored. Whatever is made for an account carries the account's
//! generation at that time; what ends all sign-ins begins a new one. So nothing survives that was being made meanwhile.

use std::time::Duration;

use plenary_ids::UserId;
use plenary_storage::{CellChange, Expected, StoreError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Actor, ActorKind, AuditAction, AuditLog, Directory, MadeFor, Note, Session, User, decoded, delete,
    devices::Mark, key, put, resets::Reset, second_factors::Enrolment,
};
use crate::{
    auth::{AuthError, Identity, SecretHash, Via, new_secret},
    config::Span,
    error::Error,
};

/// The longest life of a bearer token.
pub const TOKEN_MAX: Span = Span(Duration::from_secs(366 * 24 * 3600));
/// The longest life of a sign-in link.
pub const LINK_MAX: Span = Span(Duration::from_secs(14 * 24 * 3600));

/// Bearer tokens that somebody makes for themselves.
const OWN_TOKENS_MAX: usize = 100;
/// What is taken away at once when all sign-ins of an account end: far less than a commit may hold.
const ENDED_AT_ONCE_MAX: usize = 1_000;

/// A bearer token, without its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Whose.
    pub user: UserId,
    /// When it was made.
    pub created: u64,
    /// When it ends.
    pub expires: u64,
    /// The account's generation when it was made.
    #[serde(default)]
    pub(super) generation: u64,
    /// Whether whoever owns the data directory made it: then no second factor is asked for.
    #[serde(default)]
    pub(super) by_operator: bool,
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
    #[serde(flatten)]
    made_for: MadeFor,
    expires: u64,
    uses: LinkUses,
}

impl Directory {
    /// Makes a bearer token for the caller, who is signed in by `session`; returns its secret and what is stored.
    ///
    /// It is worth what the session is: if all sign-ins are ended meanwhile, the token is among them. Fails with `TooMany`.
    pub async fn create_own_token(
        &self,
        caller: &Identity,
        session: SecretHash,
        expires_in: Span,
    ) -> Result<(String, Token), Error> {
        let session = self.session(session).await?.ok_or(Error::SignInNeeded)?;
        if self.tokens_of(caller.user).await?.len() >= OWN_TOKENS_MAX {
            return Err(Error::TooMany { what: "bearer tokens", limit: OWN_TOKENS_MAX });
        }
        self.add_token(Actor::of(caller), session.made_for, expires_in).await
    }

    /// Makes a bearer token for somebody, as whoever owns the data directory may.
    pub async fn create_token(&self, user: UserId, expires_in: Span) -> Result<(String, Token), Error> {
        let user = self.user(user).await?.ok_or(Error::NotFound)?;
        self.add_token(Actor::of(&Identity::operator()), MadeFor::now(&user), expires_in).await
    }

    async fn add_token(
        &self,
        actor: Actor,
        made_for: MadeFor,
        expires_in: Span,
    ) -> Result<(String, Token), Error> {
        let MadeFor { user, generation } = made_for;
        let expires_in = in_bounds("expires", expires_in, TOKEN_MAX)?;
        let (secret, hash) = new_secret();
        let now = self.now_ms();
        let token = Token {
            user,
            created: now,
            expires: now.saturating_add(expires_in),
            generation,
            by_operator: actor.kind == ActorKind::Operator,
        };
        let note = Note::new(AuditLog::Instance, actor, AuditAction::TokenCreated).about(user).about(hash);
        self.commit_noted(vec![put(key::token(hash), &token)], Vec::new(), vec![note]).await?;
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

    /// Ends a bearer token of the caller's. Fails with `NotFound` for one that is not theirs.
    pub async fn revoke_token(&self, caller: &Identity, id: &str) -> Result<(), Error> {
        if !self.tokens_of(caller.user).await?.iter().any(|(known, _)| known == id) {
            return Err(Error::NotFound);
        }
        let note = Note::new(AuditLog::Instance, Actor::of(caller), AuditAction::TokenRevoked);
        let changes = vec![delete(format!("{}{id}", key::TOKENS))];
        Ok(self.commit_noted(changes, Vec::new(), vec![note]).await?)
    }

    /// Makes a sign-in link's secret.
    pub async fn create_link(
        &self,
        caller: &Identity,
        user: &User,
        uses: LinkUses,
        expires_in: Span,
    ) -> Result<String, Error> {
        let expires_in = in_bounds("expires", expires_in, LINK_MAX)?;
        let (secret, hash) = new_secret();
        let link =
            Link { made_for: MadeFor::now(user), expires: self.now_ms().saturating_add(expires_in), uses };
        let note = Note::new(AuditLog::Instance, Actor::of(caller), AuditAction::SignInLinkCreated)
            .about(user.id)
            .about(hash);
        self.commit_noted(vec![put(key::link(hash), &link)], Vec::new(), vec![note]).await?;
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
        Ok(self.account(stored.value.made_for).await?)
    }

    /// Removes what has ended of itself. Returns how many.
    pub async fn sweep_sign_ins(&self) -> Result<usize, StoreError> {
        let now = self.now_ms();
        let mut ended = Vec::new();
        ended.extend(self.ended::<Session>(key::SESSIONS, |session| !self.is_open(session)).await?);
        ended.extend(self.ended::<Token>(key::TOKENS, |token| token.expires <= now).await?);
        ended.extend(self.ended::<Link>(key::LINKS, |link| link.expires <= now).await?);
        ended.extend(self.ended::<Reset>(key::RESETS, |reset| reset.expires <= now).await?);
        ended.extend(self.ended::<Enrolment>(key::ENROLMENTS, |enrolment| enrolment.expires <= now).await?);
        ended.extend(self.ended::<Mark>(key::DEVICES, |mark| mark.has_ended(now)).await?);
        let count = ended.len();
        // Commits stay small: one flush each, and no writer waits behind a large one.
        for some in ended.chunks(100) {
            self.0.cells.commit(some.to_vec(), Vec::new()).await?;
        }
        Ok(count)
    }

    async fn ended<T: DeserializeOwned>(
        &self,
        prefix: &str,
        has_ended: impl Fn(&T) -> bool,
    ) -> Result<Vec<CellChange>, StoreError> {
        let mut ended = Vec::new();
        for cell in self.0.cells.scan(prefix).await? {
            if has_ended(&decoded::<T>(&cell)?.value) {
                ended.push(delete(cell.key));
            }
        }
        Ok(ended)
    }

    pub(super) async fn token_identity(&self, secret: &str) -> Result<Identity, AuthError> {
        let hash = SecretHash::of(secret);
        let token = self.token(hash).await?.ok_or(AuthError::Invalid)?;
        let (identity, user) = self.identity(token.made_for(), Via::Token(hash), token.expires).await?;
        if !token.by_operator && self.owes_second_factor(&user).await? {
            return Err(AuthError::SecondFactorRequired);
        }
        Ok(identity)
    }

    pub(super) async fn identity(
        &self,
        made_for: MadeFor,
        via: Via,
        expires_at_ms: u64,
    ) -> Result<(Identity, User), AuthError> {
        let user = self.account(made_for).await?.ok_or(AuthError::Invalid)?;
        let identity = Identity {
            user: user.id,
            name: user.name.to_string(),
            via,
            expires_at_ms: Some(expires_at_ms),
            is_administrator: user.administrator,
            only_document: None,
            guest: None,
        };
        Ok((identity, user))
    }

    pub(super) async fn token(&self, hash: SecretHash) -> Result<Option<Token>, StoreError> {
        let stored = self.read::<Token>(&key::token(hash)).await?;
        Ok(stored.map(|stored| stored.value).filter(|token| token.expires > self.now_ms()))
    }

    /// Begins a new generation of the account, with what takes away all that it is signed in by. The account itself
    /// is to be written with it.
    ///
    /// It is the generation that ends them. Somebody who has made more of them than can be taken away at once, so that
    /// nobody could close the account, is out all the same; the rest is removed when its time is over.
    pub(super) async fn end_all(&self, user: &mut User) -> Result<Vec<CellChange>, StoreError> {
        user.generation += 1;
        let mut ended = Vec::new();
        for prefix in [key::SESSIONS, key::TOKENS, key::LINKS, key::RESETS] {
            for cell in self.0.cells.scan(prefix).await? {
                if decoded::<Owned>(&cell)?.value.user == user.id {
                    ended.push(delete(cell.key));
                }
            }
        }
        ended.truncate(ENDED_AT_ONCE_MAX);
        Ok(ended)
    }

    /// What takes away the marks of all devices.
    pub(super) async fn forget_devices(&self, user: UserId) -> Result<Vec<CellChange>, StoreError> {
        Ok(self.0.cells.scan(&key::devices(user)).await?.into_iter().map(|cell| delete(cell.key)).collect())
    }
}

impl Token {
    pub(super) fn made_for(&self) -> MadeFor {
        MadeFor { user: self.user, generation: self.generation }
    }
}

/// What sessions, tokens and links have in common.
#[derive(Deserialize)]
struct Owned {
    user: UserId,
}

pub(super) fn in_bounds(field: &'static str, span: Span, max: Span) -> Result<u64, Error> {
    if span.0.is_zero() || span.0 > max.0 {
        return Err(Error::Invalid { field, reason: format!("must be more than nothing and at most {max}") });
    }
    Ok(span.as_ms())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use plenary_storage::{cells::COMMIT_BYTES_MAX, memory::MemoryStore};

    use super::*;
    use crate::{auth::Credential, clock::Clock, config::Config, directory::NewUser};

    #[tokio::test]
    async fn an_account_is_closed_however_many_tokens_it_has() {
        let directory =
            Directory::new(Arc::new(MemoryStore::new()), Arc::new(Config::default()), Clock::default());
        let new = NewUser {
            email: "ben@ngo.example".into(),
            name: "Ben".parse().unwrap(),
            password: None,
            administrator: false,
        };
        let user = directory.create_user_as(&Identity::operator(), new).await.unwrap();
        let (_, token) = directory.create_token(user.id, LINK_MAX).await.unwrap();
        let count = COMMIT_BYTES_MAX / key::token(SecretHash::of("0")).len() + 1;
        let secrets: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        for some in secrets.chunks(5_000) {
            let kept = some.iter().map(|secret| put(key::token(SecretHash::of(secret)), &token));
            directory.0.cells.commit(kept.collect(), Vec::new()).await.unwrap();
        }
        let shown = |secret: &String| directory.authenticate(Credential::Bearer(secret.clone()));
        assert!(shown(&secrets[0]).await.is_ok());

        directory.change_account(&Identity::operator(), user.id, Some(true), None).await.unwrap();
        directory.change_account(&Identity::operator(), user.id, Some(false), None).await.unwrap();
        for secret in secrets.iter().step_by(997) {
            assert_eq!(shown(secret).await, Err(AuthError::Invalid));
        }
    }
}
