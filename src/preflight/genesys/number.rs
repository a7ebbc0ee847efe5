//! The numbers in Genesys Cloud: one integration to take them from, a message flow to lead them to,
//! and everything that names what they have now.

use super::{
    ADMIN, INTEGRATIONS, called, contested, count, integration_missing,
    scope::{Route, Scope, Used},
    some,
};
use crate::{
    finding::{Finding, Severity, Who},
    plan::MessageFlow,
    preflight::case::Case,
    resource::genesys::{
        campaign::Campaign, flow::Flow, identity::IdentityResolution, integration::Integration,
        queue::Queue, response::Response, rule_set::RuleSet,
    },
    snapshot::organization::{Integrations, NoFlow, Organization},
};

/// Things that a finding names before it only counts.
const NAMED: usize = 20;

/// What shows where a flow stands.
const FLOWS: &str = "GET /flows?type=inboundshortmessage";

pub(in super::super) fn integration(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(scope) = &case.genesys else {
        return;
    };
    for used in &scope.open {
        // What cannot be read has a rule of its own.
        if let Some(all) = &used.sorted {
            findings.push(sorted(scope, used, all));
        }
    }
}

fn sorted(scope: &Scope<'_>, used: &Used<'_>, all: &Integrations<'_>) -> Finding {
    const RULE: &str = "genesys-integration";
    let (subject, phone) = (used.subject(), &used.number.phone);
    if all.is_contested() {
        return contested(subject, phone, all);
    }
    if let Some(old) = all.staying() {
        let shown = described(scope.organization, old);
        return match old.trouble() {
            Some(trouble) => {
                let message = format!("its old integration is in trouble: {trouble}");
                let hint =
                    format!("look at it in {ADMIN}; it is deleted all the same, if it can be");
                Finding::warn(RULE, subject, message)
                    .observed(shown)
                    .ask(Who::GenesysAdmin, hint)
                    .proof(format!("{INTEGRATIONS}: status"))
            }
            None => Finding::pass(RULE, subject, "it has one integration to take it from")
                .observed(shown),
        };
    }
    match (&all.new[..], &used.kept, &used.wanted.flow) {
        ([new, ..], _, _) => Finding::pass(RULE, subject, "it has its new integration")
            .observed(described(scope.organization, new)),
        ([], Some(kept), _) => Finding::pass(RULE, subject, "its old integration was released")
            .observed(called(&kept.name, &kept.integration)),
        ([], None, MessageFlow::Named(_)) => {
            Finding::pass(RULE, subject, "it is new to Genesys Cloud")
        }
        ([], None, MessageFlow::Keep) => integration_missing(subject, phone),
    }
}

/// Says everything of an integration that goes with it, by name and id.
fn described(organization: &Organization, one: &Integration) -> String {
    let recipient = organization.recipient_of(one);
    let flow = recipient.and_then(|recipient| recipient.flow.as_ref());
    let flow = flow.map(|flow| called(flow.name.as_deref().unwrap_or_default(), &flow.id));
    let id = |id: Option<String>| id.unwrap_or_else(|| "none".to_owned());
    let identity = organization.identities.get(&one.id);
    let resolves = identity
        .and_then(|identity| identity.present())
        .and_then(IdentityResolution::resolves);
    let parts = [
        called(&one.name, &one.id),
        format!("status {}", one.status_word()),
        format!("account {}", one.waba.as_deref().unwrap_or("not shown")),
        format!(
            "recipient {}",
            id(one.recipient.as_ref().map(|it| it.id.to_string()))
        ),
        format!("message flow {}", id(flow)),
        format!(
            "supported content {}",
            id(one.supported_content.as_ref().map(|it| it.id.to_string()))
        ),
        format!(
            "messaging setting {}",
            id(one.messaging_setting.as_ref().map(|it| it.id.to_string()))
        ),
        format!(
            "identity resolution {}",
            match resolves {
                Some(true) => "on",
                Some(false) => "off",
                None => "not shown",
            }
        ),
    ];
    parts.join(", ")
}

pub(in super::super) fn flow(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(scope) = &case.genesys else {
        return;
    };
    for (used, all) in scope.clear() {
        findings.extend(match used.route(all, scope.organization) {
            Route::To(word) => led(scope.organization, used, &word),
            Route::Nobody => Some(to_nobody(used)),
            Route::Forgotten => Some(forgotten(used)),
            Route::Untold => None,
        });
    }
}

