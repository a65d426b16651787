//! What has to hold of the trust rules, beyond the form of their parts.

use super::shared_issuers::Shared;
use super::{RuleName, TrustRule};
use crate::catalog::limits::{MAX_CLAIMS, MAX_PATTERNS};
use crate::catalog::validate::form;
use crate::catalog::{Catalog, Flaw};
use crate::grants::{MOST_GRANTS, MOST_PERMISSIONS, MOST_RESOURCES, Resource};
use crate::https_url::Url;
use crate::text::{CREDENTIAL, OUTER_SPACE, contains_credential, has_outer_space, unprintable};

const LONGEST_CLAIM: usize = 100;
const LONGEST_TEXT: usize = 512;

/// What an identity is verified by before any rule is asked.
const VERIFIED: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

impl Catalog {
    /// `places` says where each of the rules stands: those that could not be read are missing
    /// here.
    pub(in crate::catalog) fn check_trust(&self, places: &[usize], flaws: &mut Vec<Flaw>) {
        for (at, (rule, place)) in self.trust.iter().zip(places).enumerate() {
            let place = format!("trust[{place}]");
            if self.trust.iter().take(at).any(|before| before.name == rule.name) {
                flaws.push(Flaw::of_text(
                    format!("{place}.name"),
                    rule.name.as_str(),
                    "is the name of another rule too",
                ));
            }
            self.check_rule(&place, rule, flaws);
        }
    }

    fn check_rule(&self, place: &str, rule: &TrustRule, flaws: &mut Vec<Flaw>) {
        let at = |field: &str| format!("{place}.{field}");
        if let Err(invalid) = rule.name.as_str().parse::<RuleName>() {
            flaws.push(Flaw::of_text(at("name"), rule.name.as_str(), invalid.0));
        }
        if !is_issuer(&rule.issuer) {
            let message = "must be an https URL of at most 512 characters without a query, exactly as the issuer's tokens have it in iss; http only on a loopback address";
            flaws.push(Flaw::of_text(at("issuer"), &rule.issuer, message));
        } else if let Some(meant) = Shared::meant_by(&rule.issuer) {
            flaws.push(Flaw::of_text(
                at("issuer"),
                &rule.issuer,
                format!("must be {meant}, letter by letter, as its tokens have it in iss"),
            ));
        }
        if !is_text(&rule.audience, LONGEST_TEXT) {
            let message = format!("must be 1 to {LONGEST_TEXT} printable characters without an API token or a JWT");
            flaws.push(Flaw::of_text(at("audience"), &rule.audience, message));
        }
        if has_outer_space(&rule.audience) {
            flaws.push(Flaw::new(at("audience"), OUTER_SPACE));
        }
        conditions(&at("claims"), rule, flaws);
        count(&at("grants"), rule.grants.iter().len(), MOST_GRANTS, flaws);
        for (number, grant) in rule.grants.iter().enumerate() {
            let place = format!("{place}.grants[{number}]");
            count(&format!("{place}.permissions"), grant.permissions.len(), MOST_PERMISSIONS, flaws);
            count(&format!("{place}.resources"), grant.resources.len(), MOST_RESOURCES, flaws);
            for (at, permission) in grant.permissions.iter().enumerate() {
                let place = format!("{place}.permissions[{at}]");
                form(&place, permission, flaws);
                if !self.may_grant(permission) {
                    self.known(place, permission, flaws);
                }
            }
            for (at, resource) in grant.resources.iter().enumerate() {
                if let Err(invalid) = resource.to_string().parse::<Resource>() {
                    flaws.push(Flaw::of_text(format!("{place}.resources[{at}]"), &resource.to_string(), invalid.0));
                }
            }
        }
    }
}

fn conditions(place: &str, rule: &TrustRule, flaws: &mut Vec<Flaw>) {
    count(place, rule.claims.len(), MAX_CLAIMS, flaws);
    for (claim, patterns) in &rule.claims {
        let place = format!("{place}.{claim}");
        if !is_text(claim, LONGEST_CLAIM) {
            flaws.push(Flaw::new(
                &place,
                format!("must be a claim's name of 1 to {LONGEST_CLAIM} printable characters"),
            ));
        }
        if VERIFIED.contains(&claim.as_str()) {
            flaws.push(Flaw::new(&place, "is looked at anyway: the issuer and the audience are fields of the rule"));
        }
        count(&place, patterns.len(), MAX_PATTERNS, flaws);
        if !patterns.iter().all(|pattern| is_text(pattern.as_str(), LONGEST_TEXT)) {
            flaws.push(Flaw::new(&place, format!("must be texts of 1 to {LONGEST_TEXT} printable characters")));
        }
        if patterns.iter().any(|pattern| has_outer_space(pattern.as_str())) || has_outer_space(claim) {
            flaws.push(Flaw::new(&place, OUTER_SPACE));
        }
        if patterns.iter().any(|pattern| contains_credential(pattern.as_str())) {
            flaws.push(Flaw::new(&place, CREDENTIAL));
        }
    }
    let named = |shared: &Shared| rule.claims.iter().any(|(claim, patterns)| shared.is_named_by(claim, patterns));
    if let Some(shared) = Shared::of(&rule.issuer).filter(|shared| !named(shared)) {
        let message = format!(
            "must say whose identities are meant, as everybody can have one of this issuer: name {}, without a wildcard in the owner",
            shared.naming
        );
        flaws.push(Flaw::new(place, message));
    }
}

fn count(place: &str, count: usize, most: usize, flaws: &mut Vec<Flaw>) {
    if !(1..=most).contains(&count) {
        flaws.push(Flaw::new(place, format!("must have 1 to {most} entries; it has {count}")));
    }
}

fn is_issuer(text: &str) -> bool {
    is_text(text, LONGEST_TEXT) && !text.contains(['?', '#']) && Url::parse(text).is_some()
}

fn is_text(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.chars().count()) && !text.chars().any(unprintable) && !contains_credential(text)
}
