//! The script: faults that strike chosen calls, and events that change the world by themselves.
//!
//! It says when; what an event changes is in [`super::happening`]. It knows nothing of HTTP: the
//! doors carry out what a [`Fault`] asks.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

pub use super::happening::Happening;
use super::{
    error::GraphError,
    genesys::life::{self, Due},
    words::TemplateStatus,
    world::{Template, World},
};
use crate::ids::TemplateId;

/// Which calls are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`; absent means any.
    #[serde(default)]
    pub method: Option<Verb>,
    /// The path without version and query, with `*` for any run of characters, like `*/register`
    /// or `api/v2/routing/queues/*`; absent means any.
    #[serde(default)]
    pub path: Option<String>,
    /// The first matching call that is meant, counted from 1.
    #[serde(default = "one")]
    pub nth: u32,
    /// How many calls from there are meant.
    #[serde(default = "one")]
    pub times: u32,
}

/// An HTTP method in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// Reads.
    Get,
    /// Writes.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Deletes.
    Delete,
}

impl Verb {
    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

fn one() -> u32 {
    1
}

/// Returns whether `text` fits a pattern in which `*` stands for any run of characters.
pub fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(head) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let tail = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = left.find(piece) else {
            return false;
        };
        left = &left[at + piece.len()..];
    }
    left.ends_with(tail)
}

impl Match {
    /// Means the first call with that method and path.
    pub fn first(method: Verb, path: &str) -> Self {
        Self::nth(method, path, 1)
    }

    /// Means the n-th call with that method and path.
    pub fn nth(method: Verb, path: &str, nth: u32) -> Self {
        Self {
            method: Some(method),
            path: Some(path.to_owned()),
            nth,
            times: 1,
        }
    }

    /// Means that many calls in a row.
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        self.method.is_none_or(|verb| verb.as_str() == method)
            && self
                .path
                .as_deref()
                .is_none_or(|pattern| fits(pattern, path))
    }

    /// Counts a call and returns whether it is one of those meant.
    fn counts(&self, seen: &mut u32, method: &str, path: &str) -> bool {
        if !self.fits(method, path) {
            return false;
        }
        *seen += 1;
        (self.nth..self.nth.saturating_add(self.times)).contains(seen)
    }
}

/// Whether a fault strikes before the call had its effect, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Nothing happened.
    BeforeEffect,
    /// It happened; only the answer is lost.
    AfterEffect,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The connection breaks.
    Cut(Moment),
    /// The connection breaks while the content of an upload is sent; what came before stays.
    CutUpload {
        /// After so many bytes of the content.
        after_bytes: usize,
    },
    /// No answer comes.
    Timeout(Moment),
    /// Status 500 with a page of HTML; in Genesys Cloud with its usual envelope.
    ServerError(Moment),
    /// The call is refused with this error.
    Error(ScriptedError),
    /// The call is refused with 80008; in Genesys Cloud with 429.
    Throttle {
        /// `estimated_time_to_regain_access`.
        minutes: u32,
    },
    /// The answer comes late.
    Delay {
        /// By so much.
        seconds: u32,
    },
}

/// An error of the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptedError {
    /// `code`. For a call of Genesys Cloud: the HTTP status, where `status` does not say it.
    pub code: u32,
    /// `error_subcode`.
    #[serde(default)]
    pub subcode: Option<u32>,
    /// `message`.
    pub message: String,
    /// `error_data.details`.
    #[serde(default)]
    pub details: Option<String>,
    /// `is_transient`.
    #[serde(default)]
    pub transient: bool,
    /// HTTP status, 400 to 599; absent: the code's.
    #[serde(default, deserialize_with = "error_status")]
    #[schemars(range(min = 400, max = 599))]
    pub status: Option<u16>,
}

fn error_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    match Option::<u16>::deserialize(deserializer)? {
        Some(status) if !(400..=599).contains(&status) => Err(D::Error::custom(format!(
            "the status of an error is 400 to 599, not {status}"
        ))),
        status => Ok(status),
    }
}

impl From<&ScriptedError> for GraphError {
    fn from(scripted: &ScriptedError) -> Self {
        Self {
            code: scripted.code,
            subcode: scripted.subcode,
            message: scripted.message.clone(),
            details: scripted.details.clone(),
            is_transient: scripted.transient,
            status: scripted.status,
            ..Self::default()
        }
    }
}

/// A fault and the calls it strikes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which calls.
    pub on: Match,
    /// What goes wrong.
    pub effect: Effect,
}

/// When an event happens: exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// So many seconds after the world began.
    AfterSeconds(u32),
    /// Right before the matching call is answered.
    BeforeCall(Match),
}

/// An event of the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When.
    pub when: When,
    /// What.
    pub what: Happening,
}

/// Faults and call-bound events, with how often each has matched.
#[derive(Clone, Debug, Default)]
pub struct Script {
    faults: Vec<(Fault, u32)>,
    events: Vec<(Match, Happening, u32)>,
}

impl Script {
    /// Adds a fault. Of several that strike one call, the first added wins.
    pub fn add_fault(&mut self, on: Match, effect: Effect) {
        self.faults.push((Fault { on, effect }, 0));
    }

