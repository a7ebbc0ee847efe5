//! Resumable uploads: a session takes the bytes of one file and gives a handle for them.
//!
//! 1. `POST /{APP}/uploads` begins a session;
//! 2. `POST /upload:…` sends the bytes, with their offset in a header;
//! 3. `GET /upload:…` tells how many bytes have arrived, so that a broken upload goes on there.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/guides/upload>

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use url::Url;

use super::request::Read;

/// The id of an upload session, like `upload:MTph…?sig=ARZq…`. Its query signs it and is sent byte
/// for byte as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadSession(String);

/// Why a text is no upload session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an upload session begins with `upload:` and fits into a URL as it is")]
pub struct SessionError;

impl FromStr for UploadSession {
    type Err = SessionError;

    fn from_str(text: &str) -> Result<Self, SessionError> {
        const ANY_HOST: &str = "https://graph.facebook.com/";
        let whole = format!("{ANY_HOST}{text}");
        let url = Url::parse(&whole).map_err(|_| SessionError)?;
        let survives = url.as_str() == whole && url.fragment().is_none();
        let id = text.strip_prefix("upload:").ok_or(SessionError)?;
        match survives && !id.is_empty() && !id.starts_with('?') {
            true => Ok(Self(text.to_owned())),
            false => Err(SessionError),
        }
    }
}

impl fmt::Display for UploadSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl UploadSession {
    /// Reads the answer to the beginning of an upload. `None`: it names no session.
    pub fn of(answer: &Value) -> Option<Self> {
        answer.get("id")?.as_str()?.parse().ok()
    }

    /// Asks how many bytes have arrived.
    pub fn progress(&self) -> Read<Progress> {
        Read::session(self)
    }

    pub(super) fn path(&self) -> &str {
        self.0.split_once('?').map_or(&self.0, |(path, _)| path)
    }

    pub(super) fn query(&self) -> Option<&str> {
        self.0.split_once('?').map(|(_, query)| query)
    }
}

/// How far an upload has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Progress {
    /// The bytes that have arrived: the next ones begin here.
    #[serde(deserialize_with = "offset")]
    pub file_offset: usize,
}

/// A number, also where it is written as a text.
fn offset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let offset = match Value::deserialize(deserializer)? {
        Value::Number(number) => number
            .as_u64()
            .and_then(|number| usize::try_from(number).ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    offset.ok_or_else(|| serde::de::Error::custom("`file_offset` is not a number of bytes"))
}

/// What an uploaded file is known by. Opaque; may hold line breaks. Belongs to the app it was
/// uploaded to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaHandle(String);

impl MediaHandle {
    /// Reads the answer to the last bytes of an upload. `None`: it names no handle.
    pub fn of(answer: &Value) -> Option<Self> {
        let handle = answer.get("h")?.as_str()?;
        (!handle.is_empty()).then(|| Self(handle.to_owned()))
    }

    /// Returns the handle as it stands in `example.header_handle`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_session_is_sent_as_it_came_or_not_at_all() {
        #[track_caller]
        fn check(text: &str, expected: Option<(&str, Option<&str>)>) {
            let session = text.parse::<UploadSession>().ok();
            let parts = session
                .as_ref()
                .map(|session| (session.path(), session.query()));
            assert_eq!(parts, expected, "{text}");
        }
        check(
            "upload:MTphdHRh+Y2/htZW50==?sig=ARZq%2BGCA_x-y&a=b?c",
            Some((
                "upload:MTphdHRh+Y2/htZW50==",
                Some("sig=ARZq%2BGCA_x-y&a=b?c"),
            )),
        );
        check("upload:MTph", Some(("upload:MTph", None)));
        for text in [
            "",
            "upload:",
            "upload:?sig=1",
            "MTph?sig=1",
            "upload:MT ph?sig=1",
            "upload:MTph?sig=1#x",
            "upload:MTph?sig=\n1",
            "upload:x/../../me?sig=1",
            "upload:MTph?sig=é",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn the_answers_of_an_upload_are_read() {
        let session = UploadSession::of(&json!({"id": "upload:MTph?sig=1"}));
        assert_eq!(
            session.map(|id| id.to_string()).as_deref(),
            Some("upload:MTph?sig=1")
        );
        assert_eq!(UploadSession::of(&json!({"id": "17"})), None);
        let handle = MediaHandle::of(&json!({"h": "4::aW1h:e:1\n4::aW1h:e:2"})).unwrap();
        assert_eq!(handle.as_str(), "4::aW1h:e:1\n4::aW1h:e:2");
        assert_eq!(MediaHandle::of(&json!({"h": ""})), None);
        assert_eq!(MediaHandle::of(&json!({"success": true})), None);
    }

    #[test]
    fn an_offset_is_a_number_of_bytes() {
        let read =
            |offset: Value| serde_json::from_value::<Progress>(json!({"file_offset": offset}));
        assert_eq!(read(json!(42)).unwrap().file_offset, 42);
        assert_eq!(read(json!("42")).unwrap().file_offset, 42);
        assert!(read(json!(-1)).is_err());
        assert!(read(json!(null)).is_err());
        assert!(serde_json::from_value::<Progress>(json!({"id": "upload:x"})).is_err());
    }
}
