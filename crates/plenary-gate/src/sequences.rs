//! The order of all clocks in the sequences of a document: what stands beside what.
//!
//! Every copy of a document finds the place of a struct from its two neighbours (YATA: Nicolaescu and others, 2016;
//! with the comparison of right neighbours that yjs 13 adds). All copies find the same one only if the neighbours
//! of each struct once stood side by side, for somebody who had seen all that they depend on. Programs can write other
//! ones, and yjs 13.6 does, when it brings back what was deleted together with the type it was in. So the gate
//! integrates what it lets in just as yjs does, and gives a struct whose neighbours never met those between which it
//! came to stand.
//!
//! Neighbours `l` and `r` have met for somebody if no struct between them is one that `l` or `r` depends on. All
//! structs before were let in by this rule, so it is enough to look at two: `r` was put right behind its own left
//! neighbour, and `l` right before its own right neighbour; neither may stand between them. Mostly one of the two is
//! the other's neighbour, and nothing has to be looked for. Otherwise they came from people who did not know of each
//! other, and what is between them is what the author has not seen.

use std::collections::{BTreeMap, HashMap};

use crate::IdSet;
use crate::known::Place;
use crate::update::{Content, Id};

/// Where a piece is in `Sequences::pieces`.
type Index = u32;

/// No piece: before the first and behind the last.
const NONE: Index = Index::MAX;

/// The order of all clocks in the sequences of a document. Size: about 90 bytes for each piece.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequences {
    pieces: Vec<Piece>,
    /// The pieces of each client by their first clocks.
    clients: HashMap<u64, BTreeMap<u32, Index>>,
    /// The first piece of each sequence.
    first: HashMap<Place, Index>,
    /// What has been done since the last `keep`, in order.
    done: Vec<Step>,
    /// How many pieces have been passed, ever.
    passed: u64,
}

/// Clocks of one client, each put right behind the one before it and with the same right neighbour.
#[derive(Clone, Debug)]
struct Piece {
    client: u64,
    clock: u32,
    len: u32,
    /// Of the first clock.
    origin: Id,
    right_origin: Id,
    content: Content,
    left: Index,
    right: Index,
    /// The number it got when it was last passed in a search for a place.
    passed: u64,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The last piece was cut from this one.
    Cut(Index),
    /// The last piece came into this sequence.
    Put(Place),
    /// This piece got so many clocks more.
    Grown(Index, u32),
}

/// Clocks to be put into a sequence. Their neighbours, if any, are in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Insertion {
    pub(crate) place: Place,
    pub(crate) client: u64,
    pub(crate) clock: u32,
    pub(crate) len: u32,
    pub(crate) origin: Id,
    pub(crate) right_origin: Id,
    pub(crate) content: Content,
    /// The first of them goes on in a struct of which the document has the beginning.
    pub(crate) is_begun: bool,
}

/// Too much stands between the neighbours of new clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooFarApart;

impl Sequences {
    /// Puts clocks where every copy has them. `steps` is how many structs may still be passed on the way; each one
    /// passed is taken off. When their neighbours never met, `new` gets others that did. After an error only `undo`
    /// makes sense.
    pub(crate) fn put(
        &mut self,
        new: &mut Insertion,
        deleted: &IdSet,
        steps: &mut usize,
    ) -> Result<(), TooFarApart> {
        // The right one first: were it before the left one in the same piece, that would be cut anew.
        let right = new.right_origin.or_none().map_or(NONE, |id| self.starting_with(id));
        let left = new.origin.or_none().map_or(NONE, |id| self.ending_with(id));
        let have_met = self.have_met(new, left, right, deleted, steps)?;
        let left = match have_met || !new.is_begun {
            true => self.behind_what(new, left, right, deleted, steps)?,
            false => left,
        };
        if !have_met {
            new.origin = self.pieces.get(left as usize).map_or(Id::NONE, Piece::last);
            let right = self.pieces.get(self.behind(left, new.place) as usize);
            new.right_origin =
                right.map_or(Id::NONE, |piece| Id { client: piece.client, clock: piece.clock });
        }
        if left != NONE && self.pieces[left as usize].goes_on_with(new) {
            self.pieces[left as usize].len += new.len;
            self.done.push(Step::Grown(left, new.len));
            return Ok(());
        }
        let right = self.behind(left, new.place);
        let index = self.add(Piece {
            client: new.client,
            clock: new.clock,
            len: new.len,
            origin: new.origin,
            right_origin: new.right_origin,
            content: new.content,
            left,
            right,
            passed: 0,
        });
        if left == NONE {
            self.first.insert(new.place, index);
        }
        self.done.push(Step::Put(new.place));
        Ok(())
    }

