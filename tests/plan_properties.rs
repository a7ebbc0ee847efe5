//! What holds for every plan file: nothing panics, no text is changed, schema and reader agree.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use waba_migrate::{
    finding::Finding,
    plan::{
        document,
        load::{Loaded, Source, load},
    },
    report::findings::render,
    yaml::{self, Node},
};

const QUICKSTART: &str = include_str!("../examples/quickstart.yaml");
const CANARY: &str = include_str!("../examples/canary.yaml");

fn read(bytes: &[u8]) -> Loaded {
    load(Source {
        name: "plan.yaml",
        path: Path::new("plan.yaml"),
        bytes,
    })
}

/// Reads anything and checks what always holds.
fn survive(bytes: &[u8]) {
    let loaded = read(bytes);
    let blocked = loaded.findings.iter().any(Finding::blocks);
    assert_eq!(loaded.plan.is_none(), blocked);
    assert!(loaded.findings.iter().all(|finding| finding.span.is_some()));
    render(&loaded.findings, true);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survive(&bytes);
    }

    #[test]
    fn any_yaml_like_text_is_survived(
        text in "[ \t\n\r{}\\[\\],:&*!|>'\"#%@`?~a-z0-9\u{e9}\u{1f600}-]{0,80}"
    ) {
        survive(text.as_bytes());
        survive(format!("version: 1\ntoken: {text}\nnumbers: {text}\n").as_bytes());
    }

    #[test]
    fn any_edit_of_a_plan_is_survived(
        at in any::<prop::sample::Index>(),
        length in 0_usize..20,
        text in "[ \n{}\\[\\],:&*|>'\"#a-z0-9\u{1f600}-]{0,6}",
    ) {
        let mut bytes = CANARY.as_bytes().to_vec();
        let start = at.index(bytes.len());
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, text.bytes());
        survive(&bytes);
    }

    #[test]
    fn texts_of_a_valid_plan_are_unchanged(
        name in "[a-z0-9-]{1,63}",
        description in "[^\\p{C}]{0,40}",
        source in "[0-9]{1,32}",
        variable in "[A-Z_][A-Z0-9_]{0,20}",
        globs in prop::collection::vec("[a-z0-9_*?]{1,20}", 1..5),
    ) {
        prop_assume!(source != "2");
        let text = serde_json::to_string(&json!({
            "version": 1, "name": name, "description": description,
            "source": { "waba": source },
            "target": { "waba": "2", "token": { "env": variable } },
            "templates": { "copy": globs },
        })).expect("JSON is YAML");
        let loaded = read(text.as_bytes());
        prop_assert_eq!(&loaded.findings, &Vec::new());
        let plan = loaded.plan.expect("nothing was found");
        prop_assert_eq!(plan.name, name);
        prop_assert_eq!(plan.description, Some(description));
        prop_assert_eq!(plan.source.waba.to_string(), source);
        prop_assert_eq!(plan.target.token.to_string(), format!("environment variable {variable}"));
        let copied: Vec<&str> = plan.templates.copy.iter().map(|glob| glob.as_str()).collect();
        prop_assert_eq!(copied, globs);
    }

    #[test]
    fn an_id_without_quotes_keeps_its_digits(source in "[0-9]{1,32}") {
        prop_assume!(source != "2");
        let text = format!(
            "version: 1\nname: a\nsource: {{ waba: {source} }}\n\
             target: {{ waba: \"2\", token: {{ env: T }} }}\ntemplates: {{ copy: [a] }}\n"
        );
        let loaded = read(text.as_bytes());
        let rules: Vec<&str> = loaded.findings.iter().map(|finding| &*finding.rule).collect();
        prop_assert_eq!(rules, ["id-unquoted"]);
        prop_assert_eq!(loaded.plan.expect("a warning").source.waba.to_string(), source);
    }
}

/// Returns a tree with every text as a string, and what YAML resolves as its text.
fn texts(node: &Node) -> Value {
    match &node.value {
        yaml::Value::Null => Value::Null,
        yaml::Value::Scalar(scalar) => json!(&*scalar.text),
        yaml::Value::Sequence(items) => items.iter().map(texts).collect(),
        yaml::Value::Mapping(pairs) => pairs
            .iter()
            .map(|(key, value)| (key.text.to_string(), texts(value)))
            .collect(),
    }
}

