//! What Plenary asks of a store: an append-only log per document, and small keyed cells.
//!
//! Two traits, asynchronous because one engine is a database server. A store never looks into the bytes.
//! Every engine passes [`mod@contract`].

pub mod cells;
pub mod contract;
pub mod error;
pub mod log;
pub mod memory;

use std::{future::Future, pin::Pin};

pub use cells::{Cell, CellChange, Cells, Expected};
pub use error::StoreError;
pub use log::{DocumentLog, DocumentSummary, Loaded, NewRecord, Record, Seq, Snapshot};

/// What the asynchronous methods of the two traits return, so that a store can be used as `Arc<dyn ...>`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
