//! The contract on disk. Each reopening also verifies the store and looks for spilled values.

#[path = "support/folder.rs"]
mod support;

use plenary_storage::contract::Factory;
use plenary_storage_sled::{SledStore, verify};
use support::Directory;

struct OnDisk(Directory);

impl Factory for OnDisk {
    type Store = SledStore;

    fn open(&mut self) -> SledStore {
        self.0.open()
    }

    fn reopen(&mut self, store: SledStore) -> SledStore {
        let report = verify(&store);
        assert!(report.is_sound() && report.leftover_chunks == 0, "{report:?}");
        assert_eq!(store.stats().spilled_files, 0);
        drop(store);
        self.0.open()
    }
}

plenary_storage::contract!(OnDisk(Directory::new()));
