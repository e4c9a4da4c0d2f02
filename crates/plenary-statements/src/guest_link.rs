//! What lets guests into one statement.

use plenary_ids::{GroupId, GuestLinkId, StatementId, UserId};
use plenary_permissions::{Action, Role, Stage, Subject, decide_where};
use serde::{Deserialize, Serialize};

use crate::{Group, GroupStatus, InvitationState, Membership, Name, by_name};

/// The longest life of a link, in milliseconds: 90 days, a stage of drafting.
pub const GUEST_LINK_MS_MAX: u64 = 90 * 24 * 3_600_000;

/// The most guests of one link.
pub const GUEST_LINK_USES_MAX: u32 = 100;

/// Whether a link still lets anybody in.
pub type GuestLinkState = InvitationState;

/// A link for guests, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestLink {
    /// Its id.
    pub id: GuestLinkId,
    /// Whose statement.
    pub group: GroupId,
    /// Into which statement.
    pub statement: StatementId,
    /// At most this role's rights; never a coordinator's.
    #[serde(with = "by_name")]
    pub role: Role,
    /// Whose rights it rests on.
    pub creator: UserId,
    /// When it was made.
    pub created: u64,
    /// When it ends, for those who are in, too.
    pub expires: u64,
    /// How many it lets in.
    pub uses_max: u32,
    /// How many it has let in.
    pub uses: u32,
}

/// Somebody who came by a link. They have no account; the name is the one they gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// Who, among all users: their words stay theirs.
    pub user: UserId,
    /// What they call themselves.
    pub name: Name,
    /// By which link they came.
    pub link: GuestLinkId,
    /// When they came.
    pub since: u64,
}

impl GuestLink {
    /// Who its guests are to the table of permissions, to the statement it is for. `creator`: the present place of
    /// whoever made it.
    ///
    /// [`Subject::Outsider`] once the link is over, the group is archived, or whoever made it could no longer make it.
    pub fn subject(&self, now: u64, group: &Group, creator: Option<&Membership>) -> Subject {
        let backing = creator.filter(|creator| may_make(creator, group));
        match backing {
            Some(creator) if now < self.expires => Subject::GuestByLink { cap: self.role.min(creator.role) },
            _ => Subject::Outsider,
        }
    }

    /// Whether it lets anybody else in.
    pub fn state(&self, now: u64, group: &Group, creator: Option<&Membership>) -> GuestLinkState {
        if now >= self.expires {
            GuestLinkState::Expired
        } else if self.subject(now, group, creator) == Subject::Outsider {
            GuestLinkState::Void
        } else if self.uses >= self.uses_max {
            GuestLinkState::UsedUp
        } else {
            GuestLinkState::Open
        }
    }
}

/// Whether a member may make links for guests. (The stage makes no difference to that.)
fn may_make(member: &Membership, group: &Group) -> bool {
    let held = group.conditions(Action::CreateGuestLink);
    group.status == GroupStatus::Active
        && decide_where(member.subject(), Action::CreateGuestLink, Stage::Draft, held).is_allowed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GroupKind, Switch};

    const CREATOR: UserId = UserId::from_bytes([3; 16]);

    fn link(role: Role) -> GuestLink {
        GuestLink {
            id: GuestLinkId::from_bytes([1; 16]),
            group: GroupId::from_bytes([2; 16]),
            statement: StatementId::from_bytes([4; 16]),
            role,
            creator: CREATOR,
            created: 10,
            expires: 20,
            uses_max: 1,
            uses: 0,
        }
    }

    fn group(switches: &[Switch], status: GroupStatus) -> Group {
        let mut group = Group {
            id: GroupId::from_bytes([2; 16]),
            name: "Valdoria".parse().unwrap(),
            kind: GroupKind::Thematic,
            state: None,
            session: None,
            themes: crate::Themes::default(),
            visibility: crate::Visibility::Members,
            status,
            switches: Vec::new(),
            authorship: plenary_permissions::Authorship::Strict,
            created: 0,
        };
        group.set_switches(switches);
        group
    }

    fn place(role: Role) -> Membership {
        Membership { user: CREATOR, role, contact_person: false, since: 0 }
    }

    /// Every role of the link and of its creator, with and without the switch, active and archived, before and after.
    #[test]
    fn a_link_gives_no_more_than_its_creator_may_and_ends_with_their_right() {
        for role in [Role::Observer, Role::Commenter, Role::Drafter] {
            for creator in [
                None,
                Some(Role::Coordinator),
                Some(Role::Drafter),
                Some(Role::Commenter),
                Some(Role::Observer),
            ] {
                for switches in [&[][..], &[Switch::DraftersMakeGuestLinks][..]] {
                    for status in [GroupStatus::Active, GroupStatus::Archived] {
                        for (now, is_over) in [(19, false), (20, true)] {
                            let may_make = match creator {
                                Some(Role::Coordinator) => true,
                                Some(Role::Drafter) => !switches.is_empty(),
                                _ => false,
                            };
                            let lives = may_make && status == GroupStatus::Active && !is_over;
                            let expected =
                                if lives { Subject::GuestByLink { cap: role } } else { Subject::Outsider };
                            let creator = creator.map(place);
                            let (link, group) = (link(role), group(switches, status));
                            let said = link.subject(now, &group, creator.as_ref());
                            assert_eq!(said, expected, "{link:?} {creator:?} {group:?}");
                            let is_open = link.state(now, &group, creator.as_ref()) == GuestLinkState::Open;
                            assert_eq!(is_open, lives);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_used_link_lets_nobody_else_in_and_those_who_are_in_stay() {
        let (used, group) = (GuestLink { uses: 1, ..link(Role::Commenter) }, group(&[], GroupStatus::Active));
        let creator = place(Role::Coordinator);
        assert_eq!(used.state(19, &group, Some(&creator)), GuestLinkState::UsedUp);
        let stays = Subject::GuestByLink { cap: Role::Commenter };
        assert_eq!(used.subject(19, &group, Some(&creator)), stays);
        assert_eq!(used.state(20, &group, Some(&creator)), GuestLinkState::Expired);
        assert_eq!(used.state(19, &group, None), GuestLinkState::Void);
    }
}
