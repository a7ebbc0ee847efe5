//! Cursor paging: which part of a list a call gets, and how it asks for the next.
//!
//! It knows nothing of what is listed. Cursors name the last element they saw and the moment they
//! were made, so they fail when that element is gone or they are too old.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/results>

use std::ops::Range;

use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::{call::Params, error::GraphError, world::World};
use crate::secret::Secret;

/// Page size when none is asked for.
const DEFAULT_LIMIT: usize = 25;

/// Where `next` and `previous` lead.
pub struct Link<'a> {
    /// Scheme, host and version.
    pub base: String,
    /// The edge's path.
    pub path: String,
    /// The parameters to repeat.
    pub params: &'a Params,
    /// The token: Graph repeats it in the link.
    pub token: &'a Secret,
}

impl Link<'_> {
    fn to(&self, direction: &str, cursor: &str, limit: usize) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("access_token", self.token.expose());
        for (name, value) in &self.params.0 {
            if matches!(
                name.as_str(),
                "limit" | "after" | "before" | "appsecret_proof"
            ) {
                continue;
            }
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            query.append_pair(name, &text);
        }
        query.append_pair("limit", &limit.to_string());
        query.append_pair(direction, cursor);
        format!("{}/{}?{}", self.base, self.path, query.finish())
    }
}

/// Part of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// The elements on it.
    pub range: Range<usize>,
    /// `paging`; absent for an empty list.
    pub paging: Option<Value>,
}

/// Returns the page of `ids` that `params` ask for, at most `most` long.
pub fn page(
    world: &World,
    ids: &[&str],
    params: &Params,
    most: usize,
    link: &Link<'_>,
) -> Result<Page, GraphError> {
    let limit = match params.uint("limit")? {
        Some(0) => return Err(GraphError::parameter("Param limit must be greater than 0.")),
        Some(limit) => limit.min(most),
        None => DEFAULT_LIMIT.min(most),
    };
    let after = cursor(world, params, "after")?;
    let before = cursor(world, params, "before")?;
    if let Some(after) = &after
        && world.switches.empty_pages
        && !after.passed_empty
    {
        return Ok(empty_page(world, after, limit, link));
    }
    let range = match (after, before) {
        (Some(after), _) => {
            let from = after.position(ids)? + 1;
            from..(from + limit).min(ids.len())
        }
        (None, Some(before)) => {
            let to = before.position(ids)?;
            to.saturating_sub(limit)..to
        }
        (None, None) => 0..limit.min(ids.len()),
    };
    let paging = links(world, ids, &range, limit, link);
    Ok(Page { range, paging })
}

fn links(
    world: &World,
    ids: &[&str],
    range: &Range<usize>,
    limit: usize,
    link: &Link<'_>,
) -> Option<Value> {
    let shown = ids.get(range.clone()).filter(|shown| !shown.is_empty())?;
    let make = |id: &str| {
        Cursor {
            id: id.to_owned(),
            made: world.now,
            passed_empty: false,
        }
        .text()
    };
    let first = make(shown.first()?);
    let last = make(shown.last()?);
    let mut paging = json!({"cursors": {"before": first, "after": last}});
    if range.end < ids.len() {
        paging["next"] = json!(link.to("after", &last, limit));
    }
    if range.start > 0 {
        paging["previous"] = json!(link.to("before", &first, limit));
    }
    Some(paging)
}

fn empty_page(world: &World, after: &Cursor, limit: usize, link: &Link<'_>) -> Page {
    let on = Cursor {
        id: after.id.clone(),
        made: world.now,
        passed_empty: true,
    }
    .text();
    let next = link.to("after", &on, limit);
    Page {
        range: 0..0,
        paging: Some(json!({"cursors": {"after": on}, "next": next})),
    }
}

fn cursor(world: &World, params: &Params, name: &str) -> Result<Option<Cursor>, GraphError> {
    let Some(text) = params.text(name)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let cursor = Cursor::read(&text).ok_or_else(invalid)?;
    let is_fresh = world.is_within(cursor.made, world.switches.cursor_seconds);
    if is_fresh {
        Ok(Some(cursor))
    } else {
        Err(invalid())
    }
}

