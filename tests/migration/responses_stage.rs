//! A stage with a Genesys Cloud organization: its canned responses, what it comes to, and somebody who
//! meddles with it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::future::{BoxFuture, FutureExt};
use serde_json::{Value, json};
use waba_migrate::{
    api::transport::{Download, Method, Request, Response, Transport, TransportError},
    changeset::ChangeEntry,
    finding::Finding,
    ids::WabaId,
    sim::{
        Simulator,
        genesys::{
            organization::Organization,
            seed::{Says, add_library, add_response},
            switches::ResponseUpdate,
        },
        world::World,
    },
};

use crate::stage::{Run, Stage};

pub(crate) const STEP: &str = "genesys.canned_responses";
pub(crate) const UNDO: &str = "genesys.canned_responses.undo";
pub(crate) const SOURCE: &str = "102290129340398";
pub(crate) const TARGET: &str = "215589313241560";

/// One number that Genesys Cloud does not use, so that nothing but the responses is at stake there.
pub(crate) const PLAN: &str = r#"
version: 1
name: small
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
numbers:
  - { phone: "+49 30 901820", pin: { env: PIN } }
templates: { copy: [order, welcome] }
genesys: { region: mypurecloud.de, client_id: { env: A }, client_secret: { env: B } }
"#;

/// The canned responses that are to change.
pub(crate) const CHANGING: [&str; 4] = [
    "order (en)",
    "order for both",
    "welcome \u{1b}[31m`|\"<b>",
    "welcome (en)",
];

pub(crate) fn waba(id: &str) -> WabaId {
    id.parse().expect("an id")
}

pub(crate) fn namespace(world: &World, id: &str) -> String {
    world.wabas[&waba(id)].namespace.clone()
}

/// Changes a world's organization.
pub(crate) fn in_organization(world: &mut World, act: impl FnOnce(&mut World, &mut Organization)) {
    world.in_genesys(act).expect("an organization");
}

pub(crate) fn says<'a>(
    template: &'a str,
    language: &'a str,
    namespace: Option<&'a str>,
) -> Option<Says<'a>> {
    Some(Says {
        template,
        language,
        namespace,
    })
}

/// Twelve canned responses in two libraries, besides what is none of the plan's business.
pub(crate) fn twelve(world: &mut World) {
    let (source, target) = (namespace(world, SOURCE), namespace(world, TARGET));
    let (source, target) = (Some(&*source), Some(&*target));
    in_organization(world, |world, org| {
        let is_strange =
            |one: &Value| one["messagingTemplate"]["whatsApp"]["name"] == "another_brand";
        org.responses.0.retain(is_strange);
        let sales = add_library(world, org, "Sales");
        let support = add_library(world, org, "Support");
        let foreign = Some("0a0a0a0a_1b1b_2c2c_3d3d_4e4e4e4e4e4e");
        let mut add = |library: &str, name: &str, says: Option<Says<'_>>| {
            add_response(world, org, library, name, says)
        };
        add(&sales, "order (en)", says("order", "en_US", source));
        add(&support, "welcome (en)", says("welcome", "en_US", source));
        let both = add(&sales, "order for both", says("order", "en_US", source));
        add(&support, CHANGING[2], says("welcome", "en_US", source));
        add(&sales, "order, no namespace", says("order", "en_US", None));
        add(&sales, "order, empty", says("order", "en_US", Some("")));
        add(&sales, "order of today", says("order", "en_US", target));
        add(&support, "order elsewhere", says("order", "en_US", foreign));
        add(&sales, "retired", says("retired", "en_US", source));
        add(&support, "order (de)", says("order", "de", source));
        add(&sales, "Greeting", None);
        add(&support, "Opening hours", None);
        let both = org.responses.get_mut(&both).expect("it was just added");
        let libraries = json!([{"id": sales, "name": "Sales"}, {"id": support, "name": "Support"}]);
        both["libraries"] = libraries;
    });
}

pub(crate) fn stage() -> Stage {
    Stage::with(PLAN, twelve)
}

/// Everything in the organization that is not about tokens, and without what counts and dates the
/// changes of canned responses.
pub(crate) fn organization(stage: &Stage) -> Value {
    stage.sim.world(|world| {
        let org = world.genesys.as_ref().expect("an organization");
        let mut org = serde_json::to_value(org).expect("JSON");
        org["tokens"] = Value::Null;
        org
    })
}

pub(crate) fn responses(organization: &mut Value) -> &mut Vec<Value> {
    organization["responses"]
        .as_array_mut()
        .expect("canned responses")
}

