//! The footer: a small line below the body.

use super::{
    super::document::{ComponentKind, Template},
    texts,
};
use crate::plan::sink::Sink;

/// The most characters.
const LONGEST: usize = 60;

/// A footer is short and has no variables.
pub(super) fn text(template: &Template, sink: &mut Sink<'_>) {
    if template.is_authentication() {
        return;
    }
    for footer in template
        .everywhere()
        .filter(|one| one.is(ComponentKind::Footer))
    {
        if let Some(text) = &footer.text {
            texts::length("template-footer-length", "footer", text, LONGEST, sink);
            texts::no_variables("template-footer-variable", "footer", text, sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{RICH, check};

    #[test]
    fn a_footer_is_short_and_fixed() {
        let text = "Manage your subscriptions below";
        check(RICH, text, &"x".repeat(60), &[]);
        check(
            RICH,
            text,
            &"x".repeat(61),
            &["9:27 error[template-footer-length]"],
        );
        check(
            RICH,
            text,
            "\"Hi {{1}} you\"",
            &["9:27 error[template-footer-variable]"],
        );
    }
}
