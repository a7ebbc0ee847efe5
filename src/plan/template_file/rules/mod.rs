//! Meta's rules for templates, as a table: what breaks one is refused when it is sent.
//!
//! The form of a single value is checked where it is read: see `words` and `choices`. No rule stops
//! another, and none reports what could not be read.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components>

mod actions;
mod authentication;
mod body;
mod buttons;
mod carousel;
mod category;
mod components;
mod footer;
mod header;
mod keys;
mod offer;
mod samples;
mod texts;
mod view;

pub(super) use header::has_sample_file;

use super::document::Template;
use crate::plan::sink::Sink;

/// One rule: looks at what could be read, reports what is wrong.
type Rule = fn(&Template, &mut Sink<'_>);

/// All rules. Their ids stand in the functions.
const RULES: &[Rule] = &[
    category::time_to_live,
    category::marketing_kinds,
    components::duplicates,
    components::body_missing,
    components::empty_lists,
    keys::of_components,
    keys::of_buttons,
    keys::of_examples,
    header::text,
    header::file,
    body::text,
    footer::text,
    samples::of_headers,
    samples::of_bodies,
    buttons::count,
    buttons::grouping,
    buttons::kinds_once,
    buttons::labels,
    buttons::newer_kinds,
    actions::urls,
    actions::phones,
    actions::coupons,
    actions::flows,
    authentication::components,
    authentication::texts,
    authentication::buttons,
    authentication::only_there,
    authentication::expiration,
    authentication::otp,
    authentication::apps,
    offer::text,
    offer::footer,
    carousel::count,
    carousel::parts,
    carousel::structure,
];

/// Applies every rule.
pub(super) fn check(template: &Template, sink: &mut Sink<'_>) {
    for rule in RULES {
        rule(template, sink);
    }
}
