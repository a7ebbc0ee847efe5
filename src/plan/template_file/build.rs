//! A template file without errors becomes a [`Definition`].
//!
//! Reports nothing: what is absent here was reported before.

use serde::Serialize;
use serde_json::{Map, Value};

use super::document::{Component, Template};
use crate::{
    finding::Span,
    ids::TemplateKey,
    plan::{Definition, Media},
};

/// Returns the definition, or `None` if a required part is absent.
pub(super) fn definition(
    template: &Template,
    file: &str,
    media: Vec<Media>,
    span: Span,
) -> Option<Definition> {
    Some(Definition {
        key: key(template)?,
        file: file.to_owned(),
        category: template.category.as_ref()?.value.as_str().to_owned(),
        fields: fields(template)?,
        components: components(template.components.as_deref()?)?,
        media,
        span,
    })
}

/// Returns name and language, if both could be read.
pub(super) fn key(template: &Template) -> Option<TemplateKey> {
    let (name, language) = (template.name.as_ref()?, template.language.as_ref()?);
    Some(TemplateKey::new(&*name.value.0, &language.value.0))
}

fn fields(template: &Template) -> Option<Map<String, Value>> {
    let mut fields = Map::new();
    add(
        &mut fields,
        "parameter_format",
        template.parameter_format.as_ref(),
    )?;
    add(
        &mut fields,
        "message_send_ttl_seconds",
        template.message_send_ttl_seconds.as_ref(),
    )?;
    add(
        &mut fields,
        "allow_category_change",
        template.allow_category_change.as_ref(),
    )?;
    add(&mut fields, "sub_category", template.sub_category.as_ref())?;
    add(
        &mut fields,
        "display_format",
        template.display_format.as_ref(),
    )?;
    add(
        &mut fields,
        "cta_url_link_tracking_opted_out",
        template.cta_url_link_tracking_opted_out.as_ref(),
    )?;
    Some(fields)
}

fn add<T: Serialize>(fields: &mut Map<String, Value>, key: &str, value: Option<&T>) -> Option<()> {
    if let Some(value) = value {
        fields.insert(key.to_owned(), serde_json::to_value(value).ok()?);
    }
    Some(())
}

/// The words of the document are those that are sent: upper case where the API answers so.
fn components(components: &[Component]) -> Option<Vec<Value>> {
    let sent = components.iter().map(serde_json::to_value);
    sent.collect::<Result<_, _>>().ok()
}
