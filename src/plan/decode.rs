//! Reads typed values out of a [`Node`] and collects every problem on the way.
//!
//! A [`Decode`] never stops at the first mistake: it reports to the [`Sink`] and returns what could
//! be read, so that one pass shows all there is to mend. Knows no field of the plan by name.

use std::{collections::HashMap, rc::Rc};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use crate::{
    plan::{nearest::nearest, sink::Sink},
    yaml::{Key, Node, Place, Scalar, Value},
};

/// A place of the plan: its route, like `numbers[0].pin`, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Keys and indices from the root.
    pub route: Rc<str>,
    /// Where it stands.
    pub place: Place,
}

impl Default for Spot {
    fn default() -> Self {
        Self {
            route: "".into(),
            place: 0..0,
        }
    }
}

impl Spot {
    /// Returns the spot of the value of `key` below this one.
    pub fn key(&self, key: &str, place: &Place) -> Self {
        let dot = if self.route.is_empty() { "" } else { "." };
        Self {
            route: format!("{}{dot}{key}", self.route).into(),
            place: place.clone(),
        }
    }

    /// Returns the spot of an item below this one.
    pub fn item(&self, index: usize, place: &Place) -> Self {
        Self {
            route: format!("{}[{index}]", self.route).into(),
            place: place.clone(),
        }
    }
}

/// A value and where it was written. Serializes as the value.
#[derive(Clone, Debug)]
pub struct Sp<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub spot: Spot,
}

impl<T> Sp<T> {
    /// A value that was not read from a file.
    pub fn new(value: T) -> Self {
        Self {
            value,
            spot: Spot::default(),
        }
    }
}

impl<T: Serialize> Serialize for Sp<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// A node that is to be read.
pub struct At<'n> {
    /// The node.
    pub node: &'n Node,
    /// Where it stands.
    pub spot: Spot,
}

impl At<'_> {
    /// Returns the last key of the route.
    pub fn key(&self) -> &str {
        self.spot.route.rsplit('.').next().unwrap_or_default()
    }

    /// Reports that another type is wanted here.
    pub fn wrong_type(&self, wanted: &str, sink: &mut Sink<'_>) {
        let key = self.key();
        let (message, hint) = match &self.node.value {
            Value::Null => (
                format!("`{key}` has no value; {wanted} is wanted"),
                "fill it in, or leave the whole line out".to_owned(),
            ),
            found => (
                format!("{} stands where {wanted} is wanted", kind(found)),
                format!("give `{key}` {wanted}"),
            ),
        };
        sink.fail("type-wrong", &self.spot, message, hint);
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Scalar(_) => "a single value",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a mapping",
    }
}

/// A value that can be read from a node.
pub trait Decode: Sized {
    /// Reads it, reporting every problem; `None` when nothing of use is there.
    fn decode(at: At<'_>, sink: &mut Sink<'_>) -> Option<Self>;
}

/// Why a text does not fit.
pub struct Wrong {
    /// The rule it breaks.
    pub rule: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Wrong {
    /// Names the rule, what is wrong and what to do.
    pub fn new(rule: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            rule,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// A value that is written as one text.
pub trait Word: Sized + Serialize {
    /// With an article, as in "… stands where a name is wanted".
    const WANTED: &'static str;

    /// Reads the text.
    fn read(scalar: &Scalar) -> Result<Self, Wrong>;

    /// Returns what is wrong with a spelling before its meaning is looked at: a word that YAML
    /// readers take for something else than text.
    fn misread(scalar: &Scalar) -> Option<Wrong> {
        not_text(scalar)
    }

    /// Returns what should be spelled otherwise, although it was understood.
    fn advise(_: &Scalar) -> Option<Wrong> {
        None
    }

    /// Returns the JSON Schema of the text.
    fn shape() -> Json;
}

/// Source: the boolean words of YAML 1.1, <https://yaml.org/type/bool.html>, which many editors
/// and tools still read so; `y` and `n` are left out because hardly any does.
pub fn not_text(scalar: &Scalar) -> Option<Wrong> {
    let word = scalar.text.to_ascii_lowercase();
    let is_switch = matches!(&*word, "true" | "false" | "yes" | "no" | "on" | "off");
    (is_switch && !scalar.quoted).then(|| {
        Wrong::new(
            "type-wrong",
            format!(
                "`{}` without quotes is a yes-or-no value to YAML; text is wanted",
                scalar.text
            ),
            format!("put it in quotes: \"{}\"", scalar.text),
        )
    })
}

impl<T: Word> Decode for Sp<T> {
    fn decode(at: At<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Scalar(scalar) = &at.node.value else {
            at.wrong_type(T::WANTED, sink);
            return None;
        };
        let read = T::misread(scalar).map_or_else(|| T::read(scalar), Err);
        match read {
            Ok(value) => {
                if let Some(Wrong {
                    rule,
                    message,
                    hint,
                }) = T::advise(scalar)
                {
                    sink.warn(rule, &at.spot, message, hint);
                }
                Some(Self {
                    value,
                    spot: at.spot,
                })
            }
            Err(Wrong {
                rule,
                message,
                hint,
            }) => {
                sink.fail(rule, &at.spot, message, hint);
                None
            }
        }
    }
}

impl<T: Word> JsonSchema for Sp<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::WANTED.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        T::shape().try_into().expect("every shape is a JSON object")
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(at: At<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Sequence(items) = &at.node.value else {
            at.wrong_type("a list", sink);
            return None;
        };
        let items = items.iter().enumerate();
        let at = |(index, node): (usize, &Node)| {
            if sink.is_done() {
                return None;
            }
            let spot = at.spot.item(index, &node.place);
            T::decode(At { node, spot }, sink)
        };
        Some(items.filter_map(at).collect())
    }
}

/// A mapping whose keys the user chooses.
#[derive(Clone, Debug)]
pub struct Named<T>(pub Vec<(Sp<String>, T)>);

impl<T: Decode> Decode for Named<T> {
    fn decode(at: At<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let pairs = pairs(&at, sink)?;
        let read = |(key, node): (&Key, &Node)| {
            if sink.is_done() {
                return None;
            }
            let spot = at.spot.key(&key.text, &key.place);
            let value = T::decode(
                At {
                    node,
                    spot: at.spot.key(&key.text, &node.place),
                },
                sink,
            )?;
            Some((
                Sp {
                    value: key.text.to_string(),
                    spot,
                },
                value,
            ))
        };
        Some(Self(pairs.into_iter().filter_map(read).collect()))
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (&key.value, value)))
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        schemars::json_schema!({ "type": "object", "additionalProperties": value })
    }
}

