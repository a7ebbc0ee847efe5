//! Everything that one run did, event by event.

use jiff::Timestamp;

use super::{below, digest_of, ended, facts, fitting_table, word};
use crate::{
    journal::{Answer, Entry, Event, StepEnd, run::Summary},
    report::{clean, count, markdown, style},
};

/// The most of a single value that is shown.
const VALUE: usize = 300;

/// Renders everything one run did.
pub fn run(summary: &Summary, entries: &[Entry]) -> String {
    let mut text = format!(
        "{} {}  {}  {}\n",
        style::heading("Run"),
        style::heading(summary.run.to_string()),
        clean(&summary.plan),
        ended(summary),
    );
    for fact in facts(summary) {
        text += &below(&fact);
    }
    text.push('\n');
    let mut day = None;
    for entry in entries {
        let today = entry.at.strftime("%Y-%m-%d").to_string();
        if day.as_ref() != Some(&today) {
            text += &format!("{}\n", style::heading(format!("{today} UTC")));
            day = Some(today);
        }
        let time = style::faint(time(entry.at));
        let (event, details) = told(&entry.event);
        let step = entry.event.step().map(|step| clean(step.as_str()));
        let step = step.map(|step| format!("{step}  ")).unwrap_or_default();
        text += &format!("  {time}  {step}{}\n", paint(&entry.event, event));
        for detail in details {
            text += &below(&detail);
        }
    }
    text
}

/// Renders everything one run did as Markdown: the last that fits.
pub fn run_markdown(summary: &Summary, entries: &[Entry], max_chars: usize) -> String {
    let facts: String = facts(summary)
        .iter()
        .map(|fact| format!("* {}\n", markdown::text(fact)))
        .collect();
    let head = format!(
        "# Run {}\n\n{} of {}.\n\n{facts}\n",
        summary.run,
        markdown::text(&word(summary)),
        markdown::text(&summary.plan),
    );
    let row = |entry: &Entry| {
        let (event, details) = told(&entry.event);
        let step = entry.event.step().map(|step| step.as_str().to_owned());
        let at = format!("{:.3}", entry.at);
        vec![at, step.unwrap_or_default(), event, details.join("; ")]
    };
    let rows: Vec<_> = entries.iter().map(row).collect();
    fitting_table(&head, &["At", "Step", "Event", "Details"], &rows, max_chars)
}

/// An event in a few words, and what else it tells, a line each.
fn told(event: &Event) -> (String, Vec<String>) {
    match event {
        Event::RunStarted { program, .. } => (format!("run began (version {program})"), vec![]),
        Event::StepStarted { step: _ } => ("began".into(), vec![]),
        Event::Intent {
            step: _,
            attempt,
            method,
            path,
            params,
            fingerprint,
        } => {
            let params = serde_json::to_string(params).unwrap_or_default();
            let details = [
                Some(format!("with {}", excerpt(&params))),
                fingerprint
                    .as_deref()
                    .map(|text| format!("fingerprint {}", digest_of(text))),
            ];
            let details = details.into_iter().flatten().collect();
            (format!("intends {method} {path} (try {attempt})"), details)
        }
        Event::Answered {
            step: _,
            attempt,
            answer,
        } => answered(*attempt, answer),
        Event::LookedUp { step: _, found } => {
            let found = if *found {
                "it is there"
            } else {
                "it is not there"
            };
            (format!("looked up: {found}"), vec![])
        }
        Event::Kept {
            step: _,
            what,
            data,
        } => (format!("keeps {what}"), vec![excerpt(&data.to_string())]),
        Event::Gate {
            step: _,
            reason,
            next,
        } => waits(reason, Some(next)),
        Event::Waiting {
            step: _,
            reason,
            next,
        } => waits(reason, next.as_deref()),
        Event::Retrying {
            step: _,
            attempt,
            seconds,
            reason,
        } => {
            let pause = count(usize::try_from(*seconds).unwrap_or(usize::MAX), "second");
            (
                format!("tries again in {pause} (try {attempt})"),
                vec![reason.clone()],
            )
        }
        Event::RateLimited { step: _, until } => (
            format!("a rate limit holds it back until {until:.0}"),
            vec![],
        ),
        Event::StepEnded {
            step: _,
            end,
            note,
            hint,
            findings,
        } => {
            let note = Some(note.clone()).filter(|note| !note.is_empty());
            let findings = findings
                .iter()
                .map(|it| format!("[{}] {}", it.rule, it.message));
            let hint = hint.iter().map(|hint| format!("next: {hint}"));
            let details = note.into_iter().chain(findings).chain(hint).collect();
            (step_end(*end).to_owned(), details)
        }
        Event::RunEnded { code } => (format!("run ended (exit code {code})"), vec![]),
        Event::Other => ("something that a newer release wrote".into(), vec![]),
    }
}

