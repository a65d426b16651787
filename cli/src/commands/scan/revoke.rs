//! Revokes found tokens with `POST /revoke` (RFC 7009), which is authenticated by the token itself.
//!
//! The response is the same for unknown tokens. So the result is known only if a credential allows looking up the
//! token.

use std::collections::BTreeSet;
use std::sync::Arc;

use portcullis::api_types::Token;
use portcullis::secret::{PlaintextToken, TokenId, TokenPrefix};

use super::findings::Finding;
use crate::api::Api;
use crate::{CliError, Context};

/// Revokes tokens after confirmation.
pub(super) struct Revoker<'a> {
    context: &'a Context,
    /// Client without a credential.
    anonymous: Api,
    /// Client with the credential, if there is one.
    authenticated: Option<Api>,
    /// Token prefixes of the service. Tokens with other prefixes are not sent to it.
    prefixes: Vec<TokenPrefix>,
}

/// Result for one token.
pub(super) struct RevokeResult {
    pub(super) prefix: TokenPrefix,
    pub(super) secret: Arc<PlaintextToken>,
    pub(super) outcome: RevokeOutcome,
}

/// Outcome of a revocation.
pub(super) enum RevokeOutcome {
    /// Revoked, as a lookup confirmed.
    Revoked,
    /// Accepted by the service; the token could not be looked up.
    Unconfirmed,
    /// The secret is expired or rotated out, so the token was not revoked.
    SecretRetired,
    /// Not sent, because it has another prefix than the service's tokens.
    ForeignPrefix,
    /// The request failed.
    Failed(CliError),
}

impl RevokeOutcome {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Unconfirmed => "unknown",
            Self::SecretRetired => "replaced",
            Self::ForeignPrefix => "not sent",
            Self::Failed(_) => "failed",
        }
    }

    pub(super) fn detail(&self) -> String {
        match self {
            Self::Revoked => "the token is revoked".to_owned(),
            Self::Unconfirmed => "revoked, or not a token of this deployment, or not visible to you".to_owned(),
            Self::SecretRetired => {
                "this secret had already expired or been rotated out; the token was not changed".to_owned()
            }
            Self::ForeignPrefix => {
                "the prefix belongs to another service; revoke the token there, or add its prefix with --prefix"
                    .to_owned()
            }
            Self::Failed(error) => error.to_string(),
        }
    }
}

impl<'a> Revoker<'a> {
    /// # Errors
    /// When no URL is configured, or the configured credential cannot be read.
    pub(super) fn new(named: &[TokenPrefix], context: &'a Context) -> Result<Self, CliError> {
        let authenticated = match context.api() {
            Ok(api) => Some(api),
            Err(CliError::NoCredential) => None,
            Err(error) => return Err(error),
        };
        let of_credential = authenticated.as_ref().and_then(Api::token_prefix);
        let prefixes = if named.is_empty() { vec![of_credential.unwrap_or_default()] } else { named.to_vec() };
        Ok(Self { context, anonymous: context.api_without_credential()?, authenticated, prefixes })
    }

    /// Asks for confirmation, and revokes all found tokens. Errors of one token do not stop the others.
    ///
    /// # Errors
    /// When the user declines, or there is no terminal.
    pub(super) fn revoke_all(&self, findings: &[Finding]) -> Result<Vec<RevokeResult>, CliError> {
        let tokens = distinct(findings);
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let sent: Vec<String> =
            tokens.iter().filter(|it| self.has_own_prefix(it)).map(|it| self.describe(it)).collect();
        let question = match sent.len() {
            1 => "Revoke?".to_owned(),
            count => format!("Revoke all {count} tokens?"),
        };
        if !sent.is_empty() {
            let url = self.anonymous.url();
            let impact = format!("These tokens are sent to {url}. Anything using them will stop working:\n");
            self.context.confirm(&(impact + &sent.join("\n")), &question)?;
        }
        let revoke = |finding: &Finding| {
            let (prefix, secret) = (finding.prefix.clone(), Arc::clone(&finding.secret));
            let outcome =
                if self.has_own_prefix(finding) { self.revoke_one(&secret) } else { RevokeOutcome::ForeignPrefix };
            RevokeResult { outcome, prefix, secret }
        };
        Ok(tokens.into_iter().map(revoke).collect())
    }

    fn has_own_prefix(&self, finding: &Finding) -> bool {
        self.prefixes.contains(&finding.prefix)
    }

    fn revoke_one(&self, secret: &PlaintextToken) -> RevokeOutcome {
        if let Err(error) = self.anonymous.post("/revoke").form(&[("token", secret.expose_secret())]).send() {
            return RevokeOutcome::Failed(error);
        }
        match self.look_up(secret.id()).as_ref().map(|token| token.status.as_str()) {
            Some("revoked") => RevokeOutcome::Revoked,
            Some(_) => RevokeOutcome::SecretRetired,
            None => RevokeOutcome::Unconfirmed,
        }
    }

    /// Looks up the token, if there is a credential.
    fn look_up(&self, id: &TokenId) -> Option<Token> {
        self.authenticated.as_ref()?.get(format!("/tokens/{id}")).send().ok()?.read().ok()
    }

    /// Describes a token in the confirmation prompt.
    fn describe(&self, finding: &Finding) -> String {
        let id = finding.secret.id();
        let Some(token) = self.look_up(id) else { return format!("  {} {id}", finding.prefix) };
        let out = &self.context.out;
        let from = token.last_used_ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
        let used = token.last_used_at.map(|at| format!("last used {}{from}", out.format_time(at)));
        let used = used.unwrap_or_else(|| "never used".to_owned());
        let Token { name, owner, status, .. } = token;
        format!("  {} {id}  {name}, owner {owner}, {status}, {used}", finding.prefix)
    }
}

/// Error of the command, if some tokens could not be revoked.
pub(super) fn incomplete_error(results: &[RevokeResult]) -> Option<CliError> {
    let failed = results
        .iter()
        .filter(|result| matches!(result.outcome, RevokeOutcome::Failed(_) | RevokeOutcome::ForeignPrefix))
        .count();
    (failed > 0).then(|| CliError::Unfinished(format!("{failed} of {} tokens could not be revoked", results.len())))
}

/// Removes duplicate secrets. Secrets of one token from before and after a rotation are distinct.
fn distinct(findings: &[Finding]) -> Vec<&Finding> {
    let mut seen = BTreeSet::new();
    findings.iter().filter(|finding| seen.insert(*finding.secret.digest().as_bytes())).collect()
}
