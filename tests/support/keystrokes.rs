//! A text as it was typed: one edit a keystroke, and the Yjs update of each.
//!
//! The real one is the recording of a paper being written, 259,778 keystrokes. It is not ours to pass on, so it is
//! read from where `PLENARY_TRACE` says, or from `../shared/data` beside the repository; where it is absent a
//! generated text of the same shape stands in, and [`Keystrokes::source`] says which of the two it was.

use std::{
    env,
    fs::File,
    io::{BufReader, ErrorKind},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde::Deserialize;
use yrs::{ClientID, Doc, GetString, OffsetKind, Options, Text, Transact};

/// Edits in the real recording, and in the one that stands in for it.
pub const KEYSTROKES: usize = 259_778;

/// The root type that the text is in: one of its own, so that what a server puts into a new document is not in
/// the way.
pub const ROOT: &str = "typed";

/// The client id that types.
pub const TYPIST: u64 = 4_711;

/// How often somebody moves on to elsewhere in the text, and how often a key is the one that deletes: as in the
/// real recording, where 3 of 10 keys delete.
const JUMP_CHANCE: f64 = 0.02;
const DELETE_CHANCE: f64 = 0.298;

/// One keystroke. Positions count characters, of which one is one UTF-16 unit here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keystroke {
    /// A character appears before the one at `at`.
    Insert {
        /// How many characters are before it.
        at: u32,
        /// Which.
        character: char,
    },
    /// The character at `at` goes.
    Delete {
        /// How many characters are before it.
        at: u32,
    },
}

/// Where keystrokes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The real recording, at this path.
    Recorded(PathBuf),
    /// There is no recording at this path.
    Generated(PathBuf),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Recorded(_) => f.write_str("the real recording"),
            Self::Generated(absent) => {
                write!(f, "GENERATED keystrokes, as the real recording is not at {}", absent.display())
            }
        }
    }
}

/// A text as it was typed.
#[derive(Clone, Debug)]
pub struct Keystrokes {
    /// In order.
    pub keys: Vec<Keystroke>,
    /// Where they are from.
    pub source: Source,
}

/// What a recording looks like: each patch is position, count deleted, text inserted.
#[derive(Deserialize)]
struct Recording {
    #[serde(rename = "startContent")]
    start: String,
    #[serde(rename = "endContent")]
    end: String,
    txns: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    patches: Vec<(u32, u32, String)>,
}

impl Keystrokes {
    /// The first `count` keystrokes, of the recording if it is there. Panics when it is there and cannot be used.
    pub fn first(count: usize) -> Self {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/automerge-paper.json.gz");
        let path = env::var_os("PLENARY_TRACE").map_or(beside, PathBuf::from);
        let (mut keys, source) = match File::open(&path) {
            Ok(file) => (recorded(file), Source::Recorded(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                (generated(count.min(KEYSTROKES)), Source::Generated(path))
            }
            Err(error) => panic!("{}: {error}", path.display()),
        };
        keys.truncate(count);
        Self { keys, source }
    }

    /// The text in the end, worked out without Yjs.
    pub fn text(&self) -> String {
        text(&self.keys)
    }

    /// One Yjs v1 update a keystroke, all of client [`TYPIST`] in the text [`ROOT`] of an empty document.
    pub fn updates(&self) -> Vec<Bytes> {
        let options =
            Options { offset_kind: OffsetKind::Utf16, ..Options::with_client_id(ClientID::new(TYPIST)) };
        let doc = Doc::with_options(options);
        let body = doc.get_or_insert_text(ROOT);
        let mut updates = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let mut transaction = doc.transact_mut();
            match *key {
                Keystroke::Insert { at, character } => {
                    body.insert(&mut transaction, at, character.encode_utf8(&mut [0; 4]));
                }
                Keystroke::Delete { at } => body.remove_range(&mut transaction, at, 1),
            }
            transaction.commit();
            updates.push(transaction.encode_update_v1().into());
        }
        assert_eq!(body.get_string(&doc.transact()), self.text(), "yrs writes what was typed");
        updates
    }
}

fn recorded(file: File) -> Vec<Keystroke> {
    let recording: Recording =
        serde_json::from_reader(BufReader::new(GzDecoder::new(file))).expect("a recording of keystrokes");
    assert_eq!(recording.start, "", "the recording begins with an empty text");
    let mut keys = Vec::with_capacity(recording.txns.len());
    for (at, deleted, inserted) in recording.txns.into_iter().flat_map(|transaction| transaction.patches) {
        keys.extend((0..deleted).map(|_| Keystroke::Delete { at }));
        for (at, character) in (at..).zip(inserted.chars()) {
            assert_eq!(character.len_utf16(), 1, "positions in characters are positions in UTF-16");
            keys.push(Keystroke::Insert { at, character });
        }
    }
    assert_eq!(text(&keys), recording.end, "the keystrokes make the text they came with");
    keys
}

/// Runs of typing and of deleting backwards, with a jump now and then.
fn generated(count: usize) -> Vec<Keystroke> {
    const ALPHABET: &[char] = &['e', 't', 'a', 'o', 'i', 'n', ' ', 's', 'é', 'ñ', 'ж', 'ح', '权', '.', '\n'];
    let mut random = fastrand::Rng::with_seed(259_778);
    let mut keys = Vec::with_capacity(count);
    let mut length = 0;
    let mut cursor = 0;
    // Deletions come in runs, too: each goes on with this chance, and as many begin as keep their part.
    let (run_chance, begin_chance) = (0.7, DELETE_CHANCE * (1.0 - 0.7) / (1.0 - DELETE_CHANCE));
    let mut is_deleting = false;
    while keys.len() < count {
        if random.f64() < JUMP_CHANCE {
            cursor = random.u32(0..=length);
        }
        is_deleting = random.f64() < if is_deleting { run_chance } else { begin_chance };
        if is_deleting && cursor > 0 {
            cursor -= 1;
            length -= 1;
            keys.push(Keystroke::Delete { at: cursor });
        } else {
            let character = ALPHABET[random.usize(..ALPHABET.len())];
            keys.push(Keystroke::Insert { at: cursor, character });
            cursor += 1;
            length += 1;
        }
    }
    keys
}

fn text(keys: &[Keystroke]) -> String {
    let mut text = Vec::new();
    for key in keys {
        match *key {
            Keystroke::Insert { at, character } => text.insert(at as usize, character),
            Keystroke::Delete { at } => {
                text.remove(at as usize);
            }
        }
    }
    text.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_for_the_recording_has_its_shape() {
        let keys = generated(30_000);
        let deletes = keys.iter().filter(|key| matches!(key, Keystroke::Delete { .. })).count();
        assert!((8_000..10_000).contains(&deletes), "{deletes} of 30,000 delete");
        let source = Source::Generated(PathBuf::new());
        assert_eq!(Keystrokes { keys, source }.updates().len(), 30_000);
    }
}
