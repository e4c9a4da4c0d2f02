//! The table, and the questions one asks of it.

use crate::{Action, Role, Scope, Stage, Subject};

/// What is granted on one document. `Write` includes reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Receives the text and may be seen.
    Read,
    /// May change the text too.
    Write,
}

/// One of a statement's documents. Whoever else may read or write is told apart by document, never inside one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The statement's text.
    Body,
    /// What is said about it.
    Comments,
}

impl Channel {
    /// What one must be allowed to do to change it.
    pub const fn writing(self) -> Action {
        match self {
            Self::Body => Action::EditBody,
            Self::Comments => Action::Comment,
        }
    }

    /// What one must be allowed to do to read it.
    pub const fn reading(self) -> Action {
        match self {
            Self::Body => Action::ReadBody,
            Self::Comments => Action::ReadComments,
        }
    }
}

/// The answer to [`decide`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Go ahead.
    Allow,
    /// No, and why.
    Deny(DenyReason),
}

impl Decision {
    /// Whether the answer is yes.
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allow)
    }
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DenyReason {
    /// The asker is no member. Answer exactly as if the thing did not exist.
    #[error("there is no such thing")]
    NotAMember,
    /// This role never may.
    #[error("your role does not allow this")]
    Role,
    /// This role may, but not at this stage.
    #[error("not at this stage of the statement")]
    Stage,
    /// This role may at this stage, if something more holds which the caller did not claim.
    #[error("{0}")]
    Needs(Condition),
    /// Not while the group is archived; asked for by whoever knows the group, see [`Action::stays_in_archive`].
    #[error("the group is archived; a coordinator can make it active again")]
    Archived,
}

/// Something beside role and stage that a cell of the table asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Condition {
    /// A coordinator switched it on for this group.
    #[error("a coordinator has not allowed this")]
    Enabled,
    /// It is about the asker's own comment, row or organisation.
    #[error("only for what is your own")]
    Own,
    /// The asker's organisation authorised them to sign.
    #[error("your organisation has not authorised you")]
    Authorised,
    /// Two coordinators asked for it.
    #[error("two coordinators have to agree")]
    TwoCoordinators,
}

/// The conditions of which the caller knows that they hold. Empty unless it has checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions(u8);

impl Conditions {
    /// None is known to hold.
    pub const NONE: Self = Self(0);

    /// These, and `condition`.
    pub const fn and(self, condition: Condition) -> Self {
        Self(self.0 | 1 << condition as u8)
    }

    const fn has(self, condition: Condition) -> bool {
        self.0 & (1 << condition as u8) != 0
    }
}

/// One cell of the table.
#[derive(Clone, Copy)]
enum Cell {
    /// Never.
    No,
    /// At every stage.
    Yes,
    /// At these stages.
    In(Stages),
    /// At these stages, if the condition holds.
    If(Condition, Stages),
    /// As the role that the link or the grant names would be answered.
    Cap,
    /// The same, if the condition holds.
    CapIf(Condition),
}

/// A set of stages.
#[derive(Clone, Copy)]
struct Stages(u8);

impl Stages {
    const fn has(self, stage: Stage) -> bool {
        self.0 & (1 << stage as u8) != 0
    }
}

const fn stages<const N: usize>(stages: [Stage; N]) -> Stages {
    let (mut bits, mut i) = (0, 0);
    while i < N {
        bits |= 1 << stages[i] as u8;
        i += 1;
    }
    Stages(bits)
}

const ANY: Stages = stages(Stage::ALL);
const D: Stages = stages([Stage::Draft]);
const DFS: Stages = stages([Stage::Draft, Stage::Frozen, Stage::SignOn]);
const S: Stages = stages([Stage::SignOn]);
const SL: Stages = stages([Stage::SignOn, Stage::Closed]);
const P: Stages = stages([Stage::FollowUp]);
// A signatory sees the text only once it can no longer change under the signature.
const FIXED: Stages =
    stages([Stage::Frozen, Stage::SignOn, Stage::Closed, Stage::Submitted, Stage::FollowUp]);

