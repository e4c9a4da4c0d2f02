//! Who is here: awareness entries, each owned by the participant who announced it.
//!
//! Stock clients send everybody's entries back, so a participant may change only its own: the first id it
//! announces that nobody else holds. An id that somebody announced is kept for that user, also when they have left,
//! so that nobody else writes with it first. Nothing here is stored, and nothing here waits for the store.

use std::collections::{BTreeMap, HashMap, VecDeque};

use bytes::Bytes;
use plenary_ids::{ParticipantId, UserId};
use plenary_protocol::{AwarenessEntry, encode_awareness};

/// An entry whose holder has been silent for this long may be taken over: its socket is likely dead.
const SILENCE_MAX_MS: u64 = 30_000;

/// How long we remember the clock of an entry that left. Others remember it too, and would ignore the same clock
/// when the client comes back, so it must be told to raise it.
const DEPARTED_FOR_MS: u64 = 120_000;

/// Departed entries beyond this many are forgotten early.
const DEPARTED_MAX: usize = 1_024;

/// So many ids are kept for a user who is not present with them; the oldest goes.
const KEPT_EACH_MAX: usize = 64;

/// So many ids are kept for all who are not present with them; beyond it none is added.
const KEPT_MAX: usize = 16_384;

#[derive(Debug)]
struct Entry {
    holder: ParticipantId,
    user: UserId,
    clock: u64,
    state: Bytes,
    heard_ms: u64,
}

/// The awareness entries of a room.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    entries: BTreeMap<u64, Entry>,
    held_by: HashMap<ParticipantId, u64>,
    departed: HashMap<u64, (u64, u64)>,
    /// Whose an id was that nobody is present with now, and the ids of each such user, oldest first.
    kept: HashMap<u64, UserId>,
    kept_for: HashMap<UserId, VecDeque<u64>>,
}

/// What an announcement led to.
#[derive(Debug, Default)]
pub(crate) struct Announced {
    /// The entry that others must be told of.
    pub(crate) changed: Option<u64>,
    /// To be sent back to the announcer: an old departure of its id, so that it raises its clock.
    pub(crate) reply: Option<AwarenessEntry>,
}

impl Presence {
    /// For whom an id is reserved: who is present with it, or was.
    pub(crate) fn reserved(&self, client: u64) -> Option<UserId> {
        self.entries.get(&client).map(|entry| entry.user).or_else(|| self.kept.get(&client).copied())
    }

    /// Takes what a participant says of itself and drops what it says of others. `owner`: who has written with an
    /// id, if anybody has.
    pub(crate) fn announce(
        &mut self,
        now_ms: u64,
        from: ParticipantId,
        user: UserId,
        entries: &[AwarenessEntry],
        owner: impl Fn(u64) -> Option<UserId>,
    ) -> Announced {
        let own = self.held_by.get(&from).copied();
        let mut announced = Announced::default();
        for entry in entries {
            let may_change = match own {
                Some(own) => own == entry.client,
                None => {
                    let is_foreign = |owner: Option<UserId>| owner.is_some_and(|owner| owner != user);
                    let is_own = !is_foreign(owner(entry.client)) && !is_foreign(self.reserved(entry.client));
                    entry.state.is_some() && is_own && self.may_take(now_ms, entry, entries.len())
                }
            };
            if !may_change {
                continue;
            }
            announced = self.change(now_ms, from, user, entry);
            break;
        }
        announced
    }

    /// Whether an id that is the user's may pass from the connection that holds it to another one.
    fn may_take(&self, now_ms: u64, entry: &AwarenessEntry, announced: usize) -> bool {
        let Some(held) = self.entries.get(&entry.client) else {
            return true;
        };
        let is_silent = now_ms.saturating_sub(held.heard_ms) >= SILENCE_MAX_MS;
        // A client that came back on a new socket while the old one still looks alive raises its own clock; one
        // that merely passes on what it heard repeats the clock it heard.
        is_silent || (announced == 1 && entry.clock > held.clock)
    }

