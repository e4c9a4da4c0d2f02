//! A body as plain data.

use std::collections::BTreeMap;

use yrs::Any;

/// Names and values as in the Quill delta format, for example `header: 2`.
pub type Attributes = BTreeMap<String, Any>;

/// What a document says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// The lines of the text.
    pub blocks: Vec<Block>,
    /// The lines of each footnote, by its id.
    pub notes: BTreeMap<String, Vec<Block>>,
    /// The tables, by their ids.
    pub tables: BTreeMap<String, Table>,
}

/// One line: a paragraph, a heading, an item of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// What is in it.
    pub runs: Vec<Run>,
    /// What it is: the attributes of its line break. Empty for a plain paragraph.
    pub attributes: Attributes,
}

/// Neighbouring text with the same marks, or one embed.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What it says.
    pub content: Content,
    /// Its marks.
    pub attributes: Attributes,
}

/// What a run says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Text without line breaks.
    Text(String),
    /// A reference to the note of this id.
    Footnote(String),
    /// The table of this id.
    Table(String),
    /// An embed that this version does not know; `Any::Undefined` for a shared type.
    Unknown(Any),
}

/// A table. Each row has one cell a column; each cell is lines of text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The cells, row by row.
    pub rows: Vec<Vec<Vec<Block>>>,
    /// How many of the first rows are headings.
    pub header_rows: usize,
}

impl Block {
    /// The text of the line without its embeds.
    pub fn text(&self) -> String {
        let texts = self.runs.iter().map(|run| match &run.content {
            Content::Text(text) => text.as_str(),
            Content::Footnote(_) | Content::Table(_) | Content::Unknown(_) => "",
        });
        texts.collect()
    }
}

impl Body {
    /// Everything it says as one text: its lines, each table where it stands with a tab between cells, and
    /// the footnotes at the end. Ends with a line break. Notes and tables that no embed points to are left out
    /// (an embed that somebody deleted leaves them behind).
    pub fn plain_text(&self) -> String {
        let (mut text, mut notes) = (String::new(), Vec::new());
        for block in &self.blocks {
            text.push_str(&block.text());
            text.push('\n');
            for run in &block.runs {
                match &run.content {
                    Content::Footnote(id) if !notes.contains(&id) => notes.push(id),
                    Content::Table(id) => {
                        for row in self.tables.get(id).into_iter().flat_map(|table| &table.rows) {
                            let cells = row.iter().map(|cell| lines(cell).join(" "));
                            text.push_str(&cells.collect::<Vec<_>>().join("\t"));
                            text.push('\n');
                        }
                    }
                    Content::Text(_) | Content::Footnote(_) | Content::Unknown(_) => {}
                }
            }
        }
        for line in notes.iter().filter_map(|id| self.notes.get(*id)).flat_map(|note| lines(note)) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

fn lines(blocks: &[Block]) -> Vec<String> {
    blocks.iter().map(Block::text).collect()
}
