//! What the journal tells of flows: which copies Meta agreed to make. Pure: lines in, facts out.

use std::collections::BTreeSet;

use serde_json::Value;

use super::event::{Answer, Event};
use crate::ids::{AccountStep, Address};

/// What earlier runs did with flows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowsHistory {
    page: Vec<String>,
    copied: BTreeSet<String>,
}

impl FlowsHistory {
    /// Returns the names of the flows that Meta agreed to copy. What it refused one by one is kept
    /// elsewhere.
    pub fn copied(&self) -> &BTreeSet<String> {
        &self.copied
    }

    /// Takes in one more line.
    pub(super) fn note(&mut self, step: &Address, event: &Event) {
        if *step != Address::account(AccountStep::FlowsCopy) {
            return;
        }
        match event {
            Event::Intent { params, .. } => {
                let names = params.get("source_flow_names").and_then(Value::as_array);
                let names = names.into_iter().flatten();
                self.page = names
                    .filter_map(|name| name.as_str().map(str::to_owned))
                    .collect();
            }
            Event::Answered {
                answer: Answer::Accepted { .. },
                ..
            }
            | Event::LookedUp { found: true, .. } => self.copied.extend(self.page.drain(..)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flow_is_copied_once_meta_agreed() {
        let step = Address::account(AccountStep::FlowsCopy);
        let params = json!({"source_flow_names": ["signup"]});
        let ask = Event::Intent {
            step: step.clone(),
            attempt: 1,
            method: "POST".into(),
            path: "/2/migrate_flows".into(),
            params: params.as_object().unwrap().clone(),
            fingerprint: None,
        };
        let mut history = FlowsHistory::default();
        history.note(&step, &ask);
        assert!(history.copied().is_empty());
        let found = Event::LookedUp {
            step: step.clone(),
            found: true,
        };
        history.note(&step, &found);
        assert!(history.copied().contains("signup"));
    }
}
