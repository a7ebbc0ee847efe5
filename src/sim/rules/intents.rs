//! `POST /{WABA}/set_solution_migration_intent`: a partner asks a customer to move the numbers of an
//! account to a solution. What the customer answers is in [`crate::sim::signup`].
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/>

use serde_json::json;

use super::Answered;
use crate::{
    ids::{MigrationIntentId, WabaId},
    sim::{
        call::Params,
        error::GraphError,
        switches::{AcceptedIntent, IntentOn},
        words::IntentStatus,
        world::{Intent, Partner, World},
    },
};

/// Sets an intent. Each call makes one of its own: what a repeat does is not documented.
pub fn set(world: &mut World, waba: &WabaId, params: &Params) -> Answered {
    let partner = partner(world, params)?;
    if world.switches.intent_on == IntentOn::NumbersAccount && !holds_numbers(world, waba) {
        return Err(GraphError::parameter("Invalid parameter")
            .details("The WhatsApp Business account has no phone number that could migrate."));
    }
    let id: MigrationIntentId = world.invent_id();
    let intent = Intent {
        waba: waba.clone(),
        partner,
        status: IntentStatus::Initiated,
        target: None,
    };
    world.intents.insert(id.clone(), intent);
    Ok(json!({"id": id}))
}

fn partner(world: &World, params: &Params) -> Result<Partner, GraphError> {
    let given = (params.text("solution_id")?, params.text("app_id")?);
    let (name, found) = match given {
        (Some(solution), None) => {
            let id = solution.parse().ok();
            let known = id.filter(|id| world.solutions.contains_key(id));
            ("solution_id", known.map(Partner::Solution))
        }
        (None, Some(app)) => {
            let id = app.parse().ok();
            let known = id.filter(|id| world.apps.contains_key(id));
            ("app_id", known.map(Partner::App))
        }
        (Some(_), Some(_)) | (None, None) => {
            return Err(GraphError::parameter(
                "Exactly one of the parameters solution_id and app_id is required.",
            ));
        }
    };
    found.ok_or_else(|| GraphError::parameter(format!("Param {name} must be a valid id.")))
}

fn holds_numbers(world: &World, waba: &WabaId) -> bool {
    let mut numbers = world.numbers.values();
    numbers.any(|number| number.waba == *waba && number.is_live())
}

/// Returns whether a number that is added by a migration needs no one-time code.
pub fn spares_code(world: &World, source: &WabaId, target: &WabaId) -> bool {
    world.switches.accepted_intent == AcceptedIntent::AllowsAdd
        && world
            .intents
            .values()
            .any(|intent| intent.allows(source, target))
}

/// Ends the intents that a registered number fulfils.
pub fn complete(world: &mut World, source: &WabaId, target: &WabaId) {
    let intents = world.intents.values_mut();
    intents
        .filter(|intent| intent.allows(source, target))
        .for_each(|intent| intent.status = IntentStatus::Completed);
}
