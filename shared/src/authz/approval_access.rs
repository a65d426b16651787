//! Who may see, decide and end an approval.

use super::{Principal, TokenManagement};
use crate::catalog::ApprovalRule;
use crate::grants::Permission;
use crate::token::Approval;

/// Why a principal may not decide a request for approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionRefusal {
    /// It is the token that asks.
    OwnRequest,
    /// It is another token of the same owner.
    SameOwner,
    /// It lacks `approvals:decide` on the resource.
    PermissionMissing,
    /// It is a token, and the catalog does not let tokens decide.
    Token,
}

impl Principal {
    /// Whether the principal may see the approval: it is the token that asks, it may read that token, or it has
    /// `approvals:read` or `approvals:decide` on the resource.
    #[must_use]
    pub fn may_see_approval(&self, approval: &Approval, management: TokenManagement) -> bool {
        self.is_requester(approval)
            || self.manages_token_of(approval, "read", management)
            || ["read", "decide"].iter().any(|action| self.has_approvals(action, approval))
    }

    /// Whether the principal may withdraw or end the approval: it is the token that asks, it may change that token, or
    /// it has `approvals:decide` on the resource.
    #[must_use]
    pub fn may_end_approval(&self, approval: &Approval, management: TokenManagement) -> bool {
        self.is_requester(approval)
            || self.manages_token_of(approval, "write", management)
            || self.has_approvals("decide", approval)
    }

    /// Why the principal may not approve or reject; `None` if it may. `rule` is that of the permission in the current
    /// catalog.
    #[must_use]
    pub fn refusal_to_decide(&self, approval: &Approval, rule: Option<&ApprovalRule>) -> Option<DecisionRefusal> {
        let is_token = matches!(self, Self::Token(_));
        if self.is_requester(approval) {
            Some(DecisionRefusal::OwnRequest)
        } else if is_token && *self.owner() == approval.owner {
            Some(DecisionRefusal::SameOwner)
        } else if !self.has_approvals("decide", approval) {
            Some(DecisionRefusal::PermissionMissing)
        } else {
            let is_accepted = !is_token || rule.is_some_and(|rule| rule.token_approvers);
            (!is_accepted).then_some(DecisionRefusal::Token)
        }
    }

    fn is_requester(&self, approval: &Approval) -> bool {
        matches!(self, Self::Token(record) if record.id == approval.token)
    }

    fn manages_token_of(&self, approval: &Approval, action: &str, management: TokenManagement) -> bool {
        let name = format!("tokens/{}", approval.token);
        let own = management == TokenManagement::Owners
            && *self.owner() == approval.owner
            && self.grants().allows(&Permission::named("tokens", action), &name);
        own || self.is_admin_of(&name)
    }

