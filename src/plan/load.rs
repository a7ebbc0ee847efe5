//! Bytes of a plan file become a [`Plan`] and findings: the only way to get a `Plan`.
//!
//! Opens no file and no secret: bytes come in, references go out, and what a plan names beside
//! itself comes by the [`Files`] that are handed in.
//!
//! Invariant: there is a plan if and only if no finding blocks.

use std::{collections::BTreeMap, path::Path};

use sha2::{Digest, Sha256};

use crate::{
    finding::Finding,
    plan::{
        Plan, build,
        decode::{At, Decode, Spot},
        document::Document,
        files::{Files, MemoryFiles},
        mask, rules,
        sink::Sink,
        template_file::collect::{Collected, collect},
        text::Text,
    },
    yaml::{self, Node, Problem},
};

/// A plan file.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What people know it by: as it was named on the command line.
    pub name: &'a str,
    /// Where it is; relative paths of the plan start in its folder.
    pub path: &'a Path,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// What became of a plan file.
#[derive(Debug)]
pub struct Loaded {
    /// The plan, unless a finding blocks it.
    pub plan: Option<Plan>,
    /// All that was found, in the order of the file; then that of the template files, by file.
    pub findings: Vec<Finding>,
}

/// Reads a plan that stands alone, and finds all its problems at once: what it names beside itself
/// is reported as missing.
pub fn load(source: Source<'_>) -> Loaded {
    load_with(source, &MemoryFiles::default())
}

/// Reads a plan and the files it names, and finds all problems at once.
pub fn load_with(source: Source<'_>, files: &dyn Files) -> Loaded {
    match yaml::parse(source.bytes) {
        Ok(tree) => read(source, &tree, files),
        Err(problem) => Loaded {
            plan: None,
            findings: refuse(source, &problem),
        },
    }
}

fn read(source: Source<'_>, tree: &Node, files: &dyn Files) -> Loaded {
    let text = Text::new(source.name, readable(source.bytes), Some(tree));
    let mut sink = Sink::new(&text);
    report_mark(source.bytes, &mut sink);
    let spot = Spot {
        route: "".into(),
        place: tree.place.clone(),
    };
    let document = Document::decode(At { node: tree, spot }, &mut sink);
    report_tokens(readable(source.bytes), &mut sink);
    let collected = collected(document.as_ref(), source.path, files, &mut sink);
    if let Some(document) = &document {
        rules::check(document, &collected.names, &mut sink);
    }
    let blocks = sink.is_blocked() || collected.findings.iter().any(Finding::blocks);
    let plan = match document {
        Some(document) if !blocks => {
            let digest = digest(source.bytes, &collected.digests);
            let plan = build::plan(document, source.path, digest, collected.definitions);
            Some(plan.expect("a required part that is absent was reported as an error"))
        }
        _ => None,
    };
    let mut findings = sink.into_findings();
    findings.extend(collected.findings);
    Loaded { plan, findings }
}

fn collected(
    document: Option<&Document>,
    path: &Path,
    files: &dyn Files,
    sink: &mut Sink<'_>,
) -> Collected {
    let templates = document.and_then(|document| document.templates.as_ref());
    let patterns = templates.and_then(|templates| templates.files.as_deref());
    let folder = path.parent().unwrap_or(Path::new(""));
    collect(patterns.unwrap_or_default(), folder, files, sink)
}

fn refuse(source: Source<'_>, problem: &Problem) -> Vec<Finding> {
    let text = Text::new(source.name, readable(source.bytes), None);
    let mut sink = Sink::new(&text);
    let Problem {
        rule,
        message,
        hint,
        place,
    } = problem;
    let spot = Spot {
        route: "".into(),
        place: place.clone().unwrap_or_default(),
    };
    sink.fail(rule, &spot, message, *hint);
    sink.into_findings()
}

