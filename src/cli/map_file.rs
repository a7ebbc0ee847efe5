//! Where old and new ids are written to.

use std::path::Path;

use super::{error::CliError, whole_file};
use crate::id_map::IdMap;

/// Writes the map.
pub(super) fn write(path: &Path, map: &IdMap) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(map)
        .map_err(|error| CliError::Internal(format!("cannot write JSON: {error}")))?;
    whole_file::write(path, (text + "\n").as_bytes())
}
