//! `dure net`: a network of real validators on this machine, to try things with.
//!
//! Each has a folder with its keys, its configuration, its data and its log, as an operator's would;
//! they differ in that their accounts are those of `dure dev`, whose keys everybody knows, so that
//! nobody but this machine reaches them.

use super::{
    dev_key::{DEV_NAMES, dev_key},
    exit::Failure,
    output::Output,
};
use crate::{driver::WallClock, genesis_file};
use clap::{Args, Subcommand};
use dure_client::{Client, ClientError, Key};
use dure_types::{Address, ValidatorSet};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// How long all validators may take until they answer and agree on a block.
const READY_MAX: Duration = Duration::from_secs(60);
/// How long one may take to end after it was told to.
const END_MAX: Duration = Duration::from_secs(10);
/// How long a node may take to answer a question of `status`.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// The most that one machine is asked to run.
const VALIDATORS_MAX: u16 = 20;

/// Where a network lies.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// Folder of the network.
    #[arg(long, default_value = "net", value_name = "DIR")]
    dir: PathBuf,
}

/// What to do with a network.
#[derive(Debug, Subcommand)]
pub(super) enum NetCommand {
    /// Make a network and start it, or start again what of it does not run.
    Up {
        #[command(flatten)]
        place: Place,
        /// How many validators a new network has.
        #[arg(long, default_value_t = 4, value_name = "N")]
        validators: u16,
        /// Port of the first one's JSON-RPC, the others have the next; 0 takes free ones.
        #[arg(long, default_value_t = 9944, value_name = "N")]
        rpc_port: u16,
        /// First of the ports on which they reach each other, two each.
        #[arg(long, default_value_t = 10_955, value_name = "N")]
        p2p_port: u16,
    },
    /// Say how each validator fares.
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// End a validator as a power cut would (SIGKILL).
    Kill {
        /// Which, from 1.
        number: u16,
        #[command(flatten)]
        place: Place,
    },
    /// Freeze a validator (SIGSTOP): it holds its connections and says nothing.
    Stop {
        /// Which, from 1.
        number: u16,
        #[command(flatten)]
        place: Place,
    },
    /// Let those that are frozen go on, and start those that ended.
    Heal {
        #[command(flatten)]
        place: Place,
    },
    /// End all validators, in order; what they stored stays.
    Down {
        #[command(flatten)]
        place: Place,
    },
}

pub(super) async fn run(command: NetCommand, output: &mut Output) -> Result<(), Failure> {
    match command {
        NetCommand::Up { place, validators, rpc_port, p2p_port } => {
            if !place.dir.join("genesis.toml").exists() {
                make(&place.dir, validators, (rpc_port, p2p_port))?;
            }
            run_all(&members(&place.dir)?, output).await
        }
        NetCommand::Status { place } => report(&members(&place.dir)?, output).await,
        NetCommand::Kill { number, place } => {
            signal_one(&place, number, Signal::KILL, output).await
        }
        NetCommand::Stop { number, place } => {
            signal_one(&place, number, Signal::STOP, output).await
        }
        NetCommand::Heal { place } => {
            let members = members(&place.dir)?;
            for member in members.iter().filter(|member| member.state() == State::Frozen) {
                member.signal(Signal::CONT)?;
            }
            run_all(&members, output).await
        }
        NetCommand::Down { place } => {
            let members = members(&place.dir)?;
            for member in members.iter().filter(|member| member.state() != State::Ended) {
                // One that is frozen hears nothing.
                member.signal(Signal::CONT)?;
                member.signal(Signal::TERM)?;
            }
            for member in &members {
                ended(member).await?;
            }
            report(&members, output).await
        }
    }
}

/// What a validator's process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    Frozen,
    Ended,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Frozen => "frozen",
            Self::Ended => "ended",
        }
    }
}

/// One validator of a network.
struct Member {
    number: u16,
    folder: PathBuf,
    url: String,
}

fn file_failed(path: &Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    move |error| Failure::File(format!("{}: {error}", path.display()))
}

impl Member {
    fn config(&self) -> PathBuf {
        self.folder.join("node.toml")
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join("pid")
    }

