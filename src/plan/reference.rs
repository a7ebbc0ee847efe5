//! References to secrets: `{ env: NAME }`, `{ file: PATH }`, `{ command: [PROGRAM, ARG...] }`.
//!
//! Does not read any secret. No message of this module quotes what was written, because a literal
//! secret may be what was written.

use std::{borrow::Cow, path::Path};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use crate::{
    plan::{
        decode::{At, Decode, Sp},
        mask::is_variable,
        sink::Sink,
    },
    secret::SecretRef,
    yaml::{Node, Value},
};

const FORMS: &str = "write { env: NAME }, { file: PATH } or { command: [PROGRAM, ARG] }";

/// Where a secret is read from, as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// The environment variable of that name.
    Env(String),
    /// The text of a file, relative to the plan file.
    File(String),
    /// What a program prints, started without a shell in the plan file's folder.
    Command(Vec<String>),
}

impl Reference {
    /// Returns the reference with paths resolved against the plan file's folder.
    pub fn resolve(&self, folder: &Path) -> SecretRef {
        match self {
            Self::Env(name) => SecretRef::Env(name.clone()),
            Self::File(path) => SecretRef::File(folder.join(path)),
            Self::Command(argv) => SecretRef::Command {
                argv: argv.clone(),
                folder: folder.to_owned(),
            },
        }
    }
}

impl Decode for Sp<Reference> {
    fn decode(at: At<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let pairs = match &at.node.value {
            Value::Mapping(pairs) => pairs,
            Value::Null => {
                at.wrong_type("a reference to a secret", sink);
                return None;
            }
            literal @ (Value::Scalar(_) | Value::Sequence(_)) => {
                report_literal(&at, literal, sink);
                return None;
            }
        };
        if let [(key, node)] = &**pairs
            && let ("env", literal @ Value::Scalar(name)) = (key.text.as_ref(), &node.value)
            && looks_like_a_secret(&name.text)
        {
            report_literal(&at, literal, sink);
            return None;
        }
        let value = match &**pairs {
            [(key, node)] => read(&key.text, node),
            _ => Err("a secret is exactly one of env, file and command"),
        };
        match value {
            Ok(value) => Some(Self {
                value,
                spot: at.spot,
            }),
            Err(message) => {
                sink.fail("secret-form", &at.spot, message, FORMS);
                None
            }
        }
    }
}

/// Tokens are pasted in place of a variable's name now and then; they have its form.
fn looks_like_a_secret(name: &str) -> bool {
    const TOKEN_LENGTH: usize = 25;
    (name.starts_with("EAA") && name.len() >= TOKEN_LENGTH) || name.len() > 100
}

fn report_literal(at: &At<'_>, literal: &Value, sink: &mut Sink<'_>) {
    let key = at.key();
    let message = format!("`{key}` holds a value; a plan holds only where to read it");
    let hint = format!("{FORMS}; consider the value leaked if the file was shared, and replace it");
    sink.fail("secret-literal", &at.spot, message, hint);
    if let ("pin", Value::Scalar(scalar)) = (key, literal)
        && !(scalar.text.len() == 6 && scalar.text.bytes().all(|b| b.is_ascii_digit()))
    {
        let message = "this is not the form of a PIN: a PIN has 6 digits";
        sink.fail(
            "pin-form",
            &at.spot,
            message,
            "choose 6 digits and keep them out of the plan",
        );
    }
}

fn read(key: &str, node: &Node) -> Result<Reference, &'static str> {
    match (key, &node.value) {
        ("env", Value::Scalar(name)) if is_variable(&name.text) => {
            Ok(Reference::Env(name.text.to_string()))
        }
        ("env", _) => {
            Err("the name of an environment variable has letters, digits and `_`, no digit first")
        }
        ("file", Value::Scalar(path)) if !path.text.trim().is_empty() => {
            Ok(Reference::File(path.text.to_string()))
        }
        ("file", _) => Err("`file` is one path"),
        ("command", Value::Sequence(items)) => command(items),
        ("command", _) => Err("`command` is a list: the program and its arguments"),
        _ => Err("a secret is exactly one of env, file and command"),
    }
}

fn command(items: &[Node]) -> Result<Reference, &'static str> {
    let text = |item: &Node| match &item.value {
        Value::Scalar(scalar) => Some(scalar.text.to_string()),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
    };
    let argv: Option<Vec<String>> = items.iter().map(text).collect();
    match argv {
        Some(argv)
            if argv
                .first()
                .is_some_and(|program| !program.trim().is_empty()) =>
        {
            Ok(Reference::Command(argv))
        }
        Some(_) => Err("`command` names no program"),
        None => Err("every item of `command` is a text"),
    }
}

