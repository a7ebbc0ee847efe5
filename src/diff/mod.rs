//! What differs between plan and world, by cause.
//!
//! * `pending`: the plan was not applied so far.
//! * `drift`: it was so once (the journal proves it), and is no longer.
//! * `service`: Meta changed it: quality, category, status.
//! * `orphan`: an earlier run made it, and the plan no longer names it.
//!
//! Without a journal nothing can be told to have been done, so what would be drift shows as
//! pending, and orphans cannot be seen. What could not be read is no difference: it is named apart.
//! What the plan ignores is listed with its rule.

mod ignore;
mod orphans;
mod service;
mod steps;

use schemars::JsonSchema;
use serde::Serialize;
use steps::Compared;

use crate::{
    changeset::ChangeSet,
    field::FieldChange,
    inventory::Fate,
    plan::Plan,
    resource::Observed,
    snapshot::{Account, Snapshot},
};

/// Why something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Not applied so far.
    Pending,
    /// Was so, is no longer.
    Drift,
    /// Meta changed it.
    Service,
    /// Made by an earlier run, no longer in the plan.
    Orphan,
    /// Differs, and a rule of the plan says to ignore it.
    Ignored,
}

impl Class {
    /// Every class, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Drift,
        Self::Service,
        Self::Orphan,
        Self::Ignored,
    ];

    /// Returns whether a check fails on it when nothing else is asked for.
    pub fn fails(self) -> bool {
        matches!(self, Self::Pending | Self::Drift)
    }

    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Drift => "drift",
            Self::Service => "service",
            Self::Orphan => "orphan",
            Self::Ignored => "ignored",
        }
    }
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// Why.
    pub class: Class,
    /// What: a step's address, or `number["+49…"]`, `template["NAME/LANG"]`, `flow["NAME"]`.
    pub address: String,
    /// In words.
    pub message: String,
    /// Field by field.
    pub fields: Vec<FieldChange>,
    /// The pattern of the plan's `ignore` that hides it. Only what is ignored has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

impl Difference {
    fn new(class: Class, address: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            class,
            address: address.into(),
            message: message.into(),
            fields: Vec::new(),
            rule: None,
        }
    }

    fn with(mut self, fields: Vec<FieldChange>) -> Self {
        self.fields = fields;
        self
    }
}

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// What differs, by class and address; what is ignored comes last.
    pub differences: Vec<Difference>,
    /// Patterns of the plan's `ignore` that matched nothing.
    pub unused: Vec<String>,
    /// What could not be compared, and why.
    pub unread: Vec<String>,
    /// Whether a part of the target that the plan is about could not be compared: then it cannot be
    /// said that nothing differs.
    pub is_blind: bool,
    /// Whether a journal of this plan is there.
    pub has_journal: bool,
    /// Templates of the target that say something else than the source's, and are not known to be
    /// copies of it.
    pub different: usize,
}

impl Comparison {
    /// Returns the differences of one class.
    pub fn of(&self, class: Class) -> impl Iterator<Item = &Difference> {
        let differences = self.differences.iter();
        differences.filter(move |difference| difference.class == class)
    }

    /// Returns whether nothing differs but what the plan ignores.
    pub fn is_clean(&self) -> bool {
        let mut differences = self.differences.iter();
        differences.all(|difference| difference.class == Class::Ignored)
    }

    /// Returns whether there is something of one of these classes.
    pub fn has(&self, classes: &[Class]) -> bool {
        let mut differences = self.differences.iter();
        differences.any(|difference| classes.contains(&difference.class))
    }

    /// Returns whether it has to be said that no journal is here: what is pending may be drift, and
    /// what is there and different may have been copied once and edited since.
    pub fn lacks_journal(&self) -> bool {
        !self.has_journal && (self.different > 0 || self.has(&[Class::Pending]))
    }
}

/// Compares. Pure.
pub fn diff(plan: &Plan, changes: &ChangeSet, seen: &Snapshot) -> Comparison {
    let mut service = service::numbers(plan, seen);
    service.extend(service::templates(plan, changes, seen));
    service.extend(service::flows(seen));
    let Compared {
        mut differences,
        mut unread,
        is_blind,
    } = steps::compare(plan, changes, seen, &service);
    differences.extend(copies(changes));
    differences.extend(orphans::orphans(plan, changes, seen));
    differences.extend(service);
    unread.extend(unread_lists(seen));
    let (mut differences, unused) = ignore::apply(&plan.ignore, differences);
    differences.sort_by(|one, two| {
        let key = |of: &Difference| (of.class, of.rule.clone(), of.address.clone());
        key(one).cmp(&key(two))
    });
    Comparison {
        differences,
        unused,
        unread,
        is_blind,
        has_journal: !seen.history.is_empty(),
        different: changes
            .templates
            .as_ref()
            .map_or(0, |all| all.count(Fate::Different)),
    }
}

/// Copies that no longer say what the source's templates say: somebody has edited one of the two.
/// What was on the target before is the target's business. The flows that buttons open are pointed
/// to the target's by a step of their own.
fn copies(changes: &ChangeSet) -> impl Iterator<Item = Difference> {
    let items = changes.templates.iter().flat_map(|all| &all.templates);
    let ours = items.filter(|item| matches!(item.fate, Fate::Copied | Fate::Recreated));
    let mut to_do = changes.to_do();
    let repoints = to_do.any(|change| change.kind == "templates_repoint");
    ours.filter_map(move |item| {
        let counts = |change: &&FieldChange| {
            change.path != "category" && !(repoints && steps::is_flow(&change.path))
        };
        let fields: Vec<_> = item.changes.iter().filter(counts).cloned().collect();
        let message = "it no longer says what the source's template says";
        let address = format!("template[\"{}\"]", item.key());
        (!fields.is_empty()).then(|| Difference::new(Class::Drift, address, message).with(fields))
    })
}

/// The lists that could not be read, each with the reason.
fn unread_lists(seen: &Snapshot) -> Vec<String> {
    let mut unread = Vec::new();
    for (whose, account) in [("source", &seen.source), ("target", &seen.target)] {
        let Account {
            waba: _,
            details: _,
            numbers,
            templates,
            flows,
            leaving: _,
        } = account;
        let lists = [
            ("numbers", numbers.unknown()),
            ("templates", templates.unknown()),
            ("flows", flows.unknown()),
        ];
        let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, why) in lists {
            let Some(why) = why else { continue };
            match by_reason.iter_mut().find(|(known, _)| *known == why.reason) {
                Some((_, names)) => names.push(name),
                None => by_reason.push((&why.reason, vec![name])),
            }
        }
        for (reason, names) in by_reason {
            unread.push(format!("the {whose}'s {}: {reason}", names.join(", ")));
        }
    }
    if let Observed::Unknown(why) = &seen.subscriptions {
        unread.push(format!("the target's subscriptions: {why}"));
    }
    unread
}
