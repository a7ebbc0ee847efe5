//! Response management: libraries and the canned responses in them.

use serde_json::{Value, json};

use super::{
    ask::{Answered, Ask, Reply, malformed, missing},
    objects,
    organization::{Organization, reference, stamp},
    paging,
    refusal::Refusal,
    switches::ResponseUpdate,
};
use crate::sim::world::World;

/// The most entities of one page of a search.
const MOST_FOUND: u64 = 500;

/// Lists libraries; `messagingTemplateFilter=whatsapp` those with a WhatsApp template in them.
pub fn libraries(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let holds = |library: &Value| {
        let id = library["id"].as_str().unwrap_or_default();
        let mut held = org.responses.0.iter().filter(|it| is_in(it, id));
        held.any(is_whatsapp)
    };
    let filter = match ask.query("messagingTemplateFilter") {
        None => false,
        Some("whatsapp") => true,
        Some(other) => return Err(Refusal::value(other, "messagingTemplateFilter", "whatsapp")),
    };
    let prefix = ask.query("libraryPrefix").unwrap_or_default();
    let wanted = org.libraries.0.iter();
    let wanted = wanted.filter(|it| !filter || holds(it)).filter(|it| {
        it["name"]
            .as_str()
            .is_some_and(|name| name.starts_with(prefix))
    });
    let shown = wanted.cloned().collect();
    paging::page(&org.switches, ask, shown)
}

/// Shows one library.
pub fn library(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    Reply::ok(objects::find(&org.libraries, ask.id())?.clone())
}

fn is_in(response: &Value, library: &str) -> bool {
    let libraries = response["libraries"].as_array();
    libraries.is_some_and(|all| all.iter().any(|held| held["id"] == library))
}

fn is_whatsapp(response: &Value) -> bool {
    response["messagingTemplate"]["whatsApp"].is_object()
}

/// Lists the canned responses of one library. There is no list of all.
pub fn list(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let library = ask.query("libraryId");
    let library = library.ok_or_else(|| Refusal::bad("The parameter libraryId is required."))?;
    objects::find(&org.libraries, library)?;
    let wanted = org.responses.0.iter();
    let wanted = wanted
        .filter(|it| is_in(it, library))
        .filter(|it| is_listed(world, org, it));
    let shown = wanted.cloned().collect();
    paging::page(&org.switches, ask, shown)
}

fn is_listed(world: &World, org: &Organization, response: &Value) -> bool {
    let fresh = org.fresh.iter().find(|fresh| response["id"] == fresh.id);
    fresh.is_none_or(|fresh| fresh.listed_from <= world.now)
}

/// Shows one canned response.
pub fn get(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let id = ask.id();
    let fresh = org.fresh.iter().find(|fresh| fresh.id == id);
    if fresh.is_some_and(|fresh| fresh.found_from > world.now) {
        return Err(Refusal::not_found().about(id));
    }
    Reply::ok(objects::find(&org.responses, id)?.clone())
}

/// Makes a canned response.
pub fn create(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let mut made = Value::Object(ask.object()?.clone());
    ask.required("name")?;
    check(org, &made)?;
    if org.tally.failed_preconditions < org.switches.failing_preconditions {
        org.tally.failed_preconditions += 1;
        let message = "The library of the response is not ready.";
        return Err(Refusal::new(412, "precondition.failed", message));
    }
    let id = world.invent_uuid();
    made["id"] = json!(id);
    made["version"] = json!(1);
    made["createdBy"] = reference("/api/v2/users", &org.user);
    made["dateCreated"] = json!(stamp(world.now));
    made["selfUri"] = json!(format!("/api/v2/responsemanagement/responses/{id}"));
    org.appears(world, &id);
    org.responses.0.push(made.clone());
    index(world, org, &id, Some(made.clone()));
    Reply::ok(made)
}

fn check(org: &Organization, response: &Value) -> Result<(), Refusal> {
    let libraries = response["libraries"].as_array();
    let libraries = libraries.filter(|all| !all.is_empty());
    for library in libraries.ok_or_else(|| missing("libraries"))? {
        let id = library["id"].as_str().unwrap_or_default();
        if org.libraries.get(id).is_none() {
            return Err(Refusal::bad(format!("Could not find library with id {id}.")).about(id));
        }
    }
    let texts = response["texts"].as_array();
    if texts.is_none_or(Vec::is_empty) {
        return Err(missing("texts"));
    }
    let template = &response["messagingTemplate"]["whatsApp"];
    if template.is_object() {
        for name in ["name", "language"] {
            let text = template[name].as_str().unwrap_or_default();
            if text.is_empty() {
                return Err(missing(&format!("messagingTemplate.whatsApp.{name}")));
            }
        }
    }
    Ok(())
}

