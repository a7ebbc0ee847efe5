//! Finds the word somebody may have meant.

/// No word of a plan is longer; texts beyond it are not compared.
const LONGEST: usize = 40;

/// Returns the candidate that is fewest edits away: at most one for every three
/// characters begun.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word: Vec<char> = word.chars().take(LONGEST + 1).collect();
    if word.len() > LONGEST {
        return None;
    }
    let most = word.len().div_ceil(3);
    let distances = candidates
        .into_iter()
        .map(|near| (edits(&word, near), near));
    let best = distances.min_by_key(|&(distance, _)| distance)?;
    (best.0 <= most).then_some(best.1)
}

/// Returns how many characters to insert, delete, replace or swap with their neighbour.
fn edits(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().take(LONGEST + 1).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = last[j] + usize::from(!a.eq_ignore_ascii_case(b));
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        #[track_caller]
        fn check(word: &str, expected: Option<&str>) {
            let keys = ["token", "waba", "subscription", "phone"];
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
        check("tokne", Some("token"));
        check("Token", Some("token"));
        check("subscripton", Some("subscription"));
        check("wab", Some("waba"));
        check("number", None);
        check(&"x".repeat(10_000), None);
        check("", None);
    }
}
