//! Every precondition, broken one at a time: what is said, who must act, and what will prove it.
//!
//! Worlds are edited where the simulator has what is wrong; what it never shows is edited in what
//! was seen.

use jiff::{SignedDuration, Timestamp};
use waba_migrate::{
    finding::{Finding, Severity, Verdict},
    ids::{Address, NumberStep, WabaId},
    journal::{Entry, Event, History, StepEnd},
    preflight::{before_register, check},
    resource::{Observed, Trouble, Why, phone_number, template::Room, waba},
    secret::Secret,
    sim::{
        seed,
        words::{
            AccountMode, Category, CodeVerification, NameStatus, NumberStatus, Platform, Review,
            TemplateStatus, TokenKind, Verification,
        },
        world::{Number, OnBehalfOf, Waba, World},
    },
    snapshot::Snapshot,
};

use crate::stage::{SMALL, Stage, THREE, phone};

use Edit::{InWorld, Seen};

/// A number with a window, four weeks after the simulated worlds begin.
const LATER: &str = r#"
version: 1
name: later
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
windows: { night: { from: 2026-12-20T22:00, to: 2026-12-21T04:00, time_zone: Europe/Berlin } }
numbers:
  - { phone: "+49 30 901820", pin: { env: PIN }, window: night }
"#;

/// What is wrong.
enum Edit {
    InWorld(fn(&mut World)),
    Seen(fn(&mut Snapshot)),
}

/// Breaks one thing after the other and shows the findings that a right world does not have.
fn broken(plan: &str, edits: &[(&str, Edit)]) -> String {
    let right = open(&found(plan, &Seen(|_| {})));
    let mut text = String::new();
    for (title, edit) in edits {
        let lines = open(&found(plan, edit));
        let new = lines.iter().filter(|line| !right.contains(line));
        text += &format!("{title}\n");
        new.for_each(|line| text += &format!("  {line}\n"));
    }
    text
}

fn found(plan: &str, edit: &Edit) -> Vec<Finding> {
    let stage = match edit {
        InWorld(edit) => in_november(plan, edit),
        Seen(_) => in_november(plan, |_| {}),
    };
    let mut snapshot = stage.seen();
    if let Seen(edit) = edit {
        edit(&mut snapshot);
    }
    assert!(stage.writes().is_empty());
    check(&stage.plan, &snapshot)
}

/// Sets up a world whose windows are weeks ahead.
fn in_november(plan: &str, edit: impl FnOnce(&mut World)) -> Stage {
    Stage::with(plan, |world| {
        world.now = seed::BEGINNING;
        edit(world);
    })
}

/// What does not pass, complete: somebody must act, knows what to do, and what will prove it.
fn open(findings: &[Finding]) -> Vec<String> {
    let open = findings.iter().filter(|one| one.verdict != Verdict::Pass);
    open.map(line).collect()
}

fn line(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let unknown = match finding.verdict {
        Verdict::Unknown => "unknown: ",
        Verdict::Fail | Verdict::Pass => "",
    };
    // What the API says in an error is its own affair.
    let message = match finding.message.split_once("the API refused") {
        Some((before, _)) => format!("{before}the API refused"),
        None => finding.message.clone(),
    };
    format!(
        "{severity}[{}] {}: {unknown}{message} ({}) | {}: {} | {}",
        finding.rule,
        finding.subject,
        finding.observed.as_deref().unwrap_or("-"),
        finding.who.expect("somebody must act"),
        finding.hint.as_deref().expect("what to do"),
        finding.proof.as_deref().expect("what will prove it"),
    )
}

fn source_id() -> WabaId {
    "102290129340398".parse().expect("an id")
}

fn target_id() -> WabaId {
    "215589313241560".parse().expect("an id")
}

fn source(world: &mut World) -> &mut Waba {
    world.wabas.get_mut(&source_id()).expect("the source")
}

fn target(world: &mut World) -> &mut Waba {
    world.wabas.get_mut(&target_id()).expect("the target")
}

fn number(world: &mut World) -> &mut Number {
    world.numbers.values_mut().next().expect("a number")
}

/// Somebody added the number to the target.
fn add(world: &mut World) {
    let id = seed::add_live_number(world, &target_id(), phone("+49 30 901820"));
    let number = world.numbers.get_mut(&id).expect("just added");
    number.status = NumberStatus::Pending;
    number.platform = Platform::NotApplicable;
    number.verification = CodeVerification::NotVerified;
}

fn verify(world: &mut World) {
    add(world);
    for number in world.numbers.values_mut() {
        number.verification = CodeVerification::Verified;
    }
}

fn seen_number(seen: &mut Snapshot) -> &mut phone_number::PhoneNumber {
    let Observed::Present(numbers) = &mut seen.source.numbers else {
        panic!("the source was not read");
    };
    &mut numbers[0]
}

fn details(observed: &mut Observed<waba::WabaDetails>) -> &mut waba::WabaDetails {
    let Observed::Present(details) = observed else {
        panic!("the details were not read");
    };
    details
}

fn unknown<T>() -> Observed<T> {
    Observed::Unknown(Why {
        said: String::new(),
        reason: "no answer".into(),
        trouble: Trouble::Failure,
        lacks: Vec::new(),
    })
}

/// A WABA that cannot send, with a code.
fn ill(code: i64) -> waba::WabaDetails {
    serde_json::from_value(serde_json::json!({"status": "ACTIVE", "health_status": {"entities": [
        {"entity_type": "WABA", "can_send_message": "BLOCKED", "errors": [{"error_code": code, "error_description": "No"}]},
        {"entity_type": "APP", "can_send_message": "BLOCKED"},
    ]}}))
    .expect("details")
}

