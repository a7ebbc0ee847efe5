//! The plan as it is written: one struct per mapping of the YAML, one field per key.
//!
//! The doc comments are the user's reference: they are the descriptions in the JSON Schema. Checks
//! no value against another; a [`Document`] may be read in part.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::{
    ids::{AppId, WabaId},
    phone::Phone,
    plan::{
        Glob,
        amounts::{Count, Switch},
        choices::{App, Campaigns, CannedResponses, Channel, Method, Vertical},
        decode::{Named, Sp, mapping},
        moment::{Moment, Zone},
        profile_words::{Email, Limited, Website},
        reference::Reference,
        words::{
            ApiVersion, DifferencePattern, Digits, FlowGlob, HostName, HttpsUrl, Language, Name,
            PathPattern, Prose, Version,
        },
    },
};

mapping! {
    /// A plan: moves WhatsApp Business phone numbers and message templates between two WABAs.
    pub struct Document {
        /// The version of this format: 1.
        required version: Sp<Version>,
        /// Names runs, locks and reports: 1 to 63 of a-z, 0-9 and -.
        required name: Sp<Name>,
        /// Free text for people.
        optional description: Sp<Prose>,
        /// How the Graph API is spoken to.
        optional graph: Graph,
        /// The WABA the numbers leave.
        required source: Source,
        /// The WABA that receives the numbers.
        required target: Target,
        /// Times in which cut-overs may happen, by name.
        optional windows: Named<Window>,
        /// What numbers share.
        optional defaults: Defaults,
        /// The numbers to move.
        optional numbers: Vec<Number>,
        /// The message templates to move.
        optional templates: Templates,
        /// The flows to move.
        optional flows: Flows,
        /// The Genesys Cloud organization that uses the numbers.
        optional genesys: Genesys,
        /// Limits of one run.
        optional policy: Policy,
        /// What `diff` leaves out: addresses as it shows them, with * and ?, like
        /// `number[+4930901820].profile`, or single fields of them, like `number[*].profile.about`.
        /// Quotes inside an address may be left out. It matters to `diff` alone: `plan` and `apply`
        /// see everything. What is left out is listed.
        optional ignore: Vec<Sp<DifferencePattern>>,
    }
}

mapping! {
    /// How the Graph API is spoken to.
    pub struct Graph {
        /// The version of the API. Default: v25.0, the newest this release was built for.
        optional api_version: Sp<ApiVersion>,
        /// Our app's id: for token checks, and to tell whether it is our app that is subscribed.
        optional app_id: Sp<AppId>,
        /// Our app's secret; when given, every call carries appsecret_proof.
        optional app_secret: Sp<Reference>,
    }
}

mapping! {
    /// The WABA the numbers leave.
    pub struct Source {
        /// Its id, in quotes.
        required waba: Sp<WabaId>,
        /// The token that reads it. Default: the target's.
        optional token: Sp<Reference>,
    }
}

mapping! {
    /// The WABA that receives the numbers.
    pub struct Target {
        /// Its id, in quotes.
        required waba: Sp<WabaId>,
        /// The token that reads and writes it.
        required token: Sp<Reference>,
        /// What is wanted of its webhook subscription.
        optional subscription: Subscription,
    }
}

mapping! {
    /// What is wanted of the target's webhook subscription. At least one app must be subscribed.
    pub struct Subscription {
        /// Our app: keep (default), temporary (removed when all is settled) or unmanaged.
        optional app: Sp<App>,
        /// Another callback for this WABA.
        optional callback: Callback,
    }
}

mapping! {
    /// A callback for one WABA, instead of the app's.
    pub struct Callback {
        /// Where Meta posts events to; https only.
        required url: Sp<HttpsUrl>,
        /// What Meta shows in the handshake.
        required verify_token: Sp<Reference>,
    }
}

mapping! {
    /// A time in which cut-overs may happen.
    pub struct Window {
        /// The first minute, like 2026-12-05T22:00, on the clocks of the time zone.
        required from: Sp<Moment>,
        /// The first minute after it.
        required to: Sp<Moment>,
        /// The time zone, like Europe/Berlin.
        required time_zone: Sp<Zone>,
    }
}

mapping! {
    /// What numbers share.
    pub struct Defaults {
        /// Used where a number says nothing itself.
        optional number: NumberDefaults,
    }
}

