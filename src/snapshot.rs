//! What was seen: everything a plan needs, read once, side by side.
//!
//! Requests: two per WABA, one per page of numbers, templates and flows of each, one for the target's
//! room for templates, one for subscriptions, one per token, and one per number that is already live on
//! the target (its profile; no list has it). Everything that is only needed later is read later.

pub mod former;
pub mod organization;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{
    StreamExt,
    future::{join, join_all},
    stream,
};
use jiff::Timestamp;

use crate::{
    api::{
        genesys,
        meta::{CallError, Reader},
    },
    ids::{AccountStep, Address, AppId, NumberStep, SolutionId, TemplateKey, TemplateStep, WabaId},
    journal::{
        History,
        history::{PENDING_SINCE, REFUSED_TEMPLATES},
    },
    phone::Phone,
    plan::Plan,
    resource::{
        Observed, Trouble, Why,
        flow::{self, Flow},
        migration_intent::MigrationIntent,
        phone_number::PhoneNumber,
        profile::Profile,
        subscription::{App, Subscription},
        template::{Room, Template},
        token::Token,
        waba::{Waba, WabaDetails},
    },
    template::FlowIds,
};

use former::{Former, kept_former, kept_known, was_put_back};
use organization::{Integrations, Marks, Organization};

/// Profiles read side by side.
const PROFILES_AT_ONCE: usize = 8;

/// The word of a person who passed a gate by name is kept in the journal under this name.
pub const CONFIRMED: &str = "confirmed";

/// Everything observed in one sitting, with what earlier runs kept.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When it was seen. Findings rest on it, and `status` shows it.
    pub at: Timestamp,
    /// The WABA the numbers leave.
    pub source: Account,
    /// The WABA that receives them.
    pub target: Account,
    /// The target's room for templates; absent where the plan copies none.
    pub room: Observed<Room>,
    /// How much of the target's hourly calls was used, in percent, as far as answers told.
    pub used: Option<u32>,
    /// The apps subscribed to the target.
    pub subscriptions: Observed<Vec<Subscription>>,
    /// Our app: the plan's word, else what the API says of the token.
    pub app: Observed<AppId>,
    /// The target's token.
    pub target_token: Observed<Token>,
    /// The source's token; the same as the target's when the plan names only one.
    pub source_token: Observed<Token>,
    /// Profiles on the target of numbers that are live there.
    pub profiles: BTreeMap<Phone, Observed<Profile>>,
    /// The migration intents that earlier runs set.
    pub intents: BTreeMap<SolutionId, Observed<MigrationIntent>>,
    /// The Genesys Cloud organization, where the plan names one.
    pub organization: Option<Organization>,
    /// What earlier runs of this plan did and kept.
    pub history: History,
}

/// One WABA with its lists.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account itself.
    pub waba: Observed<Waba>,
    /// What else it shows. Nothing rests on it alone.
    pub details: Observed<WabaDetails>,
    /// Its numbers.
    pub numbers: Observed<Vec<PhoneNumber>>,
    /// Its templates, by key.
    pub templates: Observed<BTreeMap<TemplateKey, Template>>,
    /// Its flows, by name; absent where the plan needs none.
    pub flows: Observed<BTreeMap<String, Flow>>,
    /// Templates of the target that are being deleted: gone for every purpose, but their names stay
    /// blocked. Empty for the source.
    pub leaving: BTreeSet<TemplateKey>,
}

/// The two readers of a plan: often the same token.
#[derive(Clone, Debug)]
pub struct Readers {
    /// Reads the source.
    pub source: Reader,
    /// Reads the target.
    pub target: Reader,
    /// Asks about tokens: an app token where the plan has the app's secret.
    pub debug: Option<Reader>,
    /// Whether the plan names a token of its own for the source.
    pub source_has_own_token: bool,
    /// Reads the Genesys Cloud organization, where the plan names one. `Err`: why nothing may be
    /// asked of it.
    pub genesys: Option<Result<genesys::Reader, Why>>,
}

impl Account {
    /// Finds a number by its digits.
    pub fn number(&self, phone: &Phone) -> Observed<&PhoneNumber> {
        self.numbers
            .as_ref()
            .and_then(|numbers| PhoneNumber::find(numbers, phone).into())
    }

    /// Returns a number that is certainly there.
    pub fn known(&self, phone: &Phone) -> Option<&PhoneNumber> {
        PhoneNumber::find(self.numbers.present()?, phone)
    }

    /// Returns whether a number was certainly registered here.
    pub fn has_registered(&self, phone: &Phone) -> bool {
        self.known(phone).is_some_and(PhoneNumber::is_registered)
    }

