//! The lease of a run while it lasts: taken, kept alive beside everything else, given back.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::{error::CliError, exit, ui::Ui, whoami};
use crate::{
    clock::SystemClock,
    journal::{
        Lock,
        lease::{Held, Holder},
    },
    report::clean,
    step::Stop,
};

/// A lease that is renewed in the background until this is dropped.
pub(super) struct Tenure {
    held: Arc<Held>,
    beating: JoinHandle<()>,
}

impl Tenure {
    /// Takes the lease, and says from whom where somebody did not give it back. Its times are the
    /// machine's also where a plan is played on another clock: who else could hold it lives by that one.
    /// A run that loses it is asked to stop, so that it waits for nothing and asks nobody any more.
    pub(super) fn begin(
        lock: &Lock,
        user: &str,
        stop: &Arc<Stop>,
        ui: Ui,
    ) -> Result<Self, CliError> {
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
        let (kept, stop) = (held.clone(), stop.clone());
        let beating = tokio::spawn(async move {
            kept.keep().await;
            stop.ask(exit::LOCKED);
        });
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
