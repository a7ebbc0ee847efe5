//! The lock of a plan: one process of this host at a time.
//!
//! `<journal>/<plan name>/lock` is locked while a run is under way, and tells who does it. The kernel
//! frees it when the process dies.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};

use super::{
    JournalError,
    error::io_error,
    file::{folder, sync_folder},
};

/// Holds the plan's lock until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    folder: PathBuf,
}

impl Lock {
    /// Takes the lock, or says who holds it. `holder` is what others will read.
    pub fn take(root: &Path, plan: &str, holder: &str) -> Result<Self, JournalError> {
        Self::named("lock", root, plan, holder)
    }

    /// Takes the lock of those who hand in one-time codes. A run that waits for one does not keep
    /// them out; what both could send, both look at first.
    pub fn of_codes(root: &Path, plan: &str, holder: &str) -> Result<Self, JournalError> {
        Self::named("codes.lock", root, plan, holder)
    }

    /// Returns the folder of the plan.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this file is one of the places of I/O"
    )]
    fn named(name: &str, root: &Path, plan: &str, holder: &str) -> Result<Self, JournalError> {
        let folder = folder(root, plan);
        fs::create_dir_all(&folder).map_err(io_error("create the journal folder", &folder))?;
        // A new name lasts only when the folders above it are synced too.
        for above in folder
            .ancestors()
            .skip(1)
            .take(1)
            .filter(|above| !above.as_os_str().is_empty())
        {
            sync_folder(above)?;
        }
        let path = folder.join(name);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io_error("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = file.read_to_string(&mut holder);
                let known = read.is_ok() && !holder.trim().is_empty();
                let holder = if known {
                    holder.trim().to_owned()
                } else {
                    "unknown holder".into()
                };
                return Err(JournalError::Locked { holder });
            }
            Err(TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .map_err(io_error("write", &path))?;
        writeln!(file, "{holder}")
            .and_then(|()| file.sync_data())
            .map_err(io_error("write", &path))?;
        Ok(Self {
            _file: file,
            folder,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_told_who_holds_the_lock() {
        let root = tempfile::tempdir().unwrap();
        let lock = Lock::take(root.path(), "acme", "anna on build-7 since 14:03").unwrap();
        let error = Lock::take(root.path(), "acme", "ben").unwrap_err();
        assert_eq!(
            error.to_string(),
            "another run works on this plan: anna on build-7 since 14:03"
        );
        drop(lock);
        assert!(Lock::take(root.path(), "acme", "ben").is_ok());
    }
}
