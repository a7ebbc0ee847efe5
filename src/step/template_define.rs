//! Creates or edits a template so that it says what a file of the plan says.
//!
//! What the API lets one edit: components as a whole, time to live, and the category as long as it
//! is not APPROVED; an approved template once a day and ten times in 30 days. An edited template is
//! reviewed again. Name and language are its key and never change.
//!
//! In doubt: the target's template, read and compared with the file, proves it. What is not there as
//! the file says is sent again; the same name and language are never created twice.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>

use serde_json::{Map, Value};

use super::{
    ABSENT, Action, Call, Change, Context, Decision, Outcome, StepError, StepKind,
    context::{Repeat, Written},
    creation::{self, Creation},
    media, those,
    words::unreadable_templates,
};
use crate::{
    api::meta::{CallError, write},
    field::FieldChange,
    finding::{Finding, Who},
    ids::{AccountStep, Address, TemplateStep, WabaId},
    plan::{Definition, Plan},
    resource::{
        Observed,
        template::{Status, Template},
    },
    snapshot::Snapshot,
    template::Content,
};

/// Defines one template.
#[derive(Clone, Debug)]
pub struct TemplateDefine {
    target: WabaId,
    definition: Definition,
    /// Whether a number waits for it: then what stands in its way stops everything.
    is_required: bool,
    needs: Vec<Address>,
}

/// What has to happen to a template that is there.
enum Edit {
    None,
    Now(Vec<FieldChange>),
    /// Not now: why, and what to do.
    Later(Vec<FieldChange>, String),
    Never(Finding),
}

/// Returns whether a template of the target would be edited. Another category is not waited for:
/// who reviewed it has decided that.
pub(super) fn differs_but_for_category(
    definition: &Definition,
    template: &Template,
    seen: &Snapshot,
) -> bool {
    let changes = changes(definition, template, seen);
    changes.is_none_or(|changes| changes.iter().any(|change| change.path != "category"))
}

/// Returns whether a template of the target says something else than its definition.
fn differs(definition: &Definition, template: &Template, seen: &Snapshot) -> bool {
    changes(definition, template, seen).is_none_or(|changes| !changes.is_empty())
}

/// Says what has to change; `None`: the target does not show what the template says.
pub fn changes(
    definition: &Definition,
    template: &Template,
    seen: &Snapshot,
) -> Option<Vec<FieldChange>> {
    let wanted = wanted(definition, seen);
    let is = template.content.as_ref()?;
    let is = match is.has_flow() {
        true => is.of_target(&seen.flow_ids()),
        false => is.clone(),
    };
    let mut changes = Vec::new();
    let category = template.category.as_deref();
    if category.is_some_and(|category| category != definition.category) {
        changes.push(FieldChange::new(
            "category",
            category,
            &*definition.category,
        ));
    }
    if let Some(ttl) = definition
        .send_ttl()
        .filter(|ttl| template.send_ttl != Some(*ttl))
    {
        changes.push(FieldChange::new(
            "message_send_ttl_seconds",
            template.send_ttl,
            ttl,
        ));
    }
    let content = is.changes_to(&wanted);
    changes.extend(content.map(|(path, before, after)| FieldChange::new(path, before, after)));
    Some(changes)
}

fn wanted(definition: &Definition, seen: &Snapshot) -> Content {
    let content = definition.content();
    match content.has_flow() {
        true => content.with_flows(&seen.flow_ids()),
        false => content,
    }
}

/// Returns whether numbers wait for the approval of a definition.
pub(super) fn is_required(plan: &Plan, definition: &Definition) -> bool {
    let required = plan.templates.required.as_deref();
    let name = &definition.key.name;
    required.is_none_or(|globs| globs.iter().any(|glob| glob.matches(name)))
}

/// "Its status does not allow that": of a status that does, it is one edit too many.
fn is_too_soon(error: &CallError) -> bool {
    let graph = error.graph();
    graph.is_some_and(|graph| graph.subcode == Some(2_388_039))
}

impl TemplateDefine {
    pub(super) fn of(plan: &Plan, definition: &Definition) -> Self {
        Self {
            target: plan.target.waba.clone(),
            definition: definition.clone(),
            is_required: is_required(plan, definition),
            needs: those(plan, [AccountStep::FlowsCopy]),
        }
    }

