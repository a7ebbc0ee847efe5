//! Flows: the forms that open from a message, and what they look like when they are read.
//!
//! A flow is its JSON; whether the JSON would work at Meta is not looked at beyond `version` and
//! `screens`. Copying and changing flows is in [`super::rules::flows`].
//!
//! Sources: <https://developers.facebook.com/docs/whatsapp/flows/reference/flowsapi>,
//! <https://developers.facebook.com/docs/whatsapp/flows/reference/flowjson>

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    call::{Call, Params},
    edges::{Reading, listed},
    error::GraphError,
    fields::{self, Field, Has, if_set, select},
    links, nodes,
    words::{FlowCategory, FlowStatus},
    world::World,
};
use crate::ids::{AppId, FlowId, WabaId};

/// What Graph calls a flow in its errors: unconfirmed.
pub const FLOW: &str = "WhatsAppFlow";
/// Fields of a flow when none are asked for.
pub const FLOW_FIELDS: [&str; 4] = ["name", "status", "categories", "validation_errors"];
/// The largest page of flows: unconfirmed.
const MOST: usize = 100;
/// How long a preview works.
const PREVIEW: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A flow.
#[derive(Clone, Debug, Serialize)]
pub struct Flow {
    /// The account it belongs to.
    pub waba: WabaId,
    /// Its name; no other flow of the account has it.
    pub name: String,
    /// Its status.
    pub status: FlowStatus,
    /// What it is for.
    pub categories: Vec<FlowCategory>,
    /// The server that it exchanges data with.
    pub endpoint_uri: Option<String>,
    /// The app that is connected to it.
    pub application: Option<AppId>,
    /// Its flow JSON; absent until somebody sets it.
    #[serde(skip)]
    pub json: Option<Value>,
}

impl Flow {
    /// Returns what is wrong with its JSON. The texts are a model decision.
    pub fn validation_errors(&self) -> Vec<Value> {
        let Some(json) = &self.json else {
            return Vec::new();
        };
        let has_screens = json["screens"]
            .as_array()
            .is_some_and(|screens| !screens.is_empty());
        let checks = [
            (json["version"].is_string(), "version"),
            (has_screens, "screens"),
        ];
        let broken = checks.into_iter().filter(|(is_right, _)| !is_right);
        broken
            .map(|(_, property)| {
                json!({
                    "error": "REQUIRED_PROPERTY_MISSING",
                    "error_type": "JSON_SCHEMA_ERROR",
                    "message": format!("The property \"{property}\" is required at \"$root\"."),
                })
            })
            .collect()
    }

    fn of_json(&self, key: &str) -> Has {
        if_set(self.json.as_ref().and_then(|json| json[key].as_str()))
    }
}

/// Returns the JSON of a flow with one screen.
pub fn one_screen(version: &str, data_api_version: Option<&str>) -> Value {
    let mut json = json!({
        "version": version,
        "screens": [{
            "id": "WELCOME_SCREEN",
            "title": "Welcome",
            "terminal": true,
            "data": {},
            "layout": {"type": "SingleColumnLayout", "children": [
                {"type": "TextHeading", "text": "Hello World"},
                {"type": "Footer", "label": "Complete", "on-click-action": {"name": "complete", "payload": {}}},
            ]},
        }],
    });
    if let Some(version) = data_api_version {
        json["data_api_version"] = json!(version);
        json["routing_model"] = json!({"WELCOME_SCREEN": []});
    }
    json
}

impl Reading<'_> {
    /// Lists the flows of an account.
    pub fn flows(&self, waba: &WabaId, params: &Params) -> Result<Value, GraphError> {
        let flows: Vec<_> = self.world.flows_of(waba).collect();
        let ids: Vec<&str> = flows.iter().map(|(id, _)| id.as_str()).collect();
        let page = self.page(&ids, params, MOST, &format!("{waba}/flows"))?;
        let selection = fields::of(params, &FLOW_FIELDS)?;
        if !self.world.switches.full_flow_lists {
            refuse_uncommon(&selection)?;
        }
        let data = flows[page.range.clone()]
            .iter()
            .map(|found| node(self.world, *found, &selection))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(listed(data, page))
    }
}

/// Refuses fields that are not among those of a flow when none are asked for.
fn refuse_uncommon(selection: &[Field]) -> Result<(), GraphError> {
    let is_common = |name: &str| name == "id" || FLOW_FIELDS.contains(&name);
    let mut fields = selection.iter();
    match fields.find(|field| !is_common(&field.name)) {
        Some(field) => Err(GraphError::no_field(&field.name, FLOW)),
        None => Ok(()),
    }
}

/// Returns a flow's fields.
pub fn node(
    world: &World,
    (id, flow): (&FlowId, &Flow),
    selection: &[Field],
) -> Result<Value, GraphError> {
    select(selection, FLOW, |field| {
        Ok(match field.name.as_str() {
            "id" => id.as_str().into(),
            "name" => flow.name.as_str().into(),
            "status" => flow.status.as_str().into(),
            "categories" => json!(flow.categories).into(),
            "validation_errors" => flow.validation_errors().into(),
            "json_version" => flow.of_json("version"),
            "data_api_version" => flow.of_json("data_api_version"),
            "endpoint_uri" => if_set(flow.endpoint_uri.as_deref()),
            "preview" => preview(world, id).into(),
            "health_status" => health(world, id, flow).into(),
            "whatsapp_business_account" => account(world, flow),
            "application" => application(world, flow),
            _ => Has::No,
        })
    })
}

fn preview(world: &World, id: &FlowId) -> Value {
    let token = links::signature(world.seed, "preview", id.as_str());
    let url = format!("https://business.facebook.com/wa/manage/flows/{id}/preview/?token={token}");
    let end = world.now.saturating_add(PREVIEW).ok().map(nodes::time);
    json!({"preview_url": url, "expires_at": end})
}

fn health(world: &World, id: &FlowId, flow: &Flow) -> Value {
    let can = match flow.status {
        FlowStatus::Published => "AVAILABLE",
        FlowStatus::Throttled => "LIMITED",
        FlowStatus::Draft | FlowStatus::Deprecated | FlowStatus::Blocked => "BLOCKED",
    };
    let mut entities = vec![json!({"entity_type": "FLOW", "id": id, "can_send_message": can})];
    if let Some(waba) = world.wabas.get(&flow.waba) {
        entities.extend(nodes::account_health(world, flow.waba.as_str(), waba));
    }
    nodes::overall(entities)
}

fn account(world: &World, flow: &Flow) -> Has {
    let account = world.wabas.get(&flow.waba);
    if_set(account.map(|account| {
        json!({
            "id": flow.waba,
            "name": account.name,
            "currency": account.currency,
            "timezone_id": "1",
            "message_template_namespace": account.namespace,
        })
    }))
}

fn application(world: &World, flow: &Flow) -> Has {
    let known = |id| world.apps.get_key_value(id);
    let app = flow.application.as_ref().and_then(known);
    if_set(app.map(|(id, app)| {
        let link = format!("https://www.facebook.com/games/?app_id={id}");
        json!({"id": id, "name": app.name, "link": link})
    }))
}

/// Returns the assets of a flow: a link to its JSON, once it has one.
pub fn assets(world: &World, call: &Call, (id, flow): (&FlowId, &Flow)) -> Value {
    let asset = flow.json.as_ref().map(|_| {
        let url = links::link(world, call, id.as_str());
        json!({"name": "flow.json", "asset_type": "FLOW_JSON", "download_url": url})
    });
    json!({"data": asset.into_iter().collect::<Vec<_>>()})
}
