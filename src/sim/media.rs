//! Media of template headers: what was uploaded, known by its handle.
//!
//! A template keeps the handle it was created with; reading it shows a signed link that expires,
//! never the handle.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/guides/upload>

use std::collections::BTreeMap;

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

/// All media of the world, by handle.
#[derive(Clone, Debug, Default)]
pub struct Library {
    by_handle: BTreeMap<String, Media>,
}

impl Library {
    /// Takes in what was uploaded.
    pub fn add(&mut self, handle: String, media: Media) {
        self.by_handle.insert(handle, media);
    }

    /// Returns what a handle stands for.
    pub fn get(&self, handle: &str) -> Option<&Media> {
        self.by_handle.get(handle)
    }
}
