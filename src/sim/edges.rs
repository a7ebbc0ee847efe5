//! The lists of an account: its numbers, templates, solutions and subscribed apps; and a portfolio's accounts.
//!
//! Filtering, order, paging and summaries are here; the fields of one element are in
//! [`super::nodes`].

use serde_json::{Value, json};

use super::{
    call::{Call, Params},
    error::GraphError,
    fields::{self, Field},
    links, nodes,
    paging::{self, Link, Page},
    switches::LargePages,
    words::{AccountMode, Category, NameStatus, Quality, TemplateStatus, Verification},
    world::{Number, Template, Token, Waba, World},
};
use crate::ids::{BusinessId, PhoneNumberId, TemplateId, WabaId};

/// The largest page of numbers; the OpenAPI document says so.
const MOST_NUMBERS: usize = 100;
/// Pages of templates with components fail from here on, as clients report.
const LARGE_PAGE: usize = 500;

/// What a read knows besides the object: the world, the call and who calls.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The world.
    pub world: &'a World,
    /// The call, for links.
    pub call: &'a Call,
    /// The major version that serves it.
    pub version: u16,
    /// Who calls.
    pub token: &'a Token,
}

impl<'a> Reading<'a> {
    /// Reads one account, with the lists that its selection names.
    pub fn waba(&self, found: (&WabaId, &Waba), params: &Params) -> Result<Value, GraphError> {
        let selection = fields::of(params, &nodes::WABA_FIELDS)?;
        self.waba_node(found, &selection)
    }

    fn waba_node(&self, found: (&WabaId, &Waba), selection: &[Field]) -> Result<Value, GraphError> {
        nodes::waba(self.world, found, selection, |field| {
            self.edge(found.0, &field.name, &edge_params(field))
        })
    }

    /// Reads one of an account's lists; nothing when there is no list of that name.
    pub fn edge(
        &self,
        waba: &WabaId,
        name: &str,
        params: &Params,
    ) -> Option<Result<Value, GraphError>> {
        match name {
            "phone_numbers" => Some(self.numbers(waba, params)),
            "message_templates" => Some(self.templates(waba, params)),
            "flows" => Some(self.flows(waba, params)),
            "solutions" => Some(self.solutions(waba, params)),
            "subscribed_apps" => self
                .world
                .wabas
                .get(waba)
                .map(|found| Ok(self.subscribed(found))),
            _ => None,
        }
    }

    fn numbers(&self, waba: &WabaId, params: &Params) -> Result<Value, GraphError> {
        let modes = account_mode_filter(params)?;
        let mut numbers: Vec<(&PhoneNumberId, &Number)> = self
            .world
            .numbers
            .iter()
            .filter(|(_, number)| number.waba == *waba)
            .filter(|(_, number)| modes.iter().all(|mode| number.mode == *mode))
            .collect();
        numbers.sort_by_key(|(_, number)| number.onboarded);
        if !sorts_ascending(params)? {
            numbers.reverse();
        }
        let ids: Vec<&str> = numbers.iter().map(|(id, _)| id.as_str()).collect();
        let page = self.page(&ids, params, MOST_NUMBERS, &format!("{waba}/phone_numbers"))?;
        let selection = fields::of(params, &nodes::NUMBER_FIELDS)?;
        let data = numbers[page.range.clone()]
            .iter()
            .map(|found| nodes::number(self.world, self.version, *found, &selection))
            .collect::<Result<Vec<_>, _>>()?;
        let mut list = listed(data, page);
        if summary(params)?.iter().any(|word| word == "total_count") {
            list["summary"] = json!({"total_count": numbers.len()});
        }
        Ok(list)
    }

    fn templates(&self, waba: &WabaId, params: &Params) -> Result<Value, GraphError> {
        let selection = fields::of(params, &nodes::TEMPLATE_FIELDS)?;
        let most = self.largest_template_page(params, &selection)?;
        let filter = TemplateFilter::read(params)?;
        let templates: Vec<(&TemplateId, &Template)> = self
            .world
            .templates_of(waba)
            .filter(|(_, template)| filter.admits(template))
            .collect();
        let ids: Vec<&str> = templates.iter().map(|(id, _)| id.as_str()).collect();
        let page = self.page(&ids, params, most, &format!("{waba}/message_templates"))?;
        let data = templates[page.range.clone()]
            .iter()
            .map(|found| self.template(*found, &selection))
            .collect::<Result<Vec<_>, _>>()?;
        let mut list = listed(data, page);
        let wanted = summary(params)?;
        if !wanted.is_empty() {
            list["summary"] = self.template_summary(waba, &wanted, templates.len());
        }
        Ok(list)
    }

