//! What a document has, as far as the gate must know.

use std::collections::HashMap;
use std::ops::Range;

use crate::sequences::Sequences;
use crate::{Admitted, IdSet, StateVector};

/// Where a struct is: in the sequence or among the map entries of one type, or nowhere.
///
/// All neighbours of a struct are in its own place. yrs links a struct to its neighbours but counts it to the
/// parent of one of them; were they in different types, collecting one type would leave the other with links
/// into freed memory. So the gate remembers the place of every clock, as runs of clocks with one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place(u32);

impl Place {
    /// Collected, or below something collected: it has clocks but no content and no neighbours any more.
    pub(crate) const GONE: Place = Place(0);

    pub(crate) fn sequence(type_index: u32) -> Place {
        Place(2 + type_index * 2)
    }

    pub(crate) fn entry(type_index: u32) -> Place {
        Place(3 + type_index * 2)
    }

    pub(crate) fn is_entry(self) -> bool {
        self.0 & 1 == 1
    }

    /// The type it is in; `None` for `GONE`.
    pub(crate) fn type_index(self) -> Option<u32> {
        (self != Place::GONE).then(|| self.0 / 2 - 1)
    }
}

/// What a document has, as far as the gate must know. The default is the empty document.
///
/// Size: about 8 bytes for each stretch of clocks in one place, each nested type and each deleted range, and some 90
/// for each piece of text that was written in one go and not cut since.
///
/// A loaded document: judge its state as one update against `Known::default()` with
/// [`Limits::stored`](crate::Limits::stored), and so on with each record after the snapshot.
#[derive(Clone, Debug, Default)]
pub struct Known {
    clients: HashMap<u64, Client>,
    /// How deep each type is, by its index; root types are 0.
    depths: Vec<u16>,
    roots: HashMap<Box<str>, u32>,
    deleted: IdSet,
    pub(crate) sequences: Sequences,
}

/// What the document has of one client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    next_clock: u32,
    /// From which clock on which place, ascending.
    runs: Vec<(u32, Place)>,
    /// Clock and index of each type, ascending.
    types: Vec<(u32, u32)>,
}

/// What a slice adds to [`Known`] besides clocks and deletions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Growth {
    pub(crate) runs: Vec<(u64, u32, Place)>,
    /// The depths of new types, which go on where those that are known end.
    pub(crate) depths: Vec<u16>,
    pub(crate) nested: Vec<(u64, u32, u32)>,
    pub(crate) roots: Vec<(Box<str>, u32)>,
}

impl Known {
    /// Takes note of a slice of what was just admitted.
    pub(crate) fn admit(&mut self, admitted: &Admitted) {
        let growth = &admitted.growth;
        for (client, clocks) in admitted.inserted.iter() {
            let client = self.clients.entry(client).or_default();
            client.next_clock = client.next_clock.max(clocks.end);
        }
        for &(client, clock, place) in &growth.runs {
            self.clients.entry(client).or_default().runs.push((clock, place));
        }
        for &(client, clock, index) in &growth.nested {
            self.clients.entry(client).or_default().types.push((clock, index));
        }
        self.depths.extend_from_slice(&growth.depths);
        self.roots.extend(growth.roots.iter().cloned());
        self.deleted.merge(&admitted.deleted);
    }

    /// Takes note of clocks that the merge itself deleted: children of a deleted type, and map entries that
    /// lost against another. After each merge give it all of the transaction's delete set, so that those
    /// deletions are known when a peer lists them. Clocks the document lacks are ignored.
    pub fn mark_deleted(&mut self, client: u64, clocks: Range<u32>) {
        let end = clocks.end.min(self.next_clock(client));
        self.deleted.insert(client, clocks.start..end);
    }

    /// The first clock the document lacks of a client: 0 for an unknown client.
    pub fn next_clock(&self, client: u64) -> u32 {
        self.clients.get(&client).map_or(0, |client| client.next_clock)
    }

    /// All that is deleted.
    pub fn deleted(&self) -> &IdSet {
        &self.deleted
    }

    /// The next clocks of all clients.
    pub fn state_vector(&self) -> StateVector {
        self.clients.iter().map(|(&client, known)| (client, known.next_clock)).collect()
    }

    pub(crate) fn client(&self, client: u64) -> Option<&Client> {
        self.clients.get(&client)
    }

    pub(crate) fn clients(&self) -> impl ExactSizeIterator<Item = u64> {
        self.clients.keys().copied()
    }

    pub(crate) fn root(&self, name: &str) -> Option<u32> {
        self.roots.get(name).copied()
    }

    pub(crate) fn depth(&self, type_index: u32) -> Option<u16> {
        self.depths.get(type_index as usize).copied()
    }

    pub(crate) fn types(&self) -> usize {
        self.depths.len()
    }
}

impl Client {
    pub(crate) fn next_clock(&self) -> u32 {
        self.next_clock
    }

    /// Where a known clock is.
    pub(crate) fn place(&self, clock: u32) -> Place {
        let runs = &self.runs;
        match runs.last() {
            // Mostly people go on where somebody has just been.
            Some(&(start, place)) if start <= clock => place,
            _ => match runs.partition_point(|run| run.0 <= clock) {
                0 => Place::GONE,
                after => runs[after - 1].1,
            },
        }
    }

    /// The type that the item at a known clock is, if it is one.
    pub(crate) fn type_at(&self, clock: u32) -> Option<u32> {
        self.types.binary_search_by_key(&clock, |entry| entry.0).ok().map(|at| self.types[at].1)
    }
}
