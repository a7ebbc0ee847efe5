//! The Graph API's front: from a call to the rule that answers it.
//!
//! The order is: version, token, removed features, object (100/33), permission (200), hourly limit
//! (80008, or 4 where no account is concerned), a write's locked account (131031), then the rule with
//! its parameters.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/overview>

use super::{
    access::{self, BUSINESS, MANAGEMENT, MESSAGING},
    batch,
    call::{Answer, Call},
    edges::Reading,
    error::GraphError,
    fields, flow, nodes,
    rules::{
        Answered, add, codes, flows, intents, profile, register, settings, subscriptions,
        template_create, template_delete, template_edit, templates, tokens, uploads,
    },
    usage::{self, Usage},
    version,
    world::{Token, World},
};
use crate::ids::{AppId, BusinessId, FlowId, MigrationIntentId, PhoneNumberId, TemplateId, WabaId};

/// Features that Graph removed on 27 October 2026; the list is second-hand: unconfirmed.
const REMOVED: [&str; 4] = ["pretty", "debug", "date_format", "ids"];

/// Real endpoints that this simulator does not offer.
const NOT_SIMULATED: [&str; 14] = [
    "assets",
    "assigned_users",
    "settings",
    "whatsapp_commerce_settings",
    "whatsapp_business_encryption",
    "conversational_automation",
    "block_users",
    "message_qrdls",
    "official_business_account",
    "set_obo_mobility_intent",
    "upsert_message_templates",
    "subscriptions",
    "messages",
    "client_whatsapp_business_accounts",
];

/// Answers a call and makes its effect.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let mut usage = None;
    let result = route(world, call, &mut usage);
    let trace = trace_id(world);
    let mut answer = match result {
        Ok(body) => Answer::json(200, &body),
        Err(error) => Answer::json(
            error.http_status(world.switches.error_status),
            &error.body(&trace),
        ),
    };
    finish(world, call, &mut answer, &trace, usage.as_ref());
    answer
}

/// Refuses a call without making any effect.
pub fn refuse(world: &mut World, call: &Call, error: &GraphError, usage: Option<&Usage>) -> Answer {
    let trace = trace_id(world);
    let status = error.http_status(world.switches.error_status);
    let mut answer = Answer::json(status, &error.body(&trace));
    finish(world, call, &mut answer, &trace, usage);
    answer
}

fn finish(world: &mut World, call: &Call, answer: &mut Answer, trace: &str, usage: Option<&Usage>) {
    let served = version::served(call.version.as_deref(), world.now).unwrap_or(26);
    let mut add = |name: &str, value: String| answer.headers.push((name.to_owned(), value));
    add("facebook-api-version", format!("v{served}.0"));
    add("x-fb-trace-id", trace.to_owned());
    if let Some(usage) = usage {
        let (name, value) = usage.header();
        add(&name, value);
    }
}

fn trace_id(world: &mut World) -> String {
    format!("A{:016x}", world.invent())
}

/// What an id in a path names.
enum Object {
    Waba(WabaId),
    Number(PhoneNumberId, WabaId),
    Template(TemplateId, WabaId),
    Flow(FlowId, WabaId),
    Intent(MigrationIntentId, WabaId),
    Business(BusinessId),
    /// The token's own.
    App,
}

impl Object {
    fn waba(&self) -> Option<&WabaId> {
        match self {
            Self::Waba(waba)
            | Self::Number(_, waba)
            | Self::Template(_, waba)
            | Self::Flow(_, waba)
            | Self::Intent(_, waba) => Some(waba),
            Self::Business(_) | Self::App => None,
        }
    }

    fn node_type(&self) -> &'static str {
        match self {
            Self::Waba(_) => nodes::WABA,
            Self::Number(..) => nodes::NUMBER,
            Self::Template(..) => nodes::TEMPLATE,
            Self::Flow(..) => flow::FLOW,
            Self::Intent(..) => nodes::INTENT,
            Self::Business(_) => nodes::BUSINESS,
            Self::App => nodes::APP,
        }
    }
}

