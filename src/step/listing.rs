//! Fresh readings for every step that asks at the same time: the target's templates, the numbers of
//! both sides, both accounts.
//!
//! Two hundred numbers that are registered side by side each need to know that the required
//! templates are still approved, and two hundred gates look whether somebody has acted; one list
//! serves them all, as long as it was begun after they asked.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use futures_util::future::join;
use tokio::sync::Mutex;

use super::{Context, StepError};
use crate::{
    ids::{TemplateId, TemplateKey},
    resource::{
        Observed, phone_number::PhoneNumber, subscription::Subscription, template::Template,
        waba::Waba,
    },
    snapshot::Snapshot,
};

/// The lists that steps share.
#[derive(Debug, Default)]
pub struct Listing {
    templates: Turns,
    contents: Turns,
    source_numbers: Turns,
    target_numbers: Turns,
    accounts: Turns,
    /// The target's templates when the run began.
    pub(super) first: BTreeMap<TemplateKey, TemplateId>,
    /// Held while a template is created: the hour's limit is never passed by two at once.
    pub(super) creations: Mutex<()>,
}

/// Counts how often a list was begun, and finished.
#[derive(Debug, Default)]
struct Turns {
    begun: AtomicU64,
    finished: Mutex<u64>,
}

impl Turns {
    /// Runs `list`, unless one that was begun after this call has finished meanwhile.
    async fn take<F>(&self, list: impl FnOnce() -> F) -> Result<(), StepError>
    where
        F: Future<Output = Result<(), StepError>>,
    {
        let asked = self.begun.load(Ordering::SeqCst);
        let mut finished = self.finished.lock().await;
        if *finished > asked {
            return Ok(());
        }
        let begun = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        list().await?;
        *finished = begun;
        Ok(())
    }
}

impl Listing {
    /// Begins a run with what was seen right before it.
    pub fn of(seen: &Snapshot) -> Self {
        let templates = seen.target.templates.present().into_iter().flatten();
        Self {
            first: templates
                .map(|(key, template)| (key.clone(), template.id.clone()))
                .collect(),
            ..Self::default()
        }
    }

    /// The same as `templates`, with what they say.
    pub(super) async fn contents(&self, cx: &Context<'_>) -> Result<(), StepError> {
        let list = || async {
            let listed = cx.target.list(&Template::list(&cx.plan.target.waba)).await;
            let listed = listed.map_err(|source| StepError::Call {
                doing: "list the target's templates".into(),
                source,
            })?;
            cx.seen().target.take_templates(listed);
            Ok(())
        };
        self.contents.take(list).await
    }

    /// Puts a list of the target's templates into what this run has seen that was begun after this
    /// call: where they stand, not what they say.
    pub(super) async fn templates(&self, cx: &Context<'_>) -> Result<(), StepError> {
        let list = || async {
            let read = Template::list_states(&cx.plan.target.waba);
            let listed = cx.target.list(&read).await;
            let listed = listed.map_err(|source| StepError::Call {
                doing: "list the target's templates".into(),
                source,
            })?;
            cx.seen().target.take_templates(listed);
            Ok(())
        };
        self.templates.take(list).await
    }

    /// The same for the numbers of the source.
    pub(super) async fn source_numbers(&self, cx: &Context<'_>) -> Result<(), StepError> {
        let list = || async {
            let read = PhoneNumber::list(&cx.plan.source.waba);
            let listed = cx
                .source
                .list(&read)
                .await
                .map_err(|source| StepError::Call {
                    doing: "list the source's numbers".into(),
                    source,
                })?;
            cx.seen().source.numbers = Observed::Present(listed);
            Ok(())
        };
        self.source_numbers.take(list).await
    }

    /// The same for the numbers of the target.
    pub(super) async fn target_numbers(&self, cx: &Context<'_>) -> Result<(), StepError> {
        let list = || async {
            let read = PhoneNumber::list(&cx.plan.target.waba);
            let listed = cx
                .target
                .list(&read)
                .await
                .map_err(|source| StepError::Call {
                    doing: "list the target's numbers".into(),
                    source,
                })?;
            cx.seen().target.numbers = Observed::Present(listed);
            Ok(())
        };
        self.target_numbers.take(list).await
    }

    /// The same for both accounts and the subscriptions. What cannot be read becomes unknown.
    pub(super) async fn accounts(&self, cx: &Context<'_>) -> Result<(), StepError> {
        let list = || async {
            let (source, target) = (&cx.plan.source.waba, &cx.plan.target.waba);
            let (of_source, of_target) = (Waba::read(source, false), Waba::read(target, true));
            let details = (Waba::read_details(source), Waba::read_details(target));
            let subscribed = Subscription::list(target);
            let wabas = join(cx.source.get(&of_source), cx.target.get(&of_target));
            let details = join(cx.source.get(&details.0), cx.target.get(&details.1));
            let read = join(join(wabas, details), cx.target.list(&subscribed)).await;
            let ((wabas, details), subscriptions) = read;
            // A limit says nothing about the accounts: it is waited for, not judged.
            for source in [wabas.1.as_ref().err(), subscriptions.as_ref().err()] {
                if let Some(source) = source.filter(|error| error.is_limit()) {
                    let (doing, source) = ("read the target".to_owned(), source.clone());
                    return Err(StepError::Call { doing, source });
                }
            }
            let mut seen = cx.seen();
            (seen.source.waba, seen.target.waba) = (wabas.0.into(), wabas.1.into());
            (seen.source.details, seen.target.details) = (details.0.into(), details.1.into());
            seen.subscriptions = subscriptions.into();
            Ok(())
        };
        self.accounts.take(list).await
    }
}
