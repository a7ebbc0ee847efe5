//! Copies the templates of the source that the target lacks.
//!
//! Meta's copy is asynchronous and partial: a call answers at once, the copies turn up later, some
//! never. Templates are told apart by name and language, never by id. Only missing ones are sent.
//!
//! In doubt: no answer to a copy call proves nothing, and a second one cannot be told from the
//! first. The target is listed again for a while; what is still missing is left to the next run,
//! which sends what is missing then.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/template-migration>

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Action, Change, Context, Decision, Outcome, StepError, StepKind,
    context::{Repeat, Written},
};
use crate::{
    api::meta::write,
    finding::{Finding, Severity, Who},
    ids::{AccountStep, Address, TemplateId, TemplateKey, WabaId},
    journal::history::REFUSED_TEMPLATES,
    plan::{Glob, Plan},
    resource::{Observed, template::Selection},
    snapshot::{Snapshot, target_templates},
    step::Call,
};

/// Ids in one call.
const PAGE: usize = 500;

/// How long copies that an earlier run asked for may still be on their way. Partners wait as long
/// between two calls.
const SETTLE: Duration = Duration::from_secs(300);

/// Meta ends a copy call after this time, so a call that nobody saw the end of is over then.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// Copies missing templates in pages.
#[derive(Clone, Debug)]
pub struct TemplatesCopy {
    source: WabaId,
    target: WabaId,
    copy: Vec<Glob>,
}

impl TemplatesCopy {
    pub(super) fn of(plan: &Plan) -> Self {
        let (source, target) = (plan.source.waba.clone(), plan.target.waba.clone());
        Self {
            source,
            target,
            copy: plan.templates.copy.clone(),
        }
    }

    fn unreadable(&self, account: &str, why: &impl std::fmt::Display) -> Decision {
        let message = format!("the {account}'s templates cannot be read: {why}");
        Decision::blocked(
            Finding::unknown(
                "templates-unreadable",
                Severity::Error,
                self.address(),
                message,
            )
            .ask(
                Who::Us,
                "name a token that reaches the account, or copy nothing (templates.copy: [])",
            )
            .proof("GET /{WABA}/message_templates answers"),
        )
    }

    /// Sends one page and returns what Meta refused.
    async fn copy_page(
        &self,
        cx: &Context<'_>,
        page: &[(TemplateKey, TemplateId)],
    ) -> Result<BTreeMap<String, String>, StepError> {
        let ids: Vec<_> = page.iter().map(|(_, id)| id.clone()).collect();
        let write = write::migrate_templates(&self.target, &self.source, &ids);
        let doing = "copy templates to the target";
        let lookup = || async {
            let listed = target_templates(cx.target, &self.target).await?;
            Ok(page
                .iter()
                .all(|(key, _)| listed.contains_key(key))
                .then_some(()))
        };
        let answer = match cx
            .write(&self.address(), doing, &write, Repeat::Never, lookup)
            .await?
        {
            Written::Answered(answer) => answer,
            Written::Found(()) => return Ok(BTreeMap::new()),
        };
        let mut failed = failed_templates(&answer);
        // A template that "already exists" was copied by somebody, perhaps by us; it will appear.
        failed.retain(|_, reason| !reason.to_lowercase().contains("already exist"));
        let refused = page.iter().filter_map(|(key, id)| {
            failed
                .get(id.as_str())
                .map(|reason| (key.to_string(), reason.clone()))
        });
        Ok(refused.collect())
    }

    /// Returns the selected templates that the target lacks.
    fn missing(&self, cx: &Context<'_>) -> Result<Vec<(TemplateKey, TemplateId)>, StepError> {
        let seen = cx.seen();
        let (Some(source), Some(target)) = (
            seen.source.templates.present(),
            seen.target.templates.present(),
        ) else {
            return Err(StepError::Unexpected("templates were not read".into()));
        };
        let selection = Selection::of(&self.copy, source, target, &seen.refused_copies());
        let missing = selection.missing.iter();
        Ok(missing
            .map(|template| (template.key(), template.id.clone()))
            .collect())
    }

    /// Gives copies that an earlier run asked for time to appear, so that none is asked for twice.
    /// Returns whether they may be on their way still: then nothing may be sent.
    async fn let_settle(&self, cx: &Context<'_>) -> Result<bool, StepError> {
        let (sent, accepted) = {
            let history = &cx.seen().history;
            let of = |times: &BTreeMap<Address, Timestamp>| times.get(&self.address()).copied();
            (of(&history.sent), of(&history.accepted))
        };
        let Some(sent) = accepted.or(sent) else {
            return Ok(false);
        };
        let settle = if accepted.is_some() {
            SETTLE
        } else {
            CALL_LIMIT
        };
        let age = || cx.clock.now().duration_since(sent).unsigned_abs();
        let left = settle.saturating_sub(age());
        let patience = cx.options.wait.map_or(left, |wait| wait.min(left));
        let missing: Vec<_> = self.missing(cx)?.into_iter().map(|(key, _)| key).collect();
        let there = self.watch(cx, &missing, Some(patience)).await?;
        Ok(!there && accepted.is_some() && age() < settle)
    }

    /// Lists the target until all of these are there; returns whether they are.
    async fn watch(
        &self,
        cx: &Context<'_>,
        expected: &[TemplateKey],
        patience: Option<Duration>,
    ) -> Result<bool, StepError> {
        let look = || async {
            let listed = target_templates(cx.target, &self.target)
                .await
                .map_err(|source| StepError::Call {
                    doing: "list the target's templates".into(),
                    source,
                })?;
            let all_there = expected.iter().all(|key| listed.contains_key(key));
            cx.seen().target.templates = Observed::Present(listed);
            Ok(all_there.then_some(()))
        };
        let found = cx
            .poll(&self.address(), "the copies to appear", patience, look)
            .await?;
        Ok(found.is_some())
    }

