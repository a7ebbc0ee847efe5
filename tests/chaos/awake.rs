//! The checker is awake: every promise is broken on purpose here, and the breach is reported.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::future::{BoxFuture, FutureExt};
use waba_migrate::{
    api::transport::{Method, Request, Response, Transport, TransportError},
    chaos::{
        faults::{Fault, Place, Trouble},
        manner::{Draw, Manner},
        rules::Rule,
    },
    sim::script::Moment,
};

use crate::stage::Stage;

/// The account that receives the number.
const TARGET: &str = "215589313241560";

/// What is done wrong.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// A request of that edge is sent twice.
    SendsTwice(&'static str),
    /// Where a code is requested, the number is registered too, so many times.
    Registers(u32),
    /// The last line of the journal is taken away before a write leaves.
    TakesLine,
    /// A lost answer to a write of that edge, and the same is sent once more.
    SendsAgain,
    /// A line of the journal is changed.
    Edits,
    /// A secret is written beside the journal.
    Tells,
    /// Where a number is registered, its account gets no webhooks any more.
    Unsubscribes,
    /// The lock is taken away.
    Unlocks,
    /// Writes of that edge are never delivered, and answered with success.
    Swallows(&'static str),
}

/// A transport that does something wrong.
struct Saboteur {
    inner: Arc<dyn Transport>,
    wrong: Wrong,
    folder: PathBuf,
    done: AtomicBool,
}

impl Saboteur {
    fn is_first(&self) -> bool {
        !self.done.swap(true, Ordering::SeqCst)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test that leaves a secret behind"
    )]
    async fn carry(&self, request: Request) -> Result<Response, TransportError> {
        let is_write = request.method != Method::Get;
        let ends = |edge: &str| is_write && request.path.ends_with(edge);
        match self.wrong {
            Wrong::SendsTwice(edge) if ends(edge) => {
                self.inner.send(request.clone()).await.ok();
            }
            Wrong::Registers(times) if ends("/request_code") => {
                let path = request.path.replace("/request_code", "/register");
                for _ in 0..times {
                    let path = path.clone();
                    let early = Request {
                        path,
                        ..request.clone()
                    };
                    self.inner.send(early).await.ok();
                }
            }
            Wrong::TakesLine if is_write && self.is_first() => take_line(&self.folder),
            Wrong::SendsAgain if is_write => {
                let answer = self.inner.send(request.clone()).await;
                return match answer {
                    Err(_) => self.inner.send(request).await,
                    answer => answer,
                };
            }
            Wrong::Edits if ends("/verify_code") && self.is_first() => edit(&self.folder),
            Wrong::Tells if ends("/register") => {
                let told = self.folder.join("notes.jsonl");
                fs::write(told, "EAAMADEUP").expect("a writable folder");
            }
            Wrong::Unsubscribes if ends("/register") => {
                let path = format!("/v25.0/{TARGET}/subscribed_apps");
                let method = Method::Delete;
                let away = Request {
                    method,
                    path,
                    ..request.clone()
                };
                self.inner.send(away).await.ok();
            }
            Wrong::Unlocks if is_write && self.is_first() => {
                fs::remove_file(self.folder.join("lock")).expect("a lock");
            }
            Wrong::Swallows(edge) if ends(edge) => {
                return Ok(Response {
                    status: 200,
                    headers: Vec::new(),
                    body: b"{\"success\":true}".to_vec(),
                });
            }
            _ => {}
        }
        self.inner.send(request).await
    }
}

impl Transport for Saboteur {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.carry(request).boxed()
    }
}

fn newest(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder).expect("a readable folder");
    let files = files.map(|file| file.expect("a readable folder").path());
    let runs = files.filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    runs.max().expect("a journal")
}

