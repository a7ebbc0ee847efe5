//! The real program against a slow server: `cargo bench --bench end_to_end`.
//!
//! It plans a migration of 200 numbers and 6,000 templates a side. The simulator, in this process,
//! takes 100 ms for every answer, as Meta does; the program runs in a process of its own, so that
//! its CPU time and memory hold nothing of the simulator's. The budgets are assertions.
//!
//! Linux only: time and memory are read from `/proc`.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark looks at the clock and the system, and prints what it found"
)]

mod fixture;

use std::{
    fs,
    io::{self, Read},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio::{net::TcpListener, runtime::Runtime};
use waba_migrate::sim::{Simulator, serve};

/// How long each answer takes.
const LATENCY: Duration = Duration::from_millis(100);

/// The largest page the API gives.
const PAGE: usize = 100;

/// Reads that show a plan of one token everything: each list of each account in pages of the
/// largest size, each account and its details, the subscriptions of the target and its room for
/// templates, the token.
const FEWEST_REQUESTS: usize =
    2 * (fixture::NUMBERS.div_ceil(PAGE) + fixture::TEMPLATES.div_ceil(PAGE) + 2) + 3;

/// CPU time of the whole program, from its start to its end.
const CPU_BUDGET: Duration = Duration::from_millis(300);

/// Peak memory of the whole program, in bytes.
const MEMORY_BUDGET: u64 = 100_000_000;

/// Time from the start of the program to its end when it only says its version.
const START_BUDGET: Duration = Duration::from_millis(10);

/// What one run of the program took.
struct Run {
    requests: usize,
    wall: Duration,
    cpu: Duration,
    memory: u64,
}

fn main() -> io::Result<()> {
    if !cfg!(target_os = "linux") {
        println!("end_to_end: skipped, there is no /proc here");
        return Ok(());
    }
    let start = start()?;
    println!("start-up (--version)   {start:.1?}, median of 20");
    let run = plan()?;
    println!(
        "requests               {}, at least {FEWEST_REQUESTS}",
        run.requests
    );
    println!("wall time              {:.2?}", run.wall);
    println!("CPU time               {:.0?}", run.cpu);
    println!("peak memory            {:.1} MB", run.memory as f64 / 1e6);
    assert_eq!(run.requests, FEWEST_REQUESTS, "requests");
    if cfg!(debug_assertions) {
        println!("budgets of time and memory: not checked without optimization");
        return Ok(());
    }
    assert!(run.cpu < CPU_BUDGET, "CPU time is over {CPU_BUDGET:?}");
    assert!(run.memory < MEMORY_BUDGET, "memory: over {MEMORY_BUDGET}");
    assert!(start < START_BUDGET, "start-up is over {START_BUDGET:?}");
    Ok(())
}

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_waba-migrate"));
    program.env_clear();
    program
}

/// Returns the median time of saying the version.
fn start() -> io::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        let output = program().arg("--version").output()?;
        times.push(began.elapsed());
        assert!(output.status.success());
    }
    times.sort();
    Ok(times[times.len() / 2])
}

/// Plans the large migration once.
fn plan() -> io::Result<Run> {
    let file = fixture::plan_file();
    let plan = fixture::plan(&file);
    let mut world = fixture::world(&plan);
    world.switches.latency_ms = u32::try_from(LATENCY.as_millis()).expect("far below an hour");
    let token = fixture::token(&world);
    let simulator = Simulator::new(world);

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("large.yaml");
    fs::write(&path, file)?;
    let runtime = Runtime::new()?;
    let graph_url = format!("http://{}", open(&runtime, simulator.clone())?);
    let mut command = program();
    command
        .args(["plan", "--format", "json", "--graph-url", &graph_url])
        .arg(&path)
        .env("META_TOKEN", token.expose());
    let (wall, cpu, memory) = measure(command)?;
    let requests = simulator.requests().len();
    Ok(Run {
        requests,
        wall,
        cpu,
        memory,
    })
}

/// Serves the simulator until the runtime is dropped.
fn open(runtime: &Runtime, simulator: Simulator) -> io::Result<SocketAddr> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    runtime.spawn(serve::serve(listener, simulator, std::future::pending()));
    Ok(address)
}

/// Runs a command to its end and returns wall time, CPU time and peak memory.
///
/// Its output is larger than a pipe holds. When the first byte arrives all its work is done, and
/// until the rest is read it cannot end: that is the moment to look at its memory.
fn measure(mut command: Command) -> io::Result<(Duration, Duration, u64)> {
    let before = cpu_of_children()?;
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut output = child.stdout.take().expect("stdout is a pipe");
    let mut result = vec![0; 1];
    output.read_exact(&mut result)?;
    let memory = peak_memory(child.id())?;
    output.read_to_end(&mut result)?;
    let status = child.wait()?;
    let wall = began.elapsed();
    assert!(status.success(), "the plan was refused: {status}");
    assert!(
        result.len() > 1 << 17,
        "too little output: {}",
        result.len()
    );
    Ok((wall, cpu_of_children()? - before, memory))
}

/// Returns the user and system time of all processes that were started here and have ended.
///
/// Source: `proc_pid_stat(5)`, fields `cutime` and `cstime`, in ticks of 10 ms.
fn cpu_of_children() -> io::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field is the name of the program: it may hold spaces and ends with a parenthesis.
    let fields = stat.rsplit(')').next().expect("rsplit has one part");
    let ticks = fields.split_whitespace().skip(13).take(2);
    let ticks = ticks.map(|ticks| ticks.parse::<u64>().expect("ticks are a number"));
    Ok(Duration::from_millis(10 * ticks.sum::<u64>()))
}

/// Returns the most memory a process has had so far, in bytes.
///
/// Source: `proc_pid_status(5)`, field `VmHWM`, in kB of 1,024 bytes.
fn peak_memory(process: u32) -> io::Result<u64> {
    let path = Path::new("/proc").join(process.to_string()).join("status");
    let status = fs::read_to_string(path)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    let kilobytes: u64 = kilobytes
        .and_then(|number| number.parse().ok())
        .expect("a running process has a peak");
    Ok(kilobytes * 1024)
}
