//! Who is in a group, and who was.

use plenary_ids::UserId;
use plenary_permissions::{Role, Subject};
use serde::{Deserialize, Serialize};

use crate::{GroupStatus, MembershipError, by_name};

/// One person's place in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Who.
    pub user: UserId,
    /// As what.
    #[serde(with = "by_name")]
    pub role: Role,
    /// Whether others turn to them. True for exactly one member, a coordinator, once there is a coordinator.
    pub contact_person: bool,
    /// When they came in.
    pub since: u64,
}

impl Membership {
    /// Who they are to the table of permissions.
    pub const fn subject(&self) -> Subject {
        Subject::member(self.role, self.contact_person)
    }
}

/// A place that somebody had in a group until they were taken out or left. Who comes back gets a new place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastMembership {
    /// As it was at its end.
    #[serde(flatten)]
    pub place: Membership,
    /// When it ended.
    pub until: u64,
    /// Who ended it; they themselves, if they left.
    pub ended_by: UserId,
}

/// The members of one group, under its rules: nobody twice; the first coordinator is the contact person; while the
/// group is active the contact person stays a coordinator and a member until another coordinator took over. So an
/// active group that has once had a coordinator always has one.
///
/// A refused change leaves everything as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    places: Vec<Membership>,
    status: GroupStatus,
}

impl Members {
    /// Members as they were stored one by one; their rules held when they were written.
    pub fn of(status: GroupStatus, places: impl IntoIterator<Item = Membership>) -> Self {
        let mut places: Vec<_> = places.into_iter().collect();
        places.sort_by_key(|member| (member.since, member.user));
        Self { places, status }
    }

    /// The members in order of their coming in.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Membership> {
        self.places.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none yet.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The place of `user`.
    pub fn get(&self, user: UserId) -> Option<&Membership> {
        self.places.iter().find(|member| member.user == user)
    }

    /// Whom others turn to; `None` only before the first coordinator.
    pub fn contact_person(&self) -> Option<UserId> {
        self.places.iter().find(|member| member.contact_person).map(|member| member.user)
    }

    /// Who `user` is to the table of permissions, as far as this group says.
    pub fn subject(&self, user: UserId) -> Subject {
        self.get(user).map_or(Subject::Outsider, Membership::subject)
    }

    /// Brings `user` in. Fails with `AlreadyMember`.
    pub fn add(&mut self, user: UserId, role: Role, now: u64) -> Result<Membership, MembershipError> {
        if self.get(user).is_some() {
            return Err(MembershipError::AlreadyMember);
        }
        let contact_person = role == Role::Coordinator && self.contact_person().is_none();
        let member = Membership { user, role, contact_person, since: now };
        self.places.push(member);
        Ok(member)
    }

    /// Gives `user` another role, or the same again. Fails with `NotAMember`, and with `ContactPersonStays`
    /// when the contact person would no longer be a coordinator.
    pub fn set_role(&mut self, user: UserId, role: Role) -> Result<Membership, MembershipError> {
        let is_first = role == Role::Coordinator && self.contact_person().is_none();
        let is_held = self.holds_contact_person();
        let member = self.get_mut(user)?;
        if member.contact_person && role != Role::Coordinator {
            if is_held {
                return Err(MembershipError::ContactPersonStays);
            }
            member.contact_person = false;
        }
        member.role = role;
        member.contact_person |= is_first;
        Ok(*member)
    }

    /// Takes `user` out. Fails with `NotAMember`, and with `ContactPersonStays`.
    pub fn remove(&mut self, user: UserId) -> Result<Membership, MembershipError> {
        let member = *self.get(user).ok_or(MembershipError::NotAMember)?;
        if member.contact_person && self.holds_contact_person() {
            return Err(MembershipError::ContactPersonStays);
        }
        self.places.retain(|other| other.user != user);
        Ok(member)
    }

    /// Makes the coordinator `to` the contact person, in one step, so that there is always exactly one.
    /// Fails with `NotAMember` and `NotACoordinator`.
    pub fn hand_over(&mut self, to: UserId) -> Result<Membership, MembershipError> {
        if self.get_mut(to)?.role != Role::Coordinator {
            return Err(MembershipError::NotACoordinator);
        }
        for member in &mut self.places {
            member.contact_person = member.user == to;
        }
        self.get_mut(to).copied()
    }

    // A group that is only kept to be looked at holds nobody back.
    fn holds_contact_person(&self) -> bool {
        self.status == GroupStatus::Active
    }

    fn get_mut(&mut self, user: UserId) -> Result<&mut Membership, MembershipError> {
        self.places.iter_mut().find(|member| member.user == user).ok_or(MembershipError::NotAMember)
    }
}

#[cfg(test)]
mod tests {
    use MembershipError::{AlreadyMember, ContactPersonStays, NotACoordinator, NotAMember};
    use Role::{Coordinator, Drafter, Observer};

    use super::*;

    const fn user(number: u8) -> UserId {
        UserId::from_bytes([number; 16])
    }

