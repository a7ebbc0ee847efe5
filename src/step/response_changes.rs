//! Which canned responses are to be changed, and to what. Pure.
//!
//! A response names a namespace, a carousel an integration, and each is judged alone: the namespace of the
//! source becomes the target's where the template is there, the old integration of a number its new one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Action, Call, Change, words::count};
use crate::{
    ids::{IntegrationId, ResponseId, TemplateKey},
    resource::genesys::{
        raw::Changed,
        response::{Response, WhatsAppTemplate},
    },
};

/// Stands for the id of an integration that is not known yet.
const UNKNOWN: &str = "{integration_id}";

/// What stands in the template of a canned response, where it is not the target's already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    /// None, the target's, or one that is no affair of the plan's.
    Other,
    /// The source's, and the template is on the target.
    Now,
    /// The source's, and the template comes to the target.
    Later,
    /// The source's, and the template does not come.
    Never,
}

/// What is to be another in one canned response.
pub(super) struct Wanted<'a> {
    pub(super) template: WhatsAppTemplate<'a>,
    pub(super) namespace: Namespace,
    /// The old integration of a number, and the new one, where that is known.
    pub(super) integration: Option<(&'a str, Option<&'a IntegrationId>)>,
}

/// Which canned responses are to be changed, and to what.
#[derive(Debug, Default)]
pub(super) struct Aim {
    pub(super) source: String,
    pub(super) target: String,
    pub(super) there: BTreeSet<TemplateKey>,
    pub(super) coming: BTreeSet<TemplateKey>,
    /// Old integrations of the plan's numbers, each with the new one.
    pub(super) moved: BTreeMap<IntegrationId, Option<IntegrationId>>,
}

impl Aim {
    pub(super) fn wanted<'a>(&'a self, response: &'a Response) -> Option<Wanted<'a>> {
        let template = response.template()?;
        let is_source = self.source != self.target && template.namespace == Some(&*self.source);
        let key = template.key();
        let namespace = match is_source {
            false => Namespace::Other,
            true if self.there.contains(&key) => Namespace::Now,
            true if self.coming.contains(&key) => Namespace::Later,
            true => Namespace::Never,
        };
        let integration = template.integration.and_then(|old| {
            let id: IntegrationId = old.parse().ok()?;
            Some((old, self.moved.get(&id)?.as_ref()))
        });
        Some(Wanted {
            template,
            namespace,
            integration,
        })
    }

    /// Makes the change that can be made now.
    pub(super) fn change(&self, response: &Response) -> Option<Changed> {
        let wanted = self.wanted(response)?;
        let namespace = (wanted.namespace == Namespace::Now).then_some(&*self.target);
        let integration = wanted.integration.and_then(|(old, new)| Some((old, new?)));
        response.repointed(namespace, integration)
    }
}

impl Wanted<'_> {
    fn gets_namespace(&self) -> bool {
        matches!(self.namespace, Namespace::Now | Namespace::Later)
    }

    fn is_to_change(&self) -> bool {
        self.gets_namespace() || self.integration.is_some()
    }

    /// Whether something is to be another that cannot be made so now.
    pub(super) fn waits(&self) -> bool {
        self.namespace == Namespace::Later || self.integration.is_some_and(|(_, new)| new.is_none())
    }
}

/// Names canned responses for people: by name, and by id too where several have the same.
pub(super) fn labels(responses: &[Response]) -> BTreeMap<&ResponseId, String> {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for response in responses {
        *names.entry(&response.name).or_default() += 1;
    }
    let label = |response: &Response| match names[&*response.name] {
        1 => response.name.clone(),
        _ => format!("{} ({})", response.name, response.id),
    };
    responses.iter().map(|one| (&one.id, label(one))).collect()
}

/// What the step would do.
pub(super) struct Changes {
    pub(super) change: Change,
    namespaces: usize,
    integrations: usize,
    pub(super) left: usize,
}

impl Changes {
    pub(super) fn of(responses: &[Response], aim: &Aim) -> Self {
        let labels = labels(responses);
        let mut sorted: Vec<_> = responses.iter().collect();
        sorted.sort_by_key(|one| (&labels[&one.id], &one.id));
        let none = Self {
            change: Change::new(Action::Update, ""),
            namespaces: 0,
            integrations: 0,
            left: 0,
        };
        let mut changes =
            sorted
                .into_iter()
                .fold(none, |changes, response| match aim.wanted(response) {
                    Some(wanted) => changes.and(aim, response, &labels[&response.id], &wanted),
                    None => changes,
                });
        changes.change.reason = changes.reason();
        changes
    }

    fn and(mut self, aim: &Aim, response: &Response, label: &str, wanted: &Wanted<'_>) -> Self {
        let id = response.id.as_str();
        let path = field_path(label);
        let mut change = self.change;
        if wanted.gets_namespace() {
            self.namespaces += 1;
            change = change
                .field(&format!("{path}.namespace"), &*aim.source, &*aim.target)
                .seen(id, &*aim.source);
        }
        if let Some((old, new)) = wanted.integration {
            self.integrations += 1;
            let new = new.map_or(UNKNOWN, IntegrationId::as_str);
            change = change
                .field(&format!("{path}.integrationId"), old, new)
                .seen(&format!("{id} integrationId"), old);
        }
        if wanted.is_to_change() {
            change = change.call(put(response));
        }
        self.left += usize::from(wanted.namespace == Namespace::Never);
        self.change = change;
        self
    }

