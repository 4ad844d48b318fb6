//! The café's story through JSON-RPC only.
//!
//! `cafe play` deploys K-token (money that a company issues against its deposit), the café's own
//! token, a desk between the two and a shop; then an employee buys two coffees in one transaction,
//! an order above the stock is refused, and the café redeems what it took. All of it is followed
//! live on a WebSocket. `cafe verify` asks a node, restarted perhaps, whether everything that was
//! answered `final` is still there.

mod live;
mod story;
mod verify;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

#[derive(Parser)]
#[command(about = "The café's story on a running node", version)]
struct Arguments {
    /// The node, over WebSocket: `ws://127.0.0.1:PORT/v1`.
    #[arg(long, default_value = "ws://127.0.0.1:9944/v1")]
    rpc: String,
    /// The file in which `play` writes down what it saw and `verify` looks it up.
    #[arg(long, default_value = "cafe.json")]
    record: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play the story.
    Play {
        /// Folder with `alice.key` (the company) and `bob.key` (the café), as `dure dev` writes it.
        #[arg(long)]
        keys: PathBuf,
        /// Folder with `token.wasm`, `exchange.wasm` and `shop.wasm`, as `dure build` writes them.
        #[arg(long)]
        contracts: PathBuf,
    },
    /// Compare a node with what `play` wrote down.
    Verify,
}

#[tokio::main]
async fn main() -> eyre::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        Command::Play { keys, contracts } => {
            let record = story::play(&arguments.rpc, &keys, &contracts).await?;
            std::fs::write(&arguments.record, serde_json::to_vec_pretty(&record)?)?;
        }
        Command::Verify => {
            let record = serde_json::from_slice(&std::fs::read(&arguments.record)?)?;
            verify::verify(&arguments.rpc, &record).await?;
        }
    }
    Ok(())
}
