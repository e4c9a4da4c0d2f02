//! What somebody is to a group and its things at one moment, and what may be done on that word.

use plenary_ids::{GroupId, StatementId};
use plenary_permissions::{
    Access, Action, Channel, Conditions, Decision, DenyReason, Role, Stage, Subject, access_where,
    decide_in_group, decide_where, may_give,
};
use plenary_statements::{Group, GroupStatus, Membership, Switch};
use plenary_storage::{Expected, StoreError};

use super::{Actor, Directory, Stored, key};
use crate::{
    auth::{Identity, Via},
    error::Error,
};

/// What somebody is to one group: as its member or guest, and as an administrator of the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    subject: Subject,
    is_administrator: bool,
    /// `None`: there is no such group.
    group: Option<Group>,
    /// The group as it was looked at. Each change of its members writes it anew.
    seen_at: Option<Expected>,
}

/// On whose word something is changed, and what must still be as it was for that word to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    pub(super) actor: Actor,
    pub(super) expected: Vec<Expected>,
}

/// The server's own word, which nothing can take away.
impl From<Actor> for Authority {
    fn from(actor: Actor) -> Self {
        Self { actor, expected: Vec::new() }
    }
}

impl Standing {
    pub(super) fn of(identity: &Identity, subject: Subject, group: Option<Stored<Group>>) -> Self {
        let (group, seen_at) = match group {
            Some(Stored { value, version }) => {
                let seen_at = Expected::At { key: key::group(value.id), version };
                (Some(value), Some(seen_at))
            }
            None => (None, None),
        };
        Self { subject, is_administrator: identity.is_administrator, group, seen_at }
    }

    /// The side of it that is not the administrator's.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// What is granted on the document of `channel`. Being an administrator adds nothing to it.
    pub fn access(&self, channel: Channel, stage: Stage) -> Option<Access> {
        let writing = channel.writing();
        let access = access_where(self.subject, channel, stage, self.conditions(writing))?;
        // An archived group is looked at.
        Some(if self.is_archived() && !writing.stays_in_archive() { Access::Read } else { access })
    }

    /// Fails unless they may do `action`, which concerns the group as a whole.
    pub fn require(&self, action: Action) -> Result<(), Error> {
        self.allowed(action, |subject| decide_in_group(subject, action))
    }

    /// Fails unless they may do `action` to a statement at `stage`.
    pub fn require_at(&self, action: Action, stage: Stage) -> Result<(), Error> {
        self.allowed(action, |subject| decide_where(subject, action, stage, self.conditions(action)))
    }

    /// Whether they may bring others in as this.
    pub fn may_give(&self, role: Role) -> bool {
        let as_administrator = self.is_administrator && may_give(Subject::InstanceAdministrator, role);
        may_give(self.subject, role) || as_administrator
    }

    /// Their word for a change: it counts for as long as the group and its members are as they were looked at.
    pub fn authority(&self, identity: &Identity) -> Authority {
        Authority { actor: Actor::of(identity), expected: self.seen_at.iter().cloned().collect() }
    }

    /// Whether a coordinator of the group has switched this on.
    pub fn has_switched_on(&self, switch: Switch) -> bool {
        self.group.as_ref().is_some_and(|group| group.switches.contains(&switch))
    }

    fn is_archived(&self) -> bool {
        self.group.as_ref().is_some_and(|group| group.status == GroupStatus::Archived)
    }

    fn conditions(&self, action: Action) -> Conditions {
        self.group.as_ref().map_or(Conditions::NONE, |group| group.conditions(action))
    }

    fn allowed(&self, action: Action, decide: impl Fn(Subject) -> Decision) -> Result<(), Error> {
        let as_themselves = decide(self.subject);
        let as_administrator = self.is_administrator.then(|| decide(Subject::InstanceAdministrator));
        match (as_themselves, as_administrator) {
            (Decision::Allow, _) | (_, Some(Decision::Allow)) => {
                if self.is_archived() && !action.stays_in_archive() {
                    return Err(Error::Denied(DenyReason::Archived));
                }
                Ok(())
            }
            // To an administrator the thing exists, so the answer says what is missing.
            (Decision::Deny(DenyReason::NotAMember), Some(Decision::Deny(reason))) => {
                Err(Error::Denied(reason))
            }
            (Decision::Deny(reason), _) => Err(Error::Denied(reason)),
        }
    }
}

impl Directory {
    /// What `identity` is to `group`, and to `statement` if that is what is asked about.
    ///
    /// The same is read for a group that there is not.
    pub(super) async fn standing(
        &self,
        identity: &Identity,
        group: Option<Stored<Group>>,
        statement: Option<StatementId>,
    ) -> Result<Standing, StoreError> {
        let subject = match identity.via {
            Via::Guest(_) => self.guest_subject(identity, group.as_ref(), statement).await?,
            Via::Embedded(session, key) => {
                self.embedded_subject((session, key), group.as_ref(), statement).await?
            }
            Via::Session(_) | Via::Token(_) | Via::Operator => {
                let id = group.as_ref().map_or(GroupId::from_bytes([0; 16]), |group| group.value.id);
                let membership = self.read::<Membership>(&key::member(id, identity.user)).await?;
                membership.map_or(Subject::Outsider, |membership| membership.value.subject())
            }
        };
        Ok(Standing::of(identity, subject, group))
    }

    /// A group, if there is one.
    pub(super) async fn stored_group(&self, group: GroupId) -> Result<Option<Stored<Group>>, StoreError> {
        self.read(&key::group(group)).await
    }
}
