//! Who may do what at which stage: plain functions over one table.
//!
//! The table is in `decide.rs`; `docs/permissions.md` is the same table in words, and a test compares every
//! cell. Nothing here knows requests, stores or time: the server finds out who somebody is and how far the
//! statement is, asks [`decide`], and enforces the answer. What is not in the table is denied.

mod action;
mod authorship;
mod decide;
mod role;
mod stage;

pub use action::{Action, Scope};
pub use authorship::Authorship;
pub use decide::{
    Access, Channel, Condition, Conditions, Decision, DenyReason, access_to, access_where, decide,
    decide_in_group, decide_where, may_give,
};
pub use role::{Role, Subject};
pub use stage::Stage;

/// A text that names no role, stage, kind or the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a {what}; one of: {choices}")]
pub struct UnknownName {
    /// What was looked for, for example "role".
    pub what: &'static str,
    /// The names there are, separated by commas.
    pub choices: &'static str,
}
