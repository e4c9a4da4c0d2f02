//! The minimal updates that are made of new structs, in an order in which yrs takes them well.

use std::ops::Range;

use super::{Order, Progress};
use crate::known::Place;
use crate::reader::write_number;
use crate::update::{CONTENT, Content, HAS_ORIGIN, HAS_RIGHT_ORIGIN, Id, Stop, Struct};
use crate::{Admitted, IdSet, Refusal};

/// With more deletes that cut a piece than this, every so many-th goes first, in a slice of its own. yrs copies
/// what is left of a piece at each cut; so n deletes cost the square root of n times its length, and not n times.
const CUTTING_DELETES_MAX: usize = 1000;

impl Order<'_> {
    /// The slices, in order; none when nothing is new.
    pub(crate) fn slices(mut self) -> Result<Vec<Admitted>, Stop> {
        self.settle()?;
        let deletes = self.new_deletes()?;
        let slice_items_max = self.news.limits.slice_items_max;
        let room = slice_items_max - self.touched_structs.min(slice_items_max);
        let is_costly = slice_items_max != usize::MAX
            && deletes.iter().filter(|delete| self.cuts_others(delete)).count() > CUTTING_DELETES_MAX;
        if deletes.len() <= room && !is_costly {
            if !self.touched.is_empty() || !deletes.is_empty() {
                self.cut(&deletes);
            }
            return Ok(self.slices);
        }
        if !self.touched.is_empty() {
            self.cut(&[]);
        }
        let mut alone = deletes;
        if is_costly {
            let step = alone.len().isqrt();
            let is_sparse = |i: usize| i.is_multiple_of(step);
            let sparse: Vec<_> = alone
                .iter()
                .enumerate()
                .filter(|(i, _)| is_sparse(*i))
                .map(|(_, delete)| delete.clone())
                .collect();
            self.cut(&sparse);
            let mut i = 0;
            alone.retain(|_| {
                i += 1;
                !is_sparse(i - 1)
            });
        }
        for deletes in alone.chunks(slice_items_max.max(1)) {
            self.cut(deletes);
        }
        Ok(self.slices)
    }
    /// The deletes of this update but for clocks that it brings deleted.
    fn new_deletes(&mut self) -> Result<Vec<(u64, Range<u32>)>, Refusal> {
        if self.news.deletes.is_empty() && self.long_entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut born_deleted = IdSet::default();
        self.each_touched(|section, new| {
            if new.is_born_deleted() {
                born_deleted.insert(section, new.clock..new.end());
            }
        });
        self.born_deleted.merge(&born_deleted);
        let mut deletes = Vec::with_capacity(self.news.deletes.len());
        let mut client_and_hint = (0, 0);
        let all_deletes = IdSet::from_ranges(std::mem::take(&mut self.news.deletes));
        // A value is one clock, and all but the last are deleted: yjs joins entries only when they are. Of a
        // live one, yrs would delete the first half once something cuts it, but only after loading again.
        for (client, clocks) in std::mem::take(&mut self.long_entries) {
            let mut is_live = false;
            IdSet::each_missing(all_deletes.ranges(client), clocks.clone(), &mut 0, |_| is_live = true);
            if is_live {
                return Err(Refusal::Misplaced { client, clock: clocks.start });
            }
        }
        for (client, clocks) in all_deletes.iter() {
            if client_and_hint.0 != client {
                client_and_hint = (client, 0);
            }
            let born_deleted = self.born_deleted.ranges(client);
            IdSet::each_missing(born_deleted, clocks, &mut client_and_hint.1, |part| {
                deletes.push((client, part))
            });
        }
        Ok(deletes)
    }

    fn cuts_others(&self, (client, clocks): &(u64, Range<u32>)) -> bool {
        let is_cut_before =
            |clock: u32| clock > 0 && self.is_cut_after(Id { client: *client, clock: clock - 1 });
        is_cut_before(clocks.start) || is_cut_before(clocks.end)
    }

    /// Calls `each` with the client and every struct of the slice being made.
    fn each_touched(&self, mut each: impl FnMut(u64, &Struct)) {
        for &section in &self.touched {
            let progress = &self.progress[section];
            for new in &self.news.structs[progress.uncut..progress.next] {
                each(self.news.sections[section].client, new);
            }
        }
    }

    /// Makes a slice of what is settled but not yet cut, and of these deletes.
    pub(super) fn cut(&mut self, deletes: &[(u64, Range<u32>)]) {
        let mut touched = std::mem::take(&mut self.touched);
        // Higher clients first, as yjs writes them.
        touched.sort_unstable_by(|a, b| b.cmp(a));
        let mut inserted = IdSet::default();
        let mut deleted = IdSet::default();
        let mut update = Vec::with_capacity(self.size_hint(&touched, deletes));
        write_number(&mut update, touched.len() as u64);
        for &at in &touched {
            let section = &self.news.sections[at];
            let Progress { uncut, next, .. } = self.progress[at];
            let structs = &self.news.structs[uncut..next];
            let (first, last) = (&structs[0], &structs[structs.len() - 1]);
            inserted.insert(section.client, first.clock.max(section.next_clock)..last.end());
            let joined = structs.windows(2).filter(|pair| goes_on(section.client, pair)).count();
            write_number(&mut update, (structs.len() - joined) as u64);
            write_number(&mut update, section.client);
            write_number(&mut update, u64::from(first.clock));
            let end_at = if next == section.structs.end {
                section.end_at
            } else {
                self.news.structs[next].at as usize
            };
            // Bytes go over as they are, but for structs that have nowhere to be or were moved, and for rows of structs
            // that go on one where another ends: yrs would join those too, in time quadratic in their number.
            let mut copied_to = first.at as usize;
            let mut i = 0;
            while let Some(new) = structs.get(i) {
                if new.is_born_deleted() {
                    deleted.insert(section.client, new.clock.max(section.next_clock)..new.end());
                }
                let is_nowhere = new.place == Place::GONE && new.content != Content::Collected;
                let row = &structs[i..];
                let row = &row[..1 + row.windows(2).take_while(|pair| goes_on(section.client, pair)).count()];
                i += row.len();
                if !is_nowhere && !new.is_moved && row.len() == 1 {
                    continue;
                }
                let row_end_at = structs.get(i).map_or(end_at, |after| after.at as usize);
                update.extend_from_slice(&self.news.bytes[copied_to..new.at as usize]);
                if is_nowhere {
                    update.push(0);
                    write_number(&mut update, u64::from(new.len));
                } else {
                    self.write_head(&mut update, new);
                    match row {
                        [only] => {
                            update.extend_from_slice(&self.news.bytes[only.content_at as usize..row_end_at])
                        }
                        row => self.write_joined(&mut update, row, row_end_at),
                    }
                }
                copied_to = row_end_at;
            }
            update.extend_from_slice(&self.news.bytes[copied_to..end_at]);
            self.progress[at].uncut = next;
        }
        self.born_deleted.merge(&deleted);

        let clients = deletes.chunk_by(|a, b| a.0 == b.0);
        write_number(&mut update, clients.clone().count() as u64);
        for ranges in clients {
            write_number(&mut update, ranges[0].0);
            write_number(&mut update, ranges.len() as u64);
            for (client, range) in ranges {
                write_number(&mut update, u64::from(range.start));
                write_number(&mut update, u64::from(range.end - range.start));
                deleted.insert(*client, range.clone());
            }
        }
        let growth = std::mem::take(&mut self.growth);
        self.slices.push(Admitted { update, inserted, deleted, growth });
        self.touched_structs = 0;
    }

    /// Writes what comes before the content of a struct that has a place.
    fn write_head(&self, update: &mut Vec<u8>, new: &Struct) {
        let bytes = &self.news.bytes[new.at as usize..new.content_at as usize];
        if !new.is_moved {
            return update.extend_from_slice(bytes);
        }
        // It has a neighbour, or it would not have been moved; so it says nothing of its parent.
        let (origin, right_origin) = (new.origin.or_none(), new.right_origin.or_none());
        let flag = |id: Option<Id>, flag| id.map_or(0, |_| flag);
        update.push(bytes[0] & CONTENT | flag(origin, HAS_ORIGIN) | flag(right_origin, HAS_RIGHT_ORIGIN));
        for id in [origin, right_origin].into_iter().flatten() {
            write_number(update, id.client);
            write_number(update, u64::from(id.clock));
        }
    }

    /// Writes the content of a row of structs, of which each goes on where the one before ends, as that of one.
    fn write_joined(&self, update: &mut Vec<u8>, row: &[Struct], end_at: usize) {
        let values = |i: usize| {
            let end_at = row.get(i + 1).map_or(end_at, |after| after.at as usize);
            &self.news.bytes[row[i].values_at as usize..end_at]
        };
        let number = match row[0].content {
            Content::Text => (0..row.len()).map(|i| values(i).len() as u64).sum(),
            _ => row.iter().map(|new| u64::from(new.len)).sum(),
        };
        write_number(update, number);
        for i in 0..row.len() {
            update.extend_from_slice(values(i));
        }
    }

    fn size_hint(&self, touched: &[usize], deletes: &[(u64, Range<u32>)]) -> usize {
        let structs: usize = touched
            .iter()
            .map(|&at| {
                let section = &self.news.sections[at];
                let Progress { uncut, next, .. } = self.progress[at];
                let end_at = if next == section.structs.end {
                    section.end_at
                } else {
                    self.news.structs[next].at as usize
                };
                // Count, client and clock have at most 8 bytes each.
                24 + end_at - self.news.structs[uncut].at as usize
            })
            .sum();
        structs + deletes.len() * 10 + 16
    }
}

/// Whether the second of two structs is what yjs would have written into the first. Map entries are not: each
/// replaces the one before.
fn goes_on(client: u64, pair: &[Struct]) -> bool {
    let [one, next] = pair else { return false };
    matches!(one.content, Content::Text | Content::Values)
        && one.content == next.content
        && one.place == next.place
        && one.place != Place::GONE
        && !one.place.is_entry()
        && next.origin == Id { client, clock: next.clock - 1 }
        && next.right_origin == one.right_origin
}
