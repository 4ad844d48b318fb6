//! A merchant that tests register.

use dure_sdk::domain::registry::{Category, Merchant, Status};
use dure_testing::Hash;

/// A small one, whose owner holds nothing.
pub(crate) const MERCHANT: Merchant = Merchant {
    owner: Hash([77; 32]),
    region: 1,
    category: Category([1, 0, 0, 0]),
    tier: 0,
    status: Status::Active,
};
