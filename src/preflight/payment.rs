//! The target can pay: without a payment method a number would move into an account that cannot
//! send.

use super::case::{Case, Side};
use crate::{finding::Finding, resource::waba::no_payment};

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
        } else {
            no_payment(&case.plan.target.waba)
        }
    }));
}
