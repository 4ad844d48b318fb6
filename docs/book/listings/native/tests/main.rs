//! The listings of the book that run natively, each a test. Pages take what lies between `ANCHOR`
//! comments, so a file reads as its page does.

#![allow(
    clippy::wrong_self_convention,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a listing says in its page what it is for, and nobody depends on it"
)]

mod concept;
mod domain;
