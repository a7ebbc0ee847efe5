//! Gives canned responses of Genesys Cloud the template namespace of the target, and carousels the new
//! integration of their number.
//!
//! A canned response may name the namespace of the account that its template is on, and every account
//! has another. Only those that name the source's are changed, and of those only the ones whose template
//! is on the target too: the others would send nothing either way, so they are listed. Whether the API
//! takes a namespace is not documented. Each is read back; what did not change is named for a person,
//! and tried again by every run.
//!
//! Which namespace is whose is kept in the journal when a run begins: the source may be out of sight
//! once the numbers have moved.
//!
//! In doubt: the response, read again, proves it. A write carries the version that was read, so that a
//! second one of the same is refused.
//!
//! Source: <https://help.mypurecloud.com/?p=310549>, and `ResponseManagementApi` of
//! <https://github.com/MyPureCloud/platform-client-sdk-python/tree/master/build/docs>

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Context, Decision, Outcome, Step, StepError, StepKind,
    response_changes::{Aim, Changes, Namespace, labels, nothing, stays},
    response_writes::{look, rewrite},
    settled::those_of,
    those,
    words::{count, unreadable_templates},
};
use crate::{
    finding::{Finding, Severity, Who},
    ids::{AccountStep, Address, IntegrationId, NumberStep, TemplateKey, WabaId},
    inventory::{Fate, Inventory},
    phone::Phone,
    plan::{Plan, Templates},
    resource::{
        Observed, Why,
        genesys::{integration::Integration, response::Response},
    },
    snapshot::{Account, Snapshot, former::kept_former},
};

/// Under this name it is kept which namespace is whose.
const NAMESPACES: &str = "namespaces";

/// The most names that a finding lists.
const MOST_NAMES: usize = 5;

/// Repoints canned responses.
#[derive(Clone, Debug)]
pub struct GenesysResponses {
    source: WabaId,
    target: WabaId,
    phones: Vec<Phone>,
    templates: Templates,
    needs: Vec<Address>,
}

impl GenesysResponses {
    /// `steps`: those that the plan has besides.
    pub(super) fn of(plan: &Plan, steps: &[Step]) -> Self {
        let used = || {
            let numbers = plan.numbers.iter();
            numbers.filter(|number| number.genesys.is_some())
        };
        let wanted = [NumberStep::Live, NumberStep::GenesysAttach];
        let mut needs = those_of(steps, used(), &wanted);
        needs.extend(those(plan, [AccountStep::TemplatesApproved]));
        Self {
            source: plan.source.waba.clone(),
            target: plan.target.waba.clone(),
            phones: used().map(|number| number.phone.clone()).collect(),
            templates: plan.templates.clone(),
            needs,
        }
    }
}

/// Returns the template namespace of an account: as it is seen, else as runs of this plan kept it.
pub(super) fn namespace(seen: &Snapshot, waba: &WabaId, account: &Account) -> Option<String> {
    let details = account.details.present();
    let shown = details.and_then(|details| details.message_template_namespace.clone());
    let kept = || {
        let step = Address::account(AccountStep::GenesysResponses);
        let kept = seen.history.kept(&step, NAMESPACES)?;
        Some(kept.get(waba.as_str())?.as_str()?.to_owned())
    };
    shown.filter(|shown| !shown.is_empty()).or_else(kept)
}

/// Keeps, when a run begins, which namespace is whose, where there is something to change.
pub fn keep_namespaces(cx: &Context<'_>) -> Result<(), StepError> {
    if !cx.plan.repoints_responses() {
        return Ok(());
    }
    let responses = GenesysResponses::of(cx.plan, &[]);
    let decision = responses.decide(&cx.seen());
    if !matches!(decision, Decision::Change(_)) {
        return Ok(());
    }
    let step = responses.address();
    let (known, now) = {
        let seen = cx.seen();
        let (source, target) = (&cx.plan.source.waba, &cx.plan.target.waba);
        let accounts = [(source, &seen.source), (target, &seen.target)];
        let shown = accounts.into_iter().filter_map(|(waba, account)| {
            let namespace = namespace(&seen, waba, account)?;
            Some((waba.to_string(), Value::from(namespace)))
        });
        let now: Map<_, _> = shown.collect();
        (seen.history.kept(&step, NAMESPACES).cloned(), now)
    };
    match now.is_empty() || known == Some(json!(now)) {
        true => Ok(()),
        false => cx.keep(&step, NAMESPACES, json!(now)),
    }
}

