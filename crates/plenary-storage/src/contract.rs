//! The promises every store keeps, as one suite of checks.
