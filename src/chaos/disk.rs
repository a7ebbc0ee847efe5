//! The journal's bytes, as a process that was killed leaves them, and as somebody reads them who
//! does not trust the program.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
};

use crate::ids::RunId;

/// The folder of one plan's journals.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    folder: PathBuf,
}

impl Disk {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, run: RunId) -> PathBuf {
        self.folder.join(format!("{run}.jsonl"))
    }

    /// Returns what stands in a run's journal from a byte on.
    #[expect(
        clippy::disallowed_methods,
        reason = "reads the journal behind the program's back"
    )]
    pub(super) fn from(&self, run: RunId, offset: u64) -> io::Result<Vec<u8>> {
        let mut file = fs::File::open(self.path(run))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Returns how long a run's journal is.
    pub(super) fn length(&self, run: RunId) -> io::Result<u64> {
        Ok(fs::metadata(self.path(run))?.len())
    }

    /// Forgets every run.
    pub(super) fn clear(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Returns everything that stands in any journal.
    #[expect(
        clippy::disallowed_methods,
        reason = "reads the journal behind the program's back"
    )]
    pub(super) fn all(&self) -> io::Result<String> {
        let mut all = String::new();
        for file in fs::read_dir(&self.folder)? {
            let bytes = fs::read(file?.path())?;
            all.push_str(&String::from_utf8_lossy(&bytes));
        }
        Ok(all)
    }

    /// Takes away what stands behind a byte: it was never written.
    pub(super) fn cut(&self, run: RunId, length: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.path(run))?;
        file.set_len(length)
    }
}
