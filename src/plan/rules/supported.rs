//! Fields of the plan format whose step does not exist in this release, as a table.
//!
//! Their form is checked like any other's. Using one is an error, because a plan whose field is
//! ignored would not do what its reviewers read. When a step arrives, its lines go.

use crate::{
    plan::{decode::Spot, sink::Sink},
    yaml::{Node, Value},
};

/// A field that cannot be used yet.
struct Unsupported {
    /// Its route; `[]` stands for every item.
    route: &'static [&'static str],
    /// Whether a value asks for what cannot be done.
    asks: fn(&Value) -> bool,
}

const UNSUPPORTED: &[Unsupported] = &[Unsupported {
    route: &["target", "subscription", "app"],
    asks: |value| is(value, &["temporary"]),
}];

/// Reports every field that cannot be used yet.
pub fn check(tree: &Node, sink: &mut Sink<'_>) {
    for field in UNSUPPORTED {
        visit(tree, &Spot::default(), field, field.route, sink);
    }
}

fn visit(node: &Node, spot: &Spot, field: &Unsupported, route: &[&str], sink: &mut Sink<'_>) {
    let Some((step, rest)) = route.split_first() else {
        return report(node, spot, field, sink);
    };
    match &node.value {
        Value::Sequence(items) if *step == "[]" => {
            for (index, item) in items.iter().enumerate() {
                visit(item, &spot.item(index, &item.place), field, rest, sink);
            }
        }
        Value::Mapping(pairs) => {
            if let Some((key, value)) = pairs.iter().find(|(key, _)| &*key.text == *step) {
                visit(value, &spot.key(&key.text, &key.place), field, rest, sink);
            }
        }
        Value::Null | Value::Scalar(_) | Value::Sequence(_) => {}
    }
}

fn report(node: &Node, spot: &Spot, field: &Unsupported, sink: &mut Sink<'_>) {
    if !(field.asks)(&node.value) {
        return;
    }
    let field = match &node.value {
        Value::Scalar(scalar) => format!("{}: {}", spot.route, scalar.text),
        _ => spot.route.to_string(),
    };
    sink.fail(
        "not-yet-supported",
        spot,
        format!("`{field}` is not yet supported by this release; it is not ignored"),
        "delete it, or wait for a release that can",
    );
}

fn is(value: &Value, words: &[&str]) -> bool {
    matches!(value, Value::Scalar(scalar) if words.contains(&&*scalar.text))
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::check;

    #[test]
    fn what_this_release_cannot_do_is_refused() {
        check(
            "templates:\n",
            "flows: { copy: [\"*\"] }\ntemplates:\n",
            &[],
        );
        check("  required: [welcome]\n", "  prune: true\n", &[]);
        check(
            "app: keep",
            "app: temporary",
            &[
                "10:19 error[not-yet-supported] target.subscription.app: `target.subscription.app: temporary` is not yet supported by this release; it is not ignored | delete it, or wait for a release that can",
            ],
        );
        check(
            "templates:\n",
            "policy: { max_cut_overs: 1, max_template_deletes: -1 }\ntemplates:\n",
            &[
                "21:51 error[policy-form] policy.max_template_deletes: `-1` is not a whole number from 0 up | write digits without quotes, or leave the line out for no limit",
            ],
        );
    }
}