    /// What was put stays.
    pub(crate) fn keep(&mut self) {
        self.done = Vec::new();
    }

    /// Takes back all that was put since the last `keep`.
    pub(crate) fn undo(&mut self) {
        while let Some(step) = self.done.pop() {
            match step {
                Step::Grown(index, len) => self.pieces[index as usize].len -= len,
                Step::Cut(index) => {
                    let cut = self.remove_last();
                    self.pieces[index as usize].len += cut.len;
                }
                Step::Put(place) => {
                    let Piece { left, right, .. } = self.remove_last();
                    match (left, right) {
                        (NONE, NONE) => drop(self.first.remove(&place)),
                        (NONE, right) => drop(self.first.insert(place, right)),
                        _ => {}
                    }
                }
            }
        }
    }

    /// Whether the two neighbours can have stood side by side.
    fn have_met(
        &self,
        new: &Insertion,
        left: Index,
        right: Index,
        deleted: &IdSet,
        steps: &mut usize,
    ) -> Result<bool, TooFarApart> {
        let before_right = (right != NONE).then(|| self.pieces[right as usize].origin);
        let behind_left = (left != NONE).then(|| self.pieces[left as usize].right_origin);
        let (behind_left, before_right) = match (behind_left, before_right) {
            (None, None) => return Ok(true),
            (Some(behind_left), _) if behind_left == new.right_origin => return Ok(true),
            (_, Some(before_right)) if before_right == new.origin => return Ok(true),
            (Some(behind_left), Some(before_right)) => (behind_left, before_right),
            _ => return Ok(false),
        };
        let mut at = self.pieces[left as usize].right;
        while at != right {
            let Some(piece) = self.pieces.get(at as usize) else {
                return Ok(false);
            };
            if piece.has(behind_left) || piece.has(before_right) {
                return Ok(false);
            }
            take_off(steps, piece.structs(deleted))?;
            at = piece.right;
        }
        Ok(true)
    }

    /// The piece behind which new clocks go, as yjs' `Item.integrate` and yrs' `resolve_conflict` find it.
    fn behind_what(
        &mut self,
        new: &Insertion,
        left: Index,
        right: Index,
        deleted: &IdSet,
        steps: &mut usize,
    ) -> Result<Index, TooFarApart> {
        let mut behind = left;
        let mut at = self.behind(left, new.place);
        // What is passed is numbered, across all searches; what has a number below `from` was not passed in this one,
        // and what has one from `undecided` on may still end up behind the new clocks.
        let from = self.passed + 1;
        let mut undecided = from;
        while at != NONE && at != right {
            self.passed += 1;
            self.pieces[at as usize].passed = self.passed;
            let piece = &self.pieces[at as usize];
            take_off(steps, piece.structs(deleted))?;
            let goes_before = if piece.origin == new.origin {
                if piece.client >= new.client && piece.right_origin == new.right_origin {
                    break;
                }
                piece.client < new.client
            } else {
                let number =
                    piece.origin.or_none().map_or(0, |id| self.pieces[self.piece_with(id) as usize].passed);
                if number < from {
                    break;
                }
                number < undecided
            };
            if goes_before {
                behind = at;
                undecided = self.passed + 1;
            }
            at = piece.right;
        }
        Ok(behind)
    }

