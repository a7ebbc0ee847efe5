//! Ways to look at a template that many rules share.

use super::super::document::{
    Button, Category, Component, ComponentKind, HeaderFormat, ParameterFormat, Template,
};

impl Template {
    /// Returns what it is for, if that could be read.
    pub(super) fn category(&self) -> Option<Category> {
        self.category.as_ref().map(|category| category.value)
    }

    pub(super) fn is_authentication(&self) -> bool {
        self.category() == Some(Category::Authentication)
    }

    /// Returns whether variables have names.
    pub(super) fn is_named(&self) -> bool {
        let format = self.parameter_format.as_ref();
        format.is_some_and(|format| format.value == ParameterFormat::Named)
    }

    /// Returns its own components, without those of cards.
    pub(super) fn own(&self) -> &[Component] {
        self.components.as_deref().unwrap_or_default()
    }

    /// Returns its own components and those of cards.
    pub(super) fn everywhere(&self) -> impl Iterator<Item = &Component> {
        self.own()
            .iter()
            .chain(self.cards().flat_map(|card| card.own()))
    }

    /// Returns the cards of its carousel.
    pub(super) fn cards(&self) -> impl Iterator<Item = &super::super::document::Card> {
        self.own().iter().flat_map(|one| one.cards.iter().flatten())
    }

    /// Returns the first of its own components of a kind.
    pub(super) fn first(&self, kind: ComponentKind) -> Option<&Component> {
        self.own().iter().find(|one| one.is(kind))
    }

    /// Returns every list of buttons.
    pub(super) fn button_lists(&self) -> impl Iterator<Item = (&Component, &[Button])> {
        self.everywhere()
            .filter_map(|one| Some((one, one.buttons.as_deref()?)))
    }

    /// Returns every button.
    pub(super) fn buttons(&self) -> impl Iterator<Item = &Button> {
        self.button_lists().flat_map(|(_, buttons)| buttons)
    }
}

impl super::super::document::Card {
    /// Returns its components.
    pub(super) fn own(&self) -> &[Component] {
        self.components.as_deref().unwrap_or_default()
    }
}

impl Component {
    /// Returns whether it is of a kind.
    pub(super) fn is(&self, kind: ComponentKind) -> bool {
        self.kind.as_ref().is_some_and(|own| own.value == kind)
    }

    /// Returns what it shows, if it is a header.
    pub(super) fn header_format(&self) -> Option<HeaderFormat> {
        let format = self.format.as_ref()?;
        self.is(ComponentKind::Header).then_some(format.value)
    }
}
