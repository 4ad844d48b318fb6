//! Each donor's won, followed.

// ANCHOR: listing
use dure_sdk::{
    domain::trace::{Trace, TraceError, cut},
    native::Sandbox,
    prelude::*,
};

#[test]
fn each_donor_sees_which_receipts_were_paid() {
    let (ana, ben, rice, coal) = (Hash([1; 32]), Hash([2; 32]), Hash([8; 32]), Hash([9; 32]));
    Sandbox::new().run(|_| {
        let mut trace = Trace::<u8>::open(Place::field(0));
        trace.give(&0, ana, Amount(100)).unwrap();
        let gift = trace.give(&0, ben, Amount(70)).unwrap();

        let bought = trace.spend(&[0], rice, Amount(120)).unwrap();
        trace.spend(&[0], coal, Amount(10)).unwrap();
        let short = TraceError::Short { unspent: Amount(40), wanted: Amount(41) };
        assert_eq!(trace.spend(&[0], coal, Amount(41)), Err(short));

        // What Ben's gift paid for, in pages of one.
        let first = trace.spends_of(&0, gift, 1);
        assert_eq!((first.items[0].of, first.items[0].interval.amount()), (rice, Amount(20)));
        let mut rest = gift;
        rest.start = first.next.unwrap();
        let second = trace.spends_of(&0, rest, 1);
        assert_eq!((second.items[0].of, second.items[0].interval.amount()), (coal, Amount(10)));
        assert_eq!(trace.unspent_of(&0, gift), Amount(40));

        // Whose gifts the rice was.
        let (_, interval) = bought[0];
        let donors: Vec<_> = trace.gifts_of(&0, interval, 9).items.iter().map(|o| o.of).collect();
        assert_eq!(donors, [ana, ben]);
    });

    // A tenth of ten gifts of 9 won is 9, though a tenth of each by itself is nought.
    let parts = (0..10).map(|gift| cut(Amount(gift * 9), Amount(9), 1_000).unwrap().0);
    assert_eq!(parts.sum::<u128>(), 9);
}
// ANCHOR_END: listing