fn waits(reason: &str, next: Option<&str>) -> (String, Vec<String>) {
    let next = next.map(|next| format!("next: {next}"));
    (format!("waits for {reason}"), next.into_iter().collect())
}

fn answered(attempt: u32, answer: &Answer) -> (String, Vec<String>) {
    let trace = answer.trace_id().map(|trace| format!("trace {trace}"));
    let (word, message) = match answer {
        Answer::Accepted { trace_id: _ } => ("accepted".to_owned(), None),
        Answer::Refused {
            code,
            subcode,
            error_code,
            message,
            ..
        } => {
            let code = match (subcode, error_code) {
                (Some(subcode), _) => format!("{code}/{subcode}"),
                (None, Some(word)) => format!("{code} {word}"),
                (None, None) => code.to_string(),
            };
            (format!("refused, code {code}"), Some(message))
        }
        Answer::NotSent { message } => ("not sent".to_owned(), Some(message)),
        Answer::InDoubt { message } => ("in doubt".to_owned(), Some(message)),
    };
    let details = message.cloned().into_iter().chain(trace).collect();
    (format!("{word} (try {attempt})"), details)
}

fn step_end(end: StepEnd) -> &'static str {
    match end {
        StepEnd::Done => "done",
        StepEnd::Already => "nothing left to do",
        StepEnd::Parked => "parked",
        StepEnd::Blocked => "blocked",
        StepEnd::Stale => "stale",
        StepEnd::Failed => "failed",
        StepEnd::NotStarted => "not started",
        StepEnd::LeftOut => "left out",
    }
}

fn paint(event: &Event, text: String) -> style::Painted {
    let text = clean(&text);
    match event {
        Event::StepEnded { end, .. } => match end {
            StepEnd::Done | StepEnd::Already => style::good(text),
            StepEnd::Parked | StepEnd::NotStarted | StepEnd::LeftOut => style::notice(text),
            StepEnd::Blocked | StepEnd::Stale | StepEnd::Failed => style::bad(text),
        },
        Event::Answered { answer, .. } => match answer {
            Answer::Accepted { .. } => style::plain(text),
            Answer::InDoubt { .. } | Answer::NotSent { .. } => style::notice(text),
            Answer::Refused { .. } => style::bad(text),
        },
        _ => style::plain(text),
    }
}

fn excerpt(text: &str) -> String {
    match text.char_indices().nth(VALUE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S%.3f").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{plain, whole};
    use super::*;

    #[test]
    fn a_run_shows_every_event_with_its_time_and_trace_id() {
        let file = whole("subscribed");
        let shown = run(&Summary::of(&file, None), &file.entries);
        insta::assert_snapshot!(plain(&shown), @r"
        Run 01a3185c-5000-7101-8101-010101010101  acme  done (0)
            anna on build-7, change set b685c23153bb: 1 done
            job https://ci.example/jobs/7
            commit 0123456789abcdef

        2027-01-15 UTC
          08:00:01.000  run began (version 1.0.0)
          08:00:02.000  target.subscription  intends POST /2/subscribed_apps (try 1)
            with {}
            fingerprint 15b143dcf30e
          08:00:03.000  target.subscription  accepted (try 1)
            trace AdG3x
          08:00:04.000  target.subscription  done
            subscribed
          08:00:05.000  run ended (exit code 0)
        ");
    }

    #[test]
    fn nothing_from_outside_breaks_out() {
        let file = whole("a|b\n::error::x\u{1b}[31m</td> @you [x](https://evil.example)");
        let summary = Summary::of(&file, None);
        let shown = plain(&run(&summary, &file.entries));
        assert!(
            !shown.contains('\u{1b}') && !shown.contains("\n::"),
            "{shown}"
        );
        let markdown = run_markdown(&summary, &file.entries, 65_000);
        let row = markdown.lines().find(|line| line.contains("evil")).unwrap();
        assert!(row.contains("a\\|b") && row.contains("\\[x\\]"), "{row}");
        let cells = markdown.lines().filter(|line| line.starts_with("| "));
        for line in cells {
            assert_eq!(line.replace("\\|", "").matches('|').count(), 5, "{line}");
        }
    }
}
