//! What `diff` found, as Markdown: what fails a check first.

use super::{cell, diff, fitting, folded, left_out, marker, table_of, text};
use crate::{
    diff::{Class, Comparison, Difference},
    inventory::Inventory,
    report::{
        changes::groups,
        count,
        differences::{remarks, sums},
        templates,
    },
};

/// Lines of each diff, and rows of the table. 0 rows: differences are counted by class.
const LEVELS: [(usize, usize); 6] = [
    (usize::MAX, usize::MAX),
    (40, usize::MAX),
    (10, usize::MAX),
    (0, usize::MAX),
    (0, 50),
    (0, 0),
];

/// Renders differences in at most so many characters, as UTF-16 counts them.
pub fn render(
    comparison: &Comparison,
    inventory: Option<&Inventory>,
    plan: &str,
    max_chars: usize,
) -> String {
    let differences = &comparison.differences;
    fitting(&LEVELS, max_chars, |level| {
        let mut report = marker("diff", Some(plan));
        report += &format!("## Diff {}\n\n", text(plan));
        let sums = sums(comparison).replacen("nothing", "Nothing", 1);
        report += &format!("**{}.**\n", text(&sums));
        for remark in remarks(comparison) {
            report += &format!("\n{}\n", text(&remark));
        }
        if let Some(inventory) = inventory {
            report += &format!("\n{}.\n", text(&templates::line(inventory)));
        }
        report += &list(differences, level.1);
        report += &diffs(differences, level.0);
        match level == LEVELS[0] {
            true => report,
            false => report + &left_out("waba-migrate diff"),
        }
    })
}

fn list(differences: &[Difference], most: usize) -> String {
    if differences.is_empty() {
        return String::new();
    }
    if most == 0 {
        let classes = differences
            .iter()
            .map(|difference| (difference, word(difference.class)));
        let rows: Vec<_> = groups(classes)
            .into_iter()
            .map(|(class, of_class)| vec![class.to_owned(), count(of_class.len(), "difference")])
            .collect();
        return format!("\n{}", table_of(&["", "How many"], &rows));
    }
    let row = |difference: &Difference| {
        vec![
            word(difference.class).to_owned(),
            cell(&difference.address),
            text(&difference.message),
        ]
    };
    let rows: Vec<_> = differences.iter().take(most).map(row).collect();
    let mut list = format!("\n{}", table_of(&["", "What", "How"], &rows));
    let hidden = differences.len().saturating_sub(most);
    if hidden > 0 {
        list += &format!("\nAnd {hidden} more.\n");
    }
    list
}

/// The name of a class, stronger where it fails a check.
fn word(class: Class) -> &'static str {
    match class {
        Class::Drift => "**drift**",
        Class::Pending => "**pending**",
        Class::Service => "service",
        Class::Orphan => "orphan",
        Class::Ignored => "ignored",
    }
}

fn diffs(differences: &[Difference], most: usize) -> String {
    if most == 0 {
        return String::new();
    }
    let differing = differences
        .iter()
        .filter(|difference| !difference.fields.is_empty());
    let sections = differing.map(|difference| {
        let summary = format!("{} ({})", difference.address, difference.fields.len());
        format!(
            "\n{}",
            folded(&summary, &diff::block(&difference.fields, most))
        )
    });
    sections.collect()
}
