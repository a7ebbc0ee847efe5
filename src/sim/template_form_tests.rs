//! What Graph makes of the content of templates: bodies it takes, bodies it refuses and why.
//!
//! The good ones are those of Meta's guides:
//! <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components>

use serde_json::{Value, json};

use super::{
    media::Media,
    template_tests::create,
    tests::{Bench, refused},
};

pub(super) const IMAGE: &str = "4::aW1hZ2UvcG5n:ARZ1";
pub(super) const VIDEO: &str = "4::dmlkZW8vbXA0:ARZ2";
pub(super) const DOCUMENT: &str = "4::YXBwbGljYXRpb24vcGRm:ARZ3";
const FOREIGN: &str = "4::aW1hZ2UvcG5n:ARZ4";
const HUGE: &str = "4::aW1hZ2UvcG5n:ARZ5";

/// A simulator in which samples were uploaded.
pub(super) fn bench() -> Bench {
    Bench::with(|world| {
        let waba = super::tests::TARGET.parse().unwrap();
        let id = "1234567890".parse().unwrap();
        world.add_flow(id, super::seed::flow(&waba, "signup"));
        let own = Some("634974688087057".parse().unwrap());
        let other = Some("1".parse().unwrap());
        for (handle, app, mime, bytes) in [
            (IMAGE, &own, "image/png", 10),
            (VIDEO, &None, "video/mp4", 10),
            (DOCUMENT, &own, "application/pdf", 10),
            (FOREIGN, &other, "image/png", 10),
            (HUGE, &own, "image/png", 6 * 1024 * 1024),
        ] {
            let media = Media {
                app: app.clone(),
                mime: mime.into(),
                bytes: vec![0; bytes],
            };
            world.media.add(handle.into(), media);
        }
    })
}

fn body() -> Value {
    json!({"type": "BODY", "text": "Check out this new offer"})
}

pub(super) fn template(category: &str, components: Value) -> Value {
    json!({"name": "offer", "language": "en_US", "category": category, "components": components})
}

fn marketing(components: Value) -> Value {
    template("MARKETING", components)
}

pub(super) fn with_buttons(buttons: Value) -> Value {
    marketing(json!([body(), {"type": "BUTTONS", "buttons": buttons}]))
}

fn with_body(text: &str, samples: Value) -> Value {
    marketing(json!([{"type": "BODY", "text": text, "example": {"body_text": [samples]}}]))
}

fn with_header(header: Value) -> Value {
    marketing(json!([header, body()]))
}

pub(super) fn otp(button: Value) -> Value {
    template(
        "AUTHENTICATION",
        json!([{"type": "BODY"}, {"type": "BUTTONS", "buttons": [button]}]),
    )
}

pub(super) fn card(format: &str, handle: &str, buttons: Value) -> Value {
    json!({"components": [
        {"type": "HEADER", "format": format, "example": {"header_handle": [handle]}},
        {"type": "BODY", "text": "Aloe"},
        {"type": "BUTTONS", "buttons": buttons},
    ]})
}

pub(super) fn carousel(cards: Vec<Value>) -> Value {
    marketing(json!([body(), {"type": "CAROUSEL", "cards": cards}]))
}

pub(super) fn reply() -> Value {
    json!({"type": "QUICK_REPLY", "text": "More"})
}

pub(super) fn url() -> Value {
    json!({"type": "URL", "text": "Shop", "url": "https://ex.com/{{1}}", "example": ["ALOE"]})
}

/// Accepted, and read back as it was written.
#[track_caller]
pub(super) fn accepted(template: Value) {
    let bench = bench();
    let answer = create(&bench, template.clone());
    let id = answer["id"].as_str().unwrap_or_else(|| panic!("{answer}"));
    bench
        .sim
        .edit(|world| world.switches.shows_authentication_texts = false);
    let node = bench.get(id, serde_json::json!({}));
    for key in ["name", "language", "category", "components"] {
        assert_eq!(without_media(&node[key]), without_media(&template[key]));
    }
}

/// Media are sent as handles and shown as links.
fn without_media(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(key, _)| *key != "header_handle")
            .map(|(key, value)| (key.clone(), without_media(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_media).collect(),
        other => other.clone(),
    }
}

#[track_caller]
pub(super) fn wrong(template: Value, subcode: u64, text: &str) {
    refused(&create(&bench(), template), 100, Some(subcode), text);
}

