//! The worlds of `examples/preconditions`: one precondition broken in each, and beside it the text
//! that `preflight` prints. Broken before `plan`, between `plan` and `apply`, and while the register
//! step is at work, it is found every time before anything is sent that it forbids.
//!
//! `UPDATE_EXAMPLES=1 cargo test --test migration preconditions` writes the texts anew. What only a
//! journal can break, and what no world can show, is in `preflight.rs`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use waba_migrate::{
    changeset::{ChangeSet, StepGraph, checked, compute},
    finding::{Finding, Verdict},
    ids::WabaId,
    journal::{Entry, Event, StepEnd, file::Listener},
    report::findings,
    sim::{
        Simulator, file,
        script::{Effect, Match, ScriptedError, Verb},
        world::World,
    },
};

use crate::stage::{Stage, plan};

use Apply::{Done, Parks, Refused};
use Late::{Blocked, Fails, Parked, Unseen};

/// What `apply` comes to in a broken world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Apply {
    /// Nothing is sent.
    Refused,
    /// The number is not registered; what comes before may be done.
    Parks,
    /// It goes through: the finding is for people to look at.
    Done,
}

/// What a register step comes to in whose first moment the world breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Late {
    /// Blocked by a finding of this rule.
    Blocked(&'static str),
    /// A call of it fails, with a finding of this rule.
    Fails(&'static str),
    /// Parked: a gate has closed again, or the window has.
    Parked,
    /// Registered: this one does not forbid it.
    Unseen,
}

/// A world, the rules that do not pass in it, and what a run comes to.
type Row = (&'static str, &'static [&'static str], Apply, Late);

#[rustfmt::skip]
const WORLDS: &[Row] = &[
    ("good", &[], Done, Unseen),
    ("brazil.good", &[], Done, Unseen),
    ("token-invalid-target", &["token-invalid"], Refused, Fails("token-invalid")),
    ("token-invalid-source", &["templates-unreadable", "token-invalid", "two-step"], Refused, Blocked("register-unclear")),
    ("token-invalid-expired", &["token-invalid"], Refused, Fails("token-invalid")),
    ("token-invalid-other-app", &["token-invalid"], Refused, Fails("app-secret")),
    ("token-expiry-data", &["token-expiry"], Refused, Unseen),
    ("token-expiry-soon", &["token-expiry"], Done, Unseen),
    ("token-kind", &["token-kind"], Done, Unseen),
    ("token-permission-register", &["token-permission"], Refused, Fails("token-permission")),
    ("token-permission-manage", &["token-permission"], Refused, Fails("token-permission")),
    ("token-permission-not-assigned", &["token-permission"], Refused, Fails("object-missing")),
    ("token-permission-source", &["templates-unreadable", "token-permission", "two-step"], Refused, Blocked("register-unclear")),
    ("token-permission-source-not-assigned", &["templates-unreadable", "token-permission", "two-step"], Refused, Blocked("register-unclear")),
    ("target-readable", &["target-readable"], Refused, Fails("object-missing")),
    ("source-readable", &["source-readable", "templates-unreadable", "two-step"], Refused, Blocked("register-unclear")),
    ("account-review-source", &["account-review"], Refused, Blocked("account-review")),
    ("account-review-target", &["account-review"], Refused, Blocked("account-review")),
    ("business-verification", &["business-verification"], Refused, Blocked("business-verification")),
    ("account-status", &["account-status"], Done, Unseen),
    ("account-health-banned-source", &["account-health"], Refused, Blocked("account-health")),
    ("account-health-banned-target", &["account-health"], Refused, Blocked("account-health")),
    ("account-health-payment-source", &["account-health"], Done, Unseen),
    ("account-health-payment-target", &["account-health"], Refused, Blocked("account-health")),
    ("same-business", &["same-business", "template-not-coming"], Refused, Blocked("same-business")),
    ("messaging-for", &["messaging-for"], Refused, Blocked("messaging-for")),
    ("payment", &["payment"], Refused, Blocked("payment")),
    ("subscription-missing", &["subscription-missing"], Refused, Blocked("subscription-missing")),
    ("number-nowhere", &["number-nowhere"], Refused, Blocked("register-unclear")),
    ("number-on-source-once", &["number-on-source-once"], Refused, Blocked("number-on-source-once")),
    ("number-connected-banned", &["number-connected"], Refused, Blocked("number-connected")),
    ("number-connected-flagged", &["number-connected"], Refused, Blocked("number-connected")),
    ("number-connected-disconnected", &["number-connected"], Refused, Blocked("number-connected")),
    ("number-connected-pending", &["number-connected"], Refused, Blocked("number-connected")),
    ("number-connected-on-premise", &["number-connected"], Refused, Blocked("number-connected")),
    ("number-business-app", &["number-business-app"], Refused, Blocked("number-business-app")),
    ("number-test", &["number-test"], Refused, Blocked("number-test")),
    ("number-banned", &["number-banned", "register-attempts"], Refused, Blocked("number-banned")),
    ("number-spelling", &["number-spelling"], Refused, Blocked("number-spelling")),
    ("display-name-declined", &["display-name"], Refused, Blocked("display-name")),
    ("display-name-unreviewed", &["display-name"], Parks, Unseen),
    ("name-change", &["name-change"], Refused, Blocked("name-change")),
    ("two-step", &["two-step"], Parks, Parked),
    ("register-attempts", &["register-attempts"], Done, Blocked("number-not-verified")),
    ("verification-expires", &["verification-expires"], Parks, Unseen),
    ("window-past", &["window-past"], Parks, Parked),
    ("window-short", &["window-short"], Parks, Parked),
    ("capacity-numbers", &["capacity-numbers"], Parks, Unseen),
    ("capacity-templates", &["capacity-templates"], Done, Unseen),
    ("quota", &["quota"], Done, Unseen),
    ("template-collision", &["template-collision"], Done, Unseen),
    ("template-name-blocked", &["template-name-blocked"], Parks, Unseen),
    ("template-required-unmatched", &["template-required-unmatched"], Done, Unseen),
];

/// What no world settles: whether somebody receives the codes.
const ALWAYS: [&str; 1] = ["code-reachable"];

/// The rules that are judged again right before a register and that can block it; one more, about
/// the target itself, has a test of its own.
const RESTS_ON: &[&str] = &[
    "account-health",
    "account-review",
    "business-verification",
    "display-name",
    "messaging-for",
    "name-change",
    "number-banned",
    "number-business-app",
    "number-connected",
    "number-on-source-once",
    "number-spelling",
    "number-test",
    "payment",
    "same-business",
    "subscription-missing",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/preconditions")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the repository's own files"
)]
fn read(name: &str) -> String {
    let path = folder().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that writes the repository's own files when it is asked to"
)]
fn write(name: &str, text: &str) {
    fs::write(folder().join(name), text).expect("a folder that can be written to");
}

fn world(name: &str) -> World {
    let name = format!("{name}.world.yaml");
    file::parse(&name, read(&name).as_bytes()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The plan of a world, and the world in which it goes through.
fn plan_and_good(name: &str) -> (&'static str, &'static str) {
    match name {
        "number-spelling" | "brazil.good" => ("brazil.plan.yaml", "brazil.good"),
        _ => ("plan.yaml", "good"),
    }
}

fn stage(name: &str) -> Stage {
    Stage::on(plan(&read(plan_and_good(name).0)), world(name))
}

fn good_stage(name: &str) -> Stage {
    Stage::on(
        plan(&read(plan_and_good(name).0)),
        world(plan_and_good(name).1),
    )
}

/// What `preflight` and `plan` look at.
struct Looked {
    checked: Vec<Finding>,
    changes: ChangeSet,
}

impl Looked {
    fn at(stage: &Stage) -> Self {
        let seen = stage.seen();
        let changes = compute(&stage.plan, &StepGraph::of(&stage.plan), &seen);
        let checked = checked(&stage.plan, &seen, &changes);
        Self { checked, changes }
    }

    fn open(&self) -> impl Iterator<Item = &Finding> {
        self.checked
            .iter()
            .filter(|one| one.verdict != Verdict::Pass)
    }

    fn text(&self) -> String {
        let text = findings::preflight(&self.checked, self.changes.summary.gates);
        anstream::adapter::strip_str(&text).to_string()
    }
}

fn rules<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> BTreeSet<&'a str> {
    findings.into_iter().map(|finding| &*finding.rule).collect()
}

#[test]
fn every_world_has_its_text_and_its_row() {
    let names = |end: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(folder()).expect("a folder of worlds");
        let names = entries.map(|entry| entry.expect("a readable folder").file_name());
        names
            .filter_map(|name| Some(name.to_str()?.strip_suffix(end)?.to_owned()))
            .collect()
    };
    let rows: BTreeSet<_> = WORLDS.iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(names(".world.yaml"), rows);
    assert_eq!(names(".txt"), rows);
}

#[test]
fn preflight_says_what_stands_beside_the_world() {
    let mut differing = String::new();
    for (name, opens, apply, _) in WORLDS {
        let looked = Looked::at(&stage(name));
        let expected: BTreeSet<_> = opens.iter().copied().chain(ALWAYS).collect();
        assert_eq!(rules(looked.open()), expected, "{name}");
        for finding in looked.open() {
            let says_all =
                finding.who.is_some() && finding.hint.is_some() && finding.proof.is_some();
            assert!(says_all, "{name}: {finding:?}");
        }
        let blocks = looked.changes.findings.iter().any(Finding::blocks);
        assert_eq!(blocks, *apply == Refused, "{name}");
        differing += &difference(name, &looked.text());
    }
    assert!(
        differing.is_empty(),
        "{differing}\nwrite the texts anew: UPDATE_EXAMPLES=1 cargo test --test migration preconditions"
    );
}

/// Compares a text with its file, or writes it there.
#[expect(
    clippy::disallowed_methods,
    reason = "a test that writes the repository's own files when it is asked to"
)]
fn difference(name: &str, text: &str) -> String {
    let file = format!("{name}.txt");
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        write(&file, text);
    }
    let expected = read(&file);
    if expected == text {
        return String::new();
    }
    let only_in = |one: &str, other: &str, sign: &str| -> String {
        let known: BTreeSet<_> = other.lines().collect();
        let lines = one.lines().filter(|line| !known.contains(line));
        lines.map(|line| format!("{sign} {line}\n")).collect()
    };
    let (gone, new) = (only_in(&expected, text, "-"), only_in(text, &expected, "+"));
    format!("{file} is not what preflight prints:\n{gone}{new}")
}

