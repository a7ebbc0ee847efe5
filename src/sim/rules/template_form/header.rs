//! A template's header: a line of text, a medium that was uploaded, a place or a product.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components>

use serde_json::Value;

use super::{Form, problem, text};
use crate::sim::{
    error::GraphError,
    media::Media,
    words::{HeaderFormat, ParameterFormat},
};

/// Characters of a text header.
const MOST: usize = 60;

const MEGABYTE: usize = 1024 * 1024;

/// Checks a header.
pub(super) fn check(form: &Form<'_>, header: &Value) -> Result<(), GraphError> {
    match format(header)? {
        HeaderFormat::Text => line(form, header),
        HeaderFormat::Location | HeaderFormat::Product => Ok(()),
        format @ (HeaderFormat::Image
        | HeaderFormat::Video
        | HeaderFormat::Document
        | HeaderFormat::Gif) => medium(form, format, header),
    }
}

/// Returns the header's format.
pub(super) fn format(header: &Value) -> Result<HeaderFormat, GraphError> {
    let word = header["format"].as_str().unwrap_or_default();
    HeaderFormat::from_word(word)
        .ok_or_else(|| GraphError::not_one_of("components['format']", HeaderFormat::WORDS, word))
}

fn line(form: &Form<'_>, header: &Value) -> Result<(), GraphError> {
    let line = text::required(header, problem::header)?;
    text::limit("header", line, MOST)?;
    if text::is_decorated(line) {
        return Err(problem::header(
            "The message header can't have any new lines, formatting characters, emojis or asterisks.",
        ));
    }
    let variables = text::variables(line, form.parameters).map_err(problem::header)?;
    if variables.len() > 1 {
        return Err(problem::header(
            "The message header can have one variable only.",
        ));
    }
    let example = &header["example"];
    let sampled = match form.parameters {
        _ if variables.is_empty() => true,
        ParameterFormat::Positional => text::row_of(&example["header_text"], 1),
        ParameterFormat::Named => text::are_named(&example["header_text_named_params"], &variables),
    };
    if sampled {
        Ok(())
    } else {
        Err(problem::no_sample("HEADER", "example"))
    }
}

/// A sample is a handle of an upload. Links are none, not even Meta's own.
fn medium(form: &Form<'_>, format: HeaderFormat, header: &Value) -> Result<(), GraphError> {
    let handles = header["example"]["header_handle"].as_array();
    let Some([Value::String(handle)]) = handles.map(Vec::as_slice) else {
        return Err(problem::no_sample("HEADER", "example"));
    };
    let wrong = |text: &str| GraphError::template("Invalid Header Handle", text);
    let media = form
        .world
        .media
        .get(handle)
        .filter(|media| media.app.as_ref().is_none_or(|app| app == form.app))
        .ok_or_else(|| {
            wrong("The header handle is not valid. Upload the sample again and use its handle.")
        })?;
    if !suits(format, media) {
        return Err(wrong(&format!(
            "A file of type {} is no sample for a header of format {format}.",
            media.mime
        )));
    }
    if media.bytes.len() > most_bytes(format) {
        return Err(wrong(&format!(
            "The sample is too large for a header of format {format}."
        )));
    }
    Ok(())
}

fn suits(format: HeaderFormat, media: &Media) -> bool {
    match format {
        HeaderFormat::Image => {
            matches!(&*media.mime, "image/jpeg" | "image/jpg" | "image/png")
        }
        HeaderFormat::Video => media.mime == "video/mp4",
        HeaderFormat::Gif => matches!(&*media.mime, "video/mp4" | "image/gif"),
        HeaderFormat::Document => media.mime == "application/pdf",
        HeaderFormat::Text | HeaderFormat::Location | HeaderFormat::Product => false,
    }
}

fn most_bytes(format: HeaderFormat) -> usize {
    match format {
        HeaderFormat::Image => 5 * MEGABYTE,
        HeaderFormat::Video => 16 * MEGABYTE,
        HeaderFormat::Gif => 7 * MEGABYTE / 2,
        HeaderFormat::Document => 100 * MEGABYTE,
        HeaderFormat::Text | HeaderFormat::Location | HeaderFormat::Product => 0,
    }
}
