//! The store on disk.
use sled as _;