#[test]
fn what_breaks_between_plan_and_apply_is_found_before_the_first_write() {
    for (name, opens, expected, _) in WORLDS {
        let stage = good_stage(name);
        assert!(!stage.plan().findings.iter().any(Finding::blocks), "{name}");
        stage.sim.edit(|good| *good = world(name));
        let run = stage.apply();
        let told = format!("{name}: {:?}\n{}", run.blocking, run.ends());
        let found = rules(&run.blocking);
        assert!(found.iter().all(|rule| opens.contains(rule)), "{told}");
        match expected {
            Refused => assert!(!found.is_empty() && any_write(&stage).is_none(), "{told}"),
            Parks => assert!(!run.is_done() && stage.sent("/register") == 0, "{told}"),
            Done => assert!(run.is_done() && stage.effects("/register") == 1, "{told}"),
        }
    }
}

/// The first write that reached the simulator, whatever came of it.
fn any_write(stage: &Stage) -> Option<String> {
    let requests = stage.sim.requests();
    let write = requests.into_iter().find(|call| call.method != "GET");
    write.map(|call| call.path)
}

#[test]
fn what_breaks_when_the_register_step_begins_is_found_before_its_call() {
    for (name, _, _, expected) in WORLDS {
        let mut stage = good_stage(name);
        stage.listener = Some(break_at_register(&stage.sim, world(name)));
        let run = stage.apply();
        let told = format!("{name}:\n{}", run.ends());
        let mut ended = run.report.ended.iter();
        let register = ended.find(|ended| ended.step.as_str().ends_with(".register"));
        let register = register.expect("a register step");
        let (end, found) = (register.end, rules(&register.findings));
        let sent = (stage.sent("/register"), stage.effects("/register"));
        match expected {
            Blocked(rule) => {
                assert_eq!((end, sent), (StepEnd::Blocked, (0, 0)), "{told}");
                assert!(found.contains(rule), "{told}");
            }
            Fails(rule) => {
                assert_eq!((end, sent.1), (StepEnd::Failed, 0), "{told}");
                assert!(found.contains(rule), "{told}");
            }
            Parked => assert_eq!((end, sent), (StepEnd::Parked, (0, 0)), "{told}"),
            Unseen => assert_eq!((end, sent), (StepEnd::Done, (1, 1)), "{told}"),
        }
    }
}

