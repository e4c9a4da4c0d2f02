//! Slows down guessing without locking anybody out.
//!
//! Each wrong try makes the next one wait longer, up to a bound: for an account as seen from one address, for an
//! account from all addresses together, and for an address with all accounts together. So a guesser gets few tries,
//! and:
//! - a device on which somebody signed in before has a count of its own, that nobody else's failures add to;
//! - an address that has not failed at an account yet does not wait for those that have, up to a number of such
//!   addresses.
//!
//! What is counted does not depend on whether there is such an account. It is in memory only: a restart forgives.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use plenary_ids::UserId;

use crate::auth::SecretHash;

/// A person who mistypes a few times does not wait; after that, one second, two, four, up to five minutes.
const AT_ACCOUNT: Delays = Delays { free: 5, max_ms: 300_000 };
/// The same account from all over: later, and never more than a minute, for this is where somebody far away could
/// keep its owner waiting.
const AT_ACCOUNT_FROM_ALL: Delays = Delays { free: 20, max_ms: 60_000 };
/// A code has six digits, three of which fit at any time, and who tries has the password: 96 tries a day.
const AT_CODE: Delays = Delays { free: 5, max_ms: 900_000 };
/// Failures are forgotten when this long has passed after the last wait.
const FORGET_AFTER_MS: u64 = 3_600_000;

/// All accounts together from one address: people behind one office line share it.
const FROM_ADDRESS: Bucket = Bucket { tries: 80, refill_ms: 2_000 };
/// Addresses that had not failed at an account before.
const NEW_ADDRESSES: Bucket = Bucket { tries: 20, refill_ms: 10_000 };

// About 2 MiB.
const ENTRIES_MAX: usize = 16_384;

/// Who tries to sign in, as far as that can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trying {
    /// Somebody at this address; `None` if it is not known.
    From(Option<IpAddr>),
    /// A device on which this account signed in before.
    Known(SecretHash),
}

/// Waiting that doubles with each failure.
#[derive(Clone, Copy)]
struct Delays {
    /// Failures without waiting.
    free: u32,
    max_ms: u64,
}

impl Delays {
    fn after(self, failures: u32) -> u64 {
        match failures.checked_sub(self.free) {
            None => 0,
            Some(over) => 1_000_u64.saturating_mul(2_u64.saturating_pow(over)).min(self.max_ms),
        }
    }
}

/// Some tries at once; after them one comes back at a time.
#[derive(Clone, Copy)]
struct Bucket {
    tries: u64,
    refill_ms: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Address(Option<IpAddr>),
    NewAddresses(SecretHash),
    AccountFrom(Option<IpAddr>, SecretHash),
    Account(SecretHash),
    Device(SecretHash),
    Code(UserId),
    CodeFrom(SecretHash),
    Session(SecretHash),
}

#[derive(Clone, Copy, Default)]
struct Entry {
    /// Of delays: how many failures.
    failures: u32,
    /// Of delays: until when to wait. Of buckets: when all tries are back. ms since 1970.
    until_ms: u64,
}

#[derive(Default)]
struct Entries(HashMap<What, Entry>);

impl Entries {
    fn get(&self, what: What, now_ms: u64) -> Entry {
        let entry = self.0.get(&what).copied().unwrap_or_default();
        if entry.until_ms.saturating_add(FORGET_AFTER_MS) <= now_ms { Entry::default() } else { entry }
    }

    fn wait_ms(&self, what: What, now_ms: u64) -> u64 {
        self.get(what, now_ms).until_ms.saturating_sub(now_ms)
    }

    fn bucket_wait_ms(&self, what: What, bucket: Bucket, now_ms: u64) -> u64 {
        let all_back = self.get(what, now_ms).until_ms.max(now_ms);
        (all_back + bucket.refill_ms).saturating_sub(now_ms + bucket.tries * bucket.refill_ms)
    }

