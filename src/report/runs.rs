//! The journal, for people: a list of runs, everything one run did, and whether the files are whole.
//!
//! Names, notes and messages are from outside, and so is what stands in a journal's file.

use jiff::Timestamp;

use super::{clean, count, markdown, style, wrap};
use crate::{
    ids::RunId,
    journal::{
        Answer, Entry, Event, StepEnd,
        file::{FileState, RunFile},
        lease::Lease,
        run::{End, Steps, Summary},
    },
};

/// The width that texts are wrapped to.
const COLUMNS: usize = 80;

/// Where the facts of a run, and what an event tells, begin.
const INDENT: usize = 4;

/// The least of an id that is shown: the time of its birth to the millisecond.
const SHORT: usize = 13;

/// How much of a digest is shown.
const DIGEST: usize = 12;

/// The most of a single value that is shown.
const VALUE: usize = 300;

/// A lease and the plan it is of.
pub type Leased<'a> = (&'a str, &'a Lease);

/// Renders the list of runs, the oldest first.
pub fn list(runs: &[Summary], leases: &[Leased<'_>]) -> String {
    if runs.is_empty() {
        return format!("No runs.\n{}", leased(leases));
    }
    let length = shortest(runs);
    let lines: String = runs.iter().map(|run| in_list(run, length)).collect();
    format!(
        "{lines}\n{}{} {}.\n",
        leased(leases),
        style::heading("Runs:"),
        runs.len()
    )
}

fn in_list(run: &Summary, length: usize) -> String {
    let started = run.started.map_or_else(|| "-".to_owned(), minute);
    let mut text = format!(
        "{}  {}  {started} UTC  {}\n",
        style::heading(short(run.run, length)),
        clean(&run.plan),
        ended(run),
    );
    for fact in facts(run) {
        text += &below(&fact);
    }
    text
}

/// What else is known of a run, a line each.
fn facts(run: &Summary) -> Vec<String> {
    let by = by(run);
    let change_set = run.change_set.as_deref();
    let change_set = change_set.map(|digest| format!(", change set {}", digest_of(digest)));
    let first = format!(
        "{}{}: {}",
        by.as_deref().unwrap_or("nobody known"),
        change_set.unwrap_or_default(),
        steps(&run.steps)
    );
    let job = run.ci_job.as_ref().map(|job| format!("job {job}"));
    let commit = run.commit.as_ref().map(|commit| format!("commit {commit}"));
    let file = match &run.file {
        FileState::Whole => None,
        other => Some(format!("its file: {}", state(other))),
    };
    [Some(first), job, commit, file]
        .into_iter()
        .flatten()
        .collect()
}

fn by(run: &Summary) -> Option<String> {
    let (user, host) = (run.user.as_deref()?, run.host.as_deref()?);
    Some(format!("{user} on {host}"))
}

fn leased(leases: &[Leased<'_>]) -> String {
    let line = |(plan, lease): &Leased<'_>| {
        let text = lease_line(plan, lease);
        let lines = wrap(&clean(&text), COLUMNS).join("\n");
        format!("{lines}\n")
    };
    leases.iter().map(line).collect()
}

/// Says who holds the lease of a plan, and until when it counts.
pub fn lease_line(plan: &str, lease: &Lease) -> String {
    let (who, renewed, until) = (lease.who(), lease.renewed, lease.until());
    format!(
        "The lease of {plan} is held by {who}; renewed at {renewed:.0}, runs out at {until:.0}."
    )
}

/// Renders the list of runs as Markdown: the newest that fit.
pub fn list_markdown(runs: &[Summary], max_chars: usize) -> String {
    let heads = [
        "Run",
        "Plan",
        "Began (UTC)",
        "By",
        "Change set",
        "Ended",
        "Steps",
        "Job",
    ];
    let length = shortest(runs);
    let row = |run: &Summary| {
        let job = [run.ci_job.as_deref(), run.commit.as_deref()];
        vec![
            short(run.run, length),
            run.plan.clone(),
            run.started.map_or_else(|| "-".to_owned(), minute),
            by(run).unwrap_or_else(|| "-".to_owned()),
            run.change_set.as_deref().map_or("-", digest_of).to_owned(),
            match &run.file {
                FileState::Whole => word(run),
                other => format!("{}; its file: {}", word(run), state(other)),
            },
            steps(&run.steps),
            job.into_iter().flatten().collect::<Vec<_>>().join(" at "),
        ]
    };
    let rows: Vec<_> = runs.iter().map(row).collect();
    let head = format!("# Runs\n\n{}\n\n", count(runs.len(), "run"));
    fitting_table(&head, &heads, &rows, max_chars)
}

/// Leaves out the first rows until the rest fits, and says so.
fn fitting_table(head: &str, heads: &[&str], rows: &[Vec<String>], max_chars: usize) -> String {
    // Room for the sentence about what is missing.
    const TAIL: usize = 80;
    let length = |row: &Vec<String>| {
        let cells = row
            .iter()
            .map(|cell| markdown::length(&markdown::text(cell)) + 3);
        cells.sum::<usize>() + 2
    };
    let mut room = max_chars.saturating_sub(markdown::length(head) + TAIL + 20 * heads.len());
    let mut first = rows.len();
    for (at, row) in rows.iter().enumerate().rev() {
        let Some(left) = room.checked_sub(length(row)) else {
            break;
        };
        (room, first) = (left, at);
    }
    let missing = match first {
        0 => String::new(),
        missing => format!(
            "\n_{} left out to fit; `--format json` has all._\n",
            count(missing, "earlier row")
        ),
    };
    format!("{head}{}{missing}", markdown::table(heads, &rows[first..]))
}

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
            message,
            ..
        } => {
            let subcode = subcode
                .map(|subcode| format!("/{subcode}"))
                .unwrap_or_default();
            (format!("refused, code {code}{subcode}"), Some(message))
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

/// Renders whether every file is as it was written, a line each.
pub fn verify(files: &[RunFile]) -> String {
    let line = |file: &RunFile| {
        let shown = clean(&state(&file.state));
        let shown = match &file.state {
            FileState::Whole => style::good(shown),
            FileState::Torn => style::notice(shown),
            FileState::Damaged { .. } | FileState::Newer { .. } | FileState::Unreadable { .. } => {
                style::bad(shown)
            }
        };
        let path = clean(&file.path.display().to_string());
        format!(
            "{path}\n{:INDENT$}{shown} ({})\n",
            "",
            count(file.entries.len(), "line")
        )
    };
    let lines: String = files.iter().map(line).collect();
    let bad = files.iter().filter(|file| !file.state.is_good()).count();
    let verdict = match bad {
        0 => "every chain is whole.".to_owned(),
        bad => format!("{bad} not as written."),
    };
    format!(
        "{lines}{} {}, {verdict}\n",
        style::heading("Journal:"),
        count(files.len(), "file")
    )
}

/// The same as Markdown.
pub fn verify_markdown(files: &[RunFile], max_chars: usize) -> String {
    let row = |file: &RunFile| {
        let path = file.path.display().to_string();
        vec![path, file.entries.len().to_string(), state(&file.state)]
    };
    let rows: Vec<_> = files.iter().map(row).collect();
    fitting_table(
        "# Journal files\n\n",
        &["File", "Lines", "State"],
        &rows,
        max_chars,
    )
}

fn state(state: &FileState) -> String {
    match state {
        FileState::Whole => "whole".into(),
        FileState::Torn => {
            "whole, but for a torn last line: the run was killed while it wrote".into()
        }
        FileState::Damaged { line } => format!("damaged at line {line}"),
        FileState::Newer { version } => format!("of a newer release (version {version})"),
        FileState::Unreadable { problem } => format!("cannot be read: {problem}"),
    }
}

fn word(run: &Summary) -> String {
    let word = match run.end {
        End::Done => "done",
        End::Failed => "failed",
        End::Blocked => "blocked",
        End::Parked => "parked",
        End::Partial => "done in part",
        End::Stale => "stale",
        End::LostLease => "lost its lease",
        End::Credential => "stopped by a credential",
        End::Stopped => "interrupted",
        End::Open => "no end yet: it holds the lease",
        End::DidNotEnd => "did not end",
    };
    match run.code {
        Some(code) => format!("{word} ({code})"),
        None => word.to_owned(),
    }
}

fn ended(run: &Summary) -> style::Painted {
    let word = word(run);
    match run.end {
        End::Done => style::good(word),
        End::Parked | End::Stopped | End::Open => style::notice(word),
        End::Failed
        | End::Blocked
        | End::Partial
        | End::Stale
        | End::LostLease
        | End::Credential
        | End::DidNotEnd => style::bad(word),
    }
}

fn steps(steps: &Steps) -> String {
    let Steps {
        done,
        already,
        parked,
        blocked,
        stale,
        failed,
        not_started,
        left_out,
    } = *steps;
    let parts = [
        (done, "done"),
        (already, "done before"),
        (parked, "parked"),
        (blocked, "blocked"),
        (stale, "stale"),
        (failed, "failed"),
        (not_started, "not started"),
        (left_out, "left out"),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<_> = parts
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    match parts.is_empty() {
        true => "no steps ended".to_owned(),
        false => parts.join(", "),
    }
}

/// How much of an id tells every run from every other.
fn shortest(runs: &[Summary]) -> usize {
    let mut ids: Vec<_> = runs.iter().map(|run| run.run.to_string()).collect();
    ids.sort();
    let common = |pair: &[String]| {
        let same = pair[0].bytes().zip(pair[1].bytes());
        same.take_while(|(one, other)| one == other).count() + 1
    };
    ids.windows(2).map(common).fold(SHORT, usize::max)
}

fn short(run: RunId, length: usize) -> String {
    run.to_string().chars().take(length).collect()
}

fn digest_of(digest: &str) -> &str {
    digest.get(..DIGEST).unwrap_or(digest)
}

fn excerpt(text: &str) -> String {
    match text.char_indices().nth(VALUE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A fact on as many lines as it takes.
fn below(text: &str) -> String {
    let lines = wrap(&clean(text), COLUMNS - INDENT);
    let lines = lines.iter();
    lines
        .map(|line| format!("{:INDENT$}{line}\n", ""))
        .collect()
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

fn time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S%.3f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{AccountStep, Address},
        journal::event::VERSION,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn id(nth: u8) -> RunId {
        RunId::new(at(0), [nth; 10])
    }

    fn started(nth: u8) -> Event {
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

    fn step() -> Address {
        Address::account(AccountStep::Subscription)
    }

    fn file(nth: u8, events: Vec<Event>) -> RunFile {
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
    fn whole(note: &str) -> RunFile {
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

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_list_tells_who_did_what_and_how_it_ended() {
        let killed = RunFile {
            state: FileState::Damaged { line: 3 },
            ..file(2, vec![started(2)])
        };
        let runs: Vec<_> = [whole("subscribed"), killed]
            .iter()
            .map(|file| Summary::of(file, None))
            .collect();
        insta::assert_snapshot!(plain(&list(&runs, &[])), @r"
        01a3185c-5000-71  acme  2027-01-15 08:00 UTC  done (0)
            anna on build-7, change set b685c23153bb: 1 done
            job https://ci.example/jobs/7
            commit 0123456789abcdef
        01a3185c-5000-72  acme  2027-01-15 08:00 UTC  did not end
            anna on build-7, change set b685c23153bb: no steps ended
            job https://ci.example/jobs/7
            commit 0123456789abcdef
            its file: damaged at line 3

        Runs: 2.
        ");
        insta::assert_snapshot!(list_markdown(&runs, 65_000), @r"
        # Runs

        2 runs

        | Run | Plan | Began (UTC) | By | Change set | Ended | Steps | Job |
        | --- | --- | --- | --- | --- | --- | --- | --- |
        | 01a3185c-5000-71 | acme | 2027-01-15 08:00 | anna on build-7 | b685c23153bb | done (0) | 1 done | https:&#8203;//ci.example/jobs/7 at 0123456789abcdef |
        | 01a3185c-5000-72 | acme | 2027-01-15 08:00 | anna on build-7 | b685c23153bb | did not end; its file: damaged at line 3 | no steps ended | https:&#8203;//ci.example/jobs/7 at 0123456789abcdef |
        ");
        let short = list_markdown(&runs, 480);
        assert!(short.contains("1 earlier row left out to fit"), "{short}");
        assert!(!short.contains("done (0)"), "{short}");
    }

    #[test]
    fn a_run_that_holds_the_lease_may_be_under_way() {
        let lease = Lease {
            holder: "anna".into(),
            host: "build-7".into(),
            pid: 7,
            run: Some(id(2)),
            since: at(0),
            renewed: at(60),
            ttl_seconds: 180,
            token: "t".into(),
        };
        let open = Summary::of(&file(2, vec![started(2)]), Some(&lease));
        assert_eq!(open.end, End::Open);
        let ended = Summary::of(&file(1, vec![started(1)]), Some(&lease));
        assert_eq!(ended.end, End::DidNotEnd);
        let shown = plain(&list(&[open], &[("acme", &lease)]));
        assert!(shown.contains("no end yet: it holds the lease"), "{shown}");
        assert!(
            shown.contains("The lease of acme is held by anna on build-7"),
            "{shown}"
        );
    }

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

    #[test]
    fn verifying_names_the_line_that_does_not_fit() {
        let damaged = RunFile {
            state: FileState::Damaged { line: 3 },
            ..file(2, vec![started(2)])
        };
        insta::assert_snapshot!(plain(&verify(&[whole(""), damaged])), @r"
        .waba-migrate/acme/1.jsonl
            whole (5 lines)
        .waba-migrate/acme/2.jsonl
            damaged at line 3 (1 line)
        Journal: 2 files, 1 not as written.
        ");
    }
}