    fn keep_refused(
        &self,
        cx: &Context<'_>,
        refused: &BTreeMap<String, String>,
    ) -> Result<(), StepError> {
        let mut all = cx.seen().refused_copies();
        all.extend(refused.clone());
        cx.keep(&self.address(), REFUSED_TEMPLATES, serde_json::json!(all))
    }
}

impl StepKind for TemplatesCopy {
    fn address(&self) -> Address {
        Address::account(AccountStep::TemplatesCopy)
    }

    fn describe(&self) -> String {
        format!("Copy templates from {} to {}", self.source, self.target)
    }

    fn needs(&self) -> Vec<Address> {
        Vec::new()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if self.copy.is_empty() {
            return Decision::done("the plan copies no templates");
        }
        let empty = BTreeMap::new();
        let target = match &seen.target.templates {
            Observed::Present(templates) => templates,
            Observed::Absent => &empty,
            Observed::Unknown(why) => return self.unreadable("target", why),
        };
        let source = match &seen.source.templates {
            Observed::Present(templates) => templates,
            Observed::Absent => &empty,
            Observed::Unknown(_) if seen.history.done.contains(&self.address()) => {
                return Decision::done(
                    "copied by an earlier run; the source cannot be read any more",
                );
            }
            Observed::Unknown(why) => return self.unreadable("source", why),
        };
        let selection = Selection::of(&self.copy, source, target, &seen.refused_copies());
        if selection.missing.is_empty() {
            return Decision::done(format!("{} on the target", count(selection.there.len())));
        }
        let reason = match selection.there.len() {
            0 => format!("{} missing on the target", count(selection.missing.len())),
            there => format!(
                "{} missing on the target, {there} there",
                count(selection.missing.len())
            ),
        };
        let mut change = Change::new(Action::Create, reason);
        for template in &selection.missing {
            let category = template.category.clone().unwrap_or_default();
            change = change.field(&template.key().to_string(), Value::Null, category);
        }
        for _ in selection.missing.chunks(PAGE) {
            change = change.call(Call::post(format!(
                "/{}/migrate_message_templates",
                self.target
            )));
        }
        Decision::Change(change.seen("missing", selection.missing.len()))
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        if self.let_settle(cx).await? {
            return Ok(unfinished());
        }
        let missing = self.missing(cx)?;
        let mut refused = BTreeMap::new();
        for page in missing.chunks(PAGE) {
            refused.extend(self.copy_page(cx, page).await?);
        }
        let expected: Vec<_> = missing
            .iter()
            .map(|(key, _)| key.clone())
            .filter(|key| !refused.contains_key(&key.to_string()))
            .collect();
        if !refused.is_empty() {
            self.keep_refused(cx, &refused)?;
        }
        Ok(match self.watch(cx, &expected, cx.options.wait).await? {
            true => Outcome::Done(copied(expected.len(), &refused)),
            false => unfinished(),
        })
    }
}

fn unfinished() -> Outcome {
    Outcome::Parked {
        reason: "Meta has not finished copying".into(),
        next: "run apply again in some minutes: what was asked for is not asked for twice".into(),
    }
}

/// What came of a copy, with every refusal.
fn copied(number: usize, refused: &BTreeMap<String, String>) -> String {
    let mut note = format!("{} copied", count(number));
    if !refused.is_empty() {
        let reasons: Vec<_> = refused
            .iter()
            .map(|(key, reason)| format!("{key} ({reason})"))
            .collect();
        note += &format!("; Meta refused {}", reasons.join(", "));
    }
    note
}

/// Reads every shape of `failed_templates` that was seen: an object from id to reason, an empty
/// list (PHP's empty object), a list of `{id, reason}`.
fn failed_templates(answer: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    match answer.get("failed_templates") {
        Some(Value::Object(failed)) => failed
            .iter()
            .map(|(id, reason)| (id.clone(), text(reason)))
            .collect(),
        Some(Value::Array(failed)) => {
            let item = |item: &Value| {
                let reason = item.get("reason").or_else(|| item.get("error_message"))?;
                Some((text(item.get("id")?), text(reason)))
            };
            failed.iter().filter_map(item).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn count(templates: usize) -> String {
    if templates == 1 {
        "1 template".into()
    } else {
        format!("{templates} templates")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_failed_templates_is_understood() {
        #[track_caller]
        fn check(failed: Value, expected: &[(&str, &str)]) {
            let answer = serde_json::json!({"migrated_templates": [], "failed_templates": failed});
            let expected: BTreeMap<_, _> = expected
                .iter()
                .map(|(id, reason)| (id.to_string(), reason.to_string()))
                .collect();
            assert_eq!(failed_templates(&answer), expected);
        }
        check(
            serde_json::json!({"17": "Incorrect category"}),
            &[("17", "Incorrect category")],
        );
        check(serde_json::json!({}), &[]);
        check(serde_json::json!([]), &[]);
        check(
            serde_json::json!([{"id": "17", "reason": "Formatting error"}]),
            &[("17", "Formatting error")],
        );
        check(
            serde_json::json!([{"id": 17, "reason": "x"}]),
            &[("17", "x")],
        );
        check(Value::Null, &[]);
    }
}
