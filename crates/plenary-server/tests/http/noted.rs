//! A store that takes no change of people, rights or stages without an entry in an audit log in the same commit. Every
//! site of these tests has it, so each of them watches this, too.

use std::sync::Arc;

use plenary_storage::{BoxFuture, Cell, CellChange, Cells, Expected, StoreError, memory::MemoryStore};

/// What nobody writes unnoted.
const WRITTEN: [&str; 13] = [
    "embed-grant/",
    "embed-key/",
    "group/",
    "guest-link/",
    "instance",
    "invitation/",
    "member/",
    "organisation/",
    "past-member/",
    "session/",
    "statement/",
    "token/",
    "works-for/",
];

/// What nobody takes away unnoted. Other things end of themselves and are swept.
const TAKEN: [&str; 6] = ["embed-grant/", "embed-key/", "group/", "member/", "statement/", "works-for/"];

pub(crate) struct Noted(pub(crate) Arc<MemoryStore>);

impl Noted {
    fn check(&self, change: &CellChange) -> Option<String> {
        let (key, watched) = match change {
            CellChange::Put { key, .. } => (key, &WRITTEN[..]),
            CellChange::Delete { key } => (key, &TAKEN[..]),
        };
        watched.iter().any(|prefix| key.starts_with(prefix)).then(|| key.clone())
    }
}

impl Cells for Noted {
    fn get(&self, key: &str) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        self.0.get(key)
    }

    fn scan(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<Cell>, StoreError>> {
        self.0.scan(prefix)
    }

    fn commit(
        &self,
        changes: Vec<CellChange>,
        expected: Vec<Expected>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        let is_noted = changes.iter().any(|change| change.key().starts_with("audit/"));
        // A session in use is written again now and then; it was noted when it was opened.
        let is_use = changes.len() == 1 && changes[0].key().starts_with("session/") && !expected.is_empty();
        if !is_noted && !is_use {
            let unnoted: Vec<_> = changes.iter().filter_map(|change| self.check(change)).collect();
            assert!(unnoted.is_empty(), "changed without an entry in an audit log: {unnoted:?}");
        }
        self.0.commit(changes, expected)
    }
}
