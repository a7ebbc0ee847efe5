//! Templates for one-time codes: Meta writes their texts, and only they have OTP buttons.

use super::super::document::{
    Button, ButtonKind, Component, ComponentKind, OtpKind, SupportedApp, Template,
};
use crate::plan::{decode::Spot, sink::Sink};

/// The longest time a code is good for, in minutes.
const LONGEST_EXPIRATION: i64 = 90;
/// The most apps of one button.
const MOST_APPS: usize = 5;
/// The most characters of a package name.
const LONGEST_PACKAGE: usize = 224;
/// The characters of a signature hash.
const HASH: usize = 11;

/// They have no other components than those that Meta fixes.
pub(super) fn components(template: &Template, sink: &mut Sink<'_>) {
    if !template.is_authentication() {
        return;
    }
    for kind in template.own().iter().filter_map(|one| one.kind.as_ref()) {
        let fits = matches!(
            kind.value,
            ComponentKind::Body | ComponentKind::Footer | ComponentKind::Buttons
        );
        if !fits {
            let message = format!("an AUTHENTICATION template has no {}", kind.value.as_str());
            let hint = "keep BODY, FOOTER and BUTTONS, or choose another category";
            sink.fail(
                "template-authentication-component",
                &kind.spot,
                message,
                hint,
            );
        }
    }
}

/// Meta writes the texts.
pub(super) fn texts(template: &Template, sink: &mut Sink<'_>) {
    if !template.is_authentication() {
        return;
    }
    let fixed = |one: &&Component| one.is(ComponentKind::Body) || one.is(ComponentKind::Footer);
    for component in template.own().iter().filter(fixed) {
        let text = component.text.as_ref().map(|text| ("text", &text.spot));
        let example = component.example.as_ref().map(|one| ("example", &one.spot));
        for (key, spot) in [text, example].into_iter().flatten() {
            let message =
                format!("Meta writes the texts of AUTHENTICATION templates: `{key}` is not taken");
            let hint = "take it out; use add_security_recommendation and code_expiration_minutes";
            sink.fail("template-authentication-text", spot, message, hint);
        }
    }
}

/// They have one button, which hands over the code.
pub(super) fn buttons(template: &Template, sink: &mut Sink<'_>) {
    if !template.is_authentication() {
        return;
    }
    let Some(list) = template.first(ComponentKind::Buttons) else {
        if template.components.is_some() {
            let message = "an AUTHENTICATION template has a button that hands over the code";
            let hint = "add `- { type: BUTTONS, buttons: [{ type: OTP, otp_type: COPY_CODE }] }`";
            let spot = template.spot.key("components", &template.spot.place);
            sink.fail("template-authentication-buttons", &spot, message, hint);
        }
        return;
    };
    for button in list.buttons.iter().flatten() {
        if let Some(kind) = &button.kind
            && kind.value != ButtonKind::Otp
        {
            let message = format!(
                "an AUTHENTICATION template has no {} button",
                kind.value.as_str()
            );
            let hint = "keep one button of type OTP, or choose another category";
            sink.fail("template-authentication-buttons", &kind.spot, message, hint);
        }
    }
}

/// What belongs to them belongs nowhere else.
pub(super) fn only_there(template: &Template, sink: &mut Sink<'_>) {
    if template.is_authentication() || template.category.is_none() {
        return;
    }
    let mut refuse = |what: &str, spot: &Spot| {
        let message = format!("{what} belongs to AUTHENTICATION templates");
        let hint = "take it out, or write `category: AUTHENTICATION`";
        sink.fail("template-authentication-only", spot, message, hint);
    };
    for component in template.everywhere() {
        if let Some(switch) = &component.add_security_recommendation {
            refuse("`add_security_recommendation`", &switch.spot);
        }
        if let Some(minutes) = &component.code_expiration_minutes {
            refuse("`code_expiration_minutes`", &minutes.spot);
        }
    }
    for button in template.buttons() {
        if let Some(kind) = &button.kind
            && kind.value == ButtonKind::Otp
        {
            refuse("an OTP button", &kind.spot);
        }
    }
}

/// Codes expire within an hour and a half.
pub(super) fn expiration(template: &Template, sink: &mut Sink<'_>) {
    for minutes in template
        .everywhere()
        .filter_map(|one| one.code_expiration_minutes.as_ref())
    {
        if !(1..=LONGEST_EXPIRATION).contains(&minutes.value.0) {
            let message = format!("{} minutes are not allowed", minutes.value.0);
            let hint = format!("use 1 to {LONGEST_EXPIRATION}");
            sink.fail("template-code-expiration", &minutes.spot, message, hint);
        }
    }
}

