//! What counts as a word: docs/words.md.
//!
//! By fixed tables of characters, so that the editor (`web-client/packages/text/src/words.ts`) counts the same in
//! every browser; `tests/fixtures/words.json` holds both to it.

use crate::{Block, Body, Content};

/// Whether footnotes count: limits differ in that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Footnotes {
    /// Each note that the text points to counts once.
    Counted,
    /// Only the text counts.
    LeftOut,
}

/// What a character does to the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// Makes a word: letters, digits and all that is in no other class.
    Letter,
    /// Neither parts words nor makes one: punctuation, symbols, what is not seen.
    Silent,
    /// A word by itself: ideographs and kana.
    Each,
    /// Parts words.
    Break,
}

fn class(char: char) -> Class {
    match u32::from(char) {
        0x09..=0x0D | 0x20 | 0x85 | 0xA0 | 0x1361 | 0x1680 | 0x2000..=0x200A | 0x2013..=0x2015 => {
            Class::Break
        }
        0x2028..=0x2029 | 0x202F | 0x205F | 0x3000..=0x3004 | 0x3008..=0x3020 => Class::Break,
        0x302A..=0x3037 | 0x303D..=0x303F | 0x30A0 | 0x30FB | 0xFE10..=0xFE1F => Class::Break,
        0xFE30..=0xFE6F | 0xFF01..=0xFF0F | 0xFF1A..=0xFF20 | 0xFF3B..=0xFF40 => Class::Break,
        0xFF5B..=0xFF65 => Class::Break,

        0x2E80..=0x2FDF | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3038..=0x303C => Class::Each,
        0x3041..=0x3096 | 0x309D..=0x309F | 0x30A1..=0x30FA | 0x30FC..=0x30FF => Class::Each,
        0x3100..=0x312F | 0x31A0..=0x31BF | 0x31F0..=0x31FF | 0x3400..=0x4DBF => Class::Each,
        0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0xFF66..=0xFF9F | 0x1AFF0..=0x1B16F => Class::Each,
        0x20000..=0x3FFFF => Class::Each,

        0x00..=0x08 | 0x0E..=0x1F | 0x21..=0x2F | 0x3A..=0x40 | 0x5B..=0x60 | 0x7B..=0x84 => Class::Silent,
        0x86..=0x9F | 0xA1..=0xA9 | 0xAB..=0xB1 | 0xB4 | 0xB6..=0xB8 | 0xBB | 0xBF | 0xD7 => Class::Silent,
        0xF7 | 0x37E | 0x387 | 0x55A..=0x55F | 0x589..=0x58A | 0x5BE | 0x5C0 | 0x5C3 => Class::Silent,
        0x5C6 | 0x5F3..=0x5F4 | 0x606..=0x60F | 0x61B..=0x61F | 0x66A..=0x66D | 0x6D4 => Class::Silent,
        0x964..=0x965 | 0xE4F | 0xE5A..=0xE5B | 0x104A..=0x104F | 0x1362..=0x1368 => Class::Silent,
        0x17D4..=0x17D6 | 0x17D8..=0x17DA | 0x200B..=0x2012 | 0x2016..=0x2027 => Class::Silent,
        0x202A..=0x202E | 0x2030..=0x205E | 0x2060..=0x206F | 0x20A0..=0x20CF => Class::Silent,
        0x2190..=0x245F | 0x2500..=0x2775 | 0x2794..=0x2BFF | 0x2E00..=0x2E7F => Class::Silent,
        0x3099..=0x309C | 0xD800..=0xF8FF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFE0..=0xFFFF => Class::Silent,
        0x1F000..=0x1FAFF | 0xE0000..=0x10FFFF => Class::Silent,

        _ => Class::Letter,
    }
}

/// Whether `space`, between these two, groups the digits of a number.
fn is_in_number(before: Option<char>, space: char, after: Option<char>) -> bool {
    let is_digit = |char| matches!(char, Some('0'..='9' | '\u{660}'..='\u{669}' | '\u{6F0}'..='\u{6F9}'));
    matches!(space, '\u{A0}' | '\u{202F}' | '\u{2009}') && is_digit(before) && is_digit(after)
}

/// How many words a text has. The text of one block: a word does not go on in the next.
pub fn count_words(text: &str) -> usize {
    let (mut words, mut is_in_word, mut before) = (0, false, None);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match class(char) {
            Class::Letter => {
                words += usize::from(!is_in_word);
                is_in_word = true;
            }
            Class::Silent => {}
            Class::Each => {
                words += 1;
                is_in_word = false;
            }
            Class::Break => is_in_word &= is_in_number(before, char, chars.peek().copied()),
        }
        before = Some(char);
    }
    words
}

impl Body {
    /// How many words it has: its lines, each table where it stands, and the footnotes if `footnotes` says so.
    /// Embeds are nothing between the letters on their sides. Notes and tables that no embed points to are left
    /// out, as in [`Body::plain_text`].
    pub fn words(&self, footnotes: Footnotes) -> usize {
        let (mut words, mut notes) = (0, Vec::new());
        for block in &self.blocks {
            words += count_line(block, &mut notes);
            for run in &block.runs {
                if let Content::Table(id) = &run.content {
                    let cells = self.tables.get(id).into_iter().flat_map(|table| table.rows.iter().flatten());
                    words += cells.flatten().map(|line| count_line(line, &mut notes)).sum::<usize>();
                }
            }
        }
        if footnotes == Footnotes::Counted {
            let notes = notes.into_iter().filter_map(|id| self.notes.get(id)).flatten();
            words += notes.map(|line| count_words(&line.text())).sum::<usize>();
        }
        words
    }
}

