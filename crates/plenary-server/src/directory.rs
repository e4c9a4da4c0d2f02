//! Who there is and what belongs to whom: users, groups, members, statements, sign-ins.
//!
//! Kept in [`Cells`] as JSON, under the keys of [`key`]. The rules of groups and statements are
//! `plenary-statements`', the rights `plenary-permissions`'; here both are asked with what is stored.

mod audit;
mod devices;
mod documents;
mod embed_grants;
mod embed_keys;
mod embed_sessions;
mod groups;
mod guest_links;
mod half_sessions;
mod interests;
mod invitations;
mod key;
mod members;
mod organisations;
mod resets;
mod second_factors;
mod sessions;
mod sign_ins;
mod standing;
mod statements;
mod tickets;
mod users;

use std::sync::Arc;

use bytes::Bytes;
use plenary_ids::{DocumentId, GroupId, StatementId, UserId};
use plenary_permissions::{Access, Channel, Stage};
use plenary_protocol::CloseReason;
use plenary_statements::Statement;
use plenary_storage::{Cell, CellChange, Cells, StoreError};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Mutex;

pub use self::{
    audit::{
        AUDIT_PAGE_MAX, About, Actor, ActorKind, AuditAction, AuditDamage, AuditEntry, AuditHead, AuditLog,
        AuditPage, AuditReport, ChainedEntry, Named, Note, Object, SecretName,
    },
    embed_grants::{EMBED_STATEMENTS_MAX, EmbedGrant, NewEmbedGrant, may_grant},
    embed_keys::{EMBED_KEYS_OF_HOST_MAX, EMBED_ORIGINS_MAX, EmbedKey, NewEmbedKey},
    embed_sessions::{EmbeddedUser, OpenedEmbedSession},
    groups::NewGroup,
    guest_links::{GuestLinkView, NewGuestLink},
    half_sessions::HALF_SESSION_MS,
    interests::{NewInterest, OwnedInterest, Owner},
    invitations::{Accepted, Joiner, NewInvitation},
    organisations::{NewOrganisation, Sight},
    resets::RESET_MAX,
    second_factors::{ENROLMENT_MS, Proof, Rotated, SecondFactorState},
    sessions::{DEVICE_NAME_CHARS_MAX, DeviceName, OpenSession, SignIn, SignInBy},
    sign_ins::{LINK_MAX, LinkUses, TOKEN_MAX, Token},
    standing::{Authority, Standing},
    statements::{DocumentOwner, NewStatement},
    tickets::{TICKET_MS, TicketError},
    users::{NewUser, User, normal_email},
};
use self::{
    embed_sessions::EmbedSessions, half_sessions::HalfSessions, sessions::Session, tickets::Tickets,
    users::MadeFor,
};
use crate::{
    auth::{AuthError, Credential, Identity, Passwords, Via},
    clock::Clock,
    config::Config,
};

/// What somebody may do with one document, and which one that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Read, or write as well.
    pub access: Access,
    /// The statement the document belongs to.
    pub statement: StatementId,
    /// Which of the statement's documents it is.
    pub channel: Channel,
    /// The group it belongs to.
    pub group: GroupId,
    /// How far the statement is.
    pub stage: Stage,
    /// The statement's title.
    pub title: String,
}

/// Why there is no access.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// There is no such document, or none for them: told apart by nobody.
    #[error("there is no such document")]
    NotFound,
    /// What the identity rested on has ended: signed out, token revoked, account closed.
    #[error("the sign-in has ended")]
    SignInEnded,
    /// It cannot be found out just now.
    #[error("rights cannot be checked just now")]
    Store(#[from] StoreError),
}

impl Denied {
    /// What somebody who wanted to come in is told.
    pub(crate) fn reason(&self) -> CloseReason {
        match self {
            Self::NotFound => CloseReason::NotFound,
            Self::SignInEnded => CloseReason::BadToken,
            // Who cannot be shown to have access has none.
            Self::Store(_) => CloseReason::StoreDown,
        }
    }
}

/// The directory. Cheap to clone.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    cells: Arc<dyn Cells>,
    config: Arc<Config>,
    clock: Clock,
    passwords: Passwords,
    tickets: Tickets,
    halves: HalfSessions,
    embed_sessions: EmbedSessions,
    /// Held while something is committed together with its entries in the audit log.
    auditing: Mutex<()>,
}

/// A cell's content, and the version it was read at.
struct Stored<T> {
    value: T,
    version: u64,
}

impl Directory {
    /// Over these cells.
    pub fn new(cells: Arc<dyn Cells>, config: Arc<Config>, clock: Clock) -> Self {
        let (passwords, auditing) = (Passwords::new(), Mutex::new(()));
        let (tickets, halves) = (Tickets::default(), HalfSessions::default());
        let embed_sessions = EmbedSessions::default();
        Self(Arc::new(Inner { cells, config, clock, passwords, tickets, halves, embed_sessions, auditing }))
    }

    /// Recognises a caller. A ticket is used up by this, whatever comes of it.
    pub async fn authenticate(&self, credential: Credential) -> Result<Identity, AuthError> {
        match credential {
            Credential::Cookie(secret) => match self.whole_session_identity(&secret).await {
                Err(AuthError::Invalid) => self.guest_identity(&secret).await,
                recognised => recognised,
            },
            Credential::Bearer(secret) => self.token_identity(&secret).await,
            Credential::Embedded { secret, origin } => self.embed_identity(&secret, origin.as_deref()).await,
            Credential::Ticket(secret) => {
                let identity =
                    self.0.tickets.redeem(&secret, self.0.clock.now_ms()).ok_or(AuthError::Invalid)?;
                if self.holds(&identity).await? { Ok(identity) } else { Err(AuthError::Invalid) }
            }
            Credential::Operator => Ok(Identity::operator()),
        }
    }

