//! Whether this process may go on: fit, draining, or with a failed store.
//!
//! The stores handed to the server are wrapped here, so that a final failure is noticed wherever it surfaces,
//! whoever asked.

use std::sync::Arc;

use plenary_ids::DocumentId;
use plenary_storage::{
    BoxFuture, Cell, CellChange, Cells, DocumentLog, DocumentSummary, Expected, Loaded, NewRecord, Record,
    Seq, Snapshot, StoreError,
};
use tokio::sync::watch;

/// What the process is fit for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitness {
    /// Everything.
    Ready,
    /// Ending: what is open is finished, nothing new is begun.
    Draining,
    /// The store failed for good. Readers are served from what is durable; writers are sent away; the process
    /// ends soon so that its supervisor starts it afresh.
    StoreFailed,
}

/// The process's fitness, shared by everything that must know.
#[derive(Clone, Debug)]
pub struct Health(Arc<watch::Sender<Fitness>>);

impl Default for Health {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Fitness::Ready)))
    }
}

impl Health {
    /// How things stand.
    pub fn fitness(&self) -> Fitness {
        *self.0.borrow()
    }

    /// Follows the changes; the present value counts as seen.
    pub fn subscribe(&self) -> watch::Receiver<Fitness> {
        self.0.subscribe()
    }

    /// The store failed for good. Outlasts draining; said again it changes nothing.
    pub fn store_failed(&self, reason: &str) {
        let news = self.0.send_if_modified(|fitness| {
            let news = *fitness != Fitness::StoreFailed;
            *fitness = Fitness::StoreFailed;
            news
        });
        if news {
            tracing::error!(reason, "the store failed; the process will end");
        }
    }

    /// The process is asked to end.
    pub fn drain(&self) {
        self.0.send_if_modified(|fitness| {
            let news = *fitness == Fitness::Ready;
            if news {
                *fitness = Fitness::Draining;
            }
            news
        });
    }

    fn note<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Failed { reason }) = &outcome {
            self.store_failed(reason);
        }
        outcome
    }
}

/// A store whose final failure is noted in [`Health`].
pub(crate) struct Watched<S: ?Sized> {
    pub(crate) store: Arc<S>,
    pub(crate) health: Health,
}

impl DocumentLog for Watched<dyn DocumentLog> {
    fn append(
        &self,
        document: DocumentId,
        records: Vec<NewRecord>,
    ) -> BoxFuture<'_, Result<Seq, StoreError>> {
        Box::pin(async move { self.health.note(self.store.append(document, records).await) })
    }

    fn load(&self, document: DocumentId) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        Box::pin(async move { self.health.note(self.store.load(document).await) })
    }

    fn history(
        &self,
        document: DocumentId,
        from: Seq,
        to: Seq,
    ) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        Box::pin(async move { self.health.note(self.store.history(document, from, to).await) })
    }

    fn documents(&self) -> BoxFuture<'_, Result<Vec<DocumentSummary>, StoreError>> {
        Box::pin(async move { self.health.note(self.store.documents().await) })
    }

    fn compact(&self, document: DocumentId, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.health.note(self.store.compact(document, snapshot).await) })
    }

    fn destroy(&self, document: DocumentId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.health.note(self.store.destroy(document).await) })
    }
}

impl Cells for Watched<dyn Cells> {
    fn get(&self, key: &str) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        let key = key.to_owned();
        Box::pin(async move { self.health.note(self.store.get(&key).await) })
    }

    fn scan(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<Cell>, StoreError>> {
        let prefix = prefix.to_owned();
        Box::pin(async move { self.health.note(self.store.scan(&prefix).await) })
    }

    fn commit(
        &self,
        changes: Vec<CellChange>,
        expected: Vec<Expected>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.health.note(self.store.commit(changes, expected).await) })
    }
}
