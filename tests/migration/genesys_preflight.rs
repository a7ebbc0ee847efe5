//! What is said of a Genesys Cloud organization before anything is sent: what may not be read, what
//! is missing, what claims a number twice, and who holds what will change.

use std::time::Duration;

use waba_migrate::{
    finding::{Finding, Severity, Verdict},
    ids::{Address, NumberStep, WabaId},
    journal::{Entry, Event, History},
    preflight::{before_register, check, is_about_genesys, is_credential, without_journal},
    report::findings::render,
    resource::{Observed, Trouble, Why},
    sim::{
        genesys::{
            organization::{Integration, MessageFlow, Organization},
            seed::{Says, add_campaign, add_flow, add_integration, add_response},
            words::IntegrationStatus,
        },
        script::{Effect, Match, Moment, Verb},
        seed,
        world::World,
    },
    snapshot::Snapshot,
};

use crate::stage::{SMALL, Stage, phone};

/// Two numbers: the first keeps its flow, the second names it. A third is not used there.
const CENTRE: &str = r#"
version: 1
name: centre
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
genesys:
  region: mypurecloud.de
  client_id: { env: CLIENT_ID }
  client_secret: { env: CLIENT_SECRET }
  placeholder: "+49 30 555000"
numbers:
  - { phone: "+49 30 901820", pin: { env: PIN }, genesys: { flow: keep } }
  - { phone: "+49 89 1234567", pin: { env: PIN }, genesys: { flow: Support } }
  - { phone: "+33 1 42 68 53 00", pin: { env: PIN } }
templates: { copy: [order, welcome] }
"#;

const FIRST: &str = "+49 30 901820";
const SECOND: &str = "+49 89 1234567";

/// The permissions that reads need; of the last two one is enough.
const READS: [&str; 8] = [
    "architect:flow:view",
    "messaging:identityResolutionWhatsApp:view",
    "messaging:integration:view",
    "outbound:digitalRuleSet:view",
    "responses:library:view",
    "responses:response:view",
    "routing:message:manage",
    "routing:queue:view",
];
const ONE_OF: [&str; 2] = [
    "outbound:messagingCampaign:view",
    "outbound:whatsAppCampaign:view",
];

fn target_id() -> WabaId {
    "215589313241560".parse().expect("an id")
}

fn source_id() -> WabaId {
    "102290129340398".parse().expect("an id")
}

fn org(world: &mut World) -> &mut Organization {
    world.genesys.as_mut().expect("an organization")
}

/// Returns the integration of a number.
fn of<'a>(world: &'a mut World, number: &str) -> &'a mut Integration {
    let number = phone(number);
    let all = org(world).integrations.iter_mut();
    let mut all = all.filter(|it| it.phone.as_ref() == Some(&number));
    all.next().expect("an integration")
}

fn edit(edit: impl FnOnce(&mut World)) -> Stage {
    Stage::with(CENTRE, edit)
}

fn found(stage: &Stage) -> Vec<Finding> {
    let findings = check(&stage.plan, &stage.seen());
    assert!(stage.writes().is_empty());
    findings
}

/// What is about Genesys Cloud and does not pass, in full.
fn open(findings: &[Finding]) -> String {
    let open = findings.iter().filter(|one| one.verdict != Verdict::Pass);
    let lines: Vec<_> = open.filter(|one| is_ours(one)).map(line).collect();
    lines.join("\n")
}

fn is_ours(finding: &Finding) -> bool {
    finding.rule.starts_with("genesys-") || finding.rule == "payment"
}

/// The same without the two reminders that are always there.
fn new(findings: &[Finding]) -> String {
    let text = open(findings);
    let is_always = |line: &&str| {
        line.starts_with("note[genesys-external]")
            || line.starts_with("note[genesys-permission-unseen]")
    };
    let lines: Vec<_> = text.lines().filter(|line| !is_always(line)).collect();
    lines.join("\n")
}

fn line(finding: &Finding) -> String {
    let severity = match (finding.verdict, finding.severity) {
        (Verdict::Pass, _) => "pass",
        (_, Severity::Error) => "error",
        (_, Severity::Warning) => "warning",
        (_, Severity::Info) => "note",
    };
    let unknown = match finding.verdict {
        Verdict::Unknown => "unknown: ",
        Verdict::Fail | Verdict::Pass => "",
    };
    let text = format!(
        "{severity}[{}] {}: {unknown}{} ({})",
        finding.rule,
        finding.subject,
        finding.message,
        finding.observed.as_deref().unwrap_or("-"),
    );
    match finding.who {
        None => without_ids(&text),
        Some(who) => {
            let (hint, proof) = (finding.hint.as_deref(), finding.proof.as_deref());
            let (hint, proof) = (
                hint.expect("what to do"),
                proof.expect("what will prove it"),
            );
            without_ids(&format!("{text} | {who}: {hint} | {proof}"))
        }
    }
}

