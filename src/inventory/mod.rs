//! An account of every template of the source: what becomes of it, and why.
//!
//! Before a run it says what will be done, after it what was done; every template of the source has
//! exactly one [`Fate`], so the sums always add up to the source's list. Pure: decided from the plan
//! and a snapshot alone, with the journal's word on what this program did itself.

mod eligible;
pub mod flows;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    field::FieldChange,
    ids::{AccountStep, TemplateId, TemplateKey},
    journal::templates::Asked,
    plan::Templates,
    resource::{
        Observed,
        template::{Status, Template},
    },
    snapshot::Snapshot,
    template::{Content, FlowIds},
};

/// How long copies that Meta agreed to make may be on their way. Partners wait as long between two
/// calls; nothing official says it.
const SETTLE: SignedDuration = SignedDuration::from_mins(5);

/// Meta ends a copy call after this time, so a call that nobody saw the end of is over then.
/// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/template-migration>
pub const CALL_LIMIT: SignedDuration = SignedDuration::from_secs(30);

/// What becomes of a template of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Will be copied.
    Copy,
    /// Meta was asked to copy it; it has not appeared so far.
    Coming,
    /// Will be created anew from the source's content: Meta's copy does not take it.
    Recreate,
    /// A file of the plan defines it: see its own step.
    Defined,
    /// Was copied by this plan.
    Copied,
    /// Was created anew by this plan.
    Recreated,
    /// Was on the target already and says the same.
    Adopted,
    /// Was on the target already and says something else. It stays as it is.
    Different,
    /// Stays behind.
    Skipped,
    /// Should have come, and was refused.
    Failed,
}

impl Fate {
    /// Returns the fate in words that follow a number.
    pub fn words(self) -> &'static str {
        match self {
            Self::Copy => "to copy",
            Self::Coming => "being copied",
            Self::Recreate => "to re-create",
            Self::Defined => "defined by a file",
            Self::Copied => "copied",
            Self::Recreated => "re-created",
            Self::Adopted => "there and equal",
            Self::Different => "there and different",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// One template of the source, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// What becomes of it.
    pub fate: Fate,
    /// Why, where that needs a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a person can do instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
    /// What differs on the target: before is the target's, after is the source's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// Its id on the source.
    #[schemars(with = "String")]
    pub source_id: TemplateId,
    /// Its id on the target, once it is there.
    #[schemars(with = "Option<String>")]
    pub target_id: Option<TemplateId>,
    /// Where its review on the target stands, once it is there.
    pub status: Option<String>,
}

impl Item {
    /// Returns its key.
    pub fn key(&self) -> TemplateKey {
        TemplateKey::new(&*self.name, &self.language)
    }
}

/// The templates of the source, and what becomes of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Inventory {
    /// How many the source has, languages counted: the sum of all counts.
    pub total: usize,
    /// How many have which fate.
    #[schemars(with = "BTreeMap<String, usize>")]
    pub counts: BTreeMap<Fate, usize>,
    /// Each of them, by name and language.
    pub templates: Vec<Item>,
}

impl Inventory {
    /// Takes stock. `None`: one of the two lists could not be read, or the plan asks for no templates.
    pub fn of(plan: &Templates, seen: &Snapshot, now: Timestamp) -> Option<Self> {
        if plan.copy.is_empty() && plan.definitions.is_empty() {
            return None;
        }
        let source = listed(&seen.source.templates)?;
        let target = listed(&seen.target.templates)?;
        let stock = Stock::new(plan, seen, target, now);
        let templates: Vec<_> = source
            .iter()
            .map(|(key, template)| stock.item(key, template))
            .collect();
        let mut counts = BTreeMap::new();
        for item in &templates {
            *counts.entry(item.fate).or_default() += 1;
        }
        let total = templates.len();
        Some(Self {
            total,
            counts,
            templates,
        })
    }

    /// Returns the templates of one fate.
    pub fn with(&self, fate: Fate) -> impl Iterator<Item = &Item> {
        self.templates.iter().filter(move |item| item.fate == fate)
    }

    /// Returns how many have that fate.
    pub fn count(&self, fate: Fate) -> usize {
        self.counts.get(&fate).copied().unwrap_or_default()
    }
}