/// Replaces a canned response.
pub fn put(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let id = ask.id();
    let present = objects::find(&org.responses, id)?;
    let mut next = objects::replaced(org, present, ask, world.now)?;
    if org.switches.response_update == ResponseUpdate::TemplateIgnored {
        keep_template(&mut next, present);
    }
    check(org, &next)?;
    index(world, org, id, Some(next.clone()));
    objects::put(&mut org.responses, id, next)
}

fn keep_template(next: &mut Value, present: &Value) {
    let kept = present.get("messagingTemplate").cloned();
    if let Some(object) = next.as_object_mut() {
        object.remove("messagingTemplate");
        object.extend(kept.map(|kept| ("messagingTemplate".to_owned(), kept)));
    }
}

/// Deletes a canned response. What names it is left alone.
pub fn delete(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let id = ask.id();
    objects::find(&org.responses, id)?;
    org.responses.remove(id);
    index(world, org, id, None);
    Reply::nothing()
}

/// The search learns of a change later.
fn index(world: &World, org: &mut Organization, id: &str, object: Option<Value>) {
    let at = world.after(org.switches.search_lag_seconds);
    org.index.coming.push((at, id.to_owned(), object));
}

/// Searches canned responses of all libraries.
pub fn query(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    ask.object()?;
    org.index.learn(world.now);
    let number = |name: &'static str, most: u64, otherwise: u64| match &ask.body[name] {
        Value::Null => Ok(otherwise),
        value => value
            .as_u64()
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| Refusal::value(&value.to_string(), name, "whole numbers from 1")),
    };
    let (page, size) = (
        number("pageNumber", u64::MAX, 1)?,
        number("pageSize", MOST_FOUND, 25)?,
    );
    let filters = filters(ask)?;
    let phrase = ask.text("queryPhrase")?.unwrap_or_default().to_lowercase();
    let is_found = |response: &&Value| {
        let says = response["name"].to_string() + &response["texts"].to_string();
        says.to_lowercase().contains(&phrase)
            && filters.iter().all(|filter| filter.admits(response))
    };
    let found = org.index.known.0.iter().filter(is_found).cloned().collect();
    let place = (
        usize::try_from(page).unwrap_or(usize::MAX),
        usize::try_from(size).unwrap_or(usize::MAX),
    );
    let uri = |number: usize| format!("{}?pageNumber={number}", ask.path);
    let results = paging::body(&org.switches, found, place, uri);
    Reply::ok(json!({ "results": results }))
}

struct Filter {
    name: String,
    operator: String,
    values: Vec<String>,
}

fn filters(ask: &Ask) -> Result<Vec<Filter>, Refusal> {
    let Some(filters) = ask.body["filters"].as_array() else {
        return Ok(Vec::new());
    };
    let read = |filter: &Value| {
        let values = filter["values"].as_array().ok_or_else(malformed)?;
        let values = values.iter().filter_map(Value::as_str);
        let filter = Filter {
            name: filter["name"].as_str().unwrap_or_default().to_owned(),
            operator: filter["operator"].as_str().unwrap_or_default().to_owned(),
            values: values.map(str::to_owned).collect(),
        };
        filter.check().map(|()| filter)
    };
    filters.iter().map(read).collect()
}

impl Filter {
    fn check(&self) -> Result<(), Refusal> {
        let names = "name, libraryId, text.contentType, messagingTemplate, responseType";
        if !names.split(", ").any(|name| name == self.name) {
            return Err(Refusal::value(&self.name, "name", names));
        }
        let operators = "IN, EQUALS, NOTEQUALS, BEGINS_WITH, ENDS_WITH, CONTAINS";
        if !operators.split(", ").any(|it| it == self.operator) {
            return Err(Refusal::value(&self.operator, "operator", operators));
        }
        Ok(())
    }

    fn admits(&self, response: &Value) -> bool {
        let has = self.texts(response);
        let any = |fits: fn(&str, &str) -> bool| {
            let fits = |value: &String| has.iter().any(|text| fits(text, value));
            self.values.iter().any(fits)
        };
        match self.operator.as_str() {
            "NOTEQUALS" => !any(|text, value| text == value),
            "BEGINS_WITH" => any(|text, value| text.starts_with(value)),
            "ENDS_WITH" => any(|text, value| text.ends_with(value)),
            "CONTAINS" => any(|text, value| text.contains(value)),
            _ => any(|text, value| text == value),
        }
    }

    fn texts<'a>(&self, response: &'a Value) -> Vec<&'a str> {
        let each = |name: &str, part: &str| {
            let items = response[name].as_array().into_iter().flatten();
            items.filter_map(|item| item[part].as_str()).collect()
        };
        match self.name.as_str() {
            "libraryId" => each("libraries", "id"),
            "text.contentType" => each("texts", "contentType"),
            "messagingTemplate" if is_whatsapp(response) => vec!["whatsapp"],
            "messagingTemplate" => Vec::new(),
            name => response[name].as_str().into_iter().collect(),
        }
    }
}
