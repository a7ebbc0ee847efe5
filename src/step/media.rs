//! The media of templates: from a file of the plan or from a link of the source to a handle of the
//! target's app.
//!
//! Source of types and sizes: <https://developers.facebook.com/docs/graph-api/guides/upload>,
//! <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components>

use sha2::{Digest, Sha256};

use super::{Context, Payload, StepError, upload};
use crate::{
    api::{link::SignedLink, meta::MediaHandle},
    ids::Address,
    plan::Media,
    template::Sample,
};

/// The largest media, in bytes: images, videos, documents. Sizes are general knowledge.
const LARGEST: [(&str, usize); 3] = [
    ("IMAGE", 5 << 20),
    ("VIDEO", 16 << 20),
    ("DOCUMENT", 100 << 20),
];

/// Uploads a file of the plan.
pub(super) async fn of_file(
    cx: &Context<'_>,
    step: &Address,
    media: &Media,
) -> Result<MediaHandle, StepError> {
    let path = media.path.display();
    let bytes = cx.files.read(&media.path, media.length + 1);
    let bytes = bytes.map_err(|error| StepError::Unexpected(format!("{path}: {error}")))?;
    if Sha256::digest(&bytes)[..] != media.sha256 {
        return Err(StepError::Unexpected(format!(
            "{path} has changed since the plan was read: run apply again"
        )));
    }
    let payload = Payload::new(&*media.file_name, media.mime, bytes);
    upload(cx, step, &payload).await
}

/// Why media of the source cannot be used. The template cannot be created then, others can.
pub(super) enum Unusable {
    /// Said of the template.
    Because(String),
    /// Stops the step.
    Failed(StepError),
}

/// Fetches a sample of the source and uploads it afresh.
pub(super) async fn of_link(
    cx: &Context<'_>,
    step: &Address,
    sample: &Sample,
) -> Result<MediaHandle, Unusable> {
    let because = |why: String| Unusable::Because(format!("its media cannot be fetched: {why}"));
    let link: SignedLink = sample
        .link
        .parse()
        .map_err(|error| because(format!("{error}")))?;
    let largest = LARGEST.iter().find(|(format, _)| *format == sample.format);
    let limit = largest.map_or(LARGEST[0].1, |(_, bytes)| *bytes);
    let file = cx.source.download(&link, limit).await;
    let file = file.map_err(|error| because(error.to_string()))?;
    let mime = file
        .mime
        .filter(|mime| TYPES.iter().any(|(known, _)| known == mime));
    let Some(mime) = mime.or_else(|| sniffed(&file.bytes).map(str::to_owned)) else {
        return Err(because("its type is none that templates take".into()));
    };
    let end = TYPES
        .iter()
        .find(|(known, _)| *known == mime)
        .map_or("bin", |(_, end)| end);
    let payload = Payload::new(format!("header.{end}"), mime, file.bytes);
    upload(cx, step, &payload).await.map_err(Unusable::Failed)
}

/// The types that can be uploaded, and how files of them end.
const TYPES: [(&str, &str); 5] = [
    ("image/jpeg", "jpg"),
    ("image/jpg", "jpg"),
    ("image/png", "png"),
    ("video/mp4", "mp4"),
    ("application/pdf", "pdf"),
];

/// Tells a type by the first bytes, where a server does not say it.
fn sniffed(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'%', b'P', b'D', b'F', ..] => Some("application/pdf"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("video/mp4"),
        _ => None,
    }
}
