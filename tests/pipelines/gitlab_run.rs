//! The pipeline for GitLab CI, run job after job as a migration goes.

use std::process::Output;

use crate::{
    bench::{assert_code, stderr, stdout},
    gitlab_lint::Pipeline,
    site::{MERGE, SECRETS, Site},
};

/// `curl`: notes and issues are files, told of in GitLab's JSON.
const CURL: &str = r#"#!/usr/bin/env bash
set -euo pipefail
method=GET output=/dev/stdout file='' closes=false url=''
while (($#)); do
  case $1 in
    --header) [[ $(cat "${2#@}") == 'PRIVATE-TOKEN: glpat-token' ]] || exit 22; shift ;;
    --request) method=$2; shift ;;
    --output) output=$2; shift ;;
    --data-urlencode)
      case $2 in *@*) file=${2#*@} ;; state_event=close) closes=true ;; esac
      shift ;;
    --*) ;;
    *) url=$1 ;;
  esac
  shift
done
path=${url#https://gitlab.example/api/v4/projects/42/}
echo "$method $path" >> "$STAND_IN/curl.log"
list() {
  printf '['
  comma=
  for one in "$1"/*.md; do
    [[ -e $one ]] || continue
    id=${one##*/}
    first=$(head -n 1 "$one" | sed 's/</\\u003c/g; s/>/\\u003e/g')
    printf '%s{"id":%d,"iid":%d,"type":null,"%s":"%s\\n{\\"id\\":9,\\"iid\\":9,","author":{"id":5,"iid":5,"name":"x"}}' "$comma" "${id%.md}" "${id%.md}" "$2" "$first"
    comma=,
  done
  printf ']'
}
next() { echo "$(($(ls "$1" | wc -l) + 1))"; }
case "$method $path" in
  'GET merge_requests/7/notes?'*) list "$STAND_IN/comments" body ;;
  'POST merge_requests/7/notes') cp "$file" "$STAND_IN/comments/$(next "$STAND_IN/comments").md" ;;
  'PUT merge_requests/7/notes/'*)
    [[ $(cat "$STAND_IN/comments/${path##*/}.md") != *'by a stranger'* ]] || exit 22
    cp "$file" "$STAND_IN/comments/${path##*/}.md" ;;
  'GET repository/commits/'*/merge_requests) cat "$STAND_IN/merge_requests" > "$output" ;;
  'GET jobs/artifacts/refs%2Fmerge-requests%2F7%2Fhead/raw/changes.json?job=plan') cp "$STAND_IN/artifacts/changes.json" "$output" ;;
  'GET issues?'*) list "$STAND_IN/issues" description ;;
  'POST issues') cp "$file" "$STAND_IN/issues/$(next "$STAND_IN/issues").md" ;;
  'PUT issues/'*)
    if [[ $closes == true ]]; then mv "$STAND_IN/issues/${path##*/}.md" "$STAND_IN/issues/${path##*/}.closed"
    else cp "$file" "$STAND_IN/issues/${path##*/}.md"; fi ;;
  *) exit 22 ;;
esac
"#;

/// A closed merge request that says it is merged, and the one that is.
const MERGE_REQUESTS: &str = r#"[{"id":1,"iid":6,"title":"\"state\":\"merged\", \"iid\":8","state":"closed","author":{"id":3}},{"id":2,"iid":7,"title":"Move","description":"{\"id\":4,\"iid\":5,","state":"merged","author":{"id":3},"milestone":{"id":8,"iid":8}}]"#;

fn site() -> Site {
    let site = Site::new(&[("curl", CURL)]);
    site.bench.write("merge_requests", MERGE_REQUESTS);
    site
}

const MADE_ELSEWHERE: [(&str, &str); 6] = [
    ("CI_API_V4_URL", "https://gitlab.example/api/v4"),
    ("CI_PROJECT_ID", "42"),
    ("CI_MERGE_REQUEST_IID", "7"),
    ("CI_COMMIT_SHA", MERGE),
    ("WABA_MIGRATE_GITLAB_TOKEN", "glpat-token"),
    ("CI_PROJECT_DIR", "."),
];

