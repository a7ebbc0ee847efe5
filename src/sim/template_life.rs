//! What becomes of templates without a call: reviews end, Meta pauses and moves them.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>

use super::{
    script::Pending,
    words::{Category, TemplateStatus},
    world::{Template, World},
};
use crate::ids::TemplateId;

const HOUR: u32 = 3600;

/// Which templates an event means: WABA, name, and language unless all.
pub(super) type Meant<'a> = (&'a str, &'a str, Option<&'a str>);

impl World {
    /// Changes each template that is meant.
    pub(super) fn each_template(&mut self, meant: Meant<'_>, change: impl FnMut(&mut Template)) {
        let templates = self.templates.values_mut();
        templates
            .filter(|template| template.is_meant(meant))
            .for_each(change);
    }

    /// Pauses each approved template that is meant. The third pause is the last.
    pub(super) fn pause_templates(&mut self, meant: Meant<'_>) {
        let mut paused = Vec::new();
        for (id, template) in &mut self.templates {
            if template.status == TemplateStatus::Approved && template.is_meant(meant) {
                paused.extend(template.pause().map(|seconds| (id.clone(), seconds)));
            }
        }
        for (id, seconds) in paused {
            let ends = self.after(seconds);
            let pauses = self
                .templates
                .get(&id)
                .map_or(0, |template| template.pauses);
            self.agenda.add(ends, Pending::PauseEnds(id, pauses));
        }
    }

    /// Removes a template that is still being deleted.
    pub(super) fn purge_template(&mut self, id: &TemplateId) {
        if self.templates.get(id).is_some_and(Template::is_deleted) {
            self.remove_template(id);
        }
    }

    /// Ends the n-th pause of a template, if it still lasts.
    pub(super) fn end_pause(&mut self, id: &TemplateId, pauses: u32) {
        if let Some(template) = self.templates.get_mut(id)
            && template.status == TemplateStatus::Paused
            && template.pauses == pauses
        {
            template.status = TemplateStatus::Approved;
        }
    }
}

impl Template {
    fn is_meant(&self, (waba, name, language): Meant<'_>) -> bool {
        self.waba.as_str() == waba
            && self.name == name
            && language.is_none_or(|language| language == self.language)
    }

    /// Ends a review.
    pub(super) fn decide(&mut self, status: TemplateStatus, reason: Option<String>) {
        self.status = status;
        self.rejected_reason = reason;
    }

    /// Gets the category that Meta finds right.
    pub(super) fn recategorise(&mut self, category: Category) {
        if category != self.category {
            self.previous_category = Some(self.category);
            self.category = category;
        }
        self.correct_category = None;
    }

    /// Returns whether its owner has deleted it.
    pub(super) fn is_deleted(&self) -> bool {
        matches!(
            self.status,
            TemplateStatus::PendingDeletion | TemplateStatus::Deleted
        )
    }

    /// Pauses it and returns for how many seconds; nothing when it is disabled instead.
    fn pause(&mut self) -> Option<u32> {
        self.pauses += 1;
        let seconds = match self.pauses {
            1 => Some(3 * HOUR),
            2 => Some(6 * HOUR),
            _ => None,
        };
        self.status = match seconds {
            Some(_) => TemplateStatus::Paused,
            None => TemplateStatus::Disabled,
        };
        seconds
    }
}
