//! The workflows for GitHub Actions, run one after the other as a migration goes.

use crate::{
    github_runner::{Ended, left, run, run_action},
    site::{HEAD, MERGE, Site},
};

/// `gh`: comments and issues are files, artifacts are folders.
const GH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
echo "$*" >> "$STAND_IN/gh.log"
if [[ $1 == run ]]; then
  mkdir -p "$9"
  cp -R "$STAND_IN/artifacts/$7/." "$9"
  exit 0
fi
method=GET body='' closes=false path=''
shift
while (($#)); do
  case $1 in
    --method) method=$2; shift ;;
    -F) body=${2#body=@}; shift ;;
    -f) [[ $2 != state=closed ]] || closes=true; shift ;;
    --jq) shift ;;
    --*) ;;
    *) path=$1 ;;
  esac
  shift
done
folder=$STAND_IN/issues
[[ $path != */comments* ]] || folder=$STAND_IN/comments
case "$method $path" in
  'GET '*/pulls) cat "$STAND_IN/pulls" ;;
  'GET '*/artifacts\?name=*) [[ ! -d $STAND_IN/artifacts/${path#*name=} ]] || echo 77 ;;
  'GET '*) (cd "$folder" && ls | sed -n 's/\.md$//p') ;;
  'POST '*) cp "$body" "$folder/$(($(ls "$folder" | wc -l) + 1)).md" ;;
  'PATCH '*) if [[ $closes == true ]]; then mv "$folder/${path##*/}.md" "$folder/${path##*/}.closed"; else cp "$body" "$folder/${path##*/}.md"; fi ;;
esac
"#;

/// `cargo install`: says what was asked for.
const CARGO: &str = r#"#!/usr/bin/env bash
echo "cargo $*" >> "$STAND_IN/cargo.log"
root=${*: -2:1}
mkdir -p "$root/bin"
ln -s "$(command -v waba-migrate)" "$root/bin/waba-migrate"
"#;

fn site() -> Site {
    let site = Site::new(&[("gh", GH), ("cargo", CARGO)]);
    site.bench.write("pulls", &format!("{MERGE} {HEAD}\n"));
    site
}

const REPOSITORY: (&str, &str) = ("github.repository", "acme/migration");
const OWN: (&str, &str) = (
    "github.event.pull_request.head.repo.full_name",
    "acme/migration",
);
const FORK: (&str, &str) = (
    "github.event.pull_request.head.repo.full_name",
    "stranger/migration",
);
const PULL_REQUEST: [(&str, &str); 3] = [
    ("github.event_name", "pull_request"),
    ("github.event.pull_request.number", "7"),
    ("github.event.pull_request.head.sha", HEAD),
];

fn pull_request(site: &Site, file: &str, job: &str, from: (&str, &str)) -> Option<Ended> {
    run(
        site,
        file,
        job,
        &[&PULL_REQUEST[..], &[from, REPOSITORY]].concat(),
    )
}

/// A run of `apply.yml`: what `find` decided, and what `apply` came to where it ran.
fn apply(site: &Site, event: &str, run_id: &str) -> (Ended, Option<Ended>) {
    let event = [
        ("github.event_name", event),
        ("github.sha", MERGE),
        ("github.run_id", run_id),
        ("github.run_attempt", "1"),
        REPOSITORY,
    ];
    let found = run(site, "apply.yml", "find", &event).expect("it has no condition");
    let go = found.outputs[0].1.clone();
    let event = [&event[..], &[("needs.find.outputs.go", &go)]].concat();
    let applied = if found.failed.is_none() {
        run(site, "apply.yml", "apply", &event)
    } else {
        None
    };
    (found, applied)
}

fn drift(site: &Site) -> Ended {
    run(
        site,
        "drift.yml",
        "drift",
        &[("github.event_name", "schedule"), REPOSITORY],
    )
    .expect("it has no condition")
}

#[track_caller]
fn passed(ended: &Ended) {
    assert_eq!(ended.failed, None, "{}", ended.log);
}

