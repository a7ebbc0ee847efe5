//! A digital rule set: what outbound campaigns do by themselves, such as choosing an integration.

use serde::Deserialize;

use super::raw::{Changed, Raw};
use crate::{
    api::genesys::{Page, Read},
    ids::{IntegrationId, RuleSetId},
};

/// A rule set, with everything in it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct RuleSet {
    /// Its id.
    pub id: RuleSetId,
    /// Its name.
    pub name: String,
    raw: Raw,
}

/// The settings of the action that chooses an integration, wherever it stands.
const SETTINGS: &str = "setWhatsAppIntegrationActionSettings";

/// What is chosen.
const CHOSEN: &str = "whatsAppIntegrationId";

impl RuleSet {
    /// Reads all of the organization, to look. What is written back is read alone before.
    pub fn list() -> Read<Page<Self>> {
        Read::new(PATH)
    }

    /// Reads one, whole.
    pub fn read(id: &RuleSetId) -> Read<Self> {
        Read::new(format!("{PATH}/{}", id.segment()))
    }

    /// Returns every integration that its rules choose, in the order of its rules.
    pub fn integrations(&self) -> Vec<&str> {
        let found = self.raw.find(SETTINGS, CHOSEN).into_iter();
        found.map(|(_, id)| id).collect()
    }

    /// Returns it with another integration wherever it chooses the old one, whole and with its
    /// version. `None`: it does not choose it.
    pub fn with_integration(&self, old: &str, new: &IntegrationId) -> Option<Changed> {
        let mut found = self.raw.find(SETTINGS, CHOSEN);
        found.retain(|(_, id)| *id == old);
        if found.is_empty() {
            return None;
        }
        let values = found.into_iter().map(|(place, _)| place);
        self.raw
            .with(values.map(|place| (place, new.as_str().into())))
    }

    /// Returns its version.
    pub fn version(&self) -> Option<i64> {
        self.raw.version()
    }
}

const PATH: &str = "/outbound/digitalrulesets";

impl TryFrom<Raw> for RuleSet {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let id = raw.text(&["id"]).and_then(|id| id.parse().ok());
        Ok(Self {
            id: id.ok_or("a rule set without an id that can be used")?,
            name: raw.text(&["name"]).unwrap_or_default().to_owned(),
            raw,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn every_choice_of_the_old_integration_is_replaced_and_no_other() {
        let action = |id: &str| json!({ "type": "x", "setWhatsAppIntegrationActionSettings": { "whatsAppIntegrationId": id } });
        let whole = json!({ "id": "s", "name": "Rules", "version": 2, "rules": [
            { "actions": [action("old"), action("other"), { "type": "y", "whatsAppIntegrationId": "old" }] },
            { "actions": [], "deeper": { "any": [action("old")] } } ],
            "setContentTemplateActionSettings": { "whatsAppContentTemplateId": "old" } });
        let seen: RuleSet = serde_json::from_value(whole.clone()).unwrap();
        assert_eq!(seen.integrations(), ["old", "other", "old"]);
        let changed = seen
            .with_integration("old", &"new".parse().unwrap())
            .unwrap();
        insta::assert_snapshot!(changed.paths().join("\n"), @r"
        rules[0].actions[0].setWhatsAppIntegrationActionSettings.whatsAppIntegrationId
        rules[1].deeper.any[0].setWhatsAppIntegrationActionSettings.whatsAppIntegrationId
        ");
        let mut expected = whole;
        expected["rules"][0]["actions"][0] = action("new");
        expected["rules"][1]["deeper"]["any"][0] = action("new");
        assert_eq!(Value::Object(changed.object), expected);
        assert_eq!(seen.with_integration("none", &"new".parse().unwrap()), None);
        assert_eq!(seen.version(), Some(2));
    }

    #[test]
    fn odd_settings_choose_nothing() {
        let odd = json!({ "id": "s", "rules": [{ "setWhatsAppIntegrationActionSettings": null },
            { "setWhatsAppIntegrationActionSettings": { "whatsAppIntegrationId": 7 } },
            { "setWhatsAppIntegrationActionSettings": ["old"] }] });
        let seen: RuleSet = serde_json::from_value(odd).unwrap();
        assert!(seen.integrations().is_empty());
        assert!(serde_json::from_value::<RuleSet>(json!({ "name": "x" })).is_err());
    }
}
