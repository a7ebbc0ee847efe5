//! One fresh list of the target's templates for every step that asks at the same time.
//!
//! Two hundred numbers that are registered side by side each need to know that the required
//! templates are still approved; one list of sixty pages serves them all, as long as it was begun
//! after they asked.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use super::{Context, StepError};
use crate::{ids::WabaId, snapshot::target_templates};

/// Counts the lists that were begun.
#[derive(Debug, Default)]
pub struct Listing {
    begun: AtomicU64,
    finished: Mutex<u64>,
}

impl Listing {
    /// Puts a list into what this run has seen that was begun after this call.
    pub(super) async fn refresh(&self, cx: &Context<'_>, target: &WabaId) -> Result<(), StepError> {
        let asked = self.begun.load(Ordering::SeqCst);
        let mut finished = self.finished.lock().await;
        if *finished > asked {
            return Ok(());
        }
        let begun = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let listed = target_templates(cx.target, target).await;
        let listed = listed.map_err(|source| StepError::Call {
            doing: "list the target's templates".into(),
            source,
        })?;
        cx.seen().target.templates = crate::resource::Observed::Present(listed);
        *finished = begun;
        Ok(())
    }
}