fn route(world: &mut World, call: &Call, usage: &mut Option<Usage>) -> Answered {
    let Some(served) = version::served(call.version.as_deref(), world.now) else {
        let asked = call.version.as_deref().unwrap_or_default();
        return Err(GraphError::unknown_path(&format!(
            "/{asked}/{}",
            call.route()
        )));
    };
    if !matches!(call.method.as_str(), "GET" | "POST" | "DELETE") {
        return Err(GraphError::parameter(format!(
            "Unsupported method {}",
            call.method
        )));
    }
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    if let ("GET", ["oauth", "access_token"]) = (call.method.as_str(), path.as_slice()) {
        return tokens::exchange(world, &call.params);
    }
    if call.method == "POST" && path.is_empty() && call.params.has("batch") {
        access::authenticate_batch(world, call)?;
        return batch::run(world, call);
    }
    let upload = uploads::session(&path);
    if upload.is_some() {
        uploads::check_scheme(world, call)?;
    }
    let token = access::authenticate(world, call)?;
    refuse_removed(world, call)?;
    if let [id, rest @ ..] = path.as_slice()
        && id.bytes().all(|b| b.is_ascii_digit())
    {
        return object_call(world, call, served, &token, (id, rest), usage);
    }
    let (used, verdict) = usage::count_app(world, &token.app);
    *usage = Some(used);
    verdict?;
    if let Some(session) = upload {
        return uploads::call(world, &token, session, call);
    }
    match (call.method.as_str(), path.as_slice()) {
        ("GET", ["me"]) => tokens::me(&token, &call.params),
        ("GET", ["me", "permissions"]) => tokens::permissions(&token),
        ("GET", ["app"]) => tokens::app(world, &token, &call.params),
        ("GET", ["debug_token"]) => tokens::debug(world, &token, &call.params),
        _ => Err(GraphError::unknown_path(&format!("/{}", call.route()))),
    }
}

fn refuse_removed(world: &World, call: &Call) -> Result<(), GraphError> {
    if world.switches.legacy_protocol {
        return Ok(());
    }
    let used = REMOVED.into_iter().find(|name| call.params.has(name));
    match used.or_else(|| call.has_etag.then_some("If-None-Match")) {
        None => Ok(()),
        Some(name) => Err(GraphError::new(
            12,
            format!(
                "{name} is deprecated for versions v26.0 and higher and is no longer supported"
            ),
        )),
    }
}

fn object_call(
    world: &mut World,
    call: &Call,
    served: u16,
    token: &Token,
    (id, rest): (&str, &[&str]),
    usage: &mut Option<Usage>,
) -> Answered {
    let missing = || GraphError::no_object(&call.method, id);
    let object = find(world, token, id).ok_or_else(missing)?;
    let edge = match rest {
        [] => "",
        [edge] => edge,
        _ => return Err(GraphError::unknown_path(&format!("/{}", rest.join("/")))),
    };
    permit(token, &object, &call.method, edge)?;
    let (used, verdict) = match object.waba() {
        Some(waba) => usage::count(world, &token.app, waba),
        None => usage::count_app(world, &token.app),
    };
    *usage = Some(used);
    verdict?;
    if call.method == "GET" {
        let answered = read(world, call, served, token, &object, edge);
        settle_flaps(world, &object);
        answered
    } else {
        write(world, call, token, &object, edge)
    }
}

