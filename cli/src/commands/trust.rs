//! `portcullis trust test`: which trust rule matches a CI job's identity, and why the others do not. It evaluates the
//! rules locally, with the service's code.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use portcullis::api_types::Grant;
use portcullis::catalog::{Catalog, ClaimSet, TrustRule, via};
use portcullis::oidc::unverified_jwt::{RegisteredClaims, UnverifiedJwt};
use serde_json::{Value, json};

use super::{catalog, token::format};
use crate::output::clean;
use crate::{CliError, Context, Outcome, input};

/// Subcommands of `trust`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show which rule matches an identity, and the unmet conditions of the others
    Test(Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File with an ID token or a JSON object of its claims, or - for standard input; signature and times are not
    /// verified
    #[arg(long, value_name = "PATH|-")]
    claims: PathBuf,
    /// Catalog file, TOML or JSON, or - for standard input [default: the published catalog]
    #[arg(long, value_name = "FILE|-")]
    catalog: Option<PathBuf>,
}

pub(crate) fn run(command: &Command, context: &Context) -> Result<Outcome, CliError> {
    let Command::Test(args) = command;
    let TestInput { claims, unchecked } = read_claims(&args.claims)?;
    let document = match &args.catalog {
        Some(path) => match catalog::load_valid(path, "no rule was tested", context)? {
            Some(document) => document,
            None => return Ok(Outcome::Negative),
        },
        None => context.api()?.get("/catalog").send()?.read()?,
    };
    let catalog = Catalog::from_stored(&document.to_string())
        .ok_or_else(|| CliError::Unreachable("this version does not understand the catalog".to_owned()))?;
    let matching = catalog.matching_trust_rule(&claims);
    if context.out.json {
        context.out.document(&as_document(&catalog, matching, &claims, unchecked).to_string())?;
    } else {
        print(&catalog, matching, &claims, context)?;
        context
            .out
            .note(&format!("Not checked: {}. The service checks these during the exchange.", unchecked.join(", ")));
    }
    Ok(if matching.is_some() { Outcome::Success } else { Outcome::Negative })
}

/// The claims to test, and the checks that only the service does.
struct TestInput {
    claims: ClaimSet,
    unchecked: &'static [&'static str],
}

/// Reads an ID token, or its claims, as the service does.
fn read_claims(path: &Path) -> Result<TestInput, CliError> {
    let text = input::text(path, "--claims")?;
    let text = input::without_bom(&text).trim();
    let (claims, unchecked): (_, &[&str]) = if text.starts_with('{') {
        (RegisteredClaims::read(text.as_bytes()), &["header", "signature", "times", "earlier use"])
    } else {
        (UnverifiedJwt::read(text).map(|jwt| jwt.claims), &["signature", "times", "earlier use"])
    };
    // The message never contains the input, which may be an ID token.
    let wrong = |why| CliError::usage(format!("{}: {why}", input::name(path, "--claims")));
    let claims = claims.and_then(|claims| claims.jti().map(drop).map(|()| claims)).map_err(wrong)?;
    Ok(TestInput { claims: claims.into_claim_set(), unchecked })
}

fn as_document(catalog: &Catalog, matching: Option<&TrustRule>, claims: &ClaimSet, unchecked: &[&str]) -> Value {
    let rules = catalog.trust().iter().map(|rule| {
        let unmet: Vec<_> = rule.mismatches(claims).iter().map(ToString::to_string).collect();
        json!({ "name": rule.name.as_str(), "matches": unmet.is_empty(), "unmet": unmet })
    });
    json!({
        "rule": matching.map(|rule| rule.name.as_str()),
        "via": via(claims).as_str(),
        "grants": matching.map(|rule| json!(Grant::all(&rule.grants))),
        "lifetime_seconds": matching.map(|rule| rule.lifetime_seconds),
        "rules": rules.collect::<Vec<_>>(),
        "unchecked": unchecked,
    })
}

fn print(
    catalog: &Catalog,
    matching: Option<&TrustRule>,
    claims: &ClaimSet,
    context: &Context,
) -> Result<(), CliError> {
    let out = &context.out;
    if out.quiet {
        return matching.map_or(Ok(()), |rule| out.line(rule.name.as_str()));
    }
    if let Some(rule) = matching {
        out.key_values(&[
            ("rule", rule.name.to_string()),
            ("via", via(claims).to_string()),
            ("grants", format::grants(&Grant::all(&rule.grants))),
            ("lifetime", format!("{} seconds", rule.lifetime_seconds)),
        ])?;
    } else {
        out.line(&format!("No rule matches {}.", clean(via(claims).as_str())))?;
    }
    for rule in catalog.trust().iter().filter(|rule| matching != Some(rule)) {
        let unmet = rule.mismatches(claims);
        out.line("")?;
        if unmet.is_empty() {
            out.line(&format!(
                "{} matches too, but comes after {}",
                rule.name,
                matching.map_or("", |rule| rule.name.as_str())
            ))?;
        } else {
            out.line(&format!("{} does not match:", rule.name))?;
        }
        unmet.iter().try_for_each(|mismatch| out.line(&format!("  {}", clean(&mismatch.to_string()))))?;
    }
    Ok(())
}
