//! Where every number stands, one line each: for a terminal, and as Markdown.
//!
//! Both have the same cells. A terminal that is too narrow for all of them gets fewer columns, never
//! a second line. Times are UTC; those of a window are on the clocks of its own zone.

use jiff::Timestamp;

use super::{clean, count, markdown, style, templates};
use crate::{
    changeset::AccountRef,
    status::{
        GenesysStanding, NumberPhase, NumberStatus, Party, Standing, Status, StepStatus, Turn,
        Waiting, WindowOpening, WindowStatus,
    },
};

/// Steps of accounts and templates that are shown before the rest is only counted.
const STEPS_SHOWN: usize = 10;

/// What stands in a cell that has nothing to say.
const NOTHING: &str = "-";

/// One fact about a number.
struct Column {
    head: &'static str,
    cell: fn(&NumberStatus) -> String,
    /// Columns of a higher rank are left out first where there is not enough room.
    rank: u8,
}

const COLUMNS: &[Column] = &[
    column("Number", |number| number.phone.to_string(), 0),
    column("Phase", phase, 0),
    column(
        "Source",
        |number| standing(number.source.standing).into(),
        1,
    ),
    column(
        "Target",
        |number| standing(number.target.standing).into(),
        1,
    ),
    column("Genesys", in_genesys, 1),
    column("Waits for", waits_for, 0),
    column("Since (UTC)", since, 0),
    column("Window", window, 0),
    column("Next", next, 2),
];

const fn column(head: &'static str, cell: fn(&NumberStatus) -> String, rank: u8) -> Column {
    Column { head, cell, rank }
}

/// Renders a status for a terminal that is so many characters wide.
pub fn render(status: &Status, width: usize) -> String {
    let account = |account: &AccountRef| {
        let name = account
            .name
            .as_deref()
            .map(|name| format!("  {}", clean(name)));
        format!("{}{}", account.waba, name.unwrap_or_default())
    };
    let mut text = format!(
        "{} {}  {}\n  source  {}\n  target  {}\n\n",
        style::heading("Status"),
        style::heading(status.plan.name.as_str()),
        style::faint(format!("{} UTC", minute(status.seen_at))),
        account(&status.source),
        account(&status.target),
    );
    text += &table(&status.numbers, width);
    let notes: String = notes(status)
        .iter()
        .map(|note| format!("  {}\n", clean(note)))
        .collect();
    if !notes.is_empty() {
        text += &format!("\n{notes}");
    }
    if let Some(inventory) = &status.inventory {
        text += &templates::reasons(inventory);
    }
    if let Some(flows) = &status.flows {
        text += &templates::flow_reasons(flows);
    }
    text += &steps(&status.steps);
    let agenda = agenda(status);
    if !agenda.is_empty() {
        text += &format!("\n{}\n", style::heading("Next"));
    }
    for Item {
        who,
        what,
        sentence,
    } in agenda
    {
        let what = what.map(|what| format!(": {}", clean(&what)));
        text += &format!("  {}{}\n", style::notice(who), what.unwrap_or_default());
        text += &format!("      {}\n", clean(&sentence));
    }
    text + &format!("\n{} {}\n", style::heading("Status:"), sums(status))
}

/// Renders a status as Markdown.
pub fn render_markdown(status: &Status) -> String {
    let account = |account: &AccountRef| match &account.name {
        Some(name) => markdown::text(&format!("{} ({name})", account.waba)),
        None => markdown::text(&account.waba),
    };
    let shown = shown(&status.numbers);
    let heads: Vec<_> = shown.iter().map(|column| column.head).collect();
    let row = |number: &NumberStatus| shown.iter().map(|column| (column.cell)(number)).collect();
    let rows: Vec<Vec<_>> = status.numbers.iter().map(row).collect();
    let mut text = format!(
        "# Status of {}\n\nFrom {} to {}, seen {} UTC.\n\n{}",
        markdown::text(&status.plan.name),
        account(&status.source),
        account(&status.target),
        minute(status.seen_at),
        markdown::table(&heads, &rows),
    );
    let notes: String = notes(status)
        .iter()
        .map(|note| format!("* {}\n", markdown::text(note)))
        .collect();
    let agenda: String = agenda(status).iter().map(item).collect();
    for list in [notes, agenda] {
        if !list.is_empty() {
            text += &format!("\n{list}");
        }
    }
    text + &format!("\n**Status:** {}\n", markdown::text(&sums(status)))
}

fn item(item: &Item) -> String {
    let what = item
        .what
        .as_deref()
        .map(|what| format!(" {}.", markdown::text(what)));
    format!(
        "* **{}:**{} {}\n",
        markdown::text(&item.who),
        what.unwrap_or_default(),
        markdown::text(&item.sentence)
    )
}

/// The columns that say anything at all.
fn shown(numbers: &[NumberStatus]) -> Vec<&'static Column> {
    let says = |column: &&Column| {
        numbers
            .iter()
            .any(|number| (column.cell)(number) != NOTHING)
    };
    COLUMNS.iter().filter(says).collect()
}

