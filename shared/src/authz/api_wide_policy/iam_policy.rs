//! The API-wide policy: everything that a principal may do on an API, as IAM patterns.
//!
//! The `Allow` patterns express the grants exactly. No `Deny` narrows them, because a path has several
//! spellings and a `Deny` could miss one. The `Deny` statement only guards against ambiguous paths, which two
//! programs could read differently.
//!
//! For the request that causes it, the policy always gives the decision made on that request.

use serde_json::{Value, json};

use super::CompileError;
use super::arn_pattern::{is_literal, matches};
use super::percent_encodings::percent_encodings;
use super::regions::{AllowedPaths, Extent, Region};
use crate::authz::request_arn::{Arn, MAX_ARN_LENGTH};

/// Parts of ambiguous paths: dot segments, empty segments, backslashes, `;`; escapes of those, of `/`, `%`, `*`
/// and `?`, and of control characters; invalid UTF-8 that a careless decoder reads as one of them.
///
/// To save space, some patterns deny slightly more: segments with an escaped dot, the root with a second slash,
/// and segments that begin with a blank or three dots or contain fullwidth punctuation or digits.
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
    // Segments of dots or blanks only; other kinds of blanks and dots; fullwidth `/`, `.`, `;`, `?`.
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

/// An IAM policy of patterns; `deny` takes precedence over `allow`.
#[derive(Debug)]
pub struct ApiWidePolicy {
    allow: Vec<String>,
    deny: Vec<String>,
    /// Pattern of every request to the API's stage.
    whole: String,
}

impl ApiWidePolicy {
    /// Builds the policy for the API and stage of this ARN.
    ///
    /// # Errors
    /// When a pattern would exceed the maximum length.
    pub(super) fn new(allowed: &AllowedPaths, arn: &Arn<'_>) -> Result<Self, CompileError> {
        let whole = format!("{}*", arn.stage());
        let allow: Vec<_> = match allowed {
            AllowedPaths::Everything => vec![whole.clone()],
            AllowedPaths::Regions(regions) => regions.iter().flat_map(|region| patterns(region, arn)).collect(),
        };
        if allow.iter().any(|pattern| pattern.len() > MAX_ARN_LENGTH) {
            return Err(CompileError::LongPattern);
        }
        // Literal paths need no guard.
        let guarded = allow.iter().any(|pattern| !is_literal(pattern));
        let guard = |part: &&str| format!("{}:*:*:*{part}", arn.service());
        let deny = if guarded { GUARD.iter().map(guard).collect() } else { Vec::new() };
        Ok(Self { allow, deny, whole })
    }

    /// Adjusts the policy so that it gives the request of this ARN its decision.
    ///
    /// # Errors
    /// When the request is allowed but allowing it would also allow others.
    pub(super) fn pin_request(&mut self, arn: &Arn<'_>, allowed: bool) -> Result<(), CompileError> {
        match (allowed, self.allows(arn.text)) {
            (true, false) if self.denies(arn.text) || !is_literal(arn.text) => Err(CompileError::Guarded),
            // An unusual spelling of an allowed path.
            (true, false) => {
                self.allow.push(arn.text.to_owned());
                Ok(())
            }
            // An ambiguous path that the guard does not catch.
            (false, true) => {
                self.deny.push(arn.exact_pattern());
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

    /// The policy document in IAM's JSON form.
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

/// The patterns of a region, in each usual spelling. A trailing slash does not change the decision, and HTTP
/// APIs omit the root's slash.
fn patterns(region: &Region, arn: &Arn<'_>) -> Vec<String> {
    let paths = percent_encodings(&region.names).into_iter().filter(|path| is_literal(path));
    let patterns = paths.flat_map(|path| {
        let path = if path.is_empty() { path } else { format!("/{path}") };
        let it = format!("{}{}{path}", arn.stage(), region.method);
        match region.extent {
            Extent::Exact => vec![it.clone(), format!("{it}/")],
            Extent::Subtree => vec![it.clone(), format!("{it}/*")],
            Extent::Descendants => vec![format!("{it}/?*")],
        }
    });
    patterns.collect()
}

#[cfg(test)]
mod tests;
