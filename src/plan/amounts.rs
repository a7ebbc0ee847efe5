//! The values of a plan that are no text: numbers and switches.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::{
    plan::decode::{Word, Wrong},
    yaml::Scalar,
};

/// A number that is not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Count(pub u64);

/// `true` or `false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Switch(pub bool);

impl Word for Count {
    const WANTED: &'static str = "a number";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let digits = !scalar.quoted && scalar.text.bytes().all(|b| b.is_ascii_digit());
        match scalar.text.parse() {
            Ok(number) if digits => Ok(Self(number)),
            _ => Err(Wrong::new(
                "policy-form",
                format!("`{}` is not a whole number from 0 up", scalar.text),
                "write digits without quotes, or leave the line out for no limit",
            )),
        }
    }

    fn shape() -> Json {
        json!({ "type": "integer", "minimum": 0 })
    }
}

impl Word for Switch {
    const WANTED: &'static str = "true or false";

    fn misread(_: &Scalar) -> Option<Wrong> {
        None
    }

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        match (&*scalar.text, scalar.quoted) {
            ("true", false) => Ok(Self(true)),
            ("false", false) => Ok(Self(false)),
            _ => Err(Wrong::new(
                "type-wrong",
                format!("`{}` stands where true or false is wanted", scalar.text),
                "write true or false, without quotes",
            )),
        }
    }

    fn shape() -> Json {
        json!({ "type": "boolean" })
    }
}