/// Each way to hand over a code needs its keys and has no use for those of the others.
pub(super) fn otp(template: &Template, sink: &mut Sink<'_>) {
    for button in template.buttons() {
        let Some(kind) = &button.otp_type else {
            continue;
        };
        match kind.value {
            OtpKind::CopyCode => {
                without(
                    button,
                    "autofill_text",
                    button.autofill_text.as_ref().map(|one| &one.spot),
                    sink,
                );
                without(
                    button,
                    "supported_apps",
                    button.supported_apps.as_ref().map(|_| &button.spot),
                    sink,
                );
                without_terms(button, sink);
            }
            OtpKind::OneTap => {
                needs_apps(button, sink);
                without_terms(button, sink);
            }
            OtpKind::ZeroTap => {
                needs_apps(button, sink);
                accepts_terms(button, sink);
            }
        }
    }
}

fn name_of(button: &Button) -> &'static str {
    button
        .otp_type
        .as_ref()
        .map_or("OTP", |kind| kind.value.as_str())
}

fn without(button: &Button, key: &str, spot: Option<&Spot>, sink: &mut Sink<'_>) {
    if let Some(spot) = spot {
        let message = format!("otp_type {} has no use for `{key}`", name_of(button));
        sink.fail("template-otp-keys", spot, message, "take it out");
    }
}

fn without_terms(button: &Button, sink: &mut Sink<'_>) {
    let terms = button.zero_tap_terms_accepted.as_ref();
    without(
        button,
        "zero_tap_terms_accepted",
        terms.map(|one| &one.spot),
        sink,
    );
}

fn needs_apps(button: &Button, sink: &mut Sink<'_>) {
    let is_there = button.supported_apps.is_some();
    if !is_there && !sink.has_reported_below(&button.spot, "supported_apps") {
        let message = format!("otp_type {} needs `supported_apps`", name_of(button));
        let hint = "add the package name and the signature hash of your app";
        sink.fail("template-otp-keys", &button.spot, message, hint);
    }
}

fn accepts_terms(button: &Button, sink: &mut Sink<'_>) {
    let terms = button.zero_tap_terms_accepted.as_ref();
    let is_broken = sink.has_reported_below(&button.spot, "zero_tap_terms_accepted");
    if terms.is_none_or(|terms| !terms.value.0) && !is_broken {
        let spot = terms.map_or(&button.spot, |terms| &terms.spot);
        let message = "otp_type ZERO_TAP needs `zero_tap_terms_accepted: true`";
        let hint = "read WhatsApp's terms for zero-tap, then add it; or use ONE_TAP";
        sink.fail("template-otp-keys", spot, message, hint);
    }
}

/// Apps are named by package and signature.
pub(super) fn apps(template: &Template, sink: &mut Sink<'_>) {
    for button in template.buttons() {
        let Some(apps) = &button.supported_apps else {
            continue;
        };
        if !(1..=MOST_APPS).contains(&apps.len())
            && !sink.has_reported_below(&button.spot, "supported_apps")
        {
            let spot = apps
                .get(MOST_APPS)
                .map_or(&button.spot, |extra| &extra.spot);
            let message = format!("{} apps are named", apps.len());
            sink.fail(
                "template-otp-apps",
                spot,
                message,
                format!("name 1 to {MOST_APPS}"),
            );
        }
        apps.iter().for_each(|one| app(one, sink));
    }
}

