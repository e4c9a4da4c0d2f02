//! Whether everything stored is whole: the store's own pieces, each document, and what points to what.

use std::{collections::HashSet, fmt::Display, sync::Arc};

use plenary_ids::{DocumentId, StatementId};
use plenary_room::LiveDocument;
use plenary_storage::{BoxFuture, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, directory::AuditDamage, rooms};

/// What a store says about its own pieces, below documents.
pub trait StoreCheck: Send + Sync + 'static {
    /// Reads everything there is and names what is damaged. Changes nothing.
    fn check(&self) -> BoxFuture<'_, Result<StoreReport, StoreError>>;
}

/// What [`StoreCheck`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreReport {
    /// How many records were read.
    pub records: u64,
    /// What is damaged, one line each: where, and what is wrong.
    pub damage: Vec<String>,
}

/// What was found in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Report {
    /// Nothing is damaged. There may be orphans.
    pub whole: bool,
    /// Records read by the store's own check; `None` if this store has none.
    pub records: Option<u64>,
    /// Documents read.
    pub documents: usize,
    /// Statements whose documents were looked for.
    pub statements: usize,
    /// Entries of audit logs whose chains were followed.
    pub audit_entries: u64,
    /// What is damaged.
    pub damage: Vec<Damage>,
    /// Documents that belong to no statement: left behind when the server ended between storing a document and its
    /// statement. They do no harm.
    #[schema(value_type = Vec<Uuid>)]
    pub orphans: Vec<DocumentId>,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Damage {
    /// A piece of the store.
    Store {
        /// Where, and what is wrong.
        reason: String,
    },
    /// A document that cannot be read or built.
    Document {
        /// Which.
        #[schema(value_type = Uuid)]
        document: DocumentId,
        /// What is wrong.
        reason: String,
    },
    /// An audit log of which an entry is missing, added or changed.
    Audit {
        /// `instance`, or the group's id.
        log: String,
        /// At which entry.
        seq: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A statement names a document that does not exist.
    DocumentMissing {
        /// The statement.
        #[schema(value_type = Uuid)]
        statement: StatementId,
        /// What it names.
        #[schema(value_type = Uuid)]
        document: DocumentId,
    },
    /// A document does not know the statement that names it, so nobody can open it.
    DocumentUnlinked {
        /// The statement.
        #[schema(value_type = Uuid)]
        statement: StatementId,
        /// What it names.
        #[schema(value_type = Uuid)]
        document: DocumentId,
    },
}

/// Reads everything. Takes a while, and memory for one document at a time; changes nothing.
///
/// On a running server what is written meanwhile may or may not be read; it is never taken for damage.
pub async fn verify(app: &App, check: Option<Arc<dyn StoreCheck>>) -> Result<Report, StoreError> {
    let mut damage = Vec::new();
    let mut records = None;
    if let Some(check) = check {
        let report = check.check().await?;
        records = Some(report.records);
        damage.extend(report.damage.into_iter().map(|reason| Damage::Store { reason }));
    }

    let audit = app.directory.check_audit().await?;
    damage.extend(audit.damage.into_iter().map(|AuditDamage { log, seq, reason }| Damage::Audit {
        log,
        seq,
        reason,
    }));

    // Statements first: what they name is older than they are, so a statement started meanwhile is not seen to
    // name a document we did not look for.
    let owners = app.directory.document_owners().await?;
    let summaries = app.log.documents().await?;
    for summary in &summaries {
        if let Err(reason) = build(app, summary.document).await {
            damage.push(Damage::Document { document: summary.document, reason });
        }
    }
    let stored: HashSet<DocumentId> = summaries.iter().map(|summary| summary.document).collect();
    for owner in &owners {
        let (statement, document) = (owner.statement, owner.document);
        if !stored.contains(&document) {
            damage.push(Damage::DocumentMissing { statement, document });
        } else if !owner.is_mutual {
            damage.push(Damage::DocumentUnlinked { statement, document });
        }
    }
    // Asked again: a document whose statement was stored meanwhile is no orphan.
    let owners = app.directory.document_owners().await?;
    let owned: HashSet<DocumentId> = owners.iter().map(|owner| owner.document).collect();
    let statements: HashSet<StatementId> = owners.iter().map(|owner| owner.statement).collect();
    let mut orphans: Vec<DocumentId> = stored.difference(&owned).copied().collect();
    orphans.sort_unstable();
    Ok(Report {
        whole: damage.is_empty(),
        records,
        documents: summaries.len(),
        statements: statements.len(),
        audit_entries: audit.entries,
        damage,
        orphans,
    })
}

/// Brings a document to life and encodes it, as a join would; and asks its history whether what is kept of who wrote
/// what is what the records say.
async fn build(app: &App, document: DocumentId) -> Result<(), String> {
    let told = async {
        let loaded = rooms::load(&*app.log, document).await?;
        let covered = loaded.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
        Ok((loaded, rooms::retell(&*app.log, document, covered).await?))
    };
    let (loaded, (retold, left_out)) = match told.await {
        Ok(told) => told,
        // Destroyed since it was listed.
        Err(StoreError::NotFound) => return Ok(()),
        Err(error) => return Err(StoreError::to_string(&error)),
    };
    tokio::task::spawn_blocking(move || {
        let document = LiveDocument::load(&loaded).map_err(|error| error.to_string())?;
        let unlike = |reason: &dyn Display| Err(format!("who wrote what is not as recorded: {reason}"));
        if let Err(error) = document.check_attribution() {
            return unlike(&error);
        }
        // What was left out of the history cannot be compared.
        if let Some(run) = document.attribution().first_unlike(&retold)
            && left_out == 0
        {
            return unlike(&format_args!("client {}, clock {}", run.client, run.clocks.start));
        }
        document.state().map(drop).map_err(|error| error.to_string())
    })
    .await
    .unwrap_or_else(|_| Err("building it broke off".into()))
}
