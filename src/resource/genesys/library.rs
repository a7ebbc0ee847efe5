//! A library of canned responses.

use serde::Deserialize;

use super::reference::text;
use crate::{
    api::genesys::{Page, Read},
    ids::LibraryId,
};

/// A library.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Library {
    /// Its id.
    pub id: LibraryId,
    /// Its name.
    #[serde(default, deserialize_with = "text")]
    pub name: String,
}

impl Library {
    /// Reads all that hold at least one WhatsApp template.
    pub fn list() -> Read<Page<Self>> {
        Read::new("/responsemanagement/libraries").with("messagingTemplateFilter", "whatsapp")
    }
}
