//! What of an output must be as a page shows it: all but what differs from run to run (heights,
//! ids of transactions) or with the compiler (gas, sizes, hashes of code).

/// Parts of `dure check` that say what a module's bytes are spent on: only their headings count.
const SPENT: [&str; 2] = ["bytes by crate", "largest functions"];

/// What must be the same of two outputs of a step.
pub(crate) fn shape(step: &str, text: &str) -> String {
    let mut lines = Vec::new();
    let mut part = "";
    for line in text.lines() {
        let indented = line.starts_with(' ');
        if !indented {
            part = line;
        }
        match (step, indented) {
            ("check", true) if SPENT.contains(&part) => {}
            ("check", true) => lines.push(counted(line)),
            _ => lines.push(plain(line)),
        }
    }
    lines.join("\n")
}

/// A line of a table whose first columns are a number and its share of a limit.
fn counted(line: &str) -> String {
    let words = line.split_whitespace().enumerate();
    let shown = words.map(|(place, word)| if place < 2 { number(word) } else { word.to_owned() });
    shown.collect::<Vec<_>>().join(" ")
}

fn plain(line: &str) -> String {
    let in_history = ["succeeded", "failed"].iter().any(|end| line.ends_with(end));
    let mut before = "";
    let mut shown = Vec::new();
    for word in line.split_whitespace() {
        shown.push(match before {
            "gas" | "cost" | "calls" | "height" | "bytes" => number(word),
            "code" | "transaction" => hash(word),
            _ if is_place(before) && in_history => hash(word),
            "" | "event" if is_place(word) => {
                format!("#{}", word.trim_start_matches(|c: char| c.is_ascii_digit()))
            }
            _ => word.to_owned(),
        });
        before = word;
    }
    shown.join(" ")
}

/// A number at the beginning of a word.
fn number(word: &str) -> String {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() < word.len() { format!("#{rest}") } else { word.to_owned() }
}

/// A hash at the beginning of a word; nothing shorter.
fn hash(word: &str) -> String {
    let digits = word.strip_prefix("0x").unwrap_or_default();
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_hexdigit());
    if digits.len() - rest.len() == 64 { format!("#{rest}") } else { word.to_owned() }
}

/// `271-0`: a height, and an index within the block.
fn is_place(word: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    word.split_once('-').is_some_and(|(height, index)| number(height) && number(index))
}

#[test]
fn what_differs_from_run_to_run_is_not_compared_and_nothing_else_is_left_out() {
    let (one, other) = (format!("0x{}", "1a".repeat(32)), format!("0x{}", "2b".repeat(32)));
    let same = |step: &str, a: &str, b: &str| assert_eq!(shape(step, a), shape(step, b));
    let differ = |step: &str, a: &str, b: &str| assert_ne!(shape(step, a), shape(step, b));
    same("", &format!("transaction  {one}"), &format!("transaction  {other}"));
    same("", &format!("code {one} already"), &format!("code   {other} already"));
    same("", &format!("27-0 {one} succeeded"), &format!("9-0 {other} succeeded"));
    same(
        "",
        "final height 27, gas 5 = base cost 2 + calls 3",
        "final height 9, gas 7 = base cost 3 + calls 4",
    );
    same("", "event 27-0 Moved { amount: 5 }", "event 9-0 Moved { amount: 5 }");
    same(
        "check",
        "bytes by crate\n  5 core\nlimits\n  7  1% of 9 types",
        "bytes by crate\n  6 alloc\nlimits\n  8  2% of 9 types",
    );

    differ("", "event 27-0 Moved { amount: 5 }", "event 27-0 Moved { amount: 6 }");
    differ("", "event 27-0 Moved { amount: 5 }", "event 27-1 Moved { amount: 5 }");
    differ("", &format!("27-0 {one} Moved"), &format!("27-0 {other} Moved"));
    differ("", &format!("stamps  {one}"), &format!("stamps  {other}"));
    differ("", "100", "70");
    differ("", "exit code 1", "exit code 2");
    differ("", "Short { left: 70, wanted: 500 }", "Short { left: 71, wanted: 500 }");
    differ("", "error: GasTooLow (2023): gas limit 100", "error: GasTooLow (2023): gas limit 101");
    differ("", "0 of 1 steps done", "1 of 1 steps done");
    differ("check", "limits\n  7  1% of 9 types", "limits\n  7  1% of 8 types");
}
