//! What the journal tells of one number: its codes, its attempts to register, its verification.
//!
//! None of it can be read from the API. Pure: lines in, facts out; "now" is handed in.

use jiff::{SignedDuration, Timestamp};

use super::event::{Answer, Event, StepEnd};
use crate::ids::NumberStep;

/// The PIN does not match, was wrong too often, was guessed too fast.
const WRONG_PIN: [i64; 3] = [133_005, 133_008, 133_009];

/// What earlier runs did with one number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberHistory {
    /// Its one-time codes.
    pub codes: Codes,
    /// When Meta took a code of it.
    pub verified: Option<Timestamp>,
    /// The register and deregister calls that count against Meta's budget.
    pub attempts: Attempts,
    /// When the newest activation in Genesys Cloud left that was not refused.
    pub activation: Option<Timestamp>,
    /// Whether the last write was an activation.
    is_activating: bool,
    /// Whether a PIN was refused, and no register has worked since.
    pub is_pin_refused: bool,
    /// Whether a run of this plan certainly added or registered it: Meta said yes, or it was found
    /// when that was looked up.
    pub is_moved: bool,
}

/// One-time codes of a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Codes {
    /// When the newest was requested, or may have been, as long as it is not used.
    pub out: Option<Timestamp>,
    /// Whether the last one handed in was refused, and no other was asked for since.
    pub is_refused: bool,
    /// Codes handed in and refused since the last request.
    pub tried: u32,
    /// When codes were requested.
    pub requests: Vec<Timestamp>,
    /// How it stood before a request that has no answer yet.
    before: Option<Box<Codes>>,
}

/// The attempt ledger: register and deregister calls of a number.
///
/// Meta counts ten in a moving 72 hours, refused ones too, and then locks the number for 72 hours.
/// Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/registering-phone-numbers>
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempts(Vec<Timestamp>);

impl Attempts {
    /// What Meta allows.
    pub const LIMIT: usize = 10;
    /// What this program uses of it. The rest is for people, and for calls it does not know of.
    pub const MOST: usize = 8;
    /// How long a call counts.
    pub const PERIOD: SignedDuration = SignedDuration::from_hours(72);

    /// Counts the calls that still count.
    pub fn used(&self, now: Timestamp) -> usize {
        self.recent(now).count()
    }

    /// Returns when the next call may be sent. `None`: now.
    pub fn free_from(&self, now: Timestamp) -> Option<Timestamp> {
        let used = self.used(now);
        let in_the_way = self.recent(now).nth(used.checked_sub(Self::MOST)?)?;
        Some(
            in_the_way
                .saturating_add(Self::PERIOD)
                .unwrap_or(Timestamp::MAX),
        )
    }

    fn recent(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let counts = move |at: &Timestamp| now.duration_since(*at) < Self::PERIOD;
        self.0.iter().copied().filter(counts)
    }
}

impl NumberHistory {
    /// Takes in one more line about a step of this number.
    pub(super) fn note(&mut self, step: Option<NumberStep>, event: &Event, at: Timestamp) {
        let has_worked = match event {
            Event::Answered { answer, .. } => answer.is_accepted(),
            Event::LookedUp { found, .. } => *found,
            _ => false,
        };
        let moves = matches!(
            step,
            Some(NumberStep::Add | NumberStep::Register | NumberStep::GenesysAttach)
        );
        self.is_moved |= moves && has_worked;
        match event {
            Event::Intent { path, .. } => self.intended(step, path, at),
            Event::Answered { answer, .. } => self.answered(step, answer, at),
            Event::StepEnded {
                end: StepEnd::Done | StepEnd::Already,
                ..
            } if step == Some(NumberStep::Verify) => {
                self.take_verification(at);
            }
            // A person has taken it off the target.
            Event::StepEnded {
                end: StepEnd::Done | StepEnd::Already,
                ..
            } if step == Some(NumberStep::Undo) => {
                self.is_moved = false;
                self.verified = None;
                self.codes = Codes::default();
            }
            Event::RunStarted { .. }
            | Event::StepStarted { .. }
            | Event::LookedUp { .. }
            | Event::Kept { .. }
            | Event::Waiting { .. }
            | Event::Gate { .. }
            | Event::Retrying { .. }
            | Event::RateLimited { .. }
            | Event::StepEnded { .. }
            | Event::RunEnded { .. }
            | Event::Other => {}
        }
    }

