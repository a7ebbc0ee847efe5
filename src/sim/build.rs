//! From a world file to a world: ids become ids, references are followed, gaps are filled.
//!
//! All problems are collected, each with its route in the file.

use std::{collections::BTreeSet, str::FromStr};

use super::{
    access::{BUSINESS, MANAGEMENT, MESSAGING},
    file::{
        AppEntry, BusinessEntry, FlowEntry, IntentEntry, NumberEntry, SolutionEntry, TemplateEntry,
        TokenEntry, WabaEntry, WorldFile,
    },
    flow::{Flow, one_screen},
    genesys, seed,
    words::{CodeVerification, NameStatus, NumberStatus, Platform},
    world::{App, Business, Intent, Number, OnBehalfOf, Partner, Solution, Token, World},
};
use crate::{
    finding::Finding,
    ids::{
        AppId, BusinessId, FlowId, IdError, MigrationIntentId, PhoneNumberId, SolutionId,
        TemplateId, WabaId,
    },
    phone::Phone,
    secret::Secret,
};

/// Makes the world.
pub(super) fn build(file: WorldFile) -> Result<World, Vec<Finding>> {
    let mut builder = Builder {
        world: World::empty(file.seed, file.now.unwrap_or(seed::BEGINNING)),
        findings: Vec::new(),
        ids: BTreeSet::new(),
        templates: BTreeSet::new(),
    };
    builder.world.switches = file.switches;
    for (at, entry) in file.businesses.into_iter().enumerate() {
        builder.add_business(&format!("businesses[{at}]"), entry);
    }
    for (at, entry) in file.apps.into_iter().enumerate() {
        builder.add_app(&format!("apps[{at}]"), entry);
    }
    for (at, entry) in file.wabas.into_iter().enumerate() {
        builder.waba(&format!("wabas[{at}]"), entry);
    }
    for (at, entry) in file.solutions.into_iter().enumerate() {
        builder.add_solution(&format!("solutions[{at}]"), entry);
    }
    for (at, entry) in file.intents.into_iter().enumerate() {
        builder.intent(&format!("intents[{at}]"), entry);
    }
    for (at, entry) in file.tokens.into_iter().enumerate() {
        builder.token(&format!("tokens[{at}]"), entry);
    }
    for (at, entry) in file.numbers.into_iter().enumerate() {
        builder.number(&format!("numbers[{at}]"), entry);
    }
    for (at, entry) in file.templates.into_iter().enumerate() {
        builder.template(&format!("templates[{at}]"), entry);
    }
    for (at, entry) in file.flows.into_iter().enumerate() {
        builder.flow(&format!("flows[{at}]"), entry);
    }
    if let Some(entry) = file.genesys {
        genesys::build::build(&mut builder.world, entry, &mut builder.findings);
    }
    for fault in file.faults {
        builder.world.script.add_fault(fault.on, fault.effect);
    }
    for event in file.events {
        builder.world.schedule(event);
    }
    if builder.findings.is_empty() {
        Ok(builder.world)
    } else {
        Err(builder.findings)
    }
}

struct Builder {
    world: World,
    findings: Vec<Finding>,
    ids: BTreeSet<String>,
    templates: BTreeSet<(WabaId, String, String)>,
}

impl Builder {
    fn fail(&mut self, rule: &'static str, route: &str, message: impl Into<String>) {
        self.findings.push(Finding::fail(rule, route, message));
    }

    fn id<T: FromStr<Err = IdError>>(&mut self, route: &str, text: &str) -> Option<T> {
        let id = text.parse::<T>();
        if let Err(problem) = &id {
            self.fail("world-id", route, problem.to_string());
        }
        id.ok()
    }

    /// Graph ids are unique over all kinds of objects.
    fn new_id<T: FromStr<Err = IdError>>(&mut self, route: &str, text: &str) -> Option<T> {
        let id = self.id(route, text)?;
        if self.ids.insert(text.to_owned()) {
            return Some(id);
        }
        self.fail(
            "world-duplicate",
            route,
            format!("the id {text} is used twice"),
        );
        None
    }

    fn id_or_invented<T: FromStr<Err = IdError>>(
        &mut self,
        route: &str,
        text: Option<&str>,
    ) -> Option<T> {
        match text {
            Some(text) => self.new_id(&format!("{route}.id"), text),
            None => Some(self.world.invent_id()),
        }
    }

    fn reference<T: FromStr<Err = IdError>>(
        &mut self,
        route: &str,
        text: &str,
        exists: impl FnOnce(&World, &T) -> bool,
    ) -> Option<T> {
        let id: T = self.id(route, text)?;
        if exists(&self.world, &id) {
            return Some(id);
        }
        self.fail(
            "world-reference",
            route,
            format!("nothing here has the id {text}"),
        );
        None
    }

    fn business(&mut self, route: &str, text: &str) -> Option<BusinessId> {
        self.reference(route, text, |world, id| world.businesses.contains_key(id))
    }

