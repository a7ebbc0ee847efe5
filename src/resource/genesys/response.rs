//! A canned response. One of type *messaging template* stands for a WhatsApp template in one language,
//! by its name.

use serde::Deserialize;
use serde_json::Value;

use super::raw::{Changed, Place, Raw};
use crate::{
    api::genesys::{Page, Read},
    ids::{IntegrationId, LibraryId, ResponseId, TemplateKey},
};

/// A canned response, with everything in it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Response {
    /// Its id.
    pub id: ResponseId,
    /// Its name.
    pub name: String,
    raw: Raw,
}

/// The WhatsApp template that a response stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WhatsAppTemplate<'a> {
    /// The template's name.
    pub name: &'a str,
    /// Its language, as Meta writes it.
    pub language: &'a str,
    /// The namespace of the account that it belongs to. Newer ones have none.
    pub namespace: Option<&'a str>,
    /// The integration that sends it; only carousels name one.
    pub integration: Option<&'a str>,
}

impl WhatsAppTemplate<'_> {
    /// Returns the template's key on every account.
    pub fn key(&self) -> TemplateKey {
        TemplateKey::new(self.name, self.language)
    }
}

/// Where the template stands.
const TEMPLATE: [&str; 2] = ["messagingTemplate", "whatsApp"];

fn in_template(name: &'static str) -> [&'static str; 3] {
    [TEMPLATE[0], TEMPLATE[1], name]
}

impl Response {
    /// Reads those of a library, to look. What is written back is read alone before.
    pub fn list(library: &LibraryId) -> Read<Page<Self>> {
        Read::new(PATH).with("libraryId", library.as_str())
    }

    /// Reads one, whole.
    pub fn read(id: &ResponseId) -> Read<Self> {
        Read::new(format!("{PATH}/{}", id.segment()))
    }

    /// Returns the WhatsApp template that it stands for, if it stands for one.
    pub fn template(&self) -> Option<WhatsAppTemplate<'_>> {
        let text = |name| self.raw.text(&in_template(name));
        Some(WhatsAppTemplate {
            name: text("name")?,
            language: text("language")?,
            namespace: text("namespace").filter(|namespace| !namespace.is_empty()),
            integration: text("integrationId"),
        })
    }

    /// Returns the ids of the libraries that hold it.
    pub fn libraries(&self) -> Vec<&str> {
        let libraries = self.raw.object().get("libraries").and_then(Value::as_array);
        let ids = libraries.into_iter().flatten();
        ids.filter_map(|library| library.get("id")?.as_str())
            .collect()
    }

    /// Returns the libraries that hold it, by name where they show one.
    pub fn library_names(&self) -> Vec<&str> {
        let libraries = self.raw.object().get("libraries").and_then(Value::as_array);
        let words = libraries.into_iter().flatten().filter_map(|library| {
            let words = ["name", "id"].map(|key| library.get(key)?.as_str());
            let mut words = words.into_iter().flatten();
            words.find(|word| !word.is_empty())
        });
        words.collect()
    }

    /// Returns it with another namespace, and another integration where it names the old one, whole
    /// and with its version. `None`: it stands for no template, or would not change.
    pub fn repointed(
        &self,
        namespace: Option<&str>,
        integration: Option<(&str, &IntegrationId)>,
    ) -> Option<Changed> {
        let template = self.template()?;
        let namespace = namespace.filter(|_| template.namespace.is_some());
        let integration = integration
            .filter(|(old, _)| template.integration == Some(old))
            .map(|(_, new)| new.as_str());
        let values = [("namespace", namespace), ("integrationId", integration)];
        let values = values
            .into_iter()
            .filter_map(|(name, value)| Some((Place::of(&in_template(name)), value?.into())));
        let changed = self.raw.with(values)?;
        (!changed.fields.is_empty()).then_some(changed)
    }

    /// Returns its version.
    pub fn version(&self) -> Option<i64> {
        self.raw.version()
    }
}

const PATH: &str = "/responsemanagement/responses";

