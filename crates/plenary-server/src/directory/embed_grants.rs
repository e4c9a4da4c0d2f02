//! The groups that let an embedding site vouch for people in them.

use plenary_ids::{GroupId, HostId, StatementId};
use plenary_permissions::{Action, DenyReason, Role, Stage};
use plenary_statements::{Group, Statement};
use plenary_storage::{Expected, StoreError};
use serde::{Deserialize, Serialize};

use super::{
    AuditAction, Authority, Directory, EmbedKey, Note, Standing, Stored, delete,
    embed_keys::{by_role, check_issuer, check_role, host, invalid},
    key, put,
};
use crate::{
    auth::{Identity, Via},
    error::Error,
};

/// Statements that one grant may name.
pub const EMBED_STATEMENTS_MAX: usize = 50;

/// Sites that a group may let in.
const GRANTS_OF_GROUP_MAX: usize = 50;

/// A group lets a site vouch for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedGrant {
    /// The site.
    pub host: HostId,
    /// Its issuer.
    pub issuer: String,
    /// The group.
    pub group: GroupId,
    /// At most this role's rights.
    #[serde(with = "by_role")]
    pub role: Role,
    /// In these statements; `None`: in all there are and will be.
    pub statements: Option<Vec<StatementId>>,
    /// When it was given.
    pub created: u64,
}

/// A grant to be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEmbedGrant {
    /// The site's issuer.
    pub issuer: String,
    /// At most this role's rights.
    pub role: Role,
    /// In these statements; `None`: in all.
    pub statements: Option<Vec<StatementId>>,
}

impl Directory {
    /// Lets a site vouch for people in a group, in place of what it was let do before. Once this returns, ask the rooms
    /// to look again.
    ///
    /// `standing`: what `identity` is to the group; it says whether they may.
    pub async fn grant_embedding(
        &self,
        identity: &Identity,
        standing: &Standing,
        group: GroupId,
        new: NewEmbedGrant,
    ) -> Result<EmbedGrant, Error> {
        may_grant(identity, standing)?;
        let NewEmbedGrant { issuer, role, statements } = new;
        check_issuer(&issuer)?;
        check_role(role)?;
        self.check_statements(group, statements.as_deref()).await?;
        let host = host(&issuer);
        if self.read::<String>(&key::embed_host(host)).await?.is_none() {
            return Err(invalid("issuer", "no key of this site is registered; an administrator does that"));
        }
        let place = key::embed_grant(group, host);
        let grants = self.0.cells.scan(&key::embed_grants_of(group)).await?;
        if grants.len() >= GRANTS_OF_GROUP_MAX && !grants.iter().any(|grant| grant.key == place) {
            return Err(Error::TooMany { what: "sites in this group", limit: GRANTS_OF_GROUP_MAX });
        }
        let grant = EmbedGrant { host, issuer, group, role, statements, created: self.now_ms() };
        let Authority { actor, expected } = standing.authority(identity);
        let note = Note::new(group, actor, AuditAction::EmbedGrantCreated).about(host).to(role);
        self.commit_noted(vec![put(place, &grant)], expected, vec![note]).await?;
        Ok(grant)
    }

    async fn check_statements(
        &self,
        group: GroupId,
        statements: Option<&[StatementId]>,
    ) -> Result<(), Error> {
        let Some(statements) = statements else { return Ok(()) };
        if statements.is_empty() || statements.len() > EMBED_STATEMENTS_MAX {
            return Err(invalid(
                "statements",
                format!("must be from 1 to {EMBED_STATEMENTS_MAX}, or left away for all"),
            ));
        }
        for statement in statements {
            let stored = self.read::<Statement>(&key::statement(*statement)).await?;
            if stored.is_none_or(|stored| stored.value.group != group) {
                return Err(invalid("statements", format!("the group has no statement {statement}")));
            }
        }
        Ok(())
    }

    /// The sites that a group lets vouch for people.
    pub async fn embed_grants(&self, group: GroupId) -> Result<Vec<EmbedGrant>, StoreError> {
        Ok(self.list(&key::embed_grants_of(group)).await?.into_iter().map(|stored| stored.value).collect())
    }

    /// Ends what a site was let do in a group. Once this returns, ask the rooms to look again.
    pub async fn withdraw_embedding(
        &self,
        identity: &Identity,
        standing: &Standing,
        group: GroupId,
        host: HostId,
    ) -> Result<(), Error> {
        match may_grant(identity, standing) {
            // Whom nobody may let in any more, one may still put out.
            Ok(()) | Err(Error::Denied(DenyReason::Archived)) => {}
            Err(refused) => return Err(refused),
        }
        let place = key::embed_grant(group, host);
        let stored = self.read::<EmbedGrant>(&place).await?.ok_or(Error::NotFound)?;
        let Authority { actor, mut expected } = standing.authority(identity);
        expected.push(Expected::At { key: place.clone(), version: stored.version });
        let note = Note::new(group, actor, AuditAction::EmbedGrantRevoked);
        let note = note.about(host).from(stored.value.role);
        self.commit_noted(vec![delete(place)], expected, vec![note]).await?;
        Ok(())
    }

    /// As what a key's site may vouch in a statement of a group, at most; `None`: not at all.
    pub(super) async fn embed_cap(
        &self,
        key: &EmbedKey,
        group: Option<&Stored<Group>>,
        statement: Option<StatementId>,
    ) -> Result<Option<Role>, StoreError> {
        let id = group.map_or(GroupId::from_bytes([0; 16]), |group| group.value.id);
        let grant = self.read::<EmbedGrant>(&key::embed_grant(id, key.host())).await?;
        let covers = |grant: &EmbedGrant| match (&grant.statements, statement) {
            (None, Some(_)) => true,
            (Some(some), Some(statement)) => some.contains(&statement),
            (_, None) => false,
        };
        Ok(grant.map(|stored| stored.value).filter(covers).map(|grant| grant.role.min(key.role)))
    }
}

/// Whether somebody may decide which sites vouch for people in a group.
pub fn may_grant(identity: &Identity, standing: &Standing) -> Result<(), Error> {
    // Whoever has the data directory can make themselves anybody; done here, it is in the group's log.
    if identity.via == Via::Operator {
        return standing.require(Action::SeeGroup);
    }
    // The table has the same answer at every stage.
    standing.require_at(Action::CreateEmbedGrant, Stage::Draft)
}
