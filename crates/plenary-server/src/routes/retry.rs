//! Doing again what met another change.

use std::future::Future;

use crate::error::Error;

/// How often something is done that others keep changing meanwhile.
const TRIES_MAX: usize = 5;

/// Does something that looks first and then changes what it saw, once more for as long as somebody else was faster. Each
/// time it asks afresh whether it may.
pub(super) async fn again<T, F>(attempt: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    for _ in 0..TRIES_MAX {
        match attempt().await {
            Err(Error::ChangedMeanwhile) => {}
            outcome => return outcome,
        }
    }
    Err(Error::ChangedMeanwhile)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_met_another_change_is_done_again_and_nothing_else_is() {
        let tries = AtomicUsize::new(0);
        let done = again(async || match tries.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(Error::ChangedMeanwhile),
            tried => Ok(tried),
        });
        assert_eq!(done.await, Ok(2));
        let refused = again(async || {
            tries.fetch_add(1, Ordering::SeqCst);
            Err::<(), _>(Error::NotFound)
        });
        assert_eq!((refused.await, tries.load(Ordering::SeqCst)), (Err(Error::NotFound), 4));
        let never = again(async || {
            tries.fetch_add(1, Ordering::SeqCst);
            Err::<(), _>(Error::ChangedMeanwhile)
        });
        assert_eq!((never.await, tries.load(Ordering::SeqCst)), (Err(Error::ChangedMeanwhile), 9));
    }
}
