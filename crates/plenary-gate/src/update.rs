//! Reading updates strictly: what is new in one.
//!
//! One pass without recursion. Only new structs are kept, as the few numbers that say where they are in the bytes and
//! what they depend on; `order.rs` then looks for an order in which each comes after all it depends on.

use std::ops::Range;

use crate::judge::{Author, Limits};
use crate::known::{Client, Known, Place};
use crate::reader::Reader;
use crate::value::{check_json, read_any};
use crate::{IdSet, Refusal};

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

/// What is new in an update of `author`, or why it goes no further.
pub(crate) fn read<'a>(
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
