//! `rehearse --chaos`: the plan played again and again, each time with other faults.

use std::path::Path;

use tracing::{instrument::WithSubscriber, subscriber::NoSubscriber};

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
pub(super) struct Wanted<'a> {
    pub(super) plays: u32,
    /// The seed of the first; the others follow.
    pub(super) seed: u64,
    /// What was typed, without the plays and the seed.
    pub(super) command: &'a str,
}

/// Plays, and shows the sums. What many plays would log is noise; of a single one it explains.
pub(super) async fn run(
    plan: &Plan,
    world: &World,
    folder: &Path,
    wanted: Wanted<'_>,
    ui: Ui,
) -> Result<u8, CliError> {
    let played = plays(plan, world, folder, wanted);
    let tally = match wanted.plays {
        1 => played.await?,
        _ => played.with_subscriber(NoSubscriber::default()).await?,
    };
    match ui.format {
        Format::Json => ui.print_json(&tally.to_json())?,
        Format::Text | Format::Markdown => ui.print(&told(&tally, wanted))?,
    }
    Ok(match tally.failures.is_empty() {
        true => exit::OK,
        false => exit::FAILED,
    })
}

async fn plays(
    plan: &Plan,
    world: &World,
    folder: &Path,
    wanted: Wanted<'_>,
) -> Result<Tally, CliError> {
    let setting = Setting {
        plan,
        world,
        files: &DiskFiles,
        folder,
        between: None,
    };
    let undisturbed = setting.undisturbed().await.map_err(failed)?;
    let draw = |nth: usize| {
        let seed = wanted.seed.wrapping_add(nth as u64);
        (seed, undisturbed.extent.draw(seed))
    };
    let plays = wanted.plays as usize;
    setting.series(&undisturbed, plays, draw).map_err(failed)
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

fn told(tally: &Tally, wanted: Wanted<'_>) -> String {
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
    let failures = tally
        .failures
        .iter()
        .map(|failure| shown(failure, wanted.command));
    let failures: String = failures.collect();
    format!("{verdict}\n\n{failures}{}{}", runs(tally), faults(tally))
}

fn shown(failure: &Failure, command: &str) -> String {
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
    let heading = style::heading(format!("Seed {seed}"));
    let again = style::faint(format!("{} --chaos 1 --seed {seed}", clean(command)));
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
    for (manner, plays) in &tally.manners {
        lines += &format!("  {plays} with: {manner}\n");
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::chaos::{
        faults::Kind,
        rules::{Breach, Rule},
    };

    #[test]
    fn a_broken_promise_names_its_seed_its_faults_and_how_to_see_it_again() {
        let failure = Failure {
            seed: 76,
            faults: vec!["answer lost at write 7".into()],
            breaches: vec![Breach::new(
                Rule::RegisterTwice,
                "a register of +4930901820 left",
            )],
        };
        let tally = Tally {
            plays: 2,
            struck: BTreeMap::from([(Kind::CutAfter, 3)]),
            runs: BTreeMap::from([(2, 1), (4, 1)]),
            worst: Some(76),
            manners: BTreeMap::from([("nobody at a terminal", 1)]),
            waiting: 1,
            rejected: 0,
            failures: vec![failure],
        };
        let command = "waba-migrate rehearse PLAN";
        let (plays, seed) = (2, 75);
        let wanted = Wanted {
            plays,
            seed,
            command,
        };
        let told = told(&tally, wanted);
        let shown = anstream::adapter::strip_str(&told).to_string();
        insta::assert_snapshot!(shown, @r"
        2 plays with faults, seeds 75 to 76: 1 broke a promise.

        Seed 76
            answer lost at write 7
          no irreversible call twice for one number
            a register of +4930901820 left
          play it again: waba-migrate rehearse PLAN --chaos 1 --seed 76

        Runs until all was done
          2 runs in 1, 4 runs in 1
          the most were 4, with seed 76
          1 with: nobody at a terminal
          1 left a number waiting: a fault took its window

        Faults that struck: 3
          answer lost                          3
        ");
    }
}
