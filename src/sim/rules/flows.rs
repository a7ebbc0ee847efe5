//! Creating, copying, publishing, deprecating and deleting flows.
//!
//! What publishing needs beyond the account's own state (a signed key, an endpoint that answers,
//! webhooks) is not looked at.
//!
//! Sources: <https://developers.facebook.com/docs/whatsapp/flows/reference/flowsapi>,
//! <https://developers.facebook.com/docs/whatsapp/flows/reference/error-codes>

use serde_json::{Value, json};

use super::{Answered, success, templates};
use crate::{
    ids::{FlowId, WabaId},
    sim::{
        call::Params,
        error::GraphError,
        flow::Flow,
        script::fits,
        switches::CopiedFlowIds,
        words::{FlowCategory, FlowStatus},
        world::{Token, World},
    },
};

/// The most names that one call copies.
const MOST_NAMES: usize = 100;
/// The code of every flow that is not copied: a text, in an answer that is a success.
const NOT_COPIED: &str = "4233041";

/// Copies flows from another account.
pub fn migrate(world: &mut World, target: &WabaId, token: &Token, params: &Params) -> Answered {
    let source = templates::source(world, target, token, params)?;
    let names = match params.list("source_flow_names")? {
        Some(names) if names.len() > MOST_NAMES => {
            return Err(GraphError::parameter(format!(
                "Param source_flow_names must have at most {MOST_NAMES} elements."
            )));
        }
        Some(names) => names,
        None => world
            .flows_of(&source)
            .map(|(_, flow)| flow.name.clone())
            .collect(),
    };
    let mut migrated = Vec::new();
    let mut failed = Vec::new();
    for name in names {
        match copy(world, (&source, target), &name, token) {
            Ok((from, to)) => {
                migrated.push(json!({"source_name": name, "source_id": from, "migrated_id": to}))
            }
            Err(message) => failed.push(json!({
                "source_name": name,
                "error_code": NOT_COPIED,
                "error_message": message,
            })),
        }
    }
    Ok(json!({"migrated_flows": migrated, "failed_flows": failed}))
}

/// Returns the ids of a flow and of its copy, or why there is none.
fn copy(
    world: &mut World,
    (source, target): (&WabaId, &WabaId),
    name: &str,
    token: &Token,
) -> Result<(FlowId, FlowId), String> {
    let error = |text: &str| format!("Flows Migration Error: {text}");
    let found = named(world, source, name);
    let (id, flow) = found.ok_or_else(|| error("Flow name not found in source WABA."))?;
    let (id, flow) = (id.clone(), flow.clone());
    if named(world, target, name).is_some() {
        return Err(error("Flow with the same name exists in destination WABA."));
    }
    let scripted = &world.switches.refused_flows;
    let mut refusals = scripted.iter();
    if let Some((_, message)) = refusals.find(|(pattern, _)| fits(pattern, name)) {
        return Err(message.clone());
    }
    let status = match flow.status {
        FlowStatus::Published => FlowStatus::Published,
        FlowStatus::Draft
        | FlowStatus::Deprecated
        | FlowStatus::Throttled
        | FlowStatus::Blocked => FlowStatus::Draft,
    };
    let keeps_endpoint = world.switches.copied_flow_endpoints;
    let copy = Flow {
        waba: target.clone(),
        status,
        endpoint_uri: flow.endpoint_uri.filter(|_| keeps_endpoint),
        application: Some(token.app.clone()),
        ..flow
    };
    let new = world.invent_id();
    Ok((id, world.add_flow(new, copy)))
}

fn named<'a>(world: &'a World, waba: &'a WabaId, name: &str) -> Option<(&'a FlowId, &'a Flow)> {
    world.flows_of(waba).find(|(_, flow)| flow.name == name)
}

/// Returns whether an account has a flow with that id or name.
pub fn flow_exists(world: &World, waba: &WabaId, id_or_name: &str) -> bool {
    let mut flows = world.flows_of(waba);
    flows.any(|(id, flow)| id.as_str() == id_or_name || flow.name == id_or_name)
}

/// Leads the FLOW buttons of a template that is copied to the target's flows of the same names;
/// those without such a flow keep their id.
pub fn lead_buttons(world: &World, target: &WabaId, components: &mut Value) {
    if world.switches.copied_flow_ids == CopiedFlowIds::Mapped {
        lead(world, target, components);
    }
}

fn lead(world: &World, target: &WabaId, value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| lead(world, target, item)),
        Value::Object(object) => {
            if let Some(id) = object.get_mut("flow_id")
                && let Some(mapped) = mapped(world, target, id)
            {
                *id = json!(mapped);
            }
            for key in ["buttons", "cards", "components"] {
                if let Some(inner) = object.get_mut(key) {
                    lead(world, target, inner);
                }
            }
        }
        _ => {}
    }
}

fn mapped<'a>(world: &'a World, target: &'a WabaId, id: &Value) -> Option<&'a FlowId> {
    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let flow = world.flows.get(&id.parse().ok()?)?;
    named(world, target, &flow.name).map(|(id, _)| id)
}

