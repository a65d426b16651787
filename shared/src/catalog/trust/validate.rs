//! Validation of the trust rules, beyond the form of their parts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::shared_issuers::SharedIssuer;
use super::{ClaimPattern, TrustRuleName};
use crate::catalog::limits::{MAX_CLAIMS, MAX_PATTERNS, elements, entries};
use crate::catalog::validate::{check_count, check_permission_syntax, permissions, texts};
use crate::catalog::{Catalog, CatalogIssue};
use crate::grants::{MAX_GRANTS, MAX_PERMISSIONS, MAX_RESOURCES, Resource};
use crate::https_url::Url;
use crate::text::{contains_credential, name_issues, unprintable};

const MAX_CLAIM_LENGTH: usize = 100;
const MAX_TEXT_LENGTH: usize = 512;

/// Claims that are verified before the rules are evaluated.
const VERIFIED: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

impl Catalog {
    pub(in crate::catalog) fn check_trust(&self, rules: Option<&Value>, issues: &mut Vec<CatalogIssue>) {
        let mut names = BTreeSet::new();
        for (at, rule) in elements(rules).enumerate() {
            let path = format!("trust[{at}]");
            if let Some(name) = rule.get("name").and_then(Value::as_str)
                && !names.insert(name)
            {
                issues.push(CatalogIssue::of_text(format!("{path}.name"), name, "duplicate rule name"));
            }
            self.check_rule(&path, rule, issues);
        }
    }

    fn check_rule(&self, path: &str, rule: &Value, issues: &mut Vec<CatalogIssue>) {
        let at = |field: &str| format!("{path}.{field}");
        let text = |field: &str| rule.get(field).and_then(Value::as_str);
        if let Some(name) = text("name")
            && let Err(invalid) = name.parse::<TrustRuleName>()
        {
            issues.push(CatalogIssue::of_text(at("name"), name, invalid.0));
        }
        if let Some(issuer) = text("issuer") {
            if !is_issuer(issuer) {
                let message = "must be an https URL of at most 512 characters without a query, exactly as in the iss claim of its tokens; http only on a loopback address";
                issues.push(CatalogIssue::of_text(at("issuer"), issuer, message));
            } else if let Some(meant) = SharedIssuer::did_you_mean(issuer) {
                let message = format!("must be exactly {meant}, as in the iss claim of its tokens");
                issues.push(CatalogIssue::of_text(at("issuer"), issuer, message));
            }
        }
        if let Some(audience) = text("audience") {
            check_text(&at("audience"), audience, MAX_TEXT_LENGTH, issues);
        }
        if let Some(claims) = rule.get("claims").filter(|claims| claims.is_object()) {
            conditions(&at("claims"), text("issuer"), claims, issues);
        }
        let grants = rule.get("grants");
        if grants.is_some() {
            check_count(&at("grants"), grants, MAX_GRANTS, issues);
        }
        for (number, grant) in elements(grants).enumerate().filter(|(_, grant)| grant.is_object()) {
            let at = |field: &str| format!("{path}.grants[{number}].{field}");
            let (listed, resources) = (grant.get("permissions"), grant.get("resources"));
            check_count(&at("permissions"), listed, MAX_PERMISSIONS, issues);
            if resources.is_some() {
                check_count(&at("resources"), resources, MAX_RESOURCES, issues);
            }
            for (path, permission) in permissions(&at("permissions"), listed) {
                check_permission_syntax(&path, &permission, issues);
                if !self.is_grantable(&permission) {
                    self.check_known(path, &permission, issues);
                }
            }
            for (path, text) in texts(&at("resources"), resources) {
                if let Err(invalid) = text.parse::<Resource>() {
                    issues.push(CatalogIssue::of_text(path, text, invalid.0));
                }
            }
        }
    }
}

fn conditions(path: &str, issuer: Option<&str>, claims: &Value, issues: &mut Vec<CatalogIssue>) {
    check_count(path, Some(claims), MAX_CLAIMS, issues);
    for (claim, value) in entries(Some(claims)) {
        let path = format!("{path}.{claim}");
        check_text(&path, claim, MAX_CLAIM_LENGTH, issues);
        if VERIFIED.contains(&claim.as_str()) {
            issues.push(CatalogIssue::new(
                &path,
                "is always verified; use the rule's issuer and audience fields instead",
            ));
        }
        match value {
            Value::String(text) => check_text(&path, text, MAX_TEXT_LENGTH, issues),
            list @ Value::Array(_) => {
                check_count(&path, Some(list), MAX_PATTERNS, issues);
                texts(&path, Some(list)).for_each(|(path, text)| check_text(&path, text, MAX_TEXT_LENGTH, issues));
            }
            // Reading the document already recorded an issue.
            _ => {}
        }
    }
    let patterns = |value: &Value| match value {
        Value::String(text) => vec![ClaimPattern::new(text)],
        list => elements(Some(list)).filter_map(Value::as_str).map(ClaimPattern::new).collect(),
    };
    let named =
        |shared: &SharedIssuer| entries(Some(claims)).any(|(claim, value)| shared.pins_owner(claim, &patterns(value)));
    if let Some(shared) = issuer.and_then(SharedIssuer::find).filter(|shared| !named(shared)) {
        let message = format!(
            "must pin the owner, because anyone can get an identity from this issuer: set {}, without a wildcard in the owner",
            shared.owner_claims
        );
        issues.push(CatalogIssue::of_value(path, claims, message));
    }
}

/// Checks the length and characters of a claim's name, a claim's value or an audience.
fn check_text(path: &str, text: &str, longest: usize, issues: &mut Vec<CatalogIssue>) {
    if !is_text(text, longest) {
        issues.push(CatalogIssue::of_text(path, text, format!("must be 1 to {longest} printable characters")));
    }
    issues.extend(name_issues(text).map(|issue| CatalogIssue::of_text(path, text, issue)));
}

fn is_issuer(text: &str) -> bool {
    is_text(text, MAX_TEXT_LENGTH)
        && !contains_credential(text)
        && !text.contains(['?', '#'])
        && Url::parse(text).is_some()
}

fn is_text(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.chars().count()) && !text.chars().any(unprintable)
}