/// Returns whether a plan's `copy` selects a template.
pub fn is_selected(plan: &Templates, key: &TemplateKey) -> bool {
    plan.copy.iter().any(|glob| glob.matches(&key.name))
}

/// Says what the target's template would have to change to say the same as the source's. `None`:
/// one of them does not show what it says.
pub fn changes(source: &Template, target: &Template, flows: &FlowIds) -> Option<Vec<FieldChange>> {
    let (wanted, is) = (source.content.as_ref()?, target.content.as_ref()?);
    // A verbatim copy opens the source's flows: those are compared by name, never as they stand.
    if wanted == is && !wanted.has_flow() {
        return Some(Vec::new());
    }
    let (wanted, is) = (wanted.with_flows(flows), is.of_target(flows));
    let changes = is.changes_to(&wanted);
    Some(
        changes
            .map(|(path, before, after)| FieldChange::new(path, before, after))
            .collect(),
    )
}

fn listed(
    templates: &Observed<BTreeMap<TemplateKey, Template>>,
) -> Option<&BTreeMap<TemplateKey, Template>> {
    static NONE: BTreeMap<TemplateKey, Template> = BTreeMap::new();
    match templates {
        Observed::Present(templates) => Some(templates),
        Observed::Absent => Some(&NONE),
        Observed::Unknown(_) => None,
    }
}

/// What every decision rests on.
struct Stock<'a> {
    plan: &'a Templates,
    seen: &'a Snapshot,
    target: &'a BTreeMap<TemplateKey, Template>,
    flows: FlowIds,
    defined: BTreeSet<&'a TemplateKey>,
    refused_copies: BTreeMap<String, String>,
    refused_creations: BTreeMap<TemplateKey, &'a str>,
    is_same_business: bool,
    now: Timestamp,
}

/// A fate with its reason.
struct Verdict {
    fate: Fate,
    reason: Option<String>,
    instead: Option<String>,
}

impl From<Fate> for Verdict {
    fn from(fate: Fate) -> Self {
        Self {
            fate,
            reason: None,
            instead: None,
        }
    }
}

impl Verdict {
    fn because(fate: Fate, reason: impl Into<String>) -> Self {
        let reason = Some(reason.into());
        Self {
            fate,
            reason,
            instead: None,
        }
    }

    fn instead(mut self, instead: impl Into<String>) -> Self {
        self.instead = Some(instead.into());
        self
    }
}

impl<'a> Stock<'a> {
    fn new(
        plan: &'a Templates,
        seen: &'a Snapshot,
        target: &'a BTreeMap<TemplateKey, Template>,
        now: Timestamp,
    ) -> Self {
        Self {
            plan,
            seen,
            target,
            flows: seen.flow_ids(),
            defined: plan
                .definitions
                .iter()
                .map(|definition| &definition.key)
                .collect(),
            refused_copies: seen.refused(AccountStep::TemplatesCopy),
            refused_creations: seen.refused_creations(),
            is_same_business: seen.same_business() != Some(false),
            now,
        }
    }

    fn item(&self, key: &TemplateKey, source: &Template) -> Item {
        let target = self.target.get(key);
        let changes = target.map(|target| self.changes(key, source, target));
        let changes = changes.unwrap_or_default();
        let Verdict {
            fate,
            reason,
            instead,
        } = self.judge(key, source, &changes);
        let is_compared = !matches!(fate, Fate::Defined | Fate::Skipped);
        Item {
            name: key.name.clone(),
            language: key.language.clone(),
            fate,
            reason,
            instead,
            changes: if is_compared { changes } else { Vec::new() },
            source_id: source.id.clone(),
            target_id: target.map(|target| target.id.clone()),
            status: target.map(|target| target.status_word().to_owned()),
        }
    }

    fn changes(&self, key: &TemplateKey, source: &Template, target: &Template) -> Vec<FieldChange> {
        let mut changes = changes(source, target, &self.flows).unwrap_or_default();
        let made = self.seen.history.templates.made(key);
        let wanted = wanted_category(source, made);
        let is = target.category.as_deref();
        if wanted.is_some() && is.is_some() && wanted != is {
            changes.insert(0, FieldChange::new("category", is, wanted));
        }
        changes
    }

