//! The files beside a plan, whoever keeps them: a disk, or the memory of a test.
//!
//! Opens nothing itself. What a plan names is looked for with the same code in both.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::plan::Glob;

/// How much of the beginning of a file tells its type.
pub const HEAD: usize = 8 * 1024;
/// The most entries of folders that one pattern looks at.
const MOST_ENTRIES: usize = 100_000;
/// A run of any folders in a pattern.
const ANY_FOLDERS: &str = "**";

/// Where files are read from.
pub trait Files {
    /// Returns what is in a folder.
    ///
    /// # Errors
    ///
    /// It is not there, is no folder, or may not be read.
    fn list(&self, folder: &Path) -> Result<Vec<Entry>, FileError>;

    /// Returns what is in a file, but at most `most` bytes.
    ///
    /// # Errors
    ///
    /// It is not there, is no regular file, or may not be read.
    fn read(&self, path: &Path, most: u64) -> Result<Vec<u8>, FileError>;

    /// Looks through a file once, in pieces.
    ///
    /// # Errors
    ///
    /// As for [`Files::read`], and when it has more than `most` bytes: then it is not looked through.
    fn sample(&self, path: &Path, most: u64) -> Result<Sample, FileError>;
}

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A file, or something that is no folder.
    File,
    /// A folder.
    Folder,
    /// A link to something. `**` does not follow it, so that it may lead back.
    Link,
}

/// What is known of a file that was looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How many bytes it has.
    pub length: u64,
    /// Its first bytes, at most [`HEAD`].
    pub head: Vec<u8>,
    /// The digest of all.
    pub sha256: [u8; 32],
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Nothing has that name.
    #[error("there is no such file")]
    Missing,
    /// It is a folder.
    #[error("it is a folder, not a file")]
    Folder,
    /// It is a device, a pipe or the like.
    #[error("it is not a regular file")]
    NotRegular,
    /// It is larger than it may be.
    #[error("it has {0} bytes")]
    TooLarge(u64),
    /// The system does not let us, and says why.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// Why a pattern cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// There is more than anybody can have meant.
    #[error("the folders it leads to have more than {MOST_ENTRIES} entries")]
    TooMany,
    /// A folder on the way is not readable.
    #[error("the folder {folder} cannot be looked through: {why}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        why: FileError,
    },
}

/// Returns whether a path holds wildcards: `*`, `?`, or `**` for any folders.
pub(crate) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?'])
}

/// Returns the files that a pattern below a folder names, in order. Names that begin with a dot are
/// matched by patterns that begin with one.
///
/// # Errors
///
/// A folder cannot be looked through, or there are too many.
pub(crate) fn search(
    files: &dyn Files,
    folder: &Path,
    pattern: &str,
) -> Result<Vec<PathBuf>, SearchError> {
    let mut search = Search {
        files,
        entries: 0,
        found: BTreeSet::new(),
    };
    let start = if Path::new(pattern).is_absolute() {
        PathBuf::from("/")
    } else {
        folder.to_owned()
    };
    let steps: Vec<&str> = pattern
        .split('/')
        .filter(|step| !step.is_empty() && *step != ".")
        .collect();
    let mut open = vec![(start, steps.as_slice())];
    while let Some((folder, steps)) = open.pop() {
        search.step(folder, steps, &mut open)?;
    }
    Ok(search.found.into_iter().collect())
}

struct Search<'f> {
    files: &'f dyn Files,
    entries: usize,
    found: BTreeSet<PathBuf>,
}

impl Search<'_> {
    fn step<'p>(
        &mut self,
        folder: PathBuf,
        steps: &'p [&'p str],
        open: &mut Vec<(PathBuf, &'p [&'p str])>,
    ) -> Result<(), SearchError> {
        let Some((step, rest)) = steps.split_first() else {
            return Ok(());
        };
        if *step == ANY_FOLDERS {
            let below = self.entries(&folder)?.into_iter();
            let below = below.filter(|entry| entry.kind == EntryKind::Folder);
            open.extend(
                below
                    .filter(|entry| !entry.name.starts_with('.'))
                    .map(|entry| (folder.join(entry.name), steps)),
            );
            let rest = if rest.is_empty() { &["*"] } else { rest };
            open.push((folder, rest));
            return Ok(());
        }
        if !is_pattern(step) && !rest.is_empty() {
            open.push((folder.join(step), rest));
            return Ok(());
        }
        for entry in self.entries(&folder)? {
            if !matches(step, &entry.name) {
                continue;
            }
            let path = folder.join(&entry.name);
            match (rest.is_empty(), entry.kind) {
                (true, EntryKind::File | EntryKind::Link) => {
                    self.found.insert(path);
                }
                (false, EntryKind::Folder | EntryKind::Link) => open.push((path, rest)),
                (true, EntryKind::Folder) | (false, EntryKind::File) => {}
            }
        }
        Ok(())
    }

    /// Returns what is in a folder; a link that leads to no folder has nothing in it.
    fn entries(&mut self, folder: &Path) -> Result<Vec<Entry>, SearchError> {
        let entries = match self.files.list(folder) {
            Ok(entries) => entries,
            Err(FileError::Missing | FileError::NotRegular) => Vec::new(),
            Err(why) => {
                return Err(SearchError::Folder {
                    folder: folder.display().to_string(),
                    why,
                });
            }
        };
        self.entries += entries.len();
        if self.entries > MOST_ENTRIES {
            return Err(SearchError::TooMany);
        }
        Ok(entries)
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    let is_hidden = name.starts_with('.');
    (!is_hidden || pattern.starts_with('.')) && Glob::new(pattern).matches(name)
}

