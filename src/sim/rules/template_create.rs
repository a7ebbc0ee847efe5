//! `POST /{WABA}/message_templates`: one template in one language.
//!
//! Order: creations of the hour, parameters, name and language already used, room, content. Then it
//! goes into review.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates/>

use serde_json::{Value, json};

use super::{Answered, template_form::Form, template_language, template_review, templates::Room};
use crate::{
    ids::{AppId, TemplateId, WabaId},
    sim::{
        call::Params,
        error::GraphError,
        words::{Category, ParameterFormat, Quality, SubCategory, TemplateStatus},
        world::{Template, World},
    },
};

/// Characters of a name.
const NAME: usize = 512;
const MINUTE: i64 = 60;
const HOUR: u32 = 3600;
/// Half a day and thirty days, in seconds.
const HALF_DAY: i64 = 12 * 3600;
const THIRTY_DAYS: i64 = 30 * 24 * 3600;

/// Parameters that would need what the world has not; better refused than ignored.
const UNKNOWN: [&str; 6] = [
    "library_template_name",
    "library_template_body_inputs",
    "library_template_button_inputs",
    "degrees_of_freedom_spec",
    "creative_sourcing_spec",
    "bid_spec",
];

/// Parameters that no read shows, and the words they take.
const UNSEEN: [(&str, &[&str]); 2] = [
    ("send_type", &["DIRECT", "CAMPAIGN"]),
    ("display_format", &["ORDER_DETAILS"]),
];

/// Creates a template.
pub fn create(world: &mut World, waba: &WabaId, app: &AppId, params: &Params) -> Answered {
    refuse_too_many(world, waba)?;
    if let Some(name) = UNKNOWN.iter().find(|name| params.has(name)) {
        return Err(GraphError::not_simulated(&format!("the parameter {name}")));
    }
    for (name, words) in UNSEEN {
        let read = |given: &str| words.contains(&given).then_some(());
        word(params, name, words, read)?;
    }
    let name = name(params)?;
    refuse_sample(world, &name)?;
    let language = language(params)?;
    let category = category(params)?
        .ok_or_else(|| GraphError::parameter("The parameter category is required."))?;
    let mut template = read(waba, name, language, category, params)?;
    refuse_taken(world, &template)?;
    template.components = components(world, &template, app, params)?
        .ok_or_else(|| GraphError::parameter("The parameter components is required."))?;
    let may_change_category = params.flag("allow_category_change")?;
    let verdict = template_review::judge(world, &template.name, category, may_change_category);
    let id: TemplateId = world.invent_id();
    world.add_template(id.clone(), template);
    let now = world.now;
    let creations = world.template_creations.entry(waba.clone());
    creations.or_default().push_back(now);
    template_review::submit(world, &id, &verdict);
    let status = world.templates.get(&id).map(|template| template.status);
    Ok(json!({"id": id, "status": status, "category": verdict.category}))
}

/// Which error this is is not documented.
fn refuse_too_many(world: &mut World, waba: &WabaId) -> Result<(), GraphError> {
    let now = world.now;
    let creations = world.template_creations.entry(waba.clone()).or_default();
    creations.retain(|at| now.duration_since(*at).as_secs() < i64::from(HOUR));
    if creations.len() < world.switches.creations_per_hour {
        return Ok(());
    }
    Err(match world.switches.too_many_creations_error {
        80008 => GraphError::throttled(),
        code => GraphError::new(
            code,
            "Too many message templates were created. Try again later.",
        ),
    })
}

/// Lower-case letters, digits and underscores.
fn name(params: &Params) -> Result<String, GraphError> {
    let name = params.required("name")?;
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if name.len() <= NAME && name.bytes().all(is_plain) {
        return Ok(name);
    }
    let error = GraphError::template(
        "Message Template Name Is Incorrect",
        "The message template name can only have lowercase letters, numbers and underscores, at most 512 characters.",
    );
    Err(GraphError {
        blamed: Some("name"),
        ..error.subcode(2_388_046)
    })
}

/// Meta keeps some names for its samples.
fn refuse_sample(world: &World, name: &str) -> Result<(), GraphError> {
    if !world.switches.sample_names.contains(name) {
        return Ok(());
    }
    Err(GraphError::template(
        "Message Template Name Is Used by a Sample",
        "This name is used by a sample message template. Choose another name.",
    )
    .subcode(2_388_155))
}

fn language(params: &Params) -> Result<String, GraphError> {
    let language = params.required("language")?;
    if template_language::is_code(&language) {
        return Ok(language);
    }
    Err(GraphError::parameter(format!(
        "Param language must be a supported language code - got \"{language}\"."
    )))
}

