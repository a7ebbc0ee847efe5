//! The journal of real runs: listed, shown, verified; its lease; and what becomes of a run that
//! cannot write it.

use serde_json::Value;

use crate::{
    bench::{assert_code, stderr, stdout},
    change_sets::{SECRETS, Site},
};

const APPLY: [&str; 5] = ["apply", "acme.yaml", "--auto-approve", "--wait", "1s"];

const LEASE: &str = ".waba-migrate/acme/lease.json";

/// The lease of a run on another host.
fn lease(renewed: &str) -> String {
    format!(
        r#"{{"holder":"ben","host":"elsewhere","pid":7,"since":"2020-01-01T00:00:00Z","renewed":"{renewed}","ttl_seconds":180,"token":"his"}}"#
    )
}

/// The only journal file.
fn journal(site: &Site) -> String {
    let listed = site.bench.run(&["runs", "--verify", "--format", "json"]);
    let files: Vec<Value> = serde_json::from_str(&stdout(&listed)).expect("JSON");
    let [file] = files.as_slice() else {
        panic!("{files:?}")
    };
    file["file"].as_str().expect("a path").to_owned()
}

#[test]
fn a_run_is_listed_shown_and_verified() {
    let site = Site::new();
    let ci = [
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "acme/numbers"),
        ("GITHUB_RUN_ID", "42"),
        ("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567"),
        ("USER", "anna"),
        ("HOSTNAME", "build-7"),
    ];
    let url = ["--graph-url", site.server.url()];
    let variables = [&SECRETS[..], &ci].concat();
    let output = site
        .bench
        .run_with(&[&APPLY[..], &url].concat(), &variables);
    assert_code(&output, 5);
    // Listed.
    let listed = site.bench.run(&["runs", "--format", "json"]);
    let runs: Value = serde_json::from_str(&stdout(&listed)).expect("JSON");
    let run = &runs[0];
    assert_eq!(
        (&run["user"], &run["host"]),
        (&"anna".into(), &"build-7".into())
    );
    assert_eq!(
        run["ci_job"],
        "https://github.com/acme/numbers/actions/runs/42"
    );
    assert_eq!(run["commit"], ci[3].1);
    assert_eq!((&run["end"], &run["code"]), (&"parked".into(), &5.into()));
    let schema = stdout(&site.bench.run(&["schema", "runs"]));
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    assert!(jsonschema::is_valid(&schema, &runs));
    let text = stdout(&site.bench.run(&["runs", "--plan", "acme.yaml"]));
    assert!(
        text.contains("parked (5)") && text.contains("actions/runs/42"),
        "{text}"
    );
    let markdown = stdout(&site.bench.run(&["runs", "--format", "markdown"]));
    assert!(markdown.contains("| anna on build-7 |"), "{markdown}");
    // Shown, by the beginning of its id.
    let id = run["run"].as_str().expect("an id");
    let shown = stdout(&site.bench.run(&["runs", &id[..13]]));
    assert!(
        shown.contains("request_code  accepted (try 1)\n    trace A"),
        "{shown}"
    );
    assert!(shown.contains("    fingerprint "), "{shown}");
    let json = stdout(&site.bench.run(&["runs", id, "--format", "json"]));
    let entries: Vec<Value> = serde_json::from_str(&json).expect("JSON");
    assert_eq!(entries[0]["event"], "run_started");
    assert!(entries.iter().any(|entry| entry["fingerprint"].is_string()));
    assert_code(&site.bench.run(&["runs", "ffff"]), 1);
    // Nothing of the lease is left, and no secret is in any file.
    assert!(!site.bench.path(LEASE).exists());
    let bytes = site.bench.everything_below(".waba-migrate");
    for (_, secret) in SECRETS {
        assert!(!String::from_utf8_lossy(&bytes).contains(secret));
    }
}

#[test]
fn a_chain_is_verified_line_by_line() {
    let site = Site::new();
    site.run(5, &APPLY);
    let journal = journal(&site);
    let text = site.bench.read(&journal);
    let verify = |code: i32, expected: &str| {
        let output = site.bench.run(&["runs", "--verify"]);
        assert_code(&output, code);
        assert!(stdout(&output).contains(expected), "{}", stdout(&output));
    };
    verify(0, "every chain is whole");
    site.bench.write(&journal, &text[..text.len() - 5]);
    verify(0, "torn last line");
    let edited = text.replace("\"attempt\":1", "\"attempt\":2");
    assert_ne!(edited, text);
    site.bench.write(&journal, &edited);
    verify(1, "damaged at line ");
    let without: Vec<_> = text
        .lines()
        .enumerate()
        .filter(|(at, _)| *at != 2)
        .collect();
    let without: String = without
        .iter()
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    site.bench.write(&journal, &without);
    verify(1, "damaged at line 3");
    // What is left is shown, and does not pass for the whole.
    let run = journal
        .rsplit('/')
        .next()
        .expect("a name")
        .replace(".jsonl", "");
    assert_code(&site.bench.run(&["runs", &run]), 1);
    let listed = stdout(&site.bench.run(&["runs"]));
    assert!(listed.contains("its file: damaged at line 3"), "{listed}");
    // Nothing is sent on a journal that was changed.
    let posts = site.sent("");
    let output = site.run(1, &APPLY);
    assert!(
        stderr(&output).contains("was changed: line 3"),
        "{}",
        stderr(&output)
    );
    assert_eq!(site.sent(""), posts);
}

