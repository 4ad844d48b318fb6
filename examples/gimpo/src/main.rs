//! A city's year: ten thousand citizens and five hundred merchants use Gimpo's currency from
//! January to December, with another policy from July on and a wave of fraud in August. All through
//! JSON-RPC. The books are held against plain lists, and a report is written that anybody reads.

mod audit;
mod calendar;
mod chart;
mod mirror;
mod report;
mod town;
mod wave;
mod year;

use calendar::{next_year, noon};
use clap::Parser;
use dure_types::Gas;
use eyre::ensure;
use mirror::{Mirror, Terms};
use stage::{Arguments, Load, Stage, say};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};
use town::{CITIZENS, OWNERS, Town};
use year::Year;

/// Seven percent off, and cashback at small shops, until June.
const FIRST_HALF: Terms =
    Terms { discount_bp: 700, purchase_cap: 300_000, tiers_bp: [500, 300, 0], base_cap: 300_000 };
/// From July on the discount is ten percent, of less; what was saved goes to the smallest shops.
const SECOND_HALF: Terms =
    Terms { discount_bp: 1_000, purchase_cap: 200_000, tiers_bp: [700, 200, 0], base_cap: 200_000 };

/// What a year is measured by: so many transactions at least, in so long on two quiet cores.
const BAR: (usize, Duration) = (200_000, Duration::from_secs(90));

/// What a transaction may use; a payment uses a quarter of it.
const GAS: Gas = Gas(800_000);

#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    arguments: Arguments,
    /// Where the report is written, a page that loads nothing; beside the contracts' folder unless
    /// told.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Payments of half a month, and as many purchases fewer: a poorer year, which tests play.
    #[arg(long, default_value_t = year::PAYMENTS)]
    payments: usize,
}

#[tokio::main]
async fn main() -> eyre::Result<()> {
    let Options { arguments, report, payments } = Options::parse();
    let report = report.unwrap_or_else(|| arguments.contracts.with_file_name("gimpo.html"));
    let started = Instant::now();
    let stage = Stage::open(&arguments).await?;
    let town = Town::found(&stage, FIRST_HALF).await?;
    let load = Load::open(&stage, Some(town.city.address())).await?.gas_limit(GAS);
    let first = next_year(stage.client.status().await?.now.0)?;
    let mirror = Mirror::new(FIRST_HALF, noon(first, 1, 1)?, CITIZENS + OWNERS, town::shops());
    say("the year can begin", Some(started.elapsed()));
    let mut year = Year::new(stage, load, town, mirror, (first, payments));
    year.play(SECOND_HALF).await?;
    year.audit().await?;
    let (count, took) = (year.log.transactions, year.log.took);
    let (least, most) = BAR;
    let seconds = (took.as_secs_f64(), most.as_secs());
    println!("{count} transactions in {:.1} s; the bar is {least} in {} s", seconds.0, seconds.1);
    let whole = payments >= year::PAYMENTS;
    ensure!(!whole || count >= least, "a year of {count} transactions, fewer than {least}");
    report::write(&year, &report)?;
    println!("report: {}", std::path::absolute(&report)?.display());
    Ok(())
}
