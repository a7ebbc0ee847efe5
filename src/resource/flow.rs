//! A flow: a form that a template's button opens. It belongs to a WABA; its name is unique there.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/flows/reference/flowsapi>

use std::collections::BTreeMap;

use serde::Deserialize;

use super::words;
use crate::{
    api::meta::{Page, Read},
    ids::{FlowId, WabaId},
    template::FlowIds,
};

words! {
    /// `status`.
    Status {
        /// Can be edited, and opened by nobody.
        Draft = "DRAFT",
        /// In use; can never be edited back.
        Published = "PUBLISHED",
        /// No longer to be used.
        Deprecated = "DEPRECATED",
        /// Slowed down by Meta: its endpoint does badly.
        Throttled = "THROTTLED",
        /// Stopped by Meta.
        Blocked = "BLOCKED",
    }
}

/// A flow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Flow {
    /// Its id on this WABA.
    pub id: FlowId,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub status: Option<Status>,
    /// The server it asks for data, if it asks one.
    pub endpoint_uri: Option<String>,
}

impl Flow {
    /// The largest page.
    const PAGE: u32 = 100;

    /// Reads all flows of a WABA.
    pub fn list(waba: &WabaId) -> Read<Page<Self>> {
        Read::new(format!("/{waba}/flows"))
            .with("fields", "id,name,status,endpoint_uri")
            .with("limit", Self::PAGE.to_string())
    }

    /// The same without what not every version of the API shows in a list.
    pub fn list_plain(waba: &WabaId) -> Read<Page<Self>> {
        Read::new(format!("/{waba}/flows")).with("limit", Self::PAGE.to_string())
    }

    /// Returns the status's word.
    pub fn status_word(&self) -> &str {
        self.status.as_ref().map_or("unknown", Status::as_str)
    }
}

/// Pairs the flows of two accounts by name.
pub fn pair(source: &BTreeMap<String, Flow>, target: &BTreeMap<String, Flow>) -> FlowIds {
    let pairs = source.iter().filter_map(|(name, flow)| {
        let target = target.get(name)?;
        Some((flow.id.clone(), target.id.clone()))
    });
    FlowIds {
        of_source: pairs.collect(),
        of_name: target
            .iter()
            .map(|(name, flow)| (name.clone(), flow.id.clone()))
            .collect(),
    }
}
