//! The template file as it is written: one struct per mapping of the YAML, one field per key, in
//! Meta's own words.
//!
//! The doc comments are the user's reference: they are the descriptions in the JSON Schema. Checks
//! no value against another: see `rules`.

use schemars::generate::SchemaSettings;
use serde_json::Value;

pub use super::{
    choices::{
        ButtonKind, Category, ComponentKind, DisplayFormat, FlowAction, FlowIcon, HeaderFormat,
        OtpKind, ParameterFormat, SubCategory,
    },
    words::{FlowJson, Locale, MediaPath, Number, Samples, TemplateName, Wording},
};
use crate::plan::{
    amounts::Switch,
    decode::{Named, Sp, mapping},
    words::Digits,
};

mapping! {
    /// A message template in one language, in Meta's words. Types and formats may be written in
    /// upper or lower case.
    pub struct Template {
        /// Its name: 1 to 512 of a-z, 0-9 and _.
        required name: Sp<TemplateName>,
        /// Its language, like de or en_US.
        required language: Sp<Locale>,
        /// AUTHENTICATION, MARKETING or UTILITY.
        required category: Sp<Category>,
        /// How variables are written: POSITIONAL (default), like {{1}}, or NAMED, like {{first_name}}.
        optional parameter_format: Sp<ParameterFormat>,
        /// How long a message may wait for its recipient, in seconds: AUTHENTICATION 30 to 900, UTILITY
        /// 30 to 43200, or -1 for 30 days; MARKETING 43200 to 2592000.
        optional message_send_ttl_seconds: Sp<Number>,
        /// Whether Meta may choose another category instead of rejecting the template.
        optional allow_category_change: Sp<Switch>,
        /// A special kind of utility template.
        optional sub_category: Sp<SubCategory>,
        /// How a special kind is shown.
        optional display_format: Sp<DisplayFormat>,
        /// Whether Meta leaves links as they are instead of counting taps on them.
        optional cta_url_link_tracking_opted_out: Sp<Switch>,
        /// Its parts, in any order. Every template has a BODY.
        required components: Vec<Component>,
    }
}

mapping! {
    /// A part of a template. Which keys it may have depends on its type.
    pub struct Component {
        /// HEADER, BODY, FOOTER, BUTTONS, LIMITED_TIME_OFFER, CAROUSEL or CALL_PERMISSION_REQUEST.
        required kind as "type": Sp<ComponentKind>,
        /// HEADER: what it shows.
        optional format: Sp<HeaderFormat>,
        /// HEADER of format TEXT: up to 60 characters with one variable at most. BODY: up to 1024.
        /// FOOTER: up to 60, no variables. Not in AUTHENTICATION templates: Meta writes their texts.
        optional text: Sp<Wording>,
        /// HEADER and BODY: samples for the reviewer, one for each variable.
        optional example: Example,
        /// BODY of an AUTHENTICATION template: adds "For your security, do not share this code".
        optional add_security_recommendation: Sp<Switch>,
        /// FOOTER of an AUTHENTICATION template: after how many minutes the code expires, 1 to 90.
        optional code_expiration_minutes: Sp<Number>,
        /// BUTTONS: up to 10, quick replies next to each other.
        optional buttons: Vec<Button>,
        /// LIMITED_TIME_OFFER: the offer.
        optional limited_time_offer: Offer,
        /// CAROUSEL: 2 to 10 cards of the same structure.
        optional cards: Vec<Card>,
    }
}

mapping! {
    /// Samples for the reviewer: never sent to anybody.
    pub struct Example {
        /// For the variable of a text header: one text.
        optional header_text: Vec<Sp<Wording>>,
        /// For the variable of a text header, with parameter_format NAMED.
        optional header_text_named_params: Vec<NamedSample>,
        /// For a header of media: the path of one file, relative to this one.
        optional header_handle: Vec<Sp<MediaPath>>,
        /// For the variables of a body: a list with one list in it, [[first, second]].
        optional body_text: Vec<Vec<Sp<Wording>>>,
        /// For the variables of a body, with parameter_format NAMED.
        optional body_text_named_params: Vec<NamedSample>,
    }
}

mapping! {
    /// The sample of a named variable.
    pub struct NamedSample {
        /// The variable's name, without braces.
        required param_name: Sp<Wording>,
        /// What may stand in its place.
        required example: Sp<Wording>,
    }
}

mapping! {
    /// An offer that ends.
    pub struct Offer {
        /// What it is called, up to 16 characters.
        required text: Sp<Wording>,
        /// Whether the time that is left is shown.
        optional has_expiration: Sp<Switch>,
    }
}

mapping! {
    /// A card of a carousel.
    pub struct Card {
        /// A HEADER (IMAGE, VIDEO or PRODUCT), a BODY of up to 160 characters, and BUTTONS.
        required components: Vec<Component>,
    }
}

mapping! {
    /// A button. Which keys it may have depends on its type.
    pub struct Button {
        /// QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE, FLOW, OTP, CATALOG, MPM, SPM, VOICE_CALL, APP or
        /// REQUEST_CONTACT_INFO.
        required kind as "type": Sp<ButtonKind>,
        /// Its label, up to 25 characters.
        optional text: Sp<Wording>,
        /// URL: where it leads, up to 2000 characters; one variable may stand at the end.
        optional url: Sp<Wording>,
        /// URL with a variable: a list with one sample. COPY_CODE: a sample of the code, up to 15
        /// characters.
        optional example: Samples,
        /// URL: the app it opens instead, where that is installed.
        optional app_deep_link: Named<Sp<Wording>>,
        /// PHONE_NUMBER: the number with its country code, up to 20 characters.
        optional phone_number: Sp<Wording>,
        /// FLOW: the flow, by its id. On copied flows: the id on the source.
        optional flow_id: Sp<Digits>,
        /// FLOW: the flow, by its name.
        optional flow_name: Sp<Wording>,
        /// FLOW: the flow itself, as JSON text.
        optional flow_json: Sp<FlowJson>,
        /// FLOW: navigate (default) or data_exchange.
        optional flow_action: Sp<FlowAction>,
        /// FLOW: the screen it begins with.
        optional navigate_screen: Sp<Wording>,
        /// FLOW: the picture on it.
        optional icon: Sp<FlowIcon>,
        /// OTP: how the code is handed over.
        optional otp_type: Sp<OtpKind>,
        /// OTP: the label where the app takes the code.
        optional autofill_text: Sp<Wording>,
        /// OTP, ONE_TAP and ZERO_TAP: 1 to 5 apps that may take the code.
        optional supported_apps: Vec<SupportedApp>,
        /// OTP, ZERO_TAP: must be true.
        optional zero_tap_terms_accepted: Sp<Switch>,
        /// VOICE_CALL: how many minutes it can be tapped.
        optional ttl_minutes: Sp<Number>,
    }
}

mapping! {
    /// An app that may take one-time codes.
    pub struct SupportedApp {
        /// Its package name, up to 224 characters.
        required package_name: Sp<Wording>,
        /// The hash of its signing key: exactly 11 characters.
        required signature_hash: Sp<Wording>,
    }
}

/// Returns the JSON Schema of a template file.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Template>();
    schema.insert("$id".into(), "urn:waba-migrate:schema:template:v1".into());
    schema.insert(
        "title".into(),
        "waba-migrate template file, version 1".into(),
    );
    schema.into()
}
