//! One play: runs of the real applier on the simulator, each as a process of its own, until nothing
//! is left to do. Between two runs people act: they set right what a finding asks them to.
//!
//! It puts the parts of a run together as the command line does. A process that dies leaves its
//! journal as it stood at that moment, and nothing that it would have done afterwards happens.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    connections::{Doors, hidden},
    disk::Disk,
    end::{End, Excuses, Yardstick},
    faults::{Extent, Kind},
    invariants::Witness,
    manner::Draw,
    people::Wishes,
    process::{RunEnd, Runner, left},
    rules::{Breach, Rule},
    scene::Scene,
    transport::{CodesOfPhones, Disturbed},
};
use crate::{
    api::transport::Transport,
    changeset::{Approved, StepGraph},
    ids::{AppId, TemplateKey},
    phone::Phone,
    plan::{Number, Plan, SubscribeApp, files::Files},
    secret::{Secret, SecretError, Secrets},
    sim::{Simulator, seed::RehearsalSecrets, words::TemplateStatus, world::World},
};

/// Makes something that stands between the program and the wire.
pub type Between = dyn Fn(Arc<dyn Transport>) -> Arc<dyn Transport> + Sync;

/// What is played.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The world at the beginning.
    pub world: &'a World,
    /// The files beside the plan.
    pub files: &'a (dyn Files + Sync),
    /// A folder for journals; each play has one of its own in it. In memory it is fast.
    pub folder: &'a Path,
    /// What stands between the program and the wire: for tests that break a promise on purpose.
    pub between: Option<&'a Between>,
}

/// Why nothing could be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The folder for journals cannot be used.
    #[error("the journal of a play cannot be kept")]
    Disk(#[from] io::Error),
    /// A secret of the rehearsal cannot be had.
    #[error("a secret of the rehearsal cannot be had")]
    Secret(#[from] SecretError),
    /// Without faults the plan does not come to its end.
    #[error("the undisturbed play does not come to its end: {0}")]
    NoEnd(String),
}

/// More runs than any play needs.
const MOST_RUNS: u32 = 24;

/// The same where nobody waits: every wait is a run of its own.
const MOST_UNATTENDED: u32 = 80;

/// Runs in a row that change nothing, while nobody has anything to set right: it will not go on.
const FRUITLESS: u32 = 3;

/// The same where nobody waits: reviews take hours.
const FRUITLESS_UNATTENDED: u32 = 24;

/// What a play came to.
#[derive(Clone, Debug)]
pub struct Played {
    /// How it was carried out, and what went wrong by intention.
    pub draw: Draw,
    /// How often each kind has really struck.
    pub struck: BTreeMap<Kind, u32>,
    /// How many runs it took.
    pub runs: u32,
    /// Numbers that must wait, because a fault has cost them their window.
    pub waiting: BTreeSet<Phone>,
    /// Templates that were rejected for good.
    pub rejected: BTreeSet<TemplateKey>,
    /// What was broken.
    pub breaches: Vec<Breach>,
}

/// The undisturbed play, which all others are measured by.
#[derive(Clone, Debug)]
pub struct Undisturbed {
    /// How large it is.
    pub extent: Extent,
    yardstick: Yardstick,
}

pub(super) struct Play<'a> {
    pub(super) setting: &'a Setting<'a>,
    pub(super) plan: Plan,
    pub(super) draw: Draw,
    pub(super) graph: StepGraph,
    pub(super) root: &'a Path,
    pub(super) secrets: Arc<dyn Secrets>,
    /// Everything that must be seen nowhere, with what it is.
    pub(super) hidden: Vec<(String, Secret)>,
    pub(super) scene: Arc<Scene>,
    /// The change set that was reviewed last.
    pub(super) approved: Option<Approved>,
    /// How often somebody else had changed the world by then.
    pub(super) foreign: u32,
    pub(super) runs: u32,
    /// What the last run left undone, in words.
    left: String,
}

