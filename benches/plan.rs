//! How much work the parts of `plan` are: `cargo bench --bench plan`.
//!
//! It says nothing about the network; `end_to_end.rs` does.

mod canned;
mod fixture;

use std::{hint::black_box, path::Path, sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use waba_migrate::{
    api::{
        meta::{Connection, Patience, Reader},
        transport::Transport,
    },
    changeset::{ChangeSet, StepGraph, compute},
    clock::SystemClock,
    ids::{Address, NumberStep, RunId},
    journal::{
        History, Lock,
        event::{Answer, Event, StepEnd},
        file::Journal,
        read::history,
    },
    plan::Plan,
    report::changes,
    secret::Secret,
    sim::Simulator,
    snapshot::{Readers, Snapshot, observe},
};

use canned::Recorder;

/// Lines of the journal that is replayed, in runs of a hundred numbers each.
const JOURNAL_LINES: usize = 10_000;

/// Looks at both accounts of a plan.
async fn look(plan: &Plan, transport: Arc<dyn Transport>, token: Secret) -> Snapshot {
    let connection = Arc::new(Connection::new(
        transport,
        Arc::new(SystemClock),
        plan.graph.api_version.clone(),
        token,
        None,
        Patience(Duration::ZERO),
    ));
    let reader = Reader::new(connection);
    let readers = Readers {
        source: reader.clone(),
        target: reader,
        debug: None,
        source_has_own_token: false,
        genesys: None,
    };
    observe(
        plan,
        &readers,
        History::default(),
        Timestamp::constant(1_795_424_400, 0),
    )
    .await
}

/// Decides every step, and says it to people and programs.
fn decide_and_say(plan: &Plan, seen: &Snapshot) -> (ChangeSet, String, String) {
    let changes = compute(plan, &StepGraph::of(plan), seen);
    let text = changes::render(&changes, &plan.graph.api_version);
    let json = serde_json::to_string_pretty(&changes).expect("a change set is JSON");
    (changes, text, json)
}

/// Everything `plan` does between the file and the terminal.
fn plan_of(
    file: &str,
    transport: &Arc<dyn Transport>,
    token: &Secret,
    runtime: &Runtime,
) -> (ChangeSet, String, String) {
    let plan = fixture::plan(file);
    let seen = runtime.block_on(look(&plan, transport.clone(), token.clone()));
    decide_and_say(&plan, &seen)
}

fn planning(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread()
        .build()
        .expect("a runtime without I/O starts");
    let file = fixture::plan_file();
    let plan = fixture::plan(&file);
    let mut world = fixture::world(&plan);
    // A benchmark makes more calls than an account has in an hour.
    world.switches.rate_limits = false;
    let token = fixture::token(&world);
    let simulator = Simulator::new(world);
    let recorder = Arc::new(Recorder::new(simulator.transport()));
    let seen = runtime.block_on(look(&plan, recorder.clone(), token.clone()));
    let canned: Arc<dyn Transport> = Arc::new(recorder.canned());
    check(&decide_and_say(&plan, &seen).0);

    let mut group = criterion.benchmark_group("200 numbers, 6,000 templates");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(10));
    group.bench_function("validate", |bench| {
        bench.iter(|| fixture::plan(black_box(&file)));
    });
    group.bench_function("compute", |bench| {
        let graph = StepGraph::of(&plan);
        bench.iter(|| compute(black_box(&plan), &graph, black_box(&seen)));
    });
    group.bench_function("read, validate and plan: prepared answers", |bench| {
        bench.iter(|| plan_of(&file, &canned, &token, &runtime));
    });
    group.bench_function("read, validate and plan: simulator", |bench| {
        let transport = simulator.transport();
        bench.iter(|| {
            simulator.edit(|world| world.log.clear());
            plan_of(&file, &transport, &token, &runtime)
        });
    });
    group.finish();
}

/// A benchmark of a plan that stops at once would measure nothing.
fn check(changes: &ChangeSet) {
    assert!(changes.findings.iter().all(|finding| !finding.blocks()));
    assert!(changes.summary.calls > 3 * fixture::NUMBERS);
}

fn replaying(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_journal(folder.path());
    let mut group = criterion.benchmark_group("journal of 10,000 lines");
    group.sample_size(20);
    group.bench_function("replay", |bench| {
        bench.iter(|| history(folder.path(), "large").expect("the journal is whole"));
    });
    group.finish();
}

/// Writes runs of steps that are started, sent, answered and done.
fn write_journal(root: &Path) {
    let lock = Lock::take(root, "large", "bench").expect("nobody else has the folder");
    let plan = fixture::plan(&fixture::plan_file());
    let steps = [
        NumberStep::Add,
        NumberStep::RequestCode,
        NumberStep::Verify,
        NumberStep::Register,
    ];
    let addresses = plan
        .numbers
        .iter()
        .cycle()
        .flat_map(|number| steps.map(|step| Address::number(&number.phone, step)));
    let addresses: Vec<_> = addresses.take(JOURNAL_LINES / 4).collect();
    for (run, addresses) in addresses.chunks(250).enumerate() {
        let at = Timestamp::constant(1_795_424_400 + run as i64, 0);
        let clock = Arc::new(SystemClock);
        let journal = Journal::create(&lock, RunId::new(at, [0; 10]), clock, None)
            .expect("every run has an id of its own");
        for step in addresses {
            for event in events(step) {
                journal.record(event).expect("the disk has room");
            }
        }
    }
}

fn events(step: &Address) -> [Event; 4] {
    let step = step.clone();
    let params = serde_json::json!({"messaging_product": "whatsapp", "pin": "***"});
    [
        Event::StepStarted { step: step.clone() },
        Event::Intent {
            step: step.clone(),
            attempt: 1,
            method: "POST".into(),
            path: "/106540352242922/register".into(),
            params: serde_json::from_value(params).expect("an object"),
            fingerprint: None,
        },
        Event::Answered {
            step: step.clone(),
            attempt: 1,
            answer: Answer::Accepted { trace_id: None },
        },
        Event::StepEnded {
            step,
            end: StepEnd::Done,
            note: "accepted".into(),
            hint: None,
            findings: Vec::new(),
        },
    ]
}

criterion_group!(benches, planning, replaying);
criterion_main!(benches);
