//! Invitations into groups.
//!
//! An invitation rests on the right of whoever made it to give its role, which is asked when it is accepted. So nothing
//! has to be done to it when they are removed.

use plenary_ids::{GroupId, InvitationId, UserId};
use plenary_permissions::{Action, DenyReason, Role, Subject, may_give};
use plenary_statements::{
    Group, GroupStatus, INVITATION_MS_MAX, INVITATION_USES_MAX, Invitation, InvitationState, Membership,
};
use plenary_storage::{Expected, StoreError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Actor, ActorKind, AuditAction, AuditLog, Authority, Directory, NewUser, Note, Standing, Stored, User,
    decoded, delete, key, normal_email, put, users::NewAccount,
};
use crate::{
    auth::{Identity, SecretHash, new_secret},
    error::Error,
};

/// Invitations of one group.
const INVITATIONS_OF_GROUP_MAX: usize = 200;

// Many may come at once, and each writes the group.
const TRIES_MAX: usize = 20;

/// How long an invitation that is over is still listed.
const KEPT_MS: u64 = 30 * 24 * 3_600_000;

/// An invitation to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvitation {
    /// As what.
    pub role: Role,
    /// Only for whoever has this address; any case.
    pub email: Option<String>,
    /// How many it brings in.
    pub uses_max: u32,
    /// How long it lasts, in milliseconds.
    pub expires_in_ms: u64,
}

/// Who accepts an invitation.
pub enum Joiner<'a> {
    /// Somebody with an account.
    Account(&'a Identity),
    /// Somebody who gets one by it.
    Newcomer(NewUser),
}

/// What came of accepting an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Into which group.
    pub group: Group,
    /// As what.
    pub place: Membership,
    /// Who.
    pub user: User,
}

/// An invitation as it is stored.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    invitation: Invitation,
    /// The secret's hash, to find its cell by.
    secret: String,
}

/// Where a secret's invitation is.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Place {
    group: GroupId,
    invitation: InvitationId,
}

/// An invitation with all that it rests on.
struct Backed {
    kept: Stored<Kept>,
    group: Stored<Group>,
    /// Whether whoever made it may still give its role.
    is_backed: bool,
    /// What must still hold when it is accepted.
    expected: Vec<Expected>,
}

impl Backed {
    fn state(&self, now: u64) -> InvitationState {
        self.kept.value.invitation.state(now, self.is_backed)
    }
}

impl Directory {
    /// Makes an invitation; returns its secret and what is stored.
    ///
    /// `standing`: what `identity` is to the group; it says whether they may.
    pub async fn create_invitation(
        &self,
        identity: &Identity,
        group: &Group,
        standing: &Standing,
        new: NewInvitation,
    ) -> Result<(String, Invitation), Error> {
        standing.require(Action::ManageMembers)?;
        if group.status == GroupStatus::Archived {
            return Err(Error::Denied(DenyReason::Archived));
        }
        if !standing.may_give(new.role) {
            let reason = "only a coordinator of the group invites coordinators; an administrator adds the first one \
                          by hand";
            return Err(Error::Invalid { field: "role", reason: reason.into() });
        }
        let new = new.checked()?;
        let count = self.0.cells.scan(&key::invitations_of(group.id)).await?.len();
        if count >= INVITATIONS_OF_GROUP_MAX {
            return Err(Error::TooMany { what: "invitations", limit: INVITATIONS_OF_GROUP_MAX });
        }
        let now = self.now_ms();
        let invitation = Invitation {
            id: Uuid::now_v7().into(),
            group: group.id,
            role: new.role,
            inviter: identity.user,
            email: new.email,
            created: now,
            expires: now.saturating_add(new.expires_in_ms),
            uses_max: new.uses_max,
            uses: 0,
        };
        let (secret, hash) = new_secret();
        let kept = Kept { invitation: invitation.clone(), secret: hash.to_string() };
        let place = Place { group: group.id, invitation: invitation.id };
        let changes = vec![
            put(key::invitation(group.id, invitation.id), &kept),
            put(key::invitation_secret(&kept.secret), &place),
        ];
        let Authority { actor, expected } = standing.authority(identity);
        let note = Note::new(group.id, actor, AuditAction::InvitationCreated).about(invitation.id);
        self.commit_noted(changes, expected, vec![note.to(invitation.role)]).await?;
        Ok((secret, invitation))
    }

