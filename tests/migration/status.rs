//! What `status` says of migrations that stand still: in text, Markdown and JSON.

use std::{sync::LazyLock, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};
use waba_migrate::{
    ids::WabaId,
    report::status::{render, render_markdown},
    secret::Secret,
    sim::{
        script::{Effect, Match, Verb},
        seed,
        world::{Solution, World},
    },
    status::{NumberPhase, Party, Standing, Status, Turn},
};

use crate::stage::{Person, SMALL, Stage, THREE, phone, refusal};

const BERLIN: &str = "+4930901820";

const NIGHT: &str = "windows: { night: { from: 2026-12-05T22:00, to: 2026-12-06T04:00, time_zone: Europe/Berlin } }\n\
                     defaults: { number: { window: night } }\n";

const SOLUTION: &str = r#"
version: 1
name: solution
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
numbers:
  - { phone: "+49 30 901820", pin: { env: PIN }, method: solution_intent, solution_id: "1715120619246906" }
templates: { copy: [] }
"#;

/// The status as a terminal of so many characters shows it, without colours.
#[track_caller]
fn shown(stage: &Stage, width: usize) -> String {
    let status = stage.status();
    fits(&status);
    let text = anstream::adapter::strip_str(&render(&status, width)).to_string();
    // The table alone must fit; sentences may wrap.
    let table = text.split("\n\n").nth(1).expect("a table");
    for line in table.lines().filter(|line| line.starts_with("  +")) {
        assert!(
            line.chars().count() <= width && line == line.trim_end(),
            "{line}"
        );
    }
    text
}

/// Checks the JSON form against its schema.
#[track_caller]
fn fits(status: &Status) {
    static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let schema = schemars::schema_for!(Status).to_value();
        jsonschema::validator_for(&schema).expect("a schema")
    });
    let errors = VALIDATOR
        .iter_errors(&json(status))
        .map(|error| error.to_string())
        .collect::<Vec<_>>();
    assert_eq!(errors, Vec::<String>::new());
}

fn json(status: &Status) -> Value {
    serde_json::to_value(status).expect("JSON")
}

/// The source's owner has two-step verification on.
fn two_step_on(world: &mut World) {
    for number in world.numbers.values_mut() {
        number.pin = Some(Secret::new("482913"));
    }
}

fn only_target(world: &mut World) {
    let target: WabaId = "215589313241560".parse().expect("an id");
    world.tokens[0].wabas = Some([target].into());
}

/// Sets up a plan in the week before the one of its window.
fn days_ahead(plan: &str) -> Stage {
    Stage::with(plan, |world| world.now = seed::BEGINNING)
}

/// A text with this id made plain: the simulator invents another one when its seed changes.
fn without(text: &str, id: Option<&str>) -> String {
    text.replace(id.expect("an id"), "{id}")
}

/// Moves the world's clock.
fn wait_until(stage: &Stage, moment: &str) {
    let moment: Timestamp = moment.parse().expect("a moment");
    let now = stage.sim.world(|world| world.now);
    stage.sim.advance(now.duration_until(moment).unsigned_abs());
}

