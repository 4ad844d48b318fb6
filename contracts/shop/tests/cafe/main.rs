//! The shop: the café's story, the rules, and random days beside a plain list. Each test runs on
//! WASM and natively.

mod model;
mod scene;
mod story;