/// Returns the pairs of a mapping, the first of each key, and reports the others.
fn pairs<'n>(at: &At<'n>, sink: &mut Sink<'_>) -> Option<Vec<(&'n Key, &'n Node)>> {
    let Value::Mapping(pairs) = &at.node.value else {
        at.wrong_type("a mapping", sink);
        return None;
    };
    let mut first: HashMap<&str, &Place> = HashMap::new();
    let mut kept = Vec::new();
    for (key, node) in pairs.iter() {
        if let Some(before) = first.get(&*key.text) {
            let line = sink.line_of(before);
            sink.fail(
                "key-duplicate",
                &at.spot.key(&key.text, &key.place),
                format!(
                    "the key `{}` stands here a second time; first in line {line}",
                    key.text
                ),
                "keep one of the two",
            );
        } else {
            first.insert(&key.text, &key.place);
            kept.push((key, node));
        }
    }
    Some(kept)
}

/// The pairs of a mapping, taken out one by one.
pub struct Fields<'n> {
    spot: Spot,
    pairs: Vec<(&'n Key, &'n Node)>,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Opens a mapping.
    pub fn of(at: At<'n>, sink: &mut Sink<'_>) -> Option<Self> {
        let pairs = pairs(&at, sink)?;
        Some(Self {
            spot: at.spot,
            pairs,
            known: Vec::new(),
        })
    }

    /// Takes a field that must be there.
    pub fn required<T: Decode>(&mut self, key: &'static str, sink: &mut Sink<'_>) -> Option<T> {
        if !self.pairs.iter().any(|(found, _)| &*found.text == key) {
            let within = match &*self.spot.route {
                "" => sink.noun().to_owned(),
                route => format!("`{route}`"),
            };
            let spot = self.spot.key(key, &self.spot.place);
            let message = format!("{within} has no `{key}`");
            sink.fail("key-missing", &spot, message, format!("add `{key}: …`"));
        }
        self.optional(key, sink)
    }

    /// Takes a field that may be there.
    pub fn optional<T: Decode>(&mut self, key: &'static str, sink: &mut Sink<'_>) -> Option<T> {
        self.known.push(key);
        let (name, node) = *self.pairs.iter().find(|(found, _)| &*found.text == key)?;
        let place = match node.value {
            Value::Null => &name.place,
            Value::Scalar(_) | Value::Sequence(_) | Value::Mapping(_) => &node.place,
        };
        T::decode(
            At {
                node,
                spot: self.spot.key(key, place),
            },
            sink,
        )
    }

    /// Reports what nobody took.
    pub fn finish(self, sink: &mut Sink<'_>) -> Spot {
        for (key, _) in &self.pairs {
            if sink.is_done() {
                break;
            }
            if self.known.contains(&&*key.text) {
                continue;
            }
            let near = nearest(&key.text, self.known.iter().copied()).filter(|_| sink.has_room());
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if &*key.text == "<<" => {
                    "write the fields out; `defaults.number` holds what numbers share".to_owned()
                }
                None => format!("known here: {}", self.known.join(", ")),
            };
            let spot = self.spot.key(&key.text, &key.place);
            sink.fail(
                "key-unknown",
                &spot,
                format!("the key `{}` is unknown", key.text),
                hint,
            );
        }
        self.spot
    }
}

