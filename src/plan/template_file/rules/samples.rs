//! Samples for the reviewer: one for each variable, in the right shape.

use std::collections::BTreeSet;

use super::super::{
    document::{Component, ComponentKind, Example, HeaderFormat, NamedSample, Template, Wording},
    variables::Variables,
};
use crate::plan::{
    decode::{Sp, Spot},
    sink::Sink,
};

/// What samples of a kind of text are called, and how they are written.
struct Words {
    what: &'static str,
    positional: &'static str,
    named: &'static str,
    /// How positional samples are written.
    form: &'static str,
}

const HEADER: Words = Words {
    what: "header",
    positional: "header_text",
    named: "header_text_named_params",
    form: "write `example: { header_text: [\"…\"] }`",
};
const BODY: Words = Words {
    what: "body",
    positional: "body_text",
    named: "body_text_named_params",
    form: "write `example: { body_text: [[\"…\", \"…\"]] }`: a list with one list in it",
};
/// The most variables that a hint names.
const MOST_NAMED: usize = 20;
const NAMED_FORM: &str = "write a list of `{ param_name: first_name, example: \"…\" }`";

/// The samples of text headers.
pub(super) fn of_headers(template: &Template, sink: &mut Sink<'_>) {
    for header in template.everywhere() {
        if header.header_format() != Some(HeaderFormat::Text) {
            continue;
        }
        let list = |example: &Example| {
            let items = example.header_text.as_ref()?;
            Some(vec![items.clone()])
        };
        let named = |example: &Example| example.header_text_named_params.clone();
        check(template, header, &HEADER, list, named, sink);
    }
}

/// The samples of bodies.
pub(super) fn of_bodies(template: &Template, sink: &mut Sink<'_>) {
    if template.is_authentication() {
        return;
    }
    for body in template
        .everywhere()
        .filter(|one| one.is(ComponentKind::Body))
    {
        let list = |example: &Example| example.body_text.clone();
        let named = |example: &Example| example.body_text_named_params.clone();
        check(template, body, &BODY, list, named, sink);
    }
}

fn check(
    template: &Template,
    component: &Component,
    words: &Words,
    positional: impl Fn(&Example) -> Option<Vec<Vec<Sp<Wording>>>>,
    named: impl Fn(&Example) -> Option<Vec<NamedSample>>,
    sink: &mut Sink<'_>,
) {
    let Some(text) = &component.text else {
        return;
    };
    let Some(variables) = sound(template, &text.value.0) else {
        return;
    };
    let example = component.example.as_ref();
    let (wanted, other) = if template.is_named() {
        (words.named, words.positional)
    } else {
        (words.positional, words.named)
    };
    if sink.has_reported_below(&component.spot, "example") {
        return;
    }
    let lists = example.and_then(&positional);
    let pairs = example.and_then(&named);
    let spot = example.map_or(&text.spot, |example| &example.spot);
    let has_other = if template.is_named() {
        lists.is_some()
    } else {
        pairs.is_some()
    };
    if has_other {
        let message = format!("`{other}` does not fit the template's `parameter_format`");
        let hint = if template.is_named() {
            NAMED_FORM
        } else {
            words.form
        };
        sink.fail(
            "template-sample-shape",
            spot,
            message,
            format!("use `{wanted}`: {hint}"),
        );
        return;
    }
    if variables.is_empty() {
        if lists.is_some() || pairs.is_some() {
            let message = format!("the {} has no variable, but samples", words.what);
            sink.warn(
                "template-sample-unused",
                spot,
                message,
                "take `example` out",
            );
        }
        return;
    }
    match (template.is_named(), lists, pairs) {
        (true, _, Some(pairs)) => check_named(&variables, &pairs, spot, sink),
        (false, Some(lists), _) => check_positional(&variables, &lists, words, spot, sink),
        (is_named, _, _) => {
            let message = format!(
                "the {} has {}, but no sample for the reviewer",
                words.what,
                counted(variables.len())
            );
            let hint = if is_named {
                format!("add `example: {{ {}: […] }}`: {NAMED_FORM}", words.named)
            } else {
                words.form.to_owned()
            };
            sink.fail("template-sample-missing", spot, message, hint);
        }
    }
}

/// Returns the variables, unless something is wrong with them: that is said elsewhere.
fn sound<'t>(template: &Template, text: &'t str) -> Option<BTreeSet<&'t str>> {
    let found = Variables::of(text);
    let fits = |name: &&str| Variables::is_position(name) != template.is_named();
    let is_sound = found.malformed.is_empty() && found.names.iter().all(fits);
    is_sound.then(|| found.names.into_iter().collect())
}

fn counted(count: usize) -> String {
    match count {
        1 => "a variable".to_owned(),
        _ => format!("{count} variables"),
    }
}

