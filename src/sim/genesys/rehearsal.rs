//! The organization of a rehearsal: what the numbers of a plan need there, and as much that is none
//! of their business.

use super::{
    organization::{Organization, reference},
    seed::{
        Says, add_campaign, add_client, add_content, add_flow, add_integration, add_library,
        add_other_recipient, add_queue, add_response, add_rule_set, add_setting, organization,
    },
};
use crate::{
    ids::WabaId,
    phone::Phone,
    secret::Secret,
    sim::world::{Waba, World},
};

/// What a plan wants of Genesys Cloud.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The domain of the region.
    pub region: String,
    /// Id and secret of the OAuth client.
    pub client: (String, Secret),
    /// Where the numbers are.
    pub source: WabaId,
    /// Where they go.
    pub target: WabaId,
    /// The numbers, each with name or id of its flow where the plan names one.
    pub numbers: Vec<(Phone, Option<String>)>,
    /// Templates that canned responses send.
    pub templates: Vec<String>,
    /// The number that carries the target's payment line.
    pub placeholder: Option<Phone>,
}

/// What flows are called that nobody named.
const FLOW: &str = "Inbound messages";

/// Makes the organization. The placeholder's number is on the target already.
pub fn make(world: &mut World, wanted: &Wanted) -> Organization {
    let mut org = organization(world, "Rehearsal Ltd", &wanted.region);
    let (id, secret) = &wanted.client;
    add_client(&mut org, id, secret.clone());
    add_flow(world, &mut org, FLOW);
    let content = add_content(world, &mut org, "Images only");
    let setting = add_setting(world, &mut org, "Without typing");
    let mut integrations = Vec::new();
    for (phone, flow) in &wanted.numbers {
        let flow = routed(world, &mut org, flow.as_deref().unwrap_or(FLOW));
        let name = format!("WhatsApp {}", phone.international());
        let number = (&wanted.source, phone);
        let id = add_integration(world, &mut org, number, &name, Some(&flow));
        if let Some(it) = org.integration_mut(&id) {
            it.supported_content = Some(content.clone());
            it.messaging_setting = Some(setting.clone());
            it.identity["resolveIdentities"] = true.into();
        }
        add_queue(world, &mut org, &format!("Support {phone}"), Some(&id));
        integrations.push(id);
    }
    add_queue(world, &mut org, "Back office", None);
    if let Some(placeholder) = &wanted.placeholder {
        let number = (&wanted.target, placeholder);
        add_integration(world, &mut org, number, "Placeholder", None);
        org.payment_lines.insert(wanted.target.clone());
    }
    let response = add_responses(world, &mut org, wanted);
    let first = integrations.first().map(String::as_str);
    let sends = (first, response.as_deref());
    add_campaign(world, &mut org, ("Weekly offers", "on"), sends);
    add_campaign(world, &mut org, ("Winter sale", "off"), sends);
    add_rule_set(world, &mut org, "Senders", sends);
    add_strangers(world, &mut org);
    org
}

/// Returns the id of a flow; one that is not there is made.
fn routed(world: &mut World, org: &mut Organization, id_or_name: &str) -> String {
    if let Some(flow) = org.flow(id_or_name) {
        return flow.id.clone();
    }
    let id = add_flow(world, org, id_or_name);
    if !is_uuid(id_or_name) {
        return id;
    }
    if let Some(flow) = org.flows.last_mut() {
        flow.id = id_or_name.to_owned();
        flow.name = "Named by its id".to_owned();
    }
    id_or_name.to_owned()
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    let is_hex = |c: char| c.is_ascii_hexdigit() || c == '-';
    lengths.eq([8, 4, 4, 4, 12]) && text.chars().all(is_hex)
}

/// Two libraries: templates of the source with and without its namespace, and other things. Returns
/// the first canned response that sends a template.
fn add_responses(world: &mut World, org: &mut Organization, wanted: &Wanted) -> Option<String> {
    let account = world.wabas.get(&wanted.source);
    let namespace = account.map(|waba: &Waba| waba.namespace.clone());
    let templates = add_library(world, org, "Templates");
    let texts = add_library(world, org, "Texts");
    let mut first = None;
    for name in &wanted.templates {
        let says = Says {
            template: name,
            language: "en_US",
            namespace: namespace.as_deref(),
        };
        let id = add_response(world, org, &templates, &format!("{name} (en)"), Some(says));
        first.get_or_insert(id);
        let bare = Says {
            namespace: None,
            ..says
        };
        add_response(world, org, &texts, &format!("{name} (new)"), Some(bare));
    }
    add_response(world, org, &templates, "Greeting", None);
    add_response(world, org, &texts, "Opening hours", None);
    first
}

/// Another number of the organization, on an account that the plan does not name, with all that hangs
/// on it; a recipient of another channel; a flow that calls go to.
fn add_strangers(world: &mut World, org: &mut Organization) {
    let waba: WabaId = world.invent_id();
    let phone: Phone = "+4930555999".parse().expect("it is a phone number");
    let flow = add_flow(world, org, "Other messages");
    let id = add_integration(world, org, (&waba, &phone), "Another brand", Some(&flow));
    add_queue(world, org, "Another brand", Some(&id));
    let library = add_library(world, org, "Another brand");
    let says = Says {
        template: "another_brand",
        language: "en_US",
        namespace: Some("0f0f0f0f_1e1e_2d2d_3c3c_4b4b4b4b4b4b"),
    };
    let response = add_response(world, org, &library, "Another brand (en)", Some(says));
    let sends = (Some(&*id), Some(&*response));
    add_campaign(world, org, ("Another brand", "on"), sends);
    add_other_recipient(world, org, ("Web shop", "open"), Some(&flow));
    add_flow(world, org, "Inbound calls");
    if let Some(calls) = org.flows.last_mut() {
        calls.kind = "INBOUNDCALL".to_owned();
    }
    let channel = reference(
        "/api/v2/conversations/messaging/integrations/open",
        &world.invent_uuid(),
    );
    org.channels.0.push(with_name(channel));
}

fn with_name(mut channel: serde_json::Value) -> serde_json::Value {
    channel["name"] = "Web shop".into();
    channel["status"] = "Active".into();
    channel["messengerType"] = "open".into();
    channel
}
