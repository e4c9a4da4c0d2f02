//! `plenary group`: groups, and what is known about them.

use anyhow::bail;
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    arguments::{About, Group},
    commands::{id, text, without_nulls},
    instance::Instance,
};

/// The answer, and how it reads.
pub(crate) async fn run(instance: &Instance, command: Group) -> anyhow::Result<(Value, String)> {
    match command {
        Group::Add { name, about } => {
            let answer = instance.post("/api/v1/groups", facts(Some(name), about)).await?;
            let words = text(&answer, "/id");
            Ok((answer, words))
        }
        Group::Set { group, name, about, status } => {
            let mut body = facts(name, about);
            if let Some(status) = status {
                body["status"] = status.into();
            }
            if body == json!({}) {
                bail!("say what is to change; `plenary help group set` lists it");
            }
            let path = format!("/api/v1/groups/{}", id(&group)?);
            let answer = instance.call(Method::PATCH, &path, Some(body)).await?;
            let words = line(&answer);
            Ok((answer, words))
        }
        Group::List => {
            let answer = instance.get("/api/v1/groups").await?;
            let groups = answer["groups"].as_array().map(Vec::as_slice).unwrap_or_default();
            let words = groups.iter().map(line).collect::<Vec<_>>().join("\n");
            Ok((answer, words))
        }
    }
}

fn facts(name: Option<String>, about: About) -> Value {
    let About { kind, state, session, themes } = about;
    let themes = if themes.is_empty() { None } else { Some(themes) };
    without_nulls(json!({"name": name, "kind": kind, "state": state, "session": session, "themes": themes}))
}

fn line(group: &Value) -> String {
    let words =
        ["/id", "/status", "/kind", "/state", "/session", "/name"].map(|pointer| text(group, pointer));
    let said = words.into_iter().filter(|word| !word.is_empty());
    said.collect::<Vec<_>>().join("  ")
}
