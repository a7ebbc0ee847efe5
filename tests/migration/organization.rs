//! The plan and the world of `examples/genesys` on a stage, and the whole organization compared object
//! by object.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt};
use serde_json::Value;
use waba_migrate::{
    api::transport::{Download, Request, Response, Transport, TransportError},
    ids::NumberStep,
    journal::{Entry, StepEnd},
    phone::Phone,
    plan::Plan,
    sim::{
        Simulator,
        file::parse,
        genesys::{
            organization::Organization, popup::Popup, switches::GenesysSwitches,
            words::IntegrationStatus,
        },
        world::World,
    },
};

use crate::stage::{Stage, phone, plan};

/// Two numbers, the quiet one first.
pub(crate) const PLAN: &str = include_str!("../../examples/genesys/plan.yaml");

const WORLD: &str = include_str!("../../examples/genesys/world.yaml");

pub(crate) const BERLIN: &str = "+49 30 901820";
pub(crate) const MUNICH: &str = "+49 89 1234567";

/// The world of the example.
pub(crate) fn world() -> World {
    parse("world.yaml", WORLD.as_bytes()).expect("the example's world")
}

/// The example, with somebody at a terminal.
pub(crate) fn stage() -> Stage {
    stage_with(|_| {})
}

/// The same in a world that is a little different.
pub(crate) fn stage_with(edit: impl FnOnce(&mut World)) -> Stage {
    stage_of(PLAN, edit)
}

/// Another plan in that world.
pub(crate) fn stage_of(text: &str, edit: impl FnOnce(&mut World)) -> Stage {
    let mut world = world();
    edit(&mut world);
    let mut stage = Stage::on(plan(text), world);
    stage.options.attended = true;
    // The window is days away.
    stage.options.poll_interval = Duration::from_secs(300);
    stage
}

/// Changes the switches of a world's organization.
pub(crate) fn switch(world: &mut World, change: impl FnOnce(&mut GenesysSwitches)) {
    change(&mut org_mut(world).switches);
}

pub(crate) fn org(world: &World) -> &Organization {
    world.genesys.as_ref().expect("an organization")
}

pub(crate) fn org_mut(world: &mut World) -> &mut Organization {
    world.genesys.as_mut().expect("an organization")
}

/// The numbers of a plan.
fn phones(plan: &Plan) -> Vec<Phone> {
    plan.numbers
        .iter()
        .map(|number| number.phone.clone())
        .collect()
}

/// Whether nobody hears a number: no active integration of it leads anywhere.
pub(crate) fn is_silent(world: &World, phone: &Phone) -> bool {
    let org = org(world);
    let leads = |id: &str| org.recipient_of(id).is_some_and(|it| it.flow.is_some());
    !org.integrations_of(phone)
        .any(|it| it.status == IntegrationStatus::Active && leads(&it.id))
}

/// What has to hold at every call and at every line of the journal.
fn judge(world: &World, phones: &[Phone]) {
    let silent = phones.iter().filter(|phone| is_silent(world, phone));
    let silent: Vec<_> = silent.collect();
    assert!(silent.len() <= 1, "two numbers are silent: {silent:?}");
    assert_eq!(
        org(world).tally.repeated_activations,
        0,
        "a blind activation"
    );
    if silent.contains(&&phone(MUNICH)) {
        let campaign = org(world).campaigns.find("Winter offer");
        let campaign = campaign.expect("the campaign");
        let is_running = campaign["campaignStatus"] == "on";
        assert!(!is_running, "the campaign runs into the silence");
    }
}

struct Watcher {
    inner: Arc<dyn Transport>,
    sim: Simulator,
    phones: Vec<Phone>,
}

impl Transport for Watcher {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            self.sim.world(|world| judge(world, &self.phones));
            let answer = self.inner.send(request).await;
            self.sim.world(|world| judge(world, &self.phones));
            answer
        }
        .boxed()
    }

    fn download(&self, download: Download) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.inner.download(download)
    }
}

/// Looks at the world at every call and every line of the journal from now on.
pub(crate) fn watch(stage: &mut Stage) {
    let phones = phones(&stage.plan);
    for door in [&mut stage.transport, &mut stage.genesys] {
        *door = Arc::new(Watcher {
            inner: door.clone(),
            sim: stage.sim.clone(),
            phones: phones.clone(),
        });
    }
    let sim = stage.sim.clone();
    stage.listener = Some(Arc::new(move |_: &Entry| {
        sim.world(|world| judge(world, &phones));
    }));
}

/// What was counted and is nobody's object.
const COUNTED: [&str; 3] = ["tally", "tokens", "switches"];

/// What says only that an object was changed.
const STAMPS: [&str; 3] = ["version", "modified", "dateModified"];

/// What no two integrations have in common.
const BIRTH: [&str; 5] = ["id", "created", "found_from", "listed_from", "signup"];

/// The leaves of an organization, by object and by path, with the ids of the plan's numbers in words.
type Objects = BTreeMap<String, BTreeMap<String, Value>>;