    fn app(&mut self, route: &str, text: &str) -> Option<AppId> {
        self.reference(route, text, |world, id| world.apps.contains_key(id))
    }

    fn account(&mut self, route: &str, text: &str) -> Option<WabaId> {
        self.reference(route, text, |world, id| world.wabas.contains_key(id))
    }

    fn add_business(&mut self, route: &str, entry: BusinessEntry) {
        if let Some(id) = self.new_id(&format!("{route}.id"), &entry.id) {
            let business = Business {
                name: entry.name,
                verification: entry.verification,
            };
            self.world.businesses.insert(id, business);
        }
    }

    fn add_app(&mut self, route: &str, entry: AppEntry) {
        if let Some(id) = self.new_id(&format!("{route}.id"), &entry.id) {
            let app = App {
                name: entry.name,
                secret: Secret::new(entry.secret),
                require_secret: entry.require_app_secret,
            };
            self.world.apps.insert(id, app);
        }
    }

    fn add_solution(&mut self, route: &str, entry: SolutionEntry) {
        if let Some(id) = self.new_id(&format!("{route}.id"), &entry.id) {
            let solution = Solution { name: entry.name };
            self.world.solutions.insert(id, solution);
        }
    }

    fn waba(&mut self, route: &str, entry: WabaEntry) {
        let id = self.new_id::<WabaId>(&format!("{route}.id"), &entry.id);
        let owner = self.business(&format!("{route}.business"), &entry.business);
        let on_behalf_of = entry.on_behalf_of.and_then(|other| {
            let business =
                self.business(&format!("{route}.on_behalf_of.business"), &other.business)?;
            Some(OnBehalfOf {
                business,
                status: other.status,
            })
        });
        let mut subscriptions = Vec::new();
        for (at, entry) in entry.subscriptions.into_iter().enumerate() {
            if let Some(app) = self.app(&format!("{route}.subscriptions[{at}].app"), &entry.app) {
                subscriptions.push((app, entry.callback));
            }
        }
        let (Some(id), Some(owner)) = (id, owner) else {
            return;
        };
        seed::add_waba(&mut self.world, id.clone(), &owner, &entry.name);
        self.count_calls(&id, entry.calls_made);
        if let Some(waba) = self.world.wabas.get_mut(&id) {
            waba.status = entry.status;
            waba.review = entry.review;
            waba.is_banned = entry.banned;
            waba.ownership = entry.ownership_type;
            waba.payment_error = entry.payment_error;
            waba.on_behalf_of = on_behalf_of;
            waba.max_numbers = entry.max_numbers;
            waba.template_limit = entry.template_limit;
            waba.has_catalog = entry.catalog;
            waba.subscriptions.extend(subscriptions);
            if !entry.payment {
                waba.funding = None;
                waba.currency = None;
            }
        }
    }

    fn count_calls(&mut self, waba: &WabaId, calls: usize) {
        for app in self.world.apps.keys() {
            let calls = std::iter::repeat_n(self.world.now, calls).collect();
            self.world.calls.insert((app.clone(), waba.clone()), calls);
        }
    }

    fn intent(&mut self, route: &str, entry: IntentEntry) {
        let id: Option<MigrationIntentId> = self.id_or_invented(route, entry.id.as_deref());
        let waba = self.account(&format!("{route}.waba"), &entry.waba);
        let partner = match (&entry.solution, &entry.app) {
            (Some(solution), None) => {
                let known = |world: &World, id: &SolutionId| world.solutions.contains_key(id);
                let id = self.reference(&format!("{route}.solution"), solution, known);
                id.map(Partner::Solution)
            }
            (None, Some(app)) => self.app(&format!("{route}.app"), app).map(Partner::App),
            (Some(_), Some(_)) | (None, None) => {
                let message = "an intent names either a solution or an app";
                return self.fail("world-intent", route, message);
            }
        };
        let target = entry
            .target
            .and_then(|target| self.account(&format!("{route}.target"), &target));
        let (Some(id), Some(waba), Some(partner)) = (id, waba, partner) else {
            return;
        };
        let intent = Intent {
            waba,
            partner,
            status: entry.status,
            target,
        };
        self.world.intents.insert(id, intent);
    }

    fn token(&mut self, route: &str, entry: TokenEntry) {
        let app = self.app(&format!("{route}.app"), &entry.app);
        let wabas = entry.target_ids.map(|ids| {
            ids.iter()
                .enumerate()
                .filter_map(|(at, id)| self.account(&format!("{route}.target_ids[{at}]"), id))
                .collect()
        });
        let user: BusinessId = self.world.invent_id();
        let all = || [MANAGEMENT, MESSAGING, BUSINESS].map(str::to_owned).into();
        let Some(app) = app else {
            return;
        };
        self.world.tokens.push(Token {
            value: Secret::new(entry.value),
            name: entry.name,
            app,
            kind: entry.kind,
            user: user.to_string(),
            scopes: entry.scopes.unwrap_or_else(all),
            wabas,
            expires: entry.expires,
            data_access_expires: entry.data_access_expires,
            revoked: entry.revoked,
        });
    }