    /// What `identity` may do with `document` at this moment: whether its sign-in still holds is asked, too.
    ///
    /// The same work is done for a document that does not exist as for one of another group.
    pub async fn access(&self, identity: &Identity, document: DocumentId) -> Result<Grant, Denied> {
        if !self.holds(identity).await? {
            return Err(Denied::SignInEnded);
        }
        let owner = self.read::<StatementId>(&key::document(document)).await?;
        let owner = owner.map_or(StatementId::from_bytes([0; 16]), |stored| stored.value);
        let statement = self.read::<Statement>(&key::statement(owner)).await?.map(|stored| stored.value);
        let group = statement.as_ref().map_or(GroupId::from_bytes([0; 16]), |statement| statement.group);
        let group = self.stored_group(group).await?;
        let standing = self.standing(identity, group, Some(owner)).await?;

        let statement = statement.ok_or(Denied::NotFound)?;
        let channel = [Channel::Body, Channel::Comments]
            .into_iter()
            .find(|channel| statement.documents.get(*channel) == document)
            .ok_or(Denied::NotFound)?;
        if identity.only_document.is_some_and(|only| only != document) {
            return Err(Denied::NotFound);
        }
        let access = standing.access(channel, statement.stage()).ok_or(Denied::NotFound)?;
        Ok(Grant {
            access,
            statement: statement.id,
            channel,
            group: statement.group,
            stage: statement.stage(),
            title: statement.title.into(),
        })
    }

    /// Draws a ticket that recognises `identity` once, for one document. Ask for access first.
    pub fn draw_ticket(&self, identity: &Identity, document: DocumentId) -> Result<String, TicketError> {
        let identity = Identity { only_document: Some(document), ..identity.clone() };
        self.0.tickets.draw(identity, self.now_ms())
    }

    /// Recognises a caller who may owe a second factor: only for setting one up, and for signing out.
    pub async fn authenticate_owing(&self, credential: Credential) -> Result<Identity, AuthError> {
        if let Credential::Cookie(secret) = &credential {
            match self.session_identity(secret).await {
                Ok((identity, _)) => return Ok(identity),
                Err(AuthError::Invalid) => {}
                Err(error) => return Err(error),
            }
        }
        self.authenticate(credential).await
    }

    async fn whole_session_identity(&self, secret: &str) -> Result<Identity, AuthError> {
        let (identity, user) = self.session_identity(secret).await?;
        match self.owes_second_factor(&user).await? {
            true => Err(AuthError::SecondFactorRequired),
            false => Ok(identity),
        }
    }

    /// Whether what the identity rests on still holds.
    pub(crate) async fn holds(&self, identity: &Identity) -> Result<bool, StoreError> {
        let rests_on = match identity.via {
            Via::Session(hash) => self.session(hash).await?.map(|session| (session.made_for, false)),
            Via::Token(hash) => self.token(hash).await?.map(|token| (token.made_for(), token.by_operator)),
            // Whether the link still stands is asked where it opens something.
            Via::Guest(hash) => return self.guest_session_holds(hash, identity.user).await,
            Via::Embedded(hash, key) => return self.embed_session_holds(hash, key).await,
            Via::Operator => return Ok(true),
        };
        let Some((made_for, may_owe)) = rests_on.filter(|(made_for, _)| made_for.user == identity.user)
        else {
            return Ok(false);
        };
        match self.account(made_for).await? {
            Some(user) => Ok(may_owe || !self.owes_second_factor(&user).await?),
            None => Ok(false),
        }
    }

    async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<Stored<T>>, StoreError> {
        self.0.cells.get(key).await?.map(|cell| decoded(&cell)).transpose()
    }

    async fn list<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<Stored<T>>, StoreError> {
        self.0.cells.scan(prefix).await?.iter().map(decoded).collect()
    }

    fn now_ms(&self) -> u64 {
        self.0.clock.now_ms()
    }
}

fn decoded<T: DeserializeOwned>(cell: &Cell) -> Result<Stored<T>, StoreError> {
    let value = serde_json::from_slice(&cell.value)
        // The reason could quote what people wrote.
        .map_err(|error| StoreError::Corrupt {
            place: format!("cell {}", cell.key),
            reason: format!(
                "not what is kept here ({:?} error at byte {})",
                error.classify(),
                error.column()
            ),
        })?;
    Ok(Stored { value, version: cell.version })
}

fn put(key: String, value: &impl Serialize) -> CellChange {
    let value = serde_json::to_vec(value).expect("what we store has no keys but text");
    CellChange::Put { key, value: Bytes::from(value) }
}

fn delete(key: String) -> CellChange {
    CellChange::Delete { key }
}

impl Identity {
    /// Whoever owns the data directory.
    pub fn operator() -> Self {
        Self {
            user: UserId::SERVER,
            name: "operator".into(),
            via: Via::Operator,
            expires_at_ms: None,
            is_administrator: true,
            only_document: None,
            guest: None,
        }
    }
}
