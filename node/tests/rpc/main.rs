//! A real client against a real server in one process: every method, every refusal.

#![allow(missing_docs, reason = "tests are named by the fact that they show")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod bad_input;
mod budget;
mod chain;
mod disk;
mod door;
mod incoming;
mod methods;
mod proxy;
mod share;
mod slow;
mod storage;
mod subscription;
mod upgrade;
mod websocket;
