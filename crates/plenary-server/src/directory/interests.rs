//! Who works on what, as far as they want it known.
//!
//! An entry belongs to one organisation or one person. Its owner alone sees it, until they say that everybody with an
//! account may; administrators see no more than others.

use plenary_ids::{InterestId, OrganisationId, UserId};
use plenary_statements::{
    Interest, InterestOwner, Name, Organisation, Shown, Sought, StateCode, StatementKind, Themes,
};
use plenary_storage::{Expected, StoreError};
use uuid::Uuid;

use super::{Directory, Stored, User, delete, key, members::TRIES_MAX, put};
use crate::{auth::Identity, error::Error};

/// Entries of one organisation or person: a few for each session.
const INTERESTS_OF_OWNER_MAX: usize = 50;

/// The most that one search finds.
pub(super) const FOUND_MAX: usize = 200;

/// What somebody works on, as they wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInterest {
    /// On which States.
    pub states: Vec<StateCode>,
    /// On which themes.
    pub themes: Themes,
    /// What is to come of it.
    pub product: Option<StatementKind>,
    /// One line more.
    pub note: Option<Name>,
    /// Who sees it.
    pub shown: Shown,
}

impl NewInterest {
    fn of(self, id: InterestId, owner: InterestOwner, by: UserId, changed: u64) -> Result<Interest, Error> {
        let Self { states, themes, product, note, shown } = self;
        let interest = Interest { id, owner, states, themes, product, note, shown, by, changed };
        interest.checked().map_err(|error| Error::Invalid { field: "states", reason: error.to_string() })
    }
}

/// Whose an entry is, with their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An organisation.
    Organisation(Organisation),
    /// A person.
    User(User),
}

/// An entry and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedInterest {
    /// The entry.
    pub interest: Interest,
    /// Whose.
    pub owner: Owner,
}

impl Directory {
    /// Writes down what `owner` works on. Fails with `NotFound` unless `identity` speaks for them.
    pub async fn create_interest(
        &self,
        identity: &Identity,
        owner: InterestOwner,
        new: NewInterest,
    ) -> Result<Interest, Error> {
        let expected = self.speaking_for(identity, owner).await?;
        let count = self.0.cells.scan(&key::interests_of(owner)).await?.len();
        if count >= INTERESTS_OF_OWNER_MAX {
            return Err(Error::TooMany { what: "entries of this owner", limit: INTERESTS_OF_OWNER_MAX });
        }
        let interest = new.of(Uuid::now_v7().into(), owner, identity.user, self.now_ms())?;
        let changes = vec![
            put(key::interest(interest.id), &interest),
            put(key::interest_of(owner, interest.id), &interest.id),
        ];
        self.0.cells.commit(changes, expected).await?;
        Ok(interest)
    }

    /// Writes an entry anew. Fails with `NotFound` unless `identity` speaks for its owner.
    pub async fn change_interest(
        &self,
        identity: &Identity,
        interest: InterestId,
        new: NewInterest,
    ) -> Result<Interest, Error> {
        let key = key::interest(interest);
        for _ in 0..TRIES_MAX {
            let (before, mut expected) = self.own_interest(identity, interest).await?;
            let after = new.clone().of(interest, before.value.owner, identity.user, self.now_ms())?;
            expected.push(Expected::At { key: key.clone(), version: before.version });
            match self.0.cells.commit(vec![put(key.clone(), &after)], expected).await {
                Ok(()) => return Ok(after),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::ChangedMeanwhile)
    }

    /// Takes an entry away. Fails with `NotFound` unless `identity` speaks for its owner.
    pub async fn delete_interest(&self, identity: &Identity, interest: InterestId) -> Result<(), Error> {
        let (stored, expected) = self.own_interest(identity, interest).await?;
        let changes =
            vec![delete(key::interest(interest)), delete(key::interest_of(stored.value.owner, interest))];
        self.0.cells.commit(changes, expected).await?;
        Ok(())
    }

    /// The entries of somebody and of their organisation, hidden ones among them.
    pub async fn own_interests(&self, identity: &Identity) -> Result<Vec<OwnedInterest>, StoreError> {
        let organisation = self.organisation_of(identity.user).await?.map(InterestOwner::Organisation);
        let mut own = Vec::new();
        for owner in organisation.into_iter().chain([InterestOwner::User(identity.user)]) {
            for id in self.list::<InterestId>(&key::interests_of(owner)).await? {
                let interest = self.read::<Interest>(&key::interest(id.value)).await?;
                let Some(Stored { value: interest, .. }) = interest else { continue };
                own.extend(self.with_owner(interest).await?);
            }
        }
        Ok(own)
    }

    /// The shown entries that are among what is sought, and whether there are more than 200.
    pub async fn search_interests(&self, sought: &Sought) -> Result<(Vec<OwnedInterest>, bool), StoreError> {
        let mut found = Vec::new();
        for stored in self.list::<Interest>(key::INTERESTS).await? {
            if stored.value.shown != Shown::Shown {
                continue;
            }
            let Some(owned) = self.with_owner(stored.value).await? else { continue };
            let names: Vec<&Name> = match &owned.owner {
                Owner::Organisation(organisation) => {
                    let names = organisation.names.iter().map(|(_, name)| name);
                    names.chain(&organisation.un_name).collect()
                }
                Owner::User(user) => vec![&user.name],
            };
            if !sought.fits(&owned.interest, names) {
                continue;
            }
            if found.len() == FOUND_MAX {
                return Ok((found, true));
            }
            found.push(owned);
        }
        Ok((found, false))
    }

    /// `None` for somebody whose account was closed.
    async fn with_owner(&self, interest: Interest) -> Result<Option<OwnedInterest>, StoreError> {
        let owner = match interest.owner {
            InterestOwner::Organisation(id) => self.organisation(id).await?.map(Owner::Organisation),
            InterestOwner::User(id) => self.user(id).await?.filter(|user| !user.closed).map(Owner::User),
        };
        Ok(owner.map(|owner| OwnedInterest { interest, owner }))
    }

    /// The entry, and what must still hold when it is changed.
    async fn own_interest(
        &self,
        identity: &Identity,
        interest: InterestId,
    ) -> Result<(Stored<Interest>, Vec<Expected>), Error> {
        let stored = self.read::<Interest>(&key::interest(interest)).await?.ok_or(Error::NotFound)?;
        let expected = self.speaking_for(identity, stored.value.owner).await?;
        Ok((stored, expected))
    }

    async fn speaking_for(&self, identity: &Identity, owner: InterestOwner) -> Result<Vec<Expected>, Error> {
        match owner {
            InterestOwner::User(user) if user == identity.user && identity.has_account() => Ok(Vec::new()),
            InterestOwner::User(_) => Err(Error::NotFound),
            InterestOwner::Organisation(organisation) => {
                let key = key::works_for(identity.user);
                match self.read::<OrganisationId>(&key).await? {
                    Some(Stored { value, version }) if value == organisation => {
                        Ok(vec![Expected::At { key, version }])
                    }
                    _ => Err(Error::NotFound),
                }
            }
        }
    }
}