impl GenesysResponses {
    /// Returns the canned responses and what is to become of them. `None`: nobody wants any.
    fn aim<'a>(
        &self,
        seen: &'a Snapshot,
        now: Timestamp,
    ) -> Result<Option<(&'a [Response], Aim)>, Box<Finding>> {
        let Some(organization) = &seen.organization else {
            return Ok(None);
        };
        let responses = match &organization.responses {
            Observed::Present(responses) => responses.as_slice(),
            Observed::Absent => return Ok(None),
            Observed::Unknown(why) => {
                return Err(Box::new(self.unreadable("the canned responses", why)));
            }
        };
        let templates: Vec<_> = responses.iter().filter_map(Response::template).collect();
        let mut aim = Aim::default();
        if templates.iter().any(|one| one.integration.is_some()) {
            aim.moved = self.moved(seen)?;
        }
        let namespaces: BTreeSet<_> = templates.iter().filter_map(|one| one.namespace).collect();
        let target = namespace(seen, &self.target, &seen.target);
        let is_other = |one: &&str| Some(*one) != target.as_deref();
        if !namespaces.iter().any(is_other) {
            return Ok(Some((responses, aim)));
        }
        let source = namespace(seen, &self.source, &seen.source);
        aim.source = source.ok_or_else(|| self.unknown("source", &self.source, &seen.source))?;
        if namespaces.contains(&*aim.source) {
            let unknown = || self.unknown("target", &self.target, &seen.target);
            aim.target = target.ok_or_else(unknown)?;
            (aim.there, aim.coming) = self.on_target(seen, now)?;
        }
        Ok(Some((responses, aim)))
    }

    /// Returns the templates that are on the target, and those that will be.
    fn on_target(
        &self,
        seen: &Snapshot,
        now: Timestamp,
    ) -> Result<(BTreeSet<TemplateKey>, BTreeSet<TemplateKey>), Box<Finding>> {
        if let Observed::Unknown(why) = &seen.target.templates {
            let message = format!(
                "the target's templates cannot be read, so nobody knows which canned responses can send from it: {why}"
            );
            let or = "set genesys.canned_responses: leave";
            return Err(Box::new(unreadable_templates(self.address(), message, or)));
        }
        let there = seen.target.templates.present().into_iter().flatten();
        let comes = |fate: Fate| matches!(fate, Fate::Copy | Fate::Coming | Fate::Recreate);
        let inventory = Inventory::of(&self.templates, seen, now);
        let items = inventory.iter().flat_map(|all| &all.templates);
        let coming = items.filter(|item| comes(item.fate)).map(|item| item.key());
        let defined = self.templates.definitions.iter();
        let defined = defined.map(|definition| definition.key.clone());
        Ok((
            there.map(|(key, _)| key.clone()).collect(),
            coming.chain(defined).collect(),
        ))
    }

    /// Returns the old integrations of the plan's numbers, each with the new one.
    fn moved(
        &self,
        seen: &Snapshot,
    ) -> Result<BTreeMap<IntegrationId, Option<IntegrationId>>, Box<Finding>> {
        let mut moved = BTreeMap::new();
        for phone in &self.phones {
            let found = seen.integrations(&self.target, phone);
            let found = found.map_err(|why| Box::new(self.unreadable("the integrations", &why)))?;
            let new = match found.new.as_slice() {
                [new] if new.is_active() => Some(new.id.clone()),
                _ => None,
            };
            let old = found.old.iter().map(|old: &&Integration| old.id.clone());
            let kept = kept_former(&seen.history, phone).map(|former| former.integration);
            moved.extend(old.chain(kept).map(|old| (old, new.clone())));
        }
        Ok(moved)
    }

    fn unreadable(&self, what: &str, why: &Why) -> Finding {
        let message = format!("{what} of Genesys Cloud cannot be read: {why}");
        let rule = "genesys-responses-unreadable";
        Finding::unknown(rule, Severity::Error, self.address(), message).ask(
            Who::Us,
            "see what it says; then run it again, or set genesys.canned_responses: leave",
        )
    }

    fn unknown(&self, side: &str, waba: &WabaId, account: &Account) -> Box<Finding> {
        let why = account.details.unknown().map(|why| format!(": {why}"));
        let message = format!(
            "the template namespace of the {side} {waba} cannot be read, so nobody knows which canned responses are to change{}",
            why.unwrap_or_default()
        );
        let rule = "genesys-namespace-unknown";
        let hint = format!(
            "name a token that reaches the {side}, run it where the journal of earlier runs is (--journal), or set genesys.canned_responses: leave"
        );
        let finding = Finding::unknown(rule, Severity::Error, self.address(), message)
            .ask(Who::Us, hint)
            .proof("GET /{WABA}?fields=message_template_namespace answers");
        Box::new(finding)
    }
}

