//! Waits until every required template is APPROVED on the target.
//!
//! This is what keeps a number from moving into an account where it cannot write to anyone. Sends
//! nothing. Once every number of the plan is live the wait has done its work; what a review decides
//! later is for `diff` to tell.

use std::collections::BTreeMap;

use super::{
    Action, Change, Context, Decision, Outcome, StepError, StepKind,
    template_define::{differs_but_for_category, is_required},
    those,
    words::unreadable_templates,
};
use crate::{
    finding::{Finding, Who},
    ids::{AccountStep, Address, TemplateKey, TemplateStep},
    inventory::{Fate, Inventory, Item, NOT_SELECTED, wanted_category},
    journal::history::PENDING_SINCE,
    phone::Phone,
    plan::{Definition, Glob, Plan, Templates},
    resource::{
        Observed,
        template::{Status, Template},
    },
    snapshot::Snapshot,
};

/// Templates that are named while they are waited for; the rest is only counted.
const NAMED: usize = 5;

/// Waits for the review of required templates.
#[derive(Clone, Debug)]
pub struct TemplatesApproved {
    templates: Templates,
    phones: Vec<Phone>,
    needs: Vec<Address>,
}

/// Where the required templates stand on the target.
#[derive(Debug, Default)]
struct Standing {
    approved: usize,
    waiting: Vec<TemplateKey>,
    stuck: Vec<Finding>,
}

/// A template that is required, with what is known of it.
#[derive(Default)]
struct Required<'a> {
    /// What becomes of it, where the source has it.
    item: Option<&'a Item>,
    /// The file that defines it.
    definition: Option<&'a Definition>,
    source: Option<&'a Template>,
    target: Option<&'a Template>,
}

impl TemplatesApproved {
    pub(super) fn of(plan: &Plan) -> Self {
        let defined = plan.templates.definitions.iter();
        let defined = defined.filter(|definition| is_required(plan, definition));
        let defined =
            defined.map(|definition| Address::template(&definition.key, TemplateStep::Define));
        let copied = [
            AccountStep::TemplatesCopy,
            AccountStep::TemplatesRepoint,
            AccountStep::TemplatesRecreate,
        ];
        Self {
            needs: those(plan, copied).into_iter().chain(defined).collect(),
            templates: plan.templates.clone(),
            phones: plan
                .numbers
                .iter()
                .map(|number| number.phone.clone())
                .collect(),
        }
    }

    /// Without `required`, all that comes to the target by copy, by creation or from a file is
    /// required; with it, all that it matches on either account or among the files.
    fn is_required(&self, key: &TemplateKey, required: &Required<'_>) -> bool {
        let is_defined = required.definition.is_some();
        match &self.templates.required {
            Some(globs) => globs.iter().any(|glob| glob.matches(&key.name)),
            None => {
                let comes = |item: &Item| match item.fate {
                    Fate::Skipped => false,
                    // Refused before it came: it is told, and nobody waits for it.
                    Fate::Failed => item.target_id.is_some(),
                    _ => true,
                };
                is_defined || required.item.is_some_and(comes)
            }
        }
    }

    fn standing(&self, seen: &Snapshot, target: &BTreeMap<TemplateKey, Template>) -> Standing {
        let inventory = Inventory::of(&self.templates, seen, seen.at).unwrap_or_default();
        let mut all: BTreeMap<TemplateKey, Required<'_>> = BTreeMap::new();
        for item in &inventory.templates {
            let key = item.key();
            let source = seen.source.template(&key);
            let required = Required {
                item: Some(item),
                source,
                ..Required::default()
            };
            all.insert(key, required);
        }
        for definition in &self.templates.definitions {
            all.entry(definition.key.clone()).or_default().definition = Some(definition);
        }
        for (key, template) in target {
            all.entry(key.clone()).or_default().target = Some(template);
        }
        if inventory.templates.is_empty() && self.templates.required.is_some() {
            for (key, template) in seen.source.templates.present().into_iter().flatten() {
                all.entry(key.clone()).or_default().source = Some(template);
            }
        }
        all.retain(|key, required| self.is_required(key, required));
        let mut standing = Standing::default();
        for (key, required) in &all {
            match required.target {
                Some(template) => self.judge(key, template, required, seen, &mut standing),
                None => self.judge_missing(key, required, &mut standing),
            }
        }
        let named = self.templates.required.as_deref().unwrap_or_default();
        for glob in named
            .iter()
            .filter(|glob| glob.is_name() && !all.keys().any(|key| glob.matches(&key.name)))
        {
            standing.stuck.push(self.nowhere(glob));
        }
        standing
    }

    fn judge(
        &self,
        key: &TemplateKey,
        template: &Template,
        required: &Required<'_>,
        seen: &Snapshot,
        standing: &mut Standing,
    ) {
        // What a file says otherwise is edited first, and reviewed again.
        if required
            .definition
            .is_some_and(|definition| differs_but_for_category(definition, template, seen))
        {
            standing.waiting.push(key.clone());
            return;
        }
        match &template.status {
            Some(Status::Approved) => match self.changed_category(key, template, required, seen) {
                Some(finding) => standing.stuck.push(finding),
                None => standing.approved += 1,
            },
            Some(Status::Pending | Status::InAppeal) => standing.waiting.push(key.clone()),
            _ => standing
                .stuck
                .push(self.not_approved(key, template, required)),
        }
    }

