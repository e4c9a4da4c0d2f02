//! Reads the states of documents and prints what each says, one line of JSON a document.
//!
//! `read_bodies FOLDER`: every file in it whose name ends in `.bin` is a Yjs v1 update, as `GET .../state` returns it.
//! A line is `{"file", "blocks", "notes"}`; a block is `{"attributes", "runs"}`, a run `{"attributes", "insert"}`, as in
//! the Quill delta format. The acceptance run of the web client compares this with what its editors show.

use std::{env, error::Error, fs, path::PathBuf, sync::Arc};

use plenary_text::{Attributes, Block, Content, Run, read_body};
use yrs::Any;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("usage: read_bodies FOLDER")?;
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "bin"));
    files.sort();
    for file in files {
        let body = read_body(&fs::read(&file)?)?;
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let notes = map(body.notes.iter().map(|(id, note)| (id.clone(), blocks(note))));
        let mut line = String::new();
        map([
            ("file".to_owned(), Any::String(name.into())),
            ("blocks".to_owned(), blocks(&body.blocks)),
            ("notes".to_owned(), notes),
        ])
        .to_json(&mut line);
        println!("{line}");
    }
    Ok(())
}

fn blocks(blocks: &[Block]) -> Any {
    let block = |block: &Block| {
        let runs = Any::Array(block.runs.iter().map(run).collect());
        map([("attributes".to_owned(), attributes(&block.attributes)), ("runs".to_owned(), runs)])
    };
    Any::Array(blocks.iter().map(block).collect())
}

fn run(run: &Run) -> Any {
    let embed = |name: &str, id: &str| map([(name.to_owned(), Any::String(id.into()))]);
    let insert = match &run.content {
        Content::Text(text) => Any::String(text.as_str().into()),
        Content::Footnote(id) => embed("footnote", id),
        Content::Table(id) => embed("table", id),
        Content::Unknown(any) => any.clone(),
    };
    map([("attributes".to_owned(), attributes(&run.attributes)), ("insert".to_owned(), insert)])
}

fn attributes(attributes: &Attributes) -> Any {
    map(attributes.iter().map(|(name, value)| (name.clone(), value.clone())))
}

fn map(entries: impl IntoIterator<Item = (String, Any)>) -> Any {
    Any::Map(Arc::new(entries.into_iter().collect()))
}
