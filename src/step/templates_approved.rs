//! Waits until every required template is APPROVED on the target.
//!
//! This is what keeps a number from moving into an account where it cannot write to anyone. Sends
//! nothing. Once every number of the plan is live the wait has done its work; what a review decides
//! later is for `diff` to tell.

use std::collections::BTreeMap;

use super::{Action, Change, Context, Decision, Outcome, StepError, StepKind};
use crate::{
    finding::{Finding, Severity, Who},
    ids::{AccountStep, Address, TemplateKey, WabaId},
    phone::Phone,
    plan::{Glob, Plan},
    resource::{
        Observed,
        template::{Status, Template},
    },
    snapshot::{Snapshot, target_templates},
};

/// Waits for the review of required templates.
#[derive(Clone, Debug)]
pub struct TemplatesApproved {
    target: WabaId,
    copy: Vec<Glob>,
    required: Option<Vec<Glob>>,
    phones: Vec<Phone>,
}

/// Where the required templates stand on the target.
#[derive(Debug, Default)]
struct Standing {
    approved: usize,
    waiting: Vec<String>,
    stuck: Vec<Finding>,
}

impl TemplatesApproved {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            target: plan.target.waba.clone(),
            copy: plan.templates.copy.clone(),
            required: plan.templates.required.clone(),
            phones: plan
                .numbers
                .iter()
                .map(|number| number.phone.clone())
                .collect(),
        }
    }

    /// Without `required`, all that Meta's copy takes is required; with it, all that it matches
    /// among the templates that are copied, and every template that it names outright.
    fn is_required(&self, template: &Template, refused: &BTreeMap<String, String>) -> bool {
        let copied = self.copy.iter().any(|glob| glob.matches(&template.name));
        match &self.required {
            Some(required) => {
                let mut matching = required.iter().filter(|glob| glob.matches(&template.name));
                if copied {
                    matching.next().is_some()
                } else {
                    matching.any(Glob::is_name)
                }
            }
            None => {
                copied
                    && template.not_copyable().is_none()
                    && !refused.contains_key(&template.key().to_string())
            }
        }
    }

    fn standing(&self, seen: &Snapshot, target: &BTreeMap<TemplateKey, Template>) -> Standing {
        let refused = seen.refused_copies();
        let empty = BTreeMap::new();
        let source = seen.source.templates.present().unwrap_or(&empty);
        let mut required: BTreeMap<TemplateKey, Option<&Template>> = BTreeMap::new();
        for (key, template) in source {
            if self.is_required(template, &refused) {
                required.insert(key.clone(), None);
            }
        }
        let named = self.required.as_deref().unwrap_or_default();
        for (key, template) in target {
            if required.contains_key(key) || named.iter().any(|glob| glob.matches(&template.name)) {
                required.insert(key.clone(), Some(template));
            }
        }
        let mut standing = Standing::default();
        for (key, on_target) in &required {
            match on_target {
                Some(template) => self.judge(key, template, &mut standing),
                None => self.judge_missing(key, &source[key], &refused, &mut standing),
            }
        }
        for glob in named
            .iter()
            .filter(|glob| glob.is_name() && !required.keys().any(|key| glob.matches(&key.name)))
        {
            standing.stuck.push(self.nowhere(glob));
        }
        standing
    }

    fn judge(&self, key: &TemplateKey, template: &Template, standing: &mut Standing) {
        match &template.status {
            Some(Status::Approved) => standing.approved += 1,
            Some(Status::Pending | Status::InAppeal) => standing.waiting.push(key.to_string()),
            status => {
                let status = status.as_ref().map_or("unknown", Status::as_str);
                let message = format!("required template {key} is {status} on the target");
                let mut finding = Finding::fail("template-not-approved", self.address(), message)
                    .observed(status)
                    .ask(Who::Us, "edit it until the review approves it, or take it out of templates.required")
                    .proof("GET /{WABA}/message_templates: status is APPROVED");
                if let Some(reason) = &template.rejected_reason {
                    finding = finding.observed(format!("{status}, {reason}"));
                }
                standing.stuck.push(finding);
            }
        }
    }

    /// A required template that is not on the target waits for its copy, when there will be one.
    fn judge_missing(
        &self,
        key: &TemplateKey,
        source: &Template,
        refused: &BTreeMap<String, String>,
        standing: &mut Standing,
    ) {
        let copied = self.copy.iter().any(|glob| glob.matches(&source.name));
        let why = match (copied, source.not_copyable(), refused.get(&key.to_string())) {
            (true, None, None) => {
                standing.waiting.push(key.to_string());
                return;
            }
            (false, _, _) => "templates.copy does not name it".to_owned(),
            (true, Some(reason), _) => reason,
            (true, None, Some(reason)) => format!("Meta refused to copy it: {reason}"),
        };
        let message = format!("required template {key} will not come to the target: {why}");
        standing.stuck.push(
            Finding::fail("template-not-coming", self.address(), message)
                .ask(
                    Who::Us,
                    "create it on the target by hand, or take it out of templates.required",
                )
                .proof("GET /{WABA}/message_templates: it is listed as APPROVED"),
        );
    }

    fn nowhere(&self, glob: &Glob) -> Finding {
        let message = format!(
            "templates.required names `{}`, which is on neither account",
            glob.as_str()
        );
        Finding::fail("template-required-missing", self.address(), message)
            .ask(
                Who::Us,
                "correct the name, or create the template on the target",
            )
            .proof("GET /{WABA}/message_templates: it is listed as APPROVED")
    }

    /// Returns what speaks against moving a number now, given what was just seen.
    pub(super) fn objections(&self, seen: &Snapshot) -> Vec<Finding> {
        match self.decide(seen) {
            Decision::Done(_) => Vec::new(),
            Decision::Blocked(findings) => findings,
            Decision::Change(change) => {
                let message = format!("required templates: {}", change.reason);
                vec![
                    Finding::fail("template-not-approved", self.address(), message)
                        .ask(Who::Meta, "wait for the review, then run apply again"),
                ]
            }
        }
    }

    /// Returns whether there is anything to look at.
    pub(super) fn is_needed(&self) -> bool {
        self.required.is_some() || !self.copy.is_empty()
    }

    fn all_live(&self, seen: &Snapshot) -> bool {
        !self.phones.is_empty() && self.phones.iter().all(|phone| seen.target.is_live(phone))
    }

    fn unreadable(&self, message: String) -> Finding {
        let (rule, severity) = ("templates-unreadable", Severity::Error);
        Finding::unknown(rule, severity, self.address(), message)
            .ask(
                Who::Us,
                "name a token that reaches the account, or require nothing (templates.required: [])",
            )
            .proof("GET /{WABA}/message_templates answers")
    }
}

