//! Something to look around in: one group, one statement, four people. All of it is invented.

use anyhow::Context;
use serde_json::{Value, json};

use crate::instance::{Instance, Refused};

const GROUP: &str = "Coalition for Valdoria";
const STATEMENT: &str = include_str!("../../../tests/fixtures/sample-submission.md");

const PEOPLE: [(&str, &str, &str); 4] = [
    ("Ilse Marenko", "ilse@demo.example", "coordinator"),
    ("Safiya Orrin", "safiya@demo.example", "drafter"),
    ("Renée Aubry", "renee@demo.example", "drafter"),
    ("Jon Aruk", "jon@demo.example", "observer"),
];

/// Somebody to sign in as.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) role: &'static str,
    /// Path and fragment; goes behind the server's address.
    pub(crate) link_path: String,
}

/// Makes what is not there yet, and a fresh sign-in link for each person.
pub(crate) async fn prepare(instance: &Instance) -> anyhow::Result<Vec<Person>> {
    for (name, email, _) in PEOPLE {
        let added = instance.post("/api/v1/users", json!({"email": email, "name": name})).await;
        unless_there(added, "email-taken")?;
    }
    let groups = instance.get("/api/v1/groups").await?;
    let group = match named(&groups["groups"], "name", GROUP) {
        Some(group) => group,
        None => {
            let body = json!({
                "name": GROUP, "kind": "country", "state": "XV", "session": "UPR 58",
                "themes": ["Freedom of association", "Torture"],
            });
            instance.post("/api/v1/groups", body).await?
        }
    };
    let group = group["id"].as_str().context("a group has an id")?;
    for (_, email, role) in PEOPLE {
        let path = format!("/api/v1/groups/{group}/members");
        let added = instance.post(&path, json!({"email": email, "role": role})).await;
        unless_there(added, "already-member")?;
    }
    let path = format!("/api/v1/groups/{group}/statements");
    let statements = instance.get(&path).await?;
    let title = title(STATEMENT);
    if named(&statements["statements"], "title", title).is_none() {
        let body = json!({"title": title, "kind": "joint-submission", "markdown": STATEMENT});
        instance.post(&path, body).await?;
    }

    let mut people = Vec::new();
    for (name, email, role) in PEOPLE {
        // Somebody who tries it out opens the link in several windows.
        let body = json!({"email": email, "uses": "until-it-expires", "expires": "7d"});
        let link = instance.post("/api/v1/session/links", body).await?;
        let link_path = link["path"].as_str().context("a link has a path")?.to_owned();
        people.push(Person { name, role, link_path });
    }
    Ok(people)
}

/// Takes it as done when it has been done before.
fn unless_there(outcome: anyhow::Result<Value>, code: &str) -> anyhow::Result<()> {
    match outcome {
        Ok(_) => Ok(()),
        Err(error) if error.downcast_ref::<Refused>().is_some_and(|refused| refused.code == code) => Ok(()),
        Err(error) => Err(error),
    }
}

fn named(things: &Value, field: &str, name: &str) -> Option<Value> {
    things.as_array()?.iter().find(|thing| thing[field] == name).cloned()
}

/// The title in the Markdown file's front matter.
fn title(markdown: &'static str) -> &'static str {
    let line = markdown.lines().find_map(|line| line.strip_prefix("title:"));
    line.map_or("Joint submission", |title| title.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_has_its_title() {
        assert_eq!(title(STATEMENT), "Joint stakeholder submission on the Republic of Valdoria");
    }
}
