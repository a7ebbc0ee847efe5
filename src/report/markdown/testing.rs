//! Change sets to try reports on, texts that want out of their place, and a reader of Markdown that
//! tells whether one of them got out.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser};
use serde_json::Value;

use crate::{
    changeset::{
        AccountRef, ChangeEntry, ChangeSet, Direction, FORMAT_VERSION, LeftBehind, PlanRef, Summary,
    },
    diff::{Class, Comparison, Difference},
    field::FieldChange,
    finding::{Finding, Severity, Span, Who},
    step::{Action, Call, Gate, Phase, Undo},
};

/// What has a meaning somewhere: in Markdown, HTML, XML, a terminal, or a CI's log.
const HOSTILE: &[&str] = &[
    "`",
    "```",
    "`````",
    "~~~",
    "</details>",
    "<details>",
    "<script>",
    "<!--",
    "-->",
    "]]>",
    "<![CDATA[",
    "|",
    "\\",
    "\\|",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "    ",
    "\u{1b}[31m",
    "\u{1b}]0;x\u{7}",
    "\u{202e}",
    "\u{2066}",
    "\u{2028}",
    "\u{0}",
    "\u{fffe}",
    "::error::x",
    "::stop-commands::x",
    "##[error]",
    "@octocat",
    "#1",
    "!1",
    "GH-1",
    "[a](https://b)",
    "![a](b)",
    "[a]: b",
    "https://b.example",
    "www.b.example",
    "&lt;",
    "&",
    "\"",
    "'",
    "**",
    "__",
    "_",
    "*",
    "* ",
    "- ",
    "+ ",
    "1. ",
    "# ",
    "> ",
    "---",
    "===",
    "$x$",
    "%0A",
    ":",
    ",",
    "word",
    "Grüße",
    "مرحبا",
    " ",
];

/// Texts made of what has a meaning somewhere.
pub(in crate::report) fn hostile() -> impl Strategy<Value = String> {
    let parts = prop::collection::vec(prop::sample::select(HOSTILE), 1..8);
    let text = parts.prop_map(|parts| parts.concat());
    text.prop_filter("nothing to show", |text| {
        !crate::report::clean(text).trim().is_empty()
    })
}

/// A change of a step.
pub(in crate::report) fn change(
    address: impl Into<String>,
    kind: &'static str,
    phase: Phase,
    action: Action,
    undo: Undo,
) -> ChangeEntry {
    let address = address.into();
    ChangeEntry {
        description: format!("Do {kind}"),
        address,
        kind,
        phase,
        action,
        reason: "it is not done".into(),
        needs: Vec::new(),
        undo,
        blocked: false,
        gate: None,
        window: None,
        fields: Vec::new(),
        calls: vec![Call {
            method: "POST".into(),
            path: "/1/x".into(),
        }],
        precondition: Default::default(),
        keeps: None,
    }
}

/// A change set with these changes and nothing else.
pub(in crate::report) fn set(changes: Vec<ChangeEntry>) -> ChangeSet {
    let count = |is: fn(&ChangeEntry) -> bool| changes.iter().filter(|change| is(change)).count();
    let account = |waba: &str, name: &str| AccountRef {
        waba: waba.into(),
        name: Some(name.into()),
    };
    ChangeSet {
        format_version: FORMAT_VERSION,
        direction: Direction::Forward,
        plan: PlanRef {
            name: "acme".into(),
            path: None,
            digest: String::new(),
        },
        source: account("1", "Old"),
        target: account("2", "New"),
        findings: Vec::new(),
        templates: None,
        flows: None,
        silent_periods: Vec::new(),
        not_migrated: Vec::new(),
        selection: None,
        summary: Summary {
            to_do: count(|change| change.action != Action::None),
            done: count(|change| change.action == Action::None),
            gates: count(|change| change.gate.is_some()),
            calls: changes.iter().map(|change| change.calls.len()).sum(),
            irreversible: count(ChangeEntry::is_irreversible),
            blocked: count(|change| change.blocked),
            ..Summary::default()
        },
        changes,
    }
}

