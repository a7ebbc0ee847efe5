//! Files that are written whole or not at all.

use std::{io, path::Path};

use tempfile::NamedTempFile;

use super::error::CliError;

/// Finds out whether a file can be written there, before anything else is done.
pub(super) fn check(path: &Path) -> Result<(), CliError> {
    beside(path).map(drop).map_err(failed(path))
}

/// Writes a file beside its place and puts it there when it is whole.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let put = || {
        let mut file = beside(path)?;
        io::Write::write_all(&mut file, bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    put().map_err(failed(path))
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> CliError {
    |source| CliError::File {
        doing: "write",
        path: path.to_owned(),
        source,
    }
}

fn beside(path: &Path) -> io::Result<NamedTempFile> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    // What is written holds no secret, and other programs read it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .prefix(".waba-migrate-")
        .tempfile_in(folder.unwrap_or(Path::new(".")))
}