#[test]
fn a_run_on_another_host_is_waited_for_until_its_lease_runs_out() {
    let site = Site::new();
    site.bench.write(LEASE, &lease("2999-01-01T00:00:00Z"));
    let output = site.run(8, &APPLY);
    let told = stderr(&output);
    let who =
        "another run works on this plan: ben on elsewhere (process 7), since 2020-01-01T00:00:00Z";
    assert!(told.contains(who), "{told}");
    assert!(told.contains("runs --break-lease"), "{told}");
    assert_eq!(
        site.server.get("/__sim/requests"),
        "[]",
        "not even looked at"
    );
    // Handing in a code needs no lease, as before.
    let code = site.run(1, &["verify-code", "acme.yaml", "+4930901820", "123456"]);
    assert!(
        stderr(&code).contains("run apply first"),
        "{}",
        stderr(&code)
    );
    site.bench.write(LEASE, &lease("2020-01-01T00:00:00Z"));
    let told = stderr(&site.run(5, &APPLY));
    assert!(
        told.contains("Took over the lease of a run that did not end: ben on elsewhere"),
        "{told}"
    );
    assert!(!site.bench.path(LEASE).exists());
}

#[test]
fn a_lease_is_broken_by_name_and_one_that_cannot_be_read_counts() {
    let site = Site::new();
    site.bench.write(LEASE, "{\"holder\": \"ben\"");
    let told = stderr(&site.run(8, &APPLY));
    assert!(
        told.contains("does not tell who works on this plan"),
        "{told}"
    );
    assert_eq!(site.sent(""), 0);
    site.bench.write(LEASE, &lease("2999-01-01T00:00:00Z"));
    let other = site.bench.run(&["runs", "--break-lease", "acne"]);
    assert_code(&other, 1);
    assert!(
        stderr(&other).contains("no plan acne, but: acme"),
        "{}",
        stderr(&other)
    );
    let broken = site.bench.run(&["runs", "--break-lease", "acme"]);
    assert_code(&broken, 0);
    assert!(
        stderr(&broken).contains("held by ben on elsewhere"),
        "{}",
        stderr(&broken)
    );
    assert!(
        stdout(&broken).contains("The lease of acme is broken"),
        "{}",
        stdout(&broken)
    );
    assert!(!site.bench.path(LEASE).exists());
    let again = stdout(&site.bench.run(&["runs", "--break-lease", "acme"]));
    assert!(again.contains("Nobody holds"), "{again}");
    site.run(5, &APPLY);
}

#[test]
fn a_run_whose_lease_was_taken_sends_nothing_more() {
    use std::process::Stdio;
    let site = Site::new();
    let slow =
        r#"{"on":{"method":"POST","path":"*/subscribed_apps"},"effect":{"delay":{"seconds":2}}}"#;
    site.server.post("/__sim/fault", "", slow);
    let url = site.server.url().to_owned();
    let run = site
        .bench
        .command(&APPLY)
        .args(["--graph-url", &url])
        .envs(SECRETS)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let is_sent = || site.sent("/subscribed_apps") > 0;
    assert!(
        (0..20_000).any(|_| is_sent()),
        "the app was never subscribed"
    );
    site.bench.replace(LEASE, &lease("2999-01-01T00:00:00Z"));
    let output = run.wait_with_output().expect("it ends");
    assert_code(&output, 8);
    let told = stderr(&output);
    assert!(
        told.contains("this run has lost the lease of its plan to ben on elsewhere"),
        "{told}"
    );
    assert_eq!(site.sent("/phone_numbers"), 0);
    // What was under way is in the journal, and the lease of the other one is left alone.
    let shown = stdout(&site.bench.run(&["runs"]));
    assert!(shown.contains("lost its lease (8)"), "{shown}");
    let bytes = site.bench.everything_below(".waba-migrate");
    assert!(String::from_utf8_lossy(&bytes).contains("\"answer\":\"accepted\""));
    assert!(site.bench.read(LEASE).contains("elsewhere"));
}

