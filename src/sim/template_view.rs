//! How a template's components look when they are read back, which need not be how they were written.
//!
//! What Graph reorders, escapes, renames or adds is not documented: each is a switch.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components>

use serde_json::{Map, Value, json};

use super::{switches::Switches, words::Category, world::Template};

/// Keys whose texts may come back escaped.
const TEXTS: [&str; 2] = ["text", "autofill_text"];

/// Returns `components` as a read shows them.
pub(super) fn components(switches: &Switches, template: &Template) -> Value {
    let mut components = template.components.clone();
    if let Some(list) = components.as_array_mut() {
        for component in list.iter_mut() {
            if template.category == Category::Authentication {
                show_authentication(switches, component);
            }
            if switches.adds_defaults {
                add_defaults(component);
            }
        }
        if switches.reorders_components {
            list.sort_by_key(|component| component["type"].as_str().map(str::to_owned));
        }
    }
    if switches.escapes_text {
        escape(&mut components);
    }
    components
}

fn show_authentication(switches: &Switches, component: &mut Value) {
    if switches.shows_authentication_texts && component.get("text").is_none() {
        let text = match component["type"].as_str() {
            Some("BODY") => Some(body(component)),
            Some("FOOTER") => component["code_expiration_minutes"]
                .as_u64()
                .map(|minutes| format!("This code expires in {minutes} minutes.")),
            _ => None,
        };
        if let (Some(text), Some(object)) = (text, component.as_object_mut()) {
            object.insert("text".into(), text.into());
        }
    }
    if switches.shows_otp_as_url {
        buttons(component).for_each(show_as_url);
    }
}

/// Meta's English text; those of other languages are not simulated.
fn body(component: &Value) -> String {
    let mut text = "*{{1}}* is your verification code.".to_owned();
    if component["add_security_recommendation"] == Value::Bool(true) {
        text.push_str(" For your security, do not share this code.");
    }
    text
}

fn buttons(component: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let buttons = component.get_mut("buttons").and_then(Value::as_array_mut);
    buttons
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
}

/// A button for one-time passwords seen as the link that it is inside.
fn show_as_url(button: &mut Map<String, Value>) {
    if !is(button, "OTP") {
        return;
    }
    let kind = button.get("otp_type").and_then(Value::as_str);
    let kind = kind.unwrap_or("COPY_CODE").to_owned();
    let text = button.get("text").and_then(Value::as_str);
    let text = text.unwrap_or("Copy code").to_owned();
    let url = format!("https://www.whatsapp.com/otp/code/?otp_type={kind}&code=otp");
    let shown = json!({
        "type": "URL",
        "text": text,
        "url": format!("{url}{{{{1}}}}"),
        "example": [format!("{url}123456")],
    });
    if let Value::Object(shown) = shown {
        *button = shown;
    }
}

fn is(button: &Map<String, Value>, kind: &str) -> bool {
    button.get("type").and_then(Value::as_str) == Some(kind)
}

fn add_defaults(component: &mut Value) {
    match component["type"].as_str() {
        Some("HEADER") => default(component, "format", json!("TEXT")),
        Some("LIMITED_TIME_OFFER") => {
            if let Some(offer) = component.get_mut("limited_time_offer") {
                default(offer, "has_expiration", json!(false));
            }
        }
        _ => {}
    }
    for button in buttons(component) {
        let (key, value) = match button.get("type").and_then(Value::as_str) {
            Some("COPY_CODE") => ("text", "Copy offer code"),
            Some("OTP") => ("text", "Copy code"),
            Some("FLOW") => ("flow_action", "navigate"),
            _ => continue,
        };
        button.entry(key).or_insert_with(|| value.into());
    }
    let cards = component.get_mut("cards").and_then(Value::as_array_mut);
    for card in cards.into_iter().flatten() {
        let inner = card.get_mut("components").and_then(Value::as_array_mut);
        inner.into_iter().flatten().for_each(add_defaults);
    }
}

