//! Data on standard output, talk on standard error; and how either looks on a terminal.
//! Whatever came from the service is shown without control characters.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use clap::ValueEnum;
use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Table, Width, presets};
use indicatif::ProgressBar;
use portcullis::clock::{Clock, Timestamp};
use portcullis::text::{redact, unprintable};

use crate::config;
use crate::error::CliError;

/// An id's 16 characters, and the two blanks behind it.
const ID_WIDTH: u16 = 18;

/// Standard output and standard error.
pub(crate) struct Output {
    /// Whether the service's JSON is asked for.
    pub(crate) json: bool,
    /// Whether the least is asked for.
    pub(crate) quiet: bool,
    /// Whether standard output is a terminal.
    pub(crate) stdout_is_terminal: bool,
    /// Whether standard error is one.
    stderr_is_terminal: bool,
    colored: bool,
    color_stderr: bool,
    clock: Clock,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// How something is to be taken, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Ended, refused, taken away.
    Bad,
    /// Of little weight.
    Dim,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool, color: Color, clock: Clock) -> Self {
        let colored = |terminal: bool| match color {
            Color::Auto => terminal && !config::is_set("NO_COLOR") && !config::is_dumb(),
            Color::Always => true,
            Color::Never => false,
        };
        let stdout_is_terminal = io::stdout().is_terminal();
        let stderr_is_terminal = io::stderr().is_terminal();
        let (colored, color_stderr) = (colored(stdout_is_terminal), colored(stderr_is_terminal));
        Self { json, quiet, stdout_is_terminal, stderr_is_terminal, colored, color_stderr, clock }
    }

    /// A line of data.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn line(&self, text: &str) -> Result<(), CliError> {
        let write = || {
            let mut stdout = io::stdout().lock();
            stdout.write_all(text.as_bytes())?;
            stdout.write_all(b"\n")?;
            stdout.flush()
        };
        write().map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => CliError::Closed,
            _ => CliError::Output(error),
        })
    }

    /// A secret, or a document with one in it. Where it cannot be written nobody will ever have it, so
    /// `lost` says what there is now and what to do about it.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn secret(&self, text: &str, lost: &str) -> Result<(), CliError> {
        let written = match (self.json, self.stdout_is_terminal) {
            (true, _) => self.document(text),
            (false, true) => self.line(&clean(text)),
            (false, false) => self.line(text),
        };
        written.map_err(|failure| CliError::Unfinished(format!("{failure}: {lost}")))
    }

    /// The service's JSON: as it came, and on a terminal with line breaks. Fields that this
    /// version does not know of survive.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn document(&self, json: &str) -> Result<(), CliError> {
        self.line(&format_json(json, self.stdout_is_terminal))
    }

    /// A few facts, each with its name.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub(crate) fn key_values(&self, pairs: &[(&str, String)]) -> Result<(), CliError> {
        let mut table = self.new_table();
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            table.add_row([self.cell(name, Some(Style::Dim)), self.cell(value, None)]);
        }
        self.line(&render(table))
    }

    /// A few facts about what was just done, on standard error; not with `--quiet`.
    pub(crate) fn note_key_values(&self, pairs: &[(&str, String)]) {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).force_no_tty();
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            table.add_row([clean(name), clean(value)]);
        }
        self.note(&render(table));
    }

    /// A table that fits the terminal.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn table(&self, header: &[&str], rows: Vec<Vec<(String, Option<Style>)>>) -> Result<(), CliError> {
        let mut table = self.new_table();
        table.set_header(header.iter().map(|name| self.cell(name, Some(Style::Dim))));
        for row in rows {
            table.add_row(row.iter().map(|(text, style)| self.cell(text, *style)));
        }
        // An id is there to be copied: everything else is broken before it.
        if let (Some(&"ID"), Some(column)) = (header.first(), table.column_mut(0)) {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(ID_WIDTH)));
        }
        self.line(&render(table))
    }

    fn new_table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        // Some terminals say that they have no columns at all, as those of CI do.
        if self.stdout_is_terminal && table.width() != Some(0) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            table.force_no_tty();
        }
        if self.colored {
            table.enforce_styling();
        }
        table
    }

    fn cell(&self, text: &str, style: Option<Style>) -> Cell {
        let cell = Cell::new(clean(text));
        match style.filter(|_| self.colored) {
            None => cell,
            Some(Style::Good) => cell.fg(comfy_table::Color::Green),
            Some(Style::Warn) => cell.fg(comfy_table::Color::Yellow),
            Some(Style::Bad) => cell.fg(comfy_table::Color::Red),
            Some(Style::Dim) => cell.fg(comfy_table::Color::DarkGrey),
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A moment: in words on a terminal, as RFC 3339 elsewhere.
    pub(crate) fn format_time(&self, moment: Timestamp) -> String {
        if self.stdout_is_terminal { relative(moment, self.clock.now()) } else { moment.to_string() }
    }

    /// A moment that may never come.
    pub(crate) fn format_time_or(&self, moment: Option<Timestamp>, never: &str) -> String {
        moment.map_or_else(|| never.to_owned(), |moment| self.format_time(moment))
    }

    /// Something to know, on standard error; not with `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            write_stderr(&clean(text));
        }
    }

    /// How far long work is, on standard error while that is a terminal. It is gone when it is
    /// dropped.
    pub(crate) fn progress(&self, what: &str) -> ProgressBar {
        if self.quiet {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// Something to see to, on standard error.
    pub(crate) fn warn(&self, text: &str) {
        write_stderr(&format!("{} {}", self.style_stderr("warning:", Style::Warn), clean(text)));
    }

    /// The lines of a change: what is taken away in red, what comes in green.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub(crate) fn difference(&self, lines: &str) -> Result<(), CliError> {
        let colored = |line: &str| match (self.colored, line.as_bytes().first()) {
            (true, Some(b'+')) => console::Style::new().green().force_styling(true).apply_to(line).to_string(),
            (true, Some(b'-')) => console::Style::new().red().force_styling(true).apply_to(line).to_string(),
            _ => line.to_owned(),
        };
        self.line(&clean(lines.trim_end()).lines().map(colored).collect::<Vec<_>>().join("\n"))
    }

    /// Why a command failed: for people, and with `--json` as the service said it.
    pub(crate) fn print_error(&self, failure: &CliError) {
        if let (true, Some(document)) = (self.json, failure.document()) {
            write_stderr(&format_json(document, self.stderr_is_terminal));
            return;
        }
        write_stderr(&format!("{} {}", self.style_stderr("error:", Style::Bad), clean(&failure.to_string())));
        for (field, message) in failure.fields() {
            write_stderr(&format!("  {}: {}", clean(field), clean(message)));
        }
        if let Some(hint) = failure.hint() {
            write_stderr(&format!("{} {}", self.style_stderr("hint:", Style::Dim), clean(&hint)));
        }
    }

    /// A word on standard error, in colour if there are colours.
    pub(crate) fn style_stderr(&self, word: &str, style: Style) -> String {
        let style = match style {
            Style::Good => console::Style::new().green(),
            Style::Warn => console::Style::new().yellow(),
            Style::Bad => console::Style::new().red(),
            Style::Dim => console::Style::new().dim(),
        };
        style.force_styling(self.color_stderr).apply_to(word).to_string()
    }
}

