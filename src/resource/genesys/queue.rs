//! A queue. Its outbound address decides which number agents send from.

use serde::Deserialize;
use serde_json::{Value, json};

use super::raw::{Changed, Place, Raw};
use crate::{
    api::genesys::{Page, Read},
    ids::{QueueId, RecipientId},
};

/// A queue, with everything in it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Queue {
    /// Its id.
    pub id: QueueId,
    /// Its name.
    pub name: String,
    raw: Raw,
}

/// Where the recipient stands from whose number agents send.
const RECIPIENT: [&str; 3] = ["outboundMessagingAddresses", "whatsAppRecipient", "id"];

impl Queue {
    /// Reads all of the organization, to look. What is written back is read alone before.
    pub fn list() -> Read<Page<Self>> {
        Read::new("/routing/queues")
    }

    /// Reads one, whole.
    pub fn read(id: &QueueId) -> Read<Self> {
        Read::new(format!("/routing/queues/{}", id.segment()))
    }

    /// Returns the recipient from whose number agents send.
    pub fn recipient(&self) -> Option<&str> {
        self.raw.text(&RECIPIENT)
    }

    /// Returns it with another recipient, whole. `None`: what it holds is in no known form.
    pub fn with_recipient(&self, recipient: &RecipientId) -> Option<Changed> {
        let [addresses, address, id] = RECIPIENT;
        let value = recipient.as_str();
        let has = |keys: &[&str]| self.raw.get(&Place::of(keys)).is_some_and(Value::is_object);
        let (place, value) = match (has(&[addresses]), has(&[addresses, address])) {
            (_, true) => (Place::of(&RECIPIENT), value.into()),
            (true, false) => (Place::of(&[addresses, address]), json!({ id: value })),
            (false, false) => (Place::of(&[addresses]), json!({ address: { id: value } })),
        };
        self.raw.with([(place, value)])
    }
}

impl TryFrom<Raw> for Queue {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let id = raw.text(&["id"]).and_then(|id| id.parse().ok());
        Ok(Self {
            id: id.ok_or("a queue without an id that can be used")?,
            name: raw.text(&["name"]).unwrap_or_default().to_owned(),
            raw,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::FieldChange;

    #[test]
    fn only_the_recipient_of_a_queue_is_replaced() {
        let whole = json!({ "id": "q", "name": "Berlin", "memberCount": 3,
            "mediaSettings": { "message": { "serviceLevel": { "percentage": 0.8, "durationMs": 20000 } } },
            "outboundMessagingAddresses": { "smsAddress": { "id": "s" },
                "whatsAppRecipient": { "id": "old", "name": "WA", "selfUri": "/x" } }, "unknown": [null, { "a": 1 }] });
        let queue: Queue = serde_json::from_value(whole.clone()).unwrap();
        assert_eq!((queue.id.as_str(), &*queue.name), ("q", "Berlin"));
        assert_eq!(queue.recipient(), Some("old"));
        let changed = queue.with_recipient(&"new".parse().unwrap()).unwrap();
        let path = "outboundMessagingAddresses.whatsAppRecipient.id";
        assert_eq!(changed.fields, [FieldChange::new(path, "old", "new")]);
        let mut expected = whole;
        expected["outboundMessagingAddresses"]["whatsAppRecipient"]["id"] = json!("new");
        assert_eq!(Value::Object(changed.object), expected);
    }

    #[test]
    fn a_queue_that_lost_its_recipient_gets_another() {
        let address = json!({ "whatsAppRecipient": { "id": "new" } });
        let beside = json!({ "smsAddress": "s", "whatsAppRecipient": { "id": "new" } });
        for (held, expected) in [
            (None, &address),
            (Some(json!(null)), &address),
            (Some(json!({ "whatsAppRecipient": null })), &address),
            (Some(json!({ "smsAddress": "s" })), &beside),
            (Some(json!({ "whatsAppRecipient": {} })), &address),
        ] {
            let mut value = json!({ "id": "q", "name": "Berlin" });
            if let Some(held) = held {
                value["outboundMessagingAddresses"] = held;
            }
            let queue: Queue = serde_json::from_value(value).unwrap();
            assert_eq!(queue.recipient(), None);
            let changed = queue.with_recipient(&"new".parse().unwrap()).unwrap();
            assert_eq!(changed.object["outboundMessagingAddresses"], *expected);
            assert_eq!(changed.object["name"], "Berlin");
        }
    }

    #[test]
    fn what_is_no_queue_is_an_error() {
        for odd in [
            json!({}),
            json!([]),
            json!({ "id": 1 }),
            json!({ "id": ".." }),
        ] {
            assert!(serde_json::from_value::<Queue>(odd).is_err());
        }
    }
}
