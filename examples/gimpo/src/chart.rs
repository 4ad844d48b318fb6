//! Charts as SVG, wide enough for a page and large enough for a phone.

use eyre::eyre;
use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

pub(crate) const BLUE: RGBColor = RGBColor(0x1d, 0x5f, 0xa8);
pub(crate) const SKY: RGBColor = RGBColor(0x8c, 0xbd, 0xe8);
pub(crate) const GREEN: RGBColor = RGBColor(0x1f, 0x8a, 0x70);
pub(crate) const RED: RGBColor = RGBColor(0xc4, 0x4a, 0x3d);
const INK: RGBColor = RGBColor(0x33, 0x3a, 0x42);
const RULE: RGBColor = RGBColor(0xe3, 0xe6, 0xea);
const WIDTH: u32 = 480;
const HEIGHT: u32 = 280;
/// A row of a chart of rows: its text, and its bar below.
const ROW: u32 = 44;
const FONT: &str = "sans-serif";

/// Values of one colour, one for each label.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) colour: RGBColor,
    pub(crate) values: Vec<f64>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'b, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

fn svg(height: u32, draw: impl FnOnce(&Area<'_>) -> eyre::Result<()>) -> eyre::Result<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        draw(&area)?;
        area.present().map_err(failed)?;
    }
    Ok(text)
}

fn failed(error: impl std::fmt::Display) -> eyre::Report {
    eyre!("a chart: {error}")
}

fn style(size: i32, across: HPos, along: VPos) -> TextStyle<'static> {
    TextStyle::from((FONT, size)).color(&INK).pos(Pos::new(across, along))
}

/// Axes with a label under the middle of each step, and names of the series above.
fn axes<'a, 'b>(
    area: &'b Area<'a>,
    labels: &[String],
    most: f64,
    legend: &[(&str, RGBColor)],
) -> eyre::Result<Chart<'a, 'b>> {
    let mut chart = ChartBuilder::on(area)
        .margin_top(34)
        .margin_right(8)
        .x_label_area_size(24)
        .y_label_area_size(54)
        .build_cartesian_2d(0.0..labels.len() as f64, 0.0..most * 1.08)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(WHITE)
        .bold_line_style(RULE)
        .axis_style(RULE)
        .y_labels(5)
        .y_label_style(style(13, HPos::Right, VPos::Center))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .draw()
        .map_err(failed)?;
    let below = labels.iter().enumerate().map(|(place, label)| {
        let text = style(13, HPos::Center, VPos::Top);
        EmptyElement::at((place as f64 + 0.5, 0.0)) + Text::new(label.clone(), (0, 8), text)
    });
    chart.draw_series(below).map_err(failed)?;
    let mut left = 58;
    for (name, colour) in legend {
        area.draw(&Rectangle::new([(left, 10), (left + 12, 22)], colour.filled()))
            .map_err(failed)?;
        let text = style(14, HPos::Left, VPos::Center);
        area.draw(&Text::new((*name).to_owned(), (left + 18, 16), text)).map_err(failed)?;
        left += 34 + 11 * i32::try_from(name.chars().count())?;
    }
    Ok(chart)
}

/// Columns side by side, or on each other.
pub(crate) fn columns(labels: &[String], series: &[Series], stacked: bool) -> eyre::Result<String> {
    let sums = (0..labels.len()).map(|place| {
        let values = series.iter().map(|series| series.values[place]);
        if stacked { values.sum() } else { values.fold(0.0, f64::max) }
    });
    let most = sums.fold(1.0, f64::max);
    let legend: Vec<_> = series.iter().map(|series| (series.name, series.colour)).collect();
    let width = if stacked { 0.7 } else { 0.8 / series.len() as f64 };
    svg(HEIGHT, |area| {
        let mut chart = axes(area, labels, most, if legend.len() > 1 { &legend } else { &[] })?;
        let mut bottoms = vec![0.0; labels.len()];
        for (number, Series { colour, values, .. }) in series.iter().enumerate() {
            let bars =
                values.iter().zip(&mut bottoms).enumerate().map(|(place, (value, bottom))| {
                    let shift = if stacked { 0.15 } else { 0.1 + width * number as f64 };
                    let (left, low) = (place as f64 + shift, *bottom);
                    *bottom += if stacked { *value } else { 0.0 };
                    Rectangle::new([(left, low), (left + width, low + value)], colour.filled())
                });
            chart.draw_series(bars).map_err(failed)?;
        }
        Ok(())
    })
}

/// A line over time, filled below.
pub(crate) fn line(labels: &[String], points: &[(f64, f64)]) -> eyre::Result<String> {
    let most = points.iter().map(|(_, value)| *value).fold(1.0, f64::max);
    svg(HEIGHT, |area| {
        let mut chart = axes(area, labels, most, &[])?;
        let filled = AreaSeries::new(points.iter().copied(), 0.0, GREEN.mix(0.18));
        chart.draw_series(filled.border_style(GREEN.stroke_width(2))).map_err(failed)?;
        Ok(())
    })
}

/// A bar for each name, its text above it, what it stands for at its end.
pub(crate) fn rows(rows: &[(String, f64, String)], colour: RGBColor) -> eyre::Result<String> {
    let most = rows.iter().map(|(_, value, _)| *value).fold(1.0, f64::max);
    let height = ROW * u32::try_from(rows.len())? + 4;
    svg(height, |area| {
        for (place, (name, value, told)) in rows.iter().enumerate() {
            let top = i32::try_from(place)? * i32::try_from(ROW)?;
            let text = style(15, HPos::Left, VPos::Top);
            area.draw(&Text::new(name.clone(), (0, top + 3), text)).map_err(failed)?;
            let text = style(15, HPos::Right, VPos::Top);
            let right = i32::try_from(WIDTH)? - 1;
            area.draw(&Text::new(told.clone(), (right, top + 3), text)).map_err(failed)?;
            let length = (value / most * f64::from(right)) as i32;
            let (from, to) = ((0, top + 24), (length.max(2), top + 36));
            area.draw(&Rectangle::new([from, to], colour.filled())).map_err(failed)?;
        }
        Ok(())
    })
}
