//! What the journal proves that steps set, and what stood there before: all that can be taken back.
//!
//! A deed is what Meta took from a step, with what the step found there first. A step that takes it
//! back ends it. An intent without an answer counts as long as nothing speaks against it: whoever
//! takes a deed back looks whether it is in the world, word by word. Pure: lines in, facts out.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::event::{Answer, Event, StepEnd};
use crate::ids::{AccountStep, Address, NumberStep, TemplateKey, TemplateStep};

/// Under this name it is kept what stood there before a step changed it.
pub const BEFORE: &str = "before";

/// The deeds of all runs of a plan that were not taken back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deeds {
    before: BTreeMap<Address, Map<String, Value>>,
    /// What left and has no answer.
    sent: BTreeMap<Address, Setting>,
    /// What Meta took.
    set: BTreeMap<Address, Setting>,
}

/// The parameters of writes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Setting {
    params: Map<String, Value>,
    /// Whether they made something that was not there.
    creates: bool,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed<'a> {
    /// What stood there first, `null` for nothing. `None`: a release that kept none of it did this.
    pub before: Option<&'a Map<String, Value>>,
    /// What was set, the newest value of each parameter.
    pub set: Map<String, Value>,
    /// Whether it made the thing that it set.
    pub creates: bool,
}

impl Deeds {
    /// Returns what a step did.
    pub fn of(&self, step: &Address) -> Option<Deed<'_>> {
        if !self.is_open(step) {
            return None;
        }
        let mut all = Setting::default();
        let settings = [self.set.get(step), self.sent.get(step)];
        for setting in settings.into_iter().flatten() {
            all.add(step, setting.clone());
        }
        Some(Deed {
            before: self.before.get(step),
            set: all.params,
            creates: all.creates,
        })
    }

    /// Returns the templates that were created or edited from files.
    pub fn templates(&self) -> impl Iterator<Item = TemplateKey> {
        let steps = self.set.keys().chain(self.sent.keys());
        steps.filter_map(|step| match step.template_step()? {
            (key, TemplateStep::Define) => Some(key),
            _ => None,
        })
    }

    /// Returns what of it has to be kept before a step sets it: what an open deed has kept already
    /// stood there first.
    pub fn unkept(&self, step: &Address, before: &Map<String, Value>) -> Map<String, Value> {
        let mut unkept = before.clone();
        if let Some(known) = self.before.get(step).filter(|_| self.is_open(step)) {
            unkept.retain(|name, _| !known.contains_key(name));
        }
        unkept
    }

    fn is_open(&self, step: &Address) -> bool {
        self.set.contains_key(step) || self.sent.contains_key(step)
    }

    /// Takes in one more line.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Kept { step, what, data } if what == BEFORE => {
                if let Some(before) = data.as_object() {
                    self.keep(step, before);
                }
            }
            Event::Intent {
                step, path, params, ..
            } if counts(step, path) => {
                // Whoever takes it back looks at each of many things, so that trying is enough.
                if is_of_many(step) {
                    self.set.entry(step.clone()).or_default();
                    return;
                }
                let creates = path.ends_with("/message_templates");
                let params = params.clone();
                self.sent.insert(step.clone(), Setting { params, creates });
            }
            Event::Answered { step, answer, .. } => match answer {
                Answer::Accepted { trace_id: _ } => self.take(step),
                Answer::Refused { .. } | Answer::NotSent { .. } => {
                    self.sent.remove(step);
                }
                Answer::InDoubt { message: _ } => {}
            },
            Event::LookedUp { step, found: true } => self.take(step),
            Event::LookedUp { step, found: false } => {
                self.sent.remove(step);
            }
            Event::StepEnded { step, end, .. } => self.ended(step, *end),
            _ => {}
        }
    }

    fn keep(&mut self, step: &Address, before: &Map<String, Value>) {
        let unkept = self.unkept(step, before);
        if !self.is_open(step) {
            self.before.remove(step);
        }
        self.before.entry(step.clone()).or_default().extend(unkept);
    }

    fn take(&mut self, step: &Address) {
        let Some(sent) = self.sent.remove(step) else {
            return;
        };
        match step.undone() {
            // One of many things is back; the rest is not.
            Some(undone) if is_of_many(&undone) => {}
            Some(undone) => self.forget(&undone),
            None => self.set.entry(step.clone()).or_default().add(step, sent),
        }
    }

    /// A step that ends with an intent that has no answer has found its effect in the world.
    fn ended(&mut self, step: &Address, end: StepEnd) {
        if !matches!(end, StepEnd::Done | StepEnd::Already) {
            return;
        }
        self.take(step);
        if let Some(undone) = step.undone().filter(|_| end == StepEnd::Done) {
            self.forget(&undone);
        }
    }

    fn forget(&mut self, step: &Address) {
        self.before.remove(step);
        self.sent.remove(step);
        self.set.remove(step);
    }
}

