//! Points buttons of copied templates to the target's flows, where Meta's copy left the source's.
//!
//! Whether a copy does that by itself is not documented. What it left is edited: components as a
//! whole, media uploaded afresh, and reviewed again.
//!
//! In doubt: the target's template, read and compared, proves it: a button that opens the target's flow
//! was edited. One that does not is edited again.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>

use super::{
    Action, Change, Context, Decision, Outcome, StepError, StepKind,
    context::Repeat,
    creation,
    rebuild::{Rebuilt, Trouble, rebuild},
    those,
    words::on_source,
};
use crate::{
    api::meta::write,
    ids::{AccountStep, Address, TemplateStep, WabaId},
    inventory::{Fate, Inventory, Item},
    plan::{Plan, Templates},
    resource::template::{Status, Template},
    snapshot::{Account, Snapshot},
    step::Call,
    template::Content,
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

fn is_flow(path: &str) -> bool {
    path.ends_with(".flow_id")
}

/// What a template of an account says, where that was read.
fn content<'a>(account: &'a Account, item: &Item) -> Option<&'a Content> {
    account.template(&item.key())?.content.as_ref()
}

/// Copies that open another flow than they should.
fn astray(inventory: &Inventory) -> impl Iterator<Item = &Item> {
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
        let opens_flow = |item: &&Item| content(&seen.source, item).is_some_and(Content::has_flow);
        let is_unseen = |item: &&Item| content(&seen.target, item).is_none();
        // What was copied a moment ago is listed without what it says.
        let coming = inventory
            .with(Fate::Copy)
            .chain(inventory.with(Fate::Coming))
            .chain(inventory.with(Fate::Copied).filter(is_unseen));
        let coming: Vec<_> = coming.filter(opens_flow).collect();
        let reason = match (astray.len(), coming.len()) {
            (0, 0) => return Decision::done("every copy opens the target's flows"),
            (0, coming) => format!(
                "{coming} of the copies open flows; what still opens the source's after the copy is edited"
            ),
            (astray, _) => format!("{astray} open a flow of the source; an edit is reviewed again"),
        };
        let mut change = Change::new(Action::Update, reason);
        for item in coming {
            let key = item.key().to_string();
            change = change.seen(&key, on_source(seen, item));
            let paths = content(&seen.source, item).into_iter();
            let paths = paths.flat_map(|content| content.lines().map(|(path, _)| path));
            // Which flow the copy will open is Meta's affair; every other word of it is not.
            for path in paths.filter(|path| is_flow(path)) {
                change = change.unseen(&format!("{key} {path}"));
            }
        }
        for item in astray {
            let key = item.key().to_string();
            change = change.seen(&key, on_source(seen, item));
            // Components are replaced as a whole, so that it rests on all that differs.
            for field in &item.changes {
                change = change.seen(&format!("{key} {}", field.path), field.before.clone());
            }
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
        cx.as_reviewed(self)?;
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
