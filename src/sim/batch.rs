//! Batches: up to 50 calls in one POST to the root.
//!
//! Parts run in the order they are written, so what a part waits for is done or failed already. A
//! part may use earlier results: `{result=NAME:$.a.b}`. Files cannot be attached.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/batch-requests>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    call::{Answer, Call, Params},
    error::GraphError,
    graph,
    play::{Outcome, as_part, play},
    rules::Answered,
    world::World,
};

const MOST: usize = 50;
/// Results put into each other would grow without end.
const LONGEST: usize = 1 << 20;

/// One call of a batch, as it is written.
struct Part<'a> {
    name: Option<&'a str>,
    method: &'a str,
    url: &'a str,
    body: &'a str,
    depends_on: Option<&'a str>,
    is_shown: bool,
}

/// Runs all parts and returns their answers in order. A batch that is malformed does nothing.
pub fn run(world: &mut World, call: &Call) -> Answered {
    let parts = match call.params.json("batch")? {
        Some(Value::Array(parts)) => parts,
        _ => return Err(GraphError::parameter("Param batch must be an array.")),
    };
    if parts.len() > MOST {
        return Err(too_many());
    }
    let with_headers =
        !call.params.has("include_headers") || call.params.flag("include_headers")?;
    let parts = parts
        .iter()
        .map(Part::read)
        .collect::<Result<Vec<_>, _>>()?;
    let awaited: BTreeSet<&str> = parts.iter().flat_map(Part::awaits).collect();
    let mut results = BTreeMap::new();
    let mut answers = Vec::with_capacity(parts.len());
    for part in &parts {
        let answer = part.run(world, call, &mut results);
        let is_omitted = answer.as_ref().is_some_and(is_success)
            && !part.is_shown
            && part.name.is_some_and(|name| awaited.contains(name));
        answers.push(match answer {
            Some(outcome) if !is_omitted => as_part(&outcome, with_headers),
            _ => Value::Null,
        });
    }
    Ok(Value::Array(answers))
}

fn too_many() -> GraphError {
    GraphError {
        code: 0,
        kind: Some("GraphBatchException"),
        message: format!("Too many requests in batch message. Maximum batch size is {MOST}"),
        status: Some(400),
        ..GraphError::default()
    }
}

fn is_success(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Answered(answer) | Outcome::Late(answer, _) if answer.status < 400)
}

impl<'a> Part<'a> {
    fn read(part: &'a Value) -> Result<Self, GraphError> {
        let (Some(method), Some(url)) = (part["method"].as_str(), part["relative_url"].as_str())
        else {
            return Err(GraphError::parameter(
                "Each part of a batch needs a method and a relative_url.",
            ));
        };
        Ok(Self {
            name: part["name"].as_str(),
            method,
            url,
            body: part["body"].as_str().unwrap_or_default(),
            depends_on: part["depends_on"].as_str(),
            is_shown: part["omit_response_on_success"] == Value::Bool(false),
        })
    }

