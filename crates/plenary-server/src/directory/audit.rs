//! The audit log: who changed what about people, rights and stages, and when. One for each group, one for the instance.
//!
//! **How to write to it.** Where a change is committed, say what it is and commit both at once:
//!
//! ```ignore
//! let note = Note::new(group, actor, AuditAction::MemberAdded).about(user).to(role);
//! self.commit_noted(changes, expected, vec![note]).await?;
//! ```
//!
//! `actor` comes from the caller's [`Identity`] by [`Actor::of`]. The entry is part of the same commit, so there is no
//! change without its entry and no entry without its change. [`Directory::commit_noted`] deals with others who write to
//! the same log meanwhile; a `Conflict` it returns concerns your own expectations, and your whole change is to be tried
//! again. A new kind of change is a new [`AuditAction`] (its name stays for ever) and a row in `docs/audit.md`.
//!
//! **What is in it.** Ids, names of roles and stages, the server's time: the types take nothing else, so no text that
//! people write, no title and no address gets in.
//!
//! **What keeps it whole.** Entries are numbered from 1 and chained: the hash of an entry is SHA-256 over the hash before
//! it and the entry's bytes; before the first stands a hash of the log's own name. The log's head (last number, last
//! hash) is written with each entry. [`Directory::check_audit`] finds an entry that is missing, added or changed. Who can
//! write to the store can make up a whole new chain: against that helps only a head that somebody noted elsewhere.

use std::collections::BTreeMap;

use plenary_ids::{
    DocumentId, EmbedKeyId, GroupId, GuestLinkId, HostId, InvitationId, OrganisationId, StatementId, UserId,
};
use plenary_permissions::{Role, Stage};
use plenary_storage::{Cell, CellChange, Expected, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use super::{Directory, Stored, key, put};
use crate::auth::{Identity, SecretHash, Via};

/// The most entries of one page.
pub const AUDIT_PAGE_MAX: usize = 500;

// Another process, never this one, may have been faster so often.
const TRIES_MAX: usize = 100;

/// Which log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuditLog {
    /// What concerns the instance as a whole: accounts, tokens, embedding keys. Its administrators read it.
    Instance,
    /// What concerns a group. Its coordinators read it.
    Group(GroupId),
}

impl AuditLog {
    /// As it stands in keys: `instance`, or the group's id.
    pub fn name(self) -> String {
        match self {
            Self::Instance => "instance".into(),
            Self::Group(group) => group.to_string(),
        }
    }

    fn named(name: &str) -> Option<Self> {
        if name == "instance" { Some(Self::Instance) } else { name.parse().ok().map(Self::Group) }
    }
}

impl From<GroupId> for AuditLog {
    fn from(group: GroupId) -> Self {
        Self::Group(group)
    }
}

/// What sort of caller did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActorKind {
    /// Somebody with an account.
    User,
    /// Somebody with an account who runs the instance.
    Administrator,
    /// The `plenary` command on the server itself.
    Operator,
    /// Somebody who came by a link.
    Guest,
    /// Somebody for whom an embedding site vouches.
    Embedded,
    /// The server, of itself.
    Server,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// What sort of caller.
    pub kind: ActorKind,
    /// Who; nil for the operator and the server.
    #[schema(value_type = Uuid)]
    pub user: UserId,
}

impl Actor {
    /// The server, of itself.
    pub const SERVER: Self = Self { kind: ActorKind::Server, user: UserId::SERVER };

    /// The caller.
    pub fn of(identity: &Identity) -> Self {
        let kind = match identity.via {
            Via::Operator => ActorKind::Operator,
            Via::Guest(_) => ActorKind::Guest,
            Via::Embedded(..) => ActorKind::Embedded,
            _ if identity.is_administrator => ActorKind::Administrator,
            _ => ActorKind::User,
        };
        Self { kind, user: identity.user }
    }
}

impl ToSchema for AuditAction {}

// Not derived: utoipa does not see a name that a macro gives.
impl PartialSchema for AuditAction {
    fn schema() -> RefOr<Schema> {
        let names = Self::ALL.iter().map(|action| action.name());
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
    }
}

