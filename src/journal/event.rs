//! The lines of a journal, as data.
//!
//! Compatibility: fields and events may be added in a minor version; a reader ignores fields it
//! does not know and keeps events it does not know as [`Event::Other`].

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    finding::Finding,
    ids::{Address, RunId},
};

/// The version of the lines this release writes.
pub const VERSION: u32 = 1;

/// One line: what happened, when, in which order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Counts from 1 within a run.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A run began.
    RunStarted {
        /// Version of the journal's lines.
        journal: u32,
        /// The run.
        run: RunId,
        /// The plan's name.
        plan: String,
        /// SHA-256 of the plan file.
        plan_digest: String,
        /// The machine, for people.
        host: String,
        /// The user, for people.
        user: String,
        /// Version of this program.
        program: String,
        /// The digest of the reviewed change set that it carries out, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change_set: Option<String>,
        /// The job of a CI service that ran it: its address, where the service tells one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ci_job: Option<String>,
        /// The commit that the CI service had checked out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// A step began.
    StepStarted {
        /// Which.
        step: Address,
    },
    /// A write is about to leave. Always on disk before it does.
    Intent {
        /// The step it belongs to.
        step: Address,
        /// Counts the attempts of this step in this run from 1.
        attempt: u32,
        /// `POST`, `PUT`, `PATCH` or `DELETE`.
        method: String,
        /// The path without API version.
        path: String,
        /// The parameters, secrets masked.
        params: Map<String, Value>,
        /// What tells one request from another: see [`fingerprint`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fingerprint: Option<String>,
    },
    /// What came of a write.
    Answered {
        /// The step it belongs to.
        step: Address,
        /// The attempt.
        attempt: u32,
        /// What came back.
        #[serde(flatten)]
        answer: Answer,
    },
    /// A write in doubt was looked up in the world.
    LookedUp {
        /// The step it belongs to.
        step: Address,
        /// Whether its effect is there.
        found: bool,
    },
    /// Something that will be lost or that the API cannot show later.
    Kept {
        /// The step it belongs to.
        step: Address,
        /// What it is: `profile`, `refused_templates`, `migration_intent`, `confirmed`,
        /// `upload_session`, `upload_handle`, `before`.
        what: String,
        /// The thing itself.
        data: Value,
    },
    /// A person has to act before a step can go on. It is looked at again in this run where
    /// somebody is there, else by the next one.
    Gate {
        /// Which.
        step: Address,
        /// What is waited for.
        reason: String,
        /// What the person has to do.
        next: String,
    },
    /// A write had no success that lasts; it is tried again after a pause.
    Retrying {
        /// The step it belongs to.
        step: Address,
        /// Which attempt comes next.
        attempt: u32,
        /// How long the pause is.
        seconds: u64,
        /// Why.
        reason: String,
    },
    /// A rate limit holds the next write back.
    RateLimited {
        /// The step it belongs to.
        step: Address,
        /// When it may go on.
        until: Timestamp,
    },
    /// A step waits; it will be looked at again in this run.
    Waiting {
        /// Which.
        step: Address,
        /// What for.
        reason: String,
        /// What to do about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    /// A step is over for this run.
    StepEnded {
        /// Which.
        step: Address,
        /// How.
        end: StepEnd,
        /// More about it, for people.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
        /// What to do about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
        /// What stood in the way, for people and programs. One that a newer release wrote in a way
        /// that this one does not know is left out: nothing is decided by them.
        #[serde(
            default,
            skip_serializing_if = "Vec::is_empty",
            deserialize_with = "known"
        )]
        findings: Vec<Finding>,
    },
    /// The run is over.
    RunEnded {
        /// The exit code.
        code: u8,
    },
    /// A line of a newer version.
    #[serde(other)]
    Other,
}

/// What came of a write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The API said yes.
    Accepted {
        /// `x-fb-trace-id` of the answer, or `ININ-Correlation-Id`, where it had one: what the support
        /// of Meta, or of Genesys, asks for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace_id: Option<String>,
    },
    /// The API said no; nothing has changed.
    Refused {
        /// `code`; of Genesys Cloud the HTTP status.
        code: i64,
        /// `error_subcode`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subcode: Option<i64>,
        /// `code` of Genesys Cloud, like `not.found`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error_code: Option<String>,
        /// Everything it said.
        message: String,
        /// Whether what was sent is to blame, and not who sent it or how often.
        #[serde(default)]
        judged: bool,
        /// Seconds for which the same must not be sent again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rest: Option<u64>,
        /// `fbtrace_id`, or the correlation id of Genesys Cloud.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace_id: Option<String>,
    },
    /// The request never left.
    NotSent {
        /// Why.
        message: String,
    },
    /// Nobody knows whether it had its effect.
    InDoubt {
        /// Why.
        message: String,
    },
}

/// How a step ended in a run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum StepEnd {
    /// It did its work.
    Done,
    /// There was nothing to do: somebody did it already.
    Already,
    /// It waits for a person, a review, a window or quota; a later run goes on.
    Parked,
    /// A precondition fails.
    Blocked,
    /// What it would do is no longer what was reviewed.
    Stale,
    /// It failed.
    Failed,
    /// Something it needs did not end well.
    NotStarted,
    /// It is no part of what the run was asked to do.
    LeftOut,
}

