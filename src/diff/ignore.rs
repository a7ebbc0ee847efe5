//! Differences that the plan ignores: whole ones by their address, or single fields.
//!
//! Quotes count neither in patterns nor in addresses, so nobody has to escape them in YAML. The
//! first rule that fits takes a thing. Hidden things stay in the list, each with its rule.

use super::{Class, Difference};
use crate::{field::FieldChange, plan::Glob};

/// A rule of the plan, ready to match.
struct Rule<'a> {
    pattern: &'a str,
    bare: Glob,
    is_used: bool,
}

impl Rule<'_> {
    fn fits(&mut self, text: &str) -> bool {
        let fits = self.bare.matches(text);
        self.is_used |= fits;
        fits
    }
}

/// Sorts out what the rules hide. Returns everything, and the patterns that fit nothing.
pub(super) fn apply(
    patterns: &[Glob],
    differences: Vec<Difference>,
) -> (Vec<Difference>, Vec<String>) {
    let rules = patterns.iter().map(|pattern| Rule {
        pattern: pattern.as_str(),
        bare: Glob::new(bare(pattern.as_str())),
        is_used: false,
    });
    let mut rules: Vec<_> = rules.collect();
    let sorted = differences
        .into_iter()
        .flat_map(|difference| split(&mut rules, difference))
        .collect();
    let unused = rules.iter().filter(|rule| !rule.is_used);
    (sorted, unused.map(|rule| rule.pattern.to_owned()).collect())
}

fn bare(text: &str) -> String {
    text.replace('"', "")
}

/// Returns the first rule that fits. Every rule is tried: one that fits too late is no slip.
fn first<'a>(rules: &mut [Rule<'a>], text: &str) -> Option<&'a str> {
    let mut found = None;
    for rule in rules {
        if rule.fits(text) {
            found.get_or_insert(rule.pattern);
        }
    }
    found
}

fn split(rules: &mut [Rule<'_>], difference: Difference) -> Vec<Difference> {
    let address = bare(&difference.address);
    let whole = first(rules, &address);
    let of_fields: Vec<_> = difference
        .fields
        .iter()
        .map(|field| first(rules, &format!("{address}.{}", bare(&field.path))))
        .collect();
    if let Some(rule) = whole {
        let fields = difference.fields.clone();
        return vec![hidden(&difference, rule, fields)];
    }
    let mut left = Vec::new();
    let mut by_rule: Vec<(&str, Vec<FieldChange>)> = Vec::new();
    for (field, rule) in difference.fields.iter().zip(of_fields) {
        let Some(rule) = rule else {
            left.push(field.clone());
            continue;
        };
        match by_rule.iter_mut().find(|(known, _)| *known == rule) {
            Some((_, fields)) => fields.push(field.clone()),
            None => by_rule.push((rule, vec![field.clone()])),
        }
    }
    let all_hidden = left.is_empty() && !by_rule.is_empty();
    let mut split: Vec<_> = by_rule
        .into_iter()
        .map(|(rule, fields)| hidden(&difference, rule, fields))
        .collect();
    if !all_hidden {
        split.push(Difference {
            fields: left,
            ..difference
        });
    }
    split
}

fn hidden(difference: &Difference, rule: &str, fields: Vec<FieldChange>) -> Difference {
    Difference {
        class: Class::Ignored,
        address: difference.address.clone(),
        message: difference.message.clone(),
        fields,
        rule: Some(rule.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Difference {
        let fields = ["about", "email"].map(|path| FieldChange::new(path, "a", "b"));
        let address = "number[\"+4930901820\"].profile";
        Difference::new(Class::Drift, address, "differs").with(fields.to_vec())
    }

    /// Each difference as `class address fields`.
    #[track_caller]
    fn check(patterns: &[&str], differences: &[Difference], expected: &[&str], unused: &[&str]) {
        let globs: Vec<_> = patterns.iter().map(|pattern| Glob::new(*pattern)).collect();
        let (sorted, left) = apply(&globs, differences.to_vec());
        let told: Vec<_> = sorted
            .iter()
            .map(|one| {
                let fields: Vec<_> = one.fields.iter().map(|field| &*field.path).collect();
                format!("{} {}", one.class.as_str(), fields.join(","))
            })
            .collect();
        assert_eq!(told, expected, "{patterns:?}");
        assert_eq!(left, unused, "{patterns:?}");
    }

    #[test]
    fn a_pattern_hides_an_address_or_a_field() {
        let one = [profile()];
        check(&[], &one, &["drift about,email"], &[]);
        check(&["number[*].profile"], &one, &["ignored about,email"], &[]);
        check(
            &["number[+4930901820].profile"],
            &one,
            &["ignored about,email"],
            &[],
        );
        check(
            &["number[\"+4930901820\"].*"],
            &one,
            &["ignored about,email"],
            &[],
        );
        check(
            &["number[*].profile.about"],
            &one,
            &["ignored about", "drift email"],
            &[],
        );
        check(
            &["*.about", "*.email"],
            &one,
            &["ignored about", "ignored email"],
            &[],
        );
    }

    #[test]
    fn a_pattern_fits_as_a_whole_or_not_at_all() {
        let one = [profile()];
        let none = &["drift about,email"];
        check(&["number[+49"], &one, none, &["number[+49"]);
        check(&["profile"], &one, none, &["profile"]);
        check(&["*.profile.abou"], &one, none, &["*.profile.abou"]);
    }

    #[test]
    fn a_rule_that_comes_too_late_is_no_slip() {
        let one = [profile()];
        check(
            &["*.profile", "*.about", "*.nothing"],
            &one,
            &["ignored about,email"],
            &["*.nothing"],
        );
    }

    #[test]
    fn what_has_no_fields_is_hidden_by_its_address_alone() {
        let step = [Difference::new(Class::Pending, "templates.copy", "missing")];
        check(&["templates.*"], &step, &["ignored "], &[]);
        check(
            &["templates.copy.*"],
            &step,
            &["pending "],
            &["templates.copy.*"],
        );
    }
}
