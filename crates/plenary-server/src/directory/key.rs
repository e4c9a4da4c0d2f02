//! The keys of the directory's cells, in one table.
//!
//! | Key | Value |
//! |---|---|
//! | `instance` | who came first; there once `plenary init` ran |
//! | `user/{user}` | account |
//! | `email/{email}` | id of the account with this address |
//! | `session/{hash}`, `token/{hash}`, `link/{hash}`, `reset/{hash}` | sign-in, bearer token, sign-in link, reset link |
//! | `device/{user}/{hash}` | the mark of a device on which this account signed in |
//! | `second-factor/{user}`, `enrolment/{user}` | second factor; one that was not confirmed yet |
//! | `group/{group}` | group; rewritten with each change of its members, so that two changes cannot cross |
//! | `member/{group}/{user}` | membership |
//! | `past-member/{group}/{place}` | a place somebody had; `{place}` sorts by its end |
//! | `group-of/{user}/{group}` | the same membership, found from the other side: the group's id |
//! | `statement/{statement}` | statement |
//! | `statement-of/{group}/{statement}` | the statement's id |
//! | `document/{document}` | id of the statement it belongs to |
//! | `organisation/{organisation}` | organisation |
//! | `works-for/{user}` | the organisation's id |
//! | `person-of/{organisation}/{user}` | the same, found from the other side: the user's id |
//! | `interest/{interest}` | what somebody works on |
//! | `interest-of/{owner}/{interest}` | the entry's id; `{owner}` is `organisation/` or `user/` and an id |
//! | `invitation/{group}/{invitation}` | invitation; rewritten with each use |
//! | `invitation-secret/{hash}` | the ids of group and invitation |
//! | `guest-link/{link}` | link for guests; rewritten with each guest it lets in |
//! | `guest-link-of/{statement}/{link}` | the link's id |
//! | `guest-link-secret/{hash}` | the link's id |
//! | `guest/{user}` | a guest; stays, so that what they wrote has a name |
//! | `guest-of/{link}/{user}` | the guest's id |
//! | `guest-session/{hash}` | a guest's stay in a browser |
//! | `embed-host/{host}` | an embedding site's issuer; rewritten with each of its keys, so that two cannot cross |
//! | `embed-key/{key}` | a site's public key |
//! | `embed-grant/{group}/{host}` | as what a site may vouch for people in a group |
//! | `embed-user/{user}` | somebody for whom a site vouched; stays, so that what they wrote has a name |
//! | `embed-token/{hash}` | that a site's token was used; gone once it has ended |
//! | `audit-head/{log}` | the end of an audit log; `{log}` is `instance` or a group's id |
//! | `audit/{log}/{seq}` | an entry of it: its hash, a space, JSON. The number has twelve digits, so that they sort |

use plenary_ids::{
    DocumentId, EmbedKeyId, GroupId, GuestLinkId, HostId, InterestId, InvitationId, OrganisationId,
    StatementId, UserId,
};
use plenary_statements::InterestOwner;
use uuid::Uuid;

use super::AuditLog;
use crate::auth::SecretHash;

pub(super) const INSTANCE: &str = "instance";
pub(super) const USERS: &str = "user/";
pub(super) const SESSIONS: &str = "session/";
pub(super) const TOKENS: &str = "token/";
pub(super) const LINKS: &str = "link/";
pub(super) const RESETS: &str = "reset/";
pub(super) const DEVICES: &str = "device/";
pub(super) const ENROLMENTS: &str = "enrolment/";
pub(super) const GROUPS: &str = "group/";
pub(super) const STATEMENTS: &str = "statement/";
pub(super) const AUDIT_HEADS: &str = "audit-head/";
pub(super) const AUDIT_ENTRIES: &str = "audit/";

pub(super) fn user(user: UserId) -> String {
    format!("{USERS}{user}")
}

pub(super) fn email(email: &str) -> String {
    format!("email/{email}")
}

pub(super) fn session(hash: SecretHash) -> String {
    format!("{SESSIONS}{hash}")
}

pub(super) fn token(hash: SecretHash) -> String {
    format!("{TOKENS}{hash}")
}

pub(super) fn link(hash: SecretHash) -> String {
    format!("{LINKS}{hash}")
}

pub(super) fn reset(hash: SecretHash) -> String {
    format!("{RESETS}{hash}")
}

pub(super) fn devices(user: UserId) -> String {
    format!("{DEVICES}{user}/")
}

pub(super) fn device(user: UserId, hash: SecretHash) -> String {
    format!("{DEVICES}{user}/{hash}")
}

pub(super) fn second_factor(user: UserId) -> String {
    format!("second-factor/{user}")
}

pub(super) fn enrolment(user: UserId) -> String {
    format!("{ENROLMENTS}{user}")
}

pub(super) fn group(group: GroupId) -> String {
    format!("{GROUPS}{group}")
}

pub(super) fn members(group: GroupId) -> String {
    format!("member/{group}/")
}

