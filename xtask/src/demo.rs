//! The café's story, on a node of its own with RocksDB on a temporary folder and a free port.
//!
//! The node is killed with SIGKILL after the story and started again on the same folder; then
//! everything that had been answered `final` must still be there.

use crate::{
    Outcome,
    cargo::{self, command},
    node::{self, Folder, Node, Purpose},
    prerequisites,
    progress::Progress,
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Contracts of the story.
const CONTRACTS: [&str; 3] = ["exchange", "shop", "token"];

/// The task.
pub(crate) fn run(progress: &mut Progress, keep: bool) -> Outcome {
    let played = prerequisites::all(progress).and_then(|()| story(progress, Purpose::Show));
    progress.summary();
    let (mut node, folder, record) = played?;
    println!("\nThe story holds.");
    if keep {
        if let Some(shop) = shop(&record) {
            let page = cargo::root().join("examples/cafe/page/index.html");
            let page = page.display().to_string().replace('%', "%25").replace(' ', "%20");
            println!("\nThe café's page: file://{page}?rpc={}&shop={shop}", node.url());
        }
        return node.keep(&folder);
    }
    node.kill()?;
    folder.remove()
}

/// Plays it with the programs that tests have built.
pub(crate) fn test(progress: &mut Progress) -> Outcome {
    let (mut node, folder, _) = story(progress, Purpose::Test)?;
    node.kill()?;
    folder.remove()
}

/// Plays it; the node, its folder, and what the story wrote down.
fn story(progress: &mut Progress, purpose: Purpose) -> Outcome<(Node, Folder, PathBuf)> {
    let (dure, cafe) = node::build(progress, purpose, "cafe", &CONTRACTS)?;
    let folder = Folder::new("cafe")?;
    let mut node = progress.stage("node: start", || Node::start(&dure, &folder.path))?;
    let record = folder.path.join("record.json");
    progress.stage("story: the café", || {
        let mut play = cafe_command(&cafe, &node, &record);
        play.arg("play").arg("--keys").arg(folder.keys());
        cargo::run(play.arg("--contracts").arg(folder.modules(&CONTRACTS)?))
    })?;
    node = progress.stage("node: SIGKILL and start again", || {
        node.kill()?;
        Node::start(&dure, &folder.path)
    })?;
    progress.stage("story: everything final is still there", || {
        cargo::run(cafe_command(&cafe, &node, &record).arg("verify"))
    })?;
    Ok((node, folder, record))
}

fn cafe_command(cafe: &Path, node: &Node, record: &Path) -> std::process::Command {
    let mut cafe = command(&cafe.to_string_lossy());
    cafe.arg("--rpc").arg(node.url());
    cafe.arg("--record").arg(record);
    cafe
}

/// The shop's address, as the story wrote it down.
fn shop(record: &Path) -> Option<String> {
    let record: Value = serde_json::from_str(&fs::read_to_string(record).ok()?).ok()?;
    let contracts = record["contracts"].as_array()?;
    let shop = contracts.iter().find(|contract| contract[0] == "shop")?;
    Some(shop[1].as_str()?.to_owned())
}