/// Returns everything in the organization that is another than at the beginning: an object and a path
/// a line.
pub(crate) fn changes(stage: &Stage, before: &World) -> String {
    stage.sim.world(|after| {
        let phones = phones(&stage.plan);
        let words = Words::of(org(before), org(after), &phones);
        let (one, other) = (words.objects(org(before)), words.objects(org(after)));
        let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
        let lines = names
            .into_iter()
            .flat_map(|name| differences(name, one.get(name), other.get(name)));
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn differences(
    name: &str,
    before: Option<&BTreeMap<String, Value>>,
    after: Option<&BTreeMap<String, Value>>,
) -> Vec<String> {
    let (Some(before), Some(after)) = (before, after) else {
        let what = if before.is_none() {
            "is new"
        } else {
            "is gone"
        };
        return vec![format!("{name} {what}")];
    };
    let paths: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let other: Vec<_> = paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path))
        .collect();
    let is_stamp = |path: &str| STAMPS.contains(&path);
    let told: Vec<_> = match other.iter().all(|path| is_stamp(path)) {
        true => other,
        false => other.into_iter().filter(|path| !is_stamp(path)).collect(),
    };
    let value = |of: Option<&Value>| of.map_or_else(|| "nothing".to_owned(), Value::to_string);
    told.into_iter()
        .map(|path| {
            let (was, is) = (value(before.get(path)), value(after.get(path)));
            format!("{name} {path}: {was} -> {is}")
        })
        .collect()
}

/// What the ids of the plan's numbers are called.
struct Words {
    integrations: Vec<(String, String)>,
    recipients: Vec<(String, String)>,
}

impl Words {
    fn of(before: &Organization, after: &Organization, phones: &[Phone]) -> Self {
        let mut words = Self {
            integrations: Vec::new(),
            recipients: Vec::new(),
        };
        for (age, org) in [("old", before), ("new", after)] {
            for phone in phones {
                for it in org.integrations_of(phone) {
                    words
                        .integrations
                        .push((it.id.clone(), format!("{age} integration of {phone}")));
                    let recipient = org.recipient_of(&it.id).map(|it| it.id.clone());
                    let name = format!("{age} recipient of {phone}");
                    words.recipients.extend(recipient.map(|id| (id, name)));
                }
            }
        }
        words
    }

    /// Queues name recipients, all others integrations; both may have one id.
    fn told(&self, kind: &str, text: &str) -> String {
        let (first, then) = match kind {
            "queues" => (&self.recipients, &self.integrations),
            _ => (&self.integrations, &self.recipients),
        };
        let mut known = first.iter().chain(then);
        match known.find(|(id, _)| text.contains(id.as_str())) {
            Some((id, word)) => text.replace(id.as_str(), word),
            None => text.to_owned(),
        }
    }

    fn is_known(&self, id: &str) -> bool {
        let mut known = self.integrations.iter().chain(&self.recipients);
        known.any(|(known, _)| known == id)
    }

    fn objects(&self, org: &Organization) -> Objects {
        let Value::Object(org) = serde_json::to_value(org).expect("JSON") else {
            panic!("an organization is an object");
        };
        let mut objects = Objects::new();
        for (kind, value) in org
            .into_iter()
            .filter(|(kind, _)| !COUNTED.contains(&kind.as_str()))
        {
            let Value::Array(list) = value else {
                let leaves = objects.entry("organization".to_owned()).or_default();
                self.leaves(&kind, &kind, &value, leaves);
                continue;
            };
            for object in list {
                self.object(&kind, &object, &mut objects);
            }
        }
        objects
    }

    fn object(&self, kind: &str, object: &Value, objects: &mut Objects) {
        let id = object["id"].as_str().unwrap_or_default();
        let is_born = self.is_known(id);
        let named = match kind {
            "integrations" if is_born => object["phone"].as_str().unwrap_or_default().to_owned(),
            "recipients" if is_born => {
                let integration = object["integration"].as_str().unwrap_or_default();
                let told = self.told(kind, integration);
                told.rsplit(' ').next().unwrap_or_default().to_owned()
            }
            _ => match object["name"].as_str() {
                Some(name) => name.to_owned(),
                None => object["id"].as_str().unwrap_or_default().to_owned(),
            },
        };
        let mut leaves = BTreeMap::new();
        self.leaves(kind, "", object, &mut leaves);
        if is_born {
            // Nobody can name a recipient.
            let is_left_out = |path: &str| {
                BIRTH.contains(&path)
                    || path.starts_with("raw")
                    || kind == "recipients" && path == "name"
            };
            leaves.retain(|path, _| !is_left_out(path));
        }
        let name = format!("{kind}[{named}]");
        let twice = objects.insert(name.clone(), leaves);
        assert!(twice.is_none(), "two of {name}");
    }

    fn leaves(&self, kind: &str, path: &str, value: &Value, leaves: &mut BTreeMap<String, Value>) {
        let below = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                for (name, value) in fields {
                    self.leaves(kind, &below(name), value, leaves);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (at, value) in items.iter().enumerate() {
                    self.leaves(kind, &below(&at.to_string()), value, leaves);
                }
            }
            Value::String(text) => {
                leaves.insert(path.to_owned(), self.told(kind, text).into());
            }
            other => {
                leaves.insert(path.to_owned(), other.clone());
            }
        }
    }
}

