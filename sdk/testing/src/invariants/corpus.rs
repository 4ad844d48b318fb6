//! Failing sequences in files that belong into the repository.

use super::{
    play::{Broken, Game, Step},
    report::{Violation, steps_to_json},
};
use dure_json::arguments_from_json;
use dure_types::limits;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A sequence of the corpus.
pub(super) struct Kept {
    pub(super) path: PathBuf,
    pub(super) steps: Vec<Step>,
    /// The lines of the file at which the steps begin, from 1.
    pub(super) lines: Vec<u32>,
}

/// Reads every sequence of a folder, by name; a folder that is not there has none.
pub(super) fn read(game: &Game<'_>, folder: &Path) -> Result<Vec<Kept>, Violation> {
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
        if steps.is_empty() {
            return Err(unusable(&path, "it has no `steps`, and so is no sequence of calls"));
        }
        let steps: Result<Vec<Step>, String> =
            steps.iter().map(|step| from_json(game, step)).collect();
        let steps = steps.map_err(|error| {
            let hint = "delete the file if the contract has changed so that it no longer applies";
            unusable(&path, &format!("{error}; {hint}"))
        })?;
        found.push(Kept { path, steps, lines: step_lines(&text) });
    }
    Ok(found)
}

/// The lines at which the objects begin that stand in a list of the outermost object: the steps.
fn step_lines(json: &str) -> Vec<u32> {
    let (mut lines, mut line) = (Vec::new(), 1);
    let (mut open, mut quoted, mut escaped) = (String::new(), false, false);
    for sign in json.chars() {
        match sign {
            '\n' => line += 1,
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => {
                if sign == '{' && open == "{[" {
                    lines.push(line);
                }
                open.push(sign);
            }
            '}' | ']' => {
                open.pop();
            }
            _ => {}
        }
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::step_lines;
    use serde_json::json;

    #[test]
    fn steps_are_found_in_the_file_as_it_is_written() {
        let step = json!({ "args": { "list": [{ "a": "}{ \" [\\" }], "none": {} }, "by": "ana" });
        let file = json!({ "invariant": "a [{ b", "why": "{", "steps": [step.clone(), step] });
        let text = format!("{file:#}\n");
        let lines = step_lines(&text);
        let begins =
            |line: &u32| text.lines().nth(*line as usize - 1).is_some_and(|text| text == "    {");
        assert!(lines.len() == 2 && lines.iter().all(begins), "{lines:?} of\n{text}");
    }
}
