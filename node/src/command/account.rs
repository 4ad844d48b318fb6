//! `dure account`.

use super::{Remote, exit::Failure, key, output::Output, read::connect};
use clap::Args;

/// Whose account.
#[derive(Debug, Args)]
pub(super) struct AccountArgs {
    /// An address, or @NAME for the account of a key.
    account: String,
    /// Its latest transactions that are listed.
    #[arg(long, default_value_t = 10)]
    history: u32,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: AccountArgs, output: &mut Output) -> Result<(), Failure> {
    let account = key::address(&args.account)?;
    let client = connect(&args.remote.rpc).await?;
    let answer = client.account(account).await?;
    let history = client.history(account, None, args.history.max(1)).await?;
    let shown = usize::try_from(args.history).unwrap_or(usize::MAX);
    let transactions: Vec<_> = history.transactions.into_iter().take(shown).collect();
    let value = serde_json::json!({ "account": answer, "transactions": transactions });
    output.answer(&value, || {
        let deploys = if answer.may_deploy { "may deploy" } else { "may not deploy" };
        let mut text = format!(
            "account   {}\ntier      {}, {deploys}\ngas       {} of {}\nnonce     {} is next\n",
            answer.account, answer.tier, answer.gas, answer.gas_capacity, answer.nonce_next
        );
        for item in &transactions {
            let status = item.status.map_or_else(String::new, |status| format!("{status:?}"));
            text.push_str(&format!("{:>9} {}  {}\n", item.place, item.id, status.to_lowercase()));
        }
        text
    })
}
