//! What groups do with texts: draft, freeze, sign on, submit, follow up.
//!
//! Plain data and its rules. Who may do what is in `plenary-permissions`; where things are kept and how they
//! are asked for is the server's. Times are milliseconds since 1970 and come from the caller.

mod by_name;
mod error;
mod group;
mod guest_link;
mod interest;
mod invitation;
mod lifecycle;
mod members;
mod name;
mod organisation;
mod state_code;
mod statement;
mod themes;

pub use error::{FactError, GroupError, MembershipError, NameError, StageError};
pub use group::{Group, GroupKind, GroupStatus, Switch, Visibility};
pub use guest_link::{GUEST_LINK_MS_MAX, GUEST_LINK_USES_MAX, Guest, GuestLink, GuestLinkState};
pub use interest::{Interest, InterestOwner, Shown, Sought};
pub use invitation::{INVITATION_MS_MAX, INVITATION_USES_MAX, Invitation, InvitationState};
pub use lifecycle::{Lifecycle, next_stages};
pub use members::{Members, Membership, PastMembership};
pub use name::{NAME_CHARS_MAX, Name};
pub use organisation::{ConsultativeStatus, Language, Names, Organisation, OrganisationKind};
pub use plenary_permissions::UnknownName;
pub use state_code::StateCode;
pub use statement::{Documents, Schema, Statement, StatementKind};
pub use themes::{THEME_CHARS_MAX, THEMES_MAX, Themes};

/// No group, organisation or entry takes more than this in its JSON form, whatever people write into it: stores keep
/// small values.
pub const STORED_BYTES_MAX: usize = 3_500;