macro_rules! actions {
    ($(#[doc = $meaning:literal] $variant:ident = $name:literal),+ $(,)?) => {
        /// What was done. The names are on disk and in interfaces, and stay.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum AuditAction {
            $(#[doc = $meaning] #[serde(rename = $name)] $variant),+
        }

        impl AuditAction {
            /// Every one there is, in the order of `docs/audit.md`.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in interfaces and on disk.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }

            /// What it means, in the words of `docs/audit.md`.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning.trim()),+
                }
            }
        }
    };
}

actions!(
    /// The first administrator was made.
    InstanceInitialised = "instance-initialised",
    /// An account was made.
    AccountCreated = "account-created",
    /// An account was closed.
    AccountClosed = "account-closed",
    /// A closed account was opened again.
    AccountReopened = "account-reopened",
    /// Somebody became an administrator; all their sign-ins ended.
    AdministratorMade = "administrator-made",
    /// Somebody is an administrator no longer; all their sign-ins ended.
    AdministratorUnmade = "administrator-unmade",
    /// Somebody signed in.
    SignedIn = "signed-in",
    /// A password was set; all sign-ins of the account ended.
    PasswordChanged = "password-changed",
    /// A link was made by which somebody can set a new password.
    ResetLinkCreated = "reset-link-created",
    /// A password was set by such a link; all sign-ins of the account ended.
    PasswordReset = "password-reset",
    /// A link was made by which somebody can sign in, once or for a time.
    SignInLinkCreated = "sign-in-link-created",
    /// A session was ended by its owner from elsewhere, or all of them were.
    SessionsEnded = "sessions-ended",
    /// A second factor was set up.
    SecondFactorEnabled = "second-factor-enabled",
    /// The second factor was taken away by its owner.
    SecondFactorDisabled = "second-factor-disabled",
    /// The second factor was taken away by an administrator.
    SecondFactorCleared = "second-factor-cleared",
    /// A wrong code was shown where a second factor is asked for.
    SecondFactorFailed = "second-factor-failed",
    /// New recovery codes were made; the earlier ones ended.
    RecoveryCodesCreated = "recovery-codes-created",
    /// A recovery code was used in place of the second factor.
    RecoveryCodeUsed = "recovery-code-used",
    /// A bearer token was made.
    TokenCreated = "token-created",
    /// A bearer token was revoked.
    TokenRevoked = "token-revoked",
    /// An organisation was entered.
    OrganisationCreated = "organisation-created",
    /// An organisation was changed.
    OrganisationChanged = "organisation-changed",
    /// Somebody was brought into an organisation.
    OrganisationUserAdded = "organisation-user-added",
    /// Somebody was taken out of an organisation.
    OrganisationUserRemoved = "organisation-user-removed",
    /// A group was made.
    GroupCreated = "group-created",
    /// What is known about a group was changed.
    GroupChanged = "group-changed",
    /// A group was archived.
    GroupArchived = "group-archived",
    /// An archived group was made active again.
    GroupReactivated = "group-reactivated",
    /// Somebody came into the group.
    MemberAdded = "member-added",
    /// A member's role was changed.
    MemberRoleChanged = "member-role-changed",
    /// A coordinator became the contact person.
    ContactPersonChanged = "contact-person-changed",
    /// Somebody was taken out of the group, or left.
    MemberRemoved = "member-removed",
    /// An invitation was made.
    InvitationCreated = "invitation-created",
    /// An invitation was accepted.
    InvitationAccepted = "invitation-accepted",
    /// An invitation was revoked.
    InvitationRevoked = "invitation-revoked",
    /// A link for guests was made.
    GuestLinkCreated = "guest-link-created",
    /// Somebody came by a link for guests.
    GuestLinkUsed = "guest-link-used",
    /// A link for guests was revoked.
    GuestLinkRevoked = "guest-link-revoked",
    /// A statement was started.
    StatementCreated = "statement-created",
    /// A statement was moved to another stage.
    StageChanged = "stage-changed",
    /// A host's public key was registered.
    EmbedKeyCreated = "embed-key-created",
    /// A host's key was revoked; everything that rested on it ended.
    EmbedKeyRevoked = "embed-key-revoked",
    /// A host may vouch for its users in the group, up to a role.
    EmbedGrantCreated = "embed-grant-created",
    /// A host may no longer vouch for its users in the group.
    EmbedGrantRevoked = "embed-grant-revoked",
);

