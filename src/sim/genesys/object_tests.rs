//! Recipients and flows, canned responses, queues, campaigns, rule sets, pages.

use serde_json::{Value, json};

use super::{
    organization::{MessageFlow, Organization},
    seed::{self, Says},
    switches::{LargePage, ResponseUpdate},
    tests::{Desk, INTEGRATIONS, RECIPIENTS, refused},
};
use crate::{api::transport::Method, sim::world::World};

const QUEUES: &str = "api/v2/routing/queues";
const CAMPAIGNS: &str = "api/v2/outbound/messagingcampaigns";
const RULE_SETS: &str = "api/v2/outbound/digitalrulesets";
const RESPONSES: &str = "api/v2/responsemanagement/responses";
const LIBRARIES: &str = "api/v2/responsemanagement/libraries";

/// One of everything, each naming the old integration or the first response.
fn furnish(world: &mut World, org: &mut Organization) {
    let old = org.integrations[0].id.clone();
    let library = seed::add_library(world, org, "Templates");
    let says = Says {
        template: "order_paid",
        language: "en_US",
        namespace: Some("old_ns"),
    };
    let response = seed::add_response(world, org, &library, "Paid", Some(says));
    seed::add_response(world, org, &library, "Hello", None);
    seed::add_library(world, org, "Empty");
    seed::add_queue(world, org, "Support", Some(&old));
    let sends = (Some(&*old), Some(&*response));
    seed::add_campaign(world, org, ("Offers", "on"), sends);
    seed::add_rule_set(world, org, "Senders", sends);
}

fn desk() -> Desk {
    Desk::with(furnish)
}

/// Path and body of the first object in a list.
#[track_caller]
fn first(desk: &Desk, list: &str) -> (String, Value) {
    let object = desk.get(list, json!({}))["entities"][0].clone();
    (format!("{list}/{}", object["id"].as_str().unwrap()), object)
}

fn responses(desk: &Desk) -> Vec<Value> {
    let (_, library) = first(desk, LIBRARIES);
    let listed = desk.get(RESPONSES, json!({"libraryId": library["id"]}));
    listed["entities"].as_array().cloned().unwrap()
}

fn paid(desk: &Desk) -> (String, Value) {
    let response = responses(desk).remove(0);
    (
        format!("{RESPONSES}/{}", response["id"].as_str().unwrap()),
        response,
    )
}

#[test]
fn point_7_a_route_is_a_recipient_with_a_flow() {
    let desk = Desk::with(|world, org| {
        seed::add_other_recipient(world, org, ("Shop", "open"), None);
    });
    let old = desk.old();
    let route = format!("{RECIPIENTS}/{old}");
    let flow = desk.org(|org| org.flows[0].id.clone());
    let shown = desk.get(&route, json!({}));
    assert_eq!(
        (&shown["flow"]["id"], &shown["messengerType"]),
        (&json!(flow), &json!("whatsapp"))
    );
    assert_eq!(desk.get(RECIPIENTS, json!({}))["total"], 2);
    assert_eq!(
        desk.get(RECIPIENTS, json!({"messengerType": "whatsapp"}))["total"],
        1
    );
    assert_eq!(
        desk.put(&route, &json!({})).1["flow"]["id"],
        flow,
        "nothing was said of it"
    );
    assert_eq!(desk.put(&route, &json!({"flow": null})).1.get("flow"), None);
    assert_eq!(
        desk.put(&route, &json!({"flow": {"id": flow}})).1["flow"]["name"],
        "Support"
    );
    desk.edit(|_, org| org.switches.empty_clears_flow = true);
    assert_eq!(desk.put(&route, &json!({})).1.get("flow"), None);
    refused(
        &desk.put(&route, &json!({"flow": {}})),
        400,
        "bad.request",
        "flow.id",
    );
    refused(
        &desk.put(&format!("{RECIPIENTS}/9"), &json!({})),
        404,
        "not.found",
        "",
    );
    refused(
        &desk.call(Method::Delete, &route, &Value::Null),
        405,
        "method.not.allowed",
        "",
    );
}

