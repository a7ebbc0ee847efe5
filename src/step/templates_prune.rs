//! Deletes templates of the target that the plan does not know: neither on the source, nor defined by a
//! file, nor required, nor brought over by an earlier run. Only what was there when the run began, and
//! so was shown, is deleted.
//!
//! A deleted name stays blocked for 30 days, so this is the last thing that happens to templates, it
//! happens language by language, and `policy.max_template_deletes` is judged before the first write.
//!
//! In doubt: a delete is never repeated in the same run; the next one lists the target first.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Action, Call, Change, Context, Decision, Outcome, StepError, StepKind,
    context::Repeat,
    creation,
    words::{count, short_digest, unreadable_templates},
};
use crate::{
    api::{meta::write, transport::Method},
    finding::{Finding, Who},
    ids::{AccountStep, Address, TemplateKey, TemplateStep, WabaId},
    inventory::is_selected,
    phone::Phone,
    plan::{Plan, Templates},
    resource::{
        Observed,
        template::{Status, Template},
    },
    snapshot::Snapshot,
};

/// Deletes what the plan does not know.
#[derive(Clone, Debug)]
pub struct TemplatesPrune {
    target: WabaId,
    templates: Templates,
    phones: Vec<Phone>,
    most: u64,
}

impl TemplatesPrune {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            target: plan.target.waba.clone(),
            templates: plan.templates.clone(),
            phones: plan
                .numbers
                .iter()
                .map(|number| number.phone.clone())
                .collect(),
            most: plan.policy.max_template_deletes.unwrap_or_default(),
        }
    }

    /// What the source lists is known whether it is selected or not: a number that moves takes
    /// templates along. What this plan brought over is known even when the source no longer lists it.
    fn is_known(&self, key: &TemplateKey, seen: &Snapshot) -> bool {
        let mut required = self.templates.required.iter().flatten();
        seen.source.template(key).is_some()
            || self.templates.definition(key).is_some()
            || required.any(|glob| glob.matches(&key.name))
            || seen.history.templates.is_ours(key)
    }

    /// Returns what would be deleted, or why nobody can know.
    fn unknown<'a>(
        &self,
        seen: &'a Snapshot,
    ) -> Result<Vec<(&'a TemplateKey, &'a Template)>, Box<Finding>> {
        let unreadable = |account: &str, why: &dyn std::fmt::Display| {
            let message = format!(
                "the {account}'s templates cannot be read, so nobody knows which to delete: {why}"
            );
            unreadable_templates(self.address(), message, "set templates.prune: false")
        };
        if let Observed::Unknown(why) = &seen.source.templates {
            return Err(Box::new(unreadable("source", why)));
        }
        if let Observed::Unknown(why) = &seen.target.templates {
            return Err(Box::new(unreadable("target", why)));
        }
        let selected = seen.source.templates.present().into_iter().flatten();
        let selects_any = selected
            .into_iter()
            .any(|(key, _)| is_selected(&self.templates, key));
        if !self.templates.copy.is_empty() && !selects_any {
            return Err(Box::new(self.empty_source()));
        }
        let copied = Address::account(AccountStep::TemplatesCopy);
        let is_live = |phone| seen.target.is_live(phone);
        if !seen.history.done.contains(&copied) && self.phones.iter().any(is_live) {
            return Err(Box::new(self.no_history()));
        }
        let there = seen.target.templates.present().into_iter().flatten();
        // Disabled templates cannot be deleted.
        let unknown = there.filter(|(key, template)| {
            template.status != Some(Status::Disabled) && !self.is_known(key, seen)
        });
        Ok(unknown.collect())
    }

    fn empty_source(&self) -> Finding {
        let message = "the source has no template that templates.copy selects, so everything copied would be deleted";
        Finding::fail("template-prune-source", self.address(), message)
            .ask(
                Who::Us,
                "correct templates.copy, or set templates.prune: false once the source is cleared",
            )
            .proof("GET /{SOURCE}/message_templates lists a selected name")
    }

    fn no_history(&self) -> Finding {
        let message = "a number has moved and the journal does not tell which templates came along, so nobody knows which to delete";
        Finding::fail("template-prune-history", self.address(), message)
            .ask(
                Who::Us,
                "run apply where the journal is (--journal), or set templates.prune: false",
            )
            .proof("the journal of the run that copied templates")
    }

    fn too_many(&self, wanted: &[(&TemplateKey, &Template)]) -> Finding {
        let names: Vec<_> = wanted
            .iter()
            .take(5)
            .map(|(key, _)| key.to_string())
            .collect();
        let message = format!(
            "{} would be deleted, and policy.max_template_deletes allows {}",
            count(wanted.len(), "template"),
            self.most
        );
        let more = if wanted.len() > names.len() {
            ", …"
        } else {
            ""
        };
        Finding::fail("template-deletes-limit", self.address(), message)
            .observed(format!("{}{more}", names.join(", ")))
            .ask(Who::Us, "copy, define or require what shall stay, raise the limit, or set templates.prune: false")
            .proof("the plan's limit is not passed")
    }

    async fn delete(
        &self,
        cx: &Context<'_>,
        key: &TemplateKey,
        template: &Template,
    ) -> Result<(), StepError> {
        let write = write::delete_template(&self.target, &key.name, &template.id);
        let step = Address::template(key, TemplateStep::Delete);
        let doing = format!("delete template {key}");
        let lookup = || async {
            let found = creation::find(cx, key).await?;
            Ok(found.is_none().then_some(()))
        };
        cx.write(&step, &doing, &write, Repeat::Never, lookup)
            .await?;
        let mut seen = cx.seen();
        if let Observed::Present(known) = &mut seen.target.templates {
            known.remove(key);
        }
        Ok(())
    }
}

