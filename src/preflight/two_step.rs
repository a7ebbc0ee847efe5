//! Two-step verification is off on the source. The plan's gate `two_step_off` waits for it, so it
//! blocks nothing here.

use super::case::{Case, Moving};
use crate::{
    finding::{Finding, Severity, Who},
    ids::{Address, NumberStep},
    resource::{Observed, phone_number::two_step_instructions},
    snapshot::CONFIRMED,
};

const RULE: &str = "two-step";

pub(super) fn off(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let is_nowhere = |moving: &&Moving<'_>| {
        let source = case.seen.source.number(&moving.number.phone);
        moving.on_target.is_none() && source == Observed::Absent
    };
    let somewhere = case.moving.iter().filter(|moving| !is_nowhere(moving));
    findings.extend(somewhere.map(|moving| judge(case, moving)));
}

fn judge(case: &Case<'_>, moving: &Moving<'_>) -> Finding {
    let subject = moving.subject();
    let instructions = two_step_instructions(&moving.number.phone);
    let gate = Address::number(&moving.number.phone, NumberStep::TwoStepOff);
    let finding = match moving.on_source.and_then(|number| number.is_pin_enabled) {
        Some(false) => return Finding::pass(RULE, subject, "two-step verification is off"),
        Some(true) => Finding::warn(RULE, subject, "two-step verification is on")
            .observed("is_pin_enabled: true")
            .ask(Who::SourceOwner, instructions),
        None if case.seen.history.kept(&gate, CONFIRMED).is_some() => {
            return Finding::pass(RULE, subject, "somebody passed its gate by name");
        }
        None => {
            let message = "the source does not show whether two-step verification is on";
            let hint =
                format!("{instructions}; then pass the gate by name: apply --confirm '{gate}'");
            Finding::unknown(RULE, Severity::Warning, subject, message).ask(Who::SourceOwner, hint)
        }
    };
    finding.proof("GET /{SOURCE_PHONE}?fields=is_pin_enabled is false")
}
