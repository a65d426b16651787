//! The end of what was found: `POST /revoke` (RFC 7009) for each, with the token as its own proof.
//!
//! That call is answered alike for a token that there is not. So what became of one is known
//! only where a credential lets it be looked at; without, this says that it does not know.

use std::collections::BTreeSet;
use std::sync::Arc;

use portcullis::api_types::Token;
use portcullis::secret::{PlaintextToken, TokenId, TokenPrefix};

use super::findings::Finding;
use crate::api::Api;
use crate::{CliError, Context};

/// The service, and who is asked before.
pub(super) struct Revoker<'a> {
    context: &'a Context,
    /// With no credential: the token is its own.
    open: Api,
    /// With the credential, if there is one.
    known: Option<Api>,
    /// Whose tokens are the service's: to no service is another's secret shown.
    ours: Vec<TokenPrefix>,
}

/// What became of a token.
pub(super) struct RevokeResult {
    pub(super) prefix: TokenPrefix,
    pub(super) secret: Arc<PlaintextToken>,
    pub(super) outcome: RevokeOutcome,
}

/// How it came out.
pub(super) enum RevokeOutcome {
    /// It was looked at, and is revoked.
    Revoked,
    /// The service took it; whether it had such a token is not known.
    Perhaps,
    /// The secret proves nothing any more, and the token lives on with another, in this status.
    Replaced,
    /// It has another prefix than the service's tokens, and was not sent there.
    Foreign,
    /// The service did not take it.
    Not(CliError),
}

impl RevokeOutcome {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Perhaps => "unknown",
            Self::Replaced => "replaced",
            Self::Foreign => "not sent",
            Self::Not(_) => "failed",
        }
    }

    pub(super) fn detail(&self) -> String {
        match self {
            Self::Revoked => "it opens nothing any more".to_owned(),
            Self::Perhaps => "revoked, or not a token of this deployment that you may see".to_owned(),
            Self::Replaced => {
                "this secret had ended before, by expiry or rotation; the token was left as it is".to_owned()
            }
            Self::Foreign => {
                "it has another prefix than this service's tokens; end it where it is from, or name it with --prefix"
                    .to_owned()
            }
            Self::Not(failure) => failure.to_string(),
        }
    }
}

impl<'a> Revoker<'a> {
    /// # Errors
    /// Where no URL is known, or the credential that was named cannot be read.
    pub(super) fn new(named: &[TokenPrefix], context: &'a Context) -> Result<Self, CliError> {
        let known = match context.api() {
            Ok(api) => Some(api),
            Err(CliError::NoCredential) => None,
            Err(failure) => return Err(failure),
        };
        let of_credential = known.as_ref().and_then(Api::token_prefix);
        let ours = if named.is_empty() { vec![of_credential.unwrap_or_default()] } else { named.to_vec() };
        Ok(Self { context, open: context.api_without_credential()?, known, ours })
    }

    /// Asks, and ends every token that was found. One that cannot be ended keeps none of the
    /// others from it.
    ///
    /// # Errors
    /// Where the answer is no, or nobody is there to ask.
    pub(super) fn end(&self, findings: &[Finding]) -> Result<Vec<RevokeResult>, CliError> {
        let tokens = distinct(findings);
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let sent: Vec<String> = tokens.iter().filter(|it| self.is_ours(it)).map(|it| self.describe(it)).collect();
        let question = match sent.len() {
            1 => "Revoke it?".to_owned(),
            count => format!("Revoke all {count}?"),
        };
        if !sent.is_empty() {
            let url = self.open.url();
            let what = format!("Whoever uses one of these will be refused, for good; each is sent to {url}:\n");
            self.context.confirm(&(what + &sent.join("\n")), &question)?;
        }
        let end = |finding: &Finding| {
            let (prefix, secret) = (finding.prefix.clone(), Arc::clone(&finding.secret));
            let outcome = if self.is_ours(finding) { self.revoke_one(&secret) } else { RevokeOutcome::Foreign };
            RevokeResult { outcome, prefix, secret }
        };
        Ok(tokens.into_iter().map(end).collect())
    }

    fn is_ours(&self, finding: &Finding) -> bool {
        self.ours.contains(&finding.prefix)
    }

    fn revoke_one(&self, secret: &PlaintextToken) -> RevokeOutcome {
        if let Err(failure) = self.open.post("/revoke").form(&[("token", secret.expose_secret())]).send() {
            return RevokeOutcome::Not(failure);
        }
        match self.look(secret.id()).as_ref().map(|token| token.status.as_str()) {
            Some("revoked") => RevokeOutcome::Revoked,
            Some(_) => RevokeOutcome::Replaced,
            None => RevokeOutcome::Perhaps,
        }
    }

    /// The token, as far as a credential shows it.
    fn look(&self, id: &TokenId) -> Option<Token> {
        self.known.as_ref()?.get(format!("/tokens/{id}")).send().ok()?.read().ok()
    }

    /// A token, and who will miss it.
    fn describe(&self, finding: &Finding) -> String {
        let id = finding.secret.id();
        let Some(token) = self.look(id) else { return format!("  {} {id}", finding.prefix) };
        let out = &self.context.out;
        let from = token.last_used_ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
        let used = out.format_time_or(token.last_used_at, "never");
        let Token { name, owner, status, .. } = token;
        format!("  {} {id}  {name}, of {owner}, {status}, last used {used}{from}", finding.prefix)
    }
}

/// Why the command did not do all that it was asked to, if it did not.
pub(super) fn failure(results: &[RevokeResult]) -> Option<CliError> {
    let failed = results
        .iter()
        .filter(|result| matches!(result.outcome, RevokeOutcome::Not(_) | RevokeOutcome::Foreign))
        .count();
    (failed > 0).then(|| CliError::Unfinished(format!("{failed} of {} tokens could not be revoked", results.len())))
}

/// Each secret once: two of one token, from before and after a rotation, are two.
fn distinct(findings: &[Finding]) -> Vec<&Finding> {
    let mut seen = BTreeSet::new();
    findings.iter().filter(|finding| seen.insert(*finding.secret.digest().as_bytes())).collect()
}
