//! What has to hold for any bytes, one body a reader. `cargo fuzz` and `cargo test` run the same ones.
//!
//! A body takes bytes and returns; what must not be is a panic.

mod answers;
mod change_set;
mod genesys;
mod journal;
mod plan;
mod world;

pub(crate) use answers::answers;
pub(crate) use change_set::change_set;
pub(crate) use journal::journal;
pub(crate) use plan::plan;
pub(crate) use world::world;

use std::{sync::Mutex, time::Duration};

use futures_util::future::{BoxFuture, FutureExt, ready};
use jiff::{SignedDuration, Timestamp};
use waba_migrate::{
    api::transport::{Request, Response, Transport, TransportError},
    clock::Clock,
    finding::{Finding, Span},
};

/// Gives one answer to everything.
struct Always(Response);

impl Transport for Always {
    fn send(&self, _request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        ready(Ok(self.0.clone())).boxed()
    }
}

/// A clock on which waiting takes no time.
#[derive(Default)]
struct Skipping(Mutex<Duration>);

impl Clock for Skipping {
    fn now(&self) -> Timestamp {
        let passed = *self.0.lock().expect("no panic holds it");
        let passed = SignedDuration::try_from(passed).expect("a short time");
        Timestamp::UNIX_EPOCH + passed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        *self.0.lock().expect("no panic holds it") += duration;
        ready(()).boxed()
    }
}

/// Checks that what is shown of a file is a part of it.
fn check_spans(findings: &[Finding], file: &str, text: &str) {
    let spans = findings.iter().filter_map(|finding| finding.span.as_ref());
    for span in spans.filter(|span| span.file == file) {
        check_span(span, text);
    }
}

fn check_span(span: &Span, text: &str) {
    let line = text.split('\n').nth(span.line.wrapping_sub(1));
    let line = line.unwrap_or_else(|| panic!("there is no such line: {span:?}"));
    let length = line.chars().count();
    assert_eq!(span.line, span.end_line, "{span:?}");
    assert!((1..=length + 1).contains(&span.column), "{span:?}");
    assert!(span.column < span.end_column, "{span:?}");
    // A place behind the last character is one character wide.
    assert!(span.end_column <= length + 2, "{span:?}");
}

/// The beginning of some bytes, as far as it is text.
fn text_of(bytes: &[u8]) -> &str {
    let end = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    std::str::from_utf8(&bytes[..end]).expect("it is text up to there")
}

/// Waits for work that never has to wait long: clocks and transports here are made up.
fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(work)
}
