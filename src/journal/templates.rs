//! What the journal tells of templates: which copies Meta was asked for, what was created and edited.
//!
//! None of it can be read from the API. Pure: lines in, facts out; "now" is handed in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::event::{Answer, Event};
use crate::ids::{AccountStep, Address, TemplateId, TemplateKey, TemplateStep};

/// What earlier runs did with templates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TemplatesHistory {
    copies: BTreeMap<TemplateId, Asked>,
    page: Vec<TemplateId>,
    sent: BTreeMap<TemplateKey, Sent>,
    created: Vec<Timestamp>,
    edits: BTreeMap<TemplateKey, Vec<Timestamp>>,
    made: BTreeSet<TemplateKey>,
    sources: BTreeMap<TemplateKey, TemplateId>,
    proven: BTreeMap<TemplateKey, Made>,
    doubtful: BTreeSet<TemplateKey>,
}

/// How a template came to the target that a run of this plan certainly made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// By Meta's copy.
    Copied,
    /// Anew, from the source's content.
    Recreated,
    /// From a file.
    Defined,
}

impl Made {
    /// Returns it as a word that follows "an earlier run".
    pub fn word(self) -> &'static str {
        match self {
            Self::Copied => "copied",
            Self::Recreated => "re-created",
            Self::Defined => "created",
        }
    }
}

/// A copy that Meta was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// When it said yes. `None`: nobody knows whether it did.
    pub accepted: Option<Timestamp>,
}

/// The last write for a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Create,
    Edit,
    Delete,
}

/// Creations that an account takes in an hour.
/// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>
const CREATES_AN_HOUR: usize = 100;

/// Under this name the source's ids of templates are kept, by key.
pub const SOURCE_TEMPLATES: &str = "source_templates";

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Edits that an approved template takes in 30 days; one a day.
/// Source: as above.
const EDITS_A_MONTH: usize = 10;

impl TemplatesHistory {
    /// Returns when a copy of this template of the source was asked for last.
    pub fn asked(&self, source: &TemplateId) -> Option<Asked> {
        self.copies.get(source).copied()
    }

    /// Returns whether a run of this plan created this template anew, or may have.
    pub fn made(&self, key: &TemplateKey) -> bool {
        self.made.contains(key)
    }

    /// Returns the templates that runs of this plan have brought over, with their ids on the source:
    /// the source may be cleared later.
    pub fn sources(&self) -> impl Iterator<Item = (&TemplateKey, &TemplateId)> {
        self.sources.iter()
    }

    /// Returns whether a run of this plan has brought this template over, or may have.
    pub fn is_ours(&self, key: &TemplateKey) -> bool {
        self.made(key) || self.sources.contains_key(key)
    }

    /// Returns the templates that runs of this plan certainly made: Meta said yes, or they were found
    /// when it was looked up. What was refused within a copy is kept elsewhere.
    pub fn proven(&self) -> impl Iterator<Item = (&TemplateKey, Made)> {
        self.proven.iter().map(|(key, made)| (key, *made))
    }

    /// Returns whether a run of this plan certainly made this template.
    pub fn is_proven(&self, key: &TemplateKey) -> bool {
        self.proven.contains_key(key)
    }

    /// Returns when the next template may be created. `None`: now.
    pub fn create_from(&self, now: Timestamp) -> Option<Timestamp> {
        free_from(&self.created, CREATES_AN_HOUR, HOUR, now)
    }

    /// Returns how many templates may be created before the hour's limit is reached.
    pub fn creates_left(&self, now: Timestamp) -> usize {
        CREATES_AN_HOUR.saturating_sub(recent(&self.created, HOUR, now).count())
    }

    /// Returns when an approved template may be edited next. `None`: now.
    pub fn edit_from(&self, key: &TemplateKey, now: Timestamp) -> Option<Timestamp> {
        let edits = self.edits.get(key)?;
        let of_day = free_from(edits, 1, DAY, now);
        of_day.max(free_from(edits, EDITS_A_MONTH, MONTH, now))
    }

    /// Takes in one more line.
    pub(super) fn note(&mut self, step: &Address, event: &Event, at: Timestamp) {
        let of_copy = *step == Address::account(AccountStep::TemplatesCopy);
        match (event, step.template_step()) {
            (Event::Intent { params, .. }, _) if of_copy => self.ask(params, at),
            (Event::Answered { answer, .. }, _) if of_copy => self.answered_copy(answer, at),
            (Event::LookedUp { found: true, .. }, _) if of_copy => self.prove_copies(),
            (Event::Intent { method, path, .. }, Some((key, step))) => {
                self.sends((key, step), method, path, at);
            }
            (Event::Answered { answer, .. }, Some((key, step))) => {
                self.answered((key, step), answer);
            }
            (Event::LookedUp { found, .. }, Some((key, step))) => {
                let was_doubtful = self.doubtful.remove(&key);
                self.looked_up(key, step, was_doubtful && *found);
            }
            (Event::Kept { what, data, .. }, _) if what == SOURCE_TEMPLATES => {
                let pairs = data.as_object().into_iter().flatten();
                self.sources.extend(
                    pairs.filter_map(|(key, id)| {
                        Some((key.parse().ok()?, id.as_str()?.parse().ok()?))
                    }),
                );
            }
            _ => {}
        }
    }

