//! A change set for people: header, findings, changes by phase, what stays behind, what cannot be
//! taken back, one line of sums.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;
use similar::{ChangeTag, DiffTag, TextDiff};

use super::{clean, count, findings, style, templates, wrap};
use crate::{
    changeset::{AccountRef, ChangeEntry, ChangeSet, Direction, Summary},
    field::FieldChange,
    finding::Verdict,
    preflight,
    step::{Action, Phase},
};

/// Every phase, in reading order.
pub(super) const PHASES: [Phase; 5] = [
    Phase::Prepare,
    Phase::Verify,
    Phase::CutOver,
    Phase::Settle,
    Phase::TakeBack,
];

/// Fields of one change that are shown before the rest is only counted.
pub(super) const FIELDS_SHOWN: usize = 12;

/// Texts longer than this, or of several lines, are diffed line by line.
const LONG: usize = 60;

/// Things named under one reason before the rest is only counted.
const NAMED: usize = 20;

/// Texts this much alike are also compared word by word.
const ALIKE: f32 = 0.5;

/// Renders a change set.
pub fn render(changes: &ChangeSet, api_version: &str) -> String {
    let mut text = header(changes, api_version);
    text += &findings::render(&changes.findings, true);
    if !changes.findings.is_empty() {
        text.push('\n');
    }
    for phase in PHASES {
        text += &of_phase(changes, phase);
    }
    if let Some(inventory) = &changes.templates {
        text += &templates::render(inventory);
    }
    text += &left_behind(changes);
    text += &left_out(changes);
    text += &silent(changes);
    text += &irreversible(changes);
    let heading = format!("{}:", changes.direction.word());
    text + &format!("{} {}\n", style::heading(heading), sums(changes))
}

fn header(changes: &ChangeSet, api_version: &str) -> String {
    let account = |account: &AccountRef| {
        let name = account
            .name
            .as_deref()
            .map(|name| format!("  {}", clean(name)));
        format!("{}{}", account.waba, name.unwrap_or_default())
    };
    format!(
        "{} {}  {}\n  source  {}\n  target  {}\n\n",
        style::heading(changes.direction.word()),
        style::heading(changes.plan.name.as_str()),
        style::faint(format!("Graph API {api_version}")),
        account(&changes.source),
        account(&changes.target),
    )
}

fn of_phase(changes: &ChangeSet, phase: Phase) -> String {
    let changes: Vec<_> = changes
        .to_do()
        .filter(|change| change.phase == phase)
        .collect();
    if changes.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", style::heading(phase_name(phase)));
    for change in changes {
        text += &entry(change);
    }
    text + "\n"
}

/// The name of a phase as people read it.
pub fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Prepare => "Prepare (no traffic is touched)",
        Phase::Verify => "Verify",
        Phase::CutOver => "Cut over",
        Phase::Settle => "Settle",
        Phase::TakeBack => "Take back",
    }
}

fn sign(change: &ChangeEntry) -> style::Painted {
    match change.action {
        _ if change.blocked => style::bad("x"),
        _ if change.is_point_of_no_return() => style::bad("!"),
        Action::Create => style::good("+"),
        Action::Update => style::notice("~"),
        Action::Delete => style::bad("-"),
        Action::Call => style::hint(">"),
        Action::Gate => style::notice("?"),
        Action::Wait => style::faint("…"),
        Action::None => style::faint(" "),
    }
}

fn entry(change: &ChangeEntry) -> String {
    let mut text = format!("  {} {}", sign(change), change.address);
    if change.is_point_of_no_return() {
        text += &format!("  {}", style::bad("point of no return"));
    }
    text += &format!("\n      {}\n", clean(&change.description));
    text += &format!("      {}\n", style::faint(clean(&change.reason)));
    if let Some(gate) = &change.gate {
        let line = format!("{}: {}", gate.owner, clean(&gate.instructions));
        text += &format!("      {}\n", style::notice(line));
    }
    if let Some(window) = &change.window {
        let line = format!("window {}: {}", window.name, window.span);
        text += &format!("      {}\n", style::notice(line));
        let takes = format!("takes up to {} minutes", window.minutes);
        text += &format!("      {}\n", style::faint(takes));
    }
    for field in change.fields.iter().take(FIELDS_SHOWN) {
        text += &field_change(field);
    }
    let hidden = change.fields.len().saturating_sub(FIELDS_SHOWN);
    if hidden > 0 {
        let _ = writeln!(
            text,
            "        {}",
            style::faint(format!("and {hidden} more"))
        );
    }
    text
}

