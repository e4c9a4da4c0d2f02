//! Accounts.

use plenary_ids::UserId;
use plenary_statements::Name;
use plenary_storage::{CellChange, Expected, StoreError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Actor, ActorKind, AuditAction, AuditLog, Directory, Note, SignInBy, Stored, key, put};
use crate::{
    auth::{Identity, PasswordOwner, SecretHash},
    error::Error,
};

/// The longest address: it is part of a key.
const EMAIL_BYTES_MAX: usize = 200;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The address they sign in with, in lower case.
    pub email: String,
    /// What others see.
    pub name: Name,
    /// The password's PHC string; without one they sign in by link.
    pub password: Option<String>,
    /// Whether they run this instance.
    pub administrator: bool,
    /// When the account was made.
    pub created: u64,
    /// Whether it has been closed: nobody signs in, nothing rests on it.
    pub closed: bool,
    /// Whether a code is asked for beside the password or a link.
    #[serde(default)]
    pub second_factor: bool,
    /// Counts the times that all sign-ins ended: what was made at an earlier one is worth nothing.
    #[serde(default)]
    pub generation: u64,
}

/// For whom a sign-in was made, and at which [generation](User::generation) of their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MadeFor {
    pub(super) user: UserId,
    #[serde(default)]
    pub(super) generation: u64,
}

impl MadeFor {
    /// For `user`, as the account is.
    pub(super) fn now(user: &User) -> Self {
        Self { user: user.id, generation: user.generation }
    }

    /// Whether nothing has ended all sign-ins since.
    pub(super) fn is_now(self, user: &User) -> bool {
        self == Self::now(user)
    }
}

/// An account to be made.
#[derive(Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The address they sign in with; any case.
    pub email: String,
    /// What others see.
    pub name: Name,
    /// As typed; hashed before it is stored.
    pub password: Option<String>,
    /// Whether they run this instance.
    pub administrator: bool,
}

/// An account that is not stored yet.
pub(super) struct NewAccount {
    pub(super) user: User,
    pub(super) changes: Vec<CellChange>,
    /// Where this conflicts, somebody has the address.
    pub(super) taken: Expected,
}

/// An address as it is stored and looked up.
///
/// Fails with what is wrong. We do not judge what a mail server may take, only that it can be one address.
pub fn normal_email(email: &str) -> Result<String, Error> {
    let email = email.trim().to_lowercase();
    let is_address = email
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    let has_odd = email.chars().any(|char| char.is_whitespace() || char.is_control() || char == '/');
    if !is_address || has_odd || email.len() > EMAIL_BYTES_MAX {
        let reason = format!("must be an address such as ana@ngo.example, at most {EMAIL_BYTES_MAX} bytes");
        return Err(Error::Invalid { field: "email", reason });
    }
    Ok(email)
}

impl Directory {
    /// Makes an account, by whoever owns the data directory.
    pub async fn create_user(&self, new: NewUser) -> Result<User, Error> {
        self.create_user_as(&Identity::operator(), new).await
    }

    /// Makes an account, by `caller`.
    pub async fn create_user_as(&self, caller: &Identity, new: NewUser) -> Result<User, Error> {
        self.add_user(new, Actor::of(caller), false).await
    }

    /// Makes the first administrator, once.
    pub async fn initialise(&self, new: NewUser) -> Result<User, Error> {
        if self.0.cells.get(key::INSTANCE).await?.is_some() {
            return Err(Error::AlreadyInitialised);
        }
        self.add_user(NewUser { administrator: true, ..new }, Actor::of(&Identity::operator()), true).await
    }

    async fn add_user(&self, new: NewUser, actor: Actor, is_first: bool) -> Result<User, Error> {
        let NewAccount { user, mut changes, taken } = self.new_account(new).await?;
        let mut expected = vec![taken.clone()];
        if is_first {
            changes.push(put(key::INSTANCE.into(), &user.id));
            expected.push(Expected::Absent { key: key::INSTANCE.into() });
        }
        let action = if is_first { AuditAction::InstanceInitialised } else { AuditAction::AccountCreated };
        let note = Note::new(AuditLog::Instance, actor, action).about(user.id);
        match self.commit_noted(changes, expected, vec![note]).await {
            Ok(()) => Ok(user),
            Err(StoreError::Conflict { key }) if key == taken.key() => Err(Error::EmailTaken),
            Err(StoreError::Conflict { .. }) => Err(Error::AlreadyInitialised),
            Err(error) => Err(error.into()),
        }
    }

    /// What makes an account, to be committed, perhaps with more. Its password has been hashed.
    pub(super) async fn new_account(&self, new: NewUser) -> Result<NewAccount, Error> {
        let email = normal_email(&new.email)?;
        let password = match new.password {
            Some(password) => {
                let owner = PasswordOwner { email: &email, name: new.name.as_str() };
                Some(self.0.passwords.hash(password, owner).await?)
            }
            None => None,
        };
        let user = User {
            id: Uuid::now_v7().into(),
            email,
            name: new.name,
            password,
            administrator: new.administrator,
            created: self.now_ms(),
            closed: false,
            second_factor: false,
            generation: 0,
        };
        let email_key = key::email(&user.email);
        let changes = vec![put(key::user(user.id), &user), put(email_key.clone(), &user.id)];
        Ok(NewAccount { user, changes, taken: Expected::Absent { key: email_key } })
    }

