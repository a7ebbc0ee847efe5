//! Plans and worlds to disturb: the examples, and folders in memory for their journals.

use std::{
    fs,
    path::{Path, PathBuf},
};

use waba_migrate::{
    chaos::{
        manner::Draw,
        play::{Between, Played, Setting, Undisturbed},
        series::Drawn,
        tally::Tally,
    },
    plan::{
        Plan,
        files::MemoryFiles,
        load::{Source, load_with},
    },
    sim::{file, seed, world::World},
};

/// A plan and its world.
pub(crate) struct Stage {
    pub(crate) plan: Plan,
    pub(crate) world: World,
    files: MemoryFiles,
    folder: tempfile::TempDir,
    /// Stands between the program and the wire.
    pub(crate) between: Option<Box<Between>>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the repository's own files"
)]
fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a readable file")
}

/// The files in a folder, as plans find them.
fn beside(folder: &Path) -> MemoryFiles {
    let mut files = MemoryFiles::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).expect("a readable folder");
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            match path.is_dir() {
                true => folders.push(path),
                false => files = files.with(path.clone(), read(&path)),
            }
        }
    }
    files
}

impl Stage {
    /// An example, with its own world where it has one.
    pub(crate) fn example(name: &str) -> Self {
        Self::at(name, &format!("{name}.yaml"), &format!("{name}.world.yaml"))
    }

    fn at(name: &str, plan: &str, world: &str) -> Self {
        let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "examples"].iter().collect();
        let files = beside(&folder);
        let path = folder.join(plan);
        let bytes = read(&path);
        let source = Source {
            name,
            path: &path,
            bytes: &bytes,
        };
        let mut plan = load_with(source, &files).plan.expect("a valid example");
        for number in &mut plan.numbers {
            number.otp.code = None;
        }
        let world = folder.join(world);
        let world = match world.exists() {
            true => file::parse(name, &read(&world)).expect("a valid world"),
            false => seed::rehearsal(&plan),
        };
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self {
            plan,
            world,
            files,
            folder: folder.expect("a temporary folder"),
            between: None,
        }
    }

    /// An example that is a folder of its own.
    pub(crate) fn folder(name: &str) -> Self {
        Self::at(
            name,
            &format!("{name}/plan.yaml"),
            &format!("{name}/world.yaml"),
        )
    }

    /// The folder of the plan's journals.
    pub(crate) fn journals(&self) -> PathBuf {
        self.folder.path().join(&self.plan.name)
    }

    fn setting(&self) -> Setting<'_> {
        Setting {
            plan: &self.plan,
            world: &self.world,
            files: &self.files,
            folder: self.folder.path(),
            between: self.between.as_deref(),
        }
    }

    /// Plays without faults.
    pub(crate) fn undisturbed(&self) -> Undisturbed {
        block_on(self.setting().undisturbed()).expect("the example comes to its end")
    }

    /// Plays with faults.
    pub(crate) fn play(&self, undisturbed: &Undisturbed, draw: Draw) -> Played {
        block_on(self.setting().disturbed(undisturbed, draw)).expect("a folder for journals")
    }

    /// Plays all of these, on every core.
    pub(crate) fn series(&self, undisturbed: &Undisturbed, drawn: &[Drawn]) -> Tally {
        let draw = |nth: usize| drawn[nth].clone();
        let tally = self.setting().series(undisturbed, drawn.len(), draw);
        tally.expect("a folder for journals")
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime of one thread")
        .block_on(work)
}
