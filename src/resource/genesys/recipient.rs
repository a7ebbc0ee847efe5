//! What routes the messages of an integration: to a flow, or to nobody.
//!
//! The platform makes and removes it together with its integration. What administrators know as a
//! message route is nothing else than the flow of a recipient.

use serde::Deserialize;

use super::reference::{Ref, optional, text};
use crate::{
    api::genesys::{Page, Read},
    ids::{ArchitectFlowId, RecipientId},
};

/// A recipient.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recipient {
    /// Its id; often, but not always, that of its integration.
    pub id: RecipientId,
    /// Its name.
    #[serde(default, deserialize_with = "text")]
    pub name: String,
    /// Where messages go.
    #[serde(default, deserialize_with = "optional")]
    pub flow: Option<Ref<ArchitectFlowId>>,
    /// `whatsapp`, `open` and others.
    pub messenger_type: Option<String>,
}

impl Recipient {
    /// Reads those of all WhatsApp integrations.
    pub fn list() -> Read<Page<Self>> {
        Read::new(PATH).with("messengerType", "whatsapp")
    }

    /// Reads one.
    pub fn read(id: &RecipientId) -> Read<Self> {
        Read::new(format!("{PATH}/{}", id.segment()))
    }

    /// Returns whether messages go to this flow.
    pub fn leads_to(&self, flow: &ArchitectFlowId) -> bool {
        self.flow.as_ref().is_some_and(|known| known.id == *flow)
    }
}

const PATH: &str = "/routing/message/recipients";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_leads_to_a_flow_or_to_nobody() {
        let recorded = r#"{ "id": "34071108-1569-4cb0-9137-a326b8a9e815", "name": "TEST",
            "flow": { "id": "900fa1cb", "name": "Inbound", "active": false, "system": false, "deleted": false,
                      "selfUri": "/api/v2/flows/900fa1cb" },
            "dateCreated": "2021-04-08T03:12:07.888Z", "dateModified": "2021-04-08T03:12:07.888Z",
            "createdBy": { "id": "u" }, "modifiedBy": { "id": "u" },
            "messengerType": "open", "selfUri": "/api/v2/routing/message/recipients/34071108" }"#;
        let seen: Recipient = serde_json::from_str(recorded).unwrap();
        assert!(seen.leads_to(&"900fa1cb".parse().unwrap()));
        assert!(!seen.leads_to(&"900fa1cc".parse().unwrap()));
        for nobody in [
            r#"{"id":"r"}"#,
            r#"{"id":"r","flow":null}"#,
            r#"{"id":"r","flow":{},"name":null}"#,
        ] {
            let seen: Recipient = serde_json::from_str(nobody).unwrap();
            assert_eq!(seen.flow, None);
        }
        for odd in [
            "{}",
            r#"{"id":"r","flow":"f"}"#,
            r#"{"id":"r","flow":{"id":9}}"#,
        ] {
            assert!(serde_json::from_str::<Recipient>(odd).is_err());
        }
    }
}
