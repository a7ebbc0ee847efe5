//! The front of the API: from a call to the rule that answers it.
//!
//! The order is: token, limit of calls, path and method, permission, size and type of the body, then
//! the rule. Which of two refusals wins is documented nowhere.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    access::{self, Needs},
    activation,
    ask::{Answered, Ask, malformed},
    campaigns, catalog, integrations, objects,
    organization::Organization,
    recipients,
    refusal::Refusal,
    responses,
};
use crate::sim::{
    call::{Answer, Call},
    world::World,
};

/// `request.bytes.max`.
const MOST_BYTES: usize = 512_000;

/// Where tokens are handed out.
const TOKEN_PATH: &str = "oauth/token";

/// Returns whether a path belongs to Genesys Cloud.
pub fn owns(path: &str) -> bool {
    let path = path.trim_matches('/');
    path == TOKEN_PATH || path == "api/v2" || path.starts_with("api/v2/")
}

/// Returns whether a POST to a path changes nothing.
pub fn only_reads(path: &str) -> bool {
    path == TOKEN_PATH || (owns(path) && path.ends_with("/query"))
}

type Rule = fn(&mut World, &mut Organization, &Ask) -> Answered;

/// One operation.
struct Operation {
    method: &'static str,
    /// Below `api/v2`; `*` stands for an id.
    path: &'static str,
    needs: Needs,
    rule: Rule,
}

const VIEW: Needs = Needs::All(&["messaging:integration:view"]);
const EDIT: Needs = Needs::All(&["messaging:integration:edit"]);
const ADD: Needs = Needs::All(&["messaging:whatsappIntegration:add"]);
const ROUTE: Needs = Needs::All(&["routing:message:manage"]);

const CONTENT: Needs = Needs::All(&["messaging:supportedContent:view"]);
const SETTING: Needs = Needs::All(&["messaging:setting:view"]);
const CAMPAIGN_VIEW: Needs = Needs::Any(&[
    "outbound:whatsAppCampaign:view",
    "outbound:messagingCampaign:view",
    "outbound:emailCampaign:view",
]);
const CAMPAIGN_EDIT: Needs = Needs::Any(&[
    "outbound:whatsAppCampaign:edit",
    "outbound:messagingCampaign:edit",
    "outbound:emailCampaign:edit",
]);

macro_rules! operations {
    ($($method:literal $path:literal $needs:expr => $rule:path,)+) => {
        &[$(Operation { method: $method, path: $path, needs: $needs, rule: $rule },)+]
    };
}

