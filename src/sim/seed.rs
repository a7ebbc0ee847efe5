//! Worlds to begin with: one that suits a plan, and the parts that other worlds are made of.
//!
//! Nothing is read from outside; secrets of a rehearsal are made up here and open only this world.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::{BoxFuture, FutureExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    Simulator,
    access::{BUSINESS, MANAGEMENT, MESSAGING},
    flow::{Flow, one_screen},
    genesys::{organization::Admin, rehearsal},
    happening::{Happening, OWNERS_PIN},
    script::{Event, When},
    words::{
        AccountMode, Category, CodeVerification, Decision, FlowCategory, FlowStatus, NameStatus,
        NumberStatus, ParameterFormat, Platform, Quality, Review, TemplateStatus, TokenKind,
        Verification,
    },
    world::{App, Business, Codes, Number, Solution, Template, Token, Waba, World},
};
use crate::{
    ids::{AppId, BusinessId, FlowId, PhoneNumberId, WabaId},
    phone::Phone,
    plan::{Definition, Genesys, Glob, MessageFlow, Method, Plan, SubscribeApp},
    secret::{Secret, SecretError, SecretRef, Secrets},
    template::Content,
};

/// The moment at which made-up worlds begin: a Monday morning.
pub const BEGINNING: Timestamp = Timestamp::constant(1_795_424_400, 0);

/// The version of flow JSON that made-up flows have.
pub const FLOW_JSON: &str = "7.0";

/// Makes a world in which a plan can succeed: both accounts belong to one verified business, the
/// target can pay, the numbers are live on the source, the templates are approved.
pub fn from_plan(plan: &Plan) -> World {
    let mut world = World::empty(1, BEGINNING);
    let business = add_business(&mut world, "Rehearsal Ltd");
    let secret = plan.graph.app_secret.as_ref().map(invented);
    let app = add_app(&mut world, plan.graph.app_id.clone(), secret);
    let source = plan.source.waba.clone();
    add_waba(&mut world, source.clone(), &business, "Source");
    add_waba(&mut world, plan.target.waba.clone(), &business, "Target");
    if plan.target.subscription.app == SubscribeApp::Unmanaged
        && let Some(target) = world.wabas.get_mut(&plan.target.waba)
    {
        target.subscriptions.insert(app.clone(), None);
    }
    for (name, reference) in [
        ("target", &plan.target.token),
        ("source", plan.source_token()),
    ] {
        add_token(&mut world, name, invented(reference), &app);
    }
    for number in &plan.numbers {
        add_live_number(&mut world, &source, number.phone.clone());
    }
    for name in template_names(plan) {
        add_template(&mut world, &source, &name, "en_US");
    }
    for name in flow_names(plan) {
        add_flow(&mut world, &source, &name);
    }
    for solution in plan.solutions() {
        let name = "Rehearsal partners".to_owned();
        world.solutions.insert(solution.clone(), Solution { name });
    }
    if let Some(genesys) = &plan.genesys {
        add_organization(&mut world, plan, genesys);
    }
    world
}

/// Numbers with a part in Genesys Cloud have their integrations there; so has the placeholder.
fn add_organization(world: &mut World, plan: &Plan, genesys: &Genesys) {
    if let Some(placeholder) = &genesys.placeholder {
        add_live_number(world, &plan.target.waba, placeholder.clone());
    }
    let named = |flow: &MessageFlow| match flow {
        MessageFlow::Keep => None,
        MessageFlow::Named(name) => Some(name.clone()),
    };
    let numbers = plan.numbers.iter().filter_map(|number| {
        let there = number.genesys.as_ref()?;
        Some((number.phone.clone(), named(&there.flow)))
    });
    let wanted = rehearsal::Wanted {
        region: genesys.region.clone(),
        client: (
            invented(&genesys.client_id).expose().to_owned(),
            invented(&genesys.client_secret),
        ),
        source: plan.source.waba.clone(),
        target: plan.target.waba.clone(),
        numbers: numbers.collect(),
        templates: template_names(plan),
        placeholder: genesys.placeholder.clone(),
    };
    world.genesys = Some(rehearsal::make(world, &wanted));
}

/// The minutes after which an admin finishes the popup for a number whose old integration is gone.
const ADMIN_MINUTES: u32 = 3;

/// The days between the beginning of a rehearsal and its first window.
const DAYS_AHEAD: i64 = 3;

