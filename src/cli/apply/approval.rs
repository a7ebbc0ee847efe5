//! What is asked before anything is sent.

use super::super::session::Seen;

/// A question, and the word that says yes.
pub(in crate::cli) struct Question {
    pub(in crate::cli) text: String,
    pub(in crate::cli) word: String,
}

/// What is asked about what was seen, before anything is sent.
pub(in crate::cli) type Ask = fn(&Seen) -> Question;

/// Asks for the number of cut-overs, so that a yes is never given by habit.
pub(in crate::cli) fn ask_to_go_on(seen: &Seen) -> Question {
    let cut_overs = seen
        .changes
        .to_do()
        .filter(|change| change.kind == "register");
    let cut_overs = cut_overs.count();
    let most = seen.changes.summary.max_cut_overs;
    let most = most.and_then(|most| usize::try_from(most).ok());
    match most.map_or(cut_overs, |most| most.min(cut_overs)) {
        0 => Question {
            text: "Type yes to go on: ".to_owned(),
            word: "yes".to_owned(),
        },
        cut_overs => Question {
            text: format!(
                "This cuts over {cut_overs} of your numbers, for good. Type that number to go on: "
            ),
            word: cut_overs.to_string(),
        },
    }
}