pub(super) fn member(group: GroupId, user: UserId) -> String {
    format!("member/{group}/{user}")
}

pub(super) fn groups_of(user: UserId) -> String {
    format!("group-of/{user}/")
}

pub(super) fn group_of(user: UserId, group: GroupId) -> String {
    format!("group-of/{user}/{group}")
}

pub(super) fn statement(statement: StatementId) -> String {
    format!("{STATEMENTS}{statement}")
}

pub(super) fn statements_of(group: GroupId) -> String {
    format!("statement-of/{group}/")
}

pub(super) fn statement_of(group: GroupId, statement: StatementId) -> String {
    format!("statement-of/{group}/{statement}")
}

pub(super) fn document(document: DocumentId) -> String {
    format!("document/{document}")
}

pub(super) fn audit_head(log: AuditLog) -> String {
    format!("{AUDIT_HEADS}{}", log.name())
}

pub(super) fn audit_entries(log: AuditLog) -> String {
    format!("{AUDIT_ENTRIES}{}/", log.name())
}

pub(super) fn audit_entry(log: AuditLog, seq: u64) -> String {
    format!("{AUDIT_ENTRIES}{}/{seq:012}", log.name())
}

pub(super) fn past_members(group: GroupId) -> String {
    format!("past-member/{group}/")
}

pub(super) fn past_member(group: GroupId, place: Uuid) -> String {
    format!("past-member/{group}/{place}")
}

pub(super) const GUEST_LINKS: &str = "guest-link/";
pub(super) const GUEST_SESSIONS: &str = "guest-session/";

pub(super) fn guest_link(link: GuestLinkId) -> String {
    format!("{GUEST_LINKS}{link}")
}

pub(super) fn guest_links_of(statement: StatementId) -> String {
    format!("guest-link-of/{statement}/")
}

pub(super) fn guest_link_of(statement: StatementId, link: GuestLinkId) -> String {
    format!("guest-link-of/{statement}/{link}")
}

pub(super) fn guest_link_secret(hash: &str) -> String {
    format!("guest-link-secret/{hash}")
}

pub(super) fn guest(user: UserId) -> String {
    format!("guest/{user}")
}

pub(super) fn guests_of(link: GuestLinkId) -> String {
    format!("guest-of/{link}/")
}

pub(super) fn guest_of(link: GuestLinkId, user: UserId) -> String {
    format!("guest-of/{link}/{user}")
}

pub(super) fn guest_session(hash: SecretHash) -> String {
    format!("{GUEST_SESSIONS}{hash}")
}

pub(super) const ORGANISATIONS: &str = "organisation/";
pub(super) const INTERESTS: &str = "interest/";
pub(super) const INVITATIONS: &str = "invitation/";

pub(super) fn organisation(organisation: OrganisationId) -> String {
    format!("{ORGANISATIONS}{organisation}")
}

pub(super) fn works_for(user: UserId) -> String {
    format!("works-for/{user}")
}

pub(super) fn people_of(organisation: OrganisationId) -> String {
    format!("person-of/{organisation}/")
}

pub(super) fn person_of(organisation: OrganisationId, user: UserId) -> String {
    format!("person-of/{organisation}/{user}")
}

pub(super) fn interest(interest: InterestId) -> String {
    format!("{INTERESTS}{interest}")
}

pub(super) fn interests_of(owner: InterestOwner) -> String {
    match owner {
        InterestOwner::Organisation(organisation) => format!("interest-of/organisation/{organisation}/"),
        InterestOwner::User(user) => format!("interest-of/user/{user}/"),
    }
}

pub(super) fn interest_of(owner: InterestOwner, interest: InterestId) -> String {
    format!("{}{interest}", interests_of(owner))
}

pub(super) fn invitations_of(group: GroupId) -> String {
    format!("{INVITATIONS}{group}/")
}

pub(super) fn invitation(group: GroupId, invitation: InvitationId) -> String {
    format!("{INVITATIONS}{group}/{invitation}")
}

pub(super) fn invitation_secret(hash: &str) -> String {
    format!("invitation-secret/{hash}")
}

pub(super) const EMBED_KEYS: &str = "embed-key/";
pub(super) const EMBED_GRANTS: &str = "embed-grant/";
pub(super) const EMBED_TOKENS: &str = "embed-token/";

pub(super) fn embed_host(host: HostId) -> String {
    format!("embed-host/{host}")
}

pub(super) fn embed_key(key: EmbedKeyId) -> String {
    format!("{EMBED_KEYS}{key}")
}

pub(super) fn embed_grants_of(group: GroupId) -> String {
    format!("{EMBED_GRANTS}{group}/")
}

pub(super) fn embed_grant(group: GroupId, host: HostId) -> String {
    format!("{EMBED_GRANTS}{group}/{host}")
}

pub(super) fn embed_user(user: UserId) -> String {
    format!("embed-user/{user}")
}

pub(super) fn embed_token(token: Uuid) -> String {
    format!("{EMBED_TOKENS}{token}")
}
