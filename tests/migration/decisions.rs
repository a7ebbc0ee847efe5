//! A plan and a world in, a change set out: who did half of it by hand gets exactly the other half.

use serde_json::json;
use waba_migrate::{
    ids::{PhoneNumberId, WabaId},
    sim::{
        seed,
        words::{CodeVerification, NumberStatus, Platform, Quality, TemplateStatus},
        world::{Number, World},
    },
};

use crate::stage::{SMALL, Stage, THREE, phone, table};

const PHONE: &str = "+49 30 901820";

fn source() -> WabaId {
    "102290129340398".parse().expect("an id")
}

fn target() -> WabaId {
    "215589313241560".parse().expect("an id")
}

/// Somebody subscribed our app.
fn subscribe(world: &mut World, callback: Option<&str>) {
    let app = world.apps.keys().next().expect("an app").clone();
    let waba = world.wabas.get_mut(&target()).expect("the target");
    waba.subscriptions.insert(app, callback.map(str::to_owned));
}

/// Somebody added the number to the target.
fn add(world: &mut World) -> PhoneNumberId {
    let id = seed::add_live_number(world, &target(), phone(PHONE));
    let number = world.numbers.get_mut(&id).expect("just added");
    number.status = NumberStatus::Pending;
    number.platform = Platform::NotApplicable;
    number.verification = CodeVerification::NotVerified;
    number.profile.clear();
    id
}

/// Somebody added the number and handed its code in.
fn verify(world: &mut World) {
    let id = add(world);
    let number = world.numbers.get_mut(&id).expect("just added");
    number.verification = CodeVerification::Verified;
}

/// Somebody moved the number.
fn move_over(world: &mut World) {
    world.numbers.clear();
    seed::add_live_number(world, &target(), phone(PHONE));
}

fn on_source(world: &mut World) -> &mut Number {
    let mut numbers = world.numbers.values_mut();
    numbers
        .find(|number| number.waba == source())
        .expect("a number on the source")
}

/// Copies a template by hand, with a status.
fn copy(world: &mut World, name: &str, status: TemplateStatus) {
    let id = world.invent_id();
    let mut template = seed::template(&target(), name, "en_US");
    template.status = status;
    world.add_template(id, template);
}

fn decide(plan: &str, edit: impl FnOnce(&mut World)) -> String {
    let stage = Stage::with(plan, edit);
    let changes = stage.plan();
    assert_eq!(
        stage
            .sim
            .requests()
            .iter()
            .filter(|call| call.method != "GET")
            .count(),
        0
    );
    table(&changes)
}

