//! Objects that are written back as a whole: everything in them is kept, whether anybody knows it or
//! not, and only what is named is changed.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::field::FieldChange;

/// An object exactly as it was read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Raw(Map<String, Value>);

/// Where in an object something stands. Keys may hold dots, so this is no text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Key(String),
    Index(usize),
}

/// An object with changes, ready to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// All of it. Its version is the one that was read.
    pub object: Map<String, Value>,
    /// What is another now.
    pub fields: Vec<FieldChange>,
}

impl Place {
    /// Names a place by keys alone.
    pub fn of(keys: &[&str]) -> Self {
        Self(
            keys.iter()
                .map(|key| Part::Key((*key).to_owned()))
                .collect(),
        )
    }

    fn in_value<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(value, |value, part| match part {
            Part::Key(key) => value.as_object()?.get(key),
            Part::Index(index) => value.as_array()?.get(*index),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, part) in self.0.iter().enumerate() {
            match part {
                Part::Key(key) if number == 0 => f.write_str(key)?,
                Part::Key(key) => write!(f, ".{key}")?,
                Part::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl Changed {
    /// Returns the names of what is another now.
    pub fn paths(&self) -> Vec<String> {
        let fields = self.fields.iter();
        fields.map(|field| field.path.clone()).collect()
    }
}

impl Raw {
    /// Returns everything.
    pub fn object(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Returns its version, where it has one.
    pub fn version(&self) -> Option<i64> {
        self.0.get("version")?.as_i64()
    }

    /// Returns a text in it, by keys.
    pub fn text(&self, keys: &[&str]) -> Option<&str> {
        self.get(&Place::of(keys))?.as_str()
    }

    /// Returns what stands somewhere.
    pub fn get(&self, place: &Place) -> Option<&Value> {
        let (first, rest) = place.0.split_first()?;
        let Part::Key(key) = first else { return None };
        Place(rest.to_vec()).in_value(self.0.get(key)?)
    }

    /// Finds every text that stands in `outer.inner`, however deep.
    pub fn find(&self, outer: &str, inner: &str) -> Vec<(Place, &str)> {
        let mut found = Vec::new();
        search_object(&self.0, outer, inner, &mut Vec::new(), &mut found);
        found
    }

    /// Returns a copy with other values at these places, and what of it is another. `None`: there is
    /// no such place; only the last key of one may be new.
    pub fn with(&self, values: impl IntoIterator<Item = (Place, Value)>) -> Option<Changed> {
        let mut object = Value::Object(self.0.clone());
        let mut fields = Vec::new();
        for (place, value) in values {
            if *self.get(&place).unwrap_or(&Value::Null) == value {
                continue;
            }
            let slot = slot(&mut object, &place)?;
            fields.push(FieldChange::new(
                &place.to_string(),
                slot.take(),
                value.clone(),
            ));
            *slot = value;
        }
        match object {
            Value::Object(object) => Some(Changed { object, fields }),
            _ => None,
        }
    }
}

fn slot<'a>(object: &'a mut Value, place: &Place) -> Option<&'a mut Value> {
    let (last, above) = place.0.split_last()?;
    let holder = above.iter().try_fold(object, |value, part| match part {
        Part::Key(key) => value.as_object_mut()?.get_mut(key),
        Part::Index(index) => value.as_array_mut()?.get_mut(*index),
    })?;
    match last {
        Part::Key(key) => Some(holder.as_object_mut()?.entry(key).or_insert(Value::Null)),
        Part::Index(index) => holder.as_array_mut()?.get_mut(*index),
    }
}

fn search<'a>(
    value: &'a Value,
    (outer, inner): (&str, &str),
    above: &mut Vec<Part>,
    found: &mut Vec<(Place, &'a str)>,
) {
    match value {
        Value::Object(object) => search_object(object, outer, inner, above, found),
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                above.push(Part::Index(index));
                search(value, (outer, inner), above, found);
                above.pop();
            }
        }
        _ => {}
    }
}

fn search_object<'a>(
    object: &'a Map<String, Value>,
    outer: &str,
    inner: &str,
    above: &mut Vec<Part>,
    found: &mut Vec<(Place, &'a str)>,
) {
    for (key, value) in object {
        above.push(Part::Key(key.clone()));
        if key == outer
            && let Some(text) = value.get(inner).and_then(Value::as_str)
        {
            let mut place = above.clone();
            place.push(Part::Key(inner.to_owned()));
            found.push((Place(place), text));
        }
        search(value, (outer, inner), above, found);
        above.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = r#"{"big":18446744073709551615,"float":31.245270191439438,"id":"1","list":[{"a":{"b":"x"}},[{"a":{"b":"y","c":null}}]],"nothing":null,"odd.key":{"a":{"b":7}},"texts":["\u0000","ü","\u2028"],"version":7}"#;

    fn raw() -> Raw {
        serde_json::from_str(TEXT).unwrap()
    }

    #[test]
    fn only_what_is_named_is_changed() {
        let place = Place::of(&["odd.key", "a", "b"]);
        let changed = raw().with([(place, json!(8))]).unwrap();
        assert_eq!(changed.fields, [FieldChange::new("odd.key.a.b", 7, 8)]);
        assert_eq!(changed.paths(), ["odd.key.a.b"]);
        let text = serde_json::to_string(&changed.object).unwrap();
        let same: Value = serde_json::from_str(&TEXT.replace("\"b\":7", "\"b\":8")).unwrap();
        assert_eq!(text, same.to_string());
        assert!(text.contains("31.245270191439438") && text.contains("18446744073709551615"));
    }

    #[test]
    fn nothing_changes_where_nothing_is_another() {
        let changed = raw().with([(Place::of(&["id"]), json!("1"))]).unwrap();
        assert_eq!(changed.fields, []);
        assert_eq!(&changed.object, raw().object());
        assert_eq!(changed.object.get("version"), Some(&json!(7)));
        let none = raw().with([(Place::of(&["new"]), Value::Null)]).unwrap();
        assert_eq!(&none.object, raw().object());
    }

    #[test]
    fn the_last_key_may_be_new_and_no_other() {
        let set = |keys: &[&str]| raw().with([(Place::of(keys), json!("v"))]);
        let new = set(&["odd.key", "new"]).unwrap();
        assert_eq!(
            new.fields,
            [FieldChange::new("odd.key.new", Value::Null, "v")]
        );
        assert_eq!(set(&["new"]).unwrap().object["new"], json!("v"));
        for no_place in [
            &["new", "new"][..],
            &["id", "x"],
            &["nothing", "x"],
            &["list", "x"],
            &[],
        ] {
            assert_eq!(set(no_place), None, "{no_place:?}");
        }
    }

    #[test]
    fn texts_are_found_however_deep_and_changed_where_they_stand() {
        let raw = raw();
        let found = raw.find("a", "b");
        let shown: Vec<_> = found
            .iter()
            .map(|(place, text)| (place.to_string(), *text))
            .collect();
        let expected = [
            ("list[0].a.b".to_owned(), "x"),
            ("list[1][0].a.b".to_owned(), "y"),
        ];
        assert_eq!(shown, expected);
        let values = found.into_iter().map(|(place, _)| (place, json!("z")));
        let changed = raw.with(values).unwrap();
        assert_eq!(changed.paths(), ["list[0].a.b", "list[1][0].a.b"]);
        assert_eq!(
            changed.object["list"],
            json!([{"a": {"b": "z"}}, [{"a": {"b": "z", "c": null}}]])
        );
    }

    #[test]
    fn only_an_object_is_an_object() {
        for odd in ["[]", "null", "7", "\"x\""] {
            assert!(serde_json::from_str::<Raw>(odd).is_err());
        }
        assert_eq!((raw().version(), raw().text(&["id"])), (Some(7), Some("1")));
        assert_eq!(raw().text(&["version"]), None);
        assert_eq!(raw().get(&Place::of(&[])), None);
    }
}
