//! The examples: a story each, played through JSON-RPC on a node of its own, books checked at its
//! end.

use crate::{
    Outcome,
    cargo::{self, command, root, target_dir},
    node::{self, Folder, Node},
    prerequisites,
    progress::Progress,
};

/// What can be played.
struct Example {
    name: &'static str,
    about: &'static str,
    /// Its contracts.
    contracts: &'static [&'static str],
}

const EXAMPLES: [Example; 5] = [
    Example {
        name: "gimpo",
        about: "a city's year: ten thousand citizens, five hundred merchants, a report",
        contracts: &["merchants", "regional-currency"],
    },
    Example {
        name: "giftishow",
        about: "a gift voucher from its issue to five payees, against a 30-day cycle",
        contracts: &["merchants", "token", "voucher"],
    },
    Example {
        name: "donation",
        about: "every won from a donor to a receipt",
        contracts: &["token", "donation"],
    },
    Example {
        name: "neighbourhood-energy",
        about: "a day of a hundred homes that trade power",
        contracts: &["token", "energy"],
    },
    Example {
        name: "two-banks",
        about: "a salary paid across banks in under a second, netted at noon",
        contracts: &["settlement"],
    },
];

/// Prints what can be played.
pub(crate) fn list() -> Outcome {
    for Example { name, about, .. } in &EXAMPLES {
        println!("{name:<22}{about}");
    }
    Ok(())
}

/// The task.
pub(crate) fn run(progress: &mut Progress, name: &str, keep: bool) -> Outcome {
    let Some(example) = EXAMPLES.iter().find(|example| example.name == name) else {
        let known: Vec<&str> = EXAMPLES.iter().map(|example| example.name).collect();
        return Err(format!("no example `{name}`; there are {}", known.join(", ")));
    };
    let outcome = play(progress, example, keep);
    progress.summary();
    outcome
}

fn play(progress: &mut Progress, example: &Example, keep: bool) -> Outcome {
    prerequisites::all(progress)?;
    let (dure, program) = node::build(progress, example.name, example.contracts)?;
    let folder = Folder::new()?;
    let mut node = progress.stage("node: start", || Node::start(&dure, &folder.path))?;
    progress.stage(&format!("story: {}", example.name), || {
        let mut story = command(&program.to_string_lossy());
        story.arg("--rpc").arg(node.url()).arg("--keys").arg(folder.keys());
        story.arg("--contracts").arg(target_dir().join("dure"));
        cargo::run(story.current_dir(root()))
    })?;
    if keep {
        return node.keep(&folder);
    }
    node.kill()?;
    folder.remove()
}