impl Answer {
    /// Returns whether the API said yes.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted { trace_id: _ })
    }

    /// Returns the id by which the API's support finds the call.
    pub fn trace_id(&self) -> Option<&str> {
        match self {
            Self::Accepted { trace_id } | Self::Refused { trace_id, .. } => trace_id.as_deref(),
            Self::NotSent { message: _ } | Self::InDoubt { message: _ } => None,
        }
    }
}

/// Returns what tells one request from another: the SHA-256, in hex, of method, path and parameters
/// in canonical JSON.
///
/// Secrets go into it as `***`, as they stand in the journal: a PIN or a one-time code has six
/// digits, so whoever reads a hash of it tries all of them in a moment.
pub fn fingerprint(method: &str, path: &str, params: &Map<String, Value>) -> String {
    let request = (method, path, params);
    let text = serde_json_canonicalizer::to_string(&request).expect("JSON values always serialize");
    hex::encode(Sha256::digest(text))
}

impl Event {
    /// Makes the line of a write that is about to leave.
    pub fn intent(
        step: &Address,
        attempt: u32,
        method: &str,
        path: &str,
        params: Map<String, Value>,
    ) -> Self {
        Self::Intent {
            step: step.clone(),
            attempt,
            method: method.to_owned(),
            path: path.to_owned(),
            fingerprint: Some(fingerprint(method, path, &params)),
            params,
        }
    }

    /// Returns the step this line is about.
    pub fn step(&self) -> Option<&Address> {
        match self {
            Self::StepStarted { step }
            | Self::Intent { step, .. }
            | Self::Answered { step, .. }
            | Self::LookedUp { step, .. }
            | Self::Kept { step, .. }
            | Self::Gate { step, .. }
            | Self::Retrying { step, .. }
            | Self::RateLimited { step, .. }
            | Self::Waiting { step, .. }
            | Self::StepEnded { step, .. } => Some(step),
            Self::RunStarted { .. } | Self::RunEnded { .. } | Self::Other => None,
        }
    }
}

fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Finding>, D::Error> {
    let findings = Vec::<Value>::deserialize(deserializer)?;
    Ok(findings
        .into_iter()
        .filter_map(|finding| serde_json::from_value(finding).ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::finding::Who;

    #[test]
    fn a_fingerprint_tells_requests_apart_and_holds_no_secret() {
        let params = |text: &str| serde_json::from_str(text).unwrap();
        let of = |path: &str, text: &str| fingerprint("POST", path, &params(text));
        let one = of(
            "/1/register",
            r#"{"pin":"***","messaging_product":"whatsapp"}"#,
        );
        let turned = of(
            "/1/register",
            r#"{"messaging_product":"whatsapp","pin":"***"}"#,
        );
        assert_eq!(one, turned);
        assert_ne!(
            one,
            of(
                "/2/register",
                r#"{"messaging_product":"whatsapp","pin":"***"}"#
            )
        );
        assert_ne!(one, of("/1/register", "{}"));
        assert_eq!(
            of("/1/subscribed_apps", "{}"),
            hex::encode(Sha256::digest(r#"["POST","/1/subscribed_apps",{}]"#))
        );
    }

    #[test]
    fn a_yes_of_an_older_journal_has_no_trace_id() {
        let old: Answer = serde_json::from_value(json!({"answer": "accepted"})).unwrap();
        assert_eq!((old.is_accepted(), old.trace_id()), (true, None));
        assert_eq!(
            serde_json::to_value(&old).unwrap(),
            json!({"answer": "accepted"})
        );
    }

    #[test]
    fn a_refusal_of_an_older_journal_names_no_word() {
        let old = json!({"answer": "refused", "code": 100, "message": "no", "judged": true});
        let read: Answer = serde_json::from_value(old.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), old);
        let genesys = json!({"answer": "refused", "code": 404, "error_code": "not.found",
            "message": "no", "judged": true, "trace_id": "c-1"});
        let read: Answer = serde_json::from_value(genesys.clone()).unwrap();
        assert_eq!(read.trace_id(), Some("c-1"));
        assert_eq!(serde_json::to_value(&read).unwrap(), genesys);
    }

    #[test]
    fn findings_come_back_as_they_were_and_unknown_ones_spoil_no_line() {
        let finding = Finding::fail("payment", "target 1", "the target has no payment method")
            .observed("code 100")
            .ask(Who::BusinessAdmin, "add one")
            .proof("primary_funding_id");
        let event = Event::StepEnded {
            step: Address::account(crate::ids::AccountStep::TemplatesCopy),
            end: StepEnd::Failed,
            note: String::new(),
            hint: None,
            findings: vec![finding],
        };
        let mut line = serde_json::to_value(&event).unwrap();
        line["findings"]
            .as_array_mut()
            .unwrap()
            .push(json!({"rule": "new", "who": "nobody"}));
        assert_eq!(serde_json::from_value::<Event>(line).unwrap(), event);
    }
}
