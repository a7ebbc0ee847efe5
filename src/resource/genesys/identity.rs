//! Whether, and in which division, an integration looks for the contacts behind numbers.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::raw::Raw;
use crate::{api::genesys::Read, ids::IntegrationId};

/// What belongs to the integration it was read from, and not to another one.
const OWN: [&str; 3] = ["id", "selfUri", "name"];

/// The setting, with everything in it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct IdentityResolution(Raw);

impl IdentityResolution {
    /// Reads that of an integration.
    pub fn read(id: &IntegrationId) -> Read<Self> {
        Read::new(format!(
            "/conversations/messaging/identityresolution/integrations/whatsapp/{}",
            id.segment()
        ))
    }

    /// Returns whether contacts are looked for.
    pub fn resolves(&self) -> Option<bool> {
        self.0.object().get("resolveIdentities")?.as_bool()
    }

    /// Returns what another integration has to be given to do the same. `None`: the answer does not
    /// say whether contacts are looked for, without which nothing can be set.
    pub fn settings(&self) -> Option<Map<String, Value>> {
        self.resolves()?;
        let mut settings = self.0.object().clone();
        settings.retain(|name, _| !OWN.contains(&name.as_str()));
        if let Some(Value::Object(division)) = settings.get_mut("division") {
            division.retain(|name, _| name == "id");
        }
        Some(settings)
    }

    /// Returns whether another integration does the same.
    pub fn is_like(&self, other: &Self) -> bool {
        self.settings() == other.settings()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> IdentityResolution {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn all_but_what_is_its_own_is_taken_over() {
        let old = read(
            json!({ "id": "9a0c", "resolveIdentities": true, "newer": { "a": 1 },
            "division": { "id": "d", "name": "Home", "selfUri": "/x" }, "selfUri": "/y" }),
        );
        let settings =
            json!({ "resolveIdentities": true, "newer": { "a": 1 }, "division": { "id": "d" } });
        assert_eq!(old.settings().map(Value::Object), Some(settings.clone()));
        assert!(old.is_like(&read(settings)));
        assert!(!old.is_like(&read(json!({ "resolveIdentities": false }))));
    }

    #[test]
    fn what_says_nothing_sets_nothing() {
        for odd in [
            json!({}),
            json!({ "resolveIdentities": null }),
            json!({ "resolveIdentities": "yes" }),
        ] {
            assert_eq!(read(odd).settings(), None);
        }
        assert!(serde_json::from_value::<IdentityResolution>(json!([])).is_err());
    }
}
