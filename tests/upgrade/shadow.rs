//! Going back to a moment of the test chain brings back the shadows of then.

use super::{Scene, module::first};
use dure_sdk::{Cx, native::Contract};
use dure_types::Selector;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does natively what the code does not.
struct Bent;

impl Contract for Bent {
    const REENTRANT: &'static [Selector] = &[];
    const PUBLISHED: &'static [u16] = &[];

    fn init(_: &Cx, _: &[u8]) -> i32 {
        panic!("only here")
    }

    fn call(_: &Cx, _: u32, _: &[u8]) -> i32 {
        panic!("only here")
    }

    fn query(_: &Cx, _: u32, _: &[u8]) -> i32 {
        panic!("only here")
    }
}

#[test]
fn going_back_brings_back_the_shadow_that_an_upgrade_took() {
    let mut scene = Scene::new();
    scene.chain.shadow::<Bent>(scene.contract);
    let before = scene.chain.snapshot();
    scene.upgrade(&first().marked(2), ()).expect("it is in order");
    assert_eq!(scene.put([0, 1, 5], 50), 2, "the new code has no shadow");
    scene.chain.restore(&before);
    let put = catch_unwind(AssertUnwindSafe(|| scene.put([0, 1, 5], 50)));
    assert!(put.is_err(), "the code of then is held against its shadow");
}
