//! People together.

use plenary_ids::GroupId;
use plenary_permissions::{Action, Authorship, Condition, Conditions};
use serde::{Deserialize, Serialize};

use crate::{GroupError, Members, Name, StateCode, Themes, by_name, by_name::named};

/// The longest code of a session, in characters.
const SESSION_CHARS_MAX: usize = 40;

named!(
    /// What brings a group together.
    GroupKind, "kind of group", {
        /// A theme.
        #[default]
        Thematic = "thematic",
        /// A State under review, at one session.
        Country = "country",
        /// A training.
        Cohort = "cohort",
    }
);

named!(
    /// Who may find a group without being in it.
    Visibility, "visibility", {
        /// Nobody.
        #[default]
        Members = "members",
        /// Everybody with an account here: its name, what it is about and whom to turn to.
        Listed = "listed",
    }
);

named!(
    /// Whether a group is at work.
    GroupStatus, "status", {
        /// It is.
        #[default]
        Active = "active",
        /// It is kept to be looked at; nothing is written any more.
        Archived = "archived",
    }
);

named!(
    /// What a coordinator can switch on: one for each action that the table of permissions allows somebody "if enabled".
    Switch, "switch", {
        /// Guests whose link says drafter write in the body.
        #[default]
        GuestsDraft = "guests-draft",
        /// Commenters look at history.
        CommentersReadHistory = "commenters-read-history",
        /// Drafters restore versions.
        DraftersRestore = "drafters-restore",
        /// Drafters make links for guests.
        DraftersMakeGuestLinks = "drafters-make-guest-links",
        /// Commenters and observers take the text out.
        ReadersExport = "readers-export",
    }
);

impl Switch {
    /// What it switches on for those who may it "if enabled".
    pub const fn action(self) -> Action {
        match self {
            Self::GuestsDraft => Action::EditBody,
            Self::CommentersReadHistory => Action::ReadHistory,
            Self::DraftersRestore => Action::RestoreVersion,
            Self::DraftersMakeGuestLinks => Action::CreateGuestLink,
            Self::ReadersExport => Action::Export,
        }
    }
}

/// A virtual interest group: the people who draft together, and whom nobody else sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// What it is called.
    pub name: Name,
    /// What brings it together.
    pub kind: GroupKind,
    /// The State under review. A country group has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateCode>,
    /// The session at which it is reviewed, such as `UPR 58`. A country group has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Name>,
    /// What it works on.
    #[serde(default)]
    pub themes: Themes,
    /// Who may find it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Whether it is at work.
    #[serde(default)]
    pub status: GroupStatus,
    /// What its coordinators have switched on; each at most once.
    #[serde(default)]
    pub switches: Vec<Switch>,
    /// Whether its members bring into its texts only what they wrote themselves.
    #[serde(default, with = "by_name")]
    pub authorship: Authorship,
    /// When it was made.
    pub created: u64,
}

impl Group {
    /// Whether what is known about it fits together. To be asked before it is stored.
    ///
    /// A country group needs a State and a session; others may have them.
    pub fn check(&self) -> Result<(), GroupError> {
        let chars = self.session.as_ref().map_or(0, |session| session.as_str().chars().count());
        if chars > SESSION_CHARS_MAX {
            return Err(GroupError::SessionTooLong { chars, limit_chars: SESSION_CHARS_MAX });
        }
        match (self.kind, &self.state, &self.session) {
            (GroupKind::Country, None, _) => Err(GroupError::StateMissing),
            (GroupKind::Country, _, None) => Err(GroupError::SessionMissing),
            _ => Ok(()),
        }
    }

    /// Puts it away, or brings it back: then one of its members, if it has any, must be the contact person. A new
    /// group may begin with others than coordinators, but none comes back without one.
    pub fn set_status(&mut self, status: GroupStatus, members: &Members) -> Result<(), GroupError> {
        let comes_back = self.status == GroupStatus::Archived && status == GroupStatus::Active;
        if comes_back && !members.is_empty() && members.contact_person().is_none() {
            return Err(GroupError::ContactPersonMissing);
        }
        self.status = status;
        Ok(())
    }

    /// The conditions of the table of permissions that the group's switches fulfil for `action`.
    pub fn conditions(&self, action: Action) -> Conditions {
        if self.switches.iter().any(|switch| switch.action() == action) {
            Conditions::NONE.and(Condition::Enabled)
        } else {
            Conditions::NONE
        }
    }

    /// Switches these on and everything else off.
    pub fn set_switches(&mut self, on: &[Switch]) {
        self.switches = Switch::ALL.iter().copied().filter(|switch| on.contains(switch)).collect();
    }
}

#[cfg(test)]
mod tests {
    use plenary_permissions::{Decision, DenyReason, Role, Stage, Subject, decide, decide_where};

    use super::*;