    /// The account with this id.
    pub async fn user(&self, user: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.read(&key::user(user)).await?.map(|stored| stored.value))
    }

    /// The account a sign-in was made for, unless it is closed or all its sign-ins have ended since.
    pub(super) async fn account(&self, made_for: MadeFor) -> Result<Option<User>, StoreError> {
        let user = self.user(made_for.user).await?;
        Ok(user.filter(|user| !user.closed && made_for.is_now(user)))
    }

    /// The account with this address, which need not be in its stored form.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, Error> {
        let email = normal_email(email)?;
        match self.read::<UserId>(&key::email(&email)).await? {
            Some(id) => Ok(self.user(id.value).await?),
            None => Ok(None),
        }
    }

    /// Every account, in the order of their making.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        Ok(self.list(key::USERS).await?.into_iter().map(|stored| stored.value).collect())
    }

    /// The account that address and password fit, if there is one. The same work is done for an address that
    /// nobody has.
    pub async fn user_by_password(&self, email: &str, password: String) -> Result<Option<User>, Error> {
        // What cannot be an address is nobody's.
        let email = normal_email(email).unwrap_or_else(|_| "nobody".into());
        let id =
            self.read::<UserId>(&key::email(&email)).await?.map_or(UserId::SERVER, |stored| stored.value);
        let user = self.read::<User>(&key::user(id)).await?.filter(|user| !user.value.closed);
        let stored = user.as_ref().and_then(|user| user.value.password.clone());
        if !self.0.passwords.fits(password.clone(), stored).await? {
            return Ok(None);
        }
        let Some(user) = user else { return Ok(None) };
        Ok(Some(self.with_current_hash(user, password).await))
    }

    /// Hashes a password anew that was right, if it is stored under parameters of before.
    async fn with_current_hash(&self, stored: Stored<User>, password: String) -> User {
        let Stored { value: user, version } = stored;
        if user.password.as_ref().is_none_or(|hash| self.0.passwords.is_current(hash)) {
            return user;
        }
        let Ok(hash) = self.0.passwords.rehash(password).await else { return user };
        let (key, renewed) = (key::user(user.id), User { password: Some(hash), ..user.clone() });
        let changes = vec![put(key.clone(), &renewed)];
        match self.0.cells.commit(changes, vec![Expected::At { key, version }]).await {
            Ok(()) => renewed,
            Err(error) => {
                // The next sign-in tries again.
                tracing::debug!(%error, "a password was not hashed anew");
                user
            }
        }
    }

    /// Gives the caller another password and ends all they are signed in by; the session under `session` goes on
    /// with another secret, which is returned.
    ///
    /// `present` must fit, if there is a password already and they signed in with it.
    pub async fn change_password(
        &self,
        caller: &Identity,
        session: SecretHash,
        present: Option<String>,
        new: String,
    ) -> Result<String, Error> {
        let key = key::user(caller.user);
        let Stored { value: mut user, version } =
            self.read::<User>(&key).await?.ok_or(Error::SignInNeeded)?;
        let how = self.signed_in_by(session).await?.ok_or(Error::SignInNeeded)?;
        // Who came by a link may have forgotten it.
        if how.by == SignInBy::Password
            && user.password.is_some()
            && !self.0.passwords.fits(present.unwrap_or_default(), user.password.clone()).await?
        {
            return Err(Error::WrongCredentials);
        }
        let owner = PasswordOwner { email: &user.email, name: user.name.as_str() };
        user.password = Some(self.0.passwords.hash(new, owner).await?);
        let mut changes = self.end_all(&mut user).await?;
        let (secret, rotated) = self.rotated(session, &user, how.second_factor).await?;
        changes.extend([put(key.clone(), &user), rotated]);
        let note = Note::new(AuditLog::Instance, Actor::of(caller), AuditAction::PasswordChanged);
        self.commit_noted(changes, vec![Expected::At { key, version }], vec![note]).await?;
        Ok(secret)
    }

    /// Closes an account or opens it again, makes it an administrator's or no longer one; `None` leaves that as it is.
    /// Whatever is changed ends all that rests on the account: none of it was made for the new rights.
    pub async fn change_account(
        &self,
        caller: &Identity,
        user: UserId,
        closed: Option<bool>,
        administrator: Option<bool>,
    ) -> Result<User, Error> {
        let key = key::user(user);
        let Stored { value: mut user, version } = self.read::<User>(&key).await?.ok_or(Error::NotFound)?;
        let mut notes = Vec::new();
        let mut note = |action| {
            notes.push(Note::new(AuditLog::Instance, Actor::of(caller), action).about(user.id));
        };
        match closed.filter(|closed| *closed != user.closed) {
            Some(true) => note(AuditAction::AccountClosed),
            Some(false) => note(AuditAction::AccountReopened),
            None => {}
        }
        match administrator.filter(|administrator| *administrator != user.administrator) {
            Some(true) => note(AuditAction::AdministratorMade),
            Some(false) => note(AuditAction::AdministratorUnmade),
            None => {}
        }
        if notes.is_empty() {
            return Ok(user);
        }
        user.closed = closed.unwrap_or(user.closed);
        user.administrator = administrator.unwrap_or(user.administrator);
        let mut changes = self.end_all(&mut user).await?;
        if user.closed {
            changes.extend(self.forget_devices(user.id).await?);
        }
        changes.push(put(key.clone(), &user));
        self.commit_noted(changes, vec![Expected::At { key, version }], notes).await?;
        Ok(user)
    }
}

impl Actor {
    /// Somebody with an account, before or without an [`Identity`].
    pub(super) fn account(user: &User) -> Self {
        let kind = if user.administrator { ActorKind::Administrator } else { ActorKind::User };
        Self { kind, user: user.id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_form() {
        assert_eq!(normal_email(" Ana@NGO.example ").unwrap(), "ana@ngo.example");
        for bad in ["", "ana", "@ngo", "ana@", "a@b@c", "a b@c", "a/b@c", "a\u{7}@c"] {
            assert!(normal_email(bad).is_err(), "{bad}");
        }
        assert!(normal_email(&format!("{}@ngo.example", "a".repeat(200))).is_err());
    }
}
