//! A thing a group drafts.

use plenary_ids::{DocumentId, GroupId, StatementId};
use plenary_permissions::{Channel, Stage};
use serde::{Deserialize, Serialize};

use crate::{Lifecycle, Name, by_name::named};

named!(
    /// What a statement is to become.
    StatementKind, "kind of statement", {
        /// A report of several organisations to a review.
        #[default]
        JointSubmission = "joint-submission",
        /// Words spoken in a session.
        OralStatement = "oral-statement",
        /// A page or two for those who will speak.
        Brief = "brief",
        /// Whom to approach, and how.
        Strategy = "strategy",
        /// What is to happen after the review.
        FollowUpPlan = "follow-up-plan",
        /// Anything else.
        Note = "note",
    }
);

named!(
    /// What is known about the shape of a statement's Yjs documents.
    Schema, "schema", {
        /// Linear text (`plenary-text`): can be counted, numbered and exported.
        #[default]
        Linear = "linear",
        /// Another editor's own: synced, stored, versioned and permissioned just the same.
        Any = "any",
    }
);

/// The documents of a statement. Other readers or writers means another document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documents {
    /// The text.
    pub body: DocumentId,
    /// What is said about it.
    pub comments: DocumentId,
}

impl Documents {
    /// The document of `channel`.
    pub const fn get(&self, channel: Channel) -> DocumentId {
        match channel {
            Channel::Body => self.body,
            Channel::Comments => self.comments,
        }
    }
}

/// A thing a group drafts, signs and submits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Its id.
    pub id: StatementId,
    /// Whose it is. A statement never changes hands.
    pub group: GroupId,
    /// What it is called.
    pub title: Name,
    /// What it is to become.
    pub kind: StatementKind,
    /// What is known about its documents.
    pub schema: Schema,
    /// Where its texts are.
    pub documents: Documents,
    /// When it was started.
    pub created: u64,
    /// How far it is.
    #[serde(rename = "stage")]
    pub lifecycle: Lifecycle,
}

impl Statement {
    /// How far it is.
    pub const fn stage(&self) -> Stage {
        self.lifecycle.stage()
    }
}
