//! One number at a time: between its old integration and its new one nobody hears a number, so no
//! second one is released before the first is heard again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::{
    ids::{Address, NumberStep},
    journal::StepEnd,
    phone::Phone,
};

/// Which number of a run is silent.
#[derive(Debug, Default)]
pub struct Silence {
    holder: Mutex<Option<Phone>>,
    changed: Notify,
}

impl Silence {
    /// Waits until no other number is silent, and lets this one be. It stays so until
    /// [`Silence::ended`] hears of its last step.
    pub(super) async fn enter(&self, phone: &Phone) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            {
                let mut holder = self.holder();
                if holder.as_ref().is_none_or(|other| other == phone) {
                    *holder = Some(phone.clone());
                    return;
                }
            }
            changed.await;
        }
    }

    /// Hears how a step ended. A number whose release came to nothing is as it was, and one whose new
    /// integration was worked on is as far as this run brings it.
    pub fn ended(&self, step: &Address, end: StepEnd) {
        let Some((phone, step)) = step.number_step() else {
            return;
        };
        let is_good = matches!(end, StepEnd::Done | StepEnd::Already);
        let is_over = match step {
            NumberStep::GenesysAttach => true,
            NumberStep::GenesysRelease => !is_good,
            _ => false,
        };
        let mut holder = self.holder();
        if is_over && holder.as_ref() == Some(&phone) {
            *holder = None;
            self.changed.notify_waiters();
        }
    }

    fn holder(&self) -> MutexGuard<'_, Option<Phone>> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::FutureExt;

    use super::*;

    #[test]
    fn a_second_number_waits_until_the_first_is_heard() {
        let (one, two): (Phone, Phone) = (
            "+49 30 901820".parse().unwrap(),
            "+49 89 1234567".parse().unwrap(),
        );
        let silence = Silence::default();
        assert!(silence.enter(&one).now_or_never().is_some());
        assert!(
            silence.enter(&one).now_or_never().is_some(),
            "it is its own"
        );
        let mut second = std::pin::pin!(silence.enter(&two));
        assert!(second.as_mut().now_or_never().is_none());
        silence.ended(
            &Address::number(&one, NumberStep::GenesysRelease),
            StepEnd::Done,
        );
        silence.ended(
            &Address::number(&two, NumberStep::GenesysAttach),
            StepEnd::Done,
        );
        assert!(second.as_mut().now_or_never().is_none());
        silence.ended(
            &Address::number(&one, NumberStep::GenesysAttach),
            StepEnd::Parked,
        );
        assert!(second.now_or_never().is_some());
        assert!(silence.enter(&one).now_or_never().is_none());
        silence.ended(
            &Address::number(&two, NumberStep::GenesysRelease),
            StepEnd::Failed,
        );
        assert!(silence.enter(&one).now_or_never().is_some());
    }
}
