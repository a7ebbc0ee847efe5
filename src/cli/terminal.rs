//! The person at the terminal of a run: is asked for one-time codes, and may ask it to stop.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::Mutex;

use super::{exit, ui::Ui};
use crate::{
    plan::OtpChannel,
    secret::Secret,
    step::{CodeAsked, People, Stop},
};

/// The person at the terminal.
pub(super) struct Terminal {
    is_attended: bool,
    asking: Mutex<()>,
}

impl Terminal {
    pub(super) fn new(is_attended: bool) -> Self {
        Self {
            is_attended,
            asking: Mutex::new(()),
        }
    }
}

impl People for Terminal {
    fn code(&self, asked: CodeAsked) -> BoxFuture<'_, Option<Secret>> {
        async move {
            if !self.is_attended {
                return None;
            }
            // One question at a time.
            let _asking = self.asking.lock().await;
            let how = match asked.channel {
                OtpChannel::Sms => "text message",
                OtpChannel::Voice => "call",
            };
            let question = format!(
                "  The one-time code that came to {} by {how}: ",
                asked.phone
            );
            let answer = tokio::task::spawn_blocking(move || Ui::ask(&question)).await;
            let answer = answer.ok()?.ok()?;
            Some(answer.trim())
                .filter(|answer| !answer.is_empty())
                .map(Secret::new)
        }
        .boxed()
    }
}

/// The first signal asks the run to stop; the second ends the process at once, which is safe: what
/// was sent is in the journal.
pub(super) fn stop_on_signals(stop: &Arc<Stop>, ui: Ui) {
    let stop = stop.clone();
    tokio::spawn(async move {
        let mut asked = false;
        while let Some(code) = signal().await {
            if asked {
                #[expect(clippy::exit, reason = "the second signal means now")]
                std::process::exit(i32::from(code));
            }
            asked = true;
            ui.say("Stopping: nothing new is started, what is under way is finished. Again to stop at once.");
            stop.ask(code);
        }
    });
}

#[cfg(unix)]
pub(super) async fn signal() -> Option<u8> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).ok()?;
    tokio::select! {
        _ = terminate.recv() => Some(exit::TERMINATED),
        interrupted = tokio::signal::ctrl_c() => interrupted.ok().map(|()| exit::INTERRUPTED),
    }
}

#[cfg(not(unix))]
pub(super) async fn signal() -> Option<u8> {
    tokio::signal::ctrl_c()
        .await
        .ok()
        .map(|()| exit::INTERRUPTED)
}
