//! The names of things, as types, so that two ids in one call cannot be swapped.
//!
//! Ids that are stored are UUIDs and travel as their hyphenated text form. Ids of things that live only in
//! one server process are counters. Nothing here has behaviour: ids are made by the server and passed down.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! stored_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with these 16 bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes, big endian, which sort as the text form does.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            /// Reads the hyphenated lower or upper case form, and no other: one thing has one name.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                uuid::fmt::Hyphenated::from_str(text).map(|id| Self(id.into_uuid()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.as_hyphenated())
            }
        }
    };
}

stored_id!(
    /// One Yjs document.
    DocumentId
);
stored_id!(
    /// A person, or the server itself (see [`UserId::SERVER`]).
    UserId
);
stored_id!(
    /// A virtual interest group.
    GroupId
);
stored_id!(
    /// A thing a group drafts; its texts are documents.
    StatementId
);
stored_id!(
    /// Whom people work for and sign as.
    OrganisationId
);
stored_id!(
    /// One entry of who works on what.
    InterestId
);
stored_id!(
    /// What brings somebody into a group.
    InvitationId
);
stored_id!(
    /// What lets guests into one statement.
    GuestLinkId
);
stored_id!(
    /// A site that embeds the editor and vouches for its users.
    HostId
);
stored_id!(
    /// One public key of such a site; the `kid` of the tokens it signs.
    EmbedKeyId
);

impl UserId {
    /// The author of what the server itself writes: a document's first line break, an import.
    pub const SERVER: Self = Self(Uuid::nil());
}

/// One WebSocket, from accept to close, within one server process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One joining of one room: a socket that carries several documents has one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParticipantId(pub u64);

impl fmt::Display for ParticipantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = DocumentId::from_bytes([7; 16]);
        assert_eq!(id.to_string().parse::<DocumentId>().unwrap(), id);
    }

    #[test]
    fn only_the_hyphenated_form_is_a_name() {
        let id = DocumentId::from_bytes([7; 16]).to_string();
        assert!(id.replace('-', "").parse::<DocumentId>().is_err());
        assert!(format!("{{{id}}}").parse::<DocumentId>().is_err());
    }
}
