//! Bytes of a template file become a [`Definition`] and findings.
//!
//! Invariant: there is a definition if and only if no finding of the file blocks.

use std::path::Path;

use super::{build, document::Template, media::Shelf, rules};
use crate::{
    finding::{Finding, Span},
    ids::TemplateKey,
    plan::{
        Definition,
        decode::{At, Decode, Spot},
        load::{readable, report_mark, report_tokens},
        sink::Sink,
        text::Text,
    },
    yaml::{self, Node, Problem},
};

/// What people call the file as a whole.
const NOUN: &str = "the template";

/// A template file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// What people know it by.
    pub name: &'a str,
    /// Where it is; paths of media start in its folder.
    pub path: &'a Path,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// What became of a template file.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// The template, unless a finding blocks it.
    pub definition: Option<Definition>,
    /// Its name, even where the rest is wrong.
    pub name: Option<String>,
    /// Name and language, even where the rest is wrong, and where the name stands.
    pub key: Option<(TemplateKey, Span)>,
    /// All that was found, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Reads a template file and finds all its problems at once.
pub(super) fn load(source: Source<'_>, shelf: &mut Shelf<'_>) -> Loaded {
    match yaml::parse(source.bytes) {
        Ok(tree) => read(source, &tree, shelf),
        Err(problem) => Loaded {
            findings: refuse(source, &problem),
            ..Loaded::default()
        },
    }
}

fn read(source: Source<'_>, tree: &Node, shelf: &mut Shelf<'_>) -> Loaded {
    let text = Text::of_prose(source.name, readable(source.bytes), tree);
    let mut sink = Sink::about(NOUN, &text);
    report_mark(source.bytes, &mut sink);
    let spot = Spot {
        route: "".into(),
        place: tree.place.clone(),
    };
    let template = Template::decode(At { node: tree, spot }, &mut sink).unwrap_or_default();
    report_tokens(readable(source.bytes), &mut sink);
    rules::check(&template, &mut sink);
    let folder = source.path.parent().unwrap_or(Path::new(""));
    let media = shelf.media(&template, folder, &mut sink);
    let name = template.name.as_ref();
    let span = name.map(|name| text.span(&name.spot.place));
    let definition = match &span {
        Some(span) if !sink.is_blocked() => {
            let definition = build::definition(&template, source.name, media, span.clone());
            Some(definition.expect("a required part that is absent was reported as an error"))
        }
        _ => None,
    };
    Loaded {
        definition,
        name: name.map(|name| name.value.0.clone()),
        key: build::key(&template).zip(span),
        findings: sink.into_findings(),
    }
}