    fn fail(&mut self, what: What, delays: Delays, now_ms: u64) {
        let Entry { failures, until_ms } = self.get(what, now_ms);
        let failures = failures.saturating_add(1);
        let until_ms = until_ms.max(now_ms + delays.after(failures));
        self.0.insert(what, Entry { failures, until_ms });
    }

    fn take(&mut self, what: What, bucket: Bucket, now_ms: u64) {
        let all_back = self.get(what, now_ms).until_ms.max(now_ms);
        self.0.insert(what, Entry { failures: 0, until_ms: all_back + bucket.refill_ms });
    }

    /// Keeps memory bounded: what is over goes first, then the half that would be over soonest.
    fn make_room(&mut self, now_ms: u64) {
        if self.0.len() < ENTRIES_MAX {
            return;
        }
        self.0.retain(|_, entry| entry.until_ms.saturating_add(FORGET_AFTER_MS) > now_ms);
        if self.0.len() < ENTRIES_MAX {
            return;
        }
        let mut ends: Vec<u64> = self.0.values().map(|entry| entry.until_ms).collect();
        let middle = ends.len() / 2;
        let (_, middle, _) = ends.select_nth_unstable(middle);
        let middle = *middle;
        self.0.retain(|_, entry| entry.until_ms > middle);
    }
}

/// Counts tries at passwords and codes. Each is counted as a failure when it begins, so that many at once are no way
/// around it; who succeeds says so.
#[derive(Default)]
pub struct Throttle(Mutex<Entries>);

impl Throttle {
    /// Counts a try at the password of `account`, which is an address in its stored form, whether or not there is
    /// such an account. Fails with the seconds to wait; the try is not counted then.
    pub fn take(&self, trying: Trying, account: &str, now_ms: u64) -> Result<(), u64> {
        let account = SecretHash::of(account);
        self.with(now_ms, |entries| {
            let address = match trying {
                Trying::Known(device) => {
                    return entries.try_at(What::Device(device), AT_ACCOUNT, now_ms);
                }
                Trying::From(address) => address.map(network),
            };
            let (here, all, new, any) = (
                What::AccountFrom(address, account),
                What::Account(account),
                What::NewAddresses(account),
                What::Address(address),
            );
            let is_new = entries.get(here, now_ms).failures == 0;
            let at_account = match is_new {
                true => entries.wait_ms(all, now_ms).min(entries.bucket_wait_ms(new, NEW_ADDRESSES, now_ms)),
                false => entries.wait_ms(all, now_ms).max(entries.wait_ms(here, now_ms)),
            };
            ready(at_account.max(entries.bucket_wait_ms(any, FROM_ADDRESS, now_ms)))?;
            entries.take(any, FROM_ADDRESS, now_ms);
            if is_new {
                entries.take(new, NEW_ADDRESSES, now_ms);
            }
            entries.fail(here, AT_ACCOUNT, now_ms);
            entries.fail(all, AT_ACCOUNT_FROM_ALL, now_ms);
            Ok(())
        })
    }

    /// The try succeeded: what this caller did wrong before is forgotten, what others did is not.
    pub fn succeeded(&self, trying: Trying, account: &str) {
        let account = SecretHash::of(account);
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match trying {
            Trying::Known(device) => drop(entries.0.remove(&What::Device(device))),
            Trying::From(address) => {
                let here = What::AccountFrom(address.map(network), account);
                let own = entries.0.remove(&here).unwrap_or_default();
                if let Some(all) = entries.0.get_mut(&What::Account(account)) {
                    all.failures = all.failures.saturating_sub(own.failures);
                }
            }
        }
    }

    /// Counts a try at a code of `user`'s second factor. Fails as [`take`](Self::take) does.
    pub fn take_code(&self, trying: Trying, user: UserId, now_ms: u64) -> Result<(), u64> {
        self.with(now_ms, |entries| entries.try_at(code(trying, user), AT_CODE, now_ms))
    }

