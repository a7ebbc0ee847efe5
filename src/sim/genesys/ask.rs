//! A call that has passed the front, as the rules see it, and what they answer.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// What a rule comes to.
pub type Answered = Result<Reply, Refusal>;

/// An answer that is no refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body; absent: none.
    pub body: Option<Value>,
}

impl Reply {
    /// 200 with a body.
    pub fn ok(body: Value) -> Answered {
        Ok(Self {
            status: 200,
            body: Some(body),
        })
    }

    /// 202 with a body: it goes on by itself.
    pub fn accepted(body: Value) -> Answered {
        Ok(Self {
            status: 202,
            body: Some(body),
        })
    }

    /// 204.
    pub fn nothing() -> Answered {
        Ok(Self {
            status: 204,
            body: None,
        })
    }
}

/// A call.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Its path, like `/api/v2/tokens/me`.
    pub path: String,
    /// The ids in its path.
    pub ids: Vec<String>,
    /// Its query.
    pub query: BTreeMap<String, String>,
    /// Its body; null when it has none.
    pub body: Value,
    /// The place of its token.
    pub token: usize,
}

impl Ask {
    /// Returns the first id of the path.
    pub fn id(&self) -> &str {
        self.ids.first().map_or("", String::as_str)
    }

    /// Returns a text of the query; an empty one counts as absent.
    pub fn query(&self, name: &str) -> Option<&str> {
        let value = self.query.get(name).map(String::as_str);
        value.filter(|text| !text.is_empty())
    }

    /// Returns whether an object passes a filter of the query: absent lets everything pass.
    pub fn admits(&self, name: &str, value: Option<&str>) -> bool {
        self.query(name).is_none_or(|wanted| value == Some(wanted))
    }

    /// Returns what `expand` asks for.
    pub fn expands(&self, name: &str) -> bool {
        let asked = self.query("expand").unwrap_or_default();
        asked.split(',').any(|part| part.trim() == name)
    }

    /// Returns the body as an object.
    pub fn object(&self) -> Result<&Map<String, Value>, Refusal> {
        self.body.as_object().ok_or_else(malformed)
    }

    /// Returns a text of the body; null counts as absent.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        text(&self.body, name)
    }

    /// Returns a text of the body that has to be there.
    pub fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        let given = self.text(name)?.filter(|text| !text.trim().is_empty());
        given.ok_or_else(|| missing(name))
    }

    /// Returns the id of a reference in the body; null counts as absent.
    pub fn reference(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        match &self.body[name] {
            Value::Null => Ok(None),
            Value::Object(object) => match object.get("id").and_then(Value::as_str) {
                Some(id) if !id.is_empty() => Ok(Some(id)),
                _ => Err(Refusal::bad(format!("The field {name}.id is required."))),
            },
            other => Err(Refusal::value(&other.to_string(), "object", name)),
        }
    }
}

/// Returns a text of an object; null counts as absent.
pub fn text<'a>(object: &'a Value, name: &str) -> Result<Option<&'a str>, Refusal> {
    match &object[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(Refusal::value(&other.to_string(), "String", "any text")),
    }
}

/// 400: a property has to be there.
pub fn missing(name: &str) -> Refusal {
    Refusal::bad(format!("The field {name} is required."))
}

/// 400: a body that is no JSON object.
pub fn malformed() -> Refusal {
    Refusal::bad("The request could not be understood by the server due to malformed syntax.")
}