impl JsonSchema for Sp<Reference> {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let form = |key: &str, value: serde_json::Value, description: &str| {
            json_schema!({
                "type": "object",
                "description": description,
                "properties": { key: value },
                "required": [key],
                "additionalProperties": false,
            })
        };
        let name = serde_json::json!({ "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" });
        let path = serde_json::json!({ "type": "string", "minLength": 1 });
        let argv =
            serde_json::json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
        json_schema!({
            "description": "Where a secret is read when it is needed. Never the secret itself.",
            "oneOf": [
                form("env", name, "The environment variable of that name."),
                form("file", path, "The text of a file, relative to the plan file."),
                form("command", argv, "What a program prints; started without a shell."),
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::check;

    #[test]
    fn literals_are_refused_and_never_shown() {
        check(
            "token: { env: TARGET }",
            "token: hunter2secret",
            &[
                "9:10 error[secret-literal] target.token: `token` holds a value; a plan holds only where to read it | write { env: NAME }, { file: PATH } or { command: [PROGRAM, ARG] }; consider the value leaked if the file was shared, and replace it",
            ],
        );
        check(
            "pin: { env: PIN_A }",
            "pin: 1234",
            &[
                "16:10 error[pin-form] numbers[0].pin: this is not the form of a PIN: a PIN has 6 digits | choose 6 digits and keep them out of the plan",
                "16:10 error[secret-literal] numbers[0].pin: `pin` holds a value; a plan holds only where to read it | write { env: NAME }, { file: PATH } or { command: [PROGRAM, ARG] }; consider the value leaked if the file was shared, and replace it",
            ],
        );
        check(
            "pin: { env: PIN_A }",
            "pin: \"123456\"",
            &[
                "16:10 error[secret-literal] numbers[0].pin: `pin` holds a value; a plan holds only where to read it | write { env: NAME }, { file: PATH } or { command: [PROGRAM, ARG] }; consider the value leaked if the file was shared, and replace it",
            ],
        );
        check(
            "token: { env: TARGET }",
            "token: [a, hunter2]",
            &[
                "9:10 error[secret-literal] target.token: `token` holds a value; a plan holds only where to read it | write { env: NAME }, { file: PATH } or { command: [PROGRAM, ARG] }; consider the value leaked if the file was shared, and replace it",
            ],
        );
        check(
            "token: { env: TARGET }",
            "token:",
            &[
                "9:3 error[type-wrong] target.token: `token` has no value; a reference to a secret is wanted | fill it in, or leave the whole line out",
            ],
        );
    }

    #[test]
    fn references_have_one_form() {
        check(
            "{ env: TARGET }",
            "{ env: 12hunter }",
            &[
                "9:10 error[secret-form] target.token: the name of an environment variable has letters, digits and `_`, no digit first | write { env: NAME }, { file: PATH } or { command: [PROGRAM, ARG] }",
            ],
        );
        check(
            "{ env: TARGET }",
            "{ env: A, file: b }",
            &[
                "9:10 error[secret-form] target.token: a secret is exactly one of env, file and command | write { env: NAME }, { file: PATH } or { command: [PROGRAM, ARG] }",
            ],
        );
        check(
            "{ env: TARGET }",
            "{ value: hunter2 }",
            &[
                "9:10 error[secret-form] target.token: a secret is exactly one of env, file and command | write { env: NAME }, { file: PATH } or { command: [PROGRAM, ARG] }",
            ],
        );
        check(
            "{ env: TARGET }",
            "{ command: ./run }",
            &[
                "9:10 error[secret-form] target.token: `command` is a list: the program and its arguments | write { env: NAME }, { file: PATH } or { command: [PROGRAM, ARG] }",
            ],
        );
        check(
            "{ env: TARGET }",
            "{ command: [] }",
            &[
                "9:10 error[secret-form] target.token: `command` names no program | write { env: NAME }, { file: PATH } or { command: [PROGRAM, ARG] }",
            ],
        );
        check(
            "{ env: TARGET }",
            "{ file: \"\" }",
            &[
                "9:10 error[secret-form] target.token: `file` is one path | write { env: NAME }, { file: PATH } or { command: [PROGRAM, ARG] }",
            ],
        );
        check("{ env: TARGET }", "{ file: secrets/token }", &[]);
        check("{ env: TARGET }", "{ command: [./run, --now] }", &[]);
    }
}