/// What a journal tells: so many hours before the snapshot, a write of a step left.
fn sent(seen: &mut Snapshot, step: NumberStep, hours: &[i64]) {
    let step = Address::number(&phone("+49 30 901820"), step);
    let path = format!("/1/{}", step.as_str().rsplit('.').next().expect("a step"));
    let entries = hours.iter().zip(1..).map(|(hours, seq)| Entry {
        seq,
        at: seen.at - SignedDuration::from_hours(*hours),
        event: Event::Intent {
            step: step.clone(),
            attempt: 1,
            method: "POST".into(),
            path: path.clone(),
            params: serde_json::Map::new(),
            fingerprint: None,
        },
    });
    seen.history = History::replay(&entries.collect::<Vec<_>>());
}

/// What a journal tells: somebody passed the gate by name.
fn confirm(seen: &mut Snapshot) {
    seen_number(seen).is_pin_enabled = None;
    let event = Event::Kept {
        step: Address::number(&phone("+49 30 901820"), NumberStep::TwoStepOff),
        what: "confirmed".into(),
        data: serde_json::json!({"by": "anna"}),
    };
    let at = seen.at;
    seen.history = History::replay(&[Entry { seq: 1, at, event }]);
}

/// What a journal tells: a step was done.
fn done(seen: &mut Snapshot, step: NumberStep, at: Timestamp) {
    let step = Address::number(&phone("+49 30 901820"), step);
    let event = Event::StepEnded {
        step,
        end: StepEnd::Done,
        note: String::new(),
        hint: None,
        findings: Vec::new(),
    };
    seen.history = History::replay(&[Entry { seq: 1, at, event }]);
}

