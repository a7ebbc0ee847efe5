//! From the section `genesys` of a world file to an organization: references are followed, gaps are
//! filled.
//!
//! All problems are collected, each with its route in the file.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    file::{
        CampaignEntry, ClientEntry, IntegrationEntry, LibraryEntry, MessageFlowEntry, NamedEntry,
        OrganizationEntry, QueueEntry, RecipientEntry, ResponseEntry, RuleSetEntry,
    },
    organization::{Admin, Organization, Shelf},
    seed::{self, Says},
    words::IntegrationStatus,
};
use crate::{finding::Finding, ids::WabaId, phone::Phone, secret::Secret, sim::world::World};

/// What clients are called that no world file names.
const CLIENT: (&str, &str) = ("simulator", "simulated-client-secret");

/// Adds the organization to the world, and what is wrong with it to the findings.
pub fn build(world: &mut World, entry: OrganizationEntry, findings: &mut Vec<Finding>) {
    let mut org = seed::organization(world, &entry.name, &entry.region);
    org.switches = entry.switches;
    org.products = entry.products.unwrap_or(org.products);
    let mut builder = Builder {
        world,
        org,
        findings,
        ids: BTreeSet::new(),
    };
    builder.check_switches();
    builder.clients(entry.clients);
    each("flows", entry.flows, |route, entry| {
        builder.flow(route, entry)
    });
    each(
        "supported_content",
        entry.supported_content,
        |route, entry| {
            let id = seed::add_content(builder.world, &mut builder.org, &entry.name);
            builder.finish(route, Kind::Content, &id, entry);
        },
    );
    each(
        "messaging_settings",
        entry.messaging_settings,
        |route, entry| {
            let id = seed::add_setting(builder.world, &mut builder.org, &entry.name);
            builder.finish(route, Kind::Setting, &id, entry);
        },
    );
    each("integrations", entry.integrations, |route, entry| {
        builder.integration(route, entry)
    });
    each(
        "other_recipients",
        entry.other_recipients,
        |route, entry| builder.recipient(route, &entry),
    );
    each("libraries", entry.libraries, |route, entry| {
        builder.library(route, entry)
    });
    each("queues", entry.queues, |route, entry| {
        builder.queue(route, entry)
    });
    each("campaigns", entry.campaigns, |route, entry| {
        builder.campaign(route, entry)
    });
    each("rule_sets", entry.rule_sets, |route, entry| {
        builder.rule_set(route, entry)
    });
    each("payment_lines", entry.payment_lines, |route, waba| {
        let waba = builder.account(route, &waba);
        builder.org.payment_lines.extend(waba);
    });
    builder.org.admin = entry.admin.map(|admin| Admin {
        minutes: admin.minutes,
        waba: admin
            .waba
            .and_then(|waba| builder.account("genesys.admin.waba", &waba)),
    });
    let org = builder.org;
    world.genesys = Some(org);
}

fn each<T>(list: &str, entries: Vec<T>, mut add: impl FnMut(&str, T)) {
    for (at, entry) in entries.into_iter().enumerate() {
        add(&format!("genesys.{list}[{at}]"), entry);
    }
}

struct Builder<'a> {
    world: &'a mut World,
    org: Organization,
    findings: &'a mut Vec<Finding>,
    ids: BTreeSet<String>,
}

/// What a raw object is.
#[derive(Clone, Copy)]
enum Kind {
    Content,
    Setting,
    Library,
    Response,
    Queue,
    Campaign,
    RuleSet,
}

