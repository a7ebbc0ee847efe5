//! What all journal lines of a plan amount to: one pure fold, the same for a run and a resume.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    deeds::Deeds,
    event::{Answer, Entry, Event, StepEnd},
    flows::FlowsHistory,
    number::NumberHistory,
    proof::Proofs,
    templates::TemplatesHistory,
};
use crate::{
    ids::{Address, MigrationIntentId, NumberStep},
    phone::Phone,
};

/// Under this name the templates are kept that Meta refused to copy.
pub const REFUSED_TEMPLATES: &str = "refused_templates";

/// Under this name it is kept since when each template is reviewed.
pub const PENDING_SINCE: &str = "pending_since";

/// Under this name the id is kept that a number had on the source.
pub const SOURCE_NUMBER: &str = "source_number";

/// Under this name the id of a migration intent is kept: no list of the API has it.
pub const MIGRATION_INTENT: &str = "migration_intent";

/// What earlier runs of a plan did, as far as it matters to the next one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Steps that were done in some run.
    pub done: BTreeSet<Address>,
    /// What is known of each number.
    numbers: BTreeMap<Phone, NumberHistory>,
    /// What is known of templates.
    pub templates: TemplatesHistory,
    /// What is known of flows.
    pub flows: FlowsHistory,
    /// What is proven of steps that were done.
    pub proofs: Proofs,
    /// What steps set, and what stood there before.
    pub deeds: Deeds,
    /// Steps that wait, each since when and what for.
    pub waiting: BTreeMap<Address, Waiting>,
    /// Steps that must not be tried again before a time.
    pub resting: BTreeMap<Address, Timestamp>,
    /// Steps whose last write was accepted, and that have not ended well since: when.
    pub accepted: BTreeMap<Address, Timestamp>,
    /// Writes whose effect nobody has looked up yet: when they left.
    pub in_doubt: BTreeMap<Address, Timestamp>,
    /// When the last write of a step left that has not ended well since.
    pub sent: BTreeMap<Address, Timestamp>,
    /// Things kept because the API forgets them, by step and name.
    pub kept: BTreeMap<(Address, String), Value>,
}

/// Since when a step waits, and what for.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// When it began to wait; earlier runs count.
    pub since: Timestamp,
    /// What it waits for, as it was said last.
    pub reason: String,
}

