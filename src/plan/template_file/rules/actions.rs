//! What buttons do: addresses, calls, coupons, flows.

use super::{
    super::{
        document::{Button, ButtonKind, Template, Wording},
        variables::Variables,
    },
    texts,
};
use crate::plan::{decode::Sp, sink::Sink, words::is_url};

/// The most characters of an address.
const LONGEST_URL: usize = 2_000;
/// The most characters of a phone number. General knowledge.
const LONGEST_PHONE: usize = 20;
/// The most characters of a coupon.
const LONGEST_CODE: usize = 15;

fn of(template: &Template, kind: ButtonKind) -> impl Iterator<Item = &Button> {
    let is = move |button: &&Button| button.kind.as_ref().is_some_and(|own| own.value == kind);
    template.buttons().filter(is)
}

/// An address may have one variable, at its end, and then a sample.
pub(super) fn urls(template: &Template, sink: &mut Sink<'_>) {
    for button in of(template, ButtonKind::Url) {
        let Some(url) = &button.url else {
            continue;
        };
        texts::length("template-url-length", "address", url, LONGEST_URL, sink);
        let found = Variables::of(&url.value.0);
        url_form(url, &found, sink);
        match (found.names.len(), &button.example) {
            (0, Some(example)) if found.malformed.is_empty() => {
                let message = "the address has no variable, but a sample";
                sink.warn(
                    "template-sample-unused",
                    &example.spot,
                    message,
                    "take `example` out",
                );
            }
            (1.., None) if !sink.has_reported_below(&button.spot, "example") => {
                let message = "the address has a variable, but no sample for the reviewer";
                let hint = "add `example: [\"…\"]`: the whole address as it may be";
                sink.fail("template-sample-missing", &url.spot, message, hint);
            }
            (1.., Some(example)) => match example.items.as_slice() {
                [one] if example.is_list && one.value.0.trim().is_empty() => {
                    let hint = "write the whole address as it may be";
                    sink.fail(
                        "template-sample-empty",
                        &one.spot,
                        "the sample is empty",
                        hint,
                    );
                }
                [_] if example.is_list => {}
                _ => {
                    let message = "the sample of an address is a list with one text";
                    let hint = "write `example: [\"https://…\"]`";
                    sink.fail("template-sample-shape", &example.spot, message, hint);
                }
            },
            _ => {}
        }
    }
}

fn url_form(url: &Sp<Wording>, found: &Variables<'_>, sink: &mut Sink<'_>) {
    let text = &*url.value.0;
    let mut refuse = |rule, message: String, hint: &str| sink.fail(rule, &url.spot, message, hint);
    if let Some(piece) = found.malformed.first() {
        let message = format!("`{piece}` is not a variable");
        refuse(
            "template-variable-form",
            message,
            "write it like {{1}}, without spaces",
        );
        return;
    }
    match found.names.as_slice() {
        [] => {}
        [_] if !text.ends_with("}}") => {
            let hint = "let the variable be the last thing in it";
            refuse(
                "template-url-variable",
                "the variable stands inside the address".into(),
                hint,
            );
        }
        // Meta shows a number here, also in templates whose other variables have names.
        ["1"] => {}
        [name] => {
            let message = format!("{{{{{name}}}}} stands in an address");
            refuse(
                "template-url-variable",
                message,
                "the variable of an address is {{1}}",
            );
        }
        _ => {
            let message = "the address has more than one variable".into();
            refuse("template-url-variable", message, "keep one, at the end");
        }
    }
    let filled = text.replace("{{", "").replace("}}", "");
    if !filled.is_empty() && !is_url(&filled, &["https", "http"]) {
        let message = format!("`{text}` is not a web address");
        refuse(
            "template-url-form",
            message,
            "write it in full: https://shop.example.com/orders",
        );
    }
}

/// A phone number has its country code.
pub(super) fn phones(template: &Template, sink: &mut Sink<'_>) {
    for button in of(template, ButtonKind::PhoneNumber) {
        let Some(phone) = &button.phone_number else {
            continue;
        };
        let text = &*phone.value.0;
        let digits = text.strip_prefix('+').unwrap_or(text);
        let is_plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_plain || digits.starts_with('0') {
            let message = format!("`{text}` is not an international phone number");
            let hint =
                "write digits with the country code and no zero before it, like \"+4930901820\"";
            sink.fail("template-phone-form", &phone.spot, message, hint);
        } else if text.chars().count() > LONGEST_PHONE {
            texts::length(
                "template-phone-form",
                "phone number",
                phone,
                LONGEST_PHONE,
                sink,
            );
        }
    }
}

/// A coupon is short.
pub(super) fn coupons(template: &Template, sink: &mut Sink<'_>) {
    for button in of(template, ButtonKind::CopyCode) {
        let Some(example) = &button.example else {
            continue;
        };
        match example.items.as_slice() {
            [code] => texts::length("template-code-length", "code", code, LONGEST_CODE, sink),
            _ => {
                let message = "a COPY_CODE button has one sample";
                sink.fail(
                    "template-sample-shape",
                    &example.spot,
                    message,
                    "write `example: \"SAVE25\"`",
                );
            }
        }
    }
}