/// The same without what counts and dates changes.
pub(crate) fn undated(mut organization: Value) -> Value {
    for response in responses(&mut organization) {
        response["version"] = Value::Null;
        response["dateModified"] = Value::Null;
    }
    organization
}

/// What the organization has to be once those have changed, and nothing else.
pub(crate) fn expected(stage: &Stage, before: Value) -> Value {
    let mut after = before;
    let target = stage.sim.world(|world| namespace(world, TARGET));
    for response in responses(&mut after) {
        if CHANGING.contains(&response["name"].as_str().expect("a name")) {
            response["messagingTemplate"]["whatsApp"]["namespace"] = json!(target);
            response["version"] = Value::Null;
            response["dateModified"] = Value::Null;
        }
    }
    after
}

/// The same of the world as it is: versions and dates count where nothing was to change.
pub(crate) fn actual(stage: &Stage) -> Value {
    let mut now = organization(stage);
    for response in responses(&mut now) {
        if CHANGING.contains(&response["name"].as_str().expect("a name")) {
            response["version"] = Value::Null;
            response["dateModified"] = Value::Null;
        }
    }
    now
}

/// Counts the PUTs of canned responses that reached the simulator.
pub(crate) fn puts(stage: &Stage) -> usize {
    let requests = stage.sim.requests().into_iter();
    requests
        .filter(|call| call.method == "PUT" && call.path.contains("/responsemanagement/responses/"))
        .count()
}

/// Counts those that had their effect.
pub(crate) fn written(stage: &Stage) -> usize {
    let requests = stage.sim.requests().into_iter();
    requests
        .filter(|call| {
            call.took_effect
                && call.method == "PUT"
                && call.path.contains("/responsemanagement/responses/")
        })
        .count()
}

#[track_caller]
pub(crate) fn change_of(stage: &Stage, address: &str) -> ChangeEntry {
    let changes = stage.plan().changes;
    let found = changes.into_iter().find(|change| change.address == address);
    found.expect("a step")
}

pub(crate) fn findings_of<'a>(run: &'a Run, step: &str) -> &'a [Finding] {
    let mut ended = run.report.ended.iter();
    let ended = ended.find(|ended| ended.step.as_str() == step);
    &ended.expect("it ended").findings
}

/// Findings without ids, which are made up anew for every world.
pub(crate) fn told(findings: &[Finding]) -> String {
    let id = |text: &str| {
        let mut words: Vec<String> = Vec::new();
        for word in text.split(' ') {
            let is_id = |part: &str| part.len() == 36 && part.matches('-').count() == 4;
            let inner = word.trim_matches(['(', ')']);
            let part = inner.rsplit('/').next().unwrap_or_default();
            words.push(match is_id(part) {
                true => word.replace(part, "ID"),
                false => word.to_owned(),
            });
        }
        words.join(" ")
    };
    let lines = findings.iter().map(|one| {
        let who = one.who.map(|who| who.to_string()).unwrap_or_default();
        let observed = one.observed.as_deref().map(id);
        let observed = observed.map(|observed| format!("\n  observed: {observed}"));
        format!(
            "{} {}{}\n  {who}: {}\n  proof: {}",
            one.rule,
            id(&one.message),
            observed.unwrap_or_default(),
            one.hint.as_deref().unwrap_or_default(),
            id(one.proof.as_deref().unwrap_or_default()),
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Does something to the world right before the n-th call that fits.
pub(crate) struct Meddler {
    inner: Arc<dyn Transport>,
    sim: Simulator,
    method: Method,
    nth: usize,
    calls: AtomicUsize,
    act: fn(&mut World, &str),
}

impl Meddler {
    pub(crate) fn on(stage: &mut Stage, method: Method, nth: usize, act: fn(&mut World, &str)) {
        stage.genesys = Arc::new(Self {
            inner: stage.genesys.clone(),
            sim: stage.sim.clone(),
            method,
            nth,
            calls: AtomicUsize::new(0),
            act,
        });
    }
}

impl Transport for Meddler {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let is_meant = request.method == self.method;
        if is_meant && self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.nth {
            let id = request
                .path
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            self.sim.edit(|world| (self.act)(world, &id));
        }
        async move { self.inner.send(request).await }.boxed()
    }

    fn download(&self, download: Download) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.inner.download(download)
    }
}

pub(crate) fn ignores(world: &mut World) {
    twelve(world);
    let org = world.genesys.as_mut().expect("an organization");
    org.switches.response_update = ResponseUpdate::TemplateIgnored;
}
