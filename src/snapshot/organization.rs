//! What was seen of a Genesys Cloud organization, and which of it belongs to a number.
//!
//! A number gets a new integration, with new ids, by every signup. The old one is told from the new
//! one by the account at Meta; where the API does not show that, by what runs of this plan kept
//! ([`Former`](super::former::Former), and which ones were there), and by where the number is registered. Never by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use futures_util::future::{join, join_all};

use super::former::kept_former;
use crate::{
    api::{CallError, genesys::Reader},
    ids::{AccountStep, Address, ArchitectFlowId, IntegrationId, WabaId},
    journal::History,
    phone::Phone,
    plan::{MessageFlow, Plan},
    resource::{
        Observed, Why,
        genesys::{
            campaign::Campaign,
            flow::Flow,
            identity::IdentityResolution,
            integration::{Integration, IntegrationStatus},
            library::Library,
            organization::{Products, TokenOf},
            queue::Queue,
            recipient::Recipient,
            response::Response,
            rule_set::RuleSet,
        },
    },
};

/// Everything of an organization that a migration touches or looks at.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Whose token it is.
    pub token: Observed<TokenOf>,
    /// What the organization has bought.
    pub products: Observed<Products>,
    /// Its WhatsApp integrations.
    pub integrations: Observed<Vec<Integration>>,
    /// Where their messages arrive.
    pub recipients: Observed<Vec<Recipient>>,
    /// All queues.
    pub queues: Observed<Vec<Queue>>,
    /// All WhatsApp campaigns.
    pub campaigns: Observed<Vec<Campaign>>,
    /// All digital rule sets.
    pub rule_sets: Observed<Vec<RuleSet>>,
    /// The canned responses of all libraries that hold WhatsApp templates; absent where the plan
    /// leaves them alone.
    pub responses: Observed<Vec<Response>>,
    /// How contacts are found, of the integrations that claim a number of the plan.
    pub identities: BTreeMap<IntegrationId, Observed<IdentityResolution>>,
    /// The message flows that numbers of the plan are to lead to, by what names them: a name or an
    /// id.
    pub flows: BTreeMap<String, Observed<Vec<Flow>>>,
}

/// A part of an organization that is read on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// WhatsApp integrations.
    Integrations,
    /// How contacts are found.
    Identities,
    /// Where messages arrive.
    Recipients,
    /// Message flows.
    Flows,
    /// Queues.
    Queues,
    /// WhatsApp campaigns.
    Campaigns,
    /// Digital rule sets.
    RuleSets,
    /// Canned responses.
    Responses,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integrations => "integrations",
            Self::Identities => "identity resolution",
            Self::Recipients => "message routing",
            Self::Flows => "message flows",
            Self::Queues => "queues",
            Self::Campaigns => "campaigns",
            Self::RuleSets => "digital rule sets",
            Self::Responses => "canned responses",
        })
    }
}

/// Why a message flow is not the one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoFlow {
    /// It could not be read.
    Unknown(Why),
    /// None is called so.
    Missing,
    /// This many are called so.
    Several(usize),
}

/// The integrations of one number. More than one of a kind is for a person to clear up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Integrations<'a> {
    /// Those of the account it leaves.
    pub old: Vec<&'a Integration>,
    /// Those of the account that receives it.
    pub new: Vec<&'a Integration>,
}

/// What tells the old integrations of a number from the new ones.
#[derive(Clone, Copy, Debug)]
pub struct Marks<'a> {
    /// The account that receives the number.
    pub target: &'a WabaId,
    /// The integration that runs of this plan have begun to release.
    pub released: Option<&'a IntegrationId>,
    /// All that were there when that began.
    pub known: Option<&'a BTreeSet<IntegrationId>>,
    /// Whether the number is registered on the target at Meta.
    pub is_registered: bool,
}

impl Organization {
    /// Reads everything. Never fails: what could not be read is [`Observed::Unknown`].
    pub async fn observe(reader: &Reader, plan: &Plan, history: &History) -> Self {
        let token = async { reader.get(&TokenOf::me()).await.into() };
        let products = async { reader.get(&Products::read()).await.into() };
        let responses = async {
            let step = Address::account(AccountStep::GenesysResponses);
            // What runs of this plan changed is looked at whatever the plan says by now.
            match plan.repoints_responses() || history.deeds.of(&step).is_some() {
                true => responses(reader).await.into(),
                false => Observed::Absent,
            }
        };
        let rest = join(join(token, products), responses);
        let (movable, rest) = join(Movable::observe(reader, plan, history), rest).await;
        let ((token, products), responses) = rest;
        Self {
            token,
            products,
            integrations: movable.integrations,
            recipients: movable.recipients,
            queues: movable.queues,
            campaigns: movable.campaigns,
            rule_sets: movable.rule_sets,
            responses,
            identities: movable.identities,
            flows: movable.flows,
        }
    }