/// A flow is named in one way.
pub(super) fn flows(template: &Template, sink: &mut Sink<'_>) {
    for button in of(template, ButtonKind::Flow) {
        let named = [
            ("flow_id", button.flow_id.is_some()),
            ("flow_name", button.flow_name.is_some()),
            ("flow_json", button.flow_json.is_some()),
        ];
        let count = named.iter().filter(|(_, is_there)| *is_there).count();
        let is_broken = named
            .iter()
            .any(|(key, _)| sink.has_reported_below(&button.spot, key));
        if count != 1 && !is_broken {
            let message = format!("a FLOW button names its flow in one way; here in {count}");
            let hint = "keep one of flow_id, flow_name and flow_json";
            sink.fail("template-flow-one", &button.spot, message, hint);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{RICH, check};

    #[test]
    fn an_address_has_one_variable_at_its_end() {
        let url = "\"https://ex.com/{{1}}\", example: [\"https://ex.com/a\"]";
        check(RICH, url, "\"https://ex.com/\"", &[]);
        check(RICH, url, "\"ex.com\"", &["13:39 error[template-url-form]"]);
        check(
            RICH,
            url,
            "\"https://ex.com/{{1}}/a\", example: [a]",
            &["13:39 error[template-url-variable]"],
        );
        check(
            RICH,
            url,
            "\"https://ex.com/{{1}}{{2}}\", example: [a]",
            &["13:39 error[template-url-variable]"],
        );
        check(
            RICH,
            url,
            "\"https://ex.com/{{2}}\", example: [a]",
            &["13:39 error[template-url-variable]"],
        );
        check(
            RICH,
            url,
            "\"https://ex.com/{{ 1 }}\", example: [a]",
            &["13:39 error[template-variable-form]"],
        );
        let long = |count: usize| format!("\"https://ex.com/{}\"", "a".repeat(count));
        check(RICH, url, &long(1_985), &[]);
        check(
            RICH,
            url,
            &long(1_986),
            &["13:39 error[template-url-length]"],
        );
    }

    #[test]
    fn an_address_with_a_variable_has_a_sample() {
        let example = ", example: [\"https://ex.com/a\"]";
        check(RICH, example, "", &["13:39 error[template-sample-missing]"]);
        check(
            RICH,
            example,
            ", example: a",
            &["13:72 error[template-sample-shape]"],
        );
        check(
            RICH,
            example,
            ", example: [a, b]",
            &["13:72 error[template-sample-shape]"],
        );
        check(
            RICH,
            example,
            ", example: [\"\"]",
            &["13:73 error[template-sample-empty]"],
        );
        check(
            RICH,
            "https://ex.com/{{1}}",
            "https://ex.com/1",
            &["13:68 warning[template-sample-unused]"],
        );
    }

    #[test]
    fn a_phone_has_its_country_code() {
        let phone = "\"+4930901820\"";
        check(RICH, phone, "\"4930901820\"", &[]);
        check(
            RICH,
            phone,
            "4930901820",
            &["14:57 warning[template-text-unquoted]"],
        );
        check(
            RICH,
            phone,
            "\"030901820\"",
            &["14:57 error[template-phone-form]"],
        );
        check(
            RICH,
            phone,
            "\"+49 30 901820\"",
            &["14:57 error[template-phone-form]"],
        );
        check(
            RICH,
            phone,
            "\"+12345678901234567890\"",
            &["14:57 error[template-phone-form]"],
        );
    }

    #[test]
    fn a_coupon_is_short() {
        check(RICH, "example: 25OFF }", "example: [25OFF] }", &[]);
        check(RICH, "example: 25OFF }", "example: ABCDEFGHIJKLMNO }", &[]);
        check(
            RICH,
            "example: 25OFF }",
            "example: ABCDEFGHIJKLMNOP }",
            &["15:37 error[template-code-length]"],
        );
        check(
            RICH,
            "example: 25OFF }",
            "example: [A, B] }",
            &["15:37 error[template-sample-shape]"],
        );
    }

    #[test]
    fn a_flow_is_named_in_one_way() {
        let id = "flow_id: \"1234567890\"";
        check(RICH, id, "flow_name: booking", &[]);
        check(
            RICH,
            id,
            "flow_id: \"1\", flow_name: booking",
            &["16:9 error[template-flow-one]"],
        );
        check(
            RICH,
            ", flow_id: \"1234567890\"",
            "",
            &["16:9 error[template-flow-one]"],
        );
        check(RICH, id, "flow_json: '{\"version\": \"7.0\"}'", &[]);
        check(
            RICH,
            id,
            "flow_json: '{\"version\"'",
            &["16:46 error[template-flow-json]"],
        );
        check(RICH, id, "flow_id: abc", &["16:44 error[id-form]"]);
    }
}
