//! Passwords: Argon2id with 64 MiB and three passes, a bounded number at a time.

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::password_rules::{self, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PasswordOwner};

const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;

// Four at a time take 256 MiB.
const AT_A_TIME_MAX: usize = 4;
// Who waits longer than this is told to come back; so is, at once, who would wait behind too many.
const WAIT_MAX: Duration = Duration::from_secs(2);
const WAITING_MAX: usize = 64;

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
    /// Little more than the person's address, name, or the name of this program.
    #[error(
        "this is little more than the address, the name or the name of this program; add words of your own"
    )]
    Obvious,
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
    /// Places to wait for a turn.
    places: Arc<Semaphore>,
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
            places: Arc::new(Semaphore::new(WAITING_MAX)),
            decoy: format!(
                "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            )
            .into(),
        }
    }

    /// The PHC string of `password`, to be stored. Takes about a tenth of a second of one core.
    ///
    /// Fails with the rule it breaks, before anything is computed.
    pub async fn hash(&self, password: String, owner: PasswordOwner<'_>) -> Result<String, PasswordError> {
        password_rules::check(&password, owner)?;
        self.rehash(password).await
    }

    /// The same for a password that was taken before, under whatever rules there were.
    pub async fn rehash(&self, password: String) -> Result<String, PasswordError> {
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

    /// Whether `stored` was made with what passwords are hashed with now.
    pub fn is_current(&self, stored: &str) -> bool {
        PasswordHash::new(stored).is_ok_and(|stored| {
            let made_with = Params::try_from(&stored);
            let now = self.argon2.params();
            stored.algorithm == Algorithm::Argon2id.ident()
                && stored.version == Some(Version::V0x13.into())
                && made_with.is_ok_and(|with| {
                    (with.m_cost(), with.t_cost(), with.p_cost())
                        == (now.m_cost(), now.t_cost(), now.p_cost())
                })
        })
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let Ok(_place) = self.places.try_acquire() else {
            return Err(PasswordError::Busy);
        };
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

    const ANA: PasswordOwner<'_> = PasswordOwner { email: "ana@ngo.example", name: "Ana" };

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_no_other() {
        let passwords = Passwords::new();
        let stored = passwords.hash("correct horse battery".into(), ANA).await.unwrap();
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
    async fn what_breaks_the_rules_is_not_hashed() {
        let passwords = Passwords::new();
        let short = passwords.hash("elevenchars".into(), ANA).await;
        assert_eq!(short, Err(PasswordError::TooShort { chars: 11 }));
        assert_eq!(passwords.hash("ana@ngo.example".into(), ANA).await, Err(PasswordError::Obvious));
    }

    #[tokio::test]
    async fn a_hash_of_other_cost_is_not_current() {
        let passwords = Passwords::new();
        assert!(passwords.is_current(&passwords.decoy));
        for old in [
            passwords.decoy.replace("m=65536", "m=19456"),
            passwords.decoy.replace("t=3", "t=2"),
            passwords.decoy.replace("argon2id", "argon2i"),
            "no hash at all".into(),
        ] {
            assert!(!passwords.is_current(&old), "{old}");
        }
    }

    #[tokio::test]
    async fn a_crowd_is_sent_away_at_once_and_not_kept_waiting() {
        let passwords = Passwords::new();
        let turns = u32::try_from(passwords.turns.available_permits()).unwrap();
        let _all_turns = passwords.turns.acquire_many(turns).await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..WAITING_MAX {
            let passwords = passwords.clone();
            waiting.push(tokio::spawn(async move { passwords.fits("x".into(), None).await }));
        }
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
        let began = tokio::time::Instant::now();
        assert_eq!(passwords.fits("x".into(), None).await, Err(PasswordError::Busy));
        assert_eq!(began.elapsed(), Duration::ZERO);
        for one in waiting {
            assert_eq!(one.await.unwrap(), Err(PasswordError::Busy));
        }
        assert_eq!(passwords.places.available_permits(), WAITING_MAX);
    }
}
