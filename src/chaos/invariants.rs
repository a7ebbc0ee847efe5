//! What has to hold at every moment of a play. Pure: it is shown requests, journal lines and the
//! world, and keeps what it needs of them. It judges from those alone, and knows no step.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    organization,
    rules::{Breach, Rule},
};
use crate::{
    ids::{Address, PhoneNumberId, TemplateKey, WabaId},
    journal::number::Attempts,
    phone::Phone,
    plan::Plan,
    secret::Secret,
    sim::{genesys::words::IntegrationStatus, words::TemplateStatus, world::World},
};

/// A safety step of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safety {
    /// The target can pay.
    Payment,
    /// An app gets the target's webhooks.
    Subscription,
    /// Two-step verification is off on the source.
    TwoStep,
    /// Every required template is approved on the target.
    Templates,
}

impl Safety {
    const ALL: [Self; 4] = [
        Self::Payment,
        Self::Subscription,
        Self::TwoStep,
        Self::Templates,
    ];

    fn undone(self) -> &'static str {
        match self {
            Self::Payment => "the target had no payment method",
            Self::Subscription => "no app was subscribed on the target",
            Self::TwoStep => "two-step verification was on",
            Self::Templates => "a required template was not approved on the target",
        }
    }
}

/// How long before a register a safety step may have been seen as done for the last time. What is
/// undone between that look and the call, nobody can know.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// A write as the journal announces it.
#[derive(Clone, Debug)]
struct Intended {
    method: String,
    path: String,
    /// Whether a definite answer stands in the journal.
    settled: bool,
    /// Whether it was used up: by the one attempt it is for, or by an answer.
    spent: bool,
    /// How many reads had been answered when this line was noticed.
    reads: u64,
}

/// Watches a play.
#[derive(Clone, Debug)]
pub struct Witness {
    source: WabaId,
    target: WabaId,
    plan: Plan,
    required: BTreeSet<TemplateKey>,
    /// The intents of every step, in order.
    intents: BTreeMap<String, Vec<Intended>>,
    reads: u64,
    /// When the last read was answered. A machine that sleeps between a look and its call cannot
    /// know how long.
    last_read: Timestamp,
    /// Which read of a path was the last that was answered.
    read: BTreeMap<String, u64>,
    /// When a safety step was looked at last, and whether it was done.
    looks: BTreeMap<(Safety, Option<Phone>), (Timestamp, bool)>,
    registers: BTreeMap<Phone, Vec<Timestamp>>,
    /// Integrations that this run has activated.
    activated: BTreeSet<String>,
    /// Codes that a person asked for by name and that were not requested yet.
    new_codes: BTreeSet<Phone>,
    /// Whether the machine's clock was ever wrong.
    pub is_clock_wrong: bool,
    /// What was broken.
    pub breaches: Vec<Breach>,
}

impl Witness {
    /// Watches over a plan. `required`: templates that must be approved before any register.
    pub fn new(plan: &Plan, required: BTreeSet<TemplateKey>) -> Self {
        Self {
            source: plan.source.waba.clone(),
            target: plan.target.waba.clone(),
            plan: plan.clone(),
            required,
            intents: BTreeMap::new(),
            reads: 0,
            last_read: Timestamp::MIN,
            read: BTreeMap::new(),
            looks: BTreeMap::new(),
            registers: BTreeMap::new(),
            activated: BTreeSet::new(),
            new_codes: BTreeSet::new(),
            is_clock_wrong: false,
            breaches: Vec::new(),
        }
    }

    /// Takes in that a run begins, with the codes that a person wants anew.
    pub fn run_begins(&mut self, new_codes: &BTreeSet<Phone>) {
        self.new_codes.clone_from(new_codes);
        self.looks.clear();
        self.activated.clear();
    }

    /// Takes in that nothing is left of the journal: what rests on it alone is judged anew from here.
    pub fn journal_is_lost(&mut self) {
        self.intents.clear();
        self.registers.clear();
    }

    /// Takes in a line that stands in the journal now.
    pub fn line(&mut self, line: &Value) {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        match line["event"].as_str() {
            Some("intent") => {
                let intents = self.intents.entry(text("step")).or_default();
                intents.push(Intended {
                    method: text("method"),
                    path: text("path"),
                    settled: false,
                    spent: false,
                    reads: self.reads,
                });
            }
            Some("answered") => {
                let intents = self.intents.entry(text("step")).or_default();
                if let Some(intent) = intents.last_mut() {
                    intent.spent = true;
                    intent.settled = line["answer"] != "in_doubt";
                }
            }
            _ => {}
        }
    }

