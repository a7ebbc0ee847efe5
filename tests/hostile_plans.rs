//! Plan files that were written to break the reader, or to make it tell a secret.

use std::path::Path;

use waba_migrate::{
    finding::Finding,
    plan::load::{Loaded, Source, load},
    report::findings::render,
};

fn read(bytes: impl AsRef<[u8]>) -> Loaded {
    let path = Path::new("/plans/plan.yaml");
    load(Source {
        name: "plan.yaml",
        path,
        bytes: bytes.as_ref(),
    })
}

/// Checks the first finding: its rule, line and column.
#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: (&str, usize, usize)) {
    let loaded = read(bytes);
    assert!(loaded.plan.is_none());
    assert!(loaded.findings.len() <= 101);
    let first = loaded.findings.first().expect("a finding");
    let span = first.span.as_ref().expect("a place");
    assert_eq!((&*first.rule, span.line, span.column), expected);
    assert!(render(&loaded.findings, true).len() < 200_000);
}

#[test]
fn what_is_no_text_is_refused() {
    check(vec![b'x'; 50 * 1024 * 1024], ("yaml-too-large", 1, 1));
    check(b"version: 1\nname: \xff\n", ("yaml-not-utf8", 2, 7));
    check(b"\xff\xfev\0e\0r\0", ("yaml-not-utf8", 1, 1));
    check("version: 1\nname: a\0b\n", ("yaml-syntax", 2, 8));
    check("version: 1\nname: \u{1b}[31m\n", ("yaml-syntax", 2, 7));
}

#[test]
fn what_is_no_yaml_is_refused() {
    check(
        "version: 1\nsource:\n\twaba: \"1\"\n",
        ("yaml-syntax", 3, 2),
    );
    check("version: 1\n---\nversion: 1\n", ("yaml-syntax", 2, 1));
    check("name: \"😀😀\" x\n", ("yaml-syntax", 1, 12));
    check("name: \"open\n", ("yaml-syntax", 1, 7));
    check("a: *nothing\n", ("yaml-syntax", 1, 4));
    check("a: &a [*a]\n", ("yaml-syntax", 1, 8));
    check("a: !!python/object x\n", ("yaml-syntax", 1, 20));
    check("? [a]\n: b\n", ("yaml-syntax", 1, 3));
}

#[test]
fn what_is_no_mapping_is_refused() {
    check("", ("yaml-syntax", 1, 1));
    check("# nothing but this\n", ("yaml-syntax", 1, 1));
    check("- a\n", ("type-wrong", 1, 1));
    check("hello", ("type-wrong", 1, 1));
    check("~", ("type-wrong", 1, 1));
}

#[test]
fn deep_nesting_is_refused() {
    check("[".repeat(100_000), ("yaml-too-complex", 1, 256));
    check("{a: ".repeat(100_000), ("yaml-too-complex", 1, 1021));
    check("- ".repeat(100_000), ("yaml-too-complex", 1, 129));
    let stairs: String = (0..2_000).map(|n| " ".repeat(n) + "a:\n").collect();
    check(stairs, ("yaml-too-complex", 65, 65));
    let tower: String = (1..40)
        .map(|n| format!("a{n}: &a{n} [[*a{}]]\n", n - 1))
        .collect();
    check(
        format!("a0: &a0 [x]\n{tower}"),
        ("yaml-too-complex", 33, 13),
    );
}

#[test]
fn bombs_are_refused() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..10 {
        let alias = format!("*a{}", n - 1);
        laughs += &format!("a{n}: &a{n} [{}]\n", [alias.as_str(); 9].join(", "));
    }
    check(laughs, ("yaml-too-complex", 6, 10));
    let long = format!(
        "a: &a \"{}\"\nb: [{}]\n",
        "x".repeat(100_000),
        "*a, ".repeat(20_000)
    );
    check(long, ("yaml-too-complex", 2, 4005));
    check("a: b\n".repeat(1_000_000), ("yaml-too-complex", 60_000, 4));
}

#[test]
fn many_findings_are_cut_and_counted() {
    let many: String = (0..50_000).map(|n| format!("key{n}: 1\n")).collect();
    let loaded = read(&many);
    assert_eq!(loaded.findings.len(), 101);
    let last = loaded.findings.last().expect("the one that counts");
    assert_eq!(last.rule, "too-many-findings");
    let one_line = format!("{{{}}}", many.replace('\n', ", "));
    for finding in read(one_line).findings {
        assert!(finding.span.expect("a place").snippet.chars().count() < 200);
    }
}

#[test]
fn an_error_behind_many_warnings_is_not_lost() {
    let mut text = "version: 1\nname: a\nsource: { waba: \"1\" }\ntarget: { waba: \"2\", token: { env: T } }\ntemplates:\n  copy: [x]\n  required: [".to_owned();
    for n in 0..500 {
        text += &format!("w{n}, ");
    }
    text += "]\nnumbers: [{ phone: \"+49 30 901820\" }]\n";
    let loaded = read(&text);
    assert!(loaded.plan.is_none());
    assert!(loaded.findings.iter().any(Finding::blocks));
}

