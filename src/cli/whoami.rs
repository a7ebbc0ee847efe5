//! Who runs this, where: for the journal, and for those who find it locked.

use crate::{clock::Clock, ids::RunId};

/// A run id from this clock's time and the system's randomness.
pub(super) fn run_id(clock: &dyn Clock) -> RunId {
    let mut random = [0; 10];
    random.copy_from_slice(&uuid::Uuid::now_v7().as_bytes()[6..]);
    RunId::new(clock.now(), random)
}

#[expect(clippy::disallowed_methods, reason = "the journal says who ran what")]
pub(super) fn user() -> String {
    let name = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".into())
}

#[expect(clippy::disallowed_methods, reason = "the journal says who ran what")]
pub(super) fn host() -> String {
    let name = ["HOSTNAME", "COMPUTERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    let file = || std::fs::read_to_string("/etc/hostname").ok();
    let name = name.or_else(file).map(|name| name.trim().to_owned());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".into())
}