/// Reads `category`.
pub(super) fn category(params: &Params) -> Result<Option<Category>, GraphError> {
    word(params, "category", Category::WORDS, Category::from_word)
}

fn word<T>(
    params: &Params,
    name: &str,
    words: &[&str],
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, GraphError> {
    let Some(given) = params.text(name)? else {
        return Ok(None);
    };
    read(&given.to_ascii_uppercase())
        .map(Some)
        .ok_or_else(|| GraphError::not_one_of(name, words, &given))
}

/// Everything but the components.
fn read(
    waba: &WabaId,
    name: String,
    language: String,
    category: Category,
    params: &Params,
) -> Result<Template, GraphError> {
    let format = word(
        params,
        "parameter_format",
        ParameterFormat::WORDS,
        ParameterFormat::from_word,
    )?;
    let sub_category = word(
        params,
        "sub_category",
        SubCategory::WORDS,
        SubCategory::from_word,
    )?;
    let tracking = params.has("cta_url_link_tracking_opted_out");
    Ok(Template {
        waba: waba.clone(),
        name,
        language,
        category,
        status: TemplateStatus::Pending,
        quality: Quality::Unknown,
        parameter_format: format.unwrap_or(ParameterFormat::Positional),
        components: Value::Null,
        rejected_reason: None,
        previous_category: None,
        correct_category: None,
        sub_category,
        message_send_ttl_seconds: seconds_to_live(params, category)?,
        cta_url_link_tracking_opted_out: tracking
            .then(|| params.flag("cta_url_link_tracking_opted_out"))
            .transpose()?,
        pauses: 0,
        edits: Vec::new(),
    })
}

/// Reads `message_send_ttl_seconds`, whose range depends on the category.
pub(super) fn seconds_to_live(
    params: &Params,
    category: Category,
) -> Result<Option<i64>, GraphError> {
    let Some(text) = params.text("message_send_ttl_seconds")? else {
        return Ok(None);
    };
    let (least, most, has_default) = match category {
        Category::Authentication => (30, 900, true),
        Category::Utility => (30, HALF_DAY, true),
        Category::Marketing => (HALF_DAY, THIRTY_DAYS, false),
    };
    match text.parse::<i64>() {
        Ok(-1) if has_default => Ok(Some(-1)),
        Ok(seconds) if (least..=most).contains(&seconds) => Ok(Some(seconds)),
        Ok(_) | Err(_) => Err(GraphError::parameter(format!(
            "Param message_send_ttl_seconds must be between {least} and {most} for category {category}."
        ))),
    }
}

/// Reads and checks `components` for a template.
pub(super) fn components(
    world: &World,
    template: &Template,
    app: &AppId,
    params: &Params,
) -> Result<Option<Value>, GraphError> {
    let form = Form {
        world,
        waba: &template.waba,
        app,
        category: template.category,
        parameters: template.parameter_format,
    };
    params
        .json("components")?
        .map(|components| form.read(components))
        .transpose()
}

fn refuse_taken(world: &World, template: &Template) -> Result<(), GraphError> {
    let room = Room::of(world, &template.waba);
    let language = template_language::name(&template.language);
    if let Some(wait) = deletion_wait(world, template) {
        return Err(GraphError::template(
            "Message Template Language Is Being Deleted",
            format!(
                "New {language} content can't be added while the existing {language} content is being deleted. Try again in {wait} \
                 or consider creating a new message template."
            ),
        )
        .subcode(2_388_023));
    }
    if room.has(template) {
        return Err(GraphError::template(
            "Content in This Language Already Exists",
            format!(
                "There is already {language} content for this template. You can create a new template and try again."
            ),
        )
        .subcode(2_388_024));
    }
    if room.is_full() {
        return Err(GraphError::template(
            "Message Template Limit Reached",
            "This WhatsApp Business account has reached its limit of message templates.",
        )
        .subcode(2_388_019));
    }
    Ok(())
}

/// Returns how long a deletion still blocks the template's name and language, in Meta's words.
fn deletion_wait(world: &World, template: &Template) -> Option<&'static str> {
    let (waba, name, language) = (&template.waba, &template.name, &template.language);
    if let Some(until) = world.name_blocked_until(waba, name, language) {
        let is_soon = until.duration_since(world.now).as_secs() <= MINUTE;
        return Some(if is_soon {
            "less than 1 minute"
        } else {
            "4 weeks"
        });
    }
    let is_same = |held: &Template| held.name == *name && held.language == *language;
    let mut held = world.templates_of(waba);
    held.any(|(_, held)| held.is_deleted() && is_same(held))
        .then_some("4 weeks")
}
