//! Devices on which somebody signed in before: known by a mark that stays in their browser.
//!
//! A mark opens nothing. It only says that whoever tries is no stranger to the account, so that the failures of
//! strangers do not keep its owner waiting.

use plenary_ids::UserId;
use plenary_storage::StoreError;
use serde::{Deserialize, Serialize};

use super::{Directory, User, decoded, delete, key, normal_email, put};
use crate::{
    auth::{DEVICE_MARK_MS, SecretHash, new_secret},
    error::Error,
};

/// Marks that one account has at most; a new one takes the place of the oldest.
const MARKS_MAX: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    created: u64,
}

impl Mark {
    pub(super) fn has_ended(self, now_ms: u64) -> bool {
        self.created.saturating_add(DEVICE_MARK_MS) <= now_ms
    }
}

impl Directory {
    /// The mark's name, if it is one of the account that `email` belongs to. The same work is done for an address
    /// that nobody has.
    pub async fn known_device(&self, email: &str, secret: &str) -> Result<Option<SecretHash>, StoreError> {
        let user = match normal_email(email) {
            Ok(email) => self.read::<UserId>(&key::email(&email)).await?.map(|stored| stored.value),
            Err(_) => None,
        };
        self.known_device_of(user.unwrap_or(UserId::SERVER), secret).await
    }

    /// The mark's name, if it is one of this account.
    pub async fn known_device_of(
        &self,
        user: UserId,
        secret: &str,
    ) -> Result<Option<SecretHash>, StoreError> {
        let hash = SecretHash::of(secret);
        let mark = self.read::<Mark>(&key::device(user, hash)).await?;
        Ok(mark.filter(|mark| !mark.value.has_ended(self.now_ms())).map(|_| hash))
    }

    /// Makes a mark for a device on which `user` has just signed in; its secret goes into a cookie.
    pub async fn mark_device(&self, user: &User) -> Result<String, Error> {
        let (secret, hash) = new_secret();
        let mut marks = Vec::new();
        for cell in self.0.cells.scan(&key::devices(user.id)).await? {
            marks.push((decoded::<Mark>(&cell)?.value.created, cell.key));
        }
        marks.sort_unstable();
        let mut changes = vec![put(key::device(user.id, hash), &Mark { created: self.now_ms() })];
        let too_many = (marks.len() + 1).saturating_sub(MARKS_MAX);
        changes.extend(marks.into_iter().take(too_many).map(|(_, key)| delete(key)));
        self.0.cells.commit(changes, Vec::new()).await?;
        Ok(secret)
    }
}
