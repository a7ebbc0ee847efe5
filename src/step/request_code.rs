//! Has Meta send a one-time code to a number.
//!
//! A code is asked for once per need. Every further request makes the one on its way useless and
//! counts against a limit that Meta does not publish.
//!
//! In doubt: nothing proves that a code was sent (the answer was lost, or a run died at that moment),
//! for no field of the number tells. So it counts as sent: it is never asked for again by itself,
//! `--new-code` does.

use super::{Context, Decision, Outcome, StepError, StepKind, context::Repeat, until_verified};
use crate::{
    api::meta::{CallError, write},
    ids::{Address, NumberStep},
    phone::Phone,
    plan::{Number, Otp, OtpChannel},
    resource::phone_number::PhoneNumber,
    snapshot::Snapshot,
};

/// "Already verified, or failed": the number's own state tells which.
const REFUSED: i64 = 136_024;

/// Requests a code by SMS or voice call.
#[derive(Clone, Debug)]
pub struct RequestCode {
    phone: Phone,
    otp: Otp,
}

impl RequestCode {
    pub(super) fn of(number: &Number) -> Self {
        Self {
            phone: number.phone.clone(),
            otp: number.otp.clone(),
        }
    }

    fn method(&self) -> &'static str {
        match self.otp.channel {
            OtpChannel::Sms => "SMS",
            OtpChannel::Voice => "VOICE",
        }
    }

    /// What a refusal means: verified meanwhile, or something to mend.
    async fn refused(&self, cx: &Context<'_>, error: StepError) -> Result<Outcome, StepError> {
        let graph = match &error {
            StepError::Call { source, .. } => source.graph(),
            _ => None,
        };
        // Asked too often: that has to rest, and says nothing about the number.
        if !graph.is_some_and(|graph| graph.is(REFUSED) && graph.rest().is_none()) {
            return Err(error);
        }
        if cx.look_at(&self.phone).await?.is_verified() {
            return Ok(Outcome::Already("the number is verified".into()));
        }
        Err(error)
    }
}

impl StepKind for RequestCode {
    fn address(&self) -> Address {
        Address::number(&self.phone, NumberStep::RequestCode)
    }

    fn describe(&self) -> String {
        let channel = match self.otp.channel {
            OtpChannel::Sms => "text message",
            OtpChannel::Voice => "voice call",
        };
        format!(
            "Request a one-time code for {} by {channel} ({})",
            self.phone, self.otp.language
        )
    }

    fn needs(&self) -> Vec<Address> {
        vec![Address::number(&self.phone, NumberStep::Add)]
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        until_verified(seen, &self.phone, "request_code")
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let sent = cx.seen().history.number(&self.phone).codes.out;
        if let Some(sent) = sent
            && !cx.options.new_codes.contains(&self.phone)
        {
            return Ok(Outcome::Already(format!(
                "a code was requested at {sent:.0}; no other one is asked for"
            )));
        }
        let id = cx.number_id(&self.phone)?;
        let write = write::request_code(&id, self.method(), &self.otp.language);
        let doing = format!("request a code for {}", self.phone);
        let cannot_tell = || async { Ok::<Option<PhoneNumber>, CallError>(None) };
        match cx
            .write(
                &self.address(),
                &doing,
                &write,
                Repeat::CannotTell,
                cannot_tell,
            )
            .await
        {
            Ok(_) => Ok(Outcome::Done("requested".into())),
            Err(StepError::InDoubt { source, .. }) => Ok(Outcome::Done(format!(
                "a code may be on its way ({source})"
            ))),
            Err(error) => self.refused(cx, error).await,
        }
    }
}
