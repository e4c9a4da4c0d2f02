//! `plenary user`: accounts, beside making one.

use anyhow::bail;
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    arguments::User,
    commands::{text, without_nulls},
    instance::Instance,
};

/// Carries out a command; the answer, and what is said about it. `address`: what people type to get to the server.
pub(crate) async fn run(
    instance: &Instance,
    command: User,
    address: &str,
) -> anyhow::Result<(Value, String)> {
    match command {
        User::Add(_) => unreachable!("making an account is like making the first one"),
        User::List => {
            let answer = instance.get("/api/v1/users").await?;
            let users = answer["users"].as_array().cloned().unwrap_or_default();
            let words = users.iter().map(line).collect::<Vec<_>>().join("\n");
            Ok((answer, words))
        }
        User::ResetLink { email, expires } => {
            let path = format!("{}/reset-links", path(instance, &email).await?);
            let mut answer = instance.post(&path, without_nulls(json!({"expires": expires}))).await?;
            let link = format!("{address}{}", text(&answer, "/path"));
            let words = format!(
                "{email} sets a new password, once, by this link, which nobody else should see: {link}\n\
                 it ends all their sign-ins; a second factor is asked for as ever"
            );
            answer["reset_link"] = link.into();
            Ok((answer, words))
        }
        User::Close { email } => set_closed(instance, &email, true).await,
        User::Open { email } => set_closed(instance, &email, false).await,
        User::ClearSecondFactor { email } => {
            let path = format!("{}/second-factor", path(instance, &email).await?);
            let answer = instance.call(Method::DELETE, &path, None).await?;
            let words = format!("{email} has no second factor any more, and is signed in nowhere");
            Ok((answer, words))
        }
    }
}

async fn set_closed(instance: &Instance, email: &str, closed: bool) -> anyhow::Result<(Value, String)> {
    let body = json!({"closed": closed});
    let answer = instance.call(Method::PATCH, &path(instance, email).await?, Some(body)).await?;
    let words = match closed {
        true => format!("{email} is closed: nobody signs in by it, and its open documents are closed"),
        false => format!("{email} is open"),
    };
    Ok((answer, words))
}

/// Where the account with this address is.
async fn path(instance: &Instance, email: &str) -> anyhow::Result<String> {
    let users = instance.get("/api/v1/users").await?;
    let email = email.trim().to_lowercase();
    let found = users["users"].as_array().into_iter().flatten().find(|user| user["email"] == email.as_str());
    let Some(user) = found else { bail!("nobody here has the address {email}") };
    Ok(format!("/api/v1/users/{}", text(user, "/id")))
}

/// An account in one line: address, name, and what is special about it.
fn line(user: &Value) -> String {
    let marks =
        [("administrator", "administrator"), ("second_factor", "second factor"), ("closed", "closed")];
    let marks: Vec<&str> =
        marks.iter().filter(|(field, _)| user[*field] == true).map(|(_, words)| *words).collect();
    let mut line = format!("{}\t{}", text(user, "/email"), text(user, "/name"));
    if !marks.is_empty() {
        line += &format!("\t{}", marks.join(", "));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_one_line() {
        let ana = json!({"email": "ana@ngo.example", "name": "Ana", "administrator": false, "closed": false});
        assert_eq!(line(&ana), "ana@ngo.example\tAna");
        let ben = json!({"email": "b@c", "name": "Ben", "administrator": true, "second_factor": true, "closed": true});
        assert_eq!(line(&ben), "b@c\tBen\tadministrator, second factor, closed");
    }
}
