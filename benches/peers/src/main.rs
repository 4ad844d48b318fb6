//! Benches against foreign engines: `dure-peers NAME`, JSON lines on standard output.

mod commitment;
mod execution;
mod report;
mod token;

fn main() -> eyre::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("commitment") => commitment::run(),
        Some("execution") => execution::run(),
        Some(other) => Err(eyre::eyre!("unknown bench {other}; there are commitment, execution")),
        None => Err(eyre::eyre!("which bench? commitment or execution")),
    }
}