#[test]
fn other_line_ends_and_marks_are_read() {
    let text = include_str!("../examples/quickstart.yaml");
    let rules = |bytes: String| -> Vec<_> {
        let loaded = read(bytes);
        assert!(loaded.plan.is_some());
        let findings = loaded.findings.into_iter();
        findings.map(|finding| finding.rule).collect()
    };
    assert!(rules(text.replace('\n', "\r\n")).is_empty());
    assert_eq!(rules(format!("\u{feff}{text}")), ["byte-order-mark"]);
}

#[test]
fn columns_count_characters() {
    let found = read("description: \"😀\"\nname: { \"😀😀\": 1 }\nversion: 1\n").findings;
    let places: Vec<(usize, usize)> = found
        .iter()
        .filter(|finding| finding.rule == "type-wrong")
        .filter_map(|finding| finding.span.as_ref())
        .map(|span| (span.line, span.column))
        .collect();
    assert_eq!(places, [(2, 7)]);
    let found = read("a: { \"😀\": 1, version: 1 }\n\"é😀\": x\n").findings;
    let last = found
        .last()
        .and_then(|finding| finding.span.as_ref())
        .expect("a place");
    assert_eq!((last.line, last.column, last.end_column), (2, 1, 5));
}

/// Nothing the reader says about this file may hold the word.
#[track_caller]
fn check_silence(text: &str) {
    for secret in ["hunter2", "738291", "EAAGm0PX4ZCpsBAKZCZBZB0"] {
        let text = text.replace("SECRET", secret);
        let loaded = read(&text);
        assert!(!loaded.findings.is_empty(), "nothing is found: {text}");
        let shown = render(&loaded.findings, false);
        assert!(!shown.contains(secret), "{text}\n{shown}");
        let json = serde_json::to_string(&loaded.findings).expect("findings are plain data");
        assert!(!json.contains(secret), "{text}\n{json}");
    }
}

#[test]
fn a_literal_secret_is_never_shown() {
    for key in [
        "token",
        "pin",
        "app_secret",
        "verify_token",
        "client_secret",
        "client_id",
        "code",
        "password",
        "secret",
        "access_token",
        "Token",
        "PIN",
    ] {
        for value in [
            "SECRET",
            "\"SECRET\"",
            "'SECRET'",
            "'it''s SECRET'",
            "[SECRET]",
            "{ value: SECRET }",
            "{ SECRET: value }",
            "{ env: 1SECRET }",
            "{ env: SECRET-x }",
            "{ env: A, file: SECRET }",
            "|\n      SECRET",
            ">-\n      a\n      SECRET",
            "\n      SECRET",
            "\n      value: SECRET",
            "\n    - SECRET",
            "&a SECRET",
            "!!str SECRET",
            "\"SECRET",
            "'SECRET",
            "{ value: \"SECRET",
            "[SECRET, {",
            "SECRET: x",
            "SECRET # SECRET",
            "\"a\" SECRET",
            "{ command: [x, SECRET",
            "\"\\u0020SECRET\"",
            "{ command: SECRET }",
            "{ command: [[SECRET]] }",
        ] {
            check_silence(&format!(
                "version: 1\nx:\n  - y: 1\n    {key}: {value}\nz: 1\n"
            ));
            check_silence(&format!(
                "version: 1\nx: {{ y: 1, \"{key}\" : {value}, z: 2 }}\n"
            ));
        }
    }
}

#[test]
fn a_literal_secret_is_not_shown_elsewhere_either() {
    check_silence("pin: SECRET # the old one was SECRET\nSECRET: 1\nwaba: SECRET\n");
    check_silence("name: &a SECRET\ntoken: *a\n");
    check_silence("\"to\\u006ben\": SECRET\n");
    check_silence("? token\n: SECRET\n");
    check_silence("# SECRET\nname: [SECRET]\ntoken: SECRET\ntarget: SECRET\n");
}

#[test]
fn a_token_is_not_shown_wherever_it_stands() {
    let token = "EAAGm0PX4ZCpsBAKZCZBZB0Hx7";
    for text in [
        "waba: T",
        "T: 1",
        "name: T # T",
        "\"T",
        "source: { waba: T }",
        "{ T",
        "token: { env: T }\nx: T",
    ] {
        let loaded = read(text.replace('T', token));
        let shown = render(&loaded.findings, false);
        assert!(!shown.contains(token), "{shown}");
    }
}

#[test]
fn the_terminal_is_not_steered() {
    let loaded = read("name: \"a\\e[31m\\u202eb\"\n\"k\\e]0;x\\a\": 1\nx\u{85}y: 1\n");
    let shown = render(&loaded.findings, false);
    let steers = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!shown.contains(steers), "{shown:?}");
}
