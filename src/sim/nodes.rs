//! What objects look like when they are read: every field of accounts, numbers, templates,
//! portfolios, solutions and migration intents.
//!
//! It changes nothing. Sources:
//! <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account-to-number-current-status/>,
//! <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/>,
//! <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates/>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    error::GraphError,
    fields::{Field, Has, if_set, select},
    switches::DisplaySpelling,
    template_view,
    words::{Category, NameStatus, NumberStatus, Quality, SubCategory, Verification},
    world::{Business, Intent, Number, Partner, Solution, Template, Waba, World},
};
use crate::ids::{BusinessId, MigrationIntentId, PhoneNumberId, SolutionId, TemplateId, WabaId};

/// What Graph calls a number in its errors.
pub const NUMBER: &str = "WhatsAppBusinessPhoneNumber";
/// What Graph calls an account in its errors.
pub const WABA: &str = "WhatsAppBusinessAccount";
/// What Graph calls a template in its errors.
pub const TEMPLATE: &str = "WhatsAppMessageTemplate";
/// What Graph calls a portfolio in its errors.
pub const BUSINESS: &str = "Business";
/// What Graph calls an app in its errors.
pub const APP: &str = "Application";
/// What Graph calls a solution in its errors: unconfirmed.
const SOLUTION: &str = "WhatsAppBusinessSolution";
/// What Graph calls a migration intent in its errors: unconfirmed.
pub const INTENT: &str = "WhatsAppBusinessSolutionMigrationIntent";

/// Fields of a number when none are asked for.
pub const NUMBER_FIELDS: [&str; 8] = [
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "last_onboarded_time",
    "webhook_configuration",
];
/// Fields of an account when none are asked for.
pub const WABA_FIELDS: [&str; 4] = [
    "name",
    "currency",
    "timezone_id",
    "message_template_namespace",
];
/// Fields of a template when none are asked for.
pub const TEMPLATE_FIELDS: [&str; 8] = [
    "name",
    "parameter_format",
    "components",
    "language",
    "status",
    "category",
    "rejected_reason",
    "previous_category",
];
/// Fields of a portfolio when none are asked for.
pub const BUSINESS_FIELDS: [&str; 1] = ["name"];
/// Fields of a solution when none are asked for.
pub const SOLUTION_FIELDS: [&str; 1] = ["name"];
/// Fields of a migration intent when none are asked for.
pub const INTENT_FIELDS: [&str; 1] = ["status"];

