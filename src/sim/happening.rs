//! What happens in the world without a call: people, reviews and Meta change things by themselves.
//!
//! One variant and one rule for each. When it happens is the script's business (see
//! [`super::script`]); nothing here answers anybody, so what cannot happen does not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    genesys::happening::{self, InGenesys},
    words::{
        Category, CodeVerification, Decision, FlowStatus, NameStatus, NumberStatus, Quality,
        Review, TemplateStatus, Verification,
    },
    world::{Number, Token, Waba, World},
};
use crate::{
    ids::{BusinessId, WabaId},
    phone::Phone,
    secret::Secret,
};

/// The PIN of an owner who switches two-step verification on by surprise.
pub(super) const OWNERS_PIN: &str = "951753";

/// Something that happens in the world without a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// The owner of the live number switches two-step verification on, with a PIN of their own.
    TwoStepOn {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
    },
    /// The owner of the live number switches two-step verification off.
    TwoStepOff {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
    },
    /// A token is taken back.
    TokenRevoked {
        /// The token's name in the world file.
        token: String,
    },
    /// Every node of the number changes its status.
    NumberStatus {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
        /// `status` from now on.
        status: NumberStatus,
    },
    /// `code_verification_status` of the node that is not live changes.
    VerificationStatus {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
        /// `code_verification_status` from now on.
        status: CodeVerification,
    },
    /// An admin deletes the node that is not live.
    NumberDeleted {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
    },
    /// Maintenance of the live number begins or ends.
    Maintenance {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
        /// Whether it is in maintenance from now on.
        on: bool,
    },
    /// A template changes its status.
    TemplateStatus {
        /// The WABA's id.
        waba: String,
        /// The template's name.
        name: String,
        /// Its language; absent means every language.
        #[serde(default)]
        language: Option<String>,
        /// `status` from now on.
        status: TemplateStatus,
        /// `rejected_reason`.
        #[serde(default)]
        reason: Option<String>,
    },
    /// A flow changes its status.
    FlowStatus {
        /// The WABA's id.
        waba: String,
        /// The flow's name.
        name: String,
        /// `status` from now on.
        status: FlowStatus,
    },
    /// A template is rated.
    TemplateQuality {
        /// The WABA's id.
        waba: String,
        /// The template's name.
        name: String,
        /// Its language; absent means every language.
        #[serde(default)]
        language: Option<String>,
        /// `quality_score.score` from now on.
        quality: Quality,
    },
    /// Meta announces that a template belongs to another category.
    TemplateCategoryAnnounced {
        /// The WABA's id.
        waba: String,
        /// The template's name.
        name: String,
        /// Its language; absent means every language.
        #[serde(default)]
        language: Option<String>,
        /// `correct_category` from now on.
        category: Category,
    },
    /// Meta moves a template to another category.
    TemplateCategory {
        /// The WABA's id.
        waba: String,
        /// The template's name.
        name: String,
        /// Its language; absent means every language.
        #[serde(default)]
        language: Option<String>,
        /// `category` from now on.
        category: Category,
    },
    /// Meta pauses an approved template for low quality: for 3 hours, then for 6; the third time it is
    /// disabled. The hours are unconfirmed.
    TemplatePaused {
        /// The WABA's id.
        waba: String,
        /// The template's name.
        name: String,
        /// Its language; absent means every language.
        #[serde(default)]
        language: Option<String>,
    },
    /// The payment method of a WABA is removed.
    PaymentRemoved {
        /// The WABA's id.
        waba: String,
    },
    /// A WABA has a payment method that works.
    PaymentRestored {
        /// The WABA's id.
        waba: String,
    },
    /// Meta's review of a WABA comes to a result.
    AccountReview {
        /// The WABA's id.
        waba: String,
        /// `account_review_status` from now on.
        status: Review,
    },
    /// Meta bans a WABA.
    WabaBanned {
        /// The WABA's id.
        waba: String,
    },
    /// The business answers the "Messaging For" request of a WABA that a partner owns for it.
    MessagingFor {
        /// The WABA's id.
        waba: String,
        /// `on_behalf_of_business_info.status` from now on.
        status: Review,
    },
    /// Meta's verification of a portfolio comes to a result.
    BusinessVerification {
        /// The portfolio's id.
        business: String,
        /// `business_verification_status` of its WABAs from now on.
        status: Verification,
    },
    /// Every node of the number has its display name reviewed.
    NameStatus {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
        /// `name_status` from now on.
        status: NameStatus,
    },
    /// The owner of the live number asks for another display name, which goes into review.
    NameChange {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
        /// The name asked for.
        name: String,
    },
    /// The live number begins or stops to be used in the WhatsApp Business app.
    BusinessApp {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
        /// Whether it is used there from now on.
        on: bool,
    },
    /// The customer finishes Meta's signup popup for the number; when that refuses it, nothing
    /// happens.
    SignupFinished {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
        /// The WABA that receives it.
        waba: String,
    },
    /// The customer answers the migration intents of a solution that wait; when none does, or no
    /// account receives the numbers, nothing happens.
    IntentDecided {
        /// The solution's id, or the app's where the intent names one.
        solution: String,
        /// The answer.
        status: Decision,
        /// The WABA that receives the numbers; not needed to reject.
        #[serde(default)]
        waba: Option<String>,
    },
    /// All apps are unsubscribed from a WABA.
    Unsubscribed {
        /// The WABA's id.
        waba: String,
    },
    /// Something happens in the Genesys Cloud organization.
    Genesys(InGenesys),
}

