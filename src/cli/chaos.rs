//! `rehearse --chaos`: the plan played again and again, each time with other faults.

use std::path::Path;

use super::{
    error::CliError,
    exit,
    files::DiskFiles,
    ui::{Format, Ui},
};
use crate::{
    chaos::{
        play::{PlayError, Setting},
        tally::{Failure, Tally},
    },
    plan::Plan,
    report::{clean, style},
    sim::world::World,
};

/// Which plays are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) plays: u32,
    /// The seed of the first; the others follow.
    pub(super) seed: u64,
}

/// Plays, and shows the sums.
pub(super) async fn run(
    plan: &Plan,
    world: &World,
    folder: &Path,
    wanted: Wanted,
    ui: Ui,
) -> Result<u8, CliError> {
    let setting = Setting {
        plan,
        world,
        files: &DiskFiles,
        folder,
        between: None,
    };
    let undisturbed = setting.undisturbed().await.map_err(failed)?;
    let mut tally = Tally::default();
    for nth in 0..wanted.plays {
        let seed = wanted.seed.wrapping_add(nth.into());
        let faults = undisturbed.extent.draw(seed);
        let played = setting.disturbed(&undisturbed, faults).await;
        tally.add(seed, &played.map_err(failed)?);
    }
    match ui.format {
        Format::Json => ui.print_json(&tally.to_json())?,
        Format::Text | Format::Markdown => ui.print(&told(&tally, plan, wanted))?,
    }
    Ok(match tally.failures.is_empty() {
        true => exit::OK,
        false => exit::FAILED,
    })
}

fn failed(error: PlayError) -> CliError {
    match error {
        PlayError::Disk(source) => CliError::File {
            doing: "keep the journal of a play in",
            path: std::path::PathBuf::from("a temporary folder"),
            source,
        },
        other => CliError::Internal(other.to_string()),
    }
}

fn told(tally: &Tally, plan: &Plan, wanted: Wanted) -> String {
    let last = wanted.seed.wrapping_add(u64::from(wanted.plays.max(1) - 1));
    let seeds = match wanted.plays {
        1 => format!("1 play with faults, seed {}", wanted.seed),
        plays => format!("{plays} plays with faults, seeds {} to {last}", wanted.seed),
    };
    let verdict = match tally.failures.len() {
        0 => style::good(format!(
            "{seeds}: the end was right, and every promise was kept."
        )),
        broken => style::bad(format!("{seeds}: {broken} broke a promise.")),
    };
    let failures = tally.failures.iter().map(|failure| shown(failure, plan));
    let failures: String = failures.collect();
    format!("{verdict}\n\n{failures}{}{}", runs(tally), faults(tally))
}

fn shown(failure: &Failure, plan: &Plan) -> String {
    let seed = failure.seed;
    let faults = failure.faults.iter();
    let faults: String = faults
        .map(|fault| format!("    {}\n", clean(fault)))
        .collect();
    let broken = failure.breaches.iter().map(|breach| {
        let rule = style::bad(breach.rule.as_str());
        format!("  {rule}\n    {}\n", clean(&breach.what))
    });
    let broken: String = broken.collect();
    let path = clean(&plan.path.display().to_string());
    let heading = style::heading(format!("Seed {seed}"));
    let again = style::faint(format!(
        "waba-migrate rehearse {path} --chaos 1 --seed {seed}"
    ));
    format!("{heading}\n{faults}{broken}  play it again: {again}\n\n")
}

fn runs(tally: &Tally) -> String {
    let runs = tally.runs.iter();
    let runs: Vec<_> = runs
        .map(|(runs, plays)| format!("{runs} runs in {plays}"))
        .collect();
    let worst = tally.worst.unwrap_or_default();
    let most = tally.most_runs();
    let mut lines = format!(
        "{}\n  {}\n  the most were {most}, with seed {worst}\n",
        style::heading("Runs until all was done"),
        runs.join(", ")
    );
    let others = [
        (
            tally.waiting,
            "left a number waiting: a fault took its window",
        ),
        (tally.rejected, "had a template rejected for good"),
    ];
    for (plays, what) in others.into_iter().filter(|(plays, _)| *plays > 0) {
        lines += &format!("  {plays} {what}\n");
    }
    lines + "\n"
}

fn faults(tally: &Tally) -> String {
    let struck: u32 = tally.struck.values().sum();
    let lines = tally.struck.iter();
    let lines: String = lines
        .map(|(kind, times)| format!("  {:<32}{times:>6}\n", kind.as_str()))
        .collect();
    format!(
        "{}\n{lines}",
        style::heading(format!("Faults that struck: {struck}"))
    )
}
