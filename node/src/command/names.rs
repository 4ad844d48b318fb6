//! Names of known keys, beside the addresses of their accounts in what people read.

use super::key;
use std::{collections::BTreeMap, sync::OnceLock};

/// Digits of an address.
const DIGITS: usize = 64;

/// The text with ` (@NAME)` behind each address that is the account of a key here: of the folder of
/// keys, or of `dure dev`.
pub(super) fn beside(text: &str) -> String {
    static KNOWN: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    let known = || key::accounts().into_iter().map(|(account, name)| (account.to_string(), name));
    if !text.contains("0x") {
        return text.to_owned();
    }
    // Of two names of one key, the one that `dure keys list` shows first.
    named(text, KNOWN.get_or_init(|| known().rev().collect()))
}

fn named(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut parts = text.split("0x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let length = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (digits, rest) = part.split_at(length);
        out.push_str("0x");
        out.push_str(digits);
        let name = (length == DIGITS).then(|| known.get(&format!("0x{digits}"))).flatten();
        if let Some(name) = name {
            out.push_str(&format!(" (@{name})"));
        }
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::named;
    use std::collections::BTreeMap;

    #[test]
    fn a_name_stands_behind_the_whole_address_and_nothing_else() {
        let address = format!("0x{}", "ab".repeat(32));
        let known = BTreeMap::from([(address.clone(), "bob".to_owned())]);
        let text = format!("from: {address}, to: 0x12, {address}00 0x{address}");
        let expect = format!("from: {address} (@bob), to: 0x12, {address}00 0x{address} (@bob)");
        assert_eq!(named(&text, &known), expect);
        assert_eq!(named("0x", &known), "0x");
    }
}
