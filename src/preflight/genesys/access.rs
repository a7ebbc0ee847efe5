//! What an OAuth client may see: it is let in, the organization answers, and nothing is missing in
//! the client's roles.
//!
//! Genesys Cloud has no dry run: what may be changed shows when it is changed. So what may be read
//! is judged here, and what a run will need besides is listed for a person.

use std::fmt;

use super::{CLIENT, ORGANIZATION, READABLE, scope::Scope, unreadable};
use crate::{
    finding::{Finding, Severity, Who},
    preflight::case::Case,
    resource::{Observed, Trouble, Why},
    snapshot::organization::Part,
};

/// What helps an OAuth client that is not let in.
pub(super) const CHECK_CLIENT: &str = "check genesys.client_id and genesys.client_secret, that the client is active, and genesys.region: an OAuth client belongs to one region";

/// What reading a part needs.
struct Needs {
    part: Part,
    permissions: &'static [&'static str],
    /// Whether one of them is enough.
    any: bool,
    path: &'static str,
}

/// The parts, each with what reading it needs.
///
/// Source: the operations of the official SDKs,
/// <https://github.com/MyPureCloud/platform-client-sdk-javascript>
const NEEDS: [Needs; 8] = [
    all(
        Part::Integrations,
        &["messaging:integration:view"],
        "/conversations/messaging/integrations/whatsapp",
    ),
    all(
        Part::Identities,
        &[
            "messaging:integration:view",
            "messaging:identityResolutionWhatsApp:view",
        ],
        "/conversations/messaging/identityresolution/integrations/whatsapp/{ID}",
    ),
    all(
        Part::Recipients,
        &["routing:message:manage"],
        "/routing/message/recipients",
    ),
    all(Part::Flows, &["architect:flow:view"], "/flows"),
    all(Part::Queues, &["routing:queue:view"], "/routing/queues"),
    Needs {
        part: Part::Campaigns,
        permissions: &[
            "outbound:whatsAppCampaign:view",
            "outbound:messagingCampaign:view",
        ],
        any: true,
        path: "/outbound/messagingcampaigns",
    },
    all(
        Part::RuleSets,
        &["outbound:digitalRuleSet:view"],
        "/outbound/digitalrulesets",
    ),
    all(
        Part::Responses,
        &["responses:library:view", "responses:response:view"],
        "/responsemanagement/responses",
    ),
];

/// Everything that runs need, to look and to change.
const NEEDED: [&str; 16] = [
    "messaging:integration:view",
    "messaging:integration:edit",
    "messaging:integration:delete",
    "messaging:identityResolutionWhatsApp:view",
    "messaging:identityResolutionWhatsApp:edit",
    "routing:message:manage",
    "routing:queue:view",
    "routing:queue:edit",
    "architect:flow:view",
    "outbound:whatsAppCampaign:view",
    "outbound:whatsAppCampaign:edit",
    "outbound:digitalRuleSet:view",
    "outbound:digitalRuleSet:edit",
    "responses:library:view",
    "responses:response:view",
    "responses:response:edit",
];

const fn all(part: Part, permissions: &'static [&'static str], path: &'static str) -> Needs {
    Needs {
        part,
        permissions,
        any: false,
        path,
    }
}

/// What helps an OAuth client that lacks permissions.
pub(super) fn give(permissions: &str) -> String {
    format!(
        "give the OAuth client a role with {permissions}, in every division of what it has to see"
    )
}

pub(in super::super) fn let_in(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "genesys-credential";
    let Some(scope) = &case.genesys else {
        return;
    };
    match &scope.organization.token {
        Observed::Unknown(why) if why.trouble == Trouble::Credential => {
            let message = "Genesys Cloud does not let the OAuth client in";
            let finding = Finding::fail(RULE, CLIENT, message)
                .observed(&why.said)
                .ask(Who::Us, CHECK_CLIENT)
                .proof("POST /oauth/token answers with an access token");
            findings.push(weighed(scope, finding));
        }
        Observed::Present(token) => {
            let organization = token.organization.as_ref();
            let name = organization.and_then(|one| one.name.as_deref());
            let client = token.client.as_ref().and_then(|one| one.name.as_deref());
            let message = format!(
                "the OAuth client {} works in the organization {}",
                client.unwrap_or("(no name shown)"),
                name.unwrap_or("(no name shown)")
            );
            findings.push(Finding::pass(RULE, CLIENT, message));
        }
        Observed::Absent | Observed::Unknown(_) => {}
    }
}

