//! Links by which an administrator lets somebody set a new password. They work once and sign nobody in: a second
//! factor is asked for afterwards as ever.

use std::time::Duration;

use plenary_ids::UserId;
use plenary_storage::{Expected, StoreError};
use serde::{Deserialize, Serialize};

use super::{
    AuditAction, AuditLog, Directory, MadeFor, Note, Stored, User, decoded, delete, key, put,
    sign_ins::in_bounds,
};
use crate::{
    auth::{Identity, PasswordOwner, SecretHash, new_secret},
    config::Span,
    directory::Actor,
    error::Error,
};

/// The longest life of a reset link.
pub const RESET_MAX: Span = Span(Duration::from_secs(7 * 24 * 3600));

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reset {
    #[serde(flatten)]
    pub(super) made_for: MadeFor,
    pub(super) expires: u64,
}

impl Directory {
    /// Makes a reset link's secret; an earlier one of the same account ends. Returns it and when it ends, ms since 1970.
    pub async fn create_reset(
        &self,
        caller: &Identity,
        user: UserId,
        expires_in: Span,
    ) -> Result<(String, u64), Error> {
        let expires_in = in_bounds("expires", expires_in, RESET_MAX)?;
        let user = self.user(user).await?.ok_or(Error::NotFound)?;
        let mut changes = Vec::new();
        for cell in self.0.cells.scan(key::RESETS).await? {
            if decoded::<Reset>(&cell)?.value.made_for.user == user.id {
                changes.push(delete(cell.key));
            }
        }
        let (secret, hash) = new_secret();
        let expires = self.now_ms().saturating_add(expires_in);
        changes.push(put(key::reset(hash), &Reset { made_for: MadeFor::now(&user), expires }));
        let note = Note::new(AuditLog::Instance, Actor::of(caller), AuditAction::ResetLinkCreated)
            .about(user.id)
            .about(hash);
        self.commit_noted(changes, Vec::new(), vec![note]).await?;
        Ok((secret, expires))
    }

    /// Sets the password of the account a reset link is for and ends all that the account was signed in by. The link
    /// is used up by this, durably, and by nothing else: a password that breaks the rules leaves it as it was.
    ///
    /// Fails with `WrongCredentials` for a link that is none (any more), and with the rule that the password breaks.
    pub async fn reset_password(&self, secret: &str, new: String) -> Result<User, Error> {
        let reset_key = key::reset(SecretHash::of(secret));
        let reset = self.read::<Reset>(&reset_key).await?.ok_or(Error::WrongCredentials)?;
        if reset.value.expires <= self.now_ms() {
            return Err(Error::WrongCredentials);
        }
        let user_key = key::user(reset.value.made_for.user);
        let Stored { value: mut user, version } =
            self.read::<User>(&user_key).await?.ok_or(Error::WrongCredentials)?;
        if user.closed || !reset.value.made_for.is_now(&user) {
            return Err(Error::WrongCredentials);
        }
        let owner = PasswordOwner { email: &user.email, name: user.name.as_str() };
        user.password = Some(self.0.passwords.hash(new, owner).await?);
        let mut changes = self.end_all(&mut user).await?;
        changes.extend(self.forget_devices(user.id).await?);
        changes.push(put(user_key.clone(), &user));
        let expected = vec![
            Expected::At { key: reset_key, version: reset.version },
            Expected::At { key: user_key, version },
        ];
        let note = Note::new(AuditLog::Instance, Actor::account(&user), AuditAction::PasswordReset)
            .about(SecretHash::of(secret));
        match self.commit_noted(changes, expected, vec![note]).await {
            Ok(()) => Ok(user),
            // Somebody else was faster, or the account has changed: look again.
            Err(StoreError::Conflict { .. }) => Err(Error::ChangedMeanwhile),
            Err(error) => Err(error.into()),
        }
    }
}
