//! The Resumable Upload API: `POST /{APP}/uploads` begins an upload, `POST /upload:…` brings its
//! bytes, `GET /upload:…` says how many have come.
//!
//! A complete upload has a handle, with which templates are created. What Graph says of bytes that
//! do not fit is not documented: they are error 100 and change nothing.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/guides/upload>

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::Answered;
use crate::sim::{
    call::{AuthScheme, Call, Params},
    error::GraphError,
    links::signature,
    media::{Media, Upload},
    switches::{FinishedUpload, HandleLines},
    world::{Token, World},
};

/// What the path of an upload begins with.
pub const PREFIX: &str = "upload:";
/// The types that can be uploaded.
const TYPES: [&str; 5] = [
    "application/pdf",
    "image/jpeg",
    "image/jpg",
    "image/png",
    "video/mp4",
];
/// The largest upload in bytes: that of a document, the largest header there is.
pub const MOST_BYTES: usize = 100 << 20;

/// Begins an upload to the token's app, for a user or a system user.
pub fn begin(world: &mut World, token: &Token, params: &Params) -> Answered {
    params.required("file_name")?;
    let length = params.uint("file_length")?;
    let length = length.filter(|length| (1..=MOST_BYTES).contains(length));
    let length = length.ok_or_else(|| {
        GraphError::parameter(format!(
            "Param file_length must be between 1 and {MOST_BYTES}."
        ))
    })?;
    let mime = params.required("file_type")?;
    if !TYPES.contains(&mime.as_str()) {
        return Err(GraphError::parameter(format!(
            "Param file_type must be one of {}.",
            TYPES.join(", ")
        )));
    }
    let session = format!(
        "1:attachment:{:016x}{:016x}",
        world.invent(),
        world.invent()
    );
    let session = URL_SAFE_NO_PAD.encode(session);
    let upload = Upload {
        app: token.app.clone(),
        user: token.user.clone(),
        mime,
        length,
        begun: world.now,
        signature: format!("AR{}", signature(world.seed, PREFIX, &session)),
        bytes: Vec::new(),
        parts: 0,
        handle: None,
    };
    let id = id(&session, &upload);
    world.uploads.insert(session, upload);
    Ok(json!({ "id": id }))
}

/// Returns the session that a path names: `upload:SESSION`.
pub fn session<'a>(path: &[&'a str]) -> Option<&'a str> {
    match path {
        [only] => only.strip_prefix(PREFIX),
        _ => None,
    }
}

fn id(session: &str, upload: &Upload) -> String {
    format!("{PREFIX}{session}?sig={}", upload.signature)
}

/// Refuses an upload whose token did not come with the scheme `OAuth`: as if there were none. The
/// code is unconfirmed.
pub fn check_scheme(world: &World, call: &Call) -> Result<(), GraphError> {
    if !world.switches.upload_needs_oauth || call.auth_scheme == Some(AuthScheme::OAuth) {
        return Ok(());
    }
    Err(GraphError {
        code: 104,
        message: "An access token is required to request this resource.".into(),
        ..GraphError::default()
    })
}

/// Answers a call on an upload.
pub fn call(world: &mut World, token: &Token, session: &str, call: &Call) -> Answered {
    let missing = || GraphError::no_object(&call.method, &call.route());
    let upload = world.uploads.get(session).ok_or_else(missing)?;
    let is_open = world.is_within(upload.begun, world.switches.upload_seconds);
    if !is_open || upload.app != token.app {
        return Err(missing());
    }
    if call.params.text("sig")?.as_deref() != Some(&upload.signature) {
        return Err(GraphError::parameter("Param sig does not fit the upload."));
    }
    match call.method.as_str() {
        "GET" => Ok(progress(session, upload)),
        "POST" => append(world, session, call),
        _ => Err(missing()),
    }
}

/// What an upload that is not complete says of itself. That bytes which do not complete it get the
/// same answer is unconfirmed.
fn progress(session: &str, upload: &Upload) -> Value {
    json!({"id": id(session, upload), "file_offset": upload.offset()})
}

fn append(world: &mut World, session: &str, call: &Call) -> Answered {
    let again = world.switches.finished_upload;
    let missing = || GraphError::no_object("POST", &call.route());
    let upload = world.uploads.get_mut(session).ok_or_else(missing)?;
    let bytes = call.bytes.as_deref().unwrap_or_default();
    check_offset(call, upload.offset())?;
    if bytes.len() > upload.length - upload.offset() {
        return Err(GraphError::parameter(
            "The content is longer than file_length.",
        ));
    }
    if let Some(handle) = &upload.handle {
        return match again {
            FinishedUpload::SameHandle => Ok(json!({ "h": handle })),
            FinishedUpload::Refused => Err(GraphError::parameter("The upload is complete.")),
        };
    }
    upload.bytes.extend_from_slice(bytes);
    upload.parts += usize::from(!bytes.is_empty());
    if upload.bytes.len() < upload.length {
        return Ok(progress(session, upload));
    }
    finish(world, session).ok_or_else(missing)
}

fn check_offset(call: &Call, expected: usize) -> Result<(), GraphError> {
    let given = call.file_offset.as_deref().map(str::trim);
    match given.and_then(|text| text.parse::<usize>().ok()) {
        Some(offset) if offset == expected => Ok(()),
        Some(offset) => Err(GraphError::parameter(format!(
            "The file_offset {offset} does not fit: the upload goes on at {expected}."
        ))),
        None => Err(GraphError::parameter(
            "The header file_offset must be a non-negative integer.",
        )),
    }
}

fn finish(world: &mut World, session: &str) -> Option<Value> {
    let end = world.after(world.switches.upload_seconds).as_second();
    let (seed, per_part) = (world.seed, world.switches.handle_lines);
    let upload = world.uploads.get_mut(session)?;
    let lines = match per_part {
        HandleLines::One => 1,
        HandleLines::PerPart => upload.parts,
    };
    let mime = STANDARD.encode(&upload.mime);
    let line = |part: usize| {
        let secret = |salt: &str| signature(seed, salt, &format!("{session}{part}"));
        let (app, user) = (&upload.app, &upload.user);
        format!(
            "4::{mime}:AR{}:e:{end}:{app}:{user}:AR{}",
            secret("h"),
            secret("t")
        )
    };
    let handle = (0..lines).map(line).collect::<Vec<_>>().join("\n");
    let media = Media {
        app: Some(upload.app.clone()),
        mime: upload.mime.clone(),
        bytes: std::mem::take(&mut upload.bytes),
    };
    upload.handle = Some(handle.clone());
    world.media.add(handle.clone(), media);
    Some(json!({ "h": handle }))
}