/// Returns the canned responses that name the source's namespace and stay as they are, each with the
/// key of its template, and one finding about all.
pub fn left_responses(
    plan: &Plan,
    seen: &Snapshot,
) -> (Vec<(String, TemplateKey)>, Option<Finding>) {
    if !plan.repoints_responses() {
        return (Vec::new(), None);
    }
    let step = GenesysResponses::of(plan, &[]);
    let Ok(Some((responses, aim))) = step.aim(seen, seen.at) else {
        return (Vec::new(), None);
    };
    let labels = labels(responses);
    let left = responses.iter().filter_map(|response| {
        let wanted = aim.wanted(response)?;
        let is_left = wanted.namespace == Namespace::Never;
        is_left.then(|| (labels[&response.id].clone(), wanted.template.key()))
    });
    let mut left: Vec<_> = left.collect();
    left.sort();
    let finding = (!left.is_empty()).then(|| step.left(&left));
    (left, finding)
}

impl GenesysResponses {
    fn left(&self, left: &[(String, TemplateKey)]) -> Finding {
        let message = match left {
            [_] => "1 canned response names the source's namespace, and its template is not on the target: it stays as it is".to_owned(),
            more => format!(
                "{} canned responses name the source's namespace, and their templates are not on the target: they stay as they are",
                more.len()
            ),
        };
        let names = left.iter().take(MOST_NAMES);
        let names: Vec<_> = names
            .map(|(name, key)| format!("`{name}` ({key})"))
            .collect();
        let more = if left.len() > MOST_NAMES { ", …" } else { "" };
        Finding::warn("genesys-response-template", self.address(), message)
            .observed(format!("{}{more}", names.join(", ")))
            .ask(
                Who::Us,
                "bring the templates to the target (templates.copy, templates.files), or let a Genesys Cloud admin delete those responses",
            )
            .proof("GET /{TARGET}/message_templates lists the name in that language")
    }
}

impl StepKind for GenesysResponses {
    fn address(&self) -> Address {
        Address::account(AccountStep::GenesysResponses)
    }

    fn describe(&self) -> String {
        format!(
            "Give canned responses of Genesys Cloud the template namespace of {}",
            self.target
        )
    }

    fn needs(&self) -> Vec<Address> {
        self.needs.clone()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let (responses, aim) = match self.aim(seen, seen.at) {
            Ok(Some(aim)) => aim,
            Ok(None) => return Decision::done("the plan leaves canned responses alone"),
            Err(finding) => return Decision::blocked(*finding),
        };
        let changes = Changes::of(responses, &aim);
        match changes.change.calls.is_empty() {
            true => Decision::done(nothing(&stays(changes.left))),
            false => Decision::Change(changes.change),
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        look(cx).await?;
        cx.listing.templates(cx).await?;
        cx.as_reviewed(self)?;
        let (ids, aim) = {
            let seen = cx.seen();
            let found = self.aim(&seen, cx.clock.now());
            let found = found.map_err(|finding| StepError::Blocked(vec![*finding]))?;
            let (responses, aim) = found.unwrap_or_default();
            let differing = responses.iter().filter(|one| aim.change(one).is_some());
            let ids: Vec<_> = differing.map(|one| one.id.clone()).collect();
            (ids, aim)
        };
        let change = |response: &Response| aim.change(response);
        let came = rewrite(cx, &self.address(), &ids, &change).await?;
        let findings = came.findings(&self.address());
        if !findings.is_empty() {
            return Err(StepError::Failed(findings));
        }
        Ok(self.outcome(cx, &aim, came.written))
    }
}

impl GenesysResponses {
    /// Everything that could be changed is as it is to be.
    fn outcome(&self, cx: &Context<'_>, aim: &Aim, written: usize) -> Outcome {
        let seen = cx.seen();
        let organization = seen.organization.as_ref();
        let responses = organization.and_then(|one| one.responses.present());
        let wanted: Vec<_> = responses
            .into_iter()
            .flatten()
            .filter_map(|response| aim.wanted(response))
            .collect();
        let waiting = wanted.iter().filter(|one| one.waits()).count();
        let left = wanted
            .iter()
            .filter(|one| one.namespace == Namespace::Never);
        let left = stays(left.count());
        if waiting > 0 {
            return Outcome::Parked {
                reason: format!(
                    "{} for a template or an integration that is not there yet",
                    match waiting {
                        1 => "1 canned response waits".to_owned(),
                        more => format!("{more} canned responses wait"),
                    }
                ),
                next: "run apply again when it is there".into(),
            };
        }
        match written {
            0 => Outcome::Already(nothing(&left)),
            more => Outcome::Done(format!("{} changed{left}", count(more, "canned response"))),
        }
    }
}
