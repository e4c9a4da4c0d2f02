//! What tests of more than one crate share.

pub mod coverage;
pub mod http;
pub mod keystrokes;
pub mod link;
pub mod process;
pub mod ranks;
pub mod typing;
