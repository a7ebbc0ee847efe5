//! What can be done: one file per kind of step.
//!
//! A step says what it needs ([`StepKind::needs`]), decides from a snapshot alone whether there is
//! something to do ([`StepKind::decide`], pure), and does it ([`StepKind::perform`], the only method
//! that reaches the world). The table in this file gives every kind its place, and [`steps`] makes those of a plan.

mod add;
mod answer;
mod clearance;
mod context;
mod creation;
mod cut_over;
mod flows_copy;
mod genesys;
mod genesys_placeholder;
mod genesys_responses;
mod keepsakes;
mod listing;
mod live;
mod media;
mod profile;
mod rebuild;
mod register;
mod request_code;
mod response_changes;
mod response_writes;
mod settled;
mod signup;
mod solution_accepted;
mod solution_intent;
mod subscription_cleanup;
mod surroundings;
mod target_subscription;
mod template_define;
mod templates_approved;
mod templates_copy;
mod templates_prune;
mod templates_recreate;
mod templates_repoint;
mod two_step_off;
mod undo;
mod upload;
mod verify;
mod words;

use std::{collections::BTreeMap, sync::Arc};

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use cut_over::CutOvers;
pub use genesys::Silence;
pub use genesys_responses::{keep_namespaces, left_responses};
pub use listing::Listing;
pub use template_define::changes as definition_changes;
pub use undo::steps as undo_steps;
pub use upload::{Payload, Uploads, upload};
pub use verify::{refused as refused_code, six_digits};

pub use answer::answer;
pub use context::{Context, Genesys, Outcome, StepError};
pub use surroundings::{CodeAsked, Options, People, Review, Stop};

use crate::{
    api::transport,
    field::FieldChange,
    finding::{Finding, Who},
    ids::{AccountStep, Address, PhoneNumberId},
    phone::Phone,
    plan::{
        Method, Plan, SubscribeApp, Window,
        window::{CUT_OVER, GENESYS_CUT_OVER},
    },
    resource::phone_number::PhoneNumber,
    snapshot::Snapshot,
};

/// Where a step stands in the life of a migration. For reading only: order comes from the graph.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No traffic is touched.
    Prepare,
    /// Numbers are proved; may be days ahead.
    Verify,
    /// Traffic moves.
    CutOver,
    /// What follows.
    Settle,
    /// What was done is undone.
    TakeBack,
}

/// What kind of thing a change is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Something new comes into being.
    Create,
    /// Something changes.
    Update,
    /// Something goes away.
    Delete,
    /// Something happens.
    Call,
    /// A person must act.
    Gate,
    /// Meta must act.
    Wait,
    /// Nothing to do.
    None,
}

impl Action {
    /// Returns whether something is sent for it.
    pub fn writes(self) -> bool {
        match self {
            Self::Create | Self::Update | Self::Delete | Self::Call => true,
            Self::Gate | Self::Wait | Self::None => false,
        }
    }
}

/// Whether a change can be taken back.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// At any time.
    Yes,
    /// As long as the number is not registered, and by a person.
    UntilRegister,
    /// Never.
    No,
}

/// One write that will be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// The path without API version; an id that is not known yet stands as `{phone_number_id}`.
    pub path: String,
}

impl Call {
    fn new(method: transport::Method, path: impl Into<String>) -> Self {
        Self {
            method: method.as_str().into(),
            path: path.into(),
        }
    }

    fn post(path: impl Into<String>) -> Self {
        Self::new(transport::Method::Post, path)
    }

    fn delete(path: impl Into<String>) -> Self {
        Self::new(transport::Method::Delete, path)
    }

    fn put(path: impl Into<String>) -> Self {
        Self::new(transport::Method::Put, path)
    }

    fn patch(path: impl Into<String>) -> Self {
        Self::new(transport::Method::Patch, path)
    }

    fn number(id: Option<&PhoneNumberId>, edge: &str) -> Self {
        let id = id.map_or("{phone_number_id}", PhoneNumberId::as_str);
        Self::post(format!("/{id}/{edge}"))
    }
}

/// What a step asks of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Gate {
    /// Who has to act.
    pub owner: Who,
    /// What exactly to do.
    pub instructions: String,
    /// The observation that proves that it is done.
    pub proof: &'static str,
}

