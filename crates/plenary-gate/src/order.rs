//! The order of new structs, and their places. `slices` makes updates of them.

mod slices;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::known::{Growth, Place};
use crate::sequences::{Insertion, Sequences, TooFarApart};
use crate::update::{Content, Id, News, Parent, Stop, Struct};
use crate::{Admitted, IdSet, Refusal};

/// The most clients in one slice. Merging, yrs takes time quadratic in clients that wait for each other, and
/// stack for those it finds already merged.
const SLICE_CLIENTS_MAX: usize = 1000;

/// Of `Limits::steps_max`, for each byte of an update, and for an update of any size.
const STEPS_PER_BYTE: usize = 16;
const STEPS_ALWAYS: usize = 100_000;

/// Settles new structs one by one, each after all it depends on, and cuts them into slices.
pub(crate) struct Order<'a> {
    news: News<'a>,
    /// Those of the document, and of what is settled.
    sequences: &'a mut Sequences,
    /// See `Limits::steps_max`.
    steps: usize,
    /// Beside `news.sections`: how far each one is.
    progress: Vec<Progress>,
    new_roots: HashMap<&'a str, u32>,
    /// The depths of all new types, those of slices that are already cut included.
    new_depths: Vec<u16>,
    growth: Growth,
    slices: Vec<Admitted>,
    /// Sections with structs in the slice being made.
    touched: Vec<usize>,
    touched_structs: usize,
    /// Clocks that this update brings deleted.
    born_deleted: IdSet,
    /// Map entries of several clocks.
    long_entries: Vec<(u64, Range<u32>)>,
    /// Behind which clocks others have to be cut.
    cuts: HashSet<(u64, u32)>,
    /// Structs without neighbours, by place and key.
    rivals: HashMap<(Place, &'a [u8]), usize>,
}

#[derive(Clone)]
struct Progress {
    /// The next struct to settle.
    next: usize,
    /// The first struct that is in no slice yet.
    uncut: usize,
    waits: bool,
    /// The place of the last settled clock.
    last_place: Option<Place>,
}

