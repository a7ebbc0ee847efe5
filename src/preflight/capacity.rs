//! Room on the target for the numbers and the templates of the plan.
//!
//! The API does not show how many numbers a portfolio may have, so more than the documented limits
//! is unknown, never failed.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers>

use super::case::Case;
use crate::{
    finding::{Finding, Severity, Who},
    inventory::{Fate, Inventory},
    plan::Definition,
    resource::waba::Waba,
};

/// Numbers of a new portfolio, and of a verified one. More are given on request.
const NUMBERS: (usize, usize) = (2, 20);

/// Templates of an account, and of one whose portfolio is verified and that has a number with an
/// approved name.
/// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>
const TEMPLATES: (usize, usize) = (250, 6_000);

pub(super) fn numbers(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "capacity-numbers";
    let to_add = case
        .moving
        .iter()
        .filter(|moving| moving.on_target.is_none());
    let (Some(there), to_add) = (case.seen.target.numbers.present(), to_add.count()) else {
        return;
    };
    if to_add == 0 {
        return;
    }
    let (some, many) = NUMBERS;
    let limit = if is_verified(case) { many } else { some };
    let wanted = there.len() + to_add;
    findings.push(if wanted <= limit {
        let message = format!("the target would hold {wanted} of {limit} numbers");
        Finding::pass(RULE, case.target(), message)
    } else {
        let message = format!(
            "the target would hold {wanted} numbers, and a portfolio begins with {some}, once verified {many}"
        );
        Finding::unknown(RULE, Severity::Warning, case.target(), message)
            .observed(format!("{} there, {to_add} to add", there.len()))
            .ask(
                Who::BusinessAdmin,
                "look the limit up in WhatsApp Manager > Account tools > Phone numbers, and ask Meta's support for more",
            )
            .proof("webhook business_capability_update: max_phone_numbers_per_business")
    });
}

pub(super) fn templates(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "capacity-templates";
    let (Some(inventory), Some(there)) = (&case.templates, case.seen.target.templates.present())
    else {
        return;
    };
    let missing = coming(case, inventory);
    if missing == 0 {
        return;
    }
    let room = case.seen.room.present();
    let shown = room.and_then(|room| room.message_template_limit);
    let count = room.and_then(|room| room.total_count);
    let count = count.unwrap_or(there.len() + case.seen.target.leaving.len());
    let limit = shown.unwrap_or_else(|| usual_limit(case));
    let wanted = count + missing;
    let message = format!("the target would hold {wanted} of {limit} templates, languages counted");
    let observed = format!("{count} there, {missing} to come");
    let subject = "templates.copy";
    let finding = match shown {
        _ if wanted <= limit => {
            findings.push(Finding::pass(RULE, subject, message));
            return;
        }
        Some(_) => Finding::warn(RULE, subject, message),
        None => Finding::unknown(RULE, Severity::Warning, subject, message),
    };
    findings.push(
        finding
            .observed(observed)
            .ask(
                Who::Us,
                "copy less (templates.copy), delete old ones on the target, or move one number first: a verified business with a number has room for 6,000",
            )
            .proof("GET /{TARGET}/message_templates?summary=total_count,message_template_limit"),
    );
}

/// Templates that are still to come: copied, created anew, defined.
pub(super) fn coming(case: &Case<'_>, inventory: &Inventory) -> usize {
    let missing = |definition: &&Definition| case.seen.target.template(&definition.key).is_none();
    let defined = case.plan.templates.definitions.iter();
    inventory.count(Fate::Copy) + inventory.count(Fate::Recreate) + defined.filter(missing).count()
}

fn is_verified(case: &Case<'_>) -> bool {
    let status = |waba: &Waba| waba.business_verification_status.as_deref() == Some("verified");
    case.seen.target.waba.present().is_some_and(status)
}

fn usual_limit(case: &Case<'_>) -> usize {
    let numbers = case.seen.target.numbers.present();
    let mut numbers = numbers.into_iter().flatten();
    let (few, many) = TEMPLATES;
    let is_named = numbers.any(|number| number.name_status.as_deref() == Some("APPROVED"));
    if is_named && is_verified(case) {
        many
    } else {
        few
    }
}