/// Returns what can be shown: the text up to the first byte that is none; of a file that is too
/// large, nothing.
pub(super) fn readable(bytes: &[u8]) -> &str {
    let bytes = if bytes.len() > yaml::MAX_BYTES {
        &[]
    } else {
        bytes
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// A token is leaked wherever it stands: in a description, in an argument, in a comment.
pub(super) fn report_tokens(text: &str, sink: &mut Sink<'_>) {
    for place in mask::tokens(text) {
        if sink.is_done() {
            return;
        }
        if !sink.has_literal(&place) {
            let spot = Spot {
                route: "".into(),
                place,
            };
            sink.fail(
                "secret-literal",
                &spot,
                "this looks like an access token",
                "take it out, consider it leaked if the file was shared, and replace it",
            );
        }
    }
}

pub(super) fn report_mark(bytes: &[u8], sink: &mut Sink<'_>) {
    if bytes.starts_with("\u{feff}".as_bytes()) {
        sink.warn(
            "byte-order-mark",
            &Spot::default(),
            "the file begins with a byte order mark",
            "save it as UTF-8 without it: some tools take it for a part of the first key",
        );
    }
}

/// SHA-256 of the plan file; where it names others, of its digest followed by name and digest of
/// each of them, in order. A change of any of them makes another plan.
fn digest(bytes: &[u8], others: &BTreeMap<String, [u8; 32]>) -> String {
    let own = Sha256::digest(bytes);
    if others.is_empty() {
        return hex::encode(own);
    }
    let mut all = Sha256::new();
    all.update(own);
    for (name, digest) in others {
        all.update((name.len() as u64).to_be_bytes());
        all.update(name);
        all.update(digest);
    }
    hex::encode(all.finalize())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{
        plan::{
            OtpChannel, SubscribeApp,
            testing::{VALID, edited, read},
        },
        secret::SecretRef,
    };

    fn plan(text: &str) -> Plan {
        let loaded = read(text);
        assert_eq!(loaded.findings, Vec::new());
        loaded.plan.expect("nothing was found")
    }

    #[test]
    fn a_valid_plan_is_read_in_full() {
        let plan = plan(VALID);
        assert_eq!(plan.name, "acme");
        assert_eq!(plan.path, PathBuf::from("/plans/plan.yaml"));
        assert_eq!(plan.digest, hex::encode(Sha256::digest(VALID)));
        assert_eq!(
            (plan.source.waba.as_str(), plan.target.waba.as_str()),
            ("10", "20")
        );
        assert_eq!(plan.target.subscription.app, SubscribeApp::Keep);
        let callback = plan.target.subscription.callback.expect("a callback");
        assert_eq!(callback.url, "https://a.example/x");
        let needs = plan.numbers.iter().map(|number| number.needs.clone());
        assert_eq!(
            needs.collect::<Vec<_>>(),
            [vec![], vec![plan.numbers[0].phone.clone()]]
        );
        let profile = plan.numbers[0].profile.clone().expect("a profile");
        assert_eq!(profile.vertical.as_deref(), Some("RETAIL"));
        assert_eq!(profile.address, None);
        assert!(plan.windows.is_empty());
        assert_eq!(plan.templates.copy.len(), 2);
        assert_eq!(plan.templates.required.map(|globs| globs.len()), Some(1));
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let plan = plan(
            "version: 1\nname: a\nsource: { waba: \"1\" }\n\
             target: { waba: \"2\", token: { env: T } }\n\
             numbers: [{ phone: \"+49 30 901820\", pin: { env: P } }]\n",
        );
        assert_eq!(plan.graph.api_version, "v25.0");
        assert_eq!(*plan.source_token(), SecretRef::Env("T".into()));
        let otp = &plan.numbers[0].otp;
        assert_eq!(
            (otp.channel, otp.language.as_str()),
            (OtpChannel::Sms, "en_US")
        );
        assert_eq!(plan.numbers[0].profile, None);
        assert!(plan.templates.copy.is_empty());
        assert!(plan.templates.required.is_none());
    }

    #[test]
    fn what_becomes_of_other_templates_is_off_unless_it_is_switched_on() {
        let templates = |more: &str| {
            let plan = plan(&edited("  required: [welcome]\n", more));
            (plan.templates.recreate, plan.templates.prune)
        };
        assert_eq!(templates(""), (false, false));
        assert_eq!(templates("  recreate: true\n"), (true, false));
        assert_eq!(templates("  prune: true\n"), (false, true));
    }

    #[test]
    fn a_file_is_missing_where_no_other_file_can_be_reached() {
        let loaded = read(&edited("  required: [welcome]\n", "  files: [a.yaml]\n"));
        assert!(loaded.plan.is_none());
        assert_eq!(loaded.findings[0].rule, "template-file-unreadable");
    }

    #[test]
    fn a_number_overrides_defaults_field_by_field() {
        let text = edited("    needs:", "    otp: { channel: voice }\n    needs:");
        let plan = plan(&text);
        let otp = |n: usize| {
            (
                plan.numbers[n].otp.channel,
                plan.numbers[n].otp.language.as_str(),
            )
        };
        assert_eq!(otp(0), (OtpChannel::Sms, "de"));
        assert_eq!(otp(1), (OtpChannel::Voice, "de"));
    }

    #[test]
    fn paths_start_in_the_folder_of_the_plan() {
        let pin = |written: &str| {
            let plan = plan(&edited("{ env: PIN_A }", written));
            plan.numbers[0].pin.clone()
        };
        assert_eq!(
            pin("{ file: pins/a }"),
            SecretRef::File("/plans/pins/a".into())
        );
        assert_eq!(pin("{ file: /pins/a }"), SecretRef::File("/pins/a".into()));
        assert_eq!(
            pin("{ command: [./pin.sh, 0123] }"),
            SecretRef::Command {
                argv: vec!["./pin.sh".into(), "0123".into()],
                folder: "/plans".into()
            }
        );
    }
}
