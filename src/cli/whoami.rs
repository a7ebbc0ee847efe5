//! Who runs this, where, in which job of a CI service: for the journal, and for those who find it
//! locked.

use crate::{clock::Clock, ids::RunId};

/// A run id from this clock's time and the system's randomness.
pub(super) fn run_id(clock: &dyn Clock) -> RunId {
    let mut random = [0; 10];
    random.copy_from_slice(&uuid::Uuid::now_v7().as_bytes()[6..]);
    RunId::new(clock.now(), random)
}

/// Something that no other process has.
pub(super) fn token() -> String {
    uuid::Uuid::now_v7().to_string()
}

#[expect(clippy::disallowed_methods, reason = "the journal says who ran what")]
pub(super) fn user() -> String {
    let name = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".into())
}

/// The machine's name: what its environment calls it, where it says so, else what its system does.
pub(super) fn host() -> String {
    let named = ["HOSTNAME", "COMPUTERNAME"].into_iter().find_map(variable);
    let name = named.unwrap_or_else(|| gethostname::gethostname().to_string_lossy().into_owned());
    match name.trim() {
        "" => "unknown".into(),
        name => name.to_owned(),
    }
}

/// The address of the CI job that runs this: GitHub Actions, GitLab, and what Jenkins began.
pub(super) fn ci_job() -> Option<String> {
    job(variable)
}

/// The commit that the CI service has checked out.
pub(super) fn commit() -> Option<String> {
    let commit = ["GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT"]
        .into_iter()
        .find_map(variable)?;
    let is_hex = commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    ((7..=64).contains(&commit.len()) && is_hex).then_some(commit)
}

#[expect(clippy::disallowed_methods, reason = "the journal says who ran what")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn job(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let github = || {
        let server = variable("GITHUB_SERVER_URL")?;
        let (repository, run) = (variable("GITHUB_REPOSITORY")?, variable("GITHUB_RUN_ID")?);
        Some(format!("{server}/{repository}/actions/runs/{run}"))
    };
    let address = github()
        .or_else(|| variable("CI_JOB_URL"))
        .or_else(|| variable("BUILD_URL"))?;
    let mut address = url::Url::parse(&address).ok()?;
    if !matches!(address.scheme(), "http" | "https") {
        return None;
    }
    // The journal holds no password, and no address of a job needs what stands behind these.
    address.set_username("").ok()?;
    address.set_password(None).ok()?;
    address.set_query(None);
    address.set_fragment(None);
    Some(address.into()).filter(|address: &String| address.len() <= 500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_a_name() {
        // What an unnamed one is called: such hosts are never taken for the same.
        assert_ne!(host(), "unknown");
    }

    #[test]
    fn a_job_has_an_address_without_secrets() {
        #[track_caller]
        fn check(variables: &[(&str, &str)], expected: Option<&str>) {
            let find = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name)?;
                Some(found.1.to_owned())
            };
            assert_eq!(job(find).as_deref(), expected);
        }
        let github = [
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/x"),
            ("GITHUB_RUN_ID", "42"),
            ("BUILD_URL", "https://other.example/1"),
        ];
        check(&github, Some("https://github.com/acme/x/actions/runs/42"));
        check(
            &[(
                "CI_JOB_URL",
                "https://me:secret@gitlab.example/-/jobs/7?token=x#y",
            )],
            Some("https://gitlab.example/-/jobs/7"),
        );
        check(
            &[("BUILD_URL", "https://ci.example/job/a/7/")],
            Some("https://ci.example/job/a/7/"),
        );
        check(&[("BUILD_URL", "javascript:alert(1)")], None);
        check(&[("GITHUB_RUN_ID", "42")], None);
    }
}
