//! The single texts of a plan: names, ids, phones, languages, addresses. One type each, with its
//! form, its advice and its JSON Schema.
//!
//! Does not compare one value with another: see `rules`.

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::{
    ids::{AccountStep, AppId, WabaId},
    phone::{Phone, PhoneError},
    plan::{
        Glob,
        decode::{Word, Wrong, not_text},
    },
    yaml::Scalar,
};

macro_rules! text_words {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub String);
    )+};
}

text_words! {
    /// A plan's or window's name: `[a-z0-9-]`, 1 to 63 characters.
    Name;
    /// Free text.
    Prose;
    /// A version of the Graph API, like `v25.0`.
    ApiVersion;
    /// Digits that Meta calls an id.
    Digits;
    /// A language code of Meta, like `de` or `en_US`.
    Language;
    /// An https address.
    HttpsUrl;
    /// A host name, like `mypurecloud.de`.
    HostName;
    /// A path or a pattern of paths, relative to the plan file.
    PathPattern;
}

/// The version of the plan format: 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Version(pub u64);

impl Word for Version {
    const WANTED: &'static str = "the number 1";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        if &*scalar.text == "1" && !scalar.quoted {
            return Ok(Self(1));
        }
        Err(Wrong::new(
            "version-unsupported",
            format!(
                "this release reads plans of version 1, not `{}`",
                scalar.text
            ),
            "write `version: 1` without quotes, or use a release that knows this version",
        ))
    }

    fn shape() -> Json {
        json!({ "const": 1 })
    }
}

impl Word for Name {
    const WANTED: &'static str = "a name";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=63).contains(&text.len()) && text.bytes().all(is_name) {
            return Ok(Self(text.to_owned()));
        }
        Err(Wrong::new(
            "name-form",
            format!("`{text}` is not a name"),
            "use 1 to 63 lower-case letters, digits and `-`, like acme-emea",
        ))
    }

    fn shape() -> Json {
        json!({ "type": "string", "pattern": "^[a-z0-9-]{1,63}$" })
    }
}

impl Word for Prose {
    const WANTED: &'static str = "text";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        Ok(Self(scalar.text.to_string()))
    }

    fn shape() -> Json {
        json!({ "type": "string" })
    }
}

/// Source: <https://developers.facebook.com/docs/graph-api/changelog/versions>; v20.0 expired on
/// 2026-09-24, v26.0 was the newest in November 2026.
const API_VERSIONS: std::ops::RangeInclusive<u32> = 21..=26;

impl ApiVersion {
    fn number(text: &str) -> Option<u32> {
        let digits = text.strip_prefix('v')?.strip_suffix(".0")?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        if plain { digits.parse().ok() } else { None }
    }
}

impl Word for ApiVersion {
    const WANTED: &'static str = "a version like v25.0";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        match Self::number(text) {
            Some(number) if number >= *API_VERSIONS.start() => Ok(Self(text.to_owned())),
            Some(_) => Err(Wrong::new(
                "api-version-form",
                format!("Meta has switched off version {text}"),
                "leave `api_version` out to use v25.0",
            )),
            None => Err(Wrong::new(
                "api-version-form",
                format!("`{text}` is not a version of the Graph API"),
                "write it like v25.0",
            )),
        }
    }

    fn advise(scalar: &Scalar) -> Option<Wrong> {
        let newer = Self::number(&scalar.text)? > *API_VERSIONS.end();
        newer.then(|| {
            Wrong::new(
                "api-version-form",
                format!("this release was not built for {}", scalar.text),
                "leave `api_version` out to use v25.0, or rehearse first",
            )
        })
    }

    fn shape() -> Json {
        json!({ "type": "string", "pattern": "^v[0-9]+\\.0$" })
    }
}

