//! Copies the flows of the source that the target lacks: before the templates whose buttons open
//! them.
//!
//! Flows are told apart by name, which is unique in an account. A call answers flow by flow. An
//! existing name is never overwritten, so a second call does no harm: what it would copy is there.
//!
//! In doubt: the target's list of flows proves which names were copied; only what is missing is sent
//! again.
//!
//! A copy has no endpoint and no key of its own number: whoever runs the endpoint sets both again.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/flows/reference/flowsapi#migrate>

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    ABSENT, Action, Change, Context, Decision, Outcome, StepError, StepKind,
    context::{Repeat, Written},
    words::count,
};
use crate::{
    api::meta::write,
    finding::{Finding, Severity, Who},
    ids::{AccountStep, Address, WabaId},
    inventory::flows::{FlowFate, FlowItem, Flows},
    journal::history::REFUSED_TEMPLATES,
    plan::{self, Plan},
    resource::Observed,
    snapshot::{Snapshot, flows},
    step::Call,
};

/// Names in one call.
const PAGE: usize = 100;

/// Copies missing flows.
#[derive(Clone, Debug)]
pub struct FlowsCopy {
    source: WabaId,
    target: WabaId,
    flows: plan::Flows,
}

impl FlowsCopy {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            source: plan.source.waba.clone(),
            target: plan.target.waba.clone(),
            flows: plan.flows.clone(),
        }
    }

    fn unreadable(&self, account: &str, why: &impl std::fmt::Display) -> Decision {
        let message = format!("the {account}'s flows cannot be read: {why}");
        Decision::blocked(
            Finding::unknown("flows-unreadable", Severity::Error, self.address(), message)
                .ask(
                    Who::Us,
                    "name a token that reaches the account, or copy none (flows.copy: [])",
                )
                .proof("GET /{WABA}/flows answers"),
        )
    }

    fn missing(&self, seen: &Snapshot) -> Vec<String> {
        let flows = Flows::of(&self.flows, seen);
        let missing = flows.iter().flat_map(|flows| flows.with(FlowFate::Copy));
        missing.map(|item| item.name.clone()).collect()
    }

    /// Sends one page and returns what Meta refused.
    async fn copy_page(
        &self,
        cx: &Context<'_>,
        names: &[String],
    ) -> Result<BTreeMap<String, String>, StepError> {
        let short: Vec<_> = names.iter().map(String::as_str).collect();
        let write = write::migrate_flows(&self.target, &self.source, &short);
        let lookup = || async {
            let listed = flows(cx.target, &self.target).await?;
            let all = names.iter().all(|name| listed.contains_key(name));
            cx.seen().target.flows = Observed::Present(listed);
            Ok(all.then_some(()))
        };
        let doing = "copy flows to the target";
        let written = cx
            .write(&self.address(), doing, &write, Repeat::AfterLookup, lookup)
            .await?;
        self.list(cx).await?;
        let Written::Answered(answer) = written else {
            return Ok(BTreeMap::new());
        };
        let seen = cx.seen();
        let there = seen.target.flows.present();
        let mut failed = failed_flows(&answer);
        // What exists already is what was wanted.
        failed.retain(|name, _| there.is_none_or(|there| !there.contains_key(name)));
        Ok(failed)
    }

    async fn list(&self, cx: &Context<'_>) -> Result<(), StepError> {
        let listed = flows(cx.target, &self.target).await;
        let listed = listed.map_err(|source| StepError::Call {
            doing: "list the target's flows".into(),
            source,
        })?;
        cx.seen().target.flows = Observed::Present(listed);
        Ok(())
    }
}

impl StepKind for FlowsCopy {
    fn address(&self) -> Address {
        Address::account(AccountStep::FlowsCopy)
    }

    fn describe(&self) -> String {
        format!("Copy flows from {} to {}", self.source, self.target)
    }