    /// An organization that nobody may look at.
    pub fn unread(why: &Why) -> Self {
        Self {
            token: Observed::Unknown(why.clone()),
            products: Observed::Unknown(why.clone()),
            integrations: Observed::Unknown(why.clone()),
            recipients: Observed::Unknown(why.clone()),
            queues: Observed::Unknown(why.clone()),
            campaigns: Observed::Unknown(why.clone()),
            rule_sets: Observed::Unknown(why.clone()),
            responses: Observed::Unknown(why.clone()),
            identities: BTreeMap::new(),
            flows: BTreeMap::new(),
        }
    }

    /// Takes in what was read again.
    pub fn take(&mut self, movable: Movable) {
        let Movable {
            integrations,
            recipients,
            queues,
            campaigns,
            rule_sets,
            identities,
            flows,
        } = movable;
        self.integrations = integrations;
        self.recipients = recipients;
        self.queues = queues;
        self.campaigns = campaigns;
        self.rule_sets = rule_sets;
        self.identities = identities;
        self.flows = flows;
    }

    /// Returns the message flow of this name or id.
    pub fn flow(&self, word: &str) -> Result<&Flow, NoFlow> {
        let flows = match self.flows.get(word) {
            None | Some(Observed::Absent) => return Err(NoFlow::Missing),
            Some(Observed::Unknown(why)) => return Err(NoFlow::Unknown(why.clone())),
            Some(Observed::Present(flows)) => flows.as_slice(),
        };
        match flows {
            [] => Err(NoFlow::Missing),
            [flow] => Ok(flow),
            several => Err(NoFlow::Several(several.len())),
        }
    }

    /// Returns why parts of it could not be read.
    pub fn unknown(&self) -> impl Iterator<Item = &Why> {
        let Self {
            token,
            products,
            integrations,
            recipients,
            queues,
            campaigns,
            rule_sets,
            responses,
            identities: _,
            flows: _,
        } = self;
        [
            token.unknown(),
            products.unknown(),
            integrations.unknown(),
            recipients.unknown(),
            queues.unknown(),
            campaigns.unknown(),
            rule_sets.unknown(),
            responses.unknown(),
        ]
        .into_iter()
        .flatten()
    }

    /// Returns the parts that could not be read, and why: everything that steps rest on.
    pub fn unread_parts(&self) -> Vec<(Part, &Why)> {
        let Self {
            token: _,
            products: _,
            integrations,
            recipients,
            queues,
            campaigns,
            rule_sets,
            responses,
            identities,
            flows,
        } = self;
        let lists = [
            (Part::Integrations, integrations.unknown()),
            (Part::Recipients, recipients.unknown()),
            (Part::Queues, queues.unknown()),
            (Part::Campaigns, campaigns.unknown()),
            (Part::RuleSets, rule_sets.unknown()),
            (Part::Responses, responses.unknown()),
        ];
        let identities = identities.values().filter_map(Observed::unknown);
        let flows = flows.values().filter_map(Observed::unknown);
        let mut unread: Vec<_> = lists
            .into_iter()
            .filter_map(|(part, why)| Some((part, why?)))
            .chain(identities.map(|why| (Part::Identities, why)))
            .chain(flows.map(|why| (Part::Flows, why)))
            .collect();
        unread.sort_by_key(|(part, _)| *part);
        unread
    }

    /// Sorts the integrations of a number.
    pub fn integrations_of(
        &self,
        phone: &Phone,
        marks: Marks<'_>,
    ) -> Result<Integrations<'_>, &Why> {
        let all = match &self.integrations {
            Observed::Present(all) => all.as_slice(),
            Observed::Absent => &[],
            Observed::Unknown(why) => return Err(why),
        };
        let (mut sorted, mut likely) = (Integrations::default(), Vec::new());
        for one in all {
            let is_leaving = one.status == Some(IntegrationStatus::Deleting);
            match marks.place(one, phone) {
                Some(Place::Old) => sorted.old.push(one),
                // It will never be the number's.
                Some(_) if is_leaving => {}
                Some(Place::New) => sorted.new.push(one),
                Some(Place::Likely) => likely.push(one),
                None => {}
            }
        }
        if sorted.new.is_empty() {
            sorted.new = likely;
        }
        Ok(sorted)
    }

    /// Returns the recipient of an integration, by what the integration says of it.
    pub fn recipient_of(&self, integration: &Integration) -> Option<&Recipient> {
        recipient_of(integration, &self.recipients)
    }
}