/// Runs a job in a fresh checkout; `kept/` is what the cache holds.
fn run(site: &Site, name: &str) -> Output {
    let pipeline = Pipeline::read();
    let job = pipeline.job(name).expect("a job");
    let reads_only = !["apply", "continue"].contains(&name);
    let is_there = |(secret, _): &&(&str, &str)| secret.contains("READ") == reads_only;
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut variables: Vec<_> = SECRETS.iter().filter(is_there).map(own).collect();
    variables.extend(MADE_ELSEWHERE.iter().map(own));
    for (name, value) in [pipeline.variables(), job.variables()].concat() {
        let of = |name: &str| {
            variables
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value.clone())
        };
        let value = value
            .strip_prefix('$')
            .map_or(Some(value.clone()), of)
            .unwrap_or(value);
        variables.push((name, value));
    }
    let workspace = site.workspace("workspace");
    site.copy(&site.bench.path("repository"), &workspace);
    site.copy(&site.bench.path("cache"), &workspace.join("kept"));
    let output = site.bash(&workspace, &job.script(), &variables);
    if !reads_only && workspace.join("kept").exists() {
        site.copy(&workspace.join("kept"), &site.bench.path("cache"));
    }
    if name == "plan" && workspace.join("changes.json").exists() {
        site.copy(
            &workspace.join("changes.json"),
            &site.bench.path("artifacts/changes.json"),
        );
        for report in ["terraform.json", "junit.xml"] {
            assert!(workspace.join(report).exists(), "{report}");
        }
    }
    output
}

#[track_caller]
fn ends(site: &Site, name: &str, code: i32) -> String {
    let output = run(site, name);
    assert_code(&output, code);
    stdout(&output) + &stderr(&output)
}

#[test]
fn a_merge_request_is_checked_and_planned_without_a_write() {
    let site = site();
    let validate = Pipeline::read().job("validate").expect("a job");
    let workspace = site.bench.path("repository");
    let plan = ("PLAN".to_owned(), "migration/acme.yaml".to_owned());
    let output = site.bash(&workspace, &validate.script(), &[plan]);
    assert_code(&output, 0);
    // A note that only looks like ours is left alone.
    let stranger = "<!-- waba-migrate:plan:acme -->\nby a stranger\n";
    site.bench.write("comments/1.md", stranger);
    ends(&site, "plan", 0);
    ends(&site, "plan", 0);
    assert_eq!(site.files("comments").len(), 2);
    assert_eq!(site.bench.read("comments/1.md"), stranger);
    let comment = site.files("comments").pop().expect("ours");
    let note = site.bench.read(&format!("comments/{comment}"));
    assert!(
        note.starts_with("<!-- waba-migrate:plan:acme -->\n## Plan acme\n"),
        "{note}"
    );
    assert!(
        note.contains(&format!(
            "\nCommit {MERGE}, exit code 2, change set sha256 "
        )),
        "{note}"
    );
    let plan = site.bench.read("repository/migration/acme.yaml");
    site.bench.write(
        "repository/migration/acme.yaml",
        &plan.replace("copy:", "copi:"),
    );
    ends(&site, "validate", 3);
    ends(&site, "plan", 3);
    assert!(
        site.bench
            .read(&format!("comments/{comment}"))
            .contains("exit code 3.")
    );
    assert_eq!(site.writes(), 0);
}

#[test]
fn what_was_reviewed_is_applied_parks_and_goes_on_with_the_same_change_set() {
    let site = site();
    ends(&site, "plan", 0);
    let said = ends(&site, "apply", 5);
    assert!(
        said.contains("Change set of !7, sha256 ") && said.contains("Parked: "),
        "{said}"
    );
    let writes = site.writes();
    let reviewed = site.bench.read("cache/changes.json");
    ends(&site, "continue", 5);
    assert_eq!(site.writes(), writes);
    site.hand_in_code();
    ends(&site, "continue", 0);
    assert_eq!(site.bench.read("cache/changes.json"), reviewed);
    assert!(ends(&site, "continue", 0).contains("The last run left: done."));
    ends(&site, "drift", 0);
    assert_eq!(site.files("issues"), Vec::<String>::new());
    site.unsubscribe();
    ends(&site, "drift", 0);
    ends(&site, "drift", 0);
    let issues = site.files("issues");
    assert_eq!(issues.len(), 1, "{issues:?}");
    let issue = site.bench.read(&format!("issues/{}", issues[0]));
    assert!(
        issue.contains("**drift** | `target.subscription`"),
        "{issue}"
    );
    ends(&site, "plan", 0);
    ends(&site, "apply", 0);
    ends(&site, "drift", 0);
    assert_eq!(site.files("issues"), [issues[0].replace(".md", ".closed")]);
}

#[test]
fn what_nobody_reviewed_is_not_applied() {
    let site = site();
    assert!(ends(&site, "continue", 0).contains("The last run left: none."));
    assert!(ends(&site, "apply", 1).contains("No change set of !7"));
    ends(&site, "plan", 0);
    site.bench.write("merge_requests", "[]");
    assert!(ends(&site, "apply", 1).contains("is of no merged merge request"));
    site.bench.write("merge_requests", MERGE_REQUESTS);
    let plan = site.bench.read("repository/migration/acme.yaml");
    site.bench.write(
        "repository/migration/acme.yaml",
        &format!("{plan}# edited\n"),
    );
    assert!(ends(&site, "apply", 7).contains("Plan it again in a new merge request"));
    assert_eq!(site.writes(), 0);
    assert!(ends(&site, "continue", 0).contains("The last run left: failed."));
}
