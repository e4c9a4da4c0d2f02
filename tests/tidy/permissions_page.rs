//! What `docs/permissions.md` has from the code: the stages, and everybody who tries something in the test of the whole
//! table. `PLENARY_WRITE_DOCS=1 cargo test -p plenary-tests --test tidy` writes it anew.

use std::{env, fs};

use plenary_permissions::{Access, Channel, Stage, Subject, access_to};

use crate::{actors::Actor, root};

const ACTORS: &str = include_str!("../e2e/table/actors.rs");
const STAGES: &str = include_str!("../../crates/plenary-permissions/src/stage.rs");
const LETTERS: [&str; 6] = ["D", "F", "S", "L", "U", "P"];

#[test]
fn the_page_of_permissions_has_the_stages_and_the_actors_of_the_code() {
    let path = root().join("docs/permissions.md");
    let page = fs::read_to_string(&path).expect("the page is there");
    let fresh = with_section(&with_section(&page, "stages", &stages()), "actors", &actors());
    if env::var_os("PLENARY_WRITE_DOCS").is_some() {
        fs::write(&path, fresh).expect("the page can be written");
    } else {
        assert_eq!(
            page, fresh,
            "the page is old: PLENARY_WRITE_DOCS=1 cargo test -p plenary-tests --test tidy"
        );
    }
}

/// The page with another text between the marks of a section.
fn with_section(page: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- {name}: from the code -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).expect("the section begins");
    let (_, after) = rest.split_once(&end).expect("the section ends");
    format!("{before}{begin}{text}{end}{after}")
}

fn stages() -> String {
    let meanings = variants(STAGES, "Stage");
    assert_eq!(meanings.len(), Stage::ALL.len());
    let mut text = "| Letter | Stage | Means |\n| --- | --- | --- |\n".to_owned();
    for ((stage, letter), (variant, meaning)) in Stage::ALL.into_iter().zip(LETTERS).zip(meanings) {
        assert_eq!(format!("{stage:?}"), variant);
        text += &format!("| {letter} | `{stage}` | {meaning} |\n");
    }
    text
}

fn actors() -> String {
    let meanings = variants(ACTORS, "Actor");
    assert_eq!(meanings.len(), Actor::ALL.len());
    let mut text = "| Who tries | | In the table | The text | The comments |\n\
                    | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for (actor, (variant, meaning)) in Actor::ALL.into_iter().zip(meanings) {
        assert_eq!(format!("{actor:?}"), variant);
        let subject = actor.subject();
        let [body, comments] = [Channel::Body, Channel::Comments].map(|channel| access(subject, channel));
        text += &format!("| `{variant}` | {meaning} | {} | {body} | {comments} |\n", column(subject));
    }
    text
}

/// The column of the page's table that says what they may.
fn column(subject: Option<Subject>) -> String {
    match subject {
        None => "nobody".to_owned(),
        Some(Subject::Outsider) => "an outsider".to_owned(),
        Some(Subject::ContactPerson | Subject::Coordinator) => "Coordinator".to_owned(),
        Some(Subject::Drafter) => "Drafter".to_owned(),
        Some(Subject::Commenter) => "Commenter".to_owned(),
        Some(Subject::Observer) => "Observer".to_owned(),
        Some(Subject::Signatory) => "Signatory".to_owned(),
        Some(Subject::GuestByLink { cap }) => format!("Guest by link, {cap}"),
        Some(Subject::HostEmbedded { cap }) => format!("Embedded by a host, {cap}"),
        Some(Subject::InstanceAdministrator) => "Instance administrator".to_owned(),
    }
}

fn access(subject: Option<Subject>, channel: Channel) -> String {
    let at = |access: Option<Access>| {
        let granted = |stage: &Stage| subject.and_then(|subject| access_to(subject, channel, *stage));
        let stages = Stage::ALL.iter().zip(LETTERS).filter(|(stage, _)| granted(stage) == access);
        stages.map(|(_, letter)| letter).collect::<Vec<_>>().join(" ")
    };
    let parts = [("writes", at(Some(Access::Write))), ("reads", at(Some(Access::Read)))];
    let parts = parts.into_iter().filter(|(_, stages)| !stages.is_empty());
    let said = parts.map(|(what, stages)| format!("{what} {stages}")).collect::<Vec<_>>().join(", ");
    if said.is_empty() { "does not exist".to_owned() } else { said }
}

/// The variants of an enum without fields, each with its docstring in one line, without the last full stop.
fn variants(source: &str, name: &str) -> Vec<(String, String)> {
    let (_, body) = source.split_once(&format!("enum {name} {{\n")).expect("the enum is there");
    let (body, _) = body.split_once("\n}").expect("the enum ends");
    let mut variants = Vec::new();
    let mut said = Vec::new();
    for line in body.lines().map(str::trim) {
        match line.strip_prefix("/// ") {
            Some(text) => said.push(text),
            None => {
                let meaning = said.join(" ").trim_end_matches('.').to_owned();
                assert!(!meaning.is_empty(), "{line} says nothing");
                variants.push((line.trim_end_matches(',').to_owned(), meaning));
                said.clear();
            }
        }
    }
    variants
}
