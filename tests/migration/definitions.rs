//! Templates that files define: created, edited, held to their limits, and read back as they were
//! written, whatever the API makes of them.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use waba_migrate::{
    diff::Class,
    finding::Finding,
    journal::StepEnd,
    plan::files::MemoryFiles,
    sim::{
        script::{Effect, Match, Moment, Verb},
        switches::ReviewRule,
        words::{Category, RejectedReason, TemplateStatus},
        world::World,
    },
    step::Action,
};

use crate::stage::Stage;

const PLAN: &str = r#"
version: 1
name: defined
graph: { app_id: "634974688087057" }
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
templates: { files: ["t/*.yaml"] }
"#;

/// A picture that templates may show.
const PICTURE: &[u8] = include_bytes!("../../examples/templates/media/welcome.png");

/// The plan with these template files; JSON is YAML.
fn files(templates: &[Value]) -> MemoryFiles {
    let all = templates.iter().enumerate();
    let files = all.fold(MemoryFiles::default(), |files, (at, template)| {
        files.with(format!("t/{at}.yaml"), template.to_string())
    });
    files
        .with("t/a.png", PICTURE)
        .with(
            "t/clip.mp4",
            *include_bytes!("../../src/sim/samples/header.mp4"),
        )
        .with(
            "t/bill.pdf",
            *include_bytes!("../../src/sim/samples/header.pdf"),
        )
}

fn stage(templates: &[Value], edit: impl FnOnce(&mut World)) -> Stage {
    let without = PLAN.replace("files: [\"t/*.yaml\"]", "copy: [order]");
    let mut stage = Stage::with(&without, |world| {
        world.templates.clear();
        world.template_order.clear();
        edit(world);
    });
    stage.rewrite(PLAN, files(templates));
    stage
}

fn order(text: &str) -> Value {
    json!({"name": "order", "language": "de", "category": "UTILITY", "components": [
        {"type": "body", "text": text, "example": {"body_text": [["860198"]]}}]})
}

fn approved() -> ReviewRule {
    ReviewRule {
        name: "order".into(),
        status: TemplateStatus::Approved,
        reason: None,
        category: None,
        after_seconds: None,
    }
}

const STEP: &str = "template[\"order/de\"].define";

#[track_caller]
fn assert_settled(stage: &Stage, case: &str) {
    let left: Vec<_> = stage
        .diff()
        .into_iter()
        .filter(|one| one.class.fails())
        .collect();
    assert_eq!(left, [], "{case}");
    let run = stage.apply();
    assert!(run.report.ended.is_empty(), "{case}: {}", run.ends());
}

#[test]
fn a_file_is_created_once_and_then_nothing_differs() {
    let stage = stage(&[order("Order {{1}} is on its way.")], |_| {});
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert!(run.end(STEP).1.contains("t/0.yaml"), "{}", run.ends());
    assert_settled(&stage, "created");
    assert_eq!(stage.effects("/message_templates"), 1);
}

#[test]
fn a_changed_file_is_an_edit_once_a_day() {
    let mut stage = stage(&[order("Order {{1}} is on its way.")], |_| {});
    assert!(stage.apply().is_done());
    let edited = |stage: &mut Stage, text: &str| stage.rewrite(PLAN, files(&[order(text)]));
    edited(&mut stage, "Order {{1}} has left our house.");
    let plan = stage.plan();
    let change = plan.changes.iter().find(|change| change.address == STEP);
    let change = change.expect("a step for each file");
    assert_eq!(change.action, Action::Update);
    let paths: Vec<_> = change
        .fields
        .iter()
        .map(|field| field.path.as_str())
        .collect();
    assert_eq!(paths, ["body.text"]);
    // Nobody has touched the target: it is the file that says something new.
    assert_eq!(stage.diff()[0].class, Class::Pending);
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_settled(&stage, "edited");

    edited(&mut stage, "Order {{1}} has arrived at last.");
    let before = stage.writes().len();
    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Parked, "{}", run.ends());
    assert_eq!(
        stage.writes().len(),
        before,
        "a second edit a day is not even tried"
    );
    stage.sim.advance(Duration::from_secs(25 * 3600));
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_settled(&stage, "edited again");
}