#[test]
fn a_fresh_plan_has_not_started() {
    let stage = Stage::new(THREE);
    insta::assert_snapshot!(shown(&stage, 80), @r#"
    Status three  2026-11-23 09:00 UTC
      source  102290129340398  Source
      target  215589313241560  Target

      Number        Phase        Source  Next
      +4930901820   not started  live    target.subscription
      +49891234567  not started  live    target.subscription
      +33142685300  not started  live    target.subscription

      Templates: 1 of 1 not yet APPROVED
      1 template on the source: 1 to copy

    Accounts and templates
      target.subscription  no app is subscribed
      templates.copy  1 template missing on the target
      templates.approved  1 of 1 not yet APPROVED

    Next
      apply
          Subscribe our app to webhooks of 215589313241560

    Status: 0 of 3 numbers live, 3 ready for apply.
    "#);
    assert!(
        !stage.journal_folder().exists(),
        "looking leaves nothing behind"
    );
    let sent = stage.sim.requests();
    assert!(sent.iter().all(|call| call.method == "GET"));
}

#[test]
fn a_gate_is_waited_for_since_the_first_run_that_met_it() {
    let stage = Stage::with(SMALL, two_step_on);
    stage.apply();
    stage.sim.advance(Duration::from_secs(26 * 3600));
    stage.apply();
    insta::assert_snapshot!(shown(&stage, 80), @r#"
    Status small  2026-11-24 11:00 UTC
      source  102290129340398  Source
      target  215589313241560  Target

      Number       Phase    Source  Target    Waits for       Since (UTC)
      +4930901820  prepare  live    verified  source's owner  2026-11-23 09:00

      2 templates on the source: 2 copied

    Next
      the source's owner: two-step verification is on
          Have the source's owner switch two-step verification of +4930901820 off

    Status: 0 of 1 number live, 1 waits for the source's owner.
    "#);
    insta::assert_snapshot!(shown(&stage, 120).lines().skip(4).take(2).collect::<Vec<_>>().join("\n"), @r"
    Number       Phase    Source  Target    Waits for       Since (UTC)       Next
    +4930901820  prepare  live    verified  source's owner  2026-11-23 09:00  two_step_off
    ");
    let mut status = json(&stage.status());
    status["plan"]["digest"] = json!("…");
    for side in ["source", "target"] {
        status["numbers"][0][side]["phone_number_id"] = json!("…");
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&status).expect("JSON"), @r#"
    {
      "format_version": "1.0",
      "intents": [],
      "inventory": {
        "counts": {
          "copied": 2
        },
        "templates": [
          {
            "fate": "copied",
            "language": "en_US",
            "name": "order",
            "source_id": "9034603498703870",
            "status": "APPROVED",
            "target_id": "2620860755687159"
          },
          {
            "fate": "copied",
            "language": "en_US",
            "name": "welcome",
            "source_id": "5123148533390784",
            "status": "APPROVED",
            "target_id": "6663594007654709"
          }
        ],
        "total": 2
      },
      "map": {
        "flows": [],
        "format_version": "1.0",
        "phone_numbers": [
          {
            "phone": "+4930901820",
            "source_id": "4107161863376737",
            "target_id": "6505617680978881"
          }
        ],
        "plan": "small",
        "source": {
          "message_template_namespace": "71bb54d8_d101_b5b9_c34d_0bff90150280",
          "waba": "102290129340398"
        },
        "target": {
          "message_template_namespace": "85e7bb0f_1227_8575_4917_18de357e3da8",
          "waba": "215589313241560"
        },
        "templates": [
          {
            "language": "en_US",
            "name": "order",
            "source_id": "9034603498703870",
            "target_id": "2620860755687159"
          },
          {
            "language": "en_US",
            "name": "welcome",
            "source_id": "5123148533390784",
            "target_id": "6663594007654709"
          }
        ]
      },
      "numbers": [
        {
          "action": "gate",
          "attempts": {
            "free_from": null,
            "of": 10,
            "used": 0
          },
          "name": "Lucky Shrub",
          "next": "Have the source's owner switch two-step verification of +4930901820 off",
          "phase": "prepare",
          "phone": "+4930901820",
          "source": {
            "code_verification_status": "VERIFIED",
            "phone_number_id": "…",
            "platform_type": "CLOUD_API",
            "standing": "live",
            "status": "CONNECTED"
          },
          "step": "number[\"+4930901820\"].two_step_off",
          "target": {
            "code_verification_status": "VERIFIED",
            "phone_number_id": "…",
            "platform_type": "NOT_APPLICABLE",
            "standing": "verified",
            "status": "PENDING"
          },
          "turn": "waiting",
          "waiting": {
            "for": "source_owner",
            "number": null,
            "since": "2026-11-23T09:00:00Z",
            "until": null,
            "what": "two-step verification is on"
          },
          "window": null
        }
      ],
      "plan": {
        "digest": "…",
        "name": "small"
      },
      "seen_at": "2026-11-24T11:00:03.75Z",
      "source": {
        "name": "Source",
        "waba": "102290129340398"
      },
      "steps": [],
      "summary": {
        "blocked": 0,
        "done": 0,
        "live": 0,
        "numbers": 1,
        "ready": 0,
        "waiting": 1
      },
      "target": {
        "name": "Target",
        "waba": "215589313241560"
      },
      "templates": {
        "pending": {},
        "ready": true,
        "since": null,
        "what": "2 required, all APPROVED"
      }
    }
    "#);
}

#[test]
fn without_a_journal_nobody_knows_since_when() {
    let stage = Stage::with(SMALL, two_step_on);
    stage.apply();
    for journal in stage.journals() {
        std::fs::remove_file(journal).expect("a journal");
    }
    let status = stage.status();
    let waiting = status.numbers[0].waiting.as_ref().expect("it waits");
    assert_eq!((waiting.party, waiting.since), (Party::SourceOwner, None));
    assert_eq!(status.numbers[0].phase, NumberPhase::Prepare);
}

#[test]
fn a_code_that_is_out_comes_before_everything_else() {
    let mut stage = Stage::with(SMALL, two_step_on);
    stage.person = Person::Away;
    stage.apply();
    insta::assert_snapshot!(shown(&stage, 80), @r#"
    Status small  2026-11-23 09:00 UTC
      source  102290129340398  Source
      target  215589313241560  Target

      Number       Phase   Source  Target  Waits for  Since (UTC)       Next
      +4930901820  verify  live    added   you        2026-11-23 09:00  verify

      2 templates on the source: 2 copied

    Next
      you: the one-time code
          Hand in the one-time code of +4930901820: verify-code PLAN +4930901820 CODE

    Status: 0 of 1 number live, 1 waits for you.
    "#);
    stage.person = Person::Types("000000");
    stage.apply();
    let status = stage.status();
    let waiting = status.numbers[0].waiting.as_ref().expect("it waits");
    assert_eq!(waiting.what, "another code: the last one was refused");
}

#[test]
fn a_number_waits_for_its_window() {
    let stage = days_ahead(&(SMALL.to_owned() + NIGHT));
    stage.apply();
    insta::assert_snapshot!(shown(&stage, 80), @r#"
    Status small  2026-11-23 09:00 UTC
      source  102290129340398  Source
      target  215589313241560  Target

      Number       Phase     Waits for   Since (UTC)       Window
      +4930901820  cut over  its window  2026-11-23 09:00  5 Dec 22:00

      Window night: Sat 5 Dec 2026 22:00 to Sun 6 Dec 2026 04:00 Europe/Berlin
      2 templates on the source: 2 copied

    Status: 0 of 1 number live, 1 waits for its window. Next window: Sat 5 Dec 2026 22:00 Europe/Berlin.
    "#);
    #[track_caller]
    fn check(stage: &Stage, now: &str, turn: Turn, party: Option<Party>, cell: &str) {
        wait_until(stage, now);
        let status = stage.status();
        let number = &status.numbers[0];
        let waits = number.waiting.as_ref().map(|waiting| waiting.party);
        assert_eq!((number.turn, waits), (turn, party), "{now}");
        assert!(shown(stage, 80).contains(cell), "{now}");
    }
    check(&stage, "2026-12-05T21:00:00Z", Turn::Ready, None, "  open");
    check(
        &stage,
        "2026-12-06T02:56:00Z",
        Turn::Waiting,
        Some(Party::Us),
        "  too short",
    );
    check(
        &stage,
        "2026-12-06T03:00:00Z",
        Turn::Waiting,
        Some(Party::Us),
        "  over",
    );
}

#[test]
fn others_wait_for_the_canary_and_for_their_window() {
    let plan = THREE.replace(
        r#"{ phone: "+33 1 42 68 53 00","#,
        r#"{ phone: "+33 1 42 68 53 00", window: night,"#,
    );
    let windows = NIGHT.lines().next().expect("a line");
    let stage = days_ahead(&format!("{plan}{windows}\n"));
    let fault = Match::first(Verb::Post, "*/register").times(1);
    stage.sim.fault(fault, Effect::Error(refusal()));
    stage.apply();
    insta::assert_snapshot!(shown(&stage, 80), @r#"
    Status three  2026-11-23 09:00 UTC
      source  102290129340398  Source
      target  215589313241560  Target

      Number        Phase     Waits for    Since (UTC)       Window
      +4930901820   cut over  -            -                 -
      +49891234567  cut over  +4930901820  -                 -
      +33142685300  cut over  its window   2026-11-23 09:00  5 Dec 22:00

      Window night: Sat 5 Dec 2026 22:00 to Sun 6 Dec 2026 04:00 Europe/Berlin
      1 template on the source: 1 copied

    Next
      apply
          Register +4930901820 on the target: traffic and billing move

    Status: 0 of 3 numbers live, 1 waits for another number, 1 for its window, 1 ready for apply. Next window: Sat 5 Dec 2026 22:00 Europe/Berlin.
    "#);
    insta::assert_snapshot!(render_markdown(&stage.status()), @r#"
    # Status of three

    From 102290129340398 (Source) to 215589313241560 (Target), seen 2026-11-23 09:00 UTC.

    | Number | Phase | Source | Target | Waits for | Since (UTC) | Window | Next |
    | --- | --- | --- | --- | --- | --- | --- | --- |
    | +4930901820 | cut over | live | verified | - | - | - | register |
    | +49891234567 | cut over | live | verified | +4930901820 | - | - | register |
    | +33142685300 | cut over | live | verified | its window | 2026-11-23 09:00 | 5 Dec 22:00 | register |

    * Window night: Sat 5 Dec 2026 22:00 to Sun 6 Dec 2026 04:00 Europe/Berlin
    * 1 template on the source: 1 copied

    * **apply:** Register +4930901820 on the target: traffic and billing move

    **Status:** 0 of 3 numbers live, 1 waits for another number, 1 for its window, 1 ready for apply. Next window: Sat 5 Dec 2026 22:00 Europe/Berlin.
    "#);
    stage.apply();
    insta::assert_snapshot!(shown(&stage, 80), @r#"
    Status three  2026-11-23 09:00 UTC
      source  102290129340398  Source
      target  215589313241560  Target

      Number        Phase     Waits for   Since (UTC)       Window
      +4930901820   done      -           -                 -
      +49891234567  done      -           -                 -
      +33142685300  cut over  its window  2026-11-23 09:00  5 Dec 22:00

      Window night: Sat 5 Dec 2026 22:00 to Sun 6 Dec 2026 04:00 Europe/Berlin
      1 template on the source: 1 copied

    Status: 2 of 3 numbers live, 1 waits for its window. Next window: Sat 5 Dec 2026 22:00 Europe/Berlin.
    "#);
}

#[test]
fn a_finding_blocks_its_number_alone() {
    let stage = Stage::with(THREE, |world| {
        let mut numbers = world.numbers.values_mut();
        let berlin = numbers.find(|number| number.phone == phone(BERLIN));
        berlin.expect("a number").is_on_biz_app = true;
    });
    insta::assert_snapshot!(shown(&stage, 80), @r#"
    Status three  2026-11-23 09:00 UTC
      source  102290129340398  Source
      target  215589313241560  Target

      Number        Phase        Source  Waits for       Next
      +4930901820   blocked      live    source's owner  add
      +49891234567  not started  live    -               target.subscription
      +33142685300  not started  live    -               target.subscription

      Templates: 1 of 1 not yet APPROVED
      1 template on the source: 1 to copy

    Accounts and templates
      target.subscription  no app is subscribed
      templates.copy  1 template missing on the target
      templates.approved  1 of 1 not yet APPROVED

    Next
      the source's owner: it is used by the WhatsApp Business app too
          disconnect it from the app; such numbers cannot be migrated
      apply
          Subscribe our app to webhooks of 215589313241560

    Status: 0 of 3 numbers live, 1 blocked, 2 ready for apply.
    "#);
}

#[test]
fn an_account_that_is_not_ready_blocks_all_its_numbers() {
    let stage = Stage::with(THREE, |world| {
        world
            .wabas
            .values_mut()
            .for_each(|waba| waba.funding = None);
    });
    let status = stage.status();
    assert_eq!((status.summary.blocked, status.summary.waiting), (3, 0));
    let waiting = status.numbers[2].waiting.as_ref().expect("it waits");
    assert_eq!(waiting.party, Party::BusinessAdmin);
}

#[test]
fn what_the_source_does_not_show_is_unknown() {
    let plan = SMALL.replace("[order, welcome]", "[]");
    let stage = Stage::with(&plan, only_target);
    stage.apply();
    insta::assert_snapshot!(shown(&stage, 80), @r#"
    Status small  2026-11-23 09:00 UTC
      source  102290129340398
      target  215589313241560  Target

      Number       Phase    Source   Target    Waits for       Since (UTC)
      +4930901820  prepare  unknown  verified  source's owner  2026-11-23 09:00

    Next
      the source's owner: the source cannot be read
          Have the source's owner switch two-step verification of +4930901820 off, then: apply --confirm 'number["+4930901820"].two_step_off'

    Status: 0 of 1 number live, 1 waits for the source's owner.
    "#);
    let status = stage.status();
    assert_eq!(status.numbers[0].source.standing, Standing::Unknown);
    assert_eq!(json(&status)["numbers"][0]["source"]["status"], Value::Null);
}

#[test]
fn all_is_done() {
    let stage = Stage::new(&(THREE.to_owned() + NIGHT));
    wait_until(&stage, "2026-12-05T21:30:00Z");
    assert!(stage.apply().is_done());
    insta::assert_snapshot!(shown(&stage, 80), @r#"
    Status three  2026-12-05 21:30 UTC
      source  102290129340398  Source
      target  215589313241560  Target

      Number        Phase  Source      Target
      +4930901820   done   moved away  live
      +49891234567  done   moved away  live
      +33142685300  done   moved away  live

      1 template on the source: 1 copied

    Status: 3 of 3 numbers live, nothing is left to do.
    "#);
    assert_eq!(stage.status().numbers[0].attempts.used, 1);
}

#[test]
fn a_pause_that_is_over_is_not_waited_for() {
    let stage = Stage::new(SMALL);
    let always = Match::first(Verb::Post, "*/register").times(8);
    stage.sim.fault(always, Effect::Error(refusal()));
    for _ in 0..8 {
        stage.apply();
    }
    let number = &stage.status().numbers[0];
    let waiting = number.waiting.as_ref().expect("it waits");
    assert_eq!((number.attempts.used, waiting.party), (8, Party::Meta));
    assert_eq!(waiting.until, number.attempts.free_from);
    stage.sim.advance(Duration::from_secs(72 * 3600));
    let number = &stage.status().numbers[0];
    assert_eq!((number.attempts.used, number.turn), (0, Turn::Ready));
}

#[test]
fn the_customer_is_waited_for_with_the_id_of_the_intent() {
    let stage = Stage::with(SOLUTION, |world| {
        let (id, name) = ("1715120619246906".parse(), "Acme Messaging".to_owned());
        world
            .solutions
            .insert(id.expect("an id"), Solution { name });
    });
    stage.apply();
    let status = stage.status();
    let id = status.intents[0].id.as_deref();
    insta::assert_snapshot!(without(&shown(&stage, 80), id), @r"
    Status solution  2026-11-23 09:00 UTC
      source  102290129340398  Source
      target  215589313241560  Target

      Number       Phase        Source  Waits for  Since (UTC)
      +4930901820  not started  live    customer   2026-11-23 09:00

      Intent {id} for solution 1715120619246906: INITIATED

    Next
      the customer: intent {id} is not accepted
          Have the customer accept the migration to solution 1715120619246906

    Status: 0 of 1 number live, 1 waits for the customer.
    ");
    insta::assert_snapshot!(without(&render_markdown(&status), id), @r#"
    # Status of solution

    From 102290129340398 (Source) to 215589313241560 (Target), seen 2026-11-23 09:00 UTC.

    | Number | Phase | Source | Waits for | Since (UTC) | Next |
    | --- | --- | --- | --- | --- | --- |
    | +4930901820 | not started | live | customer | 2026-11-23 09:00 | solution\["1715120619246906"\].accepted |

    * Intent {id} for solution 1715120619246906: INITIATED

    * **the customer:** intent {id} is not accepted. Have the customer accept the migration to solution 1715120619246906

    **Status:** 0 of 1 number live, 1 waits for the customer.
    "#);
}

#[test]
fn names_from_outside_break_nothing() {
    let stage = Stage::with(SMALL, |world| {
        for waba in world.wabas.values_mut() {
            waba.name = "A|B\n| `x` \u{1b}[31m<b>".to_owned();
        }
    });
    let status = stage.status();
    let (text, markdown) = (shown(&stage, 80), render_markdown(&status));
    assert!(text.contains("A|B | `x` ␛[31m<b>\n"), "{text}");
    assert!(
        markdown.contains("(A\\|B \\| \\`x\\` ␛\\[31m\\<b\\>)"),
        "{markdown}"
    );
}

#[test]
fn two_hundred_numbers_stay_one_line_each() {
    let number =
        |at: u32| format!("  - {{ phone: \"+4915112345{at:03}\", pin: {{ env: PIN }} }}\n");
    let numbers: String = (0..200).map(number).collect();
    let one = "  - { phone: \"+49 30 901820\", pin: { env: PIN } }\n";
    let stage = Stage::with(&SMALL.replace(one, &numbers), two_step_on);
    for width in [80, 120, usize::MAX] {
        let text = shown(&stage, width);
        assert_eq!(
            text.lines().filter(|line| line.starts_with("  +")).count(),
            200
        );
        assert!(text.lines().count() < 220, "{text}");
    }
}