#[test]
fn a_run_that_waits_notices_that_its_lease_was_taken() {
    use std::process::Stdio;
    let site = Site::new();
    let url = site.server.url().to_owned();
    let run = site
        .bench
        .command(&["apply", "acme.yaml", "--auto-approve", "--wait", "1h"])
        .args(["--poll-interval", "1s", "--graph-url", &url])
        .envs(SECRETS)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // All that can be sent was sent, and the templates are in review.
    let has = |what: &str| {
        let journal = site.bench.everything_below(".waba-migrate");
        String::from_utf8_lossy(&journal).contains(what)
    };
    let waits = || has("\"event\":\"waiting\"") && has("no one-time code is at hand");
    assert!((0..200_000).any(|_| waits()), "it never waited");
    let sent = site.sent("");
    site.bench.replace(LEASE, &lease("2999-01-01T00:00:00Z"));
    let output = run.wait_with_output().expect("it ends");
    assert_code(&output, 8);
    let told = stderr(&output);
    assert!(told.contains("has lost the lease"), "{told}");
    assert_eq!(site.sent(""), sent);
    let shown = stdout(&site.bench.run(&["runs"]));
    assert!(shown.contains("lost its lease (8)"), "{shown}");
}

#[test]
fn a_journal_that_is_gone_is_told_and_costs_no_correctness() {
    let site = Site::new();
    let first = site.run(5, &APPLY);
    assert!(!stderr(&first).contains("no journal"), "{}", stderr(&first));
    site.server.post("/__sim/advance", "", r#"{"seconds": 60}"#);
    std::fs::remove_dir_all(site.bench.path(".waba-migrate")).expect("a folder");
    for command in [&["plan", "acme.yaml"][..], &["status", "acme.yaml"]] {
        let told = stderr(&site.run(0, command));
        assert_eq!(told.matches("no journal of acme").count(), 1, "{told}");
        assert!(told.contains("+4930901820"), "{told}");
        assert!(told.contains("72 hours"), "{told}");
    }
    let told = stderr(&site.run(5, &APPLY));
    assert_eq!(told.matches("no journal of acme").count(), 1, "{told}");
    site.deliver_code();
    let wait = ["--wait", "20s"];
    let last = site.run(0, &[&APPLY[..3], &wait].concat());
    assert!(!stderr(&last).contains("no journal"), "{}", stderr(&last));
    for once in ["/phone_numbers", "/register", "/migrate_message_templates"] {
        assert_eq!(site.sent(once), 1, "{once}");
    }
}

#[cfg(unix)]
mod cannot_write {
    use std::{os::unix::fs::PermissionsExt, process::Command};

    use super::*;

    #[track_caller]
    fn refused(site: &Site, arguments: &[&str], expected: &str) {
        let output = site.run(1, &[&APPLY[..], arguments].concat());
        let told = stderr(&output);
        assert!(told.contains(expected), "{told}");
        assert!(told.contains("name another with --journal"), "{told}");
        assert_eq!(site.sent(""), 0);
    }

    #[test]
    fn a_journal_in_a_place_that_is_no_folder_is_refused_before_the_first_write() {
        let site = Site::new();
        refused(
            &site,
            &["--journal", "acme.yaml"],
            "cannot create the journal folder acme.yaml/acme",
        );
        refused(
            &site,
            &["--journal", "/dev/full"],
            "cannot create the journal folder /dev/full/acme",
        );
    }

    #[test]
    fn a_folder_that_is_read_only_is_refused_before_the_first_write() {
        let site = Site::new();
        let folder = site.bench.path("closed");
        std::fs::create_dir(&folder).expect("a folder");
        let closed = std::fs::Permissions::from_mode(0o555);
        std::fs::set_permissions(&folder, closed).expect("it is ours");
        // Nothing is closed to root.
        if std::fs::File::create_new(folder.join("probe")).is_ok() {
            return;
        }
        refused(
            &site,
            &["--journal", "closed"],
            "cannot create the journal folder closed/acme",
        );
    }

    /// Runs where no file may grow beyond so many blocks, as on a disk that is full.
    fn on_a_small_disk(site: &Site, blocks: u32) -> std::process::Output {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        Command::new("/bin/sh")
            .args(["-c", &script, "sh", crate::bench::PROGRAM])
            .args(APPLY)
            .args(["--graph-url", site.server.url()])
            .current_dir(site.bench.path(""))
            .env_clear()
            .envs(SECRETS)
            .output()
            .expect("a shell")
    }

    #[test]
    fn a_disk_that_is_full_stops_every_write_that_cannot_be_journaled() {
        for blocks in [0, 1, 2, 4] {
            let site = Site::new();
            let output = on_a_small_disk(&site, blocks);
            assert_code(&output, 1);
            let told = stderr(&output);
            assert!(told.contains("cannot write .waba-migrate/acme/"), "{told}");
            assert!(told.contains("make room"), "{told}");
            let journal = site.bench.everything_below(".waba-migrate");
            let journal = String::from_utf8_lossy(&journal).into_owned();
            let intents = journal.lines().filter(|line| line.ends_with('}'));
            let intents = intents
                .filter(|line| line.contains("\"event\":\"intent\""))
                .count();
            assert!(site.sent("") <= intents, "{blocks}: {journal}");
            assert!(blocks > 0 || site.sent("") == 0);
            // With room again it goes on.
            site.run(5, &APPLY);
            assert_eq!(site.sent("/phone_numbers"), 1, "{blocks}");
            assert!(site.sent("/request_code") <= 1, "{blocks}");
        }
    }
}