/// What the steps of a number change, and what they decide by.
#[derive(Clone, Debug)]
pub struct Movable {
    integrations: Observed<Vec<Integration>>,
    recipients: Observed<Vec<Recipient>>,
    queues: Observed<Vec<Queue>>,
    campaigns: Observed<Vec<Campaign>>,
    rule_sets: Observed<Vec<RuleSet>>,
    identities: BTreeMap<IntegrationId, Observed<IdentityResolution>>,
    flows: BTreeMap<String, Observed<Vec<Flow>>>,
}

impl Movable {
    /// Reads all of it.
    pub async fn observe(reader: &Reader, plan: &Plan, history: &History) -> Self {
        let integrations = async {
            let integrations = reader.list(&Integration::list()).await.into();
            let identities = identities(reader, plan, &integrations).await;
            (integrations, identities)
        };
        let recipients = async { reader.list(&Recipient::list()).await.into() };
        let queues = async { reader.list(&Queue::list()).await.into() };
        let campaigns = async { reader.list(&Campaign::list()).await.into() };
        let rule_sets = async { reader.list(&RuleSet::list()).await.into() };
        let (((integrations, identities), recipients), (queues, (campaigns, rule_sets))) = join(
            join(integrations, recipients),
            join(queues, join(campaigns, rule_sets)),
        )
        .await;
        let flows = flows(reader, plan, &integrations, &recipients, history).await;
        Self {
            integrations,
            recipients,
            queues,
            campaigns,
            rule_sets,
            identities,
            flows,
        }
    }
}

/// The numbers of a plan that are used in Genesys Cloud.
fn used(plan: &Plan) -> impl Iterator<Item = &crate::plan::Number> {
    let numbers = plan.numbers.iter();
    numbers.filter(|number| number.genesys.is_some())
}

/// Reads how contacts are found, of every integration that claims a number of the plan.
async fn identities(
    reader: &Reader,
    plan: &Plan,
    integrations: &Observed<Vec<Integration>>,
) -> BTreeMap<IntegrationId, Observed<IdentityResolution>> {
    let all = integrations.present().into_iter().flatten();
    let claimed = all.filter(|one| used(plan).any(|number| one.claims(&number.phone)));
    let reads = claimed.map(|one| async move {
        let read = IdentityResolution::read(&one.id);
        let found = reader.find(&read).await;
        (one.id.clone(), Observed::found(found))
    });
    join_all(reads).await.into_iter().collect()
}

/// Reads the message flows that numbers are to lead to: those the plan names, those that the
/// recipients of today lead to, and those that runs of this plan took them from.
async fn flows(
    reader: &Reader,
    plan: &Plan,
    integrations: &Observed<Vec<Integration>>,
    recipients: &Observed<Vec<Recipient>>,
    history: &History,
) -> BTreeMap<String, Observed<Vec<Flow>>> {
    let lead_to = |phone: &Phone| {
        let claims = integrations.present().into_iter().flatten();
        let claims = claims.filter(|one| one.claims(phone));
        let flows = claims.filter_map(|one| recipient_of(one, recipients)?.flow.as_ref());
        let ids = flows.map(|flow| flow.id.clone());
        ids.collect::<Vec<_>>()
    };
    let mut words = BTreeSet::new();
    for number in used(plan) {
        match number.genesys.as_ref().map(|genesys| &genesys.flow) {
            Some(MessageFlow::Named(word)) => _ = words.insert(word.clone()),
            _ => {
                let kept = kept_former(history, &number.phone).and_then(|former| former.flow);
                let all = kept.into_iter().chain(lead_to(&number.phone));
                words.extend(all.map(|id| id.to_string()));
            }
        }
    }
    let reads = words.into_iter().map(|word| async move {
        let read = flows_called(reader, &word).await.into();
        (word, read)
    });
    join_all(reads).await.into_iter().collect()
}

/// Reads the message flows of this id, or else of this name.
async fn flows_called(reader: &Reader, word: &str) -> Result<Vec<Flow>, CallError> {
    let named = reader.list(&Flow::named(word)).await?;
    let named: Vec<_> = Flow::find(&named, word).into_iter().cloned().collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let Ok(id) = word.parse::<ArchitectFlowId>() else {
        return Ok(Vec::new());
    };
    let found = reader.find(&Flow::read(&id)).await?;
    Ok(found.into_iter().collect())
}

