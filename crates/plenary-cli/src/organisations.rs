//! `plenary organisation`: whom people work for.

use anyhow::{Context, bail};
use hyper::Method;
use serde_json::{Map, Value, json};

use crate::{
    arguments::{Organisation, OrganisationFacts},
    commands::{id, text, without_nulls},
    instance::Instance,
};

const PATH: &str = "/api/v1/organisations";

/// The answer, and how it reads.
pub(crate) async fn run(instance: &Instance, command: Organisation) -> anyhow::Result<(Value, String)> {
    match command {
        Organisation::Add { names, facts } => {
            let answer = instance.post(PATH, body(&names, facts)?).await?;
            let words = text(&answer, "/id");
            Ok((answer, words))
        }
        Organisation::Set { organisation, names, facts } => {
            let body = body(&names, facts)?;
            if body == json!({}) {
                bail!("say what is to change; `plenary help organisation set` lists it");
            }
            let path = format!("{PATH}/{}", id(&organisation)?);
            let answer = instance.call(Method::PATCH, &path, Some(body)).await?;
            let words = line(&answer);
            Ok((answer, words))
        }
        Organisation::List => {
            let answer = instance.get(PATH).await?;
            let organisations = answer["organisations"].as_array().map(Vec::as_slice).unwrap_or_default();
            let words = organisations.iter().map(line).collect::<Vec<_>>().join("\n");
            Ok((answer, words))
        }
        Organisation::Assign { email, organisation, none: _ } => assign(instance, &email, organisation).await,
    }
}

async fn assign(
    instance: &Instance,
    email: &str,
    organisation: Option<String>,
) -> anyhow::Result<(Value, String)> {
    let users = instance.get("/api/v1/users").await?;
    let wanted = email.trim().to_lowercase();
    let users = users["users"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(user) = users.iter().find(|user| user["email"] == wanted.as_str()) else {
        bail!("nobody here has the address {email}");
    };
    let user = text(user, "/id");
    if let Some(organisation) = organisation {
        let path = format!("{PATH}/{}/people/{user}", id(&organisation)?);
        instance.call(Method::PUT, &path, None).await?;
        return Ok((json!({"user": user, "organisation": organisation}), format!("{email} works for it")));
    }
    let all = instance.get(PATH).await?;
    for organisation in all["organisations"].as_array().into_iter().flatten() {
        let path = format!("{PATH}/{}/people", text(organisation, "/id"));
        let people = instance.get(&path).await?;
        if people["people"].as_array().into_iter().flatten().any(|one| one["id"] == user.as_str()) {
            instance.call(Method::DELETE, &format!("{path}/{user}"), None).await?;
        }
    }
    Ok((json!({"user": user, "organisation": null}), format!("{email} works for no organisation")))
}

fn body(names: &[String], facts: OrganisationFacts) -> anyhow::Result<Value> {
    let mut by_language = Map::new();
    for name in names {
        let (language, name) =
            name.split_once('=').with_context(|| format!("`{name}` is not like en=\"Open Door\""))?;
        by_language.insert(language.trim().to_owned(), name.into());
    }
    let names = if by_language.is_empty() { Value::Null } else { Value::Object(by_language) };
    let OrganisationFacts { un_name, kind, country, consultative_status, at_risk } = facts;
    Ok(without_nulls(json!({
        "names": names,
        "un_name": un_name,
        "type": kind,
        "country": country,
        "consultative_status": consultative_status,
        "at_risk": at_risk,
    })))
}

fn line(organisation: &Value) -> String {
    let names = organisation["names"].as_object();
    let name = names.and_then(|names| names.values().next()).and_then(Value::as_str).unwrap_or_default();
    let mut words =
        vec![text(organisation, "/id"), text(organisation, "/type"), text(organisation, "/country")];
    words.push(name.to_owned());
    words.retain(|word| !word.is_empty());
    if organisation["at_risk"] == true {
        words.push("at risk".into());
    }
    words.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_their_language() {
        let none = || OrganisationFacts {
            un_name: None,
            kind: None,
            country: None,
            consultative_status: None,
            at_risk: None,
        };
        let names = ["en=Open Door".to_owned(), "fr=Porte = ouverte".to_owned()];
        let read = body(&names, none()).unwrap();
        assert_eq!(read, json!({"names": {"en": "Open Door", "fr": "Porte = ouverte"}}));
        assert_eq!(body(&[], none()).unwrap(), json!({}));
        assert!(body(&["Open Door".into()], none()).is_err());
    }
}