/// Refused with 100 alone: no subcode is documented.
#[track_caller]
pub(super) fn invalid(template: Value, text: &str) {
    refused(&create(&bench(), template), 100, None, text);
}

#[test]
fn the_bodies_of_the_guides_are_taken_and_read_back() {
    accepted(
        json!({"name": "seasonal_promotion", "language": "en", "category": "MARKETING", "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Our {{1}} is on!", "example": {"header_text": ["Summer Sale"]}},
            {"type": "BODY", "text": "Shop through {{1}} with code {{2}} to get {{3}} off.", "example": {"body_text": [["August", "25OFF", "25%"]]}},
            {"type": "FOOTER", "text": "Manage your subscriptions below"},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Unsubscribe"}]},
        ]}),
    );
    accepted(
        json!({"name": "welcome_named", "language": "en_US", "category": "UTILITY", "parameter_format": "NAMED", "components": [
            {"type": "BODY", "text": "Hi {{first_name}}, your order {{order_id}} is ready.", "example": {"body_text_named_params": [
                {"param_name": "first_name", "example": "Pablo"}, {"param_name": "order_id", "example": "860198"},
            ]}},
        ]}),
    );
    accepted(
        json!({"name": "auth_copy", "language": "en_US", "category": "AUTHENTICATION", "message_send_ttl_seconds": 60, "components": [
            {"type": "BODY", "add_security_recommendation": true},
            {"type": "FOOTER", "code_expiration_minutes": 5},
            {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy Code"}]},
        ]}),
    );
    accepted(
        json!({"name": "auth_one_tap", "language": "en_US", "category": "AUTHENTICATION", "components": [
            {"type": "BODY", "add_security_recommendation": true},
            {"type": "FOOTER", "code_expiration_minutes": 10},
            {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "ONE_TAP", "text": "Copy Code", "autofill_text": "Autofill",
                "supported_apps": [{"package_name": "com.example.shrub", "signature_hash": "K8a/AINcGX7"}]}]},
        ]}),
    );
    accepted(
        json!({"name": "offer_2026", "language": "en_US", "category": "MARKETING", "components": [
            {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": [IMAGE]}},
            {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Expiring offer!", "has_expiration": true}},
            {"type": "BODY", "text": "Good news, {{1}}! Use code {{2}}.", "example": {"body_text": [["Pablo", "CARIBE25"]]}},
            {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "example": "CARIBE25"}, {"type": "URL", "text": "Book now!",
                "url": "https://ex.com/offers?code={{1}}", "example": ["https://ex.com/offers?code=n3mtql"]}]},
        ]}),
    );
    accepted(
        json!({"name": "carousel_media", "language": "en_US", "category": "MARKETING", "components": [
            {"type": "BODY", "text": "Rare succulents for {{1}}!", "example": {"body_text": [["Pablo"]]}},
            {"type": "CAROUSEL", "cards": [card("IMAGE", IMAGE, json!([reply(), url()])), card("IMAGE", IMAGE, json!([reply(), url()]))]},
        ]}),
    );
    accepted(
        json!({"name": "catalog_offer", "language": "en_US", "category": "MARKETING", "components": [
            {"type": "BODY", "text": "Get {{1}} off!", "example": {"body_text": [["100"]]}},
            {"type": "BUTTONS", "buttons": [{"type": "CATALOG", "text": "View catalog"}]},
        ]}),
    );
    accepted(
        json!({"name": "flow_tpl", "language": "en_US", "category": "MARKETING", "components": [
            {"type": "BODY", "text": "Check out this new offer"},
            {"type": "BUTTONS", "buttons": [{"type": "FLOW", "text": "Open", "flow_id": "1234567890", "flow_action": "navigate", "navigate_screen": "WELCOME_SCREEN"}]},
        ]}),
    );
}