/// To whom and to what something was done: ids, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct About {
    /// A person.
    #[schema(value_type = Option<Uuid>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// A group.
    #[schema(value_type = Option<Uuid>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// A statement.
    #[schema(value_type = Option<Uuid>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementId>,
    /// A document.
    #[schema(value_type = Option<Uuid>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentId>,
    /// An organisation.
    #[schema(value_type = Option<Uuid>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// An invitation.
    #[schema(value_type = Option<Uuid>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationId>,
    /// A link for guests.
    #[schema(value_type = Option<Uuid>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest_link: Option<GuestLinkId>,
    /// An embedding host, see [`HostId`].
    #[schema(value_type = Option<Uuid>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
    /// A host's key.
    #[schema(value_type = Option<Uuid>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embed_key: Option<EmbedKeyId>,
    /// A bearer token, a session or another secret: the beginning of what it is listed under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretName>,
}

impl About {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The beginning of a secret's hash: enough to find it in a list, and of no other use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct SecretName(String);

/// An id with its kind, as [`Note::about`] takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A person.
    User(UserId),
    /// A group.
    Group(GroupId),
    /// A statement.
    Statement(StatementId),
    /// A document.
    Document(DocumentId),
    /// An organisation.
    Organisation(OrganisationId),
    /// An invitation.
    Invitation(InvitationId),
    /// A link for guests.
    GuestLink(GuestLinkId),
    /// An embedding host.
    Host(HostId),
    /// A host's key.
    EmbedKey(EmbedKeyId),
    /// A bearer token, a session or another secret.
    Secret(SecretHash),
}

macro_rules! objects {
    ($($id:ty => $variant:ident),+) => {
        $(impl From<$id> for Object {
            fn from(id: $id) -> Self {
                Self::$variant(id)
            }
        })+
    };
}

objects!(
    UserId => User,
    GroupId => Group,
    StatementId => Statement,
    DocumentId => Document,
    OrganisationId => Organisation,
    InvitationId => Invitation,
    GuestLinkId => GuestLink,
    HostId => Host,
    EmbedKeyId => EmbedKey,
    SecretHash => Secret
);

/// Something whose value is one of a few names of ours, and so may stand in the log.
pub trait Named {
    /// The name.
    fn name(&self) -> &'static str;
}

impl Named for Role {
    fn name(&self) -> &'static str {
        Self::name(*self)
    }
}

impl Named for Stage {
    fn name(&self) -> &'static str {
        Self::name(*self)
    }
}

/// Something to be noted, before it has a number and a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Note {
    log: AuditLog,
    actor: Actor,
    action: AuditAction,
    about: About,
    from: Option<&'static str>,
    to: Option<&'static str>,
}

impl Note {
    /// `actor` did `action`.
    pub fn new(log: impl Into<AuditLog>, actor: Actor, action: AuditAction) -> Self {
        Self { log: log.into(), actor, action, about: About::default(), from: None, to: None }
    }

    /// To this; one of each kind.
    pub fn about(mut self, object: impl Into<Object>) -> Self {
        match object.into() {
            Object::User(id) => self.about.user = Some(id),
            Object::Group(id) => self.about.group = Some(id),
            Object::Statement(id) => self.about.statement = Some(id),
            Object::Document(id) => self.about.document = Some(id),
            Object::Organisation(id) => self.about.organisation = Some(id),
            Object::Invitation(id) => self.about.invitation = Some(id),
            Object::GuestLink(id) => self.about.guest_link = Some(id),
            Object::Host(id) => self.about.host = Some(id),
            Object::EmbedKey(id) => self.about.embed_key = Some(id),
            Object::Secret(hash) => self.about.secret = Some(SecretName(hash.to_string()[..16].into())),
        }
        self
    }

    /// From this role or stage.
    pub fn from(mut self, from: impl Named) -> Self {
        self.from = Some(from.name());
        self
    }

    /// To this role or stage.
    pub fn to(mut self, to: impl Named) -> Self {
        self.to = Some(to.name());
        self
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its number in its log, from 1.
    pub seq: u64,
    /// When, by the server's clock, ms since 1970.
    pub at: u64,
    /// Who.
    pub actor: Actor,
    /// What was done.
    pub action: AuditAction,
    /// To whom and to what.
    #[serde(default, skip_serializing_if = "About::is_nothing")]
    pub about: About,
    /// The role or stage before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The role or stage after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// An entry and its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChainedEntry {
    /// The entry.
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// Its hash in the chain, in hexadecimal.
    pub hash: String,
}

/// The end of a log: kept elsewhere, it shows later that nothing before it was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditHead {
    /// The number of the last entry; 0 before the first.
    pub seq: u64,
    /// The last entry's hash, in hexadecimal.
    pub hash: String,
}