impl Gate {
    /// Says what to do next, to the person who runs this.
    pub fn next(&self) -> String {
        format!("ask {}: {}", self.owner, self.instructions)
    }
}

/// What one step would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What kind of thing it is.
    pub action: Action,
    /// Why it is needed.
    pub reason: String,
    /// What differs.
    pub fields: Vec<FieldChange>,
    /// The writes it will send.
    pub calls: Vec<Call>,
    /// When alone it may be done.
    pub window: Option<Arc<Window>>,
    /// What the decision rests on, thing by thing, as it was seen: [`ABSENT`] where it was not
    /// there, `null` where it could not be seen so far. Own progress takes things away from it and
    /// changes none.
    pub precondition: BTreeMap<String, Value>,
    /// What is lost with it and given to something else later. The journal keeps it too.
    pub keeps: Option<Value>,
}

/// Stands in a precondition for what was not there.
pub const ABSENT: &str = "absent";

impl Change {
    fn new(action: Action, reason: impl Into<String>) -> Self {
        let (fields, calls, precondition) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self {
            action,
            reason: reason.into(),
            fields,
            calls,
            window: None,
            precondition,
            keeps: None,
        }
    }

    fn within(mut self, window: Option<&Arc<Window>>) -> Self {
        self.window = window.cloned();
        self
    }

    fn call(mut self, call: Call) -> Self {
        self.calls.push(call);
        self
    }

    fn field(mut self, path: &str, before: impl Into<Value>, after: impl Into<Value>) -> Self {
        self.fields.push(FieldChange::new(path, before, after));
        self
    }

    /// Rests the change on something that was seen; on [`ABSENT`] where it was not there.
    fn seen(mut self, what: &str, value: impl Into<Value>) -> Self {
        let value = match value.into() {
            Value::Null => ABSENT.into(),
            value => value,
        };
        self.precondition.insert(what.to_owned(), value);
        self
    }

    /// Holds what is lost with it.
    fn keeps(mut self, kept: Value) -> Self {
        self.keeps = Some(kept);
        self
    }

    /// Names something that cannot be seen so far: whatever it will be, the change is right.
    fn unseen(mut self, what: &str) -> Self {
        self.precondition.insert(what.to_owned(), Value::Null);
        self
    }
}

/// What a step comes to, given a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The world is as wanted; says what shows it.
    Done(String),
    /// There is something to do.
    Change(Change),
    /// It cannot be done, or nobody can know whether it must be.
    Blocked(Vec<Finding>),
}

impl Decision {
    fn done(reason: impl Into<String>) -> Self {
        Self::Done(reason.into())
    }

    fn blocked(finding: Finding) -> Self {
        Self::Blocked(vec![finding])
    }
}

/// A unit of work that a plan declares.
pub trait StepKind {
    /// Its stable name.
    fn address(&self) -> Address;
    /// One imperative sentence for people.
    fn describe(&self) -> String;
    /// The steps that must have ended well before it starts.
    fn needs(&self) -> Vec<Address>;
    /// What it asks of a person, if that is what it is for.
    fn gate(&self) -> Option<Gate> {
        None
    }
    /// Decides what is to do. Pure.
    fn decide(&self, seen: &Snapshot) -> Decision;
    /// Does it. Looks at the world as it is now; sends nothing that is already done.
    fn perform(&self, cx: &Context<'_>) -> impl Future<Output = Result<Outcome, StepError>> + Send;
}

/// Makes the enum of all steps and its dispatch from one table: variant, module, kind as it stands
/// in files, phase, undo.
macro_rules! step_kinds {
    ($($variant:ident in $module:ident, $kind:literal, $phase:ident, undo $undo:ident;)+) => {
        /// Any step.
        #[derive(Clone, Debug)]
        pub enum Step {
            $(
                #[doc = concat!("`", $kind, "`")]
                $variant($module::$variant),
            )+
        }

        impl Step {
            /// Returns the kind, as it stands in files.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $kind,)+ }
            }

            /// Returns the phase it is shown under.
            pub fn phase(&self) -> Phase {
                match self { $(Self::$variant(_) => Phase::$phase,)+ }
            }

            /// Returns whether it can be taken back.
            pub fn undo(&self) -> Undo {
                match self { $(Self::$variant(_) => Undo::$undo,)+ }
            }
        }

        impl StepKind for Step {
            fn address(&self) -> Address {
                match self { $(Self::$variant(step) => step.address(),)+ }
            }

            fn describe(&self) -> String {
                match self { $(Self::$variant(step) => step.describe(),)+ }
            }

            fn needs(&self) -> Vec<Address> {
                match self { $(Self::$variant(step) => step.needs(),)+ }
            }

            fn gate(&self) -> Option<Gate> {
                match self { $(Self::$variant(step) => step.gate(),)+ }
            }

            fn decide(&self, seen: &Snapshot) -> Decision {
                match self { $(Self::$variant(step) => step.decide(seen),)+ }
            }

            async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
                match self { $(Self::$variant(step) => step.perform(cx).await,)+ }
            }
        }
    };
}

