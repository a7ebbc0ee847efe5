//! Steps with something to do: not applied so far, or applied once and no longer so.
//!
//! A step that the journal shows as done has drifted where what the plan wants was so once. Where
//! the plan was edited since, or the source has got something new, it is pending.

use serde_json::Value;

use super::{
    Class, Difference,
    service::{self, mends_category},
};
use crate::{
    changeset::{ChangeEntry, ChangeSet},
    field::FieldChange,
    finding::{Finding, Verdict},
    ids::{AccountStep, Address, NumberStep, TemplateKey},
    plan::Plan,
    resource::{
        Observed, Why,
        phone_number::{Platform, Status, Verification},
    },
    snapshot::{Account, Snapshot},
    step::definition_changes,
};

/// What the steps come to.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) differences: Vec<Difference>,
    /// Steps of which nobody can know whether they are done.
    pub(super) unread: Vec<String>,
    /// Whether one of them is so although only the target is to be looked at.
    pub(super) is_blind: bool,
}

/// Says what is left of every step, and which of them could not be compared.
pub(super) fn compare(
    plan: &Plan,
    changes: &ChangeSet,
    seen: &Snapshot,
    service: &[Difference],
) -> Compared {
    let mut compared = Compared::default();
    for change in changes.to_do() {
        let step = Step {
            address: Address::read(&change.address),
            change,
            plan,
            seen,
        };
        if step.is_told_by(service, changes) {
            continue;
        }
        if step.is_unread(changes) {
            let unread = format!("{}: {}", change.address, change.reason);
            compared.unread.push(unread);
            compared.is_blind |= !step.misses_the_source();
        } else {
            compared.differences.extend(step.differences());
        }
    }
    compared
}

/// Whether a field is the flow that a button opens.
pub(super) fn is_flow(path: &str) -> bool {
    path.ends_with(".flow_id")
}

/// Whether a finding of the wait for approval is about the template that Meta changed.
fn is_about(finding: &Finding, service: &Difference) -> bool {
    let key = service.address.strip_prefix("template[\"");
    let key = key.and_then(|key| key.strip_suffix("\"]"));
    key.is_some_and(|key| {
        let begins = format!("required template {key} is ");
        finding.message.starts_with(&begins)
    })
}

/// A step with something to do.
struct Step<'a> {
    address: Address,
    change: &'a ChangeEntry,
    plan: &'a Plan,
    seen: &'a Snapshot,
}

