//! The listings of the book that run natively: see `tests`. Listings that are built to WASM are
//! crates of their own beside this one.