#[test]
fn other_kinds_of_headers_and_buttons_are_taken() {
    for header in [
        json!({"type": "HEADER", "format": "LOCATION"}),
        json!({"type": "HEADER", "format": "PRODUCT"}),
        json!({"type": "HEADER", "format": "VIDEO", "example": {"header_handle": [VIDEO]}}),
        json!({"type": "HEADER", "format": "GIF", "example": {"header_handle": [VIDEO]}}),
        json!({"type": "HEADER", "format": "DOCUMENT", "example": {"header_handle": [DOCUMENT]}}),
        json!({"type": "CALL_PERMISSION_REQUEST"}),
    ] {
        accepted(with_header(header));
    }
    for button in [
        json!({"type": "PHONE_NUMBER", "text": "Call", "phone_number": "15550051310"}),
        json!({"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+4930901820"}),
        json!({"type": "COPY_CODE", "example": ["250FF"]}),
        json!({"type": "MPM", "text": "View items"}),
        json!({"type": "SPM", "text": "View"}),
        json!({"type": "VOICE_CALL", "text": "Call now", "ttl_minutes": 60}),
        json!({"type": "APP", "text": "Open app"}),
        json!({"type": "REQUEST_CONTACT_INFO"}),
        json!({"type": "FLOW", "text": "Go", "flow_name": "signup", "icon": "REVIEW"}),
        json!({"type": "URL", "text": "Go", "url": "https://ex.com/a"}),
    ] {
        accepted(with_buttons(json!([button])));
    }
    accepted(otp(
        json!({"type": "OTP", "otp_type": "ZERO_TAP", "zero_tap_terms_accepted": true,
        "supported_apps": [{"package_name": "com.example.shrub", "signature_hash": "K8a/AINcGX7"}]}),
    ));
    let spm = json!([{"type": "SPM", "text": "View"}]);
    let product = json!({"components": [{"type": "HEADER", "format": "PRODUCT"}, {"type": "BUTTONS", "buttons": spm}]});
    accepted(carousel(vec![product.clone(), product]));
}

#[test]
fn words_may_be_lower_case_and_come_back_upper_case() {
    let bench = bench();
    let answer = create(
        &bench,
        json!({"name": "offer", "language": "en", "category": "marketing", "components": [
            {"type": "header", "format": "location"}, {"type": "body", "text": "Aloe"},
            {"type": "buttons", "buttons": [{"type": "quick_reply", "text": "More"}]},
        ]}),
    );
    let node = bench.get(answer["id"].as_str().unwrap(), json!({}));
    assert_eq!(
        node["components"],
        json!([
            {"type": "HEADER", "format": "LOCATION"}, {"type": "BODY", "text": "Aloe"},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "More"}]},
        ])
    );
    assert_eq!(node["category"], "MARKETING");
}

#[test]
fn bodies_are_checked() {
    wrong(with_body(" ", json!([])), 2_388_072, "missing");
    wrong(with_body(&"a".repeat(1025), json!([])), 2_388_040, "1024");
    wrong(
        with_body("Hello {{1, yes", json!(["a"])),
        2_388_072,
        "dangling",
    );
    wrong(
        with_body("Hello {{2}}, dear customer", json!(["a"])),
        2_388_072,
        "gap",
    );
    wrong(
        with_body("Hello {{name}}, dear customer", json!(["a"])),
        2_388_072,
        "{{1}}",
    );
    wrong(
        with_body("Hello {{1}}, dear customer", json!([])),
        2_388_043,
        "BODY",
    );
    wrong(
        with_body("Hello {{1}}, dear customer", json!([""])),
        2_388_043,
        "BODY",
    );
    wrong(
        with_body("{{1}} is ready for you", json!(["a"])),
        2_388_299,
        "start or end",
    );
    wrong(
        with_body("Ready for you is {{1}} ", json!(["a"])),
        2_388_299,
        "start or end",
    );
    wrong(
        with_body("Your {{1}} {{2}} {{3}}.", json!(["a", "b", "c"])),
        2_388_293,
        "too many variables",
    );
    invalid(
        marketing(json!([{"type": "FOOTER", "text": "Bye"}])),
        "body",
    );
    invalid(marketing(json!([body(), body()])), "one component");
    invalid(marketing(json!([{"type": "SONG"}])), "HEADER, BODY");
}

#[test]
fn the_ratio_of_variables_to_words_can_be_switched_off() {
    let bench = bench();
    bench
        .sim
        .edit(|world| world.switches.words_per_variable = 0);
    let answer = create(
        &bench,
        with_body("Your {{1}} {{2}} {{3}}.", json!(["a", "b", "c"])),
    );
    assert_eq!(answer["status"], "PENDING");
}

