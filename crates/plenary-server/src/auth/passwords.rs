//! Passwords: Argon2id with 64 MiB and three passes, a bounded number at a time.

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;

/// The shortest password, in characters. No rules about which: length is what counts.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The longest password, in characters.
pub const PASSWORD_CHARS_MAX: usize = 128;

// Four at a time take 256 MiB; who waits longer than this is told to come back.
const AT_A_TIME_MAX: usize = 4;
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Why a password cannot be taken or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too easy to guess.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters, this one has {chars}")]
    TooShort {
        /// How many it has.
        chars: usize,
    },
    /// Longer than anybody types.
    #[error("a password has at most {PASSWORD_CHARS_MAX} characters, this one has {chars}")]
    TooLong {
        /// How many it has.
        chars: usize,
    },
    /// Too many are being checked.
    #[error("too many passwords are being checked just now")]
    Busy,
    /// The hash function failed.
    #[error("the password could not be hashed")]
    Hashing,
}

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    turns: Arc<Semaphore>,
    /// A hash that nothing fits, of the same cost as a real one.
    decoy: Arc<str>,
}

impl Passwords {
    /// Ready to hash, a few at a time.
    pub fn new() -> Self {
        let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("these are within Argon2's bounds");
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            turns: Arc::new(Semaphore::new(cores.min(AT_A_TIME_MAX))),
            decoy: format!(
                "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            )
            .into(),
        }
    }

    /// The PHC string of `password`, to be stored. Takes about a tenth of a second of one core.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let chars = password.chars().count();
        if chars < PASSWORD_CHARS_MIN {
            return Err(PasswordError::TooShort { chars });
        }
        if chars > PASSWORD_CHARS_MAX {
            return Err(PasswordError::TooLong { chars });
        }
        let argon2 = self.argon2.clone();
        self.in_turn(move || {
            argon2
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|_| PasswordError::Hashing)
        })
        .await?
    }

    /// Whether `password` fits `stored`. Without a stored one the same work is done and the answer is no.
    pub async fn fits(&self, password: String, stored: Option<String>) -> Result<bool, PasswordError> {
        // Nothing longer was ever stored, and hashing a megabyte is a favour to nobody.
        let is_plausible = stored.is_some() && password.chars().count() <= PASSWORD_CHARS_MAX;
        let password: String = password.chars().take(PASSWORD_CHARS_MAX).collect();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let argon2 = self.argon2.clone();
        let fits = self
            .in_turn(move || {
                PasswordHash::new(&stored)
                    .is_ok_and(|stored| argon2.verify_password(password.as_bytes(), &stored).is_ok())
            })
            .await?;
        Ok(fits && is_plausible)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = match timeout(WAIT_MAX, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) | Err(_) => return Err(PasswordError::Busy),
        };
        spawn_blocking(move || {
            let outcome = work();
            drop(turn);
            outcome
        })
        .await
        .map_err(|_| PasswordError::Hashing)
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_no_other() {
        let passwords = Passwords::new();
        let stored = passwords.hash("correct horse battery".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"), "{stored}");
        assert!(passwords.fits("correct horse battery".into(), Some(stored.clone())).await.unwrap());
        assert!(!passwords.fits("correct horse batter".into(), Some(stored)).await.unwrap());
    }

    #[tokio::test]
    async fn the_decoy_is_a_hash_of_full_cost_that_nothing_fits() {
        let passwords = Passwords::new();
        let decoy = PasswordHash::new(&passwords.decoy).unwrap();
        assert_eq!(decoy.params.get_decimal("m"), Some(MEMORY_KIB));
        assert_eq!(decoy.params.get_decimal("t"), Some(PASSES));
        assert!(decoy.hash.is_some());
        assert!(!passwords.fits(String::new(), None).await.unwrap());
    }

    #[tokio::test]
    async fn short_and_endless_passwords_are_refused() {
        let passwords = Passwords::new();
        assert_eq!(passwords.hash("elevenchars".into()).await, Err(PasswordError::TooShort { chars: 11 }));
        assert_eq!(passwords.hash("x".repeat(129)).await, Err(PasswordError::TooLong { chars: 129 }));
    }
}
