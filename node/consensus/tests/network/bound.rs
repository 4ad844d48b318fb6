//! Figures beside their bounds, for both simulators: that of whole nodes includes this file.

use std::time::Duration;

/// Prints a figure beside its bound, as the other benches print one beside a peer's.
pub(crate) fn print(metric: &str, unit: &str, value: f64, bound: f64) {
    println!(
        "{{\"bench\":\"consensus\",\"metric\":\"{metric}\",\"value\":{value:.1},\
         \"unit\":\"{unit}\",\"peer\":\"bound\",\"peer_value\":{bound:.1},\
         \"ratio\":{:.3}}}",
        value / bound
    );
}

/// Prints a time, which must be below the bound.
pub(crate) fn at_most(metric: &str, value: Duration, bound: Duration) {
    print(metric, "ms", value.as_secs_f64() * 1e3, bound.as_secs_f64() * 1e3);
    assert!(value < bound, "{metric}: {value:?}, not below {bound:?}");
}

/// Prints what part of the whole something is, in percent, which must reach the bound.
pub(crate) fn percent_at_least(metric: &str, part: u64, of: u64, bound: u64) {
    let percent = part as f64 * 100.0 / of as f64;
    print(metric, "percent", percent, bound as f64);
    assert!(part * 100 >= of * bound, "{metric}: {part} of {of}, not {bound} %");
}
