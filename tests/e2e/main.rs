//! A real server on real sockets, from end to end.

mod access;
mod attribution;
mod crowd;
mod embedding;
mod frames;
mod guests;
mod kill_loop;
mod limits;
mod peer;
mod removal;
mod saved;
mod sign_outs;
mod stage;
mod table;
mod tls;
mod trouble;
