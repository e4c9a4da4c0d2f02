//! Bodies to and from Yjs documents.

use std::{collections::BTreeMap, sync::Arc};

use yrs::{
    Any, Array, ArrayPrelim, ClientID, Doc, GetString, In, Map, MapPrelim, MapRef, OffsetKind, Options, Out,
    ReadTxn, StateVector, Text, TextPrelim, TextRef, Transact, TransactionMut, Update,
    types::{Attrs, Delta, text::YChange},
    updates::decoder::Decode,
};

use crate::{Block, Body, Content, Run, Table, TextError};

// The server's own client id; no other author may use it.
const SERVER: ClientID = ClientID::new(1);

/// A fresh Yjs document of the server's, set as all of the server's documents are.
pub fn new_doc() -> Doc {
    Doc::with_options(Options {
        offset_kind: OffsetKind::Utf16,
        skip_gc: false,
        cleanup_formatting: false,
        ..Options::with_client_id(SERVER)
    })
}

/// What a new body holds: one line break, so that no client ever needs to add the first. A Yjs v1 update of
/// the server's, the same bytes each time.
pub fn empty_body() -> Vec<u8> {
    Body { blocks: vec![Block::default()], ..Body::default() }.to_update()
}

/// What a whole document says.
///
/// `update`: its full state as a Yjs v1 update, as our store returns it; bytes of strangers belong through
/// the gate first. Fails when it does not decode or needs other updates.
pub fn read_body(update: &[u8]) -> Result<Body, TextError> {
    let doc = new_doc();
    let update = Update::decode_v1(update).map_err(TextError::Malformed)?;
    doc.transact_mut().apply_update(update).map_err(TextError::Unfit)?;
    if doc.transact().has_missing_updates() {
        return Err(TextError::Incomplete);
    }
    Ok(read_doc(&doc))
}

/// What a whole document says. Roots it does not have count as empty.
pub fn read_doc(doc: &Doc) -> Body {
    let (text, notes, tables) =
        (doc.get_or_insert_text("body"), doc.get_or_insert_map("notes"), doc.get_or_insert_map("tables"));
    let txn = doc.transact();
    Body {
        blocks: read_text(&txn, &text),
        notes: texts(&txn, &notes),
        tables: tables
            .iter(&txn)
            .filter_map(|(id, table)| Some((id.to_owned(), read_table(&txn, &table.cast().ok()?)?)))
            .collect(),
    }
}

fn texts<T: ReadTxn>(txn: &T, map: &MapRef) -> BTreeMap<String, Vec<Block>> {
    let texts = map.iter(txn).filter_map(|(id, text)| Some((id.to_owned(), text.cast::<TextRef>().ok()?)));
    texts.map(|(id, text)| (id, read_text(txn, &text))).collect()
}

/// `None` when the shared type is no table as we write them.
fn read_table<T: ReadTxn>(txn: &T, table: &MapRef) -> Option<Table> {
    let ids = |name: &str| -> Option<Vec<String>> {
        let ids = table.get(txn, name)?.cast::<yrs::ArrayRef>().ok()?;
        Some(ids.iter(txn).map(|id| id.to_string(txn)).collect())
    };
    let (rows, columns) = (ids("rows")?, ids("columns")?);
    let mut cells = texts(txn, &table.get(txn, "cells")?.cast().ok()?);
    let mut cell = |row: &str, column: &str| cells.remove(&format!("{row}/{column}")).unwrap_or_default();
    let header_rows = match table.get(txn, "header_rows") {
        Some(Out::Any(Any::Number(rows))) => rows.as_i64().and_then(|rows| usize::try_from(rows).ok()),
        _ => None,
    };
    let rows = rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect()).collect();
    Some(Table { rows, header_rows: header_rows.unwrap_or(0) })
}