impl Step<'_> {
    fn was_done(&self) -> bool {
        self.seen.history.done.contains(&self.address)
    }

    /// Whether it is open for no other reason than what Meta changed.
    fn is_told_by(&self, service: &[Difference], changes: &ChangeSet) -> bool {
        let change = self.change;
        match change.kind {
            "live" => self.address.phone().is_some_and(|phone| {
                let number = format!("number[\"{phone}\"]");
                service.iter().any(|one| {
                    one.address == number && one.fields.iter().any(|field| field.path == "status")
                })
            }),
            "templates_approved" if change.blocked => {
                let approved = Address::account(AccountStep::TemplatesApproved);
                let stuck = changes.findings.iter();
                let mut stuck = stuck
                    .filter(|finding| finding.subject == approved.as_str())
                    .peekable();
                stuck.peek().is_some()
                    && stuck.all(|finding| service.iter().any(|one| is_about(finding, one)))
            }
            // Those it waits for were edited, are missing, or are reviewed again: all told by name.
            "templates_approved" => self.was_done(),
            "template_define" => self.fields().is_some_and(|fields| fields.is_empty()),
            _ => false,
        }
    }

    /// Whether nobody can know if there is anything to do.
    fn is_unread(&self, changes: &ChangeSet) -> bool {
        let says = |message: &str| {
            let reason = self.change.reason.strip_prefix("blocked: ");
            reason.is_some_and(|reason| reason.starts_with(message))
        };
        let mut findings = changes.findings.iter();
        let first = findings.find(|finding| says(&finding.message));
        self.change.blocked && first.is_some_and(|finding| finding.verdict == Verdict::Unknown)
    }

    /// Whether it is the source alone that cannot be read. What the target says would not be known
    /// any better.
    fn misses_the_source(&self) -> bool {
        let says = |why: &Why| self.change.reason.contains(&why.reason);
        let lists = |account: &Account| {
            let lists = [
                account.numbers.unknown(),
                account.templates.unknown(),
                account.flows.unknown(),
            ];
            lists.into_iter().flatten().any(says)
        };
        let seen = self.seen;
        let mut profiles = seen.profiles.values().filter_map(Observed::unknown);
        let on_target = lists(&seen.target)
            || seen.subscriptions.unknown().is_some_and(says)
            || profiles.any(says);
        lists(&seen.source) && !on_target
    }

    fn differences(&self) -> Vec<Difference> {
        let fields = self.fields().unwrap_or_default();
        if !self.was_done() || !self.is_state(&fields) {
            return vec![self.difference(Class::Pending, fields)];
        }
        if fields.is_empty() {
            return vec![self.difference(Class::Drift, self.observed())];
        }
        let (drifted, pending): (Vec<_>, Vec<_>) =
            fields.into_iter().partition(|field| self.was_so(field));
        [(Class::Drift, drifted), (Class::Pending, pending)]
            .into_iter()
            .filter(|(_, fields)| !fields.is_empty())
            .map(|(class, fields)| self.difference(class, fields))
            .collect()
    }

    fn difference(&self, class: Class, fields: Vec<FieldChange>) -> Difference {
        Difference::new(class, &self.change.address, &self.change.reason).with(fields)
    }

    /// What would change. `None`: nothing is known field by field.
    fn fields(&self) -> Option<Vec<FieldChange>> {
        let fields = self.change.fields.iter();
        match self.change.kind {
            "template_define" => self.defined(),
            "templates_repoint" => Some(
                fields
                    .filter(|field| is_flow(&field.path))
                    .cloned()
                    .collect(),
            ),
            _ => Some(fields.cloned().collect()),
        }
    }

    /// A category that Meta changed and that no edit can mend is Meta's.
    fn defined(&self) -> Option<Vec<FieldChange>> {
        let (key, _) = self.address.template_step()?;
        let definition = self.plan.templates.definition(&key)?;
        let Some(there) = self.seen.target.template(&key) else {
            return Some(self.change.fields.clone());
        };
        let mut fields = definition_changes(definition, there, self.seen)?;
        if !mends_category(self.change) && service::is_metas_category(definition, there, self.seen)
        {
            fields.retain(|field| field.path != "category");
        }
        Some(fields)
    }

    /// Whether what is to do would bring back a state: a code that was asked for once, or a person's
    /// click, is none.
    fn is_state(&self, fields: &[FieldChange]) -> bool {
        match self.change.kind {
            "request_code" | "signup" | "solution_intent" | "solution_accepted" => false,
            "two_step_off" => self.is_two_step_on(),
            // Copies that are still to come may open the wrong flow.
            "templates_repoint" => !fields.is_empty(),
            _ => true,
        }
    }

    fn is_two_step_on(&self) -> bool {
        let phone = self.address.phone();
        let number = phone.and_then(|phone| self.seen.source.known(&phone));
        number.is_some_and(|number| number.is_pin_enabled == Some(true))
    }

    /// Whether what the plan wants of this field was so once.
    fn was_so(&self, field: &FieldChange) -> bool {
        let history = &self.seen.history;
        let key = || field.path.parse::<TemplateKey>().ok();
        match self.change.kind {
            "templates_copy" | "templates_recreate" => {
                key().is_some_and(|key| history.templates.is_proven(&key))
            }
            "templates_prune" => !key().is_some_and(|key| history.templates.is_proven(&key)),
            "flows_copy" => history.flows.copied().contains(&field.path),
            "profile" | "template_define" => self.was_wanted(field),
            "target_subscription" => field.path == "app" || self.was_wanted(field),
            _ => true,
        }
    }

    fn was_wanted(&self, field: &FieldChange) -> bool {
        let proofs = &self.seen.history.proofs;
        proofs.is_done_under(&self.address, &self.plan.digest)
            || proofs.has_taken(&self.address, &field.after)
    }

    /// What shows that a step without fields of its own is no longer done.
    fn observed(&self) -> Vec<FieldChange> {
        let Some((phone, step)) = self.address.number_step() else {
            return Vec::new();
        };
        let number = self.seen.target.known(&phone);
        let (platform, connected) = (Platform::CloudApi, Status::Connected);
        let verified = Verification::Verified;
        let (path, before, after): (_, Option<&str>, Value) = match step {
            NumberStep::TwoStepOff => {
                return vec![FieldChange::new("is_pin_enabled", true, false)];
            }
            NumberStep::Register => (
                "platform_type",
                number.and_then(|number| number.platform_type.as_ref().map(Platform::as_str)),
                platform.as_str().into(),
            ),
            NumberStep::Live => (
                "status",
                number.and_then(|number| number.status.as_ref().map(Status::as_str)),
                connected.as_str().into(),
            ),
            NumberStep::Verify => (
                "code_verification_status",
                number.and_then(|number| {
                    number
                        .code_verification_status
                        .as_ref()
                        .map(Verification::as_str)
                }),
                verified.as_str().into(),
            ),
            NumberStep::Add
            | NumberStep::Signup
            | NumberStep::RequestCode
            | NumberStep::GenesysRelease
            | NumberStep::GenesysAttach
            | NumberStep::GenesysReleaseUndo
            | NumberStep::Profile
            | NumberStep::ProfileUndo
            | NumberStep::Undo => {
                return Vec::new();
            }
        };
        vec![FieldChange::new(path, before, after)]
    }
}
