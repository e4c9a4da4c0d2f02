//! Statements and the documents that belong to them.

use plenary_ids::{DocumentId, GroupId, StatementId};
use plenary_permissions::{Action, Stage};
use plenary_statements::{Documents, Lifecycle, Name, Schema, Statement, StatementKind};
use plenary_storage::{Expected, StoreError};
use uuid::Uuid;

use super::{AuditAction, Authority, Directory, Note, Standing, key, put};
use crate::{auth::Identity, error::Error};

/// A statement to be started, whose documents exist already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStatement {
    /// Whose it is.
    pub group: GroupId,
    /// What it is called.
    pub title: Name,
    /// What it is to become.
    pub kind: StatementKind,
    /// What is known about its documents.
    pub schema: Schema,
    /// Where its texts are.
    pub documents: Documents,
}

/// A document that a statement says is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentOwner {
    /// The document.
    pub document: DocumentId,
    /// The statement that names it.
    pub statement: StatementId,
    /// Whether the document's own cell names the statement.
    pub is_mutual: bool,
}

impl Directory {
    /// Stores a statement. Its documents must be durable by now: a statement never points to nothing.
    ///
    /// Fails with `ChangedMeanwhile` when the word it is done on no longer counts.
    pub async fn create_statement(
        &self,
        by: impl Into<Authority>,
        new: NewStatement,
    ) -> Result<Statement, Error> {
        let Authority { actor, expected } = by.into();
        let statement = Statement {
            id: Uuid::now_v7().into(),
            group: new.group,
            title: new.title,
            kind: new.kind,
            schema: new.schema,
            documents: new.documents,
            created: self.now_ms(),
            lifecycle: Lifecycle::default(),
        };
        let changes = vec![
            put(key::statement(statement.id), &statement),
            put(key::statement_of(statement.group, statement.id), &statement.id),
            put(key::document(statement.documents.body), &statement.id),
            put(key::document(statement.documents.comments), &statement.id),
        ];
        let note = Note::new(statement.group, actor, AuditAction::StatementCreated).about(statement.id);
        self.commit_noted(changes, expected, vec![note]).await?;
        Ok(statement)
    }

    /// The statement, and what `identity` is to its group. `NotFound` alike if there is none and if they may
    /// not know.
    pub async fn statement(
        &self,
        identity: &Identity,
        statement: StatementId,
    ) -> Result<(Statement, Standing), Error> {
        let stored = self.read::<Statement>(&key::statement(statement)).await?.map(|stored| stored.value);
        let group = stored.as_ref().map_or(GroupId::from_bytes([0; 16]), |statement| statement.group);
        let group = self.stored_group(group).await?;
        let standing = self.standing(identity, group, Some(statement)).await?;
        let statement = stored.ok_or(Error::NotFound)?;
        standing.require(Action::SeeExistence)?;
        Ok((statement, standing))
    }

    /// What a statement is called, whoever asks.
    pub async fn title_of(&self, statement: StatementId) -> Result<Option<Name>, StoreError> {
        let stored = self.read::<Statement>(&key::statement(statement)).await?;
        Ok(stored.map(|stored| stored.value.title))
    }

    /// A group's statements, in the order of their start.
    pub async fn statements_of(&self, group: GroupId) -> Result<Vec<Statement>, StoreError> {
        let mut statements = Vec::new();
        for id in self.list::<StatementId>(&key::statements_of(group)).await? {
            if let Some(statement) = self.read::<Statement>(&key::statement(id.value)).await? {
                statements.push(statement.value);
            }
        }
        Ok(statements)
    }

    /// Moves a statement to another stage, under the rules of [`Lifecycle`]. Once this returns, ask the rooms to
    /// look again.
    ///
    /// Fails with `ChangedMeanwhile` when the word it is done on no longer counts.
    pub async fn move_statement(
        &self,
        by: impl Into<Authority>,
        statement: StatementId,
        to: Stage,
    ) -> Result<Statement, Error> {
        let Authority { actor, mut expected } = by.into();
        let key = key::statement(statement);
        let stored = self.read::<Statement>(&key).await?.ok_or(Error::NotFound)?;
        let mut statement = stored.value;
        let from = statement.stage();
        statement.lifecycle.move_to(to)?;
        expected.push(Expected::At { key: key.clone(), version: stored.version });
        let note = Note::new(statement.group, actor, AuditAction::StageChanged).about(statement.id);
        let note = note.from(from).to(to);
        self.commit_noted(vec![put(key, &statement)], expected, vec![note]).await?;
        Ok(statement)
    }

    /// Every document that a statement names.
    pub async fn document_owners(&self) -> Result<Vec<DocumentOwner>, StoreError> {
        let mut owners = Vec::new();
        for statement in self.list::<Statement>(key::STATEMENTS).await? {
            let Statement { id, documents, .. } = statement.value;
            for document in [documents.body, documents.comments] {
                let named = self.read::<StatementId>(&key::document(document)).await?;
                let is_mutual = named.is_some_and(|named| named.value == id);
                owners.push(DocumentOwner { document, statement: id, is_mutual });
            }
        }
        Ok(owners)
    }
}