    /// Returns whether a number is certainly live here.
    pub fn is_live(&self, phone: &Phone) -> bool {
        self.known(phone).is_some_and(PhoneNumber::is_live)
    }

    /// Takes in a fresh list of templates that may be without content: what was known to be said by
    /// a template stays known as long as it is the same one.
    pub fn take_templates(&mut self, listed: Vec<Template>) {
        let known = match std::mem::replace(&mut self.templates, Observed::Absent) {
            Observed::Present(known) => known,
            Observed::Absent | Observed::Unknown(_) => BTreeMap::new(),
        };
        let (mut there, leaving) = there_and_leaving(listed);
        for (key, template) in &mut there {
            if template.content.is_none()
                && let Some(known) = known.get(key).filter(|known| known.id == template.id)
            {
                template.content.clone_from(&known.content);
            }
        }
        self.templates = Observed::Present(there);
        self.leaving = leaving;
    }

    /// Returns a template that is certainly there.
    pub fn template(&self, key: &TemplateKey) -> Option<&Template> {
        self.templates.present()?.get(key)
    }

    /// An account that nobody may look at.
    fn unread(why: &Why) -> Self {
        Self {
            waba: Observed::Unknown(why.clone()),
            details: Observed::Unknown(why.clone()),
            numbers: Observed::Unknown(why.clone()),
            templates: Observed::Unknown(why.clone()),
            flows: Observed::Unknown(why.clone()),
            leaving: BTreeSet::new(),
        }
    }

    async fn observe(reader: &Reader, id: &WabaId, is_target: bool, wants: Wants) -> Self {
        let waba = async { Observed::from(reader.get(&Waba::read(id, is_target)).await) };
        let details = async { Observed::from(reader.get(&Waba::read_details(id)).await) };
        let numbers = async { Observed::from(reader.list(&PhoneNumber::list(id)).await) };
        let templates = async {
            match wants.templates {
                true => reader.list(&Template::list(id)).await,
                false => Ok(Vec::new()),
            }
        };
        let flows = async {
            match wants.flows {
                true => flows(reader, id).await.into(),
                false => Observed::Absent,
            }
        };
        let accounts = join(join(waba, details), numbers);
        let lists = join(templates, flows);
        let (((waba, details), numbers), (templates, flows)) = join(accounts, lists).await;
        let (templates, leaving) = match templates {
            Err(error) => (Err(error).into(), BTreeSet::new()),
            Ok(listed) if is_target => {
                let (there, leaving) = there_and_leaving(listed);
                (Observed::Present(there), leaving)
            }
            Ok(listed) => (Observed::Present(by_key(listed)), BTreeSet::new()),
        };
        Self {
            waba,
            details,
            numbers,
            templates,
            flows,
            leaving,
        }
    }
}

/// What is read of an account besides itself and its numbers.
#[derive(Clone, Copy, Debug)]
struct Wants {
    templates: bool,
    flows: bool,
}

impl Wants {
    fn of(plan: &Plan) -> Self {
        let templates = &plan.templates;
        let defines_flows = || {
            let mut definitions = templates.definitions.iter();
            definitions.any(|definition| definition.content().has_flow())
        };
        Self {
            templates: !templates.copy.is_empty()
                || !templates.definitions.is_empty()
                || templates.required.is_some()
                || templates.prune,
            flows: !plan.flows.copy.is_empty() || templates.recreate || defines_flows(),
        }
    }

    /// What is read of the target: also what an earlier run made there.
    fn of_target(plan: &Plan, history: &History) -> Self {
        let Self { templates, flows } = Self::of(plan);
        Self {
            templates: templates
                || plan.repoints_responses()
                || history.templates.proven().next().is_some()
                || history.deeds.templates().next().is_some(),
            flows: flows || !history.flows.copied().is_empty(),
        }
    }
}

/// Sorts templates by key. A language that is being deleted gives way to one that is there.
fn by_key(templates: Vec<Template>) -> BTreeMap<TemplateKey, Template> {
    let mut all: BTreeMap<TemplateKey, Template> = BTreeMap::new();
    for template in templates {
        let known = all.get(&template.key());
        if template.is_there() || known.is_none() {
            all.insert(template.key(), template);
        }
    }
    all
}

/// Sorts the templates of the target: those that are there, and the keys of those that are being
/// deleted. What is being deleted is listed, but is gone for every purpose.
fn there_and_leaving(
    listed: Vec<Template>,
) -> (BTreeMap<TemplateKey, Template>, BTreeSet<TemplateKey>) {
    let mut templates = by_key(listed);
    let leaving = templates.extract_if(.., |_, template| !template.is_there());
    let leaving = leaving.map(|(key, _)| key).collect();
    (templates, leaving)
}

