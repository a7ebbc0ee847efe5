//! A crash at every line of the journal, and in the middle of every write: apply again, same end.
//!
//! A process dies by unwinding at a chosen point. Everything runs on one thread, so nothing happens
//! after that point, just as after `kill -9`.

use std::{
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::future::{BoxFuture, FutureExt};
use serde_json::Value;
use waba_migrate::{
    api::transport::{Download, Method, Request, Response, Transport, TransportError},
    journal::Entry,
};

use crate::stage::{QUICKSTART, SMALL, Stage, phone};

/// What unwinds. Unlike a panic it prints nothing.
struct Death;

pub(crate) fn die() -> ! {
    resume_unwind(Box::new(Death))
}

/// When a process dies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Point {
    /// Right after the n-th line of the journal is on disk.
    Line(usize),
    /// In the middle of the line after the n-th.
    TornLine(usize),
    /// Right after the n-th write had its effect, before its answer came.
    Sent(usize),
}

/// Dies at a write, or lets it through.
struct Mortal {
    inner: Arc<dyn Transport>,
    dies_at: usize,
    writes: Arc<AtomicUsize>,
}

impl Transport for Mortal {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let is_write = request.method != Method::Get;
            let answer = self.inner.send(request).await;
            if is_write && self.writes.fetch_add(1, Ordering::SeqCst) + 1 == self.dies_at {
                die();
            }
            answer
        }
        .boxed()
    }

    fn download(&self, download: Download) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.inner.download(download)
    }
}

/// Runs until the process dies or ends. Returns whether it died.
pub(crate) fn run_until(stage: &mut Stage, point: Point) -> bool {
    let (meta, genesys) = (stage.transport.clone(), stage.genesys.clone());
    match point {
        Point::Line(nth) | Point::TornLine(nth) => {
            let line = AtomicUsize::new(0);
            stage.listener = Some(Arc::new(move |_: &Entry| {
                if line.fetch_add(1, Ordering::SeqCst) + 1 == nth {
                    die();
                }
            }));
        }
        Point::Sent(nth) => {
            let writes = Arc::new(AtomicUsize::new(0));
            for door in [&mut stage.transport, &mut stage.genesys] {
                *door = Arc::new(Mortal {
                    inner: door.clone(),
                    dies_at: nth,
                    writes: writes.clone(),
                });
            }
        }
    }
    let died = catch_unwind(AssertUnwindSafe(|| stage.apply())).is_err();
    stage.listener = None;
    (stage.transport, stage.genesys) = (meta, genesys);
    if died && matches!(point, Point::TornLine(_)) {
        tear(stage.journals().last().expect("a journal"));
    }
    died
}