pub(super) fn field_change(field: &FieldChange) -> String {
    let path = clean(&field.path);
    match (&field.before, &field.after) {
        (Value::String(before), Value::String(after)) if !fits(&path, before, after) => {
            format!(
                "        {} {path}\n{}",
                style::notice("~"),
                text_diff(before, after)
            )
        }
        (Value::Null, Value::String(after)) if after.contains('\n') => format!(
            "        {} {path}\n{}",
            style::good("+"),
            text_diff("", after)
        ),
        (Value::Null, after) => format!("        {} {path}: {}\n", style::good("+"), value(after)),
        (before, Value::Null) => {
            format!("        {} {path}: {}\n", style::bad("-"), value(before))
        }
        (before, after) => format!(
            "        {} {path}: {} {} {}\n",
            style::notice("~"),
            value(before),
            style::faint("->"),
            value(after)
        ),
    }
}

/// Whether a field and both its values have room side by side.
fn fits(path: &str, before: &str, after: &str) -> bool {
    let values = [before, after];
    let width = 16
        + [path, before, after]
            .map(|text| text.chars().count())
            .iter()
            .sum::<usize>();
    width <= 80 && !values.into_iter().any(is_long)
}

/// Whether a text is compared line by line.
pub(super) fn is_long(text: &str) -> bool {
    text.chars().count() > LONG || text.contains('\n')
}

/// Both texts line by line: what goes, what comes, what stays; and below lines that were changed
/// the words that make the difference.
fn text_diff(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut text = String::new();
    for op in diff.ops() {
        for change in diff.iter_changes(op) {
            let line = clean(change.value().trim_end_matches('\n'));
            let line = match change.tag() {
                ChangeTag::Delete => style::bad(format!("- {line}")),
                ChangeTag::Insert => style::good(format!("+ {line}")),
                ChangeTag::Equal => style::faint(format!("  {line}")),
            };
            let _ = writeln!(text, "          {line}");
        }
        if op.tag() == DiffTag::Replace {
            let lines = |tag| -> String {
                let changes = diff
                    .iter_changes(op)
                    .filter(move |change| change.tag() == tag);
                changes.map(|change| change.value()).collect()
            };
            text += &word_diff(&lines(ChangeTag::Delete), &lines(ChangeTag::Insert));
        }
    }
    text
}

/// The words that differ, in the marks of `git diff --word-diff`; nothing where hardly a word stays.
fn word_diff(before: &str, after: &str) -> String {
    let diff = TextDiff::from_words(before, after);
    if diff.ratio() < ALIKE {
        return String::new();
    }
    let mut words = String::new();
    for op in diff.ops() {
        let (mut old, mut new) = (String::new(), String::new());
        for change in diff.iter_changes(op) {
            match change.tag() {
                ChangeTag::Delete => old += change.value(),
                ChangeTag::Insert => new += change.value(),
                ChangeTag::Equal => {}
            }
        }
        for (word, marks) in [(old, ("[-", "-]")), (new, ("{+", "+}"))] {
            let word = clean(word.trim());
            if !word.is_empty() {
                let _ = write!(words, " {}{word}{}", marks.0, marks.1);
            }
        }
    }
    match words.is_empty() {
        true => words,
        false => format!("          {}\n", style::notice(format!(" {words}"))),
    }
}

/// A value on one line.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        Value::Array(items) => items.iter().map(self::value).collect::<Vec<_>>().join(", "),
        other => clean(&other.to_string()),
    }
}