/// Without what a terminal would take for a command: control and invisible characters.
pub(crate) fn clean(text: &str) -> String {
    let shown = |c| match c {
        '\n' => c,
        '\t' => ' ',
        c if unprintable(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// JSON as it came, or as a terminal is to show it: with line breaks, and cleaned.
fn format_json(json: &str, on_terminal: bool) -> Cow<'_, str> {
    if !on_terminal {
        return Cow::Borrowed(json.trim_end());
    }
    let mut pretty = Vec::new();
    let mut from = serde_json::Deserializer::from_str(json);
    let mut to = serde_json::Serializer::pretty(&mut pretty);
    Cow::Owned(match serde_transcode::transcode(&mut from, &mut to) {
        Ok(()) => clean(&String::from_utf8_lossy(&pretty)),
        Err(_) => clean(json.trim_end()),
    })
}

/// `3 days ago`, `in 3 days`.
fn relative(moment: Timestamp, now: Timestamp) -> String {
    let away = moment.millis() - now.millis();
    let duration = Duration::from_millis(away.unsigned_abs());
    let mut words = timeago::Formatter::new();
    words.min_unit(timeago::TimeUnit::Seconds);
    if away > 0 {
        words.ago("");
        let text = words.convert(duration);
        if text == "now" { text } else { format!("in {text}") }
    } else {
        words.convert(duration)
    }
}

/// Without a frame, and without the blanks that fill the last column.
fn render(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// What is said there is never a secret, whoever wrote one where none belongs.
fn write_stderr(text: &str) {
    // Nobody is left to be told when this cannot be written.
    let _ = writeln!(io::stderr(), "{}", redact(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_said_as_a_person_would() {
        let now = Timestamp::from_seconds(1_800_000_000);
        for (seconds, said) in
            [(0, "now"), (-1, "1 second ago"), (-7200, "2 hours ago"), (3 * 86_400, "in 3 days"), (90, "in 1 minute")]
        {
            assert_eq!(relative(now.plus_seconds(seconds), now), said);
        }
    }
}
