//! Sites that embed the editor and vouch for their users: their public keys.
//!
//! Two have to agree. An administrator registers a key: whose it is, from which origins it counts, and as what it may
//! vouch at most. That opens nothing. A group's coordinator then lets the site vouch for people in that group, or in
//! some of its statements, again up to a role. What somebody gets in the end is the least of key, grant and token.
//!
//! A site is known by its issuer, the `iss` of its tokens. It may have two live keys, so that one can follow the other;
//! grants belong to the issuer and stay.

use plenary_ids::{EmbedKeyId, HostId};
use plenary_permissions::Role;
use plenary_storage::{Expected, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::{Actor, AuditAction, AuditLog, Directory, EmbedGrant, Note, Stored, delete, key, put};
use crate::{auth::PublicKey, config::Span, error::Error};

/// Live keys of one site: the one in use and the one that follows it.
pub const EMBED_KEYS_OF_HOST_MAX: usize = 2;
/// Origins of one key.
pub const EMBED_ORIGINS_MAX: usize = 10;

const ORIGIN_BYTES_MAX: usize = 250;
/// It is part of the keys of cells.
const ISSUER_BYTES_MAX: usize = 120;
const OVERLAP_MAX: Span = Span(std::time::Duration::from_secs(30 * 24 * 3600));

/// A public key that a site signs with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedKey {
    /// The `kid` of the tokens it signs.
    pub id: EmbedKeyId,
    /// The `iss` of the tokens it signs.
    pub issuer: String,
    /// Where pages may be that use these tokens.
    pub origins: Vec<String>,
    /// At most this role's rights.
    #[serde(with = "by_role")]
    pub role: Role,
    /// The key itself.
    pub public_key: PublicKey,
    /// When it was registered.
    pub created: u64,
    /// When it ends, if that is set: another one follows it.
    pub ends: Option<u64>,
}

impl EmbedKey {
    /// Whether it counts at `now`.
    pub fn is_live(&self, now: u64) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }

    /// The site.
    pub fn host(&self) -> HostId {
        host(&self.issuer)
    }
}

/// A key to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEmbedKey {
    /// Whose it is.
    pub issuer: String,
    /// Where its pages are.
    pub origins: Vec<String>,
    /// At most this role's rights.
    pub role: Role,
    /// The key itself.
    pub public_key: PublicKey,
    /// How long the site's earlier key still counts; if not said, until it is revoked.
    pub overlap: Option<Span>,
}

pub(super) mod by_role {
    use plenary_permissions::Role;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::directory) fn serialize<S: Serializer>(
        role: &Role,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(role.name())
    }

    pub(in crate::directory) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Role, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The id of a site: always the same for the same issuer.
pub(super) fn host(issuer: &str) -> HostId {
    derived("plenary embedding host", &[issuer]).into()
}

/// An id made from texts. Version 8: ids that we draw are of version 7, so none of those is ever met.
pub(super) fn derived(what: &str, texts: &[&str]) -> Uuid {
    let mut hash = Sha256::new_with_prefix(what);
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    let hash: [u8; 32] = hash.finalize().into();
    let (half, _) = hash.split_first_chunk::<16>().expect("there are 32");
    Builder::from_custom_bytes(*half).into_uuid()
}

pub(super) fn invalid(field: &'static str, reason: impl Into<String>) -> Error {
    Error::Invalid { field, reason: reason.into() }
}

pub(super) fn check_issuer(issuer: &str) -> Result<(), Error> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:/_-".contains(&byte);
    if issuer.is_empty() || issuer.len() > ISSUER_BYTES_MAX || !issuer.bytes().all(is_plain) {
        let reason = format!(
            "must be the `iss` of the site's tokens, such as https://intranet.example.org: letters, digits and .:/_-, \
             at most {ISSUER_BYTES_MAX}"
        );
        return Err(invalid("issuer", reason));
    }
    Ok(())
}