    /// Its process, if that is still the one that was started here: numbers are used again.
    fn pid(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.pid_file()).ok()?;
        let number: i32 = text.trim().parse().ok()?;
        let command = fs::read(format!("/proc/{number}/cmdline")).ok()?;
        let config = self.config().display().to_string();
        let is_ours = command.split(|byte| *byte == 0).any(|word| word == config.as_bytes());
        Pid::from_raw(number).filter(|_| is_ours)
    }

    fn state(&self) -> State {
        let Some(pid) = self.pid() else { return State::Ended };
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        // `PID (NAME) STATE ..`, and a name may have brackets.
        let state = stat.ok().and_then(|stat| {
            stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next())
        });
        match state {
            Some('T') => State::Frozen,
            Some('Z' | 'X') | None => State::Ended,
            Some(_) => State::Running,
        }
    }

    fn signal(&self, signal: Signal) -> Result<(), Failure> {
        let Some(pid) = self.pid() else {
            return Err(Failure::Unmet(format!("validator {} does not run", self.number)));
        };
        kill_process(pid, signal)
            .map_err(|error| Failure::Start(format!("validator {}: {error}", self.number)))
    }

    fn start(&self) -> Result<(), Failure> {
        let program = std::env::current_exe()
            .map_err(|error| Failure::Start(format!("this program is not found: {error}")))?;
        let log = self.folder.join("node.log");
        let out =
            File::options().create(true).append(true).open(&log).map_err(file_failed(&log))?;
        let errors = out.try_clone().map_err(file_failed(&log))?;
        let child = Command::new(program)
            .args(["start", "--config"])
            .arg(self.config())
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            // Ctrl-C in this terminal is not for them.
            .process_group(0)
            .spawn()
            .map_err(|error| Failure::Start(format!("validator {}: {error}", self.number)))?;
        let file = self.pid_file();
        fs::write(&file, format!("{}\n", child.id())).map_err(file_failed(&file))
    }

    /// The last lines of its log.
    fn last_words(&self) -> String {
        let text = fs::read_to_string(self.folder.join("node.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(5)..).unwrap_or_default().join("\n  ")
    }

    async fn ask(&self) -> Option<Value> {
        let asked = async {
            let client = Client::connect(&self.url).await?;
            let (status, health) = (client.status().await?, client.health().await?);
            Ok::<_, ClientError>((status, health))
        };
        let (status, health) = tokio::time::timeout(ANSWER_MAX, asked).await.ok()?.ok()?;
        Some(json!({
            "height": status.height,
            "certified": status.certified,
            "block": status.block,
            "waiting": health.mempool.transactions.to_string(),
            "peers": health.peers.iter().filter(|peer| peer.connected).count(),
        }))
    }
}

/// Makes folders, keys, genesis and configurations.
fn make(dir: &Path, validators: u16, (rpc_port, p2p_port): (u16, u16)) -> Result<(), Failure> {
    if validators == 0 || validators > VALIDATORS_MAX {
        let text = format!("--validators {validators}: from 1 to {VALIDATORS_MAX}");
        return Err(Failure::Usage(text));
    }
    fs::create_dir_all(dir).map_err(file_failed(dir))?;
    let mut ports = Ports::default();
    let (mut records, mut seats) = (Vec::new(), Vec::new());
    for number in 1..=validators {
        let folder = dir.join(number.to_string());
        fs::create_dir_all(&folder).map_err(file_failed(&folder))?;
        let key = |name: &str| -> Result<Key, Failure> {
            let path = folder.join(name);
            if path.exists() {
                return Ok(Key::from_file(&path).map_err(ClientError::from)?);
            }
            let key = Key::generate().map_err(ClientError::from)?;
            key.to_file(&path).map_err(ClientError::from)?;
            Ok(key)
        };
        let (consensus, network) = (key("consensus.key")?, key("network.key")?);
        let (name, power) = (format!("validator-{number}"), 1);
        let (key, network) = (consensus.signing(), network.signing());
        records.push(genesis_file::validator_record(&name, key, network, power));
        let before = number - 1;
        let rpc = match rpc_port {
            0 => ports.free()?,
            first => first.saturating_add(before),
        };
        let [urgent, bulk] = match p2p_port.min(rpc_port) {
            0 => [ports.free()?, ports.free()?],
            _ => [0, 1].map(|next| p2p_port.saturating_add(2 * before).saturating_add(next)),
        };
        seats.push(Seat { folder, name, rpc, urgent, bulk });
    }
    let developers: Vec<Address> =
        DEV_NAMES.iter().filter_map(|name| Some(dev_key(name)?.address())).collect();
    let (now, validators) = (WallClock::fixed().now(), ValidatorSet::new(records));
    let genesis = genesis_file::dev_genesis_of("net", now, validators, &developers);
    configure(&seats, &genesis.chain_id().to_string())?;
    // Last: with it the network is there.
    let path = dir.join("genesis.toml");
    genesis_file::write(&path, &genesis).map_err(|error| Failure::File(error.to_string()))
}

/// Where a validator lies, and where it listens.
struct Seat {
    folder: PathBuf,
    name: String,
    rpc: u16,
    urgent: u16,
    bulk: u16,
}

/// Writes the configuration of each.
fn configure(seats: &[Seat], chain: &str) -> Result<(), Failure> {
    for Seat { folder, name, rpc, urgent, bulk } in seats {
        let mut text = format!(
            "genesis = \"../genesis.toml\"\nchain = \"{chain}\"\ndata_dir = \"data\"\n\
             key = \"./consensus.key\"\nnetwork_key = \"./network.key\"\n\n\
             [rpc]\nlisten = \"127.0.0.1:{rpc}\"\n\n\
             [network]\nlisten = \"127.0.0.1:{urgent}\"\nbulk_listen = \"127.0.0.1:{bulk}\"\n"
        );
        let others = || seats.iter().filter(|other| other.name != *name);
        text.push_str("\n[network.peers]\n");
        for other in others() {
            text.push_str(&format!("{} = \"127.0.0.1:{}\"\n", other.name, other.urgent));
        }
        text.push_str("\n[network.bulk_peers]\n");
        for other in others() {
            text.push_str(&format!("{} = \"127.0.0.1:{}\"\n", other.name, other.bulk));
        }
        let config = folder.join("node.toml");
        fs::write(&config, text).map_err(file_failed(&config))?;
    }
    Ok(())
}

/// Ports that nobody listens on; all are held until the last is known, so that they differ.
#[derive(Default)]
struct Ports(Vec<TcpListener>);

impl Ports {
    fn free(&mut self) -> Result<u16, Failure> {
        let failed = |error: std::io::Error| Failure::Start(format!("no free port: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        self.0.push(listener);
        Ok(port)
    }
}

/// The validators of a network that was made.
fn members(dir: &Path) -> Result<Vec<Member>, Failure> {
    let whole = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    if !whole.join("genesis.toml").exists() {
        let text = format!("{} is no network: `dure net up` makes one", dir.display());
        return Err(Failure::File(text));
    }
    let mut members = Vec::new();
    for number in 1..=VALIDATORS_MAX {
        let folder = whole.join(number.to_string());
        let config = folder.join("node.toml");
        if !config.exists() {
            break;
        }
        let file =
            crate::config_file::read(&config).map_err(|error| Failure::File(error.to_string()))?;
        let Some(listen) = file.rpc.listen else {
            return Err(Failure::File(format!("{}: no [rpc] listen", config.display())));
        };
        members.push(Member { number, folder, url: format!("http://{listen}/v1") });
    }
    Ok(members)
}

/// Starts those that do not run, and says how all fare once they decide.
async fn run_all(members: &[Member], output: &mut Output) -> Result<(), Failure> {
    members.iter().filter(|member| member.state() == State::Ended).try_for_each(Member::start)?;
    ready(members).await?;
    report(members, output).await
}

/// Waits until all answer, and have decided something.
async fn ready(members: &[Member]) -> Result<(), Failure> {
    let begun = Instant::now();
    for member in members {
        loop {
            let answer = member.ask().await;
            if answer.is_some_and(|answer| answer["height"] != "0") {
                break;
            }
            if member.state() == State::Ended {
                return Err(Failure::Start(format!(
                    "validator {} ended; the end of {}:\n  {}",
                    member.number,
                    member.folder.join("node.log").display(),
                    member.last_words()
                )));
            }
            if begun.elapsed() > READY_MAX {
                return Err(Failure::Start(format!(
                    "validator {} has decided nothing for {} s; see {}",
                    member.number,
                    READY_MAX.as_secs(),
                    member.folder.join("node.log").display()
                )));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

/// Waits until one has ended; kills it where it does not.
async fn ended(member: &Member) -> Result<(), Failure> {
    let begun = Instant::now();
    while member.state() != State::Ended {
        if begun.elapsed() > END_MAX {
            return member.signal(Signal::KILL);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn signal_one(
    place: &Place,
    number: u16,
    signal: Signal,
    output: &mut Output,
) -> Result<(), Failure> {
    let members = members(&place.dir)?;
    let Some(member) = members.iter().find(|member| member.number == number) else {
        let text = format!("validator {number}: the network has 1 to {}", members.len());
        return Err(Failure::Usage(text));
    };
    member.signal(signal)?;
    let begun = Instant::now();
    while member.state() == State::Running && begun.elapsed() < END_MAX {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    report(&members, output).await
}

async fn report(members: &[Member], output: &mut Output) -> Result<(), Failure> {
    let mut lines = Vec::new();
    for member in members {
        let state = member.state();
        let answer = match state {
            State::Running => member.ask().await,
            State::Frozen | State::Ended => None,
        };
        let log = member.folder.join("node.log").display().to_string();
        lines.push(json!({
            "number": member.number,
            "state": state.name(),
            "rpc": member.url,
            "log": log,
            "answer": answer,
        }));
    }
    output.bare(&lines, || {
        let mut text = String::new();
        for line in &lines {
            let shown =
                |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let answer = &line["answer"];
            text.push_str(&format!(
                "{}  {:<8} {}",
                line["number"],
                shown(&line["state"]),
                shown(&line["rpc"])
            ));
            match (line["state"] == "running", answer) {
                (true, Value::Null) => text.push_str("  does not answer"),
                (true, answer) => text.push_str(&format!(
                    "  height {}, {} peers, {} waiting",
                    shown(&answer["height"]),
                    answer["peers"],
                    shown(&answer["waiting"])
                )),
                (false, _) => {}
            }
            text.push('\n');
        }
        text
    })
}
