//! Canned responses of Genesys Cloud: only the right ones change, what the API does with that is read
//! back and told, and everything else in the organization stays as it is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt};
use serde_json::{Value, json};
use waba_migrate::{
    api::transport::{Download, Method, Request, Response, Transport, TransportError},
    changeset::{ChangeEntry, Choice, StepGraph},
    finding::Finding,
    ids::WabaId,
    journal::StepEnd,
    sim::{
        Simulator,
        genesys::{
            organization::Organization,
            seed::{Says, add_integration, add_library, add_response},
            switches::ResponseUpdate,
        },
        script::{Effect, Match, Moment, ScriptedError, Verb},
        world::World,
    },
    step::{Action, Outcome, StepKind},
};

use crate::{
    crash::{Point, run_until},
    stage::{Run, Stage, phone, refusal, table},
};

const STEP: &str = "genesys.canned_responses";
const UNDO: &str = "genesys.canned_responses.undo";
const SOURCE: &str = "102290129340398";
pub(crate) const TARGET: &str = "215589313241560";

/// One number that Genesys Cloud does not use, so that nothing but the responses is at stake there.
const PLAN: &str = r#"
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
const CHANGING: [&str; 4] = [
    "order (en)",
    "order for both",
    "welcome \u{1b}[31m`|\"<b>",
    "welcome (en)",
];

pub(crate) fn waba(id: &str) -> WabaId {
    id.parse().expect("an id")
}

fn namespace(world: &World, id: &str) -> String {
    world.wabas[&waba(id)].namespace.clone()
}

/// Changes a world's organization.
pub(crate) fn in_organization(world: &mut World, act: impl FnOnce(&mut World, &mut Organization)) {
    world.in_genesys(act).expect("an organization");
}

fn says<'a>(template: &'a str, language: &'a str, namespace: Option<&'a str>) -> Option<Says<'a>> {
    Some(Says {
        template,
        language,
        namespace,
    })
}