/// Ids are invented.
fn without_ids(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut told = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        let is_uuid = word.len() == 36 && word.matches('-').count() == 4;
        told += before;
        told += if is_uuid { "ID" } else { word };
        rest = after;
    }
    told + rest
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    let blocking = findings.iter().filter(|finding| finding.blocks());
    blocking.map(|finding| &*finding.rule).collect()
}

#[test]
fn in_a_right_organization_everything_passes_and_is_told() {
    let stage = edit(|_| {});
    let findings = found(&stage);
    let passed = findings.iter().filter(|one| one.verdict == Verdict::Pass);
    let passed: Vec<_> = passed.filter(|one| is_ours(one)).map(line).collect();
    insta::assert_snapshot!(passed.join("\n"), @r#"
    pass[genesys-product] genesys: the organization has WhatsApp (-)
    pass[genesys-readable] genesys: the organization answers (-)
    pass[genesys-responses] genesys.canned_responses: 2 canned responses name the source's namespace (order (en) (ID, order/en_US); welcome (en) (ID, welcome/en_US))
    pass[genesys-credential] genesys.client_id: the OAuth client Migration works in the organization Rehearsal Ltd (-)
    pass[genesys-permission] genesys.client_id: the OAuth client may read all that the plan needs (-)
    pass[genesys-placeholder] genesys.placeholder: the placeholder has an active integration on the target (-)
    pass[genesys-flow] number["+4930901820"]: its messages will go to the message flow `Inbound messages` (Inbound messages (ID))
    pass[genesys-holders] number["+4930901820"]: its old integration is named by 1 queue, 2 campaigns, 1 rule set (queue Support +4930901820 (ID); campaign Weekly offers (ID, on); campaign Winter sale (ID, off); rule set Senders (ID))
    pass[genesys-integration] number["+4930901820"]: it has one integration to take it from (WhatsApp +49 30 901820 (ID), status Active, account 102290129340398, recipient ID, message flow Inbound messages (ID), supported content ID, messaging setting ID, identity resolution on)
    pass[genesys-flow] number["+49891234567"]: its messages will go to the message flow `Support` (Support (ID))
    pass[genesys-holders] number["+49891234567"]: its old integration is named by 1 queue (queue Support +49891234567 (ID))
    pass[genesys-integration] number["+49891234567"]: it has one integration to take it from (WhatsApp +49 89 1234567 (ID), status Active, account 102290129340398, recipient ID, message flow Support (ID), supported content ID, messaging setting ID, identity resolution on)
    pass[genesys-payment] target 215589313241560: an active integration on the target carries Genesys' payment line (Placeholder (ID))
    pass[payment] target 215589313241560: the target has a payment method (-)
    "#);
    insta::assert_snapshot!(open(&findings), @r"
    note[genesys-external] genesys: unknown: who else uses the integrations' ids cannot be seen (+4930901820 ID; +49891234567 ID) | a Genesys Cloud admin: look for the old ids in agentless sends of other systems (fromAddress), data actions, Architect flows, data tables, scripts, triggers and reports, and give out the new ones after the cut-over: `status` shows them | nothing at Genesys Cloud shows it
    note[genesys-permission-unseen] genesys.client_id: unknown: what the OAuth client may change shows only when a run changes it (-) | a Genesys Cloud admin: compare its roles with what runs need: messaging:integration:view, messaging:integration:edit, messaging:integration:delete, messaging:identityResolutionWhatsApp:view, messaging:identityResolutionWhatsApp:edit, routing:message:manage, routing:queue:view, routing:queue:edit, architect:flow:view, outbound:whatsAppCampaign:view, outbound:whatsAppCampaign:edit, outbound:digitalRuleSet:view, outbound:digitalRuleSet:edit, responses:library:view, responses:response:view, responses:response:edit | Genesys Cloud > Admin > Roles / Permissions shows them on the client's roles
    ");
    assert!(rules(&findings).is_empty());
}

#[test]
fn without_genesys_nothing_is_said_of_it() {
    let findings = found(&Stage::new(SMALL));
    assert!(!findings.iter().any(|one| one.rule.starts_with("genesys")));
    // An organization without a number that uses it is left alone.
    let none = CENTRE.replace(", genesys: { flow: keep }", "");
    let none = none.replace(", genesys: { flow: Support }", "");
    let findings = found(&Stage::new(&none));
    assert!(!findings.iter().any(|one| one.rule.starts_with("genesys")));
}

#[test]
fn a_missing_permission_is_named_and_is_a_credential() {
    for permission in READS {
        let stage = edit(|world| {
            org(world).clients[0].permissions.remove(permission);
        });
        let findings = found(&stage);
        let blocking: Vec<_> = findings.iter().filter(|one| one.blocks()).collect();
        let [one] = blocking[..] else {
            panic!("{permission}: {blocking:?}");
        };
        assert!(is_credential(one), "{permission}");
        let message = format!("the OAuth client lacks {permission}, so ");
        assert!(one.message.starts_with(&message), "{}", one.message);
        assert!(
            one.hint
                .as_ref()
                .is_some_and(|hint| hint.contains(permission))
        );
        assert!(stage.seen().trouble(false).is_none());
    }
}

#[test]
fn a_refusal_that_names_no_permission_is_told_by_what_was_read() {
    let stage = edit(|_| {});
    let mut seen = stage.seen();
    let organization = seen.organization.as_mut().expect("an organization");
    let why = Why {
        reason: "Genesys Cloud refused (HTTP 403, not.authorized)".into(),
        said: "Genesys Cloud refused (HTTP 403, not.authorized)".into(),
        trouble: Trouble::Credential,
        lacks: Vec::new(),
    };
    organization.campaigns = Observed::Unknown(why.clone());
    organization.responses = Observed::Unknown(why);
    insta::assert_snapshot!(new(&check(&stage.plan, &seen)), @r"
    error[genesys-permission] genesys.client_id: the OAuth client may not read campaigns, which needs one of outbound:whatsAppCampaign:view, outbound:messagingCampaign:view (Genesys Cloud refused (HTTP 403, not.authorized)) | a Genesys Cloud admin: give the OAuth client a role with one of outbound:whatsAppCampaign:view, outbound:messagingCampaign:view, in every division of what it has to see | GET /outbound/messagingcampaigns answers
    error[genesys-permission] genesys.client_id: the OAuth client may not read canned responses, which needs responses:library:view (Genesys Cloud refused (HTTP 403, not.authorized)) | a Genesys Cloud admin: give the OAuth client a role with responses:library:view, in every division of what it has to see | GET /responsemanagement/responses answers
    error[genesys-permission] genesys.client_id: the OAuth client may not read canned responses, which needs responses:response:view (Genesys Cloud refused (HTTP 403, not.authorized)) | a Genesys Cloud admin: give the OAuth client a role with responses:response:view, in every division of what it has to see | GET /responsemanagement/responses answers
    ");
}

#[test]
fn campaigns_need_one_of_two_permissions() {
    let stage = edit(|world| {
        org(world).clients[0].permissions.remove(ONE_OF[0]);
    });
    assert!(rules(&found(&stage)).is_empty());
    let stage = edit(|world| {
        for one in ONE_OF {
            org(world).clients[0].permissions.remove(one);
        }
    });
    insta::assert_snapshot!(new(&found(&stage)), @"error[genesys-permission] genesys.client_id: the OAuth client lacks one of outbound:whatsAppCampaign:view, outbound:messagingCampaign:view, outbound:emailCampaign:view, so campaigns cannot be read (Genesys Cloud refused: Unable to perform the requested action. You must have at least one of the following permissions: outbound:whatsAppCampaign:view, outbound:messagingCampaign:view, outbound:emailCampaign:view (HTTP 403, missing.any.permissions)) | a Genesys Cloud admin: give the OAuth client a role with one of outbound:whatsAppCampaign:view, outbound:messagingCampaign:view, outbound:emailCampaign:view, in every division of what it has to see | GET /outbound/messagingcampaigns answers");
}

#[test]
fn all_that_is_missing_is_named_one_by_one() {
    let stage = edit(|world| org(world).clients[0].permissions.clear());
    let findings = found(&stage);
    insta::assert_snapshot!(new(&findings), @r"
    error[genesys-permission] genesys.client_id: the OAuth client lacks messaging:integration:view, so integrations cannot be read (Genesys Cloud refused: Unable to perform the requested action. You are missing the following permission(s): messaging:integration:view (HTTP 403, missing.permissions)) | a Genesys Cloud admin: give the OAuth client a role with messaging:integration:view, in every division of what it has to see | GET /conversations/messaging/integrations/whatsapp answers
    error[genesys-permission] genesys.client_id: the OAuth client lacks routing:message:manage, so message routing cannot be read (Genesys Cloud refused: Unable to perform the requested action. You are missing the following permission(s): routing:message:manage (HTTP 403, missing.permissions)) | a Genesys Cloud admin: give the OAuth client a role with routing:message:manage, in every division of what it has to see | GET /routing/message/recipients answers
    error[genesys-permission] genesys.client_id: the OAuth client lacks architect:flow:view, so message flows cannot be read (Genesys Cloud refused: Unable to perform the requested action. You are missing the following permission(s): architect:flow:view (HTTP 403, missing.permissions)) | a Genesys Cloud admin: give the OAuth client a role with architect:flow:view, in every division of what it has to see | GET /flows answers
    error[genesys-permission] genesys.client_id: the OAuth client lacks routing:queue:view, so queues cannot be read (Genesys Cloud refused: Unable to perform the requested action. You are missing the following permission(s): routing:queue:view (HTTP 403, missing.permissions)) | a Genesys Cloud admin: give the OAuth client a role with routing:queue:view, in every division of what it has to see | GET /routing/queues answers
    error[genesys-permission] genesys.client_id: the OAuth client lacks one of outbound:whatsAppCampaign:view, outbound:messagingCampaign:view, outbound:emailCampaign:view, so campaigns cannot be read (Genesys Cloud refused: Unable to perform the requested action. You must have at least one of the following permissions: outbound:whatsAppCampaign:view, outbound:messagingCampaign:view, outbound:emailCampaign:view (HTTP 403, missing.any.permissions)) | a Genesys Cloud admin: give the OAuth client a role with one of outbound:whatsAppCampaign:view, outbound:messagingCampaign:view, outbound:emailCampaign:view, in every division of what it has to see | GET /outbound/messagingcampaigns answers
    error[genesys-permission] genesys.client_id: the OAuth client lacks outbound:digitalRuleSet:view, so digital rule sets cannot be read (Genesys Cloud refused: Unable to perform the requested action. You are missing the following permission(s): outbound:digitalRuleSet:view (HTTP 403, missing.permissions)) | a Genesys Cloud admin: give the OAuth client a role with outbound:digitalRuleSet:view, in every division of what it has to see | GET /outbound/digitalrulesets answers
    error[genesys-permission] genesys.client_id: the OAuth client lacks responses:library:view, so canned responses cannot be read (Genesys Cloud refused: Unable to perform the requested action. You must have at least one of the following permissions: responses:library:view (HTTP 403, missing.any.permissions)) | a Genesys Cloud admin: give the OAuth client a role with responses:library:view, in every division of what it has to see | GET /responsemanagement/responses answers
    ");
    assert!(
        findings
            .iter()
            .filter(|one| one.blocks())
            .all(is_credential)
    );
}

#[test]
fn what_the_plan_leaves_alone_needs_no_permission() {
    let leave = CENTRE.replace("  placeholder", "  canned_responses: leave\n  placeholder");
    let stage = Stage::with(&leave, |world| {
        org(world).clients[0]
            .permissions
            .retain(|name| !name.starts_with("responses:"));
    });
    let findings = found(&stage);
    assert!(rules(&findings).is_empty());
    assert!(!open(&findings).contains("responses:"));
}

#[test]
fn an_oauth_client_that_is_not_let_in_is_said_once() {
    for status in [400, 401] {
        let stage = edit(|world| {
            org(world).switches.oauth_error_status = status;
            org(world).clients[0].inactive = true;
        });
        let findings = found(&stage);
        assert_eq!(rules(&findings), ["genesys-credential"]);
        assert!(findings.iter().any(is_credential));
        if status == 400 {
            insta::assert_snapshot!(open(&findings), @"error[genesys-credential] genesys.client_id: Genesys Cloud does not let the OAuth client in (the login of Genesys Cloud refused: client is inactive (HTTP 400, invalid_client)) | you: check genesys.client_id and genesys.client_secret, that the client is active, and genesys.region: an OAuth client belongs to one region | POST /oauth/token answers with an access token");
        }
    }
}

/// Every call of Genesys Cloud has this effect.
fn always(world: &mut World, effect: &Effect) {
    let calls = Match::first(Verb::Get, "api/v2/*").times(10_000);
    world.script.add_fault(calls, effect.clone());
}

#[test]
fn an_api_that_does_not_answer_is_unknown_and_said_once() {
    for (effect, trouble) in [
        (Effect::ServerError(Moment::BeforeEffect), Trouble::Failure),
        (Effect::Cut(Moment::BeforeEffect), Trouble::Failure),
    ] {
        let stage = edit(|world| always(world, &effect));
        let seen = stage.seen();
        let findings = check(&stage.plan, &seen);
        assert_eq!(rules(&findings), ["genesys-readable"], "{effect:?}");
        assert!(findings.iter().any(is_about_genesys));
        assert!(!findings.iter().any(is_credential));
        assert_eq!(seen.trouble(true), Some(trouble));
        assert_eq!(seen.trouble(false), None);
    }
    let stage = edit(|world| always(world, &Effect::ServerError(Moment::BeforeEffect)));
    insta::assert_snapshot!(open(&found(&stage)), @"error[genesys-readable] genesys: unknown: Genesys Cloud cannot be read: Genesys Cloud refused: The server encountered an unexpected condition which prevented it from fulfilling the request (HTTP 500, internal.server.error) (Genesys Cloud refused: The server encountered an unexpected condition which prevented it from fulfilling the request (HTTP 500, internal.server.error)) | you: run it again; if that does not help, look at what is said above, and at the status page of Genesys Cloud | the read is answered");
}

#[test]
fn a_limit_that_outlasts_the_patience_parks() {
    let mut stage = edit(|world| {
        let calls = Match::first(Verb::Get, "api/v2/routing/queues");
        world
            .script
            .add_fault(calls, Effect::Throttle { minutes: 30 });
    });
    stage.patience = Duration::ZERO;
    let seen = stage.seen();
    assert_eq!(rules(&check(&stage.plan, &seen)), ["genesys-readable"]);
    assert_eq!(seen.trouble(true), Some(Trouble::Limit));
}

#[test]
fn one_list_that_does_not_answer_is_named() {
    let stage = edit(|world| {
        let calls = Match::first(Verb::Get, "api/v2/routing/queues").times(10_000);
        let effect = Effect::ServerError(Moment::BeforeEffect);
        world.script.add_fault(calls, effect);
    });
    insta::assert_snapshot!(new(&found(&stage)), @"error[genesys-readable] genesys: unknown: queues cannot be read in Genesys Cloud (queues: Genesys Cloud refused: The server encountered an unexpected condition which prevented it from fulfilling the request (HTTP 500, internal.server.error)) | you: run it again; if that does not help, look at what is said above, and at the status page of Genesys Cloud | the read is answered");
}

#[test]
fn an_organization_without_whatsapp_is_told() {
    let stage = edit(|world| org(world).products = ["voice".to_owned()].into());
    insta::assert_snapshot!(new(&found(&stage)), @"error[genesys-product] genesys: the organization has not bought WhatsApp (neither messagingWhatsapp nor messagingPlatformWhatsApp is listed) | a Genesys Cloud admin: have WhatsApp added to the organization's subscription | GET /authorization/products lists messagingWhatsapp or messagingPlatformWhatsApp");
    let hidden = edit(|world| org(world).products.clear());
    insta::assert_snapshot!(new(&found(&hidden)), @"warning[genesys-product] genesys: unknown: whether the organization has WhatsApp is not shown (-) | a Genesys Cloud admin: make sure that it has | GET /authorization/products lists messagingWhatsapp or messagingPlatformWhatsApp");
}

#[test]
fn a_number_that_two_integrations_claim_is_for_a_person() {
    let second = |world: &mut World, waba: &WabaId, name: &str| {
        world.in_genesys(|world, org| {
            add_integration(world, org, (waba, &phone(FIRST)), name, None);
        });
    };
    let twice = edit(|world| second(world, &source_id(), "Left over"));
    let findings = found(&twice);
    insta::assert_snapshot!(new(&findings), @r#"error[genesys-contested] number["+4930901820"]: 2 integrations of the account it leaves claim this number (WhatsApp +49 30 901820 (ID, Active, account 102290129340398); Left over (ID, Active, account 102290129340398)) | a Genesys Cloud admin: delete all but the one that is used, in Genesys Cloud > Admin > Message > Platforms: which of them is +4930901820 is for a person to say | GET /conversations/messaging/integrations/whatsapp shows it once per account"#);
    assert!(!findings.iter().any(is_credential));
    // Before the old one is gone none can be active on the target.
    let both = edit(|world| second(world, &target_id(), "Done by hand"));
    assert!(rules(&found(&both)).is_empty());
    let two_new = edit(|world| {
        second(world, &target_id(), "One");
        second(world, &target_id(), "Two");
    });
    assert_eq!(rules(&found(&two_new)), ["genesys-contested"]);
    // One that is being deleted does not count.
    let leaving = edit(|world| {
        second(world, &source_id(), "Leaving");
        let last = org(world).integrations.last_mut().expect("just added");
        last.status = IntegrationStatus::Deleting;
    });
    assert!(rules(&found(&leaving)).is_empty());
}

/// Takes an integration and its recipient away.
fn remove(world: &mut World, number: &str) {
    let id = of(world, number).id.clone();
    let org = org(world);
    org.integrations.retain(|it| it.id != id);
    org.recipients.retain(|it| it.integration != id);
}

#[test]
fn a_flow_can_only_be_kept_from_an_integration() {
    let stage = edit(|world| remove(world, FIRST));
    insta::assert_snapshot!(new(&found(&stage)), @r#"error[genesys-integration-missing] number["+4930901820"]: no integration in Genesys Cloud has this number, so there is no message flow to keep (no entry) | you: check genesys.region and the OAuth client's organization, and look for +4930901820 in Genesys Cloud > Admin > Message > Platforms; if it is new there, name its flow in the plan (genesys.flow) | GET /conversations/messaging/integrations/whatsapp shows it"#);
    // A number whose flow is named may be new to Genesys Cloud.
    let stage = edit(|world| remove(world, SECOND));
    assert!(rules(&found(&stage)).is_empty());
}

/// What a journal tells: a run released the first number.
fn released(seen: &mut Snapshot, former: serde_json::Value) {
    let event = Event::Kept {
        step: Address::number(&phone(FIRST), NumberStep::GenesysRelease),
        what: "integration".into(),
        data: former,
    };
    let at = seen.at;
    seen.history = History::replay(&[Entry { seq: 1, at, event }]);
}

fn former(flow: Option<&str>) -> serde_json::Value {
    serde_json::json!({"integration": "0f3c1d6e", "name": "WA Berlin", "recipient": "r", "flow": flow,
        "supported_content": null, "messaging_setting": null, "identity": null,
        "queues": [], "campaigns": [], "rule_sets": []})
}

#[test]
fn a_released_number_is_judged_by_what_was_kept() {
    let stage = edit(|world| remove(world, FIRST));
    let mut seen = stage.seen();
    released(&mut seen, former(None));
    let findings = check(&stage.plan, &seen);
    assert!(rules(&findings).is_empty());
    insta::assert_snapshot!(new(&findings), @r#"warning[genesys-flow] number["+4930901820"]: its messages reach nobody, and the plan keeps it so: there is no message flow to take over (flow is absent) | you: name a flow in the plan (genesys.flow), unless that is as it should be | GET /routing/message/recipients?messengerType=whatsapp shows its flow"#);
}

#[test]
fn a_number_that_is_attached_is_past_it() {
    // The old integration is gone, the new one is active on the target and leads to a flow.
    let stage = edit(|world| {
        let flow = org(world).flows[0].id.clone();
        for number in [FIRST, SECOND] {
            remove(world, number);
            seed::add_live_number(world, &target_id(), phone(number));
            world.in_genesys(|world, org| {
                let flow = match number {
                    FIRST => flow.clone(),
                    _ => org.flow("Support").expect("a flow").id.clone(),
                };
                let number = (&target_id(), &phone(number));
                add_integration(world, org, number, "New", Some(&flow));
            });
        }
    });
    let findings = found(&stage);
    let of_numbers = findings.iter().filter(|one| is_ours(one));
    let of_numbers: Vec<_> = of_numbers
        .filter(|one| one.subject.starts_with("number["))
        .collect();
    assert!(of_numbers.is_empty(), "{of_numbers:?}");
    assert!(!open(&findings).contains("genesys-external"));
}

#[test]
fn a_new_integration_without_a_flow_needs_one() {
    let stage = edit(|world| {
        remove(world, FIRST);
        seed::add_live_number(world, &target_id(), phone(FIRST));
        world.in_genesys(|world, org| {
            let number = (&target_id(), &phone(FIRST));
            add_integration(world, org, number, "New", None);
        });
    });
    let findings = found(&stage);
    insta::assert_snapshot!(new(&findings), @r#"error[genesys-flow] number["+4930901820"]: its old integration is gone, and nothing tells which message flow its messages went to (flow is absent) | you: name the flow in the plan (genesys.flow), or use the journal of the run that released it | GET /routing/message/recipients?messengerType=whatsapp shows its flow"#);
    let lost = without_journal(&stage.plan, &stage.seen(), ".waba-migrate");
    insta::assert_snapshot!(lost.unwrap_or_default(), @"there is no journal of centre in .waba-migrate, but +4930901820 is on the target: what earlier runs did, and when, is not known here; nor what the old integration of +4930901820 in Genesys Cloud was set to, and what named it; every step is decided from what the API shows");
}

#[test]
fn flows() {
    let flow = |world: &mut World, name: &str, edit: fn(&mut MessageFlow)| {
        let mut flows = org(world).flows.iter_mut();
        edit(flows.find(|flow| flow.name == name).expect("a flow"));
    };
    let mut text = String::new();
    let mut case = |title: &str, change: &dyn Fn(&mut World)| {
        text += &format!(
            "{title}\n  {}\n",
            new(&found(&edit(change))).replace('\n', "\n  ")
        );
    };
    case("never published", &|world| {
        flow(world, "Support", |flow| flow.published = false)
    });
    case("kept, never published", &|world| {
        flow(world, "Inbound messages", |flow| flow.published = false);
    });
    case("kept, deleted", &|world| {
        flow(world, "Inbound messages", |flow| flow.deleted = true)
    });
    case("another type", &|world| {
        flow(world, "Support", |flow| flow.kind = "INBOUNDCALL".into())
    });
    case("twice", &|world| {
        world
            .in_genesys(|world, org| {
                add_flow(world, org, "Support");
            })
            .expect("an organization")
    });
    case("none", &|world| {
        let id = of(world, FIRST).id.clone();
        let recipients = org(world).recipients.iter_mut();
        recipients
            .filter(|it| it.integration == id)
            .for_each(|it| it.flow = None);
    });
    insta::assert_snapshot!(text, @r#"
    never published
      error[genesys-flow] number["+49891234567"]: its messages cannot go to the message flow `Support`: it was never published (Support (ID)) | a Genesys Cloud admin: publish it in Architect, or name another flow in the plan (genesys.flow) | GET /flows?type=inboundshortmessage lists it once, with a publishedVersion
    kept, never published
      error[genesys-flow] number["+4930901820"]: its messages cannot go to the message flow `Inbound messages`: it was never published (Inbound messages (ID)) | a Genesys Cloud admin: publish it in Architect, or name another flow in the plan (genesys.flow) | GET /flows?type=inboundshortmessage lists it once, with a publishedVersion
    kept, deleted
      error[genesys-flow] number["+4930901820"]: the message flow that its messages go to is not there any more (ID) | you: name another flow in the plan (genesys.flow) | GET /flows?type=inboundshortmessage lists it once, with a publishedVersion
    another type
      error[genesys-flow] number["+49891234567"]: no message flow is called `Support` (no entry) | you: write the name, or the id, of a published flow of type Inbound Message (genesys.flow) | GET /flows?type=inboundshortmessage lists it once, with a publishedVersion
    twice
      error[genesys-flow] number["+49891234567"]: 2 message flows are called `Support` (2 entries) | you: write the flow's id (genesys.flow) | GET /flows?type=inboundshortmessage lists it once, with a publishedVersion
    none
      warning[genesys-flow] number["+4930901820"]: its messages reach nobody, and the plan keeps it so: there is no message flow to take over (flow is absent) | you: name a flow in the plan (genesys.flow), unless that is as it should be | GET /routing/message/recipients?messengerType=whatsapp shows its flow
    "#);
}

#[test]
fn an_old_integration_is_found_however_it_shows_its_number() {
    for shown in ["+49 30 901820", "4930901820", "0049 (0)30 901-820"] {
        let stage = edit(|world| {
            let raw = &mut of(world, FIRST).raw;
            raw.insert("phoneNumber".into(), shown.into());
            raw.insert("whatsAppBusinessAccountId".into(), serde_json::Value::Null);
        });
        let findings = found(&stage);
        assert!(rules(&findings).is_empty(), "{shown}");
        let it = findings
            .iter()
            .find(|one| one.rule == "genesys-integration" && one.subject.contains("4930901820"));
        let it = it
            .and_then(|one| one.observed.as_deref())
            .expect("it is described");
        assert!(it.contains("account not shown"), "{it}");
    }
    let absent = edit(|world| {
        let raw = &mut of(world, FIRST).raw;
        raw.insert("phoneNumber".into(), serde_json::Value::Null);
    });
    assert_eq!(rules(&found(&absent)), ["genesys-integration-missing"]);
}

#[test]
fn an_old_integration_in_trouble_is_told() {
    let stage = edit(|world| {
        of(world, FIRST).status = IntegrationStatus::DeletionFailed;
    });
    insta::assert_snapshot!(new(&found(&stage)), @r#"warning[genesys-integration] number["+4930901820"]: its old integration is in trouble: its status is DeletionFailed (WhatsApp +49 30 901820 (ID), status DeletionFailed, account 102290129340398, recipient ID, message flow Inbound messages (ID), supported content ID, messaging setting ID, identity resolution on) | a Genesys Cloud admin: look at it in Genesys Cloud > Admin > Message > Platforms; it is deleted all the same, if it can be | GET /conversations/messaging/integrations/whatsapp: status"#);
}

#[test]
fn a_target_without_a_payment_line_is_told() {
    let bare = CENTRE.replace("  placeholder: \"+49 30 555000\"\n", "");
    let findings = found(&Stage::new(&bare));
    insta::assert_snapshot!(new(&findings), @"warning[genesys-payment] target 215589313241560: no number of the target carries Genesys' payment line, and a number that moves brings none (no active integration, no registered number) | a Genesys Cloud admin: onboard a first number on 215589313241560 by the signup popup in Genesys Cloud > Admin > Message > Platforms, one for the time being will do, and name it in the plan (genesys.placeholder) | GET /conversations/messaging/integrations/whatsapp shows an active one of the target");
    assert!(rules(&findings).is_empty());
    // Without any payment method numbers cannot be added.
    let unpaid = Stage::with(&bare, |world| {
        world
            .wabas
            .get_mut(&target_id())
            .expect("the target")
            .funding = None;
    });
    assert_eq!(rules(&found(&unpaid)), ["payment"]);
    let lost = edit(|world| remove(world, "+49 30 555000"));
    insta::assert_snapshot!(new(&found(&lost)), @"warning[genesys-placeholder] genesys.placeholder: the placeholder +4930555000 has no integration on the target (no entry) | a Genesys Cloud admin: onboard it by the signup popup in Genesys Cloud > Admin > Message > Platforms, or take it out of the plan | GET /conversations/messaging/integrations/whatsapp shows it Active");
}

#[test]
fn a_payment_line_that_is_not_shown_stops_only_numbers_of_others() {
    let unseen = |plan: &str| {
        let stage = Stage::new(plan);
        let mut seen = stage.seen();
        let Observed::Present(waba) = &mut seen.target.waba else {
            panic!("the target was not read");
        };
        waba.primary_funding_id = None;
        check(&stage.plan, &seen)
    };
    assert_eq!(rules(&unseen(CENTRE)), ["payment"]);
    let all = CENTRE.replace(
        "  - { phone: \"+33 1 42 68 53 00\", pin: { env: PIN } }\n",
        "",
    );
    let findings = unseen(&all);
    assert!(rules(&findings).is_empty());
    insta::assert_snapshot!(new(&findings), @"warning[payment] target 215589313241560: the target shows no payment method, but an integration of Genesys Cloud is active there, so it seems to have Genesys' payment line (primary_funding_id is absent) | an admin of the target's business: add a payment method in WhatsApp Manager > Billing, or attach a credit line | GET /{WABA}?fields=primary_funding_id is present");
}

#[test]
fn campaigns_that_go_on_are_told() {
    let leave = CENTRE.replace("  placeholder", "  campaigns: leave\n  placeholder");
    insta::assert_snapshot!(new(&found(&Stage::new(&leave))), @r#"warning[genesys-campaigns] number["+4930901820"]: 1 campaign sends from it, and the plan leaves them running (Weekly offers (ID, on)) | a Genesys Cloud admin: switch them off for the cut-over, or write `campaigns: pause` in the plan | GET /outbound/messagingcampaigns?type=WHATSAPP: campaignStatus is off"#);
}

#[test]
fn canned_responses_without_their_template_are_told() {
    let only = CENTRE.replace("copy: [order, welcome]", "copy: [order], required: [other]");
    let stage = Stage::with(&only, |world| {
        // The organization answers for both.
        let source = source_id();
        seed::add_template(world, &source, "welcome", "en_US");
        world.in_genesys(|world, org| {
            let library = org.libraries.0[0]["id"].as_str().expect("an id").to_owned();
            let namespace = world.wabas[&source].namespace.clone();
            let says = Says {
                template: "welcome",
                language: "en_US",
                namespace: Some(&namespace),
            };
            add_response(world, org, &library, "Welcome", Some(says));
        });
    });
    insta::assert_snapshot!(new(&found(&stage)), @r"
    warning[genesys-responses] genesys.canned_responses: 3 canned responses send templates that the target will not have (Welcome (ID, welcome/en_US); other (en) (ID, other/en_US); other (new) (ID, other/en_US)) | you: add them to templates.copy, define them (templates.files), or have the responses retired | GET /{TARGET}/message_templates lists them as APPROVED
    warning[genesys-responses] genesys.canned_responses: 2 canned responses send templates whose approval no number waits for (order (en) (ID, order/en_US); order (new) (ID, order/en_US)) | you: add them to templates.required, or keep agents from using them until they are approved | GET /{TARGET}/message_templates lists them as APPROVED
    ");
}

#[test]
fn right_before_a_register_only_that_number_counts() {
    let stage = edit(|world| remove(world, FIRST));
    let seen = stage.seen();
    let blocks = |number: &str| {
        let mut findings = before_register(&stage.plan, &seen, &phone(number));
        findings.retain(is_ours);
        rules(&findings).join(" ")
    };
    assert_eq!(blocks(FIRST), "genesys-integration-missing");
    assert_eq!(blocks(SECOND), "");
    assert_eq!(blocks("+33 1 42 68 53 00"), "");
}

#[test]
fn names_that_other_people_chose_stay_on_their_line() {
    let stage = edit(|world| {
        world.in_genesys(|world, org| {
            let id = org.integrations[0].id.clone();
            let name = "Sale\n\u{1b}[31m| x";
            add_campaign(world, org, (name, "on"), (Some(&id), None));
        });
    });
    let findings = found(&stage);
    let text = render(&findings, false);
    assert!(!text.contains('\u{1b}'));
    let line = text.lines().find(|line| line.contains("Sale"));
    assert!(line.is_some_and(|line| line.contains("| x")), "{text}");
}
