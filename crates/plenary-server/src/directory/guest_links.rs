//! Links by which guests come into one statement, and the guests who came.
//!
//! A link rests on the rights of whoever made it, which are asked each time a guest asks for something. So nothing has
//! to be done to a link when its maker is removed, but to look again at the sockets that are open.

use plenary_ids::{GuestLinkId, StatementId, UserId};
use plenary_permissions::{Action, Role, Subject};
use plenary_statements::{
    GUEST_LINK_MS_MAX, GUEST_LINK_USES_MAX, Group, Guest, GuestLink, GuestLinkState, Membership, Name, Switch,
};
use plenary_storage::{Expected, StoreError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Actor, AuditAction, Authority, Directory, Note, Standing, Stored, decoded, delete, key, put};
use crate::{
    auth::{AuthError, GuestOf, Identity, SecretHash, Via, new_secret},
    error::Error,
};

/// Links of one statement: a few for the partners of each organisation.
const LINKS_OF_STATEMENT_MAX: usize = 50;

// Many may come at once, and each writes the link.
const TRIES_MAX: usize = 20;

/// How long a link that is over is still listed.
const KEPT_MS: u64 = 30 * 24 * 3_600_000;

/// A link to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewGuestLink {
    /// At most this role's rights.
    pub role: Role,
    /// How many it lets in.
    pub uses_max: u32,
    /// How long it lasts, in milliseconds.
    pub expires_in_ms: u64,
}

/// A link as those see it who manage it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestLinkView {
    /// The link.
    pub link: GuestLink,
    /// Whether it lets anybody else in.
    pub state: GuestLinkState,
    /// Who came.
    pub guests: Vec<Guest>,
}

/// A link as it is stored.
#[derive(Clone, Serialize, Deserialize)]
struct KeptLink {
    link: GuestLink,
    /// The secret's hash, to find its cell by.
    secret: String,
}

/// A guest's stay in a browser.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct GuestSession {
    user: UserId,
    expires: u64,
}

/// A link with all that it rests on.
struct Backed {
    kept: Stored<KeptLink>,
    group: Stored<Group>,
    creator: Option<Membership>,
}

impl Backed {
    fn subject(&self, now: u64) -> Subject {
        self.kept.value.link.subject(now, &self.group.value, self.creator.as_ref())
    }

    fn state(&self, now: u64) -> GuestLinkState {
        self.kept.value.link.state(now, &self.group.value, self.creator.as_ref())
    }
}

impl Directory {
    /// Makes a link to a statement; returns its secret and what is stored.
    ///
    /// `standing`: what `identity` is to the statement's group; it says whether they may.
    pub async fn create_guest_link(
        &self,
        identity: &Identity,
        standing: &Standing,
        statement: StatementId,
        new: NewGuestLink,
    ) -> Result<(String, GuestLink), Error> {
        let statement = self.read::<plenary_statements::Statement>(&key::statement(statement)).await?;
        let statement = statement.ok_or(Error::NotFound)?.value;
        standing.require_at(Action::CreateGuestLink, statement.stage())?;
        new.check(standing)?;
        let links = self.0.cells.scan(&key::guest_links_of(statement.id)).await?.len();
        if links >= LINKS_OF_STATEMENT_MAX {
            return Err(Error::TooMany { what: "links to this statement", limit: LINKS_OF_STATEMENT_MAX });
        }
        let now = self.now_ms();
        let link = GuestLink {
            id: Uuid::now_v7().into(),
            group: statement.group,
            statement: statement.id,
            role: new.role,
            creator: identity.user,
            created: now,
            expires: now.saturating_add(new.expires_in_ms),
            uses_max: new.uses_max,
            uses: 0,
        };
        let (secret, hash) = new_secret();
        let kept = KeptLink { link: link.clone(), secret: hash.to_string() };
        let changes = vec![
            put(key::guest_link(link.id), &kept),
            put(key::guest_link_of(statement.id, link.id), &link.id),
            put(key::guest_link_secret(&kept.secret), &link.id),
        ];
        let Authority { actor, expected } = standing.authority(identity);
        let note = Note::new(link.group, actor, AuditAction::GuestLinkCreated).about(link.id);
        let note = note.about(statement.id).to(link.role);
        self.commit_noted(changes, expected, vec![note]).await?;
        Ok((secret, link))
    }

    /// A statement's links, in the order of their making.
    pub async fn guest_links(&self, statement: StatementId) -> Result<Vec<GuestLinkView>, StoreError> {
        let mut views = Vec::new();
        for id in self.list::<GuestLinkId>(&key::guest_links_of(statement)).await? {
            // It may have been revoked between the two reads.
            let Some(backed) = self.backed_link(id.value).await? else { continue };
            let mut guests = Vec::new();
            for user in self.list::<UserId>(&key::guests_of(id.value)).await? {
                guests.extend(self.guest(user.value).await?);
            }
            let state = backed.state(self.now_ms());
            views.push(GuestLinkView { link: backed.kept.value.link, state, guests });
        }
        Ok(views)
    }

