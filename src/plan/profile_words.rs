//! The single texts of a business profile, with the API's limits.
//!
//! Limits: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/business-profiles/>

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::{
    plan::{
        decode::{Word, Wrong},
        words::is_url,
    },
    yaml::Scalar,
};

/// Free text of 1 to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Limited<const MAX: usize>(pub String);

/// An e-mail address of at most 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Email(pub String);

/// A web address of at most 256 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Website(pub String);

fn limited(text: &str, most: usize) -> Result<String, Wrong> {
    let length = text.chars().count();
    if (1..=most).contains(&length) {
        return Ok(text.to_owned());
    }
    let message = match length {
        0 => "the text is empty".to_owned(),
        _ => format!("the text has {length} characters; at most {most} are allowed"),
    };
    Err(Wrong::new(
        "profile-limit",
        message,
        format!("use 1 to {most} characters"),
    ))
}

impl<const MAX: usize> Word for Limited<MAX> {
    const WANTED: &'static str = "text";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        limited(&scalar.text, MAX).map(Self)
    }

    fn shape() -> Json {
        json!({ "type": "string", "minLength": 1, "maxLength": MAX })
    }
}

impl Word for Email {
    const WANTED: &'static str = "an e-mail address";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = limited(&scalar.text, 128)?;
        let (user, host) = text.rsplit_once('@').unwrap_or_default();
        if !user.is_empty() && host.contains('.') && !text.contains(char::is_whitespace) {
            return Ok(Self(text));
        }
        Err(Wrong::new(
            "profile-limit",
            format!("`{text}` is not an e-mail address"),
            "write it like hello@example.com",
        ))
    }

    fn shape() -> Json {
        json!({ "type": "string", "pattern": "^[^\\s]+@[^\\s]+\\.[^\\s]+$", "maxLength": 128 })
    }
}

impl Word for Website {
    const WANTED: &'static str = "a web address";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = limited(&scalar.text, 256)?;
        if is_url(&text, &["http", "https"]) {
            return Ok(Self(text));
        }
        Err(Wrong::new(
            "profile-limit",
            format!("`{text}` is not a web address"),
            "begin with https://, like https://example.com",
        ))
    }

    fn shape() -> Json {
        json!({ "type": "string", "pattern": "^https?://[^\\s]+$", "maxLength": 256 })
    }
}
