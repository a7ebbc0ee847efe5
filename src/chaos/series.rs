//! Many plays, spread over the cores of this machine, and told in the order they were asked for.
//!
//! A play depends on its seed alone: each has a world, a clock and a journal of its own. So it makes no
//! difference which core plays it, and when.

use std::{
    collections::BTreeMap,
    num::NonZero,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{Sender, channel},
    },
    thread,
};

use super::{
    manner::Draw,
    play::{PlayError, Played, Setting, Undisturbed},
    tally::Tally,
};

/// What one play is asked for: its seed, and what was drawn from that.
pub type Drawn = (u64, Draw);

/// Which play it was, its seed, and what it came to.
type Told = (usize, u64, Result<Played, PlayError>);

impl Setting<'_> {
    /// Plays so many, and sums them up. `draw` says what the next one is, counted from 0.
    ///
    /// # Errors
    ///
    /// A journal cannot be kept.
    pub fn series(
        &self,
        undisturbed: &Undisturbed,
        plays: usize,
        draw: impl Fn(usize) -> Drawn + Sync,
    ) -> Result<Tally, PlayError> {
        let next = AtomicUsize::new(0);
        let begin = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|nth| *nth < plays);
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let log = tracing::dispatcher::get_default(Clone::clone);
        let (tell, told) = channel();
        thread::scope(|scope| {
            for core in 0..cores.min(plays) {
                let (begin, draw, log, tell) = (&begin, &draw, &log, tell.clone());
                scope.spawn(move || {
                    let play = || self.on_core(core, undisturbed, (begin, draw), &tell);
                    tracing::dispatcher::with_default(log, play);
                });
            }
            drop(tell);
            in_order(told.into_iter())
        })
    }

    /// Plays what nobody has begun, until nothing is left or nobody listens any more.
    fn on_core(
        &self,
        core: usize,
        undisturbed: &Undisturbed,
        (begin, draw): (&impl Fn() -> Option<usize>, &impl Fn(usize) -> Drawn),
        tell: &Sender<Told>,
    ) {
        let folder = self.folder.join(core.to_string());
        let setting = Setting {
            folder: &folder,
            ..*self
        };
        while let Some(nth) = begin() {
            let (seed, draw) = draw(nth);
            let played = block_on(setting.disturbed(undisturbed, draw));
            if tell.send((nth, seed, played)).is_err() {
                return;
            }
        }
    }
}

/// Sums up in the order of the plays, whichever ends first.
fn in_order(told: impl Iterator<Item = Told>) -> Result<Tally, PlayError> {
    let (mut tally, mut early) = (Tally::default(), BTreeMap::new());
    let mut next = 0;
    for (nth, seed, played) in told {
        early.insert(nth, (seed, played?));
        while let Some((seed, played)) = early.remove(&next) {
            tally.add(seed, &played);
            next += 1;
        }
    }
    Ok(tally)
}

fn block_on(work: impl Future<Output = Result<Played, PlayError>>) -> Result<Played, PlayError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    runtime.block_on(work)
}