/// Builds the JSON Schema of a mapping, field by field.
#[derive(Default)]
pub struct Shape {
    properties: Map<String, Json>,
    required: Vec<&'static str>,
}

impl Shape {
    /// Adds a field that must be there.
    pub fn required<T: JsonSchema>(
        &mut self,
        key: &'static str,
        doc: &str,
        g: &mut SchemaGenerator,
    ) {
        self.required.push(key);
        self.optional::<T>(key, doc, g);
    }

    /// Adds a field that may be there.
    pub fn optional<T: JsonSchema>(
        &mut self,
        key: &'static str,
        doc: &str,
        g: &mut SchemaGenerator,
    ) {
        let mut schema = g.subschema_for::<T>();
        schema.insert("description".into(), doc.trim().into());
        self.properties.insert(key.into(), schema.into());
    }

    /// Returns the schema.
    pub fn finish(self, doc: &str) -> Schema {
        let mut schema = json!({
            "type": "object",
            "description": doc.trim(),
            "properties": self.properties,
            "additionalProperties": false,
        });
        if !self.required.is_empty() {
            schema["required"] = json!(self.required);
        }
        schema.try_into().expect("an object")
    }
}

/// Declares a mapping of a plan or a template file: its struct, its decoding and its schema from one list of
/// fields, so that the three cannot differ. Every field is an `Option`, because a document may be
/// read in part; whether it is `required` is reported by the decoding. A key that is a word of Rust
/// is named after `as`.
macro_rules! mapping {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident {
            $($(#[doc = $about:literal])+ $need:ident $field:ident $(as $key:literal)?: $type:ty,)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Default, serde::Serialize)]
        pub struct $name {
            $(
                $(#[doc = $about])+
                #[serde(skip_serializing_if = "Option::is_none")]
                $(#[serde(rename = $key)])?
                pub $field: Option<$type>,
            )+
            /// Where it stands.
            #[serde(skip)]
            pub spot: $crate::plan::decode::Spot,
        }

        impl $crate::plan::decode::Decode for $name {
            fn decode(
                at: $crate::plan::decode::At<'_>,
                sink: &mut $crate::plan::sink::Sink<'_>,
            ) -> Option<Self> {
                let mut fields = $crate::plan::decode::Fields::of(at, sink)?;
                $(let $field = fields.$need($crate::plan::decode::key!($field $($key)?), sink);)+
                Some(Self { $($field,)+ spot: fields.finish(sink) })
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut shape = $crate::plan::decode::Shape::default();
                $(shape.$need::<$type>(
                    $crate::plan::decode::key!($field $($key)?),
                    concat!($($about),+),
                    generator,
                );)+
                shape.finish(concat!($($doc),+))
            }
        }
    };
}
pub(crate) use mapping;

/// Returns the key of a field: its own name, or the one after `as`.
macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}
pub(crate) use key;

#[cfg(test)]
mod tests {
    use crate::plan::testing::check;

    #[test]
    fn keys_are_checked() {
        check(
            "graph:",
            "graf:",
            &["3:1 error[key-unknown] graf: the key `graf` is unknown | did you mean `graph`?"],
        );
        check(
            "graph:",
            "\"<<\":",
            &[
                "3:1 error[key-unknown] <<: the key `<<` is unknown | write the fields out; `defaults.number` holds what numbers share",
            ],
        );
        check(
            "name: acme\n",
            "name: acme\nname: other\n",
            &[
                "3:1 error[key-duplicate] name: the key `name` stands here a second time; first in line 2 | keep one of the two",
            ],
        );
        check(
            "source:\n  waba: \"10\"\n",
            "source:\n",
            &["5:3 error[key-missing] source.waba: `source` has no `waba` | add `waba: …`"],
        );
        check(
            "subscription: {",
            "subscription: { ap: keep,",
            &[
                "10:19 error[key-unknown] target.subscription.ap: the key `ap` is unknown | did you mean `app`?",
            ],
        );
    }

    #[test]
    fn types_are_checked() {
        check(
            "numbers:\n",
            "numbers: 3\nnumber:\n",
            &[
                "14:10 error[type-wrong] numbers: a single value stands where a list is wanted | give `numbers` a list",
                "15:1 error[key-unknown] number: the key `number` is unknown | did you mean `numbers`?",
            ],
        );
        check(
            "needs: [\"+49 30 901820\"]",
            "needs: \"+49 30 901820\"",
            &[
                "20:12 error[type-wrong] numbers[1].needs: a single value stands where a list is wanted | give `needs` a list",
            ],
        );
        check(
            "otp: { channel: sms, language: de }",
            "otp: sms",
            &[
                "13:10 error[type-wrong] defaults.number.otp: a single value stands where a mapping is wanted | give `otp` a mapping",
            ],
        );
        check(
            "version: 1\n",
            "",
            &["1:1 error[key-missing] version: the plan has no `version` | add `version: …`"],
        );
    }
}