/// When people act in a rehearsal, in seconds after its beginning: the source's owner first.
const OWNER_ACTS: u32 = 20 * 60;
const CUSTOMER_ACTS: u32 = 40 * 60;

/// Makes the world of a rehearsal: as [`from_plan`], some days before the first window, with the
/// work of people still to be done. Two-step verification is on, as it is for most numbers; the
/// source's owner and the customer do what the gates ask of them, each after a while.
pub fn rehearsal(plan: &Plan) -> World {
    let mut world = from_plan(plan);
    let opens = plan
        .windows
        .iter()
        .map(|window| window.from.timestamp())
        .min();
    let ahead = SignedDuration::from_hours(24 * DAYS_AHEAD);
    if let Some(begins) = opens.and_then(|opens| opens.checked_sub(ahead).ok()) {
        world.now = begins;
    }
    for number in world.numbers.values_mut() {
        number.pin = Some(Secret::new(OWNERS_PIN));
    }
    let target = plan.target.waba.to_string();
    for number in &plan.numbers {
        let phone = number.phone.clone();
        schedule(
            &mut world,
            OWNER_ACTS,
            Happening::TwoStepOff {
                phone: phone.clone(),
            },
        );
        // In Genesys Cloud the popup is its admin's.
        if number.method == Method::EmbeddedSignup && number.genesys.is_none() {
            let waba = target.clone();
            schedule(
                &mut world,
                CUSTOMER_ACTS,
                Happening::SignupFinished { phone, waba },
            );
        }
    }
    for solution in plan.solutions() {
        let accepted = Happening::IntentDecided {
            solution: solution.to_string(),
            status: Decision::Accepted,
            waba: Some(target.clone()),
        };
        schedule(&mut world, CUSTOMER_ACTS, accepted);
    }
    if let Some(organization) = &mut world.genesys {
        organization.admin = Some(Admin {
            minutes: ADMIN_MINUTES,
            waba: Some(plan.target.waba.clone()),
        });
    }
    world
}

fn schedule(world: &mut World, seconds: u32, what: Happening) {
    world.schedule(Event {
        when: When::AfterSeconds(seconds),
        what,
    });
}