    /// Takes a statement's link back. Once this returns, ask the rooms to look again at those who came by it.
    pub async fn revoke_guest_link(
        &self,
        by: impl Into<Authority>,
        statement: StatementId,
        link: GuestLinkId,
    ) -> Result<(), Error> {
        let Authority { actor, mut expected } = by.into();
        let key = key::guest_link(link);
        let stored = self.read::<KeptLink>(&key).await?;
        let stored = stored.filter(|stored| stored.value.link.statement == statement);
        let Stored { value, version } = stored.ok_or(Error::NotFound)?;
        expected.push(Expected::At { key: key.clone(), version });
        let changes = vec![
            delete(key),
            delete(key::guest_link_of(statement, link)),
            delete(key::guest_link_secret(&value.secret)),
        ];
        let note = Note::new(value.link.group, actor, AuditAction::GuestLinkRevoked).about(link);
        self.commit_noted(changes, expected, vec![note.about(statement)]).await?;
        Ok(())
    }

    /// The link that a secret opens, if it still lets anybody in. Changes nothing.
    pub async fn open_guest_link(&self, secret: &str) -> Result<GuestLink, Error> {
        let backed = self.link_by_secret(secret).await?;
        match backed.state(self.now_ms()) {
            GuestLinkState::Open => Ok(backed.kept.value.link),
            GuestLinkState::UsedUp | GuestLinkState::Expired | GuestLinkState::Void => Err(Error::LinkOver),
        }
    }

