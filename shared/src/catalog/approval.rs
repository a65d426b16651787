//! Approval rules: which permissions a token must not use alone.

use super::duration::written_duration;
use super::fold::{fold, stems};
use super::{Catalog, CatalogIssue};
use crate::grants::{Grants, Permission, Resource};
use crate::validation::string_enum;

/// Minimum duration of an approval, in seconds.
pub const MIN_APPROVAL_SECONDS: u32 = 60;
/// Maximum duration of an approval, in seconds.
pub const MAX_APPROVAL_SECONDS: u32 = 24 * 3600;

/// The approval that a token needs for a permission, beside a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRule {
    /// Maximum duration of an approval, in seconds.
    pub valid_for_seconds: u32,
    /// How often an approval can be used.
    pub uses: ApprovalUses,
    /// The resources on which the permission needs approval.
    pub resources: Vec<Resource>,
    /// A permission that waives the approval on the resources on which a token has it.
    pub unless: Option<Permission>,
    /// Whether tokens may approve and reject, too.
    pub token_approvers: bool,
}

string_enum! {
    /// How often an approval can be used.
    ApprovalUses:
    /// For any number of requests until it expires.
    Any = "any",
    /// For one request.
    Once = "once";
    "must be any or once"
}

impl ApprovalRule {
    /// Whether requests on the resource with this name, or with one that a backend may treat alike, need approval.
    #[must_use]
    pub fn applies_to(&self, name: &str) -> bool {
        if self.resources.iter().any(|listed| listed.covers_name(name)) {
            return true;
        }
        let (name, folded) = (fold_names(name), self.folded().collect::<Vec<_>>());
        let is_listed = |name: &str| folded.iter().any(|listed| listed.covers_name(name));
        is_listed(&name) || stems(&name).any(is_listed)
    }

    /// Whether some requests on what the resource covers need approval. Of two resources that have a name in common,
    /// one covers the other.
    #[must_use]
    pub fn overlaps(&self, resource: &Resource) -> bool {
        let resource = resource.to_string();
        let folded = Resource::from_stored(&fold_names(&resource));
        self.applies_to(&resource) || self.folded().any(|listed| folded.covers(&listed))
    }

    fn folded(&self) -> impl Iterator<Item = Resource> {
        self.resources.iter().map(|listed| Resource::from_stored(&fold_names(&listed.to_string())))
    }

    /// Whether these grants waive the approval on the resource with this name.
    #[must_use]
    pub fn is_waived_for(&self, grants: &Grants, name: &str) -> bool {
        self.unless.as_ref().is_some_and(|unless| grants.allows(unless, name))
    }

    /// Whether these grants waive the approval on everything that the resource covers.
    #[must_use]
    pub fn is_waived_on(&self, grants: &Grants, resource: &Resource) -> bool {
        self.unless.as_ref().is_some_and(|unless| grants.covers(unless, resource))
    }

    /// Whether requests on every resource need approval.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        self.resources.contains(&Resource::All)
    }
}

/// Folds each name of a path.
fn fold_names(path: &str) -> String {
    path.split('/').map(fold).collect::<Vec<_>>().join("/")
}

impl Catalog {
    /// The permissions that need approval, with their rules.
    pub fn approval_rules(&self) -> impl Iterator<Item = (&Permission, &ApprovalRule)> {
        self.approvals.iter()
    }

    /// The rule of a permission.
    #[must_use]
    pub fn approval_rule(&self, permission: &Permission) -> Option<&ApprovalRule> {
        self.approvals.get(permission)
    }

    /// Whether the same permissions need the same approval in another catalog.
    #[must_use]
    pub fn has_approvals_of(&self, other: &Self) -> bool {
        self.approvals == other.approvals
    }

    /// Issues of the approval rules in a deployment whose gateways cache the authorizer's responses for so many
    /// seconds: a cached response allows any number of requests, and may be used until it expires.
    #[must_use]
    pub fn approval_issues_with_cache(&self, cache_seconds: u32) -> Vec<CatalogIssue> {
        if cache_seconds == 0 {
            return Vec::new();
        }
        let issue = |(permission, rule): (&Permission, &ApprovalRule)| {
            let path = format!("permissions.{permission}.approval");
            let once = (rule.uses == ApprovalUses::Once).then(|| {
                let message = "must be any, because authorizer caching is on (AuthorizerCacheSeconds): a cached response allows any number of requests";
                CatalogIssue::of_text(format!("{path}.uses"), rule.uses.as_str(), message)
            });
            let short = (rule.valid_for_seconds <= cache_seconds).then(|| {
                let message = format!(
                    "must be longer than the {} for which responses are cached (AuthorizerCacheSeconds)",
                    written_duration(cache_seconds)
                );
                CatalogIssue::of_text(format!("{path}.valid_for"), &written_duration(rule.valid_for_seconds), message)
            });
            [once, short]
        };
        self.approvals.iter().flat_map(issue).flatten().collect()
    }
}
