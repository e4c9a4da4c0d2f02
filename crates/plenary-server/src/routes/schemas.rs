//! How values that have a type below the server look in JSON, for the interface's description.
//!
//! A field names one with `#[schema(value_type = schemas::Role)]`; for an id that is `#[schema(value_type = Uuid)]`.

use std::borrow::Cow;

use plenary_statements::{NAME_CHARS_MAX, THEME_CHARS_MAX};
use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema as Described, Type},
};

/// Words of which one is chosen.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $all:expr;)+) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Described> {
                let words = $all.iter().map(|one| json!(one.name()));
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

/// What is granted, as words.
const ACCESS: [AccessWord; 2] = [AccessWord("read"), AccessWord("write")];

struct AccessWord(&'static str);

impl AccessWord {
    fn name(&self) -> &'static str {
        self.0
    }
}

words! {
    /// [`plenary_permissions::Access`].
    Access = ACCESS;
    /// [`plenary_permissions::Authorship`].
    Authorship = plenary_permissions::Authorship::ALL;
    /// [`plenary_permissions::Role`].
    Role = plenary_permissions::Role::ALL;
    /// [`plenary_permissions::Stage`].
    Stage = plenary_permissions::Stage::ALL;
    /// [`plenary_statements::GroupKind`].
    GroupKind = plenary_statements::GroupKind::ALL;
    /// [`plenary_statements::GroupStatus`].
    GroupStatus = plenary_statements::GroupStatus::ALL;
    /// [`plenary_statements::Visibility`].
    Visibility = plenary_statements::Visibility::ALL;
    /// [`plenary_statements::Switch`].
    Switch = plenary_statements::Switch::ALL;
    /// [`plenary_statements::OrganisationKind`].
    OrganisationType = plenary_statements::OrganisationKind::ALL;
    /// [`plenary_statements::ConsultativeStatus`].
    ConsultativeStatus = plenary_statements::ConsultativeStatus::ALL;
    /// [`plenary_statements::Shown`].
    Shown = plenary_statements::Shown::ALL;
    /// [`plenary_statements::InvitationState`].
    InvitationState = plenary_statements::InvitationState::ALL;
    /// [`plenary_statements::StatementKind`].
    StatementKind = plenary_statements::StatementKind::ALL;
    /// [`plenary_statements::Schema`].
    DocumentSchema = plenary_statements::Schema::ALL;
}

/// [`plenary_statements::Name`].
pub(super) struct Name;

impl PartialSchema for Name {
    fn schema() -> RefOr<Described> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(NAME_CHARS_MAX))
            .description(Some("One line: no control characters, no white space at its ends"))
            .into()
    }
}

impl ToSchema for Name {
    fn name() -> Cow<'static, str> {
        "Name".into()
    }
}

/// [`plenary_statements::StateCode`].
pub(super) struct StateCode;

impl PartialSchema for StateCode {
    fn schema() -> RefOr<Described> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[A-Za-z]{2}$"))
            .description(Some("A State by its two letters in ISO 3166-1"))
            .examples([json!("FR")])
            .into()
    }
}

impl ToSchema for StateCode {
    fn name() -> Cow<'static, str> {
        "StateCode".into()
    }
}

/// One of [`plenary_statements::Themes`].
pub(super) struct Theme;

impl PartialSchema for Theme {
    fn schema() -> RefOr<Described> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(THEME_CHARS_MAX))
            .examples([json!("freedom of association")])
            .into()
    }
}

impl ToSchema for Theme {
    fn name() -> Cow<'static, str> {
        "Theme".into()
    }
}

/// [`plenary_statements::Names`].
pub(super) struct Names;

impl PartialSchema for Names {
    fn schema() -> RefOr<Described> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(Name::schema()))
            .description(Some("What something is called, by the tag of the language (BCP 47)"))
            .examples([json!({"en": "Open Door", "fr": "Porte ouverte"})])
            .into()
    }
}

impl ToSchema for Names {
    fn name() -> Cow<'static, str> {
        "Names".into()
    }
}

/// [`crate::config::Span`].
pub(super) struct Span;

impl PartialSchema for Span {
    fn schema() -> RefOr<Described> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]+(ms|s|m|h|d)$"))
            .description(Some("A length of time: a number and `ms`, `s`, `m`, `h` or `d`"))
            .examples([json!("24h")])
            .into()
    }
}

impl ToSchema for Span {
    fn name() -> Cow<'static, str> {
        "Span".into()
    }
}
