//! A messaging campaign: messages that go out by themselves, from an integration's number.

use serde::Deserialize;

use super::raw::{Changed, Place, Raw};
use crate::{
    api::genesys::{Page, Read},
    ids::{CampaignId, IntegrationId},
    resource::words,
};

words! {
    /// `campaignStatus`.
    CampaignStatus {
        /// Sends.
        On = "on",
        /// Sends what has begun, and nothing new.
        Stopping = "stopping",
        /// Sends nothing.
        Off = "off",
        /// Has sent everything.
        Complete = "complete",
        /// Cannot send: something in it is missing.
        Invalid = "invalid",
        /// Was switched off by the platform.
        ForcedOff = "forced_off",
        /// Is being switched off by the platform.
        ForcedStopping = "forced_stopping",
    }
}

/// A campaign, with everything in it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// Whether it sends.
    pub status: Option<CampaignStatus>,
    raw: Raw,
}

/// Where the integration stands from whose number it sends.
const INTEGRATION: [&str; 3] = ["whatsAppConfig", "whatsAppIntegration", "id"];

/// Where the canned response stands that it sends.
const RESPONSE: [&str; 3] = ["whatsAppConfig", "contentTemplate", "id"];

impl Campaign {
    /// Reads all that send WhatsApp messages, to look. What is written back is read alone before.
    pub fn list() -> Read<Page<Self>> {
        Read::new(PATH).with("type", "WHATSAPP")
    }

    /// Reads one, whole.
    pub fn read(id: &CampaignId) -> Read<Self> {
        Read::new(format!("{PATH}/{}", id.segment()))
    }

    /// Returns the integration from whose number it sends.
    pub fn integration(&self) -> Option<&str> {
        self.raw.text(&INTEGRATION)
    }

    /// Returns the canned response that it sends.
    pub fn response(&self) -> Option<&str> {
        self.raw.text(&RESPONSE)
    }

    /// Returns whether it certainly sends nothing, and will not by itself.
    pub fn is_off(&self) -> bool {
        matches!(
            self.status,
            Some(
                CampaignStatus::Off
                    | CampaignStatus::Complete
                    | CampaignStatus::Invalid
                    | CampaignStatus::ForcedOff
            )
        )
    }

    /// Returns whether somebody wants it to send.
    pub fn is_on(&self) -> bool {
        self.status == Some(CampaignStatus::On)
    }

    /// Returns the status's word.
    pub fn status_word(&self) -> &str {
        self.status
            .as_ref()
            .map_or("unknown", CampaignStatus::as_str)
    }

    /// Returns it with another integration, whole and with its version. `None`: it has none that
    /// could be replaced.
    pub fn with_integration(&self, integration: &IntegrationId) -> Option<Changed> {
        self.integration()?;
        let value = integration.as_str().into();
        self.raw.with([(Place::of(&INTEGRATION), value)])
    }

    /// Returns it turned on or off, whole and with its version.
    pub fn with_status(&self, status: &CampaignStatus) -> Option<Changed> {
        let value = status.as_str().into();
        self.raw.with([(Place::of(&["campaignStatus"]), value)])
    }

    /// Returns its version.
    pub fn version(&self) -> Option<i64> {
        self.raw.version()
    }
}

const PATH: &str = "/outbound/messagingcampaigns";

impl TryFrom<Raw> for Campaign {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let id = raw.text(&["id"]).and_then(|id| id.parse().ok());
        let status = raw.text(&["campaignStatus"]).map(str::to_owned);
        Ok(Self {
            id: id.ok_or("a campaign without an id that can be used")?,
            name: raw.text(&["name"]).unwrap_or_default().to_owned(),
            status: status.map(CampaignStatus::from),
            raw,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::field::FieldChange;

    fn campaign(status: &str) -> Value {
        json!({ "id": "c", "name": "Autumn", "version": 4, "campaignStatus": status,
            "messagesPerMinute": 100, "contactList": { "id": "l" },
            "whatsAppConfig": { "whatsAppColumns": ["phone"],
                "whatsAppIntegration": { "id": "old", "selfUri": "/x" },
                "contentTemplate": { "id": "r" } }, "unknown": { "deep": [1.5, null] } })
    }

    fn read(value: Value) -> Campaign {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn only_the_integration_of_a_campaign_is_replaced() {
        let seen = read(campaign("off"));
        assert_eq!(
            (seen.integration(), seen.response()),
            (Some("old"), Some("r"))
        );
        assert_eq!(seen.version(), Some(4));
        let changed = seen.with_integration(&"new".parse().unwrap()).unwrap();
        let path = "whatsAppConfig.whatsAppIntegration.id";
        assert_eq!(changed.fields, [FieldChange::new(path, "old", "new")]);
        let mut expected = campaign("off");
        expected["whatsAppConfig"]["whatsAppIntegration"]["id"] = json!("new");
        assert_eq!(Value::Object(changed.object), expected);
        let none = read(json!({ "id": "c", "whatsAppConfig": { "whatsAppColumns": [] } }));
        assert_eq!(none.with_integration(&"new".parse().unwrap()), None);
    }

    #[test]
    fn only_what_is_certainly_off_is_off() {
        #[track_caller]
        fn check(status: &str, on: bool, off: bool) {
            let seen = read(campaign(status));
            assert_eq!((seen.is_on(), seen.is_off()), (on, off), "{status}");
            assert_eq!(seen.status_word(), status);
        }
        check("on", true, false);
        check("stopping", false, false);
        check("forced_stopping", false, false);
        check("paused", false, false);
        for off in ["off", "complete", "invalid", "forced_off"] {
            check(off, false, true);
        }
        let seen = read(json!({ "id": "c" }));
        assert!(!seen.is_on() && !seen.is_off());
        assert_eq!(seen.status_word(), "unknown");
    }
}