    /// The code was right.
    pub fn code_succeeded(&self, trying: Trying, user: UserId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.remove(&code(trying, user));
    }

    /// Counts a try at the password, or at a code, of somebody who is signed in: who came by a stolen session must
    /// not find them out. Fails as [`take`](Self::take) does.
    pub fn take_in_session(&self, session: SecretHash, now_ms: u64) -> Result<(), u64> {
        self.with(now_ms, |entries| entries.try_at(What::Session(session), AT_ACCOUNT, now_ms))
    }

    fn with<T>(&self, now_ms: u64, work: impl FnOnce(&mut Entries) -> T) -> T {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.make_room(now_ms);
        work(&mut entries)
    }
}

impl Entries {
    fn try_at(&mut self, what: What, delays: Delays, now_ms: u64) -> Result<(), u64> {
        ready(self.wait_ms(what, now_ms))?;
        self.fail(what, delays, now_ms);
        Ok(())
    }
}

fn code(trying: Trying, user: UserId) -> What {
    match trying {
        Trying::Known(device) => What::CodeFrom(device),
        Trying::From(_) => What::Code(user),
    }
}

fn ready(wait_ms: u64) -> Result<(), u64> {
    if wait_ms == 0 { Ok(()) } else { Err(wait_ms.div_ceil(1_000)) }
}