    /// Lets a guest in: uses the link once, durably, and returns the secret for the cookie.
    pub async fn redeem_guest_link(&self, secret: &str, name: Name) -> Result<(String, Identity), Error> {
        let user = UserId::from(Uuid::now_v7());
        let (session_secret, session) = new_secret();
        for _ in 0..TRIES_MAX {
            let backed = self.link_by_secret(secret).await?;
            let now = self.now_ms();
            if backed.state(now) != GuestLinkState::Open {
                return Err(Error::LinkOver);
            }
            let Stored { value: mut kept, version } = backed.kept;
            kept.link.uses += 1;
            let link = kept.link.clone();
            let guest = Guest { user, name: name.clone(), link: link.id, since: now };
            let expires = link.expires.min(now.saturating_add(self.0.config.session_max.as_ms()));
            let changes = vec![
                put(key::guest_link(link.id), &kept),
                put(key::guest(user), &guest),
                put(key::guest_of(link.id, user), &user),
                put(key::guest_session(session), &GuestSession { user, expires }),
            ];
            let expected = vec![
                Expected::At { key: key::guest_link(link.id), version },
                // Each change of members writes the group: the creator's rights are still what they were.
                Expected::At { key: key::group(link.group), version: backed.group.version },
            ];
            let identity = guest_identity(&guest, &link, session, expires);
            let note = Note::new(link.group, Actor::of(&identity), AuditAction::GuestLinkUsed).about(link.id);
            match self.commit_noted(changes, expected, vec![note.about(link.statement)]).await {
                Ok(()) => return Ok((session_secret, identity)),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::ChangedMeanwhile)
    }

    /// A guest who came by some link, which may be over.
    pub async fn guest(&self, user: UserId) -> Result<Option<Guest>, StoreError> {
        Ok(self.read(&key::guest(user)).await?.map(|stored| stored.value))
    }

    /// The link by which a guest came, if it still stands.
    pub async fn link_of_guest(&self, identity: &Identity) -> Result<Option<GuestLink>, StoreError> {
        let Some(GuestOf { link, .. }) = identity.guest else { return Ok(None) };
        let backed = self.backed_link(link).await?;
        let standing = backed.filter(|backed| backed.subject(self.now_ms()) != Subject::Outsider);
        Ok(standing.map(|backed| backed.kept.value.link))
    }

    /// Recognises a guest by the secret of their cookie.
    pub(super) async fn guest_identity(&self, secret: &str) -> Result<Identity, AuthError> {
        let hash = SecretHash::of(secret);
        let session = self.guest_session(hash).await?.ok_or(AuthError::Invalid)?;
        let guest = self.guest(session.user).await?.ok_or(AuthError::Invalid)?;
        let backed = self.backed_link(guest.link).await?.ok_or(AuthError::Invalid)?;
        if backed.subject(self.now_ms()) == Subject::Outsider {
            return Err(AuthError::Invalid);
        }
        Ok(guest_identity(&guest, &backed.kept.value.link, hash, session.expires))
    }

    pub(super) async fn guest_session_holds(
        &self,
        hash: SecretHash,
        user: UserId,
    ) -> Result<bool, StoreError> {
        Ok(self.guest_session(hash).await?.is_some_and(|session| session.user == user))
    }

    /// Ends a guest's stay. Ok, too, if there is none.
    pub async fn close_guest_session(&self, hash: SecretHash) -> Result<(), Error> {
        self.0.cells.commit(vec![delete(key::guest_session(hash))], Vec::new()).await?;
        Ok(())
    }

    /// Who a guest is to `group` and `statement`: somebody to the statement of their link alone.
    pub(super) async fn guest_subject(
        &self,
        identity: &Identity,
        group: Option<&Stored<Group>>,
        statement: Option<StatementId>,
    ) -> Result<Subject, StoreError> {
        let (Some(GuestOf { link, .. }), Some(group)) = (identity.guest, group) else {
            return Ok(Subject::Outsider);
        };
        let Some(kept) = self.read::<KeptLink>(&key::guest_link(link)).await? else {
            return Ok(Subject::Outsider);
        };
        let link = kept.value.link;
        if statement != Some(link.statement) || group.value.id != link.group {
            return Ok(Subject::Outsider);
        }
        let creator = self.backing(&link).await?;
        Ok(link.subject(self.now_ms(), &group.value, creator.as_ref()))
    }

    /// Removes stays and links that have ended of themselves. Returns how many.
    pub async fn sweep_guests(&self) -> Result<usize, StoreError> {
        let now = self.now_ms();
        let mut ended = Vec::new();
        for cell in self.0.cells.scan(key::GUEST_SESSIONS).await? {
            if decoded::<GuestSession>(&cell)?.value.expires <= now {
                ended.push(vec![delete(cell.key)]);
            }
        }
        for cell in self.0.cells.scan(key::GUEST_LINKS).await? {
            let KeptLink { link, secret } = decoded::<KeptLink>(&cell)?.value;
            if link.expires.saturating_add(KEPT_MS) <= now {
                ended.push(vec![
                    delete(cell.key),
                    delete(key::guest_link_of(link.statement, link.id)),
                    delete(key::guest_link_secret(&secret)),
                ]);
            }
        }
        let count = ended.len();
        // Commits stay small: one flush each, and no writer waits behind a large one.
        for some in ended.chunks(30) {
            self.0.cells.commit(some.concat(), Vec::new()).await?;
        }
        Ok(count)
    }

    async fn guest_session(&self, hash: SecretHash) -> Result<Option<GuestSession>, StoreError> {
        let stored = self.read::<GuestSession>(&key::guest_session(hash)).await?;
        Ok(stored.map(|stored| stored.value).filter(|session| session.expires > self.now_ms()))
    }

    async fn link_by_secret(&self, secret: &str) -> Result<Backed, Error> {
        let hash = SecretHash::of(secret).to_string();
        let id = self.read::<GuestLinkId>(&key::guest_link_secret(&hash)).await?.ok_or(Error::LinkOver)?;
        self.backed_link(id.value).await?.ok_or(Error::LinkOver)
    }

    async fn backed_link(&self, id: GuestLinkId) -> Result<Option<Backed>, StoreError> {
        let Some(kept) = self.read::<KeptLink>(&key::guest_link(id)).await? else { return Ok(None) };
        let Some(group) = self.stored_group(kept.value.link.group).await? else { return Ok(None) };
        let creator = self.backing(&kept.value.link).await?;
        Ok(Some(Backed { kept, group, creator }))
    }

    /// The place of whoever made a link; a closed account has none.
    async fn backing(&self, link: &GuestLink) -> Result<Option<Membership>, StoreError> {
        let is_open = self.user(link.creator).await?.is_some_and(|user| !user.closed);
        let place = self.read::<Membership>(&key::member(link.group, link.creator)).await?;
        Ok(place.map(|stored| stored.value).filter(|_| is_open))
    }
}

impl NewGuestLink {
    /// Whether somebody who may make links may make this one.
    fn check(&self, standing: &Standing) -> Result<(), Error> {
        let invalid = |field, reason: String| Err(Error::Invalid { field, reason });
        if self.role == Role::Coordinator {
            return invalid("role", "a guest is a commenter, an observer or a drafter".into());
        }
        if self.role == Role::Drafter && !standing.has_switched_on(Switch::GuestsDraft) {
            let reason = "guests do not draft in this group; a coordinator can switch on `guests-draft`";
            return invalid("role", reason.into());
        }
        if self.uses_max == 0 || self.uses_max > GUEST_LINK_USES_MAX {
            return invalid("uses", format!("must be 1 to {GUEST_LINK_USES_MAX}"));
        }
        if self.expires_in_ms == 0 || self.expires_in_ms > GUEST_LINK_MS_MAX {
            let days = GUEST_LINK_MS_MAX / 86_400_000;
            return invalid("expires", format!("must be more than nothing and at most {days}d"));
        }
        Ok(())
    }
}

fn guest_identity(guest: &Guest, link: &GuestLink, session: SecretHash, expires: u64) -> Identity {
    Identity {
        user: guest.user,
        name: guest.name.to_string(),
        via: Via::Guest(session),
        expires_at_ms: Some(expires.min(link.expires)),
        is_administrator: false,
        only_document: None,
        guest: Some(GuestOf { link: link.id, creator: link.creator }),
    }
}
