//! Examples of every command, for `--help` and the manual pages.

use clap::Command;

/// An example: what it does, or nothing if that is clear, and the command line.
pub(crate) type Example = (&'static str, &'static str);

/// Examples by command, without the program's name.
const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "",
        &[
            ("Sign in, and use this service from now on", "portcullis login https://tokens.example.com"),
            (
                "Create a token for a CI job",
                "portcullis token create --name CI --grant apps:write@apps/billing --expires-in 90d",
            ),
            ("Find tokens in this repository and its history", "portcullis scan . && portcullis scan --history"),
        ],
    ),
    (
        "token",
        &[
            (
                "Create a token",
                "portcullis token create --name CI --role cicd --resource apps/billing --expires-in 90d",
            ),
            ("Find tokens that nothing uses", "portcullis token list --status active --sort last-used"),
            ("Replace a secret, and keep the old one valid for a day", "portcullis token rotate CI --overlap 1d"),
            ("Revoke a leaked token", "portcullis token revoke CI --reason leaked"),
        ],
    ),
    (
        "token create",
        &[
            (
                "Read everything and write one app, for 90 days",
                "portcullis token create --name CI --grant apps:read@* --grant apps:write@apps/billing --expires-in 90d",
            ),
            (
                "With a role of the catalog, from one network only",
                "portcullis token create --name CI --role cicd --resource apps/billing --expires-in 30d --allow-ip 192.0.2.0/24",
            ),
            (
                "Store the secret without showing it",
                "portcullis token create --name CI --role cicd --resource apps/billing --expires-in 90d --quiet | gh secret set PORTCULLIS_API_TOKEN",
            ),
        ],
    ),
    (
        "token list",
        &[
            ("Only active tokens of one owner", "portcullis token list --owner alice --status active"),
            (
                "Revoke every token that was not used for 90 days",
                "portcullis token list --idle-days 90 --all --quiet | xargs -r portcullis token revoke --reason unused --yes",
            ),
        ],
    ),
    ("token show", &[("", "portcullis token show tuh1pjDiiCHnIDch")]),
    (
        "token update",
        &[
            (
                "Rename it and replace its grants",
                "portcullis token update tuh1pjDiiCHnIDch --name deploy --grant apps:write@apps/billing",
            ),
            ("Extend it", "portcullis token update tuh1pjDiiCHnIDch --expires-in 90d"),
        ],
    ),
    (
        "token rotate",
        &[
            ("Accept the old secret for another day", "portcullis token rotate tuh1pjDiiCHnIDch --overlap 1d"),
            (
                "Replace the secret where it is stored",
                "portcullis token rotate tuh1pjDiiCHnIDch --overlap 1h --quiet | gh secret set PORTCULLIS_API_TOKEN",
            ),
        ],
    ),
    ("token disable", &[("", "portcullis token disable tuh1pjDiiCHnIDch")]),
    ("token enable", &[("", "portcullis token enable tuh1pjDiiCHnIDch")]),
    (
        "token revoke",
        &[
            (
                "A leaked token",
                "portcullis token revoke tuh1pjDiiCHnIDch --reason leaked --comment \"in the build log\"",
            ),
            ("All tokens of an owner", "portcullis token revoke --owner alice --reason owner_left"),
        ],
    ),
    ("token delete", &[("", "portcullis token delete tuh1pjDiiCHnIDch")]),
    ("token events", &[("", "portcullis token events tuh1pjDiiCHnIDch --limit 10")]),
    ("token usage", &[("", "portcullis token usage tuh1pjDiiCHnIDch --days 30")]),
    ("token tighten", &[("", "portcullis token tighten tuh1pjDiiCHnIDch --days 30")]),
    (
        "token explain",
        &[
            ("", "portcullis token explain tuh1pjDiiCHnIDch POST /apps/billing"),
            (
                "A request to Portcullis itself, from an address",
                "portcullis token explain tuh1pjDiiCHnIDch GET /tokens --api tokens --ip 192.0.2.7",
            ),
        ],
    ),
    (
        "approval",
        &[
            (
                "In a pipeline: request an approval and wait for it",
                "portcullis approval request --permission releases:write --resource releases/42 --reason \"Deploy 1.4.2\" --wait 30m",
            ),
            ("Requests that wait for a decision", "portcullis approval list --status pending"),
            ("Approve one", "portcullis approval approve 01KEZ4RNR0D4B8Q7V1W2X3Y4Z5"),
        ],
    ),
    (
        "approval request",
        &[
            (
                "Wait for the decision, and deploy only if it is approved",
                "portcullis approval request --permission releases:write --resource releases/42 --reason \"Deploy 1.4.2\" --wait 30m && ./deploy.sh",
            ),
            (
                "Print the ID of the request, and go on",
                "portcullis approval request -p releases:write -r releases/42 --reason \"Deploy 1.4.2\" --quiet",
            ),
        ],
    ),
    (
        "approval list",
        &[
            ("Requests that wait for a decision", "portcullis approval list --status pending"),
            ("Of one token", "portcullis approval list CI --all"),
        ],
    ),
    ("approval show", &[("", "portcullis approval show 01KEZ4RNR0D4B8Q7V1W2X3Y4Z5")]),
    (
        "approval approve",
        &[
            ("", "portcullis approval approve 01KEZ4RNR0D4B8Q7V1W2X3Y4Z5"),
            (
                "For a shorter time",
                "portcullis approval approve 01KEZ4RNR0D4B8Q7V1W2X3Y4Z5 --valid-for 5m --comment \"only the canary\"",
            ),
        ],
    ),
    (
        "approval reject",
        &[("", "portcullis approval reject 01KEZ4RNR0D4B8Q7V1W2X3Y4Z5 --comment \"not during the freeze\"")],
    ),
    ("approval end", &[("", "portcullis approval end 01KEZ4RNR0D4B8Q7V1W2X3Y4Z5")]),
    (
        "login",
        &[
            ("Sign in, and use this service from now on", "portcullis login https://tokens.example.com"),
            ("On a machine without a browser", "portcullis login --device"),
        ],
    ),
    ("logout", &[("", "portcullis logout"), ("At all services", "portcullis logout --all")]),
    (
        "whoami",
        &[
            ("", "portcullis whoami"),
            ("With another credential", "portcullis whoami --api-token-file ~/.secrets/portcullis"),
        ],
    ),
    (
        "introspect",
        &[
            ("", "portcullis introspect --token-file token"),
            (
                "Check a request too, with the token from a password manager",
                "pass show portcullis | portcullis introspect --token-file - --method POST --path /apps/billing",
            ),
        ],
    ),
    (
        "catalog",
        &[
            ("Edit the catalog as a file", "portcullis catalog show --toml > catalog.toml"),
            (
                "Validate it, show the difference, and publish it",
                "portcullis catalog check catalog.toml && portcullis catalog push catalog.toml",
            ),
        ],
    ),
    (
        "catalog show",
        &[
            ("Save it as a file", "portcullis catalog show --toml > catalog.toml"),
            (
                "Publish an earlier version again",
                "portcullis catalog show --version 7 --toml > catalog.toml && portcullis catalog push catalog.toml",
            ),
        ],
    ),
    ("catalog check", &[("", "portcullis catalog check catalog.toml")]),
    (
        "catalog push",
        &[
            ("", "portcullis catalog push catalog.toml"),
            ("In a pipeline", "portcullis catalog push catalog.toml --yes"),
        ],
    ),
    ("catalog diff", &[("", "portcullis catalog diff catalog.toml")]),
    ("catalog versions", &[("", "portcullis catalog versions")]),
    (
        "exchange",
        &[
            ("Pass the token to the next steps of a GitHub Actions job", "portcullis exchange --github-env"),
            (
                "On another CI system, with fewer permissions",
                "portcullis exchange --id-token-file id-token --permission apps:read",
            ),
        ],
    ),
    (
        "trust",
        &[(
            "Which rule matches the identity of a CI job",
            "portcullis trust test --claims claims.json --catalog catalog.toml",
        )],
    ),
    (
        "trust test",
        &[
            ("With the published catalog", "portcullis trust test --claims claims.json"),
            (
                "With a file, before it is published",
                "portcullis trust test --claims claims.json --catalog catalog.toml",
            ),
        ],
    ),
    ("completions", &[("", "portcullis completions bash > ~/.local/share/bash-completion/completions/portcullis")]),
    ("man", &[("", "portcullis man | man -l -"), ("Install all pages", "portcullis man ~/.local/share/man/man1")]),
    (
        "scan",
        &[
            ("This directory", "portcullis scan"),
            ("The commits of a branch", "portcullis scan --range origin/main..HEAD"),
            ("Before a commit", "portcullis scan --staged"),
            ("The whole history, and revoke the tokens found", "portcullis scan --history --revoke"),
        ],
    ),
    (
        "bootstrap",
        &[
            ("", "portcullis bootstrap"),
            ("A stack with another name", "portcullis bootstrap --stack tokens --region eu-central-1 --owner ops"),
        ],
    ),
    (
        "audit",
        &[
            ("The last day", "portcullis audit tuh1pjDiiCHnIDch --since 1d"),
            ("Of a token given by its name", "portcullis audit \"GitHub Actions\""),
            ("From a file", "portcullis audit tuh1pjDiiCHnIDch --file audit.log --json | jq -r .path"),
        ],
    ),
    (
        "doctor",
        &[
            ("", "portcullis doctor --stack portcullis"),
            (
                "Measure a revocation too",
                "portcullis doctor --probe https://orders.example.com/orders --permission orders:read --resource orders",
            ),
        ],
    ),
    (
        "restore-check",
        &[
            ("Show what to do", "portcullis restore-check --table portcullis-restored --since 2027-01-31T12:00:00Z"),
            (
                "Do it, with exported logs",
                "portcullis restore-check --table portcullis-restored --since 2027-01-31T12:00:00Z --from-file revoke.log --from-file rotate.log --apply",
            ),
        ],
    ),
];

