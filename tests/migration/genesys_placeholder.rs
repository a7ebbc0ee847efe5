//! The integration of the number that only carried the payment line: deleted at the very end, exactly
//! that one, and never the last.

use std::time::Duration;

use serde_json::Value;
use waba_migrate::{
    api::transport::Method,
    journal::StepEnd,
    sim::{
        genesys::{
            organization::{Integration, Organization},
            seed::{add_flow, add_integration},
            switches::DeleteAnswer,
            words::IntegrationStatus,
        },
        script::{Effect, Match, Moment, Verb},
        world::World,
    },
    step::Action,
};

use crate::{
    crash::{Point, run_until},
    responses_stage::{
        Meddler, TARGET, change_of, findings_of, in_organization, organization, told, waba,
    },
    stage::{Stage, phone, table},
};

const STEP: &str = "genesys.placeholder";
const PLACEHOLDER: &str = "+49 30 555000";

/// One number that Genesys Cloud does not use, so that nothing but the placeholder is at stake there.
const PLAN: &str = r#"
version: 1
name: small
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
numbers:
  - { phone: "+49 30 901820", pin: { env: PIN } }
templates: { copy: [order] }
genesys:
  region: mypurecloud.de
  client_id: { env: A }
  client_secret: { env: B }
  canned_responses: leave
  placeholder: "+49 30 555000"
"#;

/// Another number of the target is active, so that the placeholder is not needed.
fn another(world: &mut World) {
    in_organization(world, |world, org| {
        let number = (&waba(TARGET), &phone("+49 30 777000"));
        add_integration(world, org, number, "Another", None);
    });
}

/// Messages of the placeholder are led to a flow.
fn routed(world: &mut World) {
    in_organization(world, |world, org| {
        let flow = add_flow(world, org, "Test calls");
        let id = placeholder(org).expect("it is there").id.clone();
        let mut recipients = org.recipients.iter_mut();
        let own = recipients.find(|recipient| recipient.integration == id);
        own.expect("its recipient").flow = Some(flow);
    });
}

fn placeholder(org: &Organization) -> Option<&Integration> {
    org.integrations
        .iter()
        .find(|one| one.name == "Placeholder")
}

fn stage(edit: impl FnOnce(&mut World)) -> Stage {
    Stage::with(PLAN, |world| {
        another(world);
        edit(world);
    })
}

/// The organization without the placeholder, its recipient and what was counted.
fn without_placeholder(mut organization: Value, id: &str) -> Value {
    for (list, name) in [("integrations", "id"), ("recipients", "integration")] {
        let all = organization[list].as_array_mut().expect("a list");
        all.retain(|one| one[name] != id);
    }
    organization["tally"] = Value::Null;
    organization
}

fn id(stage: &Stage) -> String {
    stage.sim.world(|world| {
        let org = world.genesys.as_ref().expect("an organization");
        placeholder(org).expect("it is there").id.clone()
    })
}

fn is_there(stage: &Stage) -> bool {
    stage.sim.world(|world| {
        let org = world.genesys.as_ref().expect("an organization");
        placeholder(org).is_some()
    })
}

/// Counts the deletions that reached the simulator, and those that had their effect.
fn deletions(stage: &Stage) -> (usize, usize) {
    let requests = stage.sim.requests();
    let sent = requests
        .iter()
        .filter(|call| call.method == "DELETE" && call.path.contains("/integrations/whatsapp/"));
    let effective = sent.clone().filter(|call| call.took_effect);
    (sent.count(), effective.count())
}

fn edit_organization(stage: &Stage, act: impl FnOnce(&mut Organization)) {
    stage
        .sim
        .edit(|world| act(world.genesys.as_mut().expect("an organization")));
}