fn find(world: &World, token: &Token, id: &str) -> Option<Object> {
    if let Some((id, _)) = id
        .parse::<WabaId>()
        .ok()
        .and_then(|id| world.wabas.get_key_value(&id))
    {
        return token.reaches(id).then(|| Object::Waba(id.clone()));
    }
    if let Some((id, number)) = id
        .parse()
        .ok()
        .and_then(|id: PhoneNumberId| world.numbers.get_key_value(&id))
    {
        let reached = token.reaches(&number.waba);
        return reached.then(|| Object::Number(id.clone(), number.waba.clone()));
    }
    if let Some((id, template)) = id
        .parse()
        .ok()
        .and_then(|id: TemplateId| world.templates.get_key_value(&id))
    {
        let reached = token.reaches(&template.waba);
        return reached.then(|| Object::Template(id.clone(), template.waba.clone()));
    }
    if let Some((id, flow)) = id
        .parse()
        .ok()
        .and_then(|id: FlowId| world.flows.get_key_value(&id))
    {
        let reached = token.reaches(&flow.waba);
        return reached.then(|| Object::Flow(id.clone(), flow.waba.clone()));
    }
    if let Some((id, intent)) = id
        .parse()
        .ok()
        .and_then(|id: MigrationIntentId| world.intents.get_key_value(&id))
    {
        let reached = token.reaches(&intent.waba);
        return reached.then(|| Object::Intent(id.clone(), intent.waba.clone()));
    }
    if token.app.as_str() == id && world.apps.contains_key(&token.app) {
        return Some(Object::App);
    }
    let business: BusinessId = id.parse().ok()?;
    let known =
        world.businesses.contains_key(&business) && token.reaches_business(world, &business);
    known.then_some(Object::Business(business))
}

fn permit(token: &Token, object: &Object, method: &str, edge: &str) -> Result<(), GraphError> {
    if let Object::Business(_) = object {
        return token
            .require(MANAGEMENT)
            .or_else(|_| token.require(BUSINESS));
    }
    if let (Object::App, "GET") = (object, method) {
        return Ok(());
    }
    token.require(MANAGEMENT)?;
    match (method, edge) {
        ("POST", "register" | "deregister" | "whatsapp_business_profile") => {
            token.require(MESSAGING)
        }
        _ => Ok(()),
    }
}

fn read(
    world: &World,
    call: &Call,
    served: u16,
    token: &Token,
    object: &Object,
    edge: &str,
) -> Answered {
    let reading = Reading {
        world,
        call,
        version: served,
        token,
    };
    let params = &call.params;
    let missing = || GraphError::no_object("GET", &call.path[0]);
    match (object, edge) {
        (Object::Waba(id), "") => {
            let found = world.wabas.get_key_value(id).ok_or_else(missing)?;
            reading.waba(found, params)
        }
        (Object::Waba(id), _) => reading
            .edge(id, edge, params)
            .unwrap_or_else(|| Err(no_edge(edge, "GET", object, &call.path[0]))),
        (Object::Number(id, _), "") => {
            let found = world.numbers.get_key_value(id).ok_or_else(missing)?;
            nodes::number(
                world,
                served,
                found,
                &fields::of(params, &nodes::NUMBER_FIELDS)?,
            )
        }
        (Object::Number(id, _), "whatsapp_business_profile") => profile::read(world, id, params),
        (Object::Template(id, _), "") => {
            let found = world.templates.get_key_value(id).ok_or_else(missing)?;
            reading.template(found, &fields::of(params, &nodes::TEMPLATE_FIELDS)?)
        }
        (Object::Flow(id, _), "") => {
            let found = world.flows.get_key_value(id).ok_or_else(missing)?;
            flow::node(world, found, &fields::of(params, &flow::FLOW_FIELDS)?)
        }
        (Object::Flow(id, _), "assets") => {
            let found = world.flows.get_key_value(id).ok_or_else(missing)?;
            Ok(flow::assets(world, call, found))
        }
        (Object::Intent(id, _), "") => {
            let found = world.intents.get_key_value(id).ok_or_else(missing)?;
            nodes::intent(world, found, &fields::of(params, &nodes::INTENT_FIELDS)?)
        }
        (Object::App, "") => tokens::app(world, token, params),
        (Object::Business(id), "") => {
            let found = world.businesses.get_key_value(id).ok_or_else(missing)?;
            nodes::business(found, &fields::of(params, &nodes::BUSINESS_FIELDS)?)
        }
        (Object::Business(id), "owned_whatsapp_business_accounts") => reading.owned(id, params),
        _ => Err(no_edge(edge, "GET", object, &call.path[0])),
    }
}

