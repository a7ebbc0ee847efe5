//! The `fields` parameter: `id,name,phone_numbers.limit(100){id,status}`.
//!
//! It parses and selects; which fields an object has, its node says.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/guides/field-expansion>

use serde_json::{Map, Value};

use super::{call::Params, error::GraphError};

/// One selected field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Modifiers of an edge, like `limit`.
    pub params: Params,
    /// What is selected of the value, as it was written.
    pub nested: Option<String>,
}

impl Field {
    fn plain(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            params: Params::default(),
            nested: None,
        }
    }
}

/// Parses a selection.
pub fn parse(text: &str) -> Result<Vec<Field>, GraphError> {
    split(text)?.into_iter().map(field).collect()
}

/// Returns the selection a call asks for, or the default one.
pub fn of(params: &Params, default: &[&str]) -> Result<Vec<Field>, GraphError> {
    match params.list("fields")? {
        Some(list) if !list.join(",").trim().is_empty() => parse(&list.join(",")),
        _ => Ok(default.iter().map(|name| Field::plain(name)).collect()),
    }
}

/// Splits at the commas that stand in no parentheses.
fn split(text: &str) -> Result<Vec<&str>, GraphError> {
    let mut depth = 0_i32;
    let mut from = 0;
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
        if depth < 0 {
            return Err(syntax(text, at));
        }
    }
    if depth != 0 {
        return Err(syntax(text, text.len()));
    }
    parts.push(text[from..].trim());
    parts.retain(|part| !part.is_empty());
    Ok(parts)
}

fn field(text: &str) -> Result<Field, GraphError> {
    let name_end = text.find(['.', '{']).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(name_end);
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        return Err(syntax(text, 0));
    }
    let mut params = Params::default();
    while let Some(modifier) = rest.strip_prefix('.') {
        let (key, value, after) = modifier_of(modifier).ok_or_else(|| syntax(text, name_end))?;
        params.0.insert(key.to_owned(), Value::from(value));
        rest = after;
    }
    let nested = match rest {
        "" => None,
        _ => Some(
            rest.strip_prefix('{')
                .and_then(|inner| inner.strip_suffix('}'))
                .ok_or_else(|| syntax(text, text.len()))?
                .to_owned(),
        ),
    };
    Ok(Field {
        name: name.to_owned(),
        params,
        nested,
    })
}

/// Splits `limit(1).after(x){id}` into key, value and what follows. Values may hold parentheses.
fn modifier_of(text: &str) -> Option<(&str, &str, &str)> {
    let (key, rest) = text.split_once('(')?;
    let mut depth = 1_u32;
    for (at, c) in rest.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((key, &rest[..at], &rest[at + 1..]));
        }
    }
    None
}

fn syntax(text: &str, at: usize) -> GraphError {
    GraphError {
        code: 2500,
        message: format!(
            "Syntax error \"Unexpected end or character in field list\" at character {at}: {text}"
        ),
        ..GraphError::default()
    }
}

/// What an object says to a field's name.
pub enum Has {
    /// This value.
    Value(Value),
    /// The field exists and is not set.
    Absent,
    /// There is no such field.
    No,
}

impl<T: Into<Value>> From<T> for Has {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

/// Makes [`Has::Value`] of what is set and [`Has::Absent`] of what is not.
pub fn if_set<T: Into<Value>>(value: Option<T>) -> Has {
    value.map_or(Has::Absent, |value| Has::Value(value.into()))
}

/// Selects fields of an object. One unknown field fails the whole read.
pub fn select(
    selection: &[Field],
    node_type: &str,
    mut has: impl FnMut(&Field) -> Result<Has, GraphError>,
) -> Result<Value, GraphError> {
    let mut object = Map::new();
    for field in selection.iter().chain([&Field::plain("id")]) {
        match has(field)? {
            Has::Value(value) => {
                object.insert(field.name.clone(), narrow(value, field)?);
            }
            Has::Absent => {}
            Has::No => {
                return Err(GraphError::no_field(&field.name, node_type));
            }
        }
    }
    Ok(Value::Object(object))
}

/// Keeps the nested fields of a plain object. Edges have selected theirs already.
fn narrow(value: Value, field: &Field) -> Result<Value, GraphError> {
    let Some(nested) = &field.nested else {
        return Ok(value);
    };
    let object = match &value {
        Value::Object(object) => object,
        Value::Array(_) => return Ok(value),
        _ => {
            return Err(GraphError::parameter(format!(
                "Subfields are not supported by {}",
                field.name
            )));
        }
    };
    if object.contains_key("data") {
        return Ok(value);
    }
    let wanted = parse(nested)?;
    let kept = object
        .iter()
        .filter(|(key, _)| key.as_str() == "id" || wanted.iter().any(|field| field.name == **key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Ok(Value::Object(kept))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_selections_are_kept_as_written() {
        let fields =
            parse("id, phone_numbers.limit(100).after(x){id,quality_score{score}} ,name").unwrap();
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["id", "phone_numbers", "name"]);
        assert_eq!(fields[1].nested.as_deref(), Some("id,quality_score{score}"));
        assert_eq!(fields[1].params.uint("limit"), Ok(Some(100)));
    }

    #[test]
    fn a_modifier_may_hold_json() {
        let filter = r#"[{"field":"account_mode","operator":"EQUAL","value":"LIVE"}]"#;
        let text = format!("phone_numbers.filtering({filter}).limit(2){{id}},name");
        let fields = parse(&text).unwrap();
        assert_eq!(fields.len(), 2);
        assert_eq!(fields[0].params.text("filtering"), Ok(Some(filter.into())));
        assert_eq!(fields[0].params.uint("limit"), Ok(Some(2)));
        assert_eq!(fields[0].nested.as_deref(), Some("id"));
    }

    #[test]
    fn broken_selections_are_refused() {
        for text in [
            "a{b",
            "a}b",
            "a.limit(1",
            "a.limit",
            "{a}",
            "a b",
            "a.limit(1)b",
            "a{b}c",
        ] {
            assert_eq!(parse(text).map_err(|error| error.code), Err(2500), "{text}");
        }
    }

    #[test]
    fn one_unknown_field_fails_the_read() {
        let read = |text: &str| {
            select(&parse(text).unwrap(), "Thing", |field| {
                Ok(match field.name.as_str() {
                    "id" => "1".into(),
                    "score" => json!({"score": "GREEN", "date": 1}).into(),
                    "unset" => Has::Absent,
                    _ => Has::No,
                })
            })
        };
        assert_eq!(
            read("score{score},unset"),
            Ok(json!({"id": "1", "score": {"score": "GREEN"}}))
        );
        assert_eq!(
            read("id{x}").unwrap_err().message,
            "(#100) Subfields are not supported by id"
        );
        assert_eq!(
            read("id,foo").unwrap_err().message,
            "(#100) Tried accessing nonexisting field (foo) on node type (Thing)"
        );
    }
}
