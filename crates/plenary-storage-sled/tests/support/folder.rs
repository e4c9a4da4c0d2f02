//! Directories for tests.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use plenary_storage_sled::{Options, SledStore};

/// A directory that is gone when the test is over.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("plenary-storage-{}-{number}", process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    #[allow(dead_code, reason = "not every test file uses it")]
    pub(crate) fn open(&self) -> SledStore {
        SledStore::open(self.store(), options()).expect("the store opens")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Options under which tests pass on a nearly full disk too.
pub(crate) fn options() -> Options {
    Options { reserve_bytes: 1 << 20, ..Options::default() }
}

/// Copies a directory, one level deep, which is all a store has.
#[allow(dead_code, reason = "not every test file uses it")]
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}
