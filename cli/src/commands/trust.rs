//! `portcullis trust test`: which trust rule takes a CI job's identity, and why the others do not.
//! It asks the very rules of the service, here.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use portcullis::access::{Catalog, ClaimSet, TrustRule, via};
use portcullis::api::Grant;
use portcullis::claims::{jti, unique_object};
use serde_json::{Value, json};

use super::{catalog, token::view};
use crate::output::clean;
use crate::{Context, Failure, Outcome, input};

/// What there is to do with trust rules.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say which rule takes an identity, and which conditions the others have that it does not meet
    Test(Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The identity's claims: a JSON object, or the whole ID token, of which nothing is verified; - is standard input
    #[arg(long, value_name = "PATH|-")]
    claims: PathBuf,
    /// The catalog with the rules, TOML or JSON, or - for standard input; without it, the one that is in force
    #[arg(long, value_name = "FILE|-")]
    catalog: Option<PathBuf>,
}

pub(crate) fn run(command: &Command, context: &Context) -> Result<Outcome, Failure> {
    let Command::Test(args) = command;
    let claims = claims(&args.claims)?;
    let document = match &args.catalog {
        Some(path) => match catalog::good(path, context)? {
            Some(document) => document,
            None => return Ok(Outcome::No),
        },
        None => context.api()?.get("/catalog").send()?.read()?,
    };
    let catalog = Catalog::stored(&document.to_string())
        .ok_or_else(|| Failure::Unreachable("the catalog is not what this version understands".to_owned()))?;
    let taking = catalog.trusting(&claims);
    if context.out.json {
        context.out.document(&as_document(&catalog, taking, &claims).to_string())?;
    } else {
        print(&catalog, taking, &claims, context)?;
    }
    Ok(if taking.is_some() { Outcome::Done } else { Outcome::No })
}

/// Claims as they are, or those of a JWT.
fn claims(path: &Path) -> Result<ClaimSet, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::usage(format!("--claims {}: {error}", path.display()));
    let text = input::text(path, "--claims")?;
    let text = input::without_mark(&text);
    let mut parts = text.trim().split('.');
    let json = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(_), Some(claims), Some(_), None) if !text.trim_start().starts_with('{') => {
            URL_SAFE_NO_PAD.decode(claims).map_err(|_| wrong(&"it is neither a JSON object nor an ID token"))?
        }
        _ => text.as_bytes().to_vec(),
    };
    // Nothing of it is repeated: there may be a whole ID token in it.
    let claims = unique_object(&json).ok_or_else(|| wrong(&"not a JSON object, or a name is given twice"))?;
    jti(&claims).map_err(|invalid| wrong(&invalid))?;
    Ok(claims)
}

fn as_document(catalog: &Catalog, taking: Option<&TrustRule>, claims: &ClaimSet) -> Value {
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
    })
}

fn print(catalog: &Catalog, taking: Option<&TrustRule>, claims: &ClaimSet, context: &Context) -> Result<(), Failure> {
    let out = &context.out;
    if out.quiet {
        return taking.map_or(Ok(()), |rule| out.line(rule.name.as_str()));
    }
    if let Some(rule) = taking {
        out.facts(&[
            ("rule", rule.name.to_string()),
            ("via", via(claims).to_string()),
            ("may", view::grants(&Grant::all(&rule.grants))),
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
    out.note("Signature and times were not looked at: the service does, at the exchange.");
    Ok(())
}
