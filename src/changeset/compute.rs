//! Plan and snapshot in, change set out. Pure: every choice is made here or in a step's `decide`.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    AccountRef, ChangeEntry, ChangeSet, Choice, Direction, FORMAT_VERSION, LeftBehind, PlanRef,
    SilentPeriod, StepGraph, Summary, WindowRef, cut_overs, select, undo,
};
use crate::{
    finding::{Finding, Verdict},
    ids::{Address, NumberStep, TemplateKey},
    inventory::{Fate, Inventory, Item, NOT_SELECTED, flows::Flows},
    phone::Phone,
    plan::Plan,
    preflight,
    resource::Observed,
    snapshot::{Account, Snapshot},
    step::{Action, Change, Decision, Step, StepKind, left_responses},
};

/// Decides every step.
pub fn compute(plan: &Plan, graph: &StepGraph, seen: &Snapshot) -> ChangeSet {
    compute_part(plan, graph, seen, &Choice::default())
}

/// Decides every step, and keeps those that are wanted.
pub fn compute_part(plan: &Plan, graph: &StepGraph, seen: &Snapshot, choice: &Choice) -> ChangeSet {
    let direction = graph.direction();
    let mut findings = match direction {
        Direction::Forward => preflight::check(plan, seen),
        Direction::Undo => preflight::before_undo(plan, seen),
    };
    findings.retain(|finding| finding.verdict != Verdict::Pass);
    let mut changes = Vec::with_capacity(graph.steps().len());
    for step in graph.steps() {
        let decision = step.decide(seen);
        if let Decision::Blocked(blocked) = &decision {
            let new = blocked.iter().filter(|finding| !repeats(finding, seen));
            findings.extend(new.cloned());
        }
        changes.push(entry(step, decision));
    }
    let (templates, flows) = match direction {
        Direction::Forward => (
            Inventory::of(&plan.templates, seen, seen.at),
            Flows::of(&plan.flows, seen),
        ),
        Direction::Undo => (None, None),
    };
    let not_migrated = match direction {
        Direction::Forward => {
            let mut left = left_behind(plan, seen, templates.as_ref(), flows.as_ref());
            let (responses, finding) = left_responses(plan, seen);
            findings.extend(finding);
            left.extend(responses.into_iter().map(stays_in_genesys));
            left
        }
        Direction::Undo => undo::left(plan, seen, &changes),
    };
    let mut changes = ChangeSet {
        format_version: FORMAT_VERSION,
        direction,
        plan: PlanRef {
            name: plan.name.clone(),
            path: None,
            digest: plan.digest.clone(),
        },
        source: account(plan.source.waba.as_str(), &seen.source),
        target: account(plan.target.waba.as_str(), &seen.target),
        findings,
        changes,
        silent_periods: Vec::new(),
        not_migrated,
        templates,
        flows,
        selection: None,
        summary: Summary::default(),
    };
    select::narrow(&mut changes, choice);
    if direction == Direction::Undo {
        let too_many = undo::too_many_deletes(&changes, &plan.policy);
        changes.findings.extend(too_many);
    }
    preflight::sort(&mut changes.findings);
    changes.findings.dedup();
    changes.silent_periods = silent_periods(plan, &changes.changes);
    changes.summary = summary(plan, &changes.changes, seen.at, direction);
    changes
}

/// Steps that cannot be decided because the target, or the Genesys Cloud organization, cannot be read:
/// preflight says so once.
fn repeats(finding: &Finding, seen: &Snapshot) -> bool {
    match &*finding.rule {
        "numbers-unreadable" | "subscription-unreadable" | "templates-unreadable" => {
            seen.unreadable_target().is_some()
        }
        "genesys-readable"
        | "genesys-credential"
        | "genesys-permission"
        | "genesys-responses-unreadable" => true,
        _ => false,
    }
}

/// Returns every check with its verdict, those that pass too, and what the steps object to.
pub fn checked(plan: &Plan, seen: &Snapshot, changes: &ChangeSet) -> Vec<Finding> {
    let mut all = preflight::check(plan, seen);
    all.retain(|finding| finding.verdict == Verdict::Pass);
    all.extend(changes.findings.iter().cloned());
    preflight::sort(&mut all);
    all
}

fn account(waba: &str, seen: &Account) -> AccountRef {
    let name = match &seen.waba {
        Observed::Present(waba) => waba.name.clone(),
        Observed::Absent | Observed::Unknown(_) => None,
    };
    AccountRef {
        waba: waba.to_owned(),
        name,
    }
}

fn entry(step: &Step, decision: Decision) -> ChangeEntry {
    let blocked = matches!(decision, Decision::Blocked(_));
    let nothing = |action, reason| Change {
        action,
        reason,
        fields: Vec::new(),
        calls: Vec::new(),
        window: None,
        precondition: BTreeMap::new(),
        keeps: None,
    };
    let change = match decision {
        Decision::Done(reason) => nothing(Action::None, reason),
        Decision::Change(change) => change,
        Decision::Blocked(findings) => nothing(Action::Gate, blocked_reason(&findings)),
    };
    let Change {
        action,
        reason,
        fields,
        calls,
        window,
        precondition,
        keeps,
    } = change;
    let mut needs: Vec<_> = step.needs().iter().map(ToString::to_string).collect();
    needs.sort();
    ChangeEntry {
        address: step.address().to_string(),
        kind: step.kind(),
        phase: step.phase(),
        action,
        description: step.describe(),
        reason,
        needs,
        undo: step.undo(),
        blocked,
        gate: step.gate().filter(|_| action == Action::Gate && !blocked),
        window: window.map(|window| WindowRef::of(&window, step.takes())),
        fields,
        calls,
        precondition,
        keeps,
    }
}

