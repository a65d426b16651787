//! Trust rules: which CI jobs may exchange their identity for a token, and what it may do.
//!
//! A CI system gives each job an ID token, a JWT that names the job's repository, branch and environment. A
//! rule specifies the issuer, the audience, and conditions on these claims. A job that meets all of them may
//! exchange its ID token ([RFC 8693](https://www.rfc-editor.org/rfc/rfc8693)) for a token with the rule's
//! grants.
//!
//! | module | contents |
//! | --- | --- |
//! | `claims` | values of an identity's claims |
//! | `claim_pattern` | patterns that claims have to match |
//! | `shared_issuers` | issuers that anyone can get an identity from, and the claims that pin an owner |
//! | `document` | reading and writing a rule as JSON |
//! | `validate` | validation of the rules as a whole |
//!
//! Claims that come here were already verified, including signature and times.

mod claim_pattern;
mod claims;
mod document;
mod shared_issuers;
mod validate;

use std::collections::BTreeMap;
use std::fmt;

use super::Catalog;
use crate::grants::Grants;
use crate::text::{OwnerId, TokenName};
use crate::validation::{ValidationError, validated_string};

use claims::texts;

pub use claim_pattern::ClaimPattern;
pub use claims::ClaimSet;
pub use shared_issuers::via;

/// Maximum lifetime of a token issued by an exchange, in seconds.
pub const MAX_EXCHANGED_SECONDS: u32 = 15 * 60;
/// Minimum lifetime that a rule may set, in seconds.
const MIN_SECONDS: u32 = 60;

/// A trust rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRule {
    /// Name of the rule and of its tokens.
    pub name: TrustRuleName,
    /// Required `iss` of the identity, compared exactly.
    pub issuer: String,
    /// Required entry of the identity's `aud`, compared exactly.
    pub audience: String,
    /// Conditions: each of these claims has to match one of its patterns.
    pub claims: BTreeMap<String, Vec<ClaimPattern>>,
    /// Grants of the rule's tokens.
    pub grants: Grants,
    /// Lifetime of the rule's tokens, in seconds.
    pub lifetime_seconds: u32,
}

/// A rule's name: a lower-case letter or digit, then up to 63 of `a-z`, `0-9`, `-`, `.` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrustRuleName(String);

/// A condition that an identity does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmetCondition {
    /// Name of the claim.
    pub claim: String,
    /// The accepted patterns.
    pub wanted: Vec<String>,
    /// Values of the claim; empty if it is missing or not text.
    pub found: Vec<String>,
    /// Whether it would match if case were ignored.
    pub only_case: bool,
}

impl Catalog {
    /// The trust rules, in the order of the document.
    #[must_use]
    pub fn trust(&self) -> &[TrustRule] {
        &self.trust
    }

    /// The first rule that matches the identity.
    #[must_use]
    pub fn matching_trust_rule(&self, claims: &ClaimSet) -> Option<&TrustRule> {
        self.trust.iter().find(|rule| rule.mismatches(claims).is_empty())
    }

    /// Rules that may match an identity which, under the previous catalog, matched another rule or none. The
    /// caller who writes this catalog must hold what these rules grant.
    pub fn new_trust_rules<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = TrustGain<'a>> {
        self.trust.iter().enumerate().filter_map(|(at, rule)| {
            let Some(place) = before.trust.iter().position(|it| it == rule) else {
                return Some(TrustGain { at, rule, from: None });
            };
            let earlier = self.trust.get(..at).unwrap_or_default();
            // An unchanged earlier rule still matches the same identities.
            let mut lost = before.trust.iter().take(place).filter(|it| it.overlaps(rule) && !earlier.contains(it));
            lost.next().map(|from| TrustGain { at, rule, from: Some(&from.name) })
        })
    }
}

/// A rule that may match more identities than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustGain<'a> {
    /// Index of the rule, from 0.
    pub at: usize,
    /// The rule.
    pub rule: &'a TrustRule,
    /// If the previous catalog has the same rule: a rule that came before it there, could match the same
    /// identity, and was changed, moved behind it or removed.
    pub from: Option<&'a TrustRuleName>,
}

impl TrustRule {
    /// Whether an identity can match both rules. Claims that may be lists and the audience are not compared,
    /// because one identity may have several values of each.
    fn overlaps(&self, other: &Self) -> bool {
        let apart = |(claim, patterns): (&String, &Vec<ClaimPattern>)| {
            let others = other.claims.get(claim).filter(|_| shared_issuers::is_single(&self.issuer, claim));
            others.is_some_and(|others| !patterns.iter().any(|one| others.iter().any(|other| one.overlaps(other))))
        };
        self.issuer == other.issuer && !self.claims.iter().any(apart)
    }

    /// The conditions that an identity does not meet; empty if the rule matches.
    #[must_use]
    pub fn mismatches(&self, claims: &ClaimSet) -> Vec<UnmetCondition> {
        let exactly = [("iss", &self.issuer), ("aud", &self.audience)].map(|(claim, wanted)| {
            let found = texts(claims.get(claim));
            let only_case = found.iter().any(|text| text.eq_ignore_ascii_case(wanted));
            (!found.contains(wanted)).then(|| UnmetCondition {
                claim: claim.to_owned(),
                wanted: vec![wanted.clone()],
                found,
                only_case,
            })
        });
        let conditions = self.claims.iter().map(|(claim, patterns)| {
            let found = texts(claims.get(claim));
            let met = found.iter().any(|text| patterns.iter().any(|pattern| pattern.matches(text)));
            let wanted = || patterns.iter().map(ToString::to_string).collect();
            let without_case = |text: &String| patterns.iter().any(|pattern| pattern.matches_without_case(text));
            let only_case = found.iter().any(without_case);
            (!met).then(|| UnmetCondition { claim: claim.clone(), wanted: wanted(), found, only_case })
        });
        exactly.into_iter().chain(conditions).flatten().collect()
    }

    /// Owner of the rule's tokens: the rule itself.
    #[must_use]
    pub fn owner(&self) -> Option<OwnerId> {
        OwnerId::from_stored(&format!("trust:{}", self.name))
    }

    /// Name of the rule's tokens.
    #[must_use]
    pub fn token_name(&self) -> Option<TokenName> {
        TokenName::from_stored(self.name.as_str())
    }
}

impl fmt::Display for UnmetCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |texts: &[String]| texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>();
        let wanted = quoted(&self.wanted).join(" or ");
        if self.found.is_empty() {
            write!(f, "{} is missing; expected {wanted}", self.claim)
        } else {
            write!(f, "{} is {}; expected {wanted}", self.claim, quoted(&self.found).join(", "))?;
            if self.only_case { f.write_str(" (only the case differs)") } else { Ok(()) }
        }
    }
}

validated_string!(TrustRuleName);

impl std::str::FromStr for TrustRuleName {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        let small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let good = (1..=64).contains(&text.len())
            && text.bytes().next().is_some_and(small)
            && text.bytes().all(|byte| small(byte) || matches!(byte, b'-' | b'.' | b'_'));
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValidationError::new(
                "must be a lower-case letter or digit and then at most 63 of a-z, 0-9, '-', '.' and '_'",
            ))
        }
    }
}

#[cfg(test)]
mod tests;