    fn needs(&self) -> Vec<Address> {
        Vec::new()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if self.flows.copy.is_empty() {
            return Decision::done("the plan copies no flows");
        }
        if let Observed::Unknown(why) = &seen.target.flows {
            return self.unreadable("target", why);
        }
        match &seen.source.flows {
            Observed::Unknown(_) if seen.history.done.contains(&self.address()) => {
                return Decision::done(
                    "copied by an earlier run; the source cannot be read any more",
                );
            }
            Observed::Unknown(why) => return self.unreadable("source", why),
            Observed::Present(_) | Observed::Absent => {}
        }
        let missing = self.missing(seen);
        if missing.is_empty() {
            return Decision::done("all selected flows are on the target, or were refused");
        }
        let reason = format!("{} missing on the target", count(missing.len(), "flow"));
        let mut change = Change::new(Action::Create, reason);
        for name in &missing {
            let source = seen
                .source
                .flows
                .present()
                .and_then(|flows| flows.get(name));
            let status = source.map_or("", |flow| flow.status_word());
            change = change.field(name, Value::Null, status).seen(name, ABSENT);
        }
        for _ in missing.chunks(PAGE) {
            change = change.call(Call::post(format!("/{}/migrate_flows", self.target)));
        }
        Decision::Change(change)
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        self.list(cx).await?;
        cx.as_reviewed(self)?;
        let missing = self.missing(&cx.seen());
        let mut refused = BTreeMap::new();
        for page in missing.chunks(PAGE) {
            refused.extend(self.copy_page(cx, page).await?);
        }
        if !refused.is_empty() {
            let mut all = cx.seen().refused(AccountStep::FlowsCopy);
            all.extend(refused.clone());
            cx.keep(&self.address(), REFUSED_TEMPLATES, serde_json::json!(all))?;
        }
        // What Meta named nowhere and what is not there: nobody knows what became of it.
        let silent = self.missing(&cx.seen());
        if !silent.is_empty() {
            let names = silent.join(", ");
            return Ok(Outcome::Parked {
                reason: format!("Meta has not copied these flows so far: {names}"),
                next: "run apply again in some minutes: only what is missing is asked for".into(),
            });
        }
        Ok(Outcome::Done(self.told(&cx.seen(), &missing, &refused)))
    }
}

impl FlowsCopy {
    /// What came of it, with what has to be set again.
    fn told(
        &self,
        seen: &Snapshot,
        wanted: &[String],
        refused: &BTreeMap<String, String>,
    ) -> String {
        let mut note = format!("{} copied", count(wanted.len() - refused.len(), "flow"));
        let reasons: Vec<_> = refused
            .iter()
            .map(|(name, reason)| format!("{name} ({reason})"))
            .collect();
        if !reasons.is_empty() {
            note += &format!("; Meta refused {}", reasons.join(", "));
        }
        let flows = Flows::of(&self.flows, seen).unwrap_or_default();
        let to_set: Vec<_> = flows
            .flows
            .iter()
            .filter(|item| wanted.contains(&item.name))
            .flat_map(FlowItem::to_set_again)
            .collect();
        if !to_set.is_empty() {
            note += &format!("; to set again: {}", to_set.join(", "));
        }
        note
    }
}

/// Reads `failed_flows`: name to reason.
fn failed_flows(answer: &Value) -> BTreeMap<String, String> {
    let failed = answer.get("failed_flows").and_then(Value::as_array);
    let text = |item: &Value, name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
    let failed = failed.into_iter().flatten().filter_map(|item| {
        let reason = text(item, "error_message").unwrap_or_else(|| "no reason given".into());
        Some((text(item, "source_name")?, reason))
    });
    failed.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn failed_flows_are_read_by_name() {
        let answer = json!({"migrated_flows": [], "failed_flows": [
            {"source_name": "lead", "error_code": "4233041", "error_message": "exists"},
            {"source_name": "bare"}, {"error_message": "nameless"}]});
        let failed = failed_flows(&answer);
        let expected = [("bare", "no reason given"), ("lead", "exists")];
        assert_eq!(
            failed,
            expected
                .map(|(name, why)| (name.to_owned(), why.to_owned()))
                .into()
        );
        assert!(failed_flows(&json!({"failed_flows": {}})).is_empty());
    }
}
