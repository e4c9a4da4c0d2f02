//! Markdown to a body.
//!
//! Every word comes over. What linear text has no shape for keeps its words and loses its shape: a second
//! paragraph in an item of a list becomes an indented line, an image becomes a link to it, HTML becomes text.
//! Front matter is no part of the text and is left out. The source's own numbers of items are dropped, as
//! numbers are computed when shown.

use std::collections::BTreeMap;

use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use yrs::Any;

use crate::{Attributes, Block, Body, Content, Run, Table, TextError};

/// The longest Markdown text that can be imported: some 200 times a joint submission.
pub const MARKDOWN_BYTES_MAX: usize = 1024 * 1024;

/// The most lines, runs and table cells that one import makes, as many as one update may bring structs.
pub const PARTS_MAX: usize = 50_000;

/// Turns CommonMark (with tables, footnotes, strikethrough and task lists) into the first update of a body.
///
/// Returns a Yjs v1 update of the server's, for a document that has nothing yet. Fails when the text is over
/// [`MARKDOWN_BYTES_MAX`] or makes more than [`PARTS_MAX`] parts.
pub fn import_markdown(markdown: &str) -> Result<Vec<u8>, TextError> {
    Ok(read_markdown(markdown)?.to_update())
}

pub(crate) fn read_markdown(markdown: &str) -> Result<Body, TextError> {
    if markdown.len() > MARKDOWN_BYTES_MAX {
        return Err(TextError::TooLarge { size_bytes: markdown.len(), limit_bytes: MARKDOWN_BYTES_MAX });
    }
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS;
    let mut import = Import::default();
    for event in Parser::new_ext(markdown, options) {
        import.event(event);
        // Asked at each event, so that a short text that stands for millions of cells stops early.
        if import.parts > PARTS_MAX {
            return Err(TextError::TooManyParts { limit: PARTS_MAX });
        }
    }
    Ok(import.finish())
}

#[derive(Default)]
struct Import {
    body: Body,
    parts: usize,
    /// The text being written, and those that it interrupts.
    page: Page,
    interrupted: Vec<Page>,
    /// The id of each footnote by its label in lower case, and whether the text refers to it.
    notes: BTreeMap<String, (String, bool)>,
    table: Table,
    alignments: Vec<Alignment>,
    in_metadata: bool,
}

/// One text of its own: the body, a note, a cell.
#[derive(Default)]
struct Page {
    blocks: Vec<Block>,
    line: Vec<Run>,
    header: Option<HeadingLevel>,
    code_block: Option<String>,
    quotes: usize,
    /// The lists one is in, with what the next line's item is to be marked as.
    lists: Vec<List>,
    bold: usize,
    italic: usize,
    strike: usize,
    links: Vec<Link>,
    align: Option<&'static str>,
    /// The id of the note that this is.
    note: String,
}

struct List {
    is_ordered: bool,
    /// The mark of an item that has no line yet.
    pending: Option<&'static str>,
}

struct Link {
    /// `None` when the address is nothing to click on.
    address: Option<String>,
    /// What would be lost with the Markdown: said behind the link.
    aside: String,
    is_empty: bool,
}

