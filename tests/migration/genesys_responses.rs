//! Canned responses of Genesys Cloud: only the right ones change, what the API does with that is read
//! back and told, and everything else in the organization stays as it is.

use serde_json::{Value, json};
use waba_migrate::{
    changeset::{Choice, StepGraph},
    finding::Finding,
    journal::StepEnd,
    sim::{
        genesys::seed::{add_integration, add_library, add_response},
        script::{Effect, Match, Verb},
    },
    step::{Action, Outcome, StepKind},
};

use crate::{
    responses_stage::{
        CHANGING, PLAN, SOURCE, STEP, TARGET, UNDO, actual, change_of, expected, findings_of,
        ignores, in_organization, namespace, organization, puts, says, stage, told, twelve,
        undated, waba, written,
    },
    stage::{Stage, phone, refusal, table},
};

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