/// Examples of a command.
pub(crate) fn of(path: &str) -> &'static [Example] {
    EXAMPLES.iter().find(|(known, _)| *known == path).map_or(&[], |(_, examples)| examples)
}

/// Adds the examples to the help of a command and of its subcommands.
pub(crate) fn add(command: Command, path: &str) -> Command {
    let examples = of(path).iter().map(|(what, line)| {
        let what = if what.is_empty() { String::new() } else { format!("  # {what}\n") };
        format!("{what}  {line}")
    });
    let examples: Vec<_> = examples.collect();
    let after = command.get_after_help().map(|after| format!("\n\n{after}")).unwrap_or_default();
    let command = if examples.is_empty() {
        command
    } else {
        command.after_help(format!("Examples:\n{}{after}", examples.join("\n")))
    };
    command.mut_subcommands(|subcommand| {
        let path = format!("{path} {}", subcommand.get_name());
        add(subcommand, path.trim_start())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, command};

    /// Paths of the command and of all below it.
    fn paths(command: &Command, path: &str) -> Vec<String> {
        let below = |command: &Command| paths(command, &format!("{path} {}", command.get_name()));
        let mut all = vec![path.trim_start().to_owned()];
        all.extend(command.get_subcommands().flat_map(below));
        all
    }

    /// The words of a command line, with double quotes.
    fn words(line: &str) -> Vec<String> {
        let outside = |(at, part): (usize, &str)| match at % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        };
        line.split('"').enumerate().flat_map(outside).collect()
    }

    /// The calls of portcullis in a command line, without redirections. `xargs` adds an ID.
    fn calls(line: &str) -> Vec<String> {
        let parts = line.split(" | ").flat_map(|part| part.split(" && "));
        let parts = parts.map(|part| part.split(" > ").next().unwrap_or(part));
        let with_id = parts.map(|part| match part.strip_prefix("xargs -r ") {
            Some(call) => format!("{call} tuh1pjDiiCHnIDch"),
            None => part.to_owned(),
        });
        with_id.filter(|part| part.starts_with("portcullis ")).collect()
    }

    #[test]
    fn every_command_has_an_example() {
        let command = command();
        let missing: Vec<_> = paths(&command, "").into_iter().filter(|path| of(path).is_empty()).collect();
        assert_eq!(missing, Vec::<String>::new());
        let unknown = EXAMPLES.iter().filter(|(path, _)| {
            let found = path.split_whitespace().try_fold(&command, |command, name| command.find_subcommand(name));
            found.is_none()
        });
        assert_eq!(unknown.map(|(path, _)| path).collect::<Vec<_>>(), Vec::<&&str>::new());
    }

    #[test]
    fn every_example_is_a_valid_call_of_its_command() {
        for (path, examples) in EXAMPLES {
            for (_, line) in *examples {
                let calls = calls(line);
                assert!(calls.iter().any(|call| call.starts_with(format!("portcullis {path}").trim())), "{line}");
                for call in &calls {
                    Args::parse(words(call)).unwrap_or_else(|error| panic!("{call}: {error}"));
                }
            }
        }
    }
}
