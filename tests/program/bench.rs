//! A folder with a plan in it, the program, and a simulator as a process of its own.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_waba-migrate");

/// A folder to work in.
#[derive(Debug)]
pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    /// Makes an empty folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder }
    }

    /// Returns the path of a file in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    #[expect(clippy::disallowed_methods, reason = "a test sets its folder up")]
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(path, text).expect("a writable folder");
    }

    /// Puts a file in the place of another, as programs do that read while others write.
    pub(crate) fn replace(&self, name: &str, text: &str) {
        let beside = format!("{name}.new");
        self.write(&beside, text);
        fs::rename(self.path(&beside), self.path(name)).expect("a writable folder");
    }

    /// Reads a file.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test looks at what was written"
    )]
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file of text")
    }

    /// Removes a file.
    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("a file");
    }

    /// Runs the program in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[])
    }

    /// Runs the program with these variables and nothing else in its environment.
    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        program(self.folder.path())
            .args(arguments)
            .envs(variables.iter().copied())
            .output()
            .expect("the program starts")
    }

    /// Returns the program, ready to be started in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(self.folder.path());
        command.args(arguments);
        command
    }

    /// Returns every byte of every file below a folder.
    pub(crate) fn everything_below(&self, name: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        gather(&self.path(name), &mut bytes);
        bytes
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test looks at what was written"
)]
fn gather(path: &Path, bytes: &mut Vec<u8>) {
    if let Ok(entries) = fs::read_dir(path) {
        for entry in entries {
            gather(&entry.expect("a readable folder").path(), bytes);
        }
    } else if let Ok(read) = fs::read(path) {
        // A run that is under way puts its lease anew beside the old one.
        bytes.extend(read);
    }
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

/// A simulator that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    says: BTreeMap<String, String>,
}

impl Server {
    /// Starts one on a free port.
    pub(crate) fn start(bench: &Bench, world: &str) -> Self {
        let mut process = program(bench.folder.path())
            .args(["simulate", "--listen", "127.0.0.1:0", "--world", world])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let mut says = BTreeMap::new();
        for line in lines {
            let line = line.expect("text");
            let (name, value) = line.split_once(": ").expect("a name and a value");
            says.insert(name.to_owned(), value.to_owned());
            if name == "code_url" {
                break;
            }
        }
        Self { process, says }
    }

    /// Returns its base URL.
    pub(crate) fn url(&self) -> &str {
        &self.says["graph"]
    }

    /// Returns the path after the base URL, answered by a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.0\r\n"), "")
    }

    /// Posts JSON to the path after the base URL, with a token where it is not empty.
    pub(crate) fn post(&self, path: &str, token: &str, json: &str) -> String {
        let length = json.len();
        let head = format!(
            "POST {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nAuthorization: Bearer {token}\r\n"
        );
        self.ask(&head, json)
    }

    fn ask(&self, head: &str, body: &str) -> String {
        use std::{
            io::{Read, Write},
            net::TcpStream,
        };
        let host = self.url().strip_prefix("http://").expect("loopback");
        let mut stream = TcpStream::connect(host).expect("it listens");
        write!(stream, "{head}Host: {host}\r\n\r\n{body}").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("headers");
        body.to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; a test that needed it has failed then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns what was printed on standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// Returns what was printed on standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// Checks an exit code and shows the output when it is another.
#[track_caller]
pub(crate) fn assert_code(output: &Output, expected: i32) {
    assert_eq!(
        output.status.code(),
        Some(expected),
        "\n--- stdout\n{}\n--- stderr\n{}",
        stdout(output),
        stderr(output)
    );
}
