//! Who wrote what of a document, who deleted what, and when.
//!
//! It follows from the records: what the gate says each one inserts and deletes, its user and its time. It is kept as
//! runs of clocks, beside the snapshot, so that it outlasts the records. Whose a client id is follows from it in turn:
//! it belongs to the user who first wrote with it, from the first record on.
//!
//! Not in it is what Yjs deletes as a consequence: what was in a deleted type, a value of a map that another replaced.

mod encoding;

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use plenary_gate::{Admitted, Known};
use plenary_ids::UserId;
use plenary_protocol::{WireError, wire::NUMBER_MAX};

/// Clocks that follow each other are one run when they have one author and come within this time of its first, in
/// milliseconds: a burst of typing, not a number for each letter.
pub const RUN_MS: u64 = 60_000;

/// Larger times are not written: their differences must fit a number of the wire, with a sign.
const AT_MS_MAX: u64 = NUMBER_MAX / 4;

/// Consecutive clocks of one client with one author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The Yjs client that wrote them.
    pub client: u64,
    /// Which; each is one UTF-16 unit, one embed, one format mark, one type or one value.
    pub clocks: Range<u32>,
    /// The authenticated user who brought them, or who deleted them.
    pub user: UserId,
    /// When the server accepted the first of them, milliseconds since 1970 UTC; the others came less than
    /// [`RUN_MS`] later.
    pub at_ms: u64,
    /// The client id is not known to be the user's: they may have passed on what somebody else wrote.
    pub is_relayed: bool,
}

/// Who wrote and deleted what of one document. The default is that of the empty document.
///
/// Size: 24 bytes for each run of insertions, about 40 for each of deletions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribution {
    users: Vec<UserId>,
    /// Where each is in `users`.
    indices: HashMap<UserId, u32>,
    inserted: BTreeMap<u64, Client>,
    /// By client and first clock.
    deleted: BTreeMap<(u64, u32), Deleted>,
}

/// What one client wrote; its clocks begin at 0 and have no holes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Client {
    /// Who first wrote with it, other than by passing on.
    owner: Option<u32>,
    runs: Vec<Inserted>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Inserted {
    end: u32,
    user: u32,
    is_relayed: bool,
    at_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Deleted {
    end: u32,
    user: u32,
    at_ms: u64,
}

/// Who brings something, when, and what of it they only pass on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bringer<'a> {
    pub(crate) user: UserId,
    pub(crate) at_ms: u64,
    /// Clients.
    pub(crate) relayed: &'a [u64],
}

