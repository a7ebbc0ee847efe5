//! The list of runs, and the leases of their plans.

use jiff::Timestamp;

use super::{
    COLUMNS, SHORT, below, by, digest_of, ended, facts, fitting_table, short, state, steps, word,
};
use crate::{
    journal::{lease::Lease, read::FileState, run::Summary},
    report::{clean, count, style, wrap},
};

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

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, file, id, plain, started, whole};
    use super::*;
    use crate::journal::{read::RunFile, run::End};

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
}
