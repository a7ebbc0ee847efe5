//! The text of a plan or template file: turns ranges of bytes into places for people.
//!
//! Knows nothing of YAML. Whatever leaves this module has its secrets masked.

use std::ops::Range;

use crate::{
    finding::Span,
    plan::mask::Hidden,
    yaml::{Node, Place},
};

/// Lines longer than this are cut around the place.
pub const LONGEST_LINE: usize = 160;
/// Characters kept before the place in a line that was cut; the first of them is `…`.
pub const LEAD: usize = 40;

/// A file and what to call it.
#[derive(Debug)]
pub struct Text<'a> {
    name: &'a str,
    text: &'a str,
    lines: Vec<usize>,
    hidden: Hidden,
}

impl<'a> Text<'a> {
    /// Takes a plan file; `tree` helps to find what must be masked.
    pub fn new(name: &'a str, text: &'a str, tree: Option<&Node>) -> Self {
        Self::hiding(name, text, Hidden::find(text, tree))
    }

    /// Takes a file of prose, where `Your code: {{1}}` is no secret: what must be masked is found
    /// by the tree alone, and access tokens everywhere.
    pub fn of_prose(name: &'a str, text: &'a str, tree: &Node) -> Self {
        Self::hiding(name, text, Hidden::find_in_prose(text, tree))
    }

    fn hiding(name: &'a str, text: &'a str, hidden: Hidden) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self {
            name,
            text,
            lines: lines.collect(),
            hidden,
        }
    }

    /// Returns the first line of a place.
    ///
    /// A line of more than [`LONGEST_LINE`] characters is cut: its snippet begins with `…` and the
    /// place begins after [`LEAD`] characters.
    pub fn span(&self, place: &Place) -> Span {
        let start = self.floor(place.start);
        let line = self.lines.partition_point(|&first| first <= start) - 1;
        let whole = self.line(line);
        let start = start.min(whole.end);
        let end = self.floor(place.end).clamp(start, whole.end);
        let column = self.text[whole.start..start].chars().count();
        let width = self.text[start..end].trim_end().chars().count();
        Span {
            file: self.name.to_owned(),
            line: line + 1,
            column: column + 1,
            end_line: line + 1,
            end_column: column + width.max(1) + 1,
            snippet: self.snippet(whole, start),
        }
    }

    /// Returns the number of the line a place begins in.
    pub fn line_number(&self, place: &Place) -> usize {
        self.lines.partition_point(|&first| first <= place.start)
    }

    /// Returns a sentence of ours without what it may have quoted of a secret.
    pub fn masked(&self, sentence: &str) -> String {
        self.hidden.sentence(sentence)
    }

    fn line(&self, line: usize) -> Range<usize> {
        let start = self.lines[line];
        let end = self
            .lines
            .get(line + 1)
            .map_or(self.text.len(), |next| next - 1);
        start..start + self.text[start..end].trim_end_matches('\r').len()
    }

    fn snippet(&self, line: Range<usize>, at: usize) -> String {
        if self.text[line.clone()].chars().nth(LONGEST_LINE).is_none() {
            return self.hidden.piece(self.text, line);
        }
        let before = self.text[line.start..at].char_indices().rev().nth(LEAD - 2);
        let Some((offset, _)) = before else {
            return self
                .hidden
                .piece(self.text, line.start..self.skip(line.start, LONGEST_LINE));
        };
        let from = line.start + offset;
        let to = self.skip(from, LONGEST_LINE).min(line.end);
        format!("…{}", self.hidden.piece(self.text, from..to))
    }

    /// Returns the offset `count` characters after `from`.
    fn skip(&self, from: usize, count: usize) -> usize {
        let rest = &self.text[from..];
        rest.char_indices()
            .nth(count)
            .map_or(self.text.len(), |(at, _)| from + at)
    }

    fn floor(&self, at: usize) -> usize {
        self.text.floor_char_boundary(at)
    }
}
