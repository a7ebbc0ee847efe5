//! The files that headers show: that they are there, are what the header says, and are not too
//! large. Each file is looked through once, however many templates show it.
//!
//! Types: <https://developers.facebook.com/docs/graph-api/guides/upload>. Sizes are general
//! knowledge: those of media in messages,
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media>.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::{
    document::{Component, HeaderFormat, MediaPath, Template},
    rules::has_sample_file,
};
use crate::plan::{
    Media,
    decode::Sp,
    files::{FileError, Files, Sample, plain},
    sink::Sink,
};

/// Files that were looked through, and what became of it.
pub(super) struct Shelf<'f> {
    files: &'f dyn Files,
    samples: HashMap<PathBuf, Result<Sample, FileError>>,
}

/// A type of file that a header may show.
struct Kind {
    mime: &'static str,
    extensions: &'static [&'static str],
}

const JPEG: Kind = Kind {
    mime: "image/jpeg",
    extensions: &["jpg", "jpeg"],
};
const PNG: Kind = Kind {
    mime: "image/png",
    extensions: &["png"],
};
const MP4: Kind = Kind {
    mime: "video/mp4",
    extensions: &["mp4", "m4v"],
};
const PDF: Kind = Kind {
    mime: "application/pdf",
    extensions: &["pdf"],
};

/// What a format of header may show, and the most bytes of it.
struct Allowed {
    kinds: &'static [Kind],
    most: u64,
    said: &'static str,
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

impl Allowed {
    fn of(format: HeaderFormat) -> Option<Self> {
        let (kinds, most, said): (&[Kind], _, _) = match format {
            HeaderFormat::Image => (&[JPEG, PNG], 5 * MIB, "a JPEG or PNG picture of up to 5 MB"),
            HeaderFormat::Video => (&[MP4], 16 * MIB, "an MP4 video of up to 16 MB"),
            HeaderFormat::Document => (&[PDF], 100 * MIB, "a PDF document of up to 100 MB"),
            HeaderFormat::Gif => (&[MP4], 3_584 * KIB, "an MP4 video of up to 3.5 MB"),
            HeaderFormat::Text | HeaderFormat::Location | HeaderFormat::Product => return None,
        };
        Some(Self { kinds, most, said })
    }
}

impl<'f> Shelf<'f> {
    /// Takes where files are read from.
    pub(super) fn new(files: &'f dyn Files) -> Self {
        Self {
            files,
            samples: HashMap::new(),
        }
    }

    /// Looks at all files of a template, and returns those that are right.
    pub(super) fn media(
        &mut self,
        template: &Template,
        folder: &Path,
        sink: &mut Sink<'_>,
    ) -> Vec<Media> {
        let mut media = Vec::new();
        self.take("", template.components.as_deref(), folder, &mut media, sink);
        media
    }

    fn take(
        &mut self,
        pointer: &str,
        components: Option<&[Component]>,
        folder: &Path,
        media: &mut Vec<Media>,
        sink: &mut Sink<'_>,
    ) {
        for (at, component) in components.unwrap_or_default().iter().enumerate() {
            let pointer = format!("{pointer}/{at}");
            if let Some((format, path)) = sample_of(component) {
                let pointer = format!("{pointer}/example/header_handle/0");
                media.extend(self.one(pointer, format, path, folder, sink));
            }
            for (at, card) in component.cards.iter().flatten().enumerate() {
                let pointer = format!("{pointer}/cards/{at}/components");
                self.take(&pointer, card.components.as_deref(), folder, media, sink);
            }
        }
    }

    fn one(
        &mut self,
        pointer: String,
        format: HeaderFormat,
        written: &Sp<MediaPath>,
        folder: &Path,
        sink: &mut Sink<'_>,
    ) -> Option<Media> {
        let allowed = Allowed::of(format)?;
        let path = plain(&folder.join(&written.value.0));
        let sample = match self.sample(&path, allowed.most) {
            Ok(sample) => sample,
            Err(problem) => {
                report_unreadable(problem, &path, written, &allowed, sink);
                return None;
            }
        };
        let kind = check(sample, &path, written, &allowed, sink)?;
        Some(Media {
            pointer,
            file_name: path.file_name()?.to_string_lossy().into_owned(),
            mime: kind.mime,
            length: sample.length,
            sha256: sample.sha256,
            path,
        })
    }