fn refuse(source: Source<'_>, problem: &Problem) -> Vec<Finding> {
    let text = Text::new(source.name, readable(source.bytes), None);
    let mut sink = Sink::about(NOUN, &text);
    let Problem {
        rule,
        message,
        hint,
        place,
    } = problem;
    // Only an empty file has wrong syntax at no place; the hint for a plan does not help there.
    let hint = match place {
        None if *rule == "yaml-syntax" => {
            "begin with `name:`; what belongs into it is shown by `schema template`"
        }
        _ => hint,
    };
    let spot = Spot {
        route: "".into(),
        place: place.clone().unwrap_or_default(),
    };
    sink.fail(rule, &spot, message, hint);
    sink.into_findings()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::template_file::testing::{
        ALL, CARDS, CODE, NAMED, OFFER, PNG, RICH, check, edited, files, places, read_with,
    };

    fn definition(text: &str) -> Definition {
        let loaded = read_with(text, &files());
        assert_eq!(places(&loaded), Vec::<String>::new());
        loaded.definition.expect("nothing was found")
    }

    #[test]
    fn good_templates_are_read() {
        for text in ALL {
            definition(text);
        }
    }

    #[test]
    fn what_is_sent_is_what_was_written_in_the_words_of_the_api() {
        let definition = definition(OFFER);
        assert_eq!(definition.key, TemplateKey::new("offer_2026", "en_US"));
        assert_eq!(definition.category, "MARKETING");
        assert_eq!(definition.file, "templates/t.yaml");
        assert_eq!((definition.span.line, definition.span.column), (1, 7));
        assert_eq!(
            json!(definition.components),
            json!([
                { "type": "HEADER", "format": "IMAGE", "example": { "header_handle": ["media/offer.png"] } },
                { "type": "LIMITED_TIME_OFFER", "limited_time_offer": { "text": "Expiring offer!", "has_expiration": true } },
                { "type": "BODY", "text": "Good news, {{1}}! Use code {{2}}.", "example": { "body_text": [["Pablo", "CARIBE25"]] } },
                { "type": "BUTTONS", "buttons": [
                    { "type": "COPY_CODE", "example": "CARIBE25" },
                    { "type": "URL", "text": "Book now!", "url": "https://ex.com/o?code={{1}}", "example": ["https://ex.com/o?code=n3"] },
                ] },
            ])
        );
    }

    #[test]
    fn other_fields_are_kept_in_the_words_of_the_api() {
        let fields = definition(NAMED).fields;
        assert_eq!(
            json!(fields),
            json!({ "parameter_format": "NAMED", "message_send_ttl_seconds": 600 })
        );
        let more = "category: utility\nallow_category_change: true\nsub_category: order_status\n\
                    cta_url_link_tracking_opted_out: false";
        let fields = definition(&edited(NAMED, "category: UTILITY", more)).fields;
        assert_eq!(
            json!(fields),
            json!({
                "parameter_format": "NAMED", "message_send_ttl_seconds": 600, "allow_category_change": true,
                "sub_category": "ORDER_STATUS", "cta_url_link_tracking_opted_out": false,
            })
        );
    }

    #[test]
    fn media_know_where_they_belong() {
        let definition = definition(CARDS);
        let components = json!(definition.components);
        let at: Vec<_> = definition
            .media
            .iter()
            .map(|media| (components.pointer(&media.pointer), &*media.file_name))
            .collect();
        assert_eq!(
            at,
            [
                (Some(&json!("media/offer.png")), "offer.png"),
                (Some(&json!("media/second.png")), "second.png"),
            ]
        );
        let first = &definition.media[0];
        assert_eq!(first.path, Path::new("/plans/templates/media/offer.png"));
        assert_eq!((first.mime, first.length), ("image/png", PNG.len() as u64));
    }

    #[test]
    fn what_is_unknown_or_doubled_is_found() {
        check(
            RICH,
            "category:",
            "catgory:",
            &["1:1 error[key-missing]", "3:1 error[key-unknown]"],
        );
        check(
            RICH,
            "language: en_US",
            "language: en_US\nlanguage: de",
            &["3:1 error[key-duplicate]"],
        );
        check(
            CODE,
            "add_security_recommendation: true",
            "add_security_recommendation: \"yes\"",
            &["6:48 error[type-wrong]"],
        );
    }

    #[test]
    fn a_token_is_refused_and_not_shown() {
        let token = "EAAGm0PX4ZCpsBAKZCZBZB0Hx7";
        let loaded = read_with(&edited(RICH, "Unsubscribe", token), &files());
        assert!(places(&loaded).contains(&"12:36 error[secret-literal]".to_owned()));
        assert!(!format!("{:?}", loaded.findings).contains(token));
    }

    #[test]
    fn a_text_with_a_colon_is_shown() {
        let text = edited(
            RICH,
            "Shop through {{1}} with code {{2}}",
            "Code: {{1}} and pin: {{ 2 }}",
        );
        let loaded = read_with(&text, &files());
        let span = loaded.findings[0].span.as_ref().expect("a place");
        assert!(
            span.snippet.contains("Code: {{1}} and pin: {{ 2 }}"),
            "{}",
            span.snippet
        );
    }

    #[test]
    fn an_empty_file_is_told_what_to_begin_with() {
        let loaded = read_with("", &files());
        assert_eq!(places(&loaded), ["1:1 error[yaml-syntax]"]);
        assert!(
            loaded.findings[0]
                .hint
                .as_deref()
                .is_some_and(|hint| hint.contains("`name:`"))
        );
        let list = read_with("- a\n", &files());
        assert_eq!(places(&list), ["1:1 error[type-wrong]"]);
    }
}
