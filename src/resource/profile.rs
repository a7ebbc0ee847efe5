//! The business profile of a number, and how a wanted one differs from it.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/business-profiles/>

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    api::meta::{Page, Read, write::PROFILE_FIELDS},
    ids::PhoneNumberId,
    plan,
};

/// The fields of a profile, as the API names them. Empty texts and lists are left out: the API
/// does the same with some of them and not with others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile(Map<String, Value>);

/// One item of the answer: the profile stands in a list of one.
#[derive(Clone, Debug, Deserialize)]
pub struct Wire(Map<String, Value>);

impl Profile {
    /// Reads the profile of a number.
    pub fn read(number: &PhoneNumberId) -> Read<Page<Wire>> {
        Read::new(format!("/{number}/whatsapp_business_profile"))
            .with("fields", PROFILE_FIELDS.join(","))
    }

    /// Takes the answer; an empty list is an empty profile.
    pub fn of(items: Vec<Wire>) -> Self {
        Self::from_fields(
            items
                .into_iter()
                .next()
                .map(|item| item.0)
                .unwrap_or_default(),
        )
    }

    /// Takes fields that were kept earlier.
    pub fn from_fields(mut fields: Map<String, Value>) -> Self {
        let is_empty = |value: &Value| match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        fields.retain(|name, value| PROFILE_FIELDS.contains(&name.as_str()) && !is_empty(value));
        Self(fields)
    }

    /// Takes what a plan wants.
    pub fn wanted(profile: &plan::Profile) -> Self {
        let plan::Profile {
            about,
            address,
            description,
            email,
            websites,
            vertical,
        } = profile;
        let mut fields = Map::new();
        let texts = [
            ("about", about),
            ("address", address),
            ("description", description),
            ("email", email),
            ("vertical", vertical),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                fields.insert(name.into(), json!(text));
            }
        }
        if let Some(websites) = websites {
            fields.insert("websites".into(), json!(websites));
        }
        Self(fields)
    }

    /// Returns the fields.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Returns whether a field has this value; an empty one is as good as none.
    pub fn says(&self, name: &str, value: &Value) -> bool {
        match (value, self.0.get(name)) {
            (Value::String(text), None) => text.is_empty(),
            (Value::Array(items), None) => items.is_empty(),
            (value, Some(seen)) => same(value, seen),
            (value, None) => value.is_null(),
        }
    }

    /// Returns the fields of `self` that `seen` has otherwise. Fields that `self` does not name are
    /// left alone, so they never differ.
    pub fn differs_from(&self, seen: &Self) -> Map<String, Value> {
        self.0
            .iter()
            .filter(|(name, value)| !seen.says(name, value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// Compares two values. A website comes back with a slash the user did not write.
fn same(wanted: &Value, seen: &Value) -> bool {
    fn trimmed(value: &Value) -> Option<&str> {
        value.as_str().map(|text| text.trim_end_matches('/'))
    }
    match (wanted, seen) {
        (Value::Array(one), Value::Array(two)) => {
            one.len() == two.len()
                && one
                    .iter()
                    .zip(two)
                    .all(|(one, two)| trimmed(one) == trimmed(two))
        }
        (one, two) => one == two,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: Value, seen: Value, differs: &[&str]) {
        let Value::Object(wanted) = wanted else {
            panic!("an object")
        };
        let seen: Vec<Wire> = serde_json::from_value(json!([seen])).unwrap();
        let differing = Profile(wanted).differs_from(&Profile::of(seen));
        assert_eq!(differing.keys().collect::<Vec<_>>(), differs);
    }

    #[test]
    fn only_named_fields_are_compared() {
        check(
            json!({"about": "Hi"}),
            json!({"about": "Hi", "email": "a@b.example"}),
            &[],
        );
        check(json!({"about": "Hi"}), json!({"about": "Ho"}), &["about"]);
        check(
            json!({"about": "Hi"}),
            json!({"messaging_product": "whatsapp"}),
            &["about"],
        );
        check(json!({"about": ""}), json!({}), &[]);
    }

    #[test]
    fn a_slash_at_the_end_of_a_website_is_no_difference() {
        check(
            json!({"websites": ["https://a.example"]}),
            json!({"websites": ["https://a.example/"]}),
            &[],
        );
        check(
            json!({"websites": ["https://a.example"]}),
            json!({"websites": []}),
            &["websites"],
        );
    }
}
