//! Organisations, and who works for which.
//!
//! An organisation is seen by its own people, by those who share a group with one of them, and by administrators. To all
//! others there is none. Whether it is at risk is for the coordinators among them, and for administrators.

use plenary_ids::{OrganisationId, UserId};
use plenary_permissions::Action;
use plenary_statements::{
    ConsultativeStatus, Membership, Name, Names, Organisation, OrganisationKind, StateCode,
};
use plenary_storage::{Expected, StoreError};
use uuid::Uuid;

use super::{
    Actor, AuditAction, AuditLog, Directory, Note, Standing, Stored, delete, key, members::TRIES_MAX, put,
};
use crate::{auth::Identity, error::Error};

/// An organisation to be entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrganisation {
    /// What it is called, by language.
    pub names: Names,
    /// The name under which the United Nations know it.
    pub un_name: Option<Name>,
    /// What sort it is.
    pub kind: OrganisationKind,
    /// Where it is.
    pub country: Option<StateCode>,
    /// Its standing with the United Nations.
    pub consultative_status: ConsultativeStatus,
    /// Whether it, or its people, are at risk when it is named.
    pub at_risk: bool,
}

/// What somebody sees of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// That it exists, and what it is.
    Plain,
    /// Whether it is at risk, too.
    WithRisk,
}

impl Directory {
    /// Enters an organisation.
    pub async fn create_organisation(
        &self,
        actor: Actor,
        new: NewOrganisation,
    ) -> Result<Organisation, Error> {
        let NewOrganisation { names, un_name, kind, country, consultative_status, at_risk } = new;
        let organisation = Organisation {
            id: Uuid::now_v7().into(),
            names,
            un_name,
            kind,
            country,
            consultative_status,
            at_risk,
            created: self.now_ms(),
        };
        let note = Note::new(AuditLog::Instance, actor, AuditAction::OrganisationCreated);
        let changes = vec![put(key::organisation(organisation.id), &organisation)];
        self.commit_noted(changes, Vec::new(), vec![note.about(organisation.id)]).await?;
        Ok(organisation)
    }

    /// Changes what is known about an organisation, and returns it as it is. `change` may be called more than once.
    pub async fn change_organisation(
        &self,
        actor: Actor,
        organisation: OrganisationId,
        change: impl Fn(&mut Organisation),
    ) -> Result<Organisation, Error> {
        let key = key::organisation(organisation);
        for _ in 0..TRIES_MAX {
            let Stored { value: before, version } =
                self.read::<Organisation>(&key).await?.ok_or(Error::NotFound)?;
            let mut after = before.clone();
            change(&mut after);
            if after == before {
                return Ok(after);
            }
            let note = Note::new(AuditLog::Instance, actor, AuditAction::OrganisationChanged);
            let expected = vec![Expected::At { key: key.clone(), version }];
            let changes = vec![put(key.clone(), &after)];
            match self.commit_noted(changes, expected, vec![note.about(organisation)]).await {
                Ok(()) => return Ok(after),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::ChangedMeanwhile)
    }

    /// Says for whom somebody works: for one organisation, or for none.
    pub async fn set_organisation_of(
        &self,
        actor: Actor,
        user: UserId,
        organisation: Option<OrganisationId>,
    ) -> Result<(), Error> {
        let key = key::works_for(user);
        for _ in 0..TRIES_MAX {
            self.user(user).await?.ok_or(Error::NotFound)?;
            if let Some(organisation) = organisation {
                self.organisation(organisation).await?.ok_or(Error::NotFound)?;
            }
            let before = self.read::<OrganisationId>(&key).await?;
            let expected = match &before {
                Some(Stored { version, .. }) => Expected::At { key: key.clone(), version: *version },
                None => Expected::Absent { key: key.clone() },
            };
            let before = before.map(|stored| stored.value);
            if before == organisation {
                return Ok(());
            }
            let note = |action, organisation: OrganisationId| {
                Note::new(AuditLog::Instance, actor, action).about(user).about(organisation)
            };
            let (mut changes, mut notes) = (Vec::new(), Vec::new());
            if let Some(before) = before {
                changes.push(delete(key.clone()));
                changes.push(delete(key::person_of(before, user)));
                notes.push(note(AuditAction::OrganisationUserRemoved, before));
            }
            if let Some(after) = organisation {
                changes.push(put(key.clone(), &after));
                changes.push(put(key::person_of(after, user), &user));
                notes.push(note(AuditAction::OrganisationUserAdded, after));
            }
            match self.commit_noted(changes, vec![expected], notes).await {
                Ok(()) => return Ok(()),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::ChangedMeanwhile)
    }

    /// An organisation, whoever asks.
    pub async fn organisation(&self, id: OrganisationId) -> Result<Option<Organisation>, StoreError> {
        Ok(self.read(&key::organisation(id)).await?.map(|stored| stored.value))
    }

    /// Every organisation, in the order of their being entered.
    pub async fn organisations(&self) -> Result<Vec<Organisation>, StoreError> {
        Ok(self.list(key::ORGANISATIONS).await?.into_iter().map(|stored| stored.value).collect())
    }

    /// For whom somebody works.
    pub async fn organisation_of(&self, user: UserId) -> Result<Option<OrganisationId>, StoreError> {
        Ok(self.read(&key::works_for(user)).await?.map(|stored| stored.value))
    }

    /// Who works for an organisation.
    pub async fn people_of(&self, organisation: OrganisationId) -> Result<Vec<UserId>, StoreError> {
        let people = self.list(&key::people_of(organisation)).await?;
        Ok(people.into_iter().map(|stored| stored.value).collect())
    }

    /// What `identity` sees of an organisation; `None`: to them there is none.
    pub async fn sight_of(
        &self,
        identity: &Identity,
        organisation: OrganisationId,
    ) -> Result<Option<Sight>, StoreError> {
        if identity.is_administrator {
            return Ok(Some(Sight::WithRisk));
        }
        let people = self.people_of(organisation).await?;
        let mut sight = people.contains(&identity.user).then_some(Sight::Plain);
        for (group, place) in self.groups_of(identity.user).await? {
            // Coordinators first of all: nothing is seen beyond that.
            let standing = Standing::of(identity, place.subject(), None);
            let here = if standing.require(Action::SeeRisk).is_ok() { Sight::WithRisk } else { Sight::Plain };
            if sight >= Some(here) {
                continue;
            }
            for person in &people {
                if self.read::<Membership>(&key::member(group.id, *person)).await?.is_some() {
                    sight = Some(here);
                    break;
                }
            }
        }
        Ok(sight)
    }
}
