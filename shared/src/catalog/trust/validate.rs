//! What has to hold of the trust rules, beyond the form of their parts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::shared_issuers::SharedIssuer;
use super::{ClaimPattern, TrustRuleName};
use crate::catalog::limits::{MAX_CLAIMS, MAX_PATTERNS, elements, entries};
use crate::catalog::validate::{count, form, permissions, texts};
use crate::catalog::{Catalog, CatalogIssue};
use crate::grants::{MAX_GRANTS, MAX_PERMISSIONS, MAX_RESOURCES, Resource};
use crate::https_url::Url;
use crate::text::{contains_credential, name_flaws, unprintable};

const MAX_CLAIM_LENGTH: usize = 100;
const MAX_TEXT_LENGTH: usize = 512;

/// What an identity is verified by before any rule is asked.
const VERIFIED: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

impl Catalog {
    pub(in crate::catalog) fn check_trust(&self, rules: Option<&Value>, flaws: &mut Vec<CatalogIssue>) {
        let mut names = BTreeSet::new();
        for (at, rule) in elements(rules).enumerate() {
            let place = format!("trust[{at}]");
            if let Some(name) = rule.get("name").and_then(Value::as_str)
                && !names.insert(name)
            {
                flaws.push(CatalogIssue::of_text(format!("{place}.name"), name, "is the name of another rule too"));
            }
            self.check_rule(&place, rule, flaws);
        }
    }

    fn check_rule(&self, place: &str, rule: &Value, flaws: &mut Vec<CatalogIssue>) {
        let at = |field: &str| format!("{place}.{field}");
        let text = |field: &str| rule.get(field).and_then(Value::as_str);
        if let Some(name) = text("name")
            && let Err(invalid) = name.parse::<TrustRuleName>()
        {
            flaws.push(CatalogIssue::of_text(at("name"), name, invalid.0));
        }
        if let Some(issuer) = text("issuer") {
            if !is_issuer(issuer) {
                let message = "must be an https URL of at most 512 characters without a query, exactly as the issuer's tokens have it in iss; http only on a loopback address";
                flaws.push(CatalogIssue::of_text(at("issuer"), issuer, message));
            } else if let Some(meant) = SharedIssuer::meant_by(issuer) {
                let message = format!("must be {meant}, letter by letter, as its tokens have it in iss");
                flaws.push(CatalogIssue::of_text(at("issuer"), issuer, message));
            }
        }
        if let Some(audience) = text("audience") {
            check_text(&at("audience"), audience, MAX_TEXT_LENGTH, flaws);
        }
        if let Some(claims) = rule.get("claims").filter(|claims| claims.is_object()) {
            conditions(&at("claims"), text("issuer"), claims, flaws);
        }
        let grants = rule.get("grants");
        if grants.is_some() {
            count(&at("grants"), grants, MAX_GRANTS, flaws);
        }
        for (number, grant) in elements(grants).enumerate().filter(|(_, grant)| grant.is_object()) {
            let at = |field: &str| format!("{place}.grants[{number}].{field}");
            let (listed, resources) = (grant.get("permissions"), grant.get("resources"));
            count(&at("permissions"), listed, MAX_PERMISSIONS, flaws);
            if resources.is_some() {
                count(&at("resources"), resources, MAX_RESOURCES, flaws);
            }
            for (place, permission) in permissions(&at("permissions"), listed) {
                form(&place, &permission, flaws);
                if !self.is_grantable(&permission) {
                    self.known(place, &permission, flaws);
                }
            }
            for (place, text) in texts(&at("resources"), resources) {
                if let Err(invalid) = text.parse::<Resource>() {
                    flaws.push(CatalogIssue::of_text(place, text, invalid.0));
                }
            }
        }
    }
}

fn conditions(place: &str, issuer: Option<&str>, claims: &Value, flaws: &mut Vec<CatalogIssue>) {
    count(place, Some(claims), MAX_CLAIMS, flaws);
    for (claim, value) in entries(Some(claims)) {
        let place = format!("{place}.{claim}");
        check_text(&place, claim, MAX_CLAIM_LENGTH, flaws);
        if VERIFIED.contains(&claim.as_str()) {
            flaws.push(CatalogIssue::new(
                &place,
                "is looked at anyway: the issuer and the audience are fields of the rule",
            ));
        }
        match value {
            Value::String(text) => check_text(&place, text, MAX_TEXT_LENGTH, flaws),
            list @ Value::Array(_) => {
                count(&place, Some(list), MAX_PATTERNS, flaws);
                texts(&place, Some(list)).for_each(|(place, text)| check_text(&place, text, MAX_TEXT_LENGTH, flaws));
            }
            // It was noted when it was read.
            _ => {}
        }
    }
    let patterns = |value: &Value| match value {
        Value::String(text) => vec![ClaimPattern::new(text)],
        list => elements(Some(list)).filter_map(Value::as_str).map(ClaimPattern::new).collect(),
    };
    let named =
        |shared: &SharedIssuer| entries(Some(claims)).any(|(claim, value)| shared.is_named_by(claim, &patterns(value)));
    if let Some(shared) = issuer.and_then(SharedIssuer::of).filter(|shared| !named(shared)) {
        let message = format!(
            "must say whose identities are meant, as everybody can have one of this issuer: name {}, without a wildcard in the owner",
            shared.naming
        );
        flaws.push(CatalogIssue::of_value(place, claims, message));
    }
}

/// Notes what is wrong with the name of a claim, with what it has to be, or with an audience.
fn check_text(place: &str, text: &str, longest: usize, flaws: &mut Vec<CatalogIssue>) {
    if !is_text(text, longest) {
        flaws.push(CatalogIssue::of_text(place, text, format!("must be 1 to {longest} printable characters")));
    }
    flaws.extend(name_flaws(text).map(|flaw| CatalogIssue::of_text(place, text, flaw)));
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