fn check_positional(
    variables: &BTreeSet<&str>,
    lists: &[Vec<Sp<Wording>>],
    words: &Words,
    spot: &Spot,
    sink: &mut Sink<'_>,
) {
    let [samples] = lists else {
        let message = format!(
            "`{}` holds {} lists; one is wanted",
            words.positional,
            lists.len()
        );
        sink.fail("template-sample-shape", spot, message, words.form);
        return;
    };
    if samples.len() != variables.len() {
        let message = format!(
            "the {} has {}, but {} samples",
            words.what,
            counted(variables.len()),
            samples.len()
        );
        let hint = "give one sample for each variable, in their order";
        sink.fail("template-sample-count", spot, message, hint);
    }
    samples.iter().for_each(|sample| not_empty(sample, sink));
}

fn check_named(
    variables: &BTreeSet<&str>,
    pairs: &[NamedSample],
    spot: &Spot,
    sink: &mut Sink<'_>,
) {
    let mut seen = BTreeSet::new();
    for pair in pairs {
        if let Some(sample) = &pair.example {
            not_empty(sample, sink);
        }
        let Some(name) = &pair.param_name else {
            continue;
        };
        let text = &*name.value.0;
        let problem = if !variables.contains(text) {
            "no variable of this text has that name"
        } else if !seen.insert(text) {
            "this variable has a sample already"
        } else {
            continue;
        };
        let some: Vec<&str> = variables.iter().copied().take(MOST_NAMED).collect();
        let hint = format!("the variables are {}", some.join(", "));
        sink.fail(
            "template-sample-name",
            &name.spot,
            format!("`{text}`: {problem}"),
            hint,
        );
    }
    if let Some(missing) = variables.iter().find(|name| !seen.contains(*name)) {
        let message = format!("there is no sample for {{{{{missing}}}}}");
        let hint = format!("add `{{ param_name: {missing}, example: \"…\" }}`");
        sink.fail("template-sample-count", spot, message, hint);
    }
}

fn not_empty(sample: &Sp<Wording>, sink: &mut Sink<'_>) {
    if sample.value.0.trim().is_empty() {
        let hint = "write what may stand in the place of the variable";
        sink.fail(
            "template-sample-empty",
            &sample.spot,
            "the sample is empty",
            hint,
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{NAMED, RICH, check};

    #[test]
    fn every_variable_has_a_sample() {
        let example = "    example: { body_text: [[August, 25OFF]] }\n";
        check(RICH, example, "", &["7:11 error[template-sample-missing]"]);
        check(
            RICH,
            "[[August, 25OFF]]",
            "[[August]]",
            &["8:14 error[template-sample-count]"],
        );
        check(
            RICH,
            "[[August, 25OFF]]",
            "[[August, \" \"]]",
            &["8:37 error[template-sample-empty]"],
        );
        check(
            RICH,
            ", example: { header_text: [Summer Sale] }",
            "",
            &["5:41 error[template-sample-missing]"],
        );
    }

    #[test]
    fn samples_have_their_shape() {
        check(
            RICH,
            "[[August, 25OFF]]",
            "[August, 25OFF]",
            &["8:28 error[type-wrong]", "8:36 error[type-wrong]"],
        );
        check(
            RICH,
            "[[August, 25OFF]]",
            "[[August, 25OFF], [May, 10OFF]]",
            &["8:14 error[template-sample-shape]"],
        );
        check(
            RICH,
            "body_text: [[August, 25OFF]]",
            "body_text_named_params: [{ param_name: a, example: b }]",
            &["8:14 error[template-sample-shape]"],
        );
        check(
            RICH,
            "text: \"Shop through {{1}} with code {{2}} to get more.\"",
            "text: Shop more.",
            &["8:14 warning[template-sample-unused]"],
        );
    }

    #[test]
    fn named_samples_name_their_variables() {
        check(
            NAMED,
            "        - { param_name: order_id, example: \"860198\" }\n",
            "",
            &["10:7 error[template-sample-count]"],
        );
        check(
            NAMED,
            "param_name: order_id",
            "param_name: order",
            &[
                "10:7 error[template-sample-count]",
                "12:25 error[template-sample-name]",
            ],
        );
        check(
            NAMED,
            "param_name: order_id",
            "param_name: first_name",
            &[
                "10:7 error[template-sample-count]",
                "12:25 error[template-sample-name]",
            ],
        );
    }

    #[test]
    fn samples_survive_as_they_are_written() {
        check(
            NAMED,
            "\"860198\"",
            "860198",
            &["12:44 warning[template-text-unquoted]"],
        );
        check(NAMED, "\"860198\"", "no", &["12:44 error[type-wrong]"]);
    }
}