impl<'a> Order<'a> {
    pub(crate) fn new(news: News<'a>, sequences: &'a mut Sequences) -> Order<'a> {
        let progress = news
            .sections
            .iter()
            .map(|section| Progress {
                next: section.structs.start,
                uncut: section.structs.start,
                waits: false,
                last_place: section.known.map(|known| known.place(section.next_clock - 1)),
            })
            .collect();
        let by_size = news.bytes.len().saturating_mul(STEPS_PER_BYTE).max(STEPS_ALWAYS);
        let steps_max = news.limits.steps_max;
        let steps = if steps_max == usize::MAX { steps_max } else { by_size.min(steps_max) };
        Order {
            news,
            sequences,
            steps,
            progress,
            new_roots: HashMap::new(),
            new_depths: Vec::new(),
            growth: Growth::default(),
            slices: Vec::new(),
            touched: Vec::new(),
            touched_structs: 0,
            born_deleted: IdSet::default(),
            long_entries: Vec::new(),
            cuts: HashSet::new(),
            rivals: HashMap::new(),
        }
    }

    /// Walks from each section into those it waits for, with a stack of our own. A section entered for a
    /// clock is left once it has that clock, so each struct is looked at once and once more for each of its
    /// up to three dependencies.
    fn settle(&mut self) -> Result<(), Stop> {
        let mut stack: Vec<(usize, u32)> = Vec::new();
        // Higher clients first, as yjs and yrs do.
        for section in (0..self.news.sections.len()).rev() {
            self.enter(&mut stack, section, u32::MAX);
            while let Some(&(section, until)) = stack.last() {
                let next = self.progress[section].next;
                if next == self.news.sections[section].structs.end || self.news.structs[next].clock > until {
                    self.progress[section].waits = false;
                    stack.pop();
                    continue;
                }
                match self.waits_for(&self.news.structs[next])? {
                    Some((other, clock)) if self.progress[other].waits => {
                        debug_assert!(clock >= self.news.structs[self.progress[other].next].clock);
                        let client = self.news.sections[section].client;
                        return Err(Refusal::Cycle { client, clock: self.news.structs[next].clock }.into());
                    }
                    Some((other, clock)) => self.enter(&mut stack, other, clock),
                    None => self.settle_struct(section, next)?,
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, stack: &mut Vec<(usize, u32)>, section: usize, until: u32) {
        self.progress[section].waits = true;
        stack.push((section, until));
    }

    /// A section and clock that must be settled before this struct can be.
    fn waits_for(&self, new: &Struct) -> Result<Option<(usize, u32)>, Stop> {
        let parent = match new.parent {
            Parent::Item(id) => Some(id),
            Parent::Root(..) | Parent::Implied => None,
        };
        for id in [new.origin.or_none(), new.right_origin.or_none(), parent].into_iter().flatten() {
            let Some(at) = self.news.section_of(id.client) else {
                let next_clock = self.news.known.next_clock(id.client);
                if id.clock >= next_clock {
                    return Err(Stop::Gap(Id { client: id.client, clock: next_clock }));
                }
                continue;
            };
            let section = &self.news.sections[at];
            if id.clock >= section.end_clock {
                return Err(Stop::Gap(Id { client: id.client, clock: section.end_clock }));
            }
            let next = self.progress[at].next;
            let is_settled = id.clock < section.next_clock
                || next == section.structs.end
                || id.clock < self.news.structs[next].clock;
            if !is_settled {
                return Ok(Some((at, id.clock)));
            }
        }
        Ok(None)
    }

    /// Gives a struct its place, now that all it depends on has one.
    fn settle_struct(&mut self, section: usize, at: usize) -> Result<(), Refusal> {
        let client = self.news.sections[section].client;
        let next_clock = self.news.sections[section].next_clock;
        let clock = self.news.structs[at].clock;
        let mut place = self.place_of_struct(client, at)?;
        if clock < next_clock {
            // Its first clocks are known, and the rest goes where they are.
            let known = self.progress[section].last_place.unwrap_or(Place::GONE);
            if known == Place::GONE {
                place = known;
            } else if place != known && place != Place::GONE {
                return Err(Refusal::Misplaced { client, clock });
            }
        }
        if place != Place::GONE && !place.is_entry() {
            self.put(section, at, place)?;
        }
        if self.news.structs[at].content == Content::Type
            && let Some(parent) = place.type_index()
        {
            let depth = usize::from(self.depth(parent)) + 1;
            let limit = self.news.limits.type_depth_max;
            if depth > limit {
                return Err(Refusal::TypeTooDeep { client, clock, limit });
            }
            let index = self.new_type(depth);
            self.news.structs[at].type_index = index;
            self.growth.nested.push((client, clock, index));
        }
        let new = &mut self.news.structs[at];
        new.place = place;
        if place.is_entry() && new.len > self.news.limits.entry_values_max && new.content != Content::Deleted
        {
            self.long_entries.push((client, clock.max(next_clock)..new.end()));
        }

        let progress = &mut self.progress[section];
        if progress.last_place != Some(place) {
            progress.last_place = Some(place);
            self.growth.runs.push((client, clock.max(next_clock), place));
        }
        if progress.next == progress.uncut {
            self.touched.push(section);
        }
        progress.next = at + 1;
        self.touched_structs += 1;
        if self.touched_structs >= self.news.limits.slice_items_max
            || (self.touched.len() >= SLICE_CLIENTS_MAX && self.news.limits.slice_items_max != usize::MAX)
        {
            self.cut(&[]);
        }
        Ok(())
    }

    /// Puts what is new of a struct into its sequence.
    fn put(&mut self, section: usize, at: usize, place: Place) -> Result<(), Refusal> {
        let section = &self.news.sections[section];
        let client = section.client;
        let new = &mut self.news.structs[at];
        let clock = new.clock.max(section.next_clock);
        let is_begun = new.clock < clock;
        let mut insertion = Insertion {
            place,
            client,
            clock,
            len: new.end() - clock,
            origin: if is_begun { Id { client, clock: clock - 1 } } else { new.origin },
            right_origin: new.right_origin,
            content: new.content,
            is_begun,
        };
        self.sequences
            .put(&mut insertion, self.news.known.deleted(), &mut self.steps)
            .map_err(|TooFarApart| Refusal::TooFarApart { client, clock })?;
        let origin = if is_begun { new.origin } else { insertion.origin };
        new.is_moved = (origin, insertion.right_origin) != (new.origin, new.right_origin);
        if new.is_moved && origin == Id::NONE && insertion.right_origin == Id::NONE {
            // The beginning is known and was written without neighbours; but this does not say in what.
            return Err(Refusal::Misplaced { client, clock });
        }
        (new.origin, new.right_origin) = (origin, insertion.right_origin);
        Ok(())
    }

    fn place_of_struct(&mut self, client: u64, at: usize) -> Result<Place, Refusal> {
        let new = self.news.structs[at].clone();
        let clock = new.clock;
        if new.content == Content::Collected {
            return Ok(Place::GONE);
        }
        let left = new.origin.or_none().map(|id| self.place_of(id));
        let right = new.right_origin.or_none().map(|id| self.place_of(id));
        match (left, right) {
            (None, None) => {}
            // Only the children of a collected type are collected with their links: this one's parent is too.
            (Some(Place::GONE), _) | (_, Some(Place::GONE)) => return Ok(Place::GONE),
            // A map entry goes behind the last one of its key, so it never has a right neighbour.
            (_, Some(right)) if right.is_entry() || left.is_some_and(|left| left != right) => {
                return Err(Refusal::Misplaced { client, clock });
            }
            (Some(place), _) | (None, Some(place)) => {
                self.count_cuts(&new)?;
                return Ok(place);
            }
        }
        let parent = match new.parent {
            Parent::Root(start, end) => {
                let bytes = self.news.bytes;
                let name =
                    std::str::from_utf8(&bytes[start as usize..end as usize]).expect("was read as UTF-8");
                self.root(name)
            }
            Parent::Item(id) => match self.type_at(id) {
                Some(Some(index)) => index,
                Some(None) => return Ok(Place::GONE),
                None => return Err(Refusal::ParentNotAType { client, clock }),
            },
            Parent::Implied => unreachable!("a struct without neighbours names its parent"),
        };
        let place = if new.is_entry { Place::entry(parent) } else { Place::sequence(parent) };
        self.count_rivals(place, new.key)?;
        Ok(place)
    }

    fn count_cuts(&mut self, new: &Struct) -> Result<(), Refusal> {
        let limit = self.news.limits.cuts_max;
        // Two at most for each.
        if self.news.structs.len() <= limit / 2 {
            return Ok(());
        }
        let before = |id: Id| id.clock.checked_sub(1).map(|clock| Id { clock, ..id });
        for id in [new.origin.or_none(), new.right_origin.or_none().and_then(before)].into_iter().flatten() {
            if self.is_cut_after(id) {
                self.cuts.insert((id.client, id.clock));
            }
        }
        if self.cuts.len() > limit { Err(Refusal::TooManyCuts { limit }) } else { Ok(()) }
    }

    fn count_rivals(&mut self, place: Place, key: (u32, u32)) -> Result<(), Refusal> {
        let limit = self.news.limits.rivals_max;
        if self.news.structs.len() <= limit {
            return Ok(());
        }
        let bytes = self.news.bytes;
        let rivals = self.rivals.entry((place, &bytes[key.0 as usize..key.1 as usize])).or_default();
        *rivals += 1;
        if *rivals > limit { Err(Refusal::TooManyRivals { limit }) } else { Ok(()) }
    }

    /// Whether a struct has to be cut in two for another to come after this clock. Where the pieces of known
    /// clocks end we do not know, but for the last.
    fn is_cut_after(&self, id: Id) -> bool {
        match self.find(id) {
            Found::New(new) => id.clock + 1 < new.end(),
            Found::Known => id.clock + 1 < self.news.known.next_clock(id.client),
        }
    }

    /// The place of a clock that is known or settled.
    fn place_of(&self, id: Id) -> Place {
        match self.find(id) {
            Found::New(new) => new.place,
            Found::Known => {
                self.news.known.client(id.client).map_or(Place::GONE, |client| client.place(id.clock))
            }
        }
    }

    /// The type at a clock that is known or settled: `Some(None)` if what was there is deleted or collected,
    /// `None` if it is no type.
    fn type_at(&self, id: Id) -> Option<Option<u32>> {
        match self.find(id) {
            Found::New(new) if new.place == Place::GONE || new.content == Content::Deleted => Some(None),
            Found::New(new) => (new.content == Content::Type).then_some(Some(new.type_index)),
            Found::Known => {
                let known = self.news.known;
                match known.client(id.client).and_then(|client| client.type_at(id.clock)) {
                    Some(index) => Some(Some(index)),
                    None => known.deleted().contains(id.client, id.clock).then_some(None),
                }
            }
        }
    }

    fn find(&self, id: Id) -> Found<'_> {
        let Some(section) = self.news.section_of(id.client).map(|at| &self.news.sections[at]) else {
            return Found::Known;
        };
        if id.clock < section.next_clock {
            return Found::Known;
        }
        let structs = &self.news.structs[section.structs.clone()];
        Found::New(&structs[structs.partition_point(|new| new.clock <= id.clock) - 1])
    }

    fn root(&mut self, name: &'a str) -> u32 {
        if let Some(index) = self.news.known.root(name).or_else(|| self.new_roots.get(name).copied()) {
            return index;
        }
        let index = self.new_type(0);
        self.new_roots.insert(name, index);
        self.growth.roots.push((name.into(), index));
        index
    }

    fn new_type(&mut self, depth: usize) -> u32 {
        let index = self.news.known.types() + self.new_depths.len();
        let depth = u16::try_from(depth).unwrap_or(u16::MAX);
        self.new_depths.push(depth);
        self.growth.depths.push(depth);
        index as u32
    }

    fn depth(&self, type_index: u32) -> u16 {
        match self.news.known.depth(type_index) {
            Some(depth) => depth,
            None => self.new_depths[type_index as usize - self.news.known.types()],
        }
    }
}

/// Where a clock that is not missing can be found.
enum Found<'a> {
    Known,
    New(&'a Struct),
}
