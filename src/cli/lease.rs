//! The lease of a run while it lasts: taken, kept alive beside everything else, given back.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::{error::CliError, ui::Ui, whoami};
use crate::{
    clock::SystemClock,
    journal::{
        Lock,
        lease::{Held, Holder},
    },
    report::clean,
};

/// A lease that is renewed in the background until this is dropped.
pub(super) struct Tenure {
    held: Arc<Held>,
    beating: JoinHandle<()>,
}

impl Tenure {
    /// Takes the lease, and says from whom where somebody did not give it back. Its times are the
    /// machine's also where a plan is played on another clock: who else could hold it lives by that one.
    pub(super) fn begin(lock: &Lock, user: &str, ui: Ui) -> Result<Self, CliError> {
        let holder = Holder {
            user: user.to_owned(),
            host: whoami::host(),
            pid: std::process::id(),
            token: whoami::token(),
        };
        let (held, before) = Held::take(lock, holder, Arc::new(SystemClock))?;
        if let Some(before) = before {
            let before = clean(&before.who());
            ui.say(&format!(
                "Took over the lease of a run that did not end: {before}."
            ));
        }
        let held = Arc::new(held);
        let kept = held.clone();
        let beating = tokio::spawn(async move { kept.keep().await });
        Ok(Self { held, beating })
    }

    pub(super) fn held(&self) -> &Arc<Held> {
        &self.held
    }
}

impl Drop for Tenure {
    fn drop(&mut self) {
        self.beating.abort();
        // The task may hold it longer than this process lasts.
        self.held.release();
    }
}
