//! Judging updates: reading them strictly, and telling what is new from what is known.
//!
//! Reading is one pass without recursion. Only new structs are kept, as the few numbers that say where they
//! are in the bytes and what they depend on; `order.rs` then looks for an order in which each comes after all
//! it depends on.

use std::ops::Range;
use std::{fmt, mem};

use crate::known::{Client, Known, Place};
use crate::order::Order;
use crate::reader::Reader;
use crate::value::{check_json, read_any};
use crate::{IdSet, Refusal, Verdict};

/// Whose update it is, as far as client ids are concerned.
#[derive(Clone, Copy, Default)]
pub enum Author<'a> {
    /// May write with every client id: what we wrote ourselves, or what is only looked at.
    #[default]
    Anyone,
    /// May write with the client ids for which this says so. It is asked once for each client of whom the update
    /// brings a struct that is new, at least in part, be it collected, deleted or in the future; the answer for
    /// one client must not change meanwhile.
    Owner(&'a dyn Fn(u64) -> bool),
}

impl Author<'_> {
    fn may_use(&self, client: u64) -> bool {
        match self {
            Author::Anyone => true,
            Author::Owner(owns) => owns(client),
        }
    }
}

impl fmt::Debug for Author<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Author::Anyone => "Anyone",
            Author::Owner(_) => "Owner",
        })
    }
}

/// How much one update may bring. `Default` is for what peers send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes an update may have: 16 MiB, because a step 2 repeats the whole delete set.
    pub update_bytes_max: usize,
    /// The most new structs and delete ranges in an update. With 300,000 of the costliest kind, judging,
    /// merging and encoding take 1.4 s of CPU (`examples/worst.rs`); a paper that took 260,000 keystrokes
    /// has some 10,000 structs.
    pub new_items_max: usize,
    /// The most new structs that are put into the middle of what was one piece. Each time yrs copies the piece,
    /// so their cost is that of all of them times its length. People cut a text once for each place where they
    /// put the cursor.
    pub cuts_max: usize,
    /// The most new structs without neighbours in one sequence or under one key. Each is compared with all
    /// others; honest clients write one each, before they have seen any other.
    pub rivals_max: usize,
    /// The most structs that may be passed on the way from one neighbour to the other, for all structs of an update
    /// together; not more than 16 for each byte of it, but always 100,000. yrs passes as many. People's structs
    /// stand right where their neighbours are, but for what others wrote there meanwhile.
    pub steps_max: usize,
    /// The most new structs and delete ranges in one [`Admitted`](crate::Admitted), that is in one merge.
    pub slice_items_max: usize,
    /// How many values a map entry may have that is not deleted. Editors write one; with more, a document would
    /// not be quite the same after it is loaded again.
    pub entry_values_max: u32,
    /// How many client ids of a document may have the same low 16 bits, once it has a thousand clients.
    pub clients_alike_max: usize,
    /// How deep arrays and objects may be in each other. yrs recurses once per level.
    pub value_depth_max: usize,
    /// How deep shared types may be in each other; 1 is a type in a root type. yrs and yjs recurse once per
    /// level when one is deleted.
    pub type_depth_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            update_bytes_max: 16 << 20,
            new_items_max: 300_000,
            cuts_max: 20_000,
            rivals_max: 8_000,
            steps_max: 8_000_000,
            entry_values_max: 1,
            clients_alike_max: 64,
            slice_items_max: 50_000,
            value_depth_max: 32,
            type_depth_max: 128,
        }
    }
}

impl Limits {
    /// For what we wrote ourselves, snapshots and records: everything in one slice. Nothing that was admitted
    /// once may be refused here, whatever it has been cut into or joined with since; else it would never load
    /// again. Values may be as deep as yrs can read JSON.
    pub fn stored() -> Limits {
        Limits {
            update_bytes_max: usize::MAX,
            new_items_max: usize::MAX,
            cuts_max: usize::MAX,
            rivals_max: usize::MAX,
            steps_max: usize::MAX,
            entry_values_max: u32::MAX,
            clients_alike_max: usize::MAX,
            slice_items_max: usize::MAX,
            value_depth_max: 100,
            type_depth_max: usize::MAX,
        }
    }
}

