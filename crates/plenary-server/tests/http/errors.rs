//! The list of problems in the documentation is that of the code.

use std::{collections::HashSet, fmt::Write, fs};

use plenary_server::error::Code;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");

const BEGINNING: &str = "# Problems

Whatever the HTTP interface does not do is answered by a problem document (RFC 9457), `application/problem+json`, and then
nothing has been changed:

```json
{
  \"type\": \"urn:plenary:problem:role\",
  \"title\": \"Forbidden\",
  \"status\": 403,
  \"code\": \"role\",
  \"detail\": \"...\"
}
```

`code` stays the same from version to version; `detail` is for people and may change. Which of them a route may answer with
is said in its description (`/api/`). With 429 and 503 comes `Retry-After`, in seconds; with 405 `Allow`.

What cannot be read as a request at all (a head over 64 KiB, no HTTP/1) is answered by the HTTP layer, without a problem
document. WebSockets end with close codes instead: [protocol.md](protocol.md).

| Status | Code | When, and what to do |
|---|---|---|
";

fn list() -> String {
    let mut list = String::from(BEGINNING);
    for code in Code::ALL {
        let meaning = code.meaning();
        writeln!(list, "| {} | `{}` | {meaning} |", code.status().as_u16(), code.name()).unwrap();
    }
    list.push_str("\nThis page is written from the code: `UPDATE_DOCS=1 cargo test -p plenary-server --test http errors`.\n");
    list
}

#[test]
fn the_documentation_lists_every_code() {
    let list = list();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PATH, &list).unwrap();
    }
    let documented = fs::read_to_string(PATH).unwrap_or_default();
    assert!(documented == list, "docs/errors.md is not what the code says: run this with UPDATE_DOCS=1");
}

#[test]
fn each_code_has_a_name_of_its_own_and_stands_where_its_status_is() {
    let names: HashSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    assert!(Code::ALL.is_sorted_by_key(|code| code.status().as_u16()));
    for code in Code::ALL {
        assert!(code.meaning().ends_with('.') && !code.meaning().contains('\n'), "{code:?}");
    }
}
