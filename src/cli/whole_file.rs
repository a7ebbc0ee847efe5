//! Files that programs read: written whole or not at all.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use super::error::CliError;

/// Finds out whether a file can be written there, before anything is sent.
pub(super) fn check(path: &Path) -> Result<(), CliError> {
    match place(path)? {
        Place::File(path) => new_file(&path).map(drop),
        Place::Stream(file) => {
            drop(file);
            Ok(())
        }
    }
}

/// Refuses to write two things, or a thing and what it was made from, to the same place.
pub(super) fn distinct<'a>(
    paths: impl IntoIterator<Item = (&'a str, Option<&'a Path>)>,
) -> Result<(), CliError> {
    let mut places: Vec<(&str, PathBuf)> = Vec::new();
    for (name, path) in paths {
        let Some(path) = path else { continue };
        let whole = path.canonicalize().or_else(|_| std::path::absolute(path));
        let whole = whole.map_err(|source| failed(path, source))?;
        if let Some((other, _)) = places.iter().find(|(_, known)| *known == whole) {
            let path = path.display();
            let problem = format!("{other} and {name} are the same file: {path}");
            return Err(CliError::Usage(problem));
        }
        places.push((name, whole));
    }
    Ok(())
}

/// Where something is written to.
enum Place {
    /// A file, at the end of all links.
    File(PathBuf),
    /// What is no file, like a pipe: it is written to, never replaced.
    Stream(File),
}

fn place(path: &Path) -> Result<Place, CliError> {
    if path == Path::new("-") {
        let problem = "`-` is no file; results go to standard output without a flag";
        return Err(CliError::Usage(problem.into()));
    }
    let Ok(file) = path.canonicalize() else {
        return Ok(Place::File(path.to_owned()));
    };
    if file.is_file() || file.is_dir() {
        return Ok(Place::File(file));
    }
    let stream = File::options().write(true).open(&file);
    Ok(Place::Stream(
        stream.map_err(|source| failed(path, source))?,
    ))
}

/// Writes a text beside its place and puts it there when it is whole.
pub(super) fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let path = match place(path)? {
        Place::File(file) => file,
        Place::Stream(mut stream) => {
            let written = stream.write_all(text.as_bytes());
            return written.map_err(|source| failed(path, source));
        }
    };
    let path = path.as_path();
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
