//! What one address, user or document may use, and what is let go first when memory runs short.
//!
//! `addresses` counts those who have shown no credential yet, `users` what one account uses over all of its connections,
//! `memory` what the process has. Documents bound themselves (`plenary_room`), by the settings they are given. What is
//! counted on the way of each message is counted without a lock.

mod addresses;
mod memory;
mod users;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub use self::memory::Shedding;
use self::{addresses::Addresses, memory::Memory, users::Users};
pub(crate) use self::{
    addresses::{Connected, Waiting},
    memory::resident_bytes,
    users::{Account, LARGE_FRAMES_OF_USER_KIB_MAX, Place},
};
use crate::config::Config;

/// One of the limits, as the metrics name it. docs/operating.md has them as a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    ConnectionsPerUser,
    ConnectionsPerDocument,
    DocumentsPerConnection,
    DocumentBytes,
    UserInboundBytes,
    UserOutboundBytes,
    UserCpu,
    ConnectionsPerAddress,
    WaitingPerAddress,
    HandshakesPerMinute,
    Memory,
}

impl Limit {
    /// As the setting is called.
    fn name(self) -> &'static str {
        match self {
            Self::ConnectionsPerUser => "connections_per_user_max",
            Self::ConnectionsPerDocument => "connections_per_document_max",
            Self::DocumentsPerConnection => "documents_per_connection_max",
            Self::DocumentBytes => "document_bytes_max",
            Self::UserInboundBytes => "user_inbound_bytes_max",
            Self::UserOutboundBytes => "user_outbound_bytes_max",
            Self::UserCpu => "user_cpu_ms_per_second",
            Self::ConnectionsPerAddress => "connections_per_address_max",
            Self::WaitingPerAddress => "waiting_per_address_max",
            Self::HandshakesPerMinute => "handshakes_per_minute_max",
            Self::Memory => "memory_max_bytes",
        }
    }

    /// Counts something that was not done because of it.
    pub(crate) fn refuses(self) {
        metrics::counter!("plenary_limit_refused_total", "limit" => self.name()).increment(1);
    }

    /// Counts somebody who takes much of it, though not too much.
    pub(crate) fn warns(self) {
        metrics::counter!("plenary_limit_warned_total", "limit" => self.name()).increment(1);
    }

    /// Counts a connection that was not read for a while because of it.
    pub(crate) fn slows(self) {
        metrics::counter!("plenary_limit_slowed_total", "limit" => self.name()).increment(1);
    }
}

/// What is used of the limits that concern more than one connection. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Limits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Instant,
    addresses: Addresses,
    users: Users,
    memory: Memory,
    maxima: Vec<(Limit, u64)>,
}

impl Limits {
    /// Nothing is used yet.
    pub fn new(config: &Config) -> Self {
        let began = Instant::now();
        let memory = Memory::bounded(config.memory_max_bytes);
        let maxima = vec![
            (Limit::ConnectionsPerUser, config.connections_per_user_max as u64),
            (Limit::ConnectionsPerDocument, config.connections_per_document_max as u64),
            (Limit::DocumentsPerConnection, config.documents_per_connection_max as u64),
            (Limit::DocumentBytes, config.document_bytes_max as u64),
            (Limit::UserInboundBytes, config.user_inbound_bytes_max as u64),
            (Limit::UserOutboundBytes, config.user_outbound_bytes_max as u64),
            (Limit::UserCpu, config.user_cpu_ms_per_second.into()),
            (Limit::ConnectionsPerAddress, config.connections_per_address_max as u64),
            (Limit::WaitingPerAddress, config.waiting_per_address_max as u64),
            (Limit::HandshakesPerMinute, config.handshakes_per_minute_max.into()),
            (Limit::Memory, memory.max_bytes()),
        ];
        Self(Arc::new(Inner {
            began,
            addresses: Addresses::bounded(
                config.connections_per_address_max,
                config.waiting_per_address_max,
                config.handshakes_per_minute_max,
            ),
            users: Users::bounded(config, began),
            memory,
            maxima,
        }))
    }

    pub(crate) fn users(&self) -> &Users {
        &self.0.users
    }

    /// What is to be let go just now.
    pub fn shedding(&self) -> Shedding {
        self.0.memory.shedding()
    }

    /// Notes how much memory the process has, in bytes; what is let go follows from it. The server does so each second.
    pub fn note_memory(&self, used_bytes: u64) {
        self.0.memory.note(used_bytes);
    }

    /// The figures for operators: what is used, and how much may be.
    pub(crate) fn figures(&self) -> Figures {
        Figures {
            waiting: self.0.addresses.waiting(),
            users: self.0.users.count(),
            large_messages: self.0.users.large_messages(),
            users_behind: self.0.users.behind(),
            memory_bytes: self.0.memory.used_bytes(),
            shedding: self.shedding() as u64,
            maxima: self.0.maxima.iter().map(|(limit, max)| (limit.name(), *max)).collect(),
        }
    }

    fn elapsed(&self) -> Duration {
        self.0.began.elapsed()
    }
}

/// For the metrics.
pub(crate) struct Figures {
    /// Sockets that have shown no credential yet.
    pub(crate) waiting: usize,
    /// Users of whom something is counted.
    pub(crate) users: usize,
    /// Large messages that are coming in.
    pub(crate) large_messages: usize,
    /// Users for whose sockets more waits than may.
    pub(crate) users_behind: usize,
    pub(crate) memory_bytes: u64,
    /// As [`Shedding`] counts.
    pub(crate) shedding: u64,
    /// The limits by name.
    pub(crate) maxima: Vec<(&'static str, u64)>,
}
