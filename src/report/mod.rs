//! Saying it: rendering only. Nothing here decides, reads or prints.
//!
//! Texts carry colour codes; the terminal's edge takes them out where no colour is wanted. Whatever
//! comes from outside goes through [`clean`], so no name or message can steer the terminal.

pub mod changes;
pub mod differences;
pub mod events;
pub mod findings;
pub mod gates;
pub mod style;

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
}