/// A change set that says this text wherever something from outside can stand.
pub(in crate::report) fn saying(text: &str) -> ChangeSet {
    let mut copy = change(
        "templates.copy",
        "templates_copy",
        Phase::Prepare,
        Action::Create,
        Undo::No,
    );
    copy.fields = vec![
        FieldChange::new(text, text, format!("{text}\n{text}")),
        FieldChange::new(text, Value::Null, text),
    ];
    let mut gate = change(
        text,
        "two_step_off",
        Phase::Prepare,
        Action::Gate,
        Undo::Yes,
    );
    gate.gate = Some(Gate {
        owner: Who::SourceOwner,
        instructions: text.into(),
        proof: "GET /{PHONE} is `off`",
    });
    let mut prune = change(
        text,
        "templates_prune",
        Phase::Settle,
        Action::Delete,
        Undo::No,
    );
    prune.fields = vec![FieldChange::new(text, "APPROVED", Value::Null)];
    let mut blocked = change(text, "profile", Phase::Settle, Action::Gate, Undo::Yes);
    blocked.blocked = true;
    let register = change(text, "register", Phase::CutOver, Action::Call, Undo::No);
    let done = change(text, "add", Phase::Prepare, Action::None, Undo::Yes);
    let mut changes = vec![copy, gate, register, prune, blocked, done];
    for change in &mut changes {
        change.description = format!("Do {text}");
        change.reason = text.into();
    }
    let mut set = set(changes);
    set.source.name = Some(text.into());
    set.findings = findings(text);
    set.not_migrated = vec![LeftBehind {
        what: text.into(),
        reason: text.into(),
    }];
    set
}

/// Findings that say this text wherever something from outside can stand.
pub(in crate::report) fn findings(text: &str) -> Vec<Finding> {
    let span = Span {
        file: text.into(),
        line: 2,
        column: 3,
        end_line: 2,
        end_column: 9,
        snippet: text.into(),
    };
    vec![
        Finding::fail("name-form", text, text).hint(text).at(span),
        Finding::unknown("payment", Severity::Warning, text, text)
            .observed(text)
            .ask(Who::Us, text)
            .proof(text),
    ]
}

/// A difference that says this text.
pub(in crate::report) fn difference(text: &str) -> Difference {
    Difference {
        class: Class::Drift,
        address: text.into(),
        message: text.into(),
        fields: vec![FieldChange::new(text, text, format!("{text}\n{text}"))],
        rule: None,
    }
}

/// A comparison that found this, with a journal at hand.
pub(super) fn comparison(differences: &[Difference]) -> Comparison {
    Comparison {
        differences: differences.to_vec(),
        has_journal: true,
        ..Comparison::default()
    }
}

/// Reads Markdown and returns its parts without any text: what a text from outside must not change.
pub(super) fn skeleton(markdown: &str) -> Vec<String> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM;
    let mut parts = Vec::new();
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(tag) => parts.push(format!("{:?}", tag.to_end())),
            Event::End(tag) => parts.push(format!("/{tag:?}")),
            Event::Html(html) => parts.push(ours(html.trim_end())),
            Event::Text(_) | Event::Code(_) | Event::SoftBreak => {}
            other => parts.push(format!("unexpected: {other:?}")),
        }
    }
    parts
}

/// The tags that reports are made of; a text between them has none.
#[track_caller]
fn ours(line: &str) -> String {
    if let Some(summary) = line.strip_prefix("<details><summary>") {
        let summary = summary.strip_suffix("</summary>").expect("it ends");
        assert!(!summary.contains(['<', '>']), "{summary}");
        return "details".into();
    }
    let is_marker =
        line.starts_with("<!-- waba-migrate:") && line.find("-->") == Some(line.len() - 3);
    assert!(
        is_marker || line == "</details>" || line.is_empty(),
        "{line}"
    );
    line.to_owned()
}