    /// Takes in that a read is about to be answered from this world.
    pub fn looks_at(&self, world: &World, path: &str) -> Vec<(Safety, Option<Phone>, bool)> {
        let mut looks = Vec::new();
        let of_target = |edge: &str| path == format!("/{}{edge}", self.target);
        for (safety, edge) in [
            (Safety::Payment, ""),
            (Safety::Subscription, "/subscribed_apps"),
            (Safety::Templates, "/message_templates"),
        ] {
            if of_target(edge) {
                looks.push((safety, None, self.is_done(safety, world, None)));
            }
        }
        if let Some(phone) = self.on_source(world, path) {
            let done = self.is_done(Safety::TwoStep, world, Some(&phone));
            looks.push((Safety::TwoStep, Some(phone), done));
        }
        looks
    }

    /// The number that a path is about, where it is the source's.
    fn on_source(&self, world: &World, path: &str) -> Option<Phone> {
        let phone = phone_of(world, path)?;
        let (id, _) = world.number_on(&self.source, &phone)?;
        (path == format!("/{id}")).then_some(phone)
    }

    /// Takes in that a read was answered, with what it showed.
    pub fn has_read(
        &mut self,
        at: Timestamp,
        path: &str,
        shown: Vec<(Safety, Option<Phone>, bool)>,
    ) {
        self.reads += 1;
        self.last_read = at;
        self.read.insert(path.to_owned(), self.reads);
        for (safety, phone, done) in shown {
            self.looks.insert((safety, phone), (at, done));
        }
    }

    /// Judges a write that leaves: the path without version. The journal's lines were shown before.
    pub fn write_leaves(&mut self, world: &World, method: &str, path: &str) {
        let step = self.announced_by(method, path);
        match step {
            None => {
                let what = format!("{method} {path} left, and no line of the journal announces it");
                self.breaches.push(Breach::new(Rule::WithoutIntent, what));
            }
            Some(step) => self.judge_doubt(&step, method, path),
        }
        self.judge_organization(world, method, path);
        let Some(phone) = phone_of(world, path) else {
            return;
        };
        match path.rsplit('/').next() {
            Some("register") => self.judge_register(world, &phone),
            Some("request_code") => self.judge_code(&phone),
            _ => {}
        }
    }

    /// Judges a write in Genesys Cloud: a number falls silent, or is registered.
    fn judge_organization(&mut self, world: &World, method: &str, path: &str) {
        if let Some(phone) = organization::detached(world, &self.plan, method, path) {
            for safety in Safety::ALL {
                self.judge_safety(safety, world, &phone);
            }
            self.judge_window(world.now, &phone);
        }
        if let Some(new) = organization::activated(world, method, path) {
            let is_again = !self.activated.insert(new.id.clone());
            if is_again || new.is_activating || new.status == IntegrationStatus::Active {
                let what = format!("a second activation of the integration {} left", new.id);
                self.breaches.push(Breach::new(Rule::ActivatedTwice, what));
            }
            if let Some(phone) = new.phone.clone() {
                self.judge_ledger(world.now, &phone);
            }
        }
    }

    /// One number at a time may be silent.
    pub fn listens(&mut self, world: &World) {
        let silent = organization::silent(world, &self.plan);
        if silent.len() > 1 {
            let silent: Vec<_> = silent.iter().map(ToString::to_string).collect();
            let what = format!("nobody hears {}", silent.join(" and "));
            let breach = Breach::new(Rule::TwoSilent, what);
            if !self.breaches.contains(&breach) {
                self.breaches.push(breach);
            }
        }
    }

    /// The step whose last intent is this write, and uses that intent up.
    fn announced_by(&mut self, method: &str, path: &str) -> Option<String> {
        for (step, intents) in &mut self.intents {
            let last = intents.last_mut().filter(|last| !last.spent);
            if let Some(last) = last.filter(|last| last.method == method && last.path == path) {
                last.spent = true;
                return Some(step.clone());
            }
        }
        None
    }

