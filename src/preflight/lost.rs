//! A journal that is not where it was: what cannot be known without it, and what holds then.

use crate::{phone::Phone, plan::Method, plan::Plan, snapshot::Snapshot};

/// Says in one sentence what is gone when the world shows progress and no journal tells of it.
/// `place` is where the journal was looked for.
///
/// Nothing waits for it. Everything is decided from what the API shows; what it does not show (one-time
/// codes that are out, register calls of the last 72 hours) Meta counts itself, and refuses what is
/// too much. So the default is to go on, and to say what is not known.
pub fn without_journal(plan: &Plan, seen: &Snapshot, place: &str) -> Option<String> {
    if !seen.history.is_empty() {
        return None;
    }
    // Numbers of other methods come to the target by the hands of people.
    let ours = plan.numbers.iter();
    let ours = ours.filter(|number| number.method == Method::Otp);
    let there = ours.filter_map(|number| Some((&number.phone, seen.target.known(&number.phone)?)));
    let there: Vec<_> = there.collect();
    there.first()?;
    let waits = there.iter();
    let waits: Vec<_> = waits
        .filter(|(_, number)| !number.is_registered())
        .map(|(phone, _)| *phone)
        .collect();
    let unknown = match waits.is_empty() {
        true => "what earlier runs did, and when, is not known here".to_owned(),
        false => format!(
            "what earlier runs did is not known here, nor whether a one-time code is out for {} and how often \
             its register was tried in the last 72 hours (Meta itself counts, and refuses what is too much)",
            named(&waits)
        ),
    };
    let forgotten = forgotten(plan, seen);
    let unknown = match forgotten.is_empty() {
        true => unknown,
        false => format!(
            "{unknown}; nor what the old integration of {} in Genesys Cloud was set to, and what named it",
            named(&forgotten)
        ),
    };
    let (name, all) = (
        &plan.name,
        there.iter().map(|(phone, _)| *phone).collect::<Vec<_>>(),
    );
    let is = if all.len() == 1 { "is" } else { "are" };
    Some(format!(
        "there is no journal of {name} in {place}, but {} {is} on the target: {unknown}; every step is decided \
         from what the API shows",
        named(&all)
    ))
}

/// Returns the numbers on the target whose old integration in Genesys Cloud is gone, and with it all
/// that only a journal keeps.
fn forgotten<'a>(plan: &'a Plan, seen: &Snapshot) -> Vec<&'a Phone> {
    let used = plan.numbers.iter();
    let used = used.filter(|number| number.genesys.is_some() && seen.organization.is_some());
    let there = used.filter(|number| seen.target.known(&number.phone).is_some());
    let is_gone = |phone: &&Phone| {
        let all = seen.integrations(&plan.target.waba, phone);
        all.is_ok_and(|all| all.old.is_empty())
    };
    there.map(|number| &number.phone).filter(is_gone).collect()
}

fn named(phones: &[&Phone]) -> String {
    match phones {
        [] => String::new(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}
