//! The lease of a plan: who works on it, from where, since when, and until when that counts.
//!
//! `<journal>/<plan name>/lease.json` stands beside the kernel's lock, which a folder that several
//! machines share may not carry from one to the other. On one host the lock decides: whoever has it
//! takes the lease over, because its holder is dead. A lease of another host counts until it runs out;
//! its holder renews it every third of that time. A lease that cannot be read counts, too.
//!
//! Invariant: a run that lost its lease sends nothing. [`Journal::intend`](super::Journal::intend)
//! looks at the file before every write. (Nothing can bind the time between that look and the write;
//! it is as short as it can be.) One that waits looks after every pause, and ends when it is lost.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{JournalError, Lock, error::io_error, file::folder};
use crate::{clock::Clock, ids::RunId};

/// How long a lease counts after it was renewed. Three renewals fit in: one may fail.
pub const TTL: Duration = Duration::from_secs(180);

/// More than any lease has.
const MOST_BYTES: u64 = 64 << 10;

/// What hosts are called that have no name: two of them are not the same.
const UNKNOWN_HOST: &str = "unknown";

/// A lease, as its file holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The user, for people.
    pub holder: String,
    /// The machine.
    pub host: String,
    /// The process there.
    pub pid: u32,
    /// The run, once it has a journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// When it was taken.
    pub since: Timestamp,
    /// When its holder was certainly alive last.
    pub renewed: Timestamp,
    /// How long it counts after that.
    pub ttl_seconds: u64,
    /// What its holder knows it by.
    pub token: String,
}

impl Lease {
    /// Returns when it runs out.
    pub fn until(&self) -> Timestamp {
        let renewed = self.renewed;
        let until = renewed.checked_add(Duration::from_secs(self.ttl_seconds));
        until.unwrap_or(Timestamp::MAX)
    }

    /// Says who holds it.
    pub fn who(&self) -> String {
        let Self {
            holder,
            host,
            pid,
            since,
            ..
        } = self;
        format!("{holder} on {host} (process {pid}), since {since:.0}")
    }
}

/// Who takes a lease.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The user, for people.
    pub user: String,
    /// The machine.
    pub host: String,
    /// The process there.
    pub pid: u32,
    /// Something that nobody else has.
    pub token: String,
}

/// A lease in the hands of its holder, until it is dropped.
pub struct Held {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    lease: Mutex<Lease>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Held {
    /// Takes the lease, or says who holds it. The lock shows that no other process of this host works
    /// on the plan. Returns also what it took over from somebody who did not give it back.
    pub fn take(
        lock: &Lock,
        holder: Holder,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Option<Lease>), JournalError> {
        let path = path_in(lock.folder());
        let now = clock.now();
        let found = read_file(&path)?;
        if let Some(lease) = &found {
            let is_here = lease.host == holder.host && lease.host != UNKNOWN_HOST;
            if !is_here && lease.until() > now {
                return Err(JournalError::Leased(Box::new(lease.clone())));
            }
        }
        let Holder {
            user,
            host,
            pid,
            token,
        } = holder;
        let lease = Lease {
            holder: user,
            host,
            pid,
            run: None,
            since: now,
            renewed: now,
            ttl_seconds: TTL.as_secs(),
            token,
        };
        write_file(&path, &lease)?;
        let held = Self {
            path,
            clock,
            lease: Mutex::new(lease),
        };
        // Two hosts may have taken over the same one.
        held.check()?;
        Ok((held, found))
    }

    /// Names the run in it.
    pub fn begin(&self, run: RunId) -> Result<(), JournalError> {
        self.lease().run = Some(run);
        self.renew()
    }

    /// Refuses when it is no longer ours. One that ran out and that nobody took is renewed.
    pub fn check(&self) -> Result<(), JournalError> {
        let (token, until) = {
            let lease = self.lease();
            (lease.token.clone(), lease.until())
        };
        let lost = |by: Option<Lease>| JournalError::LeaseLost {
            by: by.map(|lease| lease.who()),
        };
        match read_file(&self.path)? {
            Some(lease) if lease.token == token => {}
            other => return Err(lost(other)),
        }
        if until > self.clock.now() {
            return Ok(());
        }
        self.write_renewed()?;
        match read_file(&self.path)? {
            Some(lease) if lease.token == token => Ok(()),
            other => Err(lost(other)),
        }
    }

    /// Says that its holder is alive.
    pub fn renew(&self) -> Result<(), JournalError> {
        self.check()?;
        self.write_renewed()
    }

