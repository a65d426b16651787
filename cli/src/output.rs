//! Output: data on standard output, messages on standard error, and their format on a terminal.
//! Control characters in text from the service are replaced.

mod table;

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use clap::ValueEnum;
use indicatif::ProgressBar;
use portcullis::clock::{Clock, Timestamp};
use portcullis::text::{redact, unprintable};

use crate::config;
use crate::error::CliError;

/// Standard output and standard error.
pub(crate) struct Output {
    /// `--json`
    pub(crate) json: bool,
    /// `--quiet`
    pub(crate) quiet: bool,
    pub(crate) stdout_is_terminal: bool,
    stderr_is_terminal: bool,
    colored: bool,
    color_stderr: bool,
    /// Whether nothing is printed to standard error.
    silent: bool,
    clock: Clock,
}

/// When to use colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// Meaning of a text, which decides its color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Active, allowed, done.
    Good,
    /// Needs attention.
    Warn,
    /// Expired, revoked, denied, removed.
    Bad,
    /// Less important.
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
        Self { json, quiet, stdout_is_terminal, stderr_is_terminal, colored, color_stderr, silent: false, clock }
    }

    /// Output of completion, whose standard error is the line that the user is editing.
    pub(crate) fn silent(clock: Clock) -> Self {
        Self { silent: true, ..Self::new(false, true, Color::Never, clock) }
    }

    /// Prints a line of data.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn line(&self, text: &str) -> Result<(), CliError> {
        self.parts(&[text, "\n"])
    }

    /// Prints parts of the data.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn parts(&self, parts: &[&str]) -> Result<(), CliError> {
        let write = || {
            let mut stdout = io::stdout().lock();
            parts.iter().try_for_each(|part| stdout.write_all(part.as_bytes()))?;
            stdout.flush()
        };
        write().map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => CliError::Closed,
            _ => CliError::Output(error),
        })
    }

    /// Prints a secret, or a document that contains one. If that fails the secret is lost, so `lost` is the
    /// error message: it says what was created and what to do about it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn secret(&self, text: &str, lost: &str) -> Result<(), CliError> {
        let written = match (self.json, self.stdout_is_terminal) {
            (true, _) => self.document(text),
            (false, true) => self.line(&clean(text)),
            (false, false) => self.line(text),
        };
        written.map_err(|error| CliError::Unfinished(format!("{error}: {lost}")))
    }

    /// Prints JSON of the service: unchanged, or pretty-printed on a terminal. Unknown fields are kept.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn document(&self, json: &str) -> Result<(), CliError> {
        self.line(&format_json(json, self.stdout_is_terminal))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Formats a time: relative on a terminal, RFC 3339 elsewhere.
    pub(crate) fn format_time(&self, time: Timestamp) -> String {
        if self.stdout_is_terminal { relative(time, self.clock.now()) } else { time.to_string() }
    }

    /// Formats an optional time.
    pub(crate) fn format_time_or(&self, time: Option<Timestamp>, default: &str) -> String {
        time.map_or_else(|| default.to_owned(), |time| self.format_time(time))
    }

    /// Prints a message to standard error, unless `--quiet` was given.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            write_stderr(&clean(text));
        }
    }

    /// Shows progress on standard error, if that is a terminal, until it is dropped.
    pub(crate) fn progress(&self, what: &str) -> ProgressBar {
        if self.quiet {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// Prints a warning to standard error.
    pub(crate) fn warn(&self, text: &str) {
        if self.silent {
            return;
        }
        write_stderr(&format!("{} {}", self.style_stderr("warning:", Style::Warn), clean(text)));
    }

    /// Prints a diff: removed lines in red, added lines in green.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn difference(&self, lines: &str) -> Result<(), CliError> {
        let colored = |line: &str| match (self.colored, line.as_bytes().first()) {
            (true, Some(b'+')) => console::Style::new().green().force_styling(true).apply_to(line).to_string(),
            (true, Some(b'-')) => console::Style::new().red().force_styling(true).apply_to(line).to_string(),
            _ => line.to_owned(),
        };
        self.line(&clean(lines.trim_end()).lines().map(colored).collect::<Vec<_>>().join("\n"))
    }

    /// Prints an error to standard error: as text, or with `--json` as a problem document.
    pub(crate) fn print_error(&self, error: &CliError) {
        if self.json {
            write_stderr(&format_json(&error.document(), self.stderr_is_terminal));
            return;
        }
        write_stderr(&format!("{} {}", self.style_stderr("error:", Style::Bad), clean(&error.to_string())));
        for (field, message) in error.fields() {
            write_stderr(&format!("  {}: {}", clean(field), clean(message)));
        }
        if let Some(hint) = error.hint() {
            write_stderr(&format!("{} {}", self.style_stderr("hint:", Style::Dim), clean(&hint)));
        }
    }

    /// Styles a word for standard error.
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

/// Replaces control and invisible characters, which a terminal could interpret.
pub(crate) fn clean(text: &str) -> String {
    let shown = |c| match c {
        '\n' => c,
        '\t' => ' ',
        c if unprintable(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// JSON unchanged, or pretty-printed and cleaned for a terminal.
fn format_json(json: &str, for_terminal: bool) -> Cow<'_, str> {
    if !for_terminal {
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

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// `3 days ago`, `in 3 days`.
fn relative(time: Timestamp, now: Timestamp) -> String {
    let away = time.millis() - now.millis();
    let mut duration = Duration::from_millis(away.unsigned_abs());
    let mut words = timeago::Formatter::new();
    words.min_unit(timeago::TimeUnit::Seconds);
    // In whole days up to a quarter.
    if duration >= DAY && duration < 90 * DAY {
        words.max_unit(timeago::TimeUnit::Days);
    }
    // Rounded: a token of 30 days expires in 30 days.
    duration += match duration {
        long if long >= DAY => DAY / 2,
        hours if hours >= HOUR => HOUR / 2,
        minutes if minutes >= MINUTE => MINUTE / 2,
        _ => Duration::from_millis(500),
    };
    if away > 0 {
        words.ago("");
        let text = words.convert(duration);
        if text == "now" { text } else { format!("in {text}") }
    } else {
        words.convert(duration)
    }
}

/// Prints to standard error, with tokens redacted.
fn write_stderr(text: &str) {
    // Ignore: stderr is gone.
    let _ = writeln!(io::stderr(), "{}", redact(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_relative_to_now() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let day = 86_400;
        for (seconds, text) in [
            (0, "now"),
            (-1, "1 second ago"),
            (-7200, "2 hours ago"),
            (90, "in 2 minutes"),
            (12 * 3600 - 2, "in 12 hours"),
            (3600 - 1, "in 1 hour"),
            (day - 1, "in 1 day"),
            (365 * day - 2, "in 1 year"),
            (2 * day - 600, "in 2 days"),
            (30 * day - 5, "in 30 days"),
            (-40 * day, "40 days ago"),
            (-100 * day, "3 months ago"),
        ] {
            assert_eq!(relative(now.plus_seconds(seconds), now), text);
        }
    }
}
