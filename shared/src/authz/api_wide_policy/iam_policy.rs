//! One policy for the whole API: all that a principal may do there, in IAM's patterns.
//!
//! What it allows it says exactly, and nothing is subtracted from that: a path has several
//! spellings, and one that a `Deny` misses would be let in. Its `Deny` is a guard of another
//! kind, against paths that nobody may send because two programs could read them
//! differently.
//!
//! To the request that causes it, it gives the answer of the decision, whatever its path.

use serde_json::{Value, json};

use super::CompileError;
use super::arn_pattern::{is_literal, matches};
use super::regions::{AllowedPaths, Extent, Region};
use super::spellings::spellings;
use crate::authz::request_arn::{Arn, MAX_ARN_LENGTH};

/// What refused paths hold: dots as names, empty names, backward slashes, `;`; escapes of
/// those, of `/`, `%`, `*` and `?`, and of control characters; and what is not UTF-8 but
/// reads as one of them to a careless decoder.
///
/// To save room some of them reach a little further than that: they hold back names in which
/// a dot is escaped, the root with a second slash, and names that begin with a blank or three dots or hold
/// fullwidth punctuation or digits.
const GUARD: [&str; 46] = [
    "//*",
    "/./*",
    "/.",
    "/../*",
    "/..",
    "\\*",
    ";*",
    "%2e*",
    "%2E*",
    "%2f*",
    "%2F*",
    "%5c*",
    "%5C*",
    "%3b*",
    "%3B*",
    "%25*",
    "%2a*",
    "%2A*",
    "%3f*",
    "%3F*",
    "%0*",
    "%1*",
    "%7f*",
    "%7F*",
    "%c2%8*",
    "%C2%8*",
    "%c2%9*",
    "%C2%9*",
    "%c0*",
    "%C0*",
    "%c1*",
    "%C1*",
    "%e0%8*",
    "%E0%8*",
    "%f0%8*",
    "%F0%8*",
    // Names of dots or blanks alone; blanks and dots of other kinds; fullwidth forms of `/`, `.`, `;`, `?`.
    "/...*",
    "/%20*",
    "%e2%80%8*",
    "%E2%80%8*",
    "%e2%80%a*",
    "%E2%80%A*",
    "%ef%bc%8*",
    "%EF%BC%8*",
    "%ef%bc%9*",
    "%EF%BC%9*",
];

/// Patterns, of which one that denies wins over any that allow.
#[derive(Debug)]
pub struct ApiWidePolicy {
    allow: Vec<String>,
    deny: Vec<String>,
    /// Every request to the API's stage.
    whole: String,
}

impl ApiWidePolicy {
    /// What is allowed, on the API and stage of this ARN.
    ///
    /// # Errors
    /// When a pattern would be longer than a policy's may be.
    pub(super) fn of(allowed: &AllowedPaths, arn: &Arn<'_>) -> Result<Self, CompileError> {
        let whole = format!("{}*", arn.stage());
        let allow: Vec<_> = match allowed {
            AllowedPaths::Everything => vec![whole.clone()],
            AllowedPaths::Regions(regions) => regions.iter().flat_map(|region| patterns(region, arn)).collect(),
        };
        if allow.iter().any(|pattern| pattern.len() > MAX_ARN_LENGTH) {
            return Err(CompileError::LongPattern);
        }
        // Paths that are named in full need no guard.
        let guarded = allow.iter().any(|pattern| !is_literal(pattern));
        let guard = |part: &&str| format!("{}:*:*:*{part}", arn.service());
        let deny = if guarded { GUARD.iter().map(guard).collect() } else { Vec::new() };
        Ok(Self { allow, deny, whole })
    }

    /// Makes sure that the request of this ARN is answered as it was decided.
    ///
    /// # Errors
    /// When it is allowed, and saying so would open more.
    pub(super) fn settle(&mut self, arn: &Arn<'_>, allowed: bool) -> Result<(), CompileError> {
        match (allowed, self.allows(arn.text)) {
            (true, false) if self.denies(arn.text) || !is_literal(arn.text) => Err(CompileError::Guarded),
            // A spelling of an allowed path that is not among the usual ones.
            (true, false) => {
                self.allow.push(arn.text.to_owned());
                Ok(())
            }
            // A malformed path that no guard can name.
            (false, true) => {
                self.deny.push(arn.alone());
                Ok(())
            }
            (true, true) | (false, false) => Ok(()),
        }
    }

    pub(super) fn allows(&self, arn: &str) -> bool {
        self.allow.iter().any(|pattern| matches(pattern, arn)) && !self.denies(arn)
    }

    fn denies(&self, arn: &str) -> bool {
        self.deny.iter().any(|pattern| matches(pattern, arn))
    }

    /// As IAM writes it.
    #[must_use]
    pub fn document(&self) -> Value {
        let statement = |effect: &str, resource: Value| json!({ "Action": "execute-api:Invoke", "Effect": effect, "Resource": resource });
        let mut statements = Vec::new();
        if self.allow.is_empty() {
            statements.push(statement("Deny", json!([self.whole])));
        } else {
            statements.push(statement("Allow", json!(self.allow)));
            if !self.deny.is_empty() {
                statements.push(statement("Deny", json!(self.deny)));
            }
        }
        json!({ "Version": "2012-10-17", "Statement": statements })
    }
}

/// The patterns of a region, in each of its usual spellings. A slash at the end of a path
/// makes no difference to the decision, and HTTP APIs leave the root's away.
fn patterns(region: &Region, arn: &Arn<'_>) -> Vec<String> {
    let paths = spellings(&region.names).into_iter().filter(|path| is_literal(path));
    let patterns = paths.flat_map(|path| {
        let path = if path.is_empty() { path } else { format!("/{path}") };
        let it = format!("{}{}{path}", arn.stage(), region.method);
        match region.extent {
            Extent::Exact => vec![it.clone(), format!("{it}/")],
            Extent::Tree => vec![it.clone(), format!("{it}/*")],
            Extent::Below => vec![format!("{it}/?*")],
        }
    });
    patterns.collect()
}

#[cfg(test)]
mod tests;