/// Returns a path without `.` in it, so that one file has one name.
pub(crate) fn plain(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, Component::CurDir))
        .collect()
}

/// Files in memory, for tests and for plans that come from no disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(BTreeMap<PathBuf, Vec<u8>>);

impl MemoryFiles {
    /// Adds a file.
    pub fn with(mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.insert(path.into(), bytes.into());
        self
    }

    fn get(&self, path: &Path) -> Result<&[u8], FileError> {
        if let Some(bytes) = self.0.get(path) {
            return Ok(bytes);
        }
        let mut paths = self.0.keys();
        Err(if paths.any(|known| known.starts_with(path)) {
            FileError::Folder
        } else {
            FileError::Missing
        })
    }
}

impl Files for MemoryFiles {
    fn list(&self, folder: &Path) -> Result<Vec<Entry>, FileError> {
        let entry = |path: &PathBuf| {
            let mut rest = path.strip_prefix(folder).ok()?.components();
            let name = rest.next()?.as_os_str().to_string_lossy().into_owned();
            let kind = match rest.next() {
                Some(_) => EntryKind::Folder,
                None => EntryKind::File,
            };
            Some(Entry { name, kind })
        };
        let entries: BTreeSet<Entry> = self.0.keys().filter_map(entry).collect();
        Ok(entries.into_iter().collect())
    }

    fn read(&self, path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
        let bytes = self.get(path)?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Ok(bytes[..bytes.len().min(most)].to_vec())
    }

    fn sample(&self, path: &Path, most: u64) -> Result<Sample, FileError> {
        let bytes = self.get(path)?;
        let length = bytes.len() as u64;
        if length > most {
            return Err(FileError::TooLarge(length));
        }
        Ok(Sample {
            length,
            head: bytes[..bytes.len().min(HEAD)].to_vec(),
            sha256: Sha256::digest(bytes).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, expected: &[&str]) {
        let files = [
            "/p/a.yaml",
            "/p/t/b.yaml",
            "/p/t/.hidden.yaml",
            "/p/t/deep/c.yaml",
            "/p/t/deep/er/d.yml",
            "/p/.git/e.yaml",
            "/other/f.yaml",
        ];
        let files = files
            .into_iter()
            .fold(MemoryFiles::default(), |files, path| files.with(path, "x"));
        let found = search(&files, Path::new("/p"), pattern).unwrap();
        let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(found, expected, "{pattern}");
    }

    #[test]
    fn patterns_find_files_in_order() {
        check("*.yaml", &["/p/a.yaml"]);
        check("t/*.yaml", &["/p/t/b.yaml"]);
        check("./t/*", &["/p/t/b.yaml"]);
        check("*/*.yaml", &["/p/t/b.yaml"]);
        check("t/.*.yaml", &["/p/t/.hidden.yaml"]);
        check("t/?.yaml", &["/p/t/b.yaml"]);
        check("missing/*.yaml", &[]);
        check("/other/*", &["/other/f.yaml"]);
    }

    #[test]
    fn two_stars_stand_for_any_folders() {
        check(
            "**/*.yaml",
            &["/p/a.yaml", "/p/t/b.yaml", "/p/t/deep/c.yaml"],
        );
        check("t/**/d.yml", &["/p/t/deep/er/d.yml"]);
        check("t/deep/**", &["/p/t/deep/c.yaml", "/p/t/deep/er/d.yml"]);
    }

    #[test]
    fn one_file_has_one_name() {
        assert_eq!(plain(Path::new("./a/./b.yaml")), PathBuf::from("a/b.yaml"));
        assert_eq!(plain(Path::new("/a/../b")), PathBuf::from("/a/../b"));
    }
}
