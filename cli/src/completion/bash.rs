//! Completion for bash. Unlike the engine's own script, it handles the colons of permissions and the spaces of names:
//! bash splits words at colons, and inserts completions unquoted.

use std::ffi::OsString;
use std::io::{Error, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine::complete;
use clap_complete::env::EnvCompleter;

use crate::config;

/// Stands at the cursor, so that the last word is never empty.
const CURSOR: char = '\u{1}';

pub(super) struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        variable: &str,
        _: &str,
        command: &str,
        completer: &str,
        script: &mut dyn Write,
    ) -> Result<(), Error> {
        writeln!(script, "complete -o bashdefault -C '{variable}=bash {completer} --' {command}")
    }

    /// `arguments` are the command, the part of the last word that bash replaces, and the word before.
    fn write_complete(
        &self,
        command: &mut Command,
        arguments: Vec<OsString>,
        directory: Option<&Path>,
        output: &mut dyn Write,
    ) -> Result<(), Error> {
        let Some(line) = config::completion_line() else { return Ok(()) };
        let (words, is_quoted) = words(&line);
        let last = words.len().saturating_sub(1);
        let replaced = arguments.get(1).map(|part| part.to_string_lossy().replace('\\', "")).unwrap_or_default();
        // What is before the replaced part stays in the line.
        let kept = words.last().and_then(|word| word.strip_suffix(&replaced)).unwrap_or_default().to_owned();
        for candidate in complete(command, words.into_iter().map(OsString::from).collect(), last, directory)? {
            let value = candidate.get_value().to_string_lossy();
            let Some(rest) = value.strip_prefix(&kept) else { continue };
            writeln!(output, "{}", if is_quoted { rest.to_owned() } else { escape(rest) })?;
        }
        Ok(())
    }
}

/// The words of a line as bash reads them, and whether the last one is in quotes that are still open.
pub(super) fn words(line: &str) -> (Vec<String>, bool) {
    let split = |end: &str| shlex::split(&format!("{line}{CURSOR}{end}"));
    let (words, is_quoted) = match split("") {
        Some(words) => (words, false),
        None => (split("\"").or_else(|| split("'")).unwrap_or_default(), true),
    };
    (words.iter().map(|word| word.replace(CURSOR, "")).collect(), is_quoted)
}

/// Quotes characters that bash would interpret.
fn escape(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    text.chars().flat_map(|c| (!is_plain(c)).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_into_words_up_to_the_cursor() {
        for (line, expected, quoted) in [
            ("portcullis token show ", &["portcullis", "token", "show", ""][..], false),
            ("portcullis -p apps:re", &["portcullis", "-p", "apps:re"], false),
            (r"portcullis show GitHub\ A", &["portcullis", "show", "GitHub A"], false),
            ("portcullis show \"GitHub A", &["portcullis", "show", "GitHub A"], true),
            ("portcullis show 'GitHub A", &["portcullis", "show", "GitHub A"], true),
        ] {
            assert_eq!(words(line), (expected.iter().map(|word| (*word).to_owned()).collect(), quoted), "{line}");
        }
    }

    #[test]
    fn characters_that_bash_interprets_are_escaped() {
        assert_eq!(escape("GitHub Actions (staging) & `id`"), r"GitHub\ Actions\ \(staging\)\ \&\ \`id\`");
        assert_eq!(escape("apps:read@apps/billing"), "apps:read@apps/billing");
    }
}