/// The writes of a run to one edge that may have had their effect, and those that had it.
pub(crate) fn activations(stage: &Stage) -> (usize, usize) {
    let calls = stage.sim.requests();
    let calls = calls
        .iter()
        .filter(|call| call.method == "PATCH" && call.path.contains("/embeddedsignup/"));
    let all: Vec<_> = calls.collect();
    let effects = all.iter().filter(|call| call.took_effect);
    (all.len(), effects.count())
}

/// Applies again and again until nothing is left, as a person does who asks for another code where none
/// came. No run activates twice.
#[track_caller]
pub(crate) fn apply_to_the_end(stage: &mut Stage, runs: usize, case: &str) {
    for _ in 0..runs {
        let (before, _) = activations(stage);
        let run = stage.apply();
        let (after, _) = activations(stage);
        assert!(
            after - before <= stage.plan.numbers.len(),
            "{case}: a run activates twice"
        );
        if run.is_done() {
            return;
        }
        let is_wanted = |end| matches!(end, StepEnd::Failed | StepEnd::Parked);
        let wanted = run.report.ended.iter();
        let wanted = wanted.filter(|ended| is_wanted(ended.end));
        let wanted = wanted.filter_map(|ended| ended.step.number_step());
        stage.options.new_codes = wanted
            .filter(|(_, step)| matches!(step, NumberStep::Verify | NumberStep::RequestCode))
            .map(|(phone, _)| phone)
            .collect();
    }
    panic!(
        "{case}: no end after {runs} runs:\n{}",
        stage.apply().ends()
    );
}

/// Somebody finishes the popup for a number.
#[track_caller]
pub(crate) fn finish_popup(stage: &Stage, number: &str) {
    let waba = stage.plan.target.waba.clone();
    let finished = stage.sim.finish_popup(&Popup::of(waba, phone(number)));
    finished.expect("the popup comes to its end");
}

/// So many cases of one kind are played by `cargo test`, spread over all; every one of them by
/// `WABA_MIGRATE_SEEDS=2000 cargo test --release --test migration genesys`.
const PLAYED: usize = 30;

#[expect(clippy::disallowed_methods, reason = "a test is told how much to play")]
fn part<T>(cases: Vec<T>) -> Vec<T> {
    let plays_all = std::env::var_os("WABA_MIGRATE_SEEDS").is_some();
    let every = if plays_all {
        1
    } else {
        cases.len().div_ceil(PLAYED).max(1)
    };
    cases.into_iter().step_by(every).collect()
}

/// Plays these, or a part of them, on every core. Returns the names of those that fail.
pub(crate) fn play<T: Send>(cases: Vec<(String, T)>, one: impl Fn(&str, T) + Sync) -> Vec<String> {
    let (left, failed) = (Mutex::new(part(cases)), Mutex::new(Vec::new()));
    let next = || left.lock().expect("nothing panics here").pop();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((name, case)) = next() {
                    let played = catch_unwind(AssertUnwindSafe(|| one(&name, case)));
                    if played.is_err() {
                        failed.lock().expect("nothing panics here").push(name);
                    }
                }
            });
        }
    });
    failed.into_inner().expect("nothing panics here")
}

/// What a whole migration comes to.
pub(crate) struct End {
    organization: String,
    meta: String,
}

impl End {
    /// That of an undisturbed run.
    pub(crate) fn undisturbed() -> Self {
        let stage = stage();
        assert!(stage.apply().is_done());
        Self::of(&stage, &world())
    }

    pub(crate) fn of(stage: &Stage, before: &World) -> Self {
        let meta = stage.end_state();
        Self {
            organization: changes(stage, before),
            meta,
        }
    }

    /// Expects that all of it is as here, and that nothing was activated twice.
    #[track_caller]
    pub(crate) fn check(&self, stage: &Stage, before: &World, case: &str) {
        self.is_reached(stage, before, case);
        let numbers = stage.plan.numbers.len();
        assert_eq!(activations(stage).1, numbers, "{case}: activations");
        assert_eq!(stage.sent("/register"), 0, "{case}: a second register");
    }

    /// Expects that all of it is as here, whatever it took.
    #[track_caller]
    pub(crate) fn is_reached(&self, stage: &Stage, before: &World, case: &str) {
        let other = Self::of(stage, before);
        for (is, wanted) in [
            (&other.organization, &self.organization),
            (&other.meta, &self.meta),
        ] {
            let differs = |one: &str, other: &str| !other.lines().any(|line| line == one);
            let more: Vec<_> = is.lines().filter(|line| differs(line, wanted)).collect();
            let less: Vec<_> = wanted.lines().filter(|line| differs(line, is)).collect();
            let is_same = more.is_empty() && less.is_empty();
            assert!(is_same, "{case}: {more:#?} instead of {less:#?}");
        }
        let repeated = stage
            .sim
            .world(|world| org(world).tally.repeated_activations);
        assert_eq!(repeated, 0, "{case}: a blind activation");
        let left = stage.plan();
        assert!(left.is_empty(), "{case}: {}", crate::stage::table(&left));
    }
}
