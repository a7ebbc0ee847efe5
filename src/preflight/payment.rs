//! The target can pay: without a payment method a number would move into an account that cannot
//! send.

use super::{
    case::{Case, Readable, Side},
    genesys::account::active_on_target,
    health,
};
use crate::{
    finding::{Finding, Severity},
    resource::waba::no_payment,
};

pub(super) fn payment(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let accounts = case.accounts();
    let target = accounts.iter().find(|account| account.side == Side::Target);
    findings.extend(target.map(|target| {
        if target.waba.primary_funding_id.is_some() {
            Finding::pass(
                "payment",
                &target.subject,
                "the target has a payment method",
            )
        } else if genesys_pays(case, target) {
            let message = "the target shows no payment method, but an integration of Genesys Cloud is active there, so it seems to have Genesys' payment line";
            Finding {
                severity: Severity::Warning,
                message: message.to_owned(),
                ..no_payment(&case.plan.target.waba)
            }
        } else {
            no_payment(&case.plan.target.waba)
        }
    }));
}

/// Whether the target may show the payment line of a partner is not documented. Where an integration
/// of Genesys Cloud is active there, somebody pays, unless Meta says that nobody does.
fn genesys_pays(case: &Case<'_>, target: &Readable<'_>) -> bool {
    let mut moving = case.moving.iter();
    moving.all(|moving| moving.number.genesys.is_some())
        && active_on_target(case).next().is_some()
        && !health::complains_of_payment(target)
}
