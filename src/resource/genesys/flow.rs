//! A flow of Genesys Cloud's Architect: what becomes of a message that comes in. Not one of Meta's.

use serde::Deserialize;
use serde_json::Value;

use super::reference::text;
use crate::{
    api::genesys::{Page, Read},
    ids::ArchitectFlowId,
    resource::words,
};

words! {
    /// `type`.
    FlowType {
        /// Takes messages: the only one that a number can lead to.
        InboundMessage = "INBOUNDSHORTMESSAGE",
    }
}

/// A flow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// Its id.
    pub id: ArchitectFlowId,
    /// Its name.
    #[serde(default, deserialize_with = "text")]
    pub name: String,
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: Option<FlowType>,
    /// Whether it was deleted.
    pub deleted: Option<bool>,
    /// Its published version, if it has one.
    published_version: Option<Value>,
}

impl Flow {
    /// Reads the message flows with a name. The API may also show others whose names are alike.
    pub fn named(name: &str) -> Read<Page<Self>> {
        Read::new(PATH)
            .with("type", "inboundshortmessage")
            .with("name", name)
            .with("deleted", "false")
    }

    /// Reads one.
    pub fn read(id: &ArchitectFlowId) -> Read<Self> {
        Read::new(format!("{PATH}/{}", id.segment()))
    }

    /// Returns those of a list that really have a name.
    pub fn find<'a>(flows: &'a [Self], name: &str) -> Vec<&'a Self> {
        let flows = flows.iter();
        flows.filter(|flow| flow.name == name).collect()
    }

    /// Returns whether it was published.
    pub fn is_published(&self) -> bool {
        self.published_version
            .as_ref()
            .is_some_and(|version| !version.is_null())
    }

    /// Returns what keeps a number from leading to it.
    pub fn objection(&self) -> Option<String> {
        match &self.kind {
            _ if self.deleted == Some(true) => Some("it was deleted".to_owned()),
            Some(kind) if *kind != FlowType::InboundMessage => {
                Some(format!("it is of type {kind} and takes no messages"))
            }
            _ if !self.is_published() => Some("it was never published".to_owned()),
            _ => None,
        }
    }
}

const PATH: &str = "/flows";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_published_message_flow_can_be_led_to() {
        #[track_caller]
        fn check(value: Value, expected: Option<&str>) {
            let flow: Flow = serde_json::from_value(value).unwrap();
            assert_eq!(flow.objection().as_deref(), expected);
        }
        let version = json!({ "id": "3.0" });
        check(
            json!({ "id": "f", "name": "Inbound", "type": "INBOUNDSHORTMESSAGE", "active": true, "system": false,
                "deleted": false, "publishedVersion": version, "division": { "id": "d" } }),
            None,
        );
        check(
            json!({ "id": "f", "type": "inboundshortmessage", "publishedVersion": version }),
            None,
        );
        check(
            json!({ "id": "f", "type": "INBOUNDCALL", "publishedVersion": version }),
            Some("it is of type INBOUNDCALL and takes no messages"),
        );
        check(
            json!({ "id": "f", "publishedVersion": version, "deleted": true }),
            Some("it was deleted"),
        );
        check(
            json!({ "id": "f", "publishedVersion": null }),
            Some("it was never published"),
        );
    }

    #[test]
    fn a_flow_is_found_by_its_whole_name() {
        let flow =
            |name: &str| serde_json::from_value(json!({ "id": name, "name": name })).unwrap();
        let flows: [Flow; 3] = [flow("Inbound"), flow("Inbound 2"), flow("inbound")];
        assert_eq!(Flow::find(&flows, "Inbound"), [&flows[0]]);
        assert!(Flow::find(&flows, "In*").is_empty());
    }
}