fn invalid() -> GraphError {
    GraphError::parameter("Invalid parameter: the cursor is invalid or has expired.")
}

struct Cursor {
    id: String,
    made: Timestamp,
    passed_empty: bool,
}

impl Cursor {
    fn text(&self) -> String {
        let mark = if self.passed_empty { 'e' } else { 'p' };
        let plain = format!("{mark}.{}.{}", self.made.as_second(), self.id);
        format!("QVFIU{}ZD", hex::encode(plain))
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = hex::decode(text.strip_prefix("QVFIU")?.strip_suffix("ZD")?).ok()?;
        let plain = String::from_utf8(bytes).ok()?;
        let mut parts = plain.splitn(3, '.');
        let passed_empty = parts.next()? == "e";
        let made = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
        let id = parts.next()?.to_owned();
        Some(Self {
            id,
            made,
            passed_empty,
        })
    }

    fn position(&self, ids: &[&str]) -> Result<usize, GraphError> {
        ids.iter().position(|id| *id == self.id).ok_or_else(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [&str; 5] = ["1", "2", "3", "4", "5"];

    fn read(world: &World, params: &[(&str, &str)]) -> Result<Page, GraphError> {
        let params: Params = params.iter().copied().collect();
        let link = Link {
            base: "https://graph.facebook.com/v25.0".into(),
            path: "7/things".into(),
            params: &params,
            token: &Secret::new("EAA"),
        };
        page(world, &IDS, &params, 100, &link)
    }

    /// Follows `next` as a client does and returns all ranges.
    fn walk(world: &mut World, limit: &str) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        let mut after = String::new();
        loop {
            let page = read(world, &[("limit", limit), ("after", &after)]).unwrap();
            ranges.push(page.range);
            let paging = page.paging.unwrap();
            if paging["next"].is_null() {
                return ranges;
            }
            after = paging["cursors"]["after"].as_str().unwrap().to_owned();
        }
    }

    #[test]
    fn every_element_comes_once() {
        let mut world = World::empty(1, Timestamp::UNIX_EPOCH);
        assert_eq!(walk(&mut world, "2"), [0..2, 2..4, 4..5]);
        assert_eq!(walk(&mut world, "4"), [0..4, 4..5]);
        world.switches.empty_pages = true;
        assert_eq!(walk(&mut world, "2"), [0..2, 0..0, 2..4, 0..0, 4..5]);
    }

    #[test]
    fn one_can_go_back() {
        let world = World::empty(1, Timestamp::UNIX_EPOCH);
        let second = read(
            &world,
            &[("limit", "2"), ("after", &cursor_at(&world, "2"))],
        )
        .unwrap();
        let paging = second.paging.unwrap();
        let previous = paging["previous"].as_str().unwrap();
        assert!(
            previous.starts_with("https://graph.facebook.com/v25.0/7/things?access_token=EAA&")
        );
        let before = paging["cursors"]["before"].as_str().unwrap();
        assert_eq!(
            read(&world, &[("limit", "2"), ("before", before)])
                .unwrap()
                .range,
            0..2
        );
    }

    fn cursor_at(world: &World, id: &str) -> String {
        Cursor {
            id: id.into(),
            made: world.now,
            passed_empty: false,
        }
        .text()
    }

    #[test]
    fn bad_and_old_cursors_are_refused() {
        let mut world = World::empty(1, Timestamp::UNIX_EPOCH);
        let good = cursor_at(&world, "2");
        assert!(read(&world, &[("after", &good)]).is_ok());
        assert!(read(&world, &[("after", "MjQZD")]).is_err());
        assert!(read(&world, &[("after", &cursor_at(&world, "9"))]).is_err());
        assert!(read(&world, &[("limit", "0")]).is_err());
        world.now = world.after(3601);
        assert!(read(&world, &[("after", &good)]).is_err());
    }
}
