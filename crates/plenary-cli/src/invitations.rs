//! `plenary invitation`: links by which people come into a group.

use hyper::Method;
use serde_json::{Value, json};

use crate::{
    arguments::Invitation,
    commands::{id, text, without_nulls},
    instance::Instance,
};

/// The answer, and how it reads. `address`: where people find the server.
pub(crate) async fn run(
    instance: &Instance,
    command: Invitation,
    address: &str,
) -> anyhow::Result<(Value, String)> {
    match command {
        Invitation::Add { group, role, email, uses, expires } => {
            let path = format!("/api/v1/groups/{}/invitations", id(&group)?);
            let body = json!({"role": role, "email": email, "uses": uses, "expires": expires});
            let mut answer = instance.post(&path, without_nulls(body)).await?;
            let link = format!("{address}{}", text(&answer, "/path"));
            answer["link"] = link.as_str().into();
            Ok((answer, link))
        }
        Invitation::List { group } => {
            let answer = instance.get(&format!("/api/v1/groups/{}/invitations", id(&group)?)).await?;
            let invitations = answer["invitations"].as_array().map(Vec::as_slice).unwrap_or_default();
            let words = invitations.iter().map(line).collect::<Vec<_>>().join("\n");
            Ok((answer, words))
        }
        Invitation::Revoke { group, invitation } => {
            let path = format!("/api/v1/groups/{}/invitations/{}", id(&group)?, id(&invitation)?);
            instance.call(Method::DELETE, &path, None).await?;
            Ok((json!({"revoked": invitation}), "it works no longer".into()))
        }
    }
}

fn line(invitation: &Value) -> String {
    let words = ["/id", "/state", "/role", "/email", "/inviter/name"];
    let said = words.map(|pointer| text(invitation, pointer)).into_iter().filter(|word| !word.is_empty());
    let used = format!("{} of {} used", invitation["uses"], invitation["uses_max"]);
    said.chain([used]).collect::<Vec<_>>().join("  ")
}
