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
