//! A WhatsApp integration: a number of a WhatsApp Business Account, as Genesys Cloud uses it.
//!
//! It is created by the signup popup and activated with a number's PIN. A number that is taken up
//! again gets a new one.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use super::reference::{Ref, optional, text};
use crate::{
    api::genesys::{ApiError, Page, Read},
    ids::{IntegrationId, MessagingSettingId, RecipientId, SupportedContentId},
    phone::Phone,
    resource::words,
};

words! {
    /// `status`: where it stands in its life.
    IntegrationStatus {
        /// Sends and receives.
        Active = "Active",
        /// Does neither.
        Inactive = "Inactive",
        /// Something is wrong with it.
        Error = "Error",
        /// Is being activated.
        Starting = "Starting",
        /// Something is missing, like its number.
        Incomplete = "Incomplete",
        /// Is being deleted.
        Deleting = "Deleting",
        /// Could not be deleted; that can be tried again.
        DeletionFailed = "DeletionFailed",
        /// Could not be created or activated.
        Failed = "Failed",
    }
}

words! {
    /// `createStatus`: how far its creation is.
    CreateStatus {
        /// It has begun.
        Initiated = "Initiated",
        /// It is over, and a number can be chosen.
        Completed = "Completed",
        /// It failed.
        Error = "Error",
    }
}

/// A WhatsApp integration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    /// Its id.
    pub id: IntegrationId,
    /// Its name. Nothing says that it is unique.
    #[serde(default, deserialize_with = "text")]
    pub name: String,
    /// Its number, in any spelling. Before one is chosen there is none.
    pub phone_number: Option<String>,
    /// Where it stands.
    pub status: Option<IntegrationStatus>,
    /// How far its creation is.
    pub create_status: Option<CreateStatus>,
    /// Why it was not created.
    pub create_error: Option<ApiError>,
    /// The numbers of its account that can be chosen.
    #[serde(default, deserialize_with = "entities")]
    pub available_phone_numbers: Vec<AvailableNumber>,
    /// What came of its activation.
    pub activation_status_code: Option<String>,
    /// Why it was not activated.
    pub activation_error_info: Option<ApiError>,
    /// The WhatsApp Business Account. Older ones may not show it.
    #[serde(rename = "whatsAppBusinessAccountId")]
    pub waba: Option<String>,
    /// What its messages are routed by. It may come with the activation only.
    #[serde(default, deserialize_with = "optional")]
    pub recipient: Option<Ref<RecipientId>>,
    /// What media it takes and sends.
    #[serde(default, deserialize_with = "optional")]
    pub supported_content: Option<Ref<SupportedContentId>>,
    /// How it behaves.
    #[serde(default, deserialize_with = "optional")]
    pub messaging_setting: Option<Ref<MessagingSettingId>>,
    /// When it was created.
    pub date_created: Option<Timestamp>,
    /// Counts its changes. It locks nothing: no request takes it.
    pub version: Option<i64>,
}

/// A number that can be chosen for an integration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AvailableNumber {
    /// The name people see.
    pub name: Option<String>,
    /// The number, in any spelling.
    pub phone_number: Option<String>,
    /// Its status, in words that nobody lists.
    pub status: Option<String>,
}

/// `availablePhoneNumbers` is a list in an object.
fn entities<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AvailableNumber>, D::Error> {
    let mut listed = Value::deserialize(deserializer)?;
    let entities = match &mut listed {
        Value::Null => return Ok(Vec::new()),
        Value::Object(listed) => listed.remove("entities").unwrap_or_default(),
        _ => return Err(D::Error::custom("availablePhoneNumbers is an object")),
    };
    let entities = Option::<Vec<_>>::deserialize(entities).map_err(D::Error::custom)?;
    Ok(entities.unwrap_or_default())
}

impl Integration {
    /// Reads all of the organization.
    pub fn list() -> Read<Page<Self>> {
        Read::new(PATH)
    }

    /// Reads one.
    pub fn read(id: &IntegrationId) -> Read<Self> {
        Read::new(format!("{PATH}/{}", id.segment()))
    }

    /// Returns whether this is the integration of a number.
    pub fn claims(&self, phone: &Phone) -> bool {
        self.phone_number
            .as_deref()
            .is_some_and(|shown| shows(shown, phone))
    }