    fn group(kind: GroupKind) -> Group {
        let json = format!(
            r#"{{"id":"0198c0de-0000-7000-8000-000000000001","name":"Valdoria","kind":"{kind}","created":5}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn a_group_that_was_stored_before_it_could_say_more_reads_back() {
        let group = group(GroupKind::Cohort);
        assert_eq!((group.status, group.visibility), (GroupStatus::Active, Visibility::Members));
        let json = serde_json::to_string(&group).unwrap();
        assert_eq!(serde_json::from_str::<Group>(&json).unwrap(), group);
        assert!(json.contains(r#""status":"active""#) && !json.contains("session"), "{json}");
    }

    #[test]
    fn a_country_group_has_a_state_and_a_session() {
        let (state, session) = (Some("XV".parse().unwrap()), Some("UPR 58".parse().unwrap()));
        for kind in GroupKind::ALL {
            for (state, session) in
                [(None, None), (state, None), (None, session.clone()), (state, session.clone())]
            {
                let group = Group { state, session, ..group(*kind) };
                let expected = match (kind, group.state.is_some(), group.session.is_some()) {
                    (GroupKind::Country, true, true) => Ok(()),
                    (GroupKind::Country, false, _) => Err(GroupError::StateMissing),
                    (GroupKind::Country, true, false) => Err(GroupError::SessionMissing),
                    _ => Ok(()),
                };
                assert_eq!(group.check(), expected, "{group:?}");
            }
        }
        let session = Some("a".repeat(SESSION_CHARS_MAX + 1).parse().unwrap());
        let long = Group { state, session, ..group(GroupKind::Country) };
        assert_eq!(long.check(), Err(GroupError::SessionTooLong { chars: 41, limit_chars: 40 }));
    }

    #[test]
    fn a_group_comes_back_from_the_archive_with_a_contact_person_only() {
        let user = plenary_ids::UserId::from_bytes([1; 16]);
        let mut group = group(GroupKind::Thematic);
        let mut members = Members::of(GroupStatus::Archived, []);
        members.add(user, Role::Drafter, 1).unwrap();
        // Already active: nothing is asked.
        group.set_status(GroupStatus::Active, &members).unwrap();
        group.set_status(GroupStatus::Archived, &members).unwrap();
        assert_eq!(group.set_status(GroupStatus::Active, &members), Err(GroupError::ContactPersonMissing));
        assert_eq!(group.status, GroupStatus::Archived);
        members.set_role(user, Role::Coordinator).unwrap();
        group.set_status(GroupStatus::Active, &members).unwrap();
        assert_eq!(group.status, GroupStatus::Active);
    }

    #[test]
    fn the_largest_group_fits_a_cell() {
        let themes: Vec<String> = (0..crate::THEMES_MAX).map(|n| format!("{}{n}", "𠮷".repeat(39))).collect();
        let mut group = Group {
            name: "𠮷".repeat(crate::NAME_CHARS_MAX).parse().unwrap(),
            state: Some("XV".parse().unwrap()),
            session: Some("𠮷".repeat(SESSION_CHARS_MAX).parse().unwrap()),
            themes: Themes::read(&themes).unwrap(),
            visibility: Visibility::Listed,
            status: GroupStatus::Archived,
            created: u64::MAX,
            ..group(GroupKind::Country)
        };
        group.set_switches(Switch::ALL);
        group.check().unwrap();
        let bytes = serde_json::to_vec(&group).unwrap().len();
        assert!(bytes <= crate::STORED_BYTES_MAX, "{bytes}");
    }

    /// The table, asked without and with the switch that belongs to each action.
    #[test]
    fn whatever_is_allowed_if_enabled_has_its_switch() {
        let subjects = [Role::Drafter, Role::Commenter, Role::Observer]
            .into_iter()
            .flat_map(|role| [Subject::member(role, false), Subject::GuestByLink { cap: role }]);
        let mut switched = Vec::new();
        for subject in subjects {
            for action in Action::ALL {
                for stage in Stage::ALL {
                    let mut group = group(GroupKind::Thematic);
                    let off = decide_where(subject, action, stage, group.conditions(action));
                    assert_eq!(off, decide(subject, action, stage));
                    if off != Decision::Deny(DenyReason::Needs(Condition::Enabled)) {
                        continue;
                    }
                    let switch = Switch::ALL.iter().copied().find(|switch| switch.action() == action);
                    let switch = switch.unwrap_or_else(|| panic!("no switch for {action:?}"));
                    group.set_switches(&[switch, switch]);
                    assert_eq!(group.switches, [switch]);
                    let on = decide_where(subject, action, stage, group.conditions(action));
                    assert_eq!(on, Decision::Allow, "{subject:?} {action:?} {stage}");
                    switched.push(switch);
                }
            }
        }
        assert!(Switch::ALL.iter().all(|switch| switched.contains(switch)), "{switched:?}");
    }
}