    fn edit(&self, template: &Template, seen: &Snapshot) -> Edit {
        let Some(changes) = changes(&self.definition, template, seen) else {
            return Edit::Never(self.unreadable("the target does not show what it says"));
        };
        if changes.is_empty() {
            return Edit::None;
        }
        let changes_category = changes.iter().any(|change| change.path == "category");
        match &template.status {
            Some(Status::Approved) if changes_category => {
                Edit::Never(self.category_stays(template))
            }
            Some(Status::Approved) => {
                let history = &seen.history.templates;
                match history.edit_from(&self.definition.key, seen.at) {
                    Some(from) => {
                        let from = from.strftime("%Y-%m-%d %H:%M UTC");
                        let why = format!(
                            "an approved template takes one edit a day and ten a month: the next from {from} on"
                        );
                        Edit::Later(changes, why)
                    }
                    None => Edit::Now(changes),
                }
            }
            Some(Status::Rejected | Status::Paused) => Edit::Now(changes),
            Some(Status::Pending | Status::InAppeal) => {
                let why = "it is being reviewed, and cannot be edited before that is over";
                Edit::Later(changes, why.into())
            }
            _ => Edit::Never(self.cannot_be_edited(template)),
        }
    }

    fn unreadable(&self, why: &str) -> Finding {
        let message = format!(
            "template {} on the target cannot be read: {why}",
            self.definition.key
        );
        let or = "take the file out of templates.files";
        unreadable_templates(self.address(), message, or)
    }

    fn finding(&self, rule: &'static str, message: String) -> Finding {
        match self.is_required {
            true => Finding::fail(rule, self.address(), message),
            false => Finding::warn(rule, self.address(), message),
        }
    }

    fn category_stays(&self, template: &Template) -> Finding {
        let key = &self.definition.key;
        let is = template.category.as_deref().unwrap_or("unknown");
        let wanted = &self.definition.category;
        let message = format!(
            "template {key} is {is} on the target, its file says {wanted}: the category of an APPROVED template cannot be changed"
        );
        let hint = format!(
            "write category: {is} in {}, or give the template another name",
            self.definition.file
        );
        self.finding("template-category-fixed", message)
            .observed(format!("category: {is}"))
            .ask(Who::Us, hint)
            .proof("GET /{WABA}/message_templates: the category is that of the file")
            .at(self.definition.span.clone())
    }

    fn cannot_be_edited(&self, template: &Template) -> Finding {
        let (key, status) = (&self.definition.key, template.status_word());
        let message = format!(
            "template {key} is {status} on the target: only APPROVED, REJECTED and PAUSED ones can be edited"
        );
        let hint = format!(
            "give the template in {} another name, or take the file out of templates.files",
            self.definition.file
        );
        self.finding("template-not-editable", message)
            .observed(status)
            .ask(Who::Us, hint)
            .proof("GET /{WABA}/message_templates: its status can be edited")
            .at(self.definition.span.clone())
    }

    /// The calls that upload its media: two each.
    fn uploads(&self, change: Change) -> Change {
        self.definition.media.iter().fold(change, |change, _| {
            change
                .call(Call::post("/{app_id}/uploads"))
                .call(Call::post("/{upload_id}"))
        })
    }