impl World {
    /// Lets something happen now.
    pub fn happen(&mut self, happening: &Happening) {
        match happening {
            Happening::TwoStepOn { phone } => self.set_two_step(phone, Some(OWNERS_PIN)),
            Happening::TwoStepOff { phone } => self.set_two_step(phone, None),
            Happening::TokenRevoked { token } => self.revoke(token),
            Happening::NumberStatus { phone, status } => {
                self.each_node(phone, |number| number.status = *status);
            }
            Happening::VerificationStatus { phone, status } => {
                let now = self.now;
                self.each_idle(phone, |number| {
                    number.verification = *status;
                    number.verified_at = (*status == CodeVerification::Verified).then_some(now);
                });
            }
            Happening::NumberDeleted { phone } => self.delete_idle(phone),
            Happening::Maintenance { phone, on } => {
                self.each_live(phone, |number| number.in_maintenance = *on);
            }
            Happening::TemplateStatus {
                waba,
                name,
                language,
                status,
                reason,
            } => self.each_template((waba, name, language.as_deref()), |template| {
                template.decide(*status, reason.clone());
            }),
            Happening::FlowStatus { waba, name, status } => {
                let flows = self.flows.values_mut();
                flows
                    .filter(|flow| flow.waba.as_str() == waba && flow.name == *name)
                    .for_each(|flow| flow.status = *status);
            }
            Happening::TemplatePaused {
                waba,
                name,
                language,
            } => self.pause_templates((waba, name, language.as_deref())),
            Happening::TemplateQuality {
                waba,
                name,
                language,
                quality,
            } => self.each_template((waba, name, language.as_deref()), |template| {
                template.quality = *quality;
            }),
            Happening::TemplateCategoryAnnounced {
                waba,
                name,
                language,
                category,
            } => self.each_template((waba, name, language.as_deref()), |template| {
                template.correct_category = Some(*category);
            }),
            Happening::TemplateCategory {
                waba,
                name,
                language,
                category,
            } => self.each_template((waba, name, language.as_deref()), |template| {
                template.recategorise(*category);
            }),
            Happening::SignupFinished { phone, waba } => self.signup(phone, waba),
            Happening::IntentDecided {
                solution,
                status,
                waba,
            } => self.answer_intents(solution, *status, waba.as_deref()),
            Happening::PaymentRemoved { waba } => self.account(waba, |it| it.funding = None),
            Happening::PaymentRestored { waba } => self.restore_payment(waba),
            Happening::AccountReview { waba, status } => {
                self.account(waba, |it| it.review = *status);
            }
            Happening::WabaBanned { waba } => self.account(waba, |it| it.is_banned = true),
            Happening::MessagingFor { waba, status } => self.answer_partner(waba, *status),
            Happening::BusinessVerification { business, status } => {
                self.verify_business(business, *status);
            }
            Happening::NameStatus { phone, status } => {
                self.each_node(phone, |number| number.name_status = *status);
            }
            Happening::NameChange { phone, name } => self.each_live(phone, |number| {
                number.new_name = Some((name.clone(), NameStatus::PendingReview));
            }),
            Happening::BusinessApp { phone, on } => {
                self.each_live(phone, |number| number.is_on_biz_app = *on);
            }
            Happening::Unsubscribed { waba } => self.account(waba, |it| it.subscriptions.clear()),
            Happening::Genesys(what) => {
                self.in_genesys(|world, org| happening::happen(world, org, what));
            }
        }
    }

