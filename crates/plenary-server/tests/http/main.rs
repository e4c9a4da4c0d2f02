//! The HTTP interface over a store in memory, request by request.

#![allow(clippy::unwrap_used)]

mod audit;
mod described;
mod documents;
mod embed;
mod embedding;
mod errors;
mod existence;
mod groups;
mod guests;
mod host;
mod input;
mod interests;
mod invitations;
mod my_sessions;
mod noted;
mod operating;
mod organisations;
mod passwords;
mod second_factor;
mod sign_in;
mod signing;
mod site;
