//! People who edit at random, from a seed.

use std::sync::Arc;

use yrs::types::Attrs;
use yrs::types::text::YChange;
use yrs::updates::decoder::Decode;
use yrs::{
    Any, Array, ArrayPrelim, ClientID, Doc, GetString, Map, MapPrelim, OffsetKind, Options, Out, ReadTxn,
    Text, TextPrelim, Transact, TransactionMut, Update, WriteTxn, Xml, XmlElementPrelim, XmlFragment,
    XmlFragmentRef, XmlOut, XmlTextPrelim,
};

/// Numbers from a seed (splitmix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A document with the options that rooms use.
pub(crate) fn doc(client: u64) -> Doc {
    Doc::with_options(Options {
        client_id: ClientID::new(client),
        offset_kind: OffsetKind::Utf16,
        cleanup_formatting: false,
        skip_gc: false,
        ..Options::default()
    })
}

/// One edit, as one transaction; its update.
pub(crate) fn edit(doc: &Doc, chance: &mut Chance) -> Vec<u8> {
    let mut txn = doc.transact_mut();
    for _ in 0..1 + chance.below(3) {
        match chance.below(10) {
            0..4 => edit_text(&mut txn, chance),
            4..6 => edit_map(&mut txn, chance),
            6..7 => edit_array(&mut txn, chance),
            _ => edit_prose(&mut txn, chance),
        }
    }
    txn.commit();
    txn.encode_update_v1()
}

/// No character outside the BMP: cutting one in half makes two replacement characters, in yjs as in yrs, and
/// only where it was cut.
const WORDS: [&str; 7] = ["a", "joint ", "submission", "é", "\n", "العربية ", "a longer run of words, "];

fn attributes(chance: &mut Chance) -> Attrs {
    let value = match chance.below(5) {
        0 => Any::Null,
        1 => Any::from(true),
        2 => Any::from(1.5),
        3 => Any::from(vec![Any::from("x"), Any::Map(Arc::new([("k".to_owned(), Any::Null)].into()))]),
        _ => Any::from("https://example.org"),
    };
    Attrs::from([(Arc::from(chance.pick(&["bold", "link", "header"][..])), value)])
}

