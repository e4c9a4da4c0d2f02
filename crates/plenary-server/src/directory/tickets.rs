//! One-use tickets for opening a socket: in memory, because they live for half a minute.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::auth::{Identity, SecretHash, new_secret};

/// How long a ticket is good for, in milliseconds.
pub const TICKET_MS: u64 = 30_000;

// About 3 MiB.
const TICKETS_MAX: usize = 10_000;
// Somebody with every document of a large group open, reconnecting.
const TICKETS_OF_ONE_USER_MAX: usize = 200;

/// There are too many tickets in use; some end within half a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tickets are waiting to be used")]
pub struct TicketError;

struct Ticket {
    identity: Identity,
    expires_ms: u64,
}

#[derive(Default)]
pub(super) struct Tickets(Mutex<HashMap<SecretHash, Ticket>>);

impl Tickets {
    /// Draws a ticket that recognises `identity` once.
    pub(super) fn draw(&self, identity: Identity, now_ms: u64) -> Result<String, TicketError> {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.retain(|_, ticket| ticket.expires_ms > now_ms);
        let of_user = tickets.values().filter(|ticket| ticket.identity.user == identity.user).count();
        if tickets.len() >= TICKETS_MAX || of_user >= TICKETS_OF_ONE_USER_MAX {
            return Err(TicketError);
        }
        let (secret, hash) = new_secret();
        tickets.insert(hash, Ticket { identity, expires_ms: now_ms.saturating_add(TICKET_MS) });
        Ok(secret)
    }

    pub(super) fn redeem(&self, secret: &str, now_ms: u64) -> Option<Identity> {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = tickets.remove(&SecretHash::of(secret))?;
        (ticket.expires_ms > now_ms).then_some(ticket.identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_once_and_for_half_a_minute() {
        let tickets = Tickets::default();
        let first = tickets.draw(Identity::operator(), 0).unwrap();
        assert!(tickets.redeem(&first, TICKET_MS - 1).is_some());
        assert!(tickets.redeem(&first, TICKET_MS - 1).is_none());
        let second = tickets.draw(Identity::operator(), 0).unwrap();
        assert!(tickets.redeem(&second, TICKET_MS).is_none());
    }

    #[test]
    fn one_user_cannot_take_all_tickets() {
        let tickets = Tickets::default();
        for _ in 0..TICKETS_OF_ONE_USER_MAX {
            tickets.draw(Identity::operator(), 0).unwrap();
        }
        assert_eq!(tickets.draw(Identity::operator(), 0), Err(TicketError));
        assert!(tickets.draw(Identity::operator(), TICKET_MS).is_ok());
    }
}
