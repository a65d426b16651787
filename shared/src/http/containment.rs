//! Containment: a principal can hand out only what it has. Once for all the calls that make or change
//! tokens.

use super::{FieldError, GrantSpec, Problem};
use crate::authz::Principal;
use crate::clock::Timestamp;
use crate::grants::{Grants, IpAllowlist, Network};

/// Access requested for a token, checked against the caller's own.
#[derive(Debug)]
pub struct RequestedAccess<'a> {
    /// The form in which it was asked for, which names what is too much.
    pub access: &'a GrantSpec,
    /// What it may do.
    pub grants: &'a Grants,
    /// From where.
    pub allowed_ips: &'a IpAllowlist,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

impl RequestedAccess<'_> {
    /// A principal can hand out only what it has: permissions, resources, addresses and time.
    ///
    /// # Errors
    /// 403 that names everything that is too much.
    pub fn ensure_covered_by(&self, caller: &Principal) -> Result<(), Problem> {
        let excess = caller.grants().uncovered(self.grants);
        let mut errors: Vec<_> = excess.iter().map(|excess| self.access.complaint(excess)).collect();
        if let Some(end) = caller.max_expiry_of_created_tokens()
            && self.expires_at.is_none_or(|at| at > end)
        {
            let message = format!("your own token ends at {end}; this one must not outlive it");
            errors.push(FieldError::new("expires_at", message));
        }
        match caller.allowed_ips().map(|held| held.uncovered(self.allowed_ips)) {
            None => {}
            Some(None) => {
                let message = "your own token may not be used from anywhere; name networks that are among its own";
                errors.push(FieldError::new("allowed_ips", message));
            }
            Some(Some(lacking)) => {
                let complaint = |net: &Network| {
                    FieldError::new("allowed_ips", format!("your own token may not be used from all of {net}"))
                };
                errors.extend(lacking.iter().map(complaint));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(Problem::exceeds_grants(errors)) }
    }
}