#[expect(clippy::disallowed_methods, reason = "a test that changes a journal")]
fn take_line(folder: &Path) {
    let path = newest(folder);
    let text = fs::read_to_string(&path).expect("a journal");
    let before = text.trim_end().rfind('\n').map_or(0, |at| at + 1);
    let file = fs::OpenOptions::new().write(true).open(&path);
    file.and_then(|file| file.set_len(before as u64))
        .expect("a writable journal");
}

#[expect(clippy::disallowed_methods, reason = "a test that changes a journal")]
fn edit(folder: &Path) {
    let path = newest(folder);
    let text = fs::read_to_string(&path).expect("a journal");
    let edited = text.replacen("\"user\":\"rehearsal\"", "\"user\":\"rehearsaL\"", 1);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("a journal");
    file.write_all(edited.as_bytes())
        .expect("a writable journal");
}

/// Plays with something wrong and returns the broken rules.
fn broken(wrong: Wrong, draw: Draw) -> BTreeSet<&'static str> {
    let mut stage = Stage::example("quickstart");
    let undisturbed = stage.undisturbed();
    let folder = stage.journals();
    stage.between = Some(Box::new(move |inner| {
        Arc::new(Saboteur {
            inner,
            wrong,
            folder: folder.clone(),
            done: AtomicBool::new(false),
        })
    }));
    let played = stage.play(&undisturbed, draw);
    let breaches = played.breaches.iter();
    breaches.map(|breach| breach.rule.as_str()).collect()
}

#[track_caller]
fn check(wrong: Wrong, faults: Vec<Fault>, rules: &[Rule]) {
    check_draw(wrong, Draw::of(faults), rules);
}

#[track_caller]
fn check_draw(wrong: Wrong, draw: Draw, rules: &[Rule]) {
    let broken = broken(wrong, draw);
    for rule in rules {
        assert!(broken.contains(rule.as_str()), "{wrong:?}: {broken:?}");
    }
}

fn at(at: Place, what: Trouble) -> Vec<Fault> {
    vec![Fault { at, what }]
}

#[test]
fn a_register_that_is_sent_twice_is_reported() {
    let rules = [Rule::RegisterTwice, Rule::WithoutIntent];
    check(Wrong::SendsTwice("/register"), Vec::new(), &rules);
}

#[test]
fn a_register_before_its_time_is_reported() {
    let rules = [Rule::RegisterTooEarly, Rule::OutsideWindow];
    check(Wrong::Registers(1), Vec::new(), &rules);
}

#[test]
fn too_many_registers_are_reported() {
    check(Wrong::Registers(9), Vec::new(), &[Rule::LedgerExceeded]);
}

#[test]
fn a_write_without_its_line_is_reported() {
    check(Wrong::TakesLine, Vec::new(), &[Rule::WithoutIntent]);
}

#[test]
fn a_blind_repetition_is_reported() {
    let lost = at(Place::Write(3), Trouble::Cut(Moment::AfterEffect));
    check(Wrong::SendsAgain, lost, &[Rule::WithoutIntent]);
}

#[test]
fn a_changed_journal_is_reported() {
    check(Wrong::Edits, Vec::new(), &[Rule::JournalUnreadable]);
}

#[test]
fn a_secret_that_is_written_is_reported() {
    check(Wrong::Tells, Vec::new(), &[Rule::SecretWritten]);
}

#[test]
fn a_second_runner_that_is_let_in_is_reported() {
    let second = at(Place::Write(4), Trouble::SecondRunner);
    check(Wrong::Unlocks, second, &[Rule::SecondRunner]);
}

#[test]
fn a_change_set_that_the_program_itself_makes_stale_is_reported() {
    let manner = Manner {
        is_reviewed: true,
        ..Manner::default()
    };
    let faults = Vec::new();
    let rules = [Rule::StaleByItself];
    check_draw(Wrong::Unsubscribes, Draw { manner, faults }, &rules);
}

#[test]
fn a_play_without_an_end_is_reported() {
    let swallows = Wrong::Swallows("/whatsapp_business_profile");
    check(swallows, Vec::new(), &[Rule::NoEnd, Rule::OtherEnd]);
}
