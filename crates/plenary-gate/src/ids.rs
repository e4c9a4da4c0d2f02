//! Sets of clocks.
/// Clock ranges per client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdSet;
/// What a document has.
#[derive(Clone, Debug, Default)]
pub struct Known;
/// The next clock per client.
#[derive(Clone, Debug, Default)]
pub struct StateVector;