/// Returns a moment as nodes spell it.
pub fn time(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// Returns a number's fields. `version` decides which of two limit fields exists.
pub fn number(
    world: &World,
    version: u16,
    (id, number): (&PhoneNumberId, &Number),
    selection: &[Field],
) -> Result<Value, GraphError> {
    select(selection, NUMBER, |field| {
        Ok(match field.name.as_str() {
            "id" => id.as_str().into(),
            "messaging_limit_tier" if version <= 23 => "TIER_2K".into(),
            "whatsapp_business_manager_messaging_limit" if version >= 24 => "TIER_2K".into(),
            "health_status" => health(world, id.as_str(), number).into(),
            "display_phone_number" => display(world, number).into(),
            "code_verification_status" => world.verification(number).as_str().into(),
            name => number_field(number, name),
        })
    })
}

fn display(world: &World, number: &Number) -> String {
    match world.switches.display_spelling {
        DisplaySpelling::Spaced => number.phone.international(),
        DisplaySpelling::Digits => number.phone.digits().to_owned(),
    }
}

fn number_field(number: &Number, name: &str) -> Has {
    match name {
        "verified_name" => number.name.as_str().into(),
        "status" => shown_status(number).as_str().into(),
        "name_status" => number.name_status.as_str().into(),
        "new_name_status" => if_set(number.new_name.as_ref().map(|(_, status)| status.as_str())),
        "new_display_name" => if_set(number.new_name.as_ref().map(|(name, _)| name.as_str())),
        "quality_rating" => number.quality.as_str().into(),
        "quality_score" => json!({"score": number.quality}).into(),
        "account_mode" => number.mode.as_str().into(),
        "platform_type" | "host_platform" => number.platform.as_str().into(),
        "throughput" => {
            json!({"level": if number.is_live() { "STANDARD" } else { "NOT_APPLICABLE" }}).into()
        }
        "is_pin_enabled" => number.pin.is_some().into(),
        "is_official_business_account" => number.is_official.into(),
        "is_on_biz_app" => number.is_on_biz_app.into(),
        "is_preverified_number" => false.into(),
        "search_visibility" => "VISIBLE".into(),
        "last_onboarded_time" => if_set(number.onboarded.map(time)),
        "country_dial_code" => number.phone.split().0.into(),
        "unified_cert_status" => certificate(number.name_status).into(),
        "webhook_configuration" => if_set(
            number
                .callback
                .as_ref()
                .map(|url| json!({"phone_number": url})),
        ),
        "country_code"
        | "certificate"
        | "new_certificate"
        | "username"
        | "conversational_automation"
        | "eligibility_for_api_business_global_search" => Has::Absent,
        _ => Has::No,
    }
}

/// While a number flaps, every second read shows PENDING.
fn shown_status(number: &Number) -> NumberStatus {
    if number.flaps_left % 2 == 1 {
        NumberStatus::Pending
    } else {
        number.status
    }
}

fn certificate(name: NameStatus) -> &'static str {
    match name {
        NameStatus::Approved => "APPROVED",
        NameStatus::PendingReview => "NAME_PENDING_REVIEW",
        NameStatus::AvailableWithoutReview => "LIMITED_ACCESS",
        NameStatus::Declined | NameStatus::Expired | NameStatus::None | NameStatus::NonExists => {
            "NAME_NOT_APPROVED"
        }
    }
}

fn health(world: &World, id: &str, number: &Number) -> Value {
    let own = if number.is_live() {
        "AVAILABLE"
    } else {
        "BLOCKED"
    };
    let mut entities =
        vec![json!({"entity_type": "PHONE_NUMBER", "id": id, "can_send_message": own})];
    if let Some(waba) = world.wabas.get(&number.waba) {
        entities.extend(account_health(world, number.waba.as_str(), waba));
    }
    overall(entities)
}

/// Returns what `health_status` says of an account and its owner.
pub fn account_health(world: &World, id: &str, waba: &Waba) -> Vec<Value> {
    let mut account = json!({"entity_type": "WABA", "id": id, "can_send_message": "AVAILABLE"});
    let has_payment = waba.funding.is_some() && !waba.payment_error;
    let troubles = [(waba.is_banned, BANNED), (!has_payment, NO_PAYMENT)];
    let troubles: Vec<Value> = troubles
        .into_iter()
        .filter_map(|(is_so, trouble)| is_so.then(|| trouble.shown()))
        .collect();
    if !troubles.is_empty() {
        account["can_send_message"] = json!("BLOCKED");
        account["errors"] = json!(troubles);
    }
    let mut owner =
        json!({"entity_type": "BUSINESS", "id": waba.owner, "can_send_message": "AVAILABLE"});
    if verification(world, waba) != Verification::Verified {
        owner["can_send_message"] = json!("LIMITED");
        owner["additional_info"] = json!([NOT_VERIFIED.description]);
        owner["errors"] = json!([NOT_VERIFIED.shown()]);
    }
    vec![account, owner]
}

/// An entry of `errors`. The codes are documented, their texts are a model decision.
struct Trouble {
    code: u32,
    description: &'static str,
    solution: &'static str,
}

