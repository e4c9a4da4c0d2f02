//! Those who have shown a password or a link and still owe a code. In memory, for a few minutes: it opens nothing.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use plenary_storage::StoreError;

use super::{Directory, MadeFor, SignIn, User};
use crate::auth::{SecretHash, new_secret};

/// How long somebody has to find their device, in milliseconds.
pub const HALF_SESSION_MS: u64 = 5 * 60 * 1000;

/// Wrong codes after which the password is asked for again.
const TRIES_MAX: u32 = 5;

// About 3 MiB; each has cost a password's hashing.
const HALVES_MAX: usize = 10_000;

/// Who has shown the first factor, and how.
#[derive(Clone, Debug)]
pub(super) struct Half {
    pub(super) made_for: MadeFor,
    pub(super) how: SignIn,
    expires_ms: u64,
    tries: u32,
}

#[derive(Default)]
pub(super) struct HalfSessions(Mutex<HashMap<SecretHash, Half>>);

impl HalfSessions {
    /// Notes that the first factor was shown; `None` when too many owe a code just now.
    pub(super) fn begin(&self, made_for: MadeFor, how: SignIn, now_ms: u64) -> Option<String> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if halves.len() >= HALVES_MAX {
            halves.retain(|_, half| half.expires_ms > now_ms);
        }
        if halves.len() >= HALVES_MAX {
            return None;
        }
        let (secret, hash) = new_secret();
        let expires_ms = now_ms.saturating_add(HALF_SESSION_MS);
        halves.insert(hash, Half { made_for, how, expires_ms, tries: 0 });
        Some(secret)
    }

    /// Counts a try at the code. `None` when there is no such half session (any more).
    pub(super) fn try_at(&self, secret: &str, now_ms: u64) -> Option<Half> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = SecretHash::of(secret);
        let half = halves.get_mut(&hash)?;
        half.tries += 1;
        let found = half.clone();
        if found.tries >= TRIES_MAX || found.expires_ms <= now_ms {
            halves.remove(&hash);
        }
        (found.expires_ms > now_ms).then_some(found)
    }

    /// It became a whole one.
    pub(super) fn end(&self, secret: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&SecretHash::of(secret));
    }
}

impl Directory {
    /// Notes that `user` has shown the first factor and owes a code; `None` when too many do just now.
    pub fn begin_half_session(&self, user: &User, how: SignIn) -> Option<String> {
        self.0.halves.begin(MadeFor::now(user), how, self.now_ms())
    }

    /// Who owes a code, and how they came; counts as a try. `None` when there is no such half session (any more).
    pub async fn half_session(&self, secret: &str) -> Result<Option<(User, SignIn)>, StoreError> {
        let Some(half) = self.0.halves.try_at(secret, self.now_ms()) else {
            return Ok(None);
        };
        let user = self.account(half.made_for).await?;
        Ok(user.map(|user| (user, SignIn { second_factor: true, ..half.how })))
    }

    /// The half session became a whole one.
    pub fn end_half_session(&self, secret: &str) {
        self.0.halves.end(secret);
    }
}

#[cfg(test)]
mod tests {
    use plenary_ids::UserId;

    use super::*;
    use crate::directory::SignInBy;

    const ANA: MadeFor = MadeFor { user: UserId::SERVER, generation: 0 };

    #[test]
    fn a_half_session_bears_a_few_tries_and_a_few_minutes() {
        let halves = HalfSessions::default();
        let begin = || halves.begin(ANA, SignIn::by(SignInBy::Password), 0).unwrap();
        let secret = begin();
        for _ in 0..TRIES_MAX {
            assert!(halves.try_at(&secret, 1).is_some());
        }
        assert!(halves.try_at(&secret, 1).is_none());
        let secret = begin();
        assert!(halves.try_at(&secret, HALF_SESSION_MS - 1).is_some());
        assert!(halves.try_at(&secret, HALF_SESSION_MS).is_none());
        let secret = begin();
        halves.end(&secret);
        assert!(halves.try_at(&secret, 1).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let halves = HalfSessions::default();
        for _ in 0..HALVES_MAX {
            halves.begin(ANA, SignIn::by(SignInBy::Link), 0).unwrap();
        }
        assert!(halves.begin(ANA, SignIn::by(SignInBy::Link), 0).is_none());
        assert!(halves.begin(ANA, SignIn::by(SignInBy::Link), HALF_SESSION_MS).is_some());
    }
}