impl Setting {
    fn add(&mut self, step: &Address, newer: Self) {
        // A subscription is replaced as a whole: one without override has none.
        if *step == Address::account(AccountStep::Subscription) {
            self.params.clear();
        }
        self.params.extend(newer.params);
        self.creates |= newer.creates;
    }
}

/// Whether a step sets something in many things, one by one.
fn is_of_many(step: &Address) -> bool {
    *step == Address::account(AccountStep::GenesysResponses)
}

/// Whether a write of this step sets something; uploads for it do not.
fn counts(step: &Address, path: &str) -> bool {
    let is_subscription = *step == Address::account(AccountStep::Subscription);
    if step.undone().is_some() || is_subscription || is_of_many(step) {
        return true;
    }
    if let Some((_, step)) = step.template_step() {
        let id = path.trim_start_matches('/');
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        return step == TemplateStep::Define && (is_id || path.ends_with("/message_templates"));
    }
    matches!(step.number_step(), Some((_, NumberStep::Profile)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn step() -> Address {
        Address::read("number[\"+4930901820\"].profile")
    }

    fn undo() -> Address {
        Address::read("number[\"+4930901820\"].profile.undo")
    }

    fn kept(before: Value) -> Event {
        Event::Kept {
            step: step(),
            what: BEFORE.into(),
            data: before,
        }
    }

    fn intent(step: &Address, params: Value) -> Event {
        let params = params.as_object().unwrap().clone();
        Event::intent(step, 1, "POST", "/1/whatsapp_business_profile", params)
    }

    fn answered(step: &Address, answer: Answer) -> Event {
        Event::Answered {
            step: step.clone(),
            attempt: 1,
            answer,
        }
    }

    fn accepted(step: &Address) -> Event {
        answered(step, Answer::Accepted { trace_id: None })
    }

    fn ended(step: &Address, end: StepEnd) -> Event {
        Event::StepEnded {
            step: step.clone(),
            end,
            note: String::new(),
            hint: None,
            findings: Vec::new(),
        }
    }

    fn replay(events: &[Event]) -> Deeds {
        let mut deeds = Deeds::default();
        events.iter().for_each(|event| deeds.note(event));
        deeds
    }

    /// What stood there and what was set, as text.
    #[track_caller]
    fn check(events: &[Event], before: &str, set: &str) {
        let deeds = replay(events);
        let deed = deeds.of(&step());
        let text = |map: Option<&Map<String, Value>>| {
            map.map(|map| Value::Object(map.clone()).to_string())
                .unwrap_or_default()
        };
        let found = deed.as_ref().and_then(|deed| deed.before);
        assert_eq!(
            (text(found), text(deed.as_ref().map(|deed| &deed.set))),
            (before.into(), set.into())
        );
    }

    #[test]
    fn the_first_before_counts_until_it_is_taken_back() {
        let one = [
            kept(json!({"about": "A"})),
            intent(&step(), json!({"about": "B"})),
            accepted(&step()),
        ];
        check(&one, r#"{"about":"A"}"#, r#"{"about":"B"}"#);
        let two = [
            kept(json!({"about": "X", "email": null})),
            intent(&step(), json!({"about": "C", "email": "e"})),
            accepted(&step()),
        ];
        let both = [one.clone(), two.clone()].concat();
        check(
            &both,
            r#"{"about":"A","email":null}"#,
            r#"{"about":"C","email":"e"}"#,
        );
        let undone = [intent(&undo(), json!({"about": "A"})), accepted(&undo())];
        let undone = [both, undone.to_vec()].concat();
        check(&undone, "", "");
        check(
            &[undone, two.to_vec()].concat(),
            r#"{"about":"X","email":null}"#,
            r#"{"about":"C","email":"e"}"#,
        );
    }

    #[test]
    fn a_refused_write_is_no_deed_and_its_before_does_not_last() {
        let refused = answered(
            &step(),
            Answer::NotSent {
                message: String::new(),
            },
        );
        let tried = [
            kept(json!({"about": "A"})),
            intent(&step(), json!({"about": "B"})),
            refused,
        ];
        check(&tried, "", "");
        let later = [
            kept(json!({"about": "X"})),
            intent(&step(), json!({"about": "B"})),
        ];
        check(
            &[tried.as_slice(), &later].concat(),
            r#"{"about":"X"}"#,
            r#"{"about":"B"}"#,
        );
    }

    #[test]
    fn what_a_step_finds_after_a_crash_is_its_deed_and_so_is_what_it_took_back() {
        let crashed = [
            kept(json!({"about": "A"})),
            intent(&step(), json!({"about": "B"})),
            ended(&step(), StepEnd::Already),
        ];
        check(&crashed, r#"{"about":"A"}"#, r#"{"about":"B"}"#);
        // Somebody else has done that: it is no end of our deed.
        let foreign = [crashed.as_slice(), &[ended(&undo(), StepEnd::Already)]].concat();
        check(&foreign, r#"{"about":"A"}"#, r#"{"about":"B"}"#);
        let ours = [
            crashed.as_slice(),
            &[
                intent(&undo(), json!({"about": "A"})),
                ended(&undo(), StepEnd::Already),
            ],
        ];
        check(&ours.concat(), "", "");
    }

    #[test]
    fn one_of_many_things_that_is_back_ends_nothing() {
        let (step, undo) = (
            Address::account(AccountStep::GenesysResponses),
            Address::account(AccountStep::GenesysResponsesUndo),
        );
        let kept = |id: &str| Event::Kept {
            step: step.clone(),
            what: BEFORE.into(),
            data: json!({id: "old"}),
        };
        let send = |step: &Address| Event::intent(step, 1, "PUT", "/x", Map::new());
        let not_sent = Answer::NotSent {
            message: String::new(),
        };
        let done = [
            kept("a"),
            send(&step),
            accepted(&step),
            kept("b"),
            send(&step),
            answered(&step, not_sent),
        ];
        let before = |events: &[Event]| {
            let deeds = replay(events);
            let deed = deeds.of(&step)?;
            Some(Value::Object(deed.before?.clone()))
        };
        let both = Some(json!({"a": "old", "b": "old"}));
        assert_eq!(before(&done), both);
        let half = [send(&undo), accepted(&undo)];
        let half = [done.as_slice(), &half].concat();
        assert_eq!(before(&half), both);
        let failed = [half.as_slice(), &[ended(&undo, StepEnd::Failed)]].concat();
        assert_eq!(before(&failed), both);
        let over = [half.as_slice(), &[ended(&undo, StepEnd::Done)]].concat();
        assert_eq!(before(&over), None);
    }

    #[test]
    fn an_older_journal_kept_nothing() {
        let old = [intent(&step(), json!({"about": "B"})), accepted(&step())];
        check(&old, "", r#"{"about":"B"}"#);
    }

    #[test]
    fn uploads_are_no_deeds_and_creating_is_told_from_editing() {
        let step = Address::read("template[\"a/de\"].define");
        let send = |path: &str| Event::intent(&step, 1, "POST", path, Map::new());
        assert_eq!(replay(&[send("/7/uploads")]).of(&step), None);
        let edited = replay(&[send("/7")]);
        assert_eq!(edited.of(&step).map(|deed| deed.creates), Some(false));
        let created = replay(&[send("/7/message_templates"), accepted(&step), send("/9")]);
        assert_eq!(created.of(&step).map(|deed| deed.creates), Some(true));
        assert_eq!(
            created
                .templates()
                .collect::<std::collections::BTreeSet<_>>()
                .len(),
            1
        );
    }
}
