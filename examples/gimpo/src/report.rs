//! The report: one page for the town hall, with nothing to load.

use crate::{
    chart::{self, BLUE, GREEN, RED, SKY, Series},
    mirror::{Figures, TIERS},
    town::{CATEGORIES, CITIZENS, MERCHANTS},
    wave,
    year::Year,
};
use eyre::WrapErr;
use stage::won;
use std::{collections::BTreeMap, path::Path};

const PAGE: &str = include_str!("page.html");
/// Bounds of the chart of latencies, milliseconds.
const BOUNDS_MS: [f64; 8] = [50.0, 100.0, 200.0, 300.0, 400.0, 600.0, 1_000.0, f64::INFINITY];
const MILLION: f64 = 1e6;

/// Writes the page.
pub(crate) fn write(year: &Year, path: &Path) -> eyre::Result<()> {
    let mut page = PAGE.to_owned();
    for (name, value) in figures(year).into_iter().chain(charts(year)?) {
        page = page.replace(&format!("{{{{{name}}}}}"), &value);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).wrap_err_with(|| folder.display().to_string())?;
    }
    std::fs::write(path, page).wrap_err_with(|| path.display().to_string())
}

fn sum(year: &Year, of: impl Fn(&Figures) -> u128) -> u128 {
    year.mirror.figures.values().map(of).sum()
}

/// The big numbers, by their names in the page.
fn figures(year: &Year) -> Vec<(&'static str, String)> {
    let spent = sum(year, |month| month.spent);
    let cashback = sum(year, |month| month.cashback.iter().sum());
    let received = sum(year, |month| month.bought + month.granted) + cashback
        - sum(year, |month| month.refunded);
    let left = year.mirror.pool.values().sum::<u128>();
    let subsidy = sum(year, |month| month.funded - month.closed_with) - left;
    let allowances = sum(year, |month| month.granted);
    let refused: usize = year.log.refused.values().sum();
    let rate = year.log.transactions as f64 / year.log.took.as_secs_f64();
    let out_of_town = year.log.refused.get(wave::OUT_OF_TOWN.english).copied().unwrap_or_default();
    let percent = |part: u128, of: u128| format!("{:.1}", 100.0 * part as f64 / of as f64);
    vec![
        ("year", year.first.to_string()),
        ("citizens", grouped(CITIZENS as u128)),
        ("merchants", grouped(MERCHANTS as u128)),
        ("turnover", short(spent)),
        ("turnover_exact", won(spent)),
        ("stayed", percent(spent, received)),
        ("wallets", won(year.mirror.in_lots())),
        ("out_of_town", grouped(out_of_town as u128)),
        ("subsidy", short(subsidy)),
        ("leverage", format!("{:.1}", spent as f64 / subsidy as f64)),
        ("allowances", short(allowances)),
        ("refused", grouped(refused as u128)),
        ("paid_out", short(sum(year, |month| month.paid_out))),
        ("owed", won(year.mirror.receivable() + year.mirror.pending())),
        ("p50", format!("{:.0}", percentile(&year.log.latencies_ms, 50))),
        ("p99", format!("{:.0}", percentile(&year.log.latencies_ms, 99))),
        ("transactions", grouped(year.log.transactions as u128)),
        ("seconds", format!("{:.0}", year.log.took.as_secs_f64())),
        ("rate", grouped(rate as u128)),
        ("escrow", won(year.mirror.escrow)),
        ("outstanding", won(year.mirror.outstanding())),
        ("pool_left", won(left)),
        ("budgets", won(year.mirror.budget)),
    ]
}

fn charts(year: &Year) -> eyre::Result<Vec<(&'static str, String)>> {
    let labels: Vec<String> = (1..=12).map(|month| format!("{month}월")).collect();
    let by_month = |name, colour, of: &dyn Fn(&Figures) -> u128| {
        let values = year.mirror.figures.values().map(|month| of(month) as f64 / MILLION).collect();
        Series { name, colour, values }
    };
    let trade = [
        by_month("구매 bought", SKY, &|month| month.bought),
        by_month("결제 spent", BLUE, &|month| month.spent),
    ];
    let tiers: [(&str, _); TIERS] =
        [("소상공인 small", GREEN), ("중형 middle", SKY), ("대형 large", RED)];
    let tiers: Vec<Series> = tiers
        .into_iter()
        .enumerate()
        .map(|(tier, (name, colour))| by_month(name, colour, &move |month| month.cashback[tier]))
        .collect();
    let pool: Vec<(f64, f64)> =
        year.log.pool.iter().map(|(at, left)| (*at, *left as f64 / MILLION)).collect();
    Ok(vec![
        ("chart_trade", chart::columns(&labels, &trade, false)?),
        ("chart_pool", chart::line(&labels, &pool)?),
        ("chart_cashback", chart::columns(&labels, &tiers[..2], true)?),
        ("chart_categories", chart::rows(&categories(year), BLUE)?),
        ("chart_fraud", chart::rows(&fraud(year), RED)?),
        ("chart_latency", latency(&year.log.latencies_ms)?),
    ])
}

fn categories(year: &Year) -> Vec<(String, f64, String)> {
    let mut sums: BTreeMap<usize, u128> = BTreeMap::new();
    for (category, amount) in year.mirror.figures.values().flat_map(|month| &month.by_category) {
        *sums.entry(*category).or_default() += amount;
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|(_, amount)| std::cmp::Reverse(*amount));
    let named = rows.into_iter().map(|(category, amount)| {
        let of = &CATEGORIES[category];
        (format!("{} {}", of.korean, of.english), amount as f64, short(amount))
    });
    named.collect()
}

fn fraud(year: &Year) -> Vec<(String, f64, String)> {
    let mut rows: Vec<_> = wave::KINDS
        .iter()
        .map(|kind| {
            let count = year.log.refused.get(kind.english).copied().unwrap_or_default();
            (format!("{} {}", kind.korean, kind.english), count as f64, count.to_string())
        })
        .collect();
    rows.sort_by(|one, other| other.1.total_cmp(&one.1));
    rows
}

fn latency(latencies_ms: &[f64]) -> eyre::Result<String> {
    let mut values = vec![0.0; BOUNDS_MS.len()];
    for latency in latencies_ms {
        let place = BOUNDS_MS.iter().position(|bound| latency <= bound).unwrap_or_default();
        values[place] += 100.0 / latencies_ms.len() as f64;
    }
    let labels: Vec<String> = BOUNDS_MS
        .iter()
        .map(|bound| if bound.is_finite() { format!("≤{bound}") } else { ">1000".to_owned() })
        .collect();
    chart::columns(&labels, &[Series { name: "", colour: GREEN, values }], false)
}

/// Of an ascending list.
fn percentile(ascending: &[f64], percent: usize) -> f64 {
    let last = ascending.len().saturating_sub(1);
    ascending.get(last * percent / 100).copied().unwrap_or_default()
}

fn grouped(number: u128) -> String {
    won(number).trim_end_matches(" won").to_owned()
}

/// Won as a mayor says them: in hundreds of millions and ten thousands.
fn short(amount: u128) -> String {
    let (hundred_millions, ten_thousands) = (amount / 100_000_000, amount / 10_000 % 10_000);
    match (hundred_millions, ten_thousands) {
        (0, _) => format!("{}만원", grouped(ten_thousands)),
        (_, 0) => format!("{}억원", grouped(hundred_millions)),
        _ => format!("{}억 {}만원", grouped(hundred_millions), grouped(ten_thousands)),
    }
}