/// What a deletion rests on: this very template, with these words.
fn as_seen(template: &Template) -> String {
    let content = template.content.as_ref().map(short_digest);
    let content = content.map(|digest| format!(", content {digest}"));
    format!("id {}{}", template.id, content.unwrap_or_default())
}

impl StepKind for TemplatesPrune {
    fn address(&self) -> Address {
        Address::account(AccountStep::TemplatesPrune)
    }

    fn describe(&self) -> String {
        "Delete templates of the target that the plan does not know".into()
    }

    fn needs(&self) -> Vec<Address> {
        vec![Address::account(AccountStep::TemplatesApproved)]
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if !self.templates.prune {
            return Decision::done("the plan deletes no templates");
        }
        let unknown = match self.unknown(seen) {
            Ok(unknown) => unknown,
            Err(finding) => return Decision::blocked(*finding),
        };
        if unknown.is_empty() {
            return Decision::done("the plan knows every template of the target");
        }
        if unknown.len() as u64 > self.most {
            return Decision::blocked(self.too_many(&unknown));
        }
        let reason = format!(
            "the plan does not know {}; a deleted name stays blocked for 30 days",
            count(unknown.len(), "template")
        );
        let mut change = Change::new(Action::Delete, reason);
        for (key, template) in &unknown {
            let call = Call {
                method: Method::Delete.as_str().into(),
                path: format!("/{}/message_templates", self.target),
            };
            let key = key.to_string();
            change = change
                .field(&key, template.status_word(), Value::Null)
                .seen(&key, as_seen(template))
                .call(call);
        }
        Decision::Change(change)
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        cx.listing.contents(cx).await?;
        cx.as_reviewed(self)?;
        let now = self.wanted(cx)?;
        let mut deleted = 0;
        // Only what was there when this run began: what came meanwhile nobody has looked at.
        let was_there = |key: &TemplateKey, template: &Template| {
            cx.listing.first.get(key) == Some(&template.id)
        };
        for (key, template) in now
            .iter()
            .filter(|(key, template)| was_there(key, template))
        {
            self.delete(cx, key, template).await?;
            deleted += 1;
        }
        Ok(Outcome::Done(format!(
            "{} deleted",
            count(deleted, "template")
        )))
    }
}

impl TemplatesPrune {
    fn wanted(&self, cx: &Context<'_>) -> Result<BTreeMap<TemplateKey, Template>, StepError> {
        let seen = cx.seen();
        let unknown = self
            .unknown(&seen)
            .map_err(|finding| StepError::Blocked(vec![*finding]))?;
        let owned = unknown
            .into_iter()
            .map(|(key, template)| (key.clone(), template.clone()));
        let owned: BTreeMap<_, _> = owned.collect();
        if owned.len() as u64 > self.most {
            let all: Vec<_> = owned.iter().collect();
            return Err(StepError::Blocked(vec![self.too_many(&all)]));
        }
        Ok(owned)
    }
}