impl Setting<'_> {
    /// Plays without any fault.
    ///
    /// # Errors
    ///
    /// It does not come to its end, breaks a rule, or cannot keep a journal.
    pub async fn undisturbed(&self) -> Result<Undisturbed, PlayError> {
        let (end, play) = self.play(Draw::default(), &BTreeSet::new()).await?;
        if let Some(breach) = end.breaches.first() {
            return Err(PlayError::NoEnd(breach.what.clone()));
        }
        let reached = play.scene.state().reached;
        let simulator = &play.scene.simulator;
        let extent = Extent {
            writes: reached.writes,
            reads: reached.reads,
            lines: reached.lines,
            tokens: self
                .world
                .tokens
                .iter()
                .map(|token| token.name.clone())
                .collect(),
            phones: self
                .plan
                .numbers
                .iter()
                .map(|number| number.phone.clone())
                .collect(),
            templates: simulator.world(|world| self.required(world)),
            subscribes: self.plan.target.subscription.app != SubscribeApp::Unmanaged,
        };
        let yardstick = Yardstick {
            source: Some(self.plan.source.waba.clone()),
            target: Some(self.plan.target.waba.clone()),
            temporary: self.temporary(),
            beginning: End::of(self.world, self.plan),
            expected: simulator.world(|world| End::of(world, self.plan)),
        };
        Ok(Undisturbed { extent, yardstick })
    }

    /// Plays with faults, and measures what comes of it.
    ///
    /// # Errors
    ///
    /// It cannot keep a journal.
    pub async fn disturbed(
        &self,
        undisturbed: &Undisturbed,
        draw: Draw,
    ) -> Result<Played, PlayError> {
        let required = undisturbed.extent.templates.iter().cloned().collect();
        let (mut played, play) = self.play(draw, &required).await?;
        let end = play
            .scene
            .simulator
            .world(|world| End::of(world, self.plan));
        let excuses = Excuses {
            waiting: played.waiting.clone(),
            rejected: played.rejected.clone(),
            is_unsubscribed: played.struck.contains_key(&Kind::Unsubscribed),
            is_journal_lost: play.has_lost_journal(),
        };
        let different = undisturbed.yardstick.differences(&end, &excuses);
        let different = different.into_iter();
        played
            .breaches
            .extend(different.map(|what| Breach::new(Rule::OtherEnd, what)));
        Ok(played)
    }

    async fn play(
        &self,
        draw: Draw,
        required: &BTreeSet<TemplateKey>,
    ) -> Result<(Played, Play<'_>), PlayError> {
        let simulator = Simulator::new(self.world.clone());
        let disk = Disk::new(self.folder.join(&self.plan.name));
        disk.clear()?;
        let witness = Witness::new(self.plan, required.clone());
        let target = self.plan.target.waba.clone();
        let secrets = RehearsalSecrets::of(self.plan, simulator.clone());
        let hidden = hidden(self.plan, &*secrets).await?;
        let scene = Scene::new(simulator, disk, target, draw.faults.clone(), witness);
        let (plan, secrets) = match draw.manner.is_attended {
            true => (self.plan.clone(), secrets),
            false => CodesOfPhones::told_in(self.plan, secrets, scene.clone()),
        };
        let mut play = Play {
            setting: self,
            graph: StepGraph::of(&plan),
            plan,
            draw,
            root: self.folder,
            secrets,
            hidden,
            scene,
            approved: None,
            foreign: 0,
            runs: 0,
            left: String::new(),
        };
        let is_over = play.run_until_done().await?;
        let played = play.account(is_over);
        Ok((played, play))
    }

    /// The app that is subscribed for the time of the migration.
    fn temporary(&self) -> Option<AppId> {
        let is_temporary = self.plan.target.subscription.app == SubscribeApp::Temporary;
        self.plan.graph.app_id.clone().filter(|_| is_temporary)
    }

    /// The required templates that stand approved on the target.
    fn required(&self, world: &World) -> Vec<TemplateKey> {
        let templates = &self.plan.templates;
        let is_required = |key: &TemplateKey| match &templates.required {
            Some(globs) => globs.iter().any(|glob| glob.matches(&key.name)),
            None => {
                templates.definition(key).is_some()
                    || templates.copy.iter().any(|glob| glob.matches(&key.name))
            }
        };
        let on_target = world.templates_of(&self.plan.target.waba);
        on_target
            .filter(|(_, template)| template.status == TemplateStatus::Approved)
            .map(|(_, template)| TemplateKey::new(&*template.name, &template.language))
            .filter(is_required)
            .collect()
    }
}