/// The table. Columns: coordinator, drafter, commenter, observer, signatory, guest by link, embedded by a
/// host, instance administrator. The contact person is a coordinator; an outsider has no column.
#[rustfmt::skip]
const TABLE: [(Action, [Cell; 8]); Action::ALL.len()] = {
    use Action::*;
    use Cell::{Cap, CapIf, If, In, No, Yes};
    use Condition::{Authorised, Enabled, Own, TwoCoordinators};
    const ENABLED: Cell = If(Enabled, ANY);
    const TWO: Cell = If(TwoCoordinators, ANY);
    const CAP_ON: Cell = CapIf(Enabled);
    [
        //                     coordinator  drafter             commenter     observer signatory     guest   host admin
        (SeeGroup,            [Yes,         Yes,                Yes,          Yes,     No,           No,     No,  Yes]),
        (SeeExistence,        [Yes,         Yes,                Yes,          Yes,     Yes,          Yes,    Yes, Yes]),
        (ReadBody,            [Yes,         Yes,                Yes,          Yes,     In(FIXED),    Cap,    Cap, No]),
        (EditBody,            [In(D),       In(D),              No,           No,      No,           CAP_ON, Cap, No]),
        (ReadComments,        [Yes,         Yes,                Yes,          No,      No,           Cap,    Cap, No]),
        (Comment,             [In(DFS),     In(DFS),            In(DFS),      No,      If(Own, S),   Cap,    Cap, No]),
        (ResolveComment,      [Yes,         In(D),              If(Own, ANY), No,      No,           No,     No,  No]),
        (Presence,            [Yes,         Yes,                Yes,          Yes,     No,           Cap,    Cap, No]),
        (ReadHistory,         [Yes,         Yes,                ENABLED,      No,      No,           No,     No,  No]),
        (NameVersion,         [Yes,         Yes,                No,           No,      No,           No,     No,  No]),
        (RestoreVersion,      [In(D),       If(Enabled, D),     No,           No,      No,           No,     No,  No]),
        (CreateStatement,     [Yes,         Yes,                No,           No,      No,           No,     No,  Yes]),
        (PurgeText,           [TWO,         No,                 No,           No,      No,           No,     No,  TWO]),
        (SeeMembers,          [Yes,         Yes,                Yes,          Yes,     No,           No,     No,  Yes]),
        (ManageMembers,       [Yes,         No,                 No,           No,      No,           No,     No,  Yes]),
        (SeeRisk,             [Yes,         No,                 No,           No,      No,           No,     No,  Yes]),
        (ChangeGroup,         [Yes,         No,                 No,           No,      No,           No,     No,  Yes]),
        (SwitchRights,        [Yes,         No,                 No,           No,      No,           No,     No,  No]),
        (CreateGuestLink,     [Yes,         ENABLED,            No,           No,      No,           No,     No,  No]),
        (CreateEmbedGrant,    [Yes,         No,                 No,           No,      No,           No,     No,  No]),
        (ChangeStage,         [Yes,         No,                 No,           No,      No,           No,     No,  No]),
        (SignOn,              [If(Own, S),  If(Authorised, S),  No,           No,      In(S),        No,     No,  No]),
        (WithdrawSignature,   [If(Own, SL), If(Authorised, SL), No,           No,      In(SL),       No,     No,  No]),
        (SeeWithheldNames,    [Yes,         No,                 No,           No,      If(Own, ANY), No,     No,  No]),
        (Export,              [Yes,         Yes,                ENABLED,      ENABLED, In(FIXED),    No,     Cap, No]),
        (EditMatrix,          [In(P),       In(P),              No,           No,      If(Own, P),   No,     No,  No]),
        (ReadGroupLog,        [Yes,         No,                 No,           No,      No,           No,     No,  No]),
        (CreateGroup,         [No,          No,                 No,           No,      No,           No,     No,  Yes]),
        (CreateUser,          [No,          No,                 No,           No,      No,           No,     No,  Yes]),
        (ManageOrganisations, [No,          No,                 No,           No,      No,           No,     No,  Yes]),
        (RegisterEmbedHost,   [No,          No,                 No,           No,      No,           No,     No,  Yes]),
        (ReadInstanceLog,     [No,          No,                 No,           No,      No,           No,     No,  Yes]),
        (Backup,              [No,          No,                 No,           No,      No,           No,     No,  Yes]),
    ]
};

// A row is found by its action's number.
const _: () = {
    let mut i = 0;
    while i < TABLE.len() {
        assert!(TABLE[i].0 as usize == i && Action::ALL[i] as usize == i, "the table follows `Action::ALL`");
        i += 1;
    }
};