    /// Reads one template; media shows as links.
    pub fn template(
        &self,
        found: (&TemplateId, &Template),
        selection: &[Field],
    ) -> Result<Value, GraphError> {
        let mut node = nodes::template(self.world, found, selection)?;
        links::show(self.world, self.call, &mut node);
        Ok(node)
    }

    fn largest_template_page(
        &self,
        params: &Params,
        selection: &[Field],
    ) -> Result<usize, GraphError> {
        let is_large = params
            .uint("limit")?
            .is_some_and(|limit| limit >= LARGE_PAGE)
            && selection.iter().any(|field| field.name == "components");
        match self.world.switches.large_pages {
            LargePages::Refused if is_large => Err(GraphError::too_much_data()),
            LargePages::Refused => Ok(usize::MAX),
            LargePages::Clamped => Ok(LARGE_PAGE - 1),
        }
    }

    fn template_summary(&self, waba: &WabaId, wanted: &[String], filtered: usize) -> Value {
        let mut summary = json!({});
        for word in wanted {
            match word.as_str() {
                "total_count" => summary["total_count"] = json!(filtered),
                "message_template_count" => {
                    summary["message_template_count"] =
                        json!(self.world.templates_of(waba).count());
                }
                "message_template_limit" => {
                    summary["message_template_limit"] = json!(template_limit(self.world, waba));
                }
                "are_translations_complete" => summary["are_translations_complete"] = json!(true),
                _ => {}
            }
        }
        summary
    }

    /// Which solutions an account may choose is not known here: all of them.
    fn solutions(&self, waba: &WabaId, params: &Params) -> Result<Value, GraphError> {
        let solutions: Vec<_> = self.world.solutions.iter().collect();
        let ids: Vec<&str> = solutions.iter().map(|(id, _)| id.as_str()).collect();
        let page = self.page(&ids, params, 100, &format!("{waba}/solutions"))?;
        let selection = fields::of(params, &nodes::SOLUTION_FIELDS)?;
        let data = solutions[page.range.clone()]
            .iter()
            .map(|found| nodes::solution(*found, &selection))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(listed(data, page))
    }

    fn subscribed(&self, waba: &Waba) -> Value {
        let data: Vec<Value> = waba
            .subscriptions
            .iter()
            .map(|(app, callback)| {
                let name = self.world.apps.get(app).map_or("", |app| app.name.as_str());
                let link = format!("https://www.facebook.com/games/?app_id={app}");
                let mut item =
                    json!({"whatsapp_business_api_data": {"id": app, "name": name, "link": link}});
                if let Some(url) = callback {
                    item["override_callback_uri"] = json!(url);
                }
                item
            })
            .collect();
        json!({ "data": data })
    }

    /// Lists the accounts a portfolio owns, as far as the token reaches.
    pub fn owned(&self, business: &BusinessId, params: &Params) -> Result<Value, GraphError> {
        let owned: Vec<(&WabaId, &Waba)> = self
            .world
            .wabas
            .iter()
            .filter(|(id, waba)| waba.owner == *business && self.token.reaches(id))
            .collect();
        let ids: Vec<&str> = owned.iter().map(|(id, _)| id.as_str()).collect();
        let path = format!("{business}/owned_whatsapp_business_accounts");
        let page = self.page(&ids, params, 100, &path)?;
        let selection = fields::of(params, &nodes::WABA_FIELDS)?;
        let data = owned[page.range.clone()]
            .iter()
            .map(|found| self.waba_node(*found, &selection))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(listed(data, page))
    }

    /// Returns the part of a list that a call asks for.
    pub fn page(
        &self,
        ids: &[&str],
        params: &Params,
        most: usize,
        path: &str,
    ) -> Result<Page, GraphError> {
        let link = Link {
            base: format!("{}/v{}.0", self.call.base, self.version),
            path: path.to_owned(),
            params,
            token: &self.token.value,
        };
        paging::page(self.world, ids, params, most, &link)
    }
}

/// Returns how many templates an account may hold: 250, or 6,000 for a verified portfolio when
/// the account has a registered number with an approved name.
///
/// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>
pub fn template_limit(world: &World, waba: &WabaId) -> usize {
    let account = world.wabas.get(waba);
    if let Some(limit) = account.and_then(|account| account.template_limit) {
        return limit;
    }
    let has_named_number = world.numbers.values().any(|number| {
        number.waba == *waba && number.is_live() && number.name_status == NameStatus::Approved
    });
    let is_verified = account
        .is_some_and(|account| nodes::verification(world, account) == Verification::Verified);
    if has_named_number && is_verified {
        6000
    } else {
        250
    }
}

