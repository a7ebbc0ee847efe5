//! Media of template headers: what was uploaded, known by its handle.
//!
//! A template keeps the handle it was created with; reading it shows a signed link that expires,
//! never the handle (see [`super::links`]). Worlds begin with templates whose media nobody uploaded:
//! small files of the fitting kind stand for it.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/guides/upload>

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ids::AppId;

/// One upload that was finished.
#[derive(Clone, Debug)]
pub struct Media {
    /// The app it was uploaded to: handles belong to an app. Absent for what the world began with.
    pub app: Option<AppId>,
    /// Its type, like `image/png`.
    pub mime: String,
    /// What was uploaded.
    pub bytes: Vec<u8>,
}

impl Media {
    /// Makes up a small file that fits the `format` of a header. A handle that names JPEG gets it.
    fn made_up(format: &str, handle: &str) -> Self {
        let (mime, bytes): (_, &[u8]) = match format {
            "VIDEO" | "GIF" => ("video/mp4", include_bytes!("samples/header.mp4")),
            "DOCUMENT" => ("application/pdf", include_bytes!("samples/header.pdf")),
            // The words are `image/jp` in base64.
            _ if handle.starts_with("4::aW1hZ2UvanB") => {
                ("image/jpeg", include_bytes!("samples/header.jpg"))
            }
            _ => ("image/png", include_bytes!("samples/header.png")),
        };
        Self {
            app: None,
            mime: mime.to_owned(),
            bytes: bytes.to_vec(),
        }
    }
}

/// All media of the world, by handle.
#[derive(Clone, Debug, Default)]
pub struct Library {
    by_handle: BTreeMap<String, Media>,
    /// Handles by the id that links show.
    by_id: BTreeMap<String, String>,
}

impl Library {
    /// Takes in what was uploaded.
    pub fn add(&mut self, handle: String, media: Media) {
        self.by_id.insert(link_id(&handle), handle.clone());
        self.by_handle.insert(handle, media);
    }

    /// Returns what a handle stands for.
    pub fn get(&self, handle: &str) -> Option<&Media> {
        self.by_handle.get(handle)
    }

    /// Returns what a link with that id shows.
    pub fn linked(&self, id: &str) -> Option<&Media> {
        self.get(self.by_id.get(id)?)
    }

    /// Makes up what the headers of a template show and nobody uploaded.
    pub fn make_up(&mut self, components: &mut Value) {
        for (format, handle) in header_handles(components) {
            if self.get(handle).is_none() {
                self.add(handle.clone(), Media::made_up(&format, handle));
            }
        }
    }
}

/// Returns the id under which links show what a handle stands for: 16 digits.
pub fn link_id(handle: &str) -> String {
    let digest = Sha256::digest(handle);
    let number = digest
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    (1_000_000_000_000_000 + number % 9_000_000_000_000_000).to_string()
}

/// Returns the header handles of a template's components, also those of carousel cards, each with
/// the upper-case `format` of its header.
pub fn header_handles(components: &mut Value) -> Vec<(String, &mut String)> {
    let mut found = Vec::new();
    for component in components.as_array_mut().into_iter().flatten() {
        let format = component["format"]
            .as_str()
            .unwrap_or_default()
            .to_uppercase();
        for (key, value) in component.as_object_mut().into_iter().flatten() {
            match key.as_str() {
                "example" => {
                    let handles = value.get_mut("header_handle").map(texts);
                    let handles = handles.into_iter().flatten();
                    found.extend(handles.map(|handle| (format.clone(), handle)));
                }
                "cards" => {
                    let cards = value.as_array_mut().into_iter().flatten();
                    let nested = cards.filter_map(|card| card.get_mut("components"));
                    found.extend(nested.flat_map(header_handles));
                }
                _ => {}
            }
        }
    }
    found
}

fn texts(value: &mut Value) -> Vec<&mut String> {
    let items = match value {
        Value::Array(items) => items.as_mut_slice(),
        single => std::slice::from_mut(single),
    };
    items
        .iter_mut()
        .filter_map(|item| match item {
            Value::String(text) => Some(text),
            _ => None,
        })
        .collect()
}

/// An upload that was begun.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The app it goes to.
    pub app: AppId,
    /// The user who uploads.
    pub user: String,
    /// Its type, as it was announced.
    pub mime: String,
    /// Its length in bytes, as it was announced.
    pub length: usize,
    /// When it was begun.
    pub begun: Timestamp,
    /// What its address is signed with.
    pub signature: String,
    /// What has come so far.
    pub bytes: Vec<u8>,
    /// In how many parts.
    pub parts: usize,
    /// Its handle, once it is complete.
    pub handle: Option<String>,
}

impl Upload {
    /// Returns where the next byte goes.
    pub fn offset(&self) -> usize {
        if self.handle.is_some() {
            self.length
        } else {
            self.bytes.len()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn handles_stand_in_headers_and_cards() {
        let mut components = json!([
            {"type": "HEADER", "format": "image", "example": {"header_handle": ["4::a"]}},
            {"type": "BODY", "text": "x", "example": {"body_text": [["y"]]}},
            {"type": "CAROUSEL", "cards": [
                {"components": [{"type": "HEADER", "format": "VIDEO", "example": {"header_handle": "4::b"}}]},
                {"components": [{"type": "HEADER", "format": "IMAGE", "example": {"header_handle": []}}]},
            ]},
            {"type": "FOOTER"},
        ]);
        let before = components.clone();
        let found: Vec<(String, String)> = header_handles(&mut components)
            .into_iter()
            .map(|(format, handle)| (format, handle.clone()))
            .collect();
        let expected = [("IMAGE", "4::a"), ("VIDEO", "4::b")];
        assert_eq!(
            found,
            expected.map(|(format, handle)| (format.to_owned(), handle.to_owned()))
        );
        assert_eq!(components, before, "looking changes nothing");
    }

    #[test]
    fn made_up_media_fits_its_header() {
        #[track_caller]
        fn check(format: &str, handle: &str, mime: &str, begins: &[u8]) {
            let mut components = json!([{"type": "HEADER", "format": format, "example": {"header_handle": [handle]}}]);
            let mut library = Library::default();
            library.make_up(&mut components);
            let media = library.get(handle).unwrap();
            assert_eq!(media.mime, mime);
            assert!(media.bytes.starts_with(begins), "{format}");
            assert_eq!(library.linked(&link_id(handle)).unwrap().mime, mime);
        }
        check("IMAGE", "4::x", "image/png", b"\x89PNG\r\n\x1a\n");
        check("IMAGE", "4::aW1hZ2UvanBn:A", "image/jpeg", b"\xff\xd8\xff");
        check(
            "IMAGE",
            "4::aW1hZ2UvanBlZw==:A",
            "image/jpeg",
            b"\xff\xd8\xff",
        );
        check("VIDEO", "4::x", "video/mp4", b"\0\0\0\x1cftyp");
        check("DOCUMENT", "4::x", "application/pdf", b"%PDF-");
    }

    #[test]
    fn what_was_uploaded_is_not_made_up() {
        let mut library = Library::default();
        let uploaded = Media {
            app: None,
            mime: "image/png".into(),
            bytes: vec![7],
        };
        library.add("4::x".into(), uploaded);
        let mut components = json!([{"format": "IMAGE", "example": {"header_handle": ["4::x"]}}]);
        library.make_up(&mut components);
        assert_eq!(library.get("4::x").unwrap().bytes, [7]);
    }
}
