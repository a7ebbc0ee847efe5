//! A change set for reviewers, as a comment below a pull request: what cannot be taken back first,
//! details folded.
//!
//! It fits a budget. Detail goes step by step: first the diffs, then single changes, then words.
//! What is irreversible or destructive never goes, even where that alone is too long.

use super::{
    cell, code, diff,
    findings::{self, Detail, short},
    fitting, folded, gates, left_out, marker, risk, table_of, text,
};
use crate::{
    changeset::{AccountRef, ChangeEntry, ChangeSet},
    field::FieldChange,
    finding::{Finding, Severity},
    inventory::Inventory,
    report::{
        changes::{PHASES, groups, phase_name, stays, sums},
        count, templates,
    },
    step::{Action, Phase},
};

/// How much is told.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// Lines of each diff; 0: no diffs.
    diff: usize,
    changes: Changes,
    findings: Detail,
    /// Things named under one reason why they stay behind.
    left: usize,
    /// Whether sentences stand beside names.
    prose: bool,
}

#[derive(Clone, Copy, Debug)]
enum Changes {
    Each,
    Counted,
    Omitted,
}

const FULL: Level = Level {
    diff: usize::MAX,
    changes: Changes::Each,
    findings: findings::FULL,
    left: usize::MAX,
    prose: true,
};

/// From the fullest to the shortest.
const LEVELS: [Level; 7] = [
    FULL,
    Level {
        diff: 40,
        left: 50,
        ..FULL
    },
    Level {
        diff: 10,
        left: 20,
        ..FULL
    },
    Level {
        diff: 0,
        left: 10,
        ..FULL
    },
    COUNTED,
    Level {
        changes: Changes::Omitted,
        findings: short(5_000),
        left: 0,
        ..COUNTED
    },
    Level {
        changes: Changes::Omitted,
        findings: short(1_000),
        left: 0,
        prose: false,
        ..COUNTED
    },
];

const COUNTED: Level = Level {
    diff: 0,
    changes: Changes::Counted,
    findings: short(10_000),
    left: 5,
    prose: true,
};

/// Renders a change set in at most so many characters, as UTF-16 counts them.
pub fn render(changes: &ChangeSet, api_version: &str, max_chars: usize) -> String {
    let name = &changes.plan.name;
    let word = changes.direction.word();
    let head = marker(&word.to_lowercase(), Some(name)) + &format!("## {word} {}\n\n", text(name));
    below(&head, changes, api_version, max_chars)
}

/// Renders what a run that was refused would have done, with what stood in its way among the
/// findings.
pub fn refused(changes: &ChangeSet, api_version: &str, max_chars: usize) -> String {
    let name = &changes.plan.name;
    let mut head = marker("apply", Some(name)) + &format!("## Apply {}: refused\n\n", text(name));
    head += "**Nothing was sent.** What would have been done:\n\n";
    below(&head, changes, api_version, max_chars)
}

fn below(head: &str, changes: &ChangeSet, api_version: &str, max_chars: usize) -> String {
    let levels: Vec<_> = (0..LEVELS.len()).collect();
    fitting(&levels, max_chars, |at| {
        head.to_owned() + &at_level(changes, api_version, LEVELS[at], at == 0)
    })
}

fn at_level(changes: &ChangeSet, api_version: &str, level: Level, is_full: bool) -> String {
    let mut report = String::new();
    report += &format!(
        "**{}**\n\n",
        text(&anstream::adapter::strip_str(&sums(changes)).to_string())
    );
    report += &format!(
        "From {} to {}, Graph API {}.\n",
        account(&changes.source),
        account(&changes.target),
        text(api_version)
    );
    report += &risk::section(changes, level.prose);
    report += &gates::section(changes, level.prose);
    report += &in_the_way(&changes.findings, level.findings);
    report += &match level.changes {
        Changes::Each => each(changes),
        Changes::Counted => counted(changes),
        Changes::Omitted => String::new(),
    };
    report += &diffs(changes, level.diff);
    report += &left_out_steps(changes, level.left);
    report += &left_behind(changes, level.left);
    match is_full {
        true => report,
        false => report + &left_out(&format!("waba-migrate {}", command(changes))),
    }
}

/// What shows all of it.
fn command(changes: &ChangeSet) -> String {
    changes.direction.word().to_lowercase()
}

fn account(account: &AccountRef) -> String {
    let name = account
        .name
        .as_ref()
        .map(|name| format!(" ({})", text(name)));
    format!("{}{}", code(&account.waba), name.unwrap_or_default())
}

/// What blocks, and what deserves a look.
fn in_the_way(findings: &[Finding], detail: Detail) -> String {
    let matters = |finding: &&Finding| finding.severity != Severity::Info;
    let findings: Vec<_> = findings.iter().filter(matters).cloned().collect();
    match findings.is_empty() {
        true => String::new(),
        false => format!("\n### Findings\n\n{}", findings::list(&findings, detail)),
    }
}

