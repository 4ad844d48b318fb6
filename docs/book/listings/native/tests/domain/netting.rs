//! What members owe each other, settled by its net.

// ANCHOR: listing
use dure_sdk::{
    domain::netting::{Net, Netting},
    native::Sandbox,
    prelude::*,
};

#[test]
fn what_cannot_be_paid_is_carried_into_the_next_cycle() {
    let now = TimestampMs(0);
    Sandbox::new().run(|_| {
        let mut netting = Netting::open(Place::field(0));
        netting.found(now);
        let [rich, poor] = [50, 30].map(|funds| {
            let member = netting.admit(Amount(1_000)).unwrap();
            netting.fund(member, Amount(funds)).unwrap();
            member
        });
        let owe = |netting: &mut Netting, id, debtor, creditor, amount, priority| {
            let id = Hash([id; 32]);
            netting.enter(debtor, id, creditor, Amount(amount), priority, now).unwrap();
        };
        owe(&mut netting, 1, rich, poor, 100, 5);
        owe(&mut netting, 2, poor, rich, 120, 5);
        owe(&mut netting, 3, poor, rich, 40, 1);
        assert_eq!(netting.position(poor), Ok(Net::Pays(Amount(60))));

        // Of low priority: it waits, and is 5 % dearer then.
        let step = netting.close(500, 64, now).unwrap();
        assert_eq!(step.carried[0].id, Hash([3; 32]));
        let report = step.settled.map(|report| (report.taken_out, report.paid));
        assert_eq!(report, Some((1, Amount(20))));
        assert_eq!((netting.funds(rich), netting.funds(poor)), (Amount(70), Amount(10)));
        assert_eq!(netting.position(poor), Ok(Net::Pays(Amount(42))));
    });
}
// ANCHOR_END: listing
