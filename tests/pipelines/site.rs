//! A repository with a plan in it, a simulator, and what stands in for GitHub and GitLab: artifacts,
//! comments and issues are files.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::bench::{Bench, Server};

const PLAN: &str = r#"
version: 1
name: acme
graph: { app_id: "2" }
source: { waba: "102290129340398", token: { env: META_SOURCE_TOKEN } }
target: { waba: "215589313241560", token: { env: META_TOKEN } }
numbers:
  - phone: "+49 30 901820"
    pin: { env: PIN_BERLIN }
    otp: { channel: sms, language: de }
    profile: { about: We answer from 8 to 20 }
templates: { copy: ["*"] }
"#;

const WORLD: &str = r#"
version: 1
businesses: [{ id: "1", name: Acme }]
apps: [{ id: "2", name: Migration, secret: app-secret }]
tokens: [{ name: writes, value: EAATOKEN, app: "2" }, { name: reads, value: EAAREADER, app: "2" }]
wabas:
  - { id: "102290129340398", name: Old, business: "1" }
  - { id: "215589313241560", name: New, business: "1" }
numbers: [{ phone: "+49 30 901820", waba: "102290129340398", name: Acme }]
templates: [{ waba: "102290129340398", name: order, language: de }]
switches: { copy_seconds: 0 }
"#;

/// The commit at the head of the branch that is merged.
pub(crate) const HEAD: &str = "1111111111111111111111111111111111111111";
/// The merge.
pub(crate) const MERGE: &str = "2222222222222222222222222222222222222222";

/// Secrets and variables of the repository, the way both systems hold them.
pub(crate) const SECRETS: [(&str, &str); 5] = [
    ("META_READ_TOKEN", "EAAREADER"),
    ("META_SOURCE_READ_TOKEN", "EAAREADER"),
    ("META_TOKEN", "EAATOKEN"),
    ("META_SOURCE_TOKEN", "EAATOKEN"),
    ("PIN_BERLIN", "135790"),
];

/// All of it.
pub(crate) struct Site {
    pub(crate) bench: Bench,
    pub(crate) server: Server,
}

impl Site {
    /// Makes one; `stand_ins` are programs by name.
    pub(crate) fn new(stand_ins: &[(&str, &str)]) -> Self {
        let bench = Bench::new();
        bench.write("world.yaml", WORLD);
        bench.write("repository/migration/acme.yaml", PLAN);
        for (name, script) in stand_ins {
            let path = format!("bin/{name}");
            bench.write(&path, script);
            let runs = fs::Permissions::from_mode(0o755);
            fs::set_permissions(bench.path(&path), runs).expect("our own file");
        }
        for folder in ["comments", "issues", "artifacts", "cache", "temp"] {
            bench.write(&format!("{folder}/.keep"), "");
        }
        let server = Server::start(&bench, "world.yaml");
        Self { bench, server }
    }

    /// Runs a script in a folder, with the stand-ins and the program on PATH.
    pub(crate) fn bash(
        &self,
        folder: &Path,
        script: &str,
        variables: &[(String, String)],
    ) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_waba-migrate"));
        let program = program.parent().expect("a folder").display();
        let bin = self.bench.path("bin");
        Command::new("bash")
            .args(["--noprofile", "--norc", "-c", script])
            .current_dir(folder)
            .env_clear()
            .env(
                "PATH",
                format!("{}:{program}:/usr/local/bin:/usr/bin:/bin", bin.display()),
            )
            .env("STAND_IN", self.bench.path(""))
            .env("WABA_MIGRATE_GRAPH_URL", self.server.url())
            .env("WABA_MIGRATE_POLL_INTERVAL", "1s")
            .envs(variables.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .expect("bash")
    }

    /// Returns an empty folder with the repository in it, where that is wanted.
    pub(crate) fn workspace(&self, name: &str) -> PathBuf {
        let path = self.bench.path(name);
        if path.exists() {
            fs::remove_dir_all(&path).expect("our own folder");
        }
        fs::create_dir(&path).expect("a writable folder");
        path
    }

    /// Copies a file, or what a folder holds.
    pub(crate) fn copy(&self, from: &Path, to: &Path) {
        let script = r#"if [[ -d $FROM ]]; then mkdir -p "$TO" && cp -R "$FROM/." "$TO"; else mkdir -p "${TO%/*}" && cp "$FROM" "$TO"; fi"#;
        let named = [("FROM", from), ("TO", to)];
        let named = named.map(|(name, path)| (name.to_owned(), path.display().to_string()));
        let output = self.bash(&self.bench.path(""), script, &named);
        assert!(output.status.success(), "{output:?}");
    }

    /// Returns the files of a folder, sorted by name.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.bench.path(folder)).expect("a folder");
        let names = entries.map(|entry| entry.expect("readable").file_name());
        let mut names: Vec<_> = names
            .map(|name| name.into_string().expect("text"))
            .collect();
        names.retain(|name| name != ".keep");
        names.sort();
        names
    }

    /// Hands in the one-time code that came, from anywhere.
    pub(crate) fn hand_in_code(&self) {
        let answer = self.server.get("/__sim/code?phone=%2B4930901820");
        let answer: Value = serde_json::from_str(&answer).expect("a code was asked for");
        let code = answer["code"].as_str().expect("a code");
        let folder = self.workspace("by-hand");
        self.copy(&self.bench.path("repository"), &folder);
        let script = format!("waba-migrate verify-code migration/acme.yaml '+49 30 901820' {code}");
        let secrets = SECRETS.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let output = self.bash(&folder, &script, &secrets);
        assert!(output.status.success(), "{output:?}");
    }

    /// Returns the writes that a token sent.
    pub(crate) fn writes(&self) -> usize {
        let log = self.server.get("/__sim/requests");
        log.matches("\"POST\"").count() + log.matches("\"DELETE\"").count()
    }

    /// Lets somebody unsubscribe the app.
    pub(crate) fn unsubscribe(&self) {
        let what = r#"{"unsubscribed": {"waba": "215589313241560"}}"#;
        let answer = self.server.post("/__sim/happen", "", what);
        assert!(answer.contains("true"), "{answer}");
    }
}
