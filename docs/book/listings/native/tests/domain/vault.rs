//! Escrow that conserves.

// ANCHOR: listing
use dure_sdk::{
    domain::vault::{Vault, VaultError},
    native::Sandbox,
    prelude::*,
};

#[test]
fn a_voucher_is_redeemed_in_parts_that_sum_to_what_leaves() {
    let (voucher, other) = (7u64, 8u64);
    Sandbox::new().run(|_| {
        let mut escrow = Vault::<u64>::open(Place::field(0));
        escrow.deposit(&voucher, Amount(10_000));
        escrow.deposit(&other, Amount(500));

        let parts = [Amount(2_760), Amount(240)];
        escrow.release_parts(&voucher, Amount(3_000), &parts).unwrap();
        let unequal = VaultError::Unequal { amount: Amount(3_001), parts: Amount(3_000) };
        assert_eq!(escrow.release_parts(&voucher, Amount(3_001), &parts), Err(unequal));

        // What is held for another thing does not help.
        let short = VaultError::Short { held: Amount(7_000), wanted: Amount(7_001) };
        assert_eq!(escrow.release(&voucher, Amount(7_001)), Err(short));

        // The redemption is undone.
        escrow.restore(&voucher, Amount(3_000)).unwrap();
        assert_eq!(escrow.empty(&voucher), Ok(Amount(10_000)));

        assert_eq!(escrow.backed(Amount(500)), Ok(()));
        let unbacked = VaultError::Unbacked { held: Amount(500), balance: Amount(499) };
        assert_eq!(escrow.backed(Amount(499)), Err(unbacked));
        assert_eq!(escrow.audit(), Ok(()));
    });
}
// ANCHOR_END: listing