fn read_digits(scalar: &Scalar) -> Result<String, Wrong> {
    let text = &*scalar.text;
    if (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    let hint = if text.bytes().any(|b| b.is_ascii_digit()) && !scalar.quoted {
        "copy the digits from WhatsApp Manager and put them in quotes; 1e15 or 1_000 is not an id"
    } else {
        "copy the digits from WhatsApp Manager, in quotes, like \"102290129340398\""
    };
    Err(Wrong::new(
        "id-form",
        format!("`{text}` is not an id: an id has 1 to 32 digits"),
        hint,
    ))
}

fn advise_quotes(scalar: &Scalar) -> Option<Wrong> {
    (!scalar.quoted).then(|| {
        Wrong::new(
            "id-unquoted",
            "an id without quotes is a number to other YAML tools, which may round it",
            format!("put it in quotes: \"{}\"", scalar.text),
        )
    })
}

macro_rules! id_words {
    ($($id:ident),+) => {$(
        impl Word for $id {
            const WANTED: &'static str = "an id";

            fn read(scalar: &Scalar) -> Result<Self, Wrong> {
                let digits = read_digits(scalar)?;
                digits.parse().map_err(|error| Wrong::new("id-form", format!("{error}"), "copy the digits"))
            }

            fn advise(scalar: &Scalar) -> Option<Wrong> {
                advise_quotes(scalar)
            }

            fn shape() -> Json {
                json!({ "type": "string", "pattern": "^[0-9]{1,32}$" })
            }
        }
    )+};
}
id_words!(WabaId, AppId, Digits);

impl std::str::FromStr for Digits {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl Word for Phone {
    const WANTED: &'static str = "a phone number like \"+49 30 901820\"";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        scalar.text.parse().map_err(|error: PhoneError| {
            Wrong::new(
                "phone-form",
                format!("`{}` is not a phone number: {error}", scalar.text),
                "write it as \"+COUNTRY NUMBER\" in quotes, like \"+49 30 901820\"",
            )
        })
    }

    fn advise(scalar: &Scalar) -> Option<Wrong> {
        let is_number = scalar.text.bytes().skip(1).all(|b| b.is_ascii_digit());
        if !scalar.quoted && is_number {
            return Some(Wrong::new(
                "phone-unquoted",
                "a phone without quotes is a number to other YAML tools, which drop the `+`",
                format!("put it in quotes: \"{}\"", scalar.text),
            ));
        }
        let phone: Phone = scalar.text.parse().ok()?;
        (!phone.is_plausible()).then(|| {
            Wrong::new(
                "phone-implausible",
                format!(
                    "{} is no number that its country gives out",
                    phone.international()
                ),
                "check the digits; Meta's test numbers (+1 555 …) are like that and may stay",
            )
        })
    }

    fn shape() -> Json {
        json!({ "type": "string", "pattern": "^\\s*\\+[0-9 ().\\-/\u{a0}\u{202f}]+\\s*$" })
    }
}

impl Word for Language {
    const WANTED: &'static str = "a language code like de or en_US";

    fn misread(scalar: &Scalar) -> Option<Wrong> {
        if scalar.text.eq_ignore_ascii_case("no") {
            None
        } else {
            not_text(scalar)
        }
    }

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        if text.eq_ignore_ascii_case("no") {
            return Err(Wrong::new(
                "language-form",
                "`no` is not one of Meta's language codes, and means false to YAML 1.1",
                "Norwegian is `nb`",
            ));
        }
        let (language, region) = text
            .split_once('_')
            .map_or((text, None), |(l, r)| (l, Some(r)));
        let fits = (2..=3).contains(&language.len())
            && language.bytes().all(|b| b.is_ascii_lowercase())
            && region.is_none_or(|r| r.len() == 2 && r.bytes().all(|b| b.is_ascii_uppercase()));
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err(Wrong::new(
            "language-form",
            format!("`{text}` is not a language code"),
            "write the language in small letters and, after `_`, the country in capitals: de, en_US",
        ))
    }

    /// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/supported-languages>
    fn shape() -> Json {
        json!({ "type": "string", "pattern": "^[a-z]{2,3}(_[A-Z]{2})?$", "not": { "const": "no" } })
    }
}

