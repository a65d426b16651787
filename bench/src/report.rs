//! Results of all programs, and the tables that show them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::markdown_table::aligned;
use crate::measure::Run;
use crate::process::sizes;
use crate::targets::Target;

/// Results of all programs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The processor.
    pub processor: String,
    /// Number of rounds. Each runs every program.
    pub rounds: usize,
    /// Starts of each program per round.
    pub starts: usize,
    /// Warm requests of each program per round.
    pub requests: usize,
    /// The share of a core in [`Row::first_limited_ms`].
    pub cpu_share: Option<f64>,
    /// Name of the row that ratios refer to.
    pub baseline: String,
    /// One row per program.
    pub rows: Vec<Row>,
}

/// Medians of one program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The program.
    pub name: String,
    /// What it is.
    pub about: String,
    /// From its start to the request for the first event, in milliseconds.
    pub init_ms: f64,
    /// From its start to the first answer, in milliseconds.
    pub cold_ms: f64,
    /// CPU time until it asks for the second event, in milliseconds.
    pub cold_cpu_ms: f64,
    /// From the first event to its answer, with Lambda's CPU share, in milliseconds.
    pub first_limited_ms: Option<f64>,
    /// Warm latency, in microseconds.
    pub p50_us: Option<f64>,
    /// Warm latency, in microseconds.
    pub p90_us: Option<f64>,
    /// Warm latency, in microseconds.
    pub p99_us: Option<f64>,
    /// CPU time per warm request, in microseconds.
    pub cpu_us: Option<f64>,
    /// Peak memory, in MB (10^6 bytes).
    pub peak_mb: f64,
    /// Size of the program, in MB.
    pub binary_mb: Option<f64>,
    /// Size of its zip, in MB.
    pub zip_mb: Option<f64>,
}

/// A column of the tables: its heading, its value, its decimals, and whether it shows the ratio to the baseline.
type Column = (&'static str, fn(&Row) -> Option<f64>, usize, bool);

const COLUMNS: [Column; 11] = [
    ("init ms", |row| Some(row.init_ms), 2, false),
    ("cold ms", |row| Some(row.cold_ms), 2, true),
    ("cold CPU ms", |row| Some(row.cold_cpu_ms), 2, false),
    ("first ms, limited", |row| row.first_limited_ms, 1, true),
    ("p50 µs", |row| row.p50_us, 0, true),
    ("p90 µs", |row| row.p90_us, 0, false),
    ("p99 µs", |row| row.p99_us, 0, false),
    ("CPU µs", |row| row.cpu_us, 0, true),
    ("peak MB", |row| Some(row.peak_mb), 1, false),
    ("binary MB", |row| row.binary_mb, 2, false),
    ("zip MB", |row| row.zip_mb, 2, false),
];

impl Row {
    /// The medians of a program's runs: without a limit, and with Lambda's CPU share.
    #[must_use]
    pub fn new(target: &Target, runs: &[Run], limited: &[Run]) -> Self {
        let warm = |value: fn(&crate::measure::Warm) -> Duration| {
            median(runs.iter().filter_map(|run| run.warm.as_ref()).map(|warm| micros(value(warm))))
        };
        let of = |value: fn(&Run) -> f64| median(runs.iter().map(value)).unwrap_or_default();
        let sizes = sizes(&target.file).ok().filter(|_| target.program.len() == 1);
        Self {
            name: target.name.to_owned(),
            about: target.about.to_owned(),
            init_ms: of(|run| micros(run.init) / 1e3),
            cold_ms: of(|run| micros(run.cold) / 1e3),
            cold_cpu_ms: of(|run| micros(run.cold_cpu) / 1e3),
            first_limited_ms: median(limited.iter().map(|run| micros(run.first) / 1e3)),
            p50_us: warm(|warm| warm.percentile(50)),
            p90_us: warm(|warm| warm.percentile(90)),
            p99_us: warm(|warm| warm.percentile(99)),
            cpu_us: warm(|warm| warm.cpu),
            peak_mb: of(|run| megabytes(run.peak_memory * 1024)),
            binary_mb: sizes.map(|(binary, _)| megabytes(binary)),
            zip_mb: sizes.map(|(_, zip)| megabytes(zip)),
        }
    }
}

impl Report {
    /// The rows as a Markdown table, each time with its ratio to the baseline.
    #[must_use]
    pub fn table(&self) -> String {
        let baseline = self.rows.iter().find(|row| row.name == self.baseline);
        let mut lines = vec![COLUMNS.iter().map(|column| column.0.to_owned()).collect::<Vec<_>>()];
        lines.extend(self.rows.iter().map(|row| COLUMNS.iter().map(|column| cell(column, row, baseline)).collect()));
        let names = [String::new()].into_iter().chain(self.rows.iter().map(|row| row.name.clone()));
        let lines: Vec<Vec<String>> = names.zip(lines).map(|(name, cells)| [vec![name], cells].concat()).collect();
        aligned(&lines)
    }
}

fn cell((_, value, decimals, has_ratio): &Column, row: &Row, baseline: Option<&Row>) -> String {
    let Some(number) = value(row) else { return String::new() };
    let ratio = baseline.filter(|_| *has_ratio).and_then(value).map(|base| number / base);
    let ratio = ratio.map_or_else(String::new, |ratio| format!(" ({ratio:.2})"));
    format!("{number:.decimals$}{ratio}")
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn megabytes(bytes: u64) -> f64 {
    // Exact below 2^53.
    #[expect(clippy::cast_precision_loss, reason = "sizes of files and processes")]
    let bytes = bytes as f64;
    bytes / 1e6
}
