//! Groups.

use plenary_ids::{DocumentId, GroupId, UserId};
use plenary_permissions::{Action, Authorship};
use plenary_statements::{
    Group, GroupKind, GroupStatus, Members, Membership, Name, Sought, StateCode, Themes, Visibility,
};
use plenary_storage::{Expected, StoreError};
use uuid::Uuid;

use super::{Actor, AuditAction, AuditLog, Directory, Note, Standing, Stored, key, members::TRIES_MAX, put};
use crate::{auth::Identity, error::Error};

/// A group to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    /// What it is called.
    pub name: Name,
    /// What brings it together.
    pub kind: GroupKind,
    /// The State under review; a country group needs it.
    pub state: Option<StateCode>,
    /// The session; a country group needs it.
    pub session: Option<Name>,
    /// What it works on.
    pub themes: Themes,
}

impl NewGroup {
    /// A group that says no more than its name.
    pub fn named(name: Name) -> Self {
        Self { name, kind: GroupKind::Thematic, state: None, session: None, themes: Themes::default() }
    }
}

impl Directory {
    /// Makes a group. Nobody but administrators sees it until it has members.
    pub async fn create_group(&self, actor: Actor, new: NewGroup) -> Result<Group, Error> {
        let NewGroup { name, kind, state, session, themes } = new;
        let group = Group {
            id: Uuid::now_v7().into(),
            name,
            kind,
            state,
            session,
            themes,
            visibility: Visibility::default(),
            status: GroupStatus::default(),
            switches: Vec::new(),
            authorship: Authorship::default(),
            created: self.now_ms(),
        };
        group.check()?;
        let made = |log| Note::new(log, actor, AuditAction::GroupCreated).about(group.id);
        let notes = vec![made(AuditLog::Instance), made(group.id.into())];
        self.commit_noted(vec![put(key::group(group.id), &group)], Vec::new(), notes).await?;
        Ok(group)
    }

    /// The group, and what `identity` is to it. `NotFound` alike if there is none and if they may not know.
    pub async fn group(&self, identity: &Identity, group: GroupId) -> Result<(Group, Standing), Error> {
        let stored = self.stored_group(group).await?;
        let found = stored.as_ref().map(|stored| stored.value.clone());
        let standing = self.standing(identity, stored, None).await?;
        let group = found.ok_or(Error::NotFound)?;
        standing.require(Action::SeeGroup)?;
        Ok((group, standing))
    }

    /// Changes what is known about a group. Returns it as it was and as it is; ask the rooms to look again if its status
    /// or its switches changed.
    ///
    /// `change` is given the group, its members, and what `identity` is to it, to ask whether they may; it may be called
    /// more than once. Refused, nothing is stored.
    pub async fn change_group(
        &self,
        identity: &Identity,
        group: GroupId,
        change: impl Fn(&mut Group, &Members, &Standing) -> Result<(), Error>,
    ) -> Result<(Group, Group), Error> {
        for _ in 0..TRIES_MAX {
            let (before, standing, version) = self.group_to_change(identity, group).await?;
            let members = self.members_of(&before).await?;
            let mut after = before.clone();
            change(&mut after, &members, &standing)?;
            after.check()?;
            if after == before {
                return Ok((before, after));
            }
            let action = match (before.status, after.status) {
                (GroupStatus::Active, GroupStatus::Archived) => AuditAction::GroupArchived,
                (GroupStatus::Archived, GroupStatus::Active) => AuditAction::GroupReactivated,
                _ => AuditAction::GroupChanged,
            };
            let note = Note::new(group, Actor::of(identity), action).about(group);
            let key = key::group(group);
            let expected = vec![Expected::At { key: key.clone(), version }];
            match self.commit_noted(vec![put(key, &after)], expected, vec![note]).await {
                Ok(()) => return Ok((before, after)),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::ChangedMeanwhile)
    }

    /// The group, what `identity` is to it, and the version both were seen at.
    pub(super) async fn group_to_change(
        &self,
        identity: &Identity,
        group: GroupId,
    ) -> Result<(Group, Standing, u64), Error> {
        let stored = self.stored_group(group).await?;
        let found = stored.as_ref().map(|Stored { value, version }| (value.clone(), *version));
        let standing = self.standing(identity, stored, None).await?;
        let (group, version) = found.ok_or(Error::NotFound)?;
        standing.require(Action::SeeGroup)?;
        Ok((group, standing, version))
    }

    /// The groups somebody is a member of, each with their place in it.
    pub async fn groups_of(&self, user: UserId) -> Result<Vec<(Group, Membership)>, StoreError> {
        let mut groups = Vec::new();
        for id in self.list::<GroupId>(&key::groups_of(user)).await? {
            let group = self.stored_group(id.value).await?;
            let membership = self.read::<Membership>(&key::member(id.value, user)).await?;
            // They may have been removed between the two reads.
            if let (Some(group), Some(membership)) = (group, membership) {
                groups.push((group.value, membership.value));
            }
        }
        Ok(groups)
    }

    /// Every group there is.
    pub async fn groups(&self) -> Result<Vec<Group>, StoreError> {
        Ok(self.list(key::GROUPS).await?.into_iter().map(|stored| stored.value).collect())
    }

    /// The active groups that want to be found and are among what is sought, each with its contact person.
    pub async fn listed_groups(&self, sought: &Sought) -> Result<Vec<(Group, Option<UserId>)>, StoreError> {
        let mut found = Vec::new();
        for group in self.groups().await? {
            let is_listed = group.visibility == Visibility::Listed && group.status == GroupStatus::Active;
            if is_listed && sought.fits_group(&group) {
                let contact_person = self.members_of(&group).await?.contact_person();
                found.push((group, contact_person));
            }
        }
        Ok(found)
    }

    /// The documents of all of a group's statements.
    pub async fn documents_of(&self, group: GroupId) -> Result<Vec<DocumentId>, StoreError> {
        let statements = self.statements_of(group).await?.into_iter();
        Ok(statements.flat_map(|one| [one.documents.body, one.documents.comments]).collect())
    }
}
