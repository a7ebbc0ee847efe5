//! A change set that somebody reviewed: read from its file, and held against the world of today.
//!
//! Each change is judged alone, by what it rests on. What a run of it did before takes things away
//! (a template that was missing is there), which is no change of the world: own progress, a crash or
//! a wait of days never make a change set stale. What is there and was not reviewed does; so does
//! what Meta undoes meanwhile, like a verification that expires: its code request was not reviewed.
//!
//! Compatibility: members that this release does not know are left alone (a newer minor version has
//! more of them); another major version is refused. Pure: bytes in, judgements out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::{ChangeEntry, ChangeSet, Direction, FORMAT_VERSION, PlanRef, Selection, sealed};
use crate::{
    field::FieldChange,
    finding::{Finding, Who},
    ids::{AccountStep, Address, NumberStep, TemplateKey},
    inventory::Fate,
    plan::Plan,
    snapshot::{
        Snapshot,
        former::{FORMER, kept_former},
    },
    step::{Action, Change, Review},
};

/// The rule of what is not as it was reviewed.
pub const CHANGED: &str = "changed-since-review";

/// Steps that go on with what the copy of templates began.
const GO_ON_WITH_COPIES: [AccountStep; 2] = [
    AccountStep::TemplatesRecreate,
    AccountStep::TemplatesRepoint,
];

/// Why a file is no change set that can be applied.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It is no JSON, or lacks what a change set has.
    #[error("it is damaged, or no change set")]
    Damaged(#[source] serde_json::Error),
    /// It is of a version that this release does not know.
    #[error("its format is {found}, this release reads {FORMAT_VERSION} and later minor versions")]
    Version {
        /// What it says.
        found: String,
    },
    /// Its digest is not that of what it says.
    #[error("it was changed after it was made: its digest is not that of its content")]
    Edited,
}

/// A reviewed change set, as far as a run needs it.
#[derive(Debug, Deserialize)]
pub struct Approved {
    /// Its digest.
    pub digest: String,
    /// The plan it was made from.
    pub plan: PlanRef,
    /// Which way it leads.
    #[serde(default)]
    pub direction: Direction,
    /// Of what it is a part, if it is one.
    #[serde(default)]
    pub selection: Option<Selection>,
    changes: Vec<ApprovedChange>,
}

#[derive(Debug, Deserialize)]
struct ApprovedChange {
    address: Address,
    action: Action,
    reason: String,
    precondition: BTreeMap<String, Value>,
    #[serde(default)]
    keeps: Option<Value>,
}

/// What a step would do now, as far as it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    action: Action,
    reason: &'a str,
    precondition: &'a BTreeMap<String, Value>,
}

impl<'a> From<&'a Change> for Now<'a> {
    fn from(change: &'a Change) -> Self {
        let (action, reason) = (change.action, change.reason.as_str());
        Self {
            action,
            reason,
            precondition: &change.precondition,
        }
    }
}

impl<'a> From<&'a ChangeEntry> for Now<'a> {
    fn from(change: &'a ChangeEntry) -> Self {
        let (action, reason) = (change.action, change.reason.as_str());
        Self {
            action,
            reason,
            precondition: &change.precondition,
        }
    }
}

/// Whether a change that sends nothing rests on something all the same: what is waited for, and what
/// an undo leaves alone.
fn rests(action: Action, precondition: &BTreeMap<String, Value>) -> bool {
    matches!(action, Action::Wait | Action::None) && !precondition.is_empty()
}

/// The version alone, which must be readable whatever the rest has become.
#[derive(Deserialize)]
struct Versioned {
    format_version: String,
}

impl Approved {
    /// Returns whether a file is meant to be a change set: by a key that no plan has, or by its name
    /// (`.json`) where the key that every plan has is missing.
    pub fn is_meant_by(bytes: &[u8], is_json: bool) -> bool {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let inner = text.strip_prefix('{').map(str::trim_start);
        let has_key = inner.is_some_and(|inner| {
            inner.starts_with("\"changes\"") || inner.contains("\"format_version\"")
        });
        has_key || is_json && !text.contains("version")
    }

    /// Reads a change set and checks that it says what it said when it was made.
    pub fn read(bytes: &[u8]) -> Result<Self, Unusable> {
        let versioned: Versioned = serde_json::from_slice(bytes).map_err(Unusable::Damaged)?;
        let major = |version: &str| version.split('.').next().map(str::to_owned);
        if major(&versioned.format_version) != major(FORMAT_VERSION) {
            let found = versioned.format_version;
            return Err(Unusable::Version { found });
        }
        // Read from the text, not from the value: a member that stands there twice is an error.
        let approved: Self = serde_json::from_slice(bytes).map_err(Unusable::Damaged)?;
        let value: Value = serde_json::from_slice(bytes).map_err(Unusable::Damaged)?;
        match sealed::digest(value) == approved.digest {
            true => Ok(approved),
            false => Err(Unusable::Edited),
        }
    }