step_kinds! {
    TargetSubscription in target_subscription, "target_subscription", Prepare, undo Yes;
    FlowsCopy in flows_copy, "flows_copy", Prepare, undo No;
    TemplateDefine in template_define, "template_define", Prepare, undo No;
    TemplatesCopy in templates_copy, "templates_copy", Prepare, undo No;
    TemplatesRepoint in templates_repoint, "templates_repoint", Prepare, undo No;
    TemplatesRecreate in templates_recreate, "templates_recreate", Prepare, undo No;
    TemplatesPrune in templates_prune, "templates_prune", Settle, undo No;
    TemplatesApproved in templates_approved, "templates_approved", Prepare, undo Yes;
    TwoStepOff in two_step_off, "two_step_off", Prepare, undo Yes;
    SolutionIntent in solution_intent, "solution_intent", Verify, undo UntilRegister;
    SolutionAccepted in solution_accepted, "solution_accepted", Verify, undo Yes;
    Signup in signup, "signup", Verify, undo UntilRegister;
    Add in add, "add", Prepare, undo UntilRegister;
    RequestCode in request_code, "request_code", Verify, undo UntilRegister;
    Verify in verify, "verify", Verify, undo UntilRegister;
    Register in register, "register", CutOver, undo No;
    GenesysRelease in genesys, "genesys_release", CutOver, undo No;
    GenesysAttach in genesys, "genesys_attach", CutOver, undo No;
    Live in live, "live", CutOver, undo No;
    Profile in profile, "profile", Settle, undo Yes;
    GenesysResponses in genesys_responses, "genesys_responses", Settle, undo Yes;
    GenesysPlaceholder in genesys_placeholder, "genesys_placeholder", Settle, undo No;
    SubscriptionCleanup in subscription_cleanup, "subscription_cleanup", Settle, undo Yes;
    GenesysResponsesUndo in undo, "genesys_responses_undo", TakeBack, undo Yes;
    ProfileUndo in undo, "profile_undo", TakeBack, undo Yes;
    GenesysReleaseUndo in undo, "genesys_release_undo", TakeBack, undo Yes;
    NumberUndo in undo, "number_undo", TakeBack, undo Yes;
    TemplateUndo in undo, "template_undo", TakeBack, undo No;
    SubscriptionUndo in undo, "subscription_undo", TakeBack, undo Yes;
}

impl Step {
    /// Returns how long a cut-over may take that begins with it.
    pub fn takes(&self) -> SignedDuration {
        match self {
            Self::GenesysRelease(_) | Self::GenesysAttach(_) => GENESYS_CUT_OVER,
            _ => CUT_OVER,
        }
    }
}

/// Returns whether a plan has a step of the accounts at all.
fn has(plan: &Plan, step: AccountStep) -> bool {
    match step {
        AccountStep::Subscription | AccountStep::TemplatesCopy | AccountStep::TemplatesApproved => {
            true
        }
        AccountStep::FlowsCopy => !plan.flows.copy.is_empty(),
        AccountStep::TemplatesRepoint => {
            !plan.flows.copy.is_empty() && !plan.templates.copy.is_empty()
        }
        AccountStep::TemplatesRecreate => plan.templates.recreate,
        AccountStep::TemplatesPrune => plan.templates.prune,
        AccountStep::GenesysResponses => plan
            .genesys
            .as_ref()
            .is_some_and(|genesys| genesys.repoints_responses),
        AccountStep::GenesysPlaceholder => plan
            .genesys
            .as_ref()
            .is_some_and(|genesys| genesys.placeholder.is_some()),
        AccountStep::SubscriptionCleanup => plan.target.subscription.app == SubscribeApp::Temporary,
        AccountStep::GenesysResponsesUndo | AccountStep::SubscriptionUndo => false,
    }
}

