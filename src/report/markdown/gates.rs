//! What people are asked to do, each thing once, with the gates that it opens.

use std::collections::BTreeMap;

use super::{code, text};
use crate::{
    changeset::{ChangeEntry, ChangeSet},
    report::count,
    step::Gate,
};

/// Renders the section; nothing where nobody is asked. Without names gates are only counted.
pub(super) fn section(changes: &ChangeSet, names: bool) -> String {
    let mut asked: Vec<(String, &Gate, Vec<&str>)> = Vec::new();
    let mut places = BTreeMap::new();
    for (change, gate) in changes.to_do().filter_map(gated) {
        let instructions = without_number(change, &gate.instructions);
        let key = (gate.owner, instructions.clone(), gate.proof);
        let place = *places.entry(key).or_insert(asked.len());
        match asked.get_mut(place) {
            Some((_, _, gates)) => gates.push(&change.address),
            None => asked.push((instructions, gate, vec![&change.address])),
        }
    }
    if asked.is_empty() {
        return String::new();
    }
    let mut section = "\n### Gates\n\n".to_owned();
    for (instructions, gate, gates) in asked {
        let of_each = count(gates.len(), "gate");
        section += &format!(
            "* **{}** ({of_each}): {}\n  * Proof: {}\n",
            gate.owner,
            text(&instructions),
            code(gate.proof)
        );
        if names {
            let gates: Vec<_> = gates.iter().map(|gate| code(gate)).collect();
            section += &format!("  * Opens {}\n", gates.join(", "));
        }
    }
    section
}

fn gated(change: &ChangeEntry) -> Option<(&ChangeEntry, &Gate)> {
    Some((change, change.gate.as_ref()?))
}

/// The same words for every number, so that they are read once.
fn without_number(change: &ChangeEntry, instructions: &str) -> String {
    let number = change.address.strip_prefix("number[\"");
    match number.and_then(|number| number.split_once('"')) {
        Some((number, _)) if !number.is_empty() => instructions.replace(number, "the number"),
        _ => instructions.to_owned(),
    }
}
