//! The three numbers that GitLab shows beside a merge request: its Terraform report.
//!
//! What is created counts as create, what is edited or set in motion (an update, a call) as update,
//! and every deleted thing as delete. Gates, waits and blocked steps change nothing themselves.
//!
//! Source: <https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsterraform>

use serde::Serialize;

use crate::{changeset::ChangeSet, step::Action};

/// The report, as GitLab reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    create: usize,
    update: usize,
    delete: usize,
}

/// Counts the changes of a change set.
pub fn sums(changes: &ChangeSet) -> Sums {
    let mut sums = Sums::default();
    for change in changes.to_do().filter(|change| !change.blocked) {
        match change.action {
            Action::Create => sums.create += 1,
            Action::Update | Action::Call => sums.update += 1,
            // A step that deletes names everything that goes.
            Action::Delete => sums.delete += change.fields.len().max(1),
            Action::Gate | Action::Wait | Action::None => {}
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::markdown::testing::saying;

    #[test]
    fn every_deleted_template_counts_and_gates_do_not() {
        let json = serde_json::to_string(&sums(&saying("x"))).expect("plain data");
        assert_eq!(json, r#"{"create":1,"update":1,"delete":1}"#);
    }
}
