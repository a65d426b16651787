//! Trust rules: which identities of CI systems get a token for a job, and what it may do.
//!
//! A CI system gives each of its jobs an ID token, a JWT that says which repository, branch and
//! environment the job is for. A rule names the issuer, the audience, and conditions on these
//! claims; a job whose identity meets all of them may exchange it
//! ([RFC 8693](https://www.rfc-editor.org/rfc/rfc8693)) for a token with the rule's grants.
//!
//! | module | is |
//! | --- | --- |
//! | `claims` | what the claims of an identity say |
//! | `claim_pattern` | what a claim may be: a text with `*` in it |
//! | `shared_issuers` | issuers that sign for everybody, and what names an identity of theirs |
//! | `document` | a rule as JSON |
//! | `validate` | what has to hold of the rules as a whole |
//!
//! Signatures and times are not looked at here: the claims that come in were verified.

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

/// The longest life of a token that was exchanged for an identity, in seconds.
pub const MAX_EXCHANGED_SECONDS: u32 = 15 * 60;
/// The shortest one that a rule may give.
const MIN_SECONDS: u32 = 60;

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRule {
    /// What people call it, and what its tokens are called.
    pub name: TrustRuleName,
    /// The `iss` of the identities that it is for, exactly.
    pub issuer: String,
    /// What their `aud` has to hold, exactly.
    pub audience: String,
    /// What each of these claims has to be: one of the patterns.
    pub claims: BTreeMap<String, Vec<ClaimPattern>>,
    /// What its tokens may do.
    pub grants: Grants,
    /// How long they live.
    pub lifetime_seconds: u32,
}

/// A rule's name: a lower-case letter or digit, then up to 63 of `a-z`, `0-9`, `-`, `.` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrustRuleName(String);

/// A condition that an identity does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmetCondition {
    /// The claim that it is about.
    pub claim: String,
    /// What would do.
    pub wanted: Vec<String>,
    /// What it is; nothing where the identity has no such claim, or one that is no text.
    pub found: Vec<String>,
    /// Whether it would do if upper and lower case were the same.
    pub only_case: bool,
}

impl Catalog {
    /// The trust rules, in the order in which they were written.
    #[must_use]
    pub fn trust(&self) -> &[TrustRule] {
        &self.trust
    }

    /// The rule that an identity is taken by: the first whose conditions it meets.
    #[must_use]
    pub fn matching_trust_rule(&self, claims: &ClaimSet) -> Option<&TrustRule> {
        self.trust.iter().find(|rule| rule.mismatches(claims).is_empty())
    }

    /// The rules that may take an identity which the catalog before gave to another rule or to none.
    /// The writer of this catalog must have what these rules grant.
    pub fn new_trust_rules<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = TrustGain<'a>> {
        self.trust.iter().enumerate().filter_map(|(at, rule)| {
            let Some(place) = before.trust.iter().position(|it| it == rule) else {
                return Some(TrustGain { at, rule, from: None });
            };
            let earlier = self.trust.get(..at).unwrap_or_default();
            // A rule before it that is as it was still takes the identities that it took.
            let mut lost = before.trust.iter().take(place).filter(|it| it.meets(rule) && !earlier.contains(it));
            lost.next().map(|from| TrustGain { at, rule, from: Some(&from.name) })
        })
    }
}

/// A rule that may take more identities than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustGain<'a> {
    /// Its place among the rules, counted from 0.
    pub at: usize,
    /// The rule.
    pub rule: &'a TrustRule,
    /// For a rule that the catalog before had too: a rule that stood before it there, could take the
    /// same identity, and was changed, moved behind it or removed.
    pub from: Option<&'a TrustRuleName>,
}

impl TrustRule {
    /// Whether there can be an identity that meets the conditions of both. A claim that may be a list
    /// tells none apart, nor does the audience, as one identity may have several of each.
    fn meets(&self, other: &Self) -> bool {
        let apart = |(claim, patterns): (&String, &Vec<ClaimPattern>)| {
            let others = other.claims.get(claim).filter(|_| shared_issuers::is_single(&self.issuer, claim));
            others.is_some_and(|others| !patterns.iter().any(|one| others.iter().any(|other| one.meets(other))))
        };
        self.issuer == other.issuer && !self.claims.iter().any(apart)
    }

    /// The conditions that an identity does not meet; none where the rule takes it.
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

    /// Whom its tokens belong to: itself.
    #[must_use]
    pub fn owner(&self) -> Option<OwnerId> {
        OwnerId::from_stored(&format!("trust:{}", self.name))
    }

    /// What its tokens are called.
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
            write!(f, "{} is not there, and has to be {wanted}", self.claim)
        } else {
            write!(f, "{} is {}, and has to be {wanted}", self.claim, quoted(&self.found).join(", "))?;
            if self.only_case { f.write_str(" (only upper and lower case differ)") } else { Ok(()) }
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
