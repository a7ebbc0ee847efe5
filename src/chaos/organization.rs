//! What a play looks for on the Genesys Cloud side of a world: which calls release and activate a number,
//! who hears it, and everything that is in the organization. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    phone::Phone,
    plan::Plan,
    sim::{
        genesys::{
            organization::{INTEGRATIONS, Integration, Organization},
            words::IntegrationStatus,
        },
        world::World,
    },
};

const RECIPIENTS: &str = "/api/v2/routing/message/recipients/";

/// Returns whether a path is the login of Genesys Cloud, which changes nothing there.
pub(super) fn is_login(path: &str) -> bool {
    path == "/oauth/token"
}

/// Returns whether a path is one of Genesys Cloud.
pub(super) fn is_genesys(path: &str) -> bool {
    path.starts_with("/api/v2/") || is_login(path)
}

/// The reads that prove what came of a write: the object itself, or the list that has it.
pub(super) fn proofs(path: &str) -> Vec<String> {
    let object = path.replace("/embeddedsignup/", "/");
    let list = object.rsplit_once('/').map(|(list, _)| list.to_owned());
    [object].into_iter().chain(list).collect()
}

fn numbers(plan: &Plan) -> impl Iterator<Item = &Phone> {
    let used = plan.numbers.iter().filter(|it| it.genesys.is_some());
    used.map(|number| &number.phone)
}

fn leads(org: &Organization, integration: &str) -> bool {
    let recipient = org.recipient_of(integration);
    recipient.is_some_and(|recipient| recipient.flow.is_some())
}

/// Returns the plan's numbers that nobody hears.
pub(super) fn silent<'a>(world: &World, plan: &'a Plan) -> Vec<&'a Phone> {
    let Some(org) = &world.genesys else {
        return Vec::new();
    };
    let is_heard = |phone: &Phone| {
        let mut own = org.integrations_of(phone);
        own.any(|it| it.status == IntegrationStatus::Active && leads(org, &it.id))
    };
    numbers(plan).filter(|phone| !is_heard(phone)).collect()
}

/// Returns whether the old integrations of all the plan's numbers are as they were.
pub(super) fn is_untouched(world: &World, plan: &Plan) -> bool {
    let Some(org) = &world.genesys else {
        return true;
    };
    silent(world, plan).is_empty()
        && numbers(plan).all(|phone| {
            let mut own = org.integrations_of(phone);
            own.any(|it| it.waba == plan.source.waba)
        })
}

/// The number that this write makes silent: it takes the flow from its old integration.
pub(super) fn detached(world: &World, plan: &Plan, method: &str, path: &str) -> Option<Phone> {
    let org = world.genesys.as_ref()?;
    let id = path.strip_prefix(RECIPIENTS).filter(|_| method == "PUT")?;
    let recipient = org.recipient(id).filter(|it| it.flow.is_some())?;
    let old = org.integration(&recipient.integration)?;
    let phone = old.phone.clone()?;
    let is_ours = numbers(plan).any(|number| *number == phone) && old.waba == plan.source.waba;
    is_ours.then_some(phone)
}

/// The integration that this write activates.
pub(super) fn activated<'a>(world: &'a World, method: &str, path: &str) -> Option<&'a Integration> {
    let org = world.genesys.as_ref()?;
    let id = path.strip_prefix(INTEGRATIONS)?;
    let id = id
        .strip_prefix("/embeddedsignup/")
        .filter(|_| method == "PATCH")?;
    org.integration(id)
}

/// What stands in an organization.
pub(super) type Things = BTreeMap<(Option<Phone>, String), String>;

