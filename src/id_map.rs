//! From old to new: every id that changes with a migration, for the systems that use them.
//!
//! Numbers, templates and flows get new ids on the target, and the message namespace is the
//! target's. What has not come so far has `null` on the target; what the source no longer shows has
//! `null` on the source, unless a run kept it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    ids::{
        Address, FlowId, IntegrationId, NumberStep, PhoneNumberId, TemplateId, TemplateKey, WabaId,
    },
    inventory::{Fate, Inventory, flows::Flows},
    journal::history::SOURCE_NUMBER,
    phone::Phone,
    plan::{Number, Plan},
    snapshot::{Account, Snapshot},
};

/// Version of the map's JSON form.
const FORMAT_VERSION: &str = "1.0";

/// Old and new ids.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct IdMap {
    /// Version of this format.
    pub format_version: &'static str,
    /// The plan's name.
    pub plan: String,
    /// The account that the numbers leave.
    pub source: AccountIds,
    /// The account that receives them.
    pub target: AccountIds,
    /// Phone numbers, in the plan's order.
    pub phone_numbers: Vec<NumberIds>,
    /// Integrations of Genesys Cloud, which callers outside of it name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub genesys_integrations: Vec<IntegrationIds>,
    /// Templates that come to the target, by name and language.
    pub templates: Vec<TemplateIds>,
    /// Flows that come to the target, by name.
    pub flows: Vec<FlowIds>,
}

/// What names an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AccountIds {
    /// Its id.
    #[schemars(with = "String")]
    pub waba: WabaId,
    /// `message_template_namespace`, in which older systems name templates.
    pub message_template_namespace: Option<String>,
}

/// A phone number's ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NumberIds {
    /// The number.
    #[schemars(with = "String")]
    pub phone: Phone,
    /// `phone_number_id` on the source.
    #[schemars(with = "Option<String>")]
    pub source_id: Option<PhoneNumberId>,
    /// `phone_number_id` on the target.
    #[schemars(with = "Option<String>")]
    pub target_id: Option<PhoneNumberId>,
}

/// The ids of a number's integrations in Genesys Cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IntegrationIds {
    /// The number.
    #[schemars(with = "String")]
    pub phone: Phone,
    /// The id of the old one.
    #[schemars(with = "Option<String>")]
    pub source_id: Option<IntegrationId>,
    /// The id of the new one.
    #[schemars(with = "Option<String>")]
    pub target_id: Option<IntegrationId>,
}

/// A template's ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TemplateIds {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Its id on the source; `null` for one that only a file defines.
    #[schemars(with = "Option<String>")]
    pub source_id: Option<TemplateId>,
    /// Its id on the target.
    #[schemars(with = "Option<String>")]
    pub target_id: Option<TemplateId>,
}

/// A flow's ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FlowIds {
    /// Its name.
    pub name: String,
    /// Its id on the source.
    #[schemars(with = "String")]
    pub source_id: FlowId,
    /// Its id on the target.
    #[schemars(with = "Option<String>")]
    pub target_id: Option<FlowId>,
}

impl TemplateIds {
    fn key(&self) -> TemplateKey {
        TemplateKey::new(&*self.name, &self.language)
    }
}

impl IdMap {
    /// Returns why a map would lack what an older one may have: a list could not be read.
    pub fn gap(plan: &Plan, seen: &Snapshot) -> Option<String> {
        let asks_templates =
            !plan.templates.copy.is_empty() || !plan.templates.definitions.is_empty();
        let asks_flows = !plan.flows.copy.is_empty();
        let organization = seen.organization.as_ref();
        let lists = [
            (
                asks_templates,
                "target's templates",
                seen.target.templates.unknown(),
            ),
            (asks_flows, "source's flows", seen.source.flows.unknown()),
            (asks_flows, "target's flows", seen.target.flows.unknown()),
            (true, "target's numbers", seen.target.numbers.unknown()),
            (
                seen.organization.is_some(),
                "integrations of Genesys Cloud",
                organization.and_then(|all| all.integrations.unknown()),
            ),
        ];
        let mut gaps = lists.into_iter().filter(|(asked, ..)| *asked);
        gaps.find_map(|(_, list, why)| Some(format!("the {list} cannot be read: {}", why?)))
    }

