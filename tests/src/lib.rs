//! Shared pieces of the cross-crate tests: fixed sample values of every consensus type, and the
//! trees of `docs/formats.md` written once more, straight from the page.

pub mod golden;
pub mod merkle;
pub mod sample;
