//! Who knocks without a credential: sockets that wait for one, and handshakes that came to nothing, by address; and how
//! many connections an address has at all.
//!
//! A handshake is counted when it begins and given back once somebody is recognised, so an office whose people share an
//! address, and all come back at once, uses up nothing.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use super::{Limit, Limits};
use crate::auth::network;

/// How many addresses are remembered at least, before it is looked which of them may be forgotten.
const SWEEP_FROM: usize = 1_024;

/// What each address has used.
#[derive(Debug)]
pub(crate) struct Addresses {
    open_max: usize,
    waiting_max: usize,
    /// All tries that an address has at once.
    tries_max: u64,
    /// One comes back after this many microseconds.
    refill_us: u64,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    of: HashMap<IpAddr, Knocks>,
    sweep_at: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Knocks {
    /// Connections of any kind.
    open: usize,
    /// Sockets that have shown no credential yet.
    waiting: usize,
    /// When all tries are back, in microseconds.
    all_back_us: u64,
}

impl Table {
    /// Forgets addresses of which nothing has to be known, once there are many.
    fn sweep(&mut self, now_us: u64) {
        if self.of.len() >= self.sweep_at.max(SWEEP_FROM) {
            self.of.retain(|_, knocks| knocks.open > 0 || knocks.waiting > 0 || knocks.all_back_us > now_us);
            self.sweep_at = self.of.len() * 2;
        }
    }
}

impl Addresses {
    /// An address has at most `open_max` connections, of which `waiting_max` sockets wait at a time, and `per_minute`
    /// handshakes come to nothing.
    pub(super) fn bounded(open_max: usize, waiting_max: usize, per_minute: u32) -> Self {
        let per_minute = u64::from(per_minute.max(1));
        Self {
            open_max,
            waiting_max,
            tries_max: per_minute,
            refill_us: 60_000_000 / per_minute,
            table: Mutex::default(),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().expect("nothing panics while it is held")
    }

    /// Lets one more socket wait. Fails with the limit and how long to stay away; nothing is counted then.
    fn knock(&self, network: IpAddr, now: Duration) -> Result<(), (Limit, Duration)> {
        let now_us = micros(now);
        let mut table = self.table();
        let knocks = table.of.get(&network).copied().unwrap_or_default();
        if knocks.waiting >= self.waiting_max {
            return Err((Limit::WaitingPerAddress, Duration::from_secs(1)));
        }
        let all_back_us = knocks.all_back_us.max(now_us) + self.refill_us;
        let too_many_us = all_back_us.saturating_sub(now_us + self.tries_max * self.refill_us);
        if too_many_us > 0 {
            return Err((Limit::HandshakesPerMinute, Duration::from_micros(too_many_us)));
        }
        table.sweep(now_us);
        table.of.insert(network, Knocks { waiting: knocks.waiting + 1, all_back_us, ..knocks });
        Ok(())
    }

    /// Counts a connection. False when the address has as many as it may; nothing is counted then.
    fn open(&self, network: IpAddr, now: Duration) -> bool {
        let mut table = self.table();
        table.sweep(micros(now));
        let knocks = table.of.entry(network).or_default();
        let opens = knocks.open < self.open_max;
        knocks.open += usize::from(opens);
        opens
    }

    fn close(&self, network: IpAddr) {
        if let Some(knocks) = self.table().of.get_mut(&network) {
            knocks.open = knocks.open.saturating_sub(1);
        }
    }

    /// A socket does not wait any more. `gives_back`: it was somebody's.
    fn settle(&self, network: IpAddr, gives_back: bool) {
        if let Some(knocks) = self.table().of.get_mut(&network) {
            knocks.waiting = knocks.waiting.saturating_sub(1);
            if gives_back {
                knocks.all_back_us = knocks.all_back_us.saturating_sub(self.refill_us);
            }
        }
    }

    /// All sockets that wait.
    pub(super) fn waiting(&self) -> usize {
        self.table().of.values().map(|knocks| knocks.waiting).sum()
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Limits {
    /// Counts a connection of an address, for as long as what is returned lives. `None` when it has as many as it may.
    pub(crate) fn connect(&self, address: IpAddr) -> Option<Connected> {
        let network = network(address);
        if !self.0.addresses.open(network, self.elapsed()) {
            Limit::ConnectionsPerAddress.refuses();
            return None;
        }
        Some(Connected { limits: self.clone(), network })
    }

    /// Lets a socket wait that has shown no credential yet; `None` is not counted. Fails with the whole seconds to stay
    /// away.
    pub(crate) fn knock(&self, address: Option<IpAddr>) -> Result<Waiting, u64> {
        let network = address.map(network);
        if let Some(network) = network {
            self.0.addresses.knock(network, self.elapsed()).map_err(|(limit, wait)| {
                limit.refuses();
                wait.as_secs() + 1
            })?;
        }
        Ok(Waiting { limits: self.clone(), network, is_known: false })
    }
}

/// A connection of an address, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Connected {
    limits: Limits,
    network: IpAddr,
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.limits.0.addresses.close(self.network);
    }
}

/// A socket that has shown no credential yet, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Waiting {
    limits: Limits,
    network: Option<IpAddr>,
    is_known: bool,
}

impl Waiting {
    /// It was somebody's.
    pub(crate) fn recognised(mut self) {
        self.is_known = true;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(network) = self.network {
            self.limits.0.addresses.settle(network, self.is_known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn so_many_wait_at_a_time_and_no_more_until_one_has_gone() {
        let addresses = Addresses::bounded(9, 3, 1_000);
        for _ in 0..3 {
            addresses.knock(HERE, at(1)).unwrap();
        }
        assert_eq!(addresses.knock(HERE, at(1)).unwrap_err().0, Limit::WaitingPerAddress);
        addresses.knock(THERE, at(1)).unwrap();
        assert_eq!(addresses.waiting(), 4);
        addresses.settle(HERE, false);
        addresses.knock(HERE, at(1)).unwrap();
    }

    #[test]
    fn handshakes_that_came_to_nothing_come_back_over_a_minute() {
        let addresses = Addresses::bounded(9, 1_000, 60);
        let knock = |now| {
            let knocked = addresses.knock(HERE, now);
            if knocked.is_ok() {
                addresses.settle(HERE, false);
            }
            knocked
        };
        for _ in 0..60 {
            knock(at(5)).unwrap();
        }
        assert_eq!(knock(at(5)), Err((Limit::HandshakesPerMinute, at(1))));
        // Being refused costs nothing.
        assert_eq!(knock(at(5)), Err((Limit::HandshakesPerMinute, at(1))));
        knock(at(6)).unwrap();
        assert!(knock(at(6)).is_err());
        for _ in 0..60 {
            knock(at(66)).unwrap();
        }
        assert!(knock(at(66)).is_err());
    }

    #[test]
    fn those_who_are_recognised_use_up_nothing() {
        let addresses = Addresses::bounded(9, 10, 60);
        for _ in 0..10_000 {
            addresses.knock(HERE, at(5)).unwrap();
            addresses.settle(HERE, true);
        }
        assert_eq!(addresses.waiting(), 0);
    }

    #[test]
    fn addresses_are_forgotten_once_they_have_all_back() {
        let addresses = Addresses::bounded(9, 10, 60);
        for n in 0..100_000_u32 {
            let address = std::net::Ipv4Addr::from(n).into();
            addresses.knock(address, Duration::from_millis(u64::from(n))).unwrap();
            addresses.settle(address, false);
        }
        assert!(addresses.table().of.len() <= 2 * SWEEP_FROM, "{}", addresses.table().of.len());
    }
}