/// Says whether a Yjs v1 update may be merged into a document that has `known`, and what of it is new.
///
/// What is admitted counts as known from here on: it has been merged, or is about to be, slice by slice, in the order
/// of the verdict. Any other verdict leaves `known` as it was.
///
/// Known clocks and deletions are skipped, never compared: garbage collection changes bytes, and they cannot
/// change anything. So clients of whom nothing is new may be anybody's: stock clients repeat what they heard.
/// Time and memory are linear in the update, but for sorting what is new and for `Limits::steps_max`.
pub fn judge(update: &[u8], known: &mut Known, author: &Author<'_>, limits: &Limits) -> Verdict {
    let mut sequences = mem::take(&mut known.sequences);
    let outcome =
        read(update, known, author, limits).and_then(|news| Order::new(news, &mut sequences).slices());
    match outcome {
        Ok(_) => sequences.keep(),
        Err(_) => sequences.undo(),
    }
    known.sequences = sequences;
    match outcome {
        Ok(slices) if slices.is_empty() => Verdict::NothingNew,
        Ok(slices) => {
            slices.iter().for_each(|slice| known.admit(slice));
            Verdict::Admitted(slices)
        }
        Err(Stop::Gap(Id { client, clock })) => Verdict::Gap { client, clock: u64::from(clock) },
        Err(Stop::Refused(refusal)) => Verdict::Refused(refusal),
    }
}

impl Known {
    /// Whether an update is well formed and the document has all of it: merging it would change nothing, whoever
    /// wrote it.
    pub fn has_all_of(&self, update: &[u8], limits: &Limits) -> bool {
        read(update, self, &Author::Anyone, limits)
            .is_ok_and(|news| news.structs.is_empty() && news.deletes.is_empty())
    }

    /// How many bytes of an update are structs that are new, at least in part: 0 if it only deletes, needs clocks that
    /// the document lacks, or is malformed.
    pub fn new_struct_bytes(&self, update: &[u8], limits: &Limits) -> usize {
        let Ok(news) = read(update, self, &Author::Anyone, limits) else { return 0 };
        let first_at = |section: &Section<'_>| news.structs[section.structs.start].at as usize;
        news.sections.iter().map(|section| section.end_at - first_at(section)).sum()
    }
}

/// What the first byte of a struct says besides the kind of its content.
pub(crate) const HAS_ORIGIN: u8 = 0x80;
pub(crate) const HAS_RIGHT_ORIGIN: u8 = 0x40;
const HAS_KEY: u8 = 0x20;
/// Where that kind is.
pub(crate) const CONTENT: u8 = 0x1f;

/// Why an update goes no further.
pub(crate) enum Stop {
    Gap(Id),
    Refused(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

/// One clock of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id {
    pub(crate) client: u64,
    pub(crate) clock: u32,
}

impl Id {
    pub(crate) const NONE: Id = Id { client: u64::MAX, clock: 0 };

    pub(crate) fn or_none(self) -> Option<Id> {
        (self != Id::NONE).then_some(self)
    }
}

/// What a struct says of its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parent {
    /// Nothing: it is where its neighbours are.
    Implied,
    /// A root type; its name is at these bytes.
    Root(u32, u32),
    Item(Id),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A struct without content or neighbours, as garbage collection leaves it.
    Collected,
    /// An item whose content is collected but that still has its place.
    Deleted,
    /// A text or a row of values, which can be joined with one that goes on where it ends.
    Text,
    Values,
    Type,
    Other,
}

/// A struct that is new, at least in part.
#[derive(Clone, Debug)]
pub(crate) struct Struct {
    /// `Id::NONE` when it has none.
    pub(crate) origin: Id,
    pub(crate) right_origin: Id,
    pub(crate) parent: Parent,
    pub(crate) is_entry: bool,
    /// The bytes of its key, if it says one.
    pub(crate) key: (u32, u32),
    pub(crate) content: Content,
    pub(crate) clock: u32,
    pub(crate) len: u32,
    /// Where its bytes begin.
    pub(crate) at: u32,
    /// Where its content begins: for a text or values, their number, and then themselves.
    pub(crate) content_at: u32,
    pub(crate) values_at: u32,
    /// Known once it is settled.
    pub(crate) place: Place,
    /// Its neighbours are not those that its bytes say.
    pub(crate) is_moved: bool,
    /// Of the type it is, once it is settled.
    pub(crate) type_index: u32,
}

impl Struct {
    pub(crate) fn end(&self) -> u32 {
        self.clock + self.len
    }

    /// Whether its clocks are deleted without anything saying so.
    pub(crate) fn is_born_deleted(&self) -> bool {
        self.place == Place::GONE || self.content == Content::Deleted
    }
}

/// The new structs of one client.
pub(crate) struct Section<'a> {
    pub(crate) client: u64,
    pub(crate) known: Option<&'a Client>,
    /// The first clock the document lacks.
    pub(crate) next_clock: u32,
    pub(crate) end_clock: u32,
    pub(crate) structs: Range<usize>,
    /// Where the bytes of the last one end.
    pub(crate) end_at: usize,
}

/// What is new in an update, read but not yet ordered.
pub(crate) struct News<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) known: &'a Known,
    pub(crate) limits: Limits,
    pub(crate) structs: Vec<Struct>,
    /// Ascending by client; each has at least one struct.
    pub(crate) sections: Vec<Section<'a>>,
    /// What is deleted, where that is new; in no order.
    pub(crate) deletes: Vec<(u64, Range<u32>)>,
}