impl Import {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(_) if self.in_metadata => {}
            Event::Text(text) => self.text(&text, None),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.text(&text, Some("code"))
            }
            Event::Html(text) | Event::InlineHtml(text) => self.text(&text, None),
            Event::FootnoteReference(label) => {
                let note = self.note(&label);
                note.1 = true;
                let id = note.0.clone();
                self.run(Content::Footnote(id), None);
            }
            Event::SoftBreak => self.text(" ", None),
            Event::HardBreak => self.end_line(),
            Event::Rule => {
                self.flush();
                self.run(Content::Unknown(Any::from_json(r#"{"divider":true}"#).unwrap_or(Any::Null)), None);
                self.end_line();
            }
            Event::TaskListMarker(is_done) => {
                if let Some(list) = self.page.lists.last_mut() {
                    list.pending = Some(if is_done { "checked" } else { "unchecked" });
                }
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let is_inline = matches!(
            tag,
            Tag::Emphasis
                | Tag::Strong
                | Tag::Strikethrough
                | Tag::Superscript
                | Tag::Subscript
                | Tag::Link { .. }
                | Tag::Image { .. }
        );
        if !is_inline {
            self.flush();
        }
        let page = &mut self.page;
        match tag {
            Tag::Heading { level, .. } => page.header = Some(level),
            Tag::BlockQuote(_) => page.quotes += 1,
            Tag::CodeBlock(kind) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => info.split_whitespace().next(),
                    CodeBlockKind::Indented => None,
                };
                page.code_block = Some(language.unwrap_or("plain").into());
            }
            Tag::List(first) => page.lists.push(List { is_ordered: first.is_some(), pending: None }),
            Tag::Item => {
                if let Some(list) = page.lists.last_mut() {
                    list.pending = Some(if list.is_ordered { "ordered" } else { "bullet" });
                }
            }
            Tag::Emphasis => page.italic += 1,
            Tag::Strong => page.bold += 1,
            Tag::Strikethrough => page.strike += 1,
            Tag::Link { dest_url, title, .. } | Tag::Image { dest_url, title, .. } => {
                let mut aside = title.to_string();
                let address = is_address(&dest_url).then(|| dest_url.to_string());
                if address.is_none() && !dest_url.is_empty() {
                    aside = [&dest_url, aside.as_str()].join(" ").trim_end().into();
                }
                page.links.push(Link { address, aside, is_empty: true });
            }
            Tag::FootnoteDefinition(label) => {
                let note = self.note(&label).0.clone();
                self.interrupt(Page { note, ..Page::default() });
            }
            Tag::Table(alignments) => {
                self.alignments = alignments;
                self.table = Table::default();
            }
            Tag::TableHead | Tag::TableRow => self.table.rows.push(Vec::new()),
            Tag::TableCell => {
                let column = self.table.rows.last().map_or(0, Vec::len);
                let align = match self.alignments.get(column) {
                    Some(Alignment::Center) => Some("center"),
                    Some(Alignment::Right) => Some("right"),
                    Some(Alignment::Left | Alignment::None) | None => None,
                };
                self.interrupt(Page { align, ..Page::default() });
            }
            Tag::MetadataBlock(_) => self.in_metadata = true,
            // Shapes that linear text does not have; their words come as text.
            Tag::Paragraph
            | Tag::HtmlBlock
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis => self.page.italic -= 1,
            TagEnd::Strong => self.page.bold -= 1,
            TagEnd::Strikethrough => self.page.strike -= 1,
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::Superscript | TagEnd::Subscript => {}
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.flush(),
            TagEnd::Heading(_) => {
                self.end_line();
                self.page.header = None;
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.page.quotes -= 1;
            }
            TagEnd::CodeBlock => {
                self.flush();
                self.page.code_block = None;
            }
            TagEnd::Item => {
                self.flush();
                // An item without words is an item.
                if self.page.lists.last().is_some_and(|list| list.pending.is_some()) {
                    self.end_line();
                }
            }
            TagEnd::List(_) => {
                self.page.lists.pop();
            }
            TagEnd::FootnoteDefinition => {
                let id = std::mem::take(&mut self.page.note);
                let blocks = self.resume();
                self.body.notes.entry(id).or_default().extend(blocks);
            }
            TagEnd::Table => {
                let id = format!("t{}", self.body.tables.len() + 1);
                let table = std::mem::take(&mut self.table);
                self.body.tables.insert(id.clone(), Table { header_rows: 1, ..table });
                self.run(Content::Table(id), None);
                self.end_line();
            }
            TagEnd::TableHead | TagEnd::TableRow => {}
            TagEnd::TableCell => {
                let cell = self.resume();
                if let Some(row) = self.table.rows.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::MetadataBlock(_) => self.in_metadata = false,
            TagEnd::DefinitionList | TagEnd::DefinitionListTitle | TagEnd::DefinitionListDefinition => {
                self.flush()
            }
        }
    }
    /// Puts the present text aside for another one.
    fn interrupt(&mut self, page: Page) {
        self.interrupted.push(std::mem::replace(&mut self.page, page));
    }

    /// Ends the present text and goes on with the one it interrupted. Every text has a line.
    fn resume(&mut self) -> Vec<Block> {
        self.flush();
        if self.page.blocks.is_empty() {
            self.end_line();
        }
        let page = self.interrupted.pop().unwrap_or_default();
        std::mem::replace(&mut self.page, page).blocks
    }

    fn note(&mut self, label: &str) -> &mut (String, bool) {
        let next = format!("n{}", self.notes.len() + 1);
        self.notes.entry(label.to_lowercase()).or_insert((next, false))
    }

    fn text(&mut self, text: &str, mark: Option<&'static str>) {
        for (i, line) in text.split('\n').enumerate() {
            if i > 0 {
                self.end_line();
            }
            if !line.is_empty() {
                self.run(Content::Text(line.into()), mark);
            }
        }
    }

    fn run(&mut self, content: Content, mark: Option<&'static str>) {
        let page = &mut self.page;
        let mut attributes = Attributes::new();
        for (mark, is_on) in
            [("bold", page.bold > 0), ("italic", page.italic > 0), ("strike", page.strike > 0)]
        {
            if is_on {
                attributes.insert(mark.into(), true.into());
            }
        }
        if let Some(mark) = mark {
            attributes.insert(mark.into(), true.into());
        }
        for link in &mut page.links {
            link.is_empty = false;
            if let Some(address) = &link.address {
                attributes.insert("link".into(), address.as_str().into());
            }
        }
        self.parts += 1;
        match (page.line.last_mut(), content) {
            (Some(Run { content: Content::Text(before), attributes: same }), Content::Text(text))
                if *same == attributes =>
            {
                before.push_str(&text);
            }
            (_, content) => page.line.push(Run { content, attributes }),
        }
    }

    fn end_link(&mut self) {
        // An image without a description would leave no trace of itself.
        if let Some(link) = self.page.links.last()
            && link.is_empty
            && let Some(address) = link.address.clone()
        {
            self.run(Content::Text(address), None);
        }
        if let Some(link) = self.page.links.pop()
            && !link.aside.is_empty()
        {
            self.text(&format!(" ({})", link.aside), None);
        }
    }

    /// Ends the line if something is in it.
    fn flush(&mut self) {
        if !self.page.line.is_empty() {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let page = &mut self.page;
        let mut attributes = Attributes::new();
        let depth = page.lists.len();
        let mut indent = depth;
        if let Some(language) = &page.code_block {
            attributes.insert("code-block".into(), language.as_str().into());
        } else if let Some(level) = page.header {
            attributes.insert("header".into(), i64::from(level as u8).into());
        } else if let Some(item) = page.lists.last_mut().and_then(|list| list.pending.take()) {
            attributes.insert("list".into(), item.into());
            indent = depth - 1;
        } else if page.quotes > 0 {
            attributes.insert("blockquote".into(), true.into());
        }
        if indent > 0 {
            attributes.insert("indent".into(), (indent.min(INDENT_MAX) as i64).into());
        }
        if let Some(align) = page.align {
            attributes.insert("align".into(), align.into());
        }
        page.blocks.push(Block { runs: std::mem::take(&mut page.line), attributes });
        self.parts += 1;
    }

    fn finish(mut self) -> Body {
        self.flush();
        // Notes that nothing refers to are shown at the end rather than lost.
        let forgotten: Vec<_> =
            self.notes.values().filter(|note| !note.1).map(|note| note.0.clone()).collect();
        for id in forgotten {
            self.run(Content::Footnote(id), None);
        }
        self.flush();
        if self.page.blocks.is_empty() {
            self.end_line();
        }
        Body { blocks: self.page.blocks, ..self.body }
    }
}

/// The deepest indentation Quill shows.
const INDENT_MAX: usize = 8;

/// Whether a link to `url` does nothing but go somewhere.
fn is_address(url: &str) -> bool {
    match url.split_once(':') {
        Some((scheme, _)) if !scheme.contains(['/', '?', '#']) => {
            ["http", "https", "mailto", "tel"].iter().any(|safe| scheme.eq_ignore_ascii_case(safe))
        }
        _ => !url.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{empty_body, read_body};

    fn import(markdown: &str) -> Body {
        let body = read_markdown(markdown).unwrap();
        let read = read_body(&import_markdown(markdown).unwrap()).unwrap();
        assert_eq!(read, body, "what was written reads back");
        body
    }

    /// Each line as `attributes|text`, with marks and embeds spelled out.
    fn lines(body: &Body) -> Vec<String> {
        let attributes = |attributes: &Attributes| {
            let texts = attributes.iter().map(|(name, value)| format!("{name}={value}"));
            texts.collect::<Vec<_>>().join(",")
        };
        let run = |run: &Run| {
            let text = match &run.content {
                Content::Text(text) => text.clone(),
                other => format!("{other:?}"),
            };
            if run.attributes.is_empty() { text } else { format!("[{}:{text}]", attributes(&run.attributes)) }
        };
        let line = |block: &Block| {
            format!("{}|{}", attributes(&block.attributes), block.runs.iter().map(run).collect::<String>())
        };
        body.blocks.iter().map(line).collect()
    }

    #[test]
    fn headings_lists_and_quotes_are_attributes_of_lines() {
        let body = import(
            "# One\n\nTwo\nlines\n\n> quote\n\n3. a\n4. b\n   - c\n   - [x] d\n\n   e\n\n```rust\nf\n\ng\n```\n",
        );
        let expected = [
            "header=1|One",
            "|Two lines",
            "blockquote=true|quote",
            "list=ordered|a",
            "list=ordered|b",
            "indent=1,list=bullet|c",
            "indent=1,list=checked|d",
            "indent=1|e",
            "code-block=rust|f",
            "code-block=rust|",
            "code-block=rust|g",
        ];
        assert_eq!(lines(&body), expected);
    }

    #[test]
    fn marks_are_attributes_of_runs() {
        let body = import("a **b *c*** `d` ~~e~~ [f](https://f.example \"g\") ![](h.png)\n");
        let expected = "|a [bold=true:b ][bold=true,italic=true:c] [code=true:d] [strike=true:e] \
                        [link=https://f.example:f] (g) [link=h.png:h.png]";
        assert_eq!(lines(&body), [expected]);
    }

    #[test]
    fn a_link_that_would_run_something_becomes_text() {
        let body = import("[press](JavaScript:alert(1)) <b onclick=x>here</b>\n");
        assert_eq!(lines(&body), ["|press (JavaScript:alert(1)) <b onclick=x>here</b>"]);
    }

    #[test]
    fn notes_and_tables_are_embeds_that_point_to_their_own_text() {
        let body = import(
            "a[^x] b[^x]\n\n[^x]: one *two*\n\n    three\n\n[^y]: nobody asked\n\n|h|i|\n|--|-:|\n|**j**||\n",
        );
        assert_eq!(
            lines(&body),
            ["|aFootnote(\"n1\") bFootnote(\"n1\")", "|Table(\"t1\")", "|Footnote(\"n2\")"]
        );
        assert_eq!(body.plain_text(), "a b\n\nh\ti\nj\t\n\none two\nthree\nnobody asked\n");
        let table = &body.tables["t1"];
        assert_eq!((table.header_rows, table.rows.len(), table.rows[1].len()), (1, 2, 2));
        assert_eq!(table.rows[1][1][0].attributes["align"], "right".into());
    }

    #[test]
    fn front_matter_is_no_part_of_the_text() {
        assert_eq!(import("---\ntitle: secret\n---\n\nText\n").plain_text(), "Text\n");
    }

    #[test]
    fn an_empty_text_is_one_line_break_by_the_server() {
        assert_eq!(import_markdown("").unwrap(), empty_body());
        let yjs = [1, 1, 1, 0, 4, 1, 4, b'b', b'o', b'd', b'y', 1, b'\n', 0];
        assert_eq!(
            empty_body(),
            yjs,
            "one client, one struct, client 1 from clock 0, a string in root `body`"
        );
    }

    #[test]
    fn every_word_of_the_sample_comes_over() {
        let source = include_str!("../../../tests/fixtures/sample-submission.md");
        let (_, text) = source.trim_start_matches("---").split_once("\n---\n").unwrap();
        let body = import(text);
        assert_eq!(import(source), body, "the front matter is left out");

        // Notes are told at the end, so the words are compared in any order: without Markdown's marks, the
        // labels of notes, and the numbers of items, which are computed when shown.
        let words = |text: &str| {
            let text = text.replace("[^", " ^").replace('*', "");
            let words = text.split(|char: char| char.is_whitespace() || "|[]".contains(char));
            let mut words: Vec<_> = words
                .filter(|word| word.contains(char::is_alphanumeric) && !word.starts_with('^'))
                .map(str::to_owned)
                .collect();
            words.sort();
            words
        };
        let unnumbered = |line: &str| match line.split_once(". ") {
            Some((number, rest)) if number.parse::<u32>().is_ok() => rest.to_owned(),
            _ => line.to_owned(),
        };
        let source: Vec<_> = text.lines().map(unnumbered).collect();
        let (source, imported) = (words(&source.join("\n")), words(&body.plain_text()));
        let first = source.iter().zip(&imported).find(|(source, imported)| source != imported);
        assert_eq!((first, imported.len()), (None, source.len()));

        let with =
            |name: &str| body.blocks.iter().filter(|block| block.attributes.contains_key(name)).count();
        assert_eq!((with("list"), with("blockquote"), with("header")), (20, 18, 11));
        assert_eq!((body.notes.len(), body.tables.len(), body.tables["t1"].rows.len()), (8, 1, 7));
        let quoted = body.blocks.iter().find(|block| block.attributes.contains_key("blockquote")).unwrap();
        assert!(quoted.text().starts_with("R1. Amend section 6"), "{}", quoted.text());
    }

    #[test]
    fn a_short_text_that_stands_for_very_much_is_refused() {
        let long = "a".repeat(MARKDOWN_BYTES_MAX + 1);
        assert!(matches!(import_markdown(&long), Err(TextError::TooLarge { .. })));
        let columns = "|a".repeat(2_000);
        let table = format!("{columns}|\n{}|\n{}", "|-".repeat(2_000), "|b|\n".repeat(2_000));
        assert!(matches!(import_markdown(&table), Err(TextError::TooManyParts { .. })));
        assert!(matches!(import_markdown(&"a\n\n".repeat(PARTS_MAX)), Err(TextError::TooManyParts { .. })));
    }

    #[test]
    fn deep_nesting_comes_over_flat() {
        for deep in [">".repeat(100_000), "- ".repeat(50_000), "*a".repeat(100_000)] {
            if let Ok(body) = read_markdown(&format!("{deep} word")) {
                assert!(body.plain_text().contains("word"));
            }
        }
    }

    #[test]
    fn every_script_comes_over_by_utf16_offsets() {
        let text = "ينبغي لفالدوريا **أن تلغي** المادة 14\n\n𠮷田 **𠮷** 👩‍👩‍👧 e\u{301}\n";
        let body = import(text);
        assert_eq!(body.plain_text(), text.replace("**", "").replace("\n\n", "\n"));
    }
}