    const ILSE: UserId = user(1);
    const DARIO: UserId = user(2);
    const SAFIYA: UserId = user(3);

    fn members(members: &[(UserId, Role)]) -> Members {
        let mut group = Members::default();
        for &(user, role) in members {
            group.add(user, role, 7).unwrap();
        }
        group
    }

    #[test]
    fn the_first_coordinator_becomes_the_contact_person() {
        let mut group = members(&[(DARIO, Drafter)]);
        assert_eq!(group.contact_person(), None);
        group.add(ILSE, Coordinator, 8).unwrap();
        group.add(SAFIYA, Coordinator, 9).unwrap();
        assert_eq!(group.contact_person(), Some(ILSE));
        assert_eq!(group.subject(ILSE), Subject::ContactPerson);
        assert_eq!(group.subject(SAFIYA), Subject::Coordinator);
        assert_eq!(group.subject(user(9)), Subject::Outsider);

        let mut group = members(&[(DARIO, Drafter)]);
        assert!(group.set_role(DARIO, Coordinator).unwrap().contact_person);
    }

    #[test]
    fn nobody_is_in_twice() {
        let mut group = members(&[(ILSE, Coordinator)]);
        assert_eq!(group.add(ILSE, Observer, 8), Err(AlreadyMember));
        assert_eq!(group.len(), 1);
    }

    #[test]
    fn the_contact_person_neither_leaves_nor_steps_down() {
        let mut group = members(&[(ILSE, Coordinator), (SAFIYA, Coordinator), (DARIO, Drafter)]);
        let before = group.clone();
        assert_eq!(group.remove(ILSE), Err(ContactPersonStays));
        assert_eq!(group.set_role(ILSE, Drafter), Err(ContactPersonStays));
        assert_eq!(group, before);
        group.remove(SAFIYA).unwrap();
        assert_eq!(group.remove(ILSE), Err(ContactPersonStays), "the last coordinator");
    }

    #[test]
    fn the_mark_is_handed_over_in_one_step() {
        let mut group = members(&[(ILSE, Coordinator), (SAFIYA, Coordinator), (DARIO, Drafter)]);
        assert_eq!(group.hand_over(DARIO), Err(NotACoordinator));
        assert_eq!(group.hand_over(user(9)), Err(NotAMember));
        assert_eq!(group.contact_person(), Some(ILSE));
        assert!(group.hand_over(SAFIYA).unwrap().contact_person);
        assert_eq!(group.iter().filter(|member| member.contact_person).count(), 1);
        group.remove(ILSE).unwrap();
        assert_eq!(group.contact_person(), Some(SAFIYA));
    }

    #[test]
    fn a_stranger_has_no_role_to_change() {
        let mut group = members(&[(ILSE, Coordinator)]);
        assert_eq!(group.set_role(DARIO, Drafter), Err(NotAMember));
        assert_eq!(group.remove(DARIO), Err(NotAMember));
    }

    #[test]
    fn whoever_is_contact_person_of_an_archived_group_may_leave_it() {
        let active = members(&[(ILSE, Coordinator), (SAFIYA, Drafter)]);
        let mut archived = Members::of(GroupStatus::Archived, active.iter().copied());
        archived.set_role(ILSE, Drafter).unwrap();
        assert_eq!(archived.contact_person(), None);
        assert!(archived.set_role(SAFIYA, Coordinator).unwrap().contact_person);
        archived.remove(SAFIYA).unwrap();
        assert_eq!((archived.len(), archived.contact_person()), (1, None));
    }

    /// Every sequence of six changes among three people.
    #[test]
    fn however_members_change_there_is_one_contact_person_once_there_was_a_coordinator() {
        type Change = fn(&mut Members, UserId) -> Result<Membership, MembershipError>;
        let changes: [Change; 6] = [
            |group, user| group.add(user, Coordinator, 0),
            |group, user| group.add(user, Drafter, 0),
            |group, user| group.set_role(user, Coordinator),
            |group, user| group.set_role(user, Observer),
            |group, user| group.remove(user),
            |group, user| group.hand_over(user),
        ];
        let mut groups = vec![(Members::default(), false)];
        for _ in 0..6 {
            let mut next = Vec::new();
            for (group, had_coordinator) in &groups {
                for change in changes {
                    for user in [ILSE, DARIO, SAFIYA] {
                        let mut group = group.clone();
                        if change(&mut group, user).is_err() {
                            continue;
                        }
                        let coordinators = group.iter().filter(|m| m.role == Coordinator).count();
                        let contacts: Vec<_> = group.iter().filter(|m| m.contact_person).collect();
                        let had_coordinator = *had_coordinator || coordinators > 0;
                        assert_eq!(contacts.len(), usize::from(had_coordinator), "{group:?}");
                        assert!(contacts.iter().all(|member| member.role == Coordinator));
                        if !next.contains(&(group.clone(), had_coordinator)) {
                            next.push((group, had_coordinator));
                        }
                    }
                }
            }
            groups = next;
        }
        assert!(groups.len() > 30, "{} groups reached", groups.len());
    }
}
