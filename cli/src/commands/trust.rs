//! `portcullis trust test`: which trust rule takes a CI job's identity, and why the others do not.
//! It asks the very rules of the service, here.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use portcullis::api_types::Grant;
use portcullis::catalog::{Catalog, ClaimSet, TrustRule, via};
use portcullis::oidc::unverified_jwt::{RegisteredClaims, UnverifiedJwt};
use serde_json::{Value, json};

use super::{catalog, token::format};
use crate::output::clean;
use crate::{CliError, Context, Outcome, input};

/// What there is to do with trust rules.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say which rule takes an identity, and which conditions the others have that it does not meet
    Test(Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The ID token, or its claims as a JSON object; signature and times are not verified; - is standard input
    #[arg(long, value_name = "PATH|-")]
    claims: PathBuf,
    /// The catalog with the rules, TOML or JSON, or - for standard input; without it, the one that is in force
    #[arg(long, value_name = "FILE|-")]
    catalog: Option<PathBuf>,
}

pub(crate) fn run(command: &Command, context: &Context) -> Result<Outcome, CliError> {
    let Command::Test(args) = command;
    let Trial { claims, unchecked } = trial(&args.claims)?;
    let document = match &args.catalog {
        Some(path) => match catalog::load_valid(path, context)? {
            Some(document) => document,
            None => return Ok(Outcome::No),
        },
        None => context.api()?.get("/catalog").send()?.read()?,
    };
    let catalog = Catalog::from_stored(&document.to_string())
        .ok_or_else(|| CliError::Unreachable("the catalog is not what this version understands".to_owned()))?;
    let taking = catalog.matching_trust_rule(&claims);
    if context.out.json {
        context.out.document(&as_document(&catalog, taking, &claims, unchecked).to_string())?;
    } else {
        print(&catalog, taking, &claims, context)?;
        context.out.note(&format!("Not checked: {}. The service checks these at the exchange.", unchecked.join(", ")));
    }
    Ok(if taking.is_some() { Outcome::Done } else { Outcome::No })
}

/// The claims to try, and what the service checks of an identity besides.
struct Trial {
    claims: ClaimSet,
    unchecked: &'static [&'static str],
}

/// Reads an ID token, or the claims of one, as the service does.
fn trial(path: &Path) -> Result<Trial, CliError> {
    let text = input::text(path, "--claims")?;
    let text = input::without_mark(&text).trim();
    let (claims, unchecked): (_, &[&str]) = if text.starts_with('{') {
        (RegisteredClaims::read(text.as_bytes()), &["header", "signature", "times", "earlier use"])
    } else {
        (UnverifiedJwt::read(text).map(|jwt| jwt.claims), &["signature", "times", "earlier use"])
    };
    // Nothing of it is repeated: there may be a whole ID token in it.
    let wrong = |why| CliError::usage(format!("--claims {}: {why}", path.display()));
    let claims = claims.and_then(|claims| claims.jti().map(drop).map(|()| claims)).map_err(wrong)?;
    Ok(Trial { claims: claims.into_claim_set(), unchecked })
}

fn as_document(catalog: &Catalog, taking: Option<&TrustRule>, claims: &ClaimSet, unchecked: &[&str]) -> Value {
    let rules = catalog.trust().iter().map(|rule| {
        let unmet: Vec<_> = rule.mismatches(claims).iter().map(ToString::to_string).collect();
        json!({ "name": rule.name.as_str(), "matches": unmet.is_empty(), "unmet": unmet })
    });
    json!({
        "rule": taking.map(|rule| rule.name.as_str()),
        "via": via(claims).as_str(),
        "grants": taking.map(|rule| json!(Grant::all(&rule.grants))),
        "lifetime_seconds": taking.map(|rule| rule.lifetime_seconds),
        "rules": rules.collect::<Vec<_>>(),
        "unchecked": unchecked,
    })
}

fn print(catalog: &Catalog, taking: Option<&TrustRule>, claims: &ClaimSet, context: &Context) -> Result<(), CliError> {
    let out = &context.out;
    if out.quiet {
        return taking.map_or(Ok(()), |rule| out.line(rule.name.as_str()));
    }
    if let Some(rule) = taking {
        out.key_values(&[
            ("rule", rule.name.to_string()),
            ("via", via(claims).to_string()),
            ("may", format::grants(&Grant::all(&rule.grants))),
            ("for", format!("{} seconds", rule.lifetime_seconds)),
        ])?;
    } else {
        out.line(&format!("No rule takes {}.", clean(via(claims).as_str())))?;
    }
    for rule in catalog.trust().iter().filter(|rule| taking != Some(rule)) {
        let unmet = rule.mismatches(claims);
        out.line("")?;
        if unmet.is_empty() {
            out.line(&format!(
                "{} would take it too, and stands behind {}",
                rule.name,
                taking.map_or("", |it| it.name.as_str())
            ))?;
        } else {
            out.line(&format!("{} does not take it:", rule.name))?;
        }
        unmet.iter().try_for_each(|mismatch| out.line(&format!("  {}", clean(&mismatch.to_string()))))?;
    }
    Ok(())
}