#[test]
fn a_pull_request_is_checked_and_planned_without_a_write() {
    let site = site();
    let validated = pull_request(&site, "validate.yml", "validate", FORK).unwrap();
    passed(&validated);
    assert!(!validated.log.contains("uploaded findings"));
    let validated = pull_request(&site, "validate.yml", "validate", OWN).unwrap();
    assert!(
        validated.log.contains("uploaded findings"),
        "{}",
        validated.log
    );
    assert!(
        pull_request(&site, "plan.yml", "plan", FORK).is_none(),
        "no secret for a fork"
    );
    // The comment is made once, and written anew after that.
    let planned = pull_request(&site, "plan.yml", "plan", OWN).unwrap();
    passed(&planned);
    let comments = site.files("comments");
    assert_eq!(comments.len(), 1);
    let first = site.bench.read(&format!("comments/{}", comments[0]));
    assert!(
        first.starts_with("<!-- waba-migrate:plan:acme -->\n## Plan acme\n"),
        "{first}"
    );
    assert!(
        first.contains(&format!("\nCommit {HEAD}, exit code 2, change set sha256 ")),
        "{first}"
    );
    let plan = site.bench.read("repository/migration/acme.yaml");
    site.bench.write(
        "repository/migration/acme.yaml",
        &plan.replace("8 to 20", "9 to 5"),
    );
    passed(&pull_request(&site, "plan.yml", "plan", OWN).unwrap());
    assert_eq!(site.files("comments"), comments);
    let second = site.bench.read(&format!("comments/{}", comments[0]));
    assert!(
        second.contains("9 to 5") && !second.contains("8 to 20"),
        "{second}"
    );
    assert!(
        site.bench
            .read("gh.log")
            .contains("startswith(\"<!-- waba-migrate:plan:acme -->\")")
    );
    // A plan that is wrong is told of, fails, and leaves no change set.
    site.bench.write(
        "repository/migration/acme.yaml",
        &plan.replace("copy:", "copi:"),
    );
    let validated = pull_request(&site, "validate.yml", "validate", OWN).unwrap();
    assert_eq!(validated.failed, Some(3), "{}", validated.log);
    assert!(
        validated.log.contains("uploaded findings")
            && validated.log.contains("::error file=migration/acme.yaml"),
        "{}",
        validated.log
    );
    std::fs::remove_dir_all(
        site.bench
            .path(&format!("artifacts/waba-migrate-acme-{HEAD}")),
    )
    .unwrap();
    let planned = pull_request(&site, "plan.yml", "plan", OWN).unwrap();
    assert_eq!(planned.failed, Some(3), "{}", planned.log);
    assert!(
        site.bench
            .read(&format!("comments/{}", comments[0]))
            .contains("exit code 3.")
    );
    assert_eq!(site.files("artifacts"), Vec::<String>::new());
    assert_eq!(site.writes(), 0);
}

#[test]
fn what_was_reviewed_is_applied_parks_and_goes_on_with_the_same_change_set() {
    let site = site();
    passed(&pull_request(&site, "plan.yml", "plan", OWN).unwrap());
    let (found, applied) = apply(&site, "push", "1");
    passed(&found);
    assert!(
        found
            .summary
            .contains(&format!("Change set of commit {HEAD}, sha256 "))
    );
    let applied = applied.expect("there is something to do");
    passed(&applied);
    assert_eq!(applied.environment, "production");
    assert!(
        applied.summary.contains("Parked: it waits"),
        "{}",
        applied.summary
    );
    assert_eq!(left(&site, "kept/state"), "parked\n");
    let reviewed = left(&site, "kept/changes.json");
    // Nothing came: it stays parked, and asks for no other code.
    let writes = site.writes();
    let (_, applied) = apply(&site, "schedule", "2");
    let applied = applied.expect("it is parked");
    passed(&applied);
    assert_eq!(
        (site.writes(), applied.environment.as_str()),
        (writes, "production-continue")
    );
    site.hand_in_code();
    let (_, applied) = apply(&site, "schedule", "3");
    passed(&applied.expect("it is parked"));
    assert_eq!(left(&site, "kept/state"), "done\n");
    assert_eq!(left(&site, "kept/changes.json"), reviewed);
    // Nobody is asked to approve nothing.
    let (found, applied) = apply(&site, "schedule", "4");
    assert!(applied.is_none() && found.summary.contains("The last run left: done."));
    drift_opens_one_issue_and_closes_it(&site);
}

fn drift_opens_one_issue_and_closes_it(site: &Site) {
    let writes = site.writes();
    passed(&drift(site));
    assert_eq!(site.files("issues"), Vec::<String>::new());
    site.unsubscribe();
    passed(&drift(site));
    passed(&drift(site));
    let issues = site.files("issues");
    assert_eq!(issues.len(), 1, "{issues:?}");
    let issue = site.bench.read(&format!("issues/{}", issues[0]));
    assert!(
        issue.starts_with("<!-- waba-migrate:diff:acme -->\n"),
        "{issue}"
    );
    assert!(
        issue.contains("**drift** | `target.subscription`"),
        "{issue}"
    );
    assert_eq!(site.writes(), writes, "only GETs");
    // What was repaired is planned, reviewed and applied like everything else.
    passed(&pull_request(site, "plan.yml", "plan", OWN).expect("a branch of our own"));
    let (_, applied) = apply(site, "push", "5");
    passed(&applied.expect("there is something to do"));
    passed(&drift(site));
    assert_eq!(site.files("issues"), [issues[0].replace(".md", ".closed")]);
}

