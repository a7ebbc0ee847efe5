//! What a signal does to a run: nothing new is started, what is under way is finished and journaled.

use std::process::{Command, Output, Stdio};

use crate::{
    bench::{assert_code, stderr, stdout},
    change_sets::{SECRETS, Site},
};

/// Looks at the simulator until a write has come. Bounded by the number of looks.
#[track_caller]
fn until_sent(site: &Site, edge: &str) {
    let seen = (0..20_000).any(|_| site.sent(edge) > 0);
    assert!(seen, "{edge} was never called");
}

/// Starts a run, has signals sent to it once it has written to `path`, and returns what it came to.
fn interrupted(site: &Site, path: &str, signals: &[&str]) -> Output {
    let url = site.server.url().to_owned();
    let arguments = ["apply", "acme.yaml", "--auto-approve", "--wait", "1h"];
    let mut run = site
        .bench
        .command(&arguments)
        .args(["--graph-url", &url])
        .envs(SECRETS)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    until_sent(site, path);
    for signal in signals {
        assert!(send(signal, run.id()), "{signal}");
    }
    // Two signals that come before the process looks are one to it.
    while signals.len() > 1 && run.try_wait().expect("it is a child").is_none() {
        send(signals[0], run.id());
    }
    run.wait_with_output().expect("it ends")
}

fn send(signal: &str, process: u32) -> bool {
    let sent = Command::new("kill")
        .args([signal, &process.to_string()])
        .stderr(Stdio::null())
        .status();
    sent.expect("kill is there").success()
}

/// Has the simulator answer the first call of a path late.
fn delay(site: &Site, path: &str, seconds: u32) {
    let fault = format!(
        r#"{{"on":{{"method":"POST","path":"*/{path}"}},"effect":{{"delay":{{"seconds":{seconds}}}}}}}"#
    );
    site.server.post("/__sim/fault", "", &fault);
}

fn journal(site: &Site) -> String {
    String::from_utf8(site.bench.everything_below(".waba-migrate")).expect("text")
}

#[test]
fn the_first_signal_lets_what_is_under_way_end_and_starts_nothing_new() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let site = Site::new();
        delay(&site, "subscribed_apps", 1);
        let output = interrupted(&site, "subscribed_apps", &[signal]);
        assert_code(&output, code);
        assert!(stderr(&output).contains("Stopping"), "{}", stderr(&output));
        let shown = stdout(&output);
        assert!(shown.contains("✓ target.subscription"), "{shown}");
        assert_eq!(site.sent("phone_numbers"), 0);
        let journal = journal(&site);
        assert!(journal.contains("\"answer\":\"accepted\""), "{journal}");
        assert!(journal.contains(&format!("\"code\":{code}")), "{journal}");
        // The next run goes on.
        site.run(5, &["apply", "acme.yaml", "--auto-approve", "--wait", "5s"]);
        assert_eq!(site.sent("subscribed_apps"), 1);
    }
}

#[test]
fn the_second_signal_stops_at_once_and_nothing_is_sent_twice() {
    let site = Site::new();
    delay(&site, "subscribed_apps", 30);
    let output = interrupted(&site, "subscribed_apps", &["-INT", "-INT"]);
    assert_code(&output, 130);
    assert!(!journal(&site).contains("\"event\":\"run_ended\""));
    // What came of the write is looked up before anything else.
    let again = ["apply", "acme.yaml", "--auto-approve", "--wait", "5s"];
    let output = site.run(5, &again);
    assert!(!stdout(&output).contains("✗"), "{}", stdout(&output));
}

#[test]
fn a_run_that_waits_leaves_at_once() {
    let site = Site::new();
    let output = interrupted(&site, "request_code", &["-TERM"]);
    assert_code(&output, 143);
}
