//! What the user wrote.
//!
//! Text becomes a [`document::Document`] (one to one with the YAML, with places), and a document
//! that passes every rule becomes a [`Plan`]: ids are ids, phones are phones, references resolve,
//! defaults are filled in. A `Plan` that exists is right.

pub mod amounts;
mod build;
pub mod choices;
pub mod decode;
pub mod definition;
pub mod document;
pub mod files;
pub mod load;
mod mask;
pub mod moment;
mod nearest;
pub mod profile_words;
pub mod reference;
pub mod reverse;
pub mod rules;
pub mod sink;
pub mod template_file;
#[cfg(test)]
mod testing;
pub mod text;
pub mod window;
pub mod words;

use std::{path::PathBuf, sync::Arc};

use jiff::SignedDuration;

pub use definition::{Definition, Media};
pub use window::{Opening, Window};

use crate::{
    ids::{AppId, NumberStep, SolutionId, TemplateKey, WabaId},
    phone::Phone,
    secret::SecretRef,
};

/// A plan that passed every rule. Made by [`load::load`] only.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Names runs, locks and reports: `[a-z0-9-]`, 1 to 63 characters.
    pub name: String,
    /// Free text for people.
    pub description: Option<String>,
    /// The plan file as it was named.
    pub path: PathBuf,
    /// SHA-256 of the plan file's bytes, in hex. Where it names template files: of all of them, and
    /// of the media that they show.
    pub digest: String,
    /// How the Graph API is spoken to.
    pub graph: Graph,
    /// Where the numbers and templates are.
    pub source: Source,
    /// Where they go.
    pub target: Target,
    /// Cut-over windows.
    pub windows: Vec<Arc<Window>>,
    /// The numbers to move, in the plan's order.
    pub numbers: Vec<Number>,
    /// The templates to move.
    pub templates: Templates,
    /// The flows to move.
    pub flows: Flows,
    /// The Genesys Cloud organization that uses the numbers.
    pub genesys: Option<Genesys>,
    /// Limits of one run.
    pub policy: Policy,
    /// What `diff` leaves out: patterns of addresses, or of an address and a field.
    pub ignore: Vec<Glob>,
}

/// How the Graph API is spoken to.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Like `v25.0`.
    pub api_version: String,
    /// Our app.
    pub app_id: Option<AppId>,
    /// Signs every call when given.
    pub app_secret: Option<SecretRef>,
}

/// The WABA the numbers leave.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its id.
    pub waba: WabaId,
    /// The token that reads it; the target's when the plan names none.
    pub token: Option<SecretRef>,
}

/// The WABA that receives the numbers.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its id.
    pub waba: WabaId,
    /// The token that reads and writes it.
    pub token: SecretRef,
    /// What is wanted of its webhook subscription.
    pub subscription: Subscription,
}

/// What is wanted of the target's webhook subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Whether and how long our app is subscribed.
    pub app: SubscribeApp,
    /// Override of the callback URL for this WABA.
    pub callback: Option<Callback>,
}

/// Whether our app is subscribed to the target's webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscribeApp {
    /// Subscribed, and stays so.
    Keep,
    /// Subscribed for the time of the migration.
    Temporary,
    /// Somebody else sees to it; at least one app must be subscribed.
    Unmanaged,
}

/// A callback URL for one WABA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// Where Meta posts events to; https.
    pub url: String,
    /// What Meta shows in the handshake.
    pub verify_token: SecretRef,
}

/// A number to move.
#[derive(Clone, Debug)]
pub struct Number {
    /// The number.
    pub phone: Phone,
    /// How its owner proves it to Meta on the target.
    pub method: Method,
    /// The two-step PIN it gets at register.
    pub pin: SecretRef,
    /// How its one-time code is had.
    pub otp: Otp,
    /// Numbers that must be live before this one is cut over.
    pub needs: Vec<Phone>,
    /// When it may be cut over; absent: at any time.
    pub window: Option<Arc<Window>>,
    /// The profile wanted on the target; absent: the source's is carried over.
    pub profile: Option<Profile>,
    /// What becomes of it in Genesys Cloud; absent: it is not used there. A number that is used
    /// there is registered by Genesys Cloud, never by us.
    pub genesys: Option<NumberGenesys>,
}

impl Number {
    /// Returns how long its cut-over may take.
    pub fn cut_over_takes(&self) -> SignedDuration {
        match self.genesys {
            Some(_) => window::GENESYS_CUT_OVER,
            None => window::CUT_OVER,
        }
    }

    /// Returns the step that its cut-over begins with.
    pub fn cut_over_begins(&self) -> NumberStep {
        match self.genesys {
            Some(_) => NumberStep::GenesysRelease,
            None => NumberStep::Register,
        }
    }

    /// Returns the step that moves its traffic, which nothing takes back: ours, or that of Genesys
    /// Cloud.
    pub fn moved_by(&self) -> NumberStep {
        match self.genesys {
            Some(_) => NumberStep::GenesysAttach,
            None => NumberStep::Register,
        }
    }
}

/// A Genesys Cloud organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesys {
    /// The domain of its region, like `mypurecloud.de`.
    pub region: String,
    /// The id of the OAuth client.
    pub client_id: SecretRef,
    /// Its secret.
    pub client_secret: SecretRef,
    /// Whether running campaigns are paused for the cut-over and restarted after it.
    pub pauses_campaigns: bool,
    /// Whether canned responses get the target's template namespace.
    pub repoints_responses: bool,
    /// The number that carries the target's payment line until others do. Its integration is
    /// deleted when all is settled.
    pub placeholder: Option<Phone>,
}

