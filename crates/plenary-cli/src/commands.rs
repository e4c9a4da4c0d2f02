//! What the commands ask of the instance, and how they say what came of it.

use std::{fs, io, path::Path};

use anyhow::{Context, bail};
use hyper::Method;
use plenary_server::config::Config;
use serde_json::{Value, json};

use crate::{
    DAMAGED,
    arguments::{Account, Command, Group, Organisation, Statement, Token, User},
    audit, embed_keys, groups,
    instance::Instance,
    invitations, members, organisations, say, store, users,
};

pub(crate) async fn run(command: Command, config: Config, as_json: bool) -> anyhow::Result<u8> {
    let address = config.public_url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    let data_dir = config.data_dir.clone();
    let is_new = !store::exists(&data_dir);
    if is_new && !begins_an_instance(&command) {
        bail!("there is no store in {}; --data-dir names another place", data_dir.display());
    }
    let instance = match Instance::find(config).await {
        Ok(instance) => instance,
        Err(error) => match store::damage(&error).filter(|_| matches!(command, Command::Verify)) {
            Some(reason) => {
                let report = json!({"whole": false, "damage": [{"what": "store", "reason": reason}]});
                if as_json {
                    say(report)?;
                } else {
                    say(format_args!("damaged: {reason}"))?;
                }
                return Ok(DAMAGED);
            }
            None => return Err(error),
        },
    };
    if is_new && !matches!(command, Command::Init(_)) {
        eprintln!("plenary: there was no store in {}, so a new one was made", data_dir.display());
    }
    let mut status = 0;
    let (answer, words) = match command {
        Command::Serve { .. } => unreachable!("serving is not asking"),
        Command::Init(account) => add_account(&instance, "/api/v1/instance", account, &address).await?,
        Command::User(User::Add(account)) => {
            add_account(&instance, "/api/v1/users", account, &address).await?
        }
        Command::User(command) => users::run(&instance, command, &address).await?,
        Command::Group(command) => groups::run(&instance, command).await?,
        Command::Member(command) => members::run(&instance, command).await?,
        Command::Invitation(command) => invitations::run(&instance, command, &address).await?,
        Command::Organisation(command) => organisations::run(&instance, command).await?,
        Command::Statement(Statement::Add { group, title, kind, schema, from }) => {
            let markdown = from.as_deref().map(markdown).transpose()?;
            let body = json!({"title": title, "kind": kind, "schema": schema, "markdown": markdown});
            let path = format!("/api/v1/groups/{}/statements", id(&group)?);
            let answer = instance.post(&path, without_nulls(body)).await?;
            let words = format!(
                "statement {}\nbody {}\ncomments {}",
                text(&answer, "/id"),
                text(&answer, "/documents/body"),
                text(&answer, "/documents/comments")
            );
            (answer, words)
        }
        Command::Token(Token::Create { email, expires }) => {
            let body = without_nulls(json!({"email": email, "expires": expires}));
            let answer = instance.post("/api/v1/tokens", body).await?;
            let words = text(&answer, "/token");
            (answer, words)
        }
        Command::EmbedKey(command) => embed_keys::run(&instance, command).await?,
        Command::Audit(command) => {
            let (answer, words, said) = audit::run(&instance, command).await?;
            status = said;
            (answer, words)
        }
        Command::Verify => {
            let answer = instance.call(Method::POST, "/api/v1/admin/verify", None).await?;
            if answer["whole"] != true {
                status = DAMAGED;
            }
            let words = found(&answer);
            (answer, words)
        }
    };
    if as_json {
        say(answer)?;
    } else {
        say(words)?;
    }
    Ok(status)
}

/// Whether a command makes sense where nothing was ever stored. In the wrong place any other would find nothing, or add
/// to nothing, and say so in words that mislead.
fn begins_an_instance(command: &Command) -> bool {
    matches!(
        command,
        Command::Init(_)
            | Command::User(User::Add(_))
            | Command::Group(Group::Add { .. })
            | Command::Organisation(Organisation::Add { .. })
    )
}

/// Makes an account; one without a password gets a link to sign in with once.
async fn add_account(
    instance: &Instance,
    path: &str,
    account: Account,
    address: &str,
) -> anyhow::Result<(Value, String)> {
    let Account { email, name, password_stdin } = account;
    let password = if password_stdin { Some(first_line()?) } else { None };
    let has_password = password.is_some();
    let body = without_nulls(json!({"email": email, "name": name, "password": password}));
    let mut answer = instance.post(path, body).await?;
    let mut words = format!("{} can sign in at {address}", text(&answer, "/email"));
    if !has_password {
        let link = instance.post("/api/v1/session/links", json!({"email": email})).await?;
        let link = format!("{address}{}", text(&link, "/path"));
        words += &format!("\nonce, within three days, by this link: {link}");
        answer["sign_in_link"] = link.into();
    }
    Ok((answer, words))
}

/// Something to be put into a path.
pub(crate) fn id(text: &str) -> anyhow::Result<&str> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !text.is_empty() {
        return Ok(text);
    }
    bail!("`{text}` is not an id; `plenary group add` prints one")
}

fn first_line() -> anyhow::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).context("cannot read the password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("--password-stdin reads the password from the first line of standard input, and that is empty");
    }
    Ok(password.to_owned())
}

fn markdown(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

pub(crate) fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What is not said is left to the server's defaults.
pub(crate) fn without_nulls(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    value
}

fn found(report: &Value) -> String {
    let list = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    let (damage, orphans) = (list("damage"), list("orphans"));
    let mut lines = vec![format!(
        "{} records, {} documents, {} statements read",
        report["records"], report["documents"], report["statements"]
    )];
    for found in &damage {
        lines.push(match found["what"].as_str() {
            Some("store") => format!("damaged: {}", text(found, "/reason")),
            Some("document") => {
                format!("damaged: document {}: {}", text(found, "/document"), text(found, "/reason"))
            }
            Some("document-missing") => format!(
                "damaged: statement {} names document {}, which does not exist",
                text(found, "/statement"),
                text(found, "/document")
            ),
            Some("audit") => format!(
                "damaged: audit log {} at entry {}: {}",
                text(found, "/log"),
                found["seq"],
                text(found, "/reason")
            ),
            Some("document-unlinked") => format!(
                "damaged: statement {} names document {}, which does not know it",
                text(found, "/statement"),
                text(found, "/document")
            ),
            _ => format!("damaged: {found}"),
        });
    }
    for orphan in &orphans {
        let orphan = orphan.as_str().unwrap_or_default();
        lines.push(format!("left over, harmless: document {orphan} belongs to no statement"));
    }
    lines.push(if damage.is_empty() {
        "everything is whole".into()
    } else {
        format!("{} damaged", damage.len())
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_into_a_path_is_an_id() {
        assert!(id("0198c0de-0000-7000-8000-000000000001").is_ok());
        for bad in ["", "../users", "a b", "a?b", "é"] {
            assert!(id(bad).is_err(), "{bad}");
        }
    }
}