/// The first whose path fits counts.
const OPERATIONS: &[Operation] = operations! {
    "GET" "tokens/me" Needs::Nothing => access::who,
    "HEAD" "tokens/me" Needs::Nothing => access::verify,
    "DELETE" "tokens/me" Needs::Nothing => access::give_back,
    "GET" "organizations/me" Needs::Nothing => access::organization,
    "GET" "authorization/products" Needs::Nothing => access::products,
    "GET" "conversations/messaging/integrations" VIEW => integrations::all_channels,
    "GET" "conversations/messaging/integrations/whatsapp" VIEW => integrations::list,
    "POST" "conversations/messaging/integrations/whatsapp" ADD => integrations::create_by_certificate,
    "POST" "conversations/messaging/integrations/whatsapp/embeddedsignup" ADD => integrations::create,
    "PATCH" "conversations/messaging/integrations/whatsapp/embeddedsignup/*" EDIT => activation::activate,
    "GET" "conversations/messaging/integrations/whatsapp/*" VIEW => integrations::get,
    "PATCH" "conversations/messaging/integrations/whatsapp/*" EDIT => integrations::update,
    "DELETE" "conversations/messaging/integrations/whatsapp/*" Needs::All(&["messaging:integration:delete"]) => integrations::delete,
    "GET" "routing/message/recipients" ROUTE => recipients::list,
    "GET" "routing/message/recipients/*" ROUTE => recipients::get,
    "PUT" "routing/message/recipients/*" ROUTE => recipients::put,
    "GET" "conversations/messaging/identityresolution/integrations/whatsapp/*" Needs::All(&["messaging:integration:view", "messaging:identityResolutionWhatsApp:view"]) => catalog::identity,
    "PUT" "conversations/messaging/identityresolution/integrations/whatsapp/*" Needs::All(&["messaging:integration:edit", "messaging:identityResolutionWhatsApp:edit"]) => catalog::put_identity,
    "GET" "conversations/messaging/supportedcontent" CONTENT => catalog::contents,
    "GET" "conversations/messaging/supportedcontent/default" CONTENT => catalog::default_content,
    "GET" "conversations/messaging/supportedcontent/*" CONTENT => catalog::content,
    "GET" "conversations/messaging/settings" SETTING => catalog::settings,
    "GET" "conversations/messaging/settings/default" SETTING => catalog::default_setting,
    "GET" "conversations/messaging/settings/*" SETTING => catalog::setting,
    "GET" "flows" Needs::All(&["architect:flow:view"]) => catalog::flows,
    "GET" "flows/divisionviews" Needs::All(&["architect:flow:search"]) => catalog::flows,
    "GET" "flows/*" Needs::All(&["architect:flow:view"]) => catalog::flow,
    "GET" "routing/queues" Needs::All(&["routing:queue:view"]) => objects::queues,
    "GET" "routing/queues/*" Needs::All(&["routing:queue:view"]) => objects::queue,
    "PUT" "routing/queues/*" Needs::All(&["routing:queue:edit"]) => objects::put_queue,
    "GET" "outbound/messagingcampaigns" CAMPAIGN_VIEW => campaigns::list,
    "GET" "outbound/messagingcampaigns/*" CAMPAIGN_VIEW => campaigns::get,
    "PUT" "outbound/messagingcampaigns/*" CAMPAIGN_EDIT => campaigns::put,
    "POST" "outbound/messagingcampaigns/*/start" CAMPAIGN_EDIT => campaigns::start,
    "POST" "outbound/messagingcampaigns/*/stop" CAMPAIGN_EDIT => campaigns::stop,
    "GET" "outbound/digitalrulesets" Needs::All(&["outbound:digitalRuleSet:view"]) => objects::rule_sets,
    "GET" "outbound/digitalrulesets/*" Needs::All(&["outbound:digitalRuleSet:view"]) => objects::rule_set,
    "PUT" "outbound/digitalrulesets/*" Needs::All(&["outbound:digitalRuleSet:edit"]) => objects::put_rule_set,
    "GET" "responsemanagement/libraries" Needs::Any(&["responses:library:view"]) => responses::libraries,
    "GET" "responsemanagement/libraries/*" Needs::Any(&["responses:library:view"]) => responses::library,
    "GET" "responsemanagement/responses" Needs::Any(&["responses:response:view"]) => responses::list,
    "POST" "responsemanagement/responses" Needs::Any(&["responses:response:add"]) => responses::create,
    "POST" "responsemanagement/responses/query" Needs::Any(&["responses:response:view"]) => responses::query,
    "GET" "responsemanagement/responses/*" Needs::Any(&["responses:response:view"]) => responses::get,
    "PUT" "responsemanagement/responses/*" Needs::Any(&["responses:response:edit"]) => responses::put,
    "DELETE" "responsemanagement/responses/*" Needs::Any(&["responses:response:delete"]) => responses::delete,
};

/// Answers a call and makes its effect.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let correlation = world.invent_uuid();
    let mut headers = Vec::new();
    let route = |world: &mut World, org: &mut Organization| route(world, org, call, &mut headers);
    let answered = world.in_genesys(route);
    let answered = answered.unwrap_or_else(|| Err(Refusal::not_found()));
    let mut answer = match answered {
        Ok(reply) => made(reply.status, reply.body.as_ref()),
        Err(refusal) => refused(&refusal, &correlation),
    };
    headers.push(("inin-correlation-id".to_owned(), correlation));
    answer.headers.append(&mut headers);
    answer
}

/// Refuses a call without making any effect.
pub fn refuse(world: &mut World, refusal: &Refusal) -> Answer {
    let correlation = world.invent_uuid();
    let mut answer = refused(refusal, &correlation);
    answer
        .headers
        .push(("inin-correlation-id".to_owned(), correlation));
    answer
}

fn refused(refusal: &Refusal, correlation: &str) -> Answer {
    let mut answer = made(refusal.status, Some(&refusal.body(correlation)));
    if let Some(seconds) = refusal.retry_after {
        let header = ("retry-after".to_owned(), seconds.to_string());
        answer.headers.push(header);
    }
    answer
}

