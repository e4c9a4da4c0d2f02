//! Who tries.

use plenary_permissions::{Role, Subject};

/// The columns of the table. Documented in `docs/permissions.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Actor {
    /// Shows no credential.
    Anonymous,
    /// Signed in once; that has run out.
    Expired,
    /// Member of another group.
    Stranger,
    /// Was invited and has not accepted.
    Invited,
    /// Was a drafter until somebody removed them.
    Removed,
    /// Member who reads.
    Observer,
    /// Member who comments.
    Commenter,
    /// Member who writes.
    Drafter,
    /// Member who leads.
    Coordinator,
    /// The one coordinator whom others turn to.
    ContactPerson,
    /// Runs the instance and is no member.
    Administrator,
    /// Came by a link to one statement, as a commenter.
    Guest,
    /// A site that embeds the editor vouches for them, to read.
    EmbeddedObserver,
    /// The same, to comment.
    EmbeddedCommenter,
    /// The same, to write.
    EmbeddedDrafter,
}

impl Actor {
    pub(crate) const ALL: [Self; 15] = [
        Self::Anonymous,
        Self::Expired,
        Self::Stranger,
        Self::Invited,
        Self::Removed,
        Self::Observer,
        Self::Commenter,
        Self::Drafter,
        Self::Coordinator,
        Self::ContactPerson,
        Self::Administrator,
        Self::Guest,
        Self::EmbeddedObserver,
        Self::EmbeddedCommenter,
        Self::EmbeddedDrafter,
    ];

    /// Who this is to the table of permissions; `None` for those who are nobody there.
    pub(crate) fn subject(self) -> Option<Subject> {
        Some(match self {
            Self::Anonymous | Self::Expired => return None,
            Self::Stranger | Self::Invited | Self::Removed => Subject::Outsider,
            Self::Observer => Subject::Observer,
            Self::Commenter => Subject::Commenter,
            Self::Drafter => Subject::Drafter,
            Self::Coordinator => Subject::Coordinator,
            Self::ContactPerson => Subject::ContactPerson,
            Self::Administrator => Subject::InstanceAdministrator,
            Self::Guest => Subject::GuestByLink { cap: Role::Commenter },
            Self::EmbeddedObserver => Subject::HostEmbedded { cap: Role::Observer },
            Self::EmbeddedCommenter => Subject::HostEmbedded { cap: Role::Commenter },
            Self::EmbeddedDrafter => Subject::HostEmbedded { cap: Role::Drafter },
        })
    }

    /// The name of their account, and the first part of its address.
    pub(crate) fn called(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Whether they sign in here. Guests and those for whom a host vouches do not.
    pub(crate) fn has_account(self) -> bool {
        !matches!(
            self,
            Self::Anonymous
                | Self::Guest
                | Self::EmbeddedObserver
                | Self::EmbeddedCommenter
                | Self::EmbeddedDrafter
        )
    }

    /// Whether the server knows who it is.
    pub(crate) fn is_recognised(self) -> bool {
        self.subject().is_some()
    }
}
