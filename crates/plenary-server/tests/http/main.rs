//! The HTTP interface over a store in memory, request by request.

#![allow(clippy::unwrap_used)]

mod audit;
mod documents;
mod embedding;
mod existence;
mod groups;
mod input;
mod operating;
mod sign_in;
mod site;