/// A pattern makes two names that fit it.
fn template_names(plan: &Plan) -> Vec<String> {
    let required = plan
        .templates
        .required
        .iter()
        .flatten()
        .filter(|glob| glob.is_name());
    let mut names: Vec<String> = plan
        .templates
        .copy
        .iter()
        .chain(required)
        .flat_map(names_of)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The flows that the plan copies, and those that its template files name.
fn flow_names(plan: &Plan) -> Vec<String> {
    let copied = plan.flows.copy.iter().flat_map(names_of);
    let contents: Vec<_> = plan
        .templates
        .definitions
        .iter()
        .map(Definition::content)
        .collect();
    let opened = contents.iter().flat_map(Content::lines);
    let opened = opened.filter(|(path, _)| path.ends_with(".flow_name"));
    let mut names: Vec<_> = copied
        .chain(opened.map(|(_, name)| name.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn names_of(glob: &Glob) -> Vec<String> {
    if glob.is_name() {
        return vec![glob.as_str().to_owned()];
    }
    ["order_update", "appointment_reminder"]
        .map(|filling| {
            glob.as_str()
                .replacen('*', filling, 1)
                .replace('*', "")
                .replace('?', "1")
        })
        .to_vec()
}

/// Returns the secret that stands for a reference in a rehearsal.
pub fn invented(reference: &SecretRef) -> Secret {
    Secret::new(format!("EAAREHEARSAL{}", &digest(reference)[..24]))
}

/// Returns the PIN that stands for a reference in a rehearsal.
fn invented_pin(reference: &SecretRef) -> Secret {
    let digits: String = digest(reference)
        .bytes()
        .map(|byte| char::from(b'0' + byte % 10))
        .take(6)
        .collect();
    Secret::new(digits)
}

fn digest(reference: &SecretRef) -> String {
    hex::encode(Sha256::digest(format!("{reference:?}")))
}

/// Secrets of a rehearsal: tokens, an app secret and an OAuth client that open its world, six-digit
/// PINs.
pub struct RehearsalSecrets {
    simulator: Simulator,
    genesys: Option<Genesys>,
    app: Option<(SecretRef, AppId)>,
    tokens: [(SecretRef, &'static str); 2],
    pins: Vec<SecretRef>,
}

impl RehearsalSecrets {
    /// Makes the secrets of a plan.
    pub fn of(plan: &Plan, simulator: Simulator) -> Arc<dyn Secrets> {
        let graph = &plan.graph;
        Arc::new(Self {
            genesys: plan.genesys.clone(),
            app: graph.app_secret.clone().zip(graph.app_id.clone()),
            tokens: [
                (plan.target.token.clone(), "target"),
                (plan.source_token().clone(), "source"),
            ],
            pins: plan
                .numbers
                .iter()
                .map(|number| number.pin.clone())
                .collect(),
            simulator,
        })
    }

    fn find(&self, reference: &SecretRef) -> Secret {
        let known = self.token(reference).or_else(|| self.app_secret(reference));
        if let Some(secret) = known.or_else(|| self.client(reference)) {
            return secret;
        }
        if self.pins.contains(reference) {
            invented_pin(reference)
        } else {
            invented(reference)
        }
    }

    /// The world's token of that name (`target`, `source`), else its first.
    fn token(&self, reference: &SecretRef) -> Option<Secret> {
        let (_, name) = self.tokens.iter().find(|(token, _)| token == reference)?;
        self.simulator.world(|world| {
            let named = world.tokens.iter().find(|token| token.name == *name);
            named
                .or(world.tokens.first())
                .map(|token| token.value.clone())
        })
    }

    /// Id or secret of the organization's first client.
    fn client(&self, reference: &SecretRef) -> Option<Secret> {
        let genesys = self.genesys.as_ref()?;
        self.simulator.world(|world| {
            let client = world.genesys.as_ref()?.clients.first()?;
            if genesys.client_id == *reference {
                return Some(Secret::new(&client.id[..]));
            }
            (genesys.client_secret == *reference).then(|| client.secret.clone())
        })
    }

    /// The secret of the plan's app, where the world has that app.
    fn app_secret(&self, reference: &SecretRef) -> Option<Secret> {
        let (_, app) = self
            .app
            .as_ref()
            .filter(|(secret, _)| secret == reference)?;
        self.simulator
            .world(|world| world.apps.get(app).map(|app| app.secret.clone()))
    }
}

impl Secrets for RehearsalSecrets {
    fn read<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, SecretError>> {
        std::future::ready(Ok(self.find(reference))).boxed()
    }
}

/// Adds a verified business.
pub fn add_business(world: &mut World, name: &str) -> BusinessId {
    let id: BusinessId = world.invent_id();
    let business = Business {
        name: name.to_owned(),
        verification: Verification::Verified,
    };
    world.businesses.insert(id.clone(), business);
    id
}

/// Adds an app; what is not given is invented.
pub fn add_app(world: &mut World, id: Option<AppId>, secret: Option<Secret>) -> AppId {
    let id = id.unwrap_or_else(|| world.invent_id());
    let secret = secret.unwrap_or_else(|| Secret::new(format!("{:016x}", world.invent())));
    let app = App {
        name: "Migration".into(),
        secret,
        require_secret: false,
    };
    world.apps.insert(id.clone(), app);
    id
}

/// Adds a system user's token that reaches everything, unless it is there already.
pub fn add_token(world: &mut World, name: &str, value: Secret, app: &AppId) {
    if world
        .tokens
        .iter()
        .any(|token| token.value.expose() == value.expose())
    {
        return;
    }
    let user: BusinessId = world.invent_id();
    world.tokens.push(Token {
        value,
        name: name.to_owned(),
        app: app.clone(),
        kind: TokenKind::SystemUser,
        user: user.to_string(),
        scopes: [MANAGEMENT, MESSAGING, BUSINESS].map(str::to_owned).into(),
        wabas: None,
        expires: None,
        data_access_expires: None,
        revoked: false,
    });
}

/// Adds an approved account with a payment method.
pub fn add_waba(world: &mut World, id: WabaId, owner: &BusinessId, name: &str) {
    let funding: BusinessId = world.invent_id();
    let hex = format!("{:016x}{:016x}", world.invent(), world.invent());
    let namespace = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..32],
    ]
    .join("_");
    let waba = Waba {
        name: name.to_owned(),
        owner: owner.clone(),
        status: "ACTIVE".into(),
        review: Review::Approved,
        is_banned: false,
        ownership: None,
        currency: Some("EUR".into()),
        funding: Some(funding.to_string()),
        payment_error: false,
        on_behalf_of: None,
        namespace,
        max_numbers: 20,
        template_limit: None,
        has_catalog: true,
        subscriptions: BTreeMap::new(),
    };
    world.wabas.insert(id, waba);
}

/// Adds a number that is registered, verified and named, with two-step verification off.
pub fn add_live_number(world: &mut World, waba: &WabaId, phone: Phone) -> PhoneNumberId {
    let id: PhoneNumberId = world.invent_id();
    let number = Number {
        waba: waba.clone(),
        phone,
        name: "Lucky Shrub".into(),
        name_status: NameStatus::Approved,
        new_name: None,
        name_changes: Vec::new(),
        status: NumberStatus::Connected,
        platform: Platform::CloudApi,
        verification: CodeVerification::Verified,
        verified_at: None,
        quality: Quality::Green,
        mode: AccountMode::Live,
        pin: None,
        is_on_biz_app: false,
        is_official: false,
        in_maintenance: false,
        is_migrating: false,
        onboarded: Some(world.now),
        profile: BTreeMap::from([
            ("about".to_owned(), json!("We answer from 8 to 20")),
            ("vertical".to_owned(), json!("RETAIL")),
            ("websites".to_owned(), json!(["https://shrub.example/"])),
        ]),
        callback: None,
        codes: Codes::default(),
        wrong_pins: 0,
        flaps_left: 0,
    };
    world.numbers.insert(id.clone(), number);
    id
}

/// Adds a published flow with one screen.
pub fn add_flow(world: &mut World, waba: &WabaId, name: &str) -> FlowId {
    let id = world.invent_id();
    world.add_flow(id, flow(waba, name))
}

/// Makes a published flow with one screen.
pub fn flow(waba: &WabaId, name: &str) -> Flow {
    Flow {
        waba: waba.clone(),
        name: name.to_owned(),
        status: FlowStatus::Published,
        categories: vec![FlowCategory::Other],
        endpoint_uri: None,
        application: None,
        json: Some(one_screen(FLOW_JSON, None)),
    }
}

/// Adds an approved template of high quality.
pub fn add_template(world: &mut World, waba: &WabaId, name: &str, language: &str) {
    let id = world.invent_id();
    world.add_template(id, template(waba, name, language));
}

/// Makes an approved template of high quality, with a body of one variable.
pub fn template(waba: &WabaId, name: &str, language: &str) -> Template {
    let text = format!("Hello {{{{1}}}}, this is about {}.", name.replace('_', " "));
    Template {
        waba: waba.clone(),
        name: name.to_owned(),
        language: language.to_owned(),
        category: Category::Utility,
        status: TemplateStatus::Approved,
        quality: Quality::Green,
        parameter_format: ParameterFormat::Positional,
        components: json!([{"type": "BODY", "text": text, "example": {"body_text": [["Pablo"]]}}]),
        rejected_reason: None,
        previous_category: None,
        correct_category: None,
        sub_category: None,
        message_send_ttl_seconds: None,
        cta_url_link_tracking_opted_out: None,
        pauses: 0,
        edits: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{self, Otp, OtpChannel, Templates};

    fn env(name: &str) -> SecretRef {
        SecretRef::Env(name.into())
    }

    fn plan() -> Plan {
        let number = plan::Number {
            phone: "+49 30 901820".parse().unwrap(),
            method: plan::Method::Otp,
            pin: env("PIN"),
            otp: Otp {
                channel: OtpChannel::Sms,
                language: "de".into(),
                code: Some(env("CODE")),
            },
            needs: Vec::new(),
            window: None,
            profile: None,
            genesys: None,
        };
        Plan {
            name: "small".into(),
            description: None,
            path: "small.yaml".into(),
            digest: String::new(),
            graph: plan::Graph {
                api_version: "v25.0".into(),
                app_id: None,
                app_secret: Some(env("APP_SECRET")),
            },
            source: plan::Source {
                waba: "1".parse().unwrap(),
                token: None,
            },
            target: plan::Target {
                waba: "2".parse().unwrap(),
                token: env("TOKEN"),
                subscription: plan::Subscription {
                    app: SubscribeApp::Unmanaged,
                    callback: None,
                },
            },
            windows: Vec::new(),
            numbers: vec![number],
            templates: Templates {
                copy: vec![Glob::new("order_*"), Glob::new("welcome")],
                required: Some(vec![Glob::new("order_*"), Glob::new("promo")]),
                ..Templates::default()
            },
            flows: plan::Flows::default(),
            genesys: None,
            policy: plan::Policy::default(),
            ignore: Vec::new(),
        }
    }

    #[test]
    fn a_plan_gets_the_world_it_names() {
        let world = from_plan(&plan());
        let source: WabaId = "1".parse().unwrap();
        let names: Vec<&str> = world
            .templates_of(&source)
            .map(|(_, template)| template.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "order_appointment_reminder",
                "order_order_update",
                "promo",
                "welcome"
            ]
        );
        assert_eq!((world.numbers.len(), world.tokens.len()), (1, 1));
        let target = &world.wabas[&"2".parse::<WabaId>().unwrap()];
        assert_eq!(target.subscriptions.len(), 1, "somebody else saw to it");
    }

    #[test]
    fn secrets_of_a_rehearsal_open_its_world() {
        let plan = plan();
        let simulator = Simulator::new(from_plan(&plan));
        let secrets = RehearsalSecrets::of(&plan, simulator.clone());
        let read = |name: &str| {
            let reference = env(name);
            secrets.read(&reference).now_or_never().unwrap()
        };
        let token = read("TOKEN").unwrap();
        simulator.world(|world| assert_eq!(world.tokens[0].value.expose(), token.expose()));
        let pin = read("PIN").unwrap();
        assert!(pin.expose().len() == 6 && pin.expose().bytes().all(|b| b.is_ascii_digit()));
    }

    #[test]
    fn the_app_secret_of_a_rehearsal_is_the_one_its_world_names() {
        let mut plan = plan();
        plan.graph.app_id = "77".parse().ok();
        let mut world = World::empty(1, BEGINNING);
        let secret = Some(Secret::new("made-up"));
        add_app(&mut world, plan.graph.app_id.clone(), secret);
        let secrets = RehearsalSecrets::of(&plan, Simulator::new(world));
        let read = secrets.read(&env("APP_SECRET")).now_or_never().unwrap();
        assert_eq!(read.unwrap().expose(), "made-up");
    }

    fn in_genesys() -> Plan {
        let mut plan = plan();
        plan.genesys = Some(Genesys {
            region: "mypurecloud.ie".into(),
            client_id: env("CLIENT"),
            client_secret: env("CLIENT_SECRET"),
            pauses_campaigns: true,
            repoints_responses: true,
            placeholder: Some("+49 30 555000".parse().unwrap()),
        });
        plan.numbers[0].genesys = Some(plan::NumberGenesys {
            flow: MessageFlow::Named("Shop".into()),
            integration_name: None,
        });
        plan
    }

    #[test]
    fn a_plan_of_genesys_cloud_gets_an_organization() {
        let plan = in_genesys();
        let world = rehearsal(&plan);
        let org = world.genesys.as_ref().unwrap();
        let phone = &plan.numbers[0].phone;
        let old = org.integrations_of(phone).next().unwrap();
        assert_eq!((&old.waba, old.was_active), (&plan.source.waba, true));
        let flow = org.recipient_of(&old.id).unwrap().flow.as_deref().unwrap();
        assert_eq!(org.flow(flow).unwrap().name, "Shop");
        let placeholder = "+49 30 555000".parse().unwrap();
        let carrier = org.integrations_of(&placeholder).next().unwrap();
        assert_eq!(carrier.waba, plan.target.waba);
        assert!(world.number_on(&plan.target.waba, &placeholder).is_some());
        let counts = [
            &org.queues,
            &org.campaigns,
            &org.rule_sets,
            &org.libraries,
            &org.responses,
        ];
        assert_eq!(counts.map(|shelf| shelf.0.len()), [3, 3, 1, 3, 11]);
        let admin = org.admin.as_ref().unwrap();
        assert_eq!(
            (admin.minutes, admin.waba.as_ref()),
            (3, Some(&plan.target.waba))
        );
        assert!(from_plan(&plan).genesys.unwrap().admin.is_none());
    }

    #[test]
    fn the_client_of_a_rehearsal_is_the_one_its_world_names() {
        let plan = in_genesys();
        let world = from_plan(&plan);
        let client = world.genesys.as_ref().unwrap().clients[0].clone();
        let secrets = RehearsalSecrets::of(&plan, Simulator::new(world));
        let read = |name: &str| {
            let secret = secrets.read(&env(name)).now_or_never().unwrap();
            secret.unwrap().expose().to_owned()
        };
        assert_eq!(read("CLIENT"), client.id);
        assert_eq!(read("CLIENT_SECRET"), client.secret.expose());
    }
}