    fn fault(&mut self, method: &str, path: &str) -> Option<Effect> {
        let mut struck = None;
        for (fault, seen) in &mut self.faults {
            if fault.on.counts(seen, method, path) && struck.is_none() {
                struck = Some(fault.effect.clone());
            }
        }
        struck
    }

    fn due(&mut self, method: &str, path: &str) -> Vec<Happening> {
        let mut due = Vec::new();
        for (on, what, seen) in &mut self.events {
            if on.counts(seen, method, path) {
                due.push(what.clone());
            }
        }
        due
    }
}

/// What the world itself has set in motion.
#[derive(Clone, Debug)]
pub enum Pending {
    /// A copied template appears.
    Copy(TemplateId, Box<Template>),
    /// A template's review ends.
    Review(TemplateId, TemplateStatus, Option<String>),
    /// A template's n-th pause ends.
    PauseEnds(TemplateId, u32),
    /// A deleted template disappears.
    Purge(TemplateId),
    /// Something of the Genesys Cloud side comes to its end.
    Genesys(Due),
    /// An event of the script.
    Event(Happening),
}

/// What is to happen, by time and then by order of entry.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    entries: Vec<(Timestamp, Pending)>,
}

impl Agenda {
    /// Enters something.
    pub fn add(&mut self, at: Timestamp, what: Pending) {
        let place = self.entries.partition_point(|(time, _)| *time <= at);
        self.entries.insert(place, (at, what));
    }

    /// Returns the copies that are on their way.
    pub fn copies(&self) -> impl Iterator<Item = &Template> {
        self.entries.iter().filter_map(|(_, what)| match what {
            Pending::Copy(_, template) => Some(template.as_ref()),
            Pending::Review(..)
            | Pending::PauseEnds(..)
            | Pending::Purge(_)
            | Pending::Genesys(_)
            | Pending::Event(_) => None,
        })
    }

    fn next_due(&mut self, now: Timestamp) -> Option<(Timestamp, Pending)> {
        let is_due = self.entries.first().is_some_and(|(at, _)| *at <= now);
        is_due.then(|| self.entries.remove(0))
    }
}

impl World {
    /// Adds an event.
    pub fn schedule(&mut self, event: Event) {
        match event.when {
            When::AfterSeconds(seconds) => {
                let at = self.after(seconds);
                self.agenda.add(at, Pending::Event(event.what));
            }
            When::BeforeCall(on) => self.script.events.push((on, event.what, 0)),
        }
    }

    /// Moves time to `now` (never back), and lets everything happen that was due until then.
    pub fn advance_to(&mut self, now: Timestamp) {
        let end = now.max(self.now);
        while let Some((at, what)) = self.agenda.next_due(end) {
            self.now = at.max(self.now);
            self.settle(what);
        }
        self.now = end;
    }

    /// Counts a call, lets the events bound to it happen, and returns the fault that strikes it.
    pub fn begin_call(&mut self, method: &str, path: &str) -> Option<Effect> {
        for happening in self.script.due(method, path) {
            self.happen(&happening);
        }
        self.script.fault(method, path)
    }

    fn settle(&mut self, what: Pending) {
        match what {
            Pending::Event(happening) => self.happen(&happening),
            Pending::Copy(id, template) => self.add_template(id, *template),
            Pending::Review(id, status, reason) => {
                let template = self.templates.get_mut(&id);
                if let Some(template) = template.filter(|it| !it.is_deleted()) {
                    template.decide(status, reason);
                }
            }
            Pending::PauseEnds(id, pauses) => self.end_pause(&id, pauses),
            Pending::Purge(id) => self.purge_template(&id),
            Pending::Genesys(due) => {
                self.in_genesys(|world, org| life::settle(world, org, due));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run() {
        #[track_caller]
        fn check(pattern: &str, text: &str, expected: bool) {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
        check("*/register", "106/register", true);
        check("*/register", "106/deregister", false);
        check("*", "", true);
        check("a*b*c", "a_b_b_c", true);
        check("ab*ba", "aba", false);
        check("order", "order", true);
        check("order", "order_2", false);
    }

    #[test]
    fn a_match_means_the_nth_call_and_as_many_as_it_says() {
        let on = Match::nth(Verb::Post, "*/register", 2).times(2);
        let mut seen = 0;
        let struck: Vec<bool> = (0..5)
            .map(|_| on.counts(&mut seen, "POST", "1/register"))
            .collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert!(!on.counts(&mut 1, "GET", "1/register"));
    }

    #[test]
    fn time_lets_due_events_happen_in_order() {
        let mut world = World::empty(1, Timestamp::UNIX_EPOCH);
        let late = world.after(20);
        let soon = world.after(10);
        let template = "77".parse::<TemplateId>().unwrap();
        let status = |status| Pending::Review(template.clone(), status, None);
        world.agenda.add(late, status(TemplateStatus::Rejected));
        world.agenda.add(soon, status(TemplateStatus::Approved));
        world.advance_to(soon);
        assert_eq!(world.agenda.entries.len(), 1);
        assert_eq!(world.agenda.entries[0].0, late);
        world.advance_to(Timestamp::UNIX_EPOCH);
        assert_eq!(world.now, soon, "time never goes back");
    }
}
