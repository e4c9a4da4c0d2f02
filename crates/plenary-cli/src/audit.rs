//! `plenary audit`: what was changed about people, rights and stages.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::bail;
use hyper::Method;
use serde_json::Value;

use crate::{
    DAMAGED,
    arguments::Audit,
    commands::{id, text},
    instance::Instance,
};

/// The answer, how it reads, and the exit status.
pub(crate) async fn run(instance: &Instance, command: Audit) -> anyhow::Result<(Value, String, u8)> {
    match command {
        Audit::Show { group, instance: of_instance, after, limit } => {
            let path = match group {
                Some(group) => format!("/api/v1/groups/{}/audit", id(&group)?),
                None if of_instance => "/api/v1/audit".to_owned(),
                None => bail!("say --group ID or --instance"),
            };
            let page = instance.get(&format!("{path}?after={after}&limit={limit}")).await?;
            let words = shown(&page);
            Ok((page, words, 0))
        }
        Audit::Verify => {
            let report = instance.call(Method::POST, "/api/v1/audit/verify", None).await?;
            let is_whole = report["damage"].as_array().is_some_and(Vec::is_empty);
            let words = followed(&report);
            Ok((report, words, if is_whole { 0 } else { DAMAGED }))
        }
    }
}

fn shown(page: &Value) -> String {
    let entries = page["entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines: Vec<String> = entries.iter().map(line).collect();
    if let Some(next) = page["next"].as_u64() {
        lines.push(format!("more with --after {next}"));
    }
    if lines.is_empty() {
        lines.push("nothing".to_owned());
    }
    lines.join("\n")
}

fn line(entry: &Value) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(entry["at"].as_u64().unwrap_or_default());
    let at = humantime::format_rfc3339_seconds(at);
    let mut line = format!("{}  {at}  {}", entry["seq"], text(entry, "/action"));
    for (kind, id) in entry["about"].as_object().into_iter().flatten() {
        line += &format!("  {kind} {}", id.as_str().unwrap_or_default());
    }
    match (entry["from"].as_str(), entry["to"].as_str()) {
        (Some(from), Some(to)) => line += &format!("  {from} -> {to}"),
        (Some(role), None) | (None, Some(role)) => line += &format!("  {role}"),
        (None, None) => {}
    }
    line += &format!("  by {}", text(entry, "/actor/kind"));
    // The operator and the server have no account.
    if !matches!(entry["actor"]["kind"].as_str(), Some("operator" | "server")) {
        line += &format!(" {}", text(entry, "/actor/user"));
    }
    line
}

fn followed(report: &Value) -> String {
    let heads = report["heads"].as_object().into_iter().flatten();
    let mut lines: Vec<String> = heads
        .map(|(log, head)| format!("{log}: {} entries, ends with {}", head["seq"], text(head, "/hash")))
        .collect();
    let damage = report["damage"].as_array().map(Vec::as_slice).unwrap_or_default();
    for found in damage {
        lines.push(format!(
            "damaged: audit log {} at entry {}: {}",
            text(found, "/log"),
            found["seq"],
            text(found, "/reason")
        ));
    }
    lines.push(if damage.is_empty() {
        "everything is whole".into()
    } else {
        format!("{} damaged", damage.len())
    });
    lines.join("\n")
}
