//! A world to rehearse in: the Graph API's rules, states and faults, without a network.
//!
//! One [`World`] (pure data and rules, moved by its own clock) has two doors: [`door`], a transport
//! in the same process, and [`serve`], HTTP on loopback for any Graph client. The simulator is
//! strict: what Graph refuses it refuses. Behaviour that Meta does not document is a switch with a
//! default (see [`switches`]).
//!
//! It does not simulate messages. People have stand-ins: what they do with a phone, in a popup or in
//! WhatsApp Manager is one call (see [`control`]) or one event of the script (see [`happening`]).

pub mod access;
pub mod batch;
mod build;
pub mod call;
pub mod control;
pub mod door;
pub mod edges;
pub mod error;
pub mod fields;
pub mod file;
pub mod flow;
pub mod genesys;
pub mod graph;
pub mod happening;
pub mod links;
pub mod media;
pub mod nodes;
pub mod paging;
pub mod play;
pub mod rules;
pub mod script;
pub mod seed;
pub mod serve;
pub mod signup;
pub mod switches;
mod template_life;
mod template_view;
pub mod usage;
pub mod version;
pub mod words;
pub mod world;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};

use self::{
    call::{Answer, Call},
    door::{Door, GenesysDoor},
    genesys::popup::{Finished, Popup, PopupRefused},
    play::{Logged, Outcome},
    script::{Effect, Match},
    signup::SignupRefused,
    words::Decision,
    world::World,
};
use crate::{
    api::transport::{Method, Transport},
    clock::Clock,
    ids::{PhoneNumberId, SolutionId, WabaId},
    phone::Phone,
};

/// A world that several doors share.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Mutex<World>>,
}

impl Simulator {
    /// Opens a world.
    pub fn new(world: World) -> Self {
        Self {
            shared: Arc::new(Mutex::new(world)),
        }
    }

    /// Returns the door in this process.
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(Door(self.clone()))
    }

    /// Returns the door to the Genesys Cloud side: `/oauth/token` and `/api/v2/…`.
    pub fn genesys(&self) -> Arc<dyn Transport> {
        Arc::new(GenesysDoor(self.clone()))
    }

    /// Returns the world's clock. Sleeping on it moves the world's time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(Door(self.clone()))
    }

    /// Looks at the world.
    pub fn world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the world.
    pub fn edit<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.lock())
    }

    /// Adds a fault.
    pub fn fault(&self, on: Match, effect: Effect) {
        self.edit(|world| world.script.add_fault(on, effect));
    }

    /// Moves the world's time on.
    pub fn advance(&self, duration: Duration) {
        self.edit(|world| world.advance_to(door::later(world.now, duration)));
    }

    /// Plays one call.
    pub fn play(&self, call: &Call) -> Outcome {
        play::play(&mut self.lock(), call)
    }

    /// Follows a link to media, as a template that was read shows it.
    pub fn fetch(&self, url: &str) -> Outcome {
        match Call::of_link(url) {
            Some(call) => self.play(&call),
            None => Outcome::Answered(Answer::content(404, "text/plain", "Not Found")),
        }
    }

    /// Returns the one-time code that a phone received last, as it shows it: `123-456`.
    pub fn code(&self, phone: &Phone) -> Option<String> {
        self.world(|world| {
            let mut newest_first = world.inbox.iter().rev();
            newest_first
                .find(|(to, _)| to == phone)
                .map(|(_, code)| code.expose().to_owned())
        })
    }

    /// Lets the customer finish the signup popup for a number, and returns its id on that account.
    pub fn finish_signup(
        &self,
        waba: &WabaId,
        phone: &Phone,
    ) -> Result<PhoneNumberId, SignupRefused> {
        self.edit(|world| world.finish_signup(waba, phone))
    }

    /// Lets somebody finish the signup popup in Genesys Cloud's user interface.
    pub fn finish_popup(&self, popup: &Popup) -> Result<Finished, PopupRefused> {
        self.edit(|world| world.finish_popup(popup))
    }

    /// Lets the customer answer the migration intents of a solution.
    pub fn decide_intents(
        &self,
        solution: &SolutionId,
        decision: Decision,
        target: Option<&WabaId>,
    ) -> Result<(), SignupRefused> {
        self.edit(|world| world.decide_intents(solution.as_str(), decision, target))
    }

    /// Returns the world as JSON, with secrets masked.
    pub fn world_json(&self) -> Value {
        self.world(|world| {
            serde_json::to_value(world).unwrap_or_else(|error| json!(error.to_string()))
        })
    }

    /// Returns every call so far; parts of a batch follow the batch.
    pub fn requests(&self) -> Vec<Logged> {
        self.world(|world| world.log.clone())
    }

    /// Returns the writes that had their effect: method, and path without version. To ask for a token
    /// or to search is no write, though both are a POST.
    pub fn writes(&self) -> Vec<(Method, String)> {
        let effective = |call: &Logged| {
            let method = match call.method.as_str() {
                "POST" => Method::Post,
                "PUT" => Method::Put,
                "PATCH" => Method::Patch,
                "DELETE" => Method::Delete,
                _ => return None,
            };
            let reads = call.path.is_empty() || genesys::front::only_reads(&call.path);
            (call.took_effect && !reads).then(|| (method, call.path.clone()))
        };
        self.world(|world| world.log.iter().filter_map(effective).collect())
    }

    /// A panic in one door must not close the other.
    fn lock(&self) -> MutexGuard<'_, World> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod account_tests;
#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod flow_tests;
#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod intent_tests;
#[cfg(test)]
mod number_tests;
#[cfg(test)]
mod script_tests;
#[cfg(test)]
mod signup_tests;
#[cfg(test)]
mod standing_tests;
#[cfg(test)]
mod template_button_tests;
#[cfg(test)]
mod template_change_tests;
#[cfg(test)]
mod template_copy_tests;
#[cfg(test)]
mod template_form_tests;
#[cfg(test)]
mod template_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod upload_http_tests;
#[cfg(test)]
mod upload_tests;