impl TryFrom<Raw> for Response {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let id = raw.text(&["id"]).and_then(|id| id.parse().ok());
        Ok(Self {
            id: id.ok_or("a response without an id that can be used")?,
            name: raw.text(&["name"]).unwrap_or_default().to_owned(),
            raw,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::field::FieldChange;

    fn whole() -> Value {
        json!({ "id": "r", "name": "order_update (de)", "version": 3,
            "libraries": [ { "id": "l", "name": "Templates", "selfUri": "/api/v2/responsemanagement/libraries/l" } ],
            "texts": [ { "content": "Hello {{Name}}", "contentType": "text/plain", "type": "body" } ],
            "substitutions": [ { "id": "Name", "description": "…", "defaultValue": "…" } ],
            "responseType": "MessagingTemplate",
            "messagingTemplate": { "whatsApp": { "name": "order_update", "namespace": "old-ns", "language": "de",
                "buttons": [{ "type": "Url", "content": "x" }], "header": { "type": "Image" },
                "messageFooter": { "type": "Text" }, "unknown": 1.25 } },
            "createdBy": { "id": "u" }, "dateCreated": "2023-07-25T07:30:10.449Z",
            "selfUri": "/api/v2/responsemanagement/responses/r" })
    }

    fn read(value: Value) -> Response {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_response_stands_for_a_template() {
        let seen = read(whole());
        let template = seen.template().unwrap();
        assert_eq!(template.key().to_string(), "order_update/de");
        assert_eq!(template.namespace, Some("old-ns"));
        assert_eq!((seen.libraries(), seen.version()), (vec!["l"], Some(3)));
        assert_eq!(seen.library_names(), ["Templates"]);
        let bare =
            json!({ "id": "r", "libraries": [{ "id": "a", "name": "" }, { "id": "b" }, "x"] });
        assert_eq!(read(bare).library_names(), ["a", "b"]);
        for other in [
            json!({ "id": "r" }),
            json!({ "id": "r", "messagingTemplate": null }),
            json!({ "id": "r", "messagingTemplate": { "whatsApp": { "name": "x" } } }),
            json!({ "id": "r", "messagingTemplate": { "whatsApp": { "name": 1, "language": "de" } } }),
            json!({ "id": "r", "libraries": "x", "messagingTemplate": [] }),
        ] {
            let seen = read(other);
            assert_eq!((seen.template(), seen.libraries().len()), (None, 0));
            assert_eq!(seen.library_names(), Vec::<&str>::new());
            assert_eq!(seen.repointed(Some("new"), None), None);
        }
    }

    #[test]
    fn only_the_namespace_is_replaced_and_everything_else_goes_back() {
        let changed = read(whole()).repointed(Some("new-ns"), None).unwrap();
        let path = "messagingTemplate.whatsApp.namespace";
        assert_eq!(changed.fields, [FieldChange::new(path, "old-ns", "new-ns")]);
        let mut expected = whole();
        expected["messagingTemplate"]["whatsApp"]["namespace"] = json!("new-ns");
        assert_eq!(Value::Object(changed.object), expected);
        assert_eq!(read(whole()).repointed(Some("old-ns"), None), None);
    }

    #[test]
    fn what_names_no_namespace_and_no_integration_is_left_alone() {
        let new = "new".parse().unwrap();
        for namespace in [json!(null), json!("")] {
            let mut value = whole();
            value["messagingTemplate"]["whatsApp"]["namespace"] = namespace;
            assert_eq!(
                read(value).repointed(Some("new-ns"), Some(("old", &new))),
                None
            );
        }
        let mut carousel = whole();
        carousel["messagingTemplate"]["whatsApp"]["integrationId"] = json!("old");
        let seen = read(carousel);
        assert_eq!(seen.repointed(None, Some(("other", &new))), None);
        let changed = seen.repointed(Some("new-ns"), Some(("old", &new))).unwrap();
        let paths = [
            "messagingTemplate.whatsApp.namespace",
            "messagingTemplate.whatsApp.integrationId",
        ];
        assert_eq!(changed.paths(), paths);
    }
}
