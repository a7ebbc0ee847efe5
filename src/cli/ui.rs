//! The terminal: results on stdout, everything else on stderr, colour where it is wanted.

use std::{
    error::Error,
    io::{self, BufRead, IsTerminal, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use clap::ValueEnum;

use super::error::CliError;
use crate::report::{clean, findings, github, style};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What results look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For pull requests and wikis, where there is something to read
    Markdown,
}

/// Whether a question stands on the terminal and waits for its answer. A terminal is one per process.
static QUESTION_OPEN: AtomicBool = AtomicBool::new(false);

/// Where a command writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ui {
    /// What results look like.
    pub format: Format,
    /// Whether every JSON value takes one line, because several follow each other.
    pub(super) json_lines: bool,
    /// Whether every event shows its time.
    pub(super) shows_time: bool,
    /// Whether only results are shown.
    pub quiet: bool,
    /// The most characters of a result in Markdown.
    pub(super) max_chars: usize,
    /// Whether GitHub Actions runs this and wants annotations.
    pub(super) github: bool,
}

impl Ui {
    /// What a comment holds at GitHub (65,536 characters), with room for a line of the poster's.
    pub(super) const MAX_CHARS: usize = 65_000;

    /// Sets up the terminal.
    pub(super) fn new(format: Format, color: Color, quiet: bool) -> Self {
        match color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        Self {
            format,
            json_lines: false,
            shows_time: false,
            quiet,
            max_chars: Self::MAX_CHARS,
            github: false,
        }
    }

    /// Returns whether a person can be asked.
    pub(super) fn is_attended() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Returns how many characters a line of the result can have: as many as it needs where no
    /// terminal shows it.
    pub(super) fn width() -> usize {
        let terminal = terminal_size::terminal_size_of(io::stdout());
        terminal.map_or(usize::MAX, |(width, _)| width.0.into())
    }

    /// Asks a question and returns the line that is typed.
    pub(super) fn ask(question: &str) -> io::Result<String> {
        let mut answer = String::new();
        write!(anstream::stderr(), "{question}")?;
        QUESTION_OPEN.store(true, Ordering::SeqCst);
        let read = io::stdin().lock().read_line(&mut answer);
        QUESTION_OPEN.store(false, Ordering::SeqCst);
        read.map(|_| answer)
    }

    /// Prints a part of the result.
    pub(super) fn print(self, text: &str) -> Result<(), CliError> {
        match self.format {
            Format::Json => to_stdout(text),
            Format::Text | Format::Markdown => to_stdout(&github::inert(text)),
        }
    }

    /// Prints a result as pretty JSON.
    pub(super) fn print_json(self, value: &impl serde::Serialize) -> Result<(), CliError> {
        let text = if self.json_lines {
            serde_json::to_string(value)
        } else {
            serde_json::to_string_pretty(value)
        };
        let json =
            text.map_err(|error| CliError::Internal(format!("cannot write JSON: {error}")))?;
        to_stdout(&format!("{json}\n"))
    }

    /// Prints a result that has no Markdown form: as JSON, or as the text it is for people.
    pub(super) fn show(
        self,
        value: &impl serde::Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), CliError> {
        match self.format {
            Format::Json => self.print_json(value),
            Format::Text => self.print(&text()),
            Format::Markdown => Err(CliError::no_markdown()),
        }
    }

    /// Prints a result that has every form.
    pub(super) fn show_any(
        self,
        value: &impl serde::Serialize,
        text: impl FnOnce() -> String,
        markdown: impl FnOnce(usize) -> String,
    ) -> Result<(), CliError> {
        match self.format {
            Format::Json => self.print_json(value),
            Format::Text => self.print(&text()),
            Format::Markdown => self.print_markdown(markdown),
        }
    }

    /// Prints a result where Markdown is wanted, and nothing elsewhere.
    pub(super) fn print_markdown(
        self,
        markdown: impl FnOnce(usize) -> String,
    ) -> Result<(), CliError> {
        match self.format {
            Format::Markdown => self.print(&markdown(self.max_chars)),
            Format::Text | Format::Json => Ok(()),
        }
    }

    /// Tells a CI runner something: it reads standard error, too.
    pub(super) fn command(self, commands: &str) {
        if !commands.is_empty() {
            to_stderr(commands.trim_end());
        }
    }

    /// Tells something that is not part of the result.
    pub(super) fn say(self, text: &str) {
        if !self.quiet {
            leave_question();
            to_stderr(&github::inert(text));
        }
    }

    /// Shows an error with everything that led to it, and what to do.
    pub(super) fn fail(self, error: &CliError) {
        let shown = error.findings();
        match self.format {
            _ if shown.is_empty() => {}
            // Where even this cannot be printed, the exit code tells.
            Format::Json => drop(self.print_json(&shown)),
            Format::Text | Format::Markdown => {
                to_stderr(&github::inert(&findings::render(&shown, true)));
            }
        }
        let mut text = style::error("error").to_string() + ": " + &clean(&error.to_string());
        let mut cause = error.source();
        while let Some(source) = cause {
            text.push_str(&format!("\n  because: {}", clean(&source.to_string())));
            cause = source.source();
        }
        if let Some(hint) = error.hint() {
            text.push_str(&format!("\n  {}: {hint}", style::hint("hint")));
        }
        to_stderr(&github::inert(&text));
    }
}

/// Ends the line of an open question: it is not ours to go on with.
fn leave_question() {
    if QUESTION_OPEN.swap(false, Ordering::SeqCst) {
        to_stderr("");
    }
}

/// Writes to standard output. A reader that went away (`| head`) is no error.
fn to_stdout(text: &str) -> Result<(), CliError> {
    leave_question();
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Output(error)),
        _ => Ok(()),
    }
}

/// Nobody can be told that nobody can be told.
fn to_stderr(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}
