//! What everyday calls use.

use crate::{
    scene::{OWN, Scene, THEIRS},
    shop::{City, DAY, START, holder, id, shop},
};
use dure_testing::assert_gas;
use voucher::voucher::{RefundKind, call};

#[test]
fn gas_of_everyday_calls_is_what_the_committed_file_says() {
    let mut scene = Scene::of(City::chain());
    for number in [OWN, THEIRS] {
        scene.city.phone(number);
    }
    let [used, given, returned] = [(); 3].map(|()| scene.ten_thousand());
    for (amount, receipt) in [(3_000, 1), (2_000, 2)] {
        scene.redeem(0, used, amount, receipt).unwrap();
    }
    scene.pay(holder(0), 0, used, 1_000, 3).unwrap();
    scene.by(shop(0), &call::undo(used, id(2))).unwrap();
    scene.given(given, 1);
    scene.refund(holder(0), returned, RefundKind::Withdrawn).unwrap();
    assert!(scene.city.now() < START + DAY);
    // 92 % of what stayed: the undone receipt is not among it.
    scene.at(DAY).collect(shop(0), 3_680).unwrap();
    assert_gas!(scene.city.on_chain(), "everyday_calls");
}
