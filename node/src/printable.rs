//! Foreign text on a terminal: what a contract, a node or a file says must not steer it.

use std::borrow::Cow;

/// Controls of a terminal, and marks that change the direction of what is read.
pub(crate) fn is_steering(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Escapes what steers a terminal; lines and tabs stay, since the layout of answers has them.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |character| is_steering(character) && !matches!(character, '\n' | '\t'))
}

/// Escapes ends of lines and tabs too: foreign text within a line of ours.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_steering)
}

fn escaped(text: &str, wanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&wanted) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if wanted(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::{one_line, printable};

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        let text = "\x1b[2K\rOK\n\t\u{7f}\u{9b}\u{202e}\u{2066} 값 é";
        let steering = r"\u{1b}[2K\rOK";
        let marks = r"\u{7f}\u{9b}\u{202e}\u{2066} 값 é";
        assert_eq!(printable(text), format!("{steering}\n\t{marks}"));
        assert_eq!(one_line(text), format!(r"{steering}\n\t{marks}"));
    }
}