#[test]
fn point_8_only_a_published_message_flow_gets_messages() {
    let desk = Desk::with(|_, org| {
        let flow = |id: &str, kind: &str, published, deleted| MessageFlow {
            id: id.into(),
            name: format!("Flow {id}"),
            kind: kind.into(),
            published,
            deleted,
        };
        org.flows
            .push(flow("draft", "INBOUNDSHORTMESSAGE", false, false));
        org.flows
            .push(flow("gone", "INBOUNDSHORTMESSAGE", true, true));
        org.flows.push(flow("call", "INBOUNDCALL", true, false));
    });
    let route = format!("{RECIPIENTS}/{}", desk.old());
    let put = |flow: &str| desk.put(&route, &json!({"flow": {"id": flow}}));
    refused(&put("draft"), 400, "architect.flow.not.published", "");
    refused(&put("gone"), 410, "architect.flow.deleted", "");
    refused(&put("call"), 400, "invalid.value", "INBOUNDCALL");
    refused(&put("none"), 400, "architect.flow.not.found", "");
    desk.edit(|_, org| org.switches.unknown_flow_status = 404);
    refused(&put("none"), 404, "architect.flow.not.found", "");
    let names = |query: Value| -> Vec<Value> {
        let listed = desk.get("api/v2/flows", query);
        let entities = listed["entities"].as_array().cloned().unwrap_or_default();
        entities
            .into_iter()
            .map(|flow| flow["name"].clone())
            .collect()
    };
    assert_eq!(
        names(json!({"type": "inboundshortmessage"})),
        ["Support", "Flow draft"]
    );
    assert_eq!(names(json!({"name": "sup*"})), ["Support"]);
    assert_eq!(names(json!({"deleted": true})), ["Flow gone"]);
    assert_eq!(desk.get("api/v2/flows/draft", json!({}))["active"], false);
    refused(
        &desk.call(Method::Get, "api/v2/flows/gone", &json!({})),
        410,
        "architect.flow.deleted",
        "",
    );
}

#[test]
fn point_9_a_canned_response_is_replaced_whole() {
    let desk = desk();
    refused(
        &desk.call(Method::Get, RESPONSES, &json!({})),
        400,
        "bad.request",
        "libraryId",
    );
    let unknown = json!({"libraryId": "9"});
    refused(
        &desk.call(Method::Get, RESPONSES, &unknown),
        404,
        "not.found",
        "",
    );
    let filtered = desk.get(LIBRARIES, json!({"messagingTemplateFilter": "whatsapp"}));
    assert_eq!(filtered["total"], 1);
    assert_eq!(
        desk.get(LIBRARIES, json!({"libraryPrefix": "Em"}))["entities"][0]["name"],
        "Empty"
    );
    let (path, before) = paid(&desk);
    let mut sent = before.clone();
    sent["messagingTemplate"]["whatsApp"]["namespace"] = json!("new_ns");
    let (status, after) = desk.put(&path, &sent);
    assert_eq!(status, 200, "{after}");
    assert_eq!(after["version"], 4);
    sent["version"] = json!(4);
    sent["dateModified"] = after["dateModified"].clone();
    assert_eq!(after, sent, "and nothing else changed");
    assert_eq!(desk.get(&path, json!({})), after);
    refused(&desk.put(&path, &before), 409, "version.mismatch", "3");
    let mut bare = json!({"name": "Paid", "version": 4, "libraries": before["libraries"], "texts": before["texts"]});
    let (_, poorer) = desk.put(&path, &bare);
    assert_eq!(
        poorer.get("messagingTemplate"),
        None,
        "what was left out is gone"
    );
    assert_eq!(poorer.get("substitutions"), None);
    bare["version"] = Value::Null;
    refused(&desk.put(&path, &bare), 400, "bad.request", "version");
    refused(
        &desk.put(&path, &json!({"name": "Paid", "version": 5})),
        400,
        "bad.request",
        "libraries",
    );
}

