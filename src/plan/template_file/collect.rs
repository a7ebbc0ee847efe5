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
            Ok(found) if found.is_empty() => sink.warn(
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
