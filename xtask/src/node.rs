//! A node of its own for what is played on one: the programs and contracts that it needs, a
//! temporary folder, a free port.

use crate::{
    Outcome,
    cargo::{self, command, target_dir},
    progress::{Progress, time},
    test,
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

/// Tests compile these without optimising, for speed of building.
const OPTIMISED: [&str; 5] = ["dure-client", "dure-node", "dure-rpc", "gimpo", "stage"];

/// What a story is played for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It shows how fast a node is.
    Show,
    /// It shows that it runs: with the programs that tests have built.
    Test,
}

/// Builds the node with RocksDB, another program, and contracts; says where both programs are.
pub(crate) fn build(
    progress: &mut Progress,
    purpose: Purpose,
    program: &str,
    contracts: &[&str],
) -> Outcome<(PathBuf, PathBuf)> {
    let optimised = OPTIMISED.map(|name| format!("profile.dev.package.{name}.opt-level=2"));
    let arguments = match purpose {
        Purpose::Show => {
            let mut arguments = vec!["build", "--workspace", "--bins"];
            arguments.extend(optimised.iter().flat_map(|setting| ["--config", setting]));
            arguments
        }
        Purpose::Test => test::with_rocks(),
    };
    let programs = progress.stage("build: the node with RocksDB", || cargo::build(&arguments))?;
    let find = |name: &str| {
        let found = programs.iter().find(|built| built.target == name);
        found.map(|built| built.program.clone()).ok_or(format!("cargo built no program `{name}`"))
    };
    let (dure, program) = (find("dure")?, find(program)?);
    progress.stage("build: contracts", || {
        for contract in contracts {
            let mut build = command(&dure.to_string_lossy());
            build.arg("build").arg(cargo::root().join("contracts").join(contract));
            cargo::run(build.env("CARGO_TARGET_DIR", target_dir()))?;
        }
        Ok(())
    })?;
    Ok((dure, program))
}

/// A temporary folder; it stays where the story fails, for whoever looks into it.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
}

impl Folder {
    pub(crate) fn new(story: &str) -> Outcome<Self> {
        let name = format!("dure-{story}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        eprintln!("\nthe node's data and log are in {}", path.display());
        Ok(Self { path })
    }

    /// The keys that the node writes there.
    pub(crate) fn keys(&self) -> PathBuf {
        self.path.join("data/keys")
    }

    /// Copies the modules of contracts there that were just built, and no others: a story that
    /// deploys one besides would get that of an older build, or none.
    pub(crate) fn modules(&self, contracts: &[&str]) -> Outcome<PathBuf> {
        let (built, modules) = (target_dir().join("dure"), self.path.join("modules"));
        fs::create_dir_all(&modules).map_err(|error| format!("{}: {error}", modules.display()))?;
        for contract in contracts {
            let name = format!("{}.wasm", contract.replace('-', "_"));
            let from = built.join(&name);
            let copied = fs::copy(&from, modules.join(&name));
            copied.map_err(|error| format!("{}: {error}", from.display()))?;
        }
        Ok(modules)
    }

    pub(crate) fn remove(self) -> Outcome {
        fs::remove_dir_all(&self.path).map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

/// A running `dure dev`; it is killed when this goes out of scope.
pub(crate) struct Node {
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
    pub(crate) fn start(dure: &Path, folder: &Path) -> Outcome<Self> {
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
    pub(crate) fn kill(&mut self) -> Outcome {
        let failed = |error: std::io::Error| format!("killing the node: {error}");
        self.child.kill().map_err(failed)?;
        self.child.wait().map_err(failed).map(|_| ())
    }

    /// Where JSON-RPC answers over WebSocket.
    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/v1", self.port)
    }

    /// Says how to reach the node and waits until it ends.
    pub(crate) fn keep(&mut self, folder: &Folder) -> Outcome {
        println!(
            "\nThe node stays up until Ctrl-C: http://127.0.0.1:{}/v1 (HTTP, WebSocket)",
            self.port
        );
        println!("Funded keys, known to everyone: {}", folder.keys().display());
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        println!("{}", of_this_start(&log));
        let status = self.child.wait().map_err(|error| format!("waiting for the node: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("the node ended: {status}")) }
    }
}

/// What the last of the nodes that wrote into a log said: those before it are gone, with their ports.
fn of_this_start(log: &str) -> &str {
    log.rmatch_indices("ready: ").next().map_or(log, |(at, _)| log.get(at..).unwrap_or(log))
}

/// A port that nobody listens on; another program may take it before the node does, in which case
/// the node says so and what is played is run again.
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

#[cfg(test)]
mod tests {
    use super::of_this_start;

    #[test]
    fn a_node_that_was_killed_is_not_shown() {
        let log = "ready: http://127.0.0.1:1/v1\nkeys\nready: http://127.0.0.1:2/v1\nkeys\n";
        assert_eq!(of_this_start(log), "ready: http://127.0.0.1:2/v1\nkeys\n");
        assert_eq!(of_this_start("starting\n"), "starting\n");
    }
}