    /// Renews it every third of its time, until it is lost. A renewal that fails is tried again then.
    pub async fn keep(&self) {
        loop {
            self.clock.sleep(TTL / 3).await;
            match self.renew() {
                Ok(()) => {}
                Err(JournalError::LeaseLost { by }) => {
                    tracing::warn!(?by, "the lease of this run is gone; it sends nothing more");
                    return;
                }
                Err(error) => tracing::warn!(%error, "the lease of this run is not renewed"),
            }
        }
    }

    /// Gives it back, if it is still ours.
    pub fn release(&self) {
        let is_ours = |lease: Lease| lease.token == self.lease().token;
        if read_file(&self.path).is_ok_and(|found| found.is_some_and(is_ours)) {
            // Who comes next takes over what could not be removed.
            let _ = fs::remove_file(&self.path);
        }
    }

    fn write_renewed(&self) -> Result<(), JournalError> {
        let mut lease = self.lease();
        lease.renewed = self.clock.now();
        write_file(&self.path, &lease)
    }

    fn lease(&self) -> MutexGuard<'_, Lease> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

/// Returns the lease of a plan. `None`: nobody holds it.
pub fn read(root: &Path, plan: &str) -> Result<Option<Lease>, JournalError> {
    read_file(&path_in(&folder(root, plan)))
}

/// Takes the lease of a plan away from whoever holds it. False: nobody did.
pub fn break_lease(root: &Path, plan: &str) -> Result<bool, JournalError> {
    let path = path_in(&folder(root, plan));
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(io_error("remove", &path)(error)),
    }
}

fn path_in(folder: &Path) -> PathBuf {
    folder.join("lease.json")
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "this file is one of the places of I/O"
)]
fn read_file(path: &Path) -> Result<Option<Lease>, JournalError> {
    let unreadable = |problem: String| JournalError::LeaseUnreadable {
        path: path.to_owned(),
        problem,
    };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let mut bytes = Vec::new();
    file.take(MOST_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(error.to_string()))?;
    let lease = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    Ok(Some(lease))
}

/// Writes it beside its place and puts it there whole: nobody reads half a lease.
fn write_file(path: &Path, lease: &Lease) -> Result<(), JournalError> {
    let failed = io_error("write", path);
    let folder = path.parent().unwrap_or(Path::new("."));
    let text = serde_json::to_string_pretty(lease).expect("a lease is JSON") + "\n";
    let mut builder = tempfile::Builder::new();
    // Other users of a shared folder have to be able to read who holds it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut write = || -> io::Result<()> {
        let mut file = builder.prefix(".lease-").tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(failed)
}

#[cfg(test)]
mod tests {
    use futures_util::future::{BoxFuture, FutureExt, ready};

    use super::*;
    use crate::{ids::AccountStep, ids::Address, journal::Journal};

    /// A clock that stands still until it is moved.
    struct Hands(Mutex<Timestamp>);

    impl Hands {
        fn new() -> Arc<Self> {
            Arc::new(Self(Mutex::new("2026-11-27T12:00:00Z".parse().unwrap())))
        }

