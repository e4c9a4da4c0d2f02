//! A thread that does one piece of work after the other, for callers that must not block.

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Sender, channel},
    },
    thread::{self, JoinHandle},
};

use futures_channel::oneshot;
use plenary_storage::{BoxFuture, StoreError};

type Work = Box<dyn FnOnce() + Send>;

/// A named thread and the work that waits for it. Dropped, it finishes the piece it is at and leaves the rest.
pub(crate) struct Worker {
    work: Option<Sender<Work>>,
    is_closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let (sender, work) = channel::<Work>();
        let is_closing = Arc::new(AtomicBool::new(false));
        let closing = Arc::clone(&is_closing);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            for piece in work {
                if !closing.load(Ordering::Relaxed) {
                    piece();
                }
            }
        })?;
        Ok(Self { work: Some(sender), is_closing, thread: Some(thread) })
    }

    /// Begins `work` when its turn comes. A panic within sled, which damaged pages can cause, ends as `Corrupt`.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let (answer, answered) = oneshot::channel();
        let piece: Work = Box::new(move || {
            // The caller may have gone away.
            let _ = answer.send(contain(work));
        });
        let closed = || Err(StoreError::Failed { reason: "the store is closed".into() });
        if self.work.as_ref().is_none_or(|sender| sender.send(piece).is_err()) {
            return Box::pin(async move { closed() });
        }
        Box::pin(async move { answered.await.unwrap_or_else(|_| closed()) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.is_closing.store(true, Ordering::Relaxed);
        self.work = None;
        if let Some(thread) = self.thread.take() {
            // It catches the panics of its work, so it ends well.
            let _ = thread.join();
        }
    }
}

/// Does `work`; a panic in it becomes `Corrupt`.
pub(crate) fn contain<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(StoreError::Corrupt {
            place: "sled".into(),
            reason: format!("it panicked: {}", panic_text(&*panic)),
        })
    })
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".into())
}