    fn ask(&mut self, params: &Map<String, Value>, at: Timestamp) {
        let ids = params.get("template_ids").and_then(Value::as_array);
        let ids = ids.into_iter().flatten();
        self.page = ids.filter_map(|id| id.as_str()?.parse().ok()).collect();
        let asked = self
            .page
            .iter()
            .map(|id| (id.clone(), Asked { at, accepted: None }));
        self.copies.extend(asked);
    }

    /// Source ids are kept before a copy is asked for.
    fn prove_copies(&mut self) {
        let page: BTreeSet<_> = self.page.iter().collect();
        let copied = self.sources.iter().filter(|(_, id)| page.contains(id));
        let copied = copied.map(|(key, _)| (key.clone(), Made::Copied));
        self.proven.extend(copied);
    }

    fn looked_up(&mut self, key: TemplateKey, step: TemplateStep, is_there: bool) {
        if is_there {
            self.prove(key, step);
        }
    }

    fn prove(&mut self, key: TemplateKey, step: TemplateStep) {
        match step {
            TemplateStep::Define => self.proven.insert(key, Made::Defined),
            TemplateStep::Recreate => self.proven.insert(key, Made::Recreated),
            TemplateStep::Delete | TemplateStep::Undo => self.proven.remove(&key),
            TemplateStep::Repoint => None,
        };
    }

    fn answered_copy(&mut self, answer: &Answer, at: Timestamp) {
        if answer.is_accepted() {
            self.prove_copies();
        }
        for id in &self.page {
            match answer {
                Answer::Accepted { .. } => {
                    if let Some(asked) = self.copies.get_mut(id) {
                        asked.accepted = Some(at);
                    }
                }
                Answer::Refused { .. } | Answer::NotSent { .. } => {
                    self.copies.remove(id);
                }
                Answer::InDoubt { .. } => {}
            }
        }
    }

    fn sends(&mut self, of: (TemplateKey, TemplateStep), method: &str, path: &str, at: Timestamp) {
        let (key, step) = of;
        // Uploads of its media are sent under the same step.
        let is_id = path
            .trim_start_matches('/')
            .bytes()
            .all(|byte| byte.is_ascii_digit());
        if method != "POST" || step == TemplateStep::Delete {
            self.sent.insert(key, Sent::Delete);
        } else if path.ends_with("/message_templates") {
            self.created.push(at);
            if step == TemplateStep::Recreate {
                self.made.insert(key.clone());
            }
            self.sent.insert(key, Sent::Create);
        } else if is_id {
            self.edits.entry(key.clone()).or_default().push(at);
            self.sent.insert(key, Sent::Edit);
        } else {
            self.sent.remove(&key);
        }
    }

    fn answered(&mut self, of: (TemplateKey, TemplateStep), answer: &Answer) {
        let (key, step) = of;
        let sent = self.sent.remove(&key);
        match (sent, answer) {
            (Some(Sent::Create | Sent::Delete), Answer::Accepted { .. }) => self.prove(key, step),
            (Some(Sent::Create | Sent::Delete), Answer::InDoubt { .. }) => {
                self.doubtful.insert(key);
            }
            (Some(Sent::Create), Answer::Refused { .. } | Answer::NotSent { .. }) => {
                if let Answer::NotSent { .. } = answer {
                    self.created.pop();
                }
                if step == TemplateStep::Recreate {
                    self.made.remove(&key);
                }
            }
            (Some(Sent::Edit), Answer::Refused { .. } | Answer::NotSent { .. }) => {
                self.edits.entry(key).or_default().pop();
            }
            _ => {}
        }
    }
}

fn recent(
    times: &[Timestamp],
    period: SignedDuration,
    now: Timestamp,
) -> impl Iterator<Item = Timestamp> {
    let counts = move |at: &Timestamp| now.duration_since(*at) < period;
    times.iter().copied().filter(counts)
}

