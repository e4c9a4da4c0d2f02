//! What a reader has of what was written.

use std::{collections::HashMap, ops::Range, rc::Rc};

use bytes::Bytes;
use yrs::{Update, updates::decoder::Decode};

/// The clocks that one update brings and deletes, by client. A message may hold merged updates of many writers, so
/// what it brings is read from its clocks and not from its being one message.
#[derive(Debug, Default)]
pub struct Brought {
    /// New clocks.
    pub inserted: Vec<(u64, Range<u32>)>,
    /// Deleted clocks.
    pub deleted: Vec<(u64, Range<u32>)>,
}

impl Brought {
    /// Reads an update. Panics when it is none.
    pub fn read(update: &[u8]) -> Self {
        let update = Update::decode_v1(update).expect("a Yjs update");
        let mut brought = Self::default();
        for (client, ranges) in update.insertions(true).iter() {
            brought.inserted.extend(ranges.iter().map(|range| (client.get(), range.clone())));
        }
        for (client, ranges) in update.delete_set().iter() {
            brought.deleted.extend(ranges.iter().map(|range| (client.get(), range.clone())));
        }
        brought
    }
}

/// Reads each update once, though many readers hear it.
#[derive(Debug, Default)]
pub struct Reading {
    read: HashMap<Bytes, Rc<Brought>>,
}

impl Reading {
    /// Updates that are remembered. Readers of one server are closer together than this.
    const REMEMBERED_MAX: usize = 4_096;

    /// What an update brings.
    pub fn of(&mut self, update: &Bytes) -> Rc<Brought> {
        if let Some(brought) = self.read.get(update) {
            return Rc::clone(brought);
        }
        if self.read.len() >= Self::REMEMBERED_MAX {
            self.read.clear();
        }
        let brought = Rc::new(Brought::read(update));
        self.read.insert(update.clone(), Rc::clone(&brought));
        brought
    }
}

/// What a reader has of one client.
#[derive(Debug, Default)]
pub struct Coverage {
    client: u64,
    inserted: Seen,
    deleted: Seen,
}

#[derive(Debug, Default)]
struct Seen {
    clocks: Vec<bool>,
    count: usize,
}

impl Seen {
    fn add(&mut self, clocks: &Range<u32>) {
        let (start, end) = (clocks.start as usize, clocks.end as usize);
        if self.clocks.len() < end {
            self.clocks.resize(end, false);
        }
        for clock in &mut self.clocks[start..end] {
            self.count += usize::from(!std::mem::replace(clock, true));
        }
    }
}

impl Coverage {
    /// Nothing yet.
    pub fn of(client: u64) -> Self {
        Self { client, ..Self::default() }
    }

    /// Takes note of an update.
    pub fn add(&mut self, brought: &Brought) {
        let ours = |(client, _): &&(u64, Range<u32>)| *client == self.client;
        brought.inserted.iter().filter(ours).for_each(|(_, clocks)| self.inserted.add(clocks));
        brought.deleted.iter().filter(ours).for_each(|(_, clocks)| self.deleted.add(clocks));
    }

    /// Clocks that are there.
    pub fn inserted(&self) -> usize {
        self.inserted.count
    }

    /// Clocks that are deleted.
    pub fn deleted(&self) -> usize {
        self.deleted.count
    }
}