/// What heads the things that stay.
pub(super) fn stays(direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => "Not migrated",
        Direction::Undo => "Not taken back",
    }
}

fn left_behind(changes: &ChangeSet) -> String {
    if changes.not_migrated.is_empty() {
        return String::new();
    }
    let left = changes.not_migrated.iter();
    let left = grouped(left.map(|left| (left.what.as_str(), left.reason.as_str())));
    format!("{}\n{left}\n", style::heading(stays(changes.direction)))
}

/// What is no part of the change set although it is to do.
fn left_out(changes: &ChangeSet) -> String {
    let Some(selection) = &changes.selection else {
        return String::new();
    };
    let left = selection.left_out.iter();
    let left = grouped(left.map(|left| (left.address.as_str(), left.why.as_str())));
    format!("{}\n{left}\n", style::heading("Left out"))
}

/// Names things by what is said of them, so that nothing is said a hundred times.
fn grouped<'a>(things: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (why, things) in groups(things) {
        for thing in things.iter().take(NAMED) {
            let _ = writeln!(text, "  {}", clean(thing));
        }
        let hidden = things.len().saturating_sub(NAMED);
        if hidden > 0 {
            let _ = writeln!(text, "  and {hidden} more");
        }
        for line in wrap(&clean(why), 74) {
            let _ = writeln!(text, "      {}", style::faint(line));
        }
    }
    text
}

/// Takes things together of which the same is said, in the order of the first of each.
pub(super) fn groups<'a, Thing>(
    things: impl Iterator<Item = (Thing, &'a str)>,
) -> Vec<(&'a str, Vec<Thing>)> {
    let mut groups: Vec<(&str, Vec<Thing>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (thing, why) in things {
        let place = *places.entry(why).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, things)) => things.push(thing),
            None => groups.push((why, vec![thing])),
        }
    }
    groups
}

/// Why a kind of step cannot be taken back.
pub(super) fn no_way_back(kind: &str) -> &'static str {
    match kind {
        "register" => "the way back is a migration in the other direction",
        "genesys_release" => {
            "a deleted integration does not come back; the way on is a new one, the way back a migration in the other direction"
        }
        "templates_copy" | "templates_repoint" | "templates_recreate" | "template_define" => {
            "a deleted template's name stays blocked for 30 days"
        }
        "template_undo" => {
            "a deleted template is gone, its name stays blocked for 30 days, and an edit is reviewed again"
        }
        "templates_prune" => "a deleted template is gone, and its name stays blocked for 30 days",
        "flows_copy" => "a published flow cannot be deleted",
        "genesys_placeholder" => "a number that is signed up again gets another integration",
        _ => "there is no way back",
    }
}

/// Returns what is told of numbers that nobody hears for a while, line by line.
pub(super) fn silent_periods(changes: &ChangeSet) -> Vec<String> {
    let periods = changes.silent_periods.iter();
    let lines = periods.map(|period| {
        let from = match &period.from {
            Some(_) => "from genesys_release to genesys_attach",
            None => "since its release, until genesys_attach",
        };
        format!(
            "{}: {from}, up to {} minutes, the signup popup of a Genesys Cloud admin included",
            period.number.international(),
            period.minutes
        )
    });
    lines.collect()
}

/// Why the time is what it is, and what makes it short.
pub(super) const SILENCE: &str =
    "one number at a time; have the person for the popup ready before apply begins";

fn silent(changes: &ChangeSet) -> String {
    let lines = silent_periods(changes);
    if lines.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", style::heading("Nobody hears"));
    for line in lines {
        for (number, line) in wrap(&clean(&line), 74).iter().enumerate() {
            let indent = if number == 0 { "  " } else { "    " };
            let _ = writeln!(text, "{indent}{line}");
        }
    }
    for line in wrap(SILENCE, 74) {
        let _ = writeln!(text, "      {}", style::faint(line));
    }
    text + "\n"
}