/// Returns the recipient of an integration, by what the integration says of it.
fn recipient_of<'a>(
    integration: &Integration,
    recipients: &'a Observed<Vec<Recipient>>,
) -> Option<&'a Recipient> {
    let id = &integration.recipient.as_ref()?.id;
    let mut recipients = recipients.present()?.iter();
    recipients.find(|recipient| recipient.id == *id)
}

/// Reads the canned responses of every library that holds WhatsApp templates, each once.
pub async fn responses(reader: &Reader) -> Result<Vec<Response>, CallError> {
    let libraries = reader.list(&Library::list()).await?;
    let lists = libraries.iter().map(|library| {
        let read = Response::list(&library.id);
        async move { reader.list(&read).await }
    });
    let mut all: Vec<Response> = Vec::new();
    for listed in join_all(lists).await {
        all.extend(listed?);
    }
    // One may be in several libraries.
    all.sort_by(|one, two| one.id.cmp(&two.id));
    all.dedup_by(|one, two| one.id == two.id);
    Ok(all)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Old,
    New,
    /// It shows too little, but came after the old one had gone.
    Likely,
}

impl Marks<'_> {
    /// Returns whether an integration is an old or a new one of the number. `None`: it is none of it.
    fn place(&self, one: &Integration, phone: &Phone) -> Option<Place> {
        let is_on_target = one.waba.as_deref() == Some(self.target.as_str());
        if !one.claims(phone) {
            // Every account that a signup has read offers all its numbers, the old account too, and
            // goes on to do so when another was chosen.
            let chosen = one.phone_number.as_deref().unwrap_or_default();
            let has_chosen = chosen.bytes().any(|byte| byte.is_ascii_digit());
            if has_chosen {
                return None;
            }
            if is_on_target && one.offers(phone) {
                return Some(Place::New);
            }
            let came_since = self.known.is_some_and(|known| !known.contains(&one.id));
            let may_be =
                (is_on_target || one.waba.is_none()) && (one.offers(phone) || !one.offers_any());
            return (came_since && may_be).then_some(Place::Likely);
        }
        Some(match (&one.waba, self.released) {
            (_, Some(released)) if *released == one.id => Place::Old,
            (Some(_), _) if is_on_target => Place::New,
            (Some(_), _) => Place::Old,
            // The one that was there is known, so this is another.
            (None, Some(_)) => Place::New,
            // As long as the number is not registered on the target, none there can be active.
            (None, None) if self.is_registered && one.is_active() => Place::New,
            (None, None) => Place::Old,
        })
    }
}