    /// A group's invitations, each with its state, in the order of their making.
    pub async fn invitations(
        &self,
        group: GroupId,
    ) -> Result<Vec<(Invitation, InvitationState)>, StoreError> {
        let mut invitations = Vec::new();
        for kept in self.list::<Kept>(&key::invitations_of(group)).await? {
            let Some(backed) = self.backed(kept).await? else { continue };
            let state = backed.state(self.now_ms());
            invitations.push((backed.kept.value.invitation, state));
        }
        Ok(invitations)
    }

    /// Takes an invitation back.
    pub async fn revoke_invitation(
        &self,
        by: impl Into<Authority>,
        group: GroupId,
        invitation: InvitationId,
    ) -> Result<(), Error> {
        let Authority { actor, mut expected } = by.into();
        let key = key::invitation(group, invitation);
        let Stored { value, version } = self.read::<Kept>(&key).await?.ok_or(Error::NotFound)?;
        expected.push(Expected::At { key: key.clone(), version });
        let changes = vec![delete(key), delete(key::invitation_secret(&value.secret))];
        let note = Note::new(group, actor, AuditAction::InvitationRevoked).about(invitation);
        self.commit_noted(changes, expected, vec![note]).await?;
        Ok(())
    }

    /// The invitation that a secret opens, and its group, if it still brings anybody in. Changes nothing.
    pub async fn open_invitation(&self, secret: &str) -> Result<(Invitation, Group), Error> {
        let backed = self.invitation_by_secret(secret).await?;
        match backed.state(self.now_ms()) {
            InvitationState::Open => Ok((backed.kept.value.invitation, backed.group.value)),
            InvitationState::UsedUp | InvitationState::Expired | InvitationState::Void => {
                Err(Error::LinkOver)
            }
        }
    }

