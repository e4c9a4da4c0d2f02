//! Sign-ins in a browser.
//!
//! A session's secret is another one after every change of what it is worth: it is new when somebody signs in, and
//! again when they change their password or their second factor. What rested on the old one ends.

use std::{fmt, str::FromStr};

use plenary_ids::UserId;
use plenary_storage::{CellChange, Expected, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Actor, AuditAction, AuditLog, Directory, MadeFor, Note, Stored, User, decoded, delete, key, put,
};
use crate::{
    auth::{AuthError, Device, Identity, SecretHash, Via, new_secret},
    error::Error,
};

/// The longest name of a device, in characters.
pub const DEVICE_NAME_CHARS_MAX: usize = 40;

// A session's last use is written down at most this often.
const SEEN_EVERY_MS: u64 = 10 * 60 * 1000;

const MINUTE_MS: u64 = 60_000;

/// Who has just signed in may set up a second factor without saying their password once more.
const FRESH_MS: u64 = 15 * MINUTE_MS;

/// A sign-in in a browser, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    #[serde(flatten)]
    pub(super) made_for: MadeFor,
    created: u64,
    /// Last use, within `SEEN_EVERY_MS`.
    seen: u64,
    #[serde(flatten)]
    pub(super) how: SignIn,
}

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignInBy {
    /// With the password.
    Password,
    /// With a link.
    Link,
}

/// Everything that is kept about how somebody signed in. No address, no description of a browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// What was shown first.
    pub by: SignInBy,
    /// Whether a code was shown, too.
    #[serde(default)]
    pub second_factor: bool,
    /// Who else uses the device.
    #[serde(default)]
    pub device: Device,
    /// What its owner, or the page, calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<DeviceName>,
}

impl SignIn {
    /// With nothing but `by`, on one's own device.
    pub fn by(by: SignInBy) -> Self {
        Self { by, second_factor: false, device: Device::Own, device_name: None }
    }
}

/// What a device is called: one line of at most [`DEVICE_NAME_CHARS_MAX`] characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceName(String);

impl FromStr for DeviceName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty()
            || text.chars().count() > DEVICE_NAME_CHARS_MAX
            || text.chars().any(char::is_control)
        {
            let reason = format!("must be one line of at most {DEVICE_NAME_CHARS_MAX} characters");
            return Err(Error::Invalid { field: "device_name", reason });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A session as its owner sees it. Times in ms since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// What it is ended by.
    pub id: String,
    /// How it was opened.
    pub how: SignIn,
    /// When.
    pub created: u64,
    /// When it was last used: what is known of it, to the minute.
    pub last_used: u64,
    /// When it ends, unless it is used before; never later than [`Config::session_max`](crate::config::Config).
    pub expires: u64,
}

impl Directory {
    /// Signs `user` in and returns the secret for the cookie.
    ///
    /// If all their sign-ins are ended meanwhile, this one counts among them.
    pub async fn open_session(&self, user: &User, how: SignIn) -> Result<String, Error> {
        let (secret, hash) = new_secret();
        let now = self.now_ms();
        let session = Session { made_for: MadeFor::now(user), created: now, seen: now, how };
        let note = Note::new(AuditLog::Instance, Actor::account(user), AuditAction::SignedIn).about(hash);
        self.commit_noted(vec![put(key::session(hash), &session)], Vec::new(), vec![note]).await?;
        Ok(secret)
    }

    /// Ends a session. Ok, too, if there is none.
    pub async fn close_session(&self, hash: SecretHash) -> Result<(), Error> {
        self.0.cells.commit(vec![delete(key::session(hash))], Vec::new()).await?;
        Ok(())
    }