    fn sample(&mut self, path: &Path, most: u64) -> Result<&Sample, FileError> {
        // Another header may allow more: what was too large is looked at again.
        let again = matches!(self.samples.get(path), Some(Err(FileError::TooLarge(_))));
        if again || !self.samples.contains_key(path) {
            let sample = self.files.sample(path, most);
            self.samples.insert(path.to_owned(), sample);
        }
        match &self.samples[path] {
            Ok(sample) if sample.length > most => Err(FileError::TooLarge(sample.length)),
            Ok(sample) => Ok(sample),
            Err(error) => Err(error.clone()),
        }
    }
}

/// Returns format and file of a header that names one.
fn sample_of(component: &Component) -> Option<(HeaderFormat, &Sp<MediaPath>)> {
    if !has_sample_file(component) {
        return None;
    }
    let example = component.example.as_ref()?;
    let [path] = example.header_handle.as_deref()? else {
        return None;
    };
    Some((component.format.as_ref()?.value, path))
}

fn report_unreadable(
    problem: FileError,
    path: &Path,
    written: &Sp<MediaPath>,
    allowed: &Allowed,
    sink: &mut Sink<'_>,
) {
    let path = path.display();
    let (rule, hint) = match problem {
        FileError::Missing => (
            "template-media-missing",
            "paths start in the folder of the template file: mend the path, or put the file there"
                .to_owned(),
        ),
        FileError::Folder | FileError::NotRegular => {
            ("template-media-missing", "name one file in it".to_owned())
        }
        FileError::TooLarge(_) => ("template-media-size", format!("wanted is {}", allowed.said)),
        FileError::Unreadable(_) => (
            "template-media-unreadable",
            "let the user who runs this program read it".to_owned(),
        ),
    };
    sink.fail(rule, &written.spot, format!("{path}: {problem}"), hint);
}

fn check(
    sample: &Sample,
    path: &Path,
    written: &Sp<MediaPath>,
    allowed: &Allowed,
    sink: &mut Sink<'_>,
) -> Option<&'static Kind> {
    let shown = path.display();
    let wanted = format!("wanted is {}", allowed.said);
    if sample.length == 0 {
        let message = format!("{shown}: it is empty");
        sink.fail("template-media-empty", &written.spot, message, wanted);
        return None;
    }
    let found = infer::get(&sample.head).map(|found| found.mime_type());
    let Some(kind) = allowed.kinds.iter().find(|kind| Some(kind.mime) == found) else {
        let found = found.unwrap_or("of a type that is not known");
        let message = format!("{shown}: by its content it is {found}");
        sink.fail("template-media-type", &written.spot, message, wanted);
        return None;
    };
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let fits = kind
        .extensions
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known));
    if !fits {
        let message = format!(
            "{shown}: by its content it is {}, but its name does not say so",
            kind.mime
        );
        let hint = format!("rename it to end with .{}", kind.extensions[0]);
        sink.fail("template-media-extension", &written.spot, message, hint);
        return None;
    }
    Some(kind)
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{
        CARDS, JPEG, MP4, OFFER, PDF, PNG, edited, files, places, read_with,
    };

    /// Checks what is found when this file with these bytes stands in a header of this format.
    #[track_caller]
    fn check(format: &str, path: &str, bytes: &[u8], expected: &[&str]) {
        let text = edited(OFFER, "format: image", &format!("format: {format}"));
        let text = edited(&text, "media/offer.png", path);
        let files = files().with(format!("/plans/templates/{path}"), bytes);
        let loaded = read_with(&text, &files);
        assert_eq!(places(&loaded), expected, "{:#?}", loaded.findings);
    }

    fn of(head: &[u8], length: usize) -> Vec<u8> {
        let mut bytes = head.to_vec();
        bytes.resize(length, 0);
        bytes
    }

    #[test]
    fn files_are_what_the_header_says() {
        check("image", "a.png", PNG, &[]);
        check("IMAGE", "a.JPG", JPEG, &[]);
        check("IMAGE", "a.jpeg", JPEG, &[]);
        check("VIDEO", "a.mp4", MP4, &[]);
        check("GIF", "a.mp4", MP4, &[]);
        check("DOCUMENT", "a.pdf", PDF, &[]);
        for (format, path, bytes) in [
            ("IMAGE", "a.mp4", MP4),
            ("IMAGE", "a.gif", b"GIF89a".as_slice()),
            ("VIDEO", "a.png", PNG),
            ("DOCUMENT", "a.txt", b"hello"),
        ] {
            let column = if format.len() == 5 { 63 } else { 66 };
            check(
                format,
                path,
                bytes,
                &[&format!("5:{column} error[template-media-type]")],
            );
        }
    }

    #[test]
    fn names_say_what_files_are() {
        check(
            "IMAGE",
            "a.jpg",
            PNG,
            &["5:63 error[template-media-extension]"],
        );
        check("IMAGE", "a", PNG, &["5:63 error[template-media-extension]"]);
    }

    #[test]
    fn files_are_neither_empty_nor_too_large() {
        let mib = 1024 * 1024;
        check("IMAGE", "a.png", b"", &["5:63 error[template-media-empty]"]);
        check("IMAGE", "a.png", &of(PNG, 5 * mib), &[]);
        check(
            "IMAGE",
            "a.png",
            &of(PNG, 5 * mib + 1),
            &["5:63 error[template-media-size]"],
        );
        check(
            "VIDEO",
            "a.mp4",
            &of(MP4, 16 * mib + 1),
            &["5:63 error[template-media-size]"],
        );
        check(
            "GIF",
            "a.mp4",
            &of(MP4, 4 * mib),
            &["5:61 error[template-media-size]"],
        );
    }

    #[test]
    fn files_are_there() {
        #[track_caller]
        fn check(path: &str) {
            let loaded = read_with(&edited(OFFER, "media/offer.png", path), &files());
            assert_eq!(places(&loaded), ["5:63 error[template-media-missing]"]);
        }
        check("media/other.png");
        check("media");
        check("../offer.png");
    }

    #[test]
    fn files_on_cards_are_looked_at_too() {
        let loaded = read_with(
            &edited(CARDS, "media/second.png", "media/third.png"),
            &files(),
        );
        assert_eq!(places(&loaded), ["13:71 error[template-media-missing]"]);
    }
}
