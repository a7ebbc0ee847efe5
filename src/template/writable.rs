//! From what an account shows to what an account takes: a template is created anew from the content
//! it was read with.
//!
//! What only the API writes is left out, Meta's own texts of authentication templates too. Media come
//! as links that cannot be sent back: each is a [`Sample`] to be fetched and uploaded afresh. Flows
//! have other ids on another account.

use serde_json::{Map, Value, json};

use super::{
    content::{FlowIds, otp_type_of},
    text::unescaped,
};
use crate::ids::{FlowId, TemplateKey};

/// What is carried over besides name, language, category and components.
const FIELDS: [&str; 3] = [
    "parameter_format",
    "message_send_ttl_seconds",
    "cta_url_link_tracking_opted_out",
];

/// The parameters that create a template, and the media still to be put in.
#[derive(Clone, Debug, PartialEq)]
pub struct Writable {
    /// The parameters; a sample of media stands as the link it was read as.
    pub fields: Map<String, Value>,
    /// The media to fetch and to upload.
    pub samples: Vec<Sample>,
    /// Flows that have no counterpart on the target: their buttons cannot be created.
    pub unknown_flows: Vec<FlowId>,
}

/// One medium in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Where its handle belongs: a JSON pointer into the fields.
    pub pointer: String,
    /// Where it can be fetched for a while.
    pub link: String,
    /// The header's format: IMAGE, VIDEO, DOCUMENT.
    pub format: String,
}

impl Writable {
    /// Makes the parameters from a template as an account shows it.
    pub fn of(
        key: &TemplateKey,
        category: &str,
        shown: &Map<String, Value>,
        flows: &FlowIds,
    ) -> Self {
        let mut writable = Self {
            fields: Map::new(),
            samples: Vec::new(),
            unknown_flows: Vec::new(),
        };
        let components = shown.get("components").and_then(Value::as_array);
        let components = components.map_or(&[][..], Vec::as_slice);
        let is_authentication = category == "AUTHENTICATION";
        let components: Vec<_> = components
            .iter()
            .filter_map(Value::as_object)
            .enumerate()
            .map(|(at, component)| {
                let pointer = format!("/components/{at}");
                let written = writable.component(&pointer, component, is_authentication, flows);
                plain(written)
            })
            .collect();
        let fields = &mut writable.fields;
        fields.insert("name".into(), key.name.as_str().into());
        fields.insert("language".into(), key.language.as_str().into());
        fields.insert("category".into(), category.into());
        for name in FIELDS {
            if let Some(value) = shown.get(name).filter(|value| !value.is_null()) {
                fields.insert(name.into(), value.clone());
            }
        }
        fields.insert("components".into(), components.into());
        writable
    }

    /// Puts the handle of an upload where it belongs.
    pub fn put_handle(&mut self, pointer: &str, handle: &str) {
        let component = pointer
            .split_once("/example/")
            .map(|(component, _)| component);
        let within = component.and_then(|component| component.strip_prefix("/components"));
        let components = self.fields.get_mut("components");
        let place = within.and_then(|within| components?.pointer_mut(within));
        if let Some(Value::Object(component)) = place {
            component.insert("example".into(), json!({"header_handle": [handle]}));
        }
    }

    fn component(
        &mut self,
        pointer: &str,
        shown: &Map<String, Value>,
        is_authentication: bool,
        flows: &FlowIds,
    ) -> Value {
        let mut component = shown.clone();
        let kind = upper(shown, "type");
        match kind.as_str() {
            "HEADER" => self.header(pointer, shown),
            "BODY" | "FOOTER" if is_authentication => {
                component.retain(|name, _| name != "text" && name != "example");
            }
            "BUTTONS" => {
                let buttons = objects(shown, "buttons")
                    .map(|button| self.button(button, is_authentication, flows));
                let buttons: Vec<_> = buttons.collect();
                component.insert("buttons".into(), buttons.into());
            }
            "CAROUSEL" => {
                let cards: Vec<_> = objects(shown, "cards")
                    .enumerate()
                    .map(|(at, card)| self.card(&format!("{pointer}/cards/{at}"), card, flows))
                    .collect();
                component.insert("cards".into(), cards.into());
            }
            _ => {}
        }
        component.into()
    }

    fn card(&mut self, pointer: &str, card: &Map<String, Value>, flows: &FlowIds) -> Value {
        let components: Vec<_> = objects(card, "components")
            .enumerate()
            .map(|(at, component)| {
                let pointer = format!("{pointer}/components/{at}");
                self.component(&pointer, component, false, flows)
            })
            .collect();
        json!({"components": components})
    }

    fn header(&mut self, pointer: &str, shown: &Map<String, Value>) {
        let format = upper(shown, "format");
        let samples = shown
            .get("example")
            .and_then(|example| example.get("header_handle"));
        let link = samples
            .and_then(|samples| samples.get(0))
            .and_then(Value::as_str);
        if let Some(link) = link {
            self.samples.push(Sample {
                pointer: format!("{pointer}/example/header_handle/0"),
                link: link.to_owned(),
                format,
            });
        }
    }

    fn button(
        &mut self,
        shown: &Map<String, Value>,
        is_authentication: bool,
        flows: &FlowIds,
    ) -> Value {
        let mut button = shown.clone();
        match upper(shown, "type").as_str() {
            "URL" | "OTP" if is_authentication => return otp(shown),
            // Its label is Meta's.
            "COPY_CODE" => button.retain(|name, _| name != "text"),
            "FLOW" => self.unknown_flows.extend(map_flow(&mut button, flows)),
            _ => {}
        }
        button.into()
    }
}

