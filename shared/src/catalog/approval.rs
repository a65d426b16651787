//! Approval rules: which permissions a token must not use alone.

use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::document::{DocumentReader, written_duration};
use super::{Catalog, CatalogIssue};
use crate::grants::{MAX_RESOURCES, Permission, Resource};
use crate::validation::ValidationError;

/// Minimum duration of an approval, in seconds.
pub const MIN_APPROVAL_SECONDS: u32 = 60;
/// Maximum duration of an approval, in seconds.
pub const MAX_APPROVAL_SECONDS: u32 = 24 * 3600;

const KNOWN: &str = "valid_for, uses, resources, token_approvers";

/// The approval that a token needs for a permission, beside a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRule {
    /// Maximum duration of an approval, in seconds.
    pub valid_for_seconds: u32,
    /// How often an approval can be used.
    pub uses: ApprovalUses,
    /// The resources on which the permission needs approval.
    pub resources: Vec<Resource>,
    /// Whether tokens may approve and reject, too.
    pub token_approvers: bool,
}

/// How often an approval can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalUses {
    /// For any number of requests until it expires.
    Any,
    /// For one request.
    Once,
}

impl ApprovalRule {
    /// Whether requests on the resource with this name need approval.
    #[must_use]
    pub fn applies_to(&self, name: &str) -> bool {
        self.resources.iter().any(|listed| listed.covers_name(name))
    }

    /// Whether some requests on what the resource covers need approval. Of two resources that have a name in common,
    /// one covers the other.
    #[must_use]
    pub fn overlaps(&self, resource: &Resource) -> bool {
        self.resources.iter().any(|listed| listed.covers(resource) || resource.covers(listed))
    }

    /// Whether requests on every resource need approval.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        self.resources.contains(&Resource::All)
    }

    pub(super) fn to_document(&self) -> Value {
        let mut document = json!({ "valid_for": written_duration(self.valid_for_seconds), "uses": self.uses.as_str() });
        if !self.is_everywhere() {
            document["resources"] = self.resources.iter().map(ToString::to_string).collect();
        }
        if self.token_approvers {
            document["token_approvers"] = json!(true);
        }
        document
    }
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

impl DocumentReader {
    pub(super) fn approval(&mut self, path: &str, value: &Value) -> Option<ApprovalRule> {
        let mut fields: Map<_, _> = self.object(path, value)?;
        let at = |field: &str| format!("{path}.{field}");
        let (valid_for, uses) = (fields.remove("valid_for"), fields.remove("uses"));
        let (resources, token_approvers) = (fields.remove("resources"), fields.remove("token_approvers"));
        self.reject_unknown(&at(""), fields, KNOWN);
        if valid_for.is_none() {
            self.add_issue(at("valid_for"), "is required; say how long an approval lasts, as in 15m");
        }
        let range = MIN_APPROVAL_SECONDS..=MAX_APPROVAL_SECONDS;
        let form = "must be a whole number and s, m or h, as in 15m, from 1m to 24h";
        let valid_for = valid_for.and_then(|value| self.duration(&at("valid_for"), &value, range, form));
        let uses = match uses {
            None => Some(ApprovalUses::Any),
            Some(value) => {
                let read = value.as_str().and_then(|text| text.parse().ok());
                if read.is_none() {
                    self.add_value_issue(&at("uses"), &value, "must be any or once");
                }
                read
            }
        };
        let resources = match resources {
            None => Some(vec![Resource::All]),
            Some(list) => self.each(&at("resources"), Some(&list), |reader, path, value| {
                reader.text(path, value).map(|text| Resource::from_stored(&text))
            }),
        };
        let token_approvers = match token_approvers {
            None => Some(false),
            Some(value) => {
                if !value.is_boolean() {
                    self.add_value_issue(&at("token_approvers"), &value, "must be true or false");
                }
                value.as_bool()
            }
        };
        Some(ApprovalRule {
            valid_for_seconds: valid_for?,
            uses: uses?,
            resources: resources?,
            token_approvers: token_approvers?,
        })
    }
}

/// Validates the resources of an approval rule.
pub(super) fn check_resources(path: &str, rule: &ApprovalRule, issues: &mut Vec<CatalogIssue>) {
    let path = format!("{path}.approval.resources");
    let count = rule.resources.len();
    if !(1..=MAX_RESOURCES).contains(&count) {
        issues.push(CatalogIssue::new(&path, format!("must have 1 to {MAX_RESOURCES} entries; it has {count}")));
    }
    for (at, resource) in rule.resources.iter().enumerate() {
        let text = resource.to_string();
        if let Err(invalid) = text.parse::<Resource>() {
            issues.push(CatalogIssue::of_text(format!("{path}[{at}]"), &text, invalid.0));
        }
    }
}

impl ApprovalUses {
    /// The text form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Once => "once",
        }
    }
}

impl FromStr for ApprovalUses {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        match text {
            "any" => Ok(Self::Any),
            "once" => Ok(Self::Once),
            _ => Err(ValidationError::new("must be any or once")),
        }
    }
}
