//! Issuers from which anyone can get an identity. A rule for one of them has to pin the owner, or it would
//! accept identities of anyone.
//!
//! Sources: [GitHub Actions](https://docs.github.com/en/actions/reference/security/oidc),
//! [GitLab](https://docs.gitlab.com/ci/secrets/id_token_authentication/).

use super::ClaimPattern;
use super::claims::{ClaimSet, texts};
use crate::text::Provenance;

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.com";

/// An issuer that issues identities to anyone.
pub(super) struct SharedIssuer {
    /// The claims of which a rule has to set one, for messages.
    pub(super) owner_claims: &'static str,
    names: fn(&str, &ClaimPattern) -> bool,
    /// Claims that are always a single string.
    single: &'static [&'static str],
}

impl SharedIssuer {
    /// The issuer if it is one of these.
    pub(super) fn find(issuer: &str) -> Option<Self> {
        match issuer {
            GITHUB => Some(Self {
                owner_claims: "repository, repository_id, repository_owner, repository_owner_id, workflow_ref or sub (repo:owner/…)",
                names: names_on_github,
                single: &[
                    "environment",
                    "ref",
                    "repository",
                    "repository_id",
                    "repository_owner",
                    "repository_owner_id",
                    "workflow_ref",
                ],
            }),
            GITLAB => Some(Self {
                owner_claims: "project_path, project_id, namespace_path, namespace_id or sub (project_path:group/…)",
                names: names_on_gitlab,
                single: &["environment", "namespace_id", "namespace_path", "project_id", "project_path", "ref"],
            }),
            _ => None,
        }
    }

    /// The issuer that was probably meant by a misspelled one.
    pub(super) fn did_you_mean(issuer: &str) -> Option<&'static str> {
        let plain = issuer.trim_end_matches('/').to_ascii_lowercase();
        let plain = plain.strip_suffix(":443").unwrap_or(&plain);
        [GITHUB, GITLAB].into_iter().find(|known| *known == plain && *known != issuer)
    }

    /// Whether a condition pins the owner, whatever its wildcards match.
    pub(super) fn pins_owner(&self, claim: &str, patterns: &[ClaimPattern]) -> bool {
        !patterns.is_empty() && patterns.iter().all(|pattern| (self.names)(claim, pattern))
    }
}

/// Whether a claim of an issuer's identities is always a single string. `sub` is, by
/// [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.2).
pub(super) fn is_single(issuer: &str, claim: &str) -> bool {
    claim == "sub" || SharedIssuer::find(issuer).is_some_and(|shared| shared.single.contains(&claim))
}

/// `job_workflow_ref` is missing on purpose: anyone may call another owner's reusable workflow.
fn names_on_github(claim: &str, pattern: &ClaimPattern) -> bool {
    match claim {
        "repository_owner" | "repository_id" | "repository_owner_id" => is_whole(pattern),
        "repository" | "workflow_ref" => has_owner(pattern.literal_start()),
        "sub" => pattern.literal_start().strip_prefix("repo:").is_some_and(has_owner),
        _ => false,
    }
}

fn names_on_gitlab(claim: &str, pattern: &ClaimPattern) -> bool {
    match claim {
        "project_id" | "namespace_id" => is_whole(pattern),
        "namespace_path" => is_whole(pattern) || has_owner(pattern.literal_start()),
        "project_path" => has_owner(pattern.literal_start()),
        "sub" => pattern.literal_start().strip_prefix("project_path:").is_some_and(has_owner),
        _ => false,
    }
}

fn is_whole(pattern: &ClaimPattern) -> bool {
    !pattern.as_str().is_empty() && pattern.literal_start() == pattern.as_str()
}

/// `acme/`: a complete first name with its slash.
fn has_owner(text: &str) -> bool {
    text.split_once('/').is_some_and(|(owner, _)| !owner.is_empty())
}

/// Short form of the identity that was exchanged: `github:acme/billing@refs/heads/main`.
#[must_use]
pub fn via(claims: &ClaimSet) -> Provenance {
    let claim = |name: &str| texts(claims.get(name)).into_iter().next();
    let issuer = claim("iss").unwrap_or_default();
    let host = issuer.split_once("://").map_or(issuer.as_str(), |(_, rest)| rest).split('/').next().unwrap_or_default();
    let system = match host {
        "token.actions.githubusercontent.com" => "github",
        "gitlab.com" => "gitlab",
        other => other,
    };
    let project = claim("repository").or_else(|| claim("project_path")).zip(claim("ref"));
    let what = project.map_or_else(|| claim("sub").unwrap_or_default(), |(project, at)| format!("{project}@{at}"));
    Provenance::shortened(&format!("{system}:{what}"))
}
