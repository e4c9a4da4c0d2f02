//! The store: what it holds, what a crash leaves of it.

use plenary_gate::Limits;
use plenary_room::{AppendFailure, Input, LiveDocument, LoadedDocument, LoadedSnapshot};
use plenary_storage::{NewRecord, Record, Snapshot, StoreError};

use super::{DOCUMENT, Event, World};

impl World {
    pub(super) fn load(&self) -> Result<LoadedDocument, StoreError> {
        let loaded = self.store.load_now(DOCUMENT)?;
        let snapshot = loaded.snapshot.map(|Snapshot { seq, state, attribution }| LoadedSnapshot {
            seq,
            state,
            attribution,
        });
        Ok(LoadedDocument { snapshot, tail: loaded.tail.into_iter().map(from_store).collect() })
    }

    pub(super) fn due_flush(&mut self) {
        if !self.flush_is_due {
            self.flush_is_due = true;
            let slow = self.rng.u32(0..10) == 0;
            self.after(if slow { 200..1_500 } else { 0..40 }, Event::Flush);
        }
    }

    pub(super) fn flush(&mut self) {
        self.flush_is_due = false;
        let Some(flushed) = self.store.flush_next() else {
            return;
        };
        if self.store.waiting() > 0 {
            self.due_flush();
        }
        let is_append = self.appends.remove(&flushed.token);
        match flushed.result {
            Ok(seq) => {
                self.read_durable();
                if is_append {
                    self.handle(Input::Appended { seq });
                    self.turn();
                }
            }
            Err(StoreError::Full { .. }) => {
                self.count("refused for want of space");
                if is_append {
                    self.forget_undurable();
                    self.handle(Input::AppendFailed(AppendFailure::Full));
                }
            }
            Err(StoreError::BeyondHead { .. }) => self.fail("a snapshot beyond the head"),
            Err(_) => {
                self.handle(Input::AppendFailed(AppendFailure::Failed));
                self.crash();
            }
        }
    }

    pub(super) fn crash(&mut self) {
        self.room = None;
        self.is_down = true;
        self.mailbox.clear();
        let connections: Vec<_> = self.connections.keys().copied().collect();
        for id in connections {
            self.cut(id);
        }
        let kept = self.rng.usize(0..=self.store.waiting());
        self.store.crash_keeping(kept);
        self.store.hold();
        self.appends.clear();
        self.read_durable();
        self.forget_undurable();
        self.after(100..2_000, Event::Restart);
    }

    /// What was not durable is gone, and its seqs are used again.
    pub(super) fn forget_undurable(&mut self) {
        let head = self.head;
        self.barred.values_mut().for_each(|barred| *barred = head.min(*barred));
    }

    pub(super) fn restart(&mut self) {
        self.is_down = false;
    }

    /// Looks at what is on disk now, and since when each client's edits are.
    pub(super) fn read_durable(&mut self) {
        self.version += 1;
        let stored = self.load().expect("the document is there");
        let head = self.store.load_now(DOCUMENT).expect("the document is there").head();
        self.head = head;
        let document = match LiveDocument::load(&stored) {
            Ok(document) => document,
            Err(error) => return self.fail(format!("the store holds what cannot be loaded: {error}")),
        };
        self.durable = document.known().clone();
        self.check_authors(document.attribution());
        self.date_updates();
    }

    /// Notes since when each update is on disk. One that changes nothing is on disk at once.
    pub(super) fn date_updates(&mut self) {
        let version = self.version;
        for client in &mut self.clients {
            for update in client.updates.iter_mut().filter(|update| update.durable_since.is_none()) {
                if self.durable.has_all_of(&update.bytes, &Limits::stored()) {
                    update.durable_since = Some(version);
                }
            }
        }
    }

    pub(super) fn is_durable(&self, update: &[u8]) -> bool {
        self.durable.has_all_of(update, &Limits::stored())
    }
}

pub(super) fn to_store(record: plenary_room::NewRecord) -> NewRecord {
    let plenary_room::NewRecord { user, at_ms, update, relayed } = record;
    NewRecord { user, at_ms, update, relayed }
}

pub(super) fn from_store(record: Record) -> plenary_room::NewRecord {
    let Record { seq: _, user, at_ms, update, relayed } = record;
    plenary_room::NewRecord { user, at_ms, update, relayed }
}
