//! Errors of the service in the words of the CLI, by the type of the problem: commands and flags instead of HTTP calls
//! and headers.

use portcullis::secret::TokenId;

use super::ApiError;

/// Prefix of the types of problems.
const TYPE_PREFIX: &str = "urn:portcullis:problem:";

impl ApiError {
    /// What happened.
    pub(super) fn message(&self) -> String {
        match self.kind() {
            "already_created" => {
                let id = self.token_id().unwrap_or_default();
                format!("an earlier command with this --idempotency-key created token {id}; no other token was created")
            }
            "already_rotated" => "the token was already rotated, and the new secret was shown only then".to_owned(),
            "conflict" | "precondition_failed" | "precondition_required" => {
                format!("{} was changed since it was read, so nothing was done", self.subject())
            }
            "invalid_token" => {
                "your credential was not accepted: it is incomplete, unknown, expired, disabled or revoked".to_owned()
            }
            "token_ended" if self.has_detail("It was revoked") => {
                format!("{} was revoked, so it cannot be changed", self.subject())
            }
            "token_ended" if self.has_detail("It has expired") => {
                format!("{} has expired, so it cannot be changed", self.subject())
            }
            "token_ended" => format!("{} was revoked or has expired, so it cannot be changed", self.subject()),
            "token_exchanged" => format!("{} was issued to a CI job, so it can only be revoked", self.subject()),
            "insufficient_scope" | "approval_limit_reached" => without_http_calls(&self.detail()),
            _ => self.detail(),
        }
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> Option<String> {
        let id = self.token_id().unwrap_or("ID");
        let hint = match self.kind() {
            "already_created" => format!(
                "for a new secret, run portcullis token rotate {id} --no-overlap; its settings may differ from these \
                 flags: see portcullis token show {id}"
            ),
            "already_rotated" => format!("for another secret, run portcullis token rotate {id}"),
            "conflict" | "precondition_failed" | "precondition_required" => match self.token_id() {
                Some(id) => format!("check it with portcullis token show {id}, and run the command again"),
                None => "check it, and run the command again".to_owned(),
            },
            "approval_decided" => match self.path.strip_prefix("/approvals/").and_then(|rest| rest.split('/').next()) {
                Some(id) => format!("see portcullis approval show {id}"),
                None => return None,
            },
            "approval_limit_reached" => {
                "find them with portcullis approval list, and end one with portcullis approval end ID".to_owned()
            }
            // The caller is a session, which needs no approval.
            "forbidden" if self.path == "/approvals" => return None,
            // The sentence says what to do.
            "forbidden" if self.has_detail("An administrator disabled") => return None,
            "exceeds_grants" | "forbidden" | "insufficient_scope" => {
                "to see what you can do, run portcullis whoami".to_owned()
            }
            "invalid_token" => match self.source.as_deref()? {
                login @ "portcullis login" => format!("sign in again with {login}"),
                source => format!("it came from {source}; replace it, or sign in with portcullis login"),
            },
            "not_found" if self.is_unknown_route() => "check the service URL".to_owned(),
            "not_found" if self.has_detail("There is no such version of the catalog") => {
                "list the versions with portcullis catalog versions".to_owned()
            }
            "not_found" if self.path.starts_with("/approvals/") => {
                "list the approvals with portcullis approval list".to_owned()
            }
            "not_found" if self.token_id().is_some() => "list the tokens with portcullis token list".to_owned(),
            "nothing_used" => format!("to revoke it, run portcullis token revoke {id}"),
            "token_ended" if self.has_detail("It was revoked") => {
                "create another token with portcullis token create".to_owned()
            }
            "token_ended" if self.has_detail("It has expired") => {
                format!("renew it with portcullis token rotate {id} --expires-in 90d")
            }
            "token_ended" => format!(
                "renew an expired token with portcullis token rotate {id} --expires-in 90d; replace a revoked one with \
                 portcullis token create"
            ),
            "token_exchanged" => "for another token, run portcullis exchange in the job".to_owned(),
            "token_limit_reached" => {
                "find unused tokens with portcullis token list --sort last-used, and revoke one with portcullis token \
                 revoke ID"
                    .to_owned()
            }
            "usage_incomplete" => format!("edit its grants with portcullis token update {id} --grant …"),
            _ => return self.hint_for_status(),
        };
        Some(hint)
    }

    fn hint_for_status(&self) -> Option<String> {
        match self.status {
            401 => self.source.as_ref().map(|source| format!("the credential came from {source}")),
            429 | 503 => Some("try again in a moment".to_owned()),
            500..=599 => {
                let id = self.problem.request_id.as_ref()?;
                Some(format!("if it keeps failing, send your administrator the request ID {id}"))
            }
            _ => None,
        }
    }

    /// Whether the gateway has no such route, so that the URL may be of another service or have a wrong path.
    fn is_unknown_route(&self) -> bool {
        self.has_detail("There is no such route")
    }

    /// Whether the problem's detail begins with this text.
    fn has_detail(&self, start: &str) -> bool {
        self.problem.detail.as_deref().is_some_and(|detail| detail.starts_with(start))
    }

    /// The type of the problem, without its prefix.
    fn kind(&self) -> &str {
        self.problem.r#type.strip_prefix(TYPE_PREFIX).unwrap_or_default()
    }

    /// The problem's detail, or else its title.
    fn detail(&self) -> String {
        let problem = &self.problem;
        let title = if problem.title.is_empty() { "the service returned an error" } else { &problem.title };
        problem.detail.as_deref().unwrap_or(title).to_owned()
    }

    /// The token that the problem or the request names.
    fn token_id(&self) -> Option<&str> {
        let of_path = || self.path.strip_prefix("/tokens/")?.split('/').next();
        self.problem.token_id.as_deref().or_else(of_path).filter(|id| id.parse::<TokenId>().is_ok())
    }

    /// What the request was about.
    fn subject(&self) -> String {
        match self.token_id() {
            Some(id) => format!("token {id}"),
            None if self.path == "/catalog" => "the catalog".to_owned(),
            None => "it".to_owned(),
        }
    }
}

/// The sentences that name no HTTP call.
fn without_http_calls(text: &str) -> String {
    let sentences = text.split_inclusive(". ").filter(|sentence| !sentence.contains(" /"));
    sentences.collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use portcullis::api_types::Problem;

    use super::*;

    #[test]
    fn a_denied_request_is_explained_without_http_calls() {
        for (detail, shown) in [
            (
                "This token is not allowed from your IP address. See allowed_ips in GET /tokens/{id}.",
                "This token is not allowed from your IP address.",
            ),
            (
                "You need the permission apps:read on apps/x. Ask an administrator for the role viewer.",
                "You need the permission apps:read on apps/x. Ask an administrator for the role viewer.",
            ),
        ] {
            let r#type = format!("{TYPE_PREFIX}insufficient_scope");
            let problem = Problem { r#type, detail: Some(detail.to_owned()), ..Problem::default() };
            assert_eq!(ApiError::new(403, problem, String::new(), None, "/me").message(), shown);
        }
    }
}
