//! All template files that a plan names: found, read, and compared with each other.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    load::{Loaded, Source, load},
    media::Shelf,
};
use crate::{
    finding::{Finding, Severity, Span},
    ids::TemplateKey,
    plan::{
        Definition,
        decode::Sp,
        files::{Files, is_pattern, plain, search},
        sink::{MOST_FINDINGS, Sink},
        words::PathPattern,
    },
    yaml::MAX_BYTES,
};

/// What the template files of a plan come to.
#[derive(Debug, Default)]
pub(in crate::plan) struct Collected {
    /// The templates, in the order of their files.
    pub definitions: Vec<Definition>,
    /// The names of all templates, also of those that are not right.
    pub names: Vec<String>,
    /// What was found in the files, in the order of their names and their lines.
    pub findings: Vec<Finding>,
    /// The digests of the files and of the media they show, by path below the plan's folder.
    pub digests: BTreeMap<String, [u8; 32]>,
}

/// Finds and reads the template files that patterns name. What is wrong with the patterns goes to
/// the plan's own findings.
pub(in crate::plan) fn collect(
    patterns: &[Sp<PathPattern>],
    folder: &Path,
    files: &dyn Files,
    sink: &mut Sink<'_>,
) -> Collected {
    let mut shelf = Shelf::new(files);
    let mut collected = Collected::default();
    let mut first: HashMap<TemplateKey, Span> = HashMap::new();
    for (path, written) in paths(patterns, folder, files, sink) {
        if sink.is_done() {
            break;
        }
        let bytes = match files.read(&path, MAX_BYTES as u64 + 1) {
            Ok(bytes) => bytes,
            Err(problem) => {
                let message = format!("{}: {problem}", path.display());
                let hint = "paths start in the folder of the plan file: mend the path, or put the file there";
                sink.fail("template-file-unreadable", &written.spot, message, hint);
                continue;
            }
        };
        let name = path.display().to_string();
        let source = Source {
            name: &name,
            path: &path,
            bytes: &bytes,
        };
        let mut loaded = load(source, &mut shelf);
        report_duplicate(&mut loaded, &mut first);
        collected.add(folder, &path, &bytes, loaded);
    }
    collected.limit();
    collected
}

/// Returns the files in order, each once, with the first pattern that names it.
fn paths<'p>(
    patterns: &'p [Sp<PathPattern>],
    folder: &Path,
    files: &dyn Files,
    sink: &mut Sink<'_>,
) -> BTreeMap<PathBuf, &'p Sp<PathPattern>> {
    let mut paths = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for pattern in patterns {
        let text = &*pattern.value.0;
        if !seen.insert(text) {
            continue;
        }
        if !is_pattern(text) {
            let path = plain(&folder.join(text));
            paths.entry(path).or_insert(pattern);
            continue;
        }
        match search(files, folder, text) {
            Ok(found) if found.is_empty() => sink.fail(
                "template-files-none",
                &pattern.spot,
                format!("`{text}` matches no file"),
                "patterns start in the folder of the plan file; `*` matches no name that begins with a dot",
            ),
            Ok(found) => {
                for path in found {
                    paths.entry(plain(&path)).or_insert(pattern);
                }
            }
            Err(problem) => sink.fail(
                "template-files-search",
                &pattern.spot,
                format!("`{text}`: {problem}"),
                "write a narrower pattern, or name the files",
            ),
        }
    }
    paths
}

/// One template stands in one file: two could say different things.
fn report_duplicate(loaded: &mut Loaded, first: &mut HashMap<TemplateKey, Span>) {
    let Some((key, span)) = &loaded.key else {
        return;
    };
    let Some(before) = first.get(key) else {
        first.insert(key.clone(), span.clone());
        return;
    };
    let message = format!(
        "template {key} is defined a second time; first in {}, line {}",
        before.file, before.line
    );
    let finding = Finding::fail("template-duplicate", "name", message)
        .hint("keep one of the two files, or give this one another name or language")
        .at(span.clone());
    loaded.findings.push(finding);
    loaded.findings.sort_by_key(|finding| {
        let span = finding.span.as_ref();
        span.map(|span| (span.line, span.column))
    });
    loaded.definition = None;
}