fn tear(journal: &Path) {
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(journal)
        .expect("a journal");
    file.write_all(br#"{"seq":99,"at":"2026-11-23T09:0"#)
        .expect("a writable journal");
}

/// Goes on right after a death until nothing is left.
#[track_caller]
fn go_on(stage: &mut Stage, case: &str) {
    for _ in 0..3 {
        let run = stage.apply();
        assert!(run.blocking.is_empty(), "{case}: {:?}", run.blocking);
        let by_name = stage.options.new_codes.len();
        assert!(
            stage.sent("/request_code") <= 1 + by_name,
            "{case}: a code asked for again"
        );
        if run.is_done() {
            return;
        }
        if stage.sim.code(&phone("+49 30 901820")).is_none() {
            stage.options.new_codes.insert(phone("+49 30 901820"));
        }
    }
    panic!("{case}: no end:\n{}", stage.apply().ends());
}

#[track_caller]
fn check(plan: &str, point: Point, expected: &str) -> bool {
    let case = format!("{point:?}");
    let mut stage = Stage::new(plan);
    // What was reviewed before the first run stays valid through every death.
    stage.review();
    if !run_until(&mut stage, point) {
        return false;
    }
    go_on(&mut stage, &case);
    assert_eq!(stage.end_state(), expected, "{case}");
    for once in [
        "/register",
        "/phone_numbers",
        "/migrate_message_templates",
        "/verify_code",
    ] {
        assert_eq!(stage.effects(once), 1, "{case}: {once}");
    }
    assert_eq!(stage.sent("/register"), 1, "{case}");
    assert!(stage.effects("/request_code") <= 1, "{case}: two codes");
    assert!(stage.plan().is_empty(), "{case}");
    true
}

fn undisturbed(plan: &str) -> String {
    let stage = Stage::new(plan);
    assert!(stage.apply().is_done());
    stage.end_state()
}

#[test]
fn a_crash_after_any_line_of_the_journal_costs_nothing() {
    let expected = undisturbed(QUICKSTART);
    let deaths = (1..)
        .take_while(|&nth| check(QUICKSTART, Point::Line(nth), &expected))
        .count();
    assert!(deaths > 25, "only {deaths} lines were written");
}

#[test]
fn a_crash_in_the_middle_of_any_line_costs_nothing() {
    let expected = undisturbed(QUICKSTART);
    let deaths = (1..)
        .take_while(|&nth| check(QUICKSTART, Point::TornLine(nth), &expected))
        .count();
    assert!(deaths > 25, "only {deaths} lines were written");
}

#[test]
fn a_crash_right_after_any_write_costs_nothing() {
    for plan in [QUICKSTART, SMALL] {
        let expected = undisturbed(plan);
        let deaths = (1..)
            .take_while(|&nth| check(plan, Point::Sent(nth), &expected))
            .count();
        assert_eq!(deaths, 7);
    }
}

/// Looks into the journal at the moment a write leaves.
struct Auditor {
    inner: Arc<dyn Transport>,
    journal: Arc<dyn Fn() -> Vec<Value> + Send + Sync>,
    audited: Arc<AtomicUsize>,
}

impl Transport for Auditor {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        if request.method != Method::Get {
            let lines = (self.journal)();
            let open = open_intents(&lines);
            let path = request
                .path
                .strip_prefix("/v25.0")
                .expect("a versioned path");
            let intended = open
                .iter()
                .any(|(method, intent)| method == request.method.as_str() && intent == path);
            assert!(
                intended,
                "{} {path} left without an intent: {open:?}",
                request.method
            );
            self.audited.fetch_add(1, Ordering::SeqCst);
        }
        self.inner.send(request)
    }

    fn download(&self, download: Download) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.inner.download(download)
    }
}

/// Intents that have no answer yet: method and path.
fn open_intents(lines: &[Value]) -> Vec<(String, String)> {
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let mut open: Vec<(String, String, String)> = Vec::new();
    for line in lines {
        match line["event"].as_str() {
            Some("intent") => {
                open.push((text(line, "step"), text(line, "method"), text(line, "path")));
            }
            Some("answered") => open.retain(|(step, ..)| *step != text(line, "step")),
            _ => {}
        }
    }
    open.into_iter()
        .map(|(_, method, path)| (method, path))
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "a test looks at what is on disk")]
fn lines(journal: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(journal).expect("a journal");
    let parse = |line| serde_json::from_str(line).expect("a whole line of JSON");
    text.lines().map(parse).collect()
}

#[test]
fn no_write_leaves_before_its_intent_is_on_disk() {
    let mut stage = Stage::new(QUICKSTART);
    let audited = Arc::new(AtomicUsize::new(0));
    let folder = stage.journal_folder();
    stage.transport = Arc::new(Auditor {
        inner: stage.transport.clone(),
        journal: Arc::new(move || {
            let newest = crate::stage::journals(&folder).pop().expect("a journal");
            lines(&newest)
        }),
        audited: audited.clone(),
    });
    assert!(stage.apply().is_done());
    assert_eq!(audited.load(Ordering::SeqCst), stage.writes().len());
}
