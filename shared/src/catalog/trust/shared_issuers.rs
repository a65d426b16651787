//! Issuers that everybody can get an identity from: of theirs, a rule has to name whose it
//! takes, or it would take anybody's.
//!
//! Sources: [GitHub Actions](https://docs.github.com/en/actions/reference/security/oidc),
//! [GitLab](https://docs.gitlab.com/ci/secrets/id_token_authentication/).

use super::ClaimPattern;
use super::claims::{ClaimSet, texts};
use crate::text::Provenance;

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.com";

/// An issuer whose identities anybody can have.
pub(super) struct SharedIssuer {
    /// The claims of which one has to be named, for people.
    pub(super) naming: &'static str,
    names: fn(&str, &ClaimPattern) -> bool,
    /// Claims that have one text in each of its identities, never a list of them.
    single: &'static [&'static str],
}

impl SharedIssuer {
    /// The issuer, if it is one of those.
    pub(super) fn of(issuer: &str) -> Option<Self> {
        match issuer {
            GITHUB => Some(Self {
                naming: "repository, repository_id, repository_owner, repository_owner_id, workflow_ref or sub (repo:owner/…)",
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
                naming: "project_path, project_id, namespace_path, namespace_id or sub (project_path:group/…)",
                names: names_on_gitlab,
                single: &["environment", "namespace_id", "namespace_path", "project_id", "project_path", "ref"],
            }),
            _ => None,
        }
    }

    /// The issuer that is meant by one that is almost the same, and signs nothing.
    pub(super) fn meant_by(issuer: &str) -> Option<&'static str> {
        let plain = issuer.trim_end_matches('/').to_ascii_lowercase();
        let plain = plain.strip_suffix(":443").unwrap_or(&plain);
        [GITHUB, GITLAB].into_iter().find(|known| *known == plain && *known != issuer)
    }

    /// Whether a condition says whose identities are meant, whatever stands for its wildcards.
    pub(super) fn is_named_by(&self, claim: &str, patterns: &[ClaimPattern]) -> bool {
        !patterns.is_empty() && patterns.iter().all(|pattern| (self.names)(claim, pattern))
    }
}

/// Whether a claim of an issuer's identities is one text for certain. `sub` is by
/// [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.2).
pub(super) fn is_single(issuer: &str, claim: &str) -> bool {
    claim == "sub" || SharedIssuer::of(issuer).is_some_and(|shared| shared.single.contains(&claim))
}

/// `job_workflow_ref` is not among them: everybody may call somebody's reusable workflow.
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

/// `acme/`: a whole first name, and the slash that ends it.
fn has_owner(text: &str) -> bool {
    text.split_once('/').is_some_and(|(owner, _)| !owner.is_empty())
}

/// Through what an identity came, in short: `github:acme/billing@refs/heads/main`.
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