    /// A write of a step whose write before has no definite answer needs a look in between.
    fn judge_doubt(&mut self, step: &str, method: &str, path: &str) {
        let intents = &self.intents[step];
        let before = intents.iter().rev().nth(1);
        let Some(before) = before.filter(|before| !before.settled) else {
            return;
        };
        let Some(proofs) = proofs(&before.path) else {
            return;
        };
        let has_looked = proofs.iter().any(|proof| {
            let mut reads = self.read.iter();
            reads.any(|(path, at)| fits(proof, path) && *at > before.reads)
        });
        if !has_looked {
            let what = format!(
                "{method} {path} left; what came of {} {} of {step} was not looked up",
                before.method, before.path
            );
            self.breaches.push(Breach::new(Rule::LookupSkipped, what));
        }
    }

    fn judge_register(&mut self, world: &World, phone: &Phone) {
        if world
            .number_on(&self.target, phone)
            .is_some_and(|(_, number)| number.is_live())
        {
            let what = format!("a register of {phone} left although it is registered");
            self.breaches.push(Breach::new(Rule::RegisterTwice, what));
            return;
        }
        for safety in Safety::ALL {
            self.judge_safety(safety, world, phone);
        }
        self.judge_window(world.now, phone);
        self.judge_ledger(world.now, phone);
    }

    fn judge_safety(&mut self, safety: Safety, world: &World, phone: &Phone) {
        let of = (safety == Safety::TwoStep).then(|| phone.clone());
        if self.is_done(safety, world, of.as_ref()) {
            return;
        }
        let look = self.looks.get(&(safety, of));
        // It was undone after the last look.
        let is_fresh = |at: Timestamp| self.last_read.duration_since(at) <= FRESH;
        if look.is_some_and(|(at, done)| *done && is_fresh(*at)) {
            return;
        }
        let what = format!("a register of {phone} left although {}", safety.undone());
        self.breaches
            .push(Breach::new(Rule::RegisterTooEarly, what));
    }

    fn judge_window(&mut self, now: Timestamp, phone: &Phone) {
        let number = self.plan.number(phone);
        let Some(window) = number.and_then(|number| number.window.as_ref()) else {
            return;
        };
        let open = window.from.timestamp()..window.to.timestamp();
        let is_open = open.contains(&now) || open.contains(&self.last_read);
        if !is_open && !self.is_clock_wrong {
            let what = format!("a register of {phone} left at {now:.0}");
            self.breaches.push(Breach::new(Rule::OutsideWindow, what));
        }
    }

    /// A machine with a wrong clock cannot count hours, so then Meta's own limit is the measure.
    fn judge_ledger(&mut self, now: Timestamp, phone: &Phone) {
        let most = match self.is_clock_wrong {
            true => Attempts::LIMIT,
            false => Attempts::MOST,
        };
        let registers = self.registers.entry(phone.clone()).or_default();
        registers.push(now);
        let recent = registers
            .iter()
            .filter(|at| now.duration_since(**at) < Attempts::PERIOD);
        let recent = recent.count();
        if recent > most {
            let what = format!("register {recent} of {phone} within 72 hours left");
            self.breaches.push(Breach::new(Rule::LedgerExceeded, what));
        }
    }

    /// A code is asked for again only after a definite no, or by name.
    fn judge_code(&mut self, phone: &Phone) {
        if self.new_codes.remove(phone) {
            return;
        }
        let step = Address::number(phone, crate::ids::NumberStep::RequestCode);
        let intents = self.intents.get(step.as_str());
        let mut before = intents.into_iter().flatten().rev().skip(1);
        if before.any(|intent| !intent.settled) {
            let what = format!("a second code for {phone} was requested, and nobody asked for it");
            self.breaches.push(Breach::new(Rule::CodeTwice, what));
        }
    }

    /// Whether a safety step is done in this world.
    fn is_done(&self, safety: Safety, world: &World, phone: Option<&Phone>) -> bool {
        let target = world.wabas.get(&self.target);
        match safety {
            Safety::Payment => {
                target.is_some_and(|target| target.funding.is_some() && !target.payment_error)
            }
            Safety::Subscription => target.is_some_and(|target| !target.subscriptions.is_empty()),
            Safety::TwoStep => {
                let number = phone.and_then(|phone| world.number_on(&self.source, phone));
                number.is_none_or(|(_, number)| number.pin.is_none())
            }
            Safety::Templates => self.required.iter().all(|key| {
                let mut templates = world.templates_of(&self.target);
                templates.any(|(_, template)| {
                    template.name == key.name
                        && TemplateKey::new(&*template.name, &template.language) == *key
                        && template.status == TemplateStatus::Approved
                })
            }),
        }
    }

