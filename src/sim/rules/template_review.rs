//! What Meta's review says of a template that was created or edited, and when.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>

use crate::{
    ids::TemplateId,
    sim::{
        script::{Pending, fits},
        switches::CategoryChange,
        words::{Category, RejectedReason, TemplateStatus},
        world::World,
    },
};

/// A review's result.
pub(super) struct Verdict {
    /// The category the template gets.
    pub(super) category: Category,
    status: TemplateStatus,
    reason: Option<RejectedReason>,
    seconds: u32,
}

/// Decides on a template of a name for which a category is asked.
pub(super) fn judge(
    world: &World,
    name: &str,
    asked: Category,
    may_change_category: bool,
) -> Verdict {
    let switches = &world.switches;
    let Some(rule) = switches.reviews.iter().find(|rule| fits(&rule.name, name)) else {
        return Verdict {
            category: asked,
            status: TemplateStatus::Approved,
            reason: None,
            seconds: switches.review_seconds,
        };
    };
    let verdict = Verdict {
        category: rule.category.unwrap_or(asked),
        status: rule.status,
        reason: rule.reason,
        seconds: rule.after_seconds.unwrap_or(switches.review_seconds),
    };
    let may_change = match switches.category_change {
        CategoryChange::Automatic => true,
        CategoryChange::WhenAllowed => may_change_category,
    };
    if may_change || verdict.category == asked {
        return verdict;
    }
    Verdict {
        category: asked,
        status: TemplateStatus::Rejected,
        reason: Some(RejectedReason::IncorrectCategory),
        ..verdict
    }
}

/// Sends a template into review. The result comes later, or at once where a switch says so.
pub(super) fn submit(world: &mut World, id: &TemplateId, verdict: &Verdict) {
    let ends = world.after(verdict.seconds);
    let is_at_once = world.switches.reviews_at_once;
    let reason = verdict.reason.map(|reason| reason.as_str().to_owned());
    let Some(template) = world.templates.get_mut(id) else {
        return;
    };
    template.category = verdict.category;
    if is_at_once {
        template.decide(verdict.status, reason);
        return;
    }
    template.decide(TemplateStatus::Pending, None);
    let review = Pending::Review(id.clone(), verdict.status, reason);
    world.agenda.add(ends, review);
}