    fn change(&self, step: &Address) -> Option<&ApprovedChange> {
        self.changes.iter().find(|change| change.address == *step)
    }

    /// Takes from the review what no journal tells any more: what was lost with an old integration that
    /// is gone. Returns whether anything was.
    pub fn recall(&self, plan: &Plan, seen: &mut Snapshot) -> bool {
        let mut is_recalled = false;
        for number in &plan.numbers {
            let step = Address::number(&number.phone, NumberStep::GenesysRelease);
            let kept = self.change(&step).and_then(|change| change.keeps.as_ref());
            let Some(kept) = kept else { continue };
            let is_known = kept_former(&seen.history, &number.phone).is_some();
            let found = seen.integrations(&plan.target.waba, &number.phone);
            let is_gone = found.is_ok_and(|found| found.staying().is_none());
            if is_gone && !is_known {
                let key = (step, FORMER.to_owned());
                seen.history.kept.insert(key, kept.clone());
                is_recalled = true;
            }
        }
        is_recalled
    }

    /// Returns what differs between what was reviewed and what a step would do now; nothing when it
    /// may be done. Waiting changes nothing, so it may always be done, as long as what it waits for
    /// is what was reviewed. `was_done`: an earlier run did it, and it is to be done again.
    pub fn judge<'a>(
        &self,
        step: &Address,
        now: impl Into<Now<'a>>,
        was_done: bool,
    ) -> Vec<FieldChange> {
        let now = now.into();
        let rests = rests(now.action, now.precondition);
        if !now.action.writes() && !rests {
            return Vec::new();
        }
        let Some(reviewed) = self.change(step) else {
            return vec![FieldChange::new("step", Value::Null, now.reason)];
        };
        let known = self.known(reviewed);
        let changed = now
            .precondition
            .iter()
            .filter_map(|(what, now)| match known.get(what) {
                None => Some(FieldChange::new(what, Value::Null, now.clone())),
                Some(Value::Null) if !was_done => None,
                Some(Value::Null) => Some(FieldChange::new(what, "set by us", now.clone())),
                Some(reviewed) if *reviewed == now => None,
                Some(reviewed) => Some(FieldChange::new(what, (*reviewed).clone(), now.clone())),
            });
        let changed: Vec<_> = changed.collect();
        let is_covered = changed.is_empty() && !now.precondition.is_empty();
        if !reviewed.action.writes() && !is_covered {
            let then = reviewed.reason.as_str();
            return vec![FieldChange::new("state", then, now.reason)];
        }
        changed
    }

    /// What a change rests on, and what the copy rests on whose work it goes on with: a template that
    /// is copied may have to be created anew or edited after that.
    fn known<'a>(&'a self, change: &'a ApprovedChange) -> BTreeMap<&'a String, &'a Value> {
        let goes_on = GO_ON_WITH_COPIES
            .map(Address::account)
            .contains(&change.address);
        let copy = Address::account(AccountStep::TemplatesCopy);
        let copy = self.change(&copy).filter(|_| goes_on);
        let all = copy.into_iter().chain([change]);
        all.flat_map(|change| &change.precondition).collect()
    }
}

impl Approved {
    /// Returns every step that is not as it was reviewed, with what differs: what would be done
    /// otherwise, and what is missing or in its place already. A target that cannot be read is no
    /// changed one: of that nothing is said here, and a finding stops the run.
    pub fn objections(&self, changes: &ChangeSet, seen: &Snapshot) -> Vec<(Address, Finding)> {
        if seen.unreadable_target().is_some() {
            return Vec::new();
        }
        let left_out = self.selection.iter().flat_map(|one| &one.left_out);
        let left_out: BTreeSet<_> = left_out.map(|left| left.address.as_str()).collect();
        let counts = |change: &&ChangeEntry| {
            change.action != Action::None || rests(change.action, &change.precondition)
        };
        let open = changes
            .changes
            .iter()
            .filter(counts)
            .filter(|change| !change.blocked && !left_out.contains(change.address.as_str()));
        let mut objections: Vec<_> = open
            .map(|change| {
                let step = Address::read(&change.address);
                let was_done = seen.history.done.contains(&step);
                let changed = self.judge(&step, change, was_done);
                (step, changed)
            })
            .collect();
        let copies = [
            (
                AccountStep::TemplatesCopy,
                self.strange_copies(changes, seen),
            ),
            (AccountStep::FlowsCopy, self.lost_flows(seen)),
        ];
        for (step, changed) in copies {
            let step = Address::account(step);
            match objections.iter_mut().find(|(known, _)| *known == step) {
                Some((_, known)) => known.extend(changed),
                None => objections.push((step, changed)),
            }
        }
        objections
            .into_iter()
            .filter(|(_, changed)| !changed.is_empty())
            .map(|(step, changed)| (step.clone(), finding(&step, &changed)))
            .collect()
    }

