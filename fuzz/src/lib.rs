//! What the targets run: the bodies that the tests of the library have.

#[path = "../../tests/fuzz/bodies/mod.rs"]
mod bodies;

/// Takes bytes for a plan, or a template file.
pub fn plan(bytes: &[u8]) {
    bodies::plan(bytes);
}

/// Takes bytes for a world file.
pub fn world(bytes: &[u8]) {
    bodies::world(bytes);
}

/// Takes bytes for a change set.
pub fn change_set(bytes: &[u8]) {
    bodies::change_set(bytes);
}

/// Takes bytes for the journal of a run.
pub fn journal(bytes: &[u8]) {
    bodies::journal(bytes);
}

/// Takes bytes for an answer of the API.
pub fn answers(bytes: &[u8]) {
    bodies::answers(bytes);
}