    fn number(&mut self, route: &str, entry: NumberEntry) {
        let id: Option<PhoneNumberId> = self.id_or_invented(route, entry.id.as_deref());
        let waba = self.account(&format!("{route}.waba"), &entry.waba);
        let phone = match entry.phone.parse::<Phone>() {
            Ok(phone) => phone,
            Err(problem) => {
                return self.fail(
                    "world-phone",
                    &format!("{route}.phone"),
                    problem.to_string(),
                );
            }
        };
        if entry
            .pin
            .as_ref()
            .is_some_and(|pin| pin.len() != 6 || !pin.bytes().all(|b| b.is_ascii_digit()))
        {
            self.fail("world-pin", &format!("{route}.pin"), "a PIN has 6 digits");
        }
        if entry.verified_at.is_some() && !waits_verified(&entry) {
            self.fail(
                "world-verified-at",
                &format!("{route}.verified_at"),
                "only a number that is verified and not registered says when it was verified",
            );
        }
        let is_live = entry.platform == Platform::CloudApi;
        let is_twice = |waba: &WabaId| {
            let mut nodes = self.world.numbers.values();
            nodes.any(|node| {
                node.waba == *waba
                    && node.phone == phone
                    && node.status != NumberStatus::Migrated
                    && node.is_live() == is_live
            })
        };
        if waba.as_ref().is_some_and(is_twice) {
            self.fail(
                "world-duplicate",
                &format!("{route}.phone"),
                format!("{phone} is on this account twice"),
            );
        }
        let Some(waba) = waba else {
            return;
        };
        let made = seed::add_live_number(&mut self.world, &waba, phone);
        if let Some(mut number) = self.world.numbers.remove(&made) {
            describe(&mut number, entry);
            self.world.numbers.insert(id.unwrap_or(made), number);
        }
    }

    fn template(&mut self, route: &str, entry: TemplateEntry) {
        let id: Option<TemplateId> = self.id_or_invented(route, entry.id.as_deref());
        let waba = self.account(&format!("{route}.waba"), &entry.waba);
        let (Some(id), Some(waba)) = (id, waba) else {
            return;
        };
        let key = (waba.clone(), entry.name.clone(), entry.language.clone());
        if !self.templates.insert(key) {
            let message = format!(
                "{} in {} is on this account twice",
                entry.name, entry.language
            );
            return self.fail("world-duplicate", &format!("{route}.name"), message);
        }
        let mut template = seed::template(&waba, &entry.name, &entry.language);
        template.category = entry.category;
        template.status = entry.status;
        template.quality = entry.quality;
        template.parameter_format = entry.parameter_format;
        template.rejected_reason = entry.rejected_reason;
        template.previous_category = entry.previous_category;
        template.correct_category = entry.correct_category;
        template.sub_category = entry.sub_category;
        template.message_send_ttl_seconds = entry.message_send_ttl_seconds;
        template.cta_url_link_tracking_opted_out = entry.cta_url_link_tracking_opted_out;
        if let Some(components) = entry.components {
            template.components = components.into();
        }
        self.world.add_template(id, template);
    }

    fn flow(&mut self, route: &str, entry: FlowEntry) {
        let id: Option<FlowId> = self.id_or_invented(route, entry.id.as_deref());
        let waba = self.account(&format!("{route}.waba"), &entry.waba);
        let (Some(id), Some(waba)) = (id, waba) else {
            return;
        };
        let is_twice = |(_, flow): (&FlowId, &Flow)| flow.name == entry.name;
        if self.world.flows_of(&waba).any(is_twice) {
            let message = format!("{} is on this account twice", entry.name);
            return self.fail("world-duplicate", &format!("{route}.name"), message);
        }
        let mut flow = seed::flow(&waba, &entry.name);
        flow.status = entry.status;
        flow.categories = entry.categories;
        flow.endpoint_uri = entry.endpoint_uri;
        flow.json = Some(one_screen(
            &entry.json_version,
            entry.data_api_version.as_deref(),
        ));
        self.world.add_flow(id, flow);
    }
}

fn waits_verified(entry: &NumberEntry) -> bool {
    entry.verification == CodeVerification::Verified && entry.platform != Platform::CloudApi
}

fn describe(number: &mut Number, entry: NumberEntry) {
    number.name = entry.name;
    number.name_status = entry.name_status;
    number.new_name = entry.new_name.map(|name| (name, NameStatus::PendingReview));
    number.status = entry.status;
    number.platform = entry.platform;
    number.verification = entry.verification;
    number.verified_at = entry.verified_at;
    number.quality = entry.quality;
    number.mode = entry.mode;
    number.pin = entry.pin.map(Secret::new);
    number.is_on_biz_app = entry.is_on_biz_app;
    number.is_official = entry.is_official;
    number.in_maintenance = entry.in_maintenance;
    number.profile = entry.profile;
}
