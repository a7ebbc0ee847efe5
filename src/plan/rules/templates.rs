//! Rules about templates, and about a plan as a whole.

use crate::plan::{document::Document, sink::Sink};

/// What is required should be among what is copied or defined: else it must exist on the target
/// already.
pub fn required_outside_plan(document: &Document, defined: &[String], sink: &mut Sink<'_>) {
    let Some(templates) = &document.templates else {
        return;
    };
    let copied = templates.copy.as_deref().unwrap_or_default();
    for required in templates.required.iter().flatten() {
        let name = &required.value;
        let is_copied = || copied.iter().any(|glob| glob.value.matches(name.as_str()));
        let is_defined = || defined.iter().any(|defined| defined == name.as_str());
        if name.is_name() && !is_copied() && !is_defined() {
            sink.warn(
                "required-outside-copy",
                &required.spot,
                format!(
                    "`{}` is required, but neither `copy` nor a file names it",
                    name.as_str()
                ),
                "add it to `copy`, unless the target has it already",
            );
        }
    }
}

/// A plan that moves nothing is probably not finished.
pub fn nothing_to_do(document: &Document, sink: &mut Sink<'_>) {
    let templates = document.templates.as_ref();
    let flows = document.flows.as_ref();
    let is_empty = [
        document.numbers.as_ref().map(Vec::len),
        templates.and_then(|templates| templates.copy.as_ref().map(Vec::len)),
        templates.and_then(|templates| templates.files.as_ref().map(Vec::len)),
        flows.and_then(|flows| flows.copy.as_ref().map(Vec::len)),
    ]
    .into_iter()
    .flatten()
    .all(|count| count == 0);
    if is_empty {
        sink.warn(
            "nothing-to-do",
            &document.spot,
            "the plan names neither numbers nor templates",
            "add `numbers`, or `templates: { copy: [\"*\"] }`",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::check;

    #[test]
    fn required_templates_are_copied() {
        check(
            "required: [welcome]",
            "required: [order_shipped, \"order*\", goodbye]",
            &[
                "23:39 warning[required-outside-copy] templates.required[2]: `goodbye` is required, but neither `copy` nor a file names it | add it to `copy`, unless the target has it already",
            ],
        );
    }

    #[test]
    fn names_have_the_form_of_names() {
        check(
            "copy: [order_*, welcome]",
            "copy: [Order, \"\", welcome]",
            &[
                "22:10 error[glob-form] templates.copy[0]: `Order` is neither a template name nor a pattern of names | use up to 512 lower-case letters, digits and `_`, with `*` and `?` as wildcards",
                "22:17 error[glob-form] templates.copy[1]: `` is neither a template name nor a pattern of names | use up to 512 lower-case letters, digits and `_`, with `*` and `?` as wildcards",
            ],
        );
        check(
            "copy: [order_*, welcome]",
            "copy: \"*\"",
            &[
                "22:9 error[type-wrong] templates.copy: a single value stands where a list is wanted | give `copy` a list",
                "23:14 warning[required-outside-copy] templates.required[0]: `welcome` is required, but neither `copy` nor a file names it | add it to `copy`, unless the target has it already",
            ],
        );
    }
}