fn read_text<T: ReadTxn>(txn: &T, text: &TextRef) -> Vec<Block> {
    let (mut blocks, mut runs) = (Vec::new(), Vec::new());
    for piece in text.diff(txn, YChange::identity) {
        let attributes: crate::Attributes = piece
            .attributes
            .into_iter()
            .flat_map(|attrs| *attrs)
            .map(|(name, value)| (name.to_string(), value))
            .collect();
        let run = |runs: &mut Vec<Run>, content| runs.push(Run { content, attributes: attributes.clone() });
        match piece.insert {
            Out::Any(Any::String(text)) => {
                for (i, line) in text.split('\n').enumerate() {
                    if i > 0 {
                        blocks
                            .push(Block { runs: std::mem::take(&mut runs), attributes: attributes.clone() });
                    }
                    if !line.is_empty() {
                        run(&mut runs, Content::Text(line.into()));
                    }
                }
            }
            Out::Any(embed) => run(&mut runs, read_embed(embed)),
            _ => run(&mut runs, Content::Unknown(Any::Undefined)),
        }
    }
    // The implied last break.
    if !runs.is_empty() || blocks.is_empty() {
        blocks.push(Block { runs, ..Block::default() });
    }
    blocks
}

fn read_embed(embed: Any) -> Content {
    let Any::Map(map) = &embed else {
        return Content::Unknown(embed);
    };
    let id = |name: &str| match map.get(name) {
        Some(Any::String(id)) if map.len() == 1 => Some(id.to_string()),
        _ => None,
    };
    if let Some(id) = id("footnote") {
        Content::Footnote(id)
    } else if let Some(id) = id("table") {
        Content::Table(id)
    } else {
        Content::Unknown(embed)
    }
}

impl Body {
    /// The whole of it as one Yjs v1 update of the server's, for a document that has nothing yet.
    pub(crate) fn to_update(&self) -> Vec<u8> {
        let doc = new_doc();
        let (text, notes, tables) =
            (doc.get_or_insert_text("body"), doc.get_or_insert_map("notes"), doc.get_or_insert_map("tables"));
        let mut txn = doc.transact_mut();
        write_text(&mut txn, &text, &self.blocks);
        for (id, note) in &self.notes {
            let text = notes.insert(&mut txn, id.as_str(), TextPrelim::new(""));
            write_text(&mut txn, &text, note);
        }
        for (id, table) in &self.tables {
            write_table(&mut txn, &tables, id, table);
        }
        txn.encode_state_as_update_v1(&StateVector::default())
    }
}

fn write_table(txn: &mut TransactionMut, tables: &MapRef, id: &str, table: &Table) {
    let columns = table.rows.iter().map(Vec::len).max().unwrap_or(0);
    let ids = |letter: char, count: usize| (1..=count).map(|i| format!("{letter}{i}")).collect::<Vec<_>>();
    let (row_ids, column_ids) = (ids('r', table.rows.len()), ids('c', columns));
    let map = tables.insert(txn, id, MapPrelim::default());
    map.insert(txn, "rows", ArrayPrelim::from_iter(row_ids.iter().cloned()));
    map.insert(txn, "columns", ArrayPrelim::from_iter(column_ids.iter().cloned()));
    map.insert(txn, "header_rows", table.header_rows as i64);
    let cells = map.insert(txn, "cells", MapPrelim::default());
    for (row, row_id) in table.rows.iter().zip(&row_ids) {
        for (cell, column_id) in row.iter().zip(&column_ids) {
            let text = cells.insert(txn, format!("{row_id}/{column_id}"), TextPrelim::new(""));
            write_text(txn, &text, cell);
        }
    }
}

fn write_text(txn: &mut TransactionMut, text: &TextRef, blocks: &[Block]) {
    debug_assert!(text.get_string(txn).is_empty(), "only a new text is written");
    let mut delta = Vec::new();
    for block in blocks {
        for run in &block.runs {
            let content = match &run.content {
                Content::Text(text) => Any::String(text.as_str().into()),
                Content::Footnote(id) => embed("footnote", id),
                Content::Table(id) => embed("table", id),
                Content::Unknown(any) => any.clone(),
            };
            delta.push(insert(content, &run.attributes));
        }
        delta.push(insert(Any::String("\n".into()), &block.attributes));
    }
    text.apply_delta(txn, delta);
}

fn embed(name: &str, id: &str) -> Any {
    Any::Map(Arc::new([(name.to_owned(), Any::String(id.into()))].into()))
}

fn insert(content: Any, attributes: &crate::Attributes) -> Delta<In> {
    let attributes: Attrs =
        attributes.iter().map(|(name, value)| (name.as_str().into(), value.clone())).collect();
    Delta::Inserted(In::Any(content), (!attributes.is_empty()).then(|| Box::new(attributes)))
}
