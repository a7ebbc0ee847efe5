//! The customer's part where no one-time code goes through the API: finishing Meta's signup popup,
//! answering a migration intent.
//!
//! A number that comes this way is verified at once and still has to be registered, which is where
//! payment is checked. The popup looks at neither payment, webhooks nor whose business it is.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/support/migrating-phone-numbers-among-solution-partners-via-embedded-signup>

use std::collections::BTreeSet;

use super::{
    rules::add,
    switches::AcceptedIntent,
    words::{CodeVerification, Decision, IntentStatus},
    world::{Intent, Number, World},
};
use crate::{
    ids::{PhoneNumberId, WabaId},
    phone::Phone,
};

/// Why the popup does not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignupRefused {
    /// The account does not exist.
    #[error("there is no such WhatsApp Business account")]
    UnknownAccount,
    /// Meta has banned the account.
    #[error("this WhatsApp Business account is banned")]
    AccountBanned,
    /// The number is live nowhere.
    #[error("this number is registered on no WhatsApp Business account")]
    UnknownNumber,
    /// The source's owner has not switched it off.
    #[error("two-step verification of this number is still on")]
    TwoStepOn,
    /// Nobody asks.
    #[error("no migration intent of this solution waits for an answer")]
    NoIntent,
    /// The account is full.
    #[error("this WhatsApp Business account has no room for another number")]
    NoRoom,
}

impl World {
    /// Finishes the popup: the number appears on the account, verified and not registered. One
    /// that is there already keeps its id.
    pub fn finish_signup(
        &mut self,
        waba: &WabaId,
        phone: &Phone,
    ) -> Result<PhoneNumberId, SignupRefused> {
        let account = self.wabas.get(waba).ok_or(SignupRefused::UnknownAccount)?;
        let is_banned = account.is_banned;
        let there = self.number_on(waba, phone);
        if let Some((id, _)) = there.filter(|(_, number)| self.is_settled(number)) {
            return Ok(id.clone());
        }
        let (_, live) = self
            .live_number(phone)
            .ok_or(SignupRefused::UnknownNumber)?;
        if is_banned {
            return Err(SignupRefused::AccountBanned);
        }
        if live.pin.is_some() {
            return Err(SignupRefused::TwoStepOn);
        }
        self.bring(waba, phone).ok_or(SignupRefused::NoRoom)
    }

    /// Answers every intent of a solution that waits; one that names an app is meant by the app's
    /// id. Who agrees chooses the account that receives the numbers.
    pub fn decide_intents(
        &mut self,
        partner: &str,
        decision: Decision,
        target: Option<&WabaId>,
    ) -> Result<(), SignupRefused> {
        let sources = self.waiting_sources(partner);
        if sources.is_empty() {
            return Err(SignupRefused::NoIntent);
        }
        let status = match decision {
            Decision::Accepted => {
                self.check_target(target)?;
                IntentStatus::Accepted
            }
            Decision::Rejected => IntentStatus::Rejected,
        };
        let is_meant = |intent: &&mut Intent| is_waiting(intent, partner);
        for intent in self.intents.values_mut().filter(is_meant) {
            intent.status = status;
            intent.target = target.cloned();
        }
        let brings = self.switches.accepted_intent == AcceptedIntent::BringsNumbers;
        if let Some(target) = target.filter(|_| brings && decision == Decision::Accepted) {
            sources
                .iter()
                .for_each(|source| self.bring_all(source, target));
        }
        Ok(())
    }

    fn waiting_sources(&self, partner: &str) -> BTreeSet<WabaId> {
        let intents = self.intents.values();
        intents
            .filter(|intent| is_waiting(intent, partner))
            .map(|intent| intent.waba.clone())
            .collect()
    }

    fn check_target(&self, target: Option<&WabaId>) -> Result<(), SignupRefused> {
        let account = target.and_then(|id| self.wabas.get(id));
        match account {
            None => Err(SignupRefused::UnknownAccount),
            Some(account) if account.is_banned => Err(SignupRefused::AccountBanned),
            Some(_) => Ok(()),
        }
    }

    /// Numbers for which there is no room stay where they are.
    fn bring_all(&mut self, source: &WabaId, target: &WabaId) {
        let is_leaving = |number: &&Number| number.waba == *source && number.is_live();
        let leaving = self.numbers.values().filter(is_leaving);
        let phones: Vec<Phone> = leaving.map(|number| number.phone.clone()).collect();
        if source != target {
            phones.iter().for_each(|phone| {
                self.bring(target, phone);
            });
        }
    }

    fn is_settled(&self, number: &Number) -> bool {
        number.is_live() || self.verification(number) == CodeVerification::Verified
    }

    /// Puts a live number on another account, verified; nothing when that is full.
    fn bring(&mut self, waba: &WabaId, phone: &Phone) -> Option<PhoneNumberId> {
        let there = self.number_on(waba, phone).map(|(id, _)| id.clone());
        let id = match there {
            Some(id) => id,
            None => {
                let (_, live) = self.live_number(phone)?;
                let name = (live.name.clone(), live.name_status);
                add::has_room(self, waba)
                    .then(|| add::create(self, waba, phone.clone(), name, true))?
            }
        };
        let now = self.now;
        if let Some(number) = self.numbers.get_mut(&id) {
            number.verify(now);
        }
        Some(id)
    }
}

fn is_waiting(intent: &Intent, partner: &str) -> bool {
    intent.status == IntentStatus::Initiated && intent.partner.id() == partner
}