impl Builder<'_> {
    fn fail(&mut self, rule: &'static str, route: &str, message: impl Into<String>) {
        self.findings.push(Finding::fail(rule, route, message));
    }

    fn check_switches(&mut self) {
        let switches = &self.org.switches;
        let wrong = [
            (
                "oauth_error_status",
                switches.oauth_error_status,
                [400, 401],
            ),
            (
                "unknown_flow_status",
                switches.unknown_flow_status,
                [400, 404],
            ),
            (
                "routed_deletion_status",
                switches.routed_deletion_status,
                [400, 409],
            ),
        ];
        for (name, status, allowed) in wrong {
            if !allowed.contains(&status) {
                let [one, other] = allowed;
                let route = format!("genesys.switches.{name}");
                self.fail(
                    "world-status",
                    &route,
                    format!("this is {one} or {other}, not {status}"),
                );
            }
        }
    }

    fn clients(&mut self, entries: Option<Vec<ClientEntry>>) {
        let Some(entries) = entries else {
            let (id, secret) = CLIENT;
            return seed::add_client(&mut self.org, id, Secret::new(secret));
        };
        each("clients", entries, |route, entry| {
            self.claim(&format!("{route}.id"), &entry.id);
            seed::add_client(&mut self.org, &entry.id, Secret::new(entry.secret));
            if let Some(client) = self.org.clients.last_mut() {
                client.token_seconds = entry.token_seconds;
                client.inactive = entry.inactive;
                client.permissions = entry
                    .permissions
                    .unwrap_or_else(|| client.permissions.clone());
                client.permissions.retain(|it| !entry.without.contains(it));
            }
        });
    }

    /// No two objects have one id.
    fn claim(&mut self, route: &str, id: &str) -> bool {
        let is_new = !id.is_empty() && self.ids.insert(id.to_owned());
        if !is_new {
            self.fail(
                "world-duplicate",
                route,
                format!("the id {id} is used twice"),
            );
        }
        is_new
    }

    fn flow(&mut self, route: &str, entry: MessageFlowEntry) {
        let id = seed::add_flow(self.world, &mut self.org, &entry.name);
        let id = entry.id.unwrap_or(id);
        self.claim(&format!("{route}.id"), &id);
        if let Some(flow) = self.org.flows.last_mut() {
            flow.id = id;
            flow.kind = entry.kind;
            flow.published = entry.published;
            flow.deleted = entry.deleted;
        }
    }

    /// Returns the id of a flow named by id or name.
    fn flow_id(&mut self, route: &str, named: Option<&str>) -> Option<String> {
        let named = named?;
        let found = self.org.flow(named).map(|flow| flow.id.clone());
        self.found(route, named, found)
    }

    fn found(&mut self, route: &str, named: &str, found: Option<String>) -> Option<String> {
        if found.is_none() {
            let message = format!("nothing here has the id or name {named}");
            self.fail("world-reference", route, message);
        }
        found
    }

    fn named(&mut self, route: &str, kind: Kind, named: Option<&str>) -> Option<String> {
        let named = named?;
        let found = self.shelf(kind).find(named);
        let found = found
            .and_then(|object| object["id"].as_str())
            .map(str::to_owned);
        self.found(route, named, found)
    }

    fn shelf(&mut self, kind: Kind) -> &mut Shelf {
        match kind {
            Kind::Content => &mut self.org.supported_content,
            Kind::Setting => &mut self.org.messaging_settings,
            Kind::Library => &mut self.org.libraries,
            Kind::Response => &mut self.org.responses,
            Kind::Queue => &mut self.org.queues,
            Kind::Campaign => &mut self.org.campaigns,
            Kind::RuleSet => &mut self.org.rule_sets,
        }
    }

    /// Gives an object the id and the properties that the file has for it; returns its id.
    fn finish(&mut self, route: &str, kind: Kind, made: &str, entry: NamedEntry) -> String {
        let id = entry.id.unwrap_or_else(|| made.to_owned());
        self.claim(&format!("{route}.id"), &id);
        if let Some(object) = self.shelf(kind).get_mut(made) {
            let address = object["selfUri"].as_str().unwrap_or_default();
            object["selfUri"] = address.replace(made, &id).into();
            object["id"] = id.clone().into();
            overlay(object, entry.raw);
        }
        id
    }

    fn account(&mut self, route: &str, text: &str) -> Option<WabaId> {
        let id = text.parse::<WabaId>();
        if let Err(problem) = &id {
            self.fail("world-id", route, problem.to_string());
        }
        id.ok()
    }

    fn phone(&mut self, route: &str, text: &str) -> Option<Phone> {
        let phone = text.parse::<Phone>();
        if let Err(problem) = &phone {
            self.fail("world-phone", route, problem.to_string());
        }
        phone.ok()
    }

    fn integration(&mut self, route: &str, entry: IntegrationEntry) {
        let phone = self.phone(&format!("{route}.phone"), &entry.phone);
        let flow = self.flow_id(&format!("{route}.flow"), entry.flow.as_deref());
        let content = entry.supported_content.as_deref();
        let content = self.named(
            &format!("{route}.supported_content"),
            Kind::Content,
            content,
        );
        let setting = entry.messaging_setting.as_deref();
        let setting = self.named(
            &format!("{route}.messaging_setting"),
            Kind::Setting,
            setting,
        );
        let Some(phone) = phone else {
            return;
        };
        let waba = match &entry.waba {
            Some(waba) => self.account(&format!("{route}.waba"), waba),
            None => self.home(route, &phone),
        };
        let Some(waba) = waba else {
            return;
        };
        let name = entry.name.unwrap_or_else(|| format!("WhatsApp {phone}"));
        let number = (&waba, &phone);
        let made = seed::add_integration(self.world, &mut self.org, number, &name, flow.as_deref());
        let id = entry.id.unwrap_or_else(|| made.clone());
        self.claim(&format!("{route}.id"), &id);
        let was_active = !matches!(
            entry.status,
            IntegrationStatus::Incomplete | IntegrationStatus::Starting
        );
        if let Some(it) = self.org.integration_mut(&made) {
            it.id.clone_from(&id);
            it.status = entry.status;
            it.signup = entry.signup;
            it.was_active = was_active;
            it.supported_content = content.or(it.supported_content.take());
            it.messaging_setting = setting.or(it.messaging_setting.take());
            it.identity["resolveIdentities"] = entry.resolve_identities.into();
            it.raw = entry.raw;
        }
        if !was_active {
            self.org.recipients.retain(|it| it.integration != made);
        }
        for recipient in &mut self.org.recipients {
            if recipient.integration == made {
                if recipient.id == made {
                    recipient.id.clone_from(&id);
                }
                recipient.integration.clone_from(&id);
            }
        }
    }

    /// Returns the account on which a number is registered.
    fn home(&mut self, route: &str, phone: &Phone) -> Option<WabaId> {
        let home = self
            .world
            .live_number(phone)
            .map(|(_, live)| live.waba.clone());
        if home.is_none() {
            let message =
                format!("{phone} is registered nowhere; say which account it is on (`waba`)");
            self.fail("world-reference", &format!("{route}.phone"), message);
        }
        home
    }

    /// Returns the integration of a number.
    fn of_number(&mut self, route: &str, text: Option<&str>) -> Option<String> {
        let text = text?;
        let phone = self.phone(route, text)?;
        let found = self.org.integrations_of(&phone).next();
        let found = found.map(|it| it.id.clone());
        if found.is_none() {
            let message = format!("no integration here is for {phone}");
            self.fail("world-reference", route, message);
        }
        found
    }

    fn recipient(&mut self, route: &str, entry: &RecipientEntry) {
        let flow = self.flow_id(&format!("{route}.flow"), entry.flow.as_deref());
        let named = (&*entry.name, &*entry.messenger);
        seed::add_other_recipient(self.world, &mut self.org, named, flow.as_deref());
    }

    fn library(&mut self, route: &str, entry: LibraryEntry) {
        let made = seed::add_library(self.world, &mut self.org, &entry.name);
        let LibraryEntry {
            id,
            name,
            responses,
            raw,
        } = entry;
        let library = self.finish(route, Kind::Library, &made, NamedEntry { id, name, raw });
        for (at, response) in responses.into_iter().enumerate() {
            self.response(&format!("{route}.responses[{at}]"), &library, response);
        }
    }

    fn response(&mut self, route: &str, library: &str, entry: ResponseEntry) {
        let namespace = self.namespace(&entry.namespace);
        let says = entry.template.as_deref().map(|template| Says {
            template,
            language: &entry.language,
            namespace: namespace.as_deref(),
        });
        let made = seed::add_response(self.world, &mut self.org, library, &entry.name, says);
        let named = NamedEntry {
            id: entry.id,
            name: entry.name,
            raw: entry.raw,
        };
        let id = self.finish(route, Kind::Response, &made, named);
        // The search knows it as it is now.
        self.org.index.known.0.pop();
        let response = self.org.responses.get(&id).cloned();
        self.org.index.known.0.extend(response);
    }

    fn namespace(&self, text: &str) -> Option<String> {
        let of = |waba: &WabaId| Some(self.world.wabas.get(waba)?.namespace.clone());
        match text {
            "none" => None,
            "source" => {
                let integrations = self.org.integrations.iter();
                integrations.map(|it| &it.waba).find_map(of)
            }
            other => {
                let account = other.parse::<WabaId>().ok();
                let own = account.as_ref().and_then(of);
                own.or_else(|| Some(other.to_owned()))
            }
        }
    }

    fn queue(&mut self, route: &str, entry: QueueEntry) {
        let QueueEntry {
            id,
            name,
            number,
            raw,
        } = entry;
        let number = self.of_number(&format!("{route}.number"), number.as_deref());
        let made = seed::add_queue(self.world, &mut self.org, &name, number.as_deref());
        self.finish(route, Kind::Queue, &made, NamedEntry { id, name, raw });
    }

    fn campaign(&mut self, route: &str, entry: CampaignEntry) {
        let CampaignEntry {
            id,
            name,
            number,
            response,
            status,
            raw,
        } = entry;
        let sends = self.sends(route, number.as_deref(), response.as_deref());
        let sends = (sends.0.as_deref(), sends.1.as_deref());
        let made = seed::add_campaign(self.world, &mut self.org, (&name, &status), sends);
        self.finish(route, Kind::Campaign, &made, NamedEntry { id, name, raw });
    }

    fn rule_set(&mut self, route: &str, entry: RuleSetEntry) {
        let RuleSetEntry {
            id,
            name,
            number,
            response,
            raw,
        } = entry;
        let sends = self.sends(route, number.as_deref(), response.as_deref());
        let sends = (sends.0.as_deref(), sends.1.as_deref());
        let made = seed::add_rule_set(self.world, &mut self.org, &name, sends);
        self.finish(route, Kind::RuleSet, &made, NamedEntry { id, name, raw });
    }

    /// Returns the ids of an integration and of a canned response.
    fn sends(
        &mut self,
        route: &str,
        number: Option<&str>,
        response: Option<&str>,
    ) -> (Option<String>, Option<String>) {
        let number = self.of_number(&format!("{route}.number"), number);
        let response = self.named(&format!("{route}.response"), Kind::Response, response);
        (number, response)
    }
}

fn overlay(object: &mut Value, raw: Map<String, Value>) {
    let Some(object) = object.as_object_mut() else {
        return;
    };
    for (name, value) in raw {
        match value {
            Value::Null => object.remove(&name),
            value => object.insert(name, value),
        };
    }
}
