//! Where old and new ids are written to: whole or not at all.

use std::path::Path;

use super::error::CliError;
use crate::id_map::IdMap;

/// Finds out whether a file can be written there, before anything is sent.
pub(super) fn check(path: &Path) -> Result<(), CliError> {
    new_file(path).map(drop)
}

/// Writes the map beside its place and puts it there when it is whole.
pub(super) fn write(path: &Path, map: &IdMap) -> Result<(), CliError> {
    let failed = |source: std::io::Error| CliError::File {
        doing: "write",
        path: path.to_owned(),
        source,
    };
    let mut file = new_file(path)?;
    serde_json::to_writer_pretty(&mut file, map).map_err(|error| failed(error.into()))?;
    std::io::Write::write_all(&mut file, b"\n").map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn new_file(path: &Path) -> Result<tempfile::NamedTempFile, CliError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let failed = |source| CliError::File {
        doing: "write",
        path: path.to_owned(),
        source,
    };
    if path.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    let mut builder = tempfile::Builder::new();
    // It holds no secret, and other programs read it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .prefix(".map-")
        .suffix(".json")
        .tempfile_in(folder)
        .map_err(failed)
}