fn made(status: u16, body: Option<&Value>) -> Answer {
    match body {
        Some(body) => Answer::content(status, "application/json", body.to_string()),
        None => Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        },
    }
}

fn route(
    world: &mut World,
    org: &mut Organization,
    call: &Call,
    headers: &mut Vec<(String, String)>,
) -> Answered {
    let path = call.route();
    if path == TOKEN_PATH {
        return match call.method.as_str() {
            "POST" => access::hand_out(world, org, call),
            _ => Err(not_allowed(&call.method)),
        };
    }
    let token = access::authenticate(world, org, call)?;
    let (counted, verdict) = access::count(world, org, token);
    headers.extend(counted);
    verdict?;
    let (operation, ids) = find(&call.method, &path)?;
    access::permit(org, token, operation.needs)?;
    let body = body(call)?;
    let ask = Ask {
        path: format!("/{path}"),
        ids,
        query: query(call),
        body,
        token,
    };
    (operation.rule)(world, org, &ask)
}

/// The order of the checks of a path is not documented either.
fn find(method: &str, path: &str) -> Result<(&'static Operation, Vec<String>), Refusal> {
    let below = path
        .strip_prefix("api/v2/")
        .ok_or_else(Refusal::not_found)?;
    let mut fitting = OPERATIONS
        .iter()
        .filter_map(|operation| Some((operation, ids(operation.path, below)?)))
        .peekable();
    if fitting.peek().is_none() {
        return Err(
            match NOT_SIMULATED
                .iter()
                .find(|start| below.starts_with(**start))
            {
                Some(_) => Refusal::not_simulated(&format!("{method} /{path}")),
                None => Refusal::not_found(),
            },
        );
    }
    fitting
        .find(|(operation, _)| operation.method == method)
        .ok_or_else(|| not_allowed(method))
}

/// Beginnings of real paths that this simulator does not offer.
const NOT_SIMULATED: [&str; 17] = [
    "architect/",
    "audits/",
    "conversations/",
    "dependencies/",
    "docs/",
    "flows",
    "integrations/",
    "oauth/",
    "outbound/",
    "processautomation/",
    "quality/",
    "responsemanagement/",
    "routing/",
    "scripts",
    "telephony/",
    "usage/",
    "users",
];

/// Returns the ids in a path that fits a pattern.
fn ids(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (wanted, given) = (pattern.split('/'), path.split('/'));
    if wanted.clone().count() != given.clone().count() {
        return None;
    }
    let mut ids = Vec::new();
    for (wanted, given) in wanted.zip(given) {
        match wanted {
            "*" => ids.push(given.to_owned()),
            _ if wanted == given => {}
            _ => return None,
        }
    }
    Some(ids)
}

fn not_allowed(method: &str) -> Refusal {
    let message = format!("HTTP method {method} is not supported by this resource.");
    Refusal::new(405, "method.not.allowed", message)
}

fn query(call: &Call) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let params = call.params.0.iter();
    params
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// Reads the body of a write. Those of other calls mean nothing.
fn body(call: &Call) -> Result<Value, Refusal> {
    if !matches!(call.method.as_str(), "POST" | "PUT" | "PATCH") {
        return Ok(Value::Null);
    }
    let bytes = call.bytes.as_deref().unwrap_or_default();
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    if bytes.len() > MOST_BYTES {
        let message = format!("The request is over the size limit. Maximum bytes: {MOST_BYTES}");
        return Err(Refusal::new(413, "request.entity.too.large", message));
    }
    let kind = call.content_type.as_deref().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let message = format!("Unsupported Media Type: {kind}");
        return Err(Refusal::new(415, "unsupported.media.type", message));
    }
    serde_json::from_slice(bytes).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_genesys_cloud_are_known() {
        for path in ["/oauth/token", "/api/v2/tokens/me", "api/v2"] {
            assert!(owns(path), "{path}");
        }
        for path in ["/oauth/access_token", "/api/v25", "/v25.0/1", "/api"] {
            assert!(!owns(path), "{path}");
        }
    }

    #[test]
    fn a_star_stands_for_one_part_of_a_path() {
        assert_eq!(ids("a/*/b", "a/1/b"), Some(vec!["1".to_owned()]));
        assert_eq!(ids("a/*", "a/1/b"), None);
        assert_eq!(ids("a/*", "b/1"), None);
    }
}