    /// The components as they are sent: flows by their id on the target, media by their handle.
    async fn components(&self, cx: &Context<'_>) -> Result<Vec<Value>, StepError> {
        let mut components = Value::from(self.definition.components.clone());
        let flows = cx.seen().flow_ids();
        crate::template::map_flows(&mut components, &flows);
        for file in &self.definition.media {
            let handle = media::of_file(cx, &self.address(), file).await?;
            if let Some(place) = components.pointer_mut(&file.pointer) {
                *place = handle.as_str().into();
            }
        }
        match components {
            Value::Array(components) => Ok(components),
            _ => Ok(Vec::new()),
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let Definition {
            key,
            file,
            category,
            fields,
            ..
        } = &self.definition;
        let mut fields = fields.clone();
        fields.insert("name".into(), key.name.as_str().into());
        fields.insert("language".into(), key.language.as_str().into());
        fields.insert("category".into(), category.as_str().into());
        fields.insert("components".into(), self.components(cx).await?.into());
        let content = wanted(&self.definition, &cx.seen());
        let creation = Creation {
            step: self.address(),
            key,
            fields,
            content,
        };
        let template = creation.run(cx).await?;
        let status = template.status_word();
        if let Some(other) = template
            .category
            .as_deref()
            .filter(|other| other != category)
        {
            return Ok(Outcome::Done(format!(
                "created from {file}: {status}; Meta put it into {other}, not {category}"
            )));
        }
        Ok(Outcome::Done(format!("created from {file}: {status}")))
    }

    async fn change(
        &self,
        cx: &Context<'_>,
        template: &Template,
        changes: &[FieldChange],
    ) -> Result<Outcome, StepError> {
        let definition = &self.definition;
        let shown = cx.target.get(&Template::whole(&template.id)).await;
        let shown = shown.map_err(|source| StepError::Call {
            doing: format!("read template {} on the target", definition.key),
            source,
        })?;
        cx.keep_before(&self.address(), &shown)?;
        let mut fields = Map::new();
        for change in changes
            .iter()
            .filter(|change| matches!(&*change.path, "category" | "message_send_ttl_seconds"))
        {
            fields.insert(change.path.clone(), change.after.clone());
        }
        fields.insert("components".into(), self.components(cx).await?.into());
        let write = write::edit_template(&template.id, fields);
        let doing = format!("edit template {}", definition.key);
        let lookup = || async {
            let found = creation::find(cx, &definition.key).await?;
            Ok(found.filter(|found| !differs(definition, found, &cx.seen())))
        };
        let written = cx
            .write(&self.address(), &doing, &write, Repeat::AfterLookup, lookup)
            .await;
        let is_approved = template.status == Some(Status::Approved);
        let written = match written {
            Err(StepError::Call { source, .. }) if is_approved && is_too_soon(&source) => {
                return Ok(Outcome::Parked {
                    reason: format!("Meta takes no edit of an approved template now: {source}"),
                    next: "run apply again tomorrow: it takes one edit a day, ten a month".into(),
                });
            }
            written => written?,
        };
        let edited = match written {
            Written::Found(found) => found,
            Written::Answered(_) => {
                // It is reviewed again; what it says is known.
                let content = Some(wanted(definition, &cx.seen()));
                let (status, category) = (Some(Status::Pending), Some(definition.category.clone()));
                let send_ttl = definition.send_ttl().or(template.send_ttl);
                let rejected_reason = None;
                Template {
                    status,
                    category,
                    content,
                    send_ttl,
                    rejected_reason,
                    ..template.clone()
                }
            }
        };
        creation::remember(cx, edited);
        Ok(Outcome::Done(format!(
            "edited as {} says; Meta reviews it again",
            definition.file
        )))
    }
}

impl StepKind for TemplateDefine {
    fn address(&self) -> Address {
        Address::template(&self.definition.key, TemplateStep::Define)
    }

    fn describe(&self) -> String {
        format!(
            "Make template {} say what {} says",
            self.definition.key, self.definition.file
        )
    }

    fn needs(&self) -> Vec<Address> {
        self.needs.clone()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if let Observed::Unknown(why) = &seen.target.templates {
            return Decision::blocked(self.unreadable(&why.to_string()));
        }
        let definition = &self.definition;
        let Some(template) = seen.target.template(&definition.key) else {
            let reason = format!("{} and not on the target", definition.category);
            let mut change = Change::new(Action::Create, reason).seen("target", ABSENT);
            for (path, value) in wanted(definition, seen).lines() {
                change = change.field(path, Value::Null, value);
            }
            let create = Call::post(format!("/{}/message_templates", self.target));
            return Decision::Change(self.uploads(change).call(create));
        };
        let with = |change: Change, changes: Vec<FieldChange>| {
            let seen = |change: Change, field: &FieldChange| {
                change.seen(&field.path, field.before.clone())
            };
            Change {
                fields: changes.clone(),
                ..changes.iter().fold(change, seen)
            }
        };
        match self.edit(template, seen) {
            Edit::None => Decision::done(format!("it says what {} says", definition.file)),
            Edit::Never(finding) => Decision::blocked(finding),
            Edit::Later(changes, why) => {
                Decision::Change(with(Change::new(Action::Wait, why), changes))
            }
            Edit::Now(changes) => {
                let reason = "it says something else on the target; an edit is reviewed again";
                let change = with(Change::new(Action::Update, reason), changes);
                let edit = Call::post(format!("/{}", template.id));
                Decision::Change(self.uploads(change).call(edit))
            }
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        cx.listing.contents(cx).await?;
        cx.as_reviewed(self)?;
        let template = cx.seen().target.template(&self.definition.key).cloned();
        let Some(template) = template else {
            return self.create(cx).await;
        };
        let edit = self.edit(&template, &cx.seen());
        match edit {
            Edit::None => Ok(Outcome::Already(format!(
                "it says what {} says",
                self.definition.file
            ))),
            Edit::Never(finding) => Err(StepError::Blocked(vec![finding])),
            Edit::Later(_, reason) => Ok(Outcome::Parked {
                reason,
                next: "run apply again then".into(),
            }),
            Edit::Now(changes) => self.change(cx, &template, &changes).await,
        }
    }
}