#[test]
fn an_update_may_be_ignored() {
    let desk = desk();
    desk.edit(|_, org| org.switches.response_update = ResponseUpdate::TemplateIgnored);
    let (path, mut sent) = paid(&desk);
    sent["messagingTemplate"]["whatsApp"]["namespace"] = json!("new_ns");
    sent["name"] = json!("Paid (new)");
    let (status, after) = desk.put(&path, &sent);
    assert_eq!((status, &after["name"]), (200, &json!("Paid (new)")));
    assert_eq!(
        after["messagingTemplate"]["whatsApp"]["namespace"],
        "old_ns"
    );
}

#[test]
fn a_response_comes_and_goes() {
    let desk = desk();
    desk.edit(|_, org| org.switches.failing_preconditions = 1);
    let (_, mut body) = paid(&desk);
    for name in ["id", "version", "selfUri", "dateCreated", "createdBy"] {
        body.as_object_mut().unwrap().remove(name);
    }
    body["name"] = json!("Paid (2)");
    refused(&desk.post(RESPONSES, &body), 412, "precondition.failed", "");
    let (status, made) = desk.post(RESPONSES, &body);
    assert_eq!((status, &made["version"]), (200, &json!(1)));
    let path = format!("{RESPONSES}/{}", made["id"].as_str().unwrap());
    refused(
        &desk.call(Method::Get, &path, &json!({})),
        404,
        "not.found",
        "",
    );
    desk.wait(1);
    assert_eq!(desk.get(&path, json!({}))["name"], "Paid (2)");
    assert_eq!(responses(&desk).len(), 2, "lists are later");
    desk.wait(1);
    assert_eq!(responses(&desk).len(), 3);
    let mut wrong = body.clone();
    wrong["messagingTemplate"]["whatsApp"]["language"] = Value::Null;
    refused(
        &desk.post(RESPONSES, &wrong),
        400,
        "bad.request",
        "language",
    );
    assert_eq!(desk.delete(&path).0, 204);
    refused(&desk.delete(&path), 404, "not.found", "");
}

#[test]
fn a_search_learns_late() {
    let desk = desk();
    let search = |filter: Value| {
        let (status, found) =
            desk.post(&format!("{RESPONSES}/query"), &json!({"filters": [filter]}));
        assert_eq!(status, 200, "{found}");
        found["results"].clone()
    };
    let templates =
        json!({"name": "messagingTemplate", "operator": "EQUALS", "values": ["whatsapp"]});
    assert_eq!(search(templates)["total"], 1);
    let (path, mut sent) = paid(&desk);
    sent["name"] = json!("Renamed");
    desk.put(&path, &sent);
    let renamed = || {
        search(json!({"name": "name", "operator": "BEGINS_WITH", "values": ["Ren"]}))["total"]
            .clone()
    };
    assert_eq!(renamed(), 0);
    desk.wait(5);
    assert_eq!(renamed(), 1);
    let wrong = json!({"filters": [{"name": "colour", "operator": "IN", "values": []}]});
    refused(
        &desk.post(&format!("{RESPONSES}/query"), &wrong),
        400,
        "invalid.value",
        "colour",
    );
    assert!(
        desk.sim
            .writes()
            .iter()
            .all(|(_, path)| !path.ends_with("query"))
    );
}

#[test]
fn point_10_a_campaign_stops_before_it_changes() {
    let desk = desk();
    let (path, running) = first(&desk, CAMPAIGNS);
    let mut renamed = running.clone();
    renamed["messagesPerMinute"] = json!(5);
    refused(&desk.put(&path, &renamed), 409, "conflict", "running");
    let mut off = running.clone();
    off["campaignStatus"] = json!("off");
    let (status, stopping) = desk.put(&path, &off);
    assert_eq!(
        (status, &stopping["campaignStatus"]),
        (200, &json!("stopping"))
    );
    refused(&desk.put(&path, &stopping), 409, "conflict", "stopping");
    desk.wait(15);
    let stopped = desk.get(&path, json!({}));
    assert_eq!(
        (&stopped["campaignStatus"], &stopped["version"]),
        (&json!("off"), &json!(6))
    );
    let mut stale = stopped.clone();
    stale["version"] = stopping["version"].clone();
    refused(&desk.put(&path, &stale), 409, "version.mismatch", "6");
    let mut changed = stopped.clone();
    changed["messagesPerMinute"] = json!(5);
    let (_, changed) = desk.put(&path, &changed);
    assert_eq!(
        (&changed["messagesPerMinute"], &changed["dncLists"]),
        (&json!(5), &running["dncLists"])
    );
    let mut on = changed.clone();
    on["campaignStatus"] = json!("on");
    assert_eq!(desk.put(&path, &on).1["campaignStatus"], "on");
    on["campaignStatus"] = json!("stopping");
    on["version"] = json!(8);
    refused(&desk.put(&path, &on), 400, "invalid.value", "on, off");
    on["campaignStatus"] = Value::Null;
    refused(&desk.put(&path, &on), 400, "bad.request", "campaignStatus");
}