#[test]
fn in_a_right_world_everything_passes() {
    let findings = found(SMALL, &Seen(|_| {}));
    let rules: Vec<_> = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Pass)
        .map(|finding| format!("{} {}", finding.rule, finding.subject))
        .collect();
    insta::assert_snapshot!(rules.join("\n"), @r#"
    display-name number["+4930901820"]
    name-change number["+4930901820"]
    number-business-app number["+4930901820"]
    number-connected number["+4930901820"]
    number-on-source-once number["+4930901820"]
    number-test number["+4930901820"]
    two-step number["+4930901820"]
    account-health source 102290129340398
    account-ownership source 102290129340398
    account-review source 102290129340398
    account-status source 102290129340398
    business-verification source 102290129340398
    source-readable source 102290129340398
    same-business source and target
    token-permission source.token
    account-health target 215589313241560
    account-ownership target 215589313241560
    account-review target 215589313241560
    account-status target 215589313241560
    business-verification target 215589313241560
    capacity-numbers target 215589313241560
    messaging-for target 215589313241560
    payment target 215589313241560
    quota target 215589313241560
    target-readable target 215589313241560
    subscription target.subscription
    token-expiry target.token
    token-invalid target.token
    token-kind target.token
    token-permission target.token
    token-permission target.token
    capacity-templates templates.copy
    "#);
    insta::assert_snapshot!(open(&findings).join("\n"), @r#"note[code-reachable] numbers: unknown: whether somebody receives the one-time codes cannot be checked (1 by text message) (-) | you: have somebody at every number; a phone menu without forwarding cannot take the call | GET /{TARGET_PHONE}?fields=code_verification_status is VERIFIED"#);
}

#[test]
fn tokens() {
    insta::assert_snapshot!(broken(SMALL, &[
        ("revoked", InWorld(|world| world.tokens[0].revoked = true)),
        ("not valid", Seen(|seen| if let Observed::Present(token) = &mut seen.target_token { token.is_valid = Some(false) })),
        ("a person's", InWorld(|world| world.tokens[0].kind = TokenKind::User)),
        ("cannot register", InWorld(|world| { world.tokens[0].scopes.remove("whatsapp_business_messaging"); })),
        ("data access over", Seen(|seen| if let Observed::Present(token) = &mut seen.target_token { token.data_access_expires_at = Some(1) })),
        ("nothing known", Seen(|seen| seen.target_token = unknown())),
    ]), @r#"
    revoked
      error[token-invalid] target.token: the token does not work: the API refused (-) | you: make a new system-user token and put it where the plan reads it | GET /debug_token: is_valid is true
      warning[two-step] number["+4930901820"]: unknown: the source does not show whether two-step verification is on (-) | the source's owner: WhatsApp Manager > Account tools > Phone numbers > +4930901820 > Two-step verification > Turn off, then confirm the e-mail; then pass the gate by name: apply --confirm 'number["+4930901820"].two_step_off' | GET /{SOURCE_PHONE}?fields=is_pin_enabled is false
      warning[source-readable] source 102290129340398: unknown: the source cannot be read, so nothing about it can be checked: the API refused (-) | you: name a source.token that reaches it, or ask its owner to check the preconditions | GET /{SOURCE} and GET /{SOURCE}/phone_numbers answer
    not valid
      error[token-invalid] target.token: the token is not valid any more (is_valid: false) | you: make a new system-user token and put it where the plan reads it | GET /debug_token: is_valid is true
    a person's
      warning[token-kind] target.token: it is not a system user's, so it ends with its owner's session or role (type: USER) | an admin of the target's business: make a system-user token in Business settings > Users > System users | GET /debug_token: type is SYSTEM_USER
    cannot register
      error[token-permission] target.token: it lacks whatsapp_business_messaging on 215589313241560 (scopes: business_management, whatsapp_business_management) | an admin of the target's business: assign the account to the system user and grant whatsapp_business_messaging | GET /debug_token: scopes and granular_scopes
    data access over
      error[token-expiry] target.token: it ended at 1970-01-01 00:00 UTC (expires_at: 0, data_access_expires_at: 1) | you: make a new system-user token and put it where the plan reads it | GET /debug_token: expires_at, data_access_expires_at
    nothing known
      warning[token-invalid] target.token: unknown: nothing is known about the token: no answer (-) | you: name graph.app_id and graph.app_secret, so that the token can be looked up | GET /debug_token: is_valid is true
    "#);
    insta::assert_snapshot!(broken(LATER, &[
        ("ends before the window", InWorld(|world| world.tokens[0].expires = Some("2026-12-20T23:00:00Z".parse().unwrap()))),
        ("lasts", InWorld(|world| world.tokens[0].expires = Some("2026-12-21T03:00:00Z".parse().unwrap()))),
    ]), @r#"
    ends before the window
      warning[token-expiry] target.token: it ends at 2026-12-20 23:00 UTC, before the last window is over (Mon 21 Dec 2026 04:00 Europe/Berlin) (expires_at: 1797807600, data_access_expires_at: 0) | you: give the later runs another token, best one of a system user that never ends | GET /debug_token: expires_at, data_access_expires_at
    lasts
    "#);
    let plan = SMALL.replace("name: small", "name: small\ngraph: { app_id: \"77\" }");
    insta::assert_snapshot!(broken(&plan, &[
        ("of another app", Seen(|seen| if let Observed::Present(token) = &mut seen.target_token { token.app_id = "78".parse().ok() })),
    ]), @r#"
    of another app
      error[token-app] target.token: it was issued by another app than graph.app_id, 77 (app_id: 78) | you: make a token of app 77, or correct graph.app_id | GET /debug_token: app_id is graph.app_id
    "#);
}

#[test]
fn accounts() {
    insta::assert_snapshot!(broken(SMALL, &[
        ("source under review", InWorld(|world| source(world).review = Review::Pending)),
        ("target rejected", InWorld(|world| target(world).review = Review::Rejected)),
        ("not verified", InWorld(|world| for business in world.businesses.values_mut() { business.verification = Verification::Failed })),
        ("another business", InWorld(|world| {
            let other = seed::add_business(world, "Other Ltd");
            target(world).owner = other;
        })),
        ("messaging for", InWorld(|world| {
            let business = source(world).owner.clone();
            target(world).on_behalf_of = Some(OnBehalfOf { business, status: Review::Pending });
        })),
        ("another status", Seen(|seen| details(&mut seen.target.details).status = Some("SUSPENDED".into()))),
        ("no details", Seen(|seen| seen.target.details = unknown())),
        ("no owner", Seen(|seen| if let Observed::Present(waba) = &mut seen.source.waba { waba.owner_business_info = None })),
    ]), @r#"
    source under review
      error[account-review] source 102290129340398: the account review of the source is PENDING (PENDING) | the source's owner: finish the account review in WhatsApp Manager | GET /{WABA}?fields=account_review_status is APPROVED
    target rejected
      error[account-review] target 215589313241560: the account review of the target is REJECTED (REJECTED) | an admin of the target's business: finish the account review in WhatsApp Manager | GET /{WABA}?fields=account_review_status is APPROVED
    not verified
      error[business-verification] source 102290129340398: the business of the source is not verified (failed) | the source's owner: finish business verification in Business settings > Security centre | GET /{WABA}?fields=business_verification_status is verified
      error[business-verification] target 215589313241560: the business of the target is not verified (failed) | an admin of the target's business: finish business verification in Business settings > Security centre | GET /{WABA}?fields=business_verification_status is verified
    another business
      error[same-business] source and target: the accounts stand for different businesses (source 3216379200822465, target 5231605760336522) | an admin of the target's business: move into an account of the same business, or migrate by Embedded Signup | GET /{WABA}?fields=owner_business_info,on_behalf_of_business_info
    messaging for
      error[messaging-for] target 215589313241560: the "Messaging For" request is PENDING (PENDING) | an admin of the target's business: approve the request in Business settings > Requests | GET /{WABA}?fields=on_behalf_of_business_info: status is APPROVED
    another status
      warning[account-status] target 215589313241560: unknown: the status of the target is SUSPENDED, a word Meta does not explain (status: SUSPENDED) | an admin of the target's business: look at the account in WhatsApp Manager > Account overview | GET /{WABA}?fields=status is ACTIVE
    no details
      warning[account-status] target 215589313241560: unknown: status and health of the target cannot be read: no answer (-) | an admin of the target's business: look at the account in WhatsApp Manager > Account overview | GET /{WABA}?fields=status is ACTIVE
    no owner
      warning[account-ownership] source 102290129340398: unknown: the source does not show who owns it (-) | the source's owner: make sure that it belongs to the business the numbers are for | GET /{WABA}?fields=owner_business_info is present
    "#);
    let signup = SMALL.replace("pin: {", "method: embedded_signup, pin: {");
    insta::assert_snapshot!(broken(&signup, &[
        ("another business, by signup", InWorld(|world| {
            let other = seed::add_business(world, "Other Ltd");
            target(world).owner = other;
        })),
    ]), @r#"
    another business, by signup
      warning[same-business] source and target: the accounts stand for different businesses (source 3216379200822465, target 5231605760336522) | an admin of the target's business: move into an account of the same business, or migrate by Embedded Signup | GET /{WABA}?fields=owner_business_info,on_behalf_of_business_info
    "#);
}

#[test]
fn health_and_payment() {
    insta::assert_snapshot!(broken(SMALL, &[
        ("no payment", InWorld(|world| target(world).funding = None)),
        ("payment of the source", InWorld(|world| source(world).funding = None)),
        ("payment broken", Seen(|seen| seen.target.details = Observed::Present(ill(141_006)))),
        ("not verified", Seen(|seen| seen.target.details = Observed::Present(ill(141_010)))),
        ("source banned", Seen(|seen| seen.source.details = Observed::Present(ill(141_014)))),
        ("something else", Seen(|seen| seen.source.details = Observed::Present(ill(141_099)))),
        ("not shown", Seen(|seen| details(&mut seen.target.details).health_status = None)),
    ]), @r#"
    no payment
      error[payment] target 215589313241560: the target has no payment method (primary_funding_id is absent) | an admin of the target's business: add a payment method in WhatsApp Manager > Billing, or attach a credit line | GET /{WABA}?fields=primary_funding_id is present
    payment of the source
      warning[account-health] source 102290129340398: the source has a problem with its payment method (WABA: BLOCKED: 141006, There is an error with the payment method of this account.) | the source's owner: mend the payment method in WhatsApp Manager > Billing | GET /{SOURCE}?fields=health_status: WABA and BUSINESS are AVAILABLE
    payment broken
      error[account-health] target 215589313241560: the target has a problem with its payment method (WABA: BLOCKED: 141006, No) | an admin of the target's business: mend the payment method in WhatsApp Manager > Billing | GET /{TARGET}?fields=health_status: WABA and BUSINESS are AVAILABLE
    not verified
      warning[account-health] target 215589313241560: the target belongs to a business that is not verified (WABA: BLOCKED: 141010, No) | an admin of the target's business: finish business verification in Business settings > Security centre | GET /{TARGET}?fields=health_status: WABA and BUSINESS are AVAILABLE
    source banned
      error[account-health] source 102290129340398: the source is banned (WABA: BLOCKED: 141014, No) | the source's owner: appeal in Business Support Home | GET /{SOURCE}?fields=health_status: WABA and BUSINESS are AVAILABLE
    something else
      warning[account-health] source 102290129340398: the source has a problem that this release does not know (WABA: BLOCKED: 141099, No) | the source's owner: do what Meta says above, or ask its support | GET /{SOURCE}?fields=health_status: WABA and BUSINESS are AVAILABLE
    not shown
      warning[account-health] target 215589313241560: unknown: the health of the target is not shown (-) | an admin of the target's business: look at the account in WhatsApp Manager > Account overview | GET /{TARGET}?fields=health_status: WABA and BUSINESS are AVAILABLE
    "#);
}

#[test]
fn subscriptions() {
    let unmanaged = SMALL.replace(
        "{ env: TOKEN } }",
        "{ env: TOKEN }, subscription: { app: unmanaged } }",
    );
    insta::assert_snapshot!(broken(&unmanaged, &[
        ("none", InWorld(|world| target(world).subscriptions.clear())),
        ("unreadable", Seen(|seen| seen.subscriptions = unknown())),
    ]), @r#"
    none
      error[subscription-missing] target.subscription: no app is subscribed to the target's webhooks, and the plan leaves that to somebody else (data is empty) | you: subscribe an app, or set target.subscription.app to keep | GET /{WABA}/subscribed_apps: data is not empty
    unreadable
      error[subscription-unreadable] target.subscription: unknown: the target's subscriptions cannot be read: no answer (-) | you: check that target.token reaches the target | GET /{WABA}/subscribed_apps: data is not empty
    "#);
    assert_eq!(
        open(&found(
            SMALL,
            &InWorld(|world| target(world).subscriptions.clear())
        ))
        .len(),
        1
    );
}

#[test]
fn numbers() {
    insta::assert_snapshot!(broken(SMALL, &[
        ("twice", InWorld(|world| { seed::add_live_number(world, &source_id(), phone("+49 30 901820")); })),
        ("gone from the source", InWorld(|world| { world.numbers.clear(); add(world); })),
        ("disconnected", InWorld(|world| number(world).status = NumberStatus::Disconnected)),
        ("flagged", InWorld(|world| number(world).status = NumberStatus::Flagged)),
        ("on premises", InWorld(|world| number(world).platform = Platform::OnPremise)),
        ("no state", Seen(|seen| seen_number(seen).status = None)),
        ("business app", InWorld(|world| number(world).is_on_biz_app = true)),
        ("business app, not shown", Seen(|seen| seen_number(seen).is_on_biz_app = None)),
        ("test number", InWorld(|world| number(world).mode = AccountMode::Sandbox)),
        ("mode not shown", Seen(|seen| seen_number(seen).account_mode = None)),
        ("banned on the target", InWorld(|world| {
            add(world);
            for number in world.numbers.values_mut().filter(|number| number.waba == target_id()) {
                number.status = NumberStatus::Banned;
            }
        })),
    ]), @r#"
    twice
      error[number-on-source-once] number["+4930901820"]: the source lists the number 2 times (2 entries) | the source's owner: remove the stale entry in WhatsApp Manager | GET /{SOURCE}/phone_numbers lists the number once
    gone from the source
      warning[number-on-source-once] number["+4930901820"]: the number is not on the source any more (no entry) | the source's owner: say whether it was removed there; two-step verification cannot be seen, see the gate two_step_off | GET /{SOURCE}/phone_numbers lists the number once
      warning[two-step] number["+4930901820"]: unknown: the source does not show whether two-step verification is on (-) | the source's owner: WhatsApp Manager > Account tools > Phone numbers > +4930901820 > Two-step verification > Turn off, then confirm the e-mail; then pass the gate by name: apply --confirm 'number["+4930901820"].two_step_off' | GET /{SOURCE_PHONE}?fields=is_pin_enabled is false
      note[register-attempts] number["+4930901820"]: unknown: somebody else added it to the target, and perhaps tried to register it: how often is not shown (-) | you: ask who added it; Meta locks a number after 10 register calls in 72 hours | the journal; at Meta only error 133016 shows it
    disconnected
      error[number-connected] number["+4930901820"]: it is not CONNECTED on the Cloud API of the source (DISCONNECTED, CLOUD_API, VERIFIED) | the source's owner: register it on the source again, or take it out of the plan and add it to the target without migration | GET /{SOURCE_PHONE}?fields=status,platform_type is CONNECTED, CLOUD_API
    flagged
      error[number-connected] number["+4930901820"]: it is not CONNECTED on the Cloud API of the source (FLAGGED, CLOUD_API, VERIFIED) | the source's owner: wait until its quality has recovered and it is CONNECTED again | GET /{SOURCE_PHONE}?fields=status,platform_type is CONNECTED, CLOUD_API
    on premises
      error[number-connected] number["+4930901820"]: it is not CONNECTED on the Cloud API of the source (CONNECTED, ON_PREMISE, VERIFIED) | the source's owner: register it on the Cloud API first, or add it to the target without migration | GET /{SOURCE_PHONE}?fields=status,platform_type is CONNECTED, CLOUD_API
    no state
      warning[number-connected] number["+4930901820"]: unknown: the source does not show its state (?, CLOUD_API, VERIFIED) | the source's owner: make sure that it is CONNECTED on the Cloud API | GET /{SOURCE_PHONE}?fields=status,platform_type is CONNECTED, CLOUD_API
    business app
      error[number-business-app] number["+4930901820"]: it is used by the WhatsApp Business app too (is_on_biz_app: true) | the source's owner: disconnect it from the app; such numbers cannot be migrated | GET /{SOURCE_PHONE}?fields=is_on_biz_app is false
    business app, not shown
      warning[number-business-app] number["+4930901820"]: unknown: whether the WhatsApp Business app uses it too is not shown (-) | the source's owner: make sure that the app does not use it | GET /{SOURCE_PHONE}?fields=is_on_biz_app is false
    test number
      error[number-test] number["+4930901820"]: it is one of Meta's test numbers (account_mode: SANDBOX) | you: take it out of the plan; test numbers cannot be migrated | GET /{SOURCE_PHONE}?fields=account_mode is LIVE
    mode not shown
      note[number-test] number["+4930901820"]: unknown: whether it is one of Meta's test numbers is not shown (-) | you: make sure that it is a real number | GET /{SOURCE_PHONE}?fields=account_mode is LIVE
    banned on the target
      error[number-banned] number["+4930901820"]: it is BANNED on the target (status: BANNED) | an admin of the target's business: appeal in Business Support Home | GET /{TARGET_PHONE}?fields=status is not BANNED
      note[register-attempts] number["+4930901820"]: unknown: somebody else added it to the target, and perhaps tried to register it: how often is not shown (-) | you: ask who added it; Meta locks a number after 10 register calls in 72 hours | the journal; at Meta only error 133016 shows it
    "#);
    let american = SMALL.replace("+49 30 901820", "+1 555 012 3456");
    insta::assert_snapshot!(broken(&american, &[
        ("looks like a test number", Seen(|seen| seen_number(seen).account_mode = None)),
    ]), @r#"
    looks like a test number
      warning[number-test] number["+15550123456"]: unknown: it looks like one of Meta's test numbers, and its mode is not shown (-) | you: take it out of the plan; test numbers cannot be migrated | GET /{SOURCE_PHONE}?fields=account_mode is LIVE
    "#);
}

#[test]
fn names_and_two_step_verification() {
    insta::assert_snapshot!(broken(SMALL, &[
        ("declined", InWorld(|world| number(world).name_status = NameStatus::Declined)),
        ("never reviewed", InWorld(|world| number(world).name_status = NameStatus::AvailableWithoutReview)),
        ("not shown", Seen(|seen| seen_number(seen).name_status = None)),
        ("changing", InWorld(|world| number(world).new_name = Some(("New".into(), NameStatus::PendingReview)))),
        ("two-step on", InWorld(|world| number(world).pin = Some(Secret::new("123456")))),
        ("two-step not shown", Seen(|seen| seen_number(seen).is_pin_enabled = None)),
        ("its gate passed by name", Seen(confirm)),
    ]), @r#"
    declined
      error[display-name] number["+4930901820"]: the display name is not approved (name_status: DECLINED) | the source's owner: have the display name approved in WhatsApp Manager > Account tools > Phone numbers | GET /{SOURCE_PHONE}?fields=name_status is APPROVED
    never reviewed
      warning[display-name] number["+4930901820"]: unknown: the display name was never reviewed (name_status: AVAILABLE_WITHOUT_REVIEW) | the source's owner: have the display name approved in WhatsApp Manager > Account tools > Phone numbers | GET /{SOURCE_PHONE}?fields=name_status is APPROVED
    not shown
      warning[display-name] number["+4930901820"]: unknown: the display name's review is not shown (-) | the source's owner: have the display name approved in WhatsApp Manager > Account tools > Phone numbers | GET /{SOURCE_PHONE}?fields=name_status is APPROVED
    changing
      error[name-change] number["+4930901820"]: a change of the display name is under way (new_name_status: PENDING_REVIEW) | Meta: wait for the review of the new name | GET /{SOURCE_PHONE}?fields=new_name_status is absent or NONE
    two-step on
      warning[two-step] number["+4930901820"]: two-step verification is on (is_pin_enabled: true) | the source's owner: WhatsApp Manager > Account tools > Phone numbers > +4930901820 > Two-step verification > Turn off, then confirm the e-mail | GET /{SOURCE_PHONE}?fields=is_pin_enabled is false
    two-step not shown
      warning[two-step] number["+4930901820"]: unknown: the source does not show whether two-step verification is on (-) | the source's owner: WhatsApp Manager > Account tools > Phone numbers > +4930901820 > Two-step verification > Turn off, then confirm the e-mail; then pass the gate by name: apply --confirm 'number["+4930901820"].two_step_off' | GET /{SOURCE_PHONE}?fields=is_pin_enabled is false
    its gate passed by name
    "#);
}

#[test]
fn spellings() {
    let spelled = |plan: &str, display: &str| {
        let stage = Stage::new(&SMALL.replace("+49 30 901820", plan));
        let mut seen = stage.seen();
        seen_number(&mut seen).display_phone_number = display.to_owned();
        let lines = open(&check(&stage.plan, &seen));
        let about = lines
            .into_iter()
            .filter(|line| line.contains("number-spelling"));
        about.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(spelled("+55 11 98765 4321", "+55 11 8765-4321"), @r#"error[number-spelling] number["+5511987654321"]: the source knows this number as +55 1187654321 (display_phone_number: +55 11 8765-4321) | you: write `phone: "+55 1187654321"` in the plan | GET /{WABA}/phone_numbers?fields=display_phone_number shows the plan's digits"#);
    insta::assert_snapshot!(spelled("+52 55 1234 5678", "5215512345678"), @r#"error[number-spelling] number["+525512345678"]: the source knows this number as +52 15512345678 (display_phone_number: 5215512345678) | you: write `phone: "+52 15512345678"` in the plan | GET /{WABA}/phone_numbers?fields=display_phone_number shows the plan's digits"#);
    insta::assert_snapshot!(spelled("+225 07 01 23 45 67", "+225 01 23 45 67"), @r#"error[number-spelling] number["+2250701234567"]: the source knows this number as +225 01234567 (display_phone_number: +225 01 23 45 67) | you: write `phone: "+225 01234567"` in the plan | GET /{WABA}/phone_numbers?fields=display_phone_number shows the plan's digits"#);
    assert_eq!(spelled("+55 11 98765 4321", "+55 11 98765-4321"), "");
    assert_eq!(spelled("+55 11 98765 4321", "+55 11 98765-4322"), "");
}

#[test]
fn room_and_quota() {
    insta::assert_snapshot!(broken(SMALL, &[
        ("many numbers", InWorld(|world| for last in 0..20 {
            seed::add_live_number(world, &target_id(), phone(&format!("+49 30 9018{last:02}9")));
        })),
        ("many templates", InWorld(|world| for last in 0..249 {
            seed::add_template(world, &target_id(), &format!("own_{last}"), "en_US");
        })),
        ("many templates, no limit shown", Seen(|seen| seen.room = Observed::Present(Room { total_count: Some(249), message_template_limit: None }))),
        ("the hour is nearly used", Seen(|seen| seen.used = Some(95))),
    ]), @r#"
    many numbers
      warning[capacity-numbers] target 215589313241560: unknown: the target would hold 21 numbers, and a portfolio begins with 2, once verified 20 (20 there, 1 to add) | an admin of the target's business: look the limit up in WhatsApp Manager > Account tools > Phone numbers, and ask Meta's support for more | webhook business_capability_update: max_phone_numbers_per_business
    many templates
      warning[capacity-templates] templates.copy: the target would hold 251 of 250 templates, languages counted (249 there, 2 to come) | you: copy less (templates.copy), delete old ones on the target, or move one number first: a verified business with a number has room for 6,000 | GET /{TARGET}/message_templates?summary=total_count,message_template_limit
    many templates, no limit shown
      warning[capacity-templates] templates.copy: unknown: the target would hold 251 of 250 templates, languages counted (249 there, 2 to come) | you: copy less (templates.copy), delete old ones on the target, or move one number first: a verified business with a number has room for 6,000 | GET /{TARGET}/message_templates?summary=total_count,message_template_limit
    the hour is nearly used
      warning[quota] target 215589313241560: this plan needs about 32 calls on the target, which has 10 of 200 left in this hour: it takes up to 2 hours, waiting in between (call_count: 95 %) | you: move one number first (needs): an account with a registered number has 5,000 calls an hour | X-Business-Use-Case-Usage: call_count of whatsapp_business_management
    "#);
}

#[test]
fn what_only_the_journal_tells() {
    insta::assert_snapshot!(broken(SMALL, &[
        ("eight registers", Seen(|seen| sent(seen, NumberStep::Register, &[40, 30, 20, 10, 5, 4, 3, 2]))),
        ("added by somebody", InWorld(add)),
        ("three codes", Seen(|seen| sent(seen, NumberStep::RequestCode, &[30, 20, 10, 5]))),
    ]), @r#"
    eight registers
      warning[register-attempts] number["+4930901820"]: 8 of 10 register calls in 72 hours are used; from 8 on no more is sent (8 of 10) | you: mend what made register fail; the next call is free at 2026-11-24 17:00 UTC | the journal; at Meta only error 133016 shows it
    added by somebody
      note[register-attempts] number["+4930901820"]: unknown: somebody else added it to the target, and perhaps tried to register it: how often is not shown (-) | you: ask who added it; Meta locks a number after 10 register calls in 72 hours | the journal; at Meta only error 133016 shows it
    three codes
      warning[code-requests] number["+4930901820"]: 3 codes were asked for in 24 hours, and Meta refuses more at some point (-) | you: find out why no code was taken, try otp.channel voice, or wait until 2026-11-23 13:00 UTC | GET /{TARGET_PHONE}?fields=code_verification_status is VERIFIED
    "#);
    insta::assert_snapshot!(broken(LATER, &[
        ("verified nobody knows when", InWorld(verify)),
    ]), @r#"
    verified nobody knows when
      note[register-attempts] number["+4930901820"]: unknown: somebody else added it to the target, and perhaps tried to register it: how often is not shown (-) | you: ask who added it; Meta locks a number after 10 register calls in 72 hours | the journal; at Meta only error 133016 shows it
      note[verification-expires] number["+4930901820"]: unknown: it was verified, nobody knows when, and its window opens Sun 20 Dec 2026 22:00 Europe/Berlin; partners report that a verification holds 14 days (-) | you: look at it again the day before the window | GET /{TARGET_PHONE}?fields=code_verification_status is VERIFIED
    "#);
    let stage = in_november(LATER, verify);
    let mut seen = stage.seen();
    let at = seen.at;
    done(&mut seen, NumberStep::Verify, at);
    let lines = open(&check(&stage.plan, &seen));
    insta::assert_snapshot!(lines.iter().find(|line| line.contains("verification-expires")).unwrap(), @r#"warning[verification-expires] number["+4930901820"]: it was verified at 2026-11-23 09:00 UTC, and its window opens Sun 20 Dec 2026 22:00 Europe/Berlin; partners report that a verification holds 14 days (-) | you: look at it again the day before the window; a new code makes sense from 2026-12-06 21:00 UTC on | GET /{TARGET_PHONE}?fields=code_verification_status is VERIFIED"#);
}

#[test]
fn windows() {
    insta::assert_snapshot!(open(&found(LATER, &Seen(|_| {}))).join("\n"), @r#"
    warning[verification-expires] number["+4930901820"]: its window opens Sun 20 Dec 2026 22:00 Europe/Berlin, and partners report that a verification holds 14 days (-) | you: verify it not before 2026-12-06 21:00 UTC | GET /{TARGET_PHONE}?fields=code_verification_status is VERIFIED
    note[code-reachable] numbers: unknown: whether somebody receives the one-time codes cannot be checked (1 by text message) (-) | you: have somebody at every number; a phone menu without forwarding cannot take the call | GET /{TARGET_PHONE}?fields=code_verification_status is VERIFIED
    "#);
    insta::assert_snapshot!(broken(LATER, &[
        ("over", Seen(|seen| seen.at = "2026-12-21T03:00:00Z".parse().unwrap())),
        ("nearly over", Seen(|seen| seen.at = "2026-12-21T02:57:00Z".parse().unwrap())),
    ]), @r#"
    over
      warning[window-past] number["+4930901820"]: its window `night` is over since Mon 21 Dec 2026 04:00 Europe/Berlin (-) | you: give it a later window in the plan | windows.night in the plan
    nearly over
      warning[window-short] number["+4930901820"]: its window `night` closes Mon 21 Dec 2026 04:00 Europe/Berlin: a cut-over takes up to 5 minutes and does not fit any more (-) | you: give it a later window in the plan | windows.night in the plan
    "#);
    let short = LATER.replace("to: 2026-12-21T04:00", "to: 2026-12-20T22:03");
    let lines = open(&found(&short, &Seen(|_| {})));
    insta::assert_snapshot!(lines.iter().find(|line| line.contains("window-")).unwrap(), @r#"warning[window-short] number["+4930901820"]: its window `night` is shorter than the 5 minutes of a cut-over (-) | you: give it a later window in the plan | windows.night in the plan"#);
}

#[test]
fn templates() {
    let add = |world: &mut World, name: &str, edit: fn(&mut waba_migrate::sim::world::Template)| {
        let id = world.invent_id();
        let mut template = seed::template(&target_id(), name, "en_US");
        edit(&mut template);
        world.add_template(id, template);
    };
    let stage = Stage::with(SMALL, |world| {
        add(world, "order", |template| {
            template.category = Category::Marketing
        });
        add(world, "welcome", |template| {
            template.status = TemplateStatus::PendingDeletion
        });
    });
    let lines = open(&check(&stage.plan, &stage.seen()));
    insta::assert_snapshot!(lines.join("\n"), @r#"
    warning[template-collision] templates.copy: 1 template is on the target already and says something else there: the target's own stay, and they will be sent (order/en_US (category)) | you: edit the target's, define them in files (templates.files), or take them out of templates.copy | GET /{WABA}/message_templates?fields=name,language,category,components
    warning[template-name-blocked] templates.copy: 1 template is being deleted on the target: a name stays blocked for up to 30 days (welcome/en_US) | you: take them out of templates.copy, or wait and run: apply --retry-templates | GET /{TARGET}/message_templates does not list them as PENDING_DELETION
    note[code-reachable] numbers: unknown: whether somebody receives the one-time codes cannot be checked (1 by text message) (-) | you: have somebody at every number; a phone menu without forwarding cannot take the call | GET /{TARGET_PHONE}?fields=code_verification_status is VERIFIED
    "#);
    let pattern = SMALL.replace(
        "copy: [order, welcome]",
        "copy: [order], required: [\"ordre_*\"]",
    );
    insta::assert_snapshot!(open(&found(&pattern, &Seen(|_| {}))).join("\n"), @r#"
    warning[template-required-unmatched] templates.approved: templates.required has `ordre_*`, which no template matches (-) | you: correct the pattern, or take it out | GET /{WABA}/message_templates lists a name that matches
    note[code-reachable] numbers: unknown: whether somebody receives the one-time codes cannot be checked (1 by text message) (-) | you: have somebody at every number; a phone menu without forwarding cannot take the call | GET /{TARGET_PHONE}?fields=code_verification_status is VERIFIED
    "#);
}

#[test]
fn what_cannot_be_read_warns_on_the_source_and_blocks_on_the_target() {
    insta::assert_snapshot!(broken(SMALL, &[
        ("source", InWorld(|world| world.tokens[0].wabas = Some([target_id()].into()))),
        ("target", InWorld(|world| world.tokens[0].wabas = Some([source_id()].into()))),
        ("target does not answer", Seen(|seen| { seen.target.waba = unknown(); seen.target.numbers = unknown(); })),
    ]), @r#"
    source
      warning[token-permission] source.token: it lacks whatsapp_business_management on the source 102290129340398, so the source cannot be checked (whatsapp_business_management for 215589313241560) | you: give it the permission, or name a source.token that has it | GET /debug_token: scopes and granular_scopes
      warning[two-step] number["+4930901820"]: unknown: the source does not show whether two-step verification is on (-) | the source's owner: WhatsApp Manager > Account tools > Phone numbers > +4930901820 > Two-step verification > Turn off, then confirm the e-mail; then pass the gate by name: apply --confirm 'number["+4930901820"].two_step_off' | GET /{SOURCE_PHONE}?fields=is_pin_enabled is false
    target
      error[token-permission] target.token: it lacks whatsapp_business_management on 215589313241560 (whatsapp_business_management for 102290129340398) | an admin of the target's business: assign the account to the system user and grant whatsapp_business_management | GET /debug_token: scopes and granular_scopes
      error[token-permission] target.token: it lacks whatsapp_business_messaging on 215589313241560 (whatsapp_business_messaging for 102290129340398) | an admin of the target's business: assign the account to the system user and grant whatsapp_business_messaging | GET /debug_token: scopes and granular_scopes
    target does not answer
      error[target-readable] target 215589313241560: unknown: the target cannot be read: no answer () | you: check target.waba and that its token reaches it, then try again | GET /{WABA} and GET /{WABA}/phone_numbers answer
    "#);
}

/// Right before a register nothing of another number counts, and everything of this one does.
#[test]
fn a_register_is_judged_by_what_it_rests_on() {
    let judge = |edit: fn(&mut World), which: &str| {
        let stage = Stage::with(THREE, edit);
        let findings = before_register(&stage.plan, &stage.seen(), &phone(which));
        let lines = findings
            .iter()
            .map(|one| format!("{} {}", one.rule, one.subject));
        lines.collect::<Vec<_>>().join(", ")
    };
    fn subscribe(world: &mut World) {
        let app = world.apps.keys().next().expect("an app").clone();
        target(world).subscriptions.insert(app, None);
    }
    fn rename(world: &mut World) {
        subscribe(world);
        let mut numbers = world.numbers.values_mut();
        let number = numbers.find(|number| number.phone == phone("+49 89 1234567"));
        number.expect("the second number").name_status = NameStatus::Declined;
    }
    assert_eq!(judge(subscribe, "+49 30 901820"), "");
    assert_eq!(judge(rename, "+49 30 901820"), "");
    insta::assert_snapshot!(judge(rename, "+49 89 1234567"), @r#"display-name number["+49891234567"]"#);
    insta::assert_snapshot!(judge(|_| {}, "+49 30 901820"), @r#"subscription-missing target.subscription"#);
    insta::assert_snapshot!(judge(|world| { subscribe(world); target(world).funding = None }, "+49 30 901820"), @r#"payment target 215589313241560"#);
}

/// The estimate is what a plan is told before it begins: an ordinary run must not need more.
#[test]
fn an_ordinary_run_needs_no_more_calls_than_estimated() {
    for plan in [SMALL, THREE] {
        let stage = Stage::new(plan);
        let mut seen = stage.seen();
        seen.used = Some(100);
        let findings = check(&stage.plan, &seen);
        let quota = findings.iter().find(|finding| finding.rule == "quota");
        let mut words = quota.expect("no call is left").message.split(' ');
        let estimate: usize = words.find_map(|word| word.parse().ok()).expect("a number");
        let calls = || -> usize {
            stage.sim.world(|world| {
                let of_target = world
                    .calls
                    .iter()
                    .filter(|((_, waba), _)| *waba == target_id());
                of_target.map(|(_, calls)| calls.len()).sum()
            })
        };
        let before = calls();
        assert!(stage.apply().is_done());
        let needed = calls() - before;
        assert!(
            (estimate / 2..=estimate).contains(&needed),
            "{needed} of {estimate}"
        );
    }
}