    /// Returns whether a number can be chosen for it.
    pub fn offers(&self, phone: &Phone) -> bool {
        let offered = self.available_phone_numbers.iter();
        let mut offered = offered.filter_map(|number| number.phone_number.as_deref());
        offered.any(|shown| shows(shown, phone))
    }

    /// Returns whether it shows any number that can be chosen for it.
    pub fn offers_any(&self) -> bool {
        let mut offered = self.available_phone_numbers.iter();
        offered.any(|number| {
            let digits = number.phone_number.as_deref().unwrap_or_default();
            digits.bytes().any(|byte| byte.is_ascii_digit())
        })
    }

    /// Returns whether it sends and receives.
    pub fn is_active(&self) -> bool {
        self.status == Some(IntegrationStatus::Active)
    }

    /// Returns the status's word.
    pub fn status_word(&self) -> &str {
        self.status
            .as_ref()
            .map_or("unknown", IntegrationStatus::as_str)
    }

    /// Returns why it will not become active by itself, in the API's words, if it will not. They may
    /// quote a secret.
    pub fn trouble(&self) -> Option<String> {
        let error = self.activation_error_info.as_ref();
        let is_stuck = matches!(
            self.status,
            Some(
                IntegrationStatus::Error
                    | IntegrationStatus::Failed
                    | IntegrationStatus::DeletionFailed
            )
        );
        match (error, &self.create_error) {
            _ if self.is_active() => None,
            (Some(error), _) | (None, Some(error)) => Some(error.to_string()),
            _ if self.create_status == Some(CreateStatus::Error) => {
                Some("its creation failed".to_owned())
            }
            _ if is_stuck => Some(format!("its status is {}", self.status_word())),
            _ => None,
        }
    }
}

const PATH: &str = "/conversations/messaging/integrations/whatsapp";