/// Why stored bytes are no attribution of the document they are beside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributionError {
    /// They do not decode.
    #[error("does not decode")]
    Wire(#[from] WireError),
    /// They decode to something that cannot be.
    #[error("{0}")]
    Nonsense(&'static str),
    /// It speaks of other clocks than the document has.
    #[error("client {client} ends at {said}, in the document at {known}")]
    OtherClocks {
        /// Whose.
        client: u64,
        /// The clock after the last it speaks of.
        said: u32,
        /// The clock after the last there is.
        known: u32,
    },
    /// It says deleted what is not.
    #[error("clock {clock} of client {client} is not deleted")]
    NotDeleted {
        /// Whose.
        client: u64,
        /// Which.
        clock: u32,
    },
}

impl Attribution {
    /// Whose a client id is: `None` while nobody has written with it.
    pub fn owner(&self, client: u64) -> Option<UserId> {
        let owner = self.inserted.get(&client)?.owner?;
        Some(self.users[owner as usize])
    }

    /// Everybody there is a run of, in order of appearance.
    pub fn users(&self) -> &[UserId] {
        &self.users
    }

    /// What was inserted from this client and clock on, ascending: every clock of the document is in one run.
    pub fn inserted(&self, from: (u64, u32)) -> impl Iterator<Item = Run> {
        self.inserted.range(from.0..).flat_map(move |(&client, of)| {
            let start = if client == from.0 { from.1 } else { 0 };
            let skipped = of.runs.partition_point(|run| run.end <= start);
            let mut next = skipped.checked_sub(1).map_or(0, |last| of.runs[last].end).max(start);
            of.runs[skipped..].iter().map(move |run| {
                let clocks = next..run.end;
                next = run.end;
                let user = self.users[run.user as usize];
                Run { client, clocks, user, at_ms: run.at_ms, is_relayed: run.is_relayed }
            })
        })
    }

    /// What was deleted from this client and clock on, ascending.
    pub fn deleted(&self, from: (u64, u32)) -> impl Iterator<Item = Run> {
        let before =
            self.deleted.range(..from).next_back().filter(|(at, run)| at.0 == from.0 && run.end > from.1);
        before.into_iter().chain(self.deleted.range(from..)).map(move |(&(client, start), run)| {
            let start = if client == from.0 { start.max(from.1) } else { start };
            let user = self.users[run.user as usize];
            Run { client, clocks: start..run.end, user, at_ms: run.at_ms, is_relayed: false }
        })
    }

    /// The first run of insertions of an earlier state of the document, as `earlier` has it, that is otherwise here.
    pub fn first_unlike(&self, earlier: &Self) -> Option<Run> {
        let mut ours = self.inserted((0, 0)).peekable();
        earlier.inserted((0, 0)).find(|theirs| {
            // What came later: other clients, and more runs of the same.
            while ours
                .peek()
                .is_some_and(|run| (run.client, run.clocks.start) < (theirs.client, theirs.clocks.start))
            {
                ours.next();
            }
            // The last run of a client may have gone on.
            let is_like = |run: Run| {
                run.clocks.end >= theirs.clocks.end && Run { clocks: theirs.clocks.clone(), ..run } == *theirs
            };
            !ours.next().is_some_and(is_like)
        })
    }

    /// Takes note of what the gate admitted.
    pub(crate) fn note(&mut self, by: Bringer<'_>, admitted: &Admitted) {
        let user = self.index(by.user);
        let at_ms = by.at_ms.min(AT_MS_MAX);
        for (client, clocks) in admitted.inserted.iter() {
            let is_relayed = by.relayed.contains(&client);
            self.insert(client, Inserted { end: clocks.end, user, is_relayed, at_ms });
        }
        for (client, clocks) in admitted.deleted.iter() {
            self.delete(client, clocks, user, at_ms);
        }
    }

    /// Ascribes the clocks that nobody is known to have written to the server, at no time. Says how many there were.
    /// Fails if it speaks of clocks that the document does not have.
    pub(crate) fn complete(&mut self, known: &Known) -> Result<u64, AttributionError> {
        let clocks = known.state_vector();
        for (&client, of) in &self.inserted {
            let (said, known) = (of.end(), clocks.next_clock(client));
            if said > known {
                return Err(AttributionError::OtherClocks { client, said, known });
            }
        }
        let mut missing = 0;
        for (client, end) in clocks.iter() {
            let said = self.inserted.get(&client).map_or(0, Client::end);
            if said < end {
                missing += u64::from(end - said);
                let user = self.index(UserId::SERVER);
                self.insert(client, Inserted { end, user, is_relayed: false, at_ms: 0 });
            }
        }
        Ok(missing)
    }

    /// Fails unless it says of every clock of the document who wrote it, and of nothing deleted that it is not.
    pub(crate) fn check(&self, known: &Known) -> Result<(), AttributionError> {
        let clocks = known.state_vector();
        for client in clocks.iter().map(|(client, _)| client).chain(self.inserted.keys().copied()) {
            let said = self.inserted.get(&client).map_or(0, Client::end);
            let known = clocks.next_clock(client);
            if said != known {
                return Err(AttributionError::OtherClocks { client, said, known });
            }
        }
        for (&(client, start), run) in &self.deleted {
            let deleted = known.deleted().ranges(client);
            let at = deleted.partition_point(|range| range.end <= start);
            if deleted.get(at).is_none_or(|range| range.start > start || range.end < run.end) {
                return Err(AttributionError::NotDeleted { client, clock: start });
            }
        }
        Ok(())
    }

    fn index(&mut self, user: UserId) -> u32 {
        let users = &mut self.users;
        *self.indices.entry(user).or_insert_with(|| {
            users.push(user);
            users.len() as u32 - 1
        })
    }

    fn insert(&mut self, client: u64, new: Inserted) {
        let of = self.inserted.entry(client).or_default();
        if new.end <= of.end() {
            return;
        }
        if !new.is_relayed {
            of.owner.get_or_insert(new.user);
        }
        match of.runs.last_mut() {
            Some(last)
                if (last.user, last.is_relayed) == (new.user, new.is_relayed)
                    && is_soon_after(last.at_ms, new.at_ms) =>
            {
                last.end = new.end;
            }
            _ => of.runs.push(new),
        }
    }

    fn delete(&mut self, client: u64, clocks: Range<u32>, user: u32, at_ms: u64) {
        // Whatever is said of a clock already stays.
        let mut start = clocks.start;
        while start < clocks.end {
            let before = self.deleted.range(..=(client, start)).next_back();
            if let Some((_, run)) = before.filter(|(at, run)| at.0 == client && run.end > start) {
                start = run.end;
                continue;
            }
            let after = self.deleted.range((client, start)..=(client, clocks.end)).next();
            let end = after.map_or(clocks.end, |(at, _)| at.1.min(clocks.end));
            self.delete_new(client, start..end, Deleted { end, user, at_ms });
            start = end;
        }
    }

    fn delete_new(&mut self, client: u64, clocks: Range<u32>, mut new: Deleted) {
        let Deleted { user, at_ms, .. } = new;
        let joins = |run: &Deleted| run.user == user && is_soon_after(run.at_ms, at_ms);
        let mut start = clocks.start;
        let before = self.deleted.range(..(client, start)).next_back();
        let before = before.filter(|(at, run)| at.0 == client && run.end == start && joins(run));
        let before = before.map(|(at, run)| (*at, *run));
        let after = self.deleted.get(&(client, clocks.end)).filter(|run| joins(run)).copied();
        if let Some((at, run)) = before {
            (start, new.at_ms) = (at.1, run.at_ms);
        }
        if let Some(run) = after {
            self.deleted.remove(&(client, clocks.end));
            (new.end, new.at_ms) = (run.end, run.at_ms.min(new.at_ms));
        }
        self.deleted.insert((client, start), new);
    }
}

impl Client {
    fn end(&self) -> u32 {
        self.runs.last().map_or(0, |run| run.end)
    }
}

/// Whether something at `at_ms` belongs to a run that began at `first_ms`.
fn is_soon_after(first_ms: u64, at_ms: u64) -> bool {
    at_ms.checked_sub(first_ms).is_some_and(|elapsed_ms| elapsed_ms < RUN_MS)
}