/// An organization that shuts the client out, and what its roles lack, are the business of other
/// rules.
pub(in super::super) fn readable(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(scope) = case.genesys.as_ref().filter(|scope| !scope.is_shut_out()) else {
        return;
    };
    let unread = unanswered(scope);
    let worst = unread.iter().max_by_key(|(_, why)| why.trouble);
    findings.push(match worst {
        None => Finding::pass(READABLE, ORGANIZATION, "the organization answers"),
        Some((_, why)) => {
            let reasons = by_reason(&unread);
            let mut finding = unreadable(ORGANIZATION, why);
            if !(is_silent(scope) && reasons.len() == 1) {
                let told = reasons.iter();
                let told = told.map(|(said, parts)| format!("{}: {said}", joined(parts)));
                let mut parts: Vec<_> = unread.iter().map(|(part, _)| *part).collect();
                parts.dedup();
                finding.message = format!("{} cannot be read in Genesys Cloud", joined(&parts));
                finding.observed = Some(told.collect::<Vec<_>>().join("; "));
            }
            weighed(scope, finding)
        }
    });
}

/// Whether not even that could be read which needs no permission.
fn is_silent(scope: &Scope<'_>) -> bool {
    scope.organization.token.unknown().is_some()
}

/// Returns the parts that could not be read for another reason than a missing permission.
fn unanswered<'a>(scope: &Scope<'a>) -> Vec<(Part, &'a Why)> {
    let mut unread = scope.organization.unread_parts();
    unread.retain(|(_, why)| why.trouble != Trouble::Credential);
    unread
}

/// Sorts parts by why they could not be read.
fn by_reason<'a>(unread: &[(Part, &'a Why)]) -> Vec<(&'a str, Vec<Part>)> {
    let mut reasons: Vec<(&str, Vec<Part>)> = Vec::new();
    for (part, why) in unread {
        let said = match why.said.is_empty() {
            true => &why.reason,
            false => &why.said,
        };
        match reasons.iter_mut().find(|(known, _)| known == said) {
            Some((_, parts)) if parts.contains(part) => {}
            Some((_, parts)) => parts.push(*part),
            None => reasons.push((said, vec![*part])),
        }
    }
    reasons
}

pub(in super::super) fn product(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "genesys-product";
    const PROOF: &str =
        "GET /authorization/products lists messagingWhatsapp or messagingPlatformWhatsApp";
    const HAVE_IT_ADDED: &str = "have WhatsApp added to the organization's subscription";
    let Some(scope) = case.genesys.as_ref().filter(|scope| !scope.is_over()) else {
        return;
    };
    let products = &scope.organization.products;
    if products.unknown().is_some() && !scope.organization.unread_parts().is_empty() {
        // It is one trouble, and another rule tells of it.
        return;
    }
    let shown = products
        .present()
        .and_then(|products| products.has_whatsapp());
    findings.push(match shown {
        Some(true) => Finding::pass(RULE, ORGANIZATION, "the organization has WhatsApp"),
        Some(false) => {
            let message = "the organization has not bought WhatsApp";
            Finding::fail(RULE, ORGANIZATION, message)
                .observed("neither messagingWhatsapp nor messagingPlatformWhatsApp is listed")
                .ask(Who::GenesysAdmin, HAVE_IT_ADDED)
                .proof(PROOF)
        }
        None => {
            let message = match products.unknown() {
                Some(why) => format!("whether the organization has WhatsApp is not known: {why}"),
                None => "whether the organization has WhatsApp is not shown".to_owned(),
            };
            Finding::unknown(RULE, Severity::Warning, ORGANIZATION, message)
                .ask(Who::GenesysAdmin, "make sure that it has")
                .proof(PROOF)
        }
    });
}

