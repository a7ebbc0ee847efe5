//! What becomes of the source's templates and flows, for people: the sums, and what differs.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{changes::field_change, clean, count, style, wrap};
use crate::inventory::{
    Fate, Inventory, Item,
    flows::{FlowFate, Flows},
};

/// Templates whose differences are shown before the rest is only named.
const DIFFED: usize = 20;

/// Names in one line of reasons before the rest is only counted.
const NAMED: usize = 8;

/// Renders the account in one sentence: the sum, and how many have which fate.
pub fn line(inventory: &Inventory) -> String {
    let counts = inventory.counts.iter();
    let parts: Vec<_> = counts
        .map(|(fate, number)| format!("{number} {}", fate.words()))
        .collect();
    let sum = count(inventory.total, "template");
    match parts.is_empty() {
        true => format!("{sum} on the source"),
        false => format!("{sum} on the source: {}", parts.join(", ")),
    }
}

/// Renders the account as a paragraph with a heading.
pub fn paragraph(inventory: &Inventory) -> String {
    let line = wrap(&line(inventory), 78).join("\n  ");
    format!("{}\n  {line}\n\n", style::heading("Templates"))
}

/// Renders the account with what differs on the target.
pub fn render(inventory: &Inventory) -> String {
    let mut text = format!("{}\n", style::heading("Templates"));
    let _ = writeln!(
        text,
        "  {} on the source",
        count(inventory.total, "template")
    );
    for (fate, number) in &inventory.counts {
        let _ = writeln!(text, "    {number:>4} {}", fate.words());
    }
    let differing: Vec<_> = inventory
        .templates
        .iter()
        .filter(|item| !item.changes.is_empty())
        .collect();
    for item in differing.iter().take(DIFFED) {
        text += &difference(item);
    }
    let hidden = differing.len().saturating_sub(DIFFED);
    if hidden > 0 {
        let _ = writeln!(
            text,
            "  {}",
            style::faint(format!("and {hidden} more that differ"))
        );
    }
    text + "\n"
}

fn difference(item: &Item) -> String {
    let mut text = format!("  {} {}\n", style::notice("≠"), item.key());
    let words = match &item.reason {
        Some(reason) => format!("{}: {}", item.fate.words(), clean(reason)),
        None => item.fate.words().to_owned(),
    };
    let _ = writeln!(text, "      {}", style::faint(words));
    for change in &item.changes {
        text += &field_change(change);
    }
    text
}

/// Renders what stays behind and what failed, each reason once, with the templates it is about.
pub fn reasons(inventory: &Inventory) -> String {
    let mut groups: BTreeMap<(Fate, &str, Option<&str>), Vec<String>> = BTreeMap::new();
    for fate in [Fate::Skipped, Fate::Failed] {
        for item in inventory.with(fate) {
            let reason = item.reason.as_deref().unwrap_or_default();
            let key = (fate, reason, item.instead.as_deref());
            groups.entry(key).or_default().push(item.key().to_string());
        }
    }
    let mut text = String::new();
    for ((fate, reason, instead), keys) in groups {
        let more = match keys.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let named = keys[..keys.len().min(NAMED)].join(", ");
        text += &indented(
            2,
            &format!("{} {}: {}", keys.len(), fate.words(), clean(reason)),
            false,
        );
        text += &indented(6, &clean(&format!("{named}{more}")), true);
        if let Some(instead) = instead {
            text += &indented(6, &format!("help: {}", clean(instead)), false);
        }
    }
    text
}

/// Lines of at most 80 characters.
fn indented(indent: usize, text: &str, is_faint: bool) -> String {
    let lines = wrap(text, 80 - indent).into_iter();
    let lines = lines.map(|line| {
        let line = if is_faint {
            style::faint(line)
        } else {
            style::plain(line)
        };
        format!("{:indent$}{line}\n", "")
    });
    lines.collect()
}

/// Renders the flows that do not come, with the reason.
pub fn flow_reasons(flows: &Flows) -> String {
    let left = flows.flows.iter().filter_map(|item| {
        let reason = item.reason.as_deref()?;
        Some(format!(
            "  {}\n      {}\n",
            clean(&item.name),
            style::faint(clean(reason))
        ))
    });
    left.collect()
}

/// Renders the flows in one line.
pub fn flows_line(flows: &Flows) -> String {
    let number = |fate| flows.with(fate).count();
    let parts = [
        (number(FlowFate::Copy), "to copy"),
        (number(FlowFate::There), "on the target"),
        (number(FlowFate::Skipped), "skipped"),
        (number(FlowFate::Failed), "failed"),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<_> = parts
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    let sum = format!(
        "{} selected on the source",
        count(flows.flows.len(), "flow")
    );
    match parts.is_empty() {
        true => sum,
        false => format!("{sum}: {}", parts.join(", ")),
    }
}
