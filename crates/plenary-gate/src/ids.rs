//! Sets of clocks, and the state vectors peers send.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::Refusal;
use crate::reader::{CLOCK_MAX, Reader, write_number};

/// A set of clocks: for each client, sorted ranges that neither overlap nor touch. Clocks are below 2^31.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdSet {
    clients: BTreeMap<u64, Vec<Range<u32>>>,
}

impl IdSet {
    /// Adds a range of clocks; whatever of it is there already stays. An empty range adds nothing.
    pub fn insert(&mut self, client: u64, clocks: Range<u32>) {
        if clocks.is_empty() {
            return;
        }
        let ranges = self.clients.entry(client).or_default();
        match ranges.last_mut() {
            // Mostly clocks come in order.
            Some(last) if last.start <= clocks.start && clocks.start <= last.end => {
                last.end = last.end.max(clocks.end);
            }
            Some(last) if clocks.start < last.end => {
                // Those it overlaps or touches become one.
                let first = ranges.partition_point(|range| range.end < clocks.start);
                let after = first + ranges[first..].partition_point(|range| range.start <= clocks.end);
                if first == after {
                    ranges.insert(first, clocks);
                } else {
                    let start = clocks.start.min(ranges[first].start);
                    let end = clocks.end.max(ranges[after - 1].end);
                    ranges[first] = start..end;
                    ranges.drain(first + 1..after);
                }
            }
            _ => ranges.push(clocks),
        }
    }

    /// Whether this clock is in the set.
    pub fn contains(&self, client: u64, clock: u32) -> bool {
        let ranges = self.ranges(client);
        let at = ranges.partition_point(|range| range.end <= clock);
        ranges.get(at).is_some_and(|range| range.start <= clock)
    }

    /// Whether there is no clock in it.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// The ranges of one client, ascending.
    pub fn ranges(&self, client: u64) -> &[Range<u32>] {
        self.clients.get(&client).map_or(&[], Vec::as_slice)
    }

    /// The clients of which there is a clock in it, ascending.
    pub fn clients(&self) -> impl Iterator<Item = u64> {
        self.clients.keys().copied()
    }

    /// All ranges, ascending by client and clock.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Range<u32>)> {
        self.clients
            .iter()
            .flat_map(|(&client, ranges)| ranges.iter().map(move |range| (client, range.clone())))
    }

    /// Adds all of another set. Linear in the ranges of the clients that `other` names, unless it brings few.
    pub fn merge(&mut self, other: &IdSet) {
        for (&client, theirs) in &other.clients {
            let ours = self.clients.entry(client).or_default();
            if theirs.len() <= 8 {
                for range in theirs {
                    self.insert(client, range.clone());
                }
                continue;
            }
            let mut both = Vec::with_capacity(ours.len() + theirs.len());
            both.append(ours);
            both.extend_from_slice(theirs);
            *ours = joined(both);
        }
    }

    /// Builds a set of ranges in any order.
    pub(crate) fn from_ranges(mut ranges: Vec<(u64, Range<u32>)>) -> IdSet {
        ranges.sort_unstable_by_key(|(client, range)| (*client, range.start));
        let mut set = IdSet::default();
        for (client, range) in ranges {
            set.insert(client, range);
        }
        set
    }

    /// Calls `each` for every part of `clocks` that is not in the set. `hint` is where to look first and is
    /// moved on, so that a walk over sorted ranges is linear; start with 0.
    pub(crate) fn each_missing(
        ranges: &[Range<u32>],
        clocks: Range<u32>,
        hint: &mut usize,
        mut each: impl FnMut(Range<u32>),
    ) {
        let at = *hint;
        if at > 0 && ranges[at - 1].end > clocks.start {
            // Went back: this one is out of order.
            *hint = ranges.partition_point(|range| range.end <= clocks.start);
        } else {
            // Gallop: sorted input is mostly next door.
            let mut step = 1;
            let mut low = at;
            while low + step <= ranges.len() && ranges[low + step - 1].end <= clocks.start {
                low += step;
                step *= 2;
            }
            let high = (low + step).min(ranges.len());
            *hint = low + ranges[low..high].partition_point(|range| range.end <= clocks.start);
        }
        let mut start = clocks.start;
        for range in &ranges[*hint..] {
            if range.start >= clocks.end {
                break;
            }
            if start < range.start {
                each(start..range.start);
            }
            start = range.end;
        }
        if start < clocks.end {
            each(start..clocks.end);
        }
    }
}

/// Sorts ranges and joins those that overlap or touch.
fn joined(mut ranges: Vec<Range<u32>>) -> Vec<Range<u32>> {
    // Two sorted runs one after the other: the standard sort finds and merges them.
    ranges.sort_by_key(|range| range.start);
    ranges.dedup_by(|next, kept| {
        let touches = next.start <= kept.end;
        if touches {
            kept.end = kept.end.max(next.end);
        }
        touches
    });
    ranges
}

/// The next clock per client, as peers send it in sync step 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateVector {
    /// Ascending by client.
    clocks: Vec<(u64, u32)>,
}

