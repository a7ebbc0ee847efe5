//! Exit codes: documented constants, never reused for another meaning.

/// Done; nothing to do; no drift.
pub const OK: u8 = 0;
/// Failed: the API, the disk, an internal error, wrong usage.
pub const FAILED: u8 = 1;
/// `diff`, or `plan --detailed-exitcode`: there are changes.
pub const CHANGES: u8 = 2;
/// The plan file is invalid.
pub const INVALID: u8 = 3;
/// A precondition fails: a person must change the world first.
pub const BLOCKED: u8 = 4;
/// Waits for a person, a window, a review or quota: run again.
pub const PARKED: u8 = 5;
/// Some steps failed; the rest is done or untouched.
pub const PARTIAL: u8 = 6;
/// The plan file, the change set or the world is not as it was reviewed.
pub const STALE: u8 = 7;
/// Another run works on this plan.
pub const LOCKED: u8 = 8;
/// A credential is missing, invalid, expired or lacks a permission.
pub const CREDENTIAL: u8 = 9;
/// Stopped by SIGINT.
pub const INTERRUPTED: u8 = 130;
/// Stopped by SIGTERM.
pub const TERMINATED: u8 = 143;
