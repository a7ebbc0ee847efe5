//! Saying it: rendering only. Nothing here decides, reads or writes.

pub mod findings;