mapping! {
    /// What a number gets that says nothing itself.
    pub struct NumberDefaults {
        /// How numbers are verified on the target. Default: otp.
        optional method: Sp<Method>,
        /// The solution, for method solution_intent.
        optional solution_id: Sp<Digits>,
        /// The two-step PIN set at register.
        optional pin: Sp<Reference>,
        /// How one-time codes are had. Merged field by field.
        optional otp: Otp,
        /// The window of the cut-over.
        optional window: Sp<Name>,
        /// The business profile wanted on the target.
        optional profile: Profile,
        /// What becomes of the number in Genesys Cloud.
        optional genesys: NumberGenesys,
    }
}

mapping! {
    /// A number to move.
    pub struct Number {
        /// The number in international form, like "+49 30 901820", in quotes.
        required phone: Sp<Phone>,
        /// How it is verified on the target. Default: otp.
        optional method: Sp<Method>,
        /// The solution, for method solution_intent.
        optional solution_id: Sp<Digits>,
        /// The two-step PIN set at register.
        optional pin: Sp<Reference>,
        /// How its one-time code is had.
        optional otp: Otp,
        /// Phones that must be live before this one is cut over.
        optional needs: Vec<Sp<Phone>>,
        /// The window of the cut-over. Default: any time.
        optional window: Sp<Name>,
        /// The business profile wanted on the target. Default: the source's is carried over.
        optional profile: Profile,
        /// What becomes of it in Genesys Cloud.
        optional genesys: NumberGenesys,
    }
}

mapping! {
    /// How a one-time code is had.
    pub struct Otp {
        /// sms (default) or voice.
        optional channel: Sp<Channel>,
        /// The language of the message. Default: en_US.
        optional language: Sp<Language>,
        /// Where the code can be read without a person.
        optional code: Sp<Reference>,
    }
}

mapping! {
    /// A business profile. What is left out stays as it is.
    pub struct Profile {
        /// The line under the name.
        optional about: Sp<Limited<139>>,
        /// Postal address.
        optional address: Sp<Limited<256>>,
        /// What the business does.
        optional description: Sp<Limited<512>>,
        /// Contact address.
        optional email: Sp<Email>,
        /// At most two.
        optional websites: Vec<Sp<Website>>,
        /// The industry.
        optional vertical: Sp<Vertical>,
    }
}

mapping! {
    /// What becomes of a number in Genesys Cloud.
    pub struct NumberGenesys {
        /// keep (default) attaches the message flow that was attached before; a name or an id
        /// attaches that one.
        optional flow: Sp<Prose>,
        /// What the new integration is called. Default: like the old one.
        optional integration_name: Sp<Prose>,
    }
}

mapping! {
    /// The message templates to move.
    pub struct Templates {
        /// Names on the source, or patterns with * and ?. Default: none.
        optional copy: Vec<Sp<Glob>>,
        /// Names or patterns that must be APPROVED on the target before any register. Default: all
        /// that is copied, created anew or defined.
        optional required: Vec<Sp<Glob>>,
        /// Files with a template each, relative to the plan file: paths, or patterns with *, ? and **
        /// (any folders). Created or edited on the target to say what the file says.
        optional files: Vec<Sp<PathPattern>>,
        /// Whether what Meta's copy cannot take is created anew from the source's content. Default:
        /// false.
        optional recreate: Sp<Switch>,
        /// Whether templates are deleted on the target that the plan does not know.
        optional prune: Sp<Switch>,
    }
}

mapping! {
    /// The flows to move.
    pub struct Flows {
        /// Names on the source, or patterns with * and ?. Default: none.
        optional copy: Vec<Sp<FlowGlob>>,
    }
}

mapping! {
    /// The Genesys Cloud organization that uses the numbers.
    pub struct Genesys {
        /// Its region's domain, like mypurecloud.de.
        required region: Sp<HostName>,
        /// The OAuth client's id.
        required client_id: Sp<Reference>,
        /// The OAuth client's secret.
        required client_secret: Sp<Reference>,
        /// pause (default; restarted after) or leave.
        optional campaigns: Sp<Campaigns>,
        /// repoint (default: to the new template namespace) or leave.
        optional canned_responses: Sp<CannedResponses>,
        /// The number that carries the target's payment line until others do. Its integration is
        /// deleted when all is settled. Default: nothing is deleted.
        optional placeholder: Sp<Phone>,
    }
}

mapping! {
    /// Limits of one run.
    pub struct Policy {
        /// The most registers. Default: no limit.
        optional max_cut_overs: Sp<Count>,
        /// The most templates that prune may delete. Default: 0.
        optional max_template_deletes: Sp<Count>,
    }
}

/// Returns the JSON Schema of a plan.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Document>();
    schema.insert("$id".into(), "urn:waba-migrate:schema:plan:v1".into());
    schema.insert("title".into(), "waba-migrate plan, version 1".into());
    schema.into()
}