    fn judge(&self, key: &TemplateKey, source: &Template, changes: &[FieldChange]) -> Verdict {
        if self.defined.contains(key) {
            return Fate::Defined.into();
        }
        if !is_selected(self.plan, key) {
            return Verdict::because(Fate::Skipped, NOT_SELECTED);
        }
        match self.target.get(key) {
            Some(target) => self.judge_there(key, source, target, changes),
            None => self.judge_missing(key, source),
        }
    }

    fn judge_there(
        &self,
        key: &TemplateKey,
        source: &Template,
        target: &Template,
        changes: &[FieldChange],
    ) -> Verdict {
        let history = &self.seen.history.templates;
        let (made, asked) = (history.made(key), history.asked(&source.id).is_some());
        if (made || asked) && target.status == Some(Status::Rejected) {
            let why = target
                .rejected_reason
                .as_deref()
                .unwrap_or("no reason given");
            return Verdict::because(Fate::Failed, format!("the review rejected it: {why}"))
                .instead("edit it on the target, or define it in a file (templates.files)");
        }
        match (made, asked) {
            (true, _) => Fate::Recreated.into(),
            (false, true) => Fate::Copied.into(),
            (false, false) if changes.is_empty() => Fate::Adopted.into(),
            (false, false) => Verdict::because(Fate::Different, "the target's own stays").instead(
                "edit the target's, define it in a file, or take it out of templates.copy",
            ),
        }
    }

    /// A template that is created anew needs the flows that its buttons open.
    fn recreated(&self, source: &Template, why: String) -> Verdict {
        let mut flows = source.content.iter().flat_map(Content::flows);
        // Whether the plan copies a flow of the source is seen when its turn comes.
        let listed = self.seen.source.flows.present();
        let is_known = |id: &&str| {
            listed.is_none_or(|flows| flows.values().any(|flow| flow.id.as_str() == *id))
        };
        match flows.find(|id| !is_known(id)) {
            None => Verdict::because(Fate::Recreate, why),
            Some(flow) => Verdict::because(
                Fate::Skipped,
                format!("{why}, and its button opens flow {flow}, which the source does not list"),
            )
            .instead("mend its button and define it in a file (templates.files)"),
        }
    }

    fn judge_missing(&self, key: &TemplateKey, source: &Template) -> Verdict {
        let name = key.to_string();
        if let Some(reason) = self.refused_creations.get(key) {
            return Verdict::because(Fate::Failed, format!("Meta refused to create it: {reason}"))
                .instead("define it in a file (templates.files), or run: apply --retry-templates");
        }
        if let Some(obstacle) = eligible::obstacle(source, self.is_same_business) {
            return match self.plan.recreate && obstacle.can_recreate {
                true => self.recreated(source, obstacle.why),
                false => Verdict::because(Fate::Skipped, obstacle.why).instead(obstacle.instead),
            };
        }
        if let Some(reason) = self.refused_copies.get(&name) {
            let why = format!("Meta refused to copy it: {reason}");
            return match self.plan.recreate {
                true => self.recreated(source, why),
                false => Verdict::because(Fate::Failed, why).instead(match is_full(reason) {
                    true => "make room on the target, then run: apply --retry-templates",
                    false => "set templates.recreate, or mend it on the source and run: apply --retry-templates",
                }),
            };
        }
        match self.seen.history.templates.asked(&source.id) {
            Some(asked) if is_coming(asked, self.now) => Fate::Coming.into(),
            Some(_) | None => Fate::Copy.into(),
        }
    }
}

/// Why a template stays behind that the plan does not name.
pub const NOT_SELECTED: &str = "templates.copy does not name it";

/// Whether a copy was refused because the account has no room.
fn is_full(reason: &str) -> bool {
    reason.to_lowercase().contains("limit")
}

/// Whether a copy that was asked for may still appear by itself.
fn is_coming(asked: Asked, now: Timestamp) -> bool {
    match asked.accepted {
        Some(accepted) => now.duration_since(accepted) < SETTLE,
        None => now.duration_since(asked.at) < CALL_LIMIT,
    }
}

/// The category that a template should have on the target: one that is created anew gets the one
/// that Meta finds right.
pub fn wanted_category(source: &Template, is_made: bool) -> Option<&str> {
    let correct = source.drifted_category().filter(|_| is_made);
    correct.or(source.category.as_deref())
}