    fn intended(&mut self, step: Option<NumberStep>, path: &str, at: Timestamp) {
        self.is_activating = is_activation(path);
        if self.is_activating {
            self.activation = Some(at);
        }
        if is_attempt(path) {
            self.attempts.0.push(at);
        }
        if step == Some(NumberStep::RequestCode) {
            let before = Codes {
                before: None,
                ..self.codes.clone()
            };
            let mut requests = before.requests.clone();
            requests.push(at);
            self.codes = Codes {
                out: Some(at),
                is_refused: false,
                tried: 0,
                requests,
                before: Some(Box::new(before)),
            };
            // Whoever needs a code is not verified any more.
            self.verified = None;
        }
    }

    fn answered(&mut self, step: Option<NumberStep>, answer: &Answer, at: Timestamp) {
        match (step, answer) {
            (Some(NumberStep::Verify), Answer::Accepted { .. }) => self.take_verification(at),
            (Some(NumberStep::Verify), Answer::Refused { judged: true, .. }) => {
                self.codes.is_refused = true;
                self.codes.tried += 1;
            }
            // No code was sent, so the one that was out before is still the newest.
            (Some(NumberStep::RequestCode), Answer::Refused { .. } | Answer::NotSent { .. }) => {
                self.codes = self
                    .codes
                    .before
                    .take()
                    .map_or_else(Codes::default, |before| *before);
            }
            (Some(NumberStep::Register), Answer::Accepted { .. }) => self.is_pin_refused = false,
            (Some(NumberStep::Register), Answer::Refused { code, subcode, .. }) => {
                let is = |wrong: &i64| code == wrong || *subcode == Some(*wrong);
                self.is_pin_refused |= WRONG_PIN.iter().any(is);
            }
            (Some(NumberStep::Register), Answer::NotSent { .. }) => {
                self.attempts.0.pop();
            }
            (Some(NumberStep::GenesysAttach), Answer::Refused { .. }) if self.is_activating => {
                self.activation = None;
            }
            (Some(NumberStep::GenesysAttach), Answer::NotSent { .. }) if self.is_activating => {
                self.activation = None;
                self.attempts.0.pop();
            }
            _ => {}
        }
    }

    fn take_verification(&mut self, at: Timestamp) {
        self.codes.out = None;
        self.verified.get_or_insert(at);
    }
}

fn is_attempt(path: &str) -> bool {
    let is_call = matches!(path.rsplit('/').next(), Some("register" | "deregister"));
    is_call || is_activation(path)
}

/// Genesys Cloud registers a number by activating its integration.
fn is_activation(path: &str) -> bool {
    path.contains("/whatsapp/embeddedsignup/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_stops_at_eight_of_ten_and_says_when_the_next_is_free() {
        let hour = |hour: i64| Timestamp::from_second(3600 * hour).unwrap();
        let attempts = |hours: &[i64]| Attempts(hours.iter().map(|&at| hour(at)).collect());
        #[track_caller]
        fn check(attempts: &Attempts, now: Timestamp, used: usize, free_from: Option<Timestamp>) {
            assert_eq!(
                (attempts.used(now), attempts.free_from(now)),
                (used, free_from)
            );
        }
        check(&attempts(&[]), hour(9), 0, None);
        check(&attempts(&[1, 2, 3, 4, 5, 6, 7]), hour(9), 7, None);
        let eight = attempts(&[1, 2, 3, 4, 5, 6, 7, 8]);
        check(&eight, hour(9), 8, Some(hour(73)));
        check(&eight, hour(72), 8, Some(hour(73)));
        check(&eight, hour(73), 7, None);
        let ten = attempts(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        check(&ten, hour(11), 10, Some(hour(75)));
    }

    #[test]
    fn only_register_and_deregister_are_attempts() {
        for (path, expected) in [
            ("/1/register", true),
            ("/1/deregister", true),
            ("/1/request_code", false),
            ("/register/profile", false),
        ] {
            assert_eq!(is_attempt(path), expected, "{path}");
        }
    }
}
