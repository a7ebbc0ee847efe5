//! Which step may start now. No threads, no clock, no I/O: positions in, positions out.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Good,
    Bad,
}

/// Hands out steps whose needs are met, in the order they were given.
#[derive(Clone, Debug)]
pub struct Queue {
    needs: Vec<BTreeSet<usize>>,
    dependents: BTreeMap<usize, Vec<usize>>,
    missing: Vec<usize>,
    states: Vec<State>,
    ready: BTreeSet<usize>,
}

impl Queue {
    /// Takes, for every step, the positions of the steps it needs.
    pub fn new(needs: Vec<BTreeSet<usize>>) -> Self {
        let mut dependents: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, needs) in needs.iter().enumerate() {
            for &need in needs {
                dependents.entry(need).or_default().push(at);
            }
        }
        let missing: Vec<_> = needs.iter().map(BTreeSet::len).collect();
        let ready = (0..needs.len()).filter(|&at| missing[at] == 0).collect();
        let states = vec![State::Waiting; needs.len()];
        Self {
            needs,
            dependents,
            missing,
            states,
            ready,
        }
    }

    /// Takes the next step that may start.
    pub fn take(&mut self) -> Option<usize> {
        let at = self.ready.pop_first()?;
        self.states[at] = State::Running;
        Some(at)
    }

    /// Notes that a running step has ended. Steps that need it may start only when it ended well.
    pub fn finish(&mut self, at: usize, good: bool) {
        self.states[at] = if good { State::Good } else { State::Bad };
        if !good {
            return;
        }
        for &dependent in self
            .dependents
            .get(&at)
            .map(Vec::as_slice)
            .unwrap_or_default()
        {
            self.missing[dependent] -= 1;
            if self.missing[dependent] == 0 {
                self.ready.insert(dependent);
            }
        }
    }

    /// Returns the steps that were never handed out, each with the steps it needs that did not end
    /// well (none: it was ready when the run stopped).
    pub fn never_started(&self) -> Vec<(usize, Vec<usize>)> {
        let waiting = (0..self.needs.len()).filter(|&at| self.states[at] == State::Waiting);
        let unmet = |at: usize| {
            self.needs[at]
                .iter()
                .copied()
                .filter(|&need| self.states[need] != State::Good)
        };
        waiting.map(|at| (at, unmet(at).collect())).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn diamond() -> Queue {
        Queue::new(
            [vec![], vec![0], vec![0], vec![1, 2]]
                .map(BTreeSet::from_iter)
                .into(),
        )
    }

    #[test]
    fn steps_start_when_all_they_need_ended_well() {
        let mut queue = diamond();
        assert_eq!((queue.take(), queue.take()), (Some(0), None));
        queue.finish(0, true);
        assert_eq!(
            (queue.take(), queue.take(), queue.take()),
            (Some(1), Some(2), None)
        );
        queue.finish(2, true);
        assert_eq!(queue.take(), None);
        queue.finish(1, true);
        assert_eq!(queue.take(), Some(3));
    }

    #[test]
    fn a_bad_end_stops_only_what_needs_it() {
        let mut queue = diamond();
        queue.take();
        queue.finish(0, true);
        queue.take();
        queue.take();
        queue.finish(1, false);
        queue.finish(2, true);
        assert_eq!(queue.take(), None);
        assert_eq!(queue.never_started(), [(3, vec![1])]);
    }

    proptest! {
        /// Any graph whose needs point backwards, any outcomes: a step starts at most once, after
        /// all it needs ended well, and is reported as never started exactly when that cannot be.
        #[test]
        fn the_order_respects_the_graph(
            edges in prop::collection::vec((0..24_usize, 0..24_usize), 0..80),
            bad in prop::collection::btree_set(0..24_usize, 0..6),
            pick in prop::collection::vec(any::<prop::sample::Index>(), 24),
        ) {
            let mut needs = vec![BTreeSet::new(); 24];
            for (one, two) in edges {
                if one != two {
                    needs[one.max(two)].insert(one.min(two));
                }
            }
            let mut queue = Queue::new(needs.clone());
            let (mut running, mut good, mut started) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
            let mut picks = pick.iter();
            loop {
                while let Some(at) = queue.take() {
                    prop_assert!(started.insert(at));
                    prop_assert!(needs[at].is_subset(&good));
                    running.push(at);
                }
                if running.is_empty() { break }
                let ended = running.swap_remove(picks.next().unwrap().index(running.len()));
                if !bad.contains(&ended) { good.insert(ended); }
                queue.finish(ended, !bad.contains(&ended));
            }
            for (at, missing) in queue.never_started() {
                prop_assert!(!started.contains(&at));
                prop_assert!(missing.iter().all(|need| !good.contains(need)) && !missing.is_empty());
            }
            prop_assert_eq!(started.len() + queue.never_started().len(), 24);
        }
    }
}