    /// The piece behind another one; behind none is the first.
    fn behind(&self, left: Index, place: Place) -> Index {
        match left {
            NONE => self.first.get(&place).copied().unwrap_or(NONE),
            left => self.pieces[left as usize].right,
        }
    }

    /// The piece that has this clock.
    fn piece_with(&self, id: Id) -> Index {
        let pieces = self.clients.get(&id.client);
        let found = pieces.and_then(|pieces| pieces.range(..=id.clock).next_back());
        *found.expect("neighbours are in the sequence").1
    }

    /// The piece whose last clock this is; cuts one for it.
    fn ending_with(&mut self, id: Id) -> Index {
        let index = self.piece_with(id);
        self.cut(index, id.clock + 1);
        index
    }

    /// The piece whose first clock this is; cuts one for it.
    fn starting_with(&mut self, id: Id) -> Index {
        let index = self.piece_with(id);
        self.cut(index, id.clock).unwrap_or(index)
    }

    /// Cuts a piece in two before a clock and returns the second, unless one begins there anyway.
    fn cut(&mut self, index: Index, clock: u32) -> Option<Index> {
        let piece = &mut self.pieces[index as usize];
        if clock == piece.clock || clock == piece.clock + piece.len {
            return None;
        }
        let second = Piece {
            clock,
            len: piece.clock + piece.len - clock,
            origin: Id { client: piece.client, clock: clock - 1 },
            left: index,
            ..piece.clone()
        };
        piece.len = clock - piece.clock;
        let second = self.add(second);
        self.done.push(Step::Cut(index));
        Some(second)
    }

    /// Adds a piece that knows its neighbours, and tells them.
    fn add(&mut self, piece: Piece) -> Index {
        let index = Index::try_from(self.pieces.len()).expect("a document has less than 2^32 pieces");
        self.link(piece.left, piece.right, index);
        self.clients.entry(piece.client).or_default().insert(piece.clock, index);
        self.pieces.push(piece);
        index
    }

    fn remove_last(&mut self) -> Piece {
        let piece = self.pieces.pop().expect("what was done left a piece");
        if piece.left != NONE {
            self.pieces[piece.left as usize].right = piece.right;
        }
        if piece.right != NONE {
            self.pieces[piece.right as usize].left = piece.left;
        }
        if let Some(pieces) = self.clients.get_mut(&piece.client) {
            pieces.remove(&piece.clock);
            if pieces.is_empty() {
                self.clients.remove(&piece.client);
            }
        }
        piece
    }

    fn link(&mut self, left: Index, right: Index, between: Index) {
        if left != NONE {
            self.pieces[left as usize].right = between;
        }
        if right != NONE {
            self.pieces[right as usize].left = between;
        }
    }
}

impl Piece {
    fn last(&self) -> Id {
        Id { client: self.client, clock: self.clock + self.len - 1 }
    }

    fn has(&self, id: Id) -> bool {
        id.client == self.client && (self.clock..self.clock + self.len).contains(&id.clock)
    }

    /// Whether new clocks that come right behind this piece are more of it, as yjs and yrs join them.
    fn goes_on_with(&self, new: &Insertion) -> bool {
        self.client == new.client
            && self.clock + self.len == new.clock
            && new.origin == (Id { client: self.client, clock: new.clock - 1 })
            && self.right_origin == new.right_origin
            && self.content == new.content
            && matches!(new.content, Content::Text | Content::Values | Content::Deleted)
    }

    /// About how many structs yjs and yrs have of it: deletions cut it.
    fn structs(&self, deleted: &IdSet) -> usize {
        if self.len == 1 {
            return 1;
        }
        let ranges = deleted.ranges(self.client);
        let first = ranges.partition_point(|range| range.end <= self.clock);
        let after = ranges.partition_point(|range| range.start < self.clock + self.len);
        1 + 2 * (after - first)
    }
}

fn take_off(steps: &mut usize, passed: usize) -> Result<(), TooFarApart> {
    *steps = steps.checked_sub(passed).ok_or(TooFarApart)?;
    Ok(())
}
