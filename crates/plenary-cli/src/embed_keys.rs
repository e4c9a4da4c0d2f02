//! `plenary embed-key`: the public keys of sites that embed the editor, and the groups that let them in.

use std::{fs, io::Read, path::Path};

use anyhow::Context;
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    arguments::EmbedKey,
    commands::{id, text, without_nulls},
    instance::Instance,
};

/// The answer, and how it reads.
pub(crate) async fn run(instance: &Instance, command: EmbedKey) -> anyhow::Result<(Value, String)> {
    match command {
        EmbedKey::New { issuer, origins, role, public_key, overlap, groups } => {
            let groups = groups.iter().map(|group| id(group)).collect::<Result<Vec<_>, _>>()?;
            let body = json!({
                "issuer": issuer,
                "origins": origins,
                "role": role,
                "public_key": given(&read(&public_key)?),
                "overlap": overlap,
            });
            let mut answer = instance.post("/api/v1/embed/keys", without_nulls(body)).await?;
            let kid = text(&answer, "/id");
            for group in &groups {
                let grant = json!({"issuer": issuer, "role": role});
                let path = format!("/api/v1/groups/{group}/embed-grants");
                // The key is there by now, so that the rest can be done again without it.
                instance.post(&path, grant).await.with_context(|| {
                    format!("key {kid} is registered, but group {group} does not let it in")
                })?;
            }
            answer["groups"] = json!(groups);
            Ok((answer, kid))
        }
        EmbedKey::List => {
            let answer = instance.get("/api/v1/embed/keys").await?;
            let keys = answer["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
            let words = keys.iter().map(line).collect::<Vec<_>>().join("\n");
            Ok((answer, words))
        }
        EmbedKey::Revoke { key } => {
            instance.call(Method::DELETE, &format!("/api/v1/embed/keys/{}", id(&key)?), None).await?;
            Ok((json!({"revoked": key}), "it counts no longer, and what rested on it has ended".into()))
        }
        EmbedKey::Grant { group, issuer, role, statements } => {
            let statements = (!statements.is_empty()).then_some(statements);
            let body = json!({"issuer": issuer, "role": role, "statements": statements});
            let path = format!("/api/v1/groups/{}/embed-grants", id(&group)?);
            let answer = instance.post(&path, without_nulls(body)).await?;
            let words = format!("{issuer} may vouch for people here, as a {}", text(&answer, "/role"));
            Ok((answer, words))
        }
        EmbedKey::Withdraw { group, issuer } => {
            let path = format!("/api/v1/groups/{}/embed-grants", id(&group)?);
            let grants = instance.get(&path).await?;
            let grants = grants["grants"].as_array().map(Vec::as_slice).unwrap_or_default();
            let grant = grants.iter().find(|grant| grant["issuer"] == issuer.as_str());
            let host = grant.map(|grant| text(grant, "/host"));
            let host = host.with_context(|| format!("{issuer} may not vouch for anybody here"))?;
            instance.call(Method::DELETE, &format!("{path}/{host}"), None).await?;
            Ok((json!({"withdrawn": issuer}), format!("{issuer} may no longer vouch for anybody here")))
        }
    }
}

fn line(key: &Value) -> String {
    let kind = if key["public_key"]["crv"] == "Ed25519" { "EdDSA" } else { "ES256" };
    let origins = key["origins"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let origins = origins.collect::<Vec<_>>().join(" ");
    let ends = key["ends"].as_u64().map_or(String::new(), |ends| {
        let ends = std::time::UNIX_EPOCH + std::time::Duration::from_millis(ends);
        format!("  ends {}", humantime::format_rfc3339_seconds(ends))
    });
    format!("{}  {}  {kind}  {}  {origins}{ends}", text(key, "/id"), text(key, "/issuer"), text(key, "/role"))
}

/// A file's text, or what comes through standard input.
fn read(path: &Path) -> anyhow::Result<String> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read the key from standard input")?;
        return Ok(text);
    }
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A JSON Web Key is sent as what it is, anything else as text.
fn given(text: &str) -> Value {
    serde_json::from_str(text).ok().filter(Value::is_object).unwrap_or_else(|| text.into())
}
