//! Creating a template on the target: one after the other, within the hour's limit, never twice.
//!
//! In doubt: name and language are the key. The target is asked for it; only what is not there is
//! created again.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    Context, StepError,
    context::{Repeat, Written},
};
use crate::{
    api::meta::write,
    ids::{Address, TemplateKey},
    resource::template::Template,
    template::Content,
};

/// "Content in this language already exists."
const EXISTS: i64 = 2_388_024;

/// A template to create.
pub(super) struct Creation<'a> {
    /// The step that creates it.
    pub(super) step: Address,
    /// Its key.
    pub(super) key: &'a TemplateKey,
    /// The parameters, media uploaded.
    pub(super) fields: Map<String, Value>,
    /// What it says, for whoever compares it next.
    pub(super) content: Content,
}

impl Creation<'_> {
    /// Creates it, unless it turns out to be there, and puts it into what this run has seen.
    pub(super) async fn run(self, cx: &Context<'_>) -> Result<Template, StepError> {
        let _turn = cx.listing.creations.lock().await;
        wait_for_room(cx).await?;
        let write = write::create_template(&cx.plan.target.waba, self.fields.clone());
        let doing = format!("create template {}", self.key);
        let lookup = || find(cx, self.key);
        let written = cx
            .write(&self.step, &doing, &write, Repeat::AfterLookup, lookup)
            .await;
        let template = match written {
            Ok(Written::Answered(answer)) => self.created(&answer)?,
            Ok(Written::Found(template)) => template,
            Err(StepError::Call { doing, source }) => {
                let exists = source
                    .graph()
                    .is_some_and(|graph| graph.subcode == Some(EXISTS));
                let there = if exists {
                    look(cx, self.key).await?
                } else {
                    None
                };
                there.ok_or(StepError::Call { doing, source })?
            }
            Err(error) => return Err(error),
        };
        remember(cx, template.clone());
        Ok(template)
    }

    /// The template as the answer tells of it. Meta may have picked another category.
    fn created(self, answer: &Value) -> Result<Template, StepError> {
        let mut shown = self.fields;
        for name in ["id", "status", "category"] {
            if let Some(value) = answer.get(name) {
                shown.insert(name.into(), value.clone());
            }
        }
        shown.remove("components");
        let template = serde_json::from_value(Value::Object(shown));
        let mut template: Template = template.map_err(|error| {
            StepError::Unexpected(format!("the answer names no template: {error}"))
        })?;
        template.content = Some(self.content);
        Ok(template)
    }
}

/// Looks for a template on the target: the API's filter finds parts of names.
pub(super) async fn find(
    cx: &Context<'_>,
    key: &TemplateKey,
) -> Result<Option<Template>, crate::api::meta::CallError> {
    let read = Template::find(&cx.plan.target.waba, &key.name);
    let mut listed = cx.target.list(&read).await?.into_iter();
    Ok(listed.find(|template| template.key() == *key && template.is_there()))
}

/// The same, outside of a write.
pub(super) async fn look(
    cx: &Context<'_>,
    key: &TemplateKey,
) -> Result<Option<Template>, StepError> {
    find(cx, key).await.map_err(|source| StepError::Call {
        doing: format!("read template {key} on the target"),
        source,
    })
}

/// Puts a template of the target into what this run has seen.
pub(super) fn remember(cx: &Context<'_>, template: Template) {
    if let crate::resource::Observed::Present(known) = &mut cx.seen().target.templates {
        known.insert(template.key(), template);
    }
}

/// Waits until the hour's limit allows one more, when there is patience for that.
async fn wait_for_room(cx: &Context<'_>) -> Result<(), StepError> {
    let until = |now: Timestamp| cx.seen().history.templates.create_from(now);
    let now = cx.clock.now();
    let Some(until) = until(now) else {
        return Ok(());
    };
    let pause = now.duration_until(until).unsigned_abs();
    if cx.options.wait.is_some_and(|wait| wait < pause) {
        return Err(StepError::Resting(until));
    }
    let slept = cx.stop.or_leave(cx.clock.sleep(pause)).await;
    slept.ok_or(StepError::Stopped)
}