fn table(numbers: &[NumberStatus], width: usize) -> String {
    let mut columns: Vec<_> = shown(numbers)
        .into_iter()
        .map(|column| {
            let cells = numbers
                .iter()
                .map(|number| (column.cell)(number).chars().count());
            (
                column,
                cells.chain([column.head.len()]).max().unwrap_or_default(),
            )
        })
        .collect();
    let needed =
        |columns: &[(&Column, usize)]| columns.iter().map(|(_, width)| width + 2).sum::<usize>();
    for rank in [2, 1] {
        if needed(&columns) > width {
            columns.retain(|(column, _)| column.rank < rank);
        }
    }
    let heads = columns
        .iter()
        .map(|(column, width)| format!("  {:<width$}", column.head));
    let mut text = format!("{}\n", style::faint(heads.collect::<String>().trim_end()));
    for number in numbers {
        text += &row(number, &columns);
    }
    text
}

fn row(number: &NumberStatus, columns: &[(&Column, usize)]) -> String {
    let mut line = String::new();
    let mut room = 0;
    for (column, width) in columns {
        let cell = (column.cell)(number);
        let used = cell.chars().count();
        let cell = match column.head {
            "Phase" => in_turn(number.turn, cell),
            _ => style::plain(cell),
        };
        // The room of a cell is given to the next one, so that no line ends with spaces.
        line += &format!("{:room$}  {cell}", "");
        room = width - used;
    }
    line + "\n"
}

fn in_turn(turn: Turn, cell: String) -> style::Painted {
    match turn {
        Turn::Blocked => style::bad(cell),
        Turn::Waiting => style::notice(cell),
        Turn::Ready => style::hint(cell),
        Turn::Done => style::good(cell),
    }
}

fn phase(number: &NumberStatus) -> String {
    let phase = match number.phase {
        _ if number.turn == Turn::Blocked => "blocked",
        NumberPhase::NotStarted => "not started",
        NumberPhase::Prepare => "prepare",
        NumberPhase::Verify => "verify",
        NumberPhase::CutOver => "cut over",
        NumberPhase::Settle => "settle",
        NumberPhase::Done => "done",
    };
    phase.to_owned()
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Live => "live",
        Standing::Registered => "registered",
        Standing::Verified => "verified",
        Standing::Added => "added",
        Standing::Offline => "offline",
        Standing::Banned => "banned",
        Standing::MovedAway => "moved away",
        Standing::Absent => NOTHING,
        Standing::Unknown => "unknown",
    }
}

fn in_genesys(number: &NumberStatus) -> String {
    let standing = number.genesys.as_ref().map(|genesys| genesys.standing);
    match standing {
        None | Some(GenesysStanding::Absent) => NOTHING,
        Some(GenesysStanding::Old) => "old integration",
        Some(GenesysStanding::Silent) => "nobody hears it",
        Some(GenesysStanding::New) => "new integration",
        Some(GenesysStanding::Unrouted) => "not routed",
        Some(GenesysStanding::Contested) => "contested",
        Some(GenesysStanding::Unknown) => "unknown",
    }
    .to_owned()
}

fn waits_for(number: &NumberStatus) -> String {
    match &number.waiting {
        Some(Waiting {
            number: Some(phone),
            ..
        }) => phone.to_string(),
        Some(waiting) => {
            let party = party(waiting.party);
            party.strip_prefix("the ").unwrap_or(party).to_owned()
        }
        None => NOTHING.to_owned(),
    }
}

fn party(party: Party) -> &'static str {
    match party {
        Party::Us => "you",
        Party::SourceOwner => "the source's owner",
        Party::Customer => "the customer",
        Party::BusinessAdmin => "the target's admin",
        Party::GenesysAdmin => "the Genesys admin",
        Party::Meta => "Meta",
        Party::Number => "another number",
        Party::Window => "its window",
    }
}

