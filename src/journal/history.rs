//! What all journal lines of a plan amount to: one pure fold, the same for a run and a resume.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::event::{Answer, Entry, Event, StepEnd};
use crate::{ids::Address, phone::Phone};

/// Under this name the templates are kept that Meta refused to copy.
pub const REFUSED_TEMPLATES: &str = "refused_templates";

/// What earlier runs of a plan did, as far as it matters to the next one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Steps that were done in some run.
    pub done: BTreeSet<Address>,
    /// Numbers whose code was requested, or may have been, and not yet used: when.
    pub codes_out: BTreeMap<Phone, Timestamp>,
    /// Numbers whose last handed-in code was refused, and for which no other was asked since.
    pub codes_refused: BTreeSet<Phone>,
    /// Numbers whose PIN was refused at the last register.
    pub pins_refused: BTreeSet<Phone>,
    /// Steps that must not be tried again before a time.
    pub resting: BTreeMap<Address, Timestamp>,
    /// Steps whose last write was accepted, and that have not ended well since: when.
    pub accepted: BTreeMap<Address, Timestamp>,
    /// How it stood with the codes of a number before a request that has no answer yet.
    before_request: BTreeMap<Phone, (Option<Timestamp>, bool)>,
    /// Writes whose effect nobody has looked up yet: when they left.
    pub in_doubt: BTreeMap<Address, Timestamp>,
    /// When the last write of a step left that has not ended well since.
    pub sent: BTreeMap<Address, Timestamp>,
    /// Things kept because the API forgets them, by step and name.
    pub kept: BTreeMap<(Address, String), Value>,
}

impl History {
    /// Folds the entries of any number of runs, oldest first.
    pub fn replay<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        entries.into_iter().fold(Self::default(), Self::after)
    }

    /// Returns the history after one more line.
    pub fn after(mut self, entry: &Entry) -> Self {
        match &entry.event {
            Event::Intent { step, .. } => {
                self.in_doubt.insert(step.clone(), entry.at);
                self.sent.insert(step.clone(), entry.at);
                self.accepted.remove(step);
                self.resting.remove(step);
                if let Some(phone) = registers(step) {
                    self.pins_refused.remove(&phone);
                }
                if let Some(phone) = requests_code(step) {
                    let refused = self.codes_refused.remove(&phone);
                    let out = self.codes_out.insert(phone.clone(), entry.at);
                    self.before_request.insert(phone, (out, refused));
                }
            }
            Event::Answered {
                step,
                answer,
                attempt: _,
            } => self.answered(step, answer, entry.at),
            Event::LookedUp { step, .. } => {
                self.in_doubt.remove(step);
            }
            Event::Kept { step, what, data } => {
                self.kept.insert((step.clone(), what.clone()), data.clone());
            }
            Event::StepEnded {
                step,
                end: StepEnd::Done | StepEnd::Already,
                ..
            } => {
                self.in_doubt.remove(step);
                self.sent.remove(step);
                self.accepted.remove(step);
                self.done.insert(step.clone());
                if let Some(phone) = verifies(step) {
                    self.codes_out.remove(&phone);
                }
            }
            Event::RunStarted { .. }
            | Event::StepStarted { .. }
            | Event::Waiting { .. }
            | Event::StepEnded { .. }
            | Event::RunEnded { .. }
            | Event::Other => {}
        }
        self
    }

    fn answered(&mut self, step: &Address, answer: &Answer, at: Timestamp) {
        match answer {
            Answer::Accepted => {
                self.in_doubt.remove(step);
                self.accepted.insert(step.clone(), at);
                if let Some(phone) = verifies(step) {
                    self.codes_out.remove(&phone);
                }
            }
            Answer::Refused { .. } | Answer::NotSent { .. } => {
                self.in_doubt.remove(step);
                self.sent.remove(step);
                self.refused(step, answer, at);
                if let Some(phone) = requests_code(step) {
                    self.take_request_back(phone);
                }
                if let (Some(phone), Answer::Refused { judged: true, .. }) =
                    (verifies(step), answer)
                {
                    self.codes_refused.insert(phone);
                }
            }
            Answer::InDoubt { .. } => {}
        }
    }

    /// Forgets which templates Meta refused to copy, so that they are asked for again.
    pub fn forget_refused_templates(&mut self) {
        self.kept.retain(|(_, what), _| what != REFUSED_TEMPLATES);
    }

    /// What a refusal forbids for a while, or until somebody has mended it.
    fn refused(&mut self, step: &Address, answer: &Answer, at: Timestamp) {
        let Answer::Refused {
            code,
            subcode,
            rest,
            ..
        } = answer
        else {
            return;
        };
        if let Some(phone) = registers(step)
            && (*code == WRONG_PIN || *subcode == Some(WRONG_PIN))
        {
            self.pins_refused.insert(phone);
        }
        if let Some(rest) = rest {
            let rest = SignedDuration::from_secs(i64::try_from(*rest).unwrap_or(i64::MAX));
            let until = at.saturating_add(rest).unwrap_or(Timestamp::MAX);
            self.resting.insert(step.clone(), until);
        }
    }

    /// No code was sent, so the one that was out before is still the newest.
    fn take_request_back(&mut self, phone: Phone) {
        let (out, refused) = self.before_request.remove(&phone).unwrap_or_default();
        match out {
            Some(at) => self.codes_out.insert(phone.clone(), at),
            None => self.codes_out.remove(&phone),
        };
        if refused {
            self.codes_refused.insert(phone);
        }
    }

    /// Returns what was kept under that name by that step.
    pub fn kept(&self, step: &Address, what: &str) -> Option<&Value> {
        self.kept.get(&(step.clone(), what.to_owned()))
    }
}

