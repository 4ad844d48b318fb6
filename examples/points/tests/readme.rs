//! The README shows these very files.

#[test]
fn the_readme_shows_this_contract_and_its_test() {
    let readme = include_str!("../../../README.md");
    let contract = include_str!("../src/lib.rs");
    assert!(readme.contains(contract), "README.md does not show examples/points/src/lib.rs");
    let rules = include_str!("rules.rs");
    let (_, first) = rules.split_once("#[test]").unwrap();
    let (first, _) = first.split_once("\n#[test]").unwrap();
    assert!(readme.contains(first.trim()), "README.md does not show the first test as it is");
}
