//! `plenary member`: who is in a group, and who was.

use anyhow::bail;
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    arguments::{Member, Place},
    commands::{id, text},
    instance::Instance,
};

/// The answer, and how it reads.
pub(crate) async fn run(instance: &Instance, command: Member) -> anyhow::Result<(Value, String)> {
    match command {
        Member::Add { place: Place { group, email }, role } => {
            let path = format!("/api/v1/groups/{}/members", id(&group)?);
            let answer = instance.post(&path, json!({"email": email, "role": role})).await?;
            let words = format!("{email} is now a {}", text(&answer, "/role"));
            Ok((answer, words))
        }
        Member::SetRole { place, role, contact_person } => {
            let path = path(instance, &place).await?;
            let body = json!({"role": role, "contact_person": contact_person});
            let answer = instance.call(Method::PATCH, &path, Some(body)).await?;
            let words = format!("{} is now a {}", place.email, text(&answer, "/role"));
            Ok((answer, words))
        }
        Member::Remove { place } => {
            let path = path(instance, &place).await?;
            instance.call(Method::DELETE, &path, None).await?;
            let words = format!("{} is no longer a member", place.email);
            Ok((json!({"removed": place.email}), words))
        }
        Member::List { group, past } => {
            let past = if past { "/past" } else { "" };
            let answer = instance.get(&format!("/api/v1/groups/{}/members{past}", id(&group)?)).await?;
            let members = answer["members"].as_array().map(Vec::as_slice).unwrap_or_default();
            let words = members.iter().map(line).collect::<Vec<_>>().join("\n");
            Ok((answer, words))
        }
    }
}

/// The path of a member whose address is known.
async fn path(instance: &Instance, place: &Place) -> anyhow::Result<String> {
    let path = format!("/api/v1/groups/{}/members", id(&place.group)?);
    let members = instance.get(&path).await?;
    let email = place.email.trim().to_lowercase();
    let found = members["members"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|member| member["user"]["email"] == email.as_str());
    let Some(member) = found else { bail!("{} is not a member of this group", place.email) };
    Ok(format!("{path}/{}", text(member, "/user/id")))
}

fn line(member: &Value) -> String {
    let mut words: Vec<_> =
        ["/role", "/user/email", "/user/name"].map(|pointer| text(member, pointer)).into();
    if member["contact_person"] == true {
        words.push("contact person".into());
    }
    if let Some(names) = member.pointer("/user/organisation/names").and_then(Value::as_object) {
        words.extend(names.values().next().and_then(Value::as_str).map(str::to_owned));
    }
    if member.pointer("/user/organisation/at_risk") == Some(&Value::Bool(true)) {
        words.push("at risk".into());
    }
    words.join("  ")
}
