//! Which organization an OAuth client works in, and whether it can use WhatsApp.
//!
//! These reads need no permission.

use serde::Deserialize;

use crate::api::genesys::Read;

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Organization {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
}

/// What a token is for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TokenOf {
    /// The organization it works in.
    pub organization: Option<Organization>,
    /// The OAuth client it was given to.
    #[serde(rename = "OAuthClient")]
    pub client: Option<Client>,
}

/// An OAuth client.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Client {
    /// Its name.
    pub name: Option<String>,
}

/// What an organization has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Products {
    entities: Option<Vec<Product>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Product {
    id: Option<String>,
}

/// Either of these lets an organization use WhatsApp.
const WHATSAPP: [&str; 2] = ["messagingWhatsapp", "messagingPlatformWhatsApp"];

impl TokenOf {
    /// Reads what the connection's token is for.
    pub fn me() -> Read<Self> {
        Read::new("/tokens/me")
    }
}

impl Organization {
    /// Reads the connection's organization.
    pub fn me() -> Read<Self> {
        Read::new("/organizations/me")
    }
}

impl Products {
    /// Reads what the connection's organization has.
    pub fn read() -> Read<Self> {
        Read::new("/authorization/products")
    }

    /// Returns whether WhatsApp is among it. `None`: the answer lists nothing.
    pub fn has_whatsapp(&self) -> Option<bool> {
        let products = self.entities.as_ref().filter(|all| !all.is_empty())?;
        let mut ids = products.iter().filter_map(|product| product.id.as_deref());
        Some(ids.any(|id| WHATSAPP.iter().any(|known| id.eq_ignore_ascii_case(known))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_organization_and_client() {
        let body = r#"{ "organization": { "id": "o", "name": "Acme" }, "homeOrganization": { "id": "o" },
            "authorizedScope": [], "clonedUser": null, "OAuthClient": { "id": "c", "name": "migration", "organization": {} } }"#;
        let token: TokenOf = serde_json::from_str(body).unwrap();
        let organization = token.organization.unwrap();
        assert_eq!(
            (&*organization.id, organization.name.as_deref()),
            ("o", Some("Acme"))
        );
        assert_eq!(token.client.unwrap().name.as_deref(), Some("migration"));
        assert!(serde_json::from_str::<TokenOf>("{}").is_ok());
        assert!(serde_json::from_str::<Organization>("{}").is_err());
    }

    #[test]
    fn whatsapp_has_two_names_and_what_lists_nothing_says_nothing() {
        #[track_caller]
        fn check(body: &str, expected: Option<bool>) {
            let products: Products = serde_json::from_str(body).unwrap();
            assert_eq!(products.has_whatsapp(), expected, "{body}");
        }
        check(
            r#"{"entities":[{"id":"voice"},{"id":"messagingPlatformWhatsApp"}]}"#,
            Some(true),
        );
        check(
            r#"{"entities":[{"id":"messagingWhatsapp"}],"total":1}"#,
            Some(true),
        );
        check(r#"{"entities":[{"id":"voice"},{}]}"#, Some(false));
        check(r#"{"entities":[]}"#, None);
        check("{}", None);
    }
}
