//! Points buttons of copied templates to the target's flows, where Meta's copy left the source's.
//!
//! Whether a copy does that by itself is not documented. What it left is edited: components as a
//! whole, media uploaded afresh, and reviewed again.
//!
//! In doubt: the target's template is read and compared.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>

use super::{
    Action, Change, Context, Decision, Outcome, StepError, StepKind,
    context::Repeat,
    creation,
    rebuild::{Rebuilt, Trouble, rebuild},
    those,
    words::source_category,
};
use crate::{
    api::meta::write,
    ids::{AccountStep, Address, TemplateStep, WabaId},
    inventory::{Fate, Inventory, Item},
    plan::{Plan, Templates},
    resource::template::{Status, Template},
    snapshot::Snapshot,
    step::Call,
};

/// Edits copies that open a flow of the source.
#[derive(Clone, Debug)]
pub struct TemplatesRepoint {
    target: WabaId,
    templates: Templates,
    needs: Vec<Address>,
}

impl TemplatesRepoint {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            target: plan.target.waba.clone(),
            templates: plan.templates.clone(),
            needs: those(plan, [AccountStep::FlowsCopy, AccountStep::TemplatesCopy]),
        }
    }

    async fn repoint(&self, cx: &Context<'_>, item: &Item) -> Result<(), Trouble> {
        let key = item.key();
        let step = Address::template(&key, TemplateStep::Repoint);
        let Some(template) = creation::look(cx, &key).await? else {
            return Ok(());
        };
        if let Some(from) = cx.seen().history.templates.edit_from(&key, cx.clock.now()) {
            return Err(Trouble::Failed(StepError::Resting(from)));
        }
        let Rebuilt {
            mut fields,
            content,
        } = rebuild(cx, &step, item).await?;
        fields.retain(|name, _| name == "components");
        let write = write::edit_template(&template.id, fields);
        let lookup = || async {
            let found = creation::find(cx, &key).await?;
            let is_edited = |found: &Template| {
                let is = found.content.as_ref();
                is.is_some_and(|is| is.changes_to(&content).next().is_none())
            };
            Ok(found.filter(is_edited).map(|_| ()))
        };
        let doing = format!("edit template {key}");
        cx.write(&step, &doing, &write, Repeat::AfterLookup, lookup)
            .await?;
        let edited = Template {
            status: Some(Status::Pending),
            content: Some(content.clone()),
            ..template
        };
        creation::remember(cx, edited);
        Ok(())
    }
}

/// Copies that open another flow than they should.
fn astray(inventory: &Inventory) -> impl Iterator<Item = &Item> {
    let is_flow = |path: &str| path.ends_with(".flow_id");
    inventory
        .with(Fate::Copied)
        .filter(move |item| item.changes.iter().any(|change| is_flow(&change.path)))
}

impl StepKind for TemplatesRepoint {
    fn address(&self) -> Address {
        Address::account(AccountStep::TemplatesRepoint)
    }

    fn describe(&self) -> String {
        "Point buttons of copied templates to the target's flows".into()
    }

    fn needs(&self) -> Vec<Address> {
        self.needs.clone()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let Some(inventory) = Inventory::of(&self.templates, seen, seen.at) else {
            // The copy says what cannot be read.
            return Decision::done("nothing is known to be copied");
        };
        let astray: Vec<_> = astray(&inventory).collect();
        let opens_flow = |item: &&Item| {
            let source = seen.source.template(&item.key());
            let content = source.and_then(|source| source.content.as_ref());
            content.is_some_and(crate::template::Content::has_flow)
        };
        let coming = inventory
            .with(Fate::Copy)
            .chain(inventory.with(Fate::Coming));
        let coming: Vec<_> = coming.filter(opens_flow).collect();
        let reason = match (astray.len(), coming.len()) {
            (0, 0) => return Decision::done("every copy opens the target's flows"),
            (0, coming) => format!(
                "{coming} to copy open flows; what still opens the source's after the copy is edited"
            ),
            (astray, _) => format!("{astray} open a flow of the source; an edit is reviewed again"),
        };
        let mut change = Change::new(Action::Update, reason);
        for item in coming {
            change = change.seen(&item.key().to_string(), source_category(seen, item));
        }
        for item in astray {
            change = change.seen(&item.key().to_string(), source_category(seen, item));
            change.fields.extend(item.changes.iter().cloned());
            let id = item
                .target_id
                .as_ref()
                .map_or("{template_id}", |id| id.as_str());
            change = change.call(Call::post(format!("/{id}")));
        }
        Decision::Change(change)
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let listed = cx.target.list(&Template::list(&self.target)).await;
        let listed = listed.map_err(|source| StepError::Call {
            doing: "list the target's templates".into(),
            source,
        })?;
        cx.seen().target.take_templates(listed);
        let inventory = Inventory::of(&self.templates, &cx.seen(), cx.clock.now());
        let inventory =
            inventory.ok_or_else(|| StepError::Unexpected("templates were not read".into()))?;
        let mut done = 0;
        let mut refused = Vec::new();
        for item in astray(&inventory) {
            match self.repoint(cx, item).await {
                Ok(()) => done += 1,
                Err(Trouble::Refused(why) | Trouble::NotNow(why)) => {
                    refused.push(format!("{}: {why}", item.key()))
                }
                Err(Trouble::Failed(error)) => return Err(error),
            }
        }
        if !refused.is_empty() {
            return Err(StepError::Unexpected(format!(
                "these still open a flow of the source: {}",
                refused.join("; ")
            )));
        }
        Ok(match done {
            0 => Outcome::Already("every copy opens the target's flows".into()),
            done => Outcome::Done(format!("{done} edited; Meta reviews them again")),
        })
    }
}