/// Permissions that a refused read asks for.
struct Lack<'a> {
    names: Vec<String>,
    any: bool,
    /// Whether Genesys Cloud named them.
    is_named: bool,
    parts: Vec<Part>,
    path: &'static str,
    why: &'a Why,
}

pub(in super::super) fn permitted(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "genesys-permission";
    let Some(scope) = case.genesys.as_ref().filter(|scope| !scope.is_shut_out()) else {
        return;
    };
    let lacks = lacking(scope);
    if lacks.is_empty() && scope.organization.unread_parts().is_empty() {
        let message = "the OAuth client may read all that the plan needs";
        findings.push(Finding::pass(RULE, CLIENT, message));
    }
    findings.extend(lacks.iter().map(|lack| {
        let finding = Finding::fail(RULE, CLIENT, lack.to_string())
            .observed(&lack.why.said)
            .ask(Who::GenesysAdmin, give(&lack.wanted()))
            .proof(format!("GET {} answers", lack.path));
        weighed(scope, finding)
    }));
}

/// Returns what refused reads ask for, each permission once.
fn lacking<'a>(scope: &Scope<'a>) -> Vec<Lack<'a>> {
    let mut lacks: Vec<Lack<'a>> = Vec::new();
    let unread = scope.organization.unread_parts().into_iter();
    for (part, why) in unread.filter(|(_, why)| why.trouble == Trouble::Credential) {
        let Some(needs) = NEEDS.iter().find(|needs| needs.part == part) else {
            continue;
        };
        let is_named = !why.lacks.is_empty();
        let names: Vec<String> = match is_named {
            true => why.lacks.clone(),
            false => needs.permissions.iter().map(ToString::to_string).collect(),
        };
        let sets = match needs.any {
            true => vec![names],
            false => names.into_iter().map(|name| vec![name]).collect(),
        };
        for names in sets {
            match lacks.iter_mut().find(|lack| lack.names == names) {
                Some(lack) if lack.parts.contains(&part) => {}
                Some(lack) => lack.parts.push(part),
                None => lacks.push(Lack {
                    names,
                    any: needs.any,
                    is_named,
                    parts: vec![part],
                    path: needs.path,
                    why,
                }),
            }
        }
    }
    lacks
}

impl Lack<'_> {
    fn wanted(&self) -> String {
        let names = self.names.join(", ");
        match self.any && self.names.len() > 1 {
            true => format!("one of {names}"),
            false => names,
        }
    }
}

impl fmt::Display for Lack<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (wanted, parts) = (self.wanted(), joined(&self.parts));
        match self.is_named {
            true => write!(
                f,
                "the OAuth client lacks {wanted}, so {parts} cannot be read"
            ),
            false => write!(
                f,
                "the OAuth client may not read {parts}, which needs {wanted}"
            ),
        }
    }
}

/// One reminder for a person: what a run changes needs more than what was read.
pub(in super::super) fn may_change(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let open = |scope: &&Scope<'_>| {
        !scope.is_over() && !scope.is_shut_out() && unanswered(scope).is_empty()
    };
    let Some(scope) = case.genesys.as_ref().filter(open) else {
        return;
    };
    let has_responses = scope.settings.repoints_responses;
    let is_used = |name: &&str| has_responses || !name.starts_with("responses:");
    let names: Vec<_> = NEEDED.into_iter().filter(is_used).collect();
    let message = "what the OAuth client may change shows only when a run changes it";
    findings.push(
        Finding::unknown("genesys-permission-unseen", Severity::Info, CLIENT, message)
            .ask(
                Who::GenesysAdmin,
                format!(
                    "compare its roles with what runs need: {}",
                    names.join(", ")
                ),
            )
            .proof("Genesys Cloud > Admin > Roles / Permissions shows them on the client's roles"),
    );
}

/// Nothing is stopped by what nothing is left to do for.
fn weighed(scope: &Scope<'_>, mut finding: Finding) -> Finding {
    if scope.is_over() {
        finding.severity = Severity::Warning;
    }
    finding
}

fn joined(parts: &[Part]) -> String {
    let parts = parts.iter().map(ToString::to_string);
    parts.collect::<Vec<_>>().join(", ")
}