impl<'a> News<'a> {
    pub(crate) fn section_of(&self, client: u64) -> Option<usize> {
        match &*self.sections {
            [only] => (only.client == client).then_some(0),
            sections => sections.binary_search_by_key(&client, |section| section.client).ok(),
        }
    }

    fn check_count(&self) -> Result<(), Refusal> {
        if self.structs.len() + self.deletes.len() > self.limits.new_items_max {
            return Err(Refusal::TooManyNew { limit: self.limits.new_items_max });
        }
        Ok(())
    }
}

fn read<'a>(
    bytes: &'a [u8],
    known: &'a Known,
    author: &Author<'_>,
    limits: &Limits,
) -> Result<News<'a>, Stop> {
    // Positions are kept as u32.
    let limit_bytes = limits.update_bytes_max.min(u32::MAX as usize);
    if bytes.len() > limit_bytes {
        return Err(Refusal::TooManyBytes { size_bytes: bytes.len(), limit_bytes }.into());
    }
    let mut reader = Reader::new(bytes);
    let mut news = News {
        bytes,
        known,
        limits: *limits,
        structs: Vec::new(),
        sections: Vec::new(),
        deletes: Vec::new(),
    };
    let mut gap = None;
    read_sections(&mut reader, &mut news, &mut gap)?;
    read_deletes(&mut reader, &mut news, &mut gap)?;
    reader.end()?;
    if let Some(section) = news.sections.iter().find(|section| !author.may_use(section.client)) {
        return Err(Refusal::ForeignClient { client: section.client }.into());
    }
    check_clients_alike(&news)?;
    match gap {
        Some(gap) => Err(Stop::Gap(gap)),
        None => Ok(news),
    }
}

fn read_sections<'a>(
    reader: &mut Reader<'a>,
    news: &mut News<'a>,
    gap: &mut Option<Id>,
) -> Result<(), Refusal> {
    // A section has a count, a client, a clock and at least one struct of two bytes.
    let sections = reader.count(5)?;
    let mut clients = Vec::with_capacity(if sections > 1 { sections } else { 0 });
    for _ in 0..sections {
        let structs = reader.count(2)?;
        if structs == 0 {
            return Err(reader.malformed("client without structs"));
        }
        let client = reader.client()?;
        if sections > 1 {
            clients.push(client);
        }
        let mut clock = reader.clock()?;
        let known = news.known.client(client);
        let next_clock = known.map_or(0, Client::next_clock);
        let first = news.structs.len();
        let mut have = next_clock;
        let mut end_at = 0;
        for _ in 0..structs {
            let Some(read) = read_struct(reader, clock, &news.limits)? else {
                // What is skipped must be known by now, or a gap shows at the next struct.
                clock += reader.len_at(clock)?;
                continue;
            };
            clock = read.end();
            if clock <= next_clock {
                continue;
            }
            if read.clock > have && gap.is_none() {
                *gap = Some(Id { client, clock: have });
            }
            have = clock;
            end_at = reader.at();
            news.structs.push(read);
            news.check_count()?;
        }
        if news.structs.len() > first {
            news.sections.push(Section {
                client,
                known,
                next_clock,
                end_clock: have,
                structs: first..news.structs.len(),
                end_at,
            });
        }
    }
    clients.sort_unstable();
    if let Some(pair) = clients.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Refusal::ClientTwice { client: pair[0] });
    }
    news.sections.sort_unstable_by_key(|section| section.client);
    Ok(())
}

