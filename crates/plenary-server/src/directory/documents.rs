//! What a document belongs to, and what follows from that.

use plenary_ids::{DocumentId, StatementId};
use plenary_permissions::Authorship;
use plenary_statements::Statement;
use plenary_storage::StoreError;

use super::{Directory, key};

impl Directory {
    /// The statement that a document belongs to.
    pub async fn statement_of(&self, document: DocumentId) -> Result<Option<StatementId>, StoreError> {
        Ok(self.read::<StatementId>(&key::document(document)).await?.map(|stored| stored.value))
    }

    /// What the group of a document has chosen; strict for a document that belongs to none.
    pub async fn authorship(&self, document: DocumentId) -> Result<Authorship, StoreError> {
        let Some(owner) = self.statement_of(document).await? else {
            return Ok(Authorship::Strict);
        };
        let Some(statement) = self.read::<Statement>(&key::statement(owner)).await? else {
            return Ok(Authorship::Strict);
        };
        let group = self.stored_group(statement.value.group).await?;
        Ok(group.map_or(Authorship::Strict, |group| group.value.authorship))
    }
}
