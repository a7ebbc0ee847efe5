//! Offers that end.

use super::{
    super::document::{ComponentKind, Template},
    texts,
};
use crate::plan::sink::Sink;

/// The most characters. General knowledge.
const LONGEST: usize = 16;

/// An offer has a short name.
pub(super) fn text(template: &Template, sink: &mut Sink<'_>) {
    for offer in template
        .everywhere()
        .filter_map(|one| one.limited_time_offer.as_ref())
    {
        if let Some(text) = &offer.text {
            texts::length("template-offer-length", "offer", text, LONGEST, sink);
            texts::no_variables("template-offer-variable", "offer", text, sink);
        }
    }
}

/// Beside an offer there is no footer. General knowledge.
pub(super) fn footer(template: &Template, sink: &mut Sink<'_>) {
    let offer = template.first(ComponentKind::LimitedTimeOffer);
    if let (Some(_), Some(footer)) = (offer, template.first(ComponentKind::Footer)) {
        let message = "a template with a LIMITED_TIME_OFFER has no FOOTER";
        sink.fail(
            "template-offer-footer",
            &footer.spot,
            message,
            "take one of the two out",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{OFFER, check};

    #[test]
    fn an_offer_is_short() {
        check(OFFER, "Expiring offer!", "0123456789abcdef", &[]);
        check(
            OFFER,
            "Expiring offer!",
            "0123456789abcdefg",
            &["6:61 error[template-offer-length]"],
        );
        check(
            OFFER,
            "Expiring offer!",
            "\"{{1}} off\"",
            &["6:61 error[template-offer-variable]"],
        );
        check(
            OFFER,
            "text: Expiring offer!, ",
            "",
            &["6:53 error[key-missing]"],
        );
    }

    #[test]
    fn an_offer_has_no_footer() {
        check(
            OFFER,
            "  - type: BUTTONS\n",
            "  - { type: FOOTER, text: Bye }\n  - type: BUTTONS\n",
            &["8:5 error[template-offer-footer]"],
        );
    }
}
