//! What the API says about an access token.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/debug_token>

use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    api::meta::Read,
    ids::{AppId, WabaId},
    secret::Secret,
};

/// `GET /debug_token` wraps its answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Wrapped {
    /// The answer.
    pub data: Token,
}

/// A token, as seen by `debug_token`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Token {
    /// The app that issued it.
    pub app_id: Option<AppId>,
    /// Whether it works.
    pub is_valid: Option<bool>,
    /// `SYSTEM_USER`, `USER` and others.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Epoch seconds; 0 is never.
    pub expires_at: Option<i64>,
    /// When it shows no data any more; independent of `expires_at`. Epoch seconds; 0 is never.
    pub data_access_expires_at: Option<i64>,
    /// The permissions it holds.
    pub scopes: Option<Vec<String>>,
    /// The permissions with the WABAs they are limited to.
    pub granular_scopes: Option<Vec<GranularScope>>,
}

/// A permission and what it is limited to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct GranularScope {
    /// The permission.
    pub scope: String,
    /// The WABAs; missing means all the user can reach.
    pub target_ids: Option<Vec<String>>,
}

impl Token {
    /// Asks about a token.
    pub fn read(token: &Secret) -> Read<Wrapped> {
        Read::new("/debug_token").with("input_token", token.clone())
    }

    /// Returns when it ends to be of use, by whichever end comes first. `None`: never, or not shown.
    pub fn ends(&self) -> Option<Timestamp> {
        let ends = [self.expires_at, self.data_access_expires_at];
        let moments = ends.into_iter().flatten().filter(|second| *second > 0);
        moments
            .filter_map(|second| Timestamp::from_second(second).ok())
            .min()
    }

    /// Shows what it may do: the accounts a permission is limited to, else all permissions.
    pub fn shown_scope(&self, permission: &str) -> String {
        let mut granular = self.granular_scopes.iter().flatten();
        let limited = granular.find(|scope| scope.scope == permission);
        match limited.and_then(|scope| scope.target_ids.as_ref()) {
            Some(targets) => format!("{permission} for {}", targets.join(", ")),
            None => format!(
                "scopes: {}",
                self.scopes.as_deref().unwrap_or_default().join(", ")
            ),
        }
    }

    /// Shows when it ends, in the API's words.
    pub fn shown_end(&self) -> String {
        let shown = |moment: Option<i64>| moment.map_or("-".to_owned(), |end| end.to_string());
        format!(
            "expires_at: {}, data_access_expires_at: {}",
            shown(self.expires_at),
            shown(self.data_access_expires_at)
        )
    }

    /// Returns whether it holds a permission for a WABA. `None`: it does not say.
    pub fn reaches(&self, permission: &str, waba: &WabaId) -> Option<bool> {
        let held = self
            .scopes
            .as_ref()
            .map(|scopes| scopes.iter().any(|scope| scope == permission));
        if held == Some(false) {
            return held;
        }
        let granular = self.granular_scopes.as_deref().unwrap_or_default();
        if let Some(scope) = granular.iter().find(|scope| scope.scope == permission)
            && let Some(targets) = &scope.target_ids
        {
            return Some(targets.iter().any(|target| target == waba.as_str()));
        }
        if granular.iter().any(|scope| scope.scope == permission) {
            Some(true)
        } else {
            held
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_may_be_limited_to_some_wabas() {
        let token: Wrapped = serde_json::from_str(
            r#"{"data":{"app_id":"670843887433847","expires_at":0,"is_valid":true,
                "scopes":["whatsapp_business_management","whatsapp_business_messaging","public_profile"],
                "granular_scopes":[{"scope":"whatsapp_business_management","target_ids":["524126980791429"]},
                                   {"scope":"whatsapp_business_messaging"}]}}"#,
        )
        .unwrap();
        let check =
            |permission: &str, waba: &str| token.data.reaches(permission, &waba.parse().unwrap());
        assert_eq!(
            check("whatsapp_business_management", "524126980791429"),
            Some(true)
        );
        assert_eq!(check("whatsapp_business_management", "1"), Some(false));
        assert_eq!(check("whatsapp_business_messaging", "1"), Some(true));
        assert_eq!(check("business_management", "1"), Some(false));
    }
}
