//! Where a play has come to, compared with the undisturbed end. Pure.
//!
//! Ids and times depend on how often something was tried, so they are left out.
//!
//! Another end than the undisturbed one is right in three cases only:
//!
//! * **A number must wait**: its window is over on the machine's clock, or a number that it needs
//!   waits. It must still be live on the source and not live on the target; all else is as expected.
//! * **A template is rejected for good**: the template stands as rejected. Every other thing is as at
//!   the undisturbed end or as at the beginning; numbers that were not moved are live on the source,
//!   and what stands on the target is on its way: a number that is not live, a profile not yet set.
//!   An app that somebody has unsubscribed stays so: nothing is sent while that stands in the way. In this
//!   case and the first, an app that is subscribed for a while still is.
//! * **The journal was lost**: profiles are as they happen to be: the one of the source was kept there. So
//!   are the target's subscriptions: nobody knows whether one was there for the migration only.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::organization::things;
use crate::{
    ids::{AppId, TemplateKey, WabaId},
    phone::Phone,
    plan::Plan,
    sim::world::World,
};

/// A thing of the world.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Account(WabaId),
    Flow(WabaId, String),
    InGenesys(Option<Phone>, String),
    Number(WabaId, Phone),
    Profile(WabaId, Phone),
    Template(WabaId, String, String),
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(waba) => write!(f, "account {waba}"),
            Self::Flow(waba, name) => write!(f, "flow {name} on {waba}"),
            Self::InGenesys(_, name) => write!(f, "{name} in Genesys Cloud"),
            Self::Number(waba, phone) => write!(f, "number {phone} on {waba}"),
            Self::Profile(waba, phone) => write!(f, "profile of {phone} on {waba}"),
            Self::Template(waba, name, language) => {
                write!(f, "template {name}/{language} on {waba}")
            }
        }
    }
}

/// Everything of a world that a migration may change, without ids and times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    things: BTreeMap<Thing, String>,
    live: BTreeSet<(WabaId, Phone)>,
}

impl End {
    /// Describes a world, as a plan may change it.
    pub fn of(world: &World, plan: &Plan) -> Self {
        let mut end = Self::default();
        for ((phone, name), words) in things(world, plan) {
            end.things.insert(Thing::InGenesys(phone, name), words);
        }
        for (id, waba) in &world.wabas {
            let words = account(&waba.subscriptions);
            end.things.insert(Thing::Account(id.clone()), words);
        }
        for number in world.numbers.values() {
            let (waba, phone) = (number.waba.clone(), number.phone.clone());
            let words = format!(
                "{} {} {} pin {}",
                number.status,
                number.platform,
                world.verification(number),
                number.pin.is_some()
            );
            let profile = serde_json::to_string(&number.profile).unwrap_or_default();
            if number.is_live() {
                end.live.insert((waba.clone(), phone.clone()));
            }
            let key = Thing::Profile(waba.clone(), phone.clone());
            end.things.insert(key, without_ids(&profile));
            end.things.insert(Thing::Number(waba, phone), words);
        }
        for template in world.templates.values() {
            let words = format!(
                "{} {} {}",
                template.status,
                template.category,
                without_handles(&template.components)
            );
            let (name, language) = (template.name.clone(), template.language.clone());
            let key = Thing::Template(template.waba.clone(), name, language);
            end.things.insert(key, without_ids(&words));
        }
        for flow in world.flows.values() {
            let words = format!("{:?} {:?}", flow.status, flow.endpoint_uri);
            end.things
                .insert(Thing::Flow(flow.waba.clone(), flow.name.clone()), words);
        }
        end
    }

    /// Returns whether a number is live there.
    pub fn is_live(&self, waba: &WabaId, phone: &Phone) -> bool {
        self.live.contains(&(waba.clone(), phone.clone()))
    }
}

fn account(subscriptions: &BTreeMap<AppId, Option<String>>) -> String {
    format!("subscribed {subscriptions:?}")
}

/// Every upload has a handle of its own.
fn without_handles(components: &Value) -> Value {
    match components {
        Value::Array(items) => items.iter().map(without_handles).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match name.as_str() {
                "header_handle" => (name.clone(), Value::from("#")),
                _ => (name.clone(), without_handles(value)),
            })
            .collect(),
        other => other.clone(),
    }
}

/// Ids are long numbers, and links to media hold them.
fn without_ids(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        match digits.len() >= 10 {
            true => shown.push('#'),
            false => shown.push_str(&digits),
        }
        digits.clear();
        shown.push(c);
    }
    shown.truncate(shown.len() - 1);
    shown
}

/// The longest description of a thing in a message.
const SHORT: usize = 160;

fn short(words: &str) -> String {
    match words.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}

/// Which other end the faults themselves make right.
#[derive(Clone, Debug, Default)]
pub struct Excuses {
    /// Numbers that must wait.
    pub waiting: BTreeSet<Phone>,
    /// Templates that were rejected for good.
    pub rejected: BTreeSet<TemplateKey>,
    /// Somebody has unsubscribed the target. A run that is stopped by a rejected template does not
    /// mend that: nothing is sent then.
    pub is_unsubscribed: bool,
    /// The journal was lost, and with it what it kept of profiles and subscriptions.
    pub is_journal_lost: bool,
}

/// What a play is measured by.
#[derive(Clone, Debug, Default)]
pub struct Yardstick {
    /// The account that the numbers leave.
    pub source: Option<WabaId>,
    /// The account that receives them.
    pub target: Option<WabaId>,
    /// The app that is subscribed on the target until all is settled.
    pub temporary: Option<AppId>,
    /// The world at the beginning.
    pub beginning: End,
    /// The world at the undisturbed end.
    pub expected: End,
}