/// Twelve canned responses in two libraries, besides what is none of the plan's business.
fn twelve(world: &mut World) {
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

fn stage() -> Stage {
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

fn responses(organization: &mut Value) -> &mut Vec<Value> {
    organization["responses"]
        .as_array_mut()
        .expect("canned responses")
}

/// The same without what counts and dates changes.
fn undated(mut organization: Value) -> Value {
    for response in responses(&mut organization) {
        response["version"] = Value::Null;
        response["dateModified"] = Value::Null;
    }
    organization
}

/// What the organization has to be once those have changed, and nothing else.
fn expected(stage: &Stage, before: Value) -> Value {
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
fn actual(stage: &Stage) -> Value {
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
fn puts(stage: &Stage) -> usize {
    let requests = stage.sim.requests().into_iter();
    requests
        .filter(|call| call.method == "PUT" && call.path.contains("/responsemanagement/responses/"))
        .count()
}

/// Counts those that had their effect.
fn written(stage: &Stage) -> usize {
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

#[test]
fn only_the_right_ones_change_and_everything_else_stays() {
    let mut stage = stage();
    let before = organization(&stage);
    let plan = stage.plan();
    let change = change_of(&stage, STEP);
    assert_eq!((change.action, change.calls.len()), (Action::Update, 4));
    insta::assert_snapshot!(change.reason, @"4 canned responses name the source's namespace; 2 stay, their templates are not on the target");
    let paths: Vec<_> = change.fields.iter().map(|field| &*field.path).collect();
    insta::assert_snapshot!(paths.join("\n"), @r#"
    responses["order (en)"].namespace
    responses["order for both"].namespace
    responses["welcome \u001b[31m`|\"<b>"].namespace
    responses["welcome (en)"].namespace
    "#);
    let left = plan.not_migrated.iter();
    let left = left.filter(|left| left.what.starts_with("canned"));
    let left: Vec<_> = left
        .map(|left| format!("{}: {}", left.what, left.reason))
        .collect();
    insta::assert_snapshot!(left.join("\n"), @"
    canned response `order (de)`: its template order/de is not on the target, so it keeps the source's namespace
    canned response `retired`: its template retired/en_US is not on the target, so it keeps the source's namespace
    ");
    let listed = plan.findings.iter();
    let listed: Vec<_> = listed
        .filter(|finding| finding.rule.starts_with("genesys-response"))
        .cloned()
        .collect();
    insta::assert_snapshot!(told(&listed), @"
    genesys-response-template 2 canned responses name the source's namespace, and their templates are not on the target: they stay as they are
      observed: `order (de)` (order/de), `retired` (retired/en_US)
      you: bring the templates to the target (templates.copy, templates.files), or let a Genesys Cloud admin delete those responses
      proof: GET /{TARGET}/message_templates lists the name in that language
    ");

    // What was reviewed before the first write holds to the end.
    stage.review();
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    insta::assert_snapshot!(run.end(STEP).1, @"4 canned responses changed; 2 stay, their templates are not on the target");
    assert_eq!(actual(&stage), expected(&stage, before));
    assert_eq!((puts(&stage), written(&stage)), (4, 4));

    assert!(stage.plan().is_empty(), "{}", table(&stage.plan()));
    let run = stage.apply();
    assert!(
        run.report
            .ended
            .iter()
            .all(|ended| ended.step.as_str() != STEP || ended.end == StepEnd::Already)
    );
    assert_eq!(puts(&stage), 4);
}

#[test]
fn somebody_who_was_faster_is_read_again_and_loses_nothing() {
    let mut stage = stage();
    let before = organization(&stage);
    Meddler::on(&mut stage, Method::Put, 2, |world, id| {
        in_organization(world, |_, org| {
            let response = org.responses.get_mut(id).expect("it is written");
            response["version"] = json!(17);
            response["texts"][0]["content"] = json!("By hand.");
        });
    });
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!((puts(&stage), written(&stage)), (5, 4));
    let mut now = actual(&stage);
    let mut by_hand = responses(&mut now)
        .iter_mut()
        .filter(|one| one["texts"][0]["content"] == "By hand.");
    let one = by_hand.next().expect("somebody's words");
    one["texts"][0]["content"] = json!("Hello {{Name}}");
    assert!(by_hand.next().is_none());
    assert_eq!(now, expected(&stage, before));
}

#[test]
fn one_that_is_changed_all_the_time_is_left_to_a_person_and_stops_no_other() {
    let stage = stage();
    let outdated = ScriptedError {
        code: 409,
        status: Some(409),
        message: "The version does not match.".into(),
        ..refusal()
    };
    let on = Match::first(Verb::Put, "*/responses/*").times(4);
    stage.sim.fault(on, Effect::Error(outdated));
    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Failed, "{}", run.ends());
    assert_eq!(findings_of(&run, STEP).len(), 1);
    assert_eq!((puts(&stage), written(&stage)), (7, 3));
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(written(&stage), 4);
}

fn ignores(world: &mut World) {
    twelve(world);
    let org = world.genesys.as_mut().expect("an organization");
    org.switches.response_update = ResponseUpdate::TemplateIgnored;
}

/// What a person does with what was named.
fn change_by_hand(stage: &Stage) {
    stage.sim.edit(|world| {
        let target = namespace(world, TARGET);
        in_organization(world, |_, org| {
            let named =
                |one: &&mut Value| CHANGING.contains(&one["name"].as_str().expect("a name"));
            for response in org.responses.0.iter_mut().filter(named) {
                response["messagingTemplate"]["whatsApp"]["namespace"] = json!(target);
            }
        });
    });
}

#[test]
fn what_the_api_ignores_is_named_for_a_person_and_tried_once_by_every_run() {
    let mut stage = Stage::with(PLAN, ignores);
    let before = undated(organization(&stage));
    let (source, target) = stage
        .sim
        .world(|world| (namespace(world, SOURCE), namespace(world, TARGET)));
    let run = stage.apply();
    let (end, note) = run.end(STEP);
    assert_eq!(end, StepEnd::Failed, "{}", run.ends());
    assert!(note.contains("`order (en)`"), "{note}");
    // The migration itself is done.
    let others = run
        .report
        .ended
        .iter()
        .filter(|ended| ended.step.as_str() != STEP);
    assert!(others.clone().count() > 5);
    assert!(
        others.into_iter().all(|ended| ended.end == StepEnd::Done),
        "{}",
        run.ends()
    );
    let findings = findings_of(&run, STEP);
    assert_eq!(findings.len(), 4);
    let shown = told(findings)
        .replace(&source, "OLD")
        .replace(&target, "NEW");
    insta::assert_snapshot!(shown.replace('\u{1b}', "ESC"), @r#"
    genesys-response-unchanged the canned response `order (en)` (ID) in library `Sales` still has namespace OLD
      observed: Genesys Cloud accepted the update and left it as it was
      a Genesys Cloud admin: in Genesys Cloud (Admin > Canned Responses), change its namespace to NEW; then run apply again
      proof: GET /api/v2/responsemanagement/responses/ID shows messagingTemplate.whatsApp.namespace NEW
    genesys-response-unchanged the canned response `order for both` (ID) in libraries `Sales`, `Support` still has namespace OLD
      observed: Genesys Cloud accepted the update and left it as it was
      a Genesys Cloud admin: in Genesys Cloud (Admin > Canned Responses), change its namespace to NEW; then run apply again
      proof: GET /api/v2/responsemanagement/responses/ID shows messagingTemplate.whatsApp.namespace NEW
    genesys-response-unchanged the canned response `welcome ESC[31m`|"<b>` (ID) in library `Support` still has namespace OLD
      observed: Genesys Cloud accepted the update and left it as it was
      a Genesys Cloud admin: in Genesys Cloud (Admin > Canned Responses), change its namespace to NEW; then run apply again
      proof: GET /api/v2/responsemanagement/responses/ID shows messagingTemplate.whatsApp.namespace NEW
    genesys-response-unchanged the canned response `welcome (en)` (ID) in library `Support` still has namespace OLD
      observed: Genesys Cloud accepted the update and left it as it was
      a Genesys Cloud admin: in Genesys Cloud (Admin > Canned Responses), change its namespace to NEW; then run apply again
      proof: GET /api/v2/responsemanagement/responses/ID shows messagingTemplate.whatsApp.namespace NEW
    "#);
    assert_eq!(puts(&stage), 4);
    assert_eq!(undated(organization(&stage)), before);

    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Failed, "{}", run.ends());
    assert_eq!(puts(&stage), 8);

    change_by_hand(&stage);
    assert!(stage.plan().is_empty(), "{}", table(&stage.plan()));
    assert!(stage.apply().is_done());
    assert_eq!(puts(&stage), 8);
    // What a person did is that person's.
    stage.turn_back();
    let change = change_of(&stage, UNDO);
    assert_eq!(change.action, Action::None, "{}", change.reason);
}

#[test]
fn what_is_refused_is_named_and_stops_no_other() {
    let stage = stage();
    let refused = ScriptedError {
        code: 400,
        status: Some(400),
        message: "messagingTemplate cannot be updated.".into(),
        ..refusal()
    };
    let on = Match::nth(Verb::Put, "*/responses/*", 2);
    stage.sim.fault(on, Effect::Error(refused));
    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Failed, "{}", run.ends());
    let findings = findings_of(&run, STEP);
    assert_eq!(findings.len(), 1);
    let observed = findings[0].observed.as_deref().unwrap_or_default();
    assert!(
        observed.contains("messagingTemplate cannot be updated"),
        "{observed}"
    );
    assert_eq!(written(&stage), 3);
}

#[test]
fn a_missing_permission_is_blamed_on_the_client() {
    let stage = Stage::with(PLAN, |world| {
        twelve(world);
        let org = world.genesys.as_mut().expect("an organization");
        org.clients[0].permissions.remove("responses:response:edit");
    });
    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Failed, "{}", run.ends());
    assert!(run.report.is_credential());
    assert_eq!((puts(&stage), written(&stage)), (1, 0));
}

#[test]
fn trouble_on_the_way_costs_nothing() {
    let effects = [
        Effect::ServerError(Moment::BeforeEffect),
        Effect::ServerError(Moment::AfterEffect),
        Effect::Cut(Moment::BeforeEffect),
        Effect::Cut(Moment::AfterEffect),
        Effect::Timeout(Moment::BeforeEffect),
        Effect::Timeout(Moment::AfterEffect),
        Effect::Throttle { minutes: 2 },
    ];
    for effect in effects {
        for nth in 1..=4 {
            let stage = stage();
            let before = organization(&stage);
            let on = Match::nth(Verb::Put, "*/responses/*", nth);
            stage.sim.fault(on, effect.clone());
            let run = stage.apply();
            assert!(run.is_done(), "{effect:?} {nth}: {}", run.ends());
            assert_eq!(written(&stage), 4, "{effect:?} {nth}");
            assert_eq!(actual(&stage), expected(&stage, before), "{effect:?} {nth}");
        }
    }
}

#[test]
fn a_token_may_end_in_the_middle() {
    for (method, nth) in [(Method::Put, 1), (Method::Put, 3), (Method::Get, 18)] {
        let mut stage = stage();
        let before = organization(&stage);
        Meddler::on(&mut stage, method, nth, |world, _| {
            let now = world.now;
            let org = world.genesys.as_mut().expect("an organization");
            org.tokens.iter_mut().for_each(|token| token.expires = now);
        });
        let run = stage.apply();
        assert!(run.is_done(), "{method} {nth}: {}", run.ends());
        assert_eq!(written(&stage), 4, "{method} {nth}");
        assert_eq!(actual(&stage), expected(&stage, before), "{method} {nth}");
        let logins = stage.sim.requests().into_iter();
        let logins = logins.filter(|call| call.path.ends_with("oauth/token"));
        assert_eq!(logins.count(), 2, "{method} {nth}");
    }
}

#[test]
fn a_crash_anywhere_costs_nothing() {
    let points: [fn(usize) -> Point; 3] = [Point::Line, Point::TornLine, Point::Sent];
    for point in points {
        let mut deaths = 0;
        for nth in 1.. {
            let mut stage = stage();
            let before = organization(&stage);
            stage.review();
            if !run_until(&mut stage, point(nth)) {
                break;
            }
            deaths += 1;
            let case = format!("{:?}", point(nth));
            for _ in 0..3 {
                let run = stage.apply();
                assert!(run.blocking.is_empty(), "{case}: {:?}", run.blocking);
                if run.is_done() {
                    break;
                }
                // A code that may be on its way is asked for again by name only.
                stage.options.new_codes.insert(phone("+49 30 901820"));
            }
            assert_eq!(actual(&stage), expected(&stage, before), "{case}");
            assert_eq!(written(&stage), 4, "{case}");
            assert!(stage.plan().is_empty(), "{case}: {}", table(&stage.plan()));
            // It is known what was done, wherever that was written down.
            stage.turn_back();
            let change = change_of(&stage, UNDO);
            assert_eq!(change.fields.len(), 4, "{case}: {}", change.reason);
        }
        assert!(deaths > 10, "{:?}: {deaths}", point(0));
    }
}

/// From now on the source account shows nothing.
fn hide_source(stage: &Stage) {
    let on = Match::first(Verb::Get, SOURCE).times(1000);
    stage.sim.fault(on, Effect::Error(refusal()));
}

#[test]
fn a_namespace_that_is_out_of_sight_is_known_from_the_journal() {
    let mut stage = stage();
    let before = organization(&stage);
    let only = "target.subscription".parse().expect("a selector");
    stage.choice = Choice::new(vec![only], Vec::new());
    stage.apply();
    stage.choice = Choice::default();
    hide_source(&stage);
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(actual(&stage), expected(&stage, before));
}

#[test]
fn without_the_namespace_of_the_source_nothing_is_changed() {
    let stage = stage();
    hide_source(&stage);
    let plan = stage.plan();
    let about = |finding: &&Finding| finding.subject == STEP && finding.blocks();
    let found: Vec<_> = plan.findings.iter().filter(about).cloned().collect();
    assert_eq!(found.len(), 1, "{}", table(&plan));
    insta::assert_snapshot!(told(&found), @"
    genesys-namespace-unknown the template namespace of the source 102290129340398 cannot be read, so nobody knows which canned responses are to change: the API refused: Meta does not take a value that was sent (code 100)
      you: name a token that reaches the source, run it where the journal of earlier runs is (--journal), or set genesys.canned_responses: leave
      proof: GET /{WABA}?fields=message_template_namespace answers
    ");
    let run = stage.apply();
    assert!(
        run.rules()
            .contains(&"genesys-namespace-unknown".to_owned()),
        "{:?}",
        run.rules()
    );

    // Where no response names another namespace than the target's, nobody needs it.
    let stage = Stage::with(PLAN, |world| {
        twelve(world);
        in_organization(world, |_, org| {
            for response in &mut org.responses.0 {
                if let Some(template) = response["messagingTemplate"]["whatsApp"].as_object_mut() {
                    template.remove("namespace");
                }
            }
        });
    });
    hide_source(&stage);
    assert_eq!(change_of(&stage, STEP).action, Action::None);
}

#[test]
fn a_plan_may_leave_canned_responses_alone() {
    let text = PLAN.replace("client_id", "canned_responses: leave, client_id");
    let stage = Stage::with(&text, twelve);
    let before = organization(&stage);
    assert!(stage.apply().is_done());
    assert_eq!(organization(&stage), before);
    assert!(
        stage
            .plan()
            .changes
            .iter()
            .all(|change| change.address != STEP)
    );
}

#[test]
fn what_came_since_the_review_is_not_changed_unseen() {
    let mut stage = stage();
    stage.review();
    stage.sim.edit(|world| {
        let source = namespace(world, SOURCE);
        in_organization(world, |world, org| {
            let library = add_library(world, org, "New");
            let says = says("order", "en_US", Some(&source));
            add_response(world, org, &library, "new", says);
        });
    });
    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Stale, "{}", run.ends());
    assert_eq!(puts(&stage), 0);
}

#[test]
fn the_namespace_is_given_back_where_it_is_still_what_was_set() {
    let mut stage = stage();
    let before = undated(organization(&stage));
    assert!(stage.apply().is_done());
    stage.turn_back();
    stage.review();
    let change = change_of(&stage, UNDO);
    insta::assert_snapshot!(change.reason, @"4 canned responses name what a run of this plan set");
    assert_eq!((change.action, change.calls.len()), (Action::Update, 4));
    let run = stage.apply();
    assert_eq!(run.end(UNDO).0, StepEnd::Done, "{}", run.ends());
    assert_eq!(undated(organization(&stage)), before);
    assert_eq!(change_of(&stage, UNDO).action, Action::None);

    // It can be done again, and is no drift.
    stage.turn_forward();
    let differences = stage.diff();
    let one = differences.iter().find(|one| one.address == STEP);
    let one = one.expect("it is to be done again");
    assert_eq!(one.class, waba_migrate::diff::Class::Pending);
    assert!(stage.apply().is_done());
    assert_eq!(puts(&stage), 12);
}

#[test]
fn what_somebody_else_did_since_is_not_taken_back() {
    let mut stage = stage();
    assert!(stage.apply().is_done());
    stage.sim.edit(|world| {
        in_organization(world, |_, org| {
            let mut all = org.responses.0.iter_mut();
            let one = all
                .find(|one| one["name"] == "order (en)")
                .expect("it is there");
            one["messagingTemplate"]["whatsApp"]["namespace"] = json!("by_hand");
        });
    });
    stage.turn_back();
    insta::assert_snapshot!(change_of(&stage, UNDO).reason, @"3 canned responses name what a run of this plan set; 1 canned response names another namespace by now");
    let run = stage.apply();
    assert_eq!(run.end(UNDO).0, StepEnd::Done, "{}", run.ends());
    assert_eq!(puts(&stage), 7);
    let by_hand = organization(&stage).to_string().matches("by_hand").count();
    assert_eq!(by_hand, 1);
}

#[test]
fn what_the_api_ignores_of_an_undo_is_named_too() {
    let mut stage = stage();
    let before = undated(organization(&stage));
    assert!(stage.apply().is_done());
    let set = |stage: &Stage, update: ResponseUpdate| {
        stage.sim.edit(|world| {
            let org = world.genesys.as_mut().expect("an organization");
            org.switches.response_update = update;
        });
    };
    stage.turn_back();
    set(&stage, ResponseUpdate::TemplateIgnored);
    let run = stage.apply();
    assert_eq!(run.end(UNDO).0, StepEnd::Failed, "{}", run.ends());
    assert_eq!(findings_of(&run, UNDO).len(), 4);
    set(&stage, ResponseUpdate::Applied);
    let run = stage.apply();
    assert_eq!(run.end(UNDO).0, StepEnd::Done, "{}", run.ends());
    let mut after = undated(organization(&stage));
    after["switches"] = before["switches"].clone();
    assert_eq!(after, before);
}

#[test]
fn an_undo_that_dies_anywhere_goes_on() {
    let ready = || {
        let mut stage = stage();
        assert!(stage.apply().is_done());
        stage.turn_back();
        stage.review();
        stage
    };
    let before = undated(organization(&stage()));
    for nth in 1.. {
        let mut stage = ready();
        if !run_until(&mut stage, Point::Sent(nth)) {
            assert!(nth > 4, "{nth}");
            break;
        }
        let run = stage.apply();
        assert!(run.is_done(), "{nth}: {}", run.ends());
        assert_eq!(undated(organization(&stage)), before, "{nth}");
        assert_eq!(puts(&stage), 8, "{nth}");
    }
}

#[test]
fn a_carousel_follows_its_number_to_the_new_integration() {
    let text = PLAN.replace(
        "pin: { env: PIN } }",
        "pin: { env: PIN }, genesys: { flow: keep } }",
    );
    let stage = Stage::with(&text, |world| {
        twelve(world);
        in_organization(world, |_, org| {
            let ours = phone("+49 30 901820");
            let old = org.integrations_of(&ours).next().map(|old| old.id.clone());
            let old = old.expect("its old integration");
            for response in &mut org.responses.0 {
                let name = response["name"].as_str().unwrap_or_default();
                let integration = match name {
                    "order, no namespace" => old.as_str(),
                    "order elsewhere" => "another",
                    _ => continue,
                };
                response["messagingTemplate"]["whatsApp"]["integrationId"] = json!(integration);
            }
        });
    });
    let change = change_of(&stage, STEP);
    let field = change
        .fields
        .iter()
        .find(|field| field.path.ends_with("integrationId"));
    let field = field.expect("a carousel");
    assert_eq!(field.after, json!("{integration_id}"));
    assert_eq!(change.calls.len(), 5);

    // Before the new one is there, everything else is done, and this waits.
    let graph = StepGraph::of(&stage.plan);
    let perform = || {
        let step = graph.steps().find(|step| step.address().as_str() == STEP);
        let step = step.expect("the step");
        stage.in_run(async |cx| step.perform(cx).await)
    };
    let parked = perform();
    assert!(matches!(parked, Ok(Outcome::Parked { .. })), "{parked:?}");
    let new = stage.sim.edit(|world| {
        let mut new = String::new();
        in_organization(world, |world, org| {
            let number = (&waba(TARGET), &phone("+49 30 901820"));
            new = add_integration(world, org, number, "New", None);
        });
        new
    });
    let done = perform();
    assert!(matches!(done, Ok(Outcome::Parked { .. })), "{done:?}");
    let now = organization(&stage);
    let all = now["responses"].as_array().expect("canned responses");
    let integration = |name: &str| {
        let one = all
            .iter()
            .find(|one| one["name"] == name)
            .expect("it is there");
        one["messagingTemplate"]["whatsApp"]["integrationId"].clone()
    };
    assert_eq!(integration("order, no namespace"), json!(new));
    assert_eq!(integration("order elsewhere"), json!("another"));
}

#[test]
fn what_is_written_shows_a_little_later() {
    // Nothing that was read before a write is taken for what came of it.
    let mut stage = stage();
    let lag = Arc::new(Lagging {
        inner: stage.genesys.clone(),
        sim: stage.sim.clone(),
        old: std::sync::Mutex::new(Vec::new()),
    });
    stage.genesys = lag;
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(written(&stage), 4);
}

/// Shows a canned response as it was for two seconds after it was replaced.
struct Lagging {
    inner: Arc<dyn Transport>,
    sim: Simulator,
    old: std::sync::Mutex<Vec<(String, jiff::Timestamp, Response)>>,
}

impl Lagging {
    fn shown_still(&self, path: &str, now: jiff::Timestamp) -> Option<Response> {
        let old = self.old.lock().expect("one thread");
        let mut old = old.iter();
        let old = old.find(|(of, until, _)| of == path && *until > now);
        old.map(|(.., response)| response.clone())
    }
}

impl Transport for Lagging {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let path = request.path.clone();
            if !path.contains("/responsemanagement/responses/") {
                return self.inner.send(request).await;
            }
            let now = self.sim.clock().now();
            if request.method == Method::Get {
                return match self.shown_still(&path, now) {
                    Some(old) => Ok(old),
                    None => self.inner.send(request).await,
                };
            }
            let read = Request {
                method: Method::Get,
                body: waba_migrate::api::transport::Body::Nothing,
                ..request.clone()
            };
            let before = self.inner.send(read).await?;
            let until = now + Duration::from_secs(2);
            self.old
                .lock()
                .expect("one thread")
                .push((path, until, before));
            self.inner.send(request).await
        }
        .boxed()
    }

    fn download(&self, download: Download) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.inner.download(download)
    }
}

#[test]
fn what_is_not_on_the_target_yet_is_waited_for() {
    let stage = stage();
    let graph = StepGraph::of(&stage.plan);
    let step = graph.steps().find(|step| step.address().as_str() == STEP);
    let step = step.expect("the step");
    let came = stage.in_run(async |cx| step.perform(cx).await);
    let Ok(Outcome::Parked { reason, .. }) = came else {
        panic!("{came:?}");
    };
    insta::assert_snapshot!(reason, @"4 canned responses wait for a template or an integration that is not there yet");
    assert_eq!(puts(&stage), 0);
}
