//! What brings somebody into a group.

use plenary_ids::{GroupId, InvitationId, UserId};
use plenary_permissions::Role;
use serde::{Deserialize, Serialize};

use crate::{by_name, by_name::named};

/// The longest life of an invitation, in milliseconds: 14 days.
pub const INVITATION_MS_MAX: u64 = 14 * 24 * 3_600_000;

/// The most people whom one invitation brings in.
pub const INVITATION_USES_MAX: u32 = 100;

named!(
    /// Whether an invitation or a link still brings anybody in.
    InvitationState, "state of an invitation", {
        /// It does.
        #[default]
        Open = "open",
        /// As many as it was for have come.
        UsedUp = "used-up",
        /// Its time is over.
        Expired = "expired",
        /// Whoever made it may no longer give what it gives.
        Void = "void",
    }
);

/// An invitation, without its secret. It gives one role in one group, to as many as it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Into which group.
    pub group: GroupId,
    /// As what.
    #[serde(with = "by_name")]
    pub role: Role,
    /// Whose rights it rests on.
    pub inviter: UserId,
    /// Only for whoever has this address, in its stored form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When it was made.
    pub created: u64,
    /// When it ends.
    pub expires: u64,
    /// How many it brings in.
    pub uses_max: u32,
    /// How many it has brought in.
    pub uses: u32,
}

impl Invitation {
    /// Whether it still brings anybody in. `is_backed`: whoever made it may still give its role.
    pub const fn state(&self, now: u64, is_backed: bool) -> InvitationState {
        if !is_backed {
            InvitationState::Void
        } else if self.uses >= self.uses_max {
            InvitationState::UsedUp
        } else if now >= self.expires {
            InvitationState::Expired
        } else {
            InvitationState::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_open_until_it_is_used_up_over_or_no_longer_backed() {
        let invitation = |uses| Invitation {
            id: InvitationId::from_bytes([1; 16]),
            group: GroupId::from_bytes([2; 16]),
            role: Role::Drafter,
            inviter: UserId::from_bytes([3; 16]),
            email: None,
            created: 10,
            expires: 20,
            uses_max: 2,
            uses,
        };
        assert_eq!(invitation(1).state(19, true), InvitationState::Open);
        assert_eq!(invitation(1).state(20, true), InvitationState::Expired);
        assert_eq!(invitation(2).state(19, true), InvitationState::UsedUp);
        assert_eq!(invitation(1).state(19, false), InvitationState::Void);
        let json = serde_json::to_string(&invitation(1)).unwrap();
        assert!(json.contains(r#""role":"drafter""#), "{json}");
        assert_eq!(serde_json::from_str::<Invitation>(&json).unwrap(), invitation(1));
    }
}
