//! Batches: up to 50 calls in one POST to the root.
//!
//! Parts run in the order they are written, so `depends_on` is always met or failed already.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/batch-requests>

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    call::{Call, Params},
    error::GraphError,
    play::{Outcome, as_part, play},
    rules::Answered,
    world::World,
};

const MOST: usize = 50;

/// Runs all parts and returns their answers in order.
pub fn run(world: &mut World, call: &Call) -> Answered {
    let parts = match call.params.json("batch")? {
        Some(Value::Array(parts)) => parts,
        _ => return Err(GraphError::parameter("Param batch must be an array.")),
    };
    if parts.len() > MOST {
        return Err(GraphError {
            code: 0,
            kind: Some("GraphBatchException"),
            message: format!("Too many requests in batch message. Maximum batch size is {MOST}"),
            status: Some(400),
            ..GraphError::default()
        });
    }
    let with_headers =
        !call.params.has("include_headers") || call.params.flag("include_headers")?;
    let mut results = BTreeMap::new();
    let answers = parts
        .iter()
        .map(|part| run_part(world, call, part, &mut results, with_headers))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Value::Array(answers))
}

fn run_part(
    world: &mut World,
    outer: &Call,
    part: &Value,
    results: &mut BTreeMap<String, Value>,
    with_headers: bool,
) -> Answered {
    if let Some(needed) = part["depends_on"].as_str()
        && !results.contains_key(needed)
    {
        return Ok(Value::Null);
    }
    let call = inner(outer, part, results)?;
    let outcome = play(world, &call);
    let answer = as_part(&outcome, with_headers);
    let is_ok = matches!(&outcome, Outcome::Answered(answer) | Outcome::Late(answer, _) if answer.status < 400);
    let Some(name) = part["name"].as_str().filter(|_| is_ok) else {
        return Ok(answer);
    };
    let body = answer["body"]
        .as_str()
        .and_then(|body| serde_json::from_str(body).ok());
    results.insert(name.to_owned(), body.unwrap_or(Value::Null));
    let is_shown = part["omit_response_on_success"] == Value::Bool(false);
    Ok(if is_shown { answer } else { Value::Null })
}

fn inner(
    outer: &Call,
    part: &Value,
    results: &BTreeMap<String, Value>,
) -> Result<Call, GraphError> {
    let (Some(method), Some(url)) = (part["method"].as_str(), part["relative_url"].as_str()) else {
        return Err(GraphError::parameter(
            "Each part of a batch needs a method and a relative_url.",
        ));
    };
    let url = resolve(url, results)?;
    let body = resolve(part["body"].as_str().unwrap_or_default(), results)?;
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let pairs = [query, &body].into_iter().flat_map(|text| {
        url::form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect::<Vec<_>>()
    });
    let mut params: Params = pairs.collect();
    if let Some(proof) = outer.params.text("appsecret_proof")? {
        params
            .0
            .entry("appsecret_proof".into())
            .or_insert(Value::String(proof));
    }
    let mut call = Call::new(method, path, params, outer.token.clone()).at(outer.base.clone());
    call.version = call.version.or_else(|| outer.version.clone());
    Ok(call)
}

/// Puts earlier results where `{result=NAME:$.a.b}` stands.
fn resolve(text: &str, results: &BTreeMap<String, Value>) -> Result<String, GraphError> {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("{result=") {
        let (reference, after) = tail.split_once('}').ok_or_else(|| unresolved(tail))?;
        resolved.push_str(before);
        resolved.push_str(&look_up(reference, results).ok_or_else(|| unresolved(reference))?);
        rest = after;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

fn look_up(reference: &str, results: &BTreeMap<String, Value>) -> Option<String> {
    let (name, path) = reference.split_once(":$.")?;
    let mut value = results.get(name)?;
    for key in path.split('.') {
        value = match value {
            Value::Array(items) => items.get(key.parse::<usize>().ok()?)?,
            other => other.get(key)?,
        };
    }
    Some(
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned),
    )
}

fn unresolved(reference: &str) -> GraphError {
    GraphError::parameter(format!(
        "Failed to resolve the batch reference {reference}."
    ))
}
