//! What a person is asked before anything is sent: to type how much of it cannot be taken back.
//!
//! The word is never a plain yes where something is at stake, so that it is not given by habit.

use crate::changeset::{
    ChangeSet,
    risk::{Accepted, Risk},
};

/// A question, and the word that says yes.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Question {
    pub(in crate::cli) text: String,
    pub(in crate::cli) word: String,
}

/// Asks for the amount of every risk that was not accepted on the command line.
pub(in crate::cli) fn questions(changes: &ChangeSet, accepted: &Accepted) -> Vec<Question> {
    let amounts = Risk::ALL.map(|risk| (risk, risk.amount(changes)));
    let open = |risk, amount| amount > 0 && accepted.of(risk).is_none();
    let open = amounts
        .into_iter()
        .filter(|&(risk, amount)| open(risk, amount));
    let questions: Vec<_> = open.map(|(risk, amount)| ask(risk, amount)).collect();
    match questions.is_empty() {
        true => vec![Question {
            text: "Type yes to go on: ".to_owned(),
            word: "yes".to_owned(),
        }],
        false => questions,
    }
}

fn ask(risk: Risk, amount: u64) -> Question {
    let what = match risk {
        Risk::CutOver => "This cuts numbers over for good: traffic and billing move.",
        Risk::DeleteTemplates => {
            "This deletes templates of the target; their names stay blocked for 30 days."
        }
    };
    Question {
        text: format!(
            "{what}\nType the number of {} ({amount}) to go on: ",
            risk.counted()
        ),
        word: amount.to_string(),
    }
}
