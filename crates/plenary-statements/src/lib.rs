//! What groups do with texts: draft, freeze, sign on, submit, follow up.
//!
//! Plain data and its rules. Who may do what is in `plenary-permissions`; where things are kept and how they
//! are asked for is the server's. Times are milliseconds since 1970 and come from the caller.

mod by_name;
mod error;
mod group;
mod lifecycle;
mod name;
mod statement;

pub use error::{MembershipError, NameError, StageError};
pub use group::{Group, GroupKind, Members, Membership};
pub use lifecycle::{Lifecycle, next_stages};
pub use name::{NAME_CHARS_MAX, Name};
pub use plenary_permissions::UnknownName;
pub use statement::{Documents, Schema, Statement, StatementKind};
