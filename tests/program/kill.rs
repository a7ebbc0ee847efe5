//! Real processes: the program is killed with SIGKILL while a write is under way, for every write of
//! a migration, before and after its effect. Run again until done, the end is the same, nothing that
//! cannot be taken back happens twice, and no code is asked for twice.

use std::{
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::Value;

use crate::{
    bench::{assert_code, stderr, stdout},
    change_sets::{SECRETS, Site},
};

/// What must have its effect once, whatever happens.
const ONCE: [&str; 5] = [
    "/migrate_message_templates",
    "/phone_numbers",
    "/request_code",
    "/verify_code",
    "/register",
];

/// Lives that are played side by side: they mostly wait.
const SIDE_BY_SIDE: usize = 4;

/// More runs than any life takes.
const MOST_RUNS: usize = 8;

/// When a write hangs, and the process that sent it is killed.
#[derive(Clone, Copy, Debug)]
struct Death {
    /// Counts the writes of the whole life from 1.
    nth: usize,
    moment: &'static str,
}

/// How a life ended.
#[derive(Debug)]
struct Life {
    site: Site,
    /// The write at which it was killed, by the last part of its path.
    killed_at: Option<String>,
    code: Option<i32>,
}

impl Life {
    /// Plays a life until its migration is done or does not go on.
    fn play(death: Option<Death>) -> Self {
        let site = Site::new();
        if let Some(Death { nth, moment }) = death {
            let fault = format!(
                r#"{{"on":{{"method":"POST","nth":{nth}}},"effect":{{"timeout":"{moment}"}}}}"#
            );
            site.server.post("/__sim/fault", "", &fault);
        }
        let mut life = Self {
            site,
            killed_at: None,
            code: None,
        };
        for _ in 0..MOST_RUNS {
            life.code = life.run(death);
            if life.code == Some(0) || life.waits_for_a_copy() {
                break;
            }
            life.site
                .server
                .post("/__sim/advance", "", r#"{"seconds": 60}"#);
            if life.effects("/request_code") > 0 {
                life.site.deliver_code();
            }
        }
        life
    }

    /// Meta may be at a copy for half a minute after nobody waits for it any more, so a copy that got
    /// no answer, or that was about to leave when the process died, is not sent again before. A test
    /// does not wait for that: one more run is enough.
    fn waits_for_a_copy(&self) -> bool {
        let is_copied = self.effects("/migrate_message_templates") > 0;
        self.killed_at.is_some() && self.code == Some(5) && !is_copied
    }

    /// Runs `apply` to its end, or kills it. Returns its exit code.
    fn run(&mut self, death: Option<Death>) -> Option<i32> {
        let url = self.site.server.url().to_owned();
        let mut command = self.site.bench.command(&["apply", "acme.yaml"]);
        // A code that may be on its way is asked for again by name only.
        let is_parked = self.killed_at.is_some() && self.code == Some(5);
        if is_parked && self.effects("/request_code") == 0 {
            command.args(["--new-code", "+4930901820"]);
        }
        let mut run = command
            .args(["--auto-approve", "--wait", "1s", "--poll-interval", "250ms"])
            .args(["--graph-url", &url])
            .envs(SECRETS)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let Some(Death { nth, moment: _ }) = death.filter(|_| self.killed_at.is_none()) else {
            return run.wait().expect("it is a child").code();
        };
        loop {
            let ended = run.try_wait().expect("it is a child");
            if let Some(status) = ended {
                return status.code();
            }
            if let Some((path, _)) = self.writes().into_iter().nth(nth - 1) {
                run.kill().expect("it runs");
                run.wait().expect("it is dead");
                let edge = path.rsplit('/').next().unwrap_or_default();
                self.killed_at = Some(format!("/{edge}"));
                return None;
            }
        }
    }

    /// The writes so far: path, and whether it had its effect.
    fn writes(&self) -> Vec<(String, bool)> {
        let calls = self.site.server.get("/__sim/requests");
        let calls: Vec<Value> = serde_json::from_str(&calls).expect("JSON");
        let writes = calls.iter().filter(|call| call["method"] == "POST");
        let write = |call: &Value| {
            let path = call["path"].as_str().unwrap_or_default().to_owned();
            (path, call["took_effect"] == true)
        };
        writes.map(write).collect()
    }

    fn effects(&self, edge: &str) -> usize {
        let is = |(path, took_effect): &&(String, bool)| path.ends_with(edge) && *took_effect;
        self.writes().iter().filter(is).count()
    }

    /// Where the world has come to, without ids and times.
    fn end(&self) -> Vec<String> {
        let world: Value =
            serde_json::from_str(&self.site.server.get("/__sim/world")).expect("JSON");
        let all = |of: &str| {
            let all = world[of].as_object().expect("a map by id").values();
            all.cloned().collect::<Vec<_>>()
        };
        let numbers = all("numbers").into_iter().map(|one| {
            let fields = ["phone", "waba", "status", "platform", "verification", "pin"];
            let fields = fields.map(|field| one[field].to_string());
            format!("{} {}", fields.join(" "), one["profile"]["about"])
        });
        let templates = all("templates").into_iter().map(|one| {
            let fields = ["waba", "name", "language", "status"];
            fields.map(|field| one[field].to_string()).join(" ")
        });
        let mut lines: Vec<_> = numbers.chain(templates).collect();
        lines.sort();
        lines
    }
}

#[track_caller]
fn check(death: Death, expected: &[String]) -> bool {
    let life = Life::play(Some(death));
    let Some(at) = &life.killed_at else {
        return false;
    };
    let case = format!("{death:?} at {at}: {:?}", life.writes());
    for once in ONCE {
        assert!(life.effects(once) <= 1, "{once} twice: {case}");
    }
    if life.waits_for_a_copy() {
        let sent = life.site.sent("/migrate_message_templates");
        assert!(sent <= 1, "{case}");
        assert_eq!(life.effects("/register"), 0, "{case}");
        return true;
    }
    assert_eq!(life.code, Some(0), "{case}");
    assert_eq!(life.end(), expected, "{case}");
    for once in ONCE {
        assert_eq!(life.effects(once), 1, "{once}: {case}");
    }
    if death.moment == "after_effect" {
        for once in ONCE {
            assert_eq!(life.site.sent(once), 1, "{once}: {case}");
        }
    }
    life.site.run(0, &["diff", "acme.yaml"]);
    assert_code(&life.site.bench.run(&["runs", "--verify"]), 0);
    let told = stdout(&life.site.bench.run(&["runs"]));
    assert!(told.contains("did not end"), "{told}");
    true
}

#[test]
fn killed_at_any_write_it_goes_on_and_does_nothing_twice() {
    let undisturbed = Life::play(None);
    assert_eq!(undisturbed.code, Some(0));
    let (expected, writes) = (undisturbed.end(), undisturbed.writes().len());
    assert!(writes >= ONCE.len() + 2, "only {writes} writes");
    let moments = ["before_effect", "after_effect"];
    // The last writes first: after a register without an answer its number is watched for a while.
    let deaths: Vec<_> = moments
        .iter()
        .flat_map(|moment| (1..=writes).rev().map(|nth| Death { nth, moment }))
        .collect();
    let next = AtomicUsize::new(0);
    let play = || {
        while let Some(&death) = deaths.get(next.fetch_add(1, Ordering::SeqCst)) {
            assert!(check(death, &expected), "{death:?} never came");
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(play);
        }
    });
}

#[test]
fn the_next_run_says_that_the_last_one_did_not_end() {
    let site = Site::new();
    let hang =
        r#"{"on":{"method":"POST","path":"*/phone_numbers"},"effect":{"timeout":"after_effect"}}"#;
    site.server.post("/__sim/fault", "", hang);
    let url = site.server.url().to_owned();
    let who = [("USER", "anna"), ("HOSTNAME", "build-7")];
    let arguments = ["apply", "acme.yaml", "--auto-approve", "--wait", "1s"];
    let mut run = site
        .bench
        .command(&arguments)
        .args(["--graph-url", &url])
        .envs(SECRETS)
        .envs(who)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let is_sent = || site.sent("/phone_numbers") > 0;
    assert!((0..20_000).any(|_| is_sent()), "the number was never added");
    // A second run is refused and told who works, as long as the first one lives.
    let variables = [&SECRETS[..], &who].concat();
    let again = [&arguments[..], &["--graph-url", &url]].concat();
    let refused = site.bench.run_with(&again, &variables);
    assert_code(&refused, 8);
    assert!(
        stderr(&refused).contains("anna on build-7, since 20"),
        "{}",
        stderr(&refused)
    );
    let shown = stdout(&site.bench.run(&["runs"]));
    assert!(shown.contains("no end yet"), "{shown}");
    run.kill().expect("it runs");
    run.wait().expect("it is dead");
    let went_on = site.bench.run_with(&again, &variables);
    assert_code(&went_on, 5);
    let told = stderr(&went_on);
    let expected = "Took over the lease of a run that did not end: anna on build-7 (process ";
    assert!(told.contains(expected), "{told}");
    assert_eq!(site.sent("/phone_numbers"), 1);
}
