//! What somebody may try.

/// Something one may try. The rows of the table in `decide.rs` and in `docs/permissions.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// See that a group exists, what it is about and which statements it has.
    SeeGroup,
    /// See that a statement exists: title, kind, stage.
    SeeExistence,
    /// Read the body.
    ReadBody,
    /// Change the body.
    EditBody,
    /// Read the comments.
    ReadComments,
    /// Comment and reply.
    Comment,
    /// Mark a comment as settled.
    ResolveComment,
    /// See who is here and be seen.
    Presence,
    /// Look at and compare past versions, and who wrote what.
    ReadHistory,
    /// Give a version a name.
    NameVersion,
    /// Write a past version into the body as a new edit.
    RestoreVersion,
    /// Start a statement in the group.
    CreateStatement,
    /// Take a text out of history for good.
    PurgeText,
    /// See who the members are.
    SeeMembers,
    /// Add and remove members, change roles, hand over the contact person's mark.
    ManageMembers,
    /// See which organisations are at risk.
    SeeRisk,
    /// Change what is known about the group: name, kind, State, session, themes; archive it.
    ChangeGroup,
    /// Switch on what the table says "if enabled" of, and let those who search find the group.
    SwitchRights,
    /// Make a link by which guests come in.
    CreateGuestLink,
    /// Let an embedding site vouch for its users.
    CreateEmbedGrant,
    /// Move a statement to another stage, set deadlines.
    ChangeStage,
    /// Sign for an organisation.
    SignOn,
    /// Take a signature back.
    WithdrawSignature,
    /// See signatories who asked not to be named.
    SeeWithheldNames,
    /// Take the text out as a file.
    Export,
    /// Write in the follow-up matrix.
    EditMatrix,
    /// Read what happened in the group, without its texts.
    ReadGroupLog,
    /// Make a group.
    CreateGroup,
    /// Make an account.
    CreateUser,
    /// Enter and change organisations, and say who works for which.
    ManageOrganisations,
    /// Let a site embed the editor at all.
    RegisterEmbedHost,
    /// Read what happened on the instance, without texts.
    ReadInstanceLog,
    /// Back the instance up.
    Backup,
}

/// What an action is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One statement; its stage counts.
    Statement,
    /// A group; no stage counts.
    Group,
    /// The whole instance; no stage counts, and refusing it gives nothing away.
    Instance,
}

impl Action {
    /// Every action, in the order of the table.
    pub const ALL: [Self; 33] = [
        Self::SeeGroup,
        Self::SeeExistence,
        Self::ReadBody,
        Self::EditBody,
        Self::ReadComments,
        Self::Comment,
        Self::ResolveComment,
        Self::Presence,
        Self::ReadHistory,
        Self::NameVersion,
        Self::RestoreVersion,
        Self::CreateStatement,
        Self::PurgeText,
        Self::SeeMembers,
        Self::ManageMembers,
        Self::SeeRisk,
        Self::ChangeGroup,
        Self::SwitchRights,
        Self::CreateGuestLink,
        Self::CreateEmbedGrant,
        Self::ChangeStage,
        Self::SignOn,
        Self::WithdrawSignature,
        Self::SeeWithheldNames,
        Self::Export,
        Self::EditMatrix,
        Self::ReadGroupLog,
        Self::CreateGroup,
        Self::CreateUser,
        Self::ManageOrganisations,
        Self::RegisterEmbedHost,
        Self::ReadInstanceLog,
        Self::Backup,
    ];

    /// What the action is done to.
    pub const fn scope(self) -> Scope {
        match self {
            Self::SeeGroup
            | Self::SeeExistence
            | Self::CreateStatement
            | Self::SeeMembers
            | Self::ManageMembers
            | Self::SeeRisk
            | Self::ChangeGroup
            | Self::SwitchRights
            | Self::ReadGroupLog => Scope::Group,
            Self::CreateGroup
            | Self::CreateUser
            | Self::ManageOrganisations
            | Self::RegisterEmbedHost
            | Self::ReadInstanceLog
            | Self::Backup => Scope::Instance,
            _ => Scope::Statement,
        }
    }
    /// Whether it is still possible in an archived group, for those who may.
    pub const fn stays_in_archive(self) -> bool {
        match self {
            Self::SeeGroup
            | Self::SeeExistence
            | Self::ReadBody
            | Self::ReadComments
            | Self::Presence
            | Self::ReadHistory
            | Self::PurgeText
            | Self::SeeMembers
            | Self::ManageMembers
            | Self::SeeRisk
            | Self::ChangeGroup
            | Self::SeeWithheldNames
            | Self::Export
            | Self::ReadGroupLog => true,
            Self::EditBody
            | Self::Comment
            | Self::ResolveComment
            | Self::NameVersion
            | Self::RestoreVersion
            | Self::CreateStatement
            | Self::SwitchRights
            | Self::CreateGuestLink
            | Self::CreateEmbedGrant
            | Self::ChangeStage
            | Self::SignOn
            | Self::WithdrawSignature
            | Self::EditMatrix => false,
            // No group is concerned.
            Self::CreateGroup
            | Self::CreateUser
            | Self::ManageOrganisations
            | Self::RegisterEmbedHost
            | Self::ReadInstanceLog
            | Self::Backup => true,
        }
    }
}