    /// Looks for secrets in what was written.
    pub fn judge_bytes(&mut self, secrets: &[(String, Secret)], whose: &str, written: &str) {
        for (name, secret) in secrets {
            if holds(written, secret.expose()) {
                let what = format!("{name} stands in {whose}");
                let breach = Breach::new(Rule::SecretWritten, what);
                if !self.breaches.contains(&breach) {
                    self.breaches.push(breach);
                }
            }
        }
    }
}

/// Whether a text holds a secret. Six digits may stand by chance within a longer number or a hash.
fn holds(text: &str, secret: &str) -> bool {
    if secret.is_empty() {
        return false;
    }
    let is_short = secret.bytes().all(|byte| byte.is_ascii_digit()) && secret.len() < 10;
    let alone = |at: usize| {
        let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
        let bytes = text.as_bytes();
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        !is_hex(before) && !is_hex(bytes.get(at + secret.len()))
    };
    text.match_indices(secret)
        .any(|(at, _)| !is_short || alone(at))
}

/// The number that a path is about.
fn phone_of(world: &World, path: &str) -> Option<Phone> {
    let id: PhoneNumberId = path.split('/').nth(1)?.parse().ok()?;
    Some(world.numbers.get(&id)?.phone.clone())
}

/// The reads that prove what came of a write: paths, with `*` for any part. `None`: nothing proves
/// it, and a second one changes nothing, or is judged by a rule of its own.
fn proofs(path: &str) -> Option<Vec<String>> {
    if organization::is_genesys(path) {
        return Some(organization::proofs(path));
    }
    let mut parts = path.split('/').skip(1);
    let (node, edge) = (parts.next()?, parts.next());
    let list = |edge: &str| format!("/{node}/{edge}");
    Some(match edge {
        Some("register" | "verify_code" | "request_code") => {
            vec![format!("/{node}"), "/*/phone_numbers".into()]
        }
        Some("migrate_message_templates" | "message_templates") => vec![list("message_templates")],
        Some("migrate_flows" | "flows") => vec![list("flows")],
        // No list of the API has it: it is never set twice by itself.
        Some("set_solution_migration_intent") => return None,
        // A session for an upload: another changes nothing.
        Some("uploads") => return None,
        Some(edge) => vec![list(edge)],
        None if node.starts_with("upload:") => return None,
        // An edit of a template.
        None => vec![format!("/{node}"), "/*/message_templates".into()],
    })
}

