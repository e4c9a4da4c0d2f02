//! One connection: socket <-> room.