fn app(app: &SupportedApp, sink: &mut Sink<'_>) {
    if let Some(package) = &app.package_name {
        let text = &*package.value.0;
        let is_part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let fits =
            text.len() <= LONGEST_PACKAGE && text.contains('.') && text.split('.').all(is_part);
        if !fits {
            let message = format!("`{text}` is not a package name");
            let hint =
                format!("write it like com.example.shop, up to {LONGEST_PACKAGE} characters");
            sink.fail("template-otp-package", &package.spot, message, hint);
        }
    }
    if let Some(hash) = &app.signature_hash {
        let length = hash.value.0.chars().count();
        if length != HASH {
            let message = format!("the signature hash has {length} characters");
            sink.fail(
                "template-otp-hash",
                &hash.spot,
                message,
                format!("it has exactly {HASH}"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{CODE, check};

    #[test]
    fn meta_fixes_the_components() {
        check(
            CODE,
            "{ type: BODY, add_security_recommendation: true }",
            "{ type: BODY }",
            &[],
        );
        check(
            CODE,
            "{ type: BODY, add_security_recommendation: true }",
            "{ type: BODY, text: Your code is here. }",
            &["6:25 error[template-authentication-text]"],
        );
        check(
            CODE,
            "  - { type: FOOTER, code_expiration_minutes: 10 }\n",
            "  - { type: HEADER, format: LOCATION }\n",
            &["7:13 error[template-authentication-component]"],
        );
        check(
            CODE,
            "code_expiration_minutes: 10",
            "text: Hi",
            &[
                "7:5 error[template-key-missing]",
                "7:27 error[template-authentication-text]",
            ],
        );
    }

    #[test]
    fn one_button_hands_over_the_code() {
        check(
            CODE,
            "      - type: OTP\n",
            "      - { type: QUICK_REPLY, text: Hi }\n      - type: OTP\n",
            &["10:17 error[template-authentication-buttons]"],
        );
        let bare =
            "name: a\nlanguage: de\ncategory: AUTHENTICATION\ncomponents: [{ type: BODY }]\n";
        check(
            bare,
            "name: a",
            "name: b",
            &["1:1 error[template-authentication-buttons]"],
        );
    }

    #[test]
    fn what_belongs_to_codes_belongs_nowhere_else() {
        check(
            CODE,
            "AUTHENTICATION",
            "UTILITY",
            &[
                "6:5 error[template-key-missing]",
                "6:48 error[template-authentication-only]",
                "7:5 error[template-key-missing]",
                "7:46 error[template-authentication-only]",
                "10:15 error[template-authentication-only]",
            ],
        );
    }

    #[test]
    fn codes_expire() {
        for good in ["1", "90"] {
            check(CODE, "minutes: 10", &format!("minutes: {good}"), &[]);
        }
        for bad in ["0", "91", "-1"] {
            check(
                CODE,
                "minutes: 10",
                &format!("minutes: {bad}"),
                &["7:46 error[template-code-expiration]"],
            );
        }
    }

    #[test]
    fn each_way_to_hand_over_needs_its_keys() {
        let apps = "        supported_apps: [{ package_name: com.example.shrub, signature_hash: K8a/AINcGX7 }]\n";
        check(
            CODE,
            "otp_type: ONE_TAP",
            "otp_type: ZERO_TAP\n        zero_tap_terms_accepted: true",
            &[],
        );
        check(
            CODE,
            "otp_type: ONE_TAP",
            "otp_type: ZERO_TAP\n        zero_tap_terms_accepted: false",
            &["12:34 error[template-otp-keys]"],
        );
        check(
            CODE,
            "otp_type: ONE_TAP",
            "otp_type: ZERO_TAP",
            &["10:9 error[template-otp-keys]"],
        );
        check(CODE, apps, "", &["10:9 error[template-otp-keys]"]);
        check(
            CODE,
            "ONE_TAP",
            "COPY_CODE",
            &[
                "10:9 error[template-otp-keys]",
                "13:24 error[template-otp-keys]",
            ],
        );
        let copy = CODE
            .replace(apps, "")
            .replace("        autofill_text: Autofill\n", "");
        check(&copy, "ONE_TAP", "copy_code", &[]);
        check(
            CODE,
            "        otp_type: ONE_TAP\n",
            "",
            &["10:9 error[template-key-missing]"],
        );
    }

    #[test]
    fn apps_are_named_by_package_and_signature() {
        check(
            CODE,
            "com.example.shrub",
            "shrub",
            &["14:42 error[template-otp-package]"],
        );
        check(
            CODE,
            "com.example.shrub",
            &format!("com.{}", "a".repeat(220)),
            &[],
        );
        check(
            CODE,
            "com.example.shrub",
            &format!("com.{}", "a".repeat(221)),
            &["14:42 error[template-otp-package]"],
        );
        check(
            CODE,
            "K8a/AINcGX7",
            "K8a/AINcGX",
            &["14:77 error[template-otp-hash]"],
        );
        let app = "{ package_name: com.example.shrub, signature_hash: K8a/AINcGX7 }";
        check(CODE, app, &[app; 5].join(", "), &[]);
        check(
            CODE,
            app,
            &[app; 6].join(", "),
            &["14:356 error[template-otp-apps]"],
        );
        check(CODE, app, "", &["10:9 error[template-otp-apps]"]);
    }
}