impl AuditHead {
    fn before_the_first(log: AuditLog) -> Self {
        Self { seq: 0, hash: chained(&format!("plenary audit log {}", log.name()), b"") }
    }

    /// The head after `entry`, given as its bytes.
    fn after(&self, entry: &[u8]) -> Self {
        Self { seq: self.seq + 1, hash: chained(&self.hash, entry) }
    }
}

/// SHA-256 over the hexadecimal form of the hash before and the entry's bytes, in hexadecimal.
fn chained(before: &str, entry: &[u8]) -> String {
    let hash = Sha256::new().chain_update(before).chain_update(entry).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Some entries of one log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditPage {
    /// In their order.
    pub entries: Vec<ChainedEntry>,
    /// Ask for what comes after this; `null` at the end.
    pub next: Option<u64>,
    /// Where the log ends.
    pub head: AuditHead,
}

/// Something wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditDamage {
    /// `instance`, or the group's id.
    pub log: String,
    /// At which entry.
    pub seq: u64,
    /// What is wrong.
    pub reason: &'static str,
}

/// What [`Directory::check_audit`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditReport {
    /// Entries read, in all logs.
    pub entries: u64,
    /// Where each log ends, by its name: `instance`, or the group's id.
    pub heads: BTreeMap<String, AuditHead>,
    /// What is not as it should be; at most one line for each log, its first.
    pub damage: Vec<AuditDamage>,
}

impl Directory {
    /// Commits `changes`, if what is `expected` holds, together with one entry for each of `notes`.
    ///
    /// Fails as [`Cells::commit`](plenary_storage::Cells::commit) does; then nothing is changed and nothing noted. A
    /// `Conflict` concerns what the caller expected: heads of logs that moved on meanwhile are read again here.
    pub(super) async fn commit_noted(
        &self,
        changes: Vec<CellChange>,
        expected: Vec<Expected>,
        notes: Vec<Note>,
    ) -> Result<(), StoreError> {
        // One after the other: two that add to one log would only get in each other's way.
        let _turn = self.0.auditing.lock().await;
        let mut outcome = Ok(());
        for _ in 0..TRIES_MAX {
            let (mut all, mut conditions) = (changes.clone(), expected.clone());
            self.chain(&notes, &mut all, &mut conditions).await?;
            outcome = self.0.cells.commit(all, conditions).await;
            match &outcome {
                Err(StoreError::Conflict { key }) if key.starts_with(key::AUDIT_HEADS) => {}
                _ => break,
            }
        }
        outcome
    }

    /// Adds what writes `notes` to their logs to a commit.
    async fn chain(
        &self,
        notes: &[Note],
        changes: &mut Vec<CellChange>,
        expected: &mut Vec<Expected>,
    ) -> Result<(), StoreError> {
        let mut logs: Vec<AuditLog> = notes.iter().map(|note| note.log).collect();
        logs.sort_unstable();
        logs.dedup();
        let at = self.now_ms();
        for log in logs {
            let key = key::audit_head(log);
            let mut head = match self.read::<AuditHead>(&key).await? {
                Some(Stored { value, version }) => {
                    expected.push(Expected::At { key: key.clone(), version });
                    value
                }
                None => {
                    expected.push(Expected::Absent { key: key.clone() });
                    AuditHead::before_the_first(log)
                }
            };
            for note in notes.iter().filter(|note| note.log == log) {
                let entry = AuditEntry {
                    seq: head.seq + 1,
                    at,
                    actor: note.actor,
                    action: note.action,
                    about: note.about.clone(),
                    from: note.from.map(Into::into),
                    to: note.to.map(Into::into),
                };
                let entry = serde_json::to_vec(&entry).expect("ids and names have a JSON form");
                head = head.after(&entry);
                changes.push(CellChange::Put {
                    key: key::audit_entry(log, head.seq),
                    value: [head.hash.as_bytes(), b" ", &entry].concat().into(),
                });
            }
            changes.push(put(key, &head));
        }
        Ok(())
    }

