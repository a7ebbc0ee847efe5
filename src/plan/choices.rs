//! The words of a plan that are one of a few.
//!
//! What they mean together is the business of the rules.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::{
    plan::{
        OtpChannel, SubscribeApp,
        decode::{Word, Wrong},
        nearest::nearest,
    },
    yaml::Scalar,
};

macro_rules! choices {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $about:literal])+ $variant:ident = $word:literal,)+ })+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        pub enum $name {
            $($(#[doc = $about])+ #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];

            /// Returns the word as it stands in plans and, where the API knows it, there.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl Word for $name {
            const WANTED: &'static str = concat!("one of", $(" ", $word),+);

            /// The list of allowed words says more than a hint about quotes.
            fn misread(_: &Scalar) -> Option<Wrong> {
                None
            }

            fn read(scalar: &Scalar) -> Result<Self, Wrong> {
                choose(Self::ALL, &scalar.text)
            }

            fn shape() -> Json {
                json!({ "enum": [$($word),+] })
            }
        }
    )+};
}

choices! {
    /// How a number is verified on the target.
    Method {
        /// By a one-time code.
        Otp = "otp",
        /// By a person in Meta's signup popup.
        EmbeddedSignup = "embedded_signup",
        /// By a solution migration intent on the source.
        SolutionIntent = "solution_intent",
    }
    /// How the one-time code is delivered.
    Channel {
        /// A text message.
        Sms = "sms",
        /// A call.
        Voice = "voice",
    }
    /// What is wanted of our app's subscription.
    App {
        /// Subscribed, and stays so.
        Keep = "keep",
        /// Subscribed until all is settled.
        Temporary = "temporary",
        /// Somebody else's business.
        Unmanaged = "unmanaged",
    }
    /// What happens to running campaigns.
    Campaigns {
        /// Paused, and restarted after.
        Pause = "pause",
        /// Left alone.
        Leave = "leave",
    }
    /// What happens to canned responses.
    CannedResponses {
        /// They get the new template namespace.
        Repoint = "repoint",
        /// Left alone.
        Leave = "leave",
    }
    /// The industry shown in a profile. The words are the API's.
    ///
    /// Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/business-profiles/>
    Vertical {
        /// Unset.
        Undefined = "UNDEFINED",
        /// Other.
        Other = "OTHER",
        /// Automotive.
        Auto = "AUTO",
        /// Beauty, spa and salon.
        Beauty = "BEAUTY",
        /// Clothing.
        Apparel = "APPAREL",
        /// Education.
        Edu = "EDU",
        /// Entertainment.
        Entertain = "ENTERTAIN",
        /// Event planning.
        EventPlan = "EVENT_PLAN",
        /// Finance and banking.
        Finance = "FINANCE",
        /// Food and groceries.
        Grocery = "GROCERY",
        /// Public service.
        Govt = "GOVT",
        /// Hotel and lodging.
        Hotel = "HOTEL",
        /// Medical and health.
        Health = "HEALTH",
        /// Charity.
        Nonprofit = "NONPROFIT",
        /// Professional services.
        ProfServices = "PROF_SERVICES",
        /// Shopping and retail.
        Retail = "RETAIL",
        /// Travel and transportation.
        Travel = "TRAVEL",
        /// Restaurant.
        Restaurant = "RESTAURANT",
        /// Not a business.
        NotABiz = "NOT_A_BIZ",
        /// Alcohol; only in Meta's published API description (unconfirmed).
        Alcohol = "ALCOHOL",
        /// Online gambling; only in Meta's published API description (unconfirmed).
        OnlineGambling = "ONLINE_GAMBLING",
        /// Physical gambling; only in Meta's published API description (unconfirmed).
        PhysicalGambling = "PHYSICAL_GAMBLING",
        /// Over-the-counter drugs; only in Meta's published API description (unconfirmed).
        OtcDrugs = "OTC_DRUGS",
    }
}

pub(super) fn choose<T: Copy>(all: &[(&'static str, T)], text: &str) -> Result<T, Wrong> {
    if let Some((_, value)) = all.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let words: Vec<&str> = all.iter().map(|(word, _)| *word).collect();
    let hint = match nearest(text, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? Allowed: {}", words.join(", ")),
        None => format!("allowed: {}", words.join(", ")),
    };
    Err(Wrong::new(
        "choice-unknown",
        format!("`{text}` is not allowed here"),
        hint,
    ))
}

impl From<Channel> for OtpChannel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Sms => Self::Sms,
            Channel::Voice => Self::Voice,
        }
    }
}

impl From<App> for SubscribeApp {
    fn from(app: App) -> Self {
        match app {
            App::Keep => Self::Keep,
            App::Temporary => Self::Temporary,
            App::Unmanaged => Self::Unmanaged,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::check;

    #[test]
    fn choices_are_explained() {
        check(
            "channel: sms",
            "channel: SMS",
            &[
                "13:21 error[choice-unknown] defaults.number.otp.channel: `SMS` is not allowed here | did you mean `sms`? Allowed: sms, voice",
            ],
        );
        check(
            "channel: sms",
            "channel: post",
            &[
                "13:21 error[choice-unknown] defaults.number.otp.channel: `post` is not allowed here | allowed: sms, voice",
            ],
        );
        check(
            "app: keep",
            "app: off",
            &[
                "10:24 error[choice-unknown] target.subscription.app: `off` is not allowed here | allowed: keep, temporary, unmanaged",
            ],
        );
        check(
            "vertical: RETAIL",
            "vertical: RETIAL",
            &[
                "17:71 error[choice-unknown] numbers[0].profile.vertical: `RETIAL` is not allowed here | did you mean `RETAIL`? Allowed: UNDEFINED, OTHER, AUTO, BEAUTY, APPAREL, EDU, ENTERTAIN, EVENT_PLAN, FINANCE, GROCERY, GOVT, HOTEL, HEALTH, NONPROFIT, PROF_SERVICES, RETAIL, TRAVEL, RESTAURANT, NOT_A_BIZ, ALCOHOL, ONLINE_GAMBLING, PHYSICAL_GAMBLING, OTC_DRUGS",
            ],
        );
    }
}