    /// Returns the names of the parts whose results it needs.
    fn awaits(&self) -> impl Iterator<Item = &'a str> {
        let used = [self.url, self.body].into_iter().flat_map(references);
        self.depends_on
            .into_iter()
            .chain(used.filter_map(|reference| Some(reference.split_once(':')?.0)))
    }

    /// Returns what came of it; nothing when a part it needs did not succeed.
    fn run(
        &self,
        world: &mut World,
        outer: &Call,
        results: &mut BTreeMap<&'a str, Value>,
    ) -> Option<Outcome> {
        if self.awaits().any(|name| !results.contains_key(name)) {
            return None;
        }
        let outcome = match self.call(outer, results) {
            Ok(call) => play(world, &call),
            Err(error) => Outcome::Answered(graph::refuse(world, outer, &error, None)),
        };
        if let (Some(name), true) = (self.name, is_success(&outcome)) {
            results.insert(name, result_of(&outcome));
        }
        Some(outcome)
    }

    fn call(&self, outer: &Call, results: &BTreeMap<&str, Value>) -> Result<Call, GraphError> {
        let url = resolve(self.url, results)?;
        let body = resolve(self.body, results)?;
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        let mut params: Params = [query, &body]
            .into_iter()
            .flat_map(|text| url::form_urlencoded::parse(text.as_bytes()).into_owned())
            .collect();
        if params.has("batch") {
            return Err(GraphError::parameter(
                "A batch cannot be a part of a batch.",
            ));
        }
        if let Some(proof) = outer.params.text("appsecret_proof")? {
            let given = params.0.entry("appsecret_proof".into());
            given.or_insert(Value::String(proof));
        }
        let mut call = Call::new(self.method, path, params, outer.token.clone());
        call.base.clone_from(&outer.base);
        call.media_base.clone_from(&outer.media_base);
        call.version = call.version.or_else(|| outer.version.clone());
        Ok(call)
    }
}

fn result_of(outcome: &Outcome) -> Value {
    let (Outcome::Answered(Answer { body, .. }) | Outcome::Late(Answer { body, .. }, _)) = outcome
    else {
        return Value::Null;
    };
    serde_json::from_slice(body).unwrap_or(Value::Null)
}

/// Returns each `NAME:$.PATH` that stands in `{result=…}`.
fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split("{result=")
        .skip(1)
        .filter_map(|tail| Some(tail.split_once('}')?.0))
}

/// Puts earlier results where they are referred to.
fn resolve(text: &str, results: &BTreeMap<&str, Value>) -> Result<String, GraphError> {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("{result=") {
        let (reference, after) = tail.split_once('}').ok_or_else(|| unresolved(tail))?;
        resolved.push_str(before);
        resolved.push_str(&look_up(reference, results).ok_or_else(|| unresolved(reference))?);
        if resolved.len() > LONGEST {
            return Err(GraphError::parameter("The batch results are too large."));
        }
        rest = after;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

/// Follows a path like `$.data.0.id`, `$.data[0].id` or `$.data.*.id`; several values are joined
/// by commas.
fn look_up(reference: &str, results: &BTreeMap<&str, Value>) -> Option<String> {
    let (name, path) = reference.split_once(":$.")?;
    let path = path.replace('[', ".").replace(']', "");
    let mut found = vec![results.get(name)?];
    for key in path.split('.') {
        found = found
            .into_iter()
            .flat_map(|value| step(value, key))
            .collect();
    }
    if found.is_empty() {
        return None;
    }
    let texts = found.into_iter().map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    Some(texts.collect::<Vec<_>>().join(","))
}

fn step<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    match value {
        Value::Array(items) if key == "*" => items.iter().collect(),
        Value::Array(items) => {
            let at = key.parse::<usize>().ok();
            at.and_then(|at| items.get(at)).into_iter().collect()
        }
        Value::Object(object) if key == "*" => object.values().collect(),
        other => other.get(key).into_iter().collect(),
    }
}

fn unresolved(reference: &str) -> GraphError {
    GraphError::parameter(format!(
        "Failed to resolve the batch reference {reference}."
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_follow_paths() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            let list = json!({"id": "7", "data": [{"id": "1"}, {"id": "2"}], "n": 3});
            let results = BTreeMap::from([("a", list)]);
            assert_eq!(resolve(text, &results).ok().as_deref(), expected, "{text}");
        }
        check("{result=a:$.id}/edge", Some("7/edge"));
        check("x={result=a:$.data.1.id}&y={result=a:$.n}", Some("x=2&y=3"));
        check("{result=a:$.data[0].id}", Some("1"));
        check("{result=a:$.data.*.id}", Some("1,2"));
        check("{result=a:$.none}", None);
        check("{result=b:$.id}", None);
        check("{result=a}", None);
        check("{result=a:$.id", None);
    }
}