    fn each_node(&mut self, phone: &Phone, change: impl FnMut(&mut Number)) {
        let nodes = self.numbers.values_mut();
        nodes
            .filter(|number| number.phone == *phone)
            .for_each(change);
    }

    fn each_live(&mut self, phone: &Phone, mut change: impl FnMut(&mut Number)) {
        self.each_node(phone, |number| {
            if number.is_live() {
                change(number);
            }
        });
    }

    fn each_idle(&mut self, phone: &Phone, mut change: impl FnMut(&mut Number)) {
        self.each_node(phone, |number| {
            if !number.is_live() {
                change(number);
            }
        });
    }

    fn account(&mut self, waba: &str, change: impl FnOnce(&mut Waba)) {
        let id = waba.parse::<WabaId>().ok();
        if let Some(waba) = id.and_then(|id| self.wabas.get_mut(&id)) {
            change(waba);
        }
    }

    fn restore_payment(&mut self, waba: &str) {
        let funding: BusinessId = self.invent_id();
        self.account(waba, |account| {
            account.payment_error = false;
            account.currency.get_or_insert_with(|| "EUR".into());
            account.funding.get_or_insert_with(|| funding.to_string());
        });
    }

    fn answer_partner(&mut self, waba: &str, status: Review) {
        self.account(waba, |account| {
            if let Some(other) = &mut account.on_behalf_of {
                other.status = status;
            }
        });
    }

    fn verify_business(&mut self, id: &str, status: Verification) {
        let id = id.parse::<BusinessId>().ok();
        if let Some(business) = id.and_then(|id| self.businesses.get_mut(&id)) {
            business.verification = status;
        }
    }

    fn set_two_step(&mut self, phone: &Phone, pin: Option<&str>) {
        self.each_live(phone, |number| {
            number.pin = pin.map(Secret::new);
            number.wrong_pins = 0;
        });
    }

    fn revoke(&mut self, name: &str) {
        let named = |held: &&mut Token| held.name == name;
        let tokens = self.tokens.iter_mut().filter(named);
        tokens.for_each(|held| held.revoked = true);
    }

    fn signup(&mut self, phone: &Phone, waba: &str) {
        if let Ok(waba) = waba.parse() {
            // A refusal has nobody to hear it.
            self.finish_signup(&waba, phone).ok();
        }
    }

    fn answer_intents(&mut self, partner: &str, decision: Decision, waba: Option<&str>) {
        let target = waba.and_then(|waba| waba.parse().ok());
        self.decide_intents(partner, decision, target.as_ref()).ok();
    }