impl Yardstick {
    /// Returns everything that is not as it has to be.
    pub fn differences(&self, end: &End, excuses: &Excuses) -> Vec<String> {
        let things: BTreeSet<_> = end
            .things
            .keys()
            .chain(self.expected.things.keys())
            .collect();
        let wrong = things
            .into_iter()
            .filter(|thing| !self.is_right(thing, end, excuses));
        let words = |of: &End, thing: &Thing| {
            let words = of.things.get(thing);
            words.map_or_else(|| "not there".into(), |words| short(words))
        };
        wrong
            .map(|thing| {
                let (is, wanted) = (words(end, thing), words(&self.expected, thing));
                format!("{thing} is `{is}`, not `{wanted}`")
            })
            .collect()
    }

    fn is_right(&self, thing: &Thing, end: &End, excuses: &Excuses) -> bool {
        let is = end.things.get(thing);
        if is == self.expected.things.get(thing) {
            return true;
        }
        let is_target = |waba: &WabaId| self.target.as_ref() == Some(waba);
        let stuck = !excuses.rejected.is_empty();
        let unsettled = stuck || !excuses.waiting.is_empty();
        match thing {
            Thing::Number(_, phone) | Thing::Profile(_, phone)
                if excuses.waiting.contains(phone) =>
            {
                self.has_stayed(phone, end)
            }
            Thing::InGenesys(Some(phone), _) if excuses.waiting.contains(phone) => {
                is == self.beginning.things.get(thing)
            }
            Thing::Template(waba, name, language)
                if is_target(waba)
                    && excuses.rejected.contains(&TemplateKey::new(name, language)) =>
            {
                is.is_some_and(|words| words.starts_with("REJECTED "))
            }
            Thing::Profile(..) if excuses.is_journal_lost => true,
            Thing::Account(waba) if excuses.is_journal_lost && is_target(waba) => true,
            Thing::Account(waba)
                if unsettled && is_target(waba) && is == self.meanwhile().as_ref() =>
            {
                true
            }
            Thing::Number(_, phone) if stuck => self.has_stayed(phone, end),
            Thing::Account(_) if stuck && excuses.is_unsubscribed => {
                is == Some(&account(&BTreeMap::new()))
            }
            // A profile is set last, and a rejected template stops that too.
            Thing::Profile(..) if stuck => true,
            Thing::Template(..) | Thing::Flow(..) | Thing::Account(_) | Thing::InGenesys(..)
                if stuck =>
            {
                is == self.beginning.things.get(thing)
            }
            _ => false,
        }
    }

    /// The target as long as a number waits, where its app is subscribed for a while.
    fn meanwhile(&self) -> Option<String> {
        let app = self.temporary.clone()?;
        Some(account(&BTreeMap::from([(app, None)])))
    }

    /// Returns whether a number was not moved.
    fn has_stayed(&self, phone: &Phone, end: &End) -> bool {
        let is_live = |waba: &Option<WabaId>| {
            let waba = waba.as_ref();
            waba.is_some_and(|waba| end.is_live(waba, phone))
        };
        is_live(&self.source) && !is_live(&self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_do_not_count() {
        assert_eq!(
            without_ids("a 1234567890123 b 12 +4930901820"),
            "a # b 12 +#"
        );
        assert_eq!(without_ids("12345678901"), "#");
    }

    fn waba(id: &str) -> WabaId {
        id.parse().unwrap()
    }

    fn phone() -> Phone {
        "+49 30 901820".parse().unwrap()
    }

    /// An end with a number that is live on one account, and a template on the target.
    fn end(live_on: &str, template: &str) -> End {
        let number = |account: &str| {
            let words = if account == live_on {
                "CLOUD_API"
            } else {
                "idle"
            };
            (Thing::Number(waba(account), phone()), words.to_owned())
        };
        let key = Thing::Template(waba("2"), "order".into(), "de".into());
        End {
            things: [number("1"), number("2"), (key, template.to_owned())].into(),
            live: [(waba(live_on), phone())].into(),
        }
    }

    fn wrong(end: &End, excuses: &Excuses) -> usize {
        let yardstick = Yardstick {
            source: Some(waba("1")),
            target: Some(waba("2")),
            temporary: None,
            beginning: self::end("1", "not there"),
            expected: self::end("2", "APPROVED x"),
        };
        yardstick.differences(end, excuses).len()
    }

    #[test]
    fn only_the_two_documented_ends_are_as_right_as_the_undisturbed_one() {
        let none = Excuses::default();
        let waits = Excuses {
            waiting: [phone()].into(),
            ..Excuses::default()
        };
        let rejected = Excuses {
            rejected: [TemplateKey::new("order", "de")].into(),
            ..Excuses::default()
        };
        for (is, excuses, expected) in [
            (end("2", "APPROVED x"), &none, 0),
            (end("1", "APPROVED x"), &none, 2),
            (end("1", "APPROVED x"), &waits, 0),
            (end("1", "REJECTED x"), &waits, 1),
            (end("1", "REJECTED x"), &rejected, 0),
            (end("1", "PAUSED x"), &rejected, 1),
            (end("3", "REJECTED x"), &rejected, 1),
        ] {
            assert_eq!(wrong(&is, excuses), expected, "{is:?} {excuses:?}");
        }
    }
}