impl StateVector {
    /// Reads an encoded state vector. Refuses more clients than there are bytes for, clients named twice,
    /// ids of more than 53 bits, clocks of more than 31, longer forms of numbers and bytes after the end.
    pub fn read(bytes: &[u8]) -> Result<StateVector, Refusal> {
        let mut reader = Reader::new(bytes);
        let count = reader.count(2)?;
        let mut clocks = Vec::with_capacity(count);
        for _ in 0..count {
            clocks.push((reader.client()?, reader.clock()?));
        }
        reader.end()?;
        clocks.sort_unstable();
        match clocks.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(Refusal::ClientTwice { client: pair[0].0 }),
            None => Ok(StateVector { clocks }),
        }
    }

    /// Clients and their next clocks, ascending by client.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u32)> {
        self.clocks.iter().copied()
    }

    /// The next clock of a client; 0 for one that is not named.
    pub fn next_clock(&self, client: u64) -> u32 {
        self.clocks.binary_search_by_key(&client, |entry| entry.0).map_or(0, |at| self.clocks[at].1)
    }

    /// As sync step 1 has it: clients descending, like yjs.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(2 + self.clocks.len() * 8);
        write_number(&mut out, self.clocks.len() as u64);
        for (client, clock) in self.clocks.iter().rev() {
            write_number(&mut out, *client);
            write_number(&mut out, u64::from(*clock));
        }
        out
    }
}

impl FromIterator<(u64, u32)> for StateVector {
    /// Collects clients and their next clocks, in any order; of a client named twice the larger stays. Clocks
    /// of 2^31 and more, which no peer can have, become 2^31 - 1.
    fn from_iter<I: IntoIterator<Item = (u64, u32)>>(entries: I) -> StateVector {
        let mut clocks: Vec<_> =
            entries.into_iter().map(|(client, clock)| (client, clock.min(CLOCK_MAX as u32))).collect();
        clocks.sort_unstable_by_key(|&(client, clock)| (client, std::cmp::Reverse(clock)));
        clocks.dedup_by_key(|entry| entry.0);
        StateVector { clocks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_state_vector_round_trips() {
        let vector: StateVector = [(7, 3), (1, 0), (1 << 52, 900)].into_iter().collect();
        assert_eq!(StateVector::read(&vector.encode()), Ok(vector.clone()));
        assert_eq!(vector.next_clock(7), 3);
        assert_eq!(vector.next_clock(8), 0);
    }

    #[test]
    fn a_state_vector_is_refused_with_its_reason() {
        assert_eq!(StateVector::read(&[]), Err(Refusal::Malformed { at: 0, what: "ends early" }));
        assert!(StateVector::read(&[0xff, 0xff, 0xff, 0x72]).is_err());
        assert_eq!(StateVector::read(&[2, 5, 1, 5, 2]), Err(Refusal::ClientTwice { client: 5 }));
        assert_eq!(
            StateVector::read(&[0, 0]),
            Err(Refusal::Malformed { at: 1, what: "bytes after the end" })
        );
        assert!(StateVector::read(&[1, 0x85, 0x00, 1]).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_state_vector_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(vector) = StateVector::read(&bytes) {
                prop_assert_eq!(StateVector::read(&vector.encode()), Ok(vector));
            }
        }

        #[test]
        fn a_set_of_clocks_is_a_set(
            ranges in proptest::collection::vec((0u64..3, 0u32..60, 0u32..9), 0..40),
            others in proptest::collection::vec((0u64..3, 0u32..60, 0u32..9), 0..40),
            asked in proptest::collection::vec((0u32..60, 1u32..9), 0..20),
        ) {
            let mut set = IdSet::default();
            let mut model = BTreeSet::new();
            let mut other = IdSet::default();
            for &(client, start, len) in &ranges {
                set.insert(client, start..start + len);
                model.extend((start..start + len).map(|clock| (client, clock)));
            }
            let shuffled = ranges.iter().map(|&(client, start, len)| (client, start..start + len)).collect();
            prop_assert_eq!(&IdSet::from_ranges(shuffled), &set);
            for &(client, start, len) in &others {
                other.insert(client, start..start + len);
                model.extend((start..start + len).map(|clock| (client, clock)));
            }
            set.merge(&other);
            let all: BTreeSet<_> =
                set.iter().flat_map(|(client, range)| range.map(move |clock| (client, clock))).collect();
            prop_assert_eq!(&all, &model);
            for client in 0..3 {
                prop_assert!(set.ranges(client).windows(2).all(|pair| pair[0].end < pair[1].start));
                let mut hint = 0;
                for &(start, len) in &asked {
                    let mut missing = Vec::new();
                    IdSet::each_missing(set.ranges(client), start..start + len, &mut hint, |part| missing.extend(part));
                    let expected: Vec<u32> = (start..start + len).filter(|&c| !set.contains(client, c)).collect();
                    prop_assert_eq!(missing, expected);
                }
            }
        }
    }
}
