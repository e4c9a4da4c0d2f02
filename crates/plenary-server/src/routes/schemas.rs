//! How values that have a type below the server look in JSON, for the interface's description.
//!
//! A field names one with `#[schema(value_type = schemas::Role)]`; for an id that is `#[schema(value_type = Uuid)]`.

use std::borrow::Cow;

use plenary_statements::NAME_CHARS_MAX;
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
    /// [`plenary_permissions::Role`].
    Role = plenary_permissions::Role::ALL;
    /// [`plenary_permissions::Stage`].
    Stage = plenary_permissions::Stage::ALL;
    /// [`plenary_statements::GroupKind`].
    GroupKind = plenary_statements::GroupKind::ALL;
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