const FLOW: &str = "genesys-flow";

fn led(organization: &Organization, used: &Used<'_>, word: &str) -> Option<Finding> {
    let subject = used.subject();
    let is_kept = used.wanted.flow == MessageFlow::Keep;
    let finding = match organization.flow(word) {
        // What cannot be read has a rule of its own.
        Err(NoFlow::Unknown(_)) => return None,
        Ok(flow) => match flow.objection() {
            None => return Some(good(subject, flow)),
            Some(objection) => {
                let message = format!(
                    "its messages cannot go to the message flow `{}`: {objection}",
                    flow.name
                );
                Finding::fail(FLOW, subject, message)
                    .observed(called(&flow.name, &flow.id))
                    .ask(
                        Who::GenesysAdmin,
                        "publish it in Architect, or name another flow in the plan (genesys.flow)",
                    )
            }
        },
        Err(NoFlow::Missing) if is_kept => {
            let message = "the message flow that its messages go to is not there any more";
            Finding::fail(FLOW, subject, message)
                .observed(word)
                .ask(Who::Us, "name another flow in the plan (genesys.flow)")
        }
        Err(NoFlow::Missing) => {
            let message = format!("no message flow is called `{word}`");
            Finding::fail(FLOW, subject, message)
                .observed("no entry")
                .ask(
                    Who::Us,
                    "write the name, or the id, of a published flow of type Inbound Message (genesys.flow)",
                )
        }
        Err(NoFlow::Several(times)) => {
            let message = format!("{times} message flows are called `{word}`");
            Finding::fail(FLOW, subject, message)
                .observed(format!("{times} entries"))
                .ask(Who::Us, "write the flow's id (genesys.flow)")
        }
    };
    Some(finding.proof(format!("{FLOWS} lists it once, with a publishedVersion")))
}

fn good(subject: String, flow: &Flow) -> Finding {
    let message = format!("its messages will go to the message flow `{}`", flow.name);
    Finding::pass(FLOW, subject, message).observed(called(&flow.name, &flow.id))
}

fn to_nobody(used: &Used<'_>) -> Finding {
    let message = "its messages reach nobody, and the plan keeps it so: there is no message flow to take over";
    Finding::warn(FLOW, used.subject(), message)
        .observed("flow is absent")
        .ask(
            Who::Us,
            "name a flow in the plan (genesys.flow), unless that is as it should be",
        )
        .proof("GET /routing/message/recipients?messengerType=whatsapp shows its flow")
}

fn forgotten(used: &Used<'_>) -> Finding {
    let message =
        "its old integration is gone, and nothing tells which message flow its messages went to";
    Finding::fail(FLOW, used.subject(), message)
        .observed("flow is absent")
        .ask(
            Who::Us,
            "name the flow in the plan (genesys.flow), or use the journal of the run that released it",
        )
        .proof("GET /routing/message/recipients?messengerType=whatsapp shows its flow")
}

/// What names the old integration of a number, or its recipient.
struct Holders<'a> {
    queues: Vec<&'a Queue>,
    campaigns: Vec<&'a Campaign>,
    rule_sets: Vec<&'a RuleSet>,
    responses: Vec<&'a Response>,
}

impl<'a> Holders<'a> {
    /// `None`: one of the lists cannot be read.
    fn of(organization: &'a Organization, old: &Integration) -> Option<Self> {
        let recipient = old.recipient.as_ref().map(|one| one.id.as_str());
        let id = old.id.as_str();
        let queues = organization.queues.present()?.iter();
        let campaigns = organization.campaigns.present()?.iter();
        let rule_sets = organization.rule_sets.present()?.iter();
        let responses = organization.responses.present().into_iter().flatten();
        let sends = |response: &&Response| {
            let template = response.template();
            template.is_some_and(|template| template.integration == Some(id))
        };
        Some(Self {
            queues: queues
                .filter(|queue| recipient.is_some() && queue.recipient() == recipient)
                .collect(),
            campaigns: campaigns
                .filter(|campaign| campaign.integration() == Some(id))
                .collect(),
            rule_sets: rule_sets
                .filter(|rules| rules.integrations().contains(&id))
                .collect(),
            responses: responses.filter(sends).collect(),
        })
    }