/// When fewer than `most` of these times lie within the period. `None`: now.
fn free_from(
    times: &[Timestamp],
    most: usize,
    period: SignedDuration,
    now: Timestamp,
) -> Option<Timestamp> {
    let used = recent(times, period, now).count();
    let in_the_way = recent(times, period, now).nth(used.checked_sub(most)?)?;
    Some(in_the_way.saturating_add(period).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key() -> TemplateKey {
        TemplateKey::new("order", "de")
    }

    fn intent(step: &Address, path: &str, params: Value) -> Event {
        Event::Intent {
            step: step.clone(),
            attempt: 1,
            method: "POST".into(),
            path: path.into(),
            params: params.as_object().unwrap().clone(),
            fingerprint: None,
        }
    }

    fn answered(step: &Address, answer: Answer) -> Event {
        Event::Answered {
            step: step.clone(),
            attempt: 1,
            answer,
        }
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

    fn replay(events: &[Event]) -> TemplatesHistory {
        let mut history = TemplatesHistory::default();
        for (event, second) in events.iter().zip(1..) {
            history.note(event.step().unwrap(), event, at(second));
        }
        history
    }

    #[test]
    fn a_copy_is_asked_for_until_it_is_refused() {
        let copy = Address::account(AccountStep::TemplatesCopy);
        let ask = intent(
            &copy,
            "/2/migrate_message_templates",
            json!({"template_ids": ["17"]}),
        );
        #[track_caller]
        fn check(events: &[Event], expected: Option<Asked>) {
            assert_eq!(replay(events).asked(&"17".parse().unwrap()), expected);
        }
        let doubt = Answer::InDoubt {
            message: String::new(),
        };
        let in_doubt = Asked {
            at: at(1),
            accepted: None,
        };
        check(std::slice::from_ref(&ask), Some(in_doubt));
        check(&[ask.clone(), answered(&copy, doubt)], Some(in_doubt));
        check(&[ask.clone(), answered(&copy, refused())], None);
        let with_yes = Asked {
            accepted: Some(at(2)),
            ..in_doubt
        };
        check(&[ask, answered(&copy, accepted())], Some(with_yes));
    }

    #[test]
    fn what_meta_agreed_to_make_is_proven_until_it_is_deleted() {
        let define = Address::template(&key(), TemplateStep::Define);
        let delete = Address::template(&key(), TemplateStep::Delete);
        let create = intent(&define, "/2/message_templates", json!({}));
        let doubt = Answer::InDoubt {
            message: String::new(),
        };
        let found = Event::LookedUp {
            step: define.clone(),
            found: true,
        };
        #[track_caller]
        fn check(events: &[Event], expected: Option<Made>) {
            let history = replay(events);
            let made = history.proven().map(|(_, made)| made).next();
            assert_eq!(made, expected, "{events:?}");
        }
        let yes = |step: &Address| answered(step, accepted());
        check(std::slice::from_ref(&create), None);
        check(&[create.clone(), answered(&define, refused())], None);
        check(&[create.clone(), answered(&define, doubt.clone())], None);
        let looked_up = [create.clone(), answered(&define, doubt), found];
        check(&looked_up, Some(Made::Defined));
        let made = [create, yes(&define)];
        check(&made, Some(Made::Defined));
        let gone = [intent(&delete, "/17", json!({})), yes(&delete)];
        check(&[made.as_slice(), &gone].concat(), None);
    }

    #[test]
    fn a_copy_is_proven_once_meta_agreed() {
        let copy = Address::account(AccountStep::TemplatesCopy);
        let kept = Event::Kept {
            step: copy.clone(),
            what: SOURCE_TEMPLATES.into(),
            data: json!({"order/de": "17", "other/de": "18"}),
        };
        let path = "/2/migrate_message_templates";
        let ask = intent(&copy, path, json!({"template_ids": ["17"]}));
        assert!(!replay(&[kept.clone(), ask.clone()]).is_proven(&key()));
        let history = replay(&[kept, ask, answered(&copy, accepted())]);
        assert_eq!(
            history.proven().collect::<Vec<_>>(),
            [(&key(), Made::Copied)]
        );
    }

    #[test]
    fn an_account_takes_a_hundred_creations_an_hour() {
        let step = Address::template(&key(), TemplateStep::Recreate);
        let create = intent(&step, "/2/message_templates", json!({}));
        let mut events = vec![create.clone(); 99];
        assert_eq!(replay(&events).create_from(at(100)), None);
        events.push(create);
        let history = replay(&events);
        assert_eq!(history.creates_left(at(100)), 0);
        assert_eq!(history.create_from(at(100)), Some(at(3601)));
        assert_eq!(history.create_from(at(3601)), None);
        assert!(history.made(&key()), "nobody knows");
        events.push(answered(&step, refused()));
        assert!(!replay(&events).made(&key()));
    }

    #[test]
    fn an_approved_template_is_edited_once_a_day() {
        let step = Address::template(&key(), TemplateStep::Define);
        let edit = intent(&step, "/17", json!({}));
        let upload = intent(&step, "/upload:abc", json!({}));
        let next = |events: &[Event]| replay(events).edit_from(&key(), at(60));
        assert_eq!(next(&[upload]), None);
        assert_eq!(next(std::slice::from_ref(&edit)), Some(at(1 + 24 * 3600)));
        assert_eq!(next(&[edit, answered(&step, refused())]), None);
    }
}