impl<'a> Integrations<'a> {
    /// Returns the old one, also while it is being deleted.
    pub fn staying(&self) -> Option<&'a Integration> {
        let leaves = |one: &&Integration| one.status == Some(IntegrationStatus::Deleting);
        let stays = self.old.iter().find(|one| !leaves(one));
        stays.or(self.old.first()).copied()
    }

    /// Returns whether a person has to clear up first.
    pub fn is_contested(&self) -> bool {
        let leaves = |one: &&&Integration| one.status == Some(IntegrationStatus::Deleting);
        let staying = self.old.iter().filter(|one| !leaves(one)).count();
        staying > 1 || self.new.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const OURS: &str = "+49 30 901820";

    fn integration(fields: Value) -> Integration {
        serde_json::from_value(fields).unwrap()
    }

    /// Sorts one integration: `old`, `new` or `none`.
    fn sorted(fields: Value, released: Option<&str>, is_registered: bool) -> &'static str {
        let target: WabaId = "20".parse().unwrap();
        let released: Option<IntegrationId> = released.map(|id| id.parse().unwrap());
        let marks = Marks {
            target: &target,
            released: released.as_ref(),
            known: None,
            is_registered,
        };
        match marks.place(&integration(fields), &OURS.parse().unwrap()) {
            Some(Place::Old) => "old",
            Some(Place::New) => "new",
            Some(Place::Likely) => "likely",
            None => "none",
        }
    }

    #[test]
    fn what_shows_too_little_is_new_when_nothing_else_is() {
        let target: WabaId = "20".parse().unwrap();
        let (old, other): (IntegrationId, IntegrationId) =
            ("i".parse().unwrap(), "j".parse().unwrap());
        let known = BTreeSet::from([old.clone(), other]);
        let found = |known: Option<&BTreeSet<IntegrationId>>, fields: &[Value]| {
            let all: Vec<Integration> = fields.iter().cloned().map(integration).collect();
            let mut seen = Organization::unread(&Why {
                reason: "not read".into(),
                said: String::new(),
                trouble: crate::resource::Trouble::Credential,
                lacks: Vec::new(),
            });
            seen.integrations = Observed::Present(all);
            let marks = Marks {
                target: &target,
                released: Some(&old),
                known,
                is_registered: false,
            };
            let sorted = seen.integrations_of(&OURS.parse().unwrap(), marks).unwrap();
            let ids = sorted.new.iter().map(|one| one.id.to_string());
            ids.collect::<Vec<_>>().join(" ")
        };
        let bare = |id: &str| json!({"id": id, "name": "x", "status": "Incomplete"});
        let offers = |id: &str, waba: Value, phone: Value| {
            json!({"id": id, "name": "x", "whatsAppBusinessAccountId": waba,
                "availablePhoneNumbers": {"entities": [{"name": "A", "phoneNumber": phone}]}})
        };
        assert_eq!(found(Some(&known), &[bare("j"), bare("k")]), "k");
        assert_eq!(
            found(None, &[bare("j"), bare("k")]),
            "",
            "nobody knows what was there"
        );
        for (waba, phone, expected) in [
            (json!(null), json!(OURS), "k"),
            (json!(null), json!(null), "k"),
            (json!("20"), json!(null), "k"),
            (json!("10"), json!(null), ""),
            (json!(null), json!("+4940123456"), ""),
            (json!("20"), json!("+4940123456"), ""),
        ] {
            assert_eq!(found(Some(&known), &[offers("k", waba, phone)]), expected);
        }
        // One that says so counts more.
        let sure = offers("l", json!("20"), json!(OURS));
        assert_eq!(found(Some(&known), &[bare("k"), sure]), "l");
        let leaving = json!({"id": "k", "name": "x", "status": "Deleting"});
        assert_eq!(found(Some(&known), &[leaving, bare("m")]), "m");
    }

    #[test]
    fn old_and_new_are_told_apart_by_the_account() {
        let of = |waba: Value| json!({"id": "i", "name": "x", "phoneNumber": "4930901820", "status": "Active", "whatsAppBusinessAccountId": waba});
        assert_eq!(sorted(of(json!("10")), None, false), "old");
        assert_eq!(sorted(of(json!("10")), None, true), "old");
        assert_eq!(sorted(of(json!("20")), None, false), "new");
        // What a run has begun to release is the old one, whatever it says.
        assert_eq!(sorted(of(json!("20")), Some("i"), true), "old");
    }

    #[test]
    fn without_an_account_what_is_known_of_the_number_tells() {
        let of = |id: &str| json!({"id": id, "name": "x", "phoneNumber": "+49 30 901820", "status": "Active"});
        assert_eq!(sorted(of("i"), None, false), "old");
        assert_eq!(sorted(of("i"), None, true), "new");
        assert_eq!(sorted(of("i"), Some("i"), true), "old");
        assert_eq!(sorted(of("i"), Some("other"), false), "new");
    }

    #[test]
    fn an_offer_counts_on_the_target_alone() {
        let of = |waba: &str, phone: Value| {
            json!({"id": "i", "name": "x", "phoneNumber": phone, "status": "Incomplete",
            "whatsAppBusinessAccountId": waba,
            "availablePhoneNumbers": {"entities": [{"name": "A", "phoneNumber": OURS, "status": "PENDING"}]}})
        };
        assert_eq!(sorted(of("20", json!(null)), None, false), "new");
        assert_eq!(sorted(of("10", json!(null)), None, false), "none");
        // It has chosen another number.
        assert_eq!(sorted(of("20", json!("+4940123456")), None, false), "none");
    }

    #[test]
    fn two_of_a_kind_are_contested_unless_one_leaves() {
        let one =
            |id: &str, status: &str| integration(json!({"id": id, "name": "x", "status": status}));
        let (active, other, leaving) =
            (one("a", "Active"), one("b", "Error"), one("c", "Deleting"));
        let contested = |old: Vec<&Integration>, new: Vec<&Integration>| {
            Integrations { old, new }.is_contested()
        };
        assert!(!contested(vec![&active], vec![&other]));
        assert!(contested(vec![&active, &other], vec![]));
        assert!(!contested(vec![&active, &leaving], vec![]));
        assert!(contested(vec![], vec![&active, &other]));
    }
}
