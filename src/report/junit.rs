//! A plan or a run as test results, one case per step, for the views that every CI has.
//!
//! No case has a time: the same plan and world give the same bytes. A plan that something outside
//! its steps stands in the way of has a case for each such finding, so that it never looks green.
//!
//! Source of the form: <https://github.com/testmoapp/junitxml>

use std::{collections::BTreeMap, fmt::Write as _};

use super::clean;
use crate::{
    apply::{Ended, Report},
    changeset::{ChangeEntry, ChangeSet},
    finding::Finding,
    journal::StepEnd,
    step::{Action, Phase},
};

/// How a case came out.
enum Result {
    Passed { says: Vec<String> },
    Skipped { why: String },
    Failed { why: String, says: Vec<String> },
}

struct Case {
    name: String,
    class: String,
    result: Result,
}

/// Renders a change set: done and doable steps pass, gates and waits are skipped, what is blocked fails.
pub fn plan(changes: &ChangeSet) -> String {
    let name = &changes.plan.name;
    let blocking: Vec<_> = changes
        .findings
        .iter()
        .filter(|finding| finding.blocks())
        .collect();
    let mut cases: Vec<_> = changes
        .changes
        .iter()
        .map(|change| Case {
            name: change.address.clone(),
            class: class(name, change.phase),
            result: planned(change, &blocking),
        })
        .collect();
    let of_step = |finding: &Finding| {
        let mut blocked = changes.changes.iter().filter(|change| change.blocked);
        blocked.any(|change| change.address == finding.subject)
    };
    let others = blocking.iter().filter(|finding| !of_step(finding));
    cases.extend(others.map(|finding| Case {
        name: format!("{}: {}", finding.rule, finding.subject),
        class: format!("{name}.preflight"),
        result: Result::Failed {
            why: finding.message.clone(),
            says: facts(finding),
        },
    }));
    render("plan", name, &cases)
}

/// Renders a run: what was parked or not started is skipped, what failed or was blocked fails.
pub fn apply(report: &Report, changes: &ChangeSet) -> String {
    let name = &changes.plan.name;
    let ended = report
        .ended
        .iter()
        .map(|ended| (ended.step.as_str(), ended));
    let ended: BTreeMap<_, _> = ended.collect();
    let cases: Vec<_> = changes
        .changes
        .iter()
        .map(|change| Case {
            name: change.address.clone(),
            class: class(name, change.phase),
            result: match ended.get(change.address.as_str()) {
                Some(ended) => applied(ended),
                None if change.action == Action::None => passed(&change.reason),
                None => Result::Skipped {
                    why: "this run had nothing to do with it".into(),
                },
            },
        })
        .collect();
    render("apply", name, &cases)
}

fn class(plan: &str, phase: Phase) -> String {
    let phase = match phase {
        Phase::Prepare => "prepare",
        Phase::Verify => "verify",
        Phase::CutOver => "cut_over",
        Phase::Settle => "settle",
        Phase::TakeBack => "take_back",
    };
    format!("{plan}.{phase}")
}

fn passed(says: &str) -> Result {
    Result::Passed {
        says: vec![says.to_owned()],
    }
}

fn planned(change: &ChangeEntry, blocking: &[&Finding]) -> Result {
    if change.blocked {
        let about = blocking
            .iter()
            .filter(|finding| finding.subject == change.address);
        return Result::Failed {
            why: change.reason.clone(),
            says: about.flat_map(|finding| told(finding)).collect(),
        };
    }
    match change.action {
        Action::Gate => Result::Skipped {
            why: match &change.gate {
                Some(gate) => format!("{}: {}", gate.owner, gate.instructions),
                None => change.reason.clone(),
            },
        },
        Action::Wait => Result::Skipped {
            why: format!("{}: {}", change.description, change.reason),
        },
        Action::None => passed(&format!("done: {}", change.reason)),
        Action::Create | Action::Update | Action::Delete | Action::Call => {
            passed(&format!("to do: {}; {}", change.description, change.reason))
        }
    }
}

fn applied(ended: &Ended) -> Result {
    let next = ended.hint.iter().map(|hint| format!("next: {hint}"));
    match ended.end {
        StepEnd::Done | StepEnd::Already => passed(&ended.note),
        StepEnd::Parked | StepEnd::NotStarted | StepEnd::LeftOut => Result::Skipped {
            why: [ended.note.clone()]
                .into_iter()
                .chain(next)
                .collect::<Vec<_>>()
                .join("; "),
        },
        StepEnd::Failed | StepEnd::Blocked | StepEnd::Stale => Result::Failed {
            why: ended.note.clone(),
            says: ended.findings.iter().flat_map(told).chain(next).collect(),
        },
    }
}

fn told(finding: &Finding) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", finding.rule, finding.message)];
    lines.extend(facts(finding));
    lines
}

fn facts(finding: &Finding) -> Vec<String> {
    let help = finding.hint.as_ref().map(|hint| match finding.who {
        Some(who) => format!("help: {who}: {hint}"),
        None => format!("help: {hint}"),
    });
    let observed = finding
        .observed
        .as_ref()
        .map(|seen| format!("observed: {seen}"));
    let proof = finding
        .proof
        .as_ref()
        .map(|proof| format!("proof: {proof}"));
    [observed, help, proof].into_iter().flatten().collect()
}

