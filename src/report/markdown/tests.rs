//! Tests of what no single report shows: texts that stay in their place, budgets that are kept.

use proptest::prelude::*;

use super::{
    testing::{change, comparison, difference, findings, hostile, saying, set, skeleton},
    *,
};
use crate::{
    apply::{Ended, Report},
    changeset::{ChangeSet, Selection, select::LeftOut},
    field::FieldChange,
    ids::{AccountStep, Address, TemplateKey, TemplateStep},
    journal::StepEnd,
    step::{Action, Phase, Undo},
};

#[test]
fn no_text_breaks_out_of_its_place() {
    #[track_caller]
    fn check(outside: &str, expected: &str) {
        assert_eq!(text(outside), expected);
    }
    check("Grüße & mehr", "Grüße \\& mehr");
    check("a|b\n| c", "a\\|b \\| c");
    check("`x` <b>y</b>", "\\`x\\` \\<b\\>y\\</b\\>");
    check("[a](b)", "\\[a\\](b)");
    check("a\\|b", "a\\\\\\|b");
    check("\u{1b}[31m\r\u{202e}", "␛\\[31m␍\u{fffd}");
}

#[test]
fn nobody_is_called_and_nothing_is_linked() {
    #[track_caller]
    fn check(outside: &str, expected: &str) {
        assert_eq!(text(outside), expected);
    }
    check("@octocat, at 8 @ home", "\\@&#8203;octocat, at 8 \\@ home");
    check("fixes #12, !3", "fixes \\#&#8203;12, \\!&#8203;3");
    check("https://b.example", "https:&#8203;//b.example");
    check("www.b.example", "www.&#8203;b.example");
    check("now. R&D: a/b", "now. R\\&D: a/b");
    check("GH-1", "GH-&#8203;1");
    check("for 5 $ or $5", "for 5 \\$ or \\$&#8203;5");
}

#[test]
fn code_has_marks_that_it_does_not_hold() {
    assert_eq!(code("a_b"), "`a_b`");
    assert_eq!(code("a``b"), "```a``b```");
    assert_eq!(code("`a"), "`` `a ``");
    assert_eq!(code(" \n"), "");
    assert_eq!(cell("a|b"), "a\\|b");
    assert_eq!(
        fence("", &["```".into(), "a\nb".into()]),
        "````\n```\na b\n````\n"
    );
}

#[test]
fn a_row_stays_one_line_of_its_cells() {
    let rows = [vec!["a|b".to_owned(), "c\nd".to_owned()]];
    assert_eq!(
        table(&["One", "Two"], &rows),
        "| One | Two |\n| --- | --- |\n| a\\|b | c d |\n"
    );
}

fn ended(end: StepEnd, step: AccountStep, text: &str) -> Ended {
    Ended {
        step: Address::account(step),
        end,
        note: text.into(),
        hint: Some(text.into()),
        findings: findings(text),
        credential: false,
    }
}

fn run(text: &str) -> Report {
    let ended = |end, step| ended(end, step, text);
    Report {
        ended: vec![
            ended(StepEnd::Done, AccountStep::TemplatesPrune),
            ended(StepEnd::Failed, AccountStep::TemplatesCopy),
            ended(StepEnd::Parked, AccountStep::TemplatesApproved),
            ended(StepEnd::NotStarted, AccountStep::FlowsCopy),
        ],
        journal: None,
    }
}

/// Every report, at every level of detail.
fn every_report(text: &str) -> Vec<String> {
    let budgets = [usize::MAX, 3_000, 2_000, 1_500, 1_000, 500, 0];
    let reports = budgets.iter().flat_map(|most| {
        let differences = [difference(text)];
        [
            plan::render(&saying(text), "v25.0", *most),
            findings::preflight(&findings(text), "acme", 1, *most),
            findings::validate(&findings(text), 1, 1, *most),
            differences::render(&comparison(&differences), None, "acme", *most),
            apply::render(&run(text), 3, "acme", *most),
        ]
    });
    reports.collect()
}

