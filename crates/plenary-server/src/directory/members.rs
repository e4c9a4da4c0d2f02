//! Who is in a group, and who was.

use plenary_ids::{GroupId, UserId};
use plenary_statements::{Group, Members, Membership, MembershipError, PastMembership};
use plenary_storage::{CellChange, Expected, StoreError};
use uuid::Uuid;

use super::{Actor, AuditAction, Directory, Note, Standing, Stored, delete, key, put};
use crate::{auth::Identity, error::Error};

/// A change that meets another one is tried again on what that one left.
pub(super) const TRIES_MAX: usize = 5;

impl Directory {
    /// The members of a group.
    pub async fn members(&self, group: GroupId) -> Result<Members, Error> {
        let group = self.stored_group(group).await?.ok_or(Error::NotFound)?.value;
        Ok(self.members_of(&group).await?)
    }

    pub(super) async fn members_of(&self, group: &Group) -> Result<Members, StoreError> {
        let stored = self.list::<Membership>(&key::members(group.id)).await?;
        Ok(Members::of(group.status, stored.into_iter().map(|stored| stored.value)))
    }

    /// The places that people had in a group until they were taken out or left, in the order of their ends.
    pub async fn past_members(&self, group: GroupId) -> Result<Vec<PastMembership>, StoreError> {
        Ok(self.list(&key::past_members(group)).await?.into_iter().map(|stored| stored.value).collect())
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
            let Stored { value, version } = self.stored_group(group).await?.ok_or(Error::NotFound)?;
            let before = self.members_of(&value).await?;
            let mut after = before.clone();
            let outcome = change(&mut after, self.now_ms())?;
            if after == before {
                return Ok(outcome);
            }
            let change = self.change_of_members(actor, &value, version, &before, &after);
            match self.commit_noted(change.changes, vec![change.seen_at], change.notes).await {
                Ok(()) => return Ok(outcome),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::ChangedMeanwhile)
    }

    /// As [`change_members`](Self::change_members), by somebody: `change` is given what they are to the group, to ask
    /// whether they may. Who loses that right meanwhile changes nothing any more.
    pub async fn change_members_as<T>(
        &self,
        identity: &Identity,
        group: GroupId,
        change: impl Fn(&mut Members, &Standing, u64) -> Result<T, Error>,
    ) -> Result<T, Error> {
        for _ in 0..TRIES_MAX {
            let (value, standing, version) = self.group_to_change(identity, group).await?;
            let before = self.members_of(&value).await?;
            let mut after = before.clone();
            let outcome = change(&mut after, &standing, self.now_ms())?;
            if after == before {
                return Ok(outcome);
            }
            let change = self.change_of_members(Actor::of(identity), &value, version, &before, &after);
            match self.commit_noted(change.changes, vec![change.seen_at], change.notes).await {
                Ok(()) => return Ok(outcome),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::ChangedMeanwhile)
    }

    /// What makes `after` out of `before`, the members that a group had when it was at `version`.
    pub(super) fn change_of_members(
        &self,
        actor: Actor,
        group: &Group,
        version: u64,
        before: &Members,
        after: &Members,
    ) -> MembersChange {
        let key = key::group(group.id);
        // Written anew with each change of members, so that two changes cannot cross.
        let mut changes = vec![put(key.clone(), group)];
        for member in after.iter().filter(|member| before.get(member.user) != Some(member)) {
            changes.push(put(key::member(group.id, member.user), member));
            changes.push(put(key::group_of(member.user, group.id), &group.id));
        }
        for member in before.iter().filter(|member| after.get(member.user).is_none()) {
            let past = PastMembership { place: *member, until: self.now_ms(), ended_by: actor.user };
            changes.push(put(key::past_member(group.id, Uuid::now_v7()), &past));
            changes.push(delete(key::member(group.id, member.user)));
            changes.push(delete(key::group_of(member.user, group.id)));
        }
        let seen_at = Expected::At { key, version };
        MembersChange { changes, seen_at, notes: membership_notes(actor, group.id, before, after) }
    }
}

/// A change of members, to be committed, perhaps with more.
pub(super) struct MembersChange {
    pub(super) changes: Vec<CellChange>,
    /// Where this conflicts, the group or its members have changed meanwhile.
    pub(super) seen_at: Expected,
    pub(super) notes: Vec<Note>,
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