fn irreversible(changes: &ChangeSet) -> String {
    let steps: Vec<_> = changes
        .to_do()
        .filter(|change| change.is_irreversible())
        .collect();
    if steps.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", style::heading("Cannot be undone"));
    let steps = steps.iter();
    text += &grouped(steps.map(|step| (step.address.as_str(), no_way_back(step.kind))));
    if let Some(most) = most_cut_overs(changes) {
        let _ = writeln!(text, "  {}", style::notice(most));
    }
    text + "\n"
}

/// How many cut-overs one run begins at most, where the plan says it.
pub(super) fn most_cut_overs(changes: &ChangeSet) -> Option<String> {
    let most = usize::try_from(changes.summary.max_cut_overs?).unwrap_or(usize::MAX);
    let most = count(most, "cut-over");
    Some(format!(
        "one run begins at most {most} (policy.max_cut_overs)"
    ))
}

/// Whether the calls fit into an hour of the target; empty where nobody knows.
fn quota(changes: &ChangeSet) -> &'static str {
    let findings = &changes.findings;
    if changes.direction == Direction::Undo {
        return "";
    }
    let finding = findings
        .iter()
        .find(|finding| finding.rule == preflight::quota::RULE);
    match finding.map(|finding| finding.verdict) {
        None | Some(Verdict::Pass) => ", within quota",
        Some(Verdict::Fail) => ", more than an hour's quota",
        Some(Verdict::Unknown) => "",
    }
}

/// The sums of a change set in a few sentences.
pub(super) fn sums(changes: &ChangeSet) -> String {
    let Summary {
        to_do,
        done,
        gates,
        waits: _,
        calls,
        irreversible: _,
        blocked,
        earliest_cut_over: _,
        max_cut_overs: _,
    } = changes.summary;
    let left_out = changes.selection.as_ref();
    let left_out = left_out.map_or(0, |selection| selection.left_out.len());
    if to_do == 0 && left_out == 0 && changes.direction == Direction::Undo {
        return format!("Nothing is left to take back ({}).", count(done, "step"));
    }
    if to_do == 0 && left_out == 0 {
        return format!(
            "Everything is as the plan wants it ({}).",
            count(done, "step")
        );
    }
    let mut text = format!("{to_do} to do, {done} done");
    if gates > 0 {
        text += &format!(
            ", {gates} {} a person",
            if gates == 1 { "needs" } else { "need" }
        );
    }
    if blocked > 0 {
        text += &format!(", {}", style::bad(format!("{blocked} blocked")));
    }
    if left_out > 0 {
        let incomplete = format!("incomplete: {} left out", count(left_out, "step"));
        text += &format!(", {}", style::notice(incomplete));
    }
    let quota = quota(changes);
    text += &format!(". {}{quota}.", count(calls, "API call"));
    if let Some(opens) = &changes.summary.earliest_cut_over {
        text += &format!(" Earliest cut-over {opens}.");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: impl Into<Value>, after: impl Into<Value>, expected: &str) {
        let (before, after) = (before.into(), after.into());
        let field = FieldChange {
            path: "description".into(),
            before,
            after,
        };
        let plain = anstream::adapter::strip_str(&field_change(&field)).to_string();
        assert_eq!(plain, expected);
    }

    #[test]
    fn short_values_stand_side_by_side_and_long_texts_line_by_line() {
        check("Old", "New", "        ~ description: Old -> New\n");
        check(Value::Null, "New", "        + description: New\n");
        check("Old", Value::Null, "        - description: Old\n");
        check(
            "We sell shrubs.\nCall us.\nBye.",
            "We sell shrubs.\nWrite us.\nBye.",
            "        ~ description
            We sell shrubs.
          - Call us.
          + Write us.
            [-Call-] {+Write+}
            Bye.
",
        );
    }

    #[test]
    fn a_hostile_text_cannot_steer_the_terminal() {
        check(
            "a\u{1b}[2Jb\nc",
            "c",
            "        ~ description\n          - a␛[2Jb\n            c\n",
        );
    }
}