    /// Things of a step that were reviewed as to be brought over.
    fn to_bring(&self, step: AccountStep) -> impl Iterator<Item = (&String, &Value)> {
        let change = self.change(&Address::account(step));
        change.into_iter().flat_map(|change| &change.precondition)
    }

    /// Templates that were to be copied, and that somebody has deleted on the source or created on
    /// the target with other words.
    fn strange_copies(&self, changes: &ChangeSet, seen: &Snapshot) -> Vec<FieldChange> {
        let (Some(inventory), Some(_)) = (&changes.templates, seen.source.templates.present())
        else {
            return Vec::new();
        };
        let strange = |(what, reviewed): (&String, &Value)| {
            let key: TemplateKey = what.parse().ok()?;
            let item = inventory.templates.iter().find(|item| item.key() == key);
            let now = match item {
                Some(item) if item.fate == Fate::Different => {
                    let is_flow = |field: &FieldChange| field.path.ends_with(".flow_id");
                    let differs = item.changes.iter().any(|field| !is_flow(field));
                    differs.then_some("on the target, with other words")
                }
                Some(_) => None,
                None => {
                    let is_there = seen.target.template(&key).is_some();
                    let is_known = is_there || seen.history.templates.is_ours(&key);
                    (!is_known).then_some("gone from the source")
                }
            };
            now.map(|now| FieldChange::new(what, reviewed.clone(), now))
        };
        self.to_bring(AccountStep::TemplatesCopy)
            .filter_map(strange)
            .collect()
    }

    /// Flows that were to be copied, and that somebody has deleted on the source.
    fn lost_flows(&self, seen: &Snapshot) -> Vec<FieldChange> {
        let (Some(source), Some(target)) =
            (seen.source.flows.present(), seen.target.flows.present())
        else {
            return Vec::new();
        };
        self.to_bring(AccountStep::FlowsCopy)
            .filter(|(name, _)| !source.contains_key(*name) && !target.contains_key(*name))
            .map(|(name, reviewed)| {
                FieldChange::new(name, reviewed.clone(), "gone from the source")
            })
            .collect()
    }
}

impl From<&ChangeSet> for Approved {
    /// Takes what a person was shown and agreed to.
    fn from(changes: &ChangeSet) -> Self {
        let change = |change: &ChangeEntry| ApprovedChange {
            address: Address::read(&change.address),
            action: change.action,
            reason: change.reason.clone(),
            precondition: change.precondition.clone(),
            keeps: change.keeps.clone(),
        };
        Self {
            digest: String::new(),
            plan: changes.plan.clone(),
            direction: changes.direction,
            selection: changes.selection.clone(),
            changes: changes.changes.iter().map(change).collect(),
        }
    }
}

impl Review for Approved {
    fn action(&self, step: &Address) -> Option<Action> {
        self.change(step).map(|change| change.action)
    }

    fn objection(&self, step: &Address, now: &Change, was_done: bool) -> Option<Finding> {
        let changed = self.judge(step, now, was_done);
        (!changed.is_empty()).then(|| finding(step, &changed))
    }
}

/// Says that a step is not what was reviewed: what, from what, to what.
pub fn finding(step: &Address, changes: &[FieldChange]) -> Finding {
    let told: Vec<_> = changes.iter().map(told).collect();
    let message = format!("since it was reviewed, {}", told.join("; "));
    Finding::fail(CHANGED, step, message)
        .ask(
            Who::Us,
            "make a new change set with plan -o and have it reviewed; --partial runs what does not need this step",
        )
        .proof("plan shows what is to be done now")
}

