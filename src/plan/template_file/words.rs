//! The single texts and numbers of a template file, with their form, advice and JSON Schema.

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::{
    plan::{
        decode::{At, Decode, Sp, Word, Wrong},
        sink::Sink,
        words::Language,
    },
    yaml::{Scalar, Value},
};

/// A template's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TemplateName(pub String);

/// A language code of Meta, like `de` or `en_US`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Locale(pub String);

/// A text that recipients or reviewers read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Wording(pub String);

/// A flow as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FlowJson(pub String);

/// A local file, relative to the template file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MediaPath(pub String);

/// A whole number; which ones are right is a rule's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Number(pub i64);

/// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/supported-languages>
const LANGUAGES: &str = "af sq ar ar_EG ar_AE ar_LB ar_MA ar_QA ar_SA az bn bg ca zh_CN zh_HK zh_TW \
    hr cs da nl en en_GB en_US en_AU en_CA en_IN et fil fi fr fr_CA fr_BE ka de el gu ha he hi hu id \
    ga it ja kn kk rw_RW ko ky_KG lo lv lt mk ms ml mr nb fa pl pt_BR pt_PT pa ro ru sr sk sl es \
    es_AR es_ES es_MX es_CL es_CO es_PE es_VE sw sv ta te th tr uk ur uz vi zu";

/// The most bytes of any text: more than the longest that Meta takes. Beyond it nothing is counted.
const LONGEST_TEXT: usize = 16 * 1024;
/// The most bytes of a flow.
const LONGEST_FLOW: usize = 256 * 1024;

fn within(scalar: &Scalar, most: usize) -> Result<String, Wrong> {
    if scalar.text.len() <= most {
        return Ok(scalar.text.to_string());
    }
    Err(Wrong::new(
        "template-text-length",
        format!("the text has {} bytes", scalar.text.len()),
        format!("shorten it: no such text has more than {most}"),
    ))
}

impl Word for TemplateName {
    const WANTED: &'static str = "a template name";

    /// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>
    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if (1..=512).contains(&text.len()) && text.bytes().all(fits) {
            return Ok(Self(text.to_owned()));
        }
        Err(Wrong::new(
            "template-name-form",
            format!("`{text}` is not a template name"),
            "use 1 to 512 lower-case letters, digits and `_`, like order_shipped",
        ))
    }

    fn shape() -> Json {
        json!({ "type": "string", "pattern": "^[a-z0-9_]{1,512}$" })
    }
}

impl Word for Locale {
    const WANTED: &'static str = "a language code like de or en_US";

    fn misread(scalar: &Scalar) -> Option<Wrong> {
        Language::misread(scalar)
    }

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let Language(code) = Language::read(scalar).map_err(|wrong| Wrong {
            rule: "template-language-form",
            hint: spelled(&scalar.text).map_or(wrong.hint, |code| format!("write {code}")),
            message: wrong.message,
        })?;
        Ok(Self(code))
    }

    fn advise(scalar: &Scalar) -> Option<Wrong> {
        let is_known = LANGUAGES.split(' ').any(|code| code == &*scalar.text);
        (!is_known).then(|| {
            Wrong::new(
                "template-language-unknown",
                format!(
                    "`{}` is not among the languages that Meta lists",
                    scalar.text
                ),
                "check it; Meta knows more regions than it lists, and refuses what it does not know",
            )
        })
    }

    fn shape() -> Json {
        Language::shape()
    }
}

/// Returns the code that was meant, of one spelled like `en-us`.
fn spelled(text: &str) -> Option<String> {
    let (language, region) = text.split_once(['-', '_'])?;
    let meant = format!("{}_{}", language.to_lowercase(), region.to_uppercase());
    let scalar = Scalar {
        text: meant.as_str().into(),
        quoted: true,
    };
    Language::read(&scalar).is_ok().then_some(meant)
}

impl Word for Wording {
    const WANTED: &'static str = "text";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = within(scalar, LONGEST_TEXT)?;
        match text
            .chars()
            .find(|c| c.is_control() && !matches!(c, '\n' | '\t'))
        {
            None => Ok(Self(text)),
            Some(control) => Err(Wrong::new(
                "template-control",
                format!(
                    "the text holds the control character U+{:04X}",
                    u32::from(control)
                ),
                "take it out: nobody can read it",
            )),
        }
    }

    fn advise(scalar: &Scalar) -> Option<Wrong> {
        let begins = scalar
            .text
            .starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        let is_number = !scalar.quoted && begins && scalar.text.parse::<f64>().is_ok();
        is_number.then(|| {
            Wrong::new(
                "template-text-unquoted",
                "a text without quotes that looks like a number is one to other YAML tools, which may change it",
                format!("put it in quotes: \"{}\"", scalar.text),
            )
        })
    }

    fn shape() -> Json {
        json!({ "type": "string" })
    }
}