#[test]
fn campaigns_start_and_stop_by_calls_of_their_own() {
    let desk = desk();
    let (path, _) = first(&desk, CAMPAIGNS);
    let status = |desk: &Desk| desk.get(&path, json!({}))["campaignStatus"].clone();
    assert_eq!(desk.post(&format!("{path}/stop"), &json!({})).0, 202);
    assert_eq!(status(&desk), "stopping");
    refused(
        &desk.post(&format!("{path}/start"), &json!({})),
        409,
        "conflict",
        "stopping",
    );
    desk.wait(15);
    assert_eq!(desk.post(&format!("{path}/start"), &json!({})).0, 202);
    assert_eq!(status(&desk), "on");
    desk.edit(|_, org| org.switches.campaign_start_stop = false);
    refused(
        &desk.post(&format!("{path}/stop"), &json!({})),
        404,
        "not.found",
        "",
    );
}

#[test]
fn a_deletion_leaves_the_rest_dangling() {
    let desk = desk();
    let (campaign, _) = first(&desk, CAMPAIGNS);
    let (queue, before) = first(&desk, QUEUES);
    desk.post(&format!("{campaign}/stop"), &json!({}));
    desk.wait(15);
    desk.remove_old();
    assert_eq!(desk.get(&queue, json!({})), before);
    refused(
        &desk.post(&format!("{campaign}/start"), &json!({})),
        400,
        "bad.request",
        "is gone",
    );
    let mut named = desk.get(&campaign, json!({}));
    named["name"] = json!("Still there");
    assert_eq!(
        desk.put(&campaign, &named).0,
        200,
        "what it named before may stay"
    );
    desk.edit(|_, org| org.switches.starts_dangling = true);
    assert_eq!(desk.post(&format!("{campaign}/start"), &json!({})).0, 202);
}

#[test]
fn queues_and_rule_sets_are_replaced_whole() {
    let desk = desk();
    let (path, queue) = first(&desk, QUEUES);
    let (status, poorer) = desk.put(&path, &json!({"name": "Support"}));
    assert_eq!((status, poorer.get("mediaSettings")), (200, None));
    assert_eq!(
        poorer["memberCount"], queue["memberCount"],
        "the server's own"
    );
    assert_eq!(desk.put(&path, &queue).0, 200, "there is no version");
    let mut wrong = queue.clone();
    wrong["outboundMessagingAddresses"]["whatsAppRecipient"]["id"] = json!("9");
    refused(
        &desk.put(&path, &wrong),
        400,
        "bad.request",
        "recipient with id 9",
    );
    refused(&desk.put(&path, &json!({})), 400, "bad.request", "name");
    assert_eq!(desk.get(QUEUES, json!({"name": "sup*"}))["total"], 1);

    let (path, set) = first(&desk, RULE_SETS);
    let mut wrong = set.clone();
    wrong["rules"][0]["actions"][1]["setWhatsAppIntegrationActionSettings"]["whatsAppIntegrationId"] =
        json!("9");
    refused(
        &desk.put(&path, &wrong),
        400,
        "bad.request",
        "integration with id 9",
    );
    assert_eq!(desk.put(&path, &set).1["version"], 3);
    refused(&desk.put(&path, &set), 409, "version.mismatch", "");
}

