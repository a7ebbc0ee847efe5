//! Creates templates anew from the source's content where Meta's copy does not take them: other
//! status or quality, a category that Meta finds wrong, another business, a refusal.
//!
//! A template gets the category that Meta finds right. Its media are fetched from the links that the
//! source shows and uploaded afresh; its flows get their ids on the target. At most a hundred an
//! hour are created; the rest waits for a later run. What Meta refuses is not sent again.
//!
//! In doubt: see `creation`.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/template-migration>

use std::collections::BTreeMap;

use super::{
    Action, Call, Change, Context, Decision, Outcome, StepError, StepKind,
    creation::Creation,
    media::{self, Unusable},
    those,
};
use crate::{
    ids::{AccountStep, Address, TemplateKey, TemplateStep, WabaId},
    inventory::{Fate, Inventory, Item, wanted_category},
    journal::history::REFUSED_TEMPLATES,
    plan::{Plan, Templates},
    resource::template::Template,
    snapshot::Snapshot,
    template::{Content, Writable},
};

/// Creates what cannot be copied.
#[derive(Clone, Debug)]
pub struct TemplatesRecreate {
    target: WabaId,
    templates: Templates,
    needs: Vec<Address>,
}

/// What came of one template.
enum Made {
    Created,
    Refused(String),
}

impl TemplatesRecreate {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            target: plan.target.waba.clone(),
            templates: plan.templates.clone(),
            needs: those(plan, [AccountStep::FlowsCopy, AccountStep::TemplatesCopy]),
        }
    }

    async fn recreate(&self, cx: &Context<'_>, item: &Item) -> Result<Made, StepError> {
        let key = item.key();
        let step = Address::template(&key, TemplateStep::Recreate);
        let shown = cx.source.get(&Template::whole(&item.source_id)).await;
        let shown = shown.map_err(|source| StepError::Call {
            doing: format!("read template {key} on the source"),
            source,
        })?;
        let (category, flows) = {
            let seen = cx.seen();
            let source = seen.source.template(&key);
            let category = source.and_then(|source| wanted_category(source, true));
            (category.unwrap_or_default().to_owned(), seen.flow_ids())
        };
        let mut writable = Writable::of(&key, &category, &shown, &flows);
        if let Some(flow) = writable.unknown_flows.first() {
            return Ok(Made::Refused(format!(
                "its button opens flow {flow}, which is not on the target: copy it (flows.copy)"
            )));
        }
        for sample in writable.samples.clone() {
            match media::of_link(cx, &step, &sample).await {
                Ok(handle) => writable.put_handle(&sample.pointer, handle.as_str()),
                Err(Unusable::Because(why)) => return Ok(Made::Refused(why)),
                Err(Unusable::Failed(error)) => return refused_or(error),
            }
        }
        let components = writable
            .fields
            .get("components")
            .and_then(serde_json::Value::as_array);
        let content = Content::read(&category, components.map_or(&[][..], Vec::as_slice));
        let fields = writable.fields;
        match (Creation {
            step,
            key: &key,
            fields,
            content,
        })
        .run(cx)
        .await
        {
            Ok(_) => Ok(Made::Created),
            Err(error) => refused_or(error),
        }
    }

    fn keep_refused(
        &self,
        cx: &Context<'_>,
        key: &TemplateKey,
        why: &str,
    ) -> Result<(), StepError> {
        let mut all = cx.seen().refused(AccountStep::TemplatesRecreate);
        all.insert(key.to_string(), why.to_owned());
        cx.keep(&self.address(), REFUSED_TEMPLATES, serde_json::json!(all))
    }
}

/// A refusal of this one template stops only this one.
fn refused_or(error: StepError) -> Result<Made, StepError> {
    match &error {
        StepError::Call { source, .. }
            if source
                .graph()
                .is_some_and(crate::api::meta::GraphError::judges) =>
        {
            Ok(Made::Refused(source.to_string()))
        }
        _ => Err(error),
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
        let mut reason = format!("Meta's copy does not take {}", count(items.len()));
        if items.len() > left {
            reason += &format!("; {left} can be created this hour, the rest in later runs");
        }
        let mut change = Change::new(Action::Create, reason);
        for item in &items {
            let why = item.reason.as_deref().unwrap_or_default();
            change = change
                .field(&item.key().to_string(), serde_json::Value::Null, why)
                .call(Call::post(format!("/{}/message_templates", self.target)));
        }
        Decision::Change(change.seen("missing", items.len()))
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        cx.listing.templates(cx).await?;
        let inventory = Inventory::of(&self.templates, &cx.seen(), cx.clock.now());
        let inventory =
            inventory.ok_or_else(|| StepError::Unexpected("templates were not read".into()))?;
        let mut created = 0;
        let mut refused = BTreeMap::new();
        for item in inventory.with(Fate::Recreate) {
            match self.recreate(cx, item).await? {
                Made::Created => created += 1,
                Made::Refused(why) => {
                    self.keep_refused(cx, &item.key(), &why)?;
                    refused.insert(item.key(), why);
                }
            }
        }
        let mut note = format!("{} created anew", count(created));
        for (key, why) in &refused {
            note += &format!("; {key} was refused: {why}");
        }
        Ok(Outcome::Done(note))
    }
}

fn count(templates: usize) -> String {
    if templates == 1 {
        "1 template".into()
    } else {
        format!("{templates} templates")
    }
}
