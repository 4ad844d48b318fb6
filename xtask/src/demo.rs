//! The café's story, on a node of its own with RocksDB on a temporary folder and a free port.
//!
//! The node is killed with SIGKILL after the story and started again on the same folder; then
//! everything that had been answered `final` must still be there.

use crate::{
    Outcome,
    cargo::{self, command, target_dir},
    prerequisites,
    progress::{Progress, time},
};
use serde_json::Value;
use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Child,
    thread,
    time::{Duration, Instant},
};

/// How long a node may take until it answers.
const READY_MAX: Duration = Duration::from_secs(30);
/// Contracts of the story.
const CONTRACTS: [&str; 3] = ["currency", "desk", "shop"];

/// The task.
pub(crate) fn run(progress: &mut Progress, keep: bool) -> Outcome {
    let outcome = story(progress, keep);
    progress.summary();
    if outcome.is_ok() {
        println!("\nThe story holds.");
    }
    outcome
}

fn story(progress: &mut Progress, keep: bool) -> Outcome {
    prerequisites::all(progress)?;
    let programs = progress.stage("build: the node with RocksDB", || {
        cargo::build(&["build", "--workspace", "--bins"])
    })?;
    let program = |name: &str| {
        let found = programs.iter().find(|built| built.target == name);
        found.map(|built| built.program.clone()).ok_or(format!("cargo built no program `{name}`"))
    };
    let (dure, cafe) = (program("dure")?, program("cafe")?);
    progress.stage("build: contracts", || build_contracts(&dure))?;
    let folder = Folder::new()?;
    let mut node = progress.stage("node: start", || Node::start(&dure, &folder.path))?;
    let record = folder.path.join("record.json");
    progress.stage("story: the café", || {
        let mut play = cafe_command(&cafe, &node, &record);
        play.arg("play").arg("--keys").arg(folder.path.join("data/keys"));
        cargo::run(play.arg("--contracts").arg(target_dir().join("dure")))
    })?;
    node = progress.stage("node: SIGKILL and start again", || {
        node.kill()?;
        Node::start(&dure, &folder.path)
    })?;
    progress.stage("story: everything final is still there", || {
        cargo::run(cafe_command(&cafe, &node, &record).arg("verify"))
    })?;
    if keep {
        return node.keep(&folder, &record);
    }
    node.kill()?;
    folder.remove()
}

fn build_contracts(dure: &Path) -> Outcome {
    for contract in CONTRACTS {
        let mut build = command(&dure.to_string_lossy());
        build.arg("build").arg(cargo::root().join("contracts").join(contract));
        cargo::run(build.env("CARGO_TARGET_DIR", target_dir()))?;
    }
    Ok(())
}

fn cafe_command(cafe: &Path, node: &Node, record: &Path) -> std::process::Command {
    let mut cafe = command(&cafe.to_string_lossy());
    cafe.arg("--rpc").arg(format!("ws://127.0.0.1:{}/v1", node.port));
    cafe.arg("--record").arg(record);
    cafe
}

/// A temporary folder; it stays where the story fails, for whoever looks into it.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new() -> Outcome<Self> {
        let path = std::env::temp_dir().join(format!("dure-demo-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        eprintln!("\nthe node's data and log are in {}", path.display());
        Ok(Self { path })
    }

    fn remove(self) -> Outcome {
        fs::remove_dir_all(&self.path).map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

/// A running `dure dev`; it is killed when this goes out of scope.
struct Node {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may be dead already; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Node {
    fn start(dure: &Path, folder: &Path) -> Outcome<Self> {
        let port = free_port()?;
        let log = folder.join("node.log");
        let file = |error: std::io::Error| format!("{}: {error}", log.display());
        let out = File::options().create(true).append(true).open(&log).map_err(file)?;
        let errors = out.try_clone().map_err(file)?;
        let mut dev = command(&dure.to_string_lossy());
        dev.arg("dev").arg("--data-dir").arg(folder.join("data"));
        dev.arg("--rpc-port").arg(port.to_string()).stdout(out).stderr(errors);
        let started = Instant::now();
        let child = dev.spawn().map_err(|error| format!("{}: {error}", cargo::words(&dev)))?;
        let mut node = Self { child, port, log };
        while health(port).is_none() {
            if let Ok(Some(status)) = node.child.try_wait() {
                return Err(format!("the node ended ({status}); see {}", node.log.display()));
            }
            if started.elapsed() > READY_MAX {
                return Err(format!(
                    "the node did not answer within {}; see {}",
                    time(READY_MAX),
                    node.log.display()
                ));
            }
            thread::sleep(Duration::from_millis(10));
        }
        eprintln!("   http://127.0.0.1:{port}/v1 answers after {}", time(started.elapsed()));
        Ok(node)
    }

    /// Ends the node as a power cut would: `Child::kill` is SIGKILL.
    fn kill(&mut self) -> Outcome {
        let failed = |error: std::io::Error| format!("killing the node: {error}");
        self.child.kill().map_err(failed)?;
        self.child.wait().map_err(failed).map(|_| ())
    }

    /// Says how to reach the node and waits until it ends.
    fn keep(&mut self, folder: &Folder, record: &Path) -> Outcome {
        println!(
            "\nThe node stays up until Ctrl-C: http://127.0.0.1:{}/v1 (HTTP, WebSocket)",
            self.port
        );
        if let Some(shop) = shop(record) {
            println!(
                "The café's page: file://{}?rpc=ws://127.0.0.1:{}/v1&shop={shop}",
                cargo::root().join("examples/cafe/page/index.html").display(),
                self.port
            );
        }
        println!("Funded keys, known to everyone: {}", folder.path.join("data/keys").display());
        println!("{}", fs::read_to_string(&self.log).unwrap_or_default());
        let status = self.child.wait().map_err(|error| format!("waiting for the node: {error}"))?;
        Err(format!("the node ended: {status}"))
    }
}

/// The shop's address, as the story wrote it down.
fn shop(record: &Path) -> Option<String> {
    let record: Value = serde_json::from_str(&fs::read_to_string(record).ok()?).ok()?;
    let contracts = record["contracts"].as_array()?;
    let shop = contracts.iter().find(|contract| contract[0] == "shop")?;
    Some(shop[1].as_str()?.to_owned())
}

/// A port that nobody listens on; another program may take it before the node does, in which case
/// the node says so and the demo is run again.
fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

/// Asks the node for `node_health` over HTTP.
fn health(port: u16) -> Option<Value> {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"node_health","params":[]}"#;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    let length = body.len();
    let request = format!(
        "POST /v1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    // Between the outer braces, so that a chunked answer is understood too.
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let json = body.get(body.find('{')?..=body.rfind('}')?)?;
    let value: Value = serde_json::from_str(json).ok()?;
    value.get("result").cloned()
}