/// Returns the addresses of those steps of the accounts that the plan has.
fn those(plan: &Plan, steps: impl IntoIterator<Item = AccountStep>) -> Vec<Address> {
    let steps = steps.into_iter().filter(|step| has(plan, *step));
    steps.map(Address::account).collect()
}

/// Returns every step of a plan, in reading order.
pub fn steps(plan: &Plan) -> Vec<Step> {
    let mut steps = vec![Step::TargetSubscription(
        target_subscription::TargetSubscription::of(plan),
    )];
    if has(plan, AccountStep::FlowsCopy) {
        steps.push(Step::FlowsCopy(flows_copy::FlowsCopy::of(plan)));
    }
    steps.push(Step::TemplatesCopy(templates_copy::TemplatesCopy::of(plan)));
    if has(plan, AccountStep::TemplatesRepoint) {
        let repoint = templates_repoint::TemplatesRepoint::of(plan);
        steps.push(Step::TemplatesRepoint(repoint));
    }
    if has(plan, AccountStep::TemplatesRecreate) {
        let recreate = templates_recreate::TemplatesRecreate::of(plan);
        steps.push(Step::TemplatesRecreate(recreate));
    }
    for definition in &plan.templates.definitions {
        let define = template_define::TemplateDefine::of(plan, definition);
        steps.push(Step::TemplateDefine(define));
    }
    let approved = templates_approved::TemplatesApproved::of(plan);
    steps.push(Step::TemplatesApproved(approved));
    if has(plan, AccountStep::TemplatesPrune) {
        steps.push(Step::TemplatesPrune(templates_prune::TemplatesPrune::of(
            plan,
        )));
    }
    for solution in plan.solutions() {
        steps.extend([
            Step::SolutionIntent(solution_intent::SolutionIntent::of(plan, solution)),
            Step::SolutionAccepted(solution_accepted::SolutionAccepted::of(plan, solution)),
        ]);
    }
    for number in &plan.numbers {
        steps.push(Step::TwoStepOff(two_step_off::TwoStepOff::of(number)));
        match &number.method {
            Method::Otp => steps.extend([
                Step::Add(add::Add::of(plan, number)),
                Step::RequestCode(request_code::RequestCode::of(number)),
                Step::Verify(verify::Verify::of(number)),
            ]),
            // The popup of Genesys Cloud is the one that proves it.
            Method::EmbeddedSignup if number.genesys.is_some() => {}
            Method::EmbeddedSignup => steps.push(Step::Signup(signup::Signup::of(plan, number))),
            Method::SolutionIntent(_) => steps.push(Step::Add(add::Add::of(plan, number))),
        }
        let release = genesys::GenesysRelease::of(plan, number);
        let attach = genesys::GenesysAttach::of(plan, number);
        match release.zip(attach) {
            Some((release, attach)) => {
                steps.push(Step::GenesysRelease(release));
                steps.push(Step::GenesysAttach(attach));
            }
            None => steps.push(Step::Register(register::Register::of(number))),
        }
        steps.extend([
            Step::Live(live::Live::of(number)),
            Step::Profile(profile::Profile::of(number)),
        ]);
    }
    if has(plan, AccountStep::GenesysResponses) {
        let responses = genesys_responses::GenesysResponses::of(plan, &steps);
        steps.push(Step::GenesysResponses(responses));
    }
    if let Some(placeholder) = genesys_placeholder::GenesysPlaceholder::of(plan, &steps) {
        steps.push(Step::GenesysPlaceholder(placeholder));
    }
    if has(plan, AccountStep::SubscriptionCleanup) {
        let cleanup = subscription_cleanup::SubscriptionCleanup::of(plan);
        steps.push(Step::SubscriptionCleanup(cleanup));
    }
    steps
}

/// Decides a call that is needed as long as the number is not verified.
fn until_verified(seen: &Snapshot, phone: &Phone, edge: &str) -> Decision {
    let number = seen.target.known(phone);
    if number.is_some_and(PhoneNumber::is_verified) {
        return Decision::done("the number is verified");
    }
    let call = Call::number(number.map(|number| &number.id), edge);
    Decision::Change(Change::new(Action::Call, "the number is not verified").call(call))
}