    /// Where a log ends.
    pub async fn audit_head(&self, log: AuditLog) -> Result<AuditHead, StoreError> {
        let head = self.read::<AuditHead>(&key::audit_head(log)).await?;
        Ok(head.map_or_else(|| AuditHead::before_the_first(log), |stored| stored.value))
    }

    /// A log's entries after `after`, in order: at most `limit`, and at most [`AUDIT_PAGE_MAX`].
    pub async fn audit_page(&self, log: AuditLog, after: u64, limit: usize) -> Result<AuditPage, StoreError> {
        let head = self.audit_head(log).await?;
        let mut entries = Vec::new();
        for seq in (after.saturating_add(1)..=head.seq).take(limit.min(AUDIT_PAGE_MAX)) {
            let key = key::audit_entry(log, seq);
            let damaged =
                || StoreError::Corrupt { place: format!("cell {key}"), reason: "not an entry".into() };
            let cell = self.0.cells.get(&key).await?.ok_or_else(damaged)?;
            let (hash, entry) = parts(&cell).ok_or_else(damaged)?;
            let entry = serde_json::from_slice(entry).map_err(|_| damaged())?;
            entries.push(ChainedEntry { entry, hash: hash.to_owned() });
        }
        let next = entries.last().map(|last| last.entry.seq).filter(|last| *last < head.seq);
        Ok(AuditPage { entries, next, head })
    }

    /// Reads every log and follows its chain. Changes nothing; what is added meanwhile is no damage.
    pub async fn check_audit(&self) -> Result<AuditReport, StoreError> {
        let mut report = AuditReport::default();
        let mut names: Vec<String> = Vec::new();
        for (prefix, cells) in [
            (key::AUDIT_HEADS, self.0.cells.scan(key::AUDIT_HEADS).await?),
            (key::AUDIT_ENTRIES, self.0.cells.scan(key::AUDIT_ENTRIES).await?),
        ] {
            names.extend(cells.iter().map(|cell| {
                let rest = &cell.key[prefix.len()..];
                rest.split('/').next().unwrap_or(rest).to_owned()
            }));
        }
        names.sort_unstable();
        names.dedup();
        for name in names {
            let Some(log) = AuditLog::named(&name) else {
                report.damage.push(AuditDamage { log: name, seq: 0, reason: "no such log" });
                continue;
            };
            let head = self.audit_head(log).await?;
            let (found, wrong) = self.follow(log, &head).await?;
            report.entries += found;
            report.damage.extend(wrong.map(|(seq, reason)| AuditDamage { log: name.clone(), seq, reason }));
            report.heads.insert(name, head);
        }
        Ok(report)
    }

    /// How many entries a log has, and the first thing that is wrong with it: where, and what.
    async fn follow(
        &self,
        log: AuditLog,
        head: &AuditHead,
    ) -> Result<(u64, Option<(u64, &'static str)>), StoreError> {
        let cells = self.0.cells.scan(&key::audit_entries(log)).await?;
        // What was added since the head was read is followed the next time.
        let last = self.audit_head(log).await?.seq;
        let count = cells.len() as u64;
        let mut at = AuditHead::before_the_first(log);
        for cell in &cells {
            let seq = at.seq + 1;
            if cell.key != key::audit_entry(log, seq) {
                return Ok((count, Some((seq, "the entry is missing"))));
            }
            if seq > last {
                return Ok((count, Some((seq, "an entry after the end"))));
            }
            let Some((hash, entry)) = parts(cell) else {
                return Ok((count, Some((seq, "the entry cannot be read"))));
            };
            at = at.after(entry);
            if at.hash != hash {
                return Ok((count, Some((seq, "the entry, or one before it, was changed"))));
            }
            if serde_json::from_slice::<AuditEntry>(entry).map(|entry| entry.seq).ok() != Some(seq) {
                return Ok((count, Some((seq, "the entry cannot be read"))));
            }
            if seq == head.seq && at != *head {
                return Ok((count, Some((seq, "the log does not end as it says"))));
            }
        }
        Ok((count, (at.seq < head.seq).then_some((at.seq + 1, "the entry is missing"))))
    }
}

/// The hash and the entry's bytes.
fn parts(cell: &Cell) -> Option<(&str, &[u8])> {
    let (hash, entry) = cell.value.split_at_checked(64)?;
    Some((std::str::from_utf8(hash).ok()?, entry.strip_prefix(b" ")?))
}
