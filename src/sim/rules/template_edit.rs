//! `POST /{TEMPLATE}`: edit, and `POST /{TEMPLATE}/unpause`.
//!
//! An edit replaces the components as a whole and sends the template into review again. Name and
//! language stay.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>

use super::{Answered, success, template_create, template_review};
use crate::{
    ids::{AppId, TemplateId},
    sim::{
        call::Params,
        error::GraphError,
        words::{Category, TemplateStatus},
        world::{DAY, Template, World},
    },
};

/// Edits of an approved template in thirty days.
const MOST_EDITS: usize = 10;
const MONTH: u32 = 30 * DAY;
/// What an edit may change.
const CHANGEABLE: [&str; 3] = ["category", "components", "message_send_ttl_seconds"];

/// Edits a template.
pub fn edit(world: &mut World, id: &TemplateId, app: &AppId, params: &Params) -> Answered {
    let mut template = held(world, id)?;
    let was_approved = template.status == TemplateStatus::Approved;
    let is_authentication = template.category == Category::Authentication;
    refuse_status(&template)?;
    for fixed in ["name", "language"] {
        if params.has(fixed) {
            return Err(GraphError::parameter(format!(
                "Param {fixed} of a message template can't be changed."
            )));
        }
    }
    if !CHANGEABLE.iter().any(|name| params.has(name)) {
        return Err(GraphError::parameter(
            "One of the parameters category, components and message_send_ttl_seconds is required.",
        ));
    }
    if let Some(category) = template_create::category(params)? {
        if was_approved && category != template.category {
            return Err(refused_change(
                "The category of an approved message template can't be changed.",
            ));
        }
        template.category = category;
    }
    if was_approved {
        refuse_too_many(world, &template)?;
        template.edits.push(world.now);
    }
    if let Some(seconds) = template_create::seconds_to_live(params, template.category)? {
        template.message_send_ttl_seconds = Some(seconds);
    }
    if let Some(components) = template_create::components(world, &template, app, params)? {
        template.components = components;
    } else if is_authentication != (template.category == Category::Authentication) {
        return Err(GraphError::parameter(
            "The parameter components is required: templates of category AUTHENTICATION have components of their own.",
        ));
    }
    let verdict = template_review::judge(world, &template.name, template.category, false);
    world.templates.insert(id.clone(), template);
    template_review::submit(world, id, &verdict);
    success()
}

/// Takes back a pause.
pub fn unpause(world: &mut World, id: &TemplateId) -> Answered {
    let mut template = held(world, id)?;
    if template.status != TemplateStatus::Paused {
        return Err(refused_change("This message template is not paused."));
    }
    template.status = TemplateStatus::Approved;
    world.templates.insert(id.clone(), template);
    success()
}

fn held(world: &World, id: &TemplateId) -> Result<Template, GraphError> {
    let template = world.templates.get(id).cloned();
    template.ok_or_else(|| GraphError::no_object("POST", id.as_str()))
}

fn refuse_status(template: &Template) -> Result<(), GraphError> {
    match template.status {
        TemplateStatus::Approved | TemplateStatus::Rejected | TemplateStatus::Paused => Ok(()),
        status => Err(refused_change(&format!(
            "A message template with status {status} can't be edited. Only approved, rejected and paused templates can."
        ))),
    }
}

/// 2388039: the status does not allow the change.
pub(super) fn refused_change(text: &str) -> GraphError {
    GraphError::template("Message Template Can't Be Changed", text).subcode(2_388_039)
}

/// One edit a day, ten in thirty days. Which error this is is not documented.
fn refuse_too_many(world: &World, template: &Template) -> Result<(), GraphError> {
    let within = |seconds| {
        let edits = template.edits.iter();
        edits.filter(|at| world.is_within(**at, seconds)).count()
    };
    if within(DAY) == 0 && within(MONTH) < MOST_EDITS {
        return Ok(());
    }
    let error = GraphError::template(
        "Message Template Was Edited Too Often",
        "An approved message template can be edited once in 24 hours and 10 times in 30 days.",
    );
    Err(GraphError {
        subcode: world.switches.too_many_edits_subcode,
        ..error
    })
}