/// What becomes of a number in Genesys Cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberGenesys {
    /// The message flow that its messages are routed to.
    pub flow: MessageFlow,
    /// What the new integration is called; absent: like the old one.
    pub integration_name: Option<String>,
}

/// A message flow of Genesys Cloud's Architect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageFlow {
    /// The one that the number's messages were routed to before.
    Keep,
    /// The one of this name or id.
    Named(String),
}

/// How a number comes to the target and is proved there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// We add it, and hand in a one-time code.
    Otp,
    /// The customer finishes Meta's signup popup; we register.
    EmbeddedSignup,
    /// The customer accepts an intent to migrate to this Multi-Partner Solution; we register.
    SolutionIntent(SolutionId),
}

/// Limits of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The most registers; absent: no limit.
    pub max_cut_overs: Option<u64>,
    /// The most templates deleted; absent: none may be.
    pub max_template_deletes: Option<u64>,
}

/// How a one-time code is had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otp {
    /// SMS or voice call.
    pub channel: OtpChannel,
    /// Language of the message, like `de` or `en_US`.
    pub language: String,
    /// Where the code can be read without a person.
    pub code: Option<SecretRef>,
}

/// How Meta delivers a one-time code. The names are the API's `code_method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtpChannel {
    /// A text message.
    Sms,
    /// A call.
    Voice,
}

/// Desired business profile. `None` leaves a field alone.
///
/// Limits: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/business-profiles/>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The line under the name, 1 to 139 characters.
    pub about: Option<String>,
    /// Postal address, at most 256 characters.
    pub address: Option<String>,
    /// At most 512 characters.
    pub description: Option<String>,
    /// At most 128 characters.
    pub email: Option<String>,
    /// At most two of 256 characters.
    pub websites: Option<Vec<String>>,
    /// One of the API's `vertical` values.
    pub vertical: Option<String>,
}

/// The templates to move.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    /// Names or globs on the source; empty copies none.
    pub copy: Vec<Glob>,
    /// Names or globs that must be APPROVED on the target before any register; absent means all
    /// that is copied or defined.
    pub required: Option<Vec<Glob>>,
    /// Whether what Meta's copy does not take is created anew from the source's content.
    pub recreate: bool,
    /// Whether templates of the target are deleted that the plan does not know.
    pub prune: bool,
    /// The templates that files define.
    pub definitions: Vec<Definition>,
}

impl Templates {
    /// Returns the definition of a template, if a file has one.
    pub fn definition(&self, key: &TemplateKey) -> Option<&Definition> {
        self.definitions
            .iter()
            .find(|definition| definition.key == *key)
    }
}

/// The flows to move.
#[derive(Clone, Debug, Default)]
pub struct Flows {
    /// Names or globs on the source; empty copies none.
    pub copy: Vec<Glob>,
}

/// A name with `*` (any run of characters) and `?` (one character).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// Takes the pattern as written.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// Returns the pattern.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether this is a plain name without wildcards.
    pub fn is_name(&self) -> bool {
        !self.0.contains(['*', '?'])
    }

    /// Returns whether `name` fits.
    pub fn matches(&self, name: &str) -> bool {
        glob(self.0.as_bytes(), name.as_bytes())
    }
}

/// Matches in linear space and at most `pattern * name` steps: on a mismatch only the last `*`
/// is tried again, one character further.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, n));
                p += 1;
            }
            Some(&c) if c == b'?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

impl Plan {
    /// Returns the number of that phone.
    pub fn number(&self, phone: &Phone) -> Option<&Number> {
        self.numbers.iter().find(|number| number.phone == *phone)
    }

    /// Returns whether canned responses of Genesys Cloud get the target's template namespace.
    pub fn repoints_responses(&self) -> bool {
        let genesys = self.genesys.as_ref();
        genesys.is_some_and(|genesys| genesys.repoints_responses)
    }

    /// Returns the solutions that numbers of this plan migrate to, each once, in order.
    pub fn solutions(&self) -> Vec<&SolutionId> {
        let mut solutions = Vec::new();
        for number in &self.numbers {
            if let Method::SolutionIntent(solution) = &number.method
                && !solutions.contains(&solution)
            {
                solutions.push(solution);
            }
        }
        solutions
    }

    /// Returns the token the source is read with.
    pub fn source_token(&self) -> &SecretRef {
        self.source.token.as_ref().unwrap_or(&self.target.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_names() {
        #[track_caller]
        fn check(pattern: &str, name: &str, expected: bool) {
            assert_eq!(
                Glob::new(pattern).matches(name),
                expected,
                "{pattern} {name}"
            );
        }
        check("*", "", true);
        check("*", "order_shipped", true);
        check("order_*", "order_shipped", true);
        check("order_*", "my_order_shipped", false);
        check("*_v?", "promo_v2", true);
        check("*_v?", "promo_v22", false);
        check("a*b*c", "a_b_b_c", true);
        check("welcome", "welcome", true);
        check("welcome", "welcome_back", false);
        check(&"*a".repeat(30), &"a".repeat(29), false);
    }
}
