//! What a body says: linear text.
//!
//! A body is one Y.Text named `body`. Runs of text carry marks (`bold`, `italic`, `strike`, `code`, `link`);
//! each line break carries the attributes of the block that it ends (`header`, `list`, `indent`,
//! `blockquote`, `code-block`, `align`), by the names and values of the Quill delta format. So changing what
//! a block is never replaces what somebody is typing in it. Numbers of paragraphs are computed when shown.
//!
//! Footnotes and tables are embeds in a run, `{footnote: id}` and `{table: id}`, that point to shared types
//! of their own. A table's embed is alone in its line.
//!
//! | Root | What it holds |
//! | --- | --- |
//! | `body` | Y.Text |
//! | `notes` | Y.Map: note id to a Y.Text, linear as the body is |
//! | `tables` | Y.Map: table id to a Y.Map, see below |
//!
//! A table has `rows` and `columns` (Y.Array of ids, in order), `header_rows` (how many of the first rows are
//! headings) and `cells` (Y.Map: `row/column` to a Y.Text, linear too).
//!
//! A text without a final line break is read as if it had one. What is not known here is kept as it is.

mod body;
mod document;
mod error;
mod markdown;
mod words;

pub use body::{Attributes, Block, Body, Content, Run, Table};
pub use document::{empty_body, new_doc, read_body, read_doc};
pub use error::TextError;
pub use markdown::{MARKDOWN_BYTES_MAX, PARTS_MAX, import_markdown};
pub use words::{Footnotes, count_words};