/// The same at the fullest and the last level, whose choice does not hang on how long a text is.
fn both_ends(text: &str) -> Vec<Vec<String>> {
    let all = every_report(text);
    let (first, last) = (&all[..5], &all[all.len() - 5..]);
    first
        .iter()
        .chain(last)
        .map(|report| skeleton(report))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn texts_from_outside_change_no_part_of_a_report(text in hostile()) {
        prop_assert_eq!(both_ends(&text), both_ends("x"));
    }

    #[test]
    fn reports_hold_nothing_that_steers_a_terminal_or_a_ci_runner(text in hostile()) {
        for report in every_report(&text) {
            let steers = |c: char| c != '\n' && c.is_control() || "\u{202e}\u{2066}\u{2028}".contains(c);
            prop_assert!(!report.contains(steers), "{}", report);
            let strange = |part: &String| {
                let of = ["unexpected", "Link", "Image"];
                of.iter().any(|word| part.starts_with(word))
            };
            prop_assert!(!skeleton(&report).iter().any(strange), "{}", report);
            for line in report.lines() {
                prop_assert!(!line.trim_start().starts_with("::"), "{}", line);
                prop_assert!(!line.contains("##["), "{}", line);
            }
        }
    }
}

#[test]
fn reviewers_read_the_summary_first_then_the_risk() {
    let mut changes = saying("some text");
    changes.summary.earliest_cut_over = Some("5 Dec 22:00 Europe/Berlin".into());
    changes.summary.max_cut_overs = Some(1);
    insta::assert_snapshot!(plan::render(&changes, "v25.0", usize::MAX), @r#"
    <!-- waba-migrate:plan:acme -->
    ## Plan acme

    **5 to do, 1 done, 1 needs a person, 1 blocked. 6 API calls, within quota. Earliest cut-over 5 Dec 22:00 Europe/Berlin.**

    From `1` (some text) to `2` (New), Graph API v25.0.

    ### Risk

    **1 cut-over: the way back is a migration in the other direction.**

    * `some text` Do some text

    **1 deletion: a deleted template is gone, and its name stays blocked for 30 days.**

    * `some text` deleted by some text

    **1 change that cannot be undone: a deleted template's name stays blocked for 30 days.**

    * `templates.copy` Do some text: some text

    In all, one run begins at most 1 cut-over (policy.max\_cut\_overs).

    ### Gates

    * **the source's owner** (1 gate): some text
      * Proof: `` GET /{PHONE} is `off` ``
      * Opens `some text`

    ### Findings

    * **error** `name-form` some text
      * At: `some text:2:3` `some text`
      * Help: some text
    * **warning** `payment` unknown: some text
      * About: `some text`
      * Observed: some text
      * Help: you: some text
      * Proof: `some text`

    ### Changes

    **Prepare (no traffic is touched)**

    |  | Step | What | Why |
    | --- | --- | --- | --- |
    | create | `templates.copy` | Do some text | some text |
    | gate | `some text` | Do some text | some text |

    **Cut over**

    |  | Step | What | Why |
    | --- | --- | --- | --- |
    | **cut over** | `some text` | Do some text | some text |

    **Settle**

    |  | Step | What | Why |
    | --- | --- | --- | --- |
    | **delete** | `some text` | Do some text | some text |
    | **blocked** | `some text` | Do some text | some text |

    <details><summary>templates.copy (2)</summary>

    ```diff
    @@ some text @@
    + some text
      some text
    + some text: some text
    ```

    </details>

    <details><summary>some text (1)</summary>

    ```diff
    - some text: APPROVED
    ```

    </details>

    <details><summary>Not migrated: 1 thing</summary>

    * `some text`: some text

    </details>
    "#);
}

#[test]
fn a_part_names_what_it_leaves_out() {
    let mut changes = saying("x");
    changes.selection = Some(Selection {
        only: Vec::new(),
        skip: vec!["flows.copy".into()],
        left_out: vec![LeftOut {
            address: "flows.copy".into(),
            action: Action::Create,
            why: "it is not selected".into(),
        }],
    });
    let report = plan::render(&changes, "v25.0", usize::MAX);
    let line = "**5 to do, 1 done, 1 needs a person, 1 blocked, incomplete: 1 step left out. 6 API calls, within quota.**";
    assert!(report.contains(line), "{report}");
    let left = "<summary>Left out: 1 step</summary>\n\n* `flows.copy`: it is not selected\n";
    assert!(report.contains(left), "{report}");
}

#[test]
fn a_run_tells_what_was_done_for_good_and_what_is_open() {
    insta::assert_snapshot!(apply::render(&run("a note"), 3, "acme", usize::MAX), @r#"
    <!-- waba-migrate:apply:acme -->
    ## Apply acme

    **1 done, 3 done before, 1 parked, 1 failed, 1 not started of 7 steps.**

    ### Done for good

    * `templates.prune` a note

    ### Failed

    * `templates.copy` a note
      * Observed: a note
      * Help: a note

    ### Parked

    * `templates.approved` a note
      * Observed: a note
      * Help: a note

    <details><summary>Not started: 1</summary>

    * `flows.copy` a note

    </details>

    <details><summary>Done: 1</summary>

    * `templates.prune` a note

    </details>
    "#);
}

#[test]
fn differences_stand_in_a_table_above_their_fields() {
    let report = differences::render(
        &comparison(&[difference("it|self")]),
        None,
        "acme",
        usize::MAX,
    );
    insta::assert_snapshot!(report, @r#"
    <!-- waba-migrate:diff:acme -->
    ## Diff acme

    **1 drift.**

    |  | What | How |
    | --- | --- | --- |
    | **drift** | it\|self | it\|self |

    <details><summary>it|self (1)</summary>

    ```diff
    @@ it|self @@
    + it|self
      it|self
    ```

    </details>
    "#);
    let nothing = differences::render(&comparison(&[]), None, "acme", usize::MAX);
    assert!(nothing.ends_with("**Nothing differs.**\n"), "{nothing}");
}

#[test]
fn findings_name_their_place_and_what_to_do() {
    insta::assert_snapshot!(findings::validate(&findings("a text"), 2, 1, usize::MAX), @r#"
    <!-- waba-migrate:validate -->
    ## Validate

    **1 of 2 plans not valid: 1 error, 1 warning (1 could not be checked).**

    * **error** `name-form` a text
      * At: `a text:2:3` `a text`
      * Help: a text
    * **warning** `payment` unknown: a text
      * About: `a text`
      * Observed: a text
      * Help: you: a text
      * Proof: `a text`
    "#);
    let valid = findings::validate(&[], 2, 0, usize::MAX);
    assert_eq!(
        valid,
        "<!-- waba-migrate:validate -->\n## Validate\n\n**2 plans: valid.**\n"
    );
}

/// As large as migrations get: 200 numbers and 6,000 templates, and so many templates that go.
fn large(deleted: usize) -> ChangeSet {
    let mut copy = change(
        "templates.copy",
        "templates_copy",
        Phase::Prepare,
        Action::Create,
        Undo::No,
    );
    copy.fields = (0..6_000)
        .map(|at| FieldChange::new(&format!("template_number_{at}/en_US"), (), "UTILITY"))
        .collect();
    let mut prune = change(
        "templates.prune",
        "templates_prune",
        Phase::Settle,
        Action::Delete,
        Undo::No,
    );
    prune.fields = (0..deleted)
        .map(|at| FieldChange::new(&format!("stale_{at}/en_US"), "APPROVED", ()))
        .collect();
    let mut changes = vec![copy, prune];
    for at in 0..200 {
        let step = |step: &str| format!("number[\"+49301{at:06}\"].{step}");
        let mut gate = change(
            step("two_step_off"),
            "two_step_off",
            Phase::Prepare,
            Action::Gate,
            Undo::Yes,
        );
        gate.gate = Some(crate::step::Gate {
            owner: crate::finding::Who::SourceOwner,
            instructions: format!("WhatsApp Manager > Phone numbers > +49301{at:06} > Turn off"),
            proof: "is_pin_enabled is false",
        });
        changes.push(gate);
        changes.push(change(
            step("add"),
            "add",
            Phase::Prepare,
            Action::Create,
            Undo::UntilRegister,
        ));
        changes.push(change(
            step("request_code"),
            "request_code",
            Phase::Verify,
            Action::Call,
            Undo::UntilRegister,
        ));
        changes.push(change(
            step("verify"),
            "verify",
            Phase::Verify,
            Action::Call,
            Undo::UntilRegister,
        ));
        changes.push(change(
            step("register"),
            "register",
            Phase::CutOver,
            Action::Call,
            Undo::No,
        ));
        changes.push(change(
            step("live"),
            "live",
            Phase::CutOver,
            Action::Wait,
            Undo::No,
        ));
        changes.push(change(
            step("profile"),
            "profile",
            Phase::Settle,
            Action::Update,
            Undo::Yes,
        ));
    }
    set(changes)
}

#[track_caller]
fn holds_every_loss(report: &str, changes: &ChangeSet) {
    for change in changes.to_do() {
        match change.action {
            Action::Delete => {
                for field in &change.fields {
                    assert!(
                        report.contains(&format!("* `{}`", field.path)),
                        "{}",
                        field.path
                    );
                }
            }
            _ if change.is_irreversible() => {
                assert!(
                    report.contains(&format!("* `{}`", change.address)),
                    "{}",
                    change.address
                );
            }
            _ => {}
        }
    }
}

#[test]
fn the_largest_plan_fits_a_comment_with_every_line_of_risk() {
    let changes = large(100);
    let report = plan::render(&changes, "v25.0", 65_000);
    assert!(length(&report) <= 65_000, "{}", length(&report));
    holds_every_loss(&report, &changes);
    assert!(
        report.contains("(200 gates): WhatsApp Manager \\> Phone numbers \\> the number"),
        "{report}"
    );
    assert_eq!(report, plan::render(&changes, "v25.0", 65_000));
}

#[test]
fn what_goes_for_good_is_told_even_where_it_is_too_much() {
    let changes = large(6_000);
    let report = plan::render(&changes, "v25.0", 65_000);
    assert!(length(&report) > 65_000);
    holds_every_loss(&report, &changes);
    assert!(!report.contains("### Changes"));
    let last = report.lines().last();
    assert_eq!(
        last,
        Some("_Details were left out to fit; `waba-migrate plan` shows all._")
    );
}

#[test]
fn detail_goes_step_by_step() {
    let changes = large(10);
    let mut shorter = usize::MAX;
    for most in [usize::MAX, 400_000, 100_000, 50_000, 30_000, 10_000] {
        let report = plan::render(&changes, "v25.0", most);
        let is = length(&report);
        assert!(is <= shorter);
        shorter = is;
        holds_every_loss(&report, &changes);
    }
    let counted = plan::render(&changes, "v25.0", 45_000);
    assert!(
        counted.contains("| call | `request_code` | 200 steps | 200 API calls |"),
        "{counted}"
    );
}

#[test]
fn the_largest_diff_and_run_fit_a_comment() {
    let differences: Vec<_> = (0..6_000)
        .map(|at| difference(&format!("template number {at}")))
        .collect();
    let report = differences::render(&comparison(&differences), None, "acme", 65_000);
    assert!(length(&report) <= 65_000, "{}", length(&report));
    assert!(report.contains("**6000 drift.**"), "{report}");
    let ended = |at| Ended {
        step: Address::template(
            &TemplateKey::new(format!("template_{at}"), "de"),
            TemplateStep::Define,
        ),
        ..ended(StepEnd::Failed, AccountStep::FlowsCopy, "it was refused")
    };
    let report = Report {
        ended: (0..6_000).map(ended).collect(),
        journal: None,
    };
    let report = apply::render(&report, 0, "acme", 65_000);
    assert!(length(&report) <= 65_000, "{}", length(&report));
    assert!(report.contains("### Failed\n\n* `template["), "{report}");
    assert!(report.contains("more\n"), "{report}");
}

#[test]
fn a_list_of_findings_is_cut_to_its_budget() {
    let many: Vec<_> = (0..5_000)
        .map(|at| crate::finding::Finding::warn("w", at, format!("message number {at}")))
        .collect();
    let report = findings::preflight(&many, "acme", 0, 20_000);
    assert!(length(&report) <= 20_000);
    assert!(report.contains("more\n"), "{report}");
}