/// Describes everything in the organization: what belongs to a number of the plan without its ids and
/// versions, all the rest as it stands.
pub(super) fn things(world: &World, plan: &Plan) -> Things {
    let mut things = Things::new();
    let Some(org) = &world.genesys else {
        return things;
    };
    let ids = Ids::of(org, plan);
    for it in &org.integrations {
        let own = it.phone.clone().filter(|phone| ids.has(phone));
        let (name, words) = match &own {
            Some(phone) => (format!("integration of {phone}"), words_of(org, it, &ids)),
            None => (
                format!("integration {}", it.id),
                json!([it, org.recipient_of(&it.id)]).to_string(),
            ),
        };
        let said = things.entry((own, name)).or_default();
        said.push_str(&words);
    }
    for (kind, shelf) in [
        ("queue", &org.queues),
        ("campaign", &org.campaigns),
        ("rule set", &org.rule_sets),
        ("library", &org.libraries),
        ("response", &org.responses),
        ("content profile", &org.supported_content),
        ("setting", &org.messaging_settings),
        ("channel", &org.channels),
    ] {
        for object in &shelf.0 {
            let name = format!("{kind} {}", object["name"].as_str().unwrap_or_default());
            let (phone, words) = ids.told(object);
            things.insert((phone, name), words);
        }
    }
    let others = org.recipients.iter();
    let others = others.filter(|it| org.integration(&it.integration).is_none());
    let others: Vec<_> = others.collect();
    let rest = json!([org.flows, org.clients, org.products, others]);
    things.insert(
        (None, "the rest of the organization".into()),
        rest.to_string(),
    );
    things
}

fn words_of(org: &Organization, it: &Integration, ids: &Ids) -> String {
    let recipient = org.recipient_of(&it.id);
    let flow = recipient.and_then(|recipient| recipient.flow.as_ref());
    let (_, identity) = ids.told(&it.identity);
    let (content, setting) = (&it.supported_content, &it.messaging_setting);
    let status = it.status.as_str();
    let waba = &it.waba;
    format!(
        "{status} {} on {waba}, flow {flow:?}, {content:?} {setting:?} {identity};",
        it.name
    )
}

/// The ids of the plan's numbers: of their integrations, and of what their messages arrive at.
struct Ids {
    phones: Vec<Phone>,
    ids: Vec<(String, Phone)>,
}

impl Ids {
    fn of(org: &Organization, plan: &Plan) -> Self {
        let phones: Vec<Phone> = numbers(plan).cloned().collect();
        let mut ids = Vec::new();
        for phone in &phones {
            for it in org.integrations_of(phone) {
                let recipient = org.recipient_of(&it.id).map(|it| it.id.clone());
                let own = [it.id.clone()].into_iter().chain(recipient);
                ids.extend(own.map(|id| (id, phone.clone())));
            }
        }
        Self { phones, ids }
    }

    fn has(&self, phone: &Phone) -> bool {
        self.phones.contains(phone)
    }

    /// Describes an object, and says to which number it belongs. What belongs to one is changed, and
    /// how often says nothing.
    fn told(&self, object: &Value) -> (Option<Phone>, String) {
        let text = object.to_string();
        let owner = self.ids.iter().find(|(id, _)| text.contains(id));
        // Canned responses belong to the account, and get its namespace.
        let is_response = object.get("messagingTemplate").is_some();
        if owner.is_none() && !is_response {
            return (None, text);
        }
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.remove("version");
            fields.remove("dateModified");
            fields.remove("modifiedBy");
        }
        let Some((_, phone)) = owner else {
            return (None, object.to_string());
        };
        let text = self
            .ids
            .iter()
            .fold(object.to_string(), |text, (id, phone)| {
                text.replace(id, &phone.to_string())
            });
        (Some(phone.clone()), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_proved_by_its_object_or_the_list() {
        for (path, object, list) in [
            (
                "/api/v2/routing/queues/1",
                "/api/v2/routing/queues/1",
                "/api/v2/routing/queues",
            ),
            (
                "/a/whatsapp/embeddedsignup/1",
                "/a/whatsapp/1",
                "/a/whatsapp",
            ),
        ] {
            assert_eq!(proofs(path), [object, list]);
        }
    }

    #[test]
    fn logins_are_no_writes() {
        assert!(is_login("/oauth/token") && is_genesys("/oauth/token"));
        assert!(is_genesys("/api/v2/flows") && !is_genesys("/1/register"));
    }
}
