//! Approval rules and live approvals (`docs/approvals.md`).

use arbitrary::Arbitrary;
use portcullis::catalog::ApprovalUses;
use portcullis::clock::Timestamp;
use portcullis::token::{Actor, LiveApproval};
use serde_json::{Value, json};

use crate::authz::Needs;
use crate::grants::{GrantText, covers_name, permission, resource};
use crate::path::{normalized, trimmed};

/// A generated rule.
#[derive(Arbitrary, Debug)]
pub struct RuleInput {
    permission: u8,
    resources: Option<[u8; 2]>,
    unless: Option<u8>,
}

/// A rule as a catalog lists it.
#[derive(Clone, Debug)]
pub struct RuleText {
    pub permission: String,
    pub resources: Vec<String>,
    pub unless: Option<String>,
}

/// A generated live approval.
#[derive(Arbitrary, Debug)]
pub struct LiveInput {
    permission: u8,
    resource: u8,
    once: bool,
    until: u8,
}

/// The rules, of which each permission has one.
pub fn rules(input: &[RuleInput]) -> Vec<RuleText> {
    let mut rules: Vec<_> = input.iter().map(RuleInput::text).collect();
    rules.sort_by(|one, other| one.permission.cmp(&other.permission));
    rules.dedup_by(|one, other| one.permission == other.permission);
    rules
}

/// What the request's permissions, each with its resource, need that no live approval gives.
pub fn unapproved(
    rules: &[RuleText],
    grants: &[GrantText],
    live: &[LiveApproval],
    needs: &Needs,
    now: Timestamp,
) -> Vec<(String, String)> {
    let Needs::Access { any_of, resource, lookalikes, by_convention } = needs else { return Vec::new() };
    let own = &any_of[0];
    let names: Vec<_> = resource.split('/').collect();
    let spelled = rules.iter().filter(|rule| {
        let [(of, action), (_, own_action)] = [&rule.permission, own].map(|text| text.split_once(':').unwrap());
        let spellings = if names.len() == 1 { spellings(names[0]) } else { vec![normalized(names[0])] };
        *by_convention && rule.permission != *own && action == own_action && spellings.contains(&normalized(of))
    });
    let spelled = spelled.map(|rule| (rule.permission.clone(), resource.clone()));
    let all = [(own.clone(), resource.clone())].into_iter().chain(lookalikes.iter().cloned()).chain(spelled);
    let is_missing = |(permission, name): &(String, String)| {
        let rule = rules.iter().find(|rule| rule.permission == *permission);
        let is_given = live.iter().any(|live| {
            let covers = covers_name(&live.resource.to_string(), name);
            live.permission.to_string() == *permission && covers && live.expires_at > now
        });
        rule.is_some_and(|rule| rule.binds(grants, name)) && !is_given
    };
    all.filter(is_missing).collect()
}

/// A path as a backend may read it: normalized, with and without each file extension.
fn spellings(path: &str) -> Vec<String> {
    let path = path.split('/').map(normalized).collect::<Vec<_>>().join("/");
    let (above, last) = path.rsplit_once('/').map_or((None, path.as_str()), |(above, last)| (Some(above), last));
    let stems = last.match_indices('.').map(|(dot, _)| trimmed(&last[..dot]));
    let full = |last: &str| above.map_or(last.to_owned(), |above| format!("{above}/{last}"));
    [last].into_iter().chain(stems).map(full).collect()
}

impl RuleInput {
    fn text(&self) -> RuleText {
        let mut resources = self.resources.map_or(vec!["*".to_owned()], |bytes| bytes.map(resource).into());
        resources.dedup();
        let (permission, unless) = (permission(self.permission), self.unless.map(permission));
        RuleText { unless: unless.filter(|unless| *unless != permission), permission, resources }
    }
}

impl RuleText {
    /// The permission in a catalog's document.
    pub fn json(&self) -> Value {
        let mut rule = json!({"valid_for": "15m", "resources": self.resources});
        if let Some(unless) = &self.unless {
            rule["unless"] = json!(unless);
        }
        json!({"description": "", "approval": rule})
    }

    fn binds(&self, grants: &[GrantText], name: &str) -> bool {
        let waives = |grant: &GrantText| self.unless.as_ref().is_some_and(|unless| grant.allows(unless, name));
        let lists = |spelled: &String| {
            self.resources.iter().any(|listed| {
                let folded = listed.split('/').map(normalized).collect::<Vec<_>>().join("/");
                covers_name(listed, name) || covers_name(&folded, spelled)
            })
        };
        spellings(name).iter().any(lists) && !grants.iter().any(waives)
    }
}

impl LiveInput {
    /// The approval with an ID of this number. It expires on a day.
    pub fn approval(&self, number: usize) -> LiveApproval {
        LiveApproval {
            id: format!("{number:026}").parse().unwrap(),
            permission: permission(self.permission).parse().unwrap(),
            resource: resource(self.resource).parse().unwrap(),
            uses: if self.once { ApprovalUses::Once } else { ApprovalUses::Any },
            expires_at: Timestamp::from_seconds(i64::from(self.until) * 86_400),
            by: Actor::Bootstrap,
        }
    }
}
