//! What of a change set cannot be taken back or goes away: never left out of a report.

use super::{code, text};
use crate::{
    changeset::{ChangeEntry, ChangeSet},
    report::{
        changes::{SILENCE, groups, most_cut_overs, no_way_back, silent_periods},
        count,
    },
    step::Action,
};

/// One thing that is lost or cannot be taken back.
struct Loss<'a> {
    name: &'a str,
    says: String,
}

/// Renders the section. Without prose every loss is one short line.
pub(super) fn section(changes: &ChangeSet, prose: bool) -> String {
    let cut_overs = |change: &&ChangeEntry| change.is_point_of_no_return();
    let deletes =
        |change: &&ChangeEntry| change.action == Action::Delete && !change.is_point_of_no_return();
    let risky = || changes.to_do().filter(|change| is_risky(change));
    let kinds = [
        ("cut-over", of(risky().filter(cut_overs))),
        ("deletion", of(risky().filter(deletes))),
        (
            "change that cannot be undone",
            of(risky().filter(|change| !cut_overs(change) && !deletes(change))),
        ),
    ];
    let mut section = "\n### Risk\n".to_owned();
    for (noun, losses) in kinds {
        for (why, losses) in groups(losses.into_iter()) {
            let sum = plural(losses.len(), noun);
            section += &format!("\n**{sum}: {}.**\n\n", text(why));
            section += &losses
                .iter()
                .map(|loss| line(loss, prose))
                .collect::<String>();
        }
    }
    if risky().next().is_none() {
        section += "\nNothing here is irreversible or destructive.\n";
    }
    section += &silent(changes, prose);
    if let Some(most) = most_cut_overs(changes).filter(|_| prose && risky().next().is_some()) {
        section += &format!("\nIn all, {}.\n", text(&most));
    }
    section
}

/// The numbers that nobody hears for a while.
fn silent(changes: &ChangeSet, prose: bool) -> String {
    let lines = silent_periods(changes);
    if lines.is_empty() {
        return String::new();
    }
    let sum = count(lines.len(), "number");
    let why = if prose {
        format!(": {SILENCE}")
    } else {
        String::new()
    };
    let mut section = format!("\n**Nobody hears {sum} for a while{why}.**\n\n");
    for line in lines {
        section += &format!("* {}\n", text(&line));
    }
    section
}

fn is_risky(change: &ChangeEntry) -> bool {
    !change.blocked && (change.is_irreversible() || change.action == Action::Delete)
}

fn plural(number: usize, noun: &str) -> String {
    match noun.strip_prefix("change ") {
        Some(rest) => format!("{} {rest}", count(number, "change")),
        None => count(number, noun),
    }
}

/// Every loss of these changes, with the reason why there is no way back. What is deleted is named
/// one by one.
fn of<'a>(changes: impl Iterator<Item = &'a ChangeEntry>) -> Vec<(Loss<'a>, &'static str)> {
    let mut losses = Vec::new();
    for change in changes {
        let why = match change.is_irreversible() {
            true => no_way_back(change.kind),
            false => "what is deleted is gone",
        };
        let is_delete = change.action == Action::Delete && !change.is_point_of_no_return();
        if is_delete && !change.fields.is_empty() {
            losses.extend(change.fields.iter().map(|field| {
                let says = format!("deleted by {}", change.address);
                (
                    Loss {
                        name: &field.path,
                        says,
                    },
                    why,
                )
            }));
            continue;
        }
        let window = change.window.as_ref();
        let window = window.map(|window| format!(" (window {}: {})", window.name, window.span));
        let window = window.unwrap_or_default();
        let says = match change.kind {
            "register" | "genesys_release" => format!("{}{window}", change.description),
            _ => format!("{}: {}{window}", change.description, change.reason),
        };
        losses.push((
            Loss {
                name: &change.address,
                says,
            },
            why,
        ));
    }
    losses
}

fn line(loss: &Loss<'_>, prose: bool) -> String {
    let name = code(loss.name);
    match prose {
        true => format!("* {name} {}\n", text(&loss.says)),
        false => format!("* {name}\n"),
    }
}
