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
