//! Rules that compare one part of a plan with another, as a table.
//!
//! The form of a single value is checked where it is read: see `plan::words`, `choices`,
//! `moment` and `reference`. No rule stops another.

pub mod accounts;
pub mod genesys;
pub mod ignore;
pub mod numbers;
pub mod profiles;
pub mod templates;
pub mod windows;

use crate::plan::{document::Document, sink::Sink};

/// One rule: looks at what could be read, reports what is wrong.
type Rule = fn(&Document, &mut Sink<'_>);

/// All rules. Their ids stand in the functions.
const RULES: &[Rule] = &[
    accounts::source_is_target,
    accounts::callback_without_app,
    genesys::organization_missing,
    genesys::region_unknown,
    genesys::method,
    genesys::placeholder_moves,
    ignore::everything,
    ignore::duplicate,
    numbers::phone_duplicate,
    numbers::needs_unknown,
    numbers::needs_cycle,
    numbers::pin_missing,
    numbers::solution_missing,
    profiles::websites_at_most_two,
    templates::nothing_to_do,
    windows::window_order,
    windows::window_unknown,
    windows::window_needs,
];

/// Applies every rule. `defined` are the names of the templates that the plan's files define.
pub fn check(document: &Document, defined: &[String], sink: &mut Sink<'_>) {
    templates::required_outside_plan(document, defined, sink);
    for rule in RULES {
        rule(document, sink);
    }
}