/// The words of a line. Adds the notes that it points to and `notes` does not have.
fn count_line<'a>(line: &'a Block, notes: &mut Vec<&'a str>) -> usize {
    for run in &line.runs {
        match &run.content {
            Content::Footnote(id) if !notes.contains(&id.as_str()) => notes.push(id),
            Content::Text(_) | Content::Footnote(_) | Content::Table(_) | Content::Unknown(_) => {}
        }
    }
    count_words(&line.text())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use yrs::{
        Any, In, ReadTxn, StateVector, Text, Transact, WriteTxn,
        types::{Attrs, Delta},
    };

    use super::*;
    use crate::{Table, document::new_doc, import_markdown, read_body};

    fn vectors(name: &str) -> Arc<[Any]> {
        let Any::Map(file) = Any::from_json(include_str!("../../../tests/fixtures/words.json")).unwrap()
        else {
            panic!("words.json is an object")
        };
        array(&file[name])
    }

    fn array(any: &Any) -> Arc<[Any]> {
        match any {
            Any::Array(array) => array.clone(),
            other => panic!("{other:?} is no array"),
        }
    }

    fn map(any: &Any) -> BTreeMap<String, Any> {
        match any {
            Any::Map(map) => map.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            other => panic!("{other:?} is no object"),
        }
    }

    fn text(any: &Any) -> &str {
        match any {
            Any::String(text) => text,
            other => panic!("{other:?} is no string"),
        }
    }

    fn count(any: &Any) -> usize {
        match any {
            Any::Number(number) => number.as_i64().and_then(|count| count.try_into().ok()).unwrap(),
            other => panic!("{other:?} is no number"),
        }
    }

    /// The lines that a delta makes, written and read as a document.
    fn lines(delta: &Any) -> Vec<Block> {
        let ops = array(delta);
        let delta = ops.iter().map(|op| {
            let op = map(op);
            let attributes: Option<Box<Attrs>> = op.get("attributes").map(|attributes| {
                Box::new(map(attributes).into_iter().map(|(name, value)| (name.into(), value)).collect())
            });
            Delta::Inserted(In::Any(op["insert"].clone()), attributes)
        });
        let doc = new_doc();
        let mut txn = doc.transact_mut();
        txn.get_or_insert_text("body").apply_delta(&mut txn, delta.collect::<Vec<_>>());
        read_body(&txn.encode_state_as_update_v1(&StateVector::default())).unwrap().blocks
    }

    #[test]
    fn every_character_has_the_class_of_the_table() {
        let table = vectors("classes");
        let hex = |any: &Any| u32::from_str_radix(text(any), 16).unwrap();
        let rows = table.iter().map(|row| {
            let row = array(row);
            let class = match text(&row[2]) {
                "break" => Class::Break,
                "each" => Class::Each,
                "silent" => Class::Silent,
                other => panic!("no class {other}"),
            };
            (hex(&row[0])..=hex(&row[1]), class)
        });
        let mut expected = vec![Class::Letter; 0x11_0000];
        for (range, class) in rows {
            expected[*range.start() as usize..=*range.end() as usize].fill(class);
        }
        let other = (0..=0x10_FFFF)
            .filter_map(char::from_u32)
            .find(|char| class(*char) != expected[u32::from(*char) as usize]);
        assert_eq!(other, None);
    }

    #[test]
    fn texts_have_the_words_of_the_vectors() {
        for vector in vectors("texts").iter().map(map) {
            assert_eq!(
                count_words(text(&vector["text"])),
                count(&vector["words"]),
                "{}: {}",
                text(&vector["why"]),
                text(&vector["text"])
            );
        }
    }

    #[test]
    fn bodies_have_the_words_of_the_vectors() {
        for vector in vectors("bodies").iter().map(map) {
            let entries = |name: &str| vector.get(name).map(map).unwrap_or_default();
            let row = |row: &Any| array(row).iter().map(lines).collect();
            let table = |rows: &Any| Table { rows: array(rows).iter().map(row).collect(), header_rows: 0 };
            let body = Body {
                blocks: lines(&vector["body"]),
                notes: entries("notes").iter().map(|(id, note)| (id.clone(), lines(note))).collect(),
                tables: entries("tables").iter().map(|(id, rows)| (id.clone(), table(rows))).collect(),
            };
            let expected = (count(&vector["words"]), count(&vector["words_with_footnotes"]));
            let counted = (body.words(Footnotes::LeftOut), body.words(Footnotes::Counted));
            assert_eq!(counted, expected, "{}", text(&vector["why"]));
        }
    }

    #[test]
    fn the_sample_has_the_words_that_people_counted() {
        let sample = import_markdown(include_str!("../../../tests/fixtures/sample-submission.md")).unwrap();
        let body = read_body(&sample).unwrap();
        // By another count: cover 94, body 1,364, annex 42, the title and the heading of the cover 10; footnotes 79.
        let counted = (body.words(Footnotes::LeftOut), body.words(Footnotes::Counted));
        assert_eq!(counted, (1511, 1590));
    }
}