    /// Brings somebody in: uses the invitation once, makes the place and, for a newcomer, the account, all in one step.
    /// Refused, nothing is stored.
    ///
    /// Fails with `LinkOver`, with `OtherAddress` when it is for another address than theirs, with `AlreadyMember`, and
    /// for a newcomer with `EmailTaken`.
    pub async fn accept_invitation(&self, secret: &str, joiner: Joiner<'_>) -> Result<Accepted, Error> {
        let (invitation, _) = self.open_invitation(secret).await?;
        let (user, account) = match joiner {
            Joiner::Account(identity) => {
                let user = self.user(identity.user).await?.filter(|user| !user.closed);
                (user.ok_or(Error::AccountNeeded)?, None)
            }
            Joiner::Newcomer(new) => {
                let email = normal_email(&new.email)?;
                check_address(&invitation, &email)?;
                // Asked before the password is hashed, which takes a while.
                if self.user_by_email(&email).await?.is_some() {
                    return Err(Error::EmailTaken);
                }
                let account = self.new_account(NewUser { administrator: false, ..new }).await?;
                (account.user.clone(), Some(account))
            }
        };
        check_address(&invitation, &user.email)?;
        for _ in 0..TRIES_MAX {
            let backed = self.invitation_by_secret(secret).await?;
            if backed.state(self.now_ms()) != InvitationState::Open {
                return Err(Error::LinkOver);
            }
            let before = self.members_of(&backed.group.value).await?;
            let mut after = before.clone();
            let place = after.add(user.id, backed.kept.value.invitation.role, self.now_ms())?;
            match self.bring_in(backed, &user, account.as_ref(), &before, &after).await {
                Ok(group) => return Ok(Accepted { group, place, user }),
                Err(StoreError::Conflict { key }) => {
                    if account.as_ref().is_some_and(|account| account.taken.key() == key) {
                        return Err(Error::EmailTaken);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::ChangedMeanwhile)
    }

    async fn bring_in(
        &self,
        backed: Backed,
        user: &User,
        account: Option<&NewAccount>,
        before: &plenary_statements::Members,
        after: &plenary_statements::Members,
    ) -> Result<Group, StoreError> {
        let Backed { kept: Stored { value: mut kept, version }, group, mut expected, .. } = backed;
        kept.invitation.uses += 1;
        let actor = Actor { kind: ActorKind::User, user: user.id };
        let members = self.change_of_members(actor, &group.value, group.version, before, after);
        let key = key::invitation(group.value.id, kept.invitation.id);
        let mut changes = members.changes;
        changes.push(put(key.clone(), &kept));
        expected.push(Expected::At { key, version });
        expected.push(members.seen_at);
        let note = Note::new(group.value.id, actor, AuditAction::InvitationAccepted);
        let mut notes = vec![note.about(kept.invitation.id).about(user.id)];
        notes.extend(members.notes);
        if let Some(NewAccount { changes: account, taken, .. }) = account {
            changes.extend(account.iter().cloned());
            expected.push(taken.clone());
            notes.push(Note::new(AuditLog::Instance, actor, AuditAction::AccountCreated).about(user.id));
        }
        self.commit_noted(changes, expected, notes).await?;
        Ok(group.value)
    }

    /// Removes invitations that ended a while ago. Returns how many.
    pub async fn sweep_invitations(&self) -> Result<usize, StoreError> {
        let now = self.now_ms();
        let mut ended = Vec::new();
        for cell in self.0.cells.scan(key::INVITATIONS).await? {
            let Kept { invitation, secret } = decoded::<Kept>(&cell)?.value;
            if invitation.expires.saturating_add(KEPT_MS) <= now {
                ended.push([delete(cell.key), delete(key::invitation_secret(&secret))]);
            }
        }
        let count = ended.len();
        for some in ended.chunks(50) {
            self.0.cells.commit(some.concat(), Vec::new()).await?;
        }
        Ok(count)
    }

    async fn invitation_by_secret(&self, secret: &str) -> Result<Backed, Error> {
        let hash = SecretHash::of(secret).to_string();
        let place = self.read::<Place>(&key::invitation_secret(&hash)).await?.ok_or(Error::LinkOver)?;
        let Place { group, invitation } = place.value;
        let kept = self.read::<Kept>(&key::invitation(group, invitation)).await?.ok_or(Error::LinkOver)?;
        self.backed(kept).await?.ok_or(Error::LinkOver)
    }

    /// `None` when the group is gone.
    async fn backed(&self, kept: Stored<Kept>) -> Result<Option<Backed>, StoreError> {
        let Invitation { group, inviter, role, .. } = kept.value.invitation;
        let Some(group) = self.stored_group(group).await? else { return Ok(None) };
        let (mut is_backed, mut expected) = (false, Vec::new());
        if inviter == UserId::SERVER {
            // The operator's right cannot be taken away.
            is_backed = may_give(Subject::InstanceAdministrator, role);
        } else if let Some(account) = self.read::<User>(&key::user(inviter)).await? {
            let place = self.read::<Membership>(&key::member(group.value.id, inviter)).await?;
            let as_member = place.is_some_and(|place| may_give(place.value.subject(), role));
            let as_administrator =
                account.value.administrator && may_give(Subject::InstanceAdministrator, role);
            is_backed = !account.value.closed && (as_member || as_administrator);
            expected.push(Expected::At { key: key::user(inviter), version: account.version });
        }
        is_backed &= group.value.status == GroupStatus::Active;
        Ok(Some(Backed { kept, group, is_backed, expected }))
    }
}

impl NewInvitation {
    fn checked(self) -> Result<Self, Error> {
        let invalid = |field, reason: String| Err(Error::Invalid { field, reason });
        let email = self.email.as_deref().map(normal_email).transpose()?;
        if self.uses_max == 0 || self.uses_max > INVITATION_USES_MAX {
            return invalid("uses", format!("must be 1 to {INVITATION_USES_MAX}"));
        }
        if email.is_some() && self.uses_max > 1 {
            return invalid("uses", "an invitation for one address is for one person".into());
        }
        if self.expires_in_ms == 0 || self.expires_in_ms > INVITATION_MS_MAX {
            let days = INVITATION_MS_MAX / 86_400_000;
            return invalid("expires", format!("must be more than nothing and at most {days}d"));
        }
        Ok(Self { email, ..self })
    }
}

fn check_address(invitation: &Invitation, email: &str) -> Result<(), Error> {
    match &invitation.email {
        Some(bound) if bound != email => Err(Error::OtherAddress),
        _ => Ok(()),
    }
}