/// An origin as browsers write it: scheme, host in lower case, a port unless it is the scheme's own, and no more.
fn check_origin(origin: &str) -> Result<(), Error> {
    let wrong = || {
        invalid(
            "origins",
            "each must be as browsers name it: https://, a host in lower case and a port if it is not 443, without a path; \
             http:// for localhost only",
        )
    };
    let (scheme, rest) = origin.split_once("://").ok_or_else(wrong)?;
    let (name, port) = match rest.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (rest, None),
    };
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-[]:".contains(&byte);
    let is_loopback = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    let is_fit = match (scheme, port) {
        ("https", port) => port != Some("443"),
        ("http", port) => is_loopback && port != Some("80"),
        _ => false,
    };
    let is_port =
        |port: &str| port.parse::<u16>().is_ok_and(|number| number.to_string() == port && number > 0);
    if !is_fit
        || origin.len() > ORIGIN_BYTES_MAX
        || name.is_empty()
        || !name.bytes().all(is_name)
        || !port.is_none_or(is_port)
    {
        return Err(wrong());
    }
    Ok(())
}

pub(super) fn check_role(role: Role) -> Result<(), Error> {
    match role {
        Role::Coordinator => Err(invalid(
            "role",
            "must be drafter, commenter or observer: nobody is a coordinator on a site's word",
        )),
        Role::Drafter | Role::Commenter | Role::Observer => Ok(()),
    }
}

impl Directory {
    /// Registers a key. It opens nothing until a group lets its site vouch for people.
    ///
    /// Groups that do already find it in their logs.
    pub async fn create_embed_key(&self, actor: Actor, new: NewEmbedKey) -> Result<EmbedKey, Error> {
        let NewEmbedKey { issuer, mut origins, role, public_key, overlap } = new;
        check_issuer(&issuer)?;
        check_role(role)?;
        origins.sort_unstable();
        origins.dedup();
        origins.iter().try_for_each(|origin| check_origin(origin))?;
        if origins.is_empty() || origins.len() > EMBED_ORIGINS_MAX {
            return Err(invalid("origins", format!("must be from 1 to {EMBED_ORIGINS_MAX}")));
        }
        if overlap.is_some_and(|overlap| overlap.0 > OVERLAP_MAX.0) {
            return Err(invalid("overlap", format!("must be at most {OVERLAP_MAX}")));
        }
        let now = self.now_ms();
        let key = EmbedKey {
            id: Uuid::now_v7().into(),
            issuer,
            origins,
            role,
            public_key,
            created: now,
            ends: None,
        };
        let mut changes = vec![put(key::embed_key(key.id), &key)];
        // Written anew with each of the site's keys, so that two registrations cannot cross.
        let host_key = key::embed_host(key.host());
        let stored = self.read::<String>(&host_key).await?;
        changes.push(put(host_key.clone(), &key.issuer));
        let mut expected = vec![match stored {
            Some(Stored { version, .. }) => Expected::At { key: host_key, version },
            None => Expected::Absent { key: host_key },
        }];
        let mut live = 0;
        for Stored { value, version } in self.list::<EmbedKey>(key::EMBED_KEYS).await? {
            if value.public_key == key.public_key {
                return Err(Error::EmbedKeyTaken);
            }
            if value.issuer != key.issuer || !value.is_live(now) {
                continue;
            }
            live += 1;
            if let Some(overlap) = overlap {
                let ends = now.saturating_add(overlap.as_ms());
                let ends = value.ends.map_or(ends, |before| before.min(ends));
                let place = key::embed_key(value.id);
                expected.push(Expected::At { key: place.clone(), version });
                changes.push(put(place, &EmbedKey { ends: Some(ends), ..value }));
            }
        }
        if live >= EMBED_KEYS_OF_HOST_MAX {
            return Err(Error::TooMany { what: "live keys of this site", limit: EMBED_KEYS_OF_HOST_MAX });
        }
        let notes = self.notes_on_key(actor, AuditAction::EmbedKeyCreated, &key).await?;
        self.commit_noted(changes, expected, notes).await?;
        Ok(key)
    }

    /// Every key there is, in the order of their registration.
    pub async fn embed_keys(&self) -> Result<Vec<EmbedKey>, StoreError> {
        Ok(self.list(key::EMBED_KEYS).await?.into_iter().map(|stored| stored.value).collect())
    }

