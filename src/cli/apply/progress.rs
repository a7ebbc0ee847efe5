//! What a run shows while it goes: every line of its journal, after it is on disk.

use std::sync::Arc;

use super::super::ui::{Format, Ui};
use crate::{
    journal::{Entry, file::Listener},
    report::{events, style},
};

fn time(at: jiff::Timestamp) -> String {
    at.strftime("%a %e %b %H:%MZ").to_string()
}

/// Shows every line of the journal after it is on disk.
pub(in crate::cli) fn listener(ui: Ui) -> Listener {
    Arc::new(move |entry: &Entry| {
        let text = match ui.format {
            Format::Json => serde_json::to_string(entry).ok(),
            Format::Text | Format::Markdown => {
                events::line(entry).map(|line| match ui.shows_time {
                    // A rehearsal plays days in a moment; only the clock tells.
                    true => format!("  {}{line}", style::faint(time(entry.at))),
                    false => line,
                })
            }
        };
        if let Some(text) = text {
            // A full disk on the other side of a pipe must not stop a migration half way.
            if let Err(error) = ui.print(&format!("{text}\n")) {
                tracing::warn!(%error, "progress cannot be shown");
            }
        }
    })
}