#[test]
fn named_variables_need_named_samples() {
    #[track_caller]
    fn check(text: &str, samples: Value, subcode: u64) {
        let mut template = marketing(
            json!([{"type": "BODY", "text": text, "example": {"body_text_named_params": samples}}]),
        );
        template["parameter_format"] = json!("named");
        wrong(template, subcode, "");
    }
    let sample = json!([{"param_name": "name", "example": "Pablo"}]);
    check("Hello {{Name}}, dear customer", sample.clone(), 2_388_072);
    check("Hello {{1}}, dear customer", sample.clone(), 2_388_072);
    check("Hello {{other}}, dear customer", sample, 2_388_043);
    check("Hello {{name}}, dear customer", json!([]), 2_388_043);
}

#[test]
fn headers_are_checked() {
    let text = |text: &str| with_header(json!({"type": "HEADER", "format": "TEXT", "text": text}));
    wrong(text(""), 2_388_047, "missing");
    wrong(text(&"a".repeat(61)), 2_388_040, "60");
    wrong(text("Big *sale*"), 2_388_047, "formatting");
    wrong(text("{{1}} and {{2}}"), 2_388_047, "one variable");
    wrong(text("Hello {{1}"), 2_388_047, "dangling");
    wrong(text("Hello {{1}}"), 2_388_043, "HEADER");
    invalid(
        with_header(json!({"type": "HEADER", "format": "SONG"})),
        "TEXT, IMAGE",
    );
}

#[test]
fn media_headers_need_a_handle_that_fits() {
    let media = |format: &str, handle: &str| {
        let example = json!({"header_handle": [handle]});
        with_header(json!({"type": "HEADER", "format": format, "example": example}))
    };
    wrong(
        with_header(json!({"type": "HEADER", "format": "IMAGE"})),
        2_388_043,
        "HEADER",
    );
    invalid(
        media(
            "IMAGE",
            "https://scontent.whatsapp.net/v/t61.29466-34/1.png",
        ),
        "not valid",
    );
    invalid(media("IMAGE", "4::nothing"), "not valid");
    invalid(media("IMAGE", FOREIGN), "not valid");
    invalid(media("IMAGE", VIDEO), "video/mp4");
    invalid(media("VIDEO", IMAGE), "image/png");
    invalid(media("DOCUMENT", IMAGE), "image/png");
    invalid(media("IMAGE", HUGE), "too large");
}

#[test]
fn footers_and_offers_are_checked() {
    let footer = |text: &str| marketing(json!([body(), {"type": "FOOTER", "text": text}]));
    wrong(footer(""), 2_388_073, "missing");
    wrong(footer(&"a".repeat(61)), 2_388_040, "60");
    wrong(footer("Bye {{1}} dear"), 2_388_073, "variables");
    let offer = |text: &str, more: Value| {
        let offer = json!({"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": text}});
        marketing(json!([offer, more]))
    };
    wrong(offer(&"a".repeat(17), body()), 2_388_040, "16");
    wrong(offer("", body()), 2_388_043, "LIMITED_TIME_OFFER");
    wrong(
        offer("Soon", json!({"type": "BODY", "text": "a".repeat(601)})),
        2_388_040,
        "600",
    );
    wrong(
        marketing(json!([body(), {"type": "FOOTER", "text": "Bye"},
            {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Soon"}}])),
        2_388_073,
        "limited-time",
    );
}

#[test]
fn components_that_are_none_are_refused() {
    for components in [
        json!("x"),
        json!(5),
        json!({}),
        json!([null]),
        json!(["BODY"]),
        json!([[]]),
        json!([{"type": 1}]),
        json!([{"type": "BODY", "text": 1}]),
        json!([{"type": "BODY", "text": "Hello {{1}} there dear", "example": "a"}]),
        json!([{"type": "BUTTONS", "buttons": [null]}]),
        json!([{"type": "BUTTONS", "buttons": {"type": "QUICK_REPLY"}}]),
        json!([{"type": "CAROUSEL", "cards": [1, 2]}]),
        json!([{"type": "LIMITED_TIME_OFFER", "limited_time_offer": []}]),
        json!([{"type": "HEADER", "format": "IMAGE", "example": {"header_handle": IMAGE}}]),
    ] {
        for category in ["AUTHENTICATION", "MARKETING"] {
            let answer = create(&bench(), template(category, components.clone()));
            assert_eq!(answer["error"]["code"], 100, "{components}: {answer}");
        }
    }
}
