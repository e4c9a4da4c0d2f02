//! Updates that nobody's editor would write: damaged ones, and ones made up struct by struct so that they read
//! well and mean nonsense. All built here from a seed; no ready-made bytes.

use plenary_gate::Known;

use crate::editing::Chance;

const CLIENTS: [u64; 7] = [1, 2, 3, 50, 100, 300, (1 << 53) - 1];
const ROOTS: [&str; 5] = ["body", "meta", "list", "prose", ""];
const KEYS: [&str; 3] = ["k", "title", ""];

/// Damages an update at a few places.
pub(crate) fn damage(update: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = update.to_vec();
    for _ in 0..1 + chance.below(3) {
        let at = chance.below(bytes.len() + 1);
        match chance.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 if at < bytes.len() => bytes[at] = chance.pick(&[0, 1, 2, 4, 7, 0x0a, 0x7f, 0x80, 0xff]),
            2 if at < bytes.len() => {
                bytes.remove(at);
            }
            3 => bytes.insert(at, chance.next() as u8),
            4 if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(1),
            5 => {
                let end = (at + chance.below(12)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = chance.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            6 => {
                let from = chance.below(other.len() + 1);
                let end = (from + chance.below(24)).min(other.len());
                bytes.splice(at..at, other[from..end].iter().copied());
            }
            _ => bytes.truncate(at.max(bytes.len().saturating_sub(chance.below(8)))),
        }
    }
    bytes
}

/// Makes up an update: it mostly reads well, its clocks mostly follow what is known, and its structs lean on
/// anything.
pub(crate) fn make_up(known: &Known, chance: &mut Chance) -> Vec<u8> {
    let mut clients = CLIENTS.to_vec();
    let mut sections = Vec::new();
    for _ in 0..chance.below(4) {
        let client = clients.swap_remove(chance.below(clients.len()));
        sections.push((client, known.next_clock(client)));
    }
    let mut out = Writer(Vec::new());
    out.number(sections.len() as u64);
    for &(client, next) in &sections {
        let structs_max = if chance.one_in(8) { 60 } else { 6 };
        let structs = 1 + chance.below(structs_max);
        let start = match chance.below(12) {
            0 => next.saturating_sub(1 + chance.below(4) as u32),
            1 => next + chance.below(2) as u32,
            _ => next,
        };
        out.number(structs as u64);
        out.number(client);
        out.number(u64::from(start));
        let mut clock = start;
        for _ in 0..structs {
            clock += out.make_up_struct(client, clock, known, &sections, chance);
        }
    }
    let clients = chance.below(3);
    out.number(clients as u64);
    for _ in 0..clients {
        let client = known_client(known, chance);
        let ranges = 1 + chance.below(4);
        out.number(client);
        out.number(ranges as u64);
        for _ in 0..ranges {
            let next = known.next_clock(client) as usize;
            let beyond = chance.below(2);
            let clock = chance.below(next + beyond);
            out.number(clock as u64);
            let beyond = if chance.one_in(12) { 3 } else { 0 };
            out.number(1 + chance.below((next + beyond).saturating_sub(clock).min(6)) as u64);
        }
    }
    out.0
}

/// Mostly one that the document knows.
fn known_client(known: &Known, chance: &mut Chance) -> u64 {
    let clients: Vec<u64> = known.state_vector().iter().map(|(client, _)| client).collect();
    if clients.is_empty() || chance.one_in(30) { chance.pick(&CLIENTS) } else { chance.pick(&clients) }
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn string(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn id(&mut self, own: u64, clock: u32, known: &Known, sections: &[(u64, u32)], chance: &mut Chance) {
        let (client, clock) = match chance.below(6) {
            // What it itself has just written.
            0..3 if clock > 0 => (own, clock - 1 - chance.below(clock.min(4) as usize) as u32),
            3 if !sections.is_empty() => {
                let (client, next) = chance.pick(sections);
                (client, next + chance.below(5) as u32)
            }
            _ => {
                let client = known_client(known, chance);
                (client, chance.below(known.next_clock(client) as usize) as u32)
            }
        };
        self.number(client);
        self.number(u64::from(clock));
    }

    /// Returns how many clocks it takes.
    fn make_up_struct(
        &mut self,
        own: u64,
        clock: u32,
        known: &Known,
        sections: &[(u64, u32)],
        chance: &mut Chance,
    ) -> u32 {
        let content = match chance.below(24) {
            0 => 0,
            1 => 1,
            2 => 3,
            3..12 => 4,
            12 => 5,
            13 => 6,
            14..19 => 7,
            19..23 => 8,
            _ if chance.one_in(20) => chance.below(16) as u8,
            _ => 4,
        };
        let len = 1 + chance.below(4);
        if content == 0 || content == 10 {
            self.0.push(content);
            self.number(len as u64);
            return len as u32;
        }
        let neighbours = chance.pick(&[0u8, 0x80, 0x80, 0x40, 0xc0, 0xc0]);
        let key = if chance.one_in(3) { 0x20 } else { 0 };
        self.0.push(content | neighbours | key);
        if neighbours & 0x80 != 0 {
            self.id(own, clock, known, sections, chance);
        }
        if neighbours & 0x40 != 0 {
            self.id(own, clock, known, sections, chance);
        }
        if neighbours == 0 {
            if chance.one_in(2) {
                self.0.push(1);
                self.string(chance.pick(&ROOTS));
            } else {
                self.0.push(0);
                self.id(own, clock, known, sections, chance);
            }
            if key != 0 {
                self.string(chance.pick(&KEYS));
            }
        }
        match content {
            1 => self.number(len as u64),
            3 => self.string("bytes"),
            4 => {
                let text = chance.pick(&["x", "abcd", "é🌍", "🌍"]);
                self.string(text);
                return text.encode_utf16().count() as u32;
            }
            5 => self.string(chance.pick(&["{\"a\":[1]}", "null", "1e5", "\"s\""])),
            6 => {
                self.string("bold");
                self.string(chance.pick(&["true", "null", "{\"href\":\"x\"}"]));
            }
            7 => {
                let kind = chance.pick(&[0u8, 1, 2, 3, 4, 6]);
                self.0.push(kind);
                if kind == 3 {
                    self.string("p");
                }
            }
            8 => {
                self.number(len as u64);
                for _ in 0..len {
                    match chance.below(3) {
                        0 => self.0.extend([125, chance.below(128) as u8 & 0x7f]),
                        1 => self.0.extend([117, 1, 118, 1, 1, b'a', 126]),
                        _ => self.0.push(chance.pick(&[127, 126, 121, 120])),
                    }
                }
            }
            _ => self.0.push(chance.next() as u8),
        }
        match content {
            1 | 8 => len as u32,
            _ => 1,
        }
    }
}
