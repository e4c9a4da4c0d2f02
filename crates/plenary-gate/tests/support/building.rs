//! Updates built struct by struct.

/// Builds updates from structs and deletes.
#[derive(Default)]
pub(crate) struct Builder {
    sections: Vec<(u64, u32, usize, Vec<u8>)>,
    deletes: Vec<(u64, Vec<(u32, u32)>)>,
}

/// Writes an unsigned number as lib0 does.
pub(crate) fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Client and clock.
pub(crate) type Id = Option<(u64, u32)>;

impl Builder {
    pub(crate) fn section(&mut self, client: u64, clock: u32) -> &mut Builder {
        self.sections.push((client, clock, 0, Vec::new()));
        self
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let section = self.sections.last_mut().expect("a section was begun");
        section.2 += 1;
        section.3.extend_from_slice(bytes);
    }

    /// `parent`: of a struct without neighbours; key included. `content`: its number and bytes.
    pub(crate) fn item(&mut self, origin: Id, right: Id, parent: Parent<'_>, content: (u8, &[u8])) {
        let mut out = vec![content.0];
        for (id, flag) in [(origin, 0x80), (right, 0x40)] {
            if let Some((client, clock)) = id {
                out[0] |= flag;
                number(&mut out, client);
                number(&mut out, u64::from(clock));
            }
        }
        if origin.is_none() && right.is_none() {
            let key = match parent {
                Parent::Root(name) | Parent::RootKey(name, _) => {
                    out.push(1);
                    number(&mut out, name.len() as u64);
                    out.extend_from_slice(name.as_bytes());
                    if let Parent::RootKey(_, key) = parent { Some(key) } else { None }
                }
                Parent::Type(client, clock) => {
                    out.push(0);
                    number(&mut out, client);
                    number(&mut out, u64::from(clock));
                    None
                }
            };
            if let Some(key) = key {
                out[0] |= 0x20;
                number(&mut out, key.len() as u64);
                out.extend_from_slice(key.as_bytes());
            }
        }
        out.extend_from_slice(content.1);
        self.raw(&out);
    }

    pub(crate) fn delete(&mut self, client: u64, ranges: impl IntoIterator<Item = (u32, u32)>) {
        self.deletes.push((client, ranges.into_iter().collect()));
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut out = Vec::new();
        number(&mut out, self.sections.len() as u64);
        for (client, clock, structs, bytes) in &self.sections {
            number(&mut out, *structs as u64);
            number(&mut out, *client);
            number(&mut out, u64::from(*clock));
            out.extend_from_slice(bytes);
        }
        number(&mut out, self.deletes.len() as u64);
        for (client, ranges) in &self.deletes {
            number(&mut out, *client);
            number(&mut out, ranges.len() as u64);
            for (clock, len) in ranges {
                number(&mut out, u64::from(*clock));
                number(&mut out, u64::from(*len));
            }
        }
        out
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Parent<'a> {
    Root(&'a str),
    RootKey(&'a str, &'a str),
    Type(u64, u32),
}

pub(crate) const X: (u8, &[u8]) = (4, b"\x01x");
pub(crate) const NULL: (u8, &[u8]) = (8, &[1, 126]);
pub(crate) const MAP: (u8, &[u8]) = (7, &[1]);

/// A string with its length.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    number(&mut out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
    out
}

/// Time this thread has spent on a processor.
pub(crate) fn thread_cpu() -> std::time::Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    std::time::Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}