pub(crate) fn is_url(text: &str, schemes: &[&str]) -> bool {
    let spaced = text.chars().any(|c| c.is_whitespace() || c.is_control());
    !spaced
        && url::Url::parse(text).is_ok_and(|url| {
            let bare = url.username().is_empty() && url.password().is_none();
            schemes.contains(&url.scheme()) && url.has_host() && bare
        })
}

impl Word for HttpsUrl {
    const WANTED: &'static str = "an https address";

    /// Meta posts to https only.
    /// Source: <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>
    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        if is_url(text, &["https"]) {
            return Ok(Self(text.to_owned()));
        }
        Err(Wrong::new(
            "url-form",
            format!("`{text}` is not an https address"),
            "write it in full: https://hooks.example.com/whatsapp",
        ))
    }

    fn shape() -> Json {
        json!({ "type": "string", "pattern": "^https://[^\\s]+$" })
    }
}

impl Word for HostName {
    const WANTED: &'static str = "a host name";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        let part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if text.len() <= 253 && text.contains('.') && text.split('.').all(part) {
            return Ok(Self(text.to_owned()));
        }
        Err(Wrong::new(
            "region-form",
            format!("`{text}` is not the host of a region"),
            "write the domain of your organization, like mypurecloud.de or euw2.pure.cloud",
        ))
    }

    fn shape() -> Json {
        json!({ "type": "string", "pattern": "^[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$" })
    }
}

impl Word for PathPattern {
    const WANTED: &'static str = "a path";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        if !text.trim().is_empty() && !text.contains('\0') {
            return Ok(Self(text.to_owned()));
        }
        let hint = "write a path relative to the plan file, like templates/*.yaml";
        Err(Wrong::new("path-form", "the path is empty", hint))
    }

    fn shape() -> Json {
        json!({ "type": "string", "minLength": 1 })
    }
}

impl Serialize for Glob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Word for Glob {
    const WANTED: &'static str = "a template name or a pattern like order_*";

    /// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>
    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_*?".contains(&b);
        if (1..=512).contains(&text.len()) && text.bytes().all(fits) {
            return Ok(Self::new(text));
        }
        Err(Wrong::new(
            "glob-form",
            format!("`{text}` is neither a template name nor a pattern of names"),
            "use up to 512 lower-case letters, digits and `_`, with `*` and `?` as wildcards",
        ))
    }

    fn shape() -> Json {
        json!({ "type": "string", "pattern": "^[a-z0-9_*?]{1,512}$" })
    }
}

/// A flow's name with wildcards. Flows are named freely, with capitals and spaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FlowGlob(pub Glob);

impl Word for FlowGlob {
    const WANTED: &'static str = "a flow's name or a pattern like Order*";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        if !text.trim().is_empty() {
            return Ok(Self(Glob::new(text)));
        }
        let hint = "write the flow's name, with `*` and `?` as wildcards";
        Err(Wrong::new("glob-form", "the name is empty", hint))
    }

    fn shape() -> Json {
        json!({ "type": "string", "pattern": "\\S" })
    }
}

/// A pattern of differences: an address with wildcards, or an address and a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DifferencePattern(pub Glob);

/// How addresses of single things begin.
const THINGS: [&str; 4] = ["number[", "template[", "flow[", "solution["];

impl DifferencePattern {
    /// Returns the pattern without its quotes, which do not count.
    pub fn bare(&self) -> String {
        self.0.as_str().replace('"', "")
    }

    /// Returns whether an address can begin like this.
    fn may_fit(bare: &str) -> bool {
        let plain = bare.split(['*', '?']).next().unwrap_or_default();
        let of_thing = |head: &str| head.starts_with(plain) || plain.starts_with(head);
        let of_accounts = |step: &AccountStep| {
            let head = step.as_str();
            let rest = plain.strip_prefix(head);
            head.starts_with(plain) || rest.is_some_and(|rest| rest.starts_with('.'))
        };
        THINGS.iter().any(|head| of_thing(head)) || AccountStep::ALL.iter().any(of_accounts)
    }
}