/// Breaks the world right before the register step reads everything for the last time.
fn break_at_register(sim: &Simulator, broken: World) -> Listener {
    let sim = sim.clone();
    at_register(move || sim.edit(|world| graft(world, &broken)))
}

/// Does something when the journal says that the register step has begun.
fn at_register(act: impl Fn() + Send + Sync + 'static) -> Listener {
    Arc::new(move |entry: &Entry| {
        if let Event::StepStarted { step } = &entry.event
            && step.as_str().ends_with(".register")
        {
            act();
        }
    })
}

/// Mostly the register step's own reads of the number fail first. Here the account alone does.
#[test]
fn a_target_that_cannot_be_read_any_more_blocks_a_register() {
    let mut stage = good_stage("good");
    let sim = stage.sim.clone();
    stage.listener = Some(at_register(move || {
        let read = Match::first(Verb::Get, "215589313241560").times(u32::MAX);
        sim.fault(read, Effect::Error(no_access()));
    }));
    let run = stage.apply();
    let (end, note) = run.end("number[\"+4930901820\"].register");
    assert_eq!(
        (end, stage.sent("/register")),
        (StepEnd::Blocked, 0),
        "{note}"
    );
    assert!(note.starts_with("the target cannot be read"), "{note}");
}

fn no_access() -> ScriptedError {
    ScriptedError {
        code: 100,
        subcode: Some(33),
        message: "Unsupported get request.".into(),
        details: None,
        transient: false,
        status: None,
    }
}

#[test]
fn every_rule_a_register_rests_on_has_been_broken_there() {
    let blocked: BTreeSet<_> = WORLDS
        .iter()
        .filter_map(|(_, _, _, late)| match late {
            Blocked(rule) => Some(*rule),
            Fails(_) | Parked | Unseen => None,
        })
        .collect();
    let missing: Vec<_> = RESTS_ON
        .iter()
        .filter(|rule| !blocked.contains(*rule))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Breaks a world in which a run is under way: everything is as in the other one, but what the run
/// has made on the target stays.
fn graft(world: &mut World, broken: &World) {
    let source: WabaId = "102290129340398".parse().expect("an id");
    world.now = world.now.max(broken.now);
    world.businesses.clone_from(&broken.businesses);
    world.apps.clone_from(&broken.apps);
    world.tokens.clone_from(&broken.tokens);
    world.wabas.clone_from(&broken.wabas);
    world.numbers.retain(|_, number| number.waba != source);
    for (id, number) in &broken.numbers {
        let made = world.number_on(&number.waba, &number.phone);
        let made = made
            .filter(|_| number.waba != source)
            .map(|(id, _)| id.clone());
        world
            .numbers
            .insert(made.unwrap_or_else(|| id.clone()), number.clone());
    }
}
