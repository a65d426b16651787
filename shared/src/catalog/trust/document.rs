//! Reads a trust rule from JSON, collecting every issue with its path, and writes it back.
//!
//! ```json
//! {
//!   "name": "deploy-billing",
//!   "issuer": "https://token.actions.githubusercontent.com",
//!   "audience": "https://tokens.example.com",
//!   "claims": { "repository": "acme/billing", "ref": ["refs/heads/main", "refs/tags/v*"] },
//!   "grants": [{ "permissions": ["apps:write"], "resources": ["apps/billing"] }],
//!   "lifetime": "10m"
//! }
//! ```

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{ClaimPattern, MAX_EXCHANGED_SECONDS, MIN_SECONDS, TrustRule, TrustRuleName};
use crate::catalog::document::DocumentReader;
use crate::catalog::duration::written_duration;
use crate::grants::{Grant, Grants, Permission, Resource};

const KNOWN: &str = "name, issuer, audience, claims, grants, lifetime";

impl TrustRule {
    /// The rule's JSON.
    pub(in crate::catalog) fn to_document(&self) -> Value {
        let claims: Map<_, _> =
            self.claims.iter().map(|(claim, patterns)| (claim.clone(), one_or_many(patterns))).collect();
        let grants = self.grants.iter().map(|grant| {
            let permissions: Vec<_> = grant.permissions.iter().map(Permission::to_string).collect();
            let resources: Vec<_> = grant.resources.iter().map(Resource::to_string).collect();
            json!({ "permissions": permissions, "resources": resources })
        });
        json!({
            "name": self.name.as_str(),
            "issuer": self.issuer,
            "audience": self.audience,
            "claims": claims,
            "grants": grants.collect::<Vec<_>>(),
            "lifetime": written_duration(self.lifetime_seconds),
        })
    }
}

fn one_or_many(patterns: &[ClaimPattern]) -> Value {
    match patterns {
        [one] => json!(one.as_str()),
        many => many.iter().map(|pattern| json!(pattern.as_str())).collect(),
    }
}

impl DocumentReader {
    pub(in crate::catalog) fn trust_rule(&mut self, path: &str, rule: &Value) -> Option<TrustRule> {
        let mut fields = self.object(path, rule)?;
        let at = |field: &str| format!("{path}.{field}");
        let mut texts = ["name", "issuer", "audience"].map(|field| self.required(&at(field), fields.remove(field)));
        let [name, issuer, audience] = texts.each_mut().map(Option::take);
        let (claims, grants, lifetime) = (fields.remove("claims"), fields.remove("grants"), fields.remove("lifetime"));
        self.reject_unknown(&format!("{path}."), fields, KNOWN);
        for (field, value) in [("claims", &claims), ("grants", &grants)] {
            if value.is_none() {
                self.add_issue(at(field), "is required");
            }
        }
        let claims = claims.map(|claims| self.conditions(&at("claims"), &claims));
        let grants = grants.and_then(|grants| self.trust_grants(&at("grants"), &grants));
        // An invalid lifetime is recorded, and the rest of the rule is still checked.
        let lifetime = lifetime.and_then(|value| self.lifetime(&at("lifetime"), &value));
        Some(TrustRule {
            name: TrustRuleName::from_stored(&name?)?,
            issuer: issuer?,
            audience: audience?,
            claims: claims?,
            grants: grants?,
            lifetime_seconds: lifetime.unwrap_or(MAX_EXCHANGED_SECONDS),
        })
    }

    fn required(&mut self, path: &str, value: Option<Value>) -> Option<String> {
        let Some(value) = value else {
            self.add_issue(path, "is required");
            return None;
        };
        self.text(path, &value)
    }

    fn conditions(&mut self, path: &str, claims: &Value) -> BTreeMap<String, Vec<ClaimPattern>> {
        let claims = self.object(path, claims).unwrap_or_default();
        let mut read = BTreeMap::new();
        for (claim, value) in claims {
            let path = format!("{path}.{claim}");
            let patterns = match &value {
                Value::String(one) => vec![ClaimPattern::new(one)],
                Value::Array(many) => {
                    let texts = many.iter().enumerate();
                    let texts = texts.filter_map(|(at, text)| self.text(&format!("{path}[{at}]"), text));
                    texts.map(|text| ClaimPattern::new(&text)).collect()
                }
                _ => {
                    self.add_value_issue(
                        &path,
                        &value,
                        "must be a string or a list of strings; one of them has to match",
                    );
                    continue;
                }
            };
            read.insert(claim, patterns);
        }
        read
    }

    /// `None` if a part could not be read, so that later issues do not get wrong paths.
    fn trust_grants(&mut self, path: &str, grants: &Value) -> Option<Grants> {
        let list = self.list(path, Some(grants));
        let grants = list.iter().enumerate().map(|(at, grant)| {
            let path = format!("{path}[{at}]");
            let mut fields = self.object(&path, grant)?;
            let (permissions, resources) = (fields.remove("permissions"), fields.remove("resources"));
            self.reject_unknown(&format!("{path}."), fields, "permissions, resources");
            let permissions = self.each(&format!("{path}.permissions"), permissions.as_ref(), Self::permission);
            let resources = match resources {
                None => {
                    let message = "is required; name the resources, or use \"*\" for all";
                    self.add_issue(format!("{path}.resources"), message);
                    None
                }
                Some(list) => self.each(&format!("{path}.resources"), Some(&list), |reader, path, value| {
                    reader.text(path, value).map(|text| Resource::from_stored(&text))
                }),
            };
            Some(Grant { permissions: permissions?, resources: resources? })
        });
        let grants: Vec<_> = grants.collect();
        grants.into_iter().collect::<Option<Vec<_>>>().map(Grants::from)
    }

    fn lifetime(&mut self, path: &str, value: &Value) -> Option<u32> {
        let form = "must be a whole number and s or m, as in 10m, from 1m to 15m";
        self.duration(path, value, MIN_SECONDS..=MAX_EXCHANGED_SECONDS, form)
    }
}
