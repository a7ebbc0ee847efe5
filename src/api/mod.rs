//! The edge: requests go out and answers come in here, and nowhere else.

pub mod transport;
