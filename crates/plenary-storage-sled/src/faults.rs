//! Faults in the real store, for the tests that kill it. Nothing of this is compiled without the feature `faults`.
//!
//! The environment variable `PLENARY_FAULTS` names a directory. In it
//! - `kill-<point>` holds a number n: the n-th passage through that point ends the process as `kill -9` does;
//! - `hold-flush`: while it is there, the committer waits before each flush;
//! - `fail-flush`: while it is there, flushes fail.
//!
//! Points: `before-insert`, `half-insert`, `after-insert`, `after-flush`, `after-fdatasync`, `half-snapshot`,
//! `before-snapshot-pointer`, `after-snapshot-pointer`, `before-truncate`, `half-truncate`, `after-truncate`.

#[cfg(feature = "faults")]
mod on {
    use std::{
        collections::HashMap,
        env, fs,
        path::PathBuf,
        sync::{LazyLock, Mutex, PoisonError},
        thread,
        time::Duration,
    };

    static DIRECTORY: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| env::var_os("PLENARY_FAULTS").map(PathBuf::from));
    static PASSAGES: LazyLock<Mutex<HashMap<&'static str, u64>>> = LazyLock::new(Mutex::default);

    pub(crate) fn point(name: &'static str) {
        let Some(directory) = &*DIRECTORY else { return };
        let Ok(text) = fs::read_to_string(directory.join(format!("kill-{name}"))) else {
            return;
        };
        let mut passages = PASSAGES.lock().unwrap_or_else(PoisonError::into_inner);
        let passages = passages.entry(name).or_default();
        *passages += 1;
        if text.trim().parse() == Ok(*passages) {
            // The process is gone before this returns, or the test notices that it is not.
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }

    /// Waits while `hold-flush` is there; whether the flush is to fail.
    pub(crate) fn flush_fails() -> bool {
        let Some(directory) = &*DIRECTORY else {
            return false;
        };
        while directory.join("hold-flush").exists() {
            thread::sleep(Duration::from_millis(3));
        }
        directory.join("fail-flush").exists()
    }
}

#[cfg(not(feature = "faults"))]
mod off {
    #[inline(always)]
    pub(crate) fn point(_name: &'static str) {}

    #[inline(always)]
    pub(crate) fn flush_fails() -> bool {
        false
    }
}

#[cfg(not(feature = "faults"))]
pub(crate) use off::{flush_fails, point};
#[cfg(feature = "faults")]
pub(crate) use on::{flush_fails, point};