fn as_texts(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        Value::Bool(switch) => json!(switch.to_string()),
        Value::Array(items) => items.into_iter().map(as_texts).collect(),
        Value::Object(pairs) => pairs
            .into_iter()
            .map(|(key, value)| (key, as_texts(value)))
            .collect(),
        Value::Null | Value::String(_) => value,
    }
}

#[test]
fn another_reader_reads_the_examples_alike() {
    for example in [QUICKSTART, CANARY] {
        let ours = yaml::parse(example.as_bytes()).expect("an example is YAML");
        let theirs: Value = serde_yaml::from_str(example).expect("an example is YAML");
        assert_eq!(texts(&ours), as_texts(theirs));
    }
}

/// Returns a value that has every key which the schema knows, and one that it does not know in
/// every mapping.
fn sample(schema: &Value, root: &Value, strangers: &mut usize) -> Value {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        if name.ends_with("/Secret") {
            return json!({ "env": "A" });
        }
        let target = root.pointer(&name[1..]).expect("a reference that resolves");
        return sample(target, root, strangers);
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => {
            let named = schema["additionalProperties"].is_object();
            let mut value = Map::new();
            for (key, property) in schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                value.insert(key.clone(), sample(property, root, strangers));
            }
            if named {
                value.insert(
                    "a".into(),
                    sample(&schema["additionalProperties"], root, strangers),
                );
            } else {
                assert_eq!(schema["additionalProperties"], json!(false));
                *strangers += 1;
                value.insert("stranger".into(), json!(1));
            }
            Value::Object(value)
        }
        Some("array") => json!([sample(&schema["items"], root, strangers)]),
        _ => json!("x"),
    }
}

#[test]
fn the_reader_knows_exactly_the_keys_of_the_schema() {
    let schema = document::schema();
    let mut strangers = 0;
    let plan = sample(&schema, &schema, &mut strangers);
    let loaded = read(plan.to_string().as_bytes());
    let of = |rule: &str| -> Vec<&str> {
        let found = loaded
            .findings
            .iter()
            .filter(|finding| finding.rule == rule);
        found.map(|finding| finding.subject.as_str()).collect()
    };
    assert_eq!(of("too-many-findings"), Vec::<&str>::new());
    assert_eq!(of("key-missing"), Vec::<&str>::new());
    let unknown = of("key-unknown");
    assert!(
        unknown.iter().all(|subject| subject.ends_with("stranger")),
        "{unknown:?}"
    );
    assert_eq!(unknown.len(), strangers);
}

#[test]
fn the_schema_requires_what_the_reader_requires() {
    let schema = document::schema();
    for (name, shape) in schema["$defs"]
        .as_object()
        .expect("definitions")
        .iter()
        .chain([(&"Document".to_owned(), &schema)])
    {
        let Some(required) = shape.get("required").and_then(Value::as_array) else {
            continue;
        };
        let Some(route) = route_of(name) else {
            continue;
        };
        let plan = nest(route);
        let loaded = read(plan.to_string().as_bytes());
        for key in required {
            let dotted = format!("{route}.{}", key.as_str().expect("a name"));
            let subject = dotted.trim_start_matches('.');
            let missing =
                |finding: &Finding| finding.rule == "key-missing" && finding.subject == subject;
            assert!(loaded.findings.iter().any(missing), "{name}: {subject}");
        }
    }
}

/// Returns where a mapping with required keys stands in a plan.
fn route_of(name: &str) -> Option<&'static str> {
    match name {
        "Document" => Some(""),
        "Source" => Some("source"),
        "Target" => Some("target"),
        "Callback" => Some("target.subscription.callback"),
        "Window" => Some("windows.a"),
        "Number" => Some("numbers[0]"),
        "Genesys" => Some("genesys"),
        "Secret" => None,
        _ => panic!("{name} requires something, but this test does not know where it stands"),
    }
}

/// Returns an empty mapping at a route.
fn nest(route: &str) -> Value {
    match route {
        "" => json!({}),
        "numbers[0]" => json!({ "numbers": [{}] }),
        _ => route
            .rsplit('.')
            .fold(json!({}), |inner, key| json!({ key: inner })),
    }
}
