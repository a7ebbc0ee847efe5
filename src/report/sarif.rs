//! Findings in the format of code scanning: SARIF 2.1.0.
//!
//! Source: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeMap;

use serde::Serialize;

use super::clean;
use crate::finding::{Finding, Severity, Span, Verdict};

/// A log with one run.
#[derive(Debug, Serialize)]
pub struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    /// What a column counts: characters, not UTF-16 units.
    column_kind: &'static str,
    results: Vec<Outcome<'a>>,
}

#[derive(Debug, Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Debug, Serialize)]
struct Driver<'a> {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Message,
}

#[derive(Debug, Serialize)]
struct Message {
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<Physical>,
    logical_locations: [Logical; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Debug, Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

/// Makes a log of findings, in their order.
pub fn log(findings: &[Finding]) -> Log<'_> {
    let mut ids: BTreeMap<&str, usize> =
        findings.iter().map(|finding| (&*finding.rule, 0)).collect();
    for (at, index) in ids.values_mut().enumerate() {
        *index = at;
    }
    let rules = ids.keys().map(|id| Rule {
        id,
        short_description: Message {
            text: clean(id).replace('-', " "),
        },
    });
    let driver = Driver {
        name: "waba-migrate",
        version: env!("CARGO_PKG_VERSION"),
        rules: rules.collect(),
    };
    let results = findings
        .iter()
        .map(|finding| outcome(finding, ids[&*finding.rule]));
    Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool { driver },
            column_kind: "unicodeCodePoints",
            results: results.collect(),
        }],
    }
}

fn outcome(finding: &Finding, rule_index: usize) -> Outcome<'_> {
    let (kind, level) = match (finding.verdict, finding.severity) {
        // The format allows a level to failures alone.
        (Verdict::Pass, _) => ("pass", "none"),
        (_, Severity::Error) => ("fail", "error"),
        (_, Severity::Warning) => ("fail", "warning"),
        (_, Severity::Info) => ("fail", "note"),
    };
    let mut text = clean(&finding.message);
    if let Some(hint) = &finding.hint {
        text += &format!("\nHelp: {}", clean(hint));
    }
    Outcome {
        rule_id: &finding.rule,
        rule_index,
        kind,
        level,
        message: Message { text },
        locations: [Location {
            physical_location: finding.span.as_ref().map(physical),
            logical_locations: [Logical {
                fully_qualified_name: clean(&finding.subject),
            }],
        }],
    }
}

fn physical(span: &Span) -> Physical {
    Physical {
        artifact_location: Artifact {
            uri: uri(&span.file),
        },
        region: Region {
            start_line: span.line,
            start_column: span.column,
            end_line: span.end_line,
            end_column: span.end_column,
        },
    }
}

/// A path as a reference: relative as it is, absolute as a file's address.
fn uri(path: &str) -> String {
    let path = match cfg!(windows) {
        true => path.replace('\\', "/"),
        false => path.to_owned(),
    };
    let path = path.strip_prefix("./").unwrap_or(&path);
    let mut uri = String::new();
    if path.starts_with('/') {
        uri += "file://";
    } else if path.as_bytes().get(1) == Some(&b':') && cfg!(windows) {
        uri += "file:///";
    }
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(byte.into()),
            byte if byte.is_ascii_alphanumeric() => uri.push(byte.into()),
            byte => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::report::markdown::testing::{findings, hostile};

    fn value(findings: &[Finding]) -> Value {
        serde_json::to_value(log(findings)).expect("plain data")
    }

    #[test]
    fn a_finding_is_a_result_with_its_rule_and_place() {
        let mut log = value(&findings("a b"));
        let run = &mut log["runs"][0];
        run["tool"]["driver"]["version"] = json!("0");
        insta::assert_json_snapshot!(run, @r#"
        {
          "columnKind": "unicodeCodePoints",
          "results": [
            {
              "kind": "fail",
              "level": "error",
              "locations": [
                {
                  "logicalLocations": [
                    {
                      "fullyQualifiedName": "a b"
                    }
                  ],
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "a%20b"
                    },
                    "region": {
                      "endColumn": 9,
                      "endLine": 2,
                      "startColumn": 3,
                      "startLine": 2
                    }
                  }
                }
              ],
              "message": {
                "text": "a b\nHelp: a b"
              },
              "ruleId": "name-form",
              "ruleIndex": 0
            },
            {
              "kind": "fail",
              "level": "warning",
              "locations": [
                {
                  "logicalLocations": [
                    {
                      "fullyQualifiedName": "a b"
                    }
                  ]
                }
              ],
              "message": {
                "text": "a b\nHelp: a b"
              },
              "ruleId": "payment",
              "ruleIndex": 1
            }
          ],
          "tool": {
            "driver": {
              "name": "waba-migrate",
              "rules": [
                {
                  "id": "name-form",
                  "shortDescription": {
                    "text": "name form"
                  }
                },
                {
                  "id": "payment",
                  "shortDescription": {
                    "text": "payment"
                  }
                }
              ],
              "version": "0"
            }
          }
        }
        "#);
    }

    #[test]
    fn nothing_found_is_a_valid_log() {
        let log = value(&[]);
        assert_eq!(log["version"], "2.1.0");
        assert_eq!(log["runs"][0]["results"], json!([]));
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"], json!([]));
    }

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("./a b/ü:%.yaml"), "a%20b/%C3%BC%3A%25.yaml");
        assert_eq!(uri("/a/b.yaml"), "file:///a/b.yaml");
    }

    proptest! {
        #[test]
        fn the_rules_of_the_format_are_kept(text in hostile()) {
            let log = value(&findings(&text));
            let run = &log["runs"][0];
            let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
            for result in run["results"].as_array().expect("results") {
                let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index"));
                prop_assert_eq!(&rules[index.expect("it is small")]["id"], &result["ruleId"]);
                prop_assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
                prop_assert!(!result["message"]["text"].as_str().expect("a text").is_empty());
                let place = &result["locations"][0]["physicalLocation"];
                if let Some(uri) = place["artifactLocation"]["uri"].as_str() {
                    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
                    prop_assert!(uri.bytes().all(is_plain));
                    prop_assert!(place["region"]["startLine"].as_u64() >= Some(1));
                    prop_assert!(place["region"]["endColumn"].as_u64() >= place["region"]["startColumn"].as_u64());
                }
            }
        }
    }
}
