//! What one user uses over all of their connections.

use std::{
    collections::HashMap,
    ops::Deref,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use plenary_ids::UserId;
use plenary_room::UserBacklog;
use tokio::sync::Semaphore;

use super::Limit;
use crate::{config::Config, websocket::MESSAGE_BYTES_MAX};

/// One user's part of the budget for large frames that are being written, in KiB, so that nobody whose sockets take
/// little keeps the others waiting.
pub(crate) const LARGE_FRAMES_OF_USER_KIB_MAX: u32 = 32 * 1024;

/// How much processor time somebody may use ahead of what they are given: opening a large document, a large paste.
const AHEAD_MAX: Duration = Duration::from_secs(10);

/// However much was used, nobody waits longer than this at a time: clients take a longer silence for a dead line.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// How many users are remembered at least, before it is looked which of them may be forgotten.
const SWEEP_FROM: usize = 256;

/// The users of whom something is counted.
#[derive(Debug)]
pub(crate) struct Users {
    bounds: Bounds,
    table: Mutex<Table>,
}

#[derive(Clone, Copy, Debug)]
struct Bounds {
    connections_max: usize,
    large_messages_max: usize,
    outbound_bytes_max: usize,
    cpu_ms_per_second: u32,
    began: Instant,
}

#[derive(Debug, Default)]
struct Table {
    of: HashMap<UserId, Arc<Account>>,
    sweep_at: usize,
}

impl Users {
    pub(super) fn bounded(config: &Config, began: Instant) -> Self {
        let bounds = Bounds {
            connections_max: config.connections_per_user_max,
            // At least one, or nobody could bring a large document.
            large_messages_max: (config.user_inbound_bytes_max / MESSAGE_BYTES_MAX).max(1),
            outbound_bytes_max: config.user_outbound_bytes_max,
            cpu_ms_per_second: config.user_cpu_ms_per_second.max(1),
            began,
        };
        Self { bounds, table: Mutex::default() }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().expect("nothing panics while it is held")
    }

    /// Counts one more connection; `None` when the user has as many as they may.
    pub(crate) fn connect(&self, user: UserId) -> Option<Place> {
        let mut table = self.table();
        if table.of.len() >= table.sweep_at.max(SWEEP_FROM) {
            table.of.retain(|_, account| account.is_in_use());
            table.sweep_at = table.of.len() * 2;
        }
        let account = table.of.entry(user).or_insert_with(|| Arc::new(Account::bounded(self.bounds)));
        // Only ever raised here, under the lock.
        if account.connections.load(Ordering::Relaxed) >= self.bounds.connections_max {
            Limit::ConnectionsPerUser.refuses();
            return None;
        }
        account.connections.fetch_add(1, Ordering::Relaxed);
        Some(Place(Arc::clone(account)))
    }

    /// For the metrics.
    pub(super) fn count(&self) -> usize {
        self.table().of.len()
    }

    /// Large messages that are coming in just now.
    pub(super) fn large_messages(&self) -> usize {
        let max = self.bounds.large_messages_max;
        self.table().of.values().map(|account| max - account.large_messages.available_permits()).sum()
    }

    /// Users for whose sockets more waits than may.
    pub(super) fn behind(&self) -> usize {
        self.table().of.values().filter(|account| account.backlog.is_full()).count()
    }
}

/// One connection of a user, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Place(Arc<Account>);

impl Place {
    /// What is shared by all connections of the user.
    pub(crate) fn account(&self) -> Arc<Account> {
        Arc::clone(&self.0)
    }
}

impl Deref for Place {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What one user uses just now.
#[derive(Debug)]
pub(crate) struct Account {
    connections: AtomicUsize,
    /// Places for large messages that are coming in: one at a time each, so that none waits for another half read.
    pub(crate) large_messages: Arc<Semaphore>,
    /// Their part of the large frames that are being written, in KiB.
    pub(crate) large_frames: Semaphore,
    /// What waits for their sockets.
    pub(crate) backlog: UserBacklog,
    cpu: Meter,
    began: Instant,
}

impl Account {
    fn bounded(bounds: Bounds) -> Self {
        Self {
            connections: AtomicUsize::new(0),
            large_messages: Arc::new(Semaphore::new(bounds.large_messages_max)),
            large_frames: Semaphore::new(LARGE_FRAMES_OF_USER_KIB_MAX as usize),
            backlog: UserBacklog::bounded(bounds.outbound_bytes_max),
            cpu: Meter::bounded(bounds.cpu_ms_per_second),
            began: bounds.began,
        }
    }

    /// Whether forgetting it would forget something.
    fn is_in_use(&self) -> bool {
        self.connections.load(Ordering::Relaxed) > 0 || !self.cpu.is_paid(self.began.elapsed())
    }

    /// Notes processor time that was spent on what they sent.
    pub(crate) fn spend(&self, cpu: Duration) {
        self.cpu.spend(cpu, self.began.elapsed());
    }

    /// Whether they have used so much processor time that nothing of theirs is read just now.
    pub(crate) fn has_to_wait(&self) -> bool {
        !self.cpu.is_unused() && self.cpu.wait(self.began.elapsed()).is_some()
    }

    /// Returns once they may be read.
    pub(crate) async fn may_be_read(&self) {
        if self.cpu.is_unused() {
            return;
        }
        let mut is_first = true;
        while let Some(wait) = self.cpu.wait(self.began.elapsed()) {
            if std::mem::take(&mut is_first) {
                Limit::UserCpu.slows();
            }
            tokio::time::sleep(wait).await;
        }
    }
}

/// What somebody is given so much of each second, and may use some of ahead.
#[derive(Debug)]
struct Meter {
    per_second: Duration,
    /// When what was used will have been given, in microseconds; 0 as long as nothing was used.
    paid_at_us: AtomicU64,
}

impl Meter {
    fn bounded(ms_per_second: u32) -> Self {
        Self { per_second: Duration::from_millis(ms_per_second.into()), paid_at_us: AtomicU64::new(0) }
    }

    fn is_unused(&self) -> bool {
        self.paid_at_us.load(Ordering::Relaxed) == 0
    }

    fn is_paid(&self, now: Duration) -> bool {
        self.paid_at_us.load(Ordering::Relaxed) <= micros(now)
    }

    fn spend(&self, used: Duration, now: Duration) {
        let given_after_us = micros(used).saturating_mul(1_000_000) / micros(self.per_second).max(1);
        let latest_us = micros(now + AHEAD_MAX + WAIT_MAX);
        let later = |paid_at_us: u64| {
            let from_us = paid_at_us.max(micros(now));
            Some(from_us.saturating_add(given_after_us).min(latest_us.max(paid_at_us)).max(1))
        };
        // It never fails: there is always a later.
        let _ = self.paid_at_us.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }

    /// How long to wait, if at all.
    fn wait(&self, now: Duration) -> Option<Duration> {
        let ahead_us = self.paid_at_us.load(Ordering::Relaxed).saturating_sub(micros(now + AHEAD_MAX));
        (ahead_us > 0).then(|| Duration::from_micros(ahead_us))
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(change: impl FnOnce(&mut Config)) -> Users {
        let mut config = Config::default();
        change(&mut config);
        Users::bounded(&config, Instant::now())
    }

    fn user(n: u16) -> UserId {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        UserId::from_bytes(bytes)
    }

    #[test]
    fn a_user_has_so_many_connections_and_another_has_their_own() {
        let users = users(|config| config.connections_per_user_max = 2);
        let first = users.connect(user(1)).unwrap();
        let _second = users.connect(user(1)).unwrap();
        assert!(users.connect(user(1)).is_none());
        let _other = users.connect(user(2)).unwrap();
        drop(first);
        let again = users.connect(user(1)).unwrap();
        assert_eq!(again.connections.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn users_who_have_left_are_forgotten_and_those_in_debt_are_not() {
        let users = users(|config| config.user_cpu_ms_per_second = 1);
        users.connect(user(0)).unwrap().spend(Duration::from_millis(500));
        for n in 1..5_000 {
            users.connect(user(n)).unwrap();
        }
        assert!(users.count() <= 2 * SWEEP_FROM, "{}", users.count());
        assert!(users.connect(user(0)).unwrap().has_to_wait());
    }

    #[test]
    fn places_for_large_messages_follow_from_the_bytes() {
        let places = |bytes| {
            let users = users(|config| config.user_inbound_bytes_max = bytes);
            users.connect(user(1)).unwrap().large_messages.available_permits()
        };
        assert_eq!([1, 64 << 20, 160 << 20].map(places), [1, 3, 9]);
    }

    #[test]
    fn somebody_may_use_some_time_ahead_and_then_what_each_second_gives() {
        let (meter, at) = (Meter::bounded(500), Duration::from_secs);
        assert!(meter.is_unused());
        meter.spend(Duration::from_secs(5), at(100));
        assert_eq!(meter.wait(at(100)), None, "ten seconds' worth at once");
        meter.spend(Duration::from_millis(250), at(100));
        assert_eq!(meter.wait(at(100)), Some(Duration::from_millis(500)));
        assert_eq!(meter.wait(at(101)), None);
        // Half of each second is theirs for as long as they like.
        for second in 101..1_000 {
            meter.spend(Duration::from_millis(499), at(second));
            assert_eq!(meter.wait(at(second + 1)), None);
        }
        assert!(!meter.is_paid(at(1_000)) && meter.is_paid(at(1_020)));
    }

    #[test]
    fn nobody_waits_long_however_much_was_used() {
        let (meter, at) = (Meter::bounded(1), Duration::from_secs);
        meter.spend(Duration::from_secs(1_000), at(100));
        assert_eq!(meter.wait(at(100)), Some(WAIT_MAX));
        meter.spend(Duration::from_secs(1_000), at(101));
        assert_eq!(meter.wait(at(101)), Some(WAIT_MAX));
        assert_eq!(meter.wait(at(121)), None);
        meter.spend(Duration::MAX, at(u64::MAX / 2_000_000));
    }
}
