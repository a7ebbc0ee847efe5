//! Journals for the tests of these reports.

use jiff::Timestamp;

use crate::{
    ids::{AccountStep, Address, RunId},
    journal::{
        Answer, Entry, Event, StepEnd,
        event::VERSION,
        read::{FileState, RunFile},
    },
};

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn id(nth: u8) -> RunId {
    RunId::new(at(0), [nth; 10])
}

pub(super) fn started(nth: u8) -> Event {
    Event::RunStarted {
        journal: VERSION,
        run: id(nth),
        plan: "acme".into(),
        plan_digest: "d1".into(),
        host: "build-7".into(),
        user: "anna".into(),
        program: "1.0.0".into(),
        change_set: Some("b685c23153bba58eda9a".into()),
        ci_job: Some("https://ci.example/jobs/7".into()),
        commit: Some("0123456789abcdef".into()),
    }
}

pub(super) fn step() -> Address {
    Address::account(AccountStep::Subscription)
}

pub(super) fn file(nth: u8, events: Vec<Event>) -> RunFile {
    let entry = |(event, seq): (Event, u64)| Entry {
        seq,
        at: at(i64::try_from(seq).unwrap()),
        event,
    };
    RunFile {
        plan: "acme".into(),
        run: id(nth),
        path: format!(".waba-migrate/acme/{nth}.jsonl").into(),
        entries: events.into_iter().zip(1..).map(entry).collect(),
        state: FileState::Whole,
    }
}

/// A run that did one thing, and said what somebody else wants it to say.
pub(super) fn whole(note: &str) -> RunFile {
    let params = serde_json::Map::new();
    let trace_id = Some("AdG3x".to_owned());
    file(
        1,
        vec![
            started(1),
            Event::intent(&step(), 1, "POST", "/2/subscribed_apps", params),
            Event::Answered {
                step: step(),
                attempt: 1,
                answer: Answer::Accepted { trace_id },
            },
            Event::StepEnded {
                step: step(),
                end: StepEnd::Done,
                note: note.into(),
                hint: None,
                findings: Vec::new(),
            },
            Event::RunEnded { code: 0 },
        ],
    )
}

pub(super) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