fn edit_text(txn: &mut TransactionMut<'_>, chance: &mut Chance) {
    let text = txn.get_or_insert_text("body");
    let len = text.len(txn) as usize;
    let at = chance.below(len + 1) as u32;
    match chance.below(9) {
        0..4 => text.insert(txn, at, chance.pick(&WORDS)),
        4 => text.insert_with_attributes(txn, at, chance.pick(&WORDS), attributes(chance)),
        5 => {
            text.insert_embed(txn, at, Any::from_json(r#"{"image":["a.png",1,2.5,null]}"#).expect("is JSON"));
        }
        6 => {
            let n = chance.below(6).min(len - at as usize) as u32;
            if n > 0 {
                text.format(txn, at, n, attributes(chance));
            }
        }
        _ => {
            let n = chance.below(9).min(len - at as usize) as u32;
            if n > 0 {
                text.remove_range(txn, at, n);
            }
        }
    }
}

fn edit_map(txn: &mut TransactionMut<'_>, chance: &mut Chance) {
    let mut map = txn.get_or_insert_map("meta");
    let keys = ["title", "stage", "deep", "deeper"];
    // Sometimes inside another map.
    while chance.one_in(2) {
        match map.get(txn, chance.pick(&keys)) {
            Some(Out::YMap(inner)) => map = inner,
            _ => break,
        }
    }
    let key = chance.pick(&keys);
    match chance.below(6) {
        0 => {
            map.insert(txn, key, MapPrelim::from([("inner", Any::from(1))]));
        }
        1 => {
            map.insert(txn, key, TextPrelim::new("nested text"));
        }
        2 => {
            map.remove(txn, key);
        }
        3 => {
            map.insert(txn, key, vec![0u8, 1, 2]);
        }
        _ => {
            map.insert(txn, key, chance.below(100) as i64);
        }
    }
}

fn edit_array(txn: &mut TransactionMut<'_>, chance: &mut Chance) {
    let array = txn.get_or_insert_array("list");
    let len = array.len(txn) as usize;
    let at = chance.below(len + 1) as u32;
    match chance.below(5) {
        0 if len > 0 => {
            let at = chance.below(len) as u32;
            let n = (1 + chance.below(3)).min(len - at as usize) as u32;
            array.remove_range(txn, at, n);
        }
        1 => {
            array.insert(txn, at, ArrayPrelim::from([Any::from(1), Any::from("two")]));
        }
        2 => {
            array.insert_range(txn, at, [Any::from(1), Any::Undefined, Any::from(f64::NAN)]);
        }
        _ => {
            array.insert(txn, at, "entry");
        }
    }
}

fn edit_prose(txn: &mut TransactionMut<'_>, chance: &mut Chance) {
    let prose = txn.get_or_insert_xml_fragment("prose");
    let len = prose.len(txn) as usize;
    if len == 0 || chance.one_in(4) {
        let at = chance.below(len + 1) as u32;
        let paragraph = prose.insert(txn, at, XmlElementPrelim::empty("paragraph"));
        paragraph.insert(txn, 0, XmlTextPrelim::new("text"));
        return;
    }
    let at = chance.below(len) as u32;
    if chance.one_in(6) {
        prose.remove_range(txn, at, 1);
        return;
    }
    let Some(XmlOut::Element(mut element)) = prose.get(txn, at) else {
        return;
    };
    while chance.one_in(2) {
        let inner = chance.below(element.len(txn) as usize + 1) as u32;
        match element.get(txn, inner) {
            Some(XmlOut::Element(next)) => element = next,
            _ => break,
        }
    }
    let len = element.len(txn) as usize;
    match chance.below(5) {
        0 => {
            element.insert_attribute(txn, "level", chance.below(6).to_string());
        }
        1 => {
            let list = element.insert(txn, chance.below(len + 1) as u32, XmlElementPrelim::empty("list"));
            list.insert(txn, 0, XmlTextPrelim::new("item"));
        }
        2 if len > 0 => element.remove_range(txn, chance.below(len) as u32, 1),
        _ => {
            if let Some(XmlOut::Text(text)) = element.get(txn, chance.below(len + 1) as u32) {
                let at = chance.below(text.len(txn) as usize + 1) as u32;
                text.insert_with_attributes(txn, at, chance.pick(&WORDS), attributes(chance));
            }
        }
    }
}

/// Everything people can see, as one text.
pub(crate) fn content(doc: &Doc) -> String {
    let mut txn = doc.transact_mut();
    let text = txn.get_or_insert_text("body").diff(&txn, YChange::identity);
    let meta = txn.get_or_insert_map("meta");
    let list = txn.get_or_insert_array("list");
    let prose: XmlFragmentRef = txn.get_or_insert_xml_fragment("prose");
    let shown = |any: Any| {
        // Maps come in no order, and yrs does not tell 1 from 1.0 apart when it writes.
        let mut chars: Vec<char> = any.to_string().chars().collect();
        chars.sort_unstable();
        chars.into_iter().collect::<String>()
    };
    let text: Vec<String> = text
        .iter()
        .map(|part| {
            let mut attributes: Vec<_> = part
                .attributes
                .iter()
                .flat_map(|all| all.iter())
                .map(|(k, v)| (k.clone(), shown(v.clone())))
                .collect();
            attributes.sort();
            format!("{:?} {attributes:?}", part.insert)
        })
        .collect();
    use yrs::types::ToJson;
    format!(
        "{text:?}\n{}\n{}\n{}",
        shown(meta.to_json(&txn)),
        shown(list.to_json(&txn)),
        prose.get_string(&txn).len()
    )
}

/// Applies an update without any gate.
pub(crate) fn apply(doc: &Doc, update: &[u8]) {
    doc.transact_mut().apply_update(Update::decode_v1(update).expect("decodes")).expect("is applied");
}

/// What `doc` has that a peer with this state vector lacks, and all deletes.
pub(crate) fn diff(doc: &Doc, state_vector: &yrs::StateVector) -> Vec<u8> {
    doc.transact().encode_state_as_update_v1(state_vector)
}