#[test]
fn exactly_that_one_is_deleted_at_the_very_end() {
    for answer in [DeleteAnswer::NoContent, DeleteAnswer::Entity] {
        let mut stage = stage(routed);
        edit_organization(&stage, |org| org.switches.delete_answer = answer);
        let (before, id) = (organization(&stage), id(&stage));
        let change = change_of(&stage, STEP);
        assert_eq!((change.action, change.calls.len()), (Action::Delete, 2));
        insta::allow_duplicates! {
            insta::assert_snapshot!(change.reason, @"it carries the payment line until every number is settled");
        }
        stage.review();
        let run = stage.apply();
        assert!(run.is_done(), "{}", run.ends());
        let last = run.report.ended.last().expect("steps");
        assert_eq!(last.step.as_str(), STEP);
        assert!(!is_there(&stage));
        let after = without_placeholder(organization(&stage), &id);
        assert_eq!(after, without_placeholder(before, &id));
        assert_eq!(deletions(&stage), (1, 1));
        // The flow first.
        let writes = stage.writes();
        let [.., detached, deleted] = writes.as_slice() else {
            panic!("{writes:?}")
        };
        assert!(detached.starts_with("PUT") && detached.ends_with(&format!("recipients/{id}")));
        assert!(deleted.starts_with("DELETE") && deleted.ends_with(&id));
        assert!(stage.plan().is_empty(), "{}", table(&stage.plan()));
    }
}

#[test]
fn as_long_as_no_other_is_active_it_stays() {
    let mut stage = Stage::new(PLAN);
    stage.options.wait = Some(Duration::from_secs(60));
    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Parked, "{}", run.ends());
    insta::assert_snapshot!(run.end(STEP).1, @"no other integration of the target is active; the payment line could go with this one");
    assert_eq!(deletions(&stage), (0, 0));
    assert_eq!(change_of(&stage, STEP).action, Action::Wait);
    stage.sim.edit(|world| {
        another(world);
        let org = world.genesys.as_mut().expect("an organization");
        let new = org.integrations.last_mut().expect("it was just added");
        new.status = IntegrationStatus::Inactive;
    });
    assert_eq!(stage.apply().end(STEP).0, StepEnd::Parked);
    // One that comes while it waits is enough.
    edit_organization(&stage, |org| {
        let new = org.integrations.last_mut().expect("it was just added");
        new.status = IntegrationStatus::Active;
    });
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert!(!is_there(&stage));
}

#[test]
fn a_flow_that_comes_back_in_the_last_moment_is_taken_again() {
    for status in [400, 409] {
        let mut stage = stage(routed);
        edit_organization(&stage, |org| org.switches.routed_deletion_status = status);
        Meddler::on(&mut stage, Method::Delete, 1, |world, _| routed(world));
        let run = stage.apply();
        assert!(run.is_done(), "{}", run.ends());
        assert_eq!(deletions(&stage), (2, 1));
        assert!(!is_there(&stage));
    }
}

#[test]
fn a_flow_that_came_since_the_review_is_not_taken_unseen() {
    let mut stage = stage(|_| {});
    stage.review();
    stage.sim.edit(routed);
    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Stale, "{}", run.ends());
    assert_eq!(deletions(&stage), (0, 0));
}

#[test]
fn a_deletion_that_fails_is_asked_for_once_more_by_every_run() {
    let failing = |times: u32| {
        let stage = stage(|_| {});
        edit_organization(&stage, |org| org.switches.failing_deletions = times);
        stage
    };
    let stage = failing(1);
    assert!(stage.apply().is_done());
    assert_eq!(deletions(&stage).0, 2);

    let stage = failing(3);
    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Failed, "{}", run.ends());
    let shown = told(findings_of(&run, STEP)).replace(&id(&stage), "ID");
    insta::assert_snapshot!(shown, @"
    genesys-deletion-failed Genesys Cloud cannot delete the integration `Placeholder` (ID) of the placeholder's number +4930555000
      observed: status: DeletionFailed, also after it was asked for once more
      a Genesys Cloud admin: delete it in Genesys Cloud, or ask its support; then run apply again
      proof: GET /api/v2/conversations/messaging/integrations/whatsapp/{ID} answers 404
    ");
    assert_eq!(deletions(&stage).0, 2);
    assert_eq!(stage.apply().end(STEP).0, StepEnd::Failed);
    assert_eq!(deletions(&stage).0, 3);
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(deletions(&stage).0, 4);
}

