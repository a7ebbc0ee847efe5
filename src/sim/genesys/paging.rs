//! Numbered pages: `pageNumber` from 1, `pageSize` with a default of 25.

use serde_json::{Map, Value, json};

use super::{
    ask::{Answered, Ask, Reply},
    refusal::Refusal,
    switches::{GenesysSwitches, LargePage},
};

const DEFAULT_SIZE: usize = 25;
/// Every list takes it; more is not documented.
const MOST: usize = 100;

/// Answers with one page of what there is.
pub fn page(switches: &GenesysSwitches, ask: &Ask, all: Vec<Value>) -> Answered {
    let number = number(ask, "pageNumber")?.unwrap_or(1);
    let size = number_or_clamped(switches, ask)?;
    let query = |number: usize| {
        let kept = ask.query.iter().filter(|(name, _)| *name != "pageNumber");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept);
        query.append_pair("pageNumber", &number.to_string());
        format!("{}?{}", ask.path, query.finish())
    };
    Reply::ok(body(switches, all, (number, size), query))
}

/// Makes one page; `uri` makes the address of another.
pub fn body(
    switches: &GenesysSwitches,
    all: Vec<Value>,
    (number, size): (usize, usize),
    uri: impl Fn(usize) -> String,
) -> Value {
    let total = all.len();
    let count = total.div_ceil(size);
    let skipped = (number - 1).saturating_mul(size);
    let shown: Vec<Value> = all.into_iter().skip(skipped).take(size).collect();
    let mut page = Map::new();
    if !(shown.is_empty() && switches.omits_empty_entities) {
        page.insert("entities".into(), Value::Array(shown));
    }
    page.insert("pageSize".into(), json!(size));
    page.insert("pageNumber".into(), json!(number));
    if !switches.sparse_pages {
        page.insert("total".into(), json!(total));
        page.insert("pageCount".into(), json!(count));
    }
    page.insert("firstUri".into(), json!(uri(1)));
    page.insert("lastUri".into(), json!(uri(count.max(1))));
    page.insert("selfUri".into(), json!(uri(number)));
    if number < count {
        page.insert("nextUri".into(), json!(uri(number + 1)));
    }
    if number > 1 {
        page.insert("previousUri".into(), json!(uri(number - 1)));
    }
    Value::Object(page)
}

fn number_or_clamped(switches: &GenesysSwitches, ask: &Ask) -> Result<usize, Refusal> {
    let size = number(ask, "pageSize")?.unwrap_or(DEFAULT_SIZE);
    match switches.large_pages {
        LargePage::Refused if size > MOST => {
            Err(Refusal::value(&size.to_string(), "pageSize", "1 to 100"))
        }
        LargePage::Refused | LargePage::Clamped => Ok(size.min(MOST)),
    }
}

fn number(ask: &Ask, name: &'static str) -> Result<Option<usize>, Refusal> {
    let Some(text) = ask.query(name) else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| *number > 0);
    number
        .map(Some)
        .ok_or_else(|| Refusal::value(text, name, "whole numbers from 1"))
}
