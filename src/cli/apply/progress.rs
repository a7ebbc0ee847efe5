//! What a run shows while it goes: every line of its journal, after it is on disk.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::super::ui::{Format, Ui};
use crate::{
    ids::Address,
    journal::{Entry, Event, file::Listener},
    report::{events, style},
};

fn time(at: jiff::Timestamp) -> String {
    at.strftime("%a %e %b %H:%MZ").to_string()
}

/// Shows every line of the journal after it is on disk. `to_do` are the steps that had something to
/// do when the run began; others may end too, to say that they are done.
pub(in crate::cli) fn listener(ui: Ui, is_attended: bool, to_do: BTreeSet<Address>) -> Listener {
    let ended = AtomicUsize::new(0);
    Arc::new(move |entry: &Entry| {
        let text = match ui.format {
            Format::Json => {
                let is_progress =
                    matches!(&entry.event, Event::StepEnded { step, .. } if to_do.contains(step));
                let ended = ended.fetch_add(usize::from(is_progress), Ordering::Relaxed) + 1;
                let progress =
                    is_progress.then(|| events::Progress::new(entry.at, ended, to_do.len()));
                events::json(entry, progress)
            }
            Format::Text => shown(entry, ui, is_attended),
            // It tells at the end, as a whole.
            Format::Markdown => None,
        };
        if let Some(text) = text {
            // A full disk on the other side of a pipe must not stop a migration half way.
            if let Err(error) = ui.print(&format!("{text}\n")) {
                tracing::warn!(%error, "progress cannot be shown");
            }
        }
    })
}

fn shown(entry: &Entry, ui: Ui, is_attended: bool) -> Option<String> {
    // Where nobody waits at a gate, the end of its step says the same.
    let is_said_later = !is_attended && matches!(entry.event, Event::Gate { .. });
    let line = events::line(entry).filter(|_| !is_said_later)?;
    Some(match ui.shows_time {
        // A rehearsal plays days in a moment; only the clock tells.
        true => format!("  {}{line}", style::faint(time(entry.at))),
        false => line,
    })
}