fn edge_params(field: &Field) -> Params {
    let mut params = field.params.clone();
    if let Some(nested) = &field.nested {
        params.0.insert("fields".into(), json!(nested));
    }
    params
}

/// Returns a page as the answer of a list.
pub fn listed(data: Vec<Value>, page: Page) -> Value {
    let mut list = json!({ "data": data });
    if let Some(paging) = page.paging {
        list["paging"] = paging;
    }
    list
}

fn summary(params: &Params) -> Result<Vec<String>, GraphError> {
    let words = params.list("summary")?.unwrap_or_default();
    let all = words.join(",");
    Ok(match all.as_str() {
        "true" | "1" => vec!["total_count".to_owned()],
        _ => all
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect(),
    })
}

fn sorts_ascending(params: &Params) -> Result<bool, GraphError> {
    match params
        .list("sort")?
        .unwrap_or_default()
        .join("")
        .trim_matches(['\'', '[', ']'])
    {
        "" | "last_onboarded_time_descending" => Ok(false),
        "last_onboarded_time_ascending" => Ok(true),
        other => Err(GraphError::parameter(format!(
            "Param sort has an unknown value {other}."
        ))),
    }
}

/// Returns the modes a number must all have.
fn account_mode_filter(params: &Params) -> Result<Vec<AccountMode>, GraphError> {
    let rules = match params.json("filtering")? {
        None => return Ok(Vec::new()),
        Some(Value::Array(rules)) => rules,
        Some(_) => return Err(GraphError::parameter("Param filtering must be an array.")),
    };
    rules
        .iter()
        .map(|rule| {
            let mode = rule["value"].as_str().and_then(AccountMode::from_word);
            match (rule["field"].as_str(), rule["operator"].as_str(), mode) {
                (Some("account_mode"), Some("EQUAL"), Some(mode)) => Ok(mode),
                _ => Err(GraphError::parameter(
                    "Param filtering has a field, operator or value that is not supported.",
                )),
            }
        })
        .collect()
}

struct TemplateFilter {
    name: Option<String>,
    content: Option<String>,
    name_or_content: Option<String>,
    languages: Option<Vec<String>>,
    statuses: Option<Vec<TemplateStatus>>,
    categories: Option<Vec<Category>>,
    qualities: Option<Vec<Quality>>,
}

/// Filters of which the world knows nothing; better refused than ignored.
const UNKNOWN_FILTERS: [&str; 3] = ["source", "since", "until"];

/// Reads a list of words; one that does not exist is refused.
fn words<T>(
    params: &Params,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<Vec<T>>, GraphError> {
    let Some(words) = params.list(name)? else {
        return Ok(None);
    };
    let read = |word: String| {
        read(&word).ok_or_else(|| {
            GraphError::parameter(format!("Param {name} has an unknown value {word}."))
        })
    };
    words
        .into_iter()
        .map(read)
        .collect::<Result<_, _>>()
        .map(Some)
}

impl TemplateFilter {
    fn read(params: &Params) -> Result<Self, GraphError> {
        if let Some(name) = UNKNOWN_FILTERS.iter().find(|name| params.has(name)) {
            return Err(GraphError::not_simulated(&format!("the filter {name}")));
        }
        Ok(Self {
            name: params.text("name")?,
            content: params.text("content")?,
            name_or_content: params.text("name_or_content")?,
            languages: params.list("language")?,
            statuses: words(params, "status", TemplateStatus::from_word)?,
            categories: words(params, "category", Category::from_word)?,
            qualities: words(params, "quality_score", Quality::from_word)?,
        })
    }

    /// `name` matches a substring, as clients report.
    fn admits(&self, template: &Template) -> bool {
        let named = |part: &String| template.name.contains(part.as_str());
        let says = |part: &String| texts(&template.components).any(|text| text.contains(part));
        self.name.as_ref().is_none_or(named)
            && self.content.as_ref().is_none_or(says)
            && self
                .name_or_content
                .as_ref()
                .is_none_or(|part| named(part) || says(part))
            && is_within(self.languages.as_ref(), &template.language)
            && is_within(self.statuses.as_ref(), &template.status)
            && is_within(self.categories.as_ref(), &template.category)
            && is_within(self.qualities.as_ref(), &template.quality)
    }
}

fn is_within<T: PartialEq>(wanted: Option<&Vec<T>>, value: &T) -> bool {
    wanted.is_none_or(|list| list.contains(value))
}

/// Returns the text of each component.
fn texts(components: &Value) -> impl Iterator<Item = &str> {
    let components = components.as_array().into_iter().flatten();
    components.filter_map(|component| component["text"].as_str())
}