    fn reason(&self) -> String {
        let told = [
            (self.namespaces, "the source's namespace"),
            (self.integrations, "an old integration"),
        ];
        let told = told.into_iter().filter(|(number, _)| *number > 0);
        let told = told.map(|(number, what)| {
            let verb = if number == 1 { "names" } else { "name" };
            format!("{} {verb} {what}", count(number, "canned response"))
        });
        told.collect::<Vec<_>>().join(", ") + &stays(self.left)
    }
}

/// Where the template of a response stands, as people read it.
pub(super) fn field_path(label: &str) -> String {
    format!("responses[{}]", Value::from(label))
}

/// The write that replaces a response.
pub(super) fn put(response: &Response) -> Call {
    let id = response.id.segment();
    Call::put(format!("/responsemanagement/responses/{id}"))
}

pub(super) fn nothing(left: &str) -> String {
    format!("no canned response is to change{left}")
}

/// Says that some stay as they are.
pub(super) fn stays(left: usize) -> String {
    match left {
        0 => String::new(),
        1 => "; 1 stays, its template is not on the target".to_owned(),
        left => format!("; {left} stay, their templates are not on the target"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn response(id: &str, name: &str, template: Value) -> Response {
        let whole = json!({"id": id, "name": name, "messagingTemplate": {"whatsApp": template}});
        serde_json::from_value(whole).unwrap()
    }

    fn aim() -> Aim {
        let key = |name: &str| BTreeSet::from([TemplateKey::new(name, "de")]);
        Aim {
            source: "old".into(),
            target: "new".into(),
            there: key("order"),
            coming: key("welcome"),
            moved: [("i1", Some("i2")), ("i3", None)]
                .map(|(old, new)| (old.parse().unwrap(), new.map(|new| new.parse().unwrap())))
                .into(),
        }
    }

    /// What is to become of a response, and what of that can be made now.
    #[track_caller]
    fn check(template: Value, expected: &str, now: &[&str]) {
        let one = response("r", "x", template);
        let aim = aim();
        let changes = Changes::of(std::slice::from_ref(&one), &aim);
        let fields = changes.change.fields.iter();
        let fields = fields.map(|field| format!("{} {}", field.path, field.after));
        let shown = fields.collect::<Vec<_>>().join(", ") + &stays(changes.left);
        assert_eq!(shown, expected);
        let paths = aim.change(&one).map(|changed| changed.paths());
        assert_eq!(paths.unwrap_or_default(), now);
    }

    const NAMESPACE: &str = "messagingTemplate.whatsApp.namespace";
    const INTEGRATION: &str = "messagingTemplate.whatsApp.integrationId";

    #[test]
    fn only_what_is_the_sources_and_on_the_target_changes() {
        let of = |name: &str, namespace: Value| json!({"name": name, "language": "de", "namespace": namespace});
        let to_new = r#"responses["x"].namespace "new""#;
        check(of("order", json!("old")), to_new, &[NAMESPACE]);
        check(of("welcome", json!("old")), to_new, &[]);
        let stays = "; 1 stays, its template is not on the target";
        check(of("gone", json!("old")), stays, &[]);
        for other in [
            json!(null),
            json!(""),
            json!("new"),
            json!("other"),
            json!(7),
        ] {
            check(of("order", other), "", &[]);
        }
    }

    #[test]
    fn a_carousel_follows_its_number_whatever_its_namespace() {
        let of = |integration: &str, namespace: &str| json!({"name": "gone", "language": "de", "namespace": namespace, "integrationId": integration});
        let to_new = r#"responses["x"].integrationId "i2""#;
        check(of("i1", "other"), to_new, &[INTEGRATION]);
        check(of("i1", ""), to_new, &[INTEGRATION]);
        let left = format!("{to_new}; 1 stays, its template is not on the target");
        check(of("i1", "old"), &left, &[INTEGRATION]);
        let unknown = r#"responses["x"].integrationId "{integration_id}""#;
        check(of("i3", "other"), unknown, &[]);
        check(of("i9", "other"), "", &[]);
    }

    #[test]
    fn what_has_the_same_name_is_told_apart_by_its_id() {
        let of = |id: &str, name: &str| {
            response(
                id,
                name,
                json!({"name": "order", "language": "de", "namespace": "old"}),
            )
        };
        let all = [of("2", "a"), of("1", "a"), of("3", "b\"]")];
        let changes = Changes::of(&all, &aim());
        let paths: Vec<_> = changes
            .change
            .fields
            .iter()
            .map(|field| &*field.path)
            .collect();
        let expected = [
            r#"responses["a (1)"].namespace"#,
            r#"responses["a (2)"].namespace"#,
            r#"responses["b\"]"].namespace"#,
        ];
        assert_eq!(paths, expected);
        let keys: Vec<_> = changes.change.precondition.keys().collect();
        assert_eq!(keys, ["1", "2", "3"]);
    }
}
