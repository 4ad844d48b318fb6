//! Failing sequences in files that belong into the repository.

use super::{
    play::{Broken, Game, Step},
    report::{Violation, steps_to_json},
};
use dure_json::arguments_from_json;
use dure_types::limits;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Reads every sequence of a folder, by name; a folder that is not there has none.
pub(super) fn read(game: &Game<'_>, folder: &Path) -> Result<Vec<(PathBuf, Vec<Step>)>, Violation> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unusable(folder, &error.to_string())),
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let text =
            std::fs::read_to_string(&path).map_err(|error| unusable(&path, &error.to_string()))?;
        let value: Value =
            serde_json::from_str(&text).map_err(|error| unusable(&path, &error.to_string()))?;
        let steps = value["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
        let steps: Result<Vec<Step>, String> =
            steps.iter().map(|step| from_json(game, step)).collect();
        let steps = steps.map_err(|error| {
            let hint = "delete the file if the contract has changed so that it no longer applies";
            unusable(&path, &format!("{error}; {hint}"))
        })?;
        found.push((path, steps));
    }
    Ok(found)
}

fn unusable(path: &Path, reason: &str) -> Violation {
    Violation::setup(format!("{}: {reason}", path.display()))
}

fn from_json(game: &Game<'_>, value: &Value) -> Result<Step, String> {
    let word = |name: &str| {
        let text = value[name].as_str();
        text.ok_or_else(|| format!("a step has no text `{name}`"))
    };
    let (contract, method, by) = (word("contract")?, word("method")?, word("by")?);
    let target = game.targets.iter().position(|target| target.name == contract);
    let target = target.ok_or_else(|| format!("there is no contract {contract}"))?;
    let account = game.accounts.iter().position(|(_, name)| name == by);
    let account = account.ok_or_else(|| format!("there is no account {by}"))?;
    let spec = game.targets.get(target).map(|target| &target.spec);
    let found = spec.and_then(|spec| {
        let index = spec.methods.iter().position(|known| known.name == method)?;
        Some((spec, index, spec.methods.get(index)?))
    });
    let (spec, index, known) = found.ok_or_else(|| format!("{contract} has no method {method}"))?;
    let args = arguments_from_json(spec, known, &value["args"], limits::ARGS_BYTES_MAX);
    let args = args.map_err(|error| error.to_string())?;
    let advance_ms = value["advance_ms"].as_u64().unwrap_or(0);
    Ok(Step { advance_ms, by: account, target, method: index, args })
}

/// Writes a sequence; its name says what it breaks, so that the same one is not kept twice.
pub(super) fn write(
    game: &Game<'_>,
    folder: &Path,
    steps: &[Step],
    broken: &Broken,
) -> std::io::Result<PathBuf> {
    let steps = steps_to_json(game, steps);
    let content = json!({ "invariant": broken.invariant, "why": broken.why, "steps": steps });
    let text = format!("{content:#}\n");
    let hash = dure_types::domain::blake3_hash(steps.to_string().as_bytes()).to_string();
    let words = broken.invariant.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let words: String = words.take(48).collect();
    let path = folder.join(format!("{words}-{}.json", hash.get(2..10).unwrap_or_default()));
    std::fs::create_dir_all(folder)?;
    std::fs::write(&path, text)?;
    Ok(path)
}
