//! The few colours of this program. Every meaning has a word or a sign too: colour only helps.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// A text in a style.
#[derive(Clone, Debug)]
pub struct Painted {
    text: String,
    style: Style,
}

impl fmt::Display for Painted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The padding of `{:<20}` belongs to the text, not to the codes around it.
        write!(f, "{}", self.style)?;
        f.pad(&self.text)?;
        write!(f, "{:#}", self.style)
    }
}

fn paint(text: impl Into<String>, style: Style) -> Painted {
    Painted {
        text: text.into(),
        style,
    }
}

fn color(text: impl Into<String>, color: AnsiColor) -> Painted {
    paint(text, color.on_default())
}

/// Nothing special.
pub fn plain(text: impl Into<String>) -> Painted {
    paint(text, Style::new())
}

/// Something new, or good.
pub fn good(text: impl Into<String>) -> Painted {
    color(text, AnsiColor::Green)
}

/// Something that changes or waits.
pub fn notice(text: impl Into<String>) -> Painted {
    color(text, AnsiColor::Yellow)
}

/// Something that goes away, fails or cannot be taken back.
pub fn bad(text: impl Into<String>) -> Painted {
    color(text, AnsiColor::Red)
}

/// An error's first word.
pub fn error(text: impl Into<String>) -> Painted {
    paint(text, AnsiColor::Red.on_default().bold())
}

/// A hint's first word.
pub fn hint(text: impl Into<String>) -> Painted {
    color(text, AnsiColor::Cyan)
}

/// A heading.
pub fn heading(text: impl Into<String>) -> Painted {
    paint(text, Style::new().bold())
}

/// What can be skipped.
pub fn faint(text: impl Into<String>) -> Painted {
    paint(text, Style::new().dimmed())
}
