//! How one thing names another: by its id, mostly with its name.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// A thing as another one names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref<Id> {
    /// Its id.
    pub id: Id,
    /// Its name, where it is shown.
    pub name: Option<String>,
}

impl<Id: TryFrom<String>> Ref<Id> {
    /// Reads a reference; one without id names nothing.
    fn of(value: &Value) -> Result<Option<Self>, &'static str> {
        let object = match value {
            Value::Null => return Ok(None),
            Value::Object(object) => object,
            _ => return Err("a reference is an object"),
        };
        let id = match object.get("id") {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(id)) => Id::try_from(id.clone()),
            Some(_) => return Err("an id is a string"),
        };
        Ok(Some(Self {
            id: id.map_err(|_| "a reference names no id that can be used")?,
            name: object
                .get("name")
                .and_then(Value::as_str)
                .map(str::to_owned),
        }))
    }
}

/// Reads a reference that may be left out, `null` or empty.
pub(super) fn optional<'de, D, Id>(deserializer: D) -> Result<Option<Ref<Id>>, D::Error>
where
    D: Deserializer<'de>,
    Id: TryFrom<String>,
{
    let value = Value::deserialize(deserializer)?;
    Ref::of(&value).map_err(D::Error::custom)
}

/// Reads a text that may be `null`.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::QueueId;

    #[test]
    fn a_reference_without_id_names_nothing() {
        let of = |value: Value| Ref::<QueueId>::of(&value);
        let named = of(json!({"id": "q", "name": "Berlin", "selfUri": "/x"})).unwrap();
        let named = named.unwrap();
        assert_eq!(
            (named.id.as_str(), named.name.as_deref()),
            ("q", Some("Berlin"))
        );
        for nothing in [
            json!(null),
            json!({}),
            json!({"id": null}),
            json!({"name": "x"}),
        ] {
            assert_eq!(of(nothing), Ok(None));
        }
        for odd in [
            json!("q"),
            json!([]),
            json!({"id": 7}),
            json!({"id": ""}),
            json!({"id": ".."}),
        ] {
            assert!(of(odd).is_err());
        }
    }
}
