//! Reading updates.
use crate::{Known, Verdict};
/// Whose update it is.
#[derive(Clone, Copy, Debug)]
pub enum Author { /** Anyone. */ Anyone }
/// Bounds.
#[derive(Clone, Copy, Debug)]
pub struct Limits;
/// Judges.
pub fn judge(_update: &[u8], _known: &Known, _author: &Author, _limits: &Limits) -> Verdict { Verdict::NothingNew }