fn write(world: &mut World, call: &Call, token: &Token, object: &Object, edge: &str) -> Answered {
    refuse_locked(world, object)?;
    let app: &AppId = &token.app;
    let params = &call.params;
    match (object, call.method.as_str(), edge) {
        (Object::Waba(id), "POST", "phone_numbers") => add::add(world, id, params),
        (Object::Waba(id), "POST", "subscribed_apps") => {
            subscriptions::subscribe(world, id, app, params)
        }
        (Object::Waba(id), "DELETE", "subscribed_apps") => {
            subscriptions::unsubscribe(world, id, app)
        }
        (Object::Waba(id), "POST", "migrate_message_templates") => {
            templates::migrate(world, id, token, params)
        }
        (Object::Waba(id), "POST", "flows") => flows::create(world, id, token, params),
        (Object::Waba(id), "POST", "migrate_flows") => flows::migrate(world, id, token, params),
        (Object::Flow(id, _), "POST", "publish") => flows::publish(world, id),
        (Object::Flow(id, _), "POST", "deprecate") => flows::deprecate(world, id),
        (Object::Flow(id, _), "DELETE", "") => flows::delete(world, id),
        (Object::Waba(id), "POST", "message_templates") => {
            template_create::create(world, id, app, params)
        }
        (Object::Waba(id), "DELETE", "message_templates") => {
            template_delete::delete(world, id, params)
        }
        (Object::Template(id, _), "POST", "") => template_edit::edit(world, id, app, params),
        (Object::Template(id, _), "POST", "unpause") => template_edit::unpause(world, id),
        (Object::Waba(id), "POST", "set_solution_migration_intent") => {
            intents::set(world, id, params)
        }
        (Object::Number(id, _), "POST", "") => settings::change(world, id, params),
        (Object::Number(id, _), "POST", "request_code") => codes::request(world, id, params),
        (Object::Number(id, _), "POST", "verify_code") => codes::verify(world, id, params),
        (Object::Number(id, _), "POST", "register") => register::register(world, id, params),
        (Object::Number(id, _), "POST", "deregister") => register::deregister(world, id),
        (Object::Number(id, _), "POST", "whatsapp_business_profile") => {
            profile::write(world, id, params)
        }
        (Object::App, "POST", "uploads") => uploads::begin(world, token, params),
        (Object::Waba(_) | Object::Flow(..), "POST", "") => Err(not_simulated(&call.method, edge)),
        _ => Err(no_edge(edge, &call.method, object, &call.path[0])),
    }
}

/// A banned account can be read and no longer changed.
fn refuse_locked(world: &World, object: &Object) -> Result<(), GraphError> {
    let account = object.waba().and_then(|id| world.wabas.get(id));
    match account {
        Some(account) if account.is_banned => Err(GraphError::locked()),
        Some(_) | None => Ok(()),
    }
}

fn no_edge(edge: &str, method: &str, object: &Object, id: &str) -> GraphError {
    if NOT_SIMULATED.contains(&edge) {
        not_simulated(method, edge)
    } else if edge.is_empty() || method != "GET" {
        GraphError::no_object(method, id)
    } else {
        GraphError::no_field(edge, object.node_type())
    }
}

fn not_simulated(method: &str, edge: &str) -> GraphError {
    GraphError::not_simulated(&format!("{method} on this object: {edge}"))
}

/// Each read of a flapping number uses up one flap.
fn settle_flaps(world: &mut World, object: &Object) {
    for (id, number) in &mut world.numbers {
        let was_read = match object {
            Object::Waba(waba) => number.waba == *waba,
            Object::Number(read, _) => read == id,
            Object::Template(..)
            | Object::Flow(..)
            | Object::Intent(..)
            | Object::Business(_)
            | Object::App => false,
        };
        if was_read {
            number.flaps_left = number.flaps_left.saturating_sub(1);
        }
    }
}
