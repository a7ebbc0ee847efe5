//! Saved change sets: where they are kept, and how the plan is found from there.

use std::path::{Component, Path, PathBuf, absolute};

use super::{
    error::CliError,
    session::{read_bytes, read_plan_from},
    ui::Ui,
    whole_file,
};
use crate::{
    changeset::{Approved, ChangeSet, Sealed},
    plan::Plan,
};

/// The longest change set that is read. One of 200 numbers and 6,000 templates has some 10 MB.
const MOST: u64 = 256 * 1024 * 1024;

/// Seals a change set that will be kept in a folder.
pub(super) fn seal(changes: ChangeSet, plan: &Plan, folder: &Path) -> Sealed {
    Sealed::of(changes, relative(&plan.path, folder))
}

/// Seals a change set and writes it to a file.
pub(super) fn save(changes: ChangeSet, plan: &Plan, path: &Path) -> Result<(), CliError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let sealed = seal(changes, plan, folder);
    whole_file::write(path, &sealed.canonical())
}

/// The way from a folder to a file, with slashes on every system. None across drives.
fn relative(file: &Path, folder: &Path) -> Option<String> {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let way = pathdiff::diff_paths(absolute(file).ok()?, absolute(folder).ok()?)?;
    let parts: Option<Vec<_>> = way
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            Component::ParentDir => Some(".."),
            Component::CurDir => Some("."),
            Component::RootDir | Component::Prefix(_) => None,
        })
        .collect();
    Some(parts?.join("/"))
}

/// A plan to apply, and the reviewed change set that says what of it.
pub(super) struct Reviewed {
    pub(super) plan: Plan,
    pub(super) approved: Option<Approved>,
}

/// Reads what `apply` is given: a plan, or a change set and with it the plan it was made from.
/// `plan` overrides where that plan is.
pub(super) fn read(path: &Path, plan: Option<&Path>, ui: Ui) -> Result<Reviewed, CliError> {
    let bytes = read_bytes(path, MOST)?;
    let is_json = path.extension().is_some_and(|end| end == "json");
    if !Approved::is_meant_by(&bytes, is_json) {
        if plan.is_some_and(|plan| plan != path) {
            let problem = format!(
                "--plan goes with a change set, and {} is none",
                path.display()
            );
            return Err(CliError::Usage(problem));
        }
        let plan = read_plan_from(path, &bytes, ui)?;
        return Ok(Reviewed {
            plan,
            approved: None,
        });
    }
    let approved = Approved::read(&bytes).map_err(|source| CliError::ChangeSet {
        path: path.to_owned(),
        source,
    })?;
    let beside = || {
        let way = approved.plan.path.as_ref()?;
        // Beside the file itself, wherever a link to it is.
        let file = match path.is_symlink() {
            true => path.canonicalize().ok()?,
            false => path.to_owned(),
        };
        Some(file.parent().unwrap_or(Path::new("")).join(way))
    };
    let Some(file) = plan.map(PathBuf::from).or_else(beside) else {
        let problem = "the change set does not say where its plan is: name it with --plan";
        return Err(CliError::Usage(problem.into()));
    };
    let plan = read_plan_from(
        &file,
        &read_bytes(&file, crate::yaml::MAX_BYTES as u64)?,
        ui,
    )?;
    if plan.digest != approved.plan.digest || plan.name != approved.plan.name {
        return Err(CliError::PlanChanged {
            plan: file,
            change_set: path.to_owned(),
        });
    }
    Ok(Reviewed {
        plan,
        approved: Some(approved),
    })
}