#[test]
fn without_the_cache_the_run_of_the_merge_goes_on() {
    let site = site();
    passed(&pull_request(&site, "plan.yml", "plan", OWN).unwrap());
    passed(&apply(&site, "push", "1").1.expect("something to do"));
    site.hand_in_code();
    // The runner died: only that it began is known, and a person decides.
    let ended = site.files("cache").pop().expect("it was kept");
    assert!(ended.ends_with("-1-1-ended"), "{ended}");
    std::fs::remove_dir_all(site.bench.path(&format!("cache/{ended}"))).unwrap();
    let (found, applied) = apply(&site, "schedule", "2");
    assert!(applied.is_none() && found.summary.contains("The last run left: failed."));
    std::fs::remove_dir_all(site.bench.path("cache")).unwrap();
    site.bench.write("cache/.keep", "");
    let (found, applied) = apply(&site, "schedule", "2");
    assert!(applied.is_none() && found.summary.contains("The last run left: none."));
    passed(
        &apply(&site, "push", "1")
            .1
            .expect("its change set is still there"),
    );
    assert_eq!(left(&site, "kept/state"), "done\n");
    let codes = site.server.get("/__sim/requests");
    assert_eq!(
        codes.matches("/request_code").count(),
        1,
        "nothing is sent twice"
    );
}

#[test]
fn what_nobody_reviewed_is_not_applied() {
    let site = site();
    let (found, applied) = apply(&site, "push", "1");
    assert!(
        applied.is_none() && found.log.contains("::error::no change set of"),
        "{}",
        found.log
    );
    passed(&pull_request(&site, "plan.yml", "plan", OWN).unwrap());
    site.bench.write("pulls", "");
    let (found, applied) = apply(&site, "push", "2");
    assert!(applied.is_none() && found.log.contains("is not the merge of one pull request"));
    // The plan was edited after the review.
    site.bench.write("pulls", &format!("{MERGE} {HEAD}\n"));
    let plan = site.bench.read("repository/migration/acme.yaml");
    site.bench.write(
        "repository/migration/acme.yaml",
        &format!("{plan}# edited\n"),
    );
    let (_, applied) = apply(&site, "push", "3");
    let applied = applied.expect("a change set is there");
    assert_eq!(applied.failed, Some(7), "{}", applied.log);
    assert!(
        applied.log.contains("Plan it again in a new pull request"),
        "{}",
        applied.log
    );
    assert_eq!(
        (left(&site, "kept/state"), site.writes()),
        ("failed\n".to_owned(), 0)
    );
    // Only a person goes on after a failure.
    assert!(apply(&site, "schedule", "4").1.is_none());
    site.bench.write("repository/migration/acme.yaml", &plan);
    passed(
        &apply(&site, "workflow_dispatch", "5")
            .1
            .expect("asked for by hand"),
    );
    assert_eq!(left(&site, "kept/state"), "parked\n");
}

#[test]
fn the_action_installs_what_is_pinned_and_runs_a_command() {
    let site = site();
    let build = ("repository", "https://git.example/waba-migrate.git");
    let (ended, _) = run_action(&site, &[build, ("ref", "main")], &[]);
    assert_eq!(ended.failed, Some(1));
    assert!(ended.log.contains("a full commit SHA"), "{}", ended.log);
    let (ended, _) = run_action(&site, &[build, ("ref", HEAD)], &[]);
    passed(&ended);
    let expected = format!("install --locked --git {} --rev {HEAD} --root ", build.1);
    assert!(site.bench.read("cargo.log").contains(&expected));
    let reader = [
        ("META_TOKEN", "EAAREADER"),
        ("META_SOURCE_TOKEN", "EAAREADER"),
    ];
    let plan = [
        ("command", "plan"),
        ("plan", "migration/acme.yaml"),
        ("args", "--detailed-exitcode\n--only\ntarget.*\n"),
    ];
    let (ended, scope) = run_action(&site, &[&plan[..], &[("pass", "0 2")]].concat(), &reader);
    passed(&ended);
    assert!(ended.log.contains("target.subscription"), "{}", ended.log);
    let outputs = ["exit-code", "changes"]
        .map(|name| scope.values[&format!("steps.run.outputs.{name}")].clone());
    assert_eq!(outputs, ["2", "true"]);
    assert_eq!(run_action(&site, &plan, &reader).0.failed, Some(2));
}