impl Word for DifferencePattern {
    const WANTED: &'static str = "an address of `diff` with wildcards, like number[*].profile";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        let pattern = Self(Glob::new(text));
        let bare = pattern.bare();
        let wrong = |message: String, hint: &str| Err(Wrong::new("ignore-form", message, hint));
        if bare.trim().is_empty() || bare.len() > 1_024 || bare.chars().any(char::is_control) {
            let message = "the pattern is empty, too long or has control characters".to_owned();
            return wrong(
                message,
                "copy an address from `diff`, like number[*].profile",
            );
        }
        if bare.starts_with("number[") && bare.contains(' ') {
            let hint = "write the digits without spaces, like number[+4930901820].profile";
            return wrong(format!("no address has the spaces of `{text}`"), hint);
        }
        match Self::may_fit(&bare) {
            true => Ok(pattern),
            false => wrong(
                format!("no address begins like `{text}`"),
                "copy an address from `diff`, like number[+4930901820].profile, template[\"order/*\"] or templates.copy",
            ),
        }
    }

    fn shape() -> Json {
        json!({ "type": "string", "minLength": 1, "maxLength": 1024 })
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::check;

    #[test]
    fn flows_are_named_freely() {
        let flows = |name: &str| format!("flows: {{ copy: [{name}] }}\ntemplates:\n");
        check("templates:\n", &flows("\"*\""), &[]);
        check("templates:\n", &flows("Book a table, Feedback*"), &[]);
        check(
            "templates:\n",
            &flows("\" \""),
            &[
                "21:17 error[glob-form] flows.copy[0]: the name is empty | write the flow's name, with `*` and `?` as wildcards",
            ],
        );
    }

    #[test]
    fn versions() {
        check(
            "version: 1",
            "version: 2",
            &[
                "1:10 error[version-unsupported] version: this release reads plans of version 1, not `2` | write `version: 1` without quotes, or use a release that knows this version",
            ],
        );
        check(
            "version: 1",
            "version: \"1\"",
            &[
                "1:10 error[version-unsupported] version: this release reads plans of version 1, not `1` | write `version: 1` without quotes, or use a release that knows this version",
            ],
        );
        check(
            "v25.0",
            "v20.0",
            &[
                "3:23 error[api-version-form] graph.api_version: Meta has switched off version v20.0 | leave `api_version` out to use v25.0",
            ],
        );
        check(
            "v25.0",
            "v27.0",
            &[
                "3:23 warning[api-version-form] graph.api_version: this release was not built for v27.0 | leave `api_version` out to use v25.0, or rehearse first",
            ],
        );
        check(
            "v25.0",
            "25",
            &[
                "3:23 error[api-version-form] graph.api_version: `25` is not a version of the Graph API | write it like v25.0",
            ],
        );
    }

    #[test]
    fn names() {
        check(
            "name: acme",
            "name: Acme Corp",
            &[
                "2:7 error[name-form] name: `Acme Corp` is not a name | use 1 to 63 lower-case letters, digits and `-`, like acme-emea",
            ],
        );
        check(
            "name: acme",
            "name:",
            &[
                "2:1 error[type-wrong] name: `name` has no value; a name is wanted | fill it in, or leave the whole line out",
            ],
        );
        check(
            "name: acme",
            "name: [acme]",
            &[
                "2:7 error[type-wrong] name: a list stands where a name is wanted | give `name` a name",
            ],
        );
        check(
            "name: acme",
            "name: true",
            &[
                "2:7 error[type-wrong] name: `true` without quotes is a yes-or-no value to YAML; text is wanted | put it in quotes: \"true\"",
            ],
        );
        check("name: acme", "name: \"true\"", &[]);
    }

    #[test]
    fn ids_keep_their_text() {
        check(
            "waba: \"10\"",
            "waba: 010",
            &[
                "5:9 warning[id-unquoted] source.waba: an id without quotes is a number to other YAML tools, which may round it | put it in quotes: \"010\"",
            ],
        );
        check(
            "waba: \"10\"",
            "waba: 1e15",
            &[
                "5:9 error[id-form] source.waba: `1e15` is not an id: an id has 1 to 32 digits | copy the digits from WhatsApp Manager and put them in quotes; 1e15 or 1_000 is not an id",
            ],
        );
        check(
            "waba: \"10\"",
            "waba: 1_000",
            &[
                "5:9 error[id-form] source.waba: `1_000` is not an id: an id has 1 to 32 digits | copy the digits from WhatsApp Manager and put them in quotes; 1e15 or 1_000 is not an id",
            ],
        );
        check(
            "waba: \"10\"",
            "waba: \"١٢\"",
            &[
                "5:9 error[id-form] source.waba: `١٢` is not an id: an id has 1 to 32 digits | copy the digits from WhatsApp Manager, in quotes, like \"102290129340398\"",
            ],
        );
    }

    #[test]
    fn phones() {
        check(
            "\"+33 1 42 68 53 00\"",
            "+33142685300",
            &[
                "18:12 warning[phone-unquoted] numbers[1].phone: a phone without quotes is a number to other YAML tools, which drop the `+` | put it in quotes: \"+33142685300\"",
            ],
        );
        check("\"+33 1 42 68 53 00\"", "+33 1 42 68 53 00", &[]);
        check(
            "\"+33 1 42 68 53 00\"",
            "\"+1 555 012 3456\"",
            &[
                "18:12 warning[phone-implausible] numbers[1].phone: +1 555-012-3456 is no number that its country gives out | check the digits; Meta's test numbers (+1 555 …) are like that and may stay",
            ],
        );
        check(
            "\"+33 1 42 68 53 00\"",
            "\"0142685300\"",
            &[
                "18:12 error[phone-form] numbers[1].phone: `0142685300` is not a phone number: a phone number begins with + and the country code, like \"+49 30 901820\" | write it as \"+COUNTRY NUMBER\" in quotes, like \"+49 30 901820\"",
            ],
        );
        check(
            "\"+33 1 42 68 53 00\"",
            "33142685300",
            &[
                "18:12 error[phone-form] numbers[1].phone: `33142685300` is not a phone number: a phone number begins with + and the country code, like \"+49 30 901820\" | write it as \"+COUNTRY NUMBER\" in quotes, like \"+49 30 901820\"",
            ],
        );
    }

    #[test]
    fn languages() {
        check(
            "language: de",
            "language: no",
            &[
                "13:36 error[language-form] defaults.number.otp.language: `no` is not one of Meta's language codes, and means false to YAML 1.1 | Norwegian is `nb`",
            ],
        );
        check(
            "language: de",
            "language: \"no\"",
            &[
                "13:36 error[language-form] defaults.number.otp.language: `no` is not one of Meta's language codes, and means false to YAML 1.1 | Norwegian is `nb`",
            ],
        );
        check(
            "language: de",
            "language: pt_br",
            &[
                "13:36 error[language-form] defaults.number.otp.language: `pt_br` is not a language code | write the language in small letters and, after `_`, the country in capitals: de, en_US",
            ],
        );
        check(
            "language: de",
            "language: en-US",
            &[
                "13:36 error[language-form] defaults.number.otp.language: `en-US` is not a language code | write the language in small letters and, after `_`, the country in capitals: de, en_US",
            ],
        );
    }

    #[test]
    fn addresses() {
        check(
            "https://a.example/x",
            "http://a.example/x",
            &[
                "10:47 error[url-form] target.subscription.callback.url: `http://a.example/x` is not an https address | write it in full: https://hooks.example.com/whatsapp",
            ],
        );
        check(
            "https://a.example/x",
            "hooks",
            &[
                "10:47 error[url-form] target.subscription.callback.url: `hooks` is not an https address | write it in full: https://hooks.example.com/whatsapp",
            ],
        );
    }
}