fn told(change: &FieldChange) -> String {
    let word = |value: &Value, without: &str| match value {
        Value::String(text) => format!("`{text}`"),
        Value::Null => without.to_owned(),
        other => format!("`{other}`"),
    };
    let FieldChange {
        path,
        before,
        after,
    } = change;
    let before = word(before, "no part of it");
    format!("{path} went from {before} to {}", word(after, "unknown"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reviewed(changes: Value) -> Approved {
        let mut set = json!({
            "format_version": FORMAT_VERSION,
            "plan": {"name": "acme", "path": "acme.yaml", "digest": "00"},
            "changes": changes,
        });
        let digest = sealed::digest(set.clone());
        set["digest"] = digest.into();
        Approved::read(set.to_string().as_bytes()).expect("it is whole")
    }

    fn change(address: &str, action: &str, precondition: Value) -> Value {
        json!({"address": address, "action": action, "reason": "so", "precondition": precondition})
    }

    fn now(action: Action, precondition: Value) -> Change {
        Change {
            action,
            reason: "now".into(),
            fields: Vec::new(),
            calls: Vec::new(),
            window: None,
            precondition: serde_json::from_value(precondition).unwrap(),
            keeps: None,
        }
    }

    #[track_caller]
    fn check(reviewed_action: &str, then: Value, action: Action, today: Value, expected: &[&str]) {
        let approved = reviewed(json!([change("templates.copy", reviewed_action, then)]));
        let step = Address::read("templates.copy");
        let told: Vec<_> = approved
            .judge(&step, &now(action, today), false)
            .iter()
            .map(told)
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn own_progress_takes_things_away_and_foreign_change_shows() {
        let two = json!({"a/de": "UTILITY", "b/de": "UTILITY"});
        let create = Action::Create;
        check("create", two.clone(), create, two.clone(), &[]);
        check(
            "create",
            two.clone(),
            create,
            json!({"b/de": "UTILITY"}),
            &[],
        );
        check(
            "create",
            two.clone(),
            create,
            json!({"b/de": "MARKETING"}),
            &["b/de went from `UTILITY` to `MARKETING`"],
        );
        check(
            "create",
            two,
            create,
            json!({"c/de": "UTILITY"}),
            &["c/de went from no part of it to `UTILITY`"],
        );
    }

    #[test]
    fn what_could_not_be_seen_may_be_anything_and_waiting_is_always_right() {
        let update = Action::Update;
        check(
            "update",
            json!({"about": null}),
            update,
            json!({"about": "Hi"}),
            &[],
        );
        check("none", json!({}), Action::Gate, json!({"x": 1}), &[]);
        check(
            "wait",
            json!({"x": 1}),
            Action::Update,
            json!({"x": 1}),
            &[],
        );
        check(
            "gate",
            json!({}),
            Action::Call,
            json!({}),
            &["state went from `so` to `now`"],
        );
        check(
            "none",
            json!({}),
            Action::Call,
            json!({}),
            &["state went from `so` to `now`"],
        );
        check("call", json!({}), Action::Call, json!({}), &[]);
    }

    #[test]
    fn what_a_copy_cannot_bring_may_be_created_anew() {
        let recreate = change("templates.recreate", "none", json!({}));
        let copy = change("templates.copy", "create", json!({"a/de": "UTILITY"}));
        let approved = reviewed(json!([copy, recreate]));
        let step = Address::read("templates.recreate");
        let today = now(Action::Create, json!({"a/de": "UTILITY"}));
        assert_eq!(approved.judge(&step, &today, false), []);
        let other = now(Action::Create, json!({"b/de": "UTILITY"}));
        assert_eq!(approved.judge(&step, &other, false).len(), 1);
    }

    #[test]
    fn an_edited_a_damaged_and_a_newer_file_are_refused() {
        let mut set = json!({
            "format_version": "1.7",
            "plan": {"name": "acme", "digest": "00"},
            "changes": [change("templates.copy", "create", json!({}))],
            "something_new": 1,
        });
        set["digest"] = sealed::digest(set.clone()).into();
        assert!(Approved::read(set.to_string().as_bytes()).is_ok());
        // White space is nobody's change.
        let pretty = serde_json::to_string_pretty(&set).unwrap();
        assert!(Approved::read(pretty.as_bytes()).is_ok());
        let edited = set.to_string().replace("create", "delete");
        assert!(matches!(
            Approved::read(edited.as_bytes()),
            Err(Unusable::Edited)
        ));
        let twice = set.to_string().replacen('{', "{\"changes\":[],", 1);
        assert!(matches!(
            Approved::read(twice.as_bytes()),
            Err(Unusable::Damaged(_))
        ));
        let newer = set.to_string().replace("\"1.7\"", "\"2.0\"");
        assert!(matches!(
            Approved::read(newer.as_bytes()),
            Err(Unusable::Version { .. })
        ));
        for end in 0..pretty.len() {
            assert!(Approved::read(&pretty.as_bytes()[..end]).is_err());
        }
    }

    #[test]
    fn change_sets_are_told_from_plans() {
        #[track_caller]
        fn check(text: &str, is_json: bool, expected: bool) {
            assert_eq!(
                Approved::is_meant_by(text.as_bytes(), is_json),
                expected,
                "{text}"
            );
        }
        check("{\"changes\":[{\"action\"", false, true);
        check("\u{feff}{ \"format_version\": \"1.0\" }", false, true);
        check("", true, true);
        check("\0\0", true, true);
        check("", false, false);
        check("version: 1\nname: changes\n", false, false);
        check("{\"version\": 1, \"name\": \"a\"}", true, false);
    }
}