impl Play<'_> {
    /// Runs again and again. Returns whether nothing is left to do.
    async fn run_until_done(&mut self) -> Result<bool, PlayError> {
        let (mut people, mut fruitless) = (Wishes::default(), 0);
        let (most_runs, most_fruitless) = match self.draw.manner.is_attended {
            true => (MOST_RUNS, FRUITLESS),
            false => (MOST_UNATTENDED, FRUITLESS_UNATTENDED),
        };
        while self.runs < most_runs {
            self.runs += 1;
            if let Err(error) = self.have_reviewed().await {
                self.breach(Rule::JournalUnreadable, error.to_string());
                return Ok(false);
            }
            let (effects, struck) = (self.effects(), self.struck());
            let options = self.options(&people);
            self.scene.state().witness.run_begins(&people.new_codes);
            let runner = Runner {
                doors: self.doors(),
                options,
            };
            let run = self.run(&runner).await;
            self.scene.run_ended()?;
            let end = match run {
                Ok(end) => end,
                Err(error) => {
                    self.breach(Rule::JournalUnreadable, error.to_string());
                    return Ok(false);
                }
            };
            self.look_for_secrets();
            // What happens after the last look is for the next run to see.
            let is_quiet = self.struck() == struck && !self.scene.has_mends();
            if matches!(end, RunEnd::Nothing) && is_quiet {
                return Ok(true);
            }
            self.left = left(&end);
            let has_changed = self.effects() > effects || matches!(end, RunEnd::Died);
            fruitless = match has_changed || !is_quiet {
                true => 0,
                false => fruitless + 1,
            };
            if fruitless >= most_fruitless {
                return Ok(false);
            }
            people = self.people_act(&end, has_changed)?;
        }
        Ok(false)
    }

    fn breach(&self, rule: Rule, what: String) {
        let breach = Breach::new(rule, what);
        self.scene.state().witness.breaches.push(breach);
    }

    fn doors(&self) -> Doors {
        let Doors { meta, genesys } = Doors::of(&self.scene.simulator);
        let disturbed = |inner| -> Arc<dyn Transport> {
            Arc::new(Disturbed {
                scene: self.scene.clone(),
                inner,
            })
        };
        let meta = disturbed(meta);
        Doors {
            meta: match self.setting.between {
                Some(between) => between(meta),
                None => meta,
            },
            genesys: disturbed(genesys),
        }
    }

    fn struck(&self) -> u32 {
        self.scene.state().struck.values().sum()
    }

    fn effects(&self) -> usize {
        self.scene.simulator.writes().len()
    }

    /// Nothing secret may stand in the journal or in what was shown.
    fn look_for_secrets(&self) {
        let mut hidden = self.hidden.clone();
        self.scene.simulator.world(|world| {
            for (_, code) in &world.inbox {
                let typed = code.expose().replace('-', "");
                hidden.push(("a one-time code".into(), code.clone()));
                hidden.push(("a one-time code".into(), Secret::new(typed)));
            }
            let tokens = world.genesys.iter().flat_map(|org| &org.tokens);
            let tokens =
                tokens.map(|token| ("a token of Genesys Cloud".into(), token.value.clone()));
            hidden.extend(tokens);
        });
        let journal = self.scene.disk.all().unwrap_or_default();
        let mut state = self.scene.state();
        let shown = std::mem::take(&mut state.shown);
        state.witness.judge_bytes(&hidden, "what was shown", &shown);
        state.witness.judge_bytes(&hidden, "the journal", &journal);
    }

    /// Sums the play up, an hour after its last run: what Meta does by itself is done by then.
    fn account(&self, is_over: bool) -> Played {
        let now = self.scene.now();
        self.scene.simulator.advance(Duration::from_secs(3600));
        let waiting = match is_over {
            true => BTreeSet::new(),
            false => self.waiting(now),
        };
        let mut state = self.scene.state();
        let rejected: BTreeSet<_> = state.rejected.iter().cloned().collect();
        let mut breaches = std::mem::take(&mut state.witness.breaches);
        if !is_over && waiting.is_empty() && rejected.is_empty() {
            let what = format!("after {} runs this is left: {}", self.runs, self.left);
            breaches.push(Breach::new(Rule::NoEnd, what));
        }
        Played {
            draw: self.draw.clone(),
            struck: state.struck.clone(),
            runs: self.runs,
            waiting,
            rejected,
            breaches,
        }
    }

    /// Numbers whose window is over before they were registered, and those that need them.
    fn waiting(&self, now: Timestamp) -> BTreeSet<Phone> {
        let plan = &self.plan;
        let is_live = |phone: &Phone| {
            self.scene.simulator.world(|world| {
                let number = world.number_on(&plan.target.waba, phone);
                number.is_some_and(|(_, number)| number.is_live())
            })
        };
        let left = plan.numbers.iter().filter(|number| !is_live(&number.phone));
        let left: Vec<_> = left.collect();
        let is_late = |number: &&&Number| {
            let window = number.window.as_ref();
            window.is_some_and(|window| {
                let left = window.to.timestamp().duration_since(now);
                left < number.cut_over_takes()
            })
        };
        let late = left.iter().filter(is_late);
        let mut waiting: BTreeSet<_> = late.map(|number| number.phone.clone()).collect();
        for _ in &left {
            let more = left
                .iter()
                .filter(|number| number.needs.iter().any(|need| waiting.contains(need)));
            let more: Vec<_> = more.map(|number| number.phone.clone()).collect();
            waiting.extend(more);
        }
        waiting
    }
}