impl Collected {
    fn add(&mut self, folder: &Path, path: &Path, bytes: &[u8], loaded: Loaded) {
        let below = |path: &Path| {
            let below = path.strip_prefix(folder).unwrap_or(path);
            below.to_string_lossy().replace('\\', "/")
        };
        let digest = Sha256::digest(bytes).into();
        self.digests.insert(below(path), digest);
        let media = loaded.definition.iter().flat_map(|one| &one.media);
        let media = media.map(|media| (below(&media.path), media.sha256));
        self.digests.extend(media);
        self.definitions.extend(loaded.definition);
        self.names.extend(loaded.name);
        self.findings.extend(loaded.findings);
    }

    /// Cuts off what nobody reads: thousands of files may share one mistake.
    fn limit(&mut self) {
        if self.findings.len() <= MOST_FINDINGS {
            return;
        }
        let rest = self.findings.split_off(MOST_FINDINGS);
        let message = format!(
            "{} or more findings in template files are not shown",
            rest.len()
        );
        let mut last =
            Finding::warn("too-many-findings", "templates.files", message).hint("mend these first");
        let is_hidden = !self.findings.iter().any(Finding::blocks);
        if is_hidden && rest.iter().any(Finding::blocks) {
            last.severity = Severity::Error;
        }
        last.span = rest.first().and_then(|finding| finding.span.clone());
        self.findings.push(last);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{
        finding::Finding,
        plan::{
            files::MemoryFiles,
            load::{Loaded, Source, load_with},
            template_file::testing::{NAMED, OFFER, PNG, RICH},
        },
    };

    fn files() -> MemoryFiles {
        MemoryFiles::default()
            .with("plans/templates/rich.yaml", RICH)
            .with("plans/templates/named.yaml", NAMED)
            .with("plans/templates/.draft.yaml", "not: a template")
            .with("plans/offers/offer.yaml", OFFER)
            .with("plans/offers/media/offer.png", PNG)
    }

    /// Reads a plan whose templates are these.
    fn read(templates: &str, files: &MemoryFiles) -> Loaded {
        let text = format!(
            "version: 1\nname: acme\nsource: {{ waba: \"10\" }}\n\
             target: {{ waba: \"20\", token: {{ env: T }} }}\ntemplates: {templates}\n"
        );
        let source = Source {
            name: "plans/plan.yaml",
            path: Path::new("plans/plan.yaml"),
            bytes: text.as_bytes(),
        };
        load_with(source, files)
    }

    fn place(finding: &Finding) -> String {
        let span = finding.span.as_ref().expect("every finding has a place");
        let severity = format!("{:?}", finding.severity).to_lowercase();
        format!(
            "{}:{} {severity}[{}] {}",
            span.file, span.line, finding.rule, finding.message
        )
    }

    #[track_caller]
    fn check(templates: &str, files: &MemoryFiles, expected: &[&str]) {
        let loaded = read(templates, files);
        let places: Vec<String> = loaded.findings.iter().map(place).collect();
        assert_eq!(places, expected, "{templates}");
        let blocked = loaded.findings.iter().any(Finding::blocks);
        assert_eq!(loaded.plan.is_none(), blocked);
    }

    #[test]
    fn definitions_come_in_the_order_of_their_files() {
        let loaded = read(
            "{ files: [templates/*.yaml, ./offers/offer.yaml, \"**/rich.yaml\"] }",
            &files(),
        );
        assert_eq!(loaded.findings, Vec::new());
        let definitions = loaded.plan.expect("a plan").templates.definitions;
        let names: Vec<_> = definitions
            .iter()
            .map(|one| (&*one.file, &*one.key.name))
            .collect();
        assert_eq!(
            names,
            [
                ("plans/offers/offer.yaml", "offer_2026"),
                ("plans/templates/named.yaml", "welcome_named"),
                ("plans/templates/rich.yaml", "seasonal_promotion"),
            ]
        );
        assert_eq!(
            definitions[0].media[0].path,
            Path::new("plans/offers/media/offer.png")
        );
    }

    #[test]
    fn what_is_not_there_is_told() {
        check(
            "{ files: [missing.yaml, \"none/*\", offers] }",
            &files(),
            &[
                "plans/plan.yaml:5 error[template-file-unreadable] plans/missing.yaml: there is no such file",
                "plans/plan.yaml:5 error[template-files-none] `none/*` matches no file",
                "plans/plan.yaml:5 error[template-file-unreadable] plans/offers: it is a folder, not a file",
            ],
        );
    }

    #[test]
    fn a_template_stands_in_one_file() {
        let files = files().with("plans/templates/twin.yaml", RICH.replace("on!", "on *!"));
        check(
            "{ files: [\"templates/*\"] }",
            &files,
            &[
                "plans/templates/twin.yaml:1 error[template-duplicate] template seasonal_promotion/en_US is defined a second time; first in plans/templates/rich.yaml, line 1",
                "plans/templates/twin.yaml:5 error[template-header-plain] the header has the formatting `*`",
            ],
        );
        let other = RICH.replace("en_US", "de");
        let files = self::files().with("plans/templates/twin.yaml", other);
        check("{ files: [\"templates/*\"] }", &files, &[]);
    }

    #[test]
    fn a_copied_template_may_be_defined_and_a_defined_one_required() {
        check(
            "{ files: [\"templates/*\"], copy: [\"*\"], required: [welcome_named] }",
            &files(),
            &[],
        );
        check(
            "{ files: [\"templates/*\"], required: [welcome_named, goodbye] }",
            &files(),
            &[
                "plans/plan.yaml:5 warning[required-outside-copy] `goodbye` is required, but neither `copy` nor a file names it",
            ],
        );
    }

    #[test]
    fn findings_of_all_files_come_at_once() {
        let broken = files()
            .with("plans/templates/a.yaml", "name: [")
            .with("plans/templates/b.yaml", NAMED.replace("UTILITY", "UTILTY"));
        let loaded = read("{ files: [\"templates/*\", b.yaml] }", &broken);
        let rules: Vec<&str> = loaded.findings.iter().map(|one| &*one.rule).collect();
        assert_eq!(
            rules,
            [
                "template-file-unreadable",
                "yaml-syntax",
                "choice-unknown",
                "template-duplicate"
            ]
        );
    }

    #[test]
    fn one_mistake_in_many_files_is_cut() {
        let many = (0..150).fold(MemoryFiles::default(), |files, n| {
            let text = NAMED.replace("welcome_named", &format!("welcome_{n:03}"));
            let text = text.replace("order_id}}", "Order}}");
            files.with(format!("plans/templates/{n:03}.yaml"), text)
        });
        let loaded = read("{ files: [\"templates/*\"] }", &many);
        assert_eq!(loaded.findings.len(), 101);
        let last = loaded.findings.last().expect("the one that counts");
        assert_eq!(last.rule, "too-many-findings");
        assert!(last.span.is_some());
    }

    #[test]
    fn a_change_of_any_file_makes_another_plan() {
        let digest = |templates: &str, files: &MemoryFiles| {
            read(templates, files).plan.expect("a plan").digest
        };
        let offer = "{ files: [offers/offer.yaml] }";
        let before = digest(offer, &files());
        assert_eq!(before, digest(offer, &files()));
        let text = OFFER.replace("Good news", "Great news");
        assert_ne!(
            before,
            digest(offer, &files().with("plans/offers/offer.yaml", text))
        );
        let picture = [PNG, b"other"].concat();
        let files = files().with("plans/offers/media/offer.png", picture);
        assert_ne!(before, digest(offer, &files));
        let alone = "{ copy: [a] }";
        assert_eq!(
            digest(alone, &files),
            digest(alone, &MemoryFiles::default())
        );
    }
}