    fn delete_idle(&mut self, phone: &Phone) {
        self.numbers
            .retain(|_, number| number.phone != *phone || number.is_live());
        self.deleted.insert(phone.clone(), self.now);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sim::{
        tests::{Bench, SOURCE, TARGET, add_params, error},
        world::OnBehalfOf,
    };

    /// Reads an event as a world file has it, and lets it happen.
    fn happen(bench: &Bench, event: Value) {
        let event: Happening = serde_json::from_value(event).unwrap();
        bench.sim.edit(|world| world.happen(&event));
    }

    /// What adding the number to the target says after an event.
    fn add_after(event: Value) -> String {
        let bench = Bench::with(|world| {
            let business = world.wabas[&waba(SOURCE)].owner.clone();
            let target = world.wabas.get_mut(&waba(TARGET)).unwrap();
            let status = Review::Approved;
            target.on_behalf_of = Some(OnBehalfOf { business, status });
        });
        happen(&bench, event);
        let answer = bench.post(&format!("{TARGET}/phone_numbers"), add_params());
        error(&answer).2
    }

    fn waba(id: &str) -> WabaId {
        id.parse().unwrap()
    }

    #[test]
    fn preconditions_can_break_half_way() {
        #[track_caller]
        fn check(event: Value, expected: &str) {
            let told = add_after(event.clone());
            assert!(told.contains(expected), "{event}: {told}");
        }
        let phone = "+4930901820";
        check(
            json!({"account_review": {"waba": TARGET, "status": "PENDING"}}),
            "destination WhatsApp Business account is not approved",
        );
        check(
            json!({"name_status": {"phone": phone, "status": "DECLINED"}}),
            "display name of the phone number is not approved",
        );
        check(
            json!({"name_change": {"phone": phone, "name": "Shrub 2"}}),
            "display name change of the phone number is pending",
        );
        check(
            json!({"business_app": {"phone": phone, "on": true}}),
            "not set up for a migration",
        );
        check(
            json!({"messaging_for": {"waba": TARGET, "status": "REJECTED"}}),
            "Messaging For",
        );
        check(json!({"waba_banned": {"waba": TARGET}}), "locked");
        check(
            json!({"payment_removed": {"waba": TARGET}}),
            "payment account",
        );
    }

    #[test]
    fn a_business_can_lose_its_verification() {
        let bench = Bench::new();
        let owner = bench
            .sim
            .world(|world| world.wabas[&waba(TARGET)].owner.clone());
        happen(
            &bench,
            json!({"business_verification": {"business": owner, "status": "pending"}}),
        );
        let node = bench.get(TARGET, json!({"fields": "business_verification_status"}));
        assert_eq!(node["business_verification_status"], "pending");
    }

    #[test]
    fn payment_comes_back() {
        let bench = Bench::new();
        let target = |bench: &Bench| bench.sim.world(|world| world.wabas[&waba(TARGET)].clone());
        let before = target(&bench).funding;
        bench.sim.edit(|world| {
            world.wabas.get_mut(&waba(TARGET)).unwrap().payment_error = true;
        });
        let restored = || happen(&bench, json!({"payment_restored": {"waba": TARGET}}));
        restored();
        assert_eq!(target(&bench).funding, before);
        assert!(!target(&bench).payment_error);
        happen(&bench, json!({"payment_removed": {"waba": TARGET}}));
        restored();
        assert!(target(&bench).funding.is_some());
    }

    #[test]
    fn what_is_not_there_does_not_change() {
        let bench = Bench::new();
        let before = bench.sim.world_json();
        happen(
            &bench,
            json!({"account_review": {"waba": "x", "status": "PENDING"}}),
        );
        happen(
            &bench,
            json!({"messaging_for": {"waba": TARGET, "status": "PENDING"}}),
        );
        happen(
            &bench,
            json!({"business_verification": {"business": "1", "status": "failed"}}),
        );
        happen(
            &bench,
            json!({"name_change": {"phone": "+4930901821", "name": "N"}}),
        );
        assert_eq!(bench.sim.world_json(), before);
    }
}
