//! Who there is and what belongs to whom: users, groups, members, statements, sessions, tokens, tickets.
//!
//! Kept in [`Cells`] as JSON. What follows from it is asked of `plenary-permissions`.

use std::sync::Arc;

use plenary_ids::{DocumentId, GroupId, StatementId};
use plenary_permissions::{Access, Channel, Stage};
use plenary_storage::{Cells, StoreError};

use crate::{
    auth::{AuthError, Credential, Identity},
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

/// The directory. Cheap to clone.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    cells: Arc<dyn Cells>,
    config: Arc<Config>,
    clock: Clock,
}

impl Directory {
    /// Over these cells.
    pub fn new(cells: Arc<dyn Cells>, config: Arc<Config>, clock: Clock) -> Self {
        Self(Arc::new(Inner { cells, config, clock }))
    }

    /// Recognises a caller. A ticket is used up by this, whatever comes of it.
    pub async fn authenticate(&self, credential: Credential) -> Result<Identity, AuthError> {
        let _ = (&self.0.cells, &self.0.config, &self.0.clock, credential);
        Err(AuthError::Invalid)
    }

    /// What `identity` may do with `document` at this moment: whether its sign-in still holds is asked, too.
    ///
    /// The same work is done for a document that does not exist as for one of another group.
    pub async fn access(&self, identity: &Identity, document: DocumentId) -> Result<Grant, Denied> {
        let _ = (identity, document);
        Err(Denied::NotFound)
    }
}
