//! Templates as the plan's files define them, right by construction.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::{finding::Span, ids::TemplateKey, template::Content};

/// A template as a file of the plan defines it.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Its name and language.
    pub key: TemplateKey,
    /// The file, as people know it.
    pub file: String,
    /// AUTHENTICATION, MARKETING or UTILITY.
    pub category: String,
    /// What else is sent besides components, in the API's words.
    pub fields: Map<String, Value>,
    /// The components as they are sent; a medium stands as the path that the file names.
    pub components: Vec<Value>,
    /// The media of its headers.
    pub media: Vec<Media>,
    /// Where its name stands.
    pub span: Span,
}

/// A local file that is the sample of a media header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Where its handle belongs: a JSON pointer into the components.
    pub pointer: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it is called.
    pub file_name: String,
    /// Its type, by its content.
    pub mime: &'static str,
    /// How many bytes it has.
    pub length: u64,
    /// The digest of its content.
    pub sha256: [u8; 32],
}

impl Definition {
    /// Returns what it says, in the form it is compared by.
    pub fn content(&self) -> Content {
        Content::read(&self.category, &self.components)
    }

    /// Returns how long a message may wait for its recipient, in seconds, where the file says so.
    pub fn send_ttl(&self) -> Option<i64> {
        self.fields.get("message_send_ttl_seconds")?.as_i64()
    }
}
