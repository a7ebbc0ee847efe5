//! A change set that somebody reviewed: read from its file, and held against the world of today.
//!
//! Each change is judged alone, by what it rests on. What a run of it did before takes things away
//! (a template that was missing is there), which is no change of the world: own progress, a crash or
//! a wait of days never make a change set stale. What is there and was not reviewed does.
//!
//! Compatibility: members that this release does not know are left alone (a newer minor version has
//! more of them); another major version is refused. Pure: bytes in, judgements out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{ChangeEntry, FORMAT_VERSION, PlanRef, Selection, sealed};
use crate::{
    field::FieldChange,
    finding::{Finding, Who},
    ids::Address,
    step::{ABSENT, Action, Change, Review},
};

/// The rule of what is not as it was reviewed.
pub const CHANGED: &str = "changed-since-review";

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
    needs: Vec<Address>,
    precondition: BTreeMap<String, Value>,
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

/// The version alone, which must be readable whatever the rest has become.
#[derive(Deserialize)]
struct Versioned {
    format_version: String,
}

impl Approved {
    /// Returns whether a file is meant to be a change set. A plan has neither of these keys.
    pub fn is_meant_by(bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        let inner = text.trim_start().strip_prefix('{').map(str::trim_start);
        inner.is_some_and(|inner| {
            inner.starts_with("\"changes\"") || inner.contains("\"format_version\"")
        })
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

    /// Returns what differs between what was reviewed and what a step would do now; nothing when it
    /// may be done. Waiting changes nothing, so it may always be done.
    pub fn judge<'a>(&self, step: &Address, now: impl Into<Now<'a>>) -> Vec<FieldChange> {
        let now = now.into();
        if matches!(now.action, Action::Gate | Action::Wait | Action::None) {
            return Vec::new();
        }
        let Some(reviewed) = self.change(step) else {
            return vec![FieldChange::new("step", ABSENT, now.reason)];
        };
        let known = self.known(reviewed);
        let changed = now
            .precondition
            .iter()
            .filter_map(|(what, now)| match known.get(what) {
                None => Some(FieldChange::new(what, Value::Null, now.clone())),
                Some(Value::Null) => None,
                Some(reviewed) if *reviewed == now => None,
                Some(reviewed) => Some(FieldChange::new(what, (*reviewed).clone(), now.clone())),
            });
        let changed: Vec<_> = changed.collect();
        let is_covered = changed.is_empty() && !now.precondition.is_empty();
        if reviewed.action == Action::None && !is_covered {
            let then = reviewed.reason.as_str();
            return vec![FieldChange::new("state", then, now.reason)];
        }
        changed
    }

    /// What a change rests on, and what the changes rest on whose work it goes on with: a template
    /// that is copied may have to be created anew or edited after that.
    fn known<'a>(&'a self, change: &'a ApprovedChange) -> BTreeMap<&'a String, &'a Value> {
        let needs = change.needs.iter().filter_map(|need| self.change(need));
        let all = needs.chain([change]);
        all.flat_map(|change| &change.precondition).collect()
    }
}

impl Review for Approved {
    fn action(&self, step: &Address) -> Option<Action> {
        self.change(step).map(|change| change.action)
    }

    fn objection(&self, step: &Address, now: &Change) -> Option<Finding> {
        let changed = self.judge(step, now);
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
    let word = |value: &Value| match value {
        Value::String(text) => format!("`{text}`"),
        Value::Null => "not part of it".to_owned(),
        other => format!("`{other}`"),
    };
    let FieldChange {
        path,
        before,
        after,
    } = change;
    format!("{path} went from {} to {}", word(before), word(after))
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
        json!({"address": address, "action": action, "reason": "so", "needs": [], "precondition": precondition})
    }

    fn now(action: Action, precondition: Value) -> Change {
        Change {
            action,
            reason: "now".into(),
            fields: Vec::new(),
            calls: Vec::new(),
            window: None,
            precondition: serde_json::from_value(precondition).unwrap(),
        }
    }

    #[track_caller]
    fn check(reviewed_action: &str, then: Value, action: Action, today: Value, expected: &[&str]) {
        let approved = reviewed(json!([change("templates.copy", reviewed_action, then)]));
        let step = Address::read("templates.copy");
        let told: Vec<_> = approved
            .judge(&step, &now(action, today))
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
            &["c/de went from not part of it to `UTILITY`"],
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
            "none",
            json!({}),
            Action::Call,
            json!({}),
            &["state went from `so` to `now`"],
        );
        check("call", json!({}), Action::Call, json!({}), &[]);
    }

    #[test]
    fn a_step_goes_on_with_the_work_of_those_it_needs() {
        let mut recreate = change("templates.recreate", "none", json!({}));
        recreate["needs"] = json!(["templates.copy"]);
        let copy = change("templates.copy", "create", json!({"a/de": "UTILITY"}));
        let approved = reviewed(json!([copy, recreate]));
        let step = Address::read("templates.recreate");
        let today = now(Action::Create, json!({"a/de": "UTILITY"}));
        assert_eq!(approved.judge(&step, &today), []);
        let other = now(Action::Create, json!({"b/de": "UTILITY"}));
        assert_eq!(approved.judge(&step, &other).len(), 1);
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
        assert!(Approved::is_meant_by(b"{\"changes\":[{\"action\""));
        assert!(Approved::is_meant_by(b"{ \"format_version\": \"1.0\" }"));
        assert!(!Approved::is_meant_by(b"version: 1\nname: changes\n"));
        assert!(!Approved::is_meant_by(b"{\"version\": 1, \"name\": \"a\"}"));
        assert!(!Approved::is_meant_by(b""));
    }
}