#[test]
fn a_rejection_names_the_reason_and_the_file() {
    let mut stage = stage(&[order("Order {{1}} is on its way.")], |world| {
        world.switches.reviews.push(ReviewRule {
            status: TemplateStatus::Rejected,
            reason: Some(RejectedReason::Promotional),
            ..approved()
        });
    });
    let run = stage.apply();
    let (end, note) = run.end("templates.approved");
    assert_eq!(end, StepEnd::Blocked, "{}", run.ends());
    assert!(
        note.contains("REJECTED") && note.contains("PROMOTIONAL"),
        "{note}"
    );
    let plan = stage.plan();
    let finding = plan
        .findings
        .iter()
        .find(|finding| finding.blocks())
        .expect("it blocks");
    assert!(
        finding
            .hint
            .as_ref()
            .is_some_and(|hint| hint.contains("t/0.yaml")),
        "{finding:?}"
    );
    assert!(
        finding
            .span
            .as_ref()
            .is_some_and(|span| span.file.ends_with("t/0.yaml"))
    );
    // Editing the file mends it, on the same day.
    stage.sim.edit(|world| world.switches.reviews.clear());
    stage.rewrite(PLAN, files(&[order("Your order {{1}} was sent today.")]));
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_settled(&stage, "mended");
}

#[test]
fn the_category_of_an_approved_template_stays() {
    let mut stage = stage(&[order("Order {{1}} is on its way.")], |_| {});
    assert!(stage.apply().is_done());
    let mut other = order("Order {{1}} is on its way.");
    other["category"] = "MARKETING".into();
    stage.rewrite(PLAN, files(&[other]));
    let run = stage.apply();
    let rules = run.rules();
    assert!(
        rules.contains(&"template-category-fixed".into()),
        "{rules:?}"
    );
    assert!(
        run.blocking
            .iter()
            .any(|finding: &Finding| finding.span.is_some())
    );
}

#[test]
fn a_template_that_meta_put_into_another_category_is_told() {
    let stage = stage(&[order("Order {{1}} is on its way.")], |world| {
        world.switches.reviews.push(ReviewRule {
            category: Some(Category::Marketing),
            ..approved()
        });
    });
    let run = stage.apply();
    let (end, note) = run.end("templates.approved");
    assert_eq!(
        end,
        StepEnd::Blocked,
        "waiting would not help: {}",
        run.ends()
    );
    assert!(note.contains("MARKETING"), "{note}");
}

#[test]
fn creations_and_edits_survive_every_fault() {
    let moments = [Moment::BeforeEffect, Moment::AfterEffect];
    let faults = moments.into_iter().flat_map(|moment| {
        [
            Effect::Cut(moment),
            Effect::Timeout(moment),
            Effect::ServerError(moment),
        ]
    });
    for fault in faults {
        let mut stage = stage(&[order("Order {{1}} is on its way.")], |world| {
            world.script.add_fault(
                Match::first(Verb::Post, "*/message_templates"),
                fault.clone(),
            );
        });
        let run = stage.apply();
        assert!(run.is_done(), "{fault:?}: {}", run.ends());
        assert_eq!(stage.effects("/message_templates"), 1, "{fault:?}");
        let id = stage
            .seen()
            .target
            .templates
            .present()
            .and_then(|all| all.values().next().cloned());
        let id = id.expect("it was created").id;
        stage.rewrite(PLAN, files(&[order("Order {{1}} has left our house.")]));
        stage.sim.edit(|world| {
            world
                .script
                .add_fault(Match::first(Verb::Post, id.as_str()), fault.clone());
        });
        let run = stage.apply();
        assert!(run.is_done(), "{fault:?}: {}", run.ends());
        let edits = stage
            .writes()
            .iter()
            .filter(|write| write.ends_with(id.as_str()))
            .count();
        assert_eq!(edits, 1, "{fault:?}");
        assert_settled(&stage, "after a fault");
    }
}

