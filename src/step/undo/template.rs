//! Takes back what runs of this plan did to a template from a file: deletes what they created, edits
//! back what they edited.
//!
//! Only a template that still says what was sent is touched. A deleted name stays blocked for 30 days,
//! so every deletion counts against `policy.max_template_deletes` and is a risk to accept. An edit is
//! held to Meta's limits, and reviewed again. A header with media cannot be edited back: its medium
//! would have to be uploaded again.
//!
//! In doubt: the target's template, read and compared, proves an edit, which is sent again only where
//! it is not there. A deletion is never repeated in the same run; the next one lists the target first.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>

use serde_json::{Map, Value};

use super::{
    super::{Call, creation, words::short_digest, words::unreadable_templates},
    KEPT_NOTHING, fresh, stays,
};
use crate::{
    api::{meta::write, transport::Method},
    field::FieldChange,
    ids::{Address, FlowId, TemplateKey, TemplateStep, WabaId},
    journal::deeds::Deed,
    plan::Plan,
    resource::{
        Observed,
        template::{Status, Template},
    },
    snapshot::Snapshot,
    step::{Action, Change, Context, Decision, Outcome, StepError, StepKind, context::Repeat},
    template::{Content, FlowIds, Writable},
};

/// Takes one template back.
#[derive(Clone, Debug)]
pub struct TemplateUndo {
    target: WabaId,
    key: TemplateKey,
}

impl TemplateUndo {
    pub(super) fn of(plan: &Plan, key: TemplateKey) -> Self {
        Self {
            target: plan.target.waba.clone(),
            key,
        }
    }

    fn done_by(&self) -> Address {
        Address::template(&self.key, TemplateStep::Define)
    }

    fn judge(&self, deed: &Deed<'_>, template: &Template, seen: &Snapshot) -> Decision {
        let Some(content) = &template.content else {
            let message = format!("what template {} says cannot be read", self.key);
            return Decision::blocked(unreadable_templates(
                self.address(),
                message,
                "leave it out with --skip",
            ));
        };
        let flows = seen.flow_ids();
        let says = |other: &Content| {
            let (one, other) = (content.of_target(&flows), other.of_target(&flows));
            one.changes_to(&other).next().is_none()
        };
        if !deed.creates && before(deed).is_some_and(|before| says(&before.content)) {
            return Decision::done("it says what it said before");
        }
        if !says(&content_of(&deed.set, template)) {
            let reason = "it says something else by now than a run of this plan sent";
            return Decision::Change(stays(reason).seen("template", as_seen(template)));
        }
        match deed.creates {
            true => self.delete(template),
            false => self.edit(deed, template, seen),
        }
    }

    fn delete(&self, template: &Template) -> Decision {
        if template.status == Some(Status::Disabled) {
            let reason = "a run of this plan created it, and a DISABLED template cannot be deleted";
            return Decision::Change(stays(reason).seen("template", as_seen(template)));
        }
        let reason =
            "a run of this plan created it; a deleted template's name stays blocked for 30 days";
        let change = Change::new(Action::Delete, reason)
            .field(&self.key.to_string(), template.status_word(), Value::Null)
            .seen("template", as_seen(template))
            .call(Call {
                method: Method::Delete.as_str().into(),
                path: format!("/{}/message_templates", self.target),
            });
        Decision::Change(change)
    }

    fn edit(&self, deed: &Deed<'_>, template: &Template, seen: &Snapshot) -> Decision {
        let stays =
            |reason: &str| Decision::Change(stays(reason).seen("template", as_seen(template)));
        let Some(before) = before(deed) else {
            return stays(KEPT_NOTHING);
        };
        if let Some(why) = before.hindrance(&self.key) {
            return stays(why);
        }
        let changes_category = before.category(template).is_some();
        let (action, reason) = match &template.status {
            Some(Status::Approved) if changes_category => {
                return stays("the category of an APPROVED template cannot be changed back");
            }
            Some(Status::Approved) => match seen.history.templates.edit_from(&self.key, seen.at) {
                Some(from) => {
                    let from = from.strftime("%Y-%m-%d %H:%M UTC");
                    let why = format!(
                        "an approved template takes one edit a day and ten a month: the next from {from} on"
                    );
                    (Action::Wait, why)
                }
                None => (Action::Update, EDITS_BACK.to_owned()),
            },
            Some(Status::Rejected | Status::Paused) => (Action::Update, EDITS_BACK.to_owned()),
            Some(Status::Pending | Status::InAppeal) => {
                let why = "it is being reviewed, and cannot be edited before that is over";
                (Action::Wait, why.to_owned())
            }
            _ => return stays("its status lets nobody edit it back"),
        };
        let mut change = Change::new(action, reason).seen("template", as_seen(template));
        let content = template.content.iter();
        for (path, now, then) in content.flat_map(|now| now.changes_to(&before.content)) {
            change.fields.push(FieldChange::new(path, now, then));
        }
        if action == Action::Update {
            change = change.call(Call::post(format!("/{}", template.id)));
        }
        Decision::Change(change)
    }

    async fn send_delete(&self, cx: &Context<'_>, template: &Template) -> Result<(), StepError> {
        let write = write::delete_template(&self.target, &self.key.name, &template.id);
        let doing = format!("delete template {}", self.key);
        let lookup = || async {
            let found = creation::find(cx, &self.key).await?;
            Ok(found.is_none().then_some(()))
        };
        cx.write(&self.address(), &doing, &write, Repeat::Never, lookup)
            .await?;
        if let Observed::Present(known) = &mut cx.seen().target.templates {
            known.remove(&self.key);
        }
        Ok(())
    }