impl Word for FlowJson {
    const WANTED: &'static str = "a flow's JSON as one text";

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = within(scalar, LONGEST_FLOW)?;
        match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(Wrong::new(
                "template-flow-json",
                format!("this is not JSON: {error}"),
                "paste the flow's JSON as one text, after `|`",
            )),
        }
    }

    fn shape() -> Json {
        json!({ "type": "string" })
    }
}

impl Word for MediaPath {
    const WANTED: &'static str = "the path of a file";

    /// Handles and links are not taken: handles belong to one app, links expire.
    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let text = &*scalar.text;
        let wrong =
            |message: &str, hint: &str| Err(Wrong::new("template-media-path", message, hint));
        if text.trim().is_empty() || text.contains('\0') {
            return wrong(
                "the path is empty",
                "write the path of a file, relative to this one: media/offer.png",
            );
        }
        if text.contains("://") {
            return wrong(
                "a link stands where the path of a file is wanted",
                "download it and write the path of the file: links of templates expire",
            );
        }
        if text.starts_with("4::") {
            return wrong(
                "an upload handle stands where the path of a file is wanted",
                "write the path of the file: handles belong to one app, this program uploads the file for you",
            );
        }
        Ok(Self(text.to_owned()))
    }

    fn shape() -> Json {
        json!({ "type": "string", "minLength": 1, "not": { "pattern": "://|^4::" } })
    }
}

impl Word for Number {
    const WANTED: &'static str = "a whole number";

    fn misread(_: &Scalar) -> Option<Wrong> {
        None
    }

    fn read(scalar: &Scalar) -> Result<Self, Wrong> {
        let digits = scalar.text.strip_prefix('-').unwrap_or(&scalar.text);
        let is_plain = !scalar.quoted
            && digits.bytes().all(|b| b.is_ascii_digit())
            && (digits.len() == 1 || !digits.starts_with('0'));
        match scalar.text.parse() {
            Ok(number) if is_plain => Ok(Self(number)),
            _ => Err(Wrong::new(
                "template-number-form",
                format!("`{}` is not a whole number", scalar.text),
                "write digits without quotes",
            )),
        }
    }

    fn shape() -> Json {
        json!({ "type": "integer" })
    }
}

/// One text, or a list of texts: Meta takes the sample of a coupon both ways.
#[derive(Clone, Debug)]
pub struct Samples {
    /// The texts.
    pub items: Vec<Sp<Wording>>,
    /// Whether they stand in a list.
    pub is_list: bool,
    /// Where they stand.
    pub spot: crate::plan::decode::Spot,
}

impl Decode for Samples {
    fn decode(at: At<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let spot = at.spot.clone();
        let is_list = matches!(at.node.value, Value::Sequence(_));
        let items = if is_list {
            Vec::decode(at, sink)?
        } else {
            vec![Sp::decode(at, sink)?]
        };
        Some(Self {
            items,
            is_list,
            spot,
        })
    }
}

impl Serialize for Samples {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &*self.items {
            [one] if !self.is_list => one.serialize(serializer),
            items => items.serialize(serializer),
        }
    }
}

impl schemars::JsonSchema for Samples {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Samples".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{RICH, check};

    #[test]
    fn names_have_their_form() {
        let long = "a".repeat(512);
        check(
            RICH,
            "name: seasonal_promotion",
            &format!("name: {long}"),
            &[],
        );
        check(
            RICH,
            "name: seasonal_promotion",
            &format!("name: {long}a"),
            &["1:7 error[template-name-form]"],
        );
        check(
            RICH,
            "name: seasonal_promotion",
            "name: Seasonal",
            &["1:7 error[template-name-form]"],
        );
        check(
            RICH,
            "name: seasonal_promotion\n",
            "",
            &["1:1 error[key-missing]"],
        );
    }

    #[test]
    fn languages_have_their_form() {
        let language = "language: en_US";
        for good in ["de", "fil", "pt_BR"] {
            check(RICH, language, &format!("language: {good}"), &[]);
        }
        for bad in ["en-US", "en_us", "no", "\"no\"", "english", "NB"] {
            check(
                RICH,
                language,
                &format!("language: {bad}"),
                &["2:11 error[template-language-form]"],
            );
        }
        for unknown in ["xx", "de_LU"] {
            check(
                RICH,
                language,
                &format!("language: {unknown}"),
                &["2:11 warning[template-language-unknown]"],
            );
        }
    }
}
