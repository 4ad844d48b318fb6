//! Books that somebody changed, for the tests of every contract that is audited.

use std::collections::BTreeMap;

type Stored = BTreeMap<Vec<u8>, Vec<u8>>;

/// What is stored with one amount changed by one, for each amount of these fields, with its key. A
/// field is its number and those of its parts; that one has no entry is an error of the test.
pub(crate) fn altered(right: &Stored, fields: &[&[u8]]) -> Vec<(Vec<u8>, Stored)> {
    let mut all = Vec::new();
    for field in fields {
        let of_field = |key: &[u8]| key[0] == 0 && key[1..].starts_with(field);
        let keys: Vec<Vec<u8>> = right.keys().filter(|key| of_field(key)).cloned().collect();
        assert!(!keys.is_empty(), "{field:?}");
        for key in keys {
            let mut wrong = right.clone();
            if let Some(amount) = wrong.get_mut(&key) {
                amount[0] ^= 1;
            }
            all.push((key, wrong));
        }
    }
    all
}