    /// Makes the map of what was seen.
    pub fn of(plan: &Plan, seen: &Snapshot, now: Timestamp) -> Self {
        let flows = Flows::of(&plan.flows, seen).unwrap_or_default();
        let flows = flows.flows.into_iter().map(|item| FlowIds {
            name: item.name,
            source_id: item.source_id,
            target_id: item.target_id,
        });
        Self {
            format_version: FORMAT_VERSION,
            plan: plan.name.clone(),
            source: account(&plan.source.waba, &seen.source),
            target: account(&plan.target.waba, &seen.target),
            phone_numbers: plan
                .numbers
                .iter()
                .map(|number| self::number(number, seen))
                .collect(),
            genesys_integrations: integrations(plan, seen),
            templates: templates(plan, seen, now),
            flows: flows.collect(),
        }
    }
}

fn integrations(plan: &Plan, seen: &Snapshot) -> Vec<IntegrationIds> {
    let used = plan
        .numbers
        .iter()
        .filter(|number| number.genesys.is_some());
    let ids = |phone: &Phone| {
        let target = &plan.target.waba;
        let former = seen.former(target, phone).ok().flatten();
        let found = seen.integrations(target, phone).unwrap_or_default();
        IntegrationIds {
            phone: phone.clone(),
            source_id: former.map(|former| former.integration),
            target_id: found.new.first().map(|new| new.id.clone()),
        }
    };
    used.map(|number| ids(&number.phone)).collect()
}

fn account(waba: &WabaId, seen: &Account) -> AccountIds {
    let details = seen.details.present();
    AccountIds {
        waba: waba.clone(),
        message_template_namespace: details
            .and_then(|details| details.message_template_namespace.clone()),
    }
}

fn number(number: &Number, seen: &Snapshot) -> NumberIds {
    let phone = &number.phone;
    let id = |account: &Account| account.known(phone).map(|number| number.id.clone());
    let register = Address::number(phone, NumberStep::Register);
    let kept = || {
        let kept = seen.history.kept(&register, SOURCE_NUMBER)?;
        kept.get("id")?.as_str()?.parse().ok()
    };
    NumberIds {
        phone: phone.clone(),
        source_id: id(&seen.source).or_else(kept),
        target_id: id(&seen.target),
    }
}

fn templates(plan: &Plan, seen: &Snapshot, now: Timestamp) -> Vec<TemplateIds> {
    let inventory = Inventory::of(&plan.templates, seen, now).unwrap_or_default();
    let comes = inventory
        .templates
        .into_iter()
        .filter(|item| item.fate != Fate::Skipped);
    let mut all: Vec<_> = comes
        .map(|item| TemplateIds {
            name: item.name,
            language: item.language,
            source_id: Some(item.source_id),
            target_id: item.target_id,
        })
        .collect();
    let known: BTreeSet<_> = all.iter().map(TemplateIds::key).collect();
    // What an earlier run brought over, and the source no longer shows.
    let history = &seen.history.templates;
    let kept = history.sources().map(|(key, id)| (key, Some(id.clone())));
    let defined = plan.templates.definitions.iter();
    let defined = defined.map(|definition| (&definition.key, None));
    let others: BTreeMap<_, _> = defined.chain(kept).collect();
    let others = others.into_iter().filter(|(key, _)| !known.contains(key));
    all.extend(others.map(|(key, source_id)| {
        TemplateIds {
            name: key.name.clone(),
            language: key.language.clone(),
            source_id,
            target_id: seen
                .target
                .template(key)
                .map(|template| template.id.clone()),
        }
    }));
    all.sort_by(|one, two| (&one.name, &one.language).cmp(&(&two.name, &two.language)));
    all
}