/// Reads the flows of a WABA by name. Endpoints are left out where the list does not show them.
pub async fn flows(reader: &Reader, id: &WabaId) -> Result<BTreeMap<String, Flow>, CallError> {
    let listed = match reader.list(&Flow::list(id)).await {
        Err(error)
            if error
                .graph()
                .is_some_and(|graph| graph.code == 100 && graph.subcode.is_none()) =>
        {
            reader.list(&Flow::list_plain(id)).await?
        }
        listed => listed?,
    };
    Ok(listed
        .into_iter()
        .map(|flow| (flow.name.clone(), flow))
        .collect())
}

/// Reads everything the plan needs. Never fails: what could not be read is [`Observed::Unknown`].
pub async fn observe(plan: &Plan, readers: &Readers, history: History, at: Timestamp) -> Snapshot {
    look(plan, readers, None, history, at).await
}

/// Reads the target alone: there is no token for the source, and nothing is asked of it.
pub async fn observe_target(
    plan: &Plan,
    readers: &Readers,
    no_source: &Why,
    history: History,
    at: Timestamp,
) -> Snapshot {
    look(plan, readers, Some(no_source), history, at).await
}

async fn look(
    plan: &Plan,
    readers: &Readers,
    no_source: Option<&Why>,
    history: History,
    at: Timestamp,
) -> Snapshot {
    let source = async {
        match no_source {
            Some(why) => Account::unread(why),
            None => {
                let wants = Wants::of(plan);
                Account::observe(&readers.source, &plan.source.waba, false, wants).await
            }
        }
    };
    let target = async {
        let wants = Wants::of_target(plan, &history);
        let target = Account::observe(&readers.target, &plan.target.waba, true, wants).await;
        let profiles = profiles(plan, &readers.target, &target, &history).await;
        (target, profiles)
    };
    let subscriptions = Subscription::list(&plan.target.waba);
    let subscriptions = readers.target.list(&subscriptions);
    let target_token = token(readers.debug.as_ref(), &readers.target);
    let source_token = async {
        if let Some(why) = no_source {
            return Some(Observed::Unknown(why.clone()));
        }
        if !readers.source_has_own_token {
            return None;
        }
        Some(token(readers.debug.as_ref(), &readers.source).await)
    };
    let accounts = join(source, target);
    let tokens = join(target_token, source_token);
    let intents = intents(plan, &readers.source, no_source, &history);
    let rest = join(join(room(plan, &readers.target), subscriptions), intents);
    let organization = async {
        Some(match readers.genesys.as_ref()? {
            Ok(reader) => Organization::observe(reader, plan, &history).await,
            Err(why) => Organization::unread(why),
        })
    };
    let both = join(join(accounts, tokens), rest);
    let (((accounts, tokens), (rest, intents)), organization) = join(both, organization).await;
    let (room, subscriptions) = rest;
    let (source, (target, profiles)) = accounts;
    let (target_token, source_token) = tokens;
    let source_token = source_token.unwrap_or_else(|| target_token.clone());
    let app = app(plan, &readers.target, &target_token).await;
    Snapshot {
        at,
        source,
        target,
        room,
        used: readers.target.used(&plan.target.waba),
        subscriptions: subscriptions.into(),
        app,
        target_token,
        source_token,
        profiles,
        intents,
        organization,
        history,
    }
}

/// Reads the migration intents that earlier runs set.
async fn intents(
    plan: &Plan,
    reader: &Reader,
    no_source: Option<&Why>,
    history: &History,
) -> BTreeMap<SolutionId, Observed<MigrationIntent>> {
    let set = plan.solutions().into_iter().filter_map(|solution| {
        let id = history.migration_intent(&Address::solution_intent(solution))?;
        Some((solution.clone(), id))
    });
    let reads = set.map(|(solution, id)| async move {
        let intent = match no_source {
            Some(why) => Observed::Unknown(why.clone()),
            None => reader.get(&MigrationIntent::read(&id)).await.into(),
        };
        (solution, intent)
    });
    join_all(reads).await.into_iter().collect()
}

/// Asks how many templates the target may still get, where any are copied or defined.
async fn room(plan: &Plan, reader: &Reader) -> Observed<Room> {
    if plan.templates.copy.is_empty() && plan.templates.definitions.is_empty() {
        return Observed::Absent;
    }
    let read = reader.get(&Room::read(&plan.target.waba)).await;
    read.map(Room::of).into()
}