fn default(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.entry(key).or_insert(value);
    }
}

fn escape(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(escape),
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if TEXTS.contains(&key.as_str()) => *text = escaped(text),
                    _ => escape(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#039;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{
        seed,
        tests::{TARGET, waba},
    };

    /// What a read shows of components when one switch is set.
    fn shown(switch: fn(&mut Switches), category: Category, written: &Value) -> Value {
        let mut switches = Switches {
            shows_authentication_texts: false,
            ..Switches::default()
        };
        switch(&mut switches);
        let mut template = seed::template(&waba(TARGET), "offer", "en_US");
        template.category = category;
        template.components = written.clone();
        components(&switches, &template)
    }

    fn password() -> Value {
        json!([
            {"type": "BODY", "add_security_recommendation": true},
            {"type": "FOOTER", "code_expiration_minutes": 5},
            {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
        ])
    }

    #[test]
    fn nothing_changes_by_itself() {
        assert_eq!(
            shown(|_| {}, Category::Authentication, &password()),
            password()
        );
    }

    #[test]
    fn meta_writes_the_texts_of_passwords() {
        let mut expected = password();
        expected[0]["text"] =
            json!("*{{1}}* is your verification code. For your security, do not share this code.");
        expected[1]["text"] = json!("This code expires in 5 minutes.");
        let shown = shown(
            |switches| switches.shows_authentication_texts = true,
            Category::Authentication,
            &password(),
        );
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_password_button_may_look_like_a_link() {
        let shown = shown(
            |switches| switches.shows_otp_as_url = true,
            Category::Authentication,
            &password(),
        );
        let url = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp";
        assert_eq!(
            shown[2]["buttons"],
            json!([{
                "type": "URL", "text": "Copy code", "url": format!("{url}{{{{1}}}}"), "example": [format!("{url}123456")],
            }])
        );
    }

    #[test]
    fn texts_may_be_escaped_and_links_are_not() {
        let written = json!([
            {"type": "BODY", "text": "Tom & Jerry's \"<best>\""},
            {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "A&B", "url": "https://ex.com/?a=1&b=2"}]},
        ]);
        assert_eq!(
            shown(
                |switches| switches.escapes_text = true,
                Category::Utility,
                &written
            ),
            json!([
                {"type": "BODY", "text": "Tom &amp; Jerry&#039;s &quot;&lt;best&gt;&quot;"},
                {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "A&amp;B", "url": "https://ex.com/?a=1&b=2"}]},
            ])
        );
    }

    #[test]
    fn components_may_come_back_in_another_order() {
        let written = json!([{"type": "HEADER"}, {"type": "BODY"}, {"type": "FOOTER"}]);
        let shown = shown(
            |switches| switches.reorders_components = true,
            Category::Utility,
            &written,
        );
        assert_eq!(
            shown,
            json!([{"type": "BODY"}, {"type": "FOOTER"}, {"type": "HEADER"}])
        );
    }

    #[test]
    fn defaults_may_be_added_also_in_cards() {
        let buttons =
            json!([{"type": "COPY_CODE", "example": "A"}, {"type": "FLOW", "text": "Go"}]);
        let written = json!([
            {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Soon"}},
            {"type": "CAROUSEL", "cards": [{"components": [{"type": "BUTTONS", "buttons": buttons}]}]},
        ]);
        let shown = shown(
            |switches| switches.adds_defaults = true,
            Category::Marketing,
            &written,
        );
        assert_eq!(shown[0]["limited_time_offer"]["has_expiration"], false);
        assert_eq!(
            shown[1]["cards"][0]["components"][0]["buttons"],
            json!([
                {"type": "COPY_CODE", "example": "A", "text": "Copy offer code"},
                {"type": "FLOW", "text": "Go", "flow_action": "navigate"},
            ])
        );
    }
}