    fn change(
        &mut self,
        now_ms: u64,
        from: ParticipantId,
        user: UserId,
        entry: &AwarenessEntry,
    ) -> Announced {
        let Some(state) = &entry.state else {
            return match self.entries.get(&entry.client) {
                Some(held) if entry.clock >= held.clock => {
                    self.depart(now_ms, entry.client, entry.clock);
                    Announced { changed: Some(entry.client), reply: None }
                }
                _ => Announced::default(),
            };
        };
        if let Some((clock, _)) = self.departed.get(&entry.client).copied()
            && entry.clock <= clock
        {
            let reply = AwarenessEntry { client: entry.client, clock, state: None };
            return Announced { changed: None, reply: Some(reply) };
        }
        let news = self.entries.get(&entry.client).is_none_or(|held| entry.clock > held.clock);
        if let Some(held) = self.entries.get_mut(&entry.client)
            && held.holder != from
        {
            self.held_by.remove(&held.holder);
            held.holder = from;
        }
        self.held_by.insert(from, entry.client);
        if !news {
            return Announced::default();
        }
        self.departed.remove(&entry.client);
        self.let_go(entry.client);
        let clock = entry.clock;
        // A copy, for the frame it is part of may be far larger and would stay in memory with it.
        let state = Bytes::copy_from_slice(state);
        self.entries.insert(entry.client, Entry { holder: from, user, clock, state, heard_ms: now_ms });
        Announced { changed: Some(entry.client), reply: None }
    }

    fn depart(&mut self, now_ms: u64, client: u64, clock: u64) {
        let Some(entry) = self.entries.remove(&client) else {
            return;
        };
        self.held_by.remove(&entry.holder);
        self.keep(client, entry.user);
        self.departed.retain(|_, (_, since_ms)| now_ms.saturating_sub(*since_ms) < DEPARTED_FOR_MS);
        if self.departed.len() < DEPARTED_MAX {
            self.departed.insert(client, (clock, now_ms));
        }
    }

    fn keep(&mut self, client: u64, user: UserId) {
        if self.kept.len() >= KEPT_MAX {
            return;
        }
        let clients = self.kept_for.entry(user).or_default();
        if clients.len() >= KEPT_EACH_MAX
            && let Some(oldest) = clients.pop_front()
        {
            self.kept.remove(&oldest);
        }
        clients.push_back(client);
        self.kept.insert(client, user);
    }

    fn let_go(&mut self, client: u64) {
        if let Some(user) = self.kept.remove(&client)
            && let Some(clients) = self.kept_for.get_mut(&user)
        {
            clients.retain(|kept| *kept != client);
            if clients.is_empty() {
                self.kept_for.remove(&user);
            }
        }
    }

    /// Removes the entry of a participant that left; the id others must be told of, if it had one.
    pub(crate) fn leave(&mut self, now_ms: u64, participant: ParticipantId) -> Option<u64> {
        let client = *self.held_by.get(&participant)?;
        let clock = self.entries.get(&client).map_or(0, |entry| entry.clock);
        self.depart(now_ms, client, clock);
        Some(client)
    }

    /// The awareness payload that tells of these ids: as they are, or that they left.
    pub(crate) fn encode(&self, clients: impl IntoIterator<Item = u64>) -> Bytes {
        let entries: Vec<_> = clients
            .into_iter()
            .map(|client| match self.entries.get(&client) {
                Some(entry) => {
                    AwarenessEntry { client, clock: entry.clock, state: Some(entry.state.clone()) }
                }
                None => AwarenessEntry {
                    client,
                    clock: self.departed.get(&client).map_or(0, |(clock, _)| *clock),
                    state: None,
                },
            })
            .collect();
        encode_awareness(&entries)
    }

    /// Everybody who is here, or `None` when nobody is.
    pub(crate) fn encode_all(&self) -> Option<Bytes> {
        (!self.entries.is_empty()).then(|| self.encode(self.entries.keys().copied()))
    }
}