fn fits(pattern: &str, path: &str) -> bool {
    crate::sim::script::fits(pattern, path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        plan::{
            files::MemoryFiles,
            load::{Source, load_with},
        },
        sim::seed,
    };

    const PLAN: &str = r#"
version: 1
name: small
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
numbers: [{ phone: "+49 30 901820", pin: { env: PIN } }]
templates: { copy: [order] }
"#;

    const REGISTER: &str = "register";
    const CODE: &str = "request_code";

    /// A witness, a world, and the id of the plan's number in it.
    fn scene() -> (Witness, World, String, Phone) {
        let source = Source {
            name: "plan.yaml",
            path: std::path::Path::new("plan.yaml"),
            bytes: PLAN.as_bytes(),
        };
        let loaded = load_with(source, &MemoryFiles::default());
        let plan = loaded.plan.expect("a valid plan");
        let world = seed::from_plan(&plan);
        let phone = plan.numbers[0].phone.clone();
        let (id, _) = world
            .number_on(&plan.source.waba, &phone)
            .expect("it is there");
        let id = id.to_string();
        (Witness::new(&plan, BTreeSet::new()), world, id, phone)
    }

    fn intent(phone: &Phone, id: &str, edge: &str) -> Value {
        let step = format!("number[\"{phone}\"].{edge}");
        json!({"event": "intent", "step": step, "method": "POST", "path": format!("/{id}/{edge}")})
    }

    fn answer(phone: &Phone, edge: &str, answer: &str) -> Value {
        let step = format!("number[\"{phone}\"].{edge}");
        json!({"event": "answered", "step": step, "answer": answer})
    }

    fn rules(witness: &Witness) -> BTreeSet<Rule> {
        witness.breaches.iter().map(|breach| breach.rule).collect()
    }

    #[test]
    fn a_write_in_doubt_is_looked_up_before_the_next_one() {
        for (answered, looks, skipped) in [
            (None, false, true),
            (None, true, false),
            (Some("in_doubt"), false, true),
            (Some("in_doubt"), true, false),
            (Some("refused"), false, false),
        ] {
            let (mut witness, world, id, phone) = scene();
            let path = format!("/{id}/{REGISTER}");
            witness.line(&intent(&phone, &id, REGISTER));
            witness.write_leaves(&world, "POST", &path);
            if let Some(kind) = answered {
                witness.line(&answer(&phone, REGISTER, kind));
            }
            if looks {
                witness.has_read(world.now, &format!("/{id}"), Vec::new());
            }
            witness.line(&intent(&phone, &id, REGISTER));
            witness.write_leaves(&world, "POST", &path);
            let is_reported = rules(&witness).contains(&Rule::LookupSkipped);
            assert_eq!(is_reported, skipped, "{answered:?}, looks: {looks}");
        }
    }

    #[test]
    fn a_second_code_is_asked_for_by_name_alone() {
        for (answered, by_name, twice) in [
            (None, false, true),
            (None, true, false),
            (Some("in_doubt"), false, true),
            (Some("refused"), false, false),
        ] {
            let (mut witness, world, id, phone) = scene();
            let path = format!("/{id}/{CODE}");
            witness.line(&intent(&phone, &id, CODE));
            witness.write_leaves(&world, "POST", &path);
            if let Some(kind) = answered {
                witness.line(&answer(&phone, CODE, kind));
            }
            let wishes = by_name.then(|| phone.clone()).into_iter().collect();
            witness.run_begins(&wishes);
            witness.line(&intent(&phone, &id, CODE));
            witness.write_leaves(&world, "POST", &path);
            let is_reported = rules(&witness).contains(&Rule::CodeTwice);
            assert_eq!(is_reported, twice, "{answered:?}, by name: {by_name}");
        }
    }

    #[test]
    fn what_is_undone_after_the_last_look_nobody_can_know() {
        let register = |witness: &mut Witness, world: &World, id: &str, phone: &Phone| {
            witness.line(&intent(phone, id, REGISTER));
            witness.write_leaves(world, "POST", &format!("/{id}/{REGISTER}"));
            rules(witness).contains(&Rule::RegisterTooEarly)
        };
        for looked_before in [true, false] {
            let (mut witness, mut world, id, phone) = scene();
            let target = witness.target.clone();
            let subscriptions = |world: &mut World, is_there: bool| {
                let app = world.apps.keys().next().expect("an app").clone();
                let target = world.wabas.get_mut(&target).expect("the target");
                target.subscriptions.clear();
                if is_there {
                    target.subscriptions.insert(app, None);
                }
            };
            let path = format!("/{target}/subscribed_apps");
            subscriptions(&mut world, looked_before);
            let looks = witness.looks_at(&world, &path);
            witness.has_read(world.now, &path, looks);
            subscriptions(&mut world, false);
            let is_reported = register(&mut witness, &world, &id, &phone);
            assert_eq!(is_reported, !looked_before);
        }
    }

    #[test]
    fn six_digits_within_a_longer_number_are_no_secret() {
        for (text, expected) in [
            ("the code is 123456.", true),
            ("\"pin\":\"123456\"", true),
            ("id 91234567", false),
            ("hash a123456f", false),
        ] {
            assert_eq!(holds(text, "123456"), expected, "{text}");
        }
        assert!(holds("xEAATOKENx", "EAATOKEN"));
    }

    #[test]
    fn each_write_is_proved_by_a_read() {
        for (path, proof) in [
            ("/1/register", Some("/1")),
            ("/2/migrate_message_templates", Some("/2/message_templates")),
            ("/2/subscribed_apps", Some("/2/subscribed_apps")),
            ("/7", Some("/7")),
            ("/2/set_solution_migration_intent", None),
        ] {
            let proofs = proofs(path);
            let first = proofs.as_ref().and_then(|proofs| proofs.first());
            assert_eq!(first.map(String::as_str), proof, "{path}");
        }
    }
}
