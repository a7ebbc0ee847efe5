//! `${{ }}` expressions of GitHub Actions: found in text, parsed, and evaluated as far as the
//! pipelines use them.

use std::collections::BTreeMap;

use github_actions_expressions::{
    Expr,
    call::Function,
    literal::Literal,
    op::{BinOp, UnOp},
};

/// Returns the text between every `${{` and `}}`.
pub(crate) fn within(text: &str) -> Vec<&str> {
    let parts = text.split("${{").skip(1);
    parts
        .map(|part| part.split_once("}}").map_or(part, |(inner, _)| inner))
        .collect()
}

/// Returns the contexts of an expression, like `steps.plan.outputs.code`.
pub(crate) fn contexts(expression: &str) -> Result<Vec<String>, String> {
    let parsed = Expr::parse(expression.trim()).map_err(|error| error.to_string())?;
    let contexts = parsed.contexts();
    Ok(contexts
        .into_iter()
        .map(|(_, origin)| origin.raw.to_owned())
        .collect())
}

/// What expressions are evaluated in.
#[derive(Clone, Default)]
pub(crate) struct Scope {
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) failed: bool,
    /// The folder of `hashFiles`.
    pub(crate) workspace: std::path::PathBuf,
}

impl Scope {
    /// Remembers a value.
    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        // GitHub does not tell upper from lower case here.
        let name: String = name.into();
        self.values.insert(name.to_lowercase(), value.into());
    }

    /// Returns a text with its expressions replaced.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut parts = text.split("${{");
        let mut filled = parts.next().expect("a first part").to_owned();
        for part in parts {
            let (inner, rest) = part.split_once("}}").expect("a closed expression");
            filled += &self.evaluate(&Expr::parse(inner.trim()).expect("an expression"));
            filled += rest;
        }
        filled
    }

    /// Decides an `if:`, bare or fenced.
    pub(crate) fn holds(&self, condition: Option<&str>) -> bool {
        let Some(condition) = condition else {
            return !self.failed;
        };
        let bare = condition.trim().strip_prefix("${{");
        let bare = bare.map_or(condition, |bare| bare.trim_end_matches("}}"));
        let decides = ["always()", "failure()", "cancelled()"];
        if self.failed && !decides.iter().any(|word| bare.contains(word)) {
            return false;
        }
        truth(&self.evaluate(&Expr::parse(bare.trim()).expect("an expression")))
    }

    fn evaluate(&self, expression: &Expr<'_>) -> String {
        match expression {
            Expr::Literal(Literal::String(text)) => text.to_string(),
            Expr::Literal(literal) => literal.as_str().into_owned(),
            Expr::Context(context) => {
                let name = context.as_pattern().expect("a plain context");
                self.values
                    .get(&name.to_lowercase())
                    .cloned()
                    .unwrap_or_default()
            }
            Expr::UnExpr {
                op: UnOp::Not,
                expr,
            } => (!truth(&self.evaluate(expr))).to_string(),
            Expr::BinExpr(both) => {
                let left = self.evaluate(&both.lhs);
                let right = || self.evaluate(&both.rhs);
                match both.op {
                    BinOp::And if truth(&left) => right(),
                    BinOp::Or if !truth(&left) => right(),
                    BinOp::And | BinOp::Or => left,
                    BinOp::Eq => left.eq_ignore_ascii_case(&right()).to_string(),
                    BinOp::Neq => (!left.eq_ignore_ascii_case(&right())).to_string(),
                    _ => panic!("the pipelines compare no amounts"),
                }
            }
            Expr::Call(call) => match call.func {
                Function::Always => "true".to_owned(),
                Function::Success => (!self.failed).to_string(),
                Function::Failure => self.failed.to_string(),
                Function::Cancelled => "false".to_owned(),
                Function::HashFiles => self.hash_of(&self.evaluate(&call.args[0])),
                other => panic!("the pipelines do not call {other:?}"),
            },
            other => panic!("the pipelines do not use {other:?}"),
        }
    }

    fn hash_of(&self, path: &str) -> String {
        let exists = self.workspace.join(path).exists();
        if exists { "a-hash" } else { "" }.to_owned()
    }
}

fn truth(value: &str) -> bool {
    !matches!(value, "" | "false" | "0")
}

#[test]
fn expressions_are_evaluated_as_github_does() {
    let mut scope = Scope::default();
    scope.set("github.event_name", "push");
    let name = "${{ github.event_name == 'push' && 'production' || 'continue' }}!";
    assert_eq!(scope.fill(name), "production!");
    scope.set("github.event_name", "schedule");
    assert_eq!(scope.fill(name), "continue!");
    assert!(scope.holds(None) && scope.holds(Some("github.event_name != 'push'")));
    scope.failed = true;
    assert!(!scope.holds(None) && !scope.holds(Some("github.event_name != 'push'")));
    assert!(scope.holds(Some("always() && hashFiles('x') == ''")));
    assert_eq!(within("a ${{ b.c }} d ${{ e }}"), [" b.c ", " e "]);
    assert!(contexts("github.").is_err());
}
