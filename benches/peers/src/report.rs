//! One line of a bench.

/// A figure of ours beside a peer's of the same run; values in the same unit, less is better.
pub(crate) struct Line<'a> {
    pub(crate) bench: &'a str,
    pub(crate) metric: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) value: f64,
    pub(crate) peer: &'a str,
    pub(crate) peer_value: f64,
}

impl Line<'_> {
    pub(crate) fn print(&self) {
        println!(
            "{{\"bench\":\"{}\",\"metric\":\"{}\",\"value\":{:.3},\"unit\":\"{}\",\"peer\":\"{}\",\
             \"peer_value\":{:.3},\"ratio\":{:.3}}}",
            self.bench,
            self.metric,
            self.value,
            self.unit,
            self.peer,
            self.peer_value,
            self.value / self.peer_value
        );
    }
}

/// The middle one of several measurements.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
