//! A template's content in a form that two accounts, or a file and an account, can be compared by.
//!
//! Answers do not repeat what was sent: components come in another order, types in upper case, texts
//! with entities, media as links, one-time-code buttons as URLs, defaults filled in. A [`Content`]
//! keeps what a recipient sees and touches, spelled in one way. Samples are not part of it: they are
//! for the reviewer, and an account does not give them back as they were.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::text::{canonical, canonical_url, digits};
use crate::ids::FlowId;

/// The kind of template whose texts Meta writes.
const AUTHENTICATION: &str = "AUTHENTICATION";

/// What an authentication template's button links to when it is read back: `code` and `otp_type`
/// stand in the query. Observed, not documented.
const OTP_LINK: &str = "https://www.whatsapp.com/otp/";

/// What a template says: one value per thing, by path, like `body.text` or `buttons[0].url`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    lines: BTreeMap<String, Line>,
}

/// One thing that a template says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// Its value.
    value: String,
    /// Whether it only counts where both sides have it: one that is left out gets a default.
    is_optional: bool,
}

/// Where flows of another account, and flows by name, are found on the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowIds {
    /// From the source's ids.
    pub of_source: BTreeMap<FlowId, FlowId>,
    /// From names.
    pub of_name: BTreeMap<String, FlowId>,
}

impl Content {
    /// Reads components as an account or a file has them. What makes no sense is left out: whoever
    /// may send it has checked it before.
    pub fn read(category: &str, components: &[Value]) -> Self {
        let mut content = Self::default();
        let is_authentication = category.eq_ignore_ascii_case(AUTHENTICATION);
        content.take_all("", is_authentication, components);
        content
    }

