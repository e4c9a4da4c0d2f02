//! Groups and their members.

use plenary_ids::{GroupId, UserId};
use plenary_permissions::Action;
use plenary_statements::{Group, GroupKind, Members, Membership, MembershipError, Name};
use plenary_storage::{Expected, StoreError};
use uuid::Uuid;

use super::{Actor, AuditAction, AuditLog, Directory, Note, Standing, Stored, delete, key, put};
use crate::{auth::Identity, error::Error};

// A change that meets another one is tried again on what that one left.
const TRIES_MAX: usize = 5;

impl Directory {
    /// Makes a group. Nobody but administrators sees it until it has members.
    pub async fn create_group(&self, actor: Actor, name: Name, kind: GroupKind) -> Result<Group, Error> {
        let group = Group { id: Uuid::now_v7().into(), name, kind, created: self.now_ms() };
        let made = |log| Note::new(log, actor, AuditAction::GroupCreated).about(group.id);
        let notes = vec![made(AuditLog::Instance), made(group.id.into())];
        self.commit_noted(vec![put(key::group(group.id), &group)], Vec::new(), notes).await?;
        Ok(group)
    }

    /// The group, and what `identity` is to it. `NotFound` alike if there is none and if they may not know.
    pub async fn group(&self, identity: &Identity, group: GroupId) -> Result<(Group, Standing), Error> {
        let stored = self.read::<Group>(&key::group(group)).await?;
        let membership = self.read::<Membership>(&key::member(group, identity.user)).await?;
        let standing = Standing::of(identity, membership.as_ref().map(|stored| &stored.value));
        let group = stored.ok_or(Error::NotFound)?.value;
        standing.require(Action::SeeExistence)?;
        Ok((group, standing))
    }

    /// The groups somebody is a member of, each with their place in it.
    pub async fn groups_of(&self, user: UserId) -> Result<Vec<(Group, Membership)>, StoreError> {
        let mut groups = Vec::new();
        for id in self.list::<GroupId>(&key::groups_of(user)).await? {
            let group = self.read::<Group>(&key::group(id.value)).await?;
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

    /// The members of a group.
    pub async fn members(&self, group: GroupId) -> Result<Members, StoreError> {
        let stored = self.list::<Membership>(&key::members(group)).await?;
        Ok(stored.into_iter().map(|stored| stored.value).collect())
    }

    /// Changes who is in a group, under the rules of [`Members`]. Once this returns, ask the rooms to look again.
    ///
    /// `change` may be called more than once, on what it is to change; refused, nothing is stored.
    pub async fn change_members<T>(
        &self,
        actor: Actor,
        group: GroupId,
        change: impl Fn(&mut Members, u64) -> Result<T, MembershipError>,
    ) -> Result<T, Error> {
        for _ in 0..TRIES_MAX {
            let Stored { value, version } =
                self.read::<Group>(&key::group(group)).await?.ok_or(Error::NotFound)?;
            let before = self.members(group).await?;
            let mut after = before.clone();
            let outcome = change(&mut after, self.now_ms())?;
            let mut changes = vec![put(key::group(group), &value)];
            for member in after.iter().filter(|member| before.get(member.user) != Some(member)) {
                changes.push(put(key::member(group, member.user), member));
                changes.push(put(key::group_of(member.user, group), &group));
            }
            for member in before.iter().filter(|member| after.get(member.user).is_none()) {
                changes.push(delete(key::member(group, member.user)));
                changes.push(delete(key::group_of(member.user, group)));
            }
            let expected = vec![Expected::At { key: key::group(group), version }];
            let notes = membership_notes(actor, group, &before, &after);
            match self.commit_noted(changes, expected, notes).await {
                Ok(()) => return Ok(outcome),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::ChangedMeanwhile)
    }
}

/// What the log says of a change of members.
fn membership_notes(actor: Actor, group: GroupId, before: &Members, after: &Members) -> Vec<Note> {
    let note = |action, user: UserId| Note::new(group, actor, action).about(user);
    let mut notes = Vec::new();
    for member in after.iter() {
        match before.get(member.user) {
            None => notes.push(note(AuditAction::MemberAdded, member.user).to(member.role)),
            Some(old) if old.role != member.role => {
                let changed = note(AuditAction::MemberRoleChanged, member.user);
                notes.push(changed.from(old.role).to(member.role));
            }
            Some(_) => {}
        }
        if member.contact_person && before.contact_person() != Some(member.user) {
            notes.push(note(AuditAction::ContactPersonChanged, member.user));
        }
    }
    for member in before.iter().filter(|member| after.get(member.user).is_none()) {
        notes.push(note(AuditAction::MemberRemoved, member.user).from(member.role));
    }
    notes
}