    fn has_approvals(&self, action: &str, approval: &Approval) -> bool {
        self.grants().covers(&Permission::named("approvals", action), &approval.resource)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Session;
    use super::*;
    use crate::catalog::ApprovalUses;
    use crate::clock::Timestamp;
    use crate::grants::Resource;
    use crate::grants::grant::tests::grants;
    use crate::token::approval::tests::approval;
    use crate::token::{Actor, TokenRecord};

    fn token(id: &str, owner: &str, permissions: &[&str], resources: &[&str]) -> Principal {
        let now = Timestamp::from_seconds(1);
        let grants = grants(&[(permissions, resources)]);
        let (id, name, owner) = (id.parse().unwrap(), "ci".parse().unwrap(), owner.parse().unwrap());
        Principal::Token(Box::new(TokenRecord::new(id, name, owner, grants, Actor::Bootstrap, now)))
    }

    fn session(owner: &str, permissions: &[&str], resources: &[&str]) -> Principal {
        let grants = grants(&[(permissions, resources)]);
        let (groups, roles, expires_at) = (Vec::new(), Vec::new(), Timestamp::from_seconds(9));
        Principal::Session(Session { owner: owner.parse().unwrap(), groups, roles, grants, expires_at })
    }

    fn rule(token_approvers: bool) -> ApprovalRule {
        let (uses, resources) = (ApprovalUses::Any, vec![Resource::All]);
        ApprovalRule { valid_for_seconds: 60, uses, resources, unless: None, token_approvers }
    }

    /// The token that asks has the ID `0123456789abcdef` and the owner alice.
    const REQUESTER: &str = "0123456789abcdef";
    const OTHER: &str = "1123456789abcdef";

    #[test]
    fn neither_the_requester_nor_another_token_of_its_owner_decides() {
        let refusal = |principal: Principal| principal.refusal_to_decide(&approval(), Some(&rule(true)));
        assert_eq!(refusal(token(REQUESTER, "alice", &["*"], &["*"])), Some(DecisionRefusal::OwnRequest));
        assert_eq!(refusal(token(OTHER, "alice", &["*"], &["*"])), Some(DecisionRefusal::SameOwner));
        assert_eq!(refusal(session("alice", &["*"], &["*"])), None);
        assert_eq!(refusal(token(OTHER, "bob", &["*"], &["*"])), None);
    }

    #[test]
    fn a_token_decides_only_if_the_catalog_says_so() {
        let bob = token(OTHER, "bob", &["approvals:decide"], &["releases"]);
        assert_eq!(bob.refusal_to_decide(&approval(), Some(&rule(true))), None);
        for rule in [Some(&rule(false)), None] {
            assert_eq!(bob.refusal_to_decide(&approval(), rule), Some(DecisionRefusal::Token));
        }
    }

    #[test]
    fn a_decision_needs_approvals_decide_on_the_whole_resource() {
        let refusal = |permission: &str, resource: &str| {
            session("bob", &[permission], &[resource]).refusal_to_decide(&approval(), Some(&rule(false)))
        };
        for resource in ["*", "releases", "releases/42", "releases/*"] {
            assert_eq!(refusal("approvals:decide", resource), None, "{resource}");
        }
        for (permission, resource) in [
            ("approvals:decide", "releases/42/x"),
            ("approvals:decide", "releases/4"),
            ("approvals:read", "*"),
            ("releases:write", "*"),
        ] {
            assert_eq!(
                refusal(permission, resource),
                Some(DecisionRefusal::PermissionMissing),
                "{permission} on {resource}"
            );
        }
    }

    #[test]
    fn an_approval_is_seen_by_its_token_by_those_who_manage_it_and_by_readers() {
        let sees = |principal: &Principal, management| principal.may_see_approval(&approval(), management);
        let (owners, admins) = (TokenManagement::Owners, TokenManagement::Admins);
        assert!(sees(&token(REQUESTER, "alice", &["x:y"], &["*"]), admins));
        assert!(!sees(&token(OTHER, "alice", &["x:y"], &["*"]), owners));
        let own = session("alice", &["tokens:read"], &["tokens"]);
        assert!(sees(&own, owners) && !sees(&own, admins));
        assert!(!sees(&session("bob", &["tokens:read"], &["tokens"]), owners));
        for permission in ["tokens:admin", "approvals:read", "approvals:decide"] {
            assert!(sees(&session("bob", &[permission], &["*"]), admins), "{permission}");
        }
        assert!(!sees(&session("bob", &["approvals:read"], &["releases/43"]), owners));
    }

    #[test]
    fn an_approval_is_ended_by_its_token_by_those_who_manage_it_and_by_deciders() {
        let ends = |principal: &Principal, management| principal.may_end_approval(&approval(), management);
        let (owners, admins) = (TokenManagement::Owners, TokenManagement::Admins);
        assert!(ends(&token(REQUESTER, "alice", &["x:y"], &["*"]), admins));
        let own = session("alice", &["tokens:write"], &["tokens"]);
        assert!(ends(&own, owners) && !ends(&own, admins));
        for (permission, may) in
            [("tokens:admin", true), ("approvals:decide", true), ("approvals:read", false), ("tokens:read", false)]
        {
            assert_eq!(ends(&session("bob", &[permission], &["*"]), admins), may, "{permission}");
        }
    }
}