fn since(number: &NumberStatus) -> String {
    let since = number.waiting.as_ref().and_then(|waiting| waiting.since);
    since.map_or_else(|| NOTHING.to_owned(), minute)
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

fn window(number: &NumberStatus) -> String {
    let Some(WindowStatus { window, opening }) = &number.window else {
        return NOTHING.to_owned();
    };
    match opening {
        WindowOpening::Before => window.from.strftime("%-d %b %H:%M").to_string(),
        WindowOpening::Open => "open".to_owned(),
        WindowOpening::TooShort => "too short".to_owned(),
        WindowOpening::Over => "over".to_owned(),
    }
}

/// The next step without the number, which the line has already.
fn next(number: &NumberStatus) -> String {
    let own = format!("number[\"{}\"].", number.phone);
    let step = number.step.as_deref().unwrap_or(NOTHING);
    step.strip_prefix(&own).unwrap_or(step).to_owned()
}

/// What belongs to no number alone: windows, templates, migration intents.
fn notes(status: &Status) -> Vec<String> {
    let mut notes = Vec::new();
    for number in &status.numbers {
        if let Some(WindowStatus { window, .. }) = &number.window {
            let note = format!("Window {}: {}", window.name, window.span);
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    let required = &status.templates;
    if !required.ready {
        let since = required
            .since
            .map(|since| format!(", since {} UTC", minute(since)));
        notes.push(format!(
            "Templates: {}{}",
            required.what,
            since.unwrap_or_default()
        ));
    }
    for (template, since) in &required.pending {
        notes.push(format!(
            "Template {template}: waited for since {} UTC",
            minute(*since)
        ));
    }
    if let Some(inventory) = &status.inventory {
        notes.push(templates::line(inventory));
    }
    if let Some(flows) = &status.flows {
        notes.push(templates::flows_line(flows));
    }
    notes.extend(
        status
            .intents
            .iter()
            .map(|intent| match (&intent.id, &intent.status) {
                (Some(id), Some(word)) => {
                    format!("Intent {id} for solution {}: {word}", intent.solution)
                }
                (Some(id), None) => format!("Intent {id} for solution {}", intent.solution),
                (None, _) => format!("No intent for solution {} is set", intent.solution),
            }),
    );
    notes
}

/// Something to do, for one number or for several alike.
struct Item {
    who: String,
    what: Option<String>,
    sentence: String,
}

/// Who has to do what: one item for all numbers that wait alike, told by the first of them.
fn agenda(status: &Status) -> Vec<Item> {
    let mut groups: Vec<(&NumberStatus, usize)> = Vec::new();
    let alike = |number: &NumberStatus| {
        let party = number.waiting.as_ref().map(|waiting| waiting.party);
        (number.turn, party, next(number))
    };
    // What another number has to do first is told there, and at a window there is nothing to do.
    let told = |number: &&NumberStatus| {
        let party = number.waiting.as_ref().map(|waiting| waiting.party);
        !matches!(party, Some(Party::Number | Party::Window))
    };
    for number in status.numbers.iter().filter(told) {
        match groups
            .iter_mut()
            .find(|(first, _)| alike(first) == alike(number))
        {
            Some((_, more)) => *more += 1,
            None => groups.push((number, 0)),
        }
    }
    let items = groups.into_iter();
    items
        .filter_map(|(number, more)| to_do(number, more))
        .collect()
}

fn to_do(number: &NumberStatus, more: usize) -> Option<Item> {
    let mut sentence = number.next.clone()?;
    let is_own = number
        .step
        .as_ref()
        .is_some_and(|step| step.starts_with("number["));
    if more > 0 && is_own {
        let more = count(more, "more number");
        sentence += &format!(" (and the same for {more})");
    }
    let waits = |waiting: &Waiting| match waiting.until {
        Some(until) => format!("{}, until {} UTC", waiting.what, minute(until)),
        None => waiting.what.clone(),
    };
    Some(Item {
        who: number
            .waiting
            .as_ref()
            .map_or("apply", |waiting| party(waiting.party))
            .to_owned(),
        what: number.waiting.as_ref().map(waits),
        sentence,
    })
}

/// What is left for accounts and templates, as long as there is something besides numbers.
fn steps(steps: &[StepStatus]) -> String {
    let lines = steps.iter().take(STEPS_SHOWN).map(|step| {
        let since = step
            .since
            .map(|since| format!(", since {} UTC", minute(since)));
        let reason = format!("{}{}", clean(&step.reason), since.unwrap_or_default());
        format!("  {}  {}\n", step.address, style::faint(reason))
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        return lines;
    }
    let more = match steps.len().saturating_sub(STEPS_SHOWN) {
        0 => String::new(),
        more => format!("  and {more} more\n"),
    };
    format!(
        "\n{}\n{lines}{more}",
        style::heading("Accounts and templates")
    )
}

fn sums(status: &Status) -> String {
    let sums = &status.summary;
    let mut text = format!("{} of {} live", sums.live, count(sums.numbers, "number"));
    if sums.done == sums.numbers {
        return text
            + &match status.steps.len() {
                0 => ", nothing is left to do.".to_owned(),
                left => format!(", {} left for the accounts.", count(left, "step")),
            };
    }
    let waits = |wanted: Party| {
        let waiting = status
            .numbers
            .iter()
            .filter(|number| number.turn == Turn::Waiting);
        waiting
            .filter(|number| {
                number
                    .waiting
                    .as_ref()
                    .is_some_and(|waiting| waiting.party == wanted)
            })
            .count()
    };
    let mut is_first = true;
    for one in PARTIES {
        let number = waits(one);
        if number > 0 {
            let verb = match (is_first, number) {
                (true, 1) => " waits",
                (true, _) => " wait",
                (false, _) => "",
            };
            text += &format!(", {number}{verb} for {}", party(one));
            is_first = false;
        }
    }
    for (number, word) in [(sums.blocked, "blocked"), (sums.ready, "ready for apply")] {
        if number > 0 {
            text += &format!(", {number} {word}");
        }
    }
    match status.next_window() {
        Some(next) => text + &format!(". Next window: {}.", next.window.opens),
        None => text + ".",
    }
}

/// Everyone there is to wait for, in the order of the sums.
const PARTIES: [Party; 7] = [
    Party::Us,
    Party::SourceOwner,
    Party::Customer,
    Party::BusinessAdmin,
    Party::Meta,
    Party::Number,
    Party::Window,
];
