//! Reference text of the help and of the manual pages.

pub(crate) mod examples;

/// Exit codes of all commands, and their meaning.
pub(crate) const EXIT_CODES: [(u8, &str); 12] = [
    (0, "success"),
    (1, "negative result: request denied, token inactive, tokens or problems found, catalog invalid or different"),
    (2, "invalid command line or input"),
    (3, "not signed in: no credential, or an invalid or expired one"),
    (4, "permission denied"),
    (5, "not found"),
    (6, "conflict: changed since it was read, or not possible in this state"),
    (7, "the service is unreachable or failed, or the result is incomplete"),
    (8, "cancelled"),
    (9, "the request for approval was rejected"),
    (10, "the request for approval lapsed or was ended"),
    (11, "no decision on the request for approval in time; it is still pending"),
];

/// Environment variables, and their meaning.
pub(crate) const ENVIRONMENT: [(&str, &str); 13] = [
    ("PORTCULLIS_URL", "URL of the service, unless --url or --profile is given."),
    ("PORTCULLIS_API_TOKEN", "Your API token, unless --api-token-file is given. It overrides a stored sign-in."),
    ("PORTCULLIS_PROFILE", "Profile of the config file to use, unless --profile is given."),
    ("PORTCULLIS_CONFIG", "Path of the config file."),
    ("PORTCULLIS_CREDENTIALS", "Where login stores the sign-in: file or keyring."),
    ("PORTCULLIS_INTROSPECT_TOKEN", "The token for introspect."),
    ("PORTCULLIS_ID_TOKEN", "The CI job's OIDC token for exchange."),
    ("PORTCULLIS_COMPLETE", "Shell whose completions to print: bash, zsh or fish. Set by the completion scripts."),
    ("BROWSER", "The browser for login and --web."),
    ("HTTPS_PROXY, ALL_PROXY, HTTP_PROXY, NO_PROXY", "HTTP proxy, and the hosts to reach without it, as for curl."),
    ("NO_COLOR, TERM", "No colors if NO_COLOR is not empty, or TERM is empty or dumb."),
    ("XDG_CONFIG_HOME, XDG_DATA_HOME", "Directories of the files below."),
    (
        "AWS_PROFILE, AWS_REGION, …",
        "AWS credentials and region for audit, bootstrap, doctor and restore-check, as for the AWS CLI.",
    ),
];

/// Files, and their content.
pub(crate) const FILES: [(&str, &str); 3] = [
    (
        "~/.config/portcullis/config.toml",
        "Config file: profiles of services, and the default one. It contains no secret.",
    ),
    (
        "~/.local/share/portcullis/credentials.json",
        "Sign-ins, unless they are in the system's keyring. Only you can read it.",
    ),
    (
        ".portcullis/audit.log",
        "Audit log of Portcullis on this machine, which audit reads if the service is on this machine.",
    ),
];

/// The exit codes for `--help`.
pub(crate) fn exit_codes() -> String {
    EXIT_CODES.iter().fold("Exit codes:".to_owned(), |text, (code, meaning)| format!("{text}\n  {code:<2}  {meaning}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// Adds the names of variables in string literals of the sources.
    fn add_variables(dir: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add_variables(&path, names);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let literals = text.split('"').filter(|word| word.starts_with("PORTCULLIS_") && word.len() > 11);
            names.extend(
                literals.filter(|word| word.bytes().all(|c| c.is_ascii_uppercase() || c == b'_')).map(str::to_owned),
            );
        }
    }

    #[test]
    fn the_manual_lists_every_variable_that_the_command_reads() {
        let mut read = BTreeSet::new();
        add_variables(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut read);
        let listed: BTreeSet<_> = ENVIRONMENT.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert!(read.contains("PORTCULLIS_URL"));
        assert_eq!(read.difference(&listed).collect::<Vec<_>>(), Vec::<&String>::new());
    }
}
