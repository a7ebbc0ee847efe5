//! The `waba-migrate` program.
fn main() {}