        fn pass(&self, seconds: u64) {
            let mut now = self.0.lock().unwrap();
            *now += Duration::from_secs(seconds);
        }
    }

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }

        fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
            self.pass(duration.as_secs());
            ready(()).boxed()
        }
    }

    fn holder(host: &str, token: &str) -> Holder {
        Holder {
            user: "anna".into(),
            host: host.into(),
            pid: 7,
            token: token.into(),
        }
    }

    /// A folder, its lock, a clock, and the lease that `anna on build-7` has taken.
    struct Stage {
        root: tempfile::TempDir,
        lock: Lock,
        clock: Arc<Hands>,
    }

    impl Stage {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let lock = Lock::take(root.path(), "acme", "me").unwrap();
            let clock = Hands::new();
            Self { root, lock, clock }
        }

        fn take(&self, host: &str, token: &str) -> Result<(Held, Option<Lease>), JournalError> {
            Held::take(&self.lock, holder(host, token), self.clock.clone())
        }

        fn found(&self) -> Option<Lease> {
            read(self.root.path(), "acme").unwrap()
        }
    }

    #[test]
    fn a_lease_is_given_back() {
        let stage = Stage::new();
        let (held, before) = stage.take("build-7", "a").unwrap();
        assert_eq!(before, None);
        let who = stage.found().unwrap().who();
        assert_eq!(
            who,
            "anna on build-7 (process 7), since 2026-11-27T12:00:00Z"
        );
        drop(held);
        assert_eq!(stage.found(), None);
    }

    #[test]
    fn another_host_waits_until_it_ran_out_and_the_same_host_does_not() {
        let stage = Stage::new();
        // Its holder dies without giving it back.
        std::mem::forget(stage.take("build-7", "a").unwrap());
        stage.clock.pass(179);
        let refused = stage.take("build-8", "b").unwrap_err().to_string();
        assert_eq!(
            refused,
            "another run works on this plan: anna on build-7 (process 7), since 2026-11-27T12:00:00Z; \
             its lease runs out at 2026-11-27T12:03:00Z unless it is renewed"
        );
        let (here, over) = stage.take("build-7", "c").unwrap();
        assert_eq!(over.map(|lease| lease.token).as_deref(), Some("a"));
        std::mem::forget(here);
        stage.clock.pass(180);
        let (_there, over) = stage.take("build-8", "d").unwrap();
        assert_eq!(over.map(|lease| lease.token).as_deref(), Some("c"));
    }

    #[test]
    fn hosts_without_a_name_are_not_the_same() {
        let stage = Stage::new();
        std::mem::forget(stage.take("unknown", "a").unwrap());
        assert!(matches!(
            stage.take("unknown", "b"),
            Err(JournalError::Leased(_))
        ));
    }

    #[test]
    fn renewing_keeps_others_out() {
        let stage = Stage::new();
        let (held, _) = stage.take("build-7", "a").unwrap();
        for _ in 0..10 {
            stage.clock.pass(60);
            held.renew().unwrap();
        }
        assert!(matches!(
            stage.take("build-8", "b"),
            Err(JournalError::Leased(_))
        ));
    }

    #[test]
    fn one_that_ran_out_and_nobody_took_is_renewed() {
        let stage = Stage::new();
        let (held, _) = stage.take("build-7", "a").unwrap();
        stage.clock.pass(3600);
        held.check().unwrap();
        assert_eq!(stage.found().unwrap().renewed, stage.clock.now());
    }

    #[test]
    fn a_run_that_lost_its_lease_intends_nothing_more() {
        let stage = Stage::new();
        let (held, _) = stage.take("build-7", "a").unwrap();
        let held = Arc::new(held);
        let run = RunId::new(stage.clock.now(), [1; 10]);
        let journal = Journal::create(&stage.lock, run, stage.clock.clone(), None).unwrap();
        let journal = journal.under(held.clone());
        held.begin(run).unwrap();
        assert_eq!(stage.found().unwrap().run, Some(run));
        let step = Address::account(AccountStep::Subscription);
        let intend = || journal.intend(&step, 1, "POST", "/1/x", serde_json::Map::new());
        drop(intend().unwrap());
        // A laptop sleeps, and another host takes over.
        stage.clock.pass(3600);
        let (other, _) = stage.take("build-8", "b").unwrap();
        let refused = intend().unwrap_err().to_string();
        assert_eq!(
            refused,
            "this run has lost the lease of its plan to anna on build-8 (process 7), since 2026-11-27T13:00:00Z"
        );
        assert!(journal.is_ours().is_err());
        // What it would renew or give back is not its own.
        assert!(held.renew().is_err());
        held.release();
        assert_eq!(stage.found().unwrap().token, "b");
        drop(other);
        assert!(break_lease(stage.root.path(), "acme").is_ok_and(|was_held| !was_held));
        let refused = intend().unwrap_err().to_string();
        assert_eq!(
            refused,
            "this run has lost the lease of its plan: somebody removed it"
        );
        assert_eq!(
            read_lines(&journal_path(&stage, run)),
            1,
            "nothing was intended"
        );
    }

    fn journal_path(stage: &Stage, run: RunId) -> PathBuf {
        stage.root.path().join("acme").join(format!("{run}.jsonl"))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test looks at what was written"
    )]
    fn read_lines(path: &Path) -> usize {
        fs::read_to_string(path).unwrap().lines().count()
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test damages what was written")]
    fn a_lease_that_cannot_be_read_is_not_an_absent_one() {
        let stage = Stage::new();
        let path = stage.root.path().join("acme/lease.json");
        for damage in ["", "{", "{\"holder\": \"anna\"}", "[]"] {
            fs::write(&path, damage).unwrap();
            let refused = stage.take("build-7", "a");
            assert!(
                matches!(refused, Err(JournalError::LeaseUnreadable { .. })),
                "{damage}"
            );
        }
        assert!(break_lease(stage.root.path(), "acme").unwrap());
        assert!(stage.take("build-7", "a").is_ok());
    }

    #[test]
    fn keeping_it_ends_when_it_is_lost() {
        let stage = Stage::new();
        let (held, _) = stage.take("build-7", "a").unwrap();
        break_lease(stage.root.path(), "acme").unwrap();
        assert_eq!(held.keep().now_or_never(), Some(()));
    }
}
