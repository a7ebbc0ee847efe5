//! What the journal proves of a step that was done: under which plan, and which values Meta took.
//!
//! A difference is drift only where what the plan wants was certainly so once. A plan that was
//! edited since wants something that may never have been so. Pure: lines in, facts out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::event::{Answer, Event, StepEnd};
use crate::ids::Address;

/// What is proven of steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proofs {
    /// The digest of the plan whose run the lines belong to.
    digest: String,
    /// Under which plan a step ended well last, by its digest.
    done: BTreeMap<Address, String>,
    /// The parameters of a write that has no answer yet.
    sent: BTreeMap<Address, Map<String, Value>>,
    /// Every single value that Meta took, as text.
    taken: BTreeMap<Address, BTreeSet<String>>,
}

impl Proofs {
    /// Returns whether a step ended well last under the plan of this digest.
    pub fn is_done_under(&self, step: &Address, digest: &str) -> bool {
        self.done.get(step).is_some_and(|done| done == digest)
    }

    /// Returns whether Meta took this value from this step: all of them, where it is a list.
    pub fn has_taken(&self, step: &Address, value: &Value) -> bool {
        let mut wanted = BTreeSet::new();
        leaves(value, &mut wanted);
        let taken = self.taken.get(step);
        !wanted.is_empty() && taken.is_some_and(|taken| wanted.is_subset(taken))
    }

    /// Forgets a step that was taken back.
    pub(super) fn forget(&mut self, step: &Address) {
        self.done.remove(step);
        self.sent.remove(step);
        self.taken.remove(step);
    }

    /// Takes in one more line.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::RunStarted { plan_digest, .. } => self.digest.clone_from(plan_digest),
            Event::Intent { step, params, .. } => {
                self.sent.insert(step.clone(), params.clone());
            }
            Event::Answered { step, answer, .. } => match answer {
                Answer::Accepted { .. } => self.take(step),
                Answer::Refused { .. } | Answer::NotSent { .. } => {
                    self.sent.remove(step);
                }
                Answer::InDoubt { .. } => {}
            },
            Event::LookedUp { step, found: true } => self.take(step),
            Event::StepEnded {
                step,
                end: StepEnd::Done | StepEnd::Already,
                ..
            } => {
                self.done.insert(step.clone(), self.digest.clone());
            }
            _ => {}
        }
    }

    fn take(&mut self, step: &Address) {
        let Some(params) = self.sent.remove(step) else {
            return;
        };
        let taken = self.taken.entry(step.clone()).or_default();
        params.values().for_each(|value| leaves(value, taken));
    }
}

/// Collects every text, number and switch within a value.
fn leaves(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Null => {}
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Bool(_) | Value::Number(_) => {
            into.insert(value.to_string());
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        Value::Object(fields) => fields.values().for_each(|field| leaves(field, into)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn step() -> Address {
        Address::read("number[\"+4930901820\"].profile")
    }

    fn replay(answer: Answer) -> Proofs {
        let params = json!({"about": "Hi", "websites": ["https://a.example", "https://b.example"]});
        let events = [
            Event::Intent {
                step: step(),
                attempt: 1,
                method: "POST".into(),
                path: "/1/whatsapp_business_profile".into(),
                params: params.as_object().unwrap().clone(),
                fingerprint: None,
            },
            Event::Answered {
                step: step(),
                attempt: 1,
                answer,
            },
        ];
        let mut proofs = Proofs::default();
        events.iter().for_each(|event| proofs.note(event));
        proofs
    }

    #[test]
    fn a_value_is_proven_when_meta_took_it() {
        let proofs = replay(Answer::Accepted { trace_id: None });
        for (value, proven) in [
            (json!("Hi"), true),
            (json!(["https://b.example"]), true),
            (json!(["https://c.example", "https://b.example"]), false),
            (json!("Hello"), false),
            (json!([]), false),
            (Value::Null, false),
        ] {
            assert_eq!(proofs.has_taken(&step(), &value), proven, "{value}");
        }
        let message = String::new();
        let unsent = replay(Answer::NotSent { message });
        assert!(!unsent.has_taken(&step(), &json!("Hi")));
    }

    #[test]
    fn a_step_is_done_under_the_plan_of_its_run() {
        let mut proofs = Proofs {
            digest: "a".into(),
            ..Proofs::default()
        };
        proofs.note(&Event::StepEnded {
            step: step(),
            end: StepEnd::Done,
            note: String::new(),
            hint: None,
            findings: Vec::new(),
        });
        assert!(proofs.is_done_under(&step(), "a"));
        assert!(!proofs.is_done_under(&step(), "b"));
    }
}
