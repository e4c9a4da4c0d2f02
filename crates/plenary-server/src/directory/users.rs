//! Accounts.

use plenary_ids::UserId;
use plenary_statements::Name;
use plenary_storage::{CellChange, Expected, StoreError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Directory, SignInBy, delete, key, put};
use crate::{auth::PasswordOwner, error::Error};

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
    /// Makes an account.
    pub async fn create_user(&self, new: NewUser) -> Result<User, Error> {
        self.add_user(new, false).await
    }

    /// Makes the first administrator, once.
    pub async fn initialise(&self, new: NewUser) -> Result<User, Error> {
        if self.0.cells.get(key::INSTANCE).await?.is_some() {
            return Err(Error::AlreadyInitialised);
        }
        self.add_user(NewUser { administrator: true, ..new }, true).await
    }

    async fn add_user(&self, new: NewUser, is_first: bool) -> Result<User, Error> {
        let NewAccount { user, mut changes, taken } = self.new_account(new).await?;
        let mut expected = vec![taken.clone()];
        if is_first {
            changes.push(put(key::INSTANCE.into(), &user.id));
            expected.push(Expected::Absent { key: key::INSTANCE.into() });
        }
        match self.0.cells.commit(changes, expected).await {
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
        };
        let email_key = key::email(&user.email);
        let changes = vec![put(key::user(user.id), &user), put(email_key.clone(), &user.id)];
        Ok(NewAccount { user, changes, taken: Expected::Absent { key: email_key } })
    }

    /// The account with this id.
    pub async fn user(&self, user: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.read(&key::user(user)).await?.map(|stored| stored.value))
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
        let user = match self.user_by_email(email).await {
            Ok(user) => user.filter(|user| !user.closed),
            // What cannot be an address is nobody's.
            Err(Error::Invalid { .. }) => None,
            Err(error) => return Err(error),
        };
        let stored = user.as_ref().and_then(|user| user.password.clone());
        Ok(if self.0.passwords.fits(password, stored).await? { user } else { None })
    }

    /// Gives an account another password and ends all it is signed in by.
    ///
    /// `present` must fit, if there is a password already and they signed in with it.
    pub async fn set_password(
        &self,
        user: UserId,
        by: SignInBy,
        present: Option<String>,
        new: String,
    ) -> Result<(), Error> {
        let stored = self.read::<User>(&key::user(user)).await?.ok_or(Error::NotFound)?;
        let mut account = stored.value;
        // Who came by a link may have forgotten it.
        if by == SignInBy::Password
            && account.password.is_some()
            && !self.0.passwords.fits(present.unwrap_or_default(), account.password.clone()).await?
        {
            return Err(Error::WrongCredentials);
        }
        let owner = PasswordOwner { email: &account.email, name: account.name.as_str() };
        account.password = Some(self.0.passwords.hash(new, owner).await?);
        let key = key::user(user);
        let mut changes = vec![put(key.clone(), &account)];
        changes.extend(self.sign_ins_of(user).await?.into_iter().map(delete));
        self.0.cells.commit(changes, vec![Expected::At { key, version: stored.version }]).await?;
        Ok(())
    }

    /// Closes an account or opens it again. Closing ends all that rests on it.
    pub async fn set_closed(&self, user: UserId, closed: bool) -> Result<User, Error> {
        let stored = self.read::<User>(&key::user(user)).await?.ok_or(Error::NotFound)?;
        let account = User { closed, ..stored.value };
        let key = key::user(user);
        let mut changes = vec![put(key.clone(), &account)];
        if closed {
            changes.extend(self.sign_ins_of(user).await?.into_iter().map(delete));
        }
        self.0.cells.commit(changes, vec![Expected::At { key, version: stored.version }]).await?;
        Ok(account)
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