/// One of every kind that the guides know.
fn every_kind() -> Vec<Value> {
    let body = |text: &str| json!({"type": "BODY", "text": text});
    let with = |name: &str, category: &str, components: Value| json!({"name": name, "language": "en_US", "category": category, "components": components});
    let media = |format: &str, path: &str| json!({"type": "HEADER", "format": format, "example": {"header_handle": [path]}});
    let buttons = |buttons: Value| json!({"type": "BUTTONS", "buttons": buttons});
    let card = |text: &str| {
        json!({"components": [media("IMAGE", "a.png"), body(text), buttons(json!([
            {"type": "QUICK_REPLY", "text": "More"},
            {"type": "URL", "text": "Shop", "url": "https://ex.com/{{1}}", "example": ["ALOE"]}]))]})
    };
    let named = json!({"name": "named", "language": "pt_BR", "category": "UTILITY", "parameter_format": "NAMED", "components": [
        {"type": "BODY", "text": "Hi {{first_name}}, your order {{order_id}} is ready & packed <3.",
         "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Pablo"}, {"param_name": "order_id", "example": "860198"}]}}]});
    vec![
        named,
        with(
            "text_header",
            "MARKETING",
            json!([
            {"type": "HEADER", "format": "TEXT", "text": "Our {{1}} is on", "example": {"header_text": ["Summer Sale"]}},
            {"type": "BODY", "text": "مرحبا {{1}} 🎉 code {{2}} is for you.", "example": {"body_text": [["August", "25OFF"]]}},
            {"type": "FOOTER", "text": "It's \"yours\""},
            buttons(json!([{"type": "QUICK_REPLY", "text": "Unsubscribe"}]))]),
        ),
        with(
            "picture",
            "MARKETING",
            json!([media("IMAGE", "a.png"), body("Look at this")]),
        ),
        with(
            "clip",
            "MARKETING",
            json!([media("VIDEO", "clip.mp4"), body("Look at this")]),
        ),
        with(
            "bill",
            "UTILITY",
            json!([media("DOCUMENT", "bill.pdf"), body("Your bill is attached")]),
        ),
        with(
            "place",
            "UTILITY",
            json!([{"type": "HEADER", "format": "LOCATION"}, body("We are here")]),
        ),
        with(
            "links",
            "UTILITY",
            json!([
                body("Where is it?"),
                buttons(json!([
            {"type": "URL", "text": "Track", "url": "https://ex.com"},
            {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+4930901820"}]))
            ]),
        ),
        with(
            "offer",
            "MARKETING",
            json!([media("IMAGE", "a.png"),
            {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Expiring offer!", "has_expiration": true}},
            {"type": "BODY", "text": "Good news, {{1}}! This is for you.", "example": {"body_text": [["Pablo"]]}},
            buttons(json!([{"type": "COPY_CODE", "example": "CARIBE25"},
                {"type": "URL", "text": "Book now!", "url": "https://ex.com/offers?code={{1}}", "example": ["https://ex.com/offers?code=n3mtql"]}]))]),
        ),
        with(
            "carousel",
            "MARKETING",
            json!([body("Rare succulents"), {"type": "CAROUSEL", "cards": [card("Aloe"), card("Crassula")]}]),
        ),
        with(
            "catalog",
            "MARKETING",
            json!([
                body("See our catalog"),
                buttons(json!([{"type": "CATALOG", "text": "View catalog"}]))
            ]),
        ),
        with(
            "items",
            "MARKETING",
            json!([{"type": "HEADER", "format": "TEXT", "text": "For you"}, body("See our picks"),
            buttons(json!([{"type": "MPM", "text": "View items"}]))]),
        ),
        with(
            "code",
            "AUTHENTICATION",
            json!([
            {"type": "BODY", "add_security_recommendation": true}, {"type": "FOOTER", "code_expiration_minutes": 5},
            buttons(json!([{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"}]))]),
        ),
        with(
            "one_tap",
            "AUTHENTICATION",
            json!([
            {"type": "BODY"}, buttons(json!([{"type": "OTP", "otp_type": "ONE_TAP", "text": "Copy code", "autofill_text": "Autofill",
                "supported_apps": [{"package_name": "com.example.shrub", "signature_hash": "K8a/AINcGX7"}]}]))]),
        ),
    ]
}

/// Turns on everything that the API may do to a template when it is read back.
fn meddle(world: &mut World) {
    let switches = &mut world.switches;
    switches.reorders_components = true;
    switches.escapes_text = true;
    switches.shows_otp_as_url = true;
    switches.adds_defaults = true;
}

#[test]
fn every_kind_is_read_back_as_it_was_written() {
    for meddles in [false, true] {
        let stage = stage(&every_kind(), |world| {
            if meddles {
                meddle(world);
            }
        });
        let run = stage.apply();
        assert!(run.is_done(), "{}", run.ends());
        assert_eq!(stage.effects("/message_templates"), every_kind().len());
        assert_eq!(stage.effects("/uploads"), 3, "each content once");
        assert_settled(&stage, if meddles { "meddled with" } else { "as it is" });
    }
}

fn text(longest: usize) -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "order",
        "Grüße",
        "مرحبا",
        "🎉",
        "a & b",
        "<3",
        "it's",
        "\"quoted\"",
        "50 %",
        "line\nbreak",
        "ü",
    ]);
    prop::collection::vec(word, 1..8).prop_map(move |words| {
        let text: String = words.join(" ");
        text.chars()
            .take(longest)
            .collect::<String>()
            .trim()
            .to_owned()
    })
}

fn any_body() -> impl Strategy<Value = Value> {
    (text(200), 0..3_usize).prop_map(|(words, variables)| {
        let named: String = (1..=variables)
            .map(|at| format!(" then {{{{{at}}}}} and so on,"))
            .collect();
        let samples: Vec<_> = (1..=variables).map(|at| format!("sample {at}")).collect();
        let mut body = json!({"type": "BODY", "text": format!("Dear all,{named} {words} end.")});
        if variables > 0 {
            body["example"] = json!({"body_text": [samples]});
        }
        body
    })
}

fn any_header() -> impl Strategy<Value = Option<Value>> {
    let media = |format: &str, path: &str| {
        Just(json!({"type": "HEADER", "format": format, "example": {"header_handle": [path]}}))
    };
    prop::option::of(prop_oneof![
        media("IMAGE", "a.png"),
        media("VIDEO", "clip.mp4"),
        Just(json!({"type": "HEADER", "format": "LOCATION"})),
        Just(
            json!({"type": "HEADER", "format": "TEXT", "text": "News for {{1}} today", "example": {"header_text": ["Ann"]}})
        ),
    ])
}

fn any_buttons() -> impl Strategy<Value = Option<Value>> {
    let replies = (1..4_usize).prop_map(|count| {
        let labels =
            (0..count).map(|at| json!({"type": "QUICK_REPLY", "text": format!("Reply {at}")}));
        labels.collect::<Vec<_>>()
    });
    let links = prop::sample::subsequence(
        vec![
            json!({"type": "URL", "text": "Öffnen", "url": "https://ex.com/?a=1&b={{1}}", "example": ["https://ex.com/?a=1&b=2"]}),
            json!({"type": "URL", "text": "Home", "url": "https://ex.com"}),
            json!({"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+4930901820"}),
        ],
        0..=3,
    );
    prop::option::of((replies, links).prop_map(|(replies, links)| {
        let buttons = [replies, links].concat();
        json!({"type": "BUTTONS", "buttons": buttons})
    }))
}

fn any_template() -> impl Strategy<Value = Value> {
    let footer = prop::option::of(
        text(60).prop_map(|text| json!({"type": "FOOTER", "text": text.replace('\n', " ")})),
    );
    let category = prop::sample::select(vec!["MARKETING", "UTILITY"]);
    let parts = (any_header(), any_body(), footer, any_buttons(), category);
    parts.prop_map(|(header, body, footer, buttons, category)| {
        let components: Vec<_> = [header, Some(body), footer, buttons]
            .into_iter()
            .flatten()
            .collect();
        json!({"name": "any", "language": "de", "category": category, "components": components})
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What validates is not refused for its form, and what was created does not differ afterwards.
    #[test]
    fn what_is_created_does_not_differ(template in any_template(), meddles in any::<bool>()) {
        let stage = stage(std::slice::from_ref(&template), |world| if meddles { meddle(world) });
        let run = stage.apply();
        prop_assert!(run.is_done(), "{template}: {}", run.ends());
        let left: Vec<_> = stage.diff().into_iter().filter(|one| one.class.fails()).collect();
        prop_assert_eq!(left, [], "{}", template);
    }
}
