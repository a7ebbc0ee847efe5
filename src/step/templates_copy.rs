//! Copies the templates of the source that the target lacks.
//!
//! Meta's copy is asynchronous and partial: a call answers at once, the copies turn up later, some
//! never. Templates are told apart by name and language, never by id. Only missing ones are sent,
//! page by page, and the target is listed again after every page.
//!
//! In doubt: no answer to a copy call proves nothing, and a second one cannot be told from the
//! first. What it asked for counts as on its way until the call is over for certain (30 s on Meta's
//! side), and as on its way for some minutes when Meta said yes: only what is missing after that is
//! sent again, in a smaller page, because a page that is too large is what runs into the limit. Copies
//! that are late are waited for longer where there is patience.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/template-migration>

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;

use super::{
    Action, Change, Context, Decision, Outcome, StepError, StepKind,
    context::{Repeat, Written},
    those,
    words::{count, on_source, source_category, unreadable_templates},
};
use crate::{
    api::meta::write,
    ids::{AccountStep, Address, TemplateId, TemplateKey, WabaId},
    inventory::{CALL_LIMIT, Fate, Inventory},
    journal::{history::REFUSED_TEMPLATES, templates::SOURCE_TEMPLATES},
    plan::{Plan, Templates},
    resource::{Observed, template::Template},
    snapshot::Snapshot,
    step::Call,
};

/// Ids in one call.
const PAGE: usize = 500;

/// Calls in a row whose outcome is not known and of which nothing came: more would not help.
const MOST_FRUITLESS: u32 = 8;

/// The longest time for which copies are waited for that a call without a known outcome may have
/// begun. Partners wait as long for an answer; nothing official says it.
const LATE: Duration = Duration::from_secs(180);

/// Copies missing templates in pages.
#[derive(Clone, Debug)]
pub struct TemplatesCopy {
    source: WabaId,
    target: WabaId,
    templates: Templates,
    needs: Vec<Address>,
}

/// Templates of one call: their keys, and their ids on the source.
type Page = [(TemplateKey, TemplateId)];

