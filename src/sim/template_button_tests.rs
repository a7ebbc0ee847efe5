//! What Graph makes of buttons: alone, together, on cards and for passwords.

use serde_json::{Value, json};

use super::{
    template_form_tests::{
        DOCUMENT, IMAGE, VIDEO, accepted, bench, card, carousel, invalid, otp, reply, template,
        url, with_buttons, wrong,
    },
    template_tests::create,
    tests::{TARGET, refused, waba},
};

#[test]
fn buttons_are_checked() {
    let one = |button: Value| with_buttons(json!([button]));
    let link = |url: &str| one(json!({"type": "URL", "text": "Go", "url": url}));
    let call =
        |number: &str| one(json!({"type": "PHONE_NUMBER", "text": "Call", "phone_number": number}));
    wrong(with_buttons(json!([])), 2_388_043, "buttons");
    invalid(one(json!({"type": "SONG", "text": "a"})), "QUICK_REPLY");
    invalid(one(json!({"type": "QUICK_REPLY"})), "label");
    wrong(
        one(json!({"type": "QUICK_REPLY", "text": "a".repeat(26)})),
        2_388_040,
        "25",
    );
    invalid(link("ex.com"), "URL");
    wrong(
        link(&format!("https://{}", "a".repeat(2000))),
        2_388_040,
        "2000",
    );
    invalid(link("https://ex.com/{{1}}/a"), "at its end");
    invalid(link("https://ex.com/{{1}}{{2}}"), "at its end");
    wrong(link("https://ex.com/{{1}}"), 2_388_043, "BUTTONS");
    refused(
        &create(&bench(), call("call me")),
        192,
        None,
        "phone number",
    );
    refused(
        &create(&bench(), call("030901820")),
        192,
        None,
        "phone number",
    );
    wrong(call("+49 30 901820 901820 1"), 2_388_040, "20");
    wrong(one(json!({"type": "COPY_CODE"})), 2_388_043, "BUTTONS");
    wrong(
        one(json!({"type": "COPY_CODE", "example": "a".repeat(16)})),
        2_388_040,
        "15",
    );
    invalid(one(json!({"type": "FLOW", "text": "Go"})), "exactly one");
    invalid(
        one(json!({"type": "FLOW", "text": "Go", "flow_id": "1", "flow_name": "a"})),
        "exactly one",
    );
    invalid(
        one(json!({"type": "FLOW", "text": "Go", "flow_id": "1", "flow_action": "fly"})),
        "navigate, data_exchange",
    );
    invalid(
        one(json!({"type": "OTP", "otp_type": "COPY_CODE"})),
        "AUTHENTICATION",
    );
}

#[test]
fn buttons_must_stand_together() {
    let call = || json!({"type": "PHONE_NUMBER", "text": "Call", "phone_number": "15550051310"});
    accepted(with_buttons(json!([reply(), reply(), url(), call()])));
    accepted(with_buttons(json!([url(), call(), reply()])));
    invalid(with_buttons(json!([reply(), url(), reply()])), "grouped");
    invalid(with_buttons(json!([url(), reply(), call()])), "grouped");
    invalid(with_buttons(json!([url(), url(), url()])), "at most 2");
    invalid(with_buttons(json!([call(), call()])), "at most 1");
    invalid(with_buttons(Value::Array(vec![reply(); 11])), "10 buttons");
}

#[test]
fn catalog_buttons_need_a_catalog() {
    for kind in ["CATALOG", "MPM", "SPM"] {
        let bench = bench();
        bench.sim.edit(|world| {
            world.wabas.get_mut(&waba(TARGET)).unwrap().has_catalog = false;
        });
        let template = with_buttons(json!([{"type": kind, "text": "View"}]));
        refused(&create(&bench, template), 100, None, "catalog");
    }
}

#[test]
fn cards_are_checked() {
    let image = || card("IMAGE", IMAGE, json!([reply()]));
    invalid(carousel(vec![image()]), "2 to 10");
    invalid(carousel(vec![image(); 11]), "2 to 10");
    invalid(
        carousel(vec![image(), card("VIDEO", VIDEO, json!([reply()]))]),
        "same components",
    );
    invalid(
        carousel(vec![image(), card("IMAGE", IMAGE, json!([url()]))]),
        "same components",
    );
    wrong(
        carousel(vec![card("DOCUMENT", DOCUMENT, json!([reply()])); 2]),
        2_388_047,
        "image, a video or a product",
    );
    let mut long = image();
    long["components"][1]["text"] = json!("a".repeat(161));
    wrong(carousel(vec![long.clone(), long]), 2_388_040, "160");
    let mut bare = image();
    bare["components"].as_array_mut().unwrap().pop();
    invalid(carousel(vec![bare.clone(), bare]), "header and buttons");
}

#[test]
fn templates_for_passwords_are_checked() {
    let apps = json!([{"package_name": "com.example.shrub", "signature_hash": "K8a/AINcGX7"}]);
    let auth = |components: Value| template("AUTHENTICATION", components);
    let copy = || json!({"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]});
    wrong(
        auth(json!([{"type": "BODY", "text": "Your code"}, copy()])),
        2_388_072,
        "fixed",
    );
    wrong(
        auth(json!([{"type": "BODY"}, {"type": "FOOTER", "code_expiration_minutes": 91}, copy()])),
        2_388_073,
        "1 and 90",
    );
    wrong(
        auth(json!([{"type": "BODY"}, {"type": "FOOTER", "text": "Bye"}, copy()])),
        2_388_073,
        "fixed",
    );
    wrong(auth(json!([{"type": "BODY"}])), 2_388_043, "BUTTONS");
    invalid(
        auth(json!([{"type": "HEADER", "format": "LOCATION"}, {"type": "BODY"}, copy()])),
        "HEADER",
    );
    invalid(otp(reply()), "of type OTP");
    invalid(
        otp(json!({"type": "OTP", "otp_type": "TWO_TAP"})),
        "COPY_CODE, ONE_TAP",
    );
    invalid(
        otp(json!({"type": "OTP", "otp_type": "ONE_TAP"})),
        "supported_apps",
    );
    invalid(
        otp(json!({"type": "OTP", "otp_type": "ZERO_TAP", "supported_apps": apps})),
        "terms",
    );
    let one_tap = |package: &str, hash: &str| {
        let apps = json!([{"package_name": package, "signature_hash": hash}]);
        otp(json!({"type": "OTP", "otp_type": "ONE_TAP", "supported_apps": apps}))
    };
    invalid(one_tap("shrub", "K8a/AINcGX7"), "package_name");
    invalid(one_tap("com.example.shrub", "K8a"), "11");
    wrong(
        one_tap(&format!("com.{}", "a".repeat(221)), "K8a/AINcGX7"),
        2_388_040,
        "224",
    );
}
