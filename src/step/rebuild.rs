//! Makes what creates a template on the target out of what the source shows of it: media fetched and
//! uploaded afresh, flows by their ids on the target, the category that Meta finds right.

use serde_json::{Map, Value};

use super::{
    Context, StepError,
    media::{self, Unusable},
};
use crate::{
    api::meta::GraphError,
    ids::Address,
    inventory::{Item, wanted_category},
    resource::template::Template,
    template::{Content, Writable},
};

/// The parameters that write a template, and what it says then.
pub(super) struct Rebuilt {
    pub(super) fields: Map<String, Value>,
    pub(super) content: Content,
}

/// Why one template cannot be written.
pub(super) enum Trouble {
    /// Meta refused this template; others can be written.
    Refused(String),
    /// This template cannot be written now, and Meta did not say no.
    NotNow(String),
    /// Stops the step.
    Failed(StepError),
}

impl From<StepError> for Trouble {
    /// A refusal of this one template stops only this one.
    fn from(error: StepError) -> Self {
        match &error {
            StepError::Call { source, .. } if source.graph().is_some_and(GraphError::judges) => {
                Self::Refused(source.to_string())
            }
            _ => Self::Failed(error),
        }
    }
}

/// Refuses what was edited on the source since it was reviewed and read.
fn unedited(cx: &Context<'_>, item: &Item, shown: &Map<String, Value>) -> Result<(), Trouble> {
    let seen = cx.seen();
    let source = seen.source.template(&item.key());
    let Some(known) = source.filter(|_| cx.review.is_some()) else {
        return Ok(());
    };
    let components = shown.get("components").and_then(Value::as_array);
    let category = shown.get("category").and_then(Value::as_str);
    let now = Content::read(
        category.unwrap_or_default(),
        components.map_or(&[][..], Vec::as_slice),
    );
    match &known.content {
        Some(known) if known.changes_to(&now).next().is_some() => Err(Trouble::NotNow(
            "it was edited on the source since everything was read: run apply again".into(),
        )),
        _ => Ok(()),
    }
}

/// Reads a template of the source and makes it fit for the target.
pub(super) async fn rebuild(
    cx: &Context<'_>,
    step: &Address,
    item: &Item,
) -> Result<Rebuilt, Trouble> {
    let key = item.key();
    let shown = cx.source.get(&Template::whole(&item.source_id)).await;
    let shown = shown.map_err(|source| {
        let doing = format!("read template {key} on the source");
        Trouble::Failed(StepError::Call { doing, source })
    })?;
    let (category, flows) = {
        let seen = cx.seen();
        let source = seen.source.template(&key);
        let category = source.and_then(|source| wanted_category(source, true));
        (category.unwrap_or_default().to_owned(), seen.flow_ids())
    };
    unedited(cx, item, &shown)?;
    let mut writable = Writable::of(&key, &category, &shown, &flows);
    if let Some(flow) = writable.unknown_flows.first() {
        return Err(Trouble::NotNow(format!(
            "its button opens flow {flow}, which is not on the target: copy it (flows.copy)"
        )));
    }
    for sample in writable.samples.clone() {
        match media::of_link(cx, step, &sample).await {
            Ok(handle) => writable.put_handle(&sample.pointer, handle.as_str()),
            Err(Unusable::Because(why)) => return Err(Trouble::NotNow(why)),
            Err(Unusable::Failed(error)) => return Err(error.into()),
        }
    }
    let components = writable.fields.get("components").and_then(Value::as_array);
    let content = Content::read(&category, components.map_or(&[][..], Vec::as_slice));
    Ok(Rebuilt {
        fields: writable.fields,
        content,
    })
}
