//! Stand-ins for people, under `/__sim/`: read a phone, switch two-step verification off, finish the
//! signup popup, answer a migration intent, look at the world, let time pass, let things happen.
//!
//! These are no part of the APIs and need no token. Where the world has a Genesys Cloud organization, the
//! popup is the one in its user interface.

use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Json, Response},
    routing::{get, post},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    Simulator,
    genesys::{popup::Popup, words::SignupVersion},
    script::{Fault, Happening},
    serve::{Served, fields},
    words::Decision,
};
use crate::{
    ids::{SolutionId, WabaId},
    phone::Phone,
    secret::Secret,
};

/// Returns the routes.
pub fn routes() -> Router<Served> {
    Router::new()
        .route("/__sim/code", get(code))
        .route("/__sim/world", get(world))
        .route("/__sim/requests", get(requests))
        .route("/__sim/two_step_off", post(two_step_off))
        .route("/__sim/popup", post(popup))
        .route("/__sim/intent", post(intent))
        .route("/__sim/advance", post(advance))
        .route("/__sim/happen", post(happen))
        .route("/__sim/fault", post(fault))
}

#[derive(Deserialize)]
struct OfPhone {
    phone: String,
}

#[derive(Deserialize)]
struct PopupOf {
    waba: String,
    phone: String,
    /// Absent: the organization's popup where the world has one, else Meta's own.
    organization: Option<Value>,
    name: Option<String>,
    version: Option<SignupVersion>,
    pin: Option<String>,
    new_number: Option<Value>,
    only_token: Option<Value>,
}

#[derive(Deserialize)]
struct Answer {
    solution_id: SolutionId,
    status: Decision,
    waba: Option<WabaId>,
}

#[derive(Deserialize)]
struct Advance {
    seconds: Value,
}

async fn code(State(served): State<Served>, Query(of): Query<OfPhone>) -> Response {
    let Some(phone) = Phone::from_display(&of.phone) else {
        return refuse(StatusCode::BAD_REQUEST, "this is not a phone number");
    };
    match served.simulator().code(&phone) {
        Some(shown) => {
            let code = shown.replace('-', "");
            Json(json!({"phone": phone, "code": code, "shown": shown})).into_response()
        }
        None => refuse(StatusCode::NOT_FOUND, "this phone has received no code"),
    }
}

async fn world(State(served): State<Served>) -> Response {
    Json(served.simulator().world_json()).into_response()
}

async fn requests(State(served): State<Served>) -> Response {
    let shown = served.simulator().requests().into_iter().map(|call| {
        json!({"at": call.at, "method": call.method, "path": call.path, "status": call.status, "took_effect": call.took_effect})
    });
    Json(shown.collect::<Value>()).into_response()
}

async fn two_step_off(State(served): State<Served>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(of) = read::<OfPhone>(&headers, &body) else {
        return refuse(StatusCode::BAD_REQUEST, "a phone is needed");
    };
    let Some(phone) = Phone::from_display(&of.phone) else {
        return refuse(StatusCode::BAD_REQUEST, "this is not a phone number");
    };
    let switched = served.simulator().edit(|world| {
        let is_live = world.live_number(&phone).is_some();
        world.happen(&Happening::TwoStepOff { phone });
        is_live
    });
    if switched {
        done()
    } else {
        refuse(StatusCode::NOT_FOUND, "this phone is registered nowhere")
    }
}

async fn popup(State(served): State<Served>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(of) = read::<PopupOf>(&headers, &body) else {
        return refuse(StatusCode::BAD_REQUEST, "a waba and a phone are needed");
    };
    let Some(phone) = Phone::from_display(&of.phone) else {
        return refuse(StatusCode::BAD_REQUEST, "this is not a phone number");
    };
    let Ok(waba) = of.waba.parse::<WabaId>() else {
        return refuse(StatusCode::BAD_REQUEST, "this is not the id of an account");
    };
    let simulator = served.simulator();
    let in_genesys = simulator.world(|world| world.genesys.is_some());
    if is_set(of.organization.as_ref(), in_genesys) {
        return genesys_popup(simulator, &of, waba, phone);
    }
    match simulator.finish_signup(&waba, &phone) {
        Ok(id) => Json(json!({"phone_number_id": id, "waba_id": waba})).into_response(),
        Err(refused) => refuse(StatusCode::CONFLICT, &refused.to_string()),
    }
}

fn genesys_popup(simulator: &Simulator, of: &PopupOf, waba: WabaId, phone: Phone) -> Response {
    let popup = Popup {
        name: of.name.clone(),
        version: of.version,
        pin: of.pin.as_deref().map(Secret::new),
        is_new: is_set(of.new_number.as_ref(), false),
        only_token: is_set(of.only_token.as_ref(), false),
        ..Popup::of(waba, phone)
    };
    match simulator.finish_popup(&popup) {
        Ok(done) => Json(json!({
            "phone_number_id": done.phone_number,
            "waba_id": popup.waba,
            "integration_id": done.integration,
            "embedded_signup_token": done.token.as_ref().map(Secret::expose),
        }))
        .into_response(),
        Err(refused) => refuse(StatusCode::CONFLICT, &refused.to_string()),
    }
}

/// A truth value of JSON or of a form.
fn is_set(value: Option<&Value>, otherwise: bool) -> bool {
    match value {
        None | Some(Value::Null) => otherwise,
        Some(Value::Bool(set)) => *set,
        Some(value) => value == "true" || value == "1",
    }
}

async fn intent(State(served): State<Served>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(of) = read::<Answer>(&headers, &body) else {
        let needed = "a solution_id, a status (ACCEPTED or REJECTED) and a waba are needed";
        return refuse(StatusCode::BAD_REQUEST, needed);
    };
    let simulator = served.simulator();
    match simulator.decide_intents(&of.solution_id, of.status, of.waba.as_ref()) {
        Ok(()) => done(),
        Err(refused) => refuse(StatusCode::CONFLICT, &refused.to_string()),
    }
}

async fn advance(State(served): State<Served>, headers: HeaderMap, body: Bytes) -> Response {
    let seconds = read::<Advance>(&headers, &body).and_then(|asked| match asked.seconds {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    });
    match seconds {
        Some(seconds) => {
            served.simulator().advance(Duration::from_secs(seconds));
            done()
        }
        None => refuse(
            StatusCode::BAD_REQUEST,
            "seconds must be a number that is not negative",
        ),
    }
}

async fn happen(State(served): State<Served>, body: Bytes) -> Response {
    match serde_json::from_slice::<Happening>(&body) {
        Ok(happening) => {
            served.simulator().edit(|world| world.happen(&happening));
            done()
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

async fn fault(State(served): State<Served>, body: Bytes) -> Response {
    match serde_json::from_slice::<Fault>(&body) {
        Ok(fault) => {
            served.simulator().fault(fault.on, fault.effect);
            done()
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

/// People get it easier than Graph's clients: JSON is JSON under any content type, and what is
/// neither that nor multipart is a form.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Option<T> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Some(value);
    }
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let content_type = content_type
        .filter(|kind| kind.starts_with("multipart/"))
        .unwrap_or("application/x-www-form-urlencoded");
    let fields: Map<String, Value> = fields(content_type, body)?.into_iter().collect();
    serde_json::from_value(Value::Object(fields)).ok()
}

fn done() -> Response {
    Json(json!({"success": true})).into_response()
}

fn refuse(status: StatusCode, problem: &str) -> Response {
    (status, Json(json!({"error": problem}))).into_response()
}