impl TemplatesCopy {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            source: plan.source.waba.clone(),
            target: plan.target.waba.clone(),
            templates: plan.templates.clone(),
            needs: those(plan, [AccountStep::FlowsCopy]),
        }
    }

    fn unreadable(&self, account: &str, why: &impl std::fmt::Display) -> Decision {
        let message = format!("the {account}'s templates cannot be read: {why}");
        let or = "copy nothing (templates.copy: [])";
        Decision::blocked(unreadable_templates(self.address(), message, or))
    }

    /// Sends one page and returns what Meta refused.
    async fn copy_page(
        &self,
        cx: &Context<'_>,
        page: &Page,
    ) -> Result<BTreeMap<String, String>, StepError> {
        let ids: Vec<_> = page.iter().map(|(_, id)| id.clone()).collect();
        let sources = page
            .iter()
            .map(|(key, id)| (key.to_string(), serde_json::json!(id)));
        let sources: serde_json::Map<_, _> = sources.collect();
        cx.keep(&self.address(), SOURCE_TEMPLATES, sources.into())?;
        let write = write::migrate_templates(&self.target, &self.source, &ids);
        let doing = "copy templates to the target";
        let lookup = || async {
            let listed = cx.target.list(&Template::list_states(&self.target)).await?;
            let mut seen = cx.seen();
            seen.target.take_templates(listed);
            let mut keys = page.iter().map(|(key, _)| key);
            Ok(keys
                .all(|key| seen.target.template(key).is_some())
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
        // A template that "already exists" was copied by somebody, perhaps by us; it will appear. One
        // that is being deleted will not.
        failed.retain(|_, reason| {
            let reason = reason.to_lowercase();
            !reason.contains("already exist") || reason.contains("delet")
        });
        let refused = page.iter().filter_map(|(key, id)| {
            failed
                .get(id.as_str())
                .map(|reason| (key.to_string(), reason.clone()))
        });
        Ok(refused.collect())
    }

    /// Returns the templates of some fates as they stand now.
    fn with(
        &self,
        cx: &Context<'_>,
        fates: &[Fate],
    ) -> Result<Vec<(TemplateKey, TemplateId)>, StepError> {
        let seen = cx.seen();
        let inventory = Inventory::of(&self.templates, &seen, cx.clock.now());
        let inventory =
            inventory.ok_or_else(|| StepError::Unexpected("templates were not read".into()))?;
        let items = inventory
            .templates
            .iter()
            .filter(|item| fates.contains(&item.fate));
        Ok(items
            .map(|item| (item.key(), item.source_id.clone()))
            .collect())
    }

    /// Gives copies that were asked for time to appear, so that none is asked for twice. Returns
    /// whether none is on its way any more.
    async fn let_settle(
        &self,
        cx: &Context<'_>,
        patience: Option<Duration>,
    ) -> Result<bool, StepError> {
        if self.with(cx, &[Fate::Coming])?.is_empty() {
            return Ok(true);
        }
        let look = || async {
            cx.listing.templates(cx).await?;
            Ok(self.with(cx, &[Fate::Coming])?.is_empty().then_some(()))
        };
        let found = cx
            .poll(&self.address(), "the copies to appear", patience, look)
            .await?;
        Ok(found.is_some())
    }

    /// Waits until a call whose outcome nobody knows is over for certain, and longer where there is
    /// patience: its copies may come late. Returns how many have come.
    async fn outlast(&self, cx: &Context<'_>, page: &Page) -> Result<usize, StepError> {
        let came = |cx: &Context<'_>| {
            let seen = cx.seen();
            let keys = page.iter().map(|(key, _)| key);
            keys.filter(|key| seen.target.template(key).is_some())
                .count()
        };
        let limit = CALL_LIMIT.unsigned_abs();
        let patience = cx.options.wait.map_or(LATE, |wait| wait.clamp(limit, LATE));
        let look = || async {
            cx.listing.templates(cx).await?;
            Ok((came(cx) == page.len()).then_some(()))
        };
        let what = "the copies to appear";
        cx.poll(&self.address(), what, Some(patience), look).await?;
        Ok(came(cx))
    }

    fn keep_refused(
        &self,
        cx: &Context<'_>,
        refused: BTreeMap<String, String>,
    ) -> Result<(), StepError> {
        if refused.is_empty() {
            return Ok(());
        }
        let mut all = cx.seen().refused(AccountStep::TemplatesCopy);
        all.extend(refused);
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
        self.needs.clone()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if self.templates.copy.is_empty() {
            return Decision::done("the plan copies no templates");
        }
        if let Observed::Unknown(why) = &seen.target.templates {
            return self.unreadable("target", why);
        }
        match &seen.source.templates {
            Observed::Unknown(_) if seen.history.done.contains(&self.address()) => {
                return Decision::done(
                    "copied by an earlier run; the source cannot be read any more",
                );
            }
            Observed::Unknown(why) => return self.unreadable("source", why),
            Observed::Present(_) | Observed::Absent => {}
        }
        let inventory = Inventory::of(&self.templates, seen, seen.at).unwrap_or_default();
        let there = inventory
            .templates
            .iter()
            .filter(|item| item.target_id.is_some());
        let there = there
            .filter(|item| item.fate != Fate::Skipped && item.fate != Fate::Defined)
            .count();
        let missing: Vec<_> = inventory
            .with(Fate::Copy)
            .chain(inventory.with(Fate::Coming))
            .collect();
        if missing.is_empty() {
            return Decision::done(format!("{} on the target", count(there, "template")));
        }
        let reason = match there {
            0 => format!("{} missing on the target", count(missing.len(), "template")),
            there => format!(
                "{} missing on the target, {there} there",
                count(missing.len(), "template")
            ),
        };
        let mut change = Change::new(Action::Create, reason);
        for item in &missing {
            let category = source_category(seen, item);
            let key = item.key().to_string();
            change = change
                .seen(&key, on_source(seen, item))
                .field(&key, Value::Null, category);
        }
        let calls = inventory.count(Fate::Copy).div_ceil(PAGE);
        for _ in 0..calls {
            change = change.call(Call::post(format!(
                "/{}/migrate_message_templates",
                self.target
            )));
        }
        Decision::Change(change)
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let wanted: BTreeSet<_> = self
            .with(cx, &[Fate::Copy, Fate::Coming])?
            .into_iter()
            .collect();
        if !self.let_settle(cx, cx.options.wait).await? {
            return Ok(unfinished());
        }
        let (mut size, mut fruitless) = (PAGE, 0);
        loop {
            let missing = self.with(cx, &[Fate::Copy])?;
            let page = &missing[..missing.len().min(size)];
            if page.is_empty() {
                break;
            }
            cx.as_reviewed(self)?;
            match self.copy_page(cx, page).await {
                Ok(refused) => {
                    self.keep_refused(cx, refused)?;
                    cx.listing.templates(cx).await?;
                }
                // Whether it ran into its limit nobody knows: what is missing when it is over for
                // certain goes into a smaller page.
                Err(StepError::InDoubt { doing, source }) => {
                    if cx.options.wait == Some(Duration::ZERO) {
                        return Ok(unfinished());
                    }
                    let came = self.outlast(cx, page).await?;
                    fruitless = if came == 0 { fruitless + 1 } else { 0 };
                    if fruitless == MOST_FRUITLESS || (came == 0 && page.len() == 1) {
                        return Err(StepError::InDoubt { doing, source });
                    }
                    if cx.stop.asked().is_some() {
                        return Ok(unfinished());
                    }
                    size = (page.len() / 2).max(1);
                }
                Err(error) => return Err(error),
            }
        }
        let has_settled = self.let_settle(cx, cx.options.wait).await?;
        if !has_settled || !self.with(cx, &[Fate::Copy])?.is_empty() {
            return Ok(unfinished());
        }
        let there = cx.seen();
        let copied = wanted
            .iter()
            .filter(|(key, _)| there.target.template(key).is_some());
        let refused = there.refused(AccountStep::TemplatesCopy);
        let refused: BTreeMap<_, _> = wanted
            .iter()
            .filter_map(|(key, _)| Some((key, refused.get(&key.to_string())?.as_str())))
            .collect();
        Ok(Outcome::Done(told(copied.count(), &refused)))
    }
}

fn unfinished() -> Outcome {
    Outcome::Parked {
        reason: "Meta has not finished copying".into(),
        next: "run apply again in some minutes: what was asked for is not asked for twice".into(),
    }
}

/// What came of a copy, with every refusal.
fn told(number: usize, refused: &BTreeMap<&TemplateKey, &str>) -> String {
    let mut note = format!("{} copied", count(number, "template"));
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
                let id = item.get("id").or_else(|| item.get("template_id"));
                let reason = item.get("reason").or_else(|| item.get("error_message"));
                let reason = reason.map_or_else(|| "no reason given".into(), text);
                Some((id.map_or_else(|| text(item), text), reason))
            };
            failed.iter().filter_map(item).collect()
        }
        _ => BTreeMap::new(),
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
        check(serde_json::json!(["17"]), &[("17", "no reason given")]);
        check(
            serde_json::json!([{"id": "17"}]),
            &[("17", "no reason given")],
        );
        check(Value::Null, &[]);
    }
}