#[test]
fn a_slow_deletion_is_waited_for_by_the_next_run() {
    let mut stage = stage(|_| {});
    edit_organization(&stage, |org| org.switches.deletion_seconds = 600);
    stage.options.wait = Some(Duration::from_secs(60));
    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Parked, "{}", run.ends());
    insta::assert_snapshot!(run.end(STEP).1, @"Genesys Cloud is still deleting `Placeholder`");
    assert_eq!(change_of(&stage, STEP).action, Action::Wait);
    stage.options.wait = Some(Duration::from_secs(3600));
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(deletions(&stage), (1, 1));
}

#[test]
fn what_is_not_clear_is_for_a_person() {
    let stage = stage(|world| {
        in_organization(world, |world, org| {
            let number = (&waba(TARGET), &phone(PLACEHOLDER));
            add_integration(world, org, number, "Twin", None);
        });
    });
    let run = stage.apply();
    assert_eq!(run.rules(), ["genesys-integration-contested"]);
    edit_organization(&stage, |org| {
        org.integrations.retain(|one| one.name != "Twin");
        let mut all = org.integrations.iter_mut();
        let one = all
            .find(|one| one.name == "Placeholder")
            .expect("it is there");
        one.raw
            .insert("whatsAppBusinessAccountId".into(), Value::Null);
    });
    let run = stage.apply();
    assert_eq!(run.rules(), ["genesys-integration-account"]);
    // One of another account is none of the plan's business.
    edit_organization(&stage, |org| {
        let mut all = org.integrations.iter_mut();
        let one = all
            .find(|one| one.name == "Placeholder")
            .expect("it is there");
        one.raw.clear();
        one.waba = waba("99");
    });
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(deletions(&stage), (0, 0));
}

#[test]
fn trouble_on_the_way_costs_nothing() {
    let effects = [
        Effect::ServerError(Moment::BeforeEffect),
        Effect::ServerError(Moment::AfterEffect),
        Effect::Cut(Moment::BeforeEffect),
        Effect::Cut(Moment::AfterEffect),
        Effect::Throttle { minutes: 2 },
    ];
    for effect in effects {
        for (verb, path) in [
            (Verb::Put, "*/recipients/*"),
            (Verb::Delete, "*/integrations/whatsapp/*"),
        ] {
            let stage = stage(routed);
            stage.sim.fault(Match::first(verb, path), effect.clone());
            let run = stage.apply();
            assert!(run.is_done(), "{effect:?} {path}: {}", run.ends());
            assert!(!is_there(&stage), "{effect:?} {path}");
            assert_eq!(deletions(&stage).1, 1, "{effect:?} {path}");
        }
    }
}

#[test]
fn a_crash_anywhere_costs_nothing() {
    let points: [fn(usize) -> Point; 2] = [Point::Line, Point::Sent];
    for point in points {
        for nth in 1.. {
            let mut stage = stage(routed);
            let (before, id) = (organization(&stage), id(&stage));
            stage.review();
            if !run_until(&mut stage, point(nth)) {
                assert!(nth > 8, "{:?}", point(nth));
                break;
            }
            let case = format!("{:?}", point(nth));
            for _ in 0..3 {
                let run = stage.apply();
                assert!(run.blocking.is_empty(), "{case}: {:?}", run.blocking);
                if run.is_done() {
                    break;
                }
                stage.options.new_codes.insert(phone("+49 30 901820"));
            }
            let after = without_placeholder(organization(&stage), &id);
            assert_eq!(after, without_placeholder(before, &id), "{case}");
            assert!(!is_there(&stage), "{case}");
            assert_eq!(deletions(&stage).1, 1, "{case}");
            assert!(stage.plan().is_empty(), "{case}: {}", table(&stage.plan()));
        }
    }
}