    /// Returns the value of a path.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.lines.get(path).map(|line| line.value.as_str())
    }

    /// Returns everything it says: path and value.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.lines.iter();
        lines.map(|(path, line)| (path.as_str(), line.value.as_str()))
    }

    /// Returns the ids of flows that its buttons open.
    pub fn flows(&self) -> impl Iterator<Item = &str> {
        let lines = self
            .lines
            .iter()
            .filter(|(path, _)| path.ends_with(".flow_id"));
        lines.map(|(_, line)| line.value.as_str())
    }

    /// Returns whether a button opens a flow.
    pub fn has_flow(&self) -> bool {
        self.lines.keys().any(|path| is_flow(path))
    }

    /// Returns the content with every flow named by its id on the target. What cannot be found
    /// there is left out: nobody can tell whether it differs.
    pub fn with_flows(&self, known: &FlowIds) -> Self {
        let mut content = self.clone();
        content.lines.retain(|path, line| {
            if path.ends_with(".flow_id") {
                let target = line.value.parse().ok();
                let target = target.and_then(|id: FlowId| known.of_source.get(&id));
                target
                    .map(|id| id.as_str().clone_into(&mut line.value))
                    .is_some()
            } else {
                !path.ends_with(".flow_name")
            }
        });
        content.name_flows(self, known);
        content
    }

    /// Returns what the target says with every flow named by its id.
    pub fn of_target(&self, known: &FlowIds) -> Self {
        let mut content = self.clone();
        content
            .lines
            .retain(|path, _| !path.ends_with(".flow_name"));
        content.name_flows(self, known);
        content
    }

    /// Puts the ids of flows that another content names by name.
    fn name_flows(&mut self, other: &Self, known: &FlowIds) {
        for (path, line) in &other.lines {
            let button = path.strip_suffix(".flow_name");
            if let (Some(button), Some(id)) = (button, known.of_name.get(&line.value)) {
                self.put_optional(format!("{button}.flow_id"), Some(id.to_string()));
            }
        }
    }

    /// Returns what has to change to get from this content to another: path, before, after.
    pub fn changes_to<'a>(
        &'a self,
        wanted: &'a Self,
    ) -> impl Iterator<Item = (&'a str, Option<&'a str>, Option<&'a str>)> {
        let mut paths: Vec<&str> = self
            .lines
            .keys()
            .chain(wanted.lines.keys())
            .map(String::as_str)
            .collect();
        paths.sort_unstable();
        paths.dedup();
        paths.into_iter().filter_map(|path| {
            let (before, after) = (self.lines.get(path), wanted.lines.get(path));
            let counts = match (before, after) {
                (Some(before), Some(after)) => before.value != after.value,
                (Some(one), None) | (None, Some(one)) => !one.is_optional,
                (None, None) => false,
            };
            let value = |line: Option<&'a Line>| line.map(|line| line.value.as_str());
            counts.then(|| (path, value(before), value(after)))
        })
    }

    fn put(&mut self, path: String, value: impl Into<String>) {
        let line = Line {
            value: value.into(),
            is_optional: false,
        };
        self.lines.insert(path, line);
    }

    fn put_optional(&mut self, path: String, value: Option<String>) {
        if let Some(value) = value {
            self.lines.insert(
                path,
                Line {
                    value,
                    is_optional: true,
                },
            );
        }
    }

    fn take_all(&mut self, prefix: &str, is_authentication: bool, components: &[Value]) {
        for component in components.iter().filter_map(Value::as_object) {
            self.take(prefix, is_authentication, component);
        }
    }

    fn take(&mut self, prefix: &str, is_authentication: bool, component: &Map<String, Value>) {
        let kind = upper(component, "type");
        match kind.as_str() {
            "HEADER" => self.header(&format!("{prefix}header"), component),
            "BODY" if is_authentication => {
                if is_true(component, "add_security_recommendation") {
                    self.put(format!("{prefix}body.add_security_recommendation"), "true");
                }
            }
            "FOOTER" if is_authentication => {
                if let Some(minutes) = text(component, "code_expiration_minutes") {
                    self.put(format!("{prefix}footer.code_expiration_minutes"), minutes);
                }
            }
            "BODY" | "FOOTER" => {
                let path = format!("{prefix}{}.text", kind.to_lowercase());
                self.put(
                    path,
                    canonical(&text(component, "text").unwrap_or_default()),
                );
            }
            "BUTTONS" => {
                for (at, button) in items(component, "buttons").enumerate() {
                    self.button(&format!("{prefix}buttons[{at}]"), is_authentication, button);
                }
            }
            "LIMITED_TIME_OFFER" => self.offer(&format!("{prefix}limited_time_offer"), component),
            "CAROUSEL" => {
                for (at, card) in items(component, "cards").enumerate() {
                    let components = card.get("components").and_then(Value::as_array);
                    let prefix = format!("{prefix}cards[{at}].");
                    self.take_all(&prefix, false, components.map_or(&[], Vec::as_slice));
                }
            }
            _ => self.put(format!("{prefix}{}", kind.to_lowercase()), "yes"),
        }
    }

    fn header(&mut self, path: &str, header: &Map<String, Value>) {
        let format = upper(header, "format");
        let format = if format.is_empty() {
            "TEXT".to_owned()
        } else {
            format
        };
        if format == "TEXT" {
            let words = canonical(&text(header, "text").unwrap_or_default());
            self.put(format!("{path}.text"), words);
        }
        self.put(format!("{path}.format"), format);
    }

    fn offer(&mut self, path: &str, component: &Map<String, Value>) {
        let Some(offer) = component
            .get("limited_time_offer")
            .and_then(Value::as_object)
        else {
            return;
        };
        self.put(
            format!("{path}.text"),
            canonical(&text(offer, "text").unwrap_or_default()),
        );
        if is_true(offer, "has_expiration") {
            self.put(format!("{path}.has_expiration"), "true");
        }
    }

    fn button(&mut self, path: &str, is_authentication: bool, button: &Map<String, Value>) {
        let kind = upper(button, "type");
        let link = text(button, "url").map(|url| canonical_url(&url));
        if kind == "OTP" || (is_authentication && kind == "URL") {
            self.otp(path, button, link.as_deref());
            return;
        }
        let label = text(button, "text").map(|label| canonical(&label));
        self.put(format!("{path}.type"), &*kind);
        match kind.as_str() {
            // Its label is Meta's.
            "COPY_CODE" => {}
            "QUICK_REPLY" | "URL" | "PHONE_NUMBER" | "FLOW" => {
                self.put(format!("{path}.text"), label.unwrap_or_default());
            }
            _ => self.put_optional(format!("{path}.text"), label),
        }
        if let Some(link) = link {
            self.put(format!("{path}.url"), link);
        }
        if let Some(phone) = text(button, "phone_number") {
            self.put(format!("{path}.phone_number"), digits(&phone));
        }
        if kind == "FLOW" {
            self.flow(path, button);
        }
        let ttl = text(button, "ttl_minutes");
        self.put_optional(format!("{path}.ttl_minutes"), ttl);
    }

    fn flow(&mut self, path: &str, button: &Map<String, Value>) {
        for name in ["flow_id", "flow_name"] {
            if let Some(value) = text(button, name) {
                self.put_optional(format!("{path}.{name}"), Some(value));
            }
        }
        let action = text(button, "flow_action").unwrap_or_else(|| "navigate".into());
        self.put(format!("{path}.flow_action"), action.to_lowercase());
        for name in ["navigate_screen", "icon"] {
            self.put_optional(format!("{path}.{name}"), text(button, name));
        }
    }

    /// A one-time-code button, in its own words or as the link it is read back as.
    fn otp(&mut self, path: &str, button: &Map<String, Value>, link: Option<&str>) {
        let of_link = link.and_then(otp_type_of).map(str::to_uppercase);
        let kind = text(button, "otp_type").map(|kind| kind.to_uppercase());
        self.put(format!("{path}.type"), "OTP");
        let kind = kind.or(of_link).unwrap_or_else(|| "COPY_CODE".into());
        self.put(format!("{path}.otp_type"), kind);
        for name in ["text", "autofill_text"] {
            let label = text(button, name).map(|label| canonical(&label));
            self.put_optional(format!("{path}.{name}"), label);
        }
        let mut apps: Vec<_> = items(button, "supported_apps").filter_map(app).collect();
        apps.extend(app(button));
        apps.sort();
        let apps = (!apps.is_empty()).then(|| apps.join(", "));
        self.put_optional(format!("{path}.supported_apps"), apps);
    }
}

