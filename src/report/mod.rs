//! Saying it: rendering only. Nothing here decides, reads or prints.
//!
//! Texts carry colour codes; the terminal's edge takes them out where no colour is wanted. Whatever
//! comes from outside goes through [`clean`], so no name or message can steer the terminal.

pub mod changes;
pub mod differences;
pub mod events;
pub mod findings;
pub mod gates;
pub mod github;
pub mod gitlab;
pub mod graph;
pub mod junit;
pub mod markdown;
pub mod runs;
pub mod sarif;
pub mod status;
pub mod style;
pub mod templates;

/// Replaces every character that steers a terminal or turns the direction of text.
pub fn clean(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' | '\n' => ' ',
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Breaks a text into lines of at most `width` characters where it can: at its spaces.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// "1 step", "2 steps".
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_steers_the_terminal() {
        assert_eq!(
            clean("a\u{1b}[31mb\r\u{202e}c\u{9b}d\n"),
            "a␛[31mb␍\u{fffd}c\u{fffd}d "
        );
        assert_eq!(clean("Grüße 👋 مرحبا"), "Grüße 👋 مرحبا");
    }

    #[test]
    fn a_word_that_is_too_long_gets_a_line_of_its_own() {
        assert_eq!(
            wrap("ein über  langes Wort", 8),
            ["ein über", "langes", "Wort"]
        );
        assert_eq!(wrap("a abcdefghij b", 4), ["a", "abcdefghij", "b"]);
        assert_eq!(wrap(" ", 4), [""; 0]);
    }
}