/// Asks about a token: as the app, where that works, else as the token itself.
async fn token(debug: Option<&Reader>, reader: &Reader) -> Observed<Token> {
    let read = Token::read(reader.token());
    if let Some(debug) = debug
        && let Ok(wrapped) = debug.get(&read).await
    {
        return Observed::Present(wrapped.data);
    }
    let asked = reader.get(&read).await;
    asked.map(|wrapped| wrapped.data).into()
}

/// Finds out which app is ours, with a call of its own only when nothing else tells.
async fn app(plan: &Plan, reader: &Reader, token: &Observed<Token>) -> Observed<AppId> {
    let known = token.present().and_then(|token| token.app_id.as_ref());
    match plan.graph.app_id.as_ref().or(known) {
        Some(app) => Observed::Present(app.clone()),
        None => reader.get(&App::of_token()).await.map(|app| app.id).into(),
    }
}

async fn profiles(
    plan: &Plan,
    reader: &Reader,
    target: &Account,
    history: &History,
) -> BTreeMap<Phone, Observed<Profile>> {
    let was_set = |phone| {
        let step = Address::number(phone, NumberStep::Profile);
        history.deeds.of(&step).is_some()
    };
    let live = plan.numbers.iter().filter_map(|number| {
        let seen = target
            .known(&number.phone)
            .filter(|seen| seen.is_registered())
            .filter(|_| number.profile.is_some() || was_set(&number.phone))?;
        Some((number.phone.clone(), seen.id.clone()))
    });
    let reads = live.map(|(phone, id)| async move { (phone, profile(reader, &id).await) });
    stream::iter(reads.collect::<Vec<_>>())
        .buffer_unordered(PROFILES_AT_ONCE)
        .collect()
        .await
}

/// Reads the profile of one number.
pub async fn profile(reader: &Reader, id: &crate::ids::PhoneNumberId) -> Observed<Profile> {
    reader
        .list(&Profile::read(id))
        .await
        .map(Profile::of)
        .into()
}

impl Snapshot {
    /// Returns the worst trouble with reading what no plan can do without: the target, and the
    /// source's templates and flows where they are copied. The Genesys Cloud organization counts
    /// where something is still to be done there.
    pub fn trouble(&self, needs_organization: bool) -> Option<Trouble> {
        let Account {
            waba,
            details: _,
            numbers,
            templates,
            flows,
            leaving: _,
        } = &self.target;
        let unknown = [
            waba.unknown(),
            numbers.unknown(),
            templates.unknown(),
            self.subscriptions.unknown(),
            self.source.templates.unknown(),
            flows.unknown(),
            self.source.flows.unknown(),
        ];
        let organization = self.organization.iter().filter(|_| needs_organization);
        let parts = organization.flat_map(Organization::unread_parts);
        let all = unknown.into_iter().flatten();
        all.chain(parts.map(|(_, why)| why))
            .map(|why| why.trouble)
            .max()
    }