    async fn send_edit(&self, cx: &Context<'_>, template: &Template) -> Result<(), StepError> {
        let (fields, content) = {
            let seen = cx.seen();
            let deed = seen.history.deeds.of(&self.done_by());
            let before = deed.as_ref().and_then(before);
            let before = before.ok_or_else(|| StepError::Unexpected(KEPT_NOTHING.into()))?;
            (before.fields(&self.key, template), before.content)
        };
        let write = write::edit_template(&template.id, fields);
        let doing = format!("edit template {} back", self.key);
        let lookup = || async {
            let found = creation::find(cx, &self.key).await?;
            let is_back = |found: &Template| {
                let says = found.content.as_ref();
                says.is_some_and(|says| says.changes_to(&content).next().is_none())
            };
            Ok(found.filter(is_back).map(|_| ()))
        };
        cx.write(&self.address(), &doing, &write, Repeat::AfterLookup, lookup)
            .await?;
        let edited = Template {
            status: Some(Status::Pending),
            content: Some(content),
            rejected_reason: None,
            ..template.clone()
        };
        creation::remember(cx, edited);
        Ok(())
    }
}

const EDITS_BACK: &str = "it says what a run of this plan made of it; an edit is reviewed again";

/// What a template said before it was edited.
struct Before<'a> {
    shown: &'a Map<String, Value>,
    content: Content,
}

fn before<'a>(deed: &Deed<'a>) -> Option<Before<'a>> {
    let shown = deed.before?;
    let components = shown.get("components")?.as_array()?;
    let category = shown.get("category").and_then(Value::as_str);
    Some(Before {
        shown,
        content: Content::read(category.unwrap_or_default(), components),
    })
}

impl Before<'_> {
    fn writable(&self, key: &TemplateKey) -> Writable {
        let category = self.shown.get("category").and_then(Value::as_str);
        // Its flows are the target's already.
        let flows = self.content.flows().filter_map(|id| id.parse().ok());
        let flows = FlowIds {
            of_source: flows.map(|id: FlowId| (id.clone(), id)).collect(),
            ..FlowIds::default()
        };
        Writable::of(key, category.unwrap_or_default(), self.shown, &flows)
    }

    /// What keeps it from being written again.
    fn hindrance(&self, key: &TemplateKey) -> Option<&'static str> {
        let writable = self.writable(key);
        if !writable.samples.is_empty() {
            return Some("it showed media, which would have to be uploaded again: edit it by hand");
        }
        let is_unknown = !writable.unknown_flows.is_empty();
        is_unknown.then_some("it opened a flow that cannot be named any more: edit it by hand")
    }

    /// The category to go back to, where it is another now.
    fn category(&self, template: &Template) -> Option<&str> {
        let category = self.shown.get("category")?.as_str()?;
        let is_same = template.category.as_deref()?.eq_ignore_ascii_case(category);
        (!is_same).then_some(category)
    }

    fn fields(&self, key: &TemplateKey, template: &Template) -> Map<String, Value> {
        let mut fields = self.writable(key).fields;
        fields.retain(|name, _| matches!(&**name, "components" | "message_send_ttl_seconds"));
        if let Some(category) = self.category(template) {
            fields.insert("category".into(), category.into());
        }
        fields
    }
}

/// What was sent.
fn content_of(set: &Map<String, Value>, template: &Template) -> Content {
    let category = set.get("category").and_then(Value::as_str);
    let category = category.or(template.category.as_deref());
    let components = set.get("components").and_then(Value::as_array);
    Content::read(
        category.unwrap_or_default(),
        components.map_or(&[], Vec::as_slice),
    )
}

/// What a decision rests on: this very template, with these words.
fn as_seen(template: &Template) -> String {
    let content = template.content.as_ref().map(short_digest);
    let content = content.map(|digest| format!(", content {digest}"));
    format!("id {}{}", template.id, content.unwrap_or_default())
}

impl StepKind for TemplateUndo {
    fn address(&self) -> Address {
        Address::template(&self.key, TemplateStep::Undo)
    }

    fn describe(&self) -> String {
        format!("Take back what a file made of template {}", self.key)
    }

    fn needs(&self) -> Vec<Address> {
        Vec::new()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let Some(deed) = seen.history.deeds.of(&self.done_by()) else {
            return Decision::done("no run of this plan created or edited it");
        };
        if let Observed::Unknown(why) = &seen.target.templates {
            let message = format!("the target's templates cannot be read: {why}");
            let or = "leave them out with --skip";
            return Decision::blocked(unreadable_templates(self.address(), message, or));
        }
        match seen.target.template(&self.key) {
            Some(template) => self.judge(&deed, template, seen),
            None => Decision::done("it is not on the target"),
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        cx.listing.contents(cx).await?;
        let change = match fresh(self, cx)? {
            Ok(change) => change,
            Err(outcome) => return Ok(outcome),
        };
        let template = cx.seen().target.template(&self.key).cloned();
        let Some(template) = template else {
            return Ok(Outcome::Already("it is not on the target".into()));
        };
        match change.action {
            Action::Delete => {
                self.send_delete(cx, &template).await?;
                Ok(Outcome::Done("deleted".into()))
            }
            _ => {
                self.send_edit(cx, &template).await?;
                Ok(Outcome::Done("edited back; Meta reviews it again".into()))
            }
        }
    }
}
