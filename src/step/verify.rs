//! Hands a one-time code in.
//!
//! The code comes from the plan's `otp.code`, or from a person at the terminal. Without either the
//! run parks; `verify-code` hands a code in from anywhere. A code is sent once: a wrong guess counts
//! against a limit that Meta does not publish.
//!
//! In doubt: the number's `code_verification_status` proves that it was taken. As long as it is not
//! VERIFIED the same code is not sent again in this run.

use super::{
    CodeAsked, Context, Decision, Outcome, StepError, StepKind, context::Repeat, until_verified,
};
use crate::{
    api::meta::{GraphError, write},
    finding::{Finding, Who},
    ids::{Address, NumberStep},
    phone::Phone,
    plan::{Number, Otp},
    resource::phone_number::PhoneNumber,
    secret::Secret,
    snapshot::Snapshot,
};

/// Verifies a number with its code.
#[derive(Clone, Debug)]
pub struct Verify {
    phone: Phone,
    otp: Otp,
}

impl Verify {
    pub(super) fn of(number: &Number) -> Self {
        Self {
            phone: number.phone.clone(),
            otp: number.otp.clone(),
        }
    }

    async fn code(&self, cx: &Context<'_>) -> Result<Option<Secret>, StepError> {
        match &self.otp.code {
            Some(reference) => match cx.secrets.read(reference).await {
                Ok(code) => Ok(Some(code)),
                // The variable or file a pipeline fills in later is a code that is not there yet.
                Err(crate::secret::SecretError::Missing(_)) => Ok(None),
                Err(error) => Err(error.into()),
            },
            None => {
                let asked = CodeAsked {
                    phone: self.phone.clone(),
                    channel: self.otp.channel,
                };
                Ok(cx.ask_code(asked).await)
            }
        }
    }
}

impl Verify {
    /// Says with a refused code how many there were.
    fn count(&self, cx: &Context<'_>, error: StepError) -> StepError {
        match error {
            StepError::Call { source, .. } if source.graph().is_some_and(GraphError::judges) => {
                let before = cx.seen().history.number(&self.phone).codes.tried;
                let doing = refused(&self.phone, before);
                StepError::Call { doing, source }
            }
            error => error,
        }
    }

    /// A variable, file or command that gave a refused code would most likely give it again; a
    /// person would not.
    fn would_repeat(&self, cx: &Context<'_>) -> bool {
        let asked_again = cx.options.new_codes.contains(&self.phone);
        self.otp.code.is_some()
            && !asked_again
            && cx.seen().history.number(&self.phone).codes.is_refused
    }
}

/// What was tried, when Meta refused a code: how many it has refused is not shown by the API, and
/// after some (how many is not published) a new one is needed.
pub fn refused(phone: &Phone, before: u32) -> String {
    let tried = before + 1;
    format!("verify {phone} (code {tried} handed in since the last request)")
}

/// Strips what people type around a code. `None`: it is not six digits.
pub fn six_digits(code: &Secret) -> Option<Secret> {
    let separator = |c: &char| c.is_whitespace() || *c == '-';
    let digits: String = code.expose().chars().filter(|c| !separator(c)).collect();
    let right = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    right.then(|| Secret::new(digits))
}

impl StepKind for Verify {
    fn address(&self) -> Address {
        Address::number(&self.phone, NumberStep::Verify)
    }

    fn describe(&self) -> String {
        format!("Hand in the one-time code of {}", self.phone)
    }

    fn needs(&self) -> Vec<Address> {
        vec![Address::number(&self.phone, NumberStep::RequestCode)]
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        until_verified(seen, &self.phone, "verify_code")
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        if self.would_repeat(cx) {
            return Ok(Outcome::Parked {
                reason: "the code of otp.code was refused by Meta and is not sent again".into(),
                next: format!(
                    "ask for another with --new-code {}, or hand one in with verify-code",
                    self.phone
                ),
            });
        }
        let code = self.code(cx).await?;
        // Waiting for a person takes time, and `verify-code` may have handed the code in meanwhile.
        if (code.is_some() || cx.options.attended) && cx.look_at(&self.phone).await?.is_verified() {
            return Ok(Outcome::Already("the number is verified".into()));
        }
        let Some(code) = code else {
            let next = format!(
                "hand the code in: waba-migrate verify-code PLAN {} CODE (a code lives about 10 minutes; --new-code {} asks for another)",
                self.phone, self.phone
            );
            return Ok(Outcome::Parked {
                reason: "no one-time code is at hand".into(),
                next,
            });
        };
        let Some(code) = six_digits(&code) else {
            let message = format!(
                "the code for {} is not six digits, so it was not sent",
                self.phone
            );
            return Err(StepError::Blocked(vec![
                Finding::fail("code-form", self.address(), message)
                    .ask(Who::Us, "hand in the six digits that were sent"),
            ]));
        };
        let id = cx.number_id(&self.phone)?;
        let write = write::verify_code(&id, code);
        let doing = format!("verify {}", self.phone);
        let lookup = || async {
            let number = cx.target.get(&PhoneNumber::read(&id)).await?;
            Ok(number.is_verified().then_some(()))
        };
        cx.write(&self.address(), &doing, &write, Repeat::Never, lookup)
            .await
            .map_err(|error| self.count(cx, error))?;
        let look = || async { Ok(cx.look_at(&self.phone).await?.is_verified().then_some(())) };
        match cx
            .poll(
                &self.address(),
                "the number to be VERIFIED",
                cx.options.wait,
                look,
            )
            .await?
        {
            Some(()) => Ok(Outcome::Done("verified".into())),
            None => Ok(Outcome::Parked {
                reason: "Meta took the code, but the number is not VERIFIED yet".into(),
                next: "run apply again in some minutes".into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_digits_however_it_is_typed() {
        #[track_caller]
        fn check(typed: &str, expected: Option<&str>) {
            let code = six_digits(&Secret::new(typed));
            assert_eq!(code.as_ref().map(Secret::expose), expected, "{typed}");
        }
        check("123456", Some("123456"));
        check(" 123-456\n", Some("123456"));
        check("12345", None);
        check("12345a", None);
        check("１２３４５６", None);
    }
}