/// Whether `subject` may do `action` to a statement at `stage`, when no condition is known to hold.
///
/// For actions that concern a group or the instance any stage gives the same answer; see [`decide_in_group`].
pub const fn decide(subject: Subject, action: Action, stage: Stage) -> Decision {
    decide_where(subject, action, stage, Conditions::NONE)
}

/// Whether `subject` may do `action` to a group or the instance.
///
/// Actions that concern a statement are denied, as nothing is known about its stage.
pub const fn decide_in_group(subject: Subject, action: Action) -> Decision {
    match (action.scope(), subject) {
        (Scope::Statement, Subject::Outsider) => Decision::Deny(DenyReason::NotAMember),
        (Scope::Statement, _) => Decision::Deny(DenyReason::Stage),
        _ => decide(subject, action, Stage::Draft),
    }
}

/// Whether `subject` may do `action` at `stage`, when the caller has checked that `conditions` hold.
pub const fn decide_where(
    subject: Subject,
    action: Action,
    stage: Stage,
    conditions: Conditions,
) -> Decision {
    let (column, cap) = match subject {
        Subject::ContactPerson | Subject::Coordinator => (0, None),
        Subject::Drafter => (1, None),
        Subject::Commenter => (2, None),
        Subject::Observer => (3, None),
        Subject::Signatory => (4, None),
        Subject::GuestByLink { cap } => (5, Some(cap)),
        Subject::HostEmbedded { cap } => (6, Some(cap)),
        Subject::InstanceAdministrator => (7, None),
        // That somebody may not make groups is no secret; that a group exists is one.
        Subject::Outsider => {
            return Decision::Deny(match action.scope() {
                Scope::Instance => DenyReason::Role,
                Scope::Group | Scope::Statement => DenyReason::NotAMember,
            });
        }
    };
    match (TABLE[action as usize].1[column], cap) {
        (Cell::Yes, _) => Decision::Allow,
        (Cell::No, _) | (Cell::Cap | Cell::CapIf(_), None) => Decision::Deny(DenyReason::Role),
        (Cell::In(stages), _) if stages.has(stage) => Decision::Allow,
        (Cell::In(_), _) => Decision::Deny(DenyReason::Stage),
        (Cell::If(_, stages), _) if !stages.has(stage) => Decision::Deny(DenyReason::Stage),
        (Cell::If(condition, _), _) if conditions.has(condition) => Decision::Allow,
        (Cell::If(condition, _), _) => Decision::Deny(DenyReason::Needs(condition)),
        (Cell::Cap, Some(cap)) => decide_where(capped(cap), action, stage, conditions),
        (Cell::CapIf(condition), Some(cap)) => match decide_where(capped(cap), action, stage, conditions) {
            Decision::Allow if !conditions.has(condition) => Decision::Deny(DenyReason::Needs(condition)),
            decision => decision,
        },
    }
}

/// The member whose rights a cap gives at most.
const fn capped(cap: Role) -> Subject {
    let role = match cap {
        Role::Coordinator => Role::Drafter,
        role => role,
    };
    Subject::member(role, false)
}

/// Whether whoever brings others in may give them `role`: what an invitation is bound to. Nobody makes a coordinator
/// who is none; an administrator adds a group's first one by hand.
pub const fn may_give(giver: Subject, role: Role) -> bool {
    match giver {
        Subject::ContactPerson | Subject::Coordinator => true,
        Subject::InstanceAdministrator => !matches!(role, Role::Coordinator),
        _ => false,
    }
}

/// What `subject` gets on the document of `channel` at `stage`, when no condition is known to hold; `None` means: as
/// if it did not exist.
pub const fn access_to(subject: Subject, channel: Channel, stage: Stage) -> Option<Access> {
    access_where(subject, channel, stage, Conditions::NONE)
}

/// What `subject` gets on the document of `channel` at `stage`, when `conditions` hold for writing there.
pub const fn access_where(
    subject: Subject,
    channel: Channel,
    stage: Stage,
    conditions: Conditions,
) -> Option<Access> {
    if decide_where(subject, channel.writing(), stage, conditions).is_allowed() {
        Some(Access::Write)
    } else if decide(subject, channel.reading(), stage).is_allowed() {
        Some(Access::Read)
    } else {
        None
    }
}