/// Texts may be shown with entities where they were written with characters.
fn plain(shown: Value) -> Value {
    match shown {
        Value::String(text) => unescaped(&text).into(),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, plain(value)))
            .collect(),
        other => other,
    }
}

/// Gives a button the id its flow has on the target. Returns the id of a flow that has none there.
fn map_flow(button: &mut Map<String, Value>, flows: &FlowIds) -> Option<FlowId> {
    let id = match button.get("flow_id")? {
        Value::String(text) => text.parse().ok(),
        other => other.to_string().parse().ok(),
    };
    let id: FlowId = id?;
    match flows.of_source.get(&id) {
        Some(target) => {
            button.insert("flow_id".into(), target.as_str().into());
            None
        }
        None => Some(id),
    }
}

/// Gives every flow button of a file the id its flow has on the target, where the file names the
/// source's.
pub fn map_flows(components: &mut Value, flows: &FlowIds) {
    match components {
        Value::Array(items) => items.iter_mut().for_each(|item| map_flows(item, flows)),
        Value::Object(fields) => {
            map_flow(fields, flows);
            fields
                .values_mut()
                .for_each(|value| map_flows(value, flows));
        }
        _ => {}
    }
}

/// A one-time-code button in the words that create it.
fn otp(shown: &Map<String, Value>) -> Value {
    let mut button = shown.clone();
    let link = shown.get("url").and_then(Value::as_str).unwrap_or_default();
    let kind = otp_type_of(link).unwrap_or("COPY_CODE").to_uppercase();
    button.retain(|name, _| name != "url" && name != "example");
    button.insert("type".into(), "OTP".into());
    button.entry("otp_type").or_insert_with(|| kind.into());
    button.into()
}

fn objects<'a>(
    of: &'a Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a Map<String, Value>> {
    let items = of.get(name).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_object)
}

fn upper(of: &Map<String, Value>, name: &str) -> String {
    let word = of.get(name).and_then(Value::as_str);
    word.unwrap_or_default().to_uppercase()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn writable(category: &str, shown: Value) -> Writable {
        let key = TemplateKey::new("offer", "de");
        let flows = FlowIds {
            of_source: BTreeMap::from([("1".parse().unwrap(), "9".parse().unwrap())]),
            of_name: BTreeMap::new(),
        };
        Writable::of(&key, category, shown.as_object().unwrap(), &flows)
    }

    #[test]
    fn what_only_the_api_writes_is_left_out() {
        let shown = json!({"id": "5", "name": "offer", "language": "de", "status": "APPROVED",
            "quality_score": {"score": "RED"}, "previous_category": "UTILITY", "parameter_format": "NAMED",
            "components": [{"type": "BODY", "text": "Hi &amp; bye, {{a}}"}]});
        assert_eq!(
            Value::Object(writable("MARKETING", shown).fields),
            json!({"name": "offer", "language": "de", "category": "MARKETING", "parameter_format": "NAMED",
                "components": [{"type": "BODY", "text": "Hi & bye, {{a}}"}]})
        );
    }

    #[test]
    fn media_are_fetched_and_put_back_in_where_they_stood() {
        let header = |link: &str| json!({"type": "HEADER", "format": "IMAGE", "example": {"header_handle": [link]}});
        let shown = json!({"components": [{"type": "BODY", "text": "Hi"}, {"type": "CAROUSEL", "cards": [
            {"components": [header("https://cdn/1")]}, {"components": [header("https://cdn/2")]}]}]});
        let mut made = writable("MARKETING", shown);
        let links: Vec<_> = made
            .samples
            .iter()
            .map(|sample| sample.link.clone())
            .collect();
        assert_eq!(links, ["https://cdn/1", "https://cdn/2"]);
        for (at, sample) in made.samples.clone().into_iter().enumerate() {
            made.put_handle(&sample.pointer, &format!("4::{at}"));
            let put = Value::Object(made.fields.clone());
            assert_eq!(
                put.pointer(&sample.pointer),
                Some(&json!(format!("4::{at}")))
            );
        }
    }

    #[test]
    fn authentication_templates_are_written_without_metas_texts() {
        let shown = json!({"components": [
            {"type": "BODY", "text": "*{{1}}* is your code.", "add_security_recommendation": true, "example": {"body_text": [["1"]]}},
            {"type": "FOOTER", "text": "Expires in 5 minutes.", "code_expiration_minutes": 5},
            {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Copy code", "example": ["x"],
                "url": "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}"}]}]});
        assert_eq!(
            writable("AUTHENTICATION", shown).fields["components"],
            json!([{"type": "BODY", "add_security_recommendation": true}, {"type": "FOOTER", "code_expiration_minutes": 5},
                {"type": "BUTTONS", "buttons": [{"type": "OTP", "text": "Copy code", "otp_type": "COPY_CODE"}]}])
        );
    }

    #[test]
    fn flows_get_their_id_on_the_target() {
        let shown = |id: Value| json!({"components": [{"type": "BUTTONS", "buttons": [{"type": "FLOW", "text": "Open", "flow_id": id}]}]});
        let made = writable("UTILITY", shown(json!(1)));
        assert_eq!(made.fields["components"][0]["buttons"][0]["flow_id"], "9");
        let made = writable("UTILITY", shown(json!("2")));
        assert_eq!(made.unknown_flows, ["2".parse().unwrap()]);
    }
}