impl History {
    /// Folds the entries of any number of runs, oldest first.
    pub fn replay<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        entries.into_iter().fold(Self::default(), Self::after)
    }

    /// Returns the history after one more line.
    pub fn after(mut self, entry: &Entry) -> Self {
        self.note(&entry.event, entry.at);
        self.proofs.note(&entry.event);
        match &entry.event {
            Event::Intent { step, .. } => {
                self.in_doubt.insert(step.clone(), entry.at);
                self.sent.insert(step.clone(), entry.at);
                self.accepted.remove(step);
                self.resting.remove(step);
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
                self.waiting.remove(step);
                self.take_back(step);
            }
            Event::Waiting { step, reason, .. }
            | Event::Gate { step, reason, .. }
            | Event::StepEnded {
                step,
                end: StepEnd::Parked,
                note: reason,
                ..
            } => self.waits(step, reason, entry.at),
            Event::RunStarted { .. }
            | Event::StepStarted { .. }
            | Event::Retrying { .. }
            | Event::RateLimited { .. }
            | Event::StepEnded { .. }
            | Event::RunEnded { .. }
            | Event::Other => {}
        }
        self
    }

    /// Takes in what a line tells of a number or of templates, and nothing else: a run needs to know
    /// at once what it did with them itself.
    pub fn note(&mut self, event: &Event, at: Timestamp) {
        self.deeds.note(event);
        if let Some(step) = event.step() {
            self.templates.note(step, event, at);
            self.flows.note(step, event);
        }
        if let Some((step, phone)) = event.step().and_then(|step| Some((step, step.phone()?))) {
            let step = step.number_step().map(|(_, step)| step);
            self.numbers.entry(phone).or_default().note(step, event, at);
        }
    }

    /// A step that was taken back is as one that was never done.
    fn take_back(&mut self, undo: &Address) {
        if let Some(step) = undo.undone() {
            self.done.remove(&step);
            self.proofs.forget(&step);
        }
        if let Some((phone, NumberStep::Undo)) = undo.number_step() {
            let steps = [NumberStep::Add, NumberStep::RequestCode, NumberStep::Verify];
            for step in steps {
                self.done.remove(&Address::number(&phone, step));
            }
        }
    }

    /// Returns whether there is a journal at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn answered(&mut self, step: &Address, answer: &Answer, at: Timestamp) {
        match answer {
            Answer::Accepted { .. } => {
                self.in_doubt.remove(step);
                self.accepted.insert(step.clone(), at);
            }
            Answer::Refused { .. } | Answer::NotSent { .. } => {
                self.in_doubt.remove(step);
                self.sent.remove(step);
                self.refused(step, answer, at);
            }
            Answer::InDoubt { .. } => {}
        }
    }

    /// Forgets which templates Meta refused to copy, so that they are asked for again.
    pub fn forget_refused_templates(&mut self) {
        self.kept.retain(|(_, what), _| what != REFUSED_TEMPLATES);
    }

    /// Forgets a migration intent, so that another is set.
    pub fn forget_intent(&mut self, step: &Address) {
        self.kept
            .remove(&(step.clone(), MIGRATION_INTENT.to_owned()));
        self.in_doubt.remove(step);
        self.accepted.remove(step);
    }

    /// Returns the id of the migration intent that this step set.
    pub fn migration_intent(&self, step: &Address) -> Option<MigrationIntentId> {
        let kept = self.kept(step, MIGRATION_INTENT)?;
        kept.get("id")?.as_str()?.parse().ok()
    }

    fn waits(&mut self, step: &Address, reason: &str, at: Timestamp) {
        let waiting = self.waiting.entry(step.clone()).or_insert(Waiting {
            since: at,
            reason: String::new(),
        });
        reason.clone_into(&mut waiting.reason);
    }

    /// What a refusal forbids for a while.
    fn refused(&mut self, step: &Address, answer: &Answer, at: Timestamp) {
        if let Answer::Refused {
            rest: Some(rest), ..
        } = answer
        {
            let rest = SignedDuration::from_secs(i64::try_from(*rest).unwrap_or(i64::MAX));
            let until = at.saturating_add(rest).unwrap_or(Timestamp::MAX);
            self.resting.insert(step.clone(), until);
        }
    }

    /// Returns the numbers that a run of this plan certainly added or registered.
    pub fn moved(&self) -> impl Iterator<Item = &Phone> {
        let moved = self.numbers.iter().filter(|(_, number)| number.is_moved);
        moved.map(|(phone, _)| phone)
    }

    /// Returns what is known of a number.
    pub fn number(&self, phone: &Phone) -> &NumberHistory {
        static NOTHING: LazyLock<NumberHistory> = LazyLock::new(NumberHistory::default);
        self.numbers.get(phone).unwrap_or(&NOTHING)
    }

    /// Returns what was kept under that name by that step.
    pub fn kept(&self, step: &Address, what: &str) -> Option<&Value> {
        self.kept.get(&(step.clone(), what.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn phone() -> Phone {
        "+49 30 901820".parse().unwrap()
    }

    fn step(name: &str) -> Address {
        let steps = NumberStep::ALL.iter().copied();
        let step = steps.into_iter().find(|step| step.as_str() == name);
        Address::number(&phone(), step.unwrap())
    }

    fn intent(name: &str) -> Event {
        let (method, path) = ("POST".into(), format!("/1/{name}"));
        Event::Intent {
            step: step(name),
            attempt: 1,
            method,
            path,
            params: serde_json::Map::new(),
            fingerprint: None,
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
            findings: Vec::new(),
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

    fn accepted() -> Answer {
        Answer::Accepted { trace_id: None }
    }

    fn refused() -> Answer {
        Answer::Refused {
            code: 100,
            subcode: None,
            error_code: None,
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
            let history = replay(events);
            assert_eq!(
                history.number(&phone()).codes.out.is_some(),
                out,
                "{events:?}"
            );
        }
        check(&[], false);
        check(&[intent("request_code")], true);
        check(
            &[intent("request_code"), answered("request_code", accepted())],
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
                answered("verify", accepted()),
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
            let history = replay(events);
            let codes = &history.number(&phone()).codes;
            assert_eq!(
                (codes.is_refused, codes.tried),
                (refused, u32::from(refused)),
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
        check(&[intent("verify"), answered("verify", accepted())], false);
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

    #[test]
    fn a_step_waits_from_the_first_time_it_said_so() {
        let history = replay(&[
            ended("two_step_off", StepEnd::Parked),
            ended("two_step_off", StepEnd::Parked),
        ]);
        let since = history.waiting[&step("two_step_off")].since;
        assert_eq!(since, Timestamp::from_second(1).unwrap());
        let done = ended("two_step_off", StepEnd::Done);
        let parked = ended("two_step_off", StepEnd::Parked);
        assert!(replay(&[parked, done]).waiting.is_empty());
    }

    #[test]
    fn a_request_that_was_never_sent_leaves_the_older_code_out() {
        let not_sent = Answer::NotSent {
            message: String::new(),
        };
        let history = replay(&[
            intent("request_code"),
            intent("verify"),
            answered("verify", refused()),
            intent("request_code"),
            answered("request_code", not_sent),
        ]);
        let codes = &history.number(&phone()).codes;
        assert_eq!(
            (codes.out, codes.tried),
            (Timestamp::from_second(1).ok(), 1)
        );
        assert_eq!(codes.requests.len(), 1);
    }

    #[test]
    fn a_register_that_never_left_is_no_attempt() {
        let not_sent = Answer::NotSent {
            message: String::new(),
        };
        let now = Timestamp::from_second(10).unwrap();
        let used = |events: &[Event]| replay(events).number(&phone()).attempts.used(now);
        assert_eq!(
            used(&[intent("register"), answered("register", refused())]),
            1
        );
        assert_eq!(used(&[intent("register")]), 1);
        assert_eq!(
            used(&[intent("register"), answered("register", not_sent)]),
            0
        );
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let name = prop::sample::select(vec!["add", "request_code", "verify", "register"]);
        (name, 0..7_u8).prop_map(|(name, kind)| match kind {
            0 => intent(name),
            1 => answered(name, accepted()),
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