fn render(command: &str, plan: &str, cases: &[Case]) -> String {
    let count = |is: fn(&Result) -> bool| cases.iter().filter(|case| is(&case.result)).count();
    let sums = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\"",
        cases.len(),
        count(|result| matches!(result, Result::Failed { .. })),
        count(|result| matches!(result, Result::Skipped { .. })),
    );
    let plan = escaped(plan);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"waba-migrate {command}\" {sums}>\n  <testsuite name=\"{plan}\" {sums}>\n"
    );
    for case in cases {
        let (name, class) = (escaped(&case.name), escaped(&case.class));
        let _ = writeln!(xml, "    <testcase name=\"{name}\" classname=\"{class}\">");
        let _ = match &case.result {
            Result::Passed { says } => {
                writeln!(xml, "      <system-out>{}</system-out>", lines(says))
            }
            Result::Skipped { why } => {
                writeln!(xml, "      <skipped message=\"{}\"/>", escaped(why))
            }
            Result::Failed { why, says } => writeln!(
                xml,
                "      <failure message=\"{}\">{}</failure>",
                escaped(why),
                lines(says)
            ),
        };
        xml += "    </testcase>\n";
    }
    xml + "  </testsuite>\n</testsuites>\n"
}

fn lines(lines: &[String]) -> String {
    let lines = lines.iter().map(|line| escaped(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// Escapes a text for an attribute or an element. What XML cannot hold is shown or left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in clean(text).chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&apos;",
            '\u{fffe}' | '\u{ffff}' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        ids::{AccountStep, Address},
        report::markdown::testing::{findings, hostile, saying},
    };

    fn run(text: &str) -> Report {
        let ended = |end, step| Ended {
            step: Address::account(step),
            end,
            note: text.into(),
            hint: Some(text.into()),
            findings: findings(text),
            credential: false,
        };
        let ended = vec![
            ended(StepEnd::Failed, AccountStep::TemplatesCopy),
            ended(StepEnd::Parked, AccountStep::FlowsCopy),
        ];
        Report {
            ended,
            journal: None,
        }
    }

    #[test]
    fn a_plan_is_a_case_for_each_step() {
        insta::assert_snapshot!(plan(&saying("a & b")), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="waba-migrate plan" tests="6" failures="1" errors="0" skipped="1">
          <testsuite name="acme" tests="6" failures="1" errors="0" skipped="1">
            <testcase name="templates.copy" classname="acme.prepare">
              <system-out>to do: Do a &amp; b; a &amp; b</system-out>
            </testcase>
            <testcase name="a &amp; b" classname="acme.prepare">
              <skipped message="the source&apos;s owner: a &amp; b"/>
            </testcase>
            <testcase name="a &amp; b" classname="acme.cut_over">
              <system-out>to do: Do a &amp; b; a &amp; b</system-out>
            </testcase>
            <testcase name="a &amp; b" classname="acme.settle">
              <system-out>to do: Do a &amp; b; a &amp; b</system-out>
            </testcase>
            <testcase name="a &amp; b" classname="acme.settle">
              <failure message="a &amp; b">name-form: a &amp; b
        help: a &amp; b</failure>
            </testcase>
            <testcase name="a &amp; b" classname="acme.prepare">
              <system-out>done: a &amp; b</system-out>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn a_run_is_a_case_for_each_step() {
        insta::assert_snapshot!(apply(&run("no way"), &saying("x")), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="waba-migrate apply" tests="6" failures="1" errors="0" skipped="4">
          <testsuite name="acme" tests="6" failures="1" errors="0" skipped="4">
            <testcase name="templates.copy" classname="acme.prepare">
              <failure message="no way">name-form: no way
        help: no way
        payment: no way
        observed: no way
        help: you: no way
        proof: no way
        next: no way</failure>
            </testcase>
            <testcase name="x" classname="acme.prepare">
              <skipped message="this run had nothing to do with it"/>
            </testcase>
            <testcase name="x" classname="acme.cut_over">
              <skipped message="this run had nothing to do with it"/>
            </testcase>
            <testcase name="x" classname="acme.settle">
              <skipped message="this run had nothing to do with it"/>
            </testcase>
            <testcase name="x" classname="acme.settle">
              <skipped message="this run had nothing to do with it"/>
            </testcase>
            <testcase name="x" classname="acme.prepare">
              <system-out>x</system-out>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }

    proptest! {
        #[test]
        fn every_text_fits_into_the_form(text in hostile()) {
            let changes = saying(&text);
            for xml in [plan(&changes), apply(&run(&text), &changes)] {
                let document = roxmltree::Document::parse(&xml).expect("XML");
                let cases = || document.descendants().filter(|node| node.has_tag_name("testcase"));
                prop_assert!(cases().count() >= changes.changes.len());
                let shown: String = clean(&text).chars().filter(|c| *c != '\u{fffe}').collect();
                let names: Vec<_> = cases().filter_map(|case| case.attribute("name")).collect();
                prop_assert!(names.contains(&&*shown), "{:?} in {:?}", shown, names);
            }
        }
    }
}