impl StepKind for TemplatesApproved {
    fn address(&self) -> Address {
        Address::account(AccountStep::TemplatesApproved)
    }

    fn describe(&self) -> String {
        "Wait until every required template is APPROVED on the target".into()
    }

    fn needs(&self) -> Vec<Address> {
        vec![Address::account(AccountStep::TemplatesCopy)]
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if !self.is_needed() {
            return Decision::done("the plan requires no templates");
        }
        if self.all_live(seen) {
            return Decision::done("every number is live");
        }
        let target = match &seen.target.templates {
            Observed::Present(templates) => templates,
            Observed::Absent => &BTreeMap::new(),
            Observed::Unknown(why) => {
                let message = format!("the target's templates cannot be read: {why}");
                return Decision::blocked(self.unreadable(message));
            }
        };
        if let (false, Observed::Unknown(why)) = (self.copy.is_empty(), &seen.source.templates) {
            let message = format!("which templates are required cannot be known: {why}");
            return Decision::blocked(self.unreadable(message));
        }
        let standing = self.standing(seen, target);
        if !standing.stuck.is_empty() {
            return Decision::Blocked(standing.stuck);
        }
        if standing.waiting.is_empty() {
            return Decision::done(format!("{} required, all APPROVED", standing.approved));
        }
        let reason = format!(
            "{} of {} not yet APPROVED",
            standing.waiting.len(),
            standing.waiting.len() + standing.approved
        );
        Decision::Change(Change::new(Action::Wait, reason))
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let look = || async {
            let listed = target_templates(cx.target, &self.target).await.into();
            let mut seen = cx.seen();
            seen.target.templates = listed;
            match self.decide(&seen) {
                Decision::Done(reason) => Ok(Some(reason)),
                Decision::Change(_) => Ok(None),
                Decision::Blocked(findings) => Err(StepError::Blocked(findings)),
            }
        };
        match cx
            .poll(
                &self.address(),
                "the review of templates",
                cx.options.wait,
                look,
            )
            .await?
        {
            Some(reason) => Ok(Outcome::Done(reason)),
            None => Ok(Outcome::Parked {
                reason: "Meta still reviews templates".into(),
                next: "run apply again later: a review takes minutes to a day".into(),
            }),
        }
    }
}