    /// A user's sessions that have not ended, the last used first.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<OpenSession>, StoreError> {
        let config = &self.0.config;
        let mut open: Vec<OpenSession> = self
            .stored_sessions(user)
            .await?
            .into_iter()
            .filter(|(_, session)| self.is_open(session))
            .map(|(id, session)| OpenSession {
                id,
                created: session.created,
                last_used: session.seen - session.seen % MINUTE_MS,
                expires: (session.created.saturating_add(config.session_max.as_ms()))
                    .min(session.seen.saturating_add(config.session_idle.as_ms())),
                how: session.how,
            })
            .collect();
        open.sort_by_key(|session| std::cmp::Reverse((session.last_used, session.created)));
        Ok(open)
    }

    /// Ends a session of the caller's, by the id it is listed under. Fails with `NotFound` for one that is not theirs.
    pub async fn end_session(&self, caller: &Identity, id: &str) -> Result<(), Error> {
        let sessions = self.stored_sessions(caller.user).await?;
        let (id, _) = sessions.iter().find(|(known, _)| known == id).ok_or(Error::NotFound)?;
        let ended = vec![delete(format!("{}{id}", key::SESSIONS))];
        let note = Note::new(AuditLog::Instance, Actor::of(caller), AuditAction::SessionsEnded);
        Ok(self.commit_noted(ended, Vec::new(), vec![note]).await?)
    }

    /// Ends all sessions of the caller's but `kept`; returns how many.
    pub async fn end_other_sessions(&self, caller: &Identity, kept: SecretHash) -> Result<usize, Error> {
        let kept = kept.to_string();
        let sessions = self.stored_sessions(caller.user).await?;
        let ended: Vec<CellChange> = sessions
            .iter()
            .filter(|(id, _)| *id != kept)
            .map(|(id, _)| delete(format!("{}{id}", key::SESSIONS)))
            .collect();
        let count = ended.len();
        if count > 0 {
            let note = Note::new(AuditLog::Instance, Actor::of(caller), AuditAction::SessionsEnded);
            self.commit_noted(ended, Vec::new(), vec![note]).await?;
        }
        Ok(count)
    }

    async fn stored_sessions(&self, user: UserId) -> Result<Vec<(String, Session)>, StoreError> {
        let mut sessions = Vec::new();
        for cell in self.0.cells.scan(key::SESSIONS).await? {
            let session = decoded::<Session>(&cell)?.value;
            if session.made_for.user == user {
                sessions.push((cell.key[key::SESSIONS.len()..].to_owned(), session));
            }
        }
        Ok(sessions)
    }

    /// What gives the session under `hash` another secret, as part of a change that has ended it with all others.
    /// How long it may last in all stays as it was. Fails with `SignInNeeded` if it has ended already.
    pub(super) async fn rotated(
        &self,
        hash: SecretHash,
        user: &User,
        second_factor: bool,
    ) -> Result<(String, CellChange), Error> {
        let session = self.session(hash).await?.ok_or(Error::SignInNeeded)?;
        let (secret, hash) = new_secret();
        let how = SignIn { second_factor, ..session.how };
        let session = Session { made_for: MadeFor::now(user), seen: self.now_ms(), how, ..session };
        Ok((secret, put(key::session(hash), &session)))
    }

    /// Who a session's secret stands for, though they may owe a second factor.
    pub(super) async fn session_identity(&self, secret: &str) -> Result<(Identity, User), AuthError> {
        let hash = SecretHash::of(secret);
        let session = self.session(hash).await?.ok_or(AuthError::Invalid)?;
        // Being here is no reason to be turned away while the disk is full.
        if let Err(error) = self.note_use(hash).await {
            tracing::debug!(%error, "the use of a session was not written down");
        }
        let ends = session.created.saturating_add(self.0.config.session_max.as_ms());
        self.identity(session.made_for, Via::Session(hash), ends).await
    }

    /// Writes down that a session is in use, unless it was said lately. One that has ended stays ended.
    pub async fn note_use(&self, hash: SecretHash) -> Result<(), StoreError> {
        self.note_use_at(hash, self.now_ms()).await
    }

    /// Writes down that a session was in use at that time, ms since 1970, as [`note_use`](Self::note_use) does.
    pub async fn note_use_at(&self, hash: SecretHash, at_ms: u64) -> Result<(), StoreError> {
        let key = key::session(hash);
        let Some(Stored { value: session, version }) = self.read::<Session>(&key).await? else {
            return Ok(());
        };
        let idle = self.0.config.session_idle.as_ms();
        let lately = SEEN_EVERY_MS.min(idle / 2);
        let is_old = at_ms.saturating_sub(session.seen) >= lately;
        let is_urgent = at_ms > session.seen && session.seen.saturating_add(idle - lately) <= self.now_ms();
        if !self.is_open(&session) || !(is_old || is_urgent) {
            return Ok(());
        }
        let seen = put(key.clone(), &Session { seen: at_ms, ..session });
        match self.0.cells.commit(vec![seen], vec![Expected::At { key, version }]).await {
            // Written by somebody beside us, or signed out meanwhile.
            Err(StoreError::Conflict { .. }) => Ok(()),
            outcome => outcome,
        }
    }

    /// How the session was opened; `None` if it has ended.
    pub async fn signed_in_by(&self, hash: SecretHash) -> Result<Option<SignIn>, StoreError> {
        Ok(self.session(hash).await?.map(|session| session.how))
    }

    /// Whose session it is; `None` if it has ended.
    pub async fn session_user(&self, hash: SecretHash) -> Result<Option<UserId>, StoreError> {
        Ok(self.session(hash).await?.map(|session| session.made_for.user))
    }

    /// Whether the session was opened a moment ago.
    pub(super) async fn is_fresh(&self, hash: SecretHash) -> Result<bool, StoreError> {
        let session = self.session(hash).await?;
        Ok(session.is_some_and(|session| self.now_ms() < session.created.saturating_add(FRESH_MS)))
    }

    pub(super) async fn session(&self, hash: SecretHash) -> Result<Option<Session>, StoreError> {
        let stored = self.read::<Session>(&key::session(hash)).await?;
        Ok(stored.map(|stored| stored.value).filter(|session| self.is_open(session)))
    }

    pub(super) fn is_open(&self, session: &Session) -> bool {
        let (now, config) = (self.now_ms(), &self.0.config);
        now < session.created.saturating_add(config.session_max.as_ms())
            && now < session.seen.saturating_add(config.session_idle.as_ms())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_a_short_name_or_none() {
        assert_eq!(" Firefox on Linux ".parse::<DeviceName>().unwrap().to_string(), "Firefox on Linux");
        for bad in ["", "  ", "two\nlines", &"x".repeat(41)] {
            assert!(bad.parse::<DeviceName>().is_err(), "{bad}");
        }
        assert!("x".repeat(40).parse::<DeviceName>().is_ok());
    }
}
