//! What the rules refuse. After a refusal everything is as before.

use plenary_permissions::Stage;

/// A name nobody could read or find again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing but white space.
    #[error("a name cannot be empty")]
    Empty,
    /// More characters than fit in one line.
    #[error("a name has at most {limit_chars} characters, this one has {chars}")]
    TooLong {
        /// How many it has.
        chars: usize,
        /// How many it may have.
        limit_chars: usize,
    },
    /// A line break, another control character, or one that turns the direction of what follows.
    #[error("a name cannot contain the control character U+{:04X}", *.0 as u32)]
    ControlCharacter(char),
}

/// A change of members that would break the group's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MembershipError {
    /// They are in already; their role can be changed.
    #[error("already a member of this group")]
    AlreadyMember,
    /// They are not in the group.
    #[error("not a member of this group")]
    NotAMember,
    /// Every group with coordinators has a contact person, who is one of them.
    #[error("the contact person stays a coordinator and a member until another coordinator took over")]
    ContactPersonStays,
    /// Only a coordinator can be the contact person.
    #[error("only a coordinator can become the contact person")]
    NotACoordinator,
}

/// A fact that cannot be kept as it was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactError {
    /// A State is two letters.
    #[error("a State is named by its two letters in ISO 3166-1, such as FR")]
    NotAState,
    /// A language is a tag.
    #[error("a language is a tag such as en, fr or zh-Hant")]
    NotALanguage,
    /// More than a list takes.
    #[error("at most {limit}, these are {count}")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// All of them together are too long.
    #[error("all names together have at most {limit_bytes} bytes, these have {bytes}")]
    TooLongTogether {
        /// How long they are, quotation marks and backslashes counted twice.
        bytes: usize,
        /// How long they may be.
        limit_bytes: usize,
    },
    /// A theme is short.
    #[error("a theme has at most {limit_chars} characters, this one has {chars}")]
    ThemeTooLong {
        /// How many it has.
        chars: usize,
        /// How many it may have.
        limit_chars: usize,
    },
    /// A list that must not be empty.
    #[error("there must be at least one")]
    NoneGiven,
    /// An entry that says neither where nor on what somebody works.
    #[error("name at least one State or one theme")]
    NothingToFindItBy,
    /// One of the names is none.
    #[error("{0}")]
    Name(#[from] NameError),
}

/// What is known about a group does not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// A country group without a State.
    #[error("a country group needs the State under review: its two letters in ISO 3166-1, such as FR")]
    StateMissing,
    /// A country group without a session.
    #[error("a country group needs the session at which its State is reviewed, such as UPR 58")]
    SessionMissing,
    /// A session's code is short.
    #[error("a session has at most {limit_chars} characters, this one has {chars}")]
    SessionTooLong {
        /// How many it has.
        chars: usize,
        /// How many it may have.
        limit_chars: usize,
    },
    /// An archived group without a contact person.
    #[error("an active group has a contact person: first make one of its members a coordinator")]
    ContactPersonMissing,
}

/// A move between stages that a statement cannot make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a statement at stage {from} cannot move to {to}; {}", said(.possible))]
pub struct StageError {
    /// Where it is.
    pub from: Stage,
    /// Where it was to go.
    pub to: Stage,
    /// Where it can go.
    pub possible: &'static [Stage],
}

fn said(stages: &[Stage]) -> String {
    let names: Vec<_> = stages.iter().map(|stage| stage.name()).collect();
    if names.is_empty() { "this is its last stage".into() } else { format!("possible: {}", names.join(", ")) }
}
