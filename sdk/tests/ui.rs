//! What the compiler says of the mistakes that authors make most: the author's line, and a remedy.
//!
//! `TRYBUILD=overwrite cargo test -p dure-sdk --test ui` accepts new words. They are those of the
//! compiler that the workspace names (`rust-version`), which is the only one they are held against.

#[test]
fn slow_mistakes_are_named_with_the_remedy() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