    /// Counts them, kind by kind.
    fn sums(&self) -> String {
        let kinds = [
            (self.queues.len(), "queue"),
            (self.campaigns.len(), "campaign"),
            (self.rule_sets.len(), "rule set"),
            (self.responses.len(), "canned response"),
        ];
        let there = kinds.into_iter().filter(|(times, _)| *times > 0);
        let there: Vec<_> = there.map(|(times, one)| count(times, one)).collect();
        there.join(", ")
    }

    /// Names them, kind by kind.
    fn names(&self) -> Vec<String> {
        let queues = self.queues.iter();
        let queues = queues.map(|one| format!("queue {}", called(&one.name, &one.id)));
        let campaigns = self.campaigns.iter();
        let campaigns = campaigns.map(|one| format!("campaign {}", with_status(one)));
        let rules = self.rule_sets.iter();
        let rules = rules.map(|one| format!("rule set {}", called(&one.name, &one.id)));
        let responses = self.responses.iter();
        let responses =
            responses.map(|one| format!("canned response {}", called(&one.name, &one.id)));
        let all = queues.chain(campaigns).chain(rules).chain(responses);
        all.collect()
    }
}

fn with_status(one: &Campaign) -> String {
    format!("{} ({}, {})", one.name, one.id, one.status_word())
}

pub(in super::super) fn holders(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "genesys-holders";
    let Some(scope) = &case.genesys else {
        return;
    };
    for (used, all) in scope.clear() {
        let holders = all.staying();
        let holders = holders.and_then(|old| Holders::of(scope.organization, old));
        let Some(holders) = holders else {
            continue;
        };
        let names = holders.names();
        let finding = match names.is_empty() {
            true => Finding::pass(
                RULE,
                used.subject(),
                "nothing but message routing names its old integration",
            ),
            false => {
                let message = format!("its old integration is named by {}", holders.sums());
                Finding::pass(RULE, used.subject(), message).observed(some(&names, NAMED))
            }
        };
        findings.push(finding);
        if !scope.settings.pauses_campaigns {
            findings.extend(left_running(used, &holders.campaigns));
        }
    }
}

/// Campaigns that send while their integration is exchanged.
fn left_running(used: &Used<'_>, campaigns: &[&Campaign]) -> Option<Finding> {
    let running = campaigns.iter().filter(|campaign| !campaign.is_off());
    let running: Vec<_> = running.map(|campaign| with_status(campaign)).collect();
    if running.is_empty() {
        return None;
    }
    let message = format!(
        "{} from it, and the plan leaves them running",
        match running.len() {
            1 => "1 campaign sends".to_owned(),
            more => format!("{more} campaigns send"),
        }
    );
    Some(
        Finding::warn("genesys-campaigns", used.subject(), message)
            .observed(some(&running, NAMED))
            .ask(
                Who::GenesysAdmin,
                "switch them off for the cut-over, or write `campaigns: pause` in the plan",
            )
            .proof("GET /outbound/messagingcampaigns?type=WHATSAPP: campaignStatus is off"),
    )
}

/// Everybody outside of Genesys Cloud who uses an old id stands in no list: one reminder for a
/// person.
pub(in super::super) fn callers(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(scope) = &case.genesys else {
        return;
    };
    let ids = scope.clear().filter_map(|(used, all)| {
        let seen = all.staying().map(|old| &old.id);
        let id = seen.or(used.kept.as_ref().map(|kept| &kept.integration))?;
        Some(format!("{} {id}", used.number.phone))
    });
    let ids: Vec<_> = ids.collect();
    if ids.is_empty() {
        return;
    }
    let message = format!(
        "who else uses the {} cannot be seen",
        match ids.len() {
            1 => "integration's id",
            _ => "integrations' ids",
        }
    );
    findings.push(
        Finding::unknown("genesys-external", Severity::Info, super::ORGANIZATION, message)
            .observed(some(&ids, NAMED))
            .ask(
                Who::GenesysAdmin,
                "look for the old ids in agentless sends of other systems (fromAddress), data actions, Architect flows, data tables, scripts, triggers and reports, and give out the new ones after the cut-over: `status` shows them",
            )
            .proof("nothing at Genesys Cloud shows it"),
    );
}