    /// Sorts the integrations of a number in Genesys Cloud. `Err`: why they cannot be read.
    pub fn integrations<'a>(
        &'a self,
        plan_target: &'a WabaId,
        phone: &Phone,
    ) -> Result<Integrations<'a>, Why> {
        let Some(organization) = &self.organization else {
            return Ok(Integrations::default());
        };
        let kept = kept_former(&self.history, phone);
        let known = kept_known(&self.history, phone).filter(|_| kept.is_some());
        let marks = Marks {
            target: plan_target,
            released: kept.as_ref().map(|former| &former.integration),
            known: known.as_ref(),
            is_registered: self.target.has_registered(phone),
        };
        organization
            .integrations_of(phone, marks)
            .map_err(Why::clone)
    }

    /// Returns what is lost with the old integration of a number, or was lost with it: as it is seen,
    /// and as runs of this plan kept it. `Err`: why nobody knows.
    pub fn former(&self, plan_target: &WabaId, phone: &Phone) -> Result<Option<Former>, Why> {
        let kept = kept_former(&self.history, phone);
        let old = self.integrations(plan_target, phone)?;
        let (Some(organization), Some(old)) = (&self.organization, old.staying()) else {
            return Ok(kept);
        };
        let unread = Observed::Absent;
        let identity = organization.identities.get(&old.id).unwrap_or(&unread);
        let seen = organization.former(old, identity)?;
        let kept = kept.filter(|_| !was_put_back(&self.history, phone));
        Ok(Some(seen.renewed(kept.as_ref())))
    }

    /// Returns the migration intent of a solution. Absent: no run of this plan has set one.
    pub fn intent(&self, solution: &SolutionId) -> Observed<&MigrationIntent> {
        self.intents
            .get(solution)
            .map_or(Observed::Absent, Observed::as_ref)
    }

    /// Returns which templates Meta refused in earlier runs to create anew: key to reason.
    pub fn refused_creations(&self) -> BTreeMap<TemplateKey, &str> {
        let kept = self.history.kept.iter();
        let refused = kept.filter_map(|((step, what), reason)| {
            let (key, step) = step.template_step()?;
            let is_refused = step == TemplateStep::Recreate && what == REFUSED_TEMPLATES;
            Some((key, reason.as_str().filter(|_| is_refused)?))
        });
        refused.collect()
    }

    /// Returns the flows of both accounts, paired by name.
    pub fn flow_ids(&self) -> FlowIds {
        let none = BTreeMap::new();
        let source = self.source.flows.present().unwrap_or(&none);
        let target = self.target.flows.present().unwrap_or(&none);
        flow::pair(source, target)
    }

    /// Returns what Meta refused in earlier runs to do for templates or flows: name to reason.
    pub fn refused(&self, step: AccountStep) -> BTreeMap<String, String> {
        let kept = self
            .history
            .kept(&Address::account(step), REFUSED_TEMPLATES);
        kept.and_then(|data| serde_json::from_value(data.clone()).ok())
            .unwrap_or_default()
    }

    /// Returns whether both accounts stand for the same business. `None`: nobody knows.
    pub fn same_business(&self) -> Option<bool> {
        let (source, target) = (self.source.waba.present()?, self.target.waba.present()?);
        source.same_business(target)
    }

    /// Returns since when each required template is waited for, by key, as runs have seen it.
    pub fn pending_since(&self) -> BTreeMap<String, Timestamp> {
        let approved = Address::account(AccountStep::TemplatesApproved);
        let kept = self.history.kept(&approved, PENDING_SINCE);
        kept.and_then(|data| serde_json::from_value(data.clone()).ok())
            .unwrap_or_default()
    }

    /// Returns why nothing at all can be decided: the target cannot be read.
    pub fn unreadable_target(&self) -> Option<&Why> {
        match (&self.target.waba, &self.target.numbers) {
            (Observed::Unknown(why), _) | (_, Observed::Unknown(why)) => Some(why),
            _ => None,
        }
    }
}

/// Tells whether an error says that the number is no longer on its WABA or not ours to see.
pub fn is_gone(error: &CallError) -> bool {
    error
        .graph()
        .is_some_and(crate::api::meta::GraphError::is_missing_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_without_content_leaves_what_was_known() {
        let template = |id: &str, components: Option<serde_json::Value>| -> Template {
            let fields = serde_json::json!({"id": id, "name": "a", "language": "de", "status": "APPROVED",
                "components": components});
            serde_json::from_value(fields).unwrap()
        };
        let says_hi = Some(serde_json::json!([{"type": "BODY", "text": "Hi"}]));
        let unread = || {
            Observed::Unknown(Why {
                reason: String::new(),
                said: String::new(),
                trouble: Trouble::Failure,
                lacks: Vec::new(),
            })
        };
        let mut account = Account {
            waba: Observed::Absent,
            details: Observed::Absent,
            numbers: Observed::Absent,
            templates: unread(),
            flows: Observed::Absent,
            leaving: BTreeSet::new(),
        };
        let key = TemplateKey::new("a", "de");
        account.take_templates(vec![template("1", says_hi)]);
        account.take_templates(vec![template("1", None)]);
        assert!(account.template(&key).unwrap().content.is_some());
        account.take_templates(vec![template("2", None)]);
        assert_eq!(account.template(&key).unwrap().content, None);
    }

    #[test]
    fn a_language_that_is_being_deleted_gives_way_to_one_that_is_there() {
        let template = |id: u32, status: &str| -> Template {
            let fields = serde_json::json!({"id": id.to_string(), "name": "a", "language": "de", "status": status});
            serde_json::from_value(fields).unwrap()
        };
        for order in [
            ["PENDING_DELETION", "APPROVED"],
            ["APPROVED", "PENDING_DELETION"],
        ] {
            let listed = order
                .into_iter()
                .zip(1..)
                .map(|(status, id)| template(id, status));
            let all = by_key(listed.collect());
            assert!(
                all.values().all(Template::is_there) && all.len() == 1,
                "{order:?}"
            );
        }
        assert_eq!(by_key(vec![template(1, "PENDING_DELETION")]).len(), 1);
    }
}