#[test]
fn campaigns_take_any_of_three_permissions() {
    let desk = desk();
    let permit = |names: &[&str]| {
        let names = names.iter().map(ToString::to_string).collect();
        desk.edit(|_, org| org.clients[0].permissions = names);
        desk.call(Method::Get, CAMPAIGNS, &json!({}))
    };
    assert_eq!(permit(&["outbound:emailCampaign:view"]).0, 200);
    refused(
        &permit(&[]),
        403,
        "missing.any.permissions",
        "outbound:whatsAppCampaign:view",
    );
}

#[test]
fn campaigns_are_filtered() {
    let desk = desk();
    let (_, response) = paid(&desk);
    let total = |query: Value| desk.get(CAMPAIGNS, query)["total"].clone();
    assert_eq!(total(json!({"type": "WHATSAPP"})), 1);
    assert_eq!(total(json!({"type": "SMS"})), 0);
    assert_eq!(total(json!({"contentTemplateId": response["id"]})), 1);
    assert_eq!(total(json!({"contentTemplateId": "9"})), 0);
}

#[test]
fn point_11_lists_come_in_pages() {
    let desk = Desk::with(|world, org| {
        for at in 0..60 {
            seed::add_queue(world, org, &format!("Queue {at}"), None);
        }
    });
    let count = |page: &Value| page["entities"].as_array().map(Vec::len);
    let page = desk.get(QUEUES, json!({}));
    assert_eq!(
        (count(&page), &page["pageCount"], &page["total"]),
        (Some(25), &json!(3), &json!(60))
    );
    assert_eq!(page["nextUri"], format!("/{QUEUES}?pageNumber=2"));
    let last = desk.get(QUEUES, json!({"pageNumber": 3, "unknown": "x"}));
    assert_eq!((count(&last), last.get("nextUri")), (Some(10), None));
    let beyond = desk.get(QUEUES, json!({"pageNumber": 4}));
    assert_eq!(beyond.get("entities"), None, "an empty page has none");
    assert_eq!(count(&desk.get(QUEUES, json!({"pageSize": 500}))), Some(60));
    refused(
        &desk.call(Method::Get, QUEUES, &json!({"pageNumber": 0})),
        400,
        "invalid.value",
        "",
    );
    desk.edit(|_, org| {
        org.switches.omits_empty_entities = false;
        org.switches.sparse_pages = true;
        org.switches.large_pages = LargePage::Refused;
    });
    let beyond = desk.get(QUEUES, json!({"pageNumber": 4}));
    assert_eq!((count(&beyond), beyond.get("pageCount")), (Some(0), None));
    refused(
        &desk.call(Method::Get, QUEUES, &json!({"pageSize": 101})),
        400,
        "invalid.value",
        "1 to 100",
    );
}

#[test]
fn contacts_are_looked_up_or_not() {
    let desk = Desk::new();
    let path = format!(
        "api/v2/conversations/messaging/identityresolution/integrations/whatsapp/{}",
        desk.old()
    );
    assert_eq!(desk.get(&path, json!({}))["resolveIdentities"], false);
    refused(
        &desk.put(&path, &json!({})),
        422,
        "payload.or.params.invalid",
        "resolveIdentities",
    );
    let (status, shown) = desk.put(
        &path,
        &json!({"resolveIdentities": true, "division": {"id": "d"}}),
    );
    assert_eq!((status, &shown["division"]["id"]), (200, &json!("d")));
    desk.edit(|_, org| {
        org.clients[0]
            .permissions
            .remove("messaging:identityResolutionWhatsApp:view");
    });
    let told = desk.call(Method::Get, &path, &json!({}));
    refused(
        &told,
        403,
        "missing.permissions",
        "messaging:identityResolutionWhatsApp:view",
    );
}

#[test]
fn profiles_and_settings_are_read() {
    let desk = Desk::new();
    for folder in ["supportedcontent", "settings"] {
        let list = format!("api/v2/conversations/messaging/{folder}");
        let (one, first) = first(&desk, &list);
        assert_eq!(desk.get(&one, json!({})), first);
        assert_eq!(desk.get(&format!("{list}/default"), json!({})), first);
    }
    let shown = desk.get(&format!("{INTEGRATIONS}/{}", desk.old()), json!({}));
    assert!(shown["messagingSetting"]["id"].is_string());
}
