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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        files::HEAD,
        load::{Source, load_with},
    };

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test that makes the files it reads"
    )]
    fn write(folder: &Path, name: &str, bytes: &[u8]) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    #[test]
    fn a_file_is_looked_through_once_in_pieces() {
        let folder = folder();
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        write(folder.path(), "a.bin", &bytes);
        let path = folder.path().join("a.bin");
        let sample = DiskFiles
            .sample(&path, 200_000)
            .expect("it is small enough");
        assert_eq!(sample.length, 200_000);
        assert_eq!(sample.head, bytes[..HEAD]);
        assert_eq!(sample.sha256[..], Sha256::digest(&bytes)[..]);
        assert_eq!(
            DiskFiles.sample(&path, 199_999),
            Err(FileError::TooLarge(200_000))
        );
        assert_eq!(DiskFiles.read(&path, 3).as_deref(), Ok(&bytes[..3]));
    }

    #[test]
    fn what_is_no_file_is_told() {
        let folder = folder();
        let failure = |name: &str| DiskFiles.read(&folder.path().join(name), 10).unwrap_err();
        write(folder.path(), "a/b", b"");
        assert_eq!(failure("missing"), FileError::Missing);
        assert_eq!(failure("a"), FileError::Folder);
        assert_eq!(failure("a/b/c"), FileError::Missing);
        assert_eq!(
            DiskFiles.read(Path::new("/dev/null"), 10),
            Err(FileError::NotRegular)
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_back_do_not_hang() {
        let folder = folder();
        let good =
            "name: a\nlanguage: de\ncategory: UTILITY\ncomponents: [{ type: BODY, text: Hallo }]\n";
        write(folder.path(), "t/a.yaml", good.as_bytes());
        write(folder.path(), "t/.hidden.yaml", b"x");
        std::os::unix::fs::symlink("..", folder.path().join("t/up")).expect("a link");
        std::os::unix::fs::symlink("a.yaml", folder.path().join("t/z.txt")).expect("a link");
        let plan = "version: 1\nname: acme\nsource: { waba: \"1\" }\ntarget: { waba: \"2\", token: { env: T } }\n\
                    templates: { files: [\"**/*.yaml\", \"*/*/*/*.yaml\"] }\n";
        let path = folder.path().join("plan.yaml");
        let source = Source {
            name: "plan.yaml",
            path: &path,
            bytes: plan.as_bytes(),
        };
        let loaded = load_with(source, &DiskFiles);
        let rules: Vec<&str> = loaded.findings.iter().map(|one| &*one.rule).collect();
        assert_eq!(
            rules,
            ["template-duplicate"],
            "a link into itself shows a file twice"
        );
    }
}
