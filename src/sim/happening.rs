//! What happens in the world without a call: people, reviews and Meta change things by themselves.
//!
//! One variant and one rule for each. When it happens is the script's business (see
//! [`super::script`]); nothing here answers anybody, so what cannot happen does not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    words::{CodeVerification, NumberStatus, TemplateStatus},
    world::{Number, Template, Token, Waba, World},
};
use crate::{ids::WabaId, phone::Phone, secret::Secret};

/// The PIN of an owner who switches two-step verification on by surprise.
const OWNERS_PIN: &str = "951753";

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
    /// The payment method of a WABA is removed.
    PaymentRemoved {
        /// The WABA's id.
        waba: String,
    },
    /// The customer finishes Meta's signup popup for the number. When the popup refuses it (see
    /// [`super::signup::SignupRefused`]), nothing happens.
    SignupFinished {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
        /// The WABA that receives it.
        waba: String,
    },
    /// All apps are unsubscribed from a WABA.
    Unsubscribed {
        /// The WABA's id.
        waba: String,
    },
}

impl World {
    /// Lets something happen now.
    pub fn happen(&mut self, happening: &Happening) {
        match happening {
            Happening::TwoStepOn { phone } => {
                self.set_two_step(phone, Some(&Secret::new(OWNERS_PIN)));
            }
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
            Happening::SignupFinished { phone, waba } => self.signup(phone, waba),
            Happening::PaymentRemoved { waba } => self.account(waba, |it| it.funding = None),
            Happening::Unsubscribed { waba } => self.account(waba, |it| it.subscriptions.clear()),
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

    fn each_template(
        &mut self,
        (waba, name, language): (&str, &str, Option<&str>),
        change: impl FnMut(&mut Template),
    ) {
        let is_meant = |template: &&mut Template| {
            template.waba.as_str() == waba
                && template.name == name
                && language.is_none_or(|language| language == template.language)
        };
        self.templates
            .values_mut()
            .filter(is_meant)
            .for_each(change);
    }

    fn account(&mut self, waba: &str, change: impl FnOnce(&mut Waba)) {
        let id = waba.parse::<WabaId>().ok();
        if let Some(waba) = id.and_then(|id| self.wabas.get_mut(&id)) {
            change(waba);
        }
    }

    fn set_two_step(&mut self, phone: &Phone, pin: Option<&Secret>) {
        self.each_live(phone, |number| {
            number.pin = pin.cloned();
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

    fn delete_idle(&mut self, phone: &Phone) {
        self.numbers
            .retain(|_, number| number.phone != *phone || number.is_live());
        self.deleted.insert(phone.clone(), self.now);
    }
}

impl Template {
    /// Ends a review.
    pub(super) fn decide(&mut self, status: TemplateStatus, reason: Option<String>) {
        self.status = status;
        self.rejected_reason = reason;
    }
}