const NO_PAYMENT: Trouble = Trouble {
    code: 141_006,
    description: "There is an error with the payment method of this account.",
    solution: "Add a payment method.",
};
const NOT_VERIFIED: Trouble = Trouble {
    code: 141_010,
    description: "Your business has not passed business verification",
    solution: "Finish business verification.",
};
const BANNED: Trouble = Trouble {
    code: 141_014,
    description: "This WhatsApp Business account is banned.",
    solution: "Ask for a review of the ban.",
};

impl Trouble {
    fn shown(&self) -> Value {
        json!({
            "error_code": self.code,
            "error_description": self.description,
            "possible_solution": self.solution,
        })
    }
}

/// Returns `health_status` of all that takes part in sending.
pub fn overall(entities: Vec<Value>) -> Value {
    let any = |word: &str| {
        entities
            .iter()
            .any(|entity| entity["can_send_message"] == word)
    };
    let worst = ["BLOCKED", "LIMITED"]
        .into_iter()
        .find(|word| any(word))
        .unwrap_or("AVAILABLE");
    json!({"can_send_message": worst, "entities": entities})
}

/// Returns the verification of the portfolio that owns an account.
pub fn verification(world: &World, waba: &Waba) -> Verification {
    world
        .businesses
        .get(&waba.owner)
        .map_or(Verification::NotVerified, |owner| owner.verification)
}

fn business_name<'a>(world: &'a World, id: &BusinessId) -> &'a str {
    world
        .businesses
        .get(id)
        .map_or("", |business| business.name.as_str())
}

/// Returns an account's fields; `edge` answers for those that are lists.
pub fn waba(
    world: &World,
    (id, waba): (&WabaId, &Waba),
    selection: &[Field],
    mut edge: impl FnMut(&Field) -> Option<Result<Value, GraphError>>,
) -> Result<Value, GraphError> {
    select(selection, WABA, |field| {
        if let Some(list) = edge(field) {
            return list.map(Has::Value);
        }
        Ok(waba_field(world, id, waba, &field.name))
    })
}

fn waba_field(world: &World, id: &WabaId, waba: &Waba, name: &str) -> Has {
    match name {
        "id" => id.as_str().into(),
        "name" => waba.name.as_str().into(),
        "currency" => if_set(waba.currency.as_deref()),
        "timezone_id" => "1".into(),
        "message_template_namespace" => waba.namespace.as_str().into(),
        "account_review_status" => waba.review.as_str().into(),
        "business_verification_status" => verification(world, waba).as_str().into(),
        "status" => waba.status.as_str().into(),
        "ownership_type" => ownership(waba).into(),
        "owner_business_info" | "owner_business" => {
            json!({"name": business_name(world, &waba.owner), "id": waba.owner}).into()
        }
        "on_behalf_of_business_info" => on_behalf_of(world, waba).into(),
        "primary_funding_id" => if_set(waba.funding.as_deref()),
        "health_status" => overall(account_health(world, id.as_str(), waba)).into(),
        "is_enabled_for_insights"
        | "is_shared_with_partners"
        | "template_auto_archival_enabled" => false.into(),
        "whatsapp_business_manager_messaging_limit" => "TIER_2K".into(),
        "primary_business_location"
        | "country"
        | "creation_time"
        | "purchase_order_number"
        | "linked_commerce_account"
        | "auth_international_rate_eligibility"
        | "marketing_messages_lite_api_status"
        | "marketing_messages_onboarding_status"
        | "disable_marketing_messages_on_cloud_api" => Has::Absent,
        _ => Has::No,
    }
}

fn ownership(waba: &Waba) -> &str {
    match (&waba.ownership, &waba.on_behalf_of) {
        (Some(word), _) => word,
        (None, Some(_)) => "ON_BEHALF_OF",
        (None, None) => "SELF",
    }
}

fn on_behalf_of(world: &World, waba: &Waba) -> Value {
    let (business, status, kind) = match &waba.on_behalf_of {
        Some(other) => (&other.business, other.status.as_str(), "ON_BEHALF_OF"),
        None => (&waba.owner, "APPROVED", "SELF"),
    };
    json!({"name": business_name(world, business), "id": business, "status": status, "type": kind})
}