/// Tells whether a text shows a number: by its digits, whatever stands around them, and also where an
/// account keeps an older spelling.
fn shows(shown: &str, phone: &Phone) -> bool {
    let number = shown.split(';').next().unwrap_or(shown).replace("(0)", "");
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    let others = phone.other_spellings();
    [phone]
        .into_iter()
        .chain(&others)
        .any(|phone| phone.is_shown_as(digits))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Integration {
        serde_json::from_value(value).unwrap()
    }

    fn active() -> Value {
        json!({ "id": "9a0c", "name": "WA Support DE", "version": 1,
            "status": "Active", "createStatus": "Completed", "phoneNumber": "+4930123456",
            "availablePhoneNumbers": { "entities": [
                { "name": "Example GmbH", "phoneNumber": "+49 30 123456", "status": "CONNECTED" } ] },
            "whatsAppBusinessAccountId": "102290129340398",
            "recipient": { "id": "9a0c", "name": "WA Support DE", "selfUri": "/api/v2/routing/message/recipients/9a0c" },
            "supportedContent": { "id": "webMessagingDefault", "selfUri": "/api/v2/conversations/messaging/supportedcontent/x" },
            "messagingSetting": { "id": "m", "selfUri": "/api/v2/conversations/messaging/settings/m" },
            "dateCreated": "2026-11-01T10:00:00.000Z", "dateModified": "2026-11-01T10:00:12.000Z",
            "createdBy": { "id": "u", "selfUri": "/api/v2/users/u" },
            "selfUri": "/api/v2/conversations/messaging/integrations/whatsapp/9a0c", "newer": [1] })
    }

    #[test]
    fn an_active_integration_shows_everything() {
        let seen = read(active());
        assert!(seen.is_active() && seen.trouble().is_none());
        assert_eq!(seen.waba.as_deref(), Some("102290129340398"));
        let recipient = seen.recipient.unwrap();
        assert_eq!(
            (recipient.id.as_str(), recipient.name.as_deref()),
            ("9a0c", Some("WA Support DE"))
        );
        assert_eq!(
            seen.supported_content.unwrap().id.as_str(),
            "webMessagingDefault"
        );
        assert_eq!(
            seen.date_created.unwrap().to_string(),
            "2026-11-01T10:00:00Z"
        );
    }

    #[test]
    fn what_is_not_shown_is_not_made_up() {
        let seen = read(json!({ "id": "9a0c" }));
        assert_eq!((seen.status_word(), seen.is_active()), ("unknown", false));
        assert_eq!(
            (seen.recipient, seen.phone_number, seen.waba),
            (None, None, None)
        );
        let nulls = read(
            json!({ "id": "9a0c", "name": null, "phoneNumber": null, "status": null,
            "availablePhoneNumbers": null, "recipient": null, "supportedContent": {},
            "createError": null, "dateCreated": null }),
        );
        assert_eq!(nulls, read(json!({ "id": "9a0c" })));
        assert_eq!(
            read(json!({ "id": "1", "availablePhoneNumbers": {} })).available_phone_numbers,
            []
        );
    }

    #[test]
    fn what_cannot_be_understood_is_an_error() {
        for odd in [
            json!({}),
            json!({ "id": "" }),
            json!({ "id": ".." }),
            json!({ "id": 7 }),
            json!({ "id": "1", "recipient": { "id": ".." } }),
            json!({ "id": "1", "phoneNumber": 4930 }),
            json!({ "id": "1", "availablePhoneNumbers": [] }),
            json!({ "id": "1", "dateCreated": "yesterday" }),
        ] {
            let text = odd.to_string();
            assert!(
                serde_json::from_value::<Integration>(odd).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn unknown_words_are_kept_and_known_ones_are_known_in_any_case() {
        let status = |word: &str| read(json!({ "id": "1", "status": word })).status.unwrap();
        assert_eq!(status("Hibernating").as_str(), "Hibernating");
        assert_eq!(status("ACTIVE"), IntegrationStatus::Active);
        assert_eq!(status("active").as_str(), "Active");
        assert_eq!(status("DeletionFailed"), IntegrationStatus::DeletionFailed);
    }

    #[test]
    fn a_number_is_known_in_every_spelling() {
        #[track_caller]
        fn check(shown: &str, claimed: bool) {
            let phone = "+49 30 123456".parse().unwrap();
            let chosen = read(json!({ "id": "1", "phoneNumber": shown }));
            assert_eq!(
                (chosen.claims(&phone), chosen.offers(&phone)),
                (claimed, false),
                "{shown}"
            );
            let entities = json!([{ "name": "x" }, { "phoneNumber": shown, "status": "?" }]);
            let offered =
                read(json!({ "id": "1", "availablePhoneNumbers": { "entities": entities } }));
            assert_eq!(
                (offered.claims(&phone), offered.offers(&phone)),
                (false, claimed),
                "{shown}"
            );
        }
        for same in [
            "+4930123456",
            "4930123456",
            "+49 30 123456",
            "+49 (0)30 123-456",
            "tel:+4930123456",
            "tel:+49-30-123456;ext=7",
            "whatsapp:+4930123456",
            "0049 30 123456",
        ] {
            check(same, true);
        }
        for other in [
            "",
            "+",
            "30123456",
            "+49301234567",
            "+4930123457",
            "149301234561",
        ] {
            check(other, false);
        }
        let mexican = "+52 55 1234 5678".parse().unwrap();
        assert!(read(json!({ "id": "1", "phoneNumber": "+52 1 55 1234 5678" })).claims(&mexican));
    }

    #[test]
    fn trouble_is_told_in_the_words_of_the_api() {
        let trouble = |value: Value| {
            let mut whole = json!({ "id": "1" });
            whole
                .as_object_mut()
                .unwrap()
                .extend(value.as_object().unwrap().clone());
            read(whole).trouble()
        };
        let pin = json!({ "message": "Invalid PIN", "code": "pin.invalid", "status": 400 });
        assert_eq!(
            trouble(json!({ "status": "Error", "activationErrorInfo": pin })).as_deref(),
            Some("Genesys Cloud refused: Invalid PIN (HTTP 400, pin.invalid)")
        );
        let failed = json!({ "createStatus": "Error", "createError": { "message": "expired" } });
        assert_eq!(
            trouble(failed).as_deref(),
            Some("Genesys Cloud refused: expired (no code)")
        );
        let failed = json!({ "createStatus": "Error", "status": "Incomplete" });
        assert_eq!(trouble(failed).as_deref(), Some("its creation failed"));
        assert_eq!(
            trouble(json!({ "status": "Failed" })).as_deref(),
            Some("its status is Failed")
        );
        assert_eq!(
            trouble(json!({ "status": "Active", "activationErrorInfo": pin })),
            None
        );
        for waits in ["Starting", "Incomplete", "Inactive", "Deleting", "Other"] {
            assert_eq!(trouble(json!({ "status": waits })), None, "{waits}");
        }
    }
}
