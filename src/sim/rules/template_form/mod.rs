//! Graph's checks of a template's content: every component by itself, and how they go together.
//!
//! Order: words it knows, each component in the order given, then the whole. Words of `type`, `format`
//! and `otp_type` may be lower case and become upper case.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components>

mod authentication;
mod buttons;
mod carousel;
mod header;
mod problem;
mod text;

use serde_json::Value;

use crate::{
    ids::{AppId, WabaId},
    sim::{
        error::GraphError,
        words::{Category, ComponentType, ParameterFormat},
        world::World,
    },
};

/// Characters of a body.
const BODY: usize = 1024;
/// Characters of a body beside a limited-time offer.
const BODY_OF_OFFER: usize = 600;
const FOOTER: usize = 60;
const OFFER: usize = 16;

/// What a template is checked against.
#[derive(Clone, Copy)]
pub struct Form<'a> {
    /// The world: uploads and switches.
    pub world: &'a World,
    /// The account the template belongs to.
    pub waba: &'a WabaId,
    /// Who asks: uploads belong to apps.
    pub app: &'a AppId,
    /// The template's category.
    pub category: Category,
    /// How its parameters are written.
    pub parameters: ParameterFormat,
}

impl Form<'_> {
    /// Checks components and returns them as the API spells them.
    pub fn read(&self, mut components: Value) -> Result<Value, GraphError> {
        upper_case(&mut components);
        let list = components.as_array().filter(|list| !list.is_empty());
        let list = list
            .ok_or_else(|| GraphError::parameter("Param components must be a non-empty array."))?;
        let kinds = list.iter().map(kind).collect::<Result<Vec<_>, _>>()?;
        for (component, kind) in list.iter().zip(&kinds) {
            match self.category {
                Category::Authentication => authentication::check(*kind, component)?,
                Category::Marketing | Category::Utility => self.check(*kind, component, &kinds)?,
            }
        }
        self.check_together(&kinds)?;
        Ok(components)
    }

    fn check(
        &self,
        kind: ComponentType,
        component: &Value,
        kinds: &[ComponentType],
    ) -> Result<(), GraphError> {
        match kind {
            ComponentType::Header => header::check(self, component),
            ComponentType::Body if kinds.contains(&ComponentType::LimitedTimeOffer) => {
                text::body(self, component, BODY_OF_OFFER)
            }
            ComponentType::Body => text::body(self, component, BODY),
            ComponentType::Footer => footer(component),
            ComponentType::Buttons => buttons::check(self, component),
            ComponentType::LimitedTimeOffer => offer(component),
            ComponentType::Carousel => carousel::check(self, component),
            ComponentType::CallPermissionRequest => Ok(()),
        }
    }

    fn check_together(&self, kinds: &[ComponentType]) -> Result<(), GraphError> {
        let has = |kind| kinds.contains(&kind);
        let twice = kinds
            .iter()
            .find(|kind| kinds.iter().filter(|other| other == kind).count() > 1);
        if let Some(kind) = twice {
            return Err(problem::components(format!(
                "A template can have one component of type {kind} only."
            )));
        }
        if !has(ComponentType::Body) {
            return Err(problem::components("A template needs a body."));
        }
        if self.category == Category::Authentication && !has(ComponentType::Buttons) {
            return Err(problem::no_sample("BUTTONS", "buttons"));
        }
        if has(ComponentType::LimitedTimeOffer) && has(ComponentType::Footer) {
            return Err(problem::footer(
                "Templates with a limited-time offer can't have a footer.",
            ));
        }
        Ok(())
    }
}

/// Returns the type of a component.
fn kind(component: &Value) -> Result<ComponentType, GraphError> {
    let word = component["type"].as_str().unwrap_or_default();
    ComponentType::from_word(word)
        .ok_or_else(|| GraphError::not_one_of("components['type']", ComponentType::WORDS, word))
}

fn footer(component: &Value) -> Result<(), GraphError> {
    let line = text::required(component, problem::footer)?;
    text::limit("footer", line, FOOTER)?;
    if line.contains("{{") || line.contains("}}") {
        return Err(problem::footer("The message footer can't have variables."));
    }
    Ok(())
}

fn offer(component: &Value) -> Result<(), GraphError> {
    let offer = &component["limited_time_offer"];
    let wrong = |_| problem::no_sample("LIMITED_TIME_OFFER", "limited_time_offer");
    let line = text::required(offer, wrong)?;
    text::limit("limited_time_offer text", line, OFFER)?;
    match offer.get("has_expiration") {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(_) => Err(GraphError::parameter(
            "Param limited_time_offer['has_expiration'] must be a boolean.",
        )),
    }
}

/// Makes the words of components, of their buttons and of those of cards upper case.
fn upper_case(components: &mut Value) {
    for component in components.as_array_mut().into_iter().flatten() {
        for key in ["type", "format", "otp_type"] {
            if let Some(Value::String(word)) = component.get_mut(key) {
                word.make_ascii_uppercase();
            }
        }
        if let Some(buttons) = component.get_mut("buttons") {
            upper_case(buttons);
        }
        for card in component
            .get_mut("cards")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(components) = card.get_mut("components") {
                upper_case(components);
            }
        }
    }
}