/// What one subscriber has: an IPv4 address, or the 64 bits in front of an IPv6 address.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: &str = "ana@ngo.example";

    fn from(text: &str) -> Trying {
        Trying::From(Some(text.parse().unwrap()))
    }

    fn numbered(n: u32) -> Trying {
        Trying::From(Some(std::net::Ipv4Addr::from(0xc000_0200 + n).into()))
    }

    #[test]
    fn each_failure_makes_the_next_try_wait_twice_as_long_up_to_a_bound() {
        let throttle = Throttle::default();
        let mut now = 1_000_000;
        for _ in 0..AT_ACCOUNT.free {
            throttle.take(from("192.0.2.1"), ANA, now).unwrap();
        }
        let mut waits = Vec::new();
        for _ in 0..12 {
            let wait = throttle.take(from("192.0.2.1"), ANA, now).unwrap_err();
            // Asking again does not make it longer.
            assert_eq!(throttle.take(from("192.0.2.1"), ANA, now), Err(wait));
            now += wait * 1_000;
            throttle.take(from("192.0.2.1"), ANA, now).unwrap();
            waits.push(wait);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        now += 300_000 + FORGET_AFTER_MS;
        for _ in 0..AT_ACCOUNT.free {
            throttle.take(from("192.0.2.1"), ANA, now).unwrap();
        }
    }

    #[test]
    fn a_guesser_here_keeps_nobody_waiting_elsewhere() {
        let throttle = Throttle::default();
        let mut now = 0;
        for _ in 0..60 {
            if let Err(wait) = throttle.take(from("192.0.2.1"), ANA, now) {
                now += wait * 1_000;
                throttle.take(from("192.0.2.1"), ANA, now).unwrap();
            }
        }
        assert!(throttle.take(from("192.0.2.1"), ANA, now).is_err());
        throttle.take(from("192.0.2.2"), ANA, now).unwrap();
        throttle.take(from("192.0.2.1"), "ben@ngo.example", now).unwrap();
    }

    #[test]
    fn guessers_all_over_are_slowed_and_a_known_device_is_not() {
        let throttle = Throttle::default();
        let known = Trying::Known(SecretHash::of("ana's laptop"));
        let mut taken = 0;
        // A new address every 100 ms, for two hours; each tries twice.
        for n in 0..72_000_u32 {
            let now = u64::from(n) * 100;
            taken += u32::from(throttle.take(numbered(n), ANA, now).is_ok());
            taken += u32::from(throttle.take(numbered(n), ANA, now).is_ok());
        }
        // 20 at once and one in 10 s, and the account's own one a minute.
        assert!((700..900).contains(&taken), "{taken}");
        for _ in 0..AT_ACCOUNT.free {
            throttle.take(known, ANA, 7_200_000).unwrap();
        }
        assert_eq!(throttle.take(known, ANA, 7_200_000), Err(1));
        throttle.succeeded(known, ANA);
        throttle.take(known, ANA, 7_200_000).unwrap();
    }

    #[test]
    fn the_addresses_of_one_subscriber_count_as_one() {
        let throttle = Throttle::default();
        for n in 0..AT_ACCOUNT.free {
            throttle.take(from(&format!("2001:db8:1:2::{n}")), ANA, 0).unwrap();
        }
        assert_eq!(throttle.take(from("2001:db8:1:2:ffff::1"), ANA, 0), Err(1));
        throttle.take(from("2001:db8:1:3::1"), ANA, 0).unwrap();
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn a_sign_in_wipes_ones_own_slate_only() {
        let throttle = Throttle::default();
        for _ in 0..AT_ACCOUNT.free {
            throttle.take(from("192.0.2.1"), ANA, 0).unwrap();
            throttle.take(from("192.0.2.2"), ANA, 0).unwrap();
        }
        throttle.succeeded(from("192.0.2.1"), ANA);
        throttle.take(from("192.0.2.1"), ANA, 0).unwrap();
        assert!(throttle.take(from("192.0.2.2"), ANA, 0).is_err());
    }

    #[test]
    fn one_address_cannot_walk_through_all_accounts() {
        let throttle = Throttle::default();
        for account in 0..FROM_ADDRESS.tries {
            throttle.take(from("192.0.2.1"), &account.to_string(), 0).unwrap();
        }
        assert_eq!(throttle.take(from("192.0.2.1"), "one more", 0), Err(2));
        throttle.take(from("192.0.2.1"), "one more", 2_000).unwrap();
    }

    #[test]
    fn codes_are_slowed_by_account_and_on_a_known_device_by_the_device() {
        let throttle = Throttle::default();
        let (ana, ben) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        for n in 0..AT_CODE.free {
            throttle.take_code(numbered(n), ana, 0).unwrap();
        }
        assert_eq!(throttle.take_code(numbered(99), ana, 0), Err(1));
        throttle.take_code(numbered(99), ben, 0).unwrap();
        throttle.take_code(Trying::Known(SecretHash::of("ana's laptop")), ana, 0).unwrap();
        throttle.code_succeeded(numbered(99), ana);
        throttle.take_code(numbered(99), ana, 0).unwrap();
    }

    #[test]
    fn a_stolen_session_does_not_find_out_the_password() {
        let throttle = Throttle::default();
        let session = SecretHash::of("session");
        for _ in 0..AT_ACCOUNT.free {
            throttle.take_in_session(session, 0).unwrap();
        }
        assert_eq!(throttle.take_in_session(session, 0), Err(1));
        throttle.take_in_session(SecretHash::of("another"), 0).unwrap();
    }

    #[test]
    fn memory_is_bounded_and_those_who_wait_longest_are_not_forgotten() {
        let throttle = Throttle::default();
        let mut now = 0;
        for _ in 0..12 {
            if let Err(wait) = throttle.take(from("192.0.2.1"), ANA, now) {
                now += wait * 1_000;
                throttle.take(from("192.0.2.1"), ANA, now).unwrap();
            }
        }
        let wait = throttle.take(from("192.0.2.1"), ANA, now).unwrap_err();
        for n in 0..100_000_u32 {
            let _ =
                throttle.take(Trying::From(Some(std::net::Ipv4Addr::from(n).into())), &n.to_string(), now);
        }
        assert!(throttle.0.lock().unwrap().0.len() <= ENTRIES_MAX + 4);
        assert_eq!(throttle.take(from("192.0.2.1"), ANA, now), Err(wait));
    }
}