/// Reads one struct; `None` for a skip, of which only the length is left to read.
fn read_struct(reader: &mut Reader<'_>, clock: u32, limits: &Limits) -> Result<Option<Struct>, Refusal> {
    let mut read = Struct {
        origin: Id::NONE,
        right_origin: Id::NONE,
        parent: Parent::Implied,
        is_entry: false,
        key: (0, 0),
        content: Content::Other,
        clock,
        len: 1,
        at: reader.at() as u32,
        content_at: 0,
        values_at: 0,
        place: Place::GONE,
        is_moved: false,
        type_index: 0,
    };
    let info = reader.byte()?;
    match info {
        0 => {
            read.content = Content::Collected;
            read.len = reader.len_at(clock)?;
            return Ok(Some(read));
        }
        10 => return Ok(None),
        _ => {}
    }
    if info & HAS_ORIGIN != 0 {
        read.origin = read_id(reader)?;
    }
    if info & HAS_RIGHT_ORIGIN != 0 {
        read.right_origin = read_id(reader)?;
    }
    if info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN) == 0 {
        read.parent = match reader.byte()? {
            0 => Parent::Item(read_id(reader)?),
            1 => {
                let name = reader.string()?;
                Parent::Root((reader.at() - name.len()) as u32, reader.at() as u32)
            }
            _ => return Err(reader.malformed("parent neither named nor an id")),
        };
        if info & HAS_KEY != 0 {
            read.is_entry = true;
            let key = reader.string()?;
            read.key = ((reader.at() - key.len()) as u32, reader.at() as u32);
        }
    }
    let at = reader.at();
    read.content_at = at as u32;
    let unsupported = |what, number| Refusal::Unsupported { at, what, number };
    match info & CONTENT {
        1 => {
            read.content = Content::Deleted;
            read.len = reader.len_at(clock)?;
        }
        // Written until yjs 12 only. yrs 0.28 reads one string too many.
        2 => return Err(unsupported("content of JSON texts", 2)),
        3 => {
            reader.buffer()?;
        }
        4 => {
            let text = reader.string()?;
            read.content = Content::Text;
            read.values_at = (reader.at() - text.len()) as u32;
            let units = if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() };
            read.len = reader.check_len(clock, units as u64)?;
        }
        // No Yjs program writes a text as an embed: in a delta it cannot be told from letters, but counts as one.
        5 if read_json(reader, limits)?.starts_with('"') => return Err(unsupported("embed of a text", 5)),
        5 => {}
        6 => {
            reader.string()?;
            read_json(reader, limits)?;
        }
        7 => {
            read.content = Content::Type;
            match reader.byte()? {
                // array, map, text, xml fragment, xml text
                0 | 1 | 2 | 4 | 6 => {}
                // xml element
                3 => {
                    reader.string()?;
                }
                // yrs 0.28 does not read its name.
                5 => return Err(unsupported("type xml hook", 5)),
                7 => return Err(unsupported("type weak link", 7)),
                number => return Err(unsupported("unknown type", number)),
            }
        }
        8 => {
            let values = reader.count(1)?;
            read.content = Content::Values;
            read.values_at = reader.at() as u32;
            read.len = reader.check_len(clock, values as u64)?;
            for _ in 0..values {
                read_any(reader, limits.value_depth_max)?;
            }
        }
        9 => return Err(unsupported("subdocument", 9)),
        11 => return Err(unsupported("move", 11)),
        number => return Err(unsupported("unknown content", number)),
    }
    Ok(Some(read))
}

fn read_id(reader: &mut Reader<'_>) -> Result<Id, Refusal> {
    Ok(Id { client: reader.client()?, clock: reader.clock()? })
}

fn read_json<'a>(reader: &mut Reader<'a>, limits: &Limits) -> Result<&'a str, Refusal> {
    let at = reader.at();
    let text = reader.string()?;
    check_json(text, limits.value_depth_max, at)?;
    Ok(text.trim_start())
}

fn read_deletes<'a>(
    reader: &mut Reader<'a>,
    news: &mut News<'a>,
    gap: &mut Option<Id>,
) -> Result<(), Refusal> {
    let clients = reader.count(2)?;
    for _ in 0..clients {
        let client = reader.client()?;
        let ranges = reader.count(2)?;
        let section = news.section_of(client).map(|at| &news.sections[at]);
        let have = section.map_or_else(|| news.known.next_clock(client), |section| section.end_clock);
        let known = news.known.deleted().ranges(client);
        let mut hint = 0;
        for _ in 0..ranges {
            let clock = reader.clock()?;
            let end = clock + reader.len_at(clock)?;
            if end > have && gap.is_none() {
                *gap = Some(Id { client, clock: have });
            }
            IdSet::each_missing(known, clock..end, &mut hint, |part| news.deletes.push((client, part)));
            news.check_count()?;
        }
    }
    Ok(())
}

/// Refuses new clients that all hash alike in yrs, which takes the id for its own hash: tens of thousands in
/// one bucket would make every keystroke slow. Random ids never come near.
fn check_clients_alike(news: &News<'_>) -> Result<(), Refusal> {
    const LOOK_FROM: usize = 1024;

    let low_bits = |client: u64| client as u16;
    let is_new = |section: &&Section<'_>| section.known.is_none();
    let new_clients = news.sections.iter().filter(is_new).count();
    let limit = news.limits.clients_alike_max;
    if limit == usize::MAX || new_clients == 0 || news.known.clients().len() + new_clients < LOOK_FROM {
        return Ok(());
    }
    let mut alike: Vec<(u16, usize)> =
        news.sections.iter().filter(is_new).map(|section| (low_bits(section.client), 1)).collect();
    alike.sort_unstable();
    alike.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += 1;
        }
        same
    });
    for client in news.known.clients() {
        if let Ok(at) = alike.binary_search_by_key(&low_bits(client), |entry| entry.0) {
            alike[at].1 += 1;
        }
    }
    match alike.iter().find(|entry| entry.1 > limit) {
        Some(entry) => Err(Refusal::ClientsAlike { count: entry.1, limit }),
        None => Ok(()),
    }
}
