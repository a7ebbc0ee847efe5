//! Creates templates anew from the source's content where Meta's copy does not take them: other
//! status or quality, a category that Meta finds wrong, another business, a refusal.
//!
//! A template gets the category that Meta finds right. Its media are fetched from the links that the
//! source shows and uploaded afresh; its flows get their ids on the target. At most a hundred an
//! hour are created; the rest waits for a later run. What Meta refuses is not sent again.
//!
//! In doubt: name and language on the target prove it, as `creation` has it.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/template-migration>

use std::collections::BTreeMap;

use super::{
    Action, Call, Change, Context, Decision, Outcome, StepError, StepKind,
    creation::Creation,
    rebuild::{Rebuilt, Trouble, rebuild},
    those,
    words::{count, on_source},
};
use crate::{
    ids::{AccountStep, Address, TemplateKey, TemplateStep, WabaId},
    inventory::{Fate, Inventory, Item},
    journal::{history::REFUSED_TEMPLATES, templates::SOURCE_TEMPLATES},
    plan::{Plan, Templates},
    snapshot::Snapshot,
};

/// Creates what cannot be copied.
#[derive(Clone, Debug)]
pub struct TemplatesRecreate {
    target: WabaId,
    templates: Templates,
    needs: Vec<Address>,
}

impl TemplatesRecreate {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            target: plan.target.waba.clone(),
            templates: plan.templates.clone(),
            needs: those(plan, [AccountStep::FlowsCopy, AccountStep::TemplatesCopy]),
        }
    }

    async fn recreate(&self, cx: &Context<'_>, item: &Item) -> Result<(), Trouble> {
        let key = item.key();
        let step = Address::template(&key, TemplateStep::Recreate);
        let source = serde_json::json!({key.to_string(): item.source_id});
        cx.keep(&step, SOURCE_TEMPLATES, source)?;
        let Rebuilt { fields, content } = rebuild(cx, &step, item).await?;
        let creation = Creation {
            step,
            key: &key,
            fields,
            content,
        };
        creation.run(cx).await?;
        Ok(())
    }

    fn keep_refused(cx: &Context<'_>, key: &TemplateKey, why: &str) -> Result<(), StepError> {
        let step = Address::template(key, TemplateStep::Recreate);
        cx.keep(&step, REFUSED_TEMPLATES, why.into())
    }
}

impl StepKind for TemplatesRecreate {
    fn address(&self) -> Address {
        Address::account(AccountStep::TemplatesRecreate)
    }

    fn describe(&self) -> String {
        "Create templates anew that Meta's copy does not take".into()
    }

    fn needs(&self) -> Vec<Address> {
        self.needs.clone()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if !self.templates.recreate {
            return Decision::done("the plan creates no templates anew");
        }
        let Some(inventory) = Inventory::of(&self.templates, seen, seen.at) else {
            // The copy says what cannot be read.
            return Decision::done("nothing is known to be created anew");
        };
        let items: Vec<_> = inventory.with(Fate::Recreate).collect();
        if items.is_empty() {
            return Decision::done("Meta's copy takes every selected template");
        }
        let left = seen.history.templates.creates_left(seen.at);
        let mut reason = format!(
            "Meta's copy does not take {}",
            count(items.len(), "template")
        );
        if items.len() > left {
            reason += &format!("; {left} can be created this hour, the rest in later runs");
        }
        let mut change = Change::new(Action::Create, reason);
        for item in &items {
            let why = item.reason.as_deref().unwrap_or_default();
            let key = item.key().to_string();
            change = change
                .seen(&key, on_source(seen, item))
                .field(&key, serde_json::Value::Null, why)
                .call(Call::post(format!("/{}/message_templates", self.target)));
        }
        Decision::Change(change)
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        cx.listing.templates(cx).await?;
        cx.as_reviewed(self)?;
        let inventory = Inventory::of(&self.templates, &cx.seen(), cx.clock.now());
        let inventory =
            inventory.ok_or_else(|| StepError::Unexpected("templates were not read".into()))?;
        let mut created = 0;
        let mut left = Vec::new();
        let mut refused = BTreeMap::new();
        for item in inventory.with(Fate::Recreate) {
            match self.recreate(cx, item).await {
                Ok(()) => created += 1,
                Err(Trouble::Refused(why)) => {
                    Self::keep_refused(cx, &item.key(), &why)?;
                    refused.insert(item.key(), why);
                }
                Err(Trouble::NotNow(why)) => left.push(format!("{}: {why}", item.key())),
                Err(Trouble::Failed(error)) => return Err(error),
            }
        }
        if !left.is_empty() {
            return Err(StepError::Unexpected(format!(
                "{} created anew; these could not be: {}",
                count(created, "template"),
                left.join("; ")
            )));
        }
        let mut note = format!("{} created anew", count(created, "template"));
        for (key, why) in &refused {
            note += &format!("; {key} was refused: {why}");
        }
        Ok(Outcome::Done(note))
    }
}