fn of_phase(changes: &ChangeSet, phase: Phase) -> Vec<&ChangeEntry> {
    changes
        .to_do()
        .filter(|change| change.phase == phase)
        .collect()
}

fn sections(changes: &ChangeSet, render: impl Fn(&[&ChangeEntry]) -> String) -> String {
    let mut section = "\n### Changes\n".to_owned();
    for phase in PHASES {
        let changes = of_phase(changes, phase);
        if !changes.is_empty() {
            section += &format!("\n**{}**\n\n{}", phase_name(phase), render(&changes));
        }
    }
    match changes.to_do().next() {
        Some(_) => section + &account_of(changes.templates.as_ref()),
        None => account_of(changes.templates.as_ref()),
    }
}

fn account_of(inventory: Option<&Inventory>) -> String {
    let line = inventory.map(|inventory| format!("\n{}.\n", text(&templates::line(inventory))));
    line.unwrap_or_default()
}

fn each(changes: &ChangeSet) -> String {
    sections(changes, |changes| {
        let row = |change: &&ChangeEntry| {
            let window = change.window.as_ref();
            let window = window.map(|window| format!("; window {}: {}", window.name, window.span));
            vec![
                word(change).to_owned(),
                cell(&change.address),
                text(&change.description),
                text(&format!("{}{}", change.reason, window.unwrap_or_default())),
            ]
        };
        let rows: Vec<_> = changes.iter().map(row).collect();
        table_of(&["", "Step", "What", "Why"], &rows)
    })
}

fn counted(changes: &ChangeSet) -> String {
    sections(changes, |changes| {
        let kinds = changes.iter().map(|change| (change, change.kind));
        let mut rows = Vec::new();
        for (kind, changes) in groups(kinds) {
            for (word, changes) in groups(changes.iter().map(|change| (change, word(change)))) {
                let calls: usize = changes.iter().map(|change| change.calls.len()).sum();
                rows.push(vec![
                    word.to_owned(),
                    cell(kind),
                    count(changes.len(), "step"),
                    count(calls, "API call"),
                ]);
            }
        }
        table_of(&["", "Kind", "Steps", "Calls"], &rows)
    })
}

fn word(change: &ChangeEntry) -> &'static str {
    match change.action {
        _ if change.blocked => "**blocked**",
        _ if change.is_point_of_no_return() => "**cut over**",
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "**delete**",
        Action::Call => "call",
        Action::Gate => "gate",
        Action::Wait => "wait",
        Action::None => "nothing",
    }
}

/// Every diff, folded: of changes, and of templates that are on the target and say something else.
fn diffs(changes: &ChangeSet, most: usize) -> String {
    if most == 0 {
        return String::new();
    }
    let section = |name: String, fields: &[FieldChange]| {
        let fold = folded(
            &format!("{name} ({})", fields.len()),
            &diff::block(fields, most),
        );
        (!fields.is_empty()).then_some(format!("\n{fold}"))
    };
    let of_steps = changes
        .to_do()
        .filter_map(|change| section(change.address.clone(), &change.fields));
    let items = changes.templates.iter().flat_map(|all| &all.templates);
    let of_items = items.filter_map(|item| {
        let name = format!("template {}, {}", item.key(), item.fate.words());
        section(name, &item.changes)
    });
    of_steps.chain(of_items).collect()
}

fn left_behind(changes: &ChangeSet, most: usize) -> String {
    let left = &changes.not_migrated;
    let sum = format!(
        "{}: {}",
        stays(changes.direction),
        count(left.len(), "thing")
    );
    let left = left.iter();
    let left = left.map(|left| (left.what.as_str(), left.reason.as_str()));
    grouped(&sum, left, most)
}

/// Steps that are not part of this change set.
fn left_out_steps(changes: &ChangeSet, most: usize) -> String {
    let left = changes.selection.iter().flat_map(|part| &part.left_out);
    let left: Vec<_> = left
        .map(|left| (left.address.as_str(), left.why.as_str()))
        .collect();
    let sum = format!("Left out: {}", count(left.len(), "step"));
    grouped(&sum, left.into_iter(), most)
}

/// Things by what is said of them, so many of each, folded; 0: only their sum.
fn grouped<'a>(sum: &str, things: impl Iterator<Item = (&'a str, &'a str)>, most: usize) -> String {
    let groups = groups(things);
    if groups.is_empty() {
        return String::new();
    }
    if most == 0 {
        return format!("\n{sum}.\n");
    }
    let mut list = String::new();
    for (why, things) in groups {
        let shown = things.iter().take(most).map(|thing| code(thing));
        let mut shown = shown.collect::<Vec<_>>().join(", ");
        let hidden = things.len().saturating_sub(most);
        if hidden > 0 {
            shown += &format!(", and {hidden} more");
        }
        list += &format!("* {shown}: {}\n", text(why));
    }
    format!("\n{}", folded(sum, &list))
}