/// "Two step verification PIN mismatch".
const WRONG_PIN: i64 = 133_005;

fn registers(step: &Address) -> Option<Phone> {
    step.phone()
        .filter(|phone| *step == Address::number(phone, "register"))
}

fn requests_code(step: &Address) -> Option<Phone> {
    step.phone()
        .filter(|phone| *step == Address::number(phone, "request_code"))
}

fn verifies(step: &Address) -> Option<Phone> {
    step.phone()
        .filter(|phone| *step == Address::number(phone, "verify"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(name: &str) -> Address {
        Address::number(&"+49 30 901820".parse().unwrap(), name)
    }

    fn intent(name: &str) -> Event {
        let (method, path) = ("POST".into(), "/1/x".into());
        Event::Intent {
            step: step(name),
            attempt: 1,
            method,
            path,
            params: serde_json::Map::new(),
        }
    }

    fn answered(name: &str, answer: Answer) -> Event {
        Event::Answered {
            step: step(name),
            attempt: 1,
            answer,
        }
    }

    fn ended(name: &str, end: StepEnd) -> Event {
        Event::StepEnded {
            step: step(name),
            end,
            note: String::new(),
            hint: None,
        }
    }

    fn replay(events: &[Event]) -> History {
        let entries: Vec<_> = events
            .iter()
            .zip(1..)
            .map(|(event, seq)| Entry {
                seq,
                at: Timestamp::from_second(seq as i64).unwrap(),
                event: event.clone(),
            })
            .collect();
        History::replay(&entries)
    }

    fn refused() -> Answer {
        Answer::Refused {
            code: 100,
            subcode: None,
            message: String::new(),
            judged: true,
            rest: None,
            trace_id: None,
        }
    }

    #[test]
    fn a_code_is_out_from_the_intent_until_it_is_used_or_was_never_sent() {
        #[track_caller]
        fn check(events: &[Event], out: bool) {
            assert_eq!(!replay(events).codes_out.is_empty(), out, "{events:?}");
        }
        check(&[], false);
        check(&[intent("request_code")], true);
        check(
            &[
                intent("request_code"),
                answered("request_code", Answer::Accepted),
            ],
            true,
        );
        check(
            &[intent("request_code"), answered("request_code", refused())],
            false,
        );
        check(
            &[
                intent("request_code"),
                answered(
                    "request_code",
                    Answer::InDoubt {
                        message: String::new(),
                    },
                ),
            ],
            true,
        );
        check(
            &[
                intent("request_code"),
                intent("verify"),
                answered("verify", refused()),
            ],
            true,
        );
        check(
            &[
                intent("request_code"),
                intent("verify"),
                answered("verify", Answer::Accepted),
            ],
            false,
        );
        check(
            &[intent("request_code"), ended("verify", StepEnd::Already)],
            false,
        );
    }

    #[test]
    fn a_refused_code_stays_refused_until_another_is_asked_for() {
        #[track_caller]
        fn check(events: &[Event], refused: bool) {
            assert_eq!(
                !replay(events).codes_refused.is_empty(),
                refused,
                "{events:?}"
            );
        }
        let once = [
            intent("request_code"),
            intent("verify"),
            answered("verify", refused()),
        ];
        check(&once, true);
        check(
            &[once.as_slice(), &[intent("request_code")]].concat(),
            false,
        );
        check(
            &[intent("verify"), answered("verify", Answer::Accepted)],
            false,
        );
    }

    #[test]
    fn a_write_is_in_doubt_until_answered_or_looked_up() {
        let doubt = || {
            answered(
                "register",
                Answer::InDoubt {
                    message: String::new(),
                },
            )
        };
        assert_eq!(replay(&[intent("register")]).in_doubt.len(), 1);
        assert_eq!(replay(&[intent("register"), doubt()]).in_doubt.len(), 1);
        let looked_up = Event::LookedUp {
            step: step("register"),
            found: false,
        };
        assert_eq!(
            replay(&[intent("register"), doubt(), looked_up])
                .in_doubt
                .len(),
            0
        );
        assert_eq!(
            replay(&[intent("register"), answered("register", refused())])
                .in_doubt
                .len(),
            0
        );
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let name = prop::sample::select(vec!["add", "request_code", "verify", "register"]);
        (name, 0..7_u8).prop_map(|(name, kind)| match kind {
            0 => intent(name),
            1 => answered(name, Answer::Accepted),
            2 => answered(name, refused()),
            3 => answered(
                name,
                Answer::InDoubt {
                    message: "cut".into(),
                },
            ),
            4 => Event::LookedUp {
                step: step(name),
                found: true,
            },
            5 => ended(name, StepEnd::Done),
            _ => ended(name, StepEnd::Parked),
        })
    }

    proptest! {
        /// A resume is nothing else than a run that replays: folding in two sittings is the same.
        #[test]
        fn any_sequence_folds_and_can_be_cut_anywhere(
            events in prop::collection::vec(any_event(), 0..40),
            cut in 0..40_usize,
        ) {
            let entries: Vec<_> = events.into_iter().zip(1..).map(|(event, seq)| Entry {
                seq, at: Timestamp::from_second(seq as i64).unwrap(), event,
            }).collect();
            let cut = cut.min(entries.len());
            let whole = History::replay(&entries);
            let resumed = entries[cut..].iter().fold(History::replay(&entries[..cut]), History::after);
            prop_assert_eq!(&whole, &resumed);
            for entry in &entries {
                let text = serde_json::to_string(entry).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Entry>(&text).unwrap(), entry);
            }
        }
    }
}
