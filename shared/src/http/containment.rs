//! Containment: callers can only delegate what they hold. Shared by all calls that create or change tokens.

use super::{FieldError, GrantSpec, Problem};
use crate::authz::Principal;
use crate::clock::Timestamp;
use crate::grants::{Grants, IpAllowlist, Network};

/// Access requested for a token, checked against the caller's own.
#[derive(Debug)]
pub struct RequestedAccess<'a> {
    /// The grants as requested; errors name its fields.
    pub access: &'a GrantSpec,
    /// The requested grants.
    pub grants: &'a Grants,
    /// The requested IP allowlist.
    pub allowed_ips: &'a IpAllowlist,
    /// The requested expiry.
    pub expires_at: Option<Timestamp>,
}

impl RequestedAccess<'_> {
    /// Ensures that the caller holds the requested permissions, resources, IP ranges and lifetime.
    ///
    /// # Errors
    /// 403 that names everything the caller does not hold.
    pub fn ensure_covered_by(&self, caller: &Principal) -> Result<(), Problem> {
        let excess = caller.grants().uncovered(self.grants);
        let mut errors: Vec<_> = excess.iter().map(|excess| self.access.field_error(excess)).collect();
        if let Some(end) = caller.max_expiry_of_created_tokens()
            && self.expires_at.is_none_or(|at| at > end)
        {
            let message = format!("your own token expires at {end}; this one must not expire later");
            errors.push(FieldError::new("expires_at", message));
        }
        match caller.allowed_ips().map(|held| held.uncovered(self.allowed_ips)) {
            None => {}
            Some(None) => {
                let message = "your own token is limited to some networks; list networks within those";
                errors.push(FieldError::new("allowed_ips", message));
            }
            Some(Some(lacking)) => {
                let field_error = |net: &Network| {
                    FieldError::new("allowed_ips", format!("your own token is not allowed from all of {net}"))
                };
                errors.extend(lacking.iter().map(field_error));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(Problem::exceeds_grants(errors)) }
    }
}