    fn not_approved(
        &self,
        key: &TemplateKey,
        template: &Template,
        required: &Required<'_>,
    ) -> Finding {
        let status = template.status_word();
        let reason = template.rejected_reason.as_deref();
        let why = reason
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        let message = format!("required template {key} is {status} on the target{why}");
        let hint = match required.definition {
            Some(definition) => {
                format!("edit {} until the review approves it, then run apply again", definition.file)
            }
            None => "edit it on the target or define it in a file (templates.files) until the review approves it, or take it out of templates.required".into(),
        };
        let finding = Finding::fail("template-not-approved", self.address(), message)
            .observed(
                reason.map_or_else(|| status.to_owned(), |reason| format!("{status}, {reason}")),
            )
            .ask(Who::Us, hint)
            .proof("GET /{WABA}/message_templates: status is APPROVED");
        match required.definition {
            Some(definition) => finding.at(definition.span.clone()),
            None => finding,
        }
    }

    /// A template that Meta put into another category costs something else and may be stopped where
    /// the old one was not. One that the target had before, with a category of its own, is the
    /// target's business.
    fn changed_category(
        &self,
        key: &TemplateKey,
        template: &Template,
        required: &Required<'_>,
        seen: &Snapshot,
    ) -> Option<Finding> {
        let history = &seen.history.templates;
        let made = history.made(key);
        let wanted = match (required.definition, required.source) {
            (Some(definition), _) => definition.category.as_str(),
            (None, Some(source)) => wanted_category(source, made)?,
            (None, None) => return None,
        };
        let is = template.category.as_deref()?;
        let asked = required
            .source
            .is_some_and(|source| history.asked(&source.id).is_some());
        let is_ours = required.definition.is_some() || made || asked;
        if is == wanted || !(is_ours || template.previous_category.is_some()) {
            return None;
        }
        let message = format!(
            "required template {key} is {is} on the target, and should be {wanted}: Meta changed its category"
        );
        let finding = Finding::fail("template-category-changed", self.address(), message)
            .observed(format!("category: {is}"))
            .ask(
                Who::Us,
                format!("accept it with a file that says category: {is} (templates.files), change what it says, or take it out of templates.required"),
            )
            .proof(format!("GET /{{WABA}}/message_templates: category is {wanted}"));
        Some(match required.definition {
            Some(definition) => finding.at(definition.span.clone()),
            None => finding,
        })
    }

    /// A required template that is not on the target waits, when it will come.
    fn judge_missing(&self, key: &TemplateKey, required: &Required<'_>, standing: &mut Standing) {
        if required.definition.is_some() {
            standing.waiting.push(key.clone());
            return;
        }
        let (why, instead) = match required.item {
            Some(Item {
                fate: Fate::Copy | Fate::Coming | Fate::Recreate,
                ..
            }) => {
                standing.waiting.push(key.clone());
                return;
            }
            Some(item) => (item.reason.as_deref(), item.instead.as_deref()),
            None => (None, None),
        };
        let why = why.unwrap_or(NOT_SELECTED);
        let message = format!("required template {key} will not come to the target: {why}");
        let instead =
            instead.map(|instead| format!("{instead}; or take it out of templates.required"));
        standing.stuck.push(
            Finding::fail("template-not-coming", self.address(), message)
                .ask(
                    Who::Us,
                    instead.unwrap_or_else(|| {
                        "create it on the target by hand, or take it out of templates.required"
                            .into()
                    }),
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

    /// A list that was begun before a template came to be may have pushed it out of what was known:
    /// then it is listed again without content, and nobody can tell whether it says what its file says.
    fn is_any_unread(&self, seen: &Snapshot) -> bool {
        let mut defined = self.templates.definitions.iter();
        defined.any(|definition| {
            let there = seen.target.template(&definition.key);
            there.is_some_and(|template| template.content.is_none())
        })
    }

    /// Remembers since when templates are waited for: the API does not tell.
    fn keep_pending(&self, cx: &Context<'_>) -> Result<(), StepError> {
        let (known, waiting) = {
            let seen = cx.seen();
            let waiting = seen
                .target
                .templates
                .present()
                .map(|target| self.standing(&seen, target).waiting);
            (seen.pending_since(), waiting.unwrap_or_default())
        };
        let now = cx.clock.now();
        let since = waiting.iter().map(|key| {
            let key = key.to_string();
            let since = known.get(&key).copied().unwrap_or(now);
            (key, since)
        });
        let since: BTreeMap<_, _> = since.collect();
        if since == known {
            return Ok(());
        }
        cx.keep(&self.address(), PENDING_SINCE, serde_json::json!(since))
    }

    /// Names some of what is waited for, and since when.
    fn waiting_for(&self, seen: &Snapshot) -> String {
        let pending = seen.pending_since();
        let named: Vec<_> = pending
            .iter()
            .take(NAMED)
            .map(|(key, since)| format!("{key} since {}", since.strftime("%Y-%m-%d %H:%M UTC")))
            .collect();
        let more = match pending.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        format!("Meta still reviews templates: {}{more}", named.join(", "))
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
        let Templates {
            copy,
            required,
            definitions,
            ..
        } = &self.templates;
        required.is_some() || !copy.is_empty() || !definitions.is_empty()
    }

    fn all_live(&self, seen: &Snapshot) -> bool {
        !self.phones.is_empty() && self.phones.iter().all(|phone| seen.target.is_live(phone))
    }

    fn unreadable(&self, message: String) -> Finding {
        let or = "require nothing (templates.required: [])";
        unreadable_templates(self.address(), message, or)
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
        self.needs.clone()
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
        if let (false, Observed::Unknown(why)) =
            (self.templates.copy.is_empty(), &seen.source.templates)
        {
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
            cx.listing.templates(cx).await?;
            if self.is_any_unread(&cx.seen()) {
                cx.listing.contents(cx).await?;
            }
            self.keep_pending(cx)?;
            let seen = cx.seen();
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
                reason: self.waiting_for(&cx.seen()),
                next: "run apply again later: a review takes minutes to a day".into(),
            }),
        }
    }
}
