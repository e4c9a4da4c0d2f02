//! Slows down guessing without locking anybody out.
//!
//! Tries are counted by account **and** address of the caller, so that somebody far away who guesses at an account
//! cannot keep its owner out before a deadline.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use crate::auth::SecretHash;

/// Tries at once; after them one comes back every [`REFILL_MS`].
const TRIES_MAX: u64 = 8;
const REFILL_MS: u64 = 10_000;
/// The same for all accounts together: people behind one office line share an address.
const ADDRESS_TRIES_MAX: u64 = 80;
const ADDRESS_REFILL_MS: u64 = 2_000;
// About 400 KiB.
const ENTRIES_MAX: usize = 4_096;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Address(Option<IpAddr>),
    Account(Option<IpAddr>, SecretHash),
}

/// The moment at which the debt of tries is paid off, ms since 1970: more debt than allowed, no try.
type FreeAt = u64;

/// Counts tries to sign in.
#[derive(Default)]
pub struct Throttle(Mutex<HashMap<Who, FreeAt>>);

impl Throttle {
    /// Counts one try for `account` from `address`. Fails with the seconds to wait; the try is not counted then.
    pub fn take(&self, address: Option<IpAddr>, account: &str, now_ms: u64) -> Result<(), u64> {
        let account = Who::Account(address, SecretHash::of(account));
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_MAX {
            entries.retain(|_, free_at| *free_at > now_ms);
        }
        if entries.len() >= ENTRIES_MAX {
            // Somebody tries a great many accounts. Forgetting is the lesser harm: hashing is bounded anyway.
            entries.clear();
        }
        let limits =
            [(account, TRIES_MAX, REFILL_MS), (Who::Address(address), ADDRESS_TRIES_MAX, ADDRESS_REFILL_MS)];
        let wait_ms = limits.iter().map(|(who, tries_max, refill_ms)| {
            let free_at = entries.get(who).copied().unwrap_or(0).max(now_ms);
            (free_at + refill_ms).saturating_sub(now_ms + tries_max * refill_ms)
        });
        match wait_ms.max() {
            Some(wait_ms) if wait_ms > 0 => Err(wait_ms.div_ceil(1_000)),
            _ => {
                for (who, _, refill_ms) in limits {
                    let free_at = entries.entry(who).or_insert(0);
                    *free_at = (*free_at).max(now_ms) + refill_ms;
                }
                Ok(())
            }
        }
    }

    /// Somebody signed in: their tries are forgotten.
    pub fn forget(&self, address: Option<IpAddr>, account: &str) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(&Who::Account(address, SecretHash::of(account)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
    const ELSEWHERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)));

    #[test]
    fn a_guesser_is_slowed_and_the_owner_elsewhere_is_not() {
        let throttle = Throttle::default();
        for _ in 0..TRIES_MAX {
            throttle.take(HERE, "ana@ngo.example", 1_000).unwrap();
        }
        assert_eq!(throttle.take(HERE, "ana@ngo.example", 1_000), Err(10));
        throttle.take(ELSEWHERE, "ana@ngo.example", 1_000).unwrap();
        throttle.take(HERE, "ben@ngo.example", 1_000).unwrap();
        throttle.take(HERE, "ana@ngo.example", 11_000).unwrap();
        assert_eq!(throttle.take(HERE, "ana@ngo.example", 11_000), Err(10));
    }

    #[test]
    fn a_sign_in_wipes_the_slate() {
        let throttle = Throttle::default();
        for _ in 0..TRIES_MAX {
            throttle.take(HERE, "ana@ngo.example", 0).unwrap();
        }
        throttle.forget(HERE, "ana@ngo.example");
        throttle.take(HERE, "ana@ngo.example", 0).unwrap();
    }

    #[test]
    fn one_address_cannot_walk_through_all_accounts() {
        let throttle = Throttle::default();
        for account in 0..ADDRESS_TRIES_MAX {
            throttle.take(HERE, &account.to_string(), 0).unwrap();
        }
        assert!(throttle.take(HERE, "one more", 0).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for n in 0..10_000_u32 {
            let address = Some(IpAddr::V4(std::net::Ipv4Addr::from(n)));
            throttle.take(address, "ana@ngo.example", 0).unwrap();
        }
        assert!(throttle.0.lock().unwrap().len() <= ENTRIES_MAX);
    }
}