fn blocked_reason(findings: &[Finding]) -> String {
    match findings {
        [] => "blocked".into(),
        [one] => format!("blocked: {}", one.message),
        [first, rest @ ..] => format!("blocked: {} (and {} more)", first.message, rest.len()),
    }
}

fn summary(plan: &Plan, changes: &[ChangeEntry], at: Timestamp, direction: Direction) -> Summary {
    let count = |is: fn(&ChangeEntry) -> bool| changes.iter().filter(|change| is(change)).count();
    Summary {
        to_do: count(|change| change.action != Action::None),
        done: count(|change| change.action == Action::None),
        gates: count(|change| change.action == Action::Gate && !change.blocked),
        waits: count(|change| change.action == Action::Wait),
        calls: changes.iter().map(|change| change.calls.len()).sum(),
        irreversible: count(ChangeEntry::is_irreversible),
        blocked: count(|change| change.blocked),
        earliest_cut_over: earliest(changes, at),
        max_cut_overs: plan
            .policy
            .max_cut_overs
            .filter(|_| direction == Direction::Forward),
    }
}

/// The numbers of Genesys Cloud that nobody hears for a while.
fn silent_periods(plan: &Plan, changes: &[ChangeEntry]) -> Vec<SilentPeriod> {
    let open = |phone: &Phone, step| {
        let address = Address::number(phone, step).to_string();
        let mut open = changes
            .iter()
            .filter(|one| one.action != Action::None && !one.blocked);
        open.any(|one| one.address == address).then_some(address)
    };
    let numbers = plan
        .numbers
        .iter()
        .filter(|number| number.genesys.is_some());
    let periods = numbers.filter_map(|number| {
        let from = open(&number.phone, NumberStep::GenesysRelease);
        let until = open(&number.phone, NumberStep::GenesysAttach)?;
        let is_new = changes
            .iter()
            .any(|one| one.address == until && one.action == Action::Gate);
        (from.is_some() || is_new).then(|| SilentPeriod {
            number: number.phone.clone(),
            from,
            until,
            minutes: number.cut_over_takes().as_mins(),
        })
    });
    periods.collect()
}

/// The opening of the first window that is not over. `None`: some number waits for none.
fn earliest(changes: &[ChangeEntry], at: Timestamp) -> Option<String> {
    let open = changes
        .iter()
        .filter(|change| change.action != Action::None);
    let begin = cut_overs(open).into_iter();
    let windows: Option<Vec<_>> = begin.map(|change| change.window.as_ref()).collect();
    let ahead = windows?
        .into_iter()
        .filter(|window| window.to.timestamp() > at);
    let first = ahead.min_by_key(|window| window.from.timestamp())?;
    Some(first.opens.clone())
}

/// A selected template that does not come, with what to do instead.
fn stays(item: &Item) -> Option<LeftBehind> {
    let is_left = matches!(item.fate, Fate::Skipped | Fate::Failed);
    let reason = item
        .reason
        .as_deref()
        .filter(|reason| is_left && *reason != NOT_SELECTED)?;
    let instead = item
        .instead
        .as_deref()
        .map(|instead| format!("; {instead}"));
    Some(LeftBehind {
        what: format!("template {}", item.key()),
        reason: format!("{reason}{}", instead.unwrap_or_default()),
    })
}

/// A canned response that is left as it is.
fn stays_in_genesys((name, template): (String, TemplateKey)) -> LeftBehind {
    LeftBehind {
        what: format!("canned response `{name}`"),
        reason: format!(
            "its template {template} is not on the target, so it keeps the source's namespace"
        ),
    }
}

/// What Meta does not move, template by template, and what no API can.
fn left_behind(
    plan: &Plan,
    seen: &Snapshot,
    templates: Option<&Inventory>,
    flows: Option<&Flows>,
) -> Vec<LeftBehind> {
    let mut left = Vec::new();
    for item in templates.iter().flat_map(|all| &all.templates) {
        left.extend(stays(item));
    }
    for item in flows
        .iter()
        .flat_map(|all| &all.flows)
        .filter(|item| item.reason.is_some())
    {
        left.push(LeftBehind {
            what: format!("flow {}", item.name),
            reason: item.reason.clone().unwrap_or_default(),
        });
    }
    let come = flows.iter().flat_map(|all| &all.flows);
    for item in come.filter(|item| item.reason.is_none()) {
        for what in item.to_set_again() {
            let reason = "a copied flow does not bring it along; set it again on the target".into();
            left.push(LeftBehind { what, reason });
        }
    }
    let moving = plan
        .numbers
        .iter()
        .any(|number| !seen.target.is_live(&number.phone));
    if moving {
        left.extend(
            [
                (
                    "profile pictures",
                    "the API gives a URL but takes only uploads; set them by hand",
                ),
                (
                    "message history and analytics",
                    "they stay with the source account",
                ),
                ("quality rating of templates", "copies start as UNKNOWN"),
            ]
            .map(|(what, reason)| LeftBehind {
                what: what.into(),
                reason: reason.into(),
            }),
        );
    }
    left
}
