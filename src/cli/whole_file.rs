//! Files that programs read: written whole or not at all.

use std::{io::Write, path::Path};

use super::error::CliError;

/// Finds out whether a file can be written there, before anything is sent.
pub(super) fn check(path: &Path) -> Result<(), CliError> {
    new_file(path).map(drop)
}

/// Writes a text beside its place and puts it there when it is whole.
pub(super) fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let mut file = new_file(path)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.as_file().sync_all())
        .map_err(|source| failed(path, source))?;
    file.persist(path)
        .map_err(|error| failed(path, error.error))?;
    Ok(())
}

/// Writes a value as pretty JSON, whole or not at all.
pub(super) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), CliError> {
    let json = serde_json::to_string_pretty(value).map_err(|error| failed(path, error.into()))?;
    write(path, &(json + "\n"))
}

fn failed(path: &Path, source: std::io::Error) -> CliError {
    CliError::File {
        doing: "write",
        path: path.to_owned(),
        source,
    }
}

fn new_file(path: &Path) -> Result<tempfile::NamedTempFile, CliError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if path.is_dir() {
        return Err(failed(path, std::io::ErrorKind::IsADirectory.into()));
    }
    let mut builder = tempfile::Builder::new();
    // It holds no secret, and other programs read it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .prefix(".waba-migrate-")
        .tempfile_in(folder)
        .map_err(|source| failed(path, source))
}
