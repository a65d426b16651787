//! The results as an SVG, readable on a light and on a dark page.

use crate::report::{Report, Row};

const WIDTH: f64 = 720.0;
const BAR: f64 = 20.0;
const GAP: f64 = 6.0;
const LABELS: f64 = 150.0;
const VALUES: f64 = 70.0;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}.bar{fill:#8c959f}\
.ours{fill:#0969da}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bar{fill:#6e7681}.ours{fill:#4493f8}}";

/// Two groups of bars: cold start, and CPU time per warm request.
#[must_use]
pub fn svg(report: &Report) -> String {
    let mut body = String::new();
    let mut y = 0.0;
    let warm = |value: fn(&Row) -> Option<f64>| -> Vec<(&str, f64)> {
        let rows = report.rows.iter().filter(|row| row.cpu_us.is_some());
        rows.filter_map(|row| Some((row.name.as_str(), value(row)?))).collect()
    };
    group(&mut body, &mut y, "Cold start: process start to first answer", "ms", &warm(|row| Some(row.cold_ms)));
    group(&mut body, &mut y, "CPU time per warm request", "µs", &warm(|row| row.cpu_us));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" height=\"{y}\" role=\"img\">\
         <title>Cold start and CPU time</title><style>{STYLE}</style>\n{body}</svg>\n"
    )
}

fn group(body: &mut String, y: &mut f64, title: &str, unit: &str, rows: &[(&str, f64)]) {
    let longest = rows.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    body.push_str(&format!("<text class=\"title\" x=\"0\" y=\"{}\">{title} ({unit})</text>\n", *y + BAR));
    *y += BAR + 2.0 * GAP;
    for (name, value) in rows {
        let class = if name.starts_with("ours") { "ours" } else { "bar" };
        let length = (WIDTH - LABELS - VALUES) * value / longest;
        let text = *y + BAR * 0.72;
        let shown = if *value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") };
        body.push_str(&format!(
            "<text x=\"0\" y=\"{text:.1}\">{name}</text>\
             <rect class=\"{class}\" x=\"{LABELS}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\"/>\
             <text x=\"{:.1}\" y=\"{text:.1}\">{shown}</text>\n",
            LABELS + length + GAP,
            y = *y,
        ));
        *y += BAR + GAP;
    }
    *y += 2.0 * GAP;
}
