//! Times of a plan: civil date-times and time zones.
//!
//! Does not read the clock, and does not bring the two together: see `rules/windows.rs`.

use jiff::{civil::DateTime, tz::TimeZone};
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::{
    plan::{
        decode::{Word, Wrong},
        nearest::nearest,
    },
    yaml::Scalar,
};

/// A date and a time on the clocks of some zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Moment(pub DateTime);

/// A time zone of the IANA database.
#[derive(Clone, Debug)]
pub struct Zone(pub TimeZone);

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.iana_name().unwrap_or("Etc/Unknown"))
    }
}

impl Word for Moment {
    const WANTED: &'static str = "a time like 2026-12-05T22:00";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        let bytes = text.as_bytes();
        let is_local = matches!(bytes.len(), 16 | 19) && matches!(bytes[10], b'T' | b' ');
        match text.parse() {
            Ok(moment) if is_local => Ok(Self(moment)),
            _ => Err(Wrong::new(
                "window-form",
                format!("`{text}` is not a date with a time"),
                "write it like 2026-12-05T22:00; the zone stands in `time_zone`",
            )),
        }
    }

    fn shape() -> Json {
        json!({
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?$",
        })
    }
}

impl Word for Zone {
    const WANTED: &'static str = "a time zone like Europe/Berlin";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        if let Ok(zone) = jiff::tz::db().get(text) {
            return Ok(Self(zone));
        }
        let names: Vec<_> = jiff::tz::db().available().collect();
        let hint = match nearest(text, names.iter().map(|name| name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write the IANA name, like Europe/Berlin or UTC".to_owned(),
        };
        Err(Wrong::new(
            "window-form",
            format!("no time zone is called `{text}`"),
            hint,
        ))
    }

    fn shape() -> Json {
        json!({ "type": "string", "minLength": 1 })
    }
}
