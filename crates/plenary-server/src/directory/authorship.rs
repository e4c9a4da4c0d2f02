//! Whether the members of a document's group may pass on what others wrote.

use plenary_ids::{DocumentId, StatementId};
use plenary_permissions::Authorship;
use plenary_statements::Statement;
use plenary_storage::StoreError;

use super::{Directory, key};

impl Directory {
    /// What the group of `document` has chosen; strict for a document that belongs to none.
    pub async fn authorship(&self, document: DocumentId) -> Result<Authorship, StoreError> {
        let Some(owner) = self.read::<StatementId>(&key::document(document)).await? else {
            return Ok(Authorship::Strict);
        };
        let Some(statement) = self.read::<Statement>(&key::statement(owner.value)).await? else {
            return Ok(Authorship::Strict);
        };
        let group = self.stored_group(statement.value.group).await?;
        Ok(group.map_or(Authorship::Strict, |group| group.value.authorship))
    }
}
