//! Who somebody is to a group.

use std::{fmt, str::FromStr};

use crate::UnknownName;

/// What a member of a group is. The contact person is a coordinator with a mark, not a role of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads and is seen.
    Observer,
    /// Reads and comments.
    Commenter,
    /// Writes.
    Drafter,
    /// Writes, invites, moves statements from stage to stage.
    Coordinator,
}

impl Role {
    /// Every role, the most trusted first.
    pub const ALL: [Self; 4] = [Self::Coordinator, Self::Drafter, Self::Commenter, Self::Observer];

    /// The name in interfaces and on disk.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coordinator => "coordinator",
            Self::Drafter => "drafter",
            Self::Commenter => "commenter",
            Self::Observer => "observer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(UnknownName { what: "role", choices: "coordinator, drafter, commenter, observer" })
    }
}

/// Who asks, seen from the group that the thing belongs to. One person is a different subject in each group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The coordinator whom others turn to; has the rights of any coordinator.
    ContactPerson,
    /// A member, see [`Role::Coordinator`].
    Coordinator,
    /// A member, see [`Role::Drafter`].
    Drafter,
    /// A member, see [`Role::Commenter`].
    Commenter,
    /// A member, see [`Role::Observer`].
    Observer,
    /// Speaks for an organisation that was asked to sign one statement.
    Signatory,
    /// Came by a link to one statement.
    GuestByLink {
        /// At most this role's rights; a coordinator's are never given and count as a drafter's.
        cap: Role,
    },
    /// Vouched for by a site that embeds the editor.
    HostEmbedded {
        /// At most this role's rights; a coordinator's are never given and count as a drafter's.
        cap: Role,
    },
    /// Runs the instance: sees that things exist, not what they say.
    InstanceAdministrator,
    /// Anybody else. To them the group and its things do not exist.
    Outsider,
}

impl Subject {
    /// The subject that a member is.
    pub const fn member(role: Role, is_contact_person: bool) -> Self {
        match role {
            Role::Coordinator if is_contact_person => Self::ContactPerson,
            Role::Coordinator => Self::Coordinator,
            Role::Drafter => Self::Drafter,
            Role::Commenter => Self::Commenter,
            Role::Observer => Self::Observer,
        }
    }
}