    /// The key, if it counts.
    pub async fn live_embed_key(&self, id: EmbedKeyId) -> Result<Option<EmbedKey>, StoreError> {
        let stored = self.read::<EmbedKey>(&key::embed_key(id)).await?;
        Ok(stored.map(|stored| stored.value).filter(|key| key.is_live(self.now_ms())))
    }

    /// Whether pages of this origin may ask for sessions: it is one of a live key's.
    pub async fn is_embedding_origin(&self, origin: &str) -> Result<bool, StoreError> {
        let now = self.now_ms();
        let keys = self.embed_keys().await?;
        Ok(keys.iter().any(|key| key.is_live(now) && key.origins.iter().any(|one| one == origin)))
    }

    /// Takes a key back, and every session that rests on it. Once this returns, ask the rooms to look again.
    pub async fn revoke_embed_key(&self, actor: Actor, id: EmbedKeyId) -> Result<EmbedKey, Error> {
        let place = key::embed_key(id);
        let Stored { value: key, version } = self.read::<EmbedKey>(&place).await?.ok_or(Error::NotFound)?;
        let notes = self.notes_on_key(actor, AuditAction::EmbedKeyRevoked, &key).await?;
        let expected = vec![Expected::At { key: place.clone(), version }];
        self.commit_noted(vec![delete(place)], expected, notes).await?;
        self.0.embed_sessions.end_those_of(id);
        Ok(key)
    }

    /// In the instance's log, and in those of the groups that let this site vouch for people.
    async fn notes_on_key(
        &self,
        actor: Actor,
        action: AuditAction,
        key: &EmbedKey,
    ) -> Result<Vec<Note>, StoreError> {
        let mut logs = vec![AuditLog::Instance];
        for grant in self.list::<EmbedGrant>(key::EMBED_GRANTS).await? {
            if grant.value.host == key.host() {
                logs.push(grant.value.group.into());
            }
        }
        let note = |log| Note::new(log, actor, action).about(key.id).about(key.host()).to(key.role);
        Ok(logs.into_iter().map(note).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_says() {
        for good in [
            "https://intranet.example.org",
            "https://intranet.example.org:8443",
            "http://localhost:8080",
            "http://127.0.0.1:1",
            "http://[::1]:8080",
            "https://xn--bcher-kva.example",
        ] {
            check_origin(good).unwrap_or_else(|_| panic!("{good}"));
        }
        for bad in [
            "",
            "null",
            "*",
            "intranet.example.org",
            "https://",
            "https://intranet.example.org/",
            "https://intranet.example.org/page",
            "https://Intranet.example.org",
            "https://intranet.example.org:443",
            "https://intranet.example.org:08443",
            "https://intranet.example.org:99999",
            "https://a@intranet.example.org",
            "https://*.example.org",
            "https://intranet.example.org?x",
            "http://intranet.example.org",
            "http://localhost:80",
            "ftp://localhost",
            "https://bücher.example",
        ] {
            assert!(check_origin(bad).is_err(), "{bad}");
        }
        assert!(check_origin(&format!("https://{}.example", "a".repeat(250))).is_err());
    }

    #[test]
    fn derived_ids_tell_their_texts_apart_and_are_never_drawn() {
        let one = derived("user", &["a", "bc"]);
        assert_eq!(one, derived("user", &["a", "bc"]));
        for other in [derived("user", &["ab", "c"]), derived("user", &["abc"]), derived("host", &["a", "bc"])]
        {
            assert_ne!(one, other);
        }
        assert_eq!(one.get_version_num(), 8);
        assert_eq!(Uuid::now_v7().get_version_num(), 7);
    }

    #[test]
    fn an_issuer_fits_into_a_key() {
        check_issuer("https://intranet.example.org").unwrap();
        for bad in ["", "a b", "ä", "a\n", "a\"b"] {
            assert!(check_issuer(bad).is_err(), "{bad}");
        }
        assert!(check_issuer(&"a".repeat(ISSUER_BYTES_MAX + 1)).is_err());
    }
}