/// Returns a template's fields.
pub fn template(
    world: &World,
    (id, template): (&TemplateId, &Template),
    selection: &[Field],
) -> Result<Value, GraphError> {
    select(selection, TEMPLATE, |field| {
        Ok(match field.name.as_str() {
            "id" => id.as_str().into(),
            "name" => template.name.as_str().into(),
            "language" => template.language.as_str().into(),
            "status" => template.status.as_str().into(),
            "category" => template.category.as_str().into(),
            "components" => template_view::components(&world.switches, template).into(),
            "parameter_format" => template.parameter_format.as_str().into(),
            "quality_score" => quality_score(world, template),
            "health_status" => template_health(id, template).into(),
            name => template_option(template, name),
        })
    })
}

/// What is present when it is set.
fn template_option(template: &Template, name: &str) -> Has {
    match name {
        "rejected_reason" => if_set(template.rejected_reason.as_deref()),
        "previous_category" => if_set(template.previous_category.map(Category::as_str)),
        "correct_category" => if_set(template.correct_category.map(Category::as_str)),
        "sub_category" => if_set(template.sub_category.map(SubCategory::as_str)),
        "message_send_ttl_seconds" => if_set(template.message_send_ttl_seconds),
        "cta_url_link_tracking_opted_out" => if_set(template.cta_url_link_tracking_opted_out),
        "library_template_name" | "degrees_of_freedom_spec" => Has::Absent,
        _ => Has::No,
    }
}

fn quality_score(world: &World, template: &Template) -> Has {
    if template.quality == Quality::Unknown && world.switches.hides_unknown_quality {
        return Has::Absent;
    }
    json!({"score": template.quality, "date": 0}).into()
}

fn template_health(id: &TemplateId, template: &Template) -> Value {
    let can = match (template.status.as_str(), template.quality) {
        ("APPROVED", Quality::Green | Quality::Unknown) => "AVAILABLE",
        ("APPROVED", _) => "LIMITED",
        _ => "BLOCKED",
    };
    overall(vec![
        json!({"entity_type": "MESSAGE_TEMPLATE", "id": id, "can_send_message": can}),
    ])
}

/// Returns a portfolio's fields.
pub fn business(
    (id, business): (&BusinessId, &Business),
    selection: &[Field],
) -> Result<Value, GraphError> {
    select(selection, BUSINESS, |field| {
        Ok(match field.name.as_str() {
            "id" => id.as_str().into(),
            "name" => business.name.as_str().into(),
            "verification_status" => business.verification.as_str().into(),
            "timezone_id" => 1.into(),
            "primary_page" => Has::Absent,
            _ => Has::No,
        })
    })
}

/// Returns a solution's fields.
pub fn solution(
    (id, solution): (&SolutionId, &Solution),
    selection: &[Field],
) -> Result<Value, GraphError> {
    select(selection, SOLUTION, |field| {
        Ok(match field.name.as_str() {
            "id" => id.as_str().into(),
            "name" => solution.name.as_str().into(),
            _ => Has::No,
        })
    })
}

/// Returns a migration intent's fields.
pub fn intent(
    world: &World,
    (id, intent): (&MigrationIntentId, &Intent),
    selection: &[Field],
) -> Result<Value, GraphError> {
    select(selection, INTENT, |field| {
        Ok(match field.name.as_str() {
            "id" => id.as_str().into(),
            "status" => intent.status.as_str().into(),
            "solution" => solution_of(world, intent),
            _ => Has::No,
        })
    })
}

fn solution_of(world: &World, intent: &Intent) -> Has {
    let solution = match &intent.partner {
        Partner::Solution(id) => world.solutions.get_key_value(id),
        Partner::App(_) => None,
    };
    if_set(solution.map(|(id, solution)| json!({"id": id, "name": solution.name})))
}