/// Returns `otp_type` of the link that a one-time-code button is read back as.
pub(super) fn otp_type_of(link: &str) -> Option<&str> {
    let query = link.strip_prefix(OTP_LINK)?.split_once('?')?.1;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("otp_type="))
}

fn is_flow(path: &str) -> bool {
    path.ends_with(".flow_id") || path.ends_with(".flow_name")
}

fn app(app: &Map<String, Value>) -> Option<String> {
    let (package, hash) = (text(app, "package_name")?, text(app, "signature_hash")?);
    Some(format!("{package} {hash}"))
}

fn items<'a>(
    of: &'a Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a Map<String, Value>> {
    let items = of.get(name).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_object)
}

/// Texts and numbers: ids and minutes come as either.
fn text(of: &Map<String, Value>, name: &str) -> Option<String> {
    match of.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn upper(of: &Map<String, Value>, name: &str) -> String {
    text(of, name).unwrap_or_default().to_uppercase()
}

fn is_true(of: &Map<String, Value>, name: &str) -> bool {
    of.get(name) == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn content(category: &str, components: Value) -> Content {
        Content::read(category, components.as_array().unwrap())
    }

    #[track_caller]
    fn check_same(category: &str, sent: Value, read: Value) {
        let (sent, read) = (content(category, sent), content(category, read));
        assert_eq!(read.changes_to(&sent).collect::<Vec<_>>(), []);
        assert_eq!(sent.changes_to(&read).collect::<Vec<_>>(), []);
    }

    #[track_caller]
    fn check_changes(before: Value, after: Value, expected: &[(&str, Option<&str>, Option<&str>)]) {
        let (before, after) = (content("MARKETING", before), content("MARKETING", after));
        assert_eq!(before.changes_to(&after).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn order_case_entities_and_samples_do_not_differ() {
        check_same(
            "MARKETING",
            json!([
                {"type": "header", "format": "image", "example": {"header_handle": ["4::aW"]}},
                {"type": "body", "text": "Fish & chips, {{1}}!", "example": {"body_text": [["Ann"]]}},
                {"type": "buttons", "buttons": [{"type": "url", "text": "Go", "url": "https://ex.com"},
                    {"type": "phone_number", "text": "Call", "phone_number": "+49 30 1"}]},
            ]),
            json!([
                {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Go", "url": "https://ex.com/"},
                    {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "49301"}]},
                {"type": "BODY", "text": "Fish &amp; chips, {{1}}!"},
                {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["https://scontent.whatsapp.net/x"]}},
            ]),
        );
    }

    #[test]
    fn a_one_time_code_button_may_come_back_as_a_link() {
        check_same(
            "AUTHENTICATION",
            json!([
                {"type": "BODY", "add_security_recommendation": true},
                {"type": "FOOTER", "code_expiration_minutes": 5},
                {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "copy_code"}]},
            ]),
            json!([
                {"type": "BODY", "text": "*{{1}}* is your verification code.", "add_security_recommendation": true},
                {"type": "FOOTER", "text": "This code expires in 5 minutes.", "code_expiration_minutes": 5},
                {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Copy code",
                    "url": "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}"}]},
            ]),
        );
    }

    #[test]
    fn what_a_recipient_sees_differs_by_path() {
        let card = |text: &str| {
            json!([{"type": "BODY", "text": "Hi"}, {"type": "CAROUSEL", "cards": [{"components": [
                {"type": "BODY", "text": text}]}]}])
        };
        check_changes(
            card("Aloe"),
            card("Agave"),
            &[("cards[0].body.text", Some("Aloe"), Some("Agave"))],
        );
        check_changes(
            json!([{"type": "BODY", "text": "Hi"}, {"type": "FOOTER", "text": "Bye"}]),
            json!([{"type": "BODY", "text": "Hi"}]),
            &[("footer.text", Some("Bye"), None)],
        );
    }

    #[test]
    fn flows_are_compared_by_their_id_on_the_target() {
        let button = |key: &str, value: &str| {
            json!([{"type": "BODY", "text": "Hi"}, {"type": "BUTTONS", "buttons": [
                {"type": "FLOW", "text": "Open", key: value}]}])
        };
        let id = |text: &str| -> FlowId { text.parse().unwrap() };
        let known = FlowIds {
            of_source: BTreeMap::from([(id("1"), id("9"))]),
            of_name: BTreeMap::from([("signup".to_owned(), id("9"))]),
        };
        let target = content("UTILITY", button("flow_id", "9"));
        let by_name = content("UTILITY", button("flow_name", "signup"));
        for (key, value) in [("flow_id", "1"), ("flow_name", "signup"), ("flow_id", "2")] {
            let wanted = content("UTILITY", button(key, value)).with_flows(&known);
            for target in [&target, &by_name] {
                let target = target.of_target(&known);
                assert_eq!(target.changes_to(&wanted).count(), 0, "{key} {value}");
            }
        }
        let other = content("UTILITY", button("flow_id", "7"));
        let wanted = content("UTILITY", button("flow_id", "1")).with_flows(&known);
        let changes: Vec<_> = other.changes_to(&wanted).collect();
        assert_eq!(changes, [("buttons[0].flow_id", Some("7"), Some("9"))]);
    }
}
