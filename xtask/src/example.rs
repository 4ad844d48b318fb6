//! The examples: a story each, played through JSON-RPC on a node of its own, books checked at its
//! end.

use crate::{
    Outcome,
    cargo::{self, command, root},
    node::{self, Folder, Node, Purpose},
    prerequisites,
    progress::Progress,
};

/// What can be played.
struct Example {
    name: &'static str,
    about: &'static str,
    /// The contracts that it deploys, and no others: they are built for it.
    contracts: &'static [&'static str],
    /// What makes it short enough for a test.
    short: &'static [&'static str],
}

const EXAMPLES: [Example; 5] = [
    Example {
        name: "gimpo",
        about: "a city's year: ten thousand citizens, five hundred merchants, a report",
        contracts: &["merchants", "regional-currency"],
        short: &["--payments", "1000"],
    },
    Example {
        name: "giftishow",
        about: "a gift voucher from its issue to five payees, against a 30-day cycle",
        contracts: &["merchants", "token", "voucher"],
        short: &[],
    },
    Example {
        name: "donation",
        about: "every won from a donor to a receipt",
        contracts: &["merchants", "token", "donation"],
        short: &[],
    },
    Example {
        name: "neighbourhood-energy",
        about: "a day of a hundred homes that trade power",
        contracts: &["token", "energy"],
        short: &[],
    },
    Example {
        name: "two-banks",
        about: "a salary paid across banks in under a second, netted at noon",
        contracts: &["token", "settlement"],
        short: &[],
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
    let played = prerequisites::all(progress).and_then(|()| play(progress, example, Purpose::Show));
    progress.summary();
    let (mut node, folder) = played?;
    if keep {
        return node.keep(&folder);
    }
    node.kill()?;
    folder.remove()
}

/// Plays every example, short enough for a test; says which failed.
pub(crate) fn test(progress: &mut Progress) -> Vec<String> {
    let mut failed = Vec::new();
    for example in &EXAMPLES {
        let played = play(progress, example, Purpose::Test);
        let ended =
            played.and_then(|(mut node, folder)| node.kill().and_then(|()| folder.remove()));
        failed.extend(ended.err().map(|error| format!("example {}: {error}", example.name)));
    }
    failed
}

fn play(progress: &mut Progress, example: &Example, purpose: Purpose) -> Outcome<(Node, Folder)> {
    let Example { name, contracts, .. } = *example;
    let (dure, program) = node::build(progress, purpose, name, contracts)?;
    let folder = Folder::new(name)?;
    let node = progress.stage("node: start", || Node::start(&dure, &folder.path))?;
    progress.stage(&format!("story: {name}"), || {
        let mut story = command(&program.to_string_lossy());
        story.arg("--rpc").arg(node.url()).arg("--keys").arg(folder.keys());
        story.arg("--contracts").arg(folder.modules(contracts)?);
        if purpose == Purpose::Test {
            story.args(example.short);
        }
        cargo::run(story.current_dir(root()))
    })?;
    Ok((node, folder))
}

#[cfg(test)]
mod tests {
    use super::{EXAMPLES, root};
    use std::{collections::BTreeSet, fs};

    /// Contracts that a story names where it deploys.
    fn deployed(story: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let sources = root().join("examples").join(story).join("src");
        for file in fs::read_dir(sources).unwrap() {
            let source = fs::read_to_string(file.unwrap().path()).unwrap();
            for call in source.split(".deploy").skip(1) {
                let arguments = call.split(".await").next().unwrap();
                let words = arguments.split('"').skip(1).step_by(2);
                let contract = |word: &&str| root().join("contracts").join(word).is_dir();
                found.extend(words.filter(contract).map(str::to_owned));
            }
        }
        found
    }

    #[test]
    fn each_example_builds_the_contracts_that_it_deploys() {
        for example in &EXAMPLES {
            let built: BTreeSet<_> = example.contracts.iter().map(|&name| name.into()).collect();
            assert_eq!(deployed(example.name), built, "{}", example.name);
        }
    }
}