/// Creates a flow.
pub fn create(world: &mut World, waba: &WabaId, token: &Token, params: &Params) -> Answered {
    let name = params.required("name")?;
    if named(world, waba, &name).is_some() {
        let text = "Flow name should be unique within one WhatsApp Business account.";
        return Err(
            GraphError::parameter("Invalid parameter").user("Flow name is not unique", text)
        );
    }
    let flow = Flow {
        waba: waba.clone(),
        name,
        status: FlowStatus::Draft,
        categories: categories(params)?,
        endpoint_uri: endpoint(params)?,
        application: Some(token.app.clone()),
        json: content(world, token, params)?,
    };
    let errors = flow.validation_errors();
    let is_published = params.flag("publish")?;
    if is_published {
        check_publishable(world, &flow)?;
    }
    let id = world.invent_id();
    let id = world.add_flow(id, flow);
    if is_published && let Some(flow) = world.flows.get_mut(&id) {
        flow.status = FlowStatus::Published;
    }
    Ok(json!({"id": id, "success": true, "validation_errors": errors}))
}

fn categories(params: &Params) -> Result<Vec<FlowCategory>, GraphError> {
    let words = params.list("categories")?.unwrap_or_default();
    if words.is_empty() {
        return Err(GraphError::parameter(
            "The parameter categories is required.",
        ));
    }
    let read = |word: &String| {
        FlowCategory::from_word(word).ok_or_else(|| {
            GraphError::parameter(format!("Param categories has an unknown value {word}."))
        })
    };
    words.iter().map(read).collect()
}

fn endpoint(params: &Params) -> Result<Option<String>, GraphError> {
    let given = params.text("endpoint_uri")?;
    let is_url = |text: &String| url::Url::parse(text).is_ok_and(|url| url.scheme() == "https");
    match given {
        Some(text) if !is_url(&text) => Err(GraphError::parameter("Invalid parameter")
            .user("Invalid Endpoint URI", "Provide a valid URL.")),
        given => Ok(given),
    }
}

/// Returns the JSON of a new flow: its own, or that of the flow it is a clone of.
fn content(world: &World, token: &Token, params: &Params) -> Result<Option<Value>, GraphError> {
    let clone = params.text("clone_flow_id")?;
    match (params.json("flow_json")?, clone) {
        (Some(_), Some(_)) => Err(GraphError::parameter(
            "Only one of flow_json and clone_flow_id can be set.",
        )),
        (Some(json @ Value::Object(_)), None) => Ok(Some(json)),
        (Some(_), None) => Err(GraphError::parameter(
            "Param flow_json must be a JSON object.",
        )),
        (None, None) => Ok(None),
        (None, Some(id)) => {
            let flow = id.parse().ok().and_then(|id| world.flows.get(&id));
            let flow = flow.filter(|flow| token.reaches(&flow.waba));
            let missing = || {
                GraphError::parameter("Invalid parameter")
                    .user("Flow with specified ID does not exist", "Confirm the ID.")
            };
            flow.map(|flow| flow.json.clone()).ok_or_else(missing)
        }
    }
}

/// Publishes a draft.
pub fn publish(world: &mut World, id: &FlowId) -> Answered {
    check_publishable(world, find(world, id)?)?;
    change(world, id, FlowStatus::Published)
}

fn check_publishable(world: &World, flow: &Flow) -> Result<(), GraphError> {
    let refuse = |title, text: &str| Err(failure(139_002, "Publishing failed", (title, text)));
    if flow.status != FlowStatus::Draft {
        let text = "Only a draft can be published. Clone the Flow and publish the new one.";
        return refuse("Publishing Flow in invalid state", text);
    }
    let Some(json) = &flow.json else {
        let text = "The Flow has no Flow JSON.";
        return refuse("Publishing Flow with validation errors", text);
    };
    if !flow.validation_errors().is_empty() {
        let text = "The Flow JSON has validation errors.";
        return refuse("Publishing Flow with validation errors", text);
    }
    if json["data_api_version"].is_string() && flow.endpoint_uri.is_none() {
        let text = "Set endpoint_uri before publishing.";
        return refuse(
            "Publishing without specifying endpoint_uri is forbidden",
            text,
        );
    }
    let has_number = world.numbers.values().any(|it| it.waba == flow.waba);
    if !has_number {
        let text = "Add a phone number to the WhatsApp Business account before publishing.";
        return refuse(
            "No Phone Number connected to WhatsApp Business Account",
            text,
        );
    }
    Ok(())
}

/// Deprecates a published flow.
pub fn deprecate(world: &mut World, id: &FlowId) -> Answered {
    let refuse = |title, text: &str| Err(failure(139_003, "Deprecating failed", (title, text)));
    match find(world, id)?.status {
        FlowStatus::Published => change(world, id, FlowStatus::Deprecated),
        FlowStatus::Deprecated => refuse("Flow is already deprecated", "There is nothing to do."),
        FlowStatus::Draft | FlowStatus::Throttled | FlowStatus::Blocked => refuse(
            "Can't deprecate unpublished flow",
            "Only a published Flow can be deprecated.",
        ),
    }
}

/// Deletes a draft.
pub fn delete(world: &mut World, id: &FlowId) -> Answered {
    if find(world, id)?.status != FlowStatus::Draft {
        let text = "Deprecate the Flow instead of deleting it.";
        return Err(failure(
            139_004,
            "Deleting failed",
            ("Can't delete published Flow", text),
        ));
    }
    world.flows.remove(id);
    success()
}

fn find<'a>(world: &'a World, id: &FlowId) -> Result<&'a Flow, GraphError> {
    let flow = world.flows.get(id);
    flow.ok_or_else(|| GraphError::no_object("POST", id.as_str()))
}

fn change(world: &mut World, id: &FlowId, status: FlowStatus) -> Answered {
    if let Some(flow) = world.flows.get_mut(id) {
        flow.status = status;
    }
    success()
}

fn failure(code: u32, message: &str, (title, text): (&str, &str)) -> GraphError {
    GraphError::new(code, message).user(title, text)
}