#[test]
fn in_a_fresh_world_everything_is_to_do() {
    insta::assert_snapshot!(decide(SMALL, |_| {}), @r#"
    create target.subscription: no app is subscribed
    create templates.copy: 2 templates missing on the target
    wait   templates.approved: 2 of 2 not yet APPROVED
    none   number["+4930901820"].two_step_off: two-step verification is off
    create number["+4930901820"].add: not on the target
    call   number["+4930901820"].request_code: the number is not verified
    call   number["+4930901820"].verify: the number is not verified
    call   number["+4930901820"].register: the number is not registered on the target
    wait   number["+4930901820"].live: the number is not live on the target
    update number["+4930901820"].profile: the source's profile is carried over once the number is live
    "#);
}

#[test]
fn an_added_number_is_adopted() {
    insta::assert_snapshot!(decide(SMALL, |world| { subscribe(world, None); add(world); }), @r#"
    none   target.subscription: our app is subscribed
    create templates.copy: 2 templates missing on the target
    wait   templates.approved: 2 of 2 not yet APPROVED
    none   number["+4930901820"].two_step_off: two-step verification is off
    none   number["+4930901820"].add: on the target (PENDING, NOT_APPLICABLE, NOT_VERIFIED)
    call   number["+4930901820"].request_code: the number is not verified
    call   number["+4930901820"].verify: the number is not verified
    call   number["+4930901820"].register: the number is not registered on the target
    wait   number["+4930901820"].live: the number is not live on the target
    update number["+4930901820"].profile: the source's profile is carried over once the number is live
    "#);
}

#[test]
fn a_verified_number_needs_no_code() {
    insta::assert_snapshot!(decide(SMALL, |world| { subscribe(world, None); verify(world); }), @r#"
    none   target.subscription: our app is subscribed
    create templates.copy: 2 templates missing on the target
    wait   templates.approved: 2 of 2 not yet APPROVED
    none   number["+4930901820"].two_step_off: two-step verification is off
    none   number["+4930901820"].add: on the target (PENDING, NOT_APPLICABLE, VERIFIED)
    none   number["+4930901820"].request_code: the number is verified
    none   number["+4930901820"].verify: the number is verified
    call   number["+4930901820"].register: the number is not registered on the target
    wait   number["+4930901820"].live: the number is not live on the target
    update number["+4930901820"].profile: the source's profile is carried over once the number is live
    "#);
}

#[test]
fn a_moved_number_needs_nothing_but_its_templates() {
    insta::assert_snapshot!(decide(SMALL, |world| { subscribe(world, None); move_over(world); }), @r#"
    none   target.subscription: our app is subscribed
    create templates.copy: 2 templates missing on the target
    none   templates.approved: every number is live
    none   number["+4930901820"].two_step_off: the number is registered on the target
    none   number["+4930901820"].add: on the target (CONNECTED, CLOUD_API, VERIFIED)
    none   number["+4930901820"].request_code: the number is verified
    none   number["+4930901820"].verify: the number is verified
    none   number["+4930901820"].register: the number is registered on the target
    none   number["+4930901820"].live: CONNECTED, CLOUD_API
    none   number["+4930901820"].profile: nothing is left to carry over
    "#);
}

#[test]
fn a_subscription_is_ours_only_when_it_is_of_our_app() {
    let edit = |world: &mut World| {
        let other = seed::add_app(world, None, None);
        let waba = world.wabas.get_mut(&target()).unwrap();
        waba.subscriptions.insert(other, None);
    };
    let changes = decide(SMALL, edit);
    insta::assert_snapshot!(changes.lines().next().unwrap(), @"create target.subscription: other apps are subscribed, ours is not");
}

#[test]
fn an_override_that_the_plan_does_not_name_is_left_alone() {
    let changes = decide(SMALL, |world| subscribe(world, Some("https://old.example")));
    insta::assert_snapshot!(changes.lines().next().unwrap(), @"none   target.subscription: our app is subscribed");
}

#[test]
fn an_override_that_the_plan_names_is_set() {
    let plan = SMALL.replace(
        "token: { env: TOKEN } }",
        "token: { env: TOKEN }, subscription: { callback: { url: https://new.example, verify_token: { env: VERIFY } } } }",
    );
    let first = |callback| {
        let changes = decide(&plan, |world| subscribe(world, callback));
        changes.lines().next().unwrap().to_owned()
    };
    insta::assert_snapshot!(first(None), @"update target.subscription: our app is subscribed with another callback");
    insta::assert_snapshot!(first(Some("https://old.example")), @"update target.subscription: our app is subscribed with another callback");
    insta::assert_snapshot!(first(Some("https://new.example")), @"none   target.subscription: our app is subscribed with this callback");
}

#[test]
fn only_missing_templates_are_copied() {
    let edit = |world: &mut World| copy(world, "order", TemplateStatus::Approved);
    let changes = decide(SMALL, edit);
    insta::assert_snapshot!(templates(&changes), @r#"
    create templates.copy: 1 template missing on the target, 1 there
    wait   templates.approved: 1 of 2 not yet APPROVED
    "#);
}

fn templates(changes: &str) -> String {
    let about = |line: &&str| line.contains("template");
    changes.lines().filter(about).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_profile_is_compared_field_by_field() {
    let plan = SMALL.replace(
        "pin: { env: PIN } }",
        "pin: { env: PIN }, profile: { about: Hello, vertical: RETAIL } }",
    );
    let last = |about: &str| {
        let edit = |world: &mut World| {
            move_over(world);
            let number = world.numbers.values_mut().next().unwrap();
            number.profile.insert("about".into(), json!(about));
        };
        decide(&plan, edit).lines().last().unwrap().to_owned()
    };
    insta::assert_snapshot!(last("Hi"), @r#"update number["+4930901820"].profile: the profile differs"#);
    insta::assert_snapshot!(last("Hello"), @r#"none   number["+4930901820"].profile: the profile is as wanted"#);
}

#[test]
fn two_step_verification_is_a_gate() {
    let edit = |world: &mut World| {
        on_source(world).pin = Some(waba_migrate::secret::Secret::new("123456"));
    };
    let changes = decide(SMALL, edit);
    let gate = changes.lines().find(|line| line.contains("two_step_off"));
    insta::assert_snapshot!(gate.unwrap(), @r#"gate   number["+4930901820"].two_step_off: two-step verification is on"#);
    assert!(!changes.contains("!!"), "a gate blocks nothing else");
}

#[test]
fn the_status_of_a_copy_decides_whether_it_is_waited_for() {
    let with = |status| {
        let edit = |world: &mut World| {
            copy(world, "order", status);
            copy(world, "welcome", TemplateStatus::Approved);
        };
        templates(&decide(SMALL, edit))
    };
    insta::assert_snapshot!(with(TemplateStatus::Approved), @r#"
    none   templates.copy: 2 templates on the target
    none   templates.approved: 2 required, all APPROVED
    "#);
    insta::assert_snapshot!(with(TemplateStatus::Pending), @r#"
    none   templates.copy: 2 templates on the target
    wait   templates.approved: 1 of 2 not yet APPROVED
    "#);
    insta::assert_snapshot!(with(TemplateStatus::InAppeal), @r#"
    none   templates.copy: 2 templates on the target
    wait   templates.approved: 1 of 2 not yet APPROVED
    "#);
    insta::assert_snapshot!(with(TemplateStatus::Rejected), @r#"
    !! fail template-not-approved templates.approved
    none   templates.copy: 2 templates on the target
    gate   templates.approved: blocked: required template order/en_US is REJECTED on the target
    "#);
    insta::assert_snapshot!(with(TemplateStatus::Paused), @r#"
    !! fail template-not-approved templates.approved
    none   templates.copy: 2 templates on the target
    gate   templates.approved: blocked: required template order/en_US is PAUSED on the target
    "#);
}

#[test]
fn a_copy_that_is_being_deleted_counts_as_missing() {
    let edit = |world: &mut World| copy(world, "order", TemplateStatus::PendingDeletion);
    insta::assert_snapshot!(templates(&decide(SMALL, edit)), @r#"
    ! fail template-name-blocked templates.copy
    create templates.copy: 2 templates missing on the target
    wait   templates.approved: 2 of 2 not yet APPROVED
    "#);
}

#[test]
fn what_meta_does_not_copy_stops_nothing_unless_it_is_required() {
    let edit = |world: &mut World| {
        let mut all = world.templates.values_mut();
        let order = all.find(|template| template.name == "order").unwrap();
        order.quality = Quality::Yellow;
    };
    insta::assert_snapshot!(templates(&decide(SMALL, edit)), @r#"
    create templates.copy: 1 template missing on the target
    wait   templates.approved: 1 of 1 not yet APPROVED
    "#);
    let plan = SMALL.replace(
        "copy: [order, welcome]",
        "copy: [order, welcome], required: [order]",
    );
    insta::assert_snapshot!(templates(&decide(&plan, edit)), @r#"
    !! fail template-not-coming templates.approved
    create templates.copy: 1 template missing on the target
    gate   templates.approved: blocked: required template order/en_US will not come to the target: its quality is YELLOW, only GREEN and UNKNOWN are copied
    "#);
}

#[test]
fn a_required_template_that_is_nowhere_blocks() {
    let plan = SMALL.replace(
        "copy: [order, welcome]",
        "copy: [order], required: [order, invoice]",
    );
    let edit = |world: &mut World| {
        world
            .templates
            .retain(|_, template| template.name != "invoice")
    };
    insta::assert_snapshot!(templates(&decide(&plan, edit)), @r#"
    !! fail template-required-missing templates.approved
    create templates.copy: 1 template missing on the target
    gate   templates.approved: blocked: templates.required names `invoice`, which is on neither account
    "#);
}

#[test]
fn a_source_that_cannot_be_read_is_unknown_and_nothing_passes_for_it() {
    let edit = |world: &mut World| world.tokens[0].wabas = Some([target()].into());
    let changes = decide(SMALL, edit);
    let about = |line: &&str| line.starts_with('!') || line.contains("cannot be read");
    let lines: Vec<_> = changes.lines().filter(about).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    !! unknown templates-unreadable templates.approved
    !! unknown templates-unreadable templates.copy
    ! fail token-permission source.token
    ! unknown two-step number["+4930901820"]
    gate   templates.copy: blocked: the source's templates cannot be read: the API refused
    gate   number["+4930901820"].two_step_off: the source cannot be read: the API refused
    "#);
}

#[test]
fn a_number_that_is_nowhere_blocks() {
    insta::assert_snapshot!(decide(SMALL, |world| world.numbers.clear()), @r#"
    !! fail number-nowhere number["+4930901820"].add
    create target.subscription: no app is subscribed
    create templates.copy: 2 templates missing on the target
    wait   templates.approved: 2 of 2 not yet APPROVED
    gate   number["+4930901820"].two_step_off: the number is not on the source, so its two-step state cannot be seen
    gate   number["+4930901820"].add: blocked: +4930901820 is neither on the source nor on the target
    call   number["+4930901820"].request_code: the number is not verified
    call   number["+4930901820"].verify: the number is not verified
    call   number["+4930901820"].register: the number is not registered on the target
    wait   number["+4930901820"].live: the number is not live on the target
    update number["+4930901820"].profile: the source's profile is carried over once the number is live
    "#);
}

#[test]
fn a_target_that_cannot_pay_blocks() {
    let edit = |world: &mut World| world.wabas.get_mut(&target()).unwrap().funding = None;
    let changes = decide(SMALL, edit);
    insta::assert_snapshot!(changes.lines().next().unwrap(), @"!! fail payment target 215589313241560");
    let moved = decide(SMALL, |world| {
        edit(world);
        move_over(world);
    });
    assert!(
        !moved.contains("payment"),
        "it matters only while a number has to move"
    );
}

#[test]
fn an_unmanaged_subscription_has_to_be_there() {
    let plan = SMALL.replace(
        "token: { env: TOKEN } }",
        "token: { env: TOKEN }, subscription: { app: unmanaged } }",
    );
    insta::assert_snapshot!(decide(&plan, |_| {}).lines().next().unwrap(), @"none   target.subscription: an app is subscribed");
    let edit = |world: &mut World| {
        world
            .wabas
            .get_mut(&target())
            .unwrap()
            .subscriptions
            .clear()
    };
    insta::assert_snapshot!(decide(&plan, edit).lines().next().unwrap(), @"!! fail subscription-missing target.subscription");
}

#[test]
fn the_order_respects_every_need() {
    let changes = Stage::new(THREE).plan();
    let place = |address: &str| {
        let mut all = changes.changes.iter();
        all.position(|change| change.address == address).unwrap()
    };
    for change in &changes.changes {
        for need in &change.needs {
            assert!(
                place(need) < place(&change.address),
                "{} before {need}",
                change.address
            );
        }
    }
    let registers = changes
        .changes
        .iter()
        .filter(|change| change.kind == "register");
    let lines: Vec<_> = registers
        .map(|change| format!("{}\n  {}", change.address, change.needs.join("\n  ")))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    number["+4930901820"].register
      number["+4930901820"].two_step_off
      number["+4930901820"].verify
      target.subscription
      templates.approved
    number["+49891234567"].register
      number["+4930901820"].live
      number["+49891234567"].two_step_off
      number["+49891234567"].verify
      target.subscription
      templates.approved
    number["+33142685300"].register
      number["+33142685300"].two_step_off
      number["+33142685300"].verify
      target.subscription
      templates.approved
    "#);
}

#[test]
fn the_same_plan_and_world_give_the_same_bytes() {
    let bytes = || serde_json::to_string(&Stage::new(THREE).plan()).unwrap();
    assert_eq!(bytes(), bytes());
}

#[test]
fn an_unreadable_world_gives_the_same_bytes_too() {
    let stage = Stage::with(SMALL, |world| {
        world.tokens[0].wabas = Some([target()].into())
    });
    let bytes = || serde_json::to_string(&stage.plan()).unwrap();
    assert_eq!(bytes(), bytes());
}

#[test]
fn what_the_source_does_not_show_is_not_approved() {
    let edit = |world: &mut World| world.tokens[0].wabas = Some([target()].into());
    assert!(!decide(SMALL, edit).contains("all APPROVED"));
}

/// The old provider takes its access back when the migration is over: that is no drift.
#[test]
fn a_finished_migration_needs_its_source_no_more() {
    let stage = Stage::new(SMALL);
    assert!(stage.apply().is_done());
    stage
        .sim
        .edit(|world| world.tokens[0].wabas = Some([target()].into()));
    let changes = stage.plan();
    assert!(changes.is_empty() && !changes.findings.iter().any(|finding| finding.blocks()));
    assert_eq!(stage.diff(), Vec::new());
}
