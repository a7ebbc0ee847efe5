//! The files beside a plan, on this machine's disk.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::plan::files::{Entry, EntryKind, FileError, Files, HEAD, Sample};

/// Reads a file in pieces of this size, so that no large one is held in memory.
const PIECE: usize = 64 * 1024;

/// Files on disk.
pub(super) struct DiskFiles;

impl Files for DiskFiles {
    fn list(&self, folder: &Path) -> Result<Vec<Entry>, FileError> {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(failure)? {
            let entry = entry.map_err(failure)?;
            let kind = entry.file_type().map_err(failure)?;
            let kind = if kind.is_symlink() {
                EntryKind::Link
            } else if kind.is_dir() {
                EntryKind::Folder
            } else {
                EntryKind::File
            };
            // A name that is no text cannot be written in a plan.
            if let Ok(name) = entry.file_name().into_string() {
                entries.push(Entry { name, kind });
            }
        }
        Ok(entries)
    }

    fn read(&self, path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
        let (file, _) = open(path)?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map_err(failure)?;
        Ok(bytes)
    }

    fn sample(&self, path: &Path, most: u64) -> Result<Sample, FileError> {
        let (mut file, length) = open(path)?;
        if length > most {
            return Err(FileError::TooLarge(length));
        }
        let (mut length, mut head, mut digest) = (0, Vec::new(), Sha256::new());
        let mut piece = vec![0; PIECE];
        loop {
            let read = match file.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failure(error)),
            };
            let bytes = &piece[..read];
            length += read as u64;
            // It may grow while it is read.
            if length > most {
                return Err(FileError::TooLarge(length));
            }
            let room = HEAD.saturating_sub(head.len());
            head.extend_from_slice(&bytes[..read.min(room)]);
            digest.update(bytes);
        }
        Ok(Sample {
            length,
            head,
            sha256: digest.finalize().into(),
        })
    }
}

/// Opens a regular file, and says how long it is. A pipe is not opened: that would wait for its
/// other end.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line reads the files that a plan names"
)]
fn open(path: &Path) -> Result<(fs::File, u64), FileError> {
    let is = fs::metadata(path).map_err(failure)?;
    if is.is_dir() {
        return Err(FileError::Folder);
    }
    if !is.is_file() {
        return Err(FileError::NotRegular);
    }
    let file = fs::File::open(path).map_err(failure)?;
    Ok((file, is.len()))
}

fn failure(error: io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileError::Missing,
        _ => FileError::Unreadable(error.to_string()),
    }
}
